//! The columns that a cohort knows by name.

use crate::domain::score::Predictor;

/// A column with a meaning of its own. Every other is a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Patient,
    TimeZero,
    Predictor(Predictor),
    Outcome,
    Probability,
}

impl Column {
    /// In the order in which a table is written.
    pub const ALL: [Self; 8] = [
        Self::Patient,
        Self::TimeZero,
        Self::Predictor(Predictor::AgeAtDiagnosis),
        Self::Predictor(Predictor::Recurrence),
        Self::Predictor(Predictor::MultiSiteMetastasis),
        Self::Predictor(Predictor::FdgUptake),
        Self::Outcome,
        Self::Probability,
    ];

    /// Name in a header.
    pub fn name(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::TimeZero => "timeZero",
            Self::Predictor(predictor) => predictor.name(),
            Self::Outcome => "outcome",
            Self::Probability => "probability",
        }
    }

    /// The column of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == name)
    }

    /// Whether a table must have it.
    pub fn is_required(self) -> bool {
        matches!(self, Self::Predictor(_) | Self::Outcome)
    }
}

/// The name that is meant by one that nobody knows, most likely.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let name = plain(name);
    known
        .map(|known| {
            (
                strsim::normalized_damerau_levenshtein(&name, &plain(known)),
                known,
            )
        })
        .filter(|(likeness, _)| *likeness >= 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}
