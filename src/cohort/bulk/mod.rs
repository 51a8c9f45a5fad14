//! FHIR Bulk Data: many patients' resources as NDJSON, unordered, more than fits in memory.
//!
//! Read twice. [`find`] looks at every line and finds the patients who may have thyroid cancer; [`gather`] notes where their
//! usable resources stand. What is kept is the place of a line in its file, never the line: a patient who cannot be eligible
//! leaves nothing behind, and one who can costs a few hundred bytes. [`Records::of`] reads the lines again, for one patient at a time.
//!
//! Knows lines, files and where they break. Knows no time zero and no table. Read [`Files`] first.

mod bad_line;
mod files;
mod find;
mod gather;

pub use bad_line::{BadLine, BadLines, Types};
pub use files::{Files, UnusableBulk};
pub use find::{Found, find};
pub use gather::{Place, Records, gather};
