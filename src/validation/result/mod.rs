//! What an evaluation found, in the form in which it is written: JSON (camelCase, no nulls) and, by a page of its own, HTML.
//!
//! Probabilities lie in 0 to 1. A figure that cannot be had is left out and [`Validation::notes`] says why; a figure that the
//! size of the cohort does not carry is left out and [`Validation::withheld`] says why and what is missing. Read
//! [`Validation`] first.

mod calibration;
mod decision;
mod discrimination;
mod groups;
mod provenance;

pub use calibration::*;
pub use decision::*;
pub use discrimination::*;
pub use groups::*;
pub use provenance::*;

use serde::Serialize;

/// A local evaluation of a model: everything that the report shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Validation {
    /// What this is and what it is not, in one or two sentences.
    pub statement: &'static str,
    /// What no figure can repair: to be read before the figures.
    pub limits: Vec<String>,
    /// Software, model, files, options, seed, day.
    pub provenance: Provenance,
    /// From rows to analysed patients.
    pub flow: Flow,
    /// Who the patients are: the predictors, and the other columns of the input.
    pub cohort: Description,
    /// How much the size of the cohort carries.
    pub gate: Gate,
    /// What the gate withholds. With `--all-figures` these are shown all the same, each with `shown: true`.
    pub withheld: Vec<Withheld>,
    /// The 16 patterns by ascending score, those without patients too. Complete patients with a known outcome.
    pub patterns: Vec<PatternRow>,
    /// Everything that ranks or classifies, in this order where it is there: `score`, `class`, `petAlone`,
    /// `modelProbability`, `givenProbability`.
    pub markers: Vec<Marker>,
    /// Paired comparisons of areas under the curve on the same patients; the first is the score against PET alone.
    pub comparisons: Vec<Comparison>,
    /// Calibration of `modelProbability` and `givenProbability`, as far as they are there.
    pub calibration: Vec<Calibration>,
    /// Net benefit. From the gate of 100 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionCurve>,
    /// The four-factor logistic model fitted here, with its optimism. From the gate of 100 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refit: Option<Refit>,
    /// One for each `--subgroup`, in the order of the command.
    pub subgroups: Vec<Subgroup>,
    /// What the unknown predictors could change.
    pub unknowns: Unknowns,
    /// How each kind of figure is computed.
    pub methods: Vec<Method>,
    /// Figures that could not be had, and what else a reader must know.
    pub notes: Vec<Note>,
}

/// A number with its 95 % interval.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figure {
    /// Estimate.
    pub value: f64,
    /// Lower limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// How the limits were computed: `wilson`, `delong`, `log`, `wald`, ...; explained in [`Validation::methods`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<&'static str>,
    /// Standard error on the scale of the value, where the method has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standard_error: Option<f64>,
    /// Percentile interval over the bootstrap, where the figure was computed in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<Percentile>,
}

/// A 95 % percentile interval over bootstrap replicates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Percentile {
    /// 2.5 % quantile.
    pub low: f64,
    /// 97.5 % quantile.
    pub high: f64,
    /// Replicates in which the figure could be computed.
    pub replicates: u32,
}

/// From rows to analysed patients. Every row is in exactly one of `bad_rows`, `outcome_undetermined`, `incomplete`, `analysed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Flow {
    /// Rows of data in all files.
    pub rows: u64,
    /// Rows set aside because they could not be read.
    pub bad_rows: u64,
    /// Rows that are patients.
    pub patients: u64,
    /// Of them without a known outcome: in no figure, counted in [`Unknowns::undetermined`].
    pub outcome_undetermined: u64,
    /// Known outcome, at least one predictor unknown or conflicting: only in [`Unknowns`].
    pub incomplete: u64,
    /// Of the incomplete, those without a usable PET.
    pub without_pet: u64,
    /// Known outcome, four known predictors: the main analysis.
    pub analysed: u64,
    /// Of the analysed, turned out refractory.
    pub refractory: u64,
    /// Of the analysed, did not.
    pub not_refractory: u64,
    /// Patients with a known outcome and a probability in the input, where the input has such a column. They need not have
    /// four known predictors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with_given_probability: Option<u64>,
}

/// How much the size of the cohort carries (100 patients with and 100 without the outcome is the old floor, 200 each for
/// flexible curves).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Gate {
    /// Analysed patients in the smaller of the two outcome classes.
    pub smaller_class: u64,
    /// The greatest gate that is reached: 0, 50, 100 or 200.
    pub reached: u64,
    /// What that means, in one sentence.
    pub meaning: &'static str,
    /// `--all-figures`: nothing is left out, and what would be is marked.
    pub all_figures: bool,
}

/// Figures that the gate withholds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Withheld {
    /// Which figures.
    pub what: String,
    /// Why, in a sentence.
    pub why: String,
    /// The gate: patients that the smaller class must have.
    pub needed: u64,
    /// How many more patients of the smaller class that takes.
    pub missing: u64,
    /// `--all-figures` shows them all the same: not to be quoted without this remark.
    pub shown: bool,
}

/// One of the 16 patterns.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PatternRow {
    /// The predictors that are present, by name (`ageAtDiagnosis`, ...).
    pub present: Vec<&'static str>,
    /// The same in words: `age + FDG`, or `none of the four`.
    pub label: String,
    /// Sum of points.
    pub score: u32,
    /// Whether that is at or above the cut-off.
    pub at_or_above_cutoff: bool,
    /// Patients with this pattern.
    pub patients: u64,
    /// Of them, turned out refractory.
    pub refractory: u64,
    /// Share that did (Wilson). Left out without patients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<Figure>,
    /// What the model says. Left out where the model file has no nomogram.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelEstimate>,
}

/// A probability of the model with its band.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelEstimate {
    /// Lower limit of the model's own 95 % band.
    pub low: f64,
    /// Probability.
    pub estimate: f64,
    /// Upper limit.
    pub high: f64,
}

/// How a kind of figure is computed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Method {
    /// Name as it stands in `method` fields, or the figure.
    pub name: &'static str,
    /// How, in a sentence or two, with the package whose definition it is.
    pub text: &'static str,
}

/// Something that a reader must know about one part of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// The part: a path such as `markers.score.cutoffs`.
    pub about: String,
    /// A sentence.
    pub text: String,
}
