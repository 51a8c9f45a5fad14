//! The rules of `liu-2022`, pure: no I/O, no clock ("now" is an argument), no JSON, no HTTP, no FHIR.
//!
//! Read [`facts::Facts`] first (what a chart can tell), then [`rules`] (facts to predictor states), then
//! [`assessment::assess`] (states to score, class, probability and everything an answer holds).

pub mod assessment;
pub mod codes;
pub mod date;
pub mod facts;
pub mod interval;
pub mod model;
pub mod nomogram;
pub mod rules;
pub mod score;
