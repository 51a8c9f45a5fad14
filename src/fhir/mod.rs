//! FHIR as it comes: split a Bundle without parsing it, peek at what a resource is, and read one resource at a time.
//!
//! Nothing here knows thyroid cancer. [`bundle::split`] cuts JSON into resources, [`peek::Peek`] looks at type, subject and
//! code without allocating, [`element::read`] reads the few members that a rule can use through fhirbolt's `Element`.
//! All of it is said in the names of R4: [`release::Release`] says which release a chart is written in, and a thin adapter
//! renames what R5 renamed. fhirbolt's typed model and its XML are never used on outside data (see `tests/it/fhirbolt_pins.rs`).
//!
//! [`client`] reads what a caller lacks from a FHIR server, the only I/O here; [`query`] fills the templates that it asks with.

pub mod assertion;
pub mod backend_token;
mod bases;
mod breaker;
pub mod bundle;
pub mod client;
pub mod element;
pub mod fetched;
mod paging;
pub mod peek;
pub mod query;
mod r5;
pub mod reference;
pub mod release;
pub mod version;
