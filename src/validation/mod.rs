//! A local evaluation: how well score, class, PET alone and probability do on a hospital's own patients.
//!
//! Knows cohorts, the model and statistics. Knows no files, no command line and no clock: the day is an argument. Never says
//! "validated": a cohort of one hospital is a local evaluation. Read [`Validation`] first.

pub mod result;

pub use result::Validation;
