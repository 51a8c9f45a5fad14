//! What people read, by key, from Fluent files: `cds-hooks/texts/<language>/*.ftl`, and a hospital's own beside or over them.
//!
//! Knows keys and variables, no card, no page and no patient. English as built in is the measure: a language must have every
//! key that English has, and may use no other variables in it (`check`). Adding a language is adding a folder.
//!
//! Read [`Texts`] first. Bidirectional isolation marks are off: they are no Markdown. Numbers are handed over as they are to
//! be read; only a selector (`{ $count -> ... }`) needs a number as number.

mod check;

pub use check::{InvalidTexts, Unknown};

use check::Parsed;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use std::collections::HashMap;
use unic_langid::LanguageIdentifier;

/// A variable's value in a text: a text or a number.
pub type Value<'a> = FluentValue<'a>;

/// A file of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFile {
    /// Name, for messages.
    pub name: String,
    /// Fluent.
    pub text: String,
}

/// The texts of one language, complete and checked.
pub struct Texts {
    language: String,
    /// Texts without variables, ready to use.
    fixed: HashMap<String, String>,
    /// All texts.
    bundle: FluentBundle<FluentResource>,
    /// English statements that come from data, by key.
    english: HashMap<String, String>,
    unknown: Vec<Unknown>,
    count: usize,
}

/// Keys of statements that come from data, in English: see [`Texts::translate`].
const FROM_DATA: &str = "basis-";

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Texts")
            .field("language", &self.language)
            .finish_non_exhaustive()
    }
}

impl Texts {
    /// Reads a language. `measure` is English as built in, `own` what is built in for this language, `local` what a hospital
    /// adds: a key there replaces that of `own`.
    ///
    /// # Errors
    /// [`InvalidTexts`] when the name is no language tag, a file is no Fluent, a key stands twice or is missing, or a text
    /// uses what English does not give.
    pub fn new(
        language: &str,
        measure: &[TextFile],
        own: &[TextFile],
        local: &[TextFile],
    ) -> Result<Self, InvalidTexts> {
        let tag: LanguageIdentifier = language.parse().map_err(|_| InvalidTexts::Language)?;
        let (measure, own) = (Parsed::read(measure)?, Parsed::read(own)?);
        let local = Parsed::read(local)?;
        let unknown = check::check(&measure, &own, &local)?;
        let (count, keys) = (own.count(&local), own.keys_without_variables(&local));
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        bundle.set_use_isolating(false);
        for resource in own.resources.into_iter().chain(local.resources) {
            bundle.add_resource_overriding(resource);
        }
        let mut texts = Self {
            language: language.to_owned(),
            fixed: HashMap::new(),
            bundle,
            english: measure.plain(FROM_DATA).collect(),
            unknown,
            count,
        };
        texts.fixed = keys
            .into_iter()
            .map(|key| (key.clone(), texts.with(&key, [])))
            .collect();
        texts.check_language()?;
        Ok(texts)
    }

    fn check_language(&self) -> Result<(), InvalidTexts> {
        for (key, allowed) in [
            ("translation-reviewed", ["yes", "no"]),
            ("language-direction", ["ltr", "rtl"]),
        ] {
            let value = self.get(key);
            if !allowed.contains(&value) {
                return Err(InvalidTexts::Choice {
                    key,
                    value: value.to_owned(),
                    allowed: allowed.join(" or "),
                });
            }
        }
        let tag = self.get("language-tag");
        match tag.parse::<LanguageIdentifier>() {
            Ok(_) => Ok(()),
            Err(_) => Err(InvalidTexts::Choice {
                key: "language-tag",
                value: tag.to_owned(),
                allowed: "a language tag such as en or zh-Hans".into(),
            }),
        }
    }

    /// Name of the language's folder: what the setting `language` says.
    pub fn language(&self) -> &str {
        &self.language
    }

    /// Whether clinicians have reviewed the translation.
    pub fn is_reviewed(&self) -> bool {
        self.get("translation-reviewed") == "yes"
    }

    /// What card and page say about a translation that nobody has reviewed.
    pub fn translation_note(&self) -> Option<&str> {
        (!self.is_reviewed()).then(|| self.get("translation-note"))
    }

    /// Whether there is such a text.
    pub fn has(&self, key: &str) -> bool {
        self.bundle.has_message(key)
    }

    /// A text without variables, where there is one.
    pub fn find(&self, key: &str) -> Option<&str> {
        self.fixed.get(key).map(String::as_str)
    }

    /// A text without variables. What is not there is shown by its key: seen by tests, and of no harm.
    pub fn get<'a>(&'a self, key: &'a str) -> &'a str {
        self.find(key).unwrap_or(key)
    }

    /// A text with values for its variables.
    pub fn with<'a>(
        &self,
        key: &str,
        values: impl IntoIterator<Item = (&'a str, Value<'a>)>,
    ) -> String {
        if let Some(fixed) = self.fixed.get(key) {
            return fixed.clone();
        }
        let pattern = self
            .bundle
            .get_message(key)
            .and_then(|message| message.value());
        let Some(pattern) = pattern else {
            return key.to_owned();
        };
        let values: FluentArgs<'_> = values.into_iter().collect();
        // What could go wrong here was looked for at the start.
        let mut errors = Vec::new();
        self.bundle
            .format_pattern(pattern, Some(&values), &mut errors)
            .into_owned()
    }

    /// The words of a code: the text of `<list>-<code>`, the code itself where there is none.
    pub fn word<'a>(&'a self, list: &str, code: &'a str) -> &'a str {
        self.find(&format!("{list}-{code}")).unwrap_or(code)
    }

    /// A statement that comes from data, in this language if it is the English one of this key; else as it is.
    pub fn translate<'a>(&'a self, key: &'a str, statement: &'a str) -> &'a str {
        match self.english.get(key) {
            Some(english) if english == statement => self.get(key),
            _ => statement,
        }
    }

    /// Keys that nothing uses: a typing mistake, or a text of a template of one's own.
    pub fn unknown(&self) -> &[Unknown] {
        &self.unknown
    }

    /// How many texts there are.
    pub fn count(&self) -> usize {
        self.count
    }
}
