//! CDS Hooks as seen from outside: one test for each rule that binds a service, with the rule's id in its name. It knows HTTP and
//! JSON and nothing of the service behind them, so it can be turned on any service:
//!
//! ```text
//! RRDTC_BASE=https://cds.example.org cargo test --test conformance
//! ```
//!
//! | variable | what it says |
//! |---|---|
//! | `RRDTC_BASE` | base URL, without `/cds-services`; not set: the service is started here, on a free port |
//! | `RRDTC_AUDIENCE_BASE` | what tokens name instead of it, where a proxy stands in between |
//! | `RRDTC_CALLS` | a folder with hook calls, one JSON object in each file; not set: those of `fixtures/requests` that are answered |
//! | `RRDTC_KEY_FILE`, `RRDTC_ISSUER` | a P-384 key (PEM, PKCS#8) and the issuer whose key it is; not set: calls carry no token |
//! | `RRDTC_FHIR_PORT` | a port of loopback: the service may read `http://127.0.0.1:PORT/fhir`, where this suite answers |
//! | `RRDTC_ORIGIN` | an origin of browser clients that the service allows |
//!
//! What the target was not prepared for is printed as SKIPPED. `docs/conformance.md` lists every rule with its test.
#![allow(clippy::unwrap_used)]

mod call;
mod discovery;
mod feedback;
mod fhir_access;
mod fhir_server;
mod inferno;
mod prefetch;
mod request;
mod response;
mod security;
mod table;
mod target;
mod token;
mod transport;
