//! What a comparison of two models says: plain data, made to be written as JSON and drawn. Nothing here is computed.

use super::result::{Calibration, CohortSummary, Estimate, ModelName, Software};
use serde::Serialize;

/// Two models side by side, and on a cohort where there is one.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelDiff {
    /// This program.
    pub software: Software,
    /// The first model.
    pub first: ModelName,
    /// The second model.
    pub second: ModelName,
    /// Points of the predictors, maximum and cut-off.
    pub points: Vec<PointsRow>,
    /// Thresholds of age (years) and SUVmax, and the coefficients of the nomograms.
    pub values: Vec<ValueDifference>,
    /// The 16 patterns by the rising score of the first model.
    pub patterns: Vec<PatternDifference>,
    /// Pairs of patterns that the two nomograms order differently, each named by its scores in the first model.
    pub order_changes: Vec<[u32; 2]>,
    /// On a cohort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// What cannot be said, and methods.
    pub notes: Vec<String>,
}

/// A whole number in both models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PointsRow {
    /// What.
    pub name: String,
    /// In the first model.
    pub first: u32,
    /// In the second model.
    pub second: u32,
}

/// A number in both models; none where a model has no nomogram.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ValueDifference {
    /// What.
    pub name: String,
    /// In the first model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<f64>,
    /// In the second model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<f64>,
}

/// A pattern in both models.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PatternDifference {
    /// Names of the predictors that are present.
    pub present: Vec<String>,
    /// Scores.
    pub scores: [u32; 2],
    /// At or above the cut-off.
    pub at_or_above_cutoff: [bool; 2],
    /// Probability of the first model with its 95 % band.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Estimate>,
    /// Probability of the second model with its 95 % band.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<Estimate>,
}

/// Two nomograms on one cohort.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// Who was looked at.
    pub cohort: CohortSummary,
    /// The first model on it.
    pub first: Calibration,
    /// The second model on it.
    pub second: Calibration,
    /// Areas under the ROC curve compared. None where one outcome is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auc: Option<PairedAuc>,
    /// Brier score of the second minus that of the first; percentile interval of the bootstrap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brier_difference: Option<Estimate>,
    /// Resamples behind that interval.
    pub bootstrap: u32,
    /// Seed.
    pub seed: u64,
    /// How patients change sides, at each threshold.
    pub reclassification: Vec<Reclassification>,
    /// Net benefit at each threshold.
    pub net_benefit: Vec<NetBenefit>,
}

/// DeLong's test on the same patients.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PairedAuc {
    /// Second minus first, Wald's 95 % interval.
    pub difference: Estimate,
    /// Standard normal under no difference; none where the difference has no variance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub z: Option<f64>,
    /// Two-sided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
}

/// Patients below and at or above a threshold by both models.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reclassification {
    /// Threshold of the probability.
    pub threshold: f64,
    /// Patients who turned out refractory.
    pub refractory: ByOutcome,
    /// Patients who did not.
    pub not_refractory: ByOutcome,
}

/// How patients of one outcome change sides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ByOutcome {
    /// Below by both.
    pub below: u64,
    /// Below by the first, at or above by the second.
    pub up: u64,
    /// At or above by the first, below by the second.
    pub down: u64,
    /// At or above by both.
    pub above: u64,
}

/// Net benefit per patient: true positives minus weighted false positives.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NetBenefit {
    /// Threshold of the probability.
    pub threshold: f64,
    /// Of the first model.
    pub first: f64,
    /// Of the second model.
    pub second: f64,
    /// Of treating all as refractory.
    pub all: f64,
}
