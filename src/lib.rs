//! `rrdtc` answers one question of an electronic health record (EHR): how likely is a metastatic differentiated
//! thyroid cancer to turn out radioiodine refractory (Liu, Wang, Zhang, EJNMMI Research 2022;12)?
//!
//! # The way of the data
//!
//! One direction, no way back:
//!
//! ```text
//! request bytes -> cds_hooks::request -> fhir (split, peek, read one resource at a time) -> chart (facts + what was set aside)
//!   -> domain::rules (four predictor states, applicability) -> domain::assessment (score, class) -> cds_hooks::card -> response bytes
//! ```
//!
//! # The map
//!
//! | module | knows | may use |
//! |---|---|---|
//! | [`domain`] | the rules, pure: no I/O, no clock, no JSON, no FHIR | nothing |
//! | [`statistics`] | distributions, fits, intervals, convergence: pure | nothing |
//! | [`model`] | the model file: read, made from the paper, drawn, explained | `domain`, `statistics` |
//! | [`cohort`] | many patients: tables and FHIR in, or drawn; one set of columns out | `chart`, `fhir`, `terminology`, `domain`, `model`, `plot`, `report` |
//! | [`plot`] | numbers to vector pictures: pure | nothing |
//! | [`report`] | paragraphs, tables and pictures to one HTML page: pure | `plot` |
//! | [`validation`] | how well a model does on a cohort | `cohort`, `domain`, `statistics`, `model`, `plot`, `report` |
//! | [`recalibration`] | a model made to fit a cohort, and two models compared | `validation` and what it may use |
//! | [`derivation`] | the method of the paper on any cohort | `cohort`, `domain`, `statistics`, `model`, `plot`, `report` |
//! | [`monitoring`] | whether the model in use still fits: drift and calibration over time | `cohort`, `domain`, `statistics`, `model`, `plot`, `report`, `audit`, `store` |
//! | [`json`] | JSON one level at a time, in one pass: pure | nothing |
//! | [`texts`] | what people read, by key, in every language | nothing |
//! | [`terminology`] | value sets and site groups: data in, constant-time look-up out | nothing |
//! | [`fhir`] | Bundles and resources as they come, one at a time | nothing |
//! | [`chart`] | FHIR resources to [`domain::facts`] | `fhir`, `terminology`, `domain` |
//! | [`cds_hooks`] | the wire: discovery, request, card, response | `domain`, `texts` |
//! | [`outbound`] | HTTP to configured servers only | nothing |
//! | [`fhir::client`] | reads what prefetch lacks | `outbound` |
//! | [`replicas`] | Redis, which several replicas share | nothing |
//! | [`smart`] | launches of the SMART app: OAuth, state, what is kept; knows no chart | `outbound`, `fhir`, `replicas` |
//! | [`auth`] | who may call; knows no FHIR and no domain | `replicas` |
//! | [`store`] | feedback, shown cards, heads of audit chains: SQLite or PostgreSQL | nothing |
//! | [`audit`] | the chained audit trail | nothing |
//! | [`page`] | the page of an assessment as HTML: pure | `domain`, `texts`, `cds_hooks` |
//! | [`config`] | settings and the data files behind them | `terminology`, `domain`, `model`, `cds_hooks`, `texts`, `smart`, `fhir` |
//! | [`server`] | HTTP: discovery, hooks, feedback, health, metrics; callers, limits, errors | the above |
//! | [`sandbox`] | an EHR to look at: pages, a FHIR server with synthetic patients, an authorization server | `server`, `store`, `fhir` |
//! | [`cli`] | one file per subcommand | all |
//!
//! # What holds everywhere
//!
//! * Absent is never negative: no default, no imputation. What a rule cannot use is listed with a code.
//! * Broken input is the normal case: reading a chart returns facts *and* what was set aside, not a `Result`.
//! * Nothing a patient record says reaches a log or an error text.
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
