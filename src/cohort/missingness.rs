//! What is known of the patients in the table: per predictor how many are present, absent, unknown and conflicting, for which
//! reason, by outcome. A predictor that is missing more often in one outcome than in the other biases a complete-case analysis.

use super::Outcome;
use crate::domain::score::{Predictor, State};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The table of missingness.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Missingness(Vec<Row>);

/// So many patients with one state of one variable, for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Row {
    /// A predictor, or `outcome`.
    pub variable: String,
    /// `present`, `absent`, `unknown`, `conflicting`; of the outcome `refractory`, `not-refractory`, `undetermined`.
    pub state: String,
    /// Why it is unknown or conflicting; why the outcome is what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Patients who turned out refractory.
    pub refractory: u64,
    /// Patients who did not.
    pub not_refractory: u64,
    /// Patients of whom it is not known.
    pub undetermined: u64,
}

/// The variables, in order.
const OUTCOME: &str = "outcome";

impl Missingness {
    /// Counts one patient with a state of a variable.
    pub(super) fn count(
        &mut self,
        variable: &str,
        state: &str,
        reason: Option<&str>,
        outcome: Outcome,
    ) {
        let known = self.0.iter().position(|row| {
            row.variable == variable && row.state == state && row.reason.as_deref() == reason
        });
        let index = known.unwrap_or_else(|| {
            self.0.push(Row {
                variable: variable.to_owned(),
                state: state.to_owned(),
                reason: reason.map(str::to_owned),
                refractory: 0,
                not_refractory: 0,
                undetermined: 0,
            });
            self.0.len() - 1
        });
        let row = &mut self.0[index];
        *match outcome {
            Outcome::Refractory => &mut row.refractory,
            Outcome::NotRefractory => &mut row.not_refractory,
            Outcome::Undetermined => &mut row.undetermined,
        } += 1;
    }

    /// In the order of predictors, states and reasons, whatever the order of the patients.
    pub(super) fn sort(&mut self) {
        let place = |row: &Row| {
            let variable = Predictor::ALL
                .iter()
                .position(|predictor| predictor.name() == row.variable);
            let state = STATES.iter().position(|state| *state == row.state);
            (variable.unwrap_or(Predictor::ALL.len()), state)
        };
        self.0
            .sort_by(|a, b| (place(a), &a.reason).cmp(&(place(b), &b.reason)));
    }

    /// Adds the table of other patients.
    pub fn add(&mut self, other: Self) {
        for row in other.0 {
            let known = self.0.iter_mut().find(|known| {
                known.variable == row.variable
                    && known.state == row.state
                    && known.reason == row.reason
            });
            match known {
                Some(known) => {
                    known.refractory += row.refractory;
                    known.not_refractory += row.not_refractory;
                    known.undetermined += row.undetermined;
                }
                None => self.0.push(row),
            }
        }
        self.sort();
    }

    /// Whether it is the table of so many patients: each has one state of every variable.
    pub fn is_of(&self, patients: u64) -> bool {
        let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
        for row in &self.0 {
            *sums.entry(&row.variable).or_default() +=
                row.refractory + row.not_refractory + row.undetermined;
        }
        let variables = Predictor::ALL.len() + 1;
        (patients == 0 && sums.is_empty())
            || (sums.len() == variables && sums.values().all(|sum| *sum == patients))
    }

    /// Its rows.
    pub fn rows(&self) -> &[Row] {
        &self.0
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        if self.0.is_empty() {
            return text;
        }
        let _ = writeln!(
            text,
            "{:<20} {:<12} {:<26} {:>10} {:>14} {:>12}",
            "variable", "state", "reason", "refractory", "not refractory", "undetermined"
        );
        for row in &self.0 {
            let _ = writeln!(
                text,
                "{:<20} {:<12} {:<26} {:>10} {:>14} {:>12}",
                row.variable,
                row.state,
                row.reason.as_deref().unwrap_or(""),
                row.refractory,
                row.not_refractory,
                row.undetermined
            );
        }
        text
    }

    /// Counts the outcome of one patient.
    pub(super) fn count_outcome(&mut self, outcome: Outcome, reason: &str) {
        self.count(OUTCOME, outcome_name(outcome), Some(reason), outcome);
    }
}

/// States in the order of the table.
const STATES: [&str; 7] = [
    "present",
    "absent",
    "unknown",
    "conflicting",
    "refractory",
    "not-refractory",
    "undetermined",
];

/// The word for a state in files.
pub fn state_name(state: State) -> &'static str {
    match state {
        State::Present => "present",
        State::Absent => "absent",
        State::Unknown => "unknown",
        State::Conflicting => "conflicting",
    }
}

/// The word for an outcome in files.
pub fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Refractory => "refractory",
        Outcome::NotRefractory => "not-refractory",
        Outcome::Undetermined => "undetermined",
    }
}
