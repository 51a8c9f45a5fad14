//! Key sets that are fetched: held in memory, renewed as they age, fetched again for a `kid` they lack.
//!
//! The rules, all by the `now` that the caller gives:
//! * fetched at the first need (or by `refresh`), and again once [`MAX_AGE`] old - in the background, while the keys that
//!   are held go on serving;
//! * a `kid` that the set lacks causes one fetch per [`UNKNOWN_KID_INTERVAL`], whatever the number of such tokens, and
//!   the tokens that came meanwhile wait for that one;
//! * after a failed fetch the next comes [`RETRY_AFTER_FAILURE`] later at the earliest;
//! * a set is served until it is [`SERVED_STALE_FOR`] old, then no longer. A key that the client withdraws is therefore
//!   believed up to [`MAX_AGE`] longer while its address answers, and up to [`SERVED_STALE_FOR`] while it does not. An
//!   answer without keys counts as withdrawal of all.

use super::keys::KeySet;
use jiff::{SignedDuration, Timestamp};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::OwnedMutexGuard;
use url::Url;

/// Age at which a set is fetched again.
pub const MAX_AGE: SignedDuration = SignedDuration::from_secs(600);
/// At most one fetch for unknown `kid`s in this time.
pub const UNKNOWN_KID_INTERVAL: SignedDuration = SignedDuration::from_secs(60);
/// No fetch for this long after one that failed.
pub const RETRY_AFTER_FAILURE: SignedDuration = SignedDuration::from_secs(5);
/// Age from which a set is not believed any more.
pub const SERVED_STALE_FOR: SignedDuration = SignedDuration::from_hours(24);
/// Longest wait for one fetch, besides any limit of the source.
pub const FETCH_TIMEOUT: Duration = Duration::from_secs(3);

/// Where key sets are fetched: the guarded HTTP client, or a stand-in in tests.
///
/// The implementation follows no redirect, and stops reading past [`super::MAX_JWKS_BYTES`] (a longer answer is refused
/// here too).
pub trait JwksSource: Send + Sync {
    /// The body of a 200 answer to a GET of `url`, which is always one of the configured addresses.
    fn fetch<'a>(
        &'a self,
        url: &'a Url,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, JwksUnavailable>> + Send + 'a>>;
}

/// A key set could not be fetched; the text is for the operator's log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct JwksUnavailable(pub String);

/// Why there is no key for a token.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoKeys {
    /// No set is held that is young enough.
    Unavailable,
    /// The set lacks this `kid`.
    UnknownKid,
}

/// The key set of one client.
pub(super) struct RemoteKeys {
    client: String,
    url: Url,
    source: Arc<dyn JwksSource>,
    held: RwLock<Held>,
    /// Held by whoever fetches: never two fetches at once.
    fetching: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct Held {
    set: Option<Arc<KeySet>>,
    fetched: Timestamp,
    failed: Option<Timestamp>,
    fetched_for_kid: Option<Timestamp>,
}

#[derive(Clone, Copy)]
enum Need {
    Aged,
    Kid,
}

impl RemoteKeys {
    pub(super) fn new(client: &str, url: Url, source: Arc<dyn JwksSource>) -> Self {
        Self {
            client: client.to_owned(),
            url,
            source,
            held: RwLock::default(),
            fetching: Arc::default(),
        }
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// The set that is held, unless it is too old.
    pub(super) fn current(&self, now: Timestamp) -> Option<Arc<KeySet>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.set
            .clone()
            .filter(|_| within(Some(held.fetched), SERVED_STALE_FOR, now))
    }

    /// The set with this `kid`, fetched when it must be and may be.
    pub(super) async fn set_with(
        self: &Arc<Self>,
        kid: &str,
        now: Timestamp,
    ) -> Result<Arc<KeySet>, NoKeys> {
        let need = match self.current(now) {
            Some(set) if set.get(kid).is_some() => {
                if self.due(Need::Aged, now)
                    && let Ok(sole) = Arc::clone(&self.fetching).try_lock_owned()
                {
                    tokio::spawn(Arc::clone(self).fetch(Need::Aged, now, sole));
                }
                return Ok(set);
            }
            Some(_) => Need::Kid,
            None => Need::Aged,
        };
        self.fetch_if_due(need, now).await;
        match self.current(now) {
            Some(set) if set.get(kid).is_some() => Ok(set),
            Some(_) => Err(NoKeys::UnknownKid),
            None => Err(NoKeys::Unavailable),
        }
    }

    /// Fetches the set when there is none or it has aged.
    pub(super) async fn refresh(self: &Arc<Self>, now: Timestamp) {
        self.fetch_if_due(Need::Aged, now).await;
    }

    async fn fetch_if_due(self: &Arc<Self>, need: Need, now: Timestamp) {
        if !self.due(need, now) {
            return;
        }
        let sole = Arc::clone(&self.fetching).lock_owned().await;
        // Whoever held the lock may just have fetched.
        if self.due(need, now) {
            // A task of its own, so that a caller who hangs up does not abort the fetch that others wait for. Its only
            // error is a panic of the source, after which there is no new set, as after any failure.
            let _ = tokio::spawn(Arc::clone(self).fetch(need, now, sole)).await;
        }
    }

    fn due(&self, need: Need, now: Timestamp) -> bool {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let wanted = match need {
            Need::Aged => held.set.is_none() || !within(Some(held.fetched), MAX_AGE, now),
            Need::Kid => !within(held.fetched_for_kid, UNKNOWN_KID_INTERVAL, now),
        };
        wanted && !within(held.failed, RETRY_AFTER_FAILURE, now)
    }

    async fn fetch(self: Arc<Self>, need: Need, now: Timestamp, _sole: OwnedMutexGuard<()>) {
        let answer = tokio::time::timeout(FETCH_TIMEOUT, self.source.fetch(&self.url)).await;
        let set = match answer {
            Err(_) => Err("no answer in time".to_owned()),
            Ok(Err(unavailable)) => Err(unavailable.to_string()),
            Ok(Ok(body)) => KeySet::parse(&body),
        };
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        if matches!(need, Need::Kid) {
            held.fetched_for_kid = Some(now);
        }
        match set {
            Ok(set) => {
                if !set.left_out.is_empty() {
                    tracing::warn!(client = self.client, jku = %self.url, left_out = ?set.left_out, "keys left out");
                }
                held.set = Some(Arc::new(set));
                held.fetched = now;
                held.failed = None;
            }
            Err(cause) => {
                held.failed = Some(now);
                tracing::warn!(client = self.client, jku = %self.url, cause, "key set not fetched");
            }
        }
    }
}

/// Whether `now` is less than `span` after `time`. A `time` that lies ahead (the clock was set back) does not count, so
/// that it can neither keep keys for ever nor stop fetches for ever.
fn within(time: Option<Timestamp>, span: SignedDuration, now: Timestamp) -> bool {
    time.is_some_and(|time| {
        let age = now.duration_since(time);
        age >= SignedDuration::ZERO && age < span
    })
}
