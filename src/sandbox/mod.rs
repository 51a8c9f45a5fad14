//! The sandbox: the service beside a small read-only FHIR R4 server full of synthetic patients, on one loopback port.

mod fhir_server;
mod pages;
mod store;

pub use store::{Store, UnusableData};

use crate::cds_hooks::card::Suggestions;
use crate::config::{CorsOrigins, Knowledge, Settings};
use crate::server::{Application, Clock};
use actix_web::web;
use std::sync::Arc;

/// Builds the sandbox. Every browser may talk to it: it holds nothing but synthetic data.
pub fn build(
    mut settings: Settings,
    knowledge: Knowledge,
    clock: Clock,
    store: Store,
) -> std::io::Result<Application> {
    settings.cors = CorsOrigins::Any;
    // Off by default, on here so that they can be tried.
    settings.advice.suggestions = Suggestions {
        draft_pet: true,
        record_assessment: true,
    };
    let store = web::Data::new(store);
    Application::build(
        settings,
        knowledge,
        clock,
        Some(Arc::new(move |config| {
            config
                .app_data(store.clone())
                .configure(fhir_server::routes)
                .configure(pages::routes);
        })),
    )
}
