//! Subgroups, and what unknown predictors could change.

use super::{Figure, TwoByTwo};
use serde::Serialize;

/// The analysed patients by one column.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Subgroup {
    /// Column.
    pub variable: String,
    /// How numbers were cut, where they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<String>,
    /// Analysed patients without a value.
    pub missing: u64,
    /// Levels. Those with fewer than 5 patients are one level together.
    pub levels: Vec<Level>,
    /// Each level less the reference, the level with most patients.
    pub differences: Vec<LevelDifference>,
}

/// One level of a subgroup.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Level {
    /// Name.
    pub level: String,
    /// Analysed patients.
    pub patients: u64,
    /// Of them, turned out refractory.
    pub refractory: u64,
    /// Of the class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<Figure>,
    /// Of the class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub specificity: Option<Figure>,
    /// Of the score. From the gate of 50 in this level on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auc: Option<Figure>,
    /// Of the model's probability. From the gate of 50 in this level on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_expected: Option<Figure>,
    /// The gate keeps figures of this level back; [`super::Gate::all_figures`] says whether they are shown all the same.
    pub below_gate: bool,
}

/// A level against the reference.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LevelDifference {
    /// `sensitivity`, `specificity`, `auc` (differences), `observedExpected` (a ratio).
    pub what: &'static str,
    /// Level.
    pub level: String,
    /// Reference.
    pub reference: String,
    /// Level less reference (or level by reference for a ratio).
    pub difference: Figure,
}

/// What the unknown predictors could change. The main analysis leaves incomplete patients out; here nobody is left out whose
/// outcome is known.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unknowns {
    /// Patients with a known outcome.
    pub patients: u64,
    /// Of them with an unknown or conflicting predictor.
    pub incomplete: u64,
    /// The class of everybody whose class is fixed in spite of what is unknown.
    pub determinate_class: TwoByTwo,
    /// Those whose class depends on what is unknown: refractory, not refractory.
    pub indeterminate: [u64; 2],
    /// Least and greatest figures over every completion of the unknown predictors, each patient's on its own.
    pub bounds: Vec<Bound>,
    /// Patients with a known outcome and no usable PET, on their own.
    pub without_pet: WithoutPet,
    /// Patients without a known outcome by class: at or above, below, indeterminate.
    pub undetermined: [u64; 3],
}

/// Least and greatest value over every completion.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bound {
    /// `sensitivity`, `specificity`, `ppv`, `npv`, `accuracy` (of the class), `auc` (of the score), `modelAuc`,
    /// `observedExpected`, `brier` (of the model's probability).
    pub figure: &'static str,
    /// In the complete patients, where it can be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complete: Option<f64>,
    /// Least over every completion.
    pub least: f64,
    /// Greatest over every completion.
    pub greatest: f64,
    /// A completion reaches both limits. Otherwise the true limits may lie within.
    pub exact: bool,
}

/// Patients without a usable PET.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WithoutPet {
    /// Known outcome.
    pub patients: u64,
    /// Of them, turned out refractory.
    pub refractory: u64,
    /// Share that did (Wilson).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<Figure>,
    /// Share of the patients with a PET that turned out refractory (Wilson): a difference tells that PET was not left out at
    /// random.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_with_pet: Option<Figure>,
    /// At or above the cut-off without PET (recurrence and several sites): refractory, not refractory.
    pub at_or_above: [u64; 2],
    /// Class open: refractory, not refractory.
    pub indeterminate: [u64; 2],
}
