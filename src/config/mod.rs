//! Settings: the commented defaults compiled in, then a file, the environment and flags; validated once, every mistake
//! told. And what the service knows ([`Knowledge`]): terminology, model, services and texts, from the binary or from folders.
//!
//! `typed` is what was typed, [`Settings`] what it means.

mod client;
mod content;
mod mistakes;
mod smart;
mod typed;

pub use client::{
    Backend, Client, DisplayRules, Fetching, Keys, LONGEST_SUPPRESSION_DAYS, Mode, Snooze, Tenant,
    client_settings,
};
pub use content::{
    FIXTURES_AS_OF, Knowledge, UnusableContent, fixtures, languages, margins, model_in_use,
    published, texts,
};
pub use mistakes::Mistake;

use crate::cds_hooks::card::Suggestions;
use crate::domain::rules;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use mistakes::Mistakes;
use secrecy::{ExposeSecret, SecretString};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use typed::Typed;
use url::Url;

/// The commented default configuration.
pub const DEFAULTS: &str = include_str!("default.toml");

/// Routes that a deployment may open to everybody, each with what lies below it.
pub const PUBLIC_ROUTES: [&str; 2] = [MODEL_ROUTE, OPENAPI_ROUTE];

/// The model facts.
pub const MODEL_ROUTE: &str = "/model";

/// What this server answers, as OpenAPI.
pub const OPENAPI_ROUTE: &str = "/openapi.json";

/// Settings that mean something: checked and ready to use.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the server listens.
    pub listen: SocketAddr,
    /// How clients reach it, without a slash at the end; none: by its address.
    pub external_url: Option<String>,
    /// Version of CDS Hooks in discovery.
    pub cds_hooks_version: String,
    /// Largest body in bytes after decompression.
    pub max_body_bytes: usize,
    /// Most hook calls at one time.
    pub max_concurrent_calls: usize,
    /// Longest time to send a request, or to keep an idle connection.
    pub client_timeout: Duration,
    /// Time for calls in flight when the process is told to stop.
    pub shutdown: Duration,
    /// Time for a hook call.
    pub deadline: Duration,
    /// Forward proxy for outgoing HTTP.
    pub proxy: Option<SecretString>,
    /// Database of feedback and shown cards.
    pub store_url: Option<SecretString>,
    /// Redis with the tokens already used.
    pub redis_url: Option<SecretString>,
    /// How callers are answered unless a client says otherwise.
    pub advice: Advice,
    /// Routes that need no token, of [`PUBLIC_ROUTES`].
    pub public_routes: Vec<String>,
    /// Origins of browser clients.
    pub cors: CorsOrigins,
    /// Languages whose translation no clinician has reviewed may be used.
    pub unreviewed_translations: bool,
    /// Comments in feedback are kept.
    pub store_comments: bool,
    /// Where metrics and readiness are served.
    pub metrics_listen: Option<SocketAddr>,
    /// TLS in the process.
    pub tls: Option<Tls>,
    /// How to log.
    pub log: Log,
    /// The audit trail.
    pub audit: Option<Audit>,
    /// Who may call. Empty: everybody, which `serve` accepts only with `--open`.
    pub clients: Vec<Client>,
}

/// How a caller is answered: what differs between clients and tenants.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice {
    /// The files behind the answer.
    pub content: Content,
    /// What the rules need.
    pub rules: rules::Settings,
    /// Which suggestions a card carries.
    pub suggestions: Suggestions,
    /// Whether a card tells the nomogram's probability; the answer beside it always does.
    pub probability_on_card: bool,
}

/// Which data files are used; none: as built in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The site's own terminology.
    pub terminology_folder: Option<PathBuf>,
    /// Replaces the model.
    pub model: Option<PathBuf>,
    /// Replaces the services.
    pub services_folder: Option<PathBuf>,
    /// Replaces the texts.
    pub texts_folder: Option<PathBuf>,
    /// Folder of the texts.
    pub language: String,
}

/// Which browser origins may read answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CorsOrigins {
    /// Every origin, without credentials: only the sandbox.
    Any,
    /// These.
    Listed(Vec<String>),
}

/// Certificate and key of the server, PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The chain.
    pub certificate_file: PathBuf,
    /// The key.
    pub key_file: PathBuf,
}

/// How to log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// JSON lines instead of text.
    pub json: bool,
    /// Least level that is written.
    pub level: String,
}

/// Where and how the audit trail is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// Folder.
    pub folder: PathBuf,
    /// File with the key.
    pub key_file: PathBuf,
    /// No answer without a line on disk.
    pub required: bool,
    /// Name of the chain.
    pub instance: String,
    /// Size at which a new file is begun.
    pub rotate_bytes: u64,
}

/// A configuration that the program must not start with.
#[derive(Debug, thiserror::Error)]
pub enum InvalidConfiguration {
    /// The file cannot be read.
    #[error("configuration file {0} cannot be read: {1}")]
    File(PathBuf, std::io::Error),
    /// The file is no TOML.
    #[error("configuration file {file}:{line}: {problem}")]
    Toml {
        /// File.
        file: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// Settings that cannot be meant, all of them.
    #[error("configuration: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  "))]
    Mistakes(Vec<Mistake>),
}

impl Settings {
    /// Whether a route of [`PUBLIC_ROUTES`] is open to everybody.
    pub fn is_public(&self, route: &str) -> bool {
        self.public_routes.iter().any(|public| public == route)
    }

    /// Reads defaults, file and environment.
    pub fn load(file: Option<&Path>) -> Result<Self, InvalidConfiguration> {
        Self::read_with(file, Some(Env::prefixed("RRDTC_").split("__")))
    }

    /// Reads defaults and file, whatever the environment says: for tests, whose own variables have our prefix.
    pub fn of_file(file: &Path) -> Result<Self, InvalidConfiguration> {
        Self::read_with(Some(file), None)
    }

    /// The same for the text of a file that is named `file` in what is told. Files that settings name are still read.
    pub fn of_text(file: &Path, text: &str) -> Result<Self, InvalidConfiguration> {
        Self::read_text(Some((file, text)), None)
    }

    fn read_with(
        file: Option<&Path>,
        environment: Option<Env>,
    ) -> Result<Self, InvalidConfiguration> {
        let Some(file) = file else {
            return Self::read_text(None, environment);
        };
        let text = std::fs::read_to_string(file)
            .map_err(|error| InvalidConfiguration::File(file.to_owned(), error))?;
        Self::read_text(Some((file, &text)), environment)
    }

    fn read_text(
        file: Option<(&Path, &str)>,
        environment: Option<Env>,
    ) -> Result<Self, InvalidConfiguration> {
        let mut figment = Figment::from(Toml::string(DEFAULTS));
        if let Some((path, text)) = file {
            if let Err(error) = toml_edit::ImDocument::parse(text) {
                let at = error.span().map_or(0, |span| span.start);
                return Err(InvalidConfiguration::Toml {
                    file: path.to_owned(),
                    line: text.as_bytes()[..at.min(text.len())]
                        .iter()
                        .filter(|byte| **byte == b'\n')
                        .count()
                        + 1,
                    problem: match error.message().trim() {
                        "" => "expected a value, or another name or table".to_owned(),
                        problem => problem.to_owned(),
                    },
                });
            }
            figment = figment.merge(Toml::string(text));
        }
        if let Some(environment) = environment {
            figment = figment.merge(environment);
        }
        Self::read(&figment, file)
    }

    /// The defaults with one setting replaced, for tests and tools.
    pub fn with(name: &str, value: impl serde::Serialize) -> Result<Self, InvalidConfiguration> {
        let figment = Figment::from(Toml::string(DEFAULTS)).merge(Serialized::default(name, value));
        Self::read(&figment, None)
    }

    fn read(figment: &Figment, file: Option<(&Path, &str)>) -> Result<Self, InvalidConfiguration> {
        let mut mistakes = Mistakes::default();
        let typed = extract(figment, &mut mistakes);
        let settings = typed.map(|typed| {
            let shapeless = std::mem::take(&mut mistakes.0);
            let settings = Self::validate(typed, &mut mistakes);
            mistakes.0.retain(|mistake| {
                !shapeless
                    .iter()
                    .any(|earlier| mistake.follows_from(earlier))
            });
            mistakes.0.splice(0..0, shapeless);
            settings
        });
        match settings {
            Some(settings) if mistakes.0.is_empty() => Ok(settings),
            _ => {
                if let Some((file, text)) = file {
                    mistakes.locate(file, text);
                }
                Err(InvalidConfiguration::Mistakes(mistakes.0))
            }
        }
    }

    fn validate(typed: Typed, mistakes: &mut Mistakes) -> Self {
        let external_url = typed.external_url.trim_end_matches('/').to_owned();
        let is_url = external_url.starts_with("https://") || external_url.starts_with("http://");
        if !external_url.is_empty() && !is_url {
            mistakes.add(
                "external_url",
                "expected an http:// or https:// address, or empty",
            );
        }
        if !typed.clients.is_empty() && external_url.is_empty() {
            mistakes.add(
                "external_url",
                "required with clients: it is the audience that their tokens must name",
            );
        }
        let parts: Vec<&str> = typed.cds_hooks_version.split('.').collect();
        if parts.len() != 3 || parts.iter().any(|part| part.parse::<u16>().is_err()) {
            mistakes.add("cds_hooks_version", "expected three numbers, such as 2.0.1");
        }
        for (name, is_zero) in [
            ("max_body_bytes", typed.max_body_bytes == 0),
            ("max_concurrent_calls", typed.max_concurrent_calls == 0),
            ("client_timeout_seconds", typed.client_timeout_seconds == 0),
            ("deadline_ms", typed.deadline_ms == 0),
            ("audit.rotate_bytes", typed.audit.rotate_bytes == 0),
        ] {
            if is_zero {
                mistakes.add(name, "expected at least 1");
            }
        }
        for (name, days) in [
            ("max_pet_age_days", typed.max_pet_age_days),
            ("max_negative_age_days", typed.max_negative_age_days),
        ] {
            check_days(name, days, mistakes);
        }
        for route in &typed.public_routes {
            if !PUBLIC_ROUTES.contains(&route.as_str()) {
                mistakes.add(
                    "public_routes",
                    format!("expected routes among {}", PUBLIC_ROUTES.join(", ")),
                );
            }
        }
        if typed
            .cors
            .origins
            .iter()
            .any(|origin| !origin.contains("://") || origin.ends_with('/'))
        {
            mistakes.add(
                "cors.origins",
                "expected origins such as https://ehr.example.org, without a path; \"*\" is not offered here",
            );
        }
        let advice = Advice {
            content: Content {
                terminology_folder: path(typed.terminology_folder),
                model: path(typed.model),
                services_folder: path(typed.services_folder),
                texts_folder: path(typed.texts_folder),
                language: typed.language,
            },
            rules: rules::Settings {
                max_pet_age_days: typed.max_pet_age_days,
                max_negative_age_days: typed.max_negative_age_days,
                undocumented_recurrence_is_absent: recurrence(
                    "undocumented_recurrence",
                    &typed.undocumented_recurrence,
                    mistakes,
                ),
            },
            suggestions: Suggestions {
                draft_pet: typed.suggestions.draft_pet,
                record_assessment: typed.suggestions.record_assessment,
            },
            probability_on_card: typed.probability_on_card,
        };
        let tls = match (path(typed.tls.certificate_file), path(typed.tls.key_file)) {
            (Some(certificate_file), Some(key_file)) => Some(Tls {
                certificate_file,
                key_file,
            }),
            (None, None) => None,
            _ => {
                mistakes.add(
                    "tls",
                    "needs both certificate_file and key_file, or neither",
                );
                None
            }
        };
        let required = match typed.audit.mode.as_str() {
            "required" => true,
            "best-effort" => false,
            _ => {
                mistakes.add("audit.mode", "expected \"required\" or \"best-effort\"");
                false
            }
        };
        let audit = match (path(typed.audit.folder), path(typed.audit.key_file)) {
            (Some(folder), Some(key_file)) => Some(Audit {
                folder,
                key_file,
                required,
                instance: typed.audit.instance,
                rotate_bytes: typed.audit.rotate_bytes,
            }),
            (None, None) => None,
            _ => {
                mistakes.add("audit", "needs both folder and key_file, or neither");
                None
            }
        };
        if !["text", "json"].contains(&typed.log.format.as_str()) {
            mistakes.add("log.format", "expected \"text\" or \"json\"");
        }
        if !["error", "warn", "info", "debug"].contains(&typed.log.level.as_str()) {
            mistakes.add(
                "log.level",
                "expected \"error\", \"warn\", \"info\" or \"debug\"",
            );
        }
        let has_smart = typed.clients.iter().any(|client| client.smart.is_some());
        if has_smart && external_url.starts_with("http://") {
            mistakes.add(
                "external_url",
                "must be https:// with clients.smart: browsers keep the cookie of a launch for nothing else",
            );
        }
        let has_store = !(typed.store_url.is_empty() && typed.store_url_file.is_empty());
        let clients = client::validate(typed.clients, &advice, has_store, mistakes);
        Self {
            listen: address("listen", &typed.listen, mistakes),
            external_url: (!external_url.is_empty()).then_some(external_url),
            cds_hooks_version: typed.cds_hooks_version,
            max_body_bytes: typed.max_body_bytes,
            max_concurrent_calls: typed.max_concurrent_calls,
            client_timeout: Duration::from_secs(typed.client_timeout_seconds),
            shutdown: Duration::from_secs(typed.shutdown_seconds),
            deadline: Duration::from_millis(typed.deadline_ms),
            proxy: proxy(typed.proxy, typed.proxy_file, mistakes),
            store_url: secret("store_url", typed.store_url, typed.store_url_file, mistakes),
            redis_url: secret("redis_url", typed.redis_url, typed.redis_url_file, mistakes),
            advice,
            public_routes: typed.public_routes,
            cors: CorsOrigins::Listed(typed.cors.origins),
            unreviewed_translations: typed.unreviewed_translations,
            store_comments: typed.feedback.store_comments,
            metrics_listen: (!typed.metrics.listen.is_empty())
                .then(|| address("metrics.listen", &typed.metrics.listen, mistakes)),
            tls,
            log: Log {
                json: typed.log.format == "json",
                level: typed.log.level,
            },
            audit,
            clients,
        }
    }
}

/// What was typed; every unknown setting and wrong type is told, not only the first, and the default takes its place so
/// that the others can be looked at too.
fn extract(figment: &Figment, mistakes: &mut Mistakes) -> Option<Typed> {
    let mut value: serde_json::Value = match figment.extract() {
        Ok(value) => value,
        Err(error) => {
            mistakes.add("", error.to_string());
            return None;
        }
    };
    let defaults: serde_json::Value = Figment::from(Toml::string(DEFAULTS)).extract().ok()?;
    loop {
        let error = match serde_path_to_error::deserialize::<_, Typed>(&value) {
            Ok(typed) => return Some(typed),
            Err(error) => error,
        };
        // Names may hold brackets, dots and slashes of their own, so the path is not taken apart as a text.
        let segments = error.path().iter().map(|segment| match segment {
            serde_path_to_error::Segment::Seq { index } => index.to_string(),
            segment => segment.to_string(),
        });
        let path: Vec<String> = segments.collect();
        mistakes.add(path.join("."), error.inner().to_string());
        let pointer = pointer(&path);
        if let (Some(wrong), Some(default)) =
            (value.pointer_mut(&pointer), defaults.pointer(&pointer))
            && wrong != default
        {
            *wrong = default.clone();
        } else if !remove(&mut value, &path) {
            return None;
        }
    }
}

/// JSON Pointer (RFC 6901) of a path.
fn pointer(path: &[String]) -> String {
    path.iter()
        .map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1")))
        .collect()
}

/// Takes a setting out; false when there is nothing to take out.
fn remove(value: &mut serde_json::Value, path: &[String]) -> bool {
    let Some((name, parents)) = path.split_last() else {
        return false;
    };
    match value.pointer_mut(&pointer(parents)) {
        Some(serde_json::Value::Object(members)) => members.remove(name).is_some(),
        Some(serde_json::Value::Array(items)) => match name.parse::<usize>() {
            Ok(index) if index < items.len() => {
                items.remove(index);
                true
            }
            _ => false,
        },
        _ => false,
    }
}

fn path(text: String) -> Option<PathBuf> {
    (!text.is_empty()).then(|| PathBuf::from(text))
}

fn address(setting: &str, text: &str, mistakes: &mut Mistakes) -> SocketAddr {
    text.parse().unwrap_or_else(|_| {
        mistakes.add(
            setting,
            "expected an address and port, such as 127.0.0.1:8080",
        );
        SocketAddr::from(([127, 0, 0, 1], 0))
    })
}

fn check_days(setting: impl Into<String>, days: i32, mistakes: &mut Mistakes) {
    if !(1..=36500).contains(&days) {
        mistakes.add(setting, "expected a number of days from 1 to 36500");
    }
}

/// Whether silence about recurrence counts as absent.
fn recurrence(setting: impl Into<String>, text: &str, mistakes: &mut Mistakes) -> bool {
    if !["unknown", "absent"].contains(&text) {
        mistakes.add(setting, "expected \"unknown\" or \"absent\"");
    }
    text == "absent"
}

fn proxy(value: String, file: String, mistakes: &mut Mistakes) -> Option<SecretString> {
    let proxy = secret("proxy", value, file, mistakes)?;
    let is_address = Url::parse(proxy.expose_secret())
        .is_ok_and(|url| url.scheme() == "http" && url.host().is_some());
    if !is_address {
        mistakes.add("proxy", "expected http://[user:password@]host:port");
    }
    Some(proxy)
}

/// A secret given as a value or as a file that holds it.
fn secret(
    setting: &str,
    value: String,
    file: String,
    mistakes: &mut Mistakes,
) -> Option<SecretString> {
    match (value.is_empty(), path(file)) {
        (true, None) => None,
        (false, None) => Some(SecretString::from(value)),
        (false, Some(_)) => {
            mistakes.add(
                setting,
                format!(
                    "give the value or {setting}_file, which names a file that holds it, not both"
                ),
            );
            None
        }
        (true, Some(file)) => match std::fs::read_to_string(&file) {
            Ok(text) => Some(SecretString::from(text.trim().to_owned())),
            Err(error) => {
                mistakes.add(
                    format!("{setting}_file"),
                    format!("{} cannot be read: {error}", file.display()),
                );
                None
            }
        },
    }
}
