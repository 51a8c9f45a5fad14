//! Patients of other FHIR servers, where the start of the sandbox allowed them by `--allow-fhir`.
//!
//! They are read by the same client as in production: nothing outside of the allowed bases is contacted, and no private address
//! unless its network was allowed, too. Without tokens: a server that asks for one is told as such.

use super::asking::{Prefetch, searchset};
use crate::cds_hooks::service::{Service, resource_type};
use crate::fhir::bundle::{Content, split};
use crate::fhir::client::{
    Access, FhirServer, FhirServerSettings, InvalidFhirServer, ReadLimits, Reading, Start, Wanted,
};
use crate::fhir::fetched::{Fetched, Outcome};
use crate::fhir::query::fill;
use ipnet::IpNet;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::{Duration, Instant};
use url::Url;

/// People wait longer for a page than a card may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The servers that may be read.
pub struct Elsewhere {
    bases: Vec<Url>,
    server: FhirServer,
}

/// A server that cannot be allowed.
#[derive(Debug, thiserror::Error)]
pub enum UnusableServer {
    /// Its address.
    #[error(transparent)]
    Address(#[from] InvalidFhirServer),
}

/// What was read of a patient.
pub struct Read {
    /// By prefetch key; a key that could not be read is not there.
    pub prefetch: Prefetch,
    /// What could not be read or not whole: key and reason.
    pub failures: Vec<(String, &'static str)>,
}

impl Elsewhere {
    /// None when no server is allowed.
    pub fn new(bases: Vec<Url>, networks: Vec<IpNet>) -> Result<Option<Self>, UnusableServer> {
        if bases.is_empty() {
            return Ok(None);
        }
        let mut settings = FhirServerSettings {
            name: "allow-fhir".into(),
            bases: bases.clone(),
            access: Access::Anonymous,
            outbound: Default::default(),
            limits: ReadLimits {
                request_timeout: PATIENCE / 2,
                ..ReadLimits::default()
            },
        };
        // Who names an http:// server means it; nothing but the named servers is contacted.
        settings.outbound.allow_http = bases.iter().any(|base| base.scheme() == "http");
        settings.outbound.allow_private_networks = networks;
        let server = FhirServer::new(settings, Arc::new(()))?;
        Ok(Some(Self { bases, server }))
    }

    /// The addresses, in the order in which they were allowed.
    pub fn bases(&self) -> &[Url] {
        &self.bases
    }

    /// Reads what a service asks for of a patient.
    pub async fn read(&self, base: &Url, patient: &str, service: &Service) -> Read {
        let values = |token: &str| (token.trim() == "context.patientId").then_some(patient);
        let wanted: Vec<Wanted> = service
            .prefetch
            .iter()
            .filter_map(|(key, template)| {
                Some(Wanted {
                    key: key.clone(),
                    start: Start::Query(fill(template, &values)?),
                })
            })
            .collect();
        let reading = Reading {
            base,
            token: None,
            token_expires_at: None,
            deadline: Instant::now() + PATIENCE,
        };
        let mut read = Read {
            prefetch: Prefetch::new(),
            failures: Vec::new(),
        };
        for (key, fetched) in self.server.read(reading, wanted).await {
            let is_patient = service
                .prefetch
                .get(&key)
                .is_some_and(|template| resource_type(template) == "Patient");
            if let Outcome::Incomplete(reason) | Outcome::Failed(reason) = fetched.outcome {
                read.failures.push((key.clone(), reason.as_str()));
            }
            // Incomplete data are not passed off as complete: a key without value says that it was not read.
            if fetched.outcome == Outcome::Complete
                && let Some(json) = one_value(fetched, is_patient)
            {
                read.prefetch.insert(key, json);
            }
        }
        read
    }
}

/// The pages of a search as one; the resource of a read as it is.
fn one_value(mut fetched: Fetched, is_patient: bool) -> Option<Box<RawValue>> {
    if is_patient || fetched.pages.len() == 1 {
        return (!fetched.pages.is_empty()).then(|| fetched.pages.swap_remove(0));
    }
    let mut resources = Vec::new();
    for page in &fetched.pages {
        if let Content::Bundle(bundle) = split(page) {
            resources.extend(bundle.entries.into_iter().map(|entry| entry.json));
        }
    }
    Some(searchset(resources.into_iter()))
}
