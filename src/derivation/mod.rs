//! The method of the paper on any cohort: tests of one variable at a time, cut-offs by the ROC curve, logistic regression with
//! forward selection, points from odds ratios, a cut-off of the score, a nomogram and its calibration.
//!
//! Knows no files and no pictures. The method is repeated as it is, also where it is weak; every weakness that applies is said in
//! [`Derivation::warnings`]. A derived score is a report: the service loads only models of its own four predictors. Read
//! [`Derivation`] first.

mod result;

pub use result::*;
