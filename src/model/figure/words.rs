//! The words of the figure: one struct, read from a file of a language. What stands in braces is filled in when it is drawn.

use crate::domain::model::Model;
use crate::domain::score::{Predictor, State};
use serde::Deserialize;

/// Every word of the figure.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Words {
    /// Language tag, such as `en`.
    pub language: String,
    /// Heading.
    pub title: String,
    /// Axis of points.
    pub points: String,
    /// Names of the predictors; `{years}` and `{suvMax}` are the thresholds of the model.
    pub predictors: PredictorWords,
    /// Names of the states.
    pub states: StateWords,
    /// Lower level on the axis of a predictor, with its `{points}`.
    pub absent: String,
    /// Upper level on the axis of a predictor, with its `{points}`.
    pub present: String,
    /// Axis of the sum.
    pub total_points: String,
    /// Axis of the probability.
    pub probability: String,
    /// `{low}` and `{high}` of what is not known exactly.
    pub range: String,
    /// The reading of a patient: `{estimate}`, `{low}`, `{high}`.
    pub reading: String,
    /// The reading of a patient of whom something is not known: `{low}`, `{high}`.
    pub open_reading: String,
    /// What the marks mean.
    pub legend: LegendWords,
    /// How to read the figure, a sentence or two in each.
    pub how_to_read: Vec<String>,
    /// That the score (`{maximum}` points) is another model.
    pub not_the_score: String,
    /// What the probabilities rest on: `{basis}`.
    pub basis: String,
    /// `{id}`, `{version}` and `{sha256}` of the model.
    pub model: String,
    /// Sentences for those who do not see the figure.
    pub description: DescriptionWords,
}

/// Names of the predictors.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PredictorWords {
    /// Age at diagnosis.
    pub age_at_diagnosis: String,
    /// Recurrence.
    pub recurrence: String,
    /// Metastases at more than one site.
    pub multi_site_metastasis: String,
    /// FDG uptake.
    pub fdg_uptake: String,
}

/// Names of the states.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateWords {
    /// Present.
    pub present: String,
    /// Absent.
    pub absent: String,
    /// Unknown.
    pub unknown: String,
    /// Conflicting.
    pub conflicting: String,
}

/// What the marks of a patient mean.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegendWords {
    /// A level that is known.
    pub level: String,
    /// Both levels joined.
    pub open: String,
    /// Estimate and band.
    pub band: String,
    /// Limits without an estimate.
    pub limits: String,
    /// An end of a bar that the axis does not reach.
    pub cut: String,
}

/// Sentences for those who do not see the figure.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DescriptionWords {
    /// Both levels of a `{predictor}`: points when `{absent}` and when `{present}`.
    pub levels: String,
    /// Both ends of the sum, `{low}` and `{high}`, with `{lowProbability}` and `{highProbability}`.
    pub ends: String,
    /// `{state}` of a `{predictor}` and its `{points}`.
    pub state: String,
    /// The sum: `{points}`.
    pub total: String,
    /// `{estimate}`, `{low}` and `{high}`.
    pub probability: String,
    /// `{low}` and `{high}`.
    pub open_probability: String,
}

impl Words {
    /// Reads the words of a language.
    ///
    /// # Errors
    /// The first member that is missing, not known or no text, with its line.
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    pub(super) fn predictor(&self, predictor: Predictor, model: &Model) -> String {
        let name = match predictor {
            Predictor::AgeAtDiagnosis => &self.predictors.age_at_diagnosis,
            Predictor::Recurrence => &self.predictors.recurrence,
            Predictor::MultiSiteMetastasis => &self.predictors.multi_site_metastasis,
            Predictor::FdgUptake => &self.predictors.fdg_uptake,
        };
        let years = model.age_years.to_string();
        let suv_max = model.suv_max.to_string();
        fill(name, &[("years", &years), ("suvMax", &suv_max)])
    }

    pub(super) fn state(&self, state: State) -> &str {
        match state {
            State::Present => &self.states.present,
            State::Absent => &self.states.absent,
            State::Unknown => &self.states.unknown,
            State::Conflicting => &self.states.conflicting,
        }
    }
}

/// Puts values where a template names them in braces. Values are not looked at again, whatever they hold.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let value = after.split_once('}').and_then(|(name, after)| {
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            Some((value, after))
        });
        rest = match value {
            Some((value, after)) => {
                filled.push_str(value);
                after
            }
            None => {
                filled.push('{');
                after
            }
        };
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn values_are_filled_in_once() {
        let values = [("low", "{high}"), ("high", "2")];
        assert_eq!(fill("{low} to {high} {x} {", &values), "{high} to 2 {x} {");
    }
}
