//! What was typed: the shape of the configuration file, nothing checked yet but names and types. Every setting of a client
//! that is left out takes the value of its `Default` here; `rrdtc.example.toml` shows them all.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    pub listen: String,
    pub external_url: String,
    pub cds_hooks_version: String,
    pub max_body_bytes: usize,
    pub max_concurrent_calls: usize,
    pub client_timeout_seconds: u64,
    pub shutdown_seconds: u64,
    pub deadline_ms: u64,
    pub proxy: String,
    pub proxy_file: String,
    pub store_url: String,
    pub store_url_file: String,
    pub redis_url: String,
    pub redis_url_file: String,
    pub max_pet_age_days: i32,
    pub max_negative_age_days: i32,
    pub undocumented_recurrence: String,
    pub probability_on_card: bool,
    pub public_routes: Vec<String>,
    pub language: String,
    pub unreviewed_translations: bool,
    pub terminology_folder: String,
    pub model: String,
    pub services_folder: String,
    pub texts_folder: String,
    pub cors: Cors,
    pub suggestions: Suggestions,
    pub feedback: Feedback,
    pub metrics: Metrics,
    pub tls: Tls,
    pub log: Log,
    pub audit: Audit,
    #[serde(default)]
    pub clients: Vec<Client>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cors {
    pub origins: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Suggestions {
    pub draft_pet: bool,
    pub record_assessment: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Feedback {
    pub store_comments: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Metrics {
    pub listen: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tls {
    pub certificate_file: String,
    pub key_file: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Log {
    pub format: String,
    pub level: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Audit {
    pub folder: String,
    pub key_file: String,
    pub mode: String,
    pub instance: String,
    pub rotate_bytes: u64,
}

/// One CDS client.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Client {
    pub(super) name: String,
    pub(super) issuer: String,
    pub(super) audience: String,
    pub(super) jku: String,
    pub(super) jwks: String,
    pub(super) jwks_file: String,
    pub(super) algorithms: Vec<String>,
    pub(super) replay: String,
    pub(super) leeway_seconds: u32,
    pub(super) max_token_lifetime_seconds: u32,
    pub(super) fhir_bases: Vec<String>,
    pub(super) fhir_version: String,
    pub(super) fetch: String,
    pub(super) anonymous_fhir: bool,
    pub(super) allow_http: bool,
    pub(super) allow_private_networks: Vec<String>,
    pub(super) ca_file: String,
    pub(super) client_cert_file: String,
    pub(super) client_key_file: String,
    pub(super) max_pages: u32,
    pub(super) max_fetched_bytes: usize,
    pub(super) backend_services: Option<BackendServices>,
    pub(super) smart: Option<Smart>,
    pub(super) mode: String,
    pub(super) services: Vec<String>,
    pub(super) services_off: Vec<String>,
    pub(super) show_classes: Vec<String>,
    pub(super) once_within_days: u32,
    pub(super) snooze_days: u32,
    pub(super) snooze_reasons: Vec<String>,
    pub(super) suggestions: Option<Suggestions>,
    pub(super) probability_on_card: Option<bool>,
    pub(super) tenants: Vec<Tenant>,
    pub(super) max_pet_age_days: Option<i32>,
    pub(super) undocumented_recurrence: Option<String>,
    pub(super) language: Option<String>,
    pub(super) terminology_folder: Option<String>,
    pub(super) model: Option<String>,
    pub(super) pseudonym_key: String,
    pub(super) pseudonym_key_file: String,
}

impl Default for Client {
    fn default() -> Self {
        let list = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
        Self {
            name: String::new(),
            issuer: String::new(),
            audience: String::new(),
            jku: String::new(),
            jwks: String::new(),
            jwks_file: String::new(),
            algorithms: list(&["ES384", "RS384"]),
            replay: "strict".into(),
            leeway_seconds: 60,
            max_token_lifetime_seconds: 3600,
            fhir_bases: Vec::new(),
            fhir_version: "R4".into(),
            fetch: "on".into(),
            anonymous_fhir: false,
            allow_http: false,
            allow_private_networks: Vec::new(),
            ca_file: String::new(),
            client_cert_file: String::new(),
            client_key_file: String::new(),
            max_pages: 50,
            max_fetched_bytes: 16 * 1024 * 1024,
            backend_services: None,
            smart: None,
            mode: "live".into(),
            services: Vec::new(),
            services_off: Vec::new(),
            show_classes: list(&["at-or-above-cutoff", "indeterminate", "below-cutoff"]),
            once_within_days: 0,
            snooze_days: 0,
            snooze_reasons: list(&["already-discussed"]),
            suggestions: None,
            probability_on_card: None,
            tenants: Vec::new(),
            max_pet_age_days: None,
            undocumented_recurrence: None,
            language: None,
            terminology_folder: None,
            model: None,
            pseudonym_key: String::new(),
            pseudonym_key_file: String::new(),
        }
    }
}

/// SMART Backend Services of a client.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct BackendServices {
    pub(super) token_url: String,
    pub(super) client_id: String,
    pub(super) key_file: String,
    pub(super) kid: String,
    pub(super) algorithm: String,
    pub(super) scope: String,
}

/// The SMART app of a client.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Smart {
    pub(super) issuers: Vec<String>,
    pub(super) authorization_origins: Vec<String>,
    pub(super) client_id: String,
    pub(super) client_secret_file: String,
    pub(super) key_file: String,
    pub(super) kid: String,
    pub(super) algorithm: String,
    pub(super) scopes: Vec<String>,
    pub(super) frame_ancestors: Vec<String>,
}

impl Default for Smart {
    fn default() -> Self {
        Self {
            issuers: Vec::new(),
            authorization_origins: Vec::new(),
            client_id: String::new(),
            client_secret_file: String::new(),
            key_file: String::new(),
            kid: String::new(),
            algorithm: "ES384".into(),
            scopes: crate::smart::scope::default_scopes(),
            frame_ancestors: Vec::new(),
        }
    }
}

/// A tenant of a client, with what differs for it.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tenant {
    pub(super) id: String,
    pub(super) smart_issuers: Vec<String>,
    pub(super) max_pet_age_days: Option<i32>,
    pub(super) undocumented_recurrence: Option<String>,
    pub(super) language: Option<String>,
    pub(super) terminology_folder: Option<String>,
    pub(super) model: Option<String>,
    pub(super) pseudonym_key: String,
    pub(super) pseudonym_key_file: String,
}

/// The names of all settings of a client, for the test of the example file.
pub fn client_settings() -> BTreeMap<&'static str, Vec<String>> {
    let names = |value: serde_json::Result<serde_json::Value>| {
        value
            .ok()
            .and_then(|value| value.as_object().map(|o| o.keys().cloned().collect()))
            .unwrap_or_default()
    };
    BTreeMap::from([
        ("clients", names(serde_json::to_value(Client::default()))),
        (
            "clients.backend_services",
            names(serde_json::to_value(BackendServices::default())),
        ),
        (
            "clients.smart",
            names(serde_json::to_value(Smart::default())),
        ),
        (
            "clients.tenants",
            names(serde_json::to_value(Tenant::default())),
        ),
        (
            "clients.suggestions",
            names(serde_json::to_value(Suggestions::default())),
        ),
    ])
}
