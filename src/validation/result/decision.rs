//! Net benefit.

use serde::Serialize;

/// Decision curves (definitions of `dcurves`): positive is a probability at or above the threshold; net benefit =
/// TP/n - FP/n * t/(1 - t).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DecisionCurve {
    /// Patients.
    pub patients: u64,
    /// Thresholds: 0.01, 0.02, ... 0.99.
    pub thresholds: Vec<f64>,
    /// `modelProbability`, `class`, `petAlone`, `treatAll`, `treatNone`, as far as they are there. The class and PET are rules
    /// without a probability: the same patients are positive at every threshold.
    pub strategies: Vec<Strategy>,
    /// From threshold to threshold, which strategy has the greatest net benefit. Together they cover all thresholds.
    pub best: Vec<BestRange>,
    /// The given probabilities with the same comparators, on the patients that have one and four known predictors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given: Option<Box<DecisionCurve>>,
}

/// A way to decide.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Strategy {
    /// Name.
    pub name: &'static str,
    /// In words.
    pub label: &'static str,
    /// One for each threshold.
    pub net_benefit: Vec<f64>,
    /// Net reduction of interventions per patient against treating all, one for each threshold.
    pub net_intervention_avoided: Vec<f64>,
}

/// Thresholds between which one strategy is best.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BestRange {
    /// First threshold.
    pub from: f64,
    /// Last threshold.
    pub to: f64,
    /// Name of the strategy; of strategies that tie, all names.
    pub strategies: Vec<&'static str>,
}
