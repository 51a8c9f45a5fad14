//! Whether a language is complete, by comparison with the measure: what would show a clinician a gap stops the start.

use super::TextFile;
use fluent_bundle::FluentResource;
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use std::collections::{BTreeMap, BTreeSet};

/// Texts that the program must not start with.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidTexts {
    /// Not a language tag.
    #[error("expected a language tag, such as en or zh")]
    Language,
    /// Not Fluent.
    #[error("{file}:{line}: {problem}; expected lines such as: key = text")]
    Syntax {
        /// File.
        file: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// A key stands twice.
    #[error("{file}: the key {key} stands twice; leave one")]
    Twice {
        /// The later file.
        file: String,
        /// Key.
        key: String,
    },
    /// Keys that English has are missing.
    #[error("missing: {}", .0.iter().map(|(file, key)| format!("{key} (in English in {file})")).collect::<Vec<_>>().join(", "))]
    Missing(
        /// File where English has it, and key.
        Vec<(String, String)>,
    ),
    /// A text uses a variable that it is not given.
    #[error(
        "{file}: the text {key} uses {{ ${variable} }}, which it is not given; it may use {allowed}"
    )]
    Variable {
        /// File.
        file: String,
        /// Key.
        key: String,
        /// Variable.
        variable: String,
        /// Those of English.
        allowed: String,
    },
    /// A text refers to what is not there.
    #[error("{file}: the text {key} refers to {reference}, which does not exist")]
    Reference {
        /// File.
        file: String,
        /// Key.
        key: String,
        /// Text, term or function.
        reference: String,
    },
    /// A text that is a choice says something else.
    #[error("{key} is {value:?}; expected {allowed}")]
    Choice {
        /// Key.
        key: &'static str,
        /// What it says.
        value: String,
        /// What it may say.
        allowed: String,
    },
}

/// A key that the program does not use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// File.
    pub file: String,
    /// Key.
    pub key: String,
}

/// What a text uses.
#[derive(Debug, Default, Clone)]
struct Use {
    file: String,
    variables: BTreeSet<String>,
    /// Texts by their key, terms as `-name`.
    references: BTreeSet<String>,
    functions: BTreeSet<String>,
    /// The whole text, where it is one line without anything to put in.
    plain: Option<String>,
}

/// Files read, and what each text uses.
#[derive(Default)]
pub(super) struct Parsed {
    pub(super) resources: Vec<FluentResource>,
    texts: BTreeMap<String, Use>,
}

impl Parsed {
    pub(super) fn read(files: &[TextFile]) -> Result<Self, InvalidTexts> {
        let mut parsed = Self::default();
        for file in files {
            let resource = FluentResource::try_new(file.text.clone()).map_err(|(_, errors)| {
                let first = errors.first();
                let at = first.map_or(0, |error| error.pos.start.min(file.text.len()));
                let before = &file.text.as_bytes()[..at];
                InvalidTexts::Syntax {
                    file: file.name.clone(),
                    line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
                    problem: first.map_or_else(String::new, |error| error.kind.to_string()),
                }
            })?;
            for entry in resource.entries() {
                let (key, pattern) = match entry {
                    Entry::Message(message) => match &message.value {
                        Some(value) => (message.id.name.to_owned(), value),
                        None => continue,
                    },
                    Entry::Term(term) => (format!("-{}", term.id.name), &term.value),
                    _ => continue,
                };
                let mut used = Use {
                    file: file.name.clone(),
                    ..Use::default()
                };
                used.pattern(pattern);
                if let [PatternElement::TextElement { value }] = pattern.elements.as_slice() {
                    used.plain = Some((*value).to_owned());
                }
                if parsed.texts.insert(key.clone(), used).is_some() {
                    return Err(InvalidTexts::Twice {
                        file: file.name.clone(),
                        key,
                    });
                }
            }
            parsed.resources.push(resource);
        }
        Ok(parsed)
    }

    /// The texts in force: those of `local` before ours.
    fn with<'a>(&'a self, local: &'a Self) -> BTreeMap<&'a str, &'a Use> {
        let both = self.texts.iter().chain(&local.texts);
        both.map(|(key, used)| (key.as_str(), used)).collect()
    }

    /// Texts that are one line without anything to put in: those whose key begins so.
    pub(super) fn plain(&self, prefix: &str) -> impl Iterator<Item = (String, String)> {
        self.texts.iter().filter_map(move |(key, used)| {
            let plain = used.plain.as_ref()?;
            key.starts_with(prefix)
                .then(|| (key.clone(), plain.clone()))
        })
    }

    /// How many texts are in force.
    pub(super) fn count(&self, local: &Self) -> usize {
        let texts = self.with(local);
        texts.keys().filter(|key| !key.starts_with('-')).count()
    }

    /// Keys whose text is always the same.
    pub(super) fn keys_without_variables(&self, local: &Self) -> Vec<String> {
        let texts = self.with(local);
        texts
            .keys()
            .filter(|key| !key.starts_with('-') && variables(&texts, key).is_empty())
            .map(|key| (*key).to_owned())
            .collect()
    }
}

/// The variables of a text and of those that it refers to.
fn variables<'a>(texts: &BTreeMap<&'a str, &'a Use>, key: &'a str) -> BTreeSet<&'a str> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![key]);
    let mut found = BTreeSet::new();
    while let Some(key) = open.pop() {
        if let (true, Some(used)) = (seen.insert(key), texts.get(key)) {
            found.extend(used.variables.iter().map(String::as_str));
            open.extend(used.references.iter().map(String::as_str));
        }
    }
    found
}

/// Compares a language with the measure; what it has beyond that is returned.
pub(super) fn check(
    measure: &Parsed,
    own: &Parsed,
    local: &Parsed,
) -> Result<Vec<Unknown>, InvalidTexts> {
    let texts = own.with(local);
    let expected = measure.with(measure);
    let missing: Vec<(String, String)> = measure
        .texts
        .iter()
        .filter(|(key, _)| !key.starts_with('-') && !texts.contains_key(key.as_str()))
        .map(|(key, used)| (used.file.clone(), key.clone()))
        .collect();
    if !missing.is_empty() {
        return Err(InvalidTexts::Missing(missing));
    }
    let mut unknown = Vec::new();
    for (key, used) in &texts {
        for reference in &used.references {
            if !texts.contains_key(reference.as_str()) {
                return Err(used.refers(key, reference));
            }
        }
        if let Some(function) = used.functions.first() {
            return Err(used.refers(key, &format!("{function}()")));
        }
        if key.starts_with('-') {
            continue;
        }
        if !expected.contains_key(key) {
            unknown.push(Unknown {
                file: used.file.clone(),
                key: (*key).to_owned(),
            });
            continue;
        }
        let allowed = variables(&expected, key);
        if let Some(variable) = variables(&texts, key).difference(&allowed).next() {
            let allowed: Vec<String> = allowed.iter().map(|name| format!("${name}")).collect();
            return Err(InvalidTexts::Variable {
                file: used.file.clone(),
                key: (*key).to_owned(),
                variable: (*variable).to_owned(),
                allowed: match allowed.as_slice() {
                    [] => "none".to_owned(),
                    allowed => allowed.join(", "),
                },
            });
        }
    }
    Ok(unknown)
}

impl Use {
    fn refers(&self, key: &str, reference: &str) -> InvalidTexts {
        InvalidTexts::Reference {
            file: self.file.clone(),
            key: key.to_owned(),
            reference: reference.to_owned(),
        }
    }

    fn pattern(&mut self, pattern: &Pattern<&str>) {
        for element in &pattern.elements {
            if let PatternElement::Placeable { expression } = element {
                self.expression(expression);
            }
        }
    }

    fn expression(&mut self, expression: &Expression<&str>) {
        match expression {
            Expression::Inline(inline) => self.inline(inline),
            Expression::Select { selector, variants } => {
                self.inline(selector);
                for variant in variants {
                    self.pattern(&variant.value);
                }
            }
        }
    }

    fn inline(&mut self, expression: &InlineExpression<&str>) {
        match expression {
            InlineExpression::VariableReference { id } => {
                self.variables.insert(id.name.to_owned());
            }
            InlineExpression::MessageReference { id, .. } => {
                self.references.insert(id.name.to_owned());
            }
            InlineExpression::TermReference { id, .. } => {
                self.references.insert(format!("-{}", id.name));
            }
            InlineExpression::FunctionReference { id, .. } => {
                self.functions.insert(id.name.to_owned());
            }
            InlineExpression::Placeable { expression } => self.expression(expression),
            InlineExpression::StringLiteral { .. } | InlineExpression::NumberLiteral { .. } => {}
        }
    }
}
