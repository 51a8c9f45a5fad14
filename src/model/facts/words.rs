//! The words of the documents: templates that may use the numbers and must not fail on them. What is no number, or is
//! not there, is said to be missing; a text of a model file shows as what it is, in Markdown and in HTML.

use super::InvalidFacts;
use minijinja::value::Value as Shown;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};
use serde_json::Value;
use std::collections::BTreeMap;

/// The templates, and how their numbers are written.
pub(super) struct Words {
    templates: Environment<'static>,
}

impl Words {
    /// Reads the templates of these names. `not_given` stands where a number is missing.
    pub(super) fn new(
        names: &[&str],
        file: &dyn Fn(&str) -> Result<String, InvalidFacts>,
        not_given: &str,
    ) -> Result<Self, InvalidFacts> {
        let mut templates = Environment::new();
        templates.set_trim_blocks(true);
        templates.set_lstrip_blocks(true);
        templates.set_keep_trailing_newline(true);
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.set_auto_escape_callback(|name| match name.rsplit_once('.') {
            Some((_, "md")) => AutoEscape::Custom("markdown"),
            Some((_, "html")) => AutoEscape::Html,
            _ => AutoEscape::None,
        });
        templates.set_formatter(|output, state, value| {
            if value.is_none() || value.is_undefined() {
                return Err(Error::new(
                    ErrorKind::UndefinedError,
                    "a value is not there: ask for it first, or use a filter that says so",
                ));
            }
            match state.auto_escape() {
                AutoEscape::Custom("markdown") if !value.is_safe() && !value.is_number() => {
                    write!(output, "{}", markdown(&value.to_string()))
                        .map_err(|_| ErrorKind::WriteFailure.into())
                }
                AutoEscape::Custom(_) => {
                    write!(output, "{value}").map_err(|_| ErrorKind::WriteFailure.into())
                }
                _ => minijinja::escape_formatter(output, state, value),
            }
        });
        add_filters(&mut templates, not_given);
        for name in names {
            templates
                .add_template_owned((*name).to_owned(), file(name)?)
                .map_err(|error| InvalidFacts::template(name, &error))?;
        }
        Ok(Self { templates })
    }

    /// The text of a template.
    pub(super) fn text(&self, name: &str, context: &Shown) -> Result<String, InvalidFacts> {
        let template = self.templates.get_template(name);
        template
            .and_then(|template| template.render(context))
            .map_err(|error| InvalidFacts::template(name, &error))
    }

    /// A file of words with every text in it filled in.
    pub(super) fn fill(
        &self,
        file: &str,
        words: &Value,
        context: &Shown,
    ) -> Result<Value, InvalidFacts> {
        Ok(match words {
            Value::String(text) if text.contains('{') => {
                let filled = self.templates.render_named_str(file, text, context);
                let filled = filled.map_err(|error| {
                    InvalidFacts::template(file, &format!("{error}, in {text:?}"))
                })?;
                filled.trim().into()
            }
            Value::Array(items) => {
                let filled = items.iter().map(|item| self.fill(file, item, context));
                Value::Array(filled.collect::<Result<_, _>>()?)
            }
            Value::Object(members) => {
                let filled = members.iter().map(|(name, item)| {
                    Ok::<_, InvalidFacts>((name.clone(), self.fill(file, item, context)?))
                });
                Value::Object(filled.collect::<Result<_, InvalidFacts>>()?)
            }
            other => other.clone(),
        })
    }
}

/// `fixed(3)`: decimals. `share` and `share(1)`: per cents. `probability`, `probability("down")`, `probability("up")`: per
/// cents with a decimal, never impossible or certain. `given`: anything that a file may leave out. `link("text")`: an https
/// address.
fn add_filters(templates: &mut Environment<'static>, not_given: &str) {
    // Made of digits, or a word of ours: nothing to escape.
    let number = |text: String| Shown::from_safe_string(text);
    let missing = not_given.to_owned();
    templates.add_filter("fixed", move |value: Shown, decimals: usize| {
        Ok::<_, Error>(match float(&value)? {
            Some(value) => number(format!("{value:.decimals$}")),
            None => missing.as_str().into(),
        })
    });
    let missing = not_given.to_owned();
    templates.add_filter("share", move |value: Shown, decimals: Option<usize>| {
        let decimals = decimals.unwrap_or(0);
        Ok::<_, Error>(match float(&value)? {
            Some(value) => number(format!("{:.decimals$} %", value * 100.0)),
            None => missing.as_str().into(),
        })
    });
    let missing = not_given.to_owned();
    templates.add_filter("probability", move |value: Shown, way: Option<String>| {
        Ok::<_, Error>(match float(&value)? {
            Some(value) => number(probability(value, way.as_deref())),
            None => missing.as_str().into(),
        })
    });
    let missing = not_given.to_owned();
    templates.add_filter("given", move |value: Shown| {
        if value.is_none() {
            missing.as_str().into()
        } else {
            value
        }
    });
    templates.add_filter("link", |url: Shown, text: String| {
        let is_plain = |c: char| c.is_ascii_graphic() && !r#"<>()[]\"`|"#.contains(c);
        match url.as_str() {
            Some(url) if url.starts_with("https://") && url.chars().all(is_plain) => {
                Shown::from_safe_string(format!("[{}](<{url}>)", markdown(&text)))
            }
            _ => text.into(),
        }
    });
}

fn float(value: &Shown) -> Result<Option<f64>, Error> {
    if value.is_none() {
        return Ok(None);
    }
    let number = f64::try_from(value.clone()).ok();
    let number = number.filter(|number| number.is_finite());
    number.map(Some).ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidOperation,
            format!("expected a number, found {value}"),
        )
    })
}

/// A probability as per cents with one decimal.
fn probability(value: f64, way: Option<&str>) -> String {
    let tenths = value * 1000.0;
    let tenths = match way {
        Some("down") => tenths.floor(),
        Some("up") => tenths.ceil(),
        _ => tenths.round(),
    };
    if tenths < 1.0 {
        "under 0.1 %".to_owned()
    } else if tenths > 999.0 {
        "over 99.9 %".to_owned()
    } else {
        format!("{:.1} %", tenths / 10.0)
    }
}

/// Markdown that shows the text and nothing else: no markup, no HTML, no link, one line.
fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let is_start = |at: usize| text[..at].trim_start().is_empty();
    let ends_a_word = |at: usize| {
        text[at + 1..]
            .chars()
            .next()
            .is_none_or(char::is_whitespace)
    };
    let ends_a_number = |at: usize| at > 0 && text[..at].bytes().all(|b| b.is_ascii_digit());
    for (at, c) in text.char_indices() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '$' | '^' => {
                escaped.push('\\');
                escaped.push(c);
            }
            // What would begin a list, a rule or a heading.
            '-' | '+' | '=' | ':' if is_start(at) => {
                escaped.push('\\');
                escaped.push(c);
            }
            '.' | ')' if ends_a_number(at) && ends_a_word(at) => {
                escaped.push('\\');
                escaped.push(c);
            }
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A JSON value for a template. Its own serialisation would show numbers as serde_json's private structs, because fhirbolt
/// switches `arbitrary_precision` on.
pub(super) fn shown(value: &Value) -> Shown {
    match value {
        Value::Null => ().into(),
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => number.into(),
            (None, Some(number)) => number.into(),
            (None, None) => number.to_string().into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().into(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), shown(value)))
            .collect::<BTreeMap<_, _>>()
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probability_is_never_impossible_or_certain() {
        for (value, way, expected) in [
            (0.830_061, None, "83.0 %"),
            (0.999_175, Some("up"), "over 99.9 %"),
            (0.999_175, Some("down"), "99.9 %"),
            (0.999_9, None, "over 99.9 %"),
            (0.000_4, None, "under 0.1 %"),
            (0.082_333, Some("down"), "8.2 %"),
            (0.218_701, Some("up"), "21.9 %"),
        ] {
            assert_eq!(probability(value, way), expected, "{value}");
        }
    }

    #[test]
    fn text_stays_text_in_markdown() {
        for (text, expected) in [
            ("<script>", "&lt;script&gt;"),
            ("a | b", "a \\| b"),
            ("[x](javascript:1)", "\\[x\\](javascript:1)"),
            ("# head\nnext", "\\# head next"),
            ("- item", "\\- item"),
            ("1. item", "1\\. item"),
            ("2.5 or more", "2.5 or more"),
            ("1.", "1\\."),
            ("a - b 2.5", "a - b 2.5"),
            ("&lt;", "&amp;lt;"),
        ] {
            assert_eq!(markdown(text), expected);
        }
    }
}
