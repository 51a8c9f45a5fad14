//! One prefetch key read to its end: requests with retries, pages one after another, until the last or the deadline.

use super::bases::{Bases, below, linked};
use super::breaker::Breaker;
use super::bundle::{Bundle, Content, split};
use super::client::{Observer, ReadLimits, Start};
use super::fetched::{FailureReason, Outcome};
use crate::outbound::{Budget, Limits, Outbound, OutboundError};
use backon::{BackoffBuilder, ExponentialBuilder};
use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use serde_json::value::RawValue;
use std::collections::HashSet;
use std::time::{Duration, Instant};
use url::Url;

/// First wait before a retry; each further one doubles it, and up to as much again is added by chance.
const FIRST_RETRY: Duration = Duration::from_millis(40);
/// A request ends so long before its key's deadline, so that its end is seen and counted before all is dropped.
const MARGIN: Duration = Duration::from_millis(2);

/// What all keys of one call share.
pub(super) struct Reader<'s> {
    pub server: &'s str,
    pub outbound: &'s Outbound,
    pub observer: &'s dyn Observer,
    pub bases: &'s Bases,
    pub breaker: &'s Breaker,
    pub limits: &'s ReadLimits,
    pub base: &'s Url,
    pub authorization: Option<HeaderValue>,
    pub budget: Budget,
    /// When reading ends, and the reason for what is not there then: the deadline, or the end of the token.
    pub until: Instant,
    pub late: FailureReason,
}

/// A request without a usable answer.
struct Failure {
    reason: FailureReason,
    may_retry: bool,
    retry_after: Option<Duration>,
}

impl From<FailureReason> for Failure {
    fn from(reason: FailureReason) -> Self {
        Self {
            reason,
            may_retry: false,
            retry_after: None,
        }
    }
}

impl Reader<'_> {
    /// Reads a key. Pages that came are kept whatever happens after them.
    pub(super) async fn read(&self, start: &Start) -> (Vec<Box<RawValue>>, Outcome) {
        let mut pages = Vec::new();
        let until = tokio::time::Instant::from_std(self.until);
        let end = tokio::time::timeout_at(until, self.follow(start, &mut pages))
            .await
            .unwrap_or(Err(self.late));
        let outcome = match end {
            Ok(None) => Outcome::Complete,
            Ok(Some(reason)) => Outcome::Incomplete(reason),
            Err(reason) if pages.is_empty() => Outcome::Failed(reason),
            Err(reason) => Outcome::Incomplete(reason),
        };
        (pages, outcome)
    }

    /// Follows the pages to the last; the value is what is amiss with pages that are all there.
    async fn follow(
        &self,
        start: &Start,
        pages: &mut Vec<Box<RawValue>>,
    ) -> Result<Option<FailureReason>, FailureReason> {
        let (mut url, expected) = match start {
            Start::Query(query) => {
                let url = below(self.base, query).ok_or(FailureReason::RefusedBase)?;
                (
                    self.inside(url, FailureReason::RefusedBase)?,
                    expected_type(query),
                )
            }
            Start::Next(link) => (self.next_page(link)?, "Bundle"),
        };
        let mut read = HashSet::new();
        let mut bytes_left = self.limits.max_bytes_per_key;
        let mut amiss = None;
        loop {
            if pages.len() >= self.limits.max_pages {
                return Err(FailureReason::TooManyPages);
            }
            let body = self.request(&url, bytes_left).await?;
            bytes_left = bytes_left.saturating_sub(body.len());
            let page = json(body).ok_or(FailureReason::NotFhirJson)?;
            let next = match split(&page) {
                Content::Bundle(bundle) if expected == "Bundle" => {
                    amiss = what_is_amiss(&bundle)?.or(amiss);
                    // A next link without a readable URL leads nowhere, which is refused like any other such place.
                    bundle
                        .has_next
                        .then(|| self.next_page(bundle.next.as_deref().unwrap_or("")))
                }
                Content::Resource { resource_type, .. } if resource_type == expected => None,
                Content::OperationOutcome => return Err(FailureReason::OutcomeInsteadOfEntries),
                _ => return Err(FailureReason::WrongType),
            };
            pages.push(page);
            let Some(next) = next else {
                return Ok(amiss);
            };
            read.insert(std::mem::replace(&mut url, next?));
            if read.contains(&url) {
                return Err(FailureReason::RepeatedLink);
            }
        }
    }

    fn next_page(&self, link: &str) -> Result<Url, FailureReason> {
        let url = Some(link)
            .filter(|link| !link.is_empty())
            .and_then(|link| linked(self.base, link))
            .ok_or(FailureReason::RefusedLink)?;
        self.inside(url, FailureReason::RefusedLink)
    }

    fn inside(&self, url: Url, refusal: FailureReason) -> Result<Url, FailureReason> {
        self.bases.position(&url).map(|_| url).ok_or(refusal)
    }

    /// One page, with the retries that fit.
    async fn request(&self, url: &Url, max_bytes: usize) -> Result<Bytes, FailureReason> {
        let mut waits = ExponentialBuilder::default()
            .with_min_delay(FIRST_RETRY)
            .with_max_times(self.limits.retries)
            .with_jitter()
            .build();
        let mut earlier = None;
        loop {
            let failure = match self.attempt(url, max_bytes).await {
                Ok(body) => return Ok(body),
                // What opened the circuit says more than that it is open.
                Err(failure) if failure.reason == FailureReason::CircuitOpen => {
                    return Err(earlier.unwrap_or(failure.reason));
                }
                Err(failure) => failure,
            };
            let wait = waits.next().filter(|_| failure.may_retry);
            let wait = wait.map(|wait| wait.max(failure.retry_after.unwrap_or_default()));
            match wait {
                Some(wait) if Instant::now() + wait + MARGIN < self.until => {
                    tokio::time::sleep(wait).await;
                }
                _ => return Err(failure.reason),
            }
            earlier = Some(failure.reason);
        }
    }

    async fn attempt(&self, url: &Url, max_bytes: usize) -> Result<Bytes, Failure> {
        let started = Instant::now();
        let left = self
            .until
            .saturating_duration_since(started)
            .saturating_sub(MARGIN);
        if left.is_zero() {
            return Err(self.late.into());
        }
        let admission = self
            .breaker
            .admit(started)
            .ok_or(FailureReason::CircuitOpen)?;
        let mut headers =
            HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/fhir+json"))]);
        if let Some(authorization) = &self.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        let limits = Limits {
            max_bytes,
            shared: Some(&self.budget),
            timeout: left.min(self.limits.request_timeout),
        };
        let result = match self.outbound.get(url, headers, limits).await {
            Ok(answer) => match FailureReason::of_status(answer.status) {
                None => Ok(answer.body),
                Some(reason) => Err(Failure {
                    reason,
                    may_retry: matches!(answer.status, 429 | 502 | 503 | 504),
                    retry_after: answer.retry_after,
                }),
            },
            Err(OutboundError::Timeout) if left <= self.limits.request_timeout => {
                Err(self.late.into())
            }
            Err(error) => Err(Failure {
                may_retry: error == OutboundError::Connection,
                ..FailureReason::from(error).into()
            }),
        };
        let outcome = match &result {
            Ok(_) => "ok",
            Err(failure) => failure.reason.as_str(),
        };
        let took = started.elapsed();
        self.observer.requested(self.server, outcome, took);
        match result.as_ref().map_err(|failure| failure.reason) {
            Err(
                FailureReason::ServerError
                | FailureReason::Connection
                | FailureReason::Tls
                | FailureReason::Timeout
                | FailureReason::Deadline,
            ) => admission.failed(Instant::now()),
            // These say nothing about the health of the server.
            Err(
                FailureReason::TooManyRequests
                | FailureReason::TokenExpired
                | FailureReason::RefusedAddress
                | FailureReason::RefusedBase,
            ) => {}
            _ => admission.succeeded(),
        }
        result
    }
}

/// What is wrong with the content of a page; an error when nothing of it is worth keeping.
fn what_is_amiss(bundle: &Bundle<'_>) -> Result<Option<FailureReason>, FailureReason> {
    match (bundle.has_error, bundle.entries.is_empty()) {
        (true, true) => Err(FailureReason::OutcomeInsteadOfEntries),
        (true, false) => Ok(Some(FailureReason::OutcomeAmongEntries)),
        (false, _) if bundle.unreadable > 0 => Ok(Some(FailureReason::UnreadableEntries)),
        (false, _) => Ok(None),
    }
}

/// A search answers with a Bundle, a read with the resource.
fn expected_type(query: &str) -> &str {
    let path = query.split('?').next().unwrap_or_default();
    match path.split_once('/') {
        Some((resource_type, _)) => resource_type,
        None => "Bundle",
    }
}

/// The body as JSON, copied only when blanks stand around it.
fn json(body: Bytes) -> Option<Box<RawValue>> {
    let text = String::from_utf8(Vec::from(body)).ok()?;
    RawValue::from_string(text).ok()
}
