//! Service definitions: files in `cds-hooks/services/`, and the discovery document made of them.

use super::hook::Hook;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One service as its file says.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Service {
    /// The hook that it answers.
    pub hook: String,
    /// Path segment under `/cds-services/`.
    pub id: String,
    /// Short name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it does.
    pub description: String,
    /// What a client must provide.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage_requirements: Option<String>,
    /// Prefetch key to query template.
    pub prefetch: BTreeMap<String, String>,
    /// What its cards link to: everything that there is, unless the file says less. No matter of discovery.
    #[serde(default = "CardLink::all", skip_serializing)]
    pub card_links: Vec<CardLink>,
}

/// Where a card may lead.
#[derive(Debug, Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum CardLink {
    /// The source study.
    Paper,
    /// The page about the model, where callers can read it.
    ModelFacts,
    /// The SMART app, where the client has one.
    SmartApp,
}

impl CardLink {
    fn all() -> Vec<Self> {
        vec![Self::Paper, Self::ModelFacts, Self::SmartApp]
    }
}

/// A service file that the server must not start with.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidService {
    /// No JSON of this shape.
    #[error("service file {file} cannot be read: {problem}")]
    Unreadable {
        /// File.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// The id would not survive in a URL.
    #[error("service file {file}: id {id:?} must consist of letters, digits, '-', '.' and '_'")]
    Id {
        /// File.
        file: String,
        /// Id.
        id: String,
    },
    /// A template outside the subset that every 2.0.1 client understands.
    #[error("service file {file}: prefetch {key}: {problem}")]
    Template {
        /// File.
        file: String,
        /// Prefetch key.
        key: String,
        /// What is wrong.
        problem: String,
    },
    /// Two files with one id and hook.
    #[error("two service files define {id} for {hook}")]
    Twice {
        /// Id.
        id: String,
        /// Hook.
        hook: String,
    },
}

/// Tokens that every CDS Hooks 2.0.1 client resolves for the hooks that we answer.
const TOKENS: [&str; 3] = ["context.patientId", "context.userId", "context.encounterId"];

impl Service {
    /// Reads and checks a service file.
    pub fn parse(file: &str, text: &str) -> Result<Self, InvalidService> {
        let service: Self =
            serde_json::from_str(text).map_err(|error| InvalidService::Unreadable {
                file: file.into(),
                problem: error.to_string(),
            })?;
        let is_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if service.id.is_empty() || !service.id.chars().all(is_safe) {
            return Err(InvalidService::Id {
                file: file.into(),
                id: service.id,
            });
        }
        let template = |key: &str, problem: String| InvalidService::Template {
            file: file.into(),
            key: key.into(),
            problem,
        };
        for (key, query) in &service.prefetch {
            let name = resource_type(query);
            if !name.chars().next().is_some_and(|c| c.is_ascii_uppercase()) {
                return Err(template(
                    key,
                    format!("{query:?} must begin with a resource type"),
                ));
            }
            let mut rest = query.as_str();
            while let Some((_, after)) = rest.split_once("{{") {
                let Some((token, tail)) = after.split_once("}}") else {
                    return Err(template(key, format!("{query:?} holds an open {{{{")));
                };
                if !TOKENS.contains(&token.trim()) {
                    return Err(template(
                        key,
                        format!("token {token:?} is not one that every 2.0.1 client resolves"),
                    ));
                }
                rest = tail;
            }
        }
        for needed in ["Patient", "Condition"] {
            if service.key_of(needed).is_none() {
                return Err(template(
                    "prefetch",
                    format!("no key asks for {needed}, without which nothing can be answered"),
                ));
            }
        }
        Ok(service)
    }

    /// Whether it speaks only when draft orders ask for radioiodine.
    pub fn needs_orders(&self) -> bool {
        Hook::of(&self.hook).orders.is_some()
    }

    /// The prefetch key whose template asks for a resource type.
    pub fn key_of(&self, name: &str) -> Option<&str> {
        self.prefetch
            .iter()
            .find(|(_, query)| resource_type(query) == name)
            .map(|(key, _)| key.as_str())
    }
}

/// The resource type that a template asks for.
pub fn resource_type(template: &str) -> &str {
    template.split(['?', '/']).next().unwrap_or(template)
}

/// The discovery document.
#[derive(Debug, Serialize)]
pub struct Discovery<'a> {
    /// Every service.
    pub services: Vec<Advertised<'a>>,
}

/// A service with the version of CDS Hooks that it speaks.
#[derive(Debug, Serialize)]
pub struct Advertised<'a> {
    /// The definition.
    #[serde(flatten)]
    pub service: &'a Service,
    /// Version of CDS Hooks, semver.
    pub version: &'a str,
}
