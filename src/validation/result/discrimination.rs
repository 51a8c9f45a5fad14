//! How well something separates the two outcomes.

use super::Figure;
use serde::Serialize;

/// Something that ranks patients (score, probability) or splits them in two (class, PET).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Marker {
    /// `score`, `class`, `petAlone`, `modelProbability` or `givenProbability`.
    pub name: &'static str,
    /// In words.
    pub label: &'static str,
    /// Patients.
    pub patients: u64,
    /// Of them, turned out refractory.
    pub refractory: u64,
    /// Did not.
    pub not_refractory: u64,
    /// Area under the ROC curve (DeLong); for a class it is the mean of sensitivity and specificity. From the gate of 50 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auc: Option<Figure>,
    /// The split that is in use: the cut-off of the score, the class, PET. Left out for probabilities, which have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_cutoff: Option<TwoByTwo>,
    /// Every possible cut-off, ascending. A marker of more than 100 values: at every hundredth, with a note.
    pub cutoffs: Vec<Cutoff>,
    /// Where Youden's index is greatest; several where they tie. Chosen on these data: optimistic.
    pub youden_optimum: Vec<f64>,
    /// The ROC curve from (0, 0) to (1, 1). Vertices that lie on a straight line or nearer than a thousandth are left out.
    /// From the gate of 50 on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roc: Vec<RocPoint>,
    /// How the marker is distributed by outcome: each of its values, ascending (a probability: in bins of 0.01).
    pub distribution: Vec<Bar>,
}

/// A point of the ROC curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RocPoint {
    /// 1 - specificity.
    pub false_positive_rate: f64,
    /// Sensitivity.
    pub true_positive_rate: f64,
}

/// Patients with one value of a marker.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bar {
    /// Value, or the lower end of the bin.
    pub value: f64,
    /// Turned out refractory.
    pub refractory: u64,
    /// Did not.
    pub not_refractory: u64,
}

/// A split at one value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cutoff {
    /// At or above this is positive.
    pub at_or_above: f64,
    /// The same as pROC prints it: half way to the next lower value that occurs. Left out at the lowest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub midpoint: Option<f64>,
    /// What it gives.
    pub table: TwoByTwo,
}

/// A 2x2 table with what follows from it. A figure with nobody in its denominator is left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TwoByTwo {
    /// Positive and refractory.
    pub true_positive: u64,
    /// Negative and refractory.
    pub false_negative: u64,
    /// Positive and not refractory.
    pub false_positive: u64,
    /// Negative and not refractory.
    pub true_negative: u64,
    /// Positive among the refractory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<Figure>,
    /// Negative among the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub specificity: Option<Figure>,
    /// Refractory among the positive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ppv: Option<Figure>,
    /// Not refractory among the negative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub npv: Option<Figure>,
    /// Right among all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<Figure>,
    /// Sensitivity + specificity - 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub youden: Option<Figure>,
    /// Sensitivity / (1 - specificity).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lr_positive: Option<Figure>,
    /// (1 - sensitivity) / specificity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lr_negative: Option<Figure>,
}

/// Two areas under the curve on the same patients.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// Name of the first marker.
    pub first: &'static str,
    /// Name of the second.
    pub second: &'static str,
    /// Patients that have both.
    pub patients: u64,
    /// Area of the first.
    pub first_auc: f64,
    /// Area of the second.
    pub second_auc: f64,
    /// First less second (paired DeLong).
    pub difference: Figure,
    /// Difference by its standard error. Left out where that is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub z: Option<f64>,
    /// Two-sided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
}
