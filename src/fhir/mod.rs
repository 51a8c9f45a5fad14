//! FHIR as it comes: split a Bundle without parsing it, peek at what a resource is, and read one resource at a time.
//!
//! Nothing here knows thyroid cancer. [`bundle::split`] cuts JSON into resources, [`peek::Peek`] looks at type, subject and
//! code without allocating, [`element::read`] reads the few members that a rule can use through fhirbolt's `Element`.
//! fhirbolt's typed model and its XML are never used on outside data (see `tests/it/fhirbolt_pins.rs`).

pub mod bundle;
pub mod element;
pub mod peek;
pub mod reference;
