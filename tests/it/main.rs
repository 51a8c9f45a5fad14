//! One integration binary, a module per area. Everything goes through public interfaces: HTTP, the command line, the library.
#![allow(clippy::unwrap_used)]

mod architecture;
mod audit;
mod auth;
mod bad_input;
mod browser;
mod clients;
mod cohort;
mod command_line;
mod docs;
mod extract;
mod fetch;
mod fhirbolt_pins;
mod fixtures;
mod misbehaving;
mod model_facts;
mod nomogram;
mod nomogram_figure;
mod operations;
mod orders;
mod page;
mod peers;
mod properties;
mod protocol;
mod reconstruction;
mod rules;
mod sandbox;
mod score;
mod smart;
mod store;
mod support;
mod terminology;
mod texts;
mod versions;
