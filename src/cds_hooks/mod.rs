//! The wire protocol, CDS Hooks 2.0.1: service definitions and discovery, requests, responses, the card, feedback.
//!
//! Knows JSON and [`crate::domain`], no HTTP and no FHIR beyond keys of the prefetch. Types here are twins of the domain's:
//! what an answer looks like is decided in [`response`], what it says in words in [`card`] and [`words`] from the files in
//! `cds-hooks/texts/`.

pub mod card;
pub mod display;
pub mod feedback;
pub mod hook;
mod layout;
pub mod request;
pub mod response;
pub mod service;
mod suggestion;
pub mod words;
