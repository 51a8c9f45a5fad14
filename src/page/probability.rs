//! A probability on the page: in words, on a scale, and with what it rests on.

use super::answer::Probability;
use super::bar::Bar;
use super::inert::{REFERENCE, clean};
use crate::cds_hooks::words;
use crate::domain::model::Model;
use crate::domain::nomogram::Rounding;
use crate::domain::score::{Pattern, States};
use crate::texts::Texts;

/// A probability.
pub(super) struct ProbabilityView {
    /// The estimate, or the limits where there is none.
    pub(super) headline: String,
    pub(super) band: String,
    pub(super) has_estimate: bool,
    pub(super) basis: String,
    pub(super) disagrees: Option<String>,
    pub(super) bar: Bar,
}

impl ProbabilityView {
    pub(super) fn new(
        texts: &Texts,
        probability: &Probability,
        model: Option<&Model>,
        states: &States,
    ) -> Self {
        let (low, high, estimate) = (probability.low, probability.high, probability.estimate);
        let in_words = InWords::new(texts, low, high, estimate);
        let whole = in_words.whole(texts);
        let label = texts.with("page-probability-bar", [("probability", whole.into())]);
        let bar = Bar::new(label, 1.0, (low, high), estimate)
            .tick(0.0, 1.0, texts.with("percent", [("whole", "0".into())]))
            .tick(0.5, 1.0, texts.with("percent", [("whole", "50".into())]))
            .tick(1.0, 1.0, texts.with("percent", [("whole", "100".into())]));
        let nomogram = model.and_then(|model| Some((model, model.nomogram.as_ref()?)));
        let disagrees = nomogram
            .filter(|_| estimate.is_some())
            .and_then(|(model, nomogram)| {
                let pattern = Pattern::completions(states).next()?;
                let other = nomogram.contradiction(model, pattern)?;
                let estimate =
                    words::percent(texts, nomogram.of(other).estimate, Rounding::Nearest);
                Some(texts.with(
                    "nomogram-disagrees",
                    [
                        ("score", other.score(model).into()),
                        ("estimate", estimate.into()),
                    ],
                ))
            });
        // In the words of the language, where the statement is the model's own.
        let basis = match nomogram {
            Some((_, nomogram)) => words::basis(texts, nomogram, estimate.is_none()),
            None => probability.basis.clone(),
        };
        let basis = clean(&basis, 6 * REFERENCE);
        Self {
            headline: match &in_words.estimate {
                Some(estimate) => estimate.clone(),
                None => in_words.limits(texts, "page-probability-range"),
            },
            band: in_words.limits(texts, "page-probability-band"),
            has_estimate: estimate.is_some(),
            basis: texts.with("page-probability-basis", [("basis", basis.into())]),
            disagrees,
            bar,
        }
    }
}

/// Limits and, where there is one, the estimate of a probability, in words.
pub(super) struct InWords {
    low: String,
    high: String,
    estimate: Option<String>,
}

impl InWords {
    pub(super) fn new(texts: &Texts, low: f64, high: f64, estimate: Option<f64>) -> Self {
        let percent = |value, rounding| words::percent(texts, value, rounding);
        Self {
            low: percent(low, Rounding::Down),
            high: percent(high, Rounding::Up),
            estimate: estimate.map(|value| percent(value, Rounding::Nearest)),
        }
    }

    pub(super) fn limits(&self, texts: &Texts, key: &str) -> String {
        texts.with(
            key,
            [
                ("low", self.low.as_str().into()),
                ("high", self.high.as_str().into()),
            ],
        )
    }

    /// The estimate with its band, or the limits.
    pub(super) fn whole(&self, texts: &Texts) -> String {
        match &self.estimate {
            Some(estimate) => {
                format!(
                    "{estimate} ({})",
                    self.limits(texts, "page-probability-band")
                )
            }
            None => self.limits(texts, "page-probability-range"),
        }
    }
}
