//! Reading from a FHIR server that behaves, and from many that do not.

mod answers;
mod paging;
mod reach;
mod timing;
mod tokens;
mod version;

use crate::misbehaving::{Authority, ConnectProxy, Misbehaving, Received, Reply, searchset};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use rrdtc::fhir::backend_token::{AssertionAlgorithm, BackendServices, InvalidKey};
use rrdtc::fhir::client::{
    Access, FhirServer, FhirServerSettings, InvalidFhirServer, Observer, ReadLimits, Reading,
    Start, Wanted,
};
use rrdtc::fhir::fetched::FailureReason::{self, *};
use rrdtc::fhir::fetched::Fetched;
use rrdtc::fhir::fetched::Outcome::{self, Complete, Failed, Incomplete};
use rrdtc::fhir::query::fill;
use rrdtc::fhir::release::Release;
use rrdtc::fhir::version::VersionProblem;
use rrdtc::outbound::{InvalidOutbound, Outbound, OutboundSettings};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};
use url::Url;

const CONDITIONS: &str = "Condition?patient=p1";
const TOKEN: &str = "token-of-the-call";
/// For what must come: far longer than it takes.
const AMPLE: Duration = Duration::from_secs(20);

fn loopback() -> OutboundSettings {
    OutboundSettings {
        allow_private_networks: vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()],
        allow_http: true,
        ..OutboundSettings::default()
    }
}

fn settings(base: Url) -> FhirServerSettings {
    FhirServerSettings {
        name: "ehr".to_owned(),
        bases: vec![base],
        access: Access::TokenOfCall,
        outbound: loopback(),
        limits: ReadLimits {
            retries: 0,
            request_timeout: AMPLE,
            ..ReadLimits::default()
        },
    }
}

fn fhir_server(settings: FhirServerSettings) -> FhirServer {
    FhirServer::new(settings, Arc::new(())).unwrap()
}

/// A call as most tests make it.
struct Call {
    base: Url,
    token: Option<SecretString>,
    token_life: Option<Duration>,
    within: Duration,
}

impl Call {
    fn to(base: &Url) -> Self {
        Self {
            base: base.clone(),
            token: Some(TOKEN.into()),
            token_life: None,
            within: AMPLE,
        }
    }

    fn without_token(base: &Url) -> Self {
        Self {
            token: None,
            ..Self::to(base)
        }
    }

    async fn read(&self, server: &FhirServer, queries: &[&str]) -> Vec<Fetched> {
        let starts = queries
            .iter()
            .map(|query| Start::Query((*query).to_owned()));
        self.read_from(server, starts.collect()).await
    }

    async fn read_from(&self, server: &FhirServer, starts: Vec<Start>) -> Vec<Fetched> {
        let now = Instant::now();
        let wanted: Vec<Wanted> = starts
            .into_iter()
            .enumerate()
            .map(|(at, start)| Wanted {
                key: format!("key-{at}"),
                start,
            })
            .collect();
        let keys: Vec<String> = wanted.iter().map(|wanted| wanted.key.clone()).collect();
        let reading = Reading {
            base: &self.base,
            token: self.token.as_ref(),
            token_expires_at: self.token_life.map(|life| now + life),
            deadline: now + self.within,
        };
        let (answered, fetched): (Vec<String>, Vec<Fetched>) =
            server.read(reading, wanted).await.into_iter().unzip();
        assert_eq!(answered, keys, "one entry for each key, in order");
        fetched
    }
}

fn outcomes(fetched: &[Fetched]) -> Vec<Outcome> {
    fetched.iter().map(|fetched| fetched.outcome).collect()
}

fn condition(id: &str) -> Value {
    json!({ "resourceType": "Condition", "id": id, "subject": { "reference": "Patient/p1" } })
}

fn one_condition() -> Reply {
    Reply::json(&searchset(&[condition("c1")], None))
}
