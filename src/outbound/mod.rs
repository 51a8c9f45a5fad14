//! HTTP to servers that a configuration names, and to no others: redirects off, addresses checked when they are dialled.
//!
//! [`Outbound`] is the type to read first. It knows URLs, addresses, certificates, sizes and times. It knows no FHIR, and it
//! does not decide which URLs a caller may ask for beyond scheme and address: who has a list of allowed bases checks it first.
//!
//! Whatever was configured for one client (private CA, client certificate, proxy, private networks) holds for one `Outbound`
//! and its connection pool; nothing is shared between two of them.

mod address;
mod client;
mod resolve;
mod settings;

pub use address::is_public;
pub use client::{Answer, Budget, Limits, Outbound, OutboundError, bearer};
pub use settings::{InvalidOutbound, OutboundSettings};
