//! Many patients at once: what is known of each at the time of the first radioiodine treatment (time zero), and what became of
//! them. A cohort comes from a table ([`table`]), from FHIR, or is drawn ([`synthetic`]); every statistic starts from one.
//!
//! Knows columns, files and what was set aside in reading them. Knows no statistics. Read [`Cohort`] first.

pub mod bulk;
mod counts;
pub mod extract;
pub mod flow;
pub mod merge;
pub mod missingness;
pub mod outcome;
mod outcome_records;
mod page;
mod rows;
pub mod synthetic;
pub mod table;
pub mod time_zero;

pub use counts::{Counts, PatternCounts};
pub use page::page;

use crate::domain::score::States;
use jiff::civil::Date;
use serde::Serialize;

/// What became of a patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// The disease turned out radioiodine refractory.
    Refractory,
    /// It did not.
    NotRefractory,
    /// Not known, or not yet. Never counted as either.
    Undetermined,
}

/// Patients, column by column: the same place in every column is the same patient.
#[derive(Debug, Clone, Default)]
pub struct Cohort {
    /// The four predictors in the order of [`crate::domain::score::Predictor::ALL`].
    pub states: Vec<States>,
    /// What became of them.
    pub outcomes: Vec<Outcome>,
    /// A probability (0 to 1) that the input gives for each patient, where it has such a column: of another model, or of an
    /// earlier version of this one.
    pub probabilities: Option<Vec<Option<f64>>>,
    /// The day of the first radioiodine treatment, where the input has such a column.
    pub time_zero: Option<Vec<Option<Date>>>,
    /// Every other column: subgroups, and candidate predictors for a derivation.
    pub variables: Vec<Variable>,
    /// Names of the columns that the map calls subgroups; numbers perhaps with cuts, `ageYears:45,65`.
    pub subgroups: Vec<String>,
    /// Where the rows came from, and what was set aside.
    pub origin: Origin,
}

/// A column beside those that the model needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// As the header names it, or as a map renames it.
    pub name: String,
    /// One for each patient.
    pub values: Values,
}

/// The values of a column. A missing one is `None` and never a level of its own.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Finite numbers.
    Numbers(Vec<Option<f64>>),
    /// Categories.
    Categories {
        /// Their names, in the order of first appearance or of a map.
        levels: Vec<String>,
        /// The place of each patient's category in `levels`.
        of: Vec<Option<u16>>,
    },
}

/// Where a cohort came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Files in the order they were read.
    pub files: Vec<InputFile>,
    /// Rows that could not be used. All are counted; the first of them are listed.
    pub bad_rows: u64,
    /// The first bad rows.
    pub listed: Vec<BadRow>,
    /// Columns that are neither numbers nor categories, and why.
    pub columns_set_aside: Vec<SetAsideColumn>,
}

/// A column that holds nothing that a statistic could use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAsideColumn {
    /// Name in the header.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

/// A file that was read, as reports name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InputFile {
    /// Name as it was given.
    pub name: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// Rows of data in it, bad ones too.
    pub rows: u64,
}

/// A row that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// File.
    pub file: String,
    /// Line, from 1; the header is a line.
    pub line: u64,
    /// Column by name; none where the row as a whole is at fault.
    pub column: Option<String>,
    /// What is wrong. Never quotes a value of the row.
    pub reason: String,
}

/// File, line, column and reason.
impl std::fmt::Display for BadRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, line {}", self.file, self.line)?;
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl Cohort {
    /// How many patients.
    pub fn len(&self) -> usize {
        self.states.len()
    }

    /// Nobody.
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// How many patients share their four states and their outcome.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for (states, outcome) in self.states.iter().zip(&self.outcomes) {
            counts.add(states, *outcome, 1);
        }
        counts
    }

    /// A column by name.
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().find(|variable| variable.name == name)
    }
}
