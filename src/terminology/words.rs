//! Words matched in text. A text is read as tokens: lower case letters and digits, everything else is a break.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use serde::Deserialize;
use std::collections::HashMap;

/// The content of `words.json`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Words {
    /// Spellings of SUVmax.
    pub suv_max: Phrases,
    /// SUV without a statistic.
    pub suv: Phrases,
    /// Measures that are no SUVmax by body weight.
    pub not_suv_max: Phrases,
    /// Names of 18F-FDG.
    pub fdg: Phrases,
    /// Names of other PET tracers.
    pub other_tracer: Phrases,
    /// Reference regions and physiologic uptake.
    pub reference: Phrases,
    /// The liver: a reference region unless a lesion is named.
    pub liver: Phrases,
    /// A lesion or metastasis.
    pub lesion: Phrases,
    /// The bed of the thyroid.
    pub thyroid_bed: Phrases,
    /// The thyroid as a body site.
    pub thyroid: Phrases,
    /// Metastasis or secondary cancer.
    pub metastasis: Phrases,
    /// Radioiodine.
    pub radioiodine: Phrases,
    /// Other drugs labelled with iodine-131, such as MIBG: ordering one is not ordering radioiodine.
    pub other_iodine_drug: Phrases,
    /// Thyroid cancer: each entry is a list of words that must all occur.
    pub thyroid_cancer: Vec<Phrases>,
    /// Units of a SUV.
    pub units: Units,
    /// Units of activity as multiples of 1 GBq.
    pub activity_gigabecquerel: HashMap<String, f64>,
}

/// Units of a SUV, lower case without blanks.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Units {
    /// Body weight.
    pub accepted: Vec<String>,
    /// Anything else that is known.
    pub refused: Vec<String>,
}

/// Phrases to find in a text. A `*` at an end of a word stands for any rest of that word.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "Vec<String>")]
pub struct Phrases {
    phrases: Vec<Vec<Word>>,
    /// Finds the longest word of any phrase. Most texts of a chart hold none, and one pass tells; none where it could not be made.
    longest_words: Option<AhoCorasick>,
}

#[derive(Debug, Clone)]
struct Word {
    text: String,
    open_start: bool,
    open_end: bool,
}

impl From<Vec<String>> for Phrases {
    fn from(phrases: Vec<String>) -> Self {
        let word = |text: &str| Word {
            text: text.trim_matches('*').to_lowercase(),
            open_start: text.starts_with('*'),
            open_end: text.ends_with('*'),
        };
        let phrases: Vec<Vec<Word>> = phrases
            .iter()
            .map(|phrase| phrase.split_whitespace().map(word).collect())
            .collect();
        let longest = |phrase: &Vec<Word>| {
            let words = phrase.iter().map(|word| word.text.as_str());
            words
                .max_by_key(|word| word.len())
                .unwrap_or_default()
                .to_owned()
        };
        let longest_words = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .build(phrases.iter().map(longest))
            .ok();
        Self {
            phrases,
            longest_words,
        }
    }
}

impl Phrases {
    /// Whether a normalised text (see [`normalise`]) holds one of the phrases.
    pub fn occur_in(&self, normalised: &str) -> bool {
        self.may_occur_in(normalised) && {
            let tokens: Vec<&str> = normalised.split(' ').collect();
            self.phrases.iter().any(|phrase| occurs(phrase, &tokens))
        }
    }

    /// Whether a normalised text holds every one of the phrases.
    pub fn all_occur_in(&self, normalised: &str) -> bool {
        (self.phrases.is_empty() || self.may_occur_in(normalised)) && {
            let tokens: Vec<&str> = normalised.split(' ').collect();
            self.phrases.iter().all(|phrase| occurs(phrase, &tokens))
        }
    }

    /// A phrase that occurs has its longest word somewhere in the text.
    fn may_occur_in(&self, normalised: &str) -> bool {
        let words = self.longest_words.as_ref();
        words.is_none_or(|words| words.is_match(normalised))
    }

    /// Whether there is nothing to find.
    pub fn is_empty(&self) -> bool {
        let mut words = self.phrases.iter().flatten();
        words.all(|word| word.text.is_empty())
    }
}

fn occurs(phrase: &[Word], tokens: &[&str]) -> bool {
    tokens.windows(phrase.len().max(1)).any(|window| {
        let mut pairs = phrase.iter().zip(window);
        pairs.all(|(word, token)| word.matches(token))
    })
}

impl Word {
    fn matches(&self, token: &str) -> bool {
        match (self.open_start, self.open_end) {
            (false, false) => token == self.text,
            (false, true) => token.starts_with(&self.text),
            (true, false) => token.ends_with(&self.text),
            (true, true) => token.contains(&self.text),
        }
    }
}

impl Words {
    /// Whether a normalised text speaks of thyroid cancer.
    pub fn speaks_of_thyroid_cancer(&self, normalised: &str) -> bool {
        self.thyroid_cancer
            .iter()
            .any(|words| words.all_occur_in(normalised))
    }

    /// Whether a normalised text speaks of FDG or SUV.
    pub fn speaks_of_fdg(&self, normalised: &str) -> bool {
        self.fdg.occur_in(normalised)
            || self.suv.occur_in(normalised)
            || self.suv_max.occur_in(normalised)
    }
}

/// Lower case; every run of characters other than letters and digits becomes one blank.
pub fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if !out.ends_with(' ') && !out.is_empty() {
            out.push(' ');
        }
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_match_whole_words_unless_they_say_otherwise() {
        let phrases = Phrases::from(vec![
            "suv max".to_owned(),
            "sul*".to_owned(),
            "*lbm*".to_owned(),
        ]);
        for (text, expected) in [
            ("SUV(max)", true),
            ("SUV-max, lesion 1", true),
            ("SUV maximal", false),
            ("SULpeak", true),
            ("insulin", false),
            ("SUVlbm", true),
            ("", false),
        ] {
            assert_eq!(phrases.occur_in(&normalise(text)), expected, "{text}");
        }
    }

    #[test]
    fn all_phrases_must_occur_where_all_are_asked_for() {
        let phrases = Phrases::from(vec!["thyroid".to_owned(), "carcinom*".to_owned()]);
        for (text, expected) in [
            ("Carcinoma of thyroid", true),
            ("thyroid", false),
            ("parathyroid carcinoma", false),
            ("", false),
        ] {
            assert_eq!(phrases.all_occur_in(&normalise(text)), expected, "{text}");
        }
        assert!(Phrases::from(Vec::new()).all_occur_in("anything"));
        assert!(!Phrases::from(Vec::new()).occur_in("anything"));
    }
}
