//! The model as a file: how it is read ([`mod@file`]), how that of the source study was made ([`reconstruct`]), how it is drawn
//! ([`figure`]) and how it is explained to those who must approve it ([`facts`]).
//!
//! Knows JSON, the paper and pictures. Knows no patients, no server and no FHIR; what the model says about a patient is
//! `domain`.

pub mod facts;
pub mod figure;
pub mod file;
pub mod margins;
pub mod paper_checks;
pub mod published;
pub mod reconstruct;
mod write;

pub use write::pretty;
