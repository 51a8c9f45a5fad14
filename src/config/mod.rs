//! Settings: the commented defaults compiled in, then a file, the environment and flags; validated once. And what the
//! service knows ([`Knowledge`]): terminology, model, services and texts, from the binary or from folders.

mod content;

pub use content::{FIXTURES_AS_OF, Knowledge, UnusableContent, fixtures};

use crate::cds_hooks::card::Suggestions;
use crate::domain::rules;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The commented default configuration.
pub const DEFAULTS: &str = include_str!("default.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    listen: String,
    external_url: String,
    cds_hooks_version: String,
    max_body_bytes: usize,
    max_pet_age_days: i32,
    max_negative_age_days: i32,
    undocumented_recurrence: String,
    terminology_folder: String,
    model_file: String,
    services_folder: String,
    texts_folder: String,
    #[serde(deserialize_with = "secret")]
    store_url: SecretString,
    store_url_file: String,
    cors: Cors,
    suggestions: TypedSuggestions,
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TypedSuggestions {
    draft_pet: bool,
    record_assessment: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cors {
    origins: Vec<String>,
}

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
    /// What the rules need.
    pub rules: rules::Settings,
    /// The site's own terminology.
    pub terminology_folder: Option<PathBuf>,
    /// Replaces the model.
    pub model_file: Option<PathBuf>,
    /// Replaces the services.
    pub services_folder: Option<PathBuf>,
    /// Replaces the texts.
    pub texts_folder: Option<PathBuf>,
    /// Where feedback and shown cards are kept; none: nowhere.
    pub store: Option<StoreUrl>,
    /// Origins of browser clients.
    pub cors: CorsOrigins,
    /// Which suggestions a card carries.
    pub suggestions: Suggestions,
}

/// The store's URL, or the file that holds it. The file is read only by what opens the store, which may be its only reader.
#[derive(Debug, Clone)]
pub enum StoreUrl {
    /// `store_url`.
    Given(SecretString),
    /// `store_url_file`.
    InFile(PathBuf),
}

impl StoreUrl {
    /// The URL.
    pub fn read(&self) -> Result<SecretString, InvalidConfiguration> {
        match self {
            Self::Given(url) => Ok(url.clone()),
            Self::InFile(path) => std::fs::read_to_string(path)
                .map(|text| text.trim().into())
                .map_err(|error| InvalidConfiguration::SecretFile(path.clone(), error)),
        }
    }
}

/// Which browser origins may read answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CorsOrigins {
    /// Every origin, without credentials: only the sandbox.
    Any,
    /// These.
    Listed(Vec<String>),
}

/// A configuration that the program must not start with.
#[derive(Debug, thiserror::Error)]
pub enum InvalidConfiguration {
    /// The file cannot be read.
    #[error("configuration file {0} cannot be read: {1}")]
    File(PathBuf, std::io::Error),
    /// A file that a `*_file` setting names cannot be read.
    #[error("secret file {0} cannot be read: {1}")]
    SecretFile(PathBuf, std::io::Error),
    /// Two settings that exclude each other.
    #[error("configuration: {0} and {1} are both set; one of them must be empty")]
    Both(&'static str, &'static str),
    /// Unknown setting or wrong type.
    #[error("configuration: {0}")]
    Figment(Box<figment::Error>),
    /// A value that cannot be meant.
    #[error("configuration: {name} = {value:?}: {expected}")]
    Value {
        /// Setting.
        name: &'static str,
        /// Value.
        value: String,
        /// What is expected.
        expected: &'static str,
    },
}

impl Settings {
    /// Reads defaults, file and environment.
    pub fn load(file: Option<&Path>) -> Result<Self, InvalidConfiguration> {
        let mut figment = Figment::from(Toml::string(DEFAULTS));
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|error| InvalidConfiguration::File(path.to_owned(), error))?;
            figment = figment.merge(Toml::string(&text));
        }
        // RRDTC_LOG is the log's filter, RRDTC_REQUIRE_... speak to the tests: no settings.
        let environment = Env::prefixed("RRDTC_")
            .filter(|name| name != "log" && !name.starts_with("require_"))
            .split("__");
        let figment = figment.merge(environment);
        Self::validate(
            figment
                .extract()
                .map_err(|error| InvalidConfiguration::Figment(Box::new(error)))?,
        )
    }

    /// The defaults with one setting replaced, for tests and tools.
    pub fn with(name: &str, value: impl serde::Serialize) -> Result<Self, InvalidConfiguration> {
        let figment = Figment::from(Toml::string(DEFAULTS)).merge(Serialized::default(name, value));
        Self::validate(
            figment
                .extract()
                .map_err(|error| InvalidConfiguration::Figment(Box::new(error)))?,
        )
    }

    fn validate(typed: Typed) -> Result<Self, InvalidConfiguration> {
        let value = |name, value: String, expected| InvalidConfiguration::Value {
            name,
            value,
            expected,
        };
        let folder = |text: String| (!text.is_empty()).then(|| PathBuf::from(text));
        let external_url = typed.external_url.trim_end_matches('/').to_owned();
        let is_url = external_url.starts_with("https://") || external_url.starts_with("http://");
        if !external_url.is_empty() && !is_url {
            return Err(value(
                "external_url",
                external_url,
                "an http:// or https:// address, or empty",
            ));
        }
        let is_version = typed.cds_hooks_version.split('.').count() == 3
            && typed
                .cds_hooks_version
                .split('.')
                .all(|part| part.parse::<u16>().is_ok());
        if !is_version {
            return Err(value(
                "cds_hooks_version",
                typed.cds_hooks_version,
                "three numbers, such as 2.0.1",
            ));
        }
        if typed.max_body_bytes == 0 {
            return Err(value("max_body_bytes", "0".into(), "at least 1"));
        }
        for (name, days) in [
            ("max_pet_age_days", typed.max_pet_age_days),
            ("max_negative_age_days", typed.max_negative_age_days),
        ] {
            if !(1..=36500).contains(&days) {
                return Err(value(
                    name,
                    days.to_string(),
                    "a number of days from 1 to 36500",
                ));
            }
        }
        if let Some(origin) = typed
            .cors
            .origins
            .iter()
            .find(|origin| !origin.contains("://") || origin.ends_with('/'))
        {
            return Err(value(
                "cors.origins",
                origin.clone(),
                "origins such as https://ehr.example.org, without a path; \"*\" is not offered here",
            ));
        }
        let store = match (
            typed.store_url.expose_secret().is_empty(),
            folder(typed.store_url_file),
        ) {
            (true, None) => None,
            (true, Some(file)) => Some(StoreUrl::InFile(file)),
            (false, None) => Some(StoreUrl::Given(typed.store_url)),
            (false, Some(_)) => {
                return Err(InvalidConfiguration::Both("store_url", "store_url_file"));
            }
        };
        Ok(Self {
            listen: typed.listen.parse().map_err(|_| {
                value(
                    "listen",
                    typed.listen.clone(),
                    "an address and port, such as 127.0.0.1:8080",
                )
            })?,
            external_url: (!external_url.is_empty()).then_some(external_url),
            cds_hooks_version: typed.cds_hooks_version,
            max_body_bytes: typed.max_body_bytes,
            rules: rules::Settings {
                max_pet_age_days: typed.max_pet_age_days,
                max_negative_age_days: typed.max_negative_age_days,
                undocumented_recurrence_is_absent: match typed.undocumented_recurrence.as_str() {
                    "unknown" => false,
                    "absent" => true,
                    _ => {
                        return Err(value(
                            "undocumented_recurrence",
                            typed.undocumented_recurrence,
                            "\"unknown\" or \"absent\"",
                        ));
                    }
                },
            },
            terminology_folder: folder(typed.terminology_folder),
            model_file: folder(typed.model_file),
            services_folder: folder(typed.services_folder),
            texts_folder: folder(typed.texts_folder),
            store,
            cors: CorsOrigins::Listed(typed.cors.origins),
            suggestions: Suggestions {
                draft_pet: typed.suggestions.draft_pet,
                record_assessment: typed.suggestions.record_assessment,
            },
        })
    }
}
