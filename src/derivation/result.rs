//! What a derivation found, as it is written and drawn. Knows nothing of how it was found; read [`Derivation`] first.
//!
//! Probabilities are 0 to 1. What is not known is left out and said in [`Derivation::withheld`].

use crate::cohort::InputFile;
use serde::Serialize;

/// The method of the paper on a cohort. The names in brackets are the tables and figures of the paper that a part stands for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Derivation {
    /// Program and version.
    pub software: String,
    /// What was asked for.
    pub method: Method,
    /// Where the patients came from.
    pub inputs: Vec<InputFile>,
    /// Who was used for what.
    pub flow: Flow,
    /// One variable at a time (Table 1).
    pub univariable: Vec<Univariable>,
    /// Cut-offs of numbers (text, Fig. 3).
    pub cut_offs: Vec<CutOff>,
    /// The regression with every variable that the tests of one variable let pass (Table 2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entered: Option<Model>,
    /// Forward selection, step by step.
    pub steps: Vec<Step>,
    /// The regression with the variables that were selected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected: Option<Model>,
    /// Points, and what patients have of them (Table 3, Fig. 4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<Score>,
    /// Each criterion of the score alone, and last the score at its cut-off (Table 4).
    pub performance: Vec<Performance>,
    /// Curves of the numbers, the criteria and the score (Figs 3, 5, 6).
    pub curves: Vec<Curve>,
    /// The regression on the criteria of the score (Fig. 7).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nomogram: Option<Nomogram>,
    /// Calibration of the nomogram, corrected by the bootstrap (Fig. 8).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// How much better the score looks on these patients than on others: the whole method repeated on resamples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optimism: Option<Optimism>,
    /// Where the method is weak on this cohort.
    pub warnings: Vec<Warning>,
    /// What is missing from this answer, and why.
    pub withheld: Vec<Withheld>,
    /// How things were computed.
    pub notes: Vec<String>,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Method {
    /// The outcome: `outcome`, or the column that was named.
    pub outcome: String,
    /// What counts as the outcome having come.
    pub event: String,
    /// Candidates in the order in which they were considered.
    pub candidates: Vec<String>,
    /// A variable goes on to the regression when its test gives less.
    pub univariable_p: f64,
    /// A variable enters when its likelihood ratio test gives less.
    pub entry_p: f64,
    /// A variable is removed when its likelihood ratio test gives more.
    pub removal_p: f64,
    /// `maximum likelihood` or `Firth`.
    pub fit: String,
    /// Whether numbers enter the regressions cut in two, and not as they were measured.
    pub numbers_cut: bool,
    /// Resamples.
    pub bootstrap: usize,
    /// Seed of the resamples.
    pub seed: u64,
}

/// Who was used for what.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Flow {
    /// Rows that could not be read.
    pub bad_rows: u64,
    /// Patients in the cohort.
    pub patients: usize,
    /// Of these without an outcome: used for nothing.
    pub outcome_not_known: usize,
    /// With the outcome.
    pub events: usize,
    /// Without it.
    pub others: usize,
    /// With the outcome known and every entered variable known: those of the regressions.
    pub complete: usize,
    /// Of these with the outcome.
    pub complete_events: usize,
    /// With the outcome known and every criterion of the score known.
    pub scored: usize,
}

/// A variable alone (a row of Table 1).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Univariable {
    /// Its name.
    pub variable: String,
    /// `numbers`, `two categories` or `categories`.
    pub kind: &'static str,
    /// Patients in whom it is known.
    pub known: usize,
    /// Patients in whom it is not.
    pub missing: usize,
    /// Of numbers: the patients with the outcome, then those without it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassSummary>,
    /// Of categories.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<Level>,
    /// Every test that was done.
    pub tests: Vec<TestResult>,
    /// The name of the test that decides; none where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decides: Option<&'static str>,
    /// Why this one.
    pub why: String,
    /// Its p.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// Whether it went on to the regression.
    pub entered: bool,
}

/// Numbers of a class.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClassSummary {
    /// Patients.
    pub patients: usize,
    /// Mean.
    pub mean: f64,
    /// Standard deviation with n - 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sd: Option<f64>,
    /// Lower quartile, median, upper quartile.
    pub quartiles: [f64; 3],
    /// Skewness.
    pub skewness: f64,
}

/// Patients of a category.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Level {
    /// Its name.
    pub name: String,
    /// With the outcome.
    pub events: u64,
    /// Without it.
    pub others: u64,
}

/// A test.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestResult {
    /// `Student's t`, `Welch's t`, `Wilcoxon rank sum`, `Wilcoxon rank sum, exact`, `chi-squared`, `chi-squared, Yates`, `Fisher`.
    pub test: &'static str,
    /// t, W or chi-squared; Fisher's test has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statistic: Option<f64>,
    /// Degrees of freedom, where the test has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub degrees_of_freedom: Option<f64>,
    /// Two-sided p.
    pub p: f64,
}

/// A value with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Interval {
    /// The value.
    pub value: f64,
    /// Lower limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

/// A number cut in two at the greatest Youden index.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CutOff {
    /// The variable.
    pub variable: String,
    /// The criterion that counts as present, such as `ageYears >= 48`.
    pub criterion: String,
    /// The number at which it is cut.
    pub at: f64,
    /// Whether numbers at or above it count as present; else those at or below it.
    pub at_or_above: bool,
    /// Other cut-offs with the same Youden index. The one chosen is the lowest.
    pub equally_good: Vec<f64>,
    /// Area under the ROC curve; interval by DeLong.
    pub auc: Interval,
    /// At the cut-off.
    pub sensitivity: f64,
    /// At the cut-off.
    pub specificity: f64,
    /// Sensitivity + specificity - 1.
    pub youden: f64,
    /// Chi-squared without correction of the variable cut at it: too small, for the cut-off was chosen on the same patients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
}

/// A logistic regression.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// Patients.
    pub patients: f64,
    /// With the outcome.
    pub events: f64,
    /// The smaller class by the number of coefficients beside the intercept.
    pub events_per_coefficient: f64,
    /// Intercept, log odds.
    pub intercept: f64,
    /// Its standard error.
    pub intercept_standard_error: f64,
    /// Coefficients.
    pub coefficients: Vec<Coefficient>,
    /// Log likelihood, without the binomial constants; with Firth's penalty where that was used.
    pub log_likelihood: f64,
    /// Likelihood ratio test of the whole model.
    pub likelihood_ratio: TestResult,
    /// Area under the ROC curve on the same patients.
    pub c_index: f64,
    /// How intervals and p were made: `Wald` or `profile of the penalised likelihood`.
    pub interval_method: &'static str,
}

/// A coefficient (a row of Table 2).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Coefficient {
    /// The variable.
    pub variable: String,
    /// What the odds ratio compares: `per unit` for numbers, else a category with another.
    pub contrast: String,
    /// Log odds.
    pub coefficient: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Odds ratio with its interval.
    pub odds_ratio: Interval,
    /// p of the coefficient.
    pub p: f64,
    /// The odds ratio rounded to a whole number: its points by the paper's rule.
    pub points: u64,
}

/// A step of forward selection.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// From 1.
    pub step: usize,
    /// `entered` or `removed`.
    pub action: &'static str,
    /// The variable.
    pub variable: String,
    /// Its likelihood ratio test.
    pub test: TestResult,
    /// Log likelihood after the step.
    pub log_likelihood: f64,
}

/// The score.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Score {
    /// Which regression the odds ratios came from: `entered` (the paper's way) or `selected`, where the former has no fit.
    pub points_from: &'static str,
    /// What counts how much (Table 3).
    pub items: Vec<Item>,
    /// The greatest score.
    pub total: u64,
    /// The cut-off: at or above it the test is positive.
    pub cut_off: u64,
    /// Other scores that cut the patients equally well. The one chosen is the lowest.
    pub equally_good: Vec<u64>,
    /// Area under the ROC curve; interval by DeLong.
    pub auc: Interval,
    /// Mean and SD of patients with the outcome.
    pub events: ClassSummary,
    /// Mean and SD of patients without it.
    pub others: ClassSummary,
    /// How many patients have each score, ascending (Fig. 4).
    pub distribution: Vec<ScoreCount>,
}

/// A criterion and its points.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// The variable.
    pub variable: String,
    /// What must be so.
    pub criterion: String,
    /// The odds ratio that is rounded.
    pub odds_ratio: f64,
    /// Points.
    pub points: u64,
}

/// Patients with a score.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScoreCount {
    /// The score.
    pub score: u64,
    /// With the outcome.
    pub events: u64,
    /// Without it.
    pub others: u64,
}

/// How well a test tells the classes apart (a row of Table 4), on the patients that it was made from.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Performance {
    /// The criterion, or `score >= 10`.
    pub test: String,
    /// Test positive, with the outcome.
    pub true_positive: u64,
    /// Test positive, without it.
    pub false_positive: u64,
    /// Test negative, with it.
    pub false_negative: u64,
    /// Test negative, without it.
    pub true_negative: u64,
    /// Wilson's interval.
    pub sensitivity: Interval,
    /// Wilson's interval.
    pub specificity: Interval,
    /// Wilson's interval; none where no test is positive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub positive_predictive_value: Option<Interval>,
    /// Wilson's interval; none where no test is negative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negative_predictive_value: Option<Interval>,
    /// Wilson's interval.
    pub accuracy: Interval,
    /// Sensitivity + specificity - 1.
    pub youden: f64,
    /// Area under the ROC curve: of a criterion that of its one cut, of the score that of all. Interval by DeLong.
    pub auc: Interval,
}

/// A ROC curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Curve {
    /// Of what: a number, a criterion or the score.
    pub of: String,
    /// `numbers`, `criterion` or `score`.
    pub kind: &'static str,
    /// Area under it.
    pub auc: f64,
    /// From "everybody is positive" to "nobody is". Of more than a thousand cuts every second, third, ... is kept.
    pub points: Vec<CurvePoint>,
}

/// A point of a ROC curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CurvePoint {
    /// At or above it a test is positive (at or below it where the variable falls with the outcome); none at the ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_off: Option<f64>,
    /// Sensitivity.
    pub sensitivity: f64,
    /// Specificity.
    pub specificity: f64,
}

/// The regression on the criteria of the score.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Nomogram {
    /// The regression.
    pub model: Model,
    /// The points of each criterion as `rms::nomogram` draws them: the greatest coefficient is 100.
    pub points: Vec<f64>,
    /// Why this is no model file.
    pub use_of_it: String,
}

/// Calibration as `rms::calibrate` does it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Calibration {
    /// Resamples asked for.
    pub resamples: usize,
    /// Resamples that had a fit.
    pub fitted: usize,
    /// The curve: at most 50 points.
    pub points: Vec<CalibrationPoint>,
    /// Mean of the distance of predicted and corrected, over patients.
    pub mean_absolute_error: f64,
    /// Mean of its square.
    pub mean_squared_error: f64,
    /// 0.9 quantile of the distance.
    pub ninetieth_percentile: f64,
    /// Predicted probabilities and how many patients have them, ascending.
    pub predicted: Vec<Predicted>,
}

/// A point of the calibration curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CalibrationPoint {
    /// Predicted probability.
    pub predicted: f64,
    /// Smoothed share of patients with the outcome.
    pub apparent: f64,
    /// Less the optimism; none where no resample reaches so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrected: Option<f64>,
}

/// Patients with a predicted probability.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Predicted {
    /// The probability.
    pub probability: f64,
    /// With the outcome.
    pub events: u64,
    /// Without it.
    pub others: u64,
}

/// The whole method on resamples: tests, cut-offs, selection, points and cut-off of the score, each time anew.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Optimism {
    /// Resamples asked for.
    pub resamples: usize,
    /// Resamples that gave a score.
    pub scored: usize,
    /// The AUC of the score.
    pub auc: Corrected,
    /// The Youden index of the score at its cut-off.
    pub youden: Corrected,
    /// How often each variable was selected, most often first.
    pub selected: Vec<Selected>,
}

/// A figure and what is left of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Corrected {
    /// On the patients it was made from.
    pub apparent: f64,
    /// Mean over resamples of the figure on the resample less that on the cohort.
    pub optimism: f64,
    /// What is to be expected of other patients of the same kind.
    pub corrected: f64,
}

/// How often a variable was selected.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Selected {
    /// The variable.
    pub variable: String,
    /// In how many resamples.
    pub times: usize,
}

/// Where the method is weak.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Warning {
    /// A code that does not change.
    pub code: &'static str,
    /// The same for people.
    pub text: String,
}

/// What is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Withheld {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}
