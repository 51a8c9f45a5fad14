//! What went in: software, model, files, options; and who the patients are.

use crate::cohort::InputFile;
use serde::Serialize;

/// What this report was made from. With the same files and options the same bytes come out, on any number of threads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Provenance {
    /// This program.
    pub software: Software,
    /// The model that was evaluated.
    pub model: ModelUsed,
    /// Files in the order they were read.
    pub inputs: Vec<InputFile>,
    /// What the command asked for.
    pub options: Options,
    /// Day of the report (`--date`, or the day it was made).
    pub date: String,
    /// The first bad rows: where and why, never what they say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bad_rows: Vec<BadRow>,
}

/// A program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Software {
    /// Name.
    pub name: &'static str,
    /// Version.
    pub version: &'static str,
}

/// A model by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelUsed {
    /// Id.
    pub id: String,
    /// Version.
    pub version: String,
    /// SHA-256 of its file, hexadecimal.
    pub sha256: String,
    /// At or above this score a patient is predicted to become refractory.
    pub cutoff: u32,
    /// Greatest score.
    pub maximum: u32,
    /// What its probabilities rest on. Left out where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
}

/// A row that was set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BadRow {
    /// File.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
    /// Column by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Reason.
    pub reason: String,
}

/// What the command asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// Bootstrap replicates; 0 for none.
    pub bootstrap: u32,
    /// Seed of the bootstrap.
    pub seed: u64,
    /// Subgroups as they were given.
    pub subgroups: Vec<String>,
    /// Whether figures below a gate are shown.
    pub all_figures: bool,
    /// The horizon of the outcome in the words of whoever ran it, such as "24 months from the first iodine-131".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub horizon: Option<String>,
}

/// Who the patients are, by outcome.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    /// Month of the first and of the last time zero (`2019-05`), where the input has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zero: Option<Months>,
    /// The four predictors in the order of the score. Every patient, those without an outcome too.
    pub predictors: Vec<PredictorCounts>,
    /// Every other column. Levels with fewer than 5 patients are counted together, and numbers are rounded to three
    /// significant digits: no value of one patient is printed.
    pub variables: Vec<VariableDescription>,
}

/// A span of months.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Months {
    /// First.
    pub from: String,
    /// Last.
    pub to: String,
    /// Patients without a day.
    pub missing: u64,
}

/// One number for each outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct ByOutcome {
    /// Turned out refractory.
    pub refractory: u64,
    /// Did not.
    pub not_refractory: u64,
    /// Not known.
    pub undetermined: u64,
}

/// The states of a predictor; this is the missingness table too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PredictorCounts {
    /// Name.
    pub predictor: &'static str,
    /// Recorded as present.
    pub present: ByOutcome,
    /// Recorded as absent.
    pub absent: ByOutcome,
    /// Not recorded.
    pub unknown: ByOutcome,
    /// The record contradicts itself.
    pub conflicting: ByOutcome,
}

/// A column beside the predictors.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VariableDescription {
    /// Its name.
    pub name: String,
    /// Patients without a value.
    pub missing: ByOutcome,
    /// For numbers: of the refractory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refractory: Option<Numbers>,
    /// For numbers: of those who are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_refractory: Option<Numbers>,
    /// For categories: each level.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<LevelCounts>,
}

/// Numbers in short, three significant digits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Numbers {
    /// How many.
    pub patients: u64,
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standard_deviation: Option<f64>,
    /// First quartile, median, third quartile (R's type 7).
    pub quartiles: [f64; 3],
}

/// A level of a category.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LevelCounts {
    /// Name; `fewer than 5 patients each` for the small ones together.
    pub level: String,
    /// Patients.
    pub patients: ByOutcome,
}
