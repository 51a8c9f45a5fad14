//! What a recalibration says: plain data, made to be written as JSON and drawn. Nothing here is
//! computed. A figure that is not known is left out, and `notes` say why.

use crate::domain::nomogram::Coefficients;
use serde::Serialize;

/// How much of a model is updated, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Nothing: the model as it is.
    None,
    /// The intercept: all log odds are shifted by the same amount.
    Intercept,
    /// Intercept and slope: the log odds are shifted and stretched; the order of the patients stays.
    InterceptAndSlope,
    /// Intercept and the four coefficients.
    Revision,
}

impl Step {
    /// All four, least first.
    pub const ALL: [Self; 4] = [
        Self::None,
        Self::Intercept,
        Self::InterceptAndSlope,
        Self::Revision,
    ];

    /// Name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Intercept => "intercept",
            Self::InterceptAndSlope => "intercept-and-slope",
            Self::Revision => "revision",
        }
    }

    /// Parameters that are estimated.
    pub fn parameters(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Intercept => 1,
            Self::InterceptAndSlope => 2,
            Self::Revision => Coefficients::COUNT as u32,
        }
    }

    /// Patients that the smaller class must have: below, the update would fit chance.
    pub fn needed(self) -> u64 {
        match self {
            Self::None => 0,
            Self::Intercept => 50,
            Self::InterceptAndSlope => 100,
            Self::Revision => 200,
        }
    }
}

/// A number with its interval. Which kind of interval it is, the field that holds it tells.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// Lower limit.
    pub low: f64,
    /// The number.
    pub value: f64,
    /// Upper limit.
    pub high: f64,
}

/// This program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Software {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
}

/// Which model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelName {
    /// Short name.
    pub id: String,
    /// Version.
    pub version: String,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
}

/// A file of the cohort.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InputSummary {
    /// Name as it was given.
    pub file: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// Rows of data, bad ones too.
    pub rows: u64,
}

/// Who was looked at, and who was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CohortSummary {
    /// Files.
    pub files: Vec<InputSummary>,
    /// Rows that could not be used.
    pub bad_rows: u64,
    /// Patients that were read.
    pub patients: u64,
    /// Left out: the outcome is undetermined.
    pub undetermined: u64,
    /// Left out: the outcome is known, but a predictor is unknown or conflicting.
    pub incomplete: u64,
    /// Analysed: complete cases.
    pub analysed: u64,
    /// Of these, turned out refractory.
    pub refractory: u64,
    /// Of these, did not.
    pub not_refractory: u64,
    /// First day of time zero among the analysed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// Whether the cohort is large enough for a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Gate {
    /// Step.
    pub step: Step,
    /// Patients that the smaller class must have.
    pub needed: u64,
    /// Patients that it has.
    pub has: u64,
    /// Whether that is enough.
    pub open: bool,
}

/// A likelihood ratio test of two steps, both by maximum likelihood.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LikelihoodRatio {
    /// The smaller model.
    pub smaller: Step,
    /// The larger model.
    pub larger: Step,
    /// Degrees of freedom.
    pub degrees_of_freedom: u32,
    /// Twice the difference of the log likelihoods.
    pub statistic: f64,
    /// From the chi-squared distribution.
    pub p: f64,
    /// Whether the closed test looked at it; the others are for information.
    pub decides: bool,
}

/// Which step was taken and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Chosen {
    /// The step.
    pub step: Step,
    /// `closed-test` or `by-hand`.
    pub by: String,
    /// In a sentence.
    pub because: String,
    /// Whether the cohort is smaller than the gate of the step asks.
    pub below_gate: bool,
}

/// A coefficient before and after: log odds ratios, the intercept log odds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CoefficientRow {
    /// `intercept`, or the name of a predictor.
    pub name: String,
    /// Of the original model.
    pub original: f64,
    /// Of the updated model, as its file holds it.
    pub updated: f64,
    /// Standard error of the updated one: sampling error of the update and what is uncertain in the original.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standard_error: Option<f64>,
}

/// One of the 16 patterns.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PatternRow {
    /// Names of the predictors that are present.
    pub present: Vec<String>,
    /// Score.
    pub score: u32,
    /// Analysed patients.
    pub patients: u64,
    /// Of these, refractory.
    pub refractory: u64,
    /// Observed share with Wilson's 95 % interval; none where there are no patients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<Estimate>,
    /// Probability of the original model with its 95 % band.
    pub before: Estimate,
    /// Probability of the updated model with its 95 % band.
    pub after: Estimate,
}

/// How well probabilities fit the analysed patients.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Calibration {
    /// Area under the ROC curve, DeLong's 95 % interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auc: Option<Estimate>,
    /// Observed by expected number of refractory patients; 95 % interval on the log scale, by the standard error of the
    /// observed share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_by_expected: Option<Estimate>,
    /// Calibration-in-the-large: intercept with the slope fixed at 1, Wald's 95 % interval. Ideal: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intercept: Option<Estimate>,
    /// Calibration slope with a free intercept, Wald's 95 % interval. Ideal: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slope: Option<Estimate>,
    /// Mean squared difference of probability and outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brier: Option<f64>,
    /// 1 minus the Brier score by that of the observed share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scaled_brier: Option<f64>,
    /// Mean absolute difference of the probability and the observed share of its pattern, weighted by patients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_difference_by_pattern: Option<f64>,
}

/// The optimism of the whole procedure by bootstrap (Harrell): the step is chosen anew in each resample.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Optimism {
    /// Resamples that were asked for.
    pub replicates: u32,
    /// Resamples in which nothing could be fitted; they are left out.
    pub failed: u32,
    /// How often each step was taken, in the order of [`Step::ALL`].
    pub chosen: [u32; 4],
    /// The figures.
    pub figures: Vec<OptimismRow>,
}

/// A row as `rms::validate` prints it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OptimismRow {
    /// `auc`, `intercept`, `slope`, `brier`.
    pub name: String,
    /// Of the updated model on the analysed patients.
    pub apparent: f64,
    /// Mean over the resamples: each model on its own resample.
    pub training: f64,
    /// Mean over the resamples: each model on the analysed patients.
    pub test: f64,
    /// `training` minus `test`.
    pub optimism: f64,
    /// `apparent` minus `optimism`.
    pub corrected: f64,
    /// Resamples that gave the figure.
    pub n: u32,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// `auto` or the name of a step.
    pub method: String,
    /// Level of each test.
    pub alpha: f64,
    /// Resamples.
    pub bootstrap: u32,
    /// Seed.
    pub seed: u64,
    /// Whether steps below their gate were allowed.
    pub below_gate: bool,
}

/// A recalibration: what was done, on whom, and what it is worth.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recalibration {
    /// This program.
    pub software: Software,
    /// Hospital, where it was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Day of the report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// The model that was updated.
    pub original: ModelName,
    /// The new model, where a file was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated: Option<ModelName>,
    /// Who was looked at.
    pub cohort: CohortSummary,
    /// What was asked for.
    pub settings: Settings,
    /// Sizes that the steps need.
    pub gates: Vec<Gate>,
    /// Likelihood ratio tests. None where one outcome is missing.
    pub tests: Vec<LikelihoodRatio>,
    /// Which step was taken.
    pub chosen: Chosen,
    /// Slope of the update where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slope: Option<f64>,
    /// Ridge penalty of a revision: half of this times the sum of squared changes of the coefficients of the standardised
    /// predictors (SD with n - 1) is taken from the log likelihood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub penalty: Option<f64>,
    /// Effective degrees of freedom of a penalised revision, the intercept counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_degrees_of_freedom: Option<f64>,
    /// Coefficients before and after: intercept first.
    pub coefficients: Vec<CoefficientRow>,
    /// Covariance of the updated coefficients in the order of `coefficients`, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub covariance: Option<Vec<Vec<f64>>>,
    /// The 16 patterns by rising score: the data of the calibration figures before and after.
    pub patterns: Vec<PatternRow>,
    /// The original model on the analysed patients.
    pub before: Calibration,
    /// The updated model on the same patients: flattering, see `optimism`.
    pub after: Calibration,
    /// The correction for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optimism: Option<Optimism>,
    /// What whoever signs must know.
    pub warnings: Vec<String>,
    /// Methods, and why a figure is missing.
    pub notes: Vec<String>,
}
