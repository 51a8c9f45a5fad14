//! SMART App Launch: how an EHR opens the app for one patient, and what is kept of it for a quarter of an hour.
//!
//! [`client::SmartClient`] is the type to read first: a registration at work. The way of a launch:
//!
//! ```text
//! EHR -> launch id and secret (launch) -> discovery -> the EHR's authorization server, in the browser
//!   -> code -> token (client) -> whoever calls us reads the chart, drops the token -> one assessment is kept (kept)
//! ```
//!
//! Everything of a launch hangs on one secret of 32 random bytes that only the cookie of the browser holds: the signature of
//! the state, the PKCE verifier, the key that the kept assessment is encrypted with and the name that it is kept under are all
//! derived from it. So nothing is kept between leaving and coming back, replicas share no key, and Redis alone tells nothing.
//!
//! This module knows OAuth, launches and pages. It knows no chart, no rule, no route and no configuration: the server reads
//! with the token and brings the assessment as JSON text. Source: SMART App Launch 2.2 (HL7), RFC 6749, 7636, 9207.

pub mod banner;
pub mod client;
pub mod discovery;
pub mod kept;
pub mod launch;
pub mod page;
pub mod problem;
pub mod registration;
pub mod scope;
pub mod token;
pub mod words;
