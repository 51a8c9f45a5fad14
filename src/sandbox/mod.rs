//! The sandbox: the service beside a small read-only FHIR R4 server full of synthetic patients, on one loopback port.

mod fhir_server;
mod pages;
mod store;

pub use store::{Store, UnusableData};

use crate::cds_hooks::card::Suggestions;
use crate::config::{CorsOrigins, Settings};
use crate::server::{Application, CannotStart, Clock, Startup};
use actix_web::web;
use std::sync::Arc;

/// Where the sandbox serves FHIR.
const FHIR: &str = "/fhir";

/// Builds the sandbox. Every browser may talk to it: it holds nothing but synthetic data. What a call lacks is read from the
/// sandbox's own FHIR server.
pub async fn build(
    mut settings: Settings,
    clock: Clock,
    store: Store,
) -> Result<Application, CannotStart> {
    settings.cors = CorsOrigins::Any;
    // Synthetic data: a translation that nobody has reviewed does no harm, and says what it is.
    settings.unreviewed_translations = true;
    // Off by default, on here so that they can be tried.
    settings.advice.suggestions = Suggestions {
        draft_pet: true,
        record_assessment: true,
    };
    settings.clients.clear();
    settings.metrics_listen = None;
    let store = web::Data::new(store);
    Application::build(Startup {
        routes: Some(Arc::new(move |config| {
            config
                .app_data(store.clone())
                .configure(fhir_server::routes)
                .configure(pages::routes);
        })),
        own_fhir: Some(FHIR),
        ..Startup::new(settings, clock)
    })
    .await
}
