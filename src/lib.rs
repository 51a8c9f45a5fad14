#![doc = include_str!("../ARCHITECTURE.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod audit;
pub mod auth;
pub mod cds_hooks;
pub mod chart;
pub mod cli;
pub mod cohort;
pub mod config;
pub mod derivation;
pub mod domain;
pub mod fhir;
pub mod json;
pub mod model;
pub mod monitoring;
pub mod outbound;
pub mod page;
pub mod plot;
pub mod recalibration;
pub mod replicas;
pub mod report;
pub mod sandbox;
pub mod server;
pub mod smart;
pub mod statistics;
pub mod store;
pub mod terminology;
pub mod texts;
pub mod validation;
