//! Whether probabilities are right, and the local refit.

use super::{Bar, Figure};
use serde::Serialize;

/// Calibration of one column of probabilities.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Calibration {
    /// `modelProbability` or `givenProbability`.
    pub name: &'static str,
    /// In words.
    pub label: &'static str,
    /// Patients.
    pub patients: u64,
    /// Of them, turned out refractory.
    pub refractory: u64,
    /// Sum of the probabilities.
    pub expected: f64,
    /// Patients whose probability is exactly 0 or 1: they have no log odds and are in neither intercept nor slope.
    pub zero_or_one: u64,
    /// Observed by expected. 1 is right; above 1 the probabilities are too low. From the gate of 50 on, as the next four.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_expected: Option<Figure>,
    /// Calibration-in-the-large: intercept with the slope fixed at 1, log odds. 0 is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_the_large: Option<Figure>,
    /// Mean squared error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brier: Option<Figure>,
    /// Brier score of the observed share for everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brier_null: Option<f64>,
    /// 1 - Brier / null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brier_scaled: Option<Figure>,
    /// Slope of the log odds (free intercept). 1 is right; below 1 the probabilities are too extreme. From the gate of 100 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slope: Option<Figure>,
    /// Spiegelhalter's test. From the gate of 100 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spiegelhalter: Option<Test>,
    /// Distances between curve and diagonal. From the gate of 200 on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub distances: Vec<Named>,
    /// Flexible curves. From the gate of 200 on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub curves: Vec<Curve>,
    /// Observed share for each value of the probability (the model: each pattern). Of a column of more than 20 values none:
    /// never deciles.
    pub groups: Vec<CalibrationGroup>,
    /// Histogram of the probabilities by outcome, bins of 0.01, empty bins left out.
    pub spikes: Vec<Bar>,
    /// The same figures by the names and definitions of packages. From the gate of 100 on (those of the curve 200).
    pub packages: Vec<Package>,
}

/// A test statistic.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Test {
    /// Statistic.
    pub z: f64,
    /// Two-sided.
    pub p: f64,
}

/// A number by name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Named {
    /// Name.
    pub name: &'static str,
    /// Value.
    pub value: f64,
}

/// What a package prints, in its order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Package {
    /// `rms::val.prob` or `CalibrationCurves::val.prob.ci.2`.
    pub name: &'static str,
    /// What its names mean where they differ from the figures above.
    pub remark: &'static str,
    /// Its figures.
    pub figures: Vec<Named>,
}

/// A flexible calibration curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Curve {
    /// Method: `lowess`, `loess`, ...
    pub method: &'static str,
    /// Points by ascending prediction.
    pub points: Vec<CurvePoint>,
}

/// A point of a calibration curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CurvePoint {
    /// Predicted probability.
    pub predicted: f64,
    /// Smoothed observed share.
    pub observed: f64,
    /// Lower limit of the pointwise 95 % band, where the method has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

/// Patients with the same probability.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CalibrationGroup {
    /// Pattern in words, where the probability is that of a pattern.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Probability.
    pub predicted: f64,
    /// Patients.
    pub patients: u64,
    /// Of them, turned out refractory.
    pub refractory: u64,
    /// Share that did (Wilson).
    pub observed: Figure,
}

/// The four-factor logistic model fitted to these patients: how much of its apparent performance is optimism.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refit {
    /// Intercept and log odds ratios.
    pub coefficients: Vec<Coefficient>,
    /// Rows as `rms::validate` prints them: Dxy, R2, Intercept, Slope, Emax, D, U, Q, B, g, gp. Empty without replicates.
    pub rows: Vec<OptimismRow>,
    /// Apparent c-index.
    pub c_apparent: f64,
    /// Corrected: 0.5 + Dxy / 2. Left out without replicates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub c_corrected: Option<f64>,
    /// Bootstrap replicates that were fitted.
    pub replicates: u32,
    /// Replicates without a finite fit: left out of the means.
    pub failed: u32,
}

/// A coefficient of the refit.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Coefficient {
    /// `intercept` or the predictor.
    pub term: &'static str,
    /// Log odds (ratio), Wald interval.
    pub log_odds: Figure,
    /// The model's own, where it has a nomogram.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<f64>,
}

/// One index with its optimism.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OptimismRow {
    /// Name of the index.
    pub name: &'static str,
    /// On the data it was fitted to.
    pub index_orig: f64,
    /// Mean over the replicates, on the replicate itself.
    pub training: f64,
    /// Mean over the replicates, of the replicate's fit on the original data.
    pub test: f64,
    /// Training less test.
    pub optimism: f64,
    /// Original less optimism.
    pub index_corrected: f64,
    /// Replicates.
    pub n: u32,
}
