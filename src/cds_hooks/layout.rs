//! How a card is laid out, the same in every language: `detail.md` and `card.json` of `cds-hooks/texts/`. The template calls
//! texts by key: `{{ text("limits-study", patients=404) }}`.

use super::card::{SUMMARY_LIMIT, summary};
use crate::domain::model::Model;
use crate::domain::score::{Predictor, State, States, classify, score};
use crate::texts::Texts;
use minijinja::value::{Kwargs, ValueKind};
use minijinja::{AutoEscape, Environment, Output, Value};
use serde::Deserialize;
use std::sync::Arc;

/// Texts with the files that lay them out, checked.
#[derive(Debug)]
pub struct Layout {
    /// The texts.
    pub texts: Arc<Texts>,
    /// What `card.json` says.
    pub(super) settings: CardSettings,
    templates: Environment<'static>,
    /// Keys that the template names.
    used: Vec<String>,
}

/// `card.json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CardSettings {
    pub(super) source_url: String,
    pub(super) paper_url: String,
    pub(super) override_reasons: Vec<OverrideReason>,
}

/// A reason to override the card; its words are the text `override-<code>`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OverrideReason {
    pub(super) code: String,
    pub(super) system: String,
}

/// A layout that the server must not start with.
#[derive(Debug, thiserror::Error)]
pub enum InvalidLayout {
    /// A file is missing or not readable.
    #[error("text file {file}: {problem}")]
    Unreadable {
        /// File.
        file: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// A text that a file names is missing.
    #[error("text file {file} needs the key {key}, which the texts do not have")]
    Missing {
        /// File.
        file: &'static str,
        /// Key.
        key: String,
    },
    /// Some patient's summary would be too long.
    #[error(
        "the text {key} makes a summary of {length} characters; the protocol allows fewer than {SUMMARY_LIMIT}: {summary}"
    )]
    SummaryTooLong {
        /// Key.
        key: String,
        /// Characters.
        length: usize,
        /// The longest one.
        summary: String,
    },
}

const SETTINGS: &str = "card.json";
const DETAIL: &str = "detail.md";

impl Layout {
    /// Reads the files by name and checks that every text that they name is there, and that the summary of no patient is too
    /// long.
    ///
    /// # Errors
    /// [`InvalidLayout`] says which file or text is at fault.
    pub fn new(
        file: impl Fn(&str) -> Option<String>,
        texts: Arc<Texts>,
        model: &Model,
    ) -> Result<Self, InvalidLayout> {
        let unreadable = |file, problem| InvalidLayout::Unreadable { file, problem };
        let get = |name| file(name).ok_or_else(|| unreadable(name, "the file is missing".into()));
        let settings: CardSettings = serde_json::from_str(&get(SETTINGS)?)
            .map_err(|error| unreadable(SETTINGS, error.to_string()))?;
        let detail = get(DETAIL)?;
        let mut used = keys_of(&detail);
        for key in &used {
            let is_there = match key.strip_suffix('*') {
                // The rest of the key is a class.
                Some(prefix) => CLASSES
                    .iter()
                    .all(|class| texts.has(&format!("{prefix}{class}"))),
                None => texts.has(key),
            };
            if !is_there {
                return Err(InvalidLayout::Missing {
                    file: DETAIL,
                    key: key.clone(),
                });
            }
        }
        for reason in &settings.override_reasons {
            let key = format!("override-{}", reason.code);
            if texts.find(&key).is_none() {
                return Err(InvalidLayout::Missing {
                    file: SETTINGS,
                    key,
                });
            }
            used.push(key);
        }
        check_summaries(&texts, model)?;
        let mut templates = environment(texts.clone());
        templates
            .add_template_owned(DETAIL, detail)
            .map_err(|error| unreadable(DETAIL, error.to_string()))?;
        Ok(Self {
            texts,
            settings,
            templates,
            used,
        })
    }

    /// The coding of an override reason that cards offer.
    pub fn override_reason(&self, code: &str) -> Option<(&str, &str)> {
        let reason = self
            .settings
            .override_reasons
            .iter()
            .find(|r| r.code == code)?;
        Some((&reason.system, &reason.code))
    }

    /// Whether a text is used by these files.
    pub fn uses(&self, key: &str) -> bool {
        self.used.iter().any(|used| used == key)
    }

    pub(super) fn detail(&self, context: Value) -> Result<String, minijinja::Error> {
        self.templates.get_template(DETAIL)?.render(context)
    }
}

const CLASSES: [&str; 3] = ["at-or-above-cutoff", "below-cutoff", "indeterminate"];

/// The keys that a template names as `text("key"`; one that goes on (`text("score-" ~ classification`) ends with `*`.
fn keys_of(template: &str) -> Vec<String> {
    template
        .split("text(\"")
        .skip(1)
        .filter_map(|rest| rest.split_once('"'))
        .map(|(key, rest)| match rest.trim_start().starts_with('~') {
            true => format!("{key}*"),
            false => key.to_owned(),
        })
        .collect()
}

/// Every summary that this model can make. What it says depends on the states alone.
fn check_summaries(texts: &Texts, model: &Model) -> Result<(), InvalidLayout> {
    let states = [State::Present, State::Absent, State::Unknown];
    for index in 0..states.len().pow(Predictor::COUNT as u32) {
        let states: States =
            std::array::from_fn(|digit| states[index / states.len().pow(digit as u32) % 3]);
        let score = score(model, &states);
        let class = classify(model, score);
        let open = states.iter().filter(|state| state.is_open()).count();
        let (key, summary) = summary(texts, model, class, score, open);
        let length = summary.chars().count();
        if length >= SUMMARY_LIMIT {
            return Err(InvalidLayout::SummaryTooLong {
                key,
                length,
                summary,
            });
        }
    }
    Ok(())
}

fn environment(texts: Arc<Texts>) -> Environment<'static> {
    let mut templates = Environment::new();
    templates.set_trim_blocks(true);
    templates.set_lstrip_blocks(true);
    templates.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    templates.set_auto_escape_callback(|_| AutoEscape::Custom("markdown"));
    templates.set_formatter(|output, _, value| {
        if value.is_safe() {
            write!(output, "{value}").map_err(|_| minijinja::ErrorKind::WriteFailure.into())
        } else {
            write_markdown(output, &value.to_string())
        }
    });
    templates.add_function("text", move |key: &str, values: Kwargs| {
        text(&texts, key, &values)
    });
    templates
}

/// A text may hold Markdown; what stands in for its variables is escaped.
fn text(texts: &Texts, key: &str, values: &Kwargs) -> Result<Value, minijinja::Error> {
    if !texts.has(key) {
        let problem = format!("there is no text {key}");
        return Err(minijinja::Error::new(
            minijinja::ErrorKind::InvalidOperation,
            problem,
        ));
    }
    let mut given = Vec::new();
    for name in values.args() {
        let value: Value = values.get(name)?;
        // Whole numbers stay numbers, for selectors.
        let value = match (value.kind(), value.as_i64()) {
            (ValueKind::Number, Some(number)) => number.into(),
            _ if value.is_safe() => value.to_string().into(),
            _ => escape(&value.to_string()).into(),
        };
        given.push((name, value));
    }
    Ok(Value::from_safe_string(texts.with(key, given)))
}

fn write_markdown(output: &mut Output<'_>, text: &str) -> Result<(), minijinja::Error> {
    write!(output, "{}", escape(text)).map_err(|_| minijinja::ErrorKind::WriteFailure.into())
}

/// Markdown that shows the text and nothing else: no markup, no HTML, no link.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '!' | '~' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
