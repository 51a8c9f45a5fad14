//! One integration binary, a module per area. Everything goes through public interfaces: HTTP, the command line, the library.
#![allow(clippy::unwrap_used)]

mod architecture;
mod audit;
mod auth;
mod bad_input;
mod clients;
mod command_line;
mod docs;
mod fetch;
mod fhirbolt_pins;
mod fixtures;
mod misbehaving;
mod operations;
mod orders;
mod page;
mod peers;
mod properties;
mod protocol;
mod rules;
mod score;
mod store;
mod support;
mod terminology;
mod texts;
mod versions;
