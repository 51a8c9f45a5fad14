//! What a call lacks is read from its FHIR server.

use super::metrics;
use crate::cds_hooks::request::HookRequest;
use crate::cds_hooks::service::Service;
use crate::chart::input::{Fetched, Lacking, Prefetched};
use crate::fhir::client::{FhirServer, Observer, Reading, Start, Wanted};
use crate::fhir::fetched::{self, FailureReason, Outcome};
use crate::fhir::query::fill;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use url::Url;

/// What was read, by prefetch key.
pub type Read = BTreeMap<String, fetched::Fetched>;

/// Whose records are read, where, and with what.
#[derive(Debug, Clone, Copy)]
pub struct Whose<'a> {
    /// FHIR base.
    pub base: &'a str,
    /// Id of the patient.
    pub patient_id: &'a str,
    /// User of a call.
    pub user_id: Option<&'a str>,
    /// Encounter of a call.
    pub encounter_id: Option<&'a str>,
    /// Access token.
    pub token: Option<&'a SecretString>,
    /// The patient that the token is for, where it is for one.
    pub token_patient: Option<&'a str>,
    /// When the token ends.
    pub token_expires_at: Option<Instant>,
}

impl<'a> Whose<'a> {
    /// Of a hook call; none when it names no FHIR server.
    pub fn of_call<P>(request: &'a HookRequest<'_, P>, received_at: Instant) -> Option<Self> {
        let authorization = request.fhir_authorization.as_ref();
        Some(Self {
            base: request.fhir_server.as_deref()?,
            patient_id: &request.patient_id,
            user_id: request.user_id.as_deref(),
            encounter_id: request.encounter_id.as_deref(),
            token: authorization.map(|authorization| &authorization.access_token),
            token_patient: authorization.and_then(|authorization| authorization.patient.as_deref()),
            token_expires_at: authorization.and_then(|authorization| {
                received_at.checked_add(Duration::from_secs(authorization.expires_in))
            }),
        })
    }
}

/// Reads what the keys lack, all at the same time, until the deadline.
pub async fn read(
    server: &FhirServer,
    service: &Service,
    whose: Whose<'_>,
    keys: &[Prefetched<'_>],
    deadline: Instant,
) -> Read {
    let failed = |reason| fetched::Fetched {
        pages: Vec::new(),
        outcome: Outcome::Failed(reason),
        took: Duration::ZERO,
    };
    let values = |token: &str| match token.trim() {
        "context.patientId" => Some(whose.patient_id),
        "context.userId" => whose.user_id,
        "context.encounterId" => whose.encounter_id,
        _ => None,
    };
    let mut read = Read::new();
    let mut wanted = Vec::new();
    for key in keys {
        let start = match key.lacking() {
            None => continue,
            Some(Lacking::PagesAfter(link)) => Start::Next(link),
            Some(Lacking::Everything) => {
                match service
                    .prefetch
                    .get(key.key)
                    .and_then(|template| fill(template, &values))
                {
                    Some(query) => Start::Query(query),
                    None => {
                        read.insert(key.key.to_owned(), failed(FailureReason::Rejected));
                        continue;
                    }
                }
            }
        };
        wanted.push(Wanted {
            key: key.key.to_owned(),
            start,
        });
    }
    // A token for one patient is never used to ask for another.
    let is_for_another = whose
        .token_patient
        .is_some_and(|patient| patient.trim_start_matches("Patient/") != whose.patient_id);
    let refused = match Url::parse(whose.base) {
        Err(_) => Err(FailureReason::RefusedBase),
        Ok(_) if is_for_another => Err(FailureReason::NoAuthorisation),
        Ok(base) => Ok(base),
    };
    match refused {
        Err(reason) => {
            read.extend(
                wanted
                    .into_iter()
                    .map(|wanted| (wanted.key, failed(reason))),
            );
        }
        Ok(base) => {
            let reading = Reading {
                base: &base,
                token: whose.token,
                token_expires_at: whose.token_expires_at,
                deadline,
            };
            read.extend(server.read(reading, wanted).await);
        }
    }
    read
}

/// Puts what was read beside what was sent.
pub fn add<'a>(keys: &mut [Prefetched<'a>], read: &'a Read) {
    for key in keys {
        key.fetched = read.get(key.key).map(|fetched| Fetched {
            pages: fetched.pages.iter().map(AsRef::as_ref).collect(),
            failure: match fetched.outcome {
                Outcome::Complete => None,
                Outcome::Incomplete(reason) | Outcome::Failed(reason) => Some(reason.as_str()),
            },
        });
    }
}

/// FHIR requests as metrics.
pub struct MetricsOfFhir;

impl Observer for MetricsOfFhir {
    fn requested(&self, server: &str, outcome: &'static str, took: Duration) {
        metrics::fhir(server, outcome, took);
    }
}
