//! The sandbox: an EHR to look at, with a FHIR R4 server full of synthetic patients and an authorization server, around the
//! service; all on one loopback port.
//!
//! `Ehr` is what it remembers: read it first. `store` holds the charts, `fhir_server` serves them, `authorization` lets apps read
//! them, `pages` shows them, `asking` calls the service as an EHR does. It may know the service's wire, and must not decide anything
//! that the service decides: a page shows what was answered.

mod asking;
mod authorization;
mod elsewhere;
mod expiring;
mod fhir_server;
mod incoming;
mod page;
mod pages;
mod store;

pub use authorization::SmartClient;
pub use elsewhere::UnusableServer;
pub use incoming::Incoming;
pub use page::POLICY;
pub use store::{Full, MOST_ADDED_TO_CHART, MOST_PASTED_PATIENTS, Store, UnusableData};

use crate::cds_hooks::card::Suggestions;
use crate::config::{self, CorsOrigins, Settings};
use crate::server::{Application, CannotStart, Clock, OpenSmartClient, Startup};
use crate::store::Store as Kept;
use actix_web::web;
use authorization::{Clients, Grants};
use elsewhere::Elsewhere;
use expiring::Expiring;
use ipnet::IpNet;
use pages::list::Summaries;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;
use url::Url;

/// Where the sandbox serves FHIR.
const FHIR: &str = "/fhir";

/// Cards that can be answered, at most, and for how long.
const SHOWN_CARDS: usize = 1_000;
const CARD_LIFE: Duration = Duration::from_secs(8 * 3_600);

/// What the sandbox remembers; all of it in memory, gone when the process ends.
pub(crate) struct Ehr {
    store: RwLock<Store>,
    grants: Mutex<Grants>,
    clients: Clients,
    cards: Mutex<Expiring<Shown>>,
    handled: Mutex<HashMap<(String, String), Handled>>,
    summaries: Summaries,
    elsewhere: Option<Elsewhere>,
}

/// A card that was shown, until somebody answers it.
#[derive(Debug, Clone)]
struct Shown {
    /// The patient in our own charts; none for one of another server.
    patient: Option<String>,
    service: String,
    result_id: String,
    card: serde_json::Value,
    /// The page that it stands on.
    page: String,
}

/// What was done with the card of a patient and service, as long as the result stays the same.
#[derive(Debug, Clone, Default)]
struct Handled {
    result_id: String,
    /// Why it was dismissed, in words.
    dismissed: Option<String>,
    /// Labels of the suggestions that were accepted.
    accepted: Vec<String>,
}

// Nothing is left half done by a panic under these locks: each change is whole when it is made.
impl Ehr {
    fn store(&self) -> RwLockReadGuard<'_, Store> {
        self.store.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, Store> {
        self.store.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn grants(&self) -> MutexGuard<'_, Grants> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cards(&self) -> MutexGuard<'_, Expiring<Shown>> {
        self.cards.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handled(&self) -> MutexGuard<'_, HashMap<(String, String), Handled>> {
        self.handled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The client id of the service's own SMART app.
const OWN_APP: &str = "rrdtc";

/// What can be chosen about the sandbox.
#[derive(Debug, Default)]
pub struct Options {
    /// Other FHIR servers whose patients may be opened. None: nothing outside is ever contacted.
    pub allow_fhir: Vec<Url>,
    /// Networks that are not public and may be dialled for them.
    pub allow_networks: Vec<IpNet>,
    /// Apps beside the service's own.
    pub smart_clients: Vec<SmartClient>,
    /// Callers over HTTP must show the token of the official CDS Hooks sandbox. Its private key is public: for development only.
    pub official_sandbox_tokens: bool,
}

/// Builds the sandbox with nothing chosen.
pub async fn build(
    settings: Settings,
    clock: Clock,
    store: Store,
) -> Result<Application, CannotStart> {
    build_with(settings, clock, store, Options::default()).await
}

/// Builds the sandbox. Every browser may talk to it: it holds nothing but synthetic data. What a call lacks is read from the
/// sandbox's own FHIR server.
pub async fn build_with(
    mut settings: Settings,
    clock: Clock,
    store: Store,
    options: Options,
) -> Result<Application, CannotStart> {
    settings.cors = CorsOrigins::Any;
    // Synthetic data: a translation that nobody has reviewed does no harm, and says what it is.
    settings.unreviewed_translations = true;
    // Off by default, on here so that they can be tried.
    settings.advice.suggestions = Suggestions {
        draft_pet: true,
        record_assessment: true,
    };
    settings.store_comments = true;
    settings.clients.clear();
    if options.official_sandbox_tokens {
        settings.clients.push(official_sandbox(&settings));
    }
    settings.metrics_listen = None;
    let kept = match &settings.store_url {
        Some(_) => None,
        None => Some(Kept::in_memory().await?),
    };
    // The service's own app.
    let mut clients = vec![SmartClient {
        id: OWN_APP.into(),
        redirect_uris: vec!["/smart/callback".into()],
        secret: None,
    }];
    clients.extend(options.smart_clients);
    let elsewhere = Elsewhere::new(options.allow_fhir, options.allow_networks)
        .map_err(|error| CannotStart::client("allow-fhir", error))?;
    let ehr = web::Data::new(Ehr {
        store: RwLock::new(store),
        grants: Mutex::default(),
        clients: Clients(clients),
        cards: Mutex::new(Expiring::new(SHOWN_CARDS, CARD_LIFE)),
        handled: Mutex::default(),
        summaries: Summaries::default(),
        elsewhere,
    });
    Application::build(Startup {
        routes: Some(Arc::new(move |config| {
            config
                .app_data(ehr.clone())
                // Those below /fhir first.
                .configure(authorization::routes)
                .configure(fhir_server::routes)
                .configure(page::routes)
                .configure(pages::routes);
        })),
        own_fhir: Some(FHIR),
        smart: Some(OpenSmartClient {
            client_id: OWN_APP.into(),
            issuers: Vec::new(),
            frame_ancestors: Vec::new(),
        }),
        store: kept,
        ..Startup::new(settings, clock)
    })
    .await
}

/// The official CDS Hooks sandbox as a client: its published key, nothing fetched for it.
fn official_sandbox(settings: &Settings) -> config::Client {
    config::Client {
        name: "cds-hooks-sandbox".into(),
        issuer: "https://sandbox.cds-hooks.org".into(),
        audience: None,
        keys: config::Keys::Static(include_str!("official-sandbox.jwks.json").into()),
        algorithms: vec!["ES384".into()],
        replay_allowed: false,
        leeway_seconds: 60,
        max_token_lifetime_seconds: 300,
        fetching: config::Fetching::default(),
        mode: config::Mode::Live,
        services: None,
        services_off: Vec::new(),
        display: config::DisplayRules::default(),
        advice: settings.advice.clone(),
        smart: None,
        pseudonym_key: None,
        tenants: Vec::new(),
    }
}
