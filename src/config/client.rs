//! One CDS client: who it is, what may be read from its FHIR server, and how it is answered.

use super::mistakes::Mistakes;
use super::smart;
use super::typed;
use super::{Advice, check_days, path, recurrence, secret};
use crate::cds_hooks::card::Suggestions;
use crate::domain::score::Classification;
use crate::smart::registration::Registration;
use ipnet::IpNet;
use secrecy::SecretString;
use std::collections::BTreeSet;
use std::path::PathBuf;
use url::Url;

pub use super::typed::client_settings;

/// A client.
#[derive(Debug, Clone)]
pub struct Client {
    /// Name in logs, metrics, audit and feedback.
    pub name: String,
    /// `iss` of its tokens.
    pub issuer: String,
    /// `aud` of its tokens when it sends something else than the address called.
    pub audience: Option<String>,
    /// Where its keys are.
    pub keys: Keys,
    /// Algorithms that it may sign with.
    pub algorithms: Vec<String>,
    /// A token may be used again until it expires.
    pub replay_allowed: bool,
    /// Allowance for clocks that differ, seconds.
    pub leeway_seconds: u32,
    /// Longest time from issue to expiry, seconds.
    pub max_token_lifetime_seconds: u32,
    /// Its FHIR servers, and whether they may be contacted.
    pub fetching: Fetching,
    /// How our SMART app is registered with it.
    pub smart: Option<Registration>,
    /// Whether it gets cards.
    pub mode: Mode,
    /// The services that it may call; none: all.
    pub services: Option<Vec<String>>,
    /// The services that are switched off for it.
    pub services_off: Vec<String>,
    /// When a card is shown.
    pub display: DisplayRules,
    /// How it is answered.
    pub advice: Advice,
    /// Key of its patients' pseudonyms.
    pub pseudonym_key: Option<SecretString>,
    /// Its tenants. Empty: tokens without tenant.
    pub tenants: Vec<Tenant>,
}

/// A tenant of a client, and how it is answered.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// `tenant` of its tokens.
    pub id: String,
    /// The issuers of the client's SMART app that are this tenant's.
    pub smart_issuers: Vec<String>,
    /// How it is answered.
    pub advice: Advice,
    /// Key of its patients' pseudonyms.
    pub pseudonym_key: Option<SecretString>,
}

/// Where the keys of a client are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keys {
    /// Fetched and cached.
    Jku(Url),
    /// A JWK Set.
    Static(String),
}

/// Whether a client gets cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It does.
    Live,
    /// Everything is computed, counted and audited; no card is sent.
    Shadow,
}

/// The FHIR servers of a client.
#[derive(Debug, Clone, Default)]
pub struct Fetching {
    /// What prefetch lacks is read.
    pub is_on: bool,
    /// Base addresses; nothing else is contacted.
    pub bases: Vec<Url>,
    /// `R4`, `R4B` or `R5`.
    pub version: String,
    /// Without a token when none is given.
    pub anonymous: bool,
    /// Own tokens when none is given.
    pub backend: Option<Backend>,
    /// Plain HTTP may be used.
    pub allow_http: bool,
    /// Private networks that may be contacted.
    pub allow_private_networks: Vec<IpNet>,
    /// Certificate authority of its servers, PEM.
    pub ca_file: Option<PathBuf>,
    /// Our certificate for mutual TLS, PEM.
    pub client_cert_file: Option<PathBuf>,
    /// Its key, PEM.
    pub client_key_file: Option<PathBuf>,
    /// Most pages of a prefetch key.
    pub max_pages: u32,
    /// Most bytes of a call, after decompression.
    pub max_bytes: usize,
}

/// SMART Backend Services: a token of our own.
#[derive(Debug, Clone)]
pub struct Backend {
    /// Token endpoint.
    pub token_url: Url,
    /// Our client id.
    pub client_id: String,
    /// Our private key, PEM.
    pub key_file: PathBuf,
    /// Its id in our key set.
    pub kid: String,
    /// `ES384` or `RS384`.
    pub algorithm: String,
    /// Scope to ask for.
    pub scope: String,
}

/// When a card is shown, against alert fatigue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisplayRules {
    /// Classes that are shown.
    pub classes: BTreeSet<Classification>,
    /// A card of the same class is shown once in this many days per patient.
    pub once_within_days: Option<u32>,
    /// A user may put the card off.
    pub snooze: Option<Snooze>,
}

/// Putting a card off by overriding it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snooze {
    /// For this long, days.
    pub days: u32,
    /// Override reasons that do so.
    pub reasons: Vec<String>,
}

impl Default for DisplayRules {
    fn default() -> Self {
        Self {
            classes: Classification::ALL.into_iter().collect(),
            once_within_days: None,
            snooze: None,
        }
    }
}

/// No card may be kept away for longer than this, days.
pub const LONGEST_SUPPRESSION_DAYS: u32 = 180;

/// Checks all clients.
pub(super) fn validate(
    clients: Vec<typed::Client>,
    defaults: &Advice,
    has_store: bool,
    mistakes: &mut Mistakes,
) -> Vec<Client> {
    let mut names = BTreeSet::new();
    let mut issuers = BTreeSet::new();
    for (index, client) in clients.iter().enumerate() {
        if !names.insert(client.name.clone()) {
            mistakes.add(
                format!("clients.{index}.name"),
                "another client has this name",
            );
        }
        if !issuers.insert(client.issuer.clone()) {
            mistakes.add(
                format!("clients.{index}.issuer"),
                "another client has this issuer; give one client several [[clients.tenants]] instead",
            );
        }
    }
    let mut smart_issuers = BTreeSet::new();
    for (index, client) in clients.iter().enumerate() {
        let issuers: BTreeSet<&str> = client
            .smart
            .iter()
            .flat_map(|smart| &smart.issuers)
            .map(|issuer| issuer.trim_end_matches('/'))
            .collect();
        for issuer in issuers {
            if !smart_issuers.insert(issuer.to_owned()) {
                mistakes.add(
                    format!("clients.{index}.smart.issuers"),
                    format!(
                        "another client has {issuer}: a launch from it could not be told apart"
                    ),
                );
            }
        }
    }
    clients
        .into_iter()
        .enumerate()
        .map(|(index, client)| one(index, client, defaults, has_store, mistakes))
        .collect()
}

fn one(
    index: usize,
    typed: typed::Client,
    defaults: &Advice,
    has_store: bool,
    mistakes: &mut Mistakes,
) -> Client {
    let at = |name: &str| format!("clients.{index}.{name}");
    let is_name = |text: &str| {
        !text.is_empty()
            && text.len() <= 64
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    if !is_name(&typed.name) {
        mistakes.add(
            at("name"),
            "expected up to 64 letters, digits, '-', '_' and '.'",
        );
    }
    if typed.issuer.is_empty() {
        mistakes.add(at("issuer"), "required: the iss of the client's tokens");
    }
    let keys = keys(&at, &typed, mistakes);
    for algorithm in &typed.algorithms {
        if !["ES384", "RS384", "ES256", "RS256", "PS384"].contains(&algorithm.as_str()) {
            mistakes.add(
                at("algorithms"),
                "expected ES384, RS384, ES256, RS256 or PS384",
            );
        }
    }
    if typed.algorithms.is_empty() {
        mistakes.add(at("algorithms"), "expected at least one, such as ES384");
    }
    let replay_allowed = choice(at("replay"), &typed.replay, ["strict", "allow"], mistakes);
    let is_off = choice(at("fetch"), &typed.fetch, ["on", "off"], mistakes);
    let is_shadow = choice(at("mode"), &typed.mode, ["live", "shadow"], mistakes);
    if !["R4", "R4B", "R5"].contains(&typed.fhir_version.as_str()) {
        mistakes.add(
            at("fhir_version"),
            "expected \"R4\", \"R4B\" or \"R5\"; DSTU2 and STU3 are not supported",
        );
    }
    let bases = typed
        .fhir_bases
        .iter()
        .filter_map(|text| web_address(at("fhir_bases"), text, typed.allow_http, mistakes))
        .collect();
    let networks = typed
        .allow_private_networks
        .iter()
        .filter_map(|text| {
            let network = text.parse::<IpNet>();
            if network.is_err() {
                mistakes.add(
                    at("allow_private_networks"),
                    "expected networks such as 10.1.0.0/16",
                );
            }
            network.ok()
        })
        .collect();
    let (client_cert_file, client_key_file) =
        (path(typed.client_cert_file), path(typed.client_key_file));
    if client_cert_file.is_some() != client_key_file.is_some() {
        mistakes.add(
            at("client_cert_file"),
            "mutual TLS needs both client_cert_file and client_key_file",
        );
    }
    let backend = typed
        .backend_services
        .and_then(|typed_backend| backend(&at, typed_backend, typed.allow_http, mistakes));
    let smart = typed
        .smart
        .map(|typed_smart| smart::validate(&at, typed_smart, typed.allow_http, mistakes));
    let classes = typed
        .show_classes
        .iter()
        .filter_map(|name| {
            let class = Classification::ALL
                .into_iter()
                .find(|class| crate::cds_hooks::response::classification(*class) == name);
            if class.is_none() {
                mistakes.add(
                    at("show_classes"),
                    "expected at-or-above-cutoff, indeterminate or below-cutoff",
                );
            }
            class
        })
        .collect();
    for (name, days) in [
        ("once_within_days", typed.once_within_days),
        ("snooze_days", typed.snooze_days),
    ] {
        if days > LONGEST_SUPPRESSION_DAYS {
            mistakes.add(
                at(name),
                format!("expected at most {LONGEST_SUPPRESSION_DAYS} days"),
            );
        }
    }
    let mut advice = advise(
        &at,
        defaults,
        Overrides {
            max_pet_age_days: typed.max_pet_age_days,
            undocumented_recurrence: typed.undocumented_recurrence,
            language: typed.language,
            terminology_folder: typed.terminology_folder,
            model: typed.model,
        },
        mistakes,
    );
    if let Some(suggestions) = typed.suggestions {
        advice.suggestions = Suggestions {
            draft_pet: suggestions.draft_pet,
            record_assessment: suggestions.record_assessment,
        };
    }
    if let Some(is_on) = typed.probability_on_card {
        advice.probability_on_card = is_on;
    }
    let pseudonym_key = secret(
        &at("pseudonym_key"),
        typed.pseudonym_key,
        typed.pseudonym_key_file,
        mistakes,
    );
    let mut ids = BTreeSet::new();
    let tenants: Vec<Tenant> = typed
        .tenants
        .into_iter()
        .enumerate()
        .map(|(number, tenant)| {
            let at = |name: &str| format!("clients.{index}.tenants.{number}.{name}");
            if tenant.id.is_empty() || !ids.insert(tenant.id.clone()) {
                mistakes.add(at("id"), "expected an id that no other tenant has");
            }
            let own_key = secret(
                &at("pseudonym_key"),
                tenant.pseudonym_key,
                tenant.pseudonym_key_file,
                mistakes,
            );
            Tenant {
                id: tenant.id,
                smart_issuers: tenant.smart_issuers,
                advice: advise(
                    &at,
                    &advice,
                    Overrides {
                        max_pet_age_days: tenant.max_pet_age_days,
                        undocumented_recurrence: tenant.undocumented_recurrence,
                        language: tenant.language,
                        terminology_folder: tenant.terminology_folder,
                        model: tenant.model,
                    },
                    mistakes,
                ),
                pseudonym_key: own_key.or_else(|| pseudonym_key.clone()),
            }
        })
        .collect();
    check_smart_issuers(index, smart.as_ref(), &tenants, mistakes);
    let has_pseudonyms = match tenants.as_slice() {
        [] => pseudonym_key.is_some(),
        tenants => tenants.iter().all(|tenant| tenant.pseudonym_key.is_some()),
    };
    for (name, days) in [
        ("once_within_days", typed.once_within_days),
        ("snooze_days", typed.snooze_days),
    ] {
        if days > 0 && !(has_store && has_pseudonyms) {
            mistakes.add(
                at(name),
                "what was shown before is remembered only with store_url and pseudonym_key: set both, or 0 here",
            );
        }
    }
    Client {
        name: typed.name,
        issuer: typed.issuer,
        audience: (!typed.audience.is_empty()).then_some(typed.audience),
        keys,
        algorithms: typed.algorithms,
        replay_allowed,
        leeway_seconds: typed.leeway_seconds,
        max_token_lifetime_seconds: typed.max_token_lifetime_seconds,
        fetching: Fetching {
            is_on: !is_off,
            bases,
            version: typed.fhir_version,
            anonymous: typed.anonymous_fhir,
            backend,
            allow_http: typed.allow_http,
            allow_private_networks: networks,
            ca_file: path(typed.ca_file),
            client_cert_file,
            client_key_file,
            max_pages: typed.max_pages,
            max_bytes: typed.max_fetched_bytes,
        },
        smart,
        mode: if is_shadow { Mode::Shadow } else { Mode::Live },
        services: (!typed.services.is_empty()).then_some(typed.services),
        services_off: typed.services_off,
        display: DisplayRules {
            classes,
            once_within_days: (typed.once_within_days > 0).then_some(typed.once_within_days),
            snooze: (typed.snooze_days > 0).then_some(Snooze {
                days: typed.snooze_days,
                reasons: typed.snooze_reasons,
            }),
        },
        advice,
        pseudonym_key,
        tenants,
    }
}

/// With tenants, each issuer is the one of exactly one tenant: its rules answer who launches there.
fn check_smart_issuers(
    index: usize,
    smart: Option<&Registration>,
    tenants: &[Tenant],
    mistakes: &mut Mistakes,
) {
    let issuers = smart.map_or(&[][..], |smart| &smart.issuers);
    for (number, tenant) in tenants.iter().enumerate() {
        for issuer in &tenant.smart_issuers {
            if !issuers.contains(issuer) {
                mistakes.add(
                    format!("clients.{index}.tenants.{number}.smart_issuers"),
                    format!("{issuer} is not in smart.issuers of the client"),
                );
            }
        }
    }
    for issuer in issuers.iter().filter(|_| !tenants.is_empty()) {
        let owners = tenants
            .iter()
            .filter(|tenant| tenant.smart_issuers.contains(issuer));
        if owners.count() != 1 {
            mistakes.add(
                format!("clients.{index}.smart.issuers"),
                format!("{issuer} must be in smart_issuers of one tenant, and of no other"),
            );
        }
    }
}

/// What a client or a tenant may set for itself.
struct Overrides {
    max_pet_age_days: Option<i32>,
    undocumented_recurrence: Option<String>,
    language: Option<String>,
    terminology_folder: Option<String>,
    model: Option<String>,
}

fn advise(
    at: &dyn Fn(&str) -> String,
    defaults: &Advice,
    overrides: Overrides,
    mistakes: &mut Mistakes,
) -> Advice {
    let mut advice = defaults.clone();
    if let Some(days) = overrides.max_pet_age_days {
        check_days(at("max_pet_age_days"), days, mistakes);
        advice.rules.max_pet_age_days = days;
    }
    if let Some(text) = overrides.undocumented_recurrence {
        advice.rules.undocumented_recurrence_is_absent =
            recurrence(at("undocumented_recurrence"), &text, mistakes);
    }
    if let Some(language) = overrides.language {
        advice.content.language = language;
    }
    if let Some(folder) = overrides.terminology_folder {
        advice.content.terminology_folder = path(folder);
    }
    if let Some(file) = overrides.model {
        advice.content.model = path(file);
    }
    advice
}

/// Whether the second of two words was chosen.
fn choice(setting: String, text: &str, words: [&str; 2], mistakes: &mut Mistakes) -> bool {
    if !words.contains(&text) {
        mistakes.add(
            setting,
            format!("expected {:?} or {:?}", words[0], words[1]),
        );
    }
    text == words[1]
}

fn web_address(
    setting: String,
    text: &str,
    allow_http: bool,
    mistakes: &mut Mistakes,
) -> Option<Url> {
    match Url::parse(text) {
        Ok(url) if url.scheme() == "https" || (allow_http && url.scheme() == "http") => Some(url),
        _ => {
            mistakes.add(
                setting,
                "expected an https:// address (http:// only with allow_http = true)",
            );
            None
        }
    }
}

fn keys(at: &dyn Fn(&str) -> String, typed: &typed::Client, mistakes: &mut Mistakes) -> Keys {
    let given = [&typed.jku, &typed.jwks, &typed.jwks_file]
        .into_iter()
        .filter(|text| !text.is_empty())
        .count();
    if given != 1 {
        mistakes.add(
            at("jku"),
            "give one of jku (address of the key set), jwks (the key set) and jwks_file",
        );
    }
    if !typed.jku.is_empty()
        && let Some(url) = web_address(at("jku"), &typed.jku, typed.allow_http, mistakes)
    {
        return Keys::Jku(url);
    }
    if !typed.jwks_file.is_empty() {
        return match std::fs::read_to_string(&typed.jwks_file) {
            Ok(text) => Keys::Static(text),
            Err(error) => {
                mistakes.add(
                    at("jwks_file"),
                    format!("{} cannot be read: {error}", typed.jwks_file),
                );
                Keys::Static(String::new())
            }
        };
    }
    Keys::Static(typed.jwks.clone())
}

fn backend(
    at: &dyn Fn(&str) -> String,
    typed: typed::BackendServices,
    allow_http: bool,
    mistakes: &mut Mistakes,
) -> Option<Backend> {
    let at = |name: &str| at(&format!("backend_services.{name}"));
    for (name, text) in [
        ("client_id", &typed.client_id),
        ("key_file", &typed.key_file),
        ("scope", &typed.scope),
    ] {
        if text.is_empty() {
            mistakes.add(at(name), "required with backend_services");
        }
    }
    if !["ES384", "RS384"].contains(&typed.algorithm.as_str()) {
        mistakes.add(at("algorithm"), "expected \"ES384\" or \"RS384\"");
    }
    Some(Backend {
        token_url: web_address(at("token_url"), &typed.token_url, allow_http, mistakes)?,
        client_id: typed.client_id,
        key_file: path(typed.key_file)?,
        kid: typed.kid,
        algorithm: typed.algorithm,
        scope: typed.scope,
    })
}
