//! A configured FHIR server: reads what a call lacks, within limits and a deadline, from the configured bases only.
//!
//! [`FhirServer::read`] is the function to read first. Knows FHIR's REST interface as far as reads, searches and pages; knows
//! no prefetch key's meaning and no clinical content. Tokens of a call are used for it and dropped.

use super::backend_token::{BackendServices, BackendToken, InvalidKey};
use super::bases::{Bases, InvalidBase, below};
use super::breaker::Breaker;
use super::fetched::{FailureReason, Fetched, Outcome};
use super::paging::Reader;
use super::release::{Release, UnsupportedRelease};
use super::version::{VersionProblem, stated};
use crate::outbound::{Budget, InvalidOutbound, Limits, Outbound, OutboundSettings, bearer};
use futures_util::future::join_all;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use secrecy::SecretString;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use url::Url;

/// Bounds of reading `/metadata`, which no call waits for. Statements of 10 MB exist.
const METADATA: Limits<'static> = Limits {
    max_bytes: 32 << 20,
    shared: None,
    timeout: Duration::from_secs(20),
};

/// One client's FHIR server as configured.
#[derive(Debug, Clone)]
pub struct FhirServerSettings {
    /// Name in metrics.
    pub name: String,
    /// FHIR bases that calls may name. Nothing outside of them is read, whatever a call or a link says.
    pub bases: Vec<Url>,
    /// What to do when a call brings no token.
    pub access: Access,
    /// Certificates, proxy, networks.
    pub outbound: OutboundSettings,
    /// Bounds.
    pub limits: ReadLimits,
}

/// What to read with when a call brings no token. A token that comes with a call always goes first.
#[derive(Debug, Clone, Default)]
pub enum Access {
    /// Read nothing.
    #[default]
    TokenOfCall,
    /// Read without a token.
    Anonymous,
    /// Read with our own token.
    BackendServices(BackendServices),
}

/// Bounds of reading.
#[derive(Debug, Clone)]
pub struct ReadLimits {
    /// Pages of one key.
    pub max_pages: usize,
    /// Bytes of one key, inflated.
    pub max_bytes_per_key: usize,
    /// Bytes of all keys of a call, inflated, answers that failed included.
    pub max_bytes: usize,
    /// Time for one request with its answer.
    pub request_timeout: Duration,
    /// Further attempts of one request.
    pub retries: usize,
    /// Failures of a base in a row after which it is left alone.
    pub breaker_failures: u32,
    /// For how long it is left alone.
    pub breaker_open: Duration,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            max_pages: 20,
            max_bytes_per_key: 16 << 20,
            max_bytes: 32 << 20,
            request_timeout: Duration::from_millis(1_200),
            retries: 2,
            breaker_failures: 20,
            breaker_open: Duration::from_secs(10),
        }
    }
}

/// Settings with which no server can be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidFhirServer {
    /// A base is none.
    #[error(transparent)]
    Base(#[from] InvalidBase),
    /// The key for Backend Services.
    #[error(transparent)]
    Key(#[from] InvalidKey),
    /// Certificates, proxy.
    #[error(transparent)]
    Outbound(#[from] InvalidOutbound),
}

/// Told about each request, for metrics.
pub trait Observer: Send + Sync {
    /// A request to the named server ended: `ok` or a [`FailureReason::as_str`], and how long it took.
    fn requested(&self, server: &str, outcome: &'static str, took: Duration);
}

/// Nobody looks.
impl Observer for () {
    fn requested(&self, _: &str, _: &'static str, _: Duration) {}
}

/// What one hook call brings for reading.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'c> {
    /// `fhirServer`.
    pub base: &'c Url,
    /// `fhirAuthorization.access_token`.
    pub token: Option<&'c SecretString>,
    /// When `expires_in` of that token ends. It is not used after this: requests under way then are given up.
    pub token_expires_at: Option<Instant>,
    /// When the reading returns, with what has come.
    pub deadline: Instant,
}

/// A prefetch key to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The key.
    pub key: String,
    /// Where to begin.
    pub start: Start,
}

/// Where the reading of a key begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// At the beginning: a read or search relative to the base, filled by [`super::query::fill`].
    Query(String),
    /// Where the pages that were prefetched end: the link to the next page ([`super::bundle::Bundle::next`]).
    Next(String),
}

/// A FHIR server that can be read. One per configured client, shared by its calls.
pub struct FhirServer {
    name: String,
    bases: Bases,
    /// One for each base, in the same order.
    breakers: Vec<Breaker>,
    own: Own,
    outbound: Outbound,
    limits: ReadLimits,
    observer: Arc<dyn Observer>,
    versions: Mutex<Versions>,
}

/// Base without a slash at its end to the release that it stated.
type Versions = HashMap<String, Result<Release, UnsupportedRelease>>;

/// Bases whose release is kept. A configured base can be a prefix with many real ones below it.
const MAX_VERSIONS: usize = 1_000;

/// [`Access`] with its key read.
enum Own {
    Nothing,
    Anonymous,
    Token(Box<BackendToken>),
}

/// What goes into the header, and until when it may be used.
struct Authorization {
    header: Option<HeaderValue>,
    expires_at: Option<Instant>,
    is_own_token: bool,
}

impl FhirServer {
    /// Checks the settings and reads the files that they name. Contacts nobody.
    pub fn new(
        settings: FhirServerSettings,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, InvalidFhirServer> {
        let limits = settings.limits;
        let breaker = || Breaker::new(limits.breaker_failures, limits.breaker_open);
        Ok(Self {
            bases: Bases::new(&settings.bases)?,
            breakers: settings.bases.iter().map(|_| breaker()).collect(),
            own: match &settings.access {
                Access::TokenOfCall => Own::Nothing,
                Access::Anonymous => Own::Anonymous,
                Access::BackendServices(registration) => {
                    Own::Token(Box::new(BackendToken::new(registration)?))
                }
            },
            outbound: Outbound::new(&settings.outbound)?,
            name: settings.name,
            limits,
            observer,
            versions: Mutex::default(),
        })
    }

    /// Whether a URL lies inside one of the configured bases.
    pub fn allows(&self, url: &Url) -> bool {
        self.bases.position(url).is_some()
    }

    /// Whether a call without a token can be read for.
    pub fn reads_without_token(&self) -> bool {
        !matches!(self.own, Own::Nothing)
    }

    /// Reads every key, all at the same time, and returns by the deadline: with one entry for each key, in the order asked.
    pub async fn read(&self, call: Reading<'_>, wanted: Vec<Wanted>) -> Vec<(String, Fetched)> {
        let started = Instant::now();
        let failed = |reason| Fetched {
            pages: Vec::new(),
            outcome: Outcome::Failed(reason),
            took: started.elapsed(),
        };
        let (breaker, authorization) = match self.prepare(&call).await {
            Ok(prepared) => prepared,
            Err(reason) => {
                let nothing = wanted
                    .into_iter()
                    .map(|wanted| (wanted.key, failed(reason)));
                return nothing.collect();
            }
        };
        let expires_first = authorization
            .expires_at
            .filter(|expires_at| *expires_at < call.deadline);
        let reader = Reader {
            server: &self.name,
            outbound: &self.outbound,
            observer: self.observer.as_ref(),
            bases: &self.bases,
            breaker,
            limits: &self.limits,
            base: call.base,
            authorization: authorization.header,
            budget: Budget::new(self.limits.max_bytes),
            until: expires_first.unwrap_or(call.deadline),
            late: match expires_first {
                Some(_) => FailureReason::TokenExpired,
                None => FailureReason::Deadline,
            },
        };
        let reader = &reader;
        let read: Vec<(String, Fetched)> = join_all(wanted.into_iter().map(async |wanted| {
            let (pages, outcome) = reader.read(&wanted.start).await;
            let took = started.elapsed();
            (
                wanted.key,
                Fetched {
                    pages,
                    outcome,
                    took,
                },
            )
        }))
        .await;
        if let (true, Own::Token(own)) = (authorization.is_own_token, &self.own) {
            let refused = Outcome::Failed(FailureReason::Unauthorised);
            if read.iter().any(|(_, fetched)| fetched.outcome == refused) {
                own.forget();
            }
        }
        read
    }

    async fn prepare(
        &self,
        call: &Reading<'_>,
    ) -> Result<(&Breaker, Authorization), FailureReason> {
        let breaker = self
            .bases
            .position(call.base)
            .and_then(|position| self.breakers.get(position))
            .ok_or(FailureReason::RefusedBase)?;
        let authorization = match (call.token, &self.own) {
            (Some(token), _) => Authorization {
                header: Some(bearer(token).ok_or(FailureReason::NoAuthorisation)?),
                expires_at: call.token_expires_at,
                is_own_token: false,
            },
            (None, Own::Nothing) => return Err(FailureReason::NoAuthorisation),
            (None, Own::Anonymous) => Authorization {
                header: None,
                expires_at: None,
                is_own_token: false,
            },
            (None, Own::Token(own)) => {
                let deadline = tokio::time::Instant::from_std(call.deadline);
                let asked = own.token(&self.outbound, self.limits.request_timeout);
                let token = tokio::time::timeout_at(deadline, asked)
                    .await
                    .unwrap_or(Err(FailureReason::Deadline))?;
                Authorization {
                    header: Some(bearer(&token.secret).ok_or(FailureReason::TokenRefused)?),
                    expires_at: Some(token.expires_at),
                    is_own_token: true,
                }
            }
        };
        Ok((breaker, authorization))
    }

    /// The release that a base stated when it was last asked; none before. Never asks.
    pub fn known_version(&self, base: &Url) -> Option<Result<Release, UnsupportedRelease>> {
        self.versions().get(without_slash(base)).cloned()
    }

    /// The release of a base: as known, else asked for. Not for the path of a call.
    pub async fn metadata_version(&self, base: &Url) -> Result<Release, VersionProblem> {
        match self.known_version(base) {
            Some(known) => Ok(known?),
            None => self.ask_version(base).await,
        }
    }

    /// Asks every configured base for its release and keeps the answers; what was known stays when a base does not answer.
    /// For a background task.
    pub async fn check_version(&self) -> Vec<(Url, Result<Release, VersionProblem>)> {
        join_all(
            self.bases
                .iter()
                .map(async |base| (base.clone(), self.ask_version(base).await)),
        )
        .await
    }

    async fn ask_version(&self, base: &Url) -> Result<Release, VersionProblem> {
        let url = below(base, "metadata").filter(|url| self.allows(url));
        let url = url.ok_or(VersionProblem::Unknown(FailureReason::RefusedBase))?;
        let headers =
            HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/fhir+json"))]);
        let answer = self
            .outbound
            .get(&url, headers, METADATA)
            .await
            .map_err(|error| VersionProblem::Unknown(error.into()))?;
        if let Some(reason) = FailureReason::of_status(answer.status) {
            return Err(VersionProblem::Unknown(reason));
        }
        let known = match stated(&answer.body) {
            Ok(version) => Ok(version),
            Err(VersionProblem::Unsupported(refusal)) => Err(refusal),
            Err(problem) => return Err(problem),
        };
        let mut versions = self.versions();
        let name = without_slash(base);
        if versions.len() < MAX_VERSIONS || versions.contains_key(name) {
            versions.insert(name.to_owned(), known);
        }
        Ok(known?)
    }

    // Single statements change the map, so a panic elsewhere leaves nothing half done.
    fn versions(&self) -> MutexGuard<'_, Versions> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn without_slash(base: &Url) -> &str {
    base.as_str().trim_end_matches('/')
}
