//! A model made to fit a cohort (none, intercept, intercept and slope, revision), and two models compared on one cohort.
//!
//! The score is never touched: its points and its cut-off are those of the study. What is updated is the nomogram, the
//! logistic model on the four predictors. Works on counts of the 16 patterns, so the size of the cohort costs nothing.
//! Knows no command line and no files. Read [`Recalibration`] first, then [`ModelDiff`].

mod cells;
mod closed_test;
mod compare;
mod difference;
mod figures;
mod model_file;
mod optimism;
mod page;
mod recalibrate;
mod result;
mod update;
mod words;

pub use compare::{CannotCompare, compare, methods, model_diff};
pub use model_file::{CannotSign, Signed, model_file};
pub use page::{diff_page, page};
pub use recalibrate::{CannotRecalibrate, Method, Options, recalibrate};
pub use update::NoUpdate;

pub use difference::{
    ByOutcome, Comparison, ModelDiff, NetBenefit, PairedAuc, PatternDifference, PointsRow,
    Reclassification, ValueDifference,
};
pub use result::{
    Calibration, Chosen, CoefficientRow, CohortSummary, Estimate, Gate, InputSummary,
    LikelihoodRatio, ModelName, Optimism, OptimismRow, PatternRow, Recalibration, Settings,
    Software, Step,
};
