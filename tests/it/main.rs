//! One integration binary, a module per area. Everything goes through public interfaces: HTTP, the command line, the library.
#![allow(clippy::unwrap_used)]

mod architecture;
mod bad_input;
mod command_line;
mod fhirbolt_pins;
mod fixtures;
mod peers;
mod properties;
mod protocol;
mod rules;
mod score;
mod support;
mod terminology;
