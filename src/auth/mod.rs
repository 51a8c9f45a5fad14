//! Who may call: JSON Web Tokens (JWT) of CDS clients, by the CDS Hooks specification, "Trusting CDS Clients".
//!
//! Knows tokens, keys and the clients that the operator named. Knows no FHIR and nothing of the domain, and opens no
//! connection of its own but the one to Redis: key sets come through [`JwksSource`], so that the guarded HTTP client
//! stays the only way out. It writes no log line about a call; [`Refused`] is what the server counts and logs.
//!
//! Read [`Authenticator::authenticate`] first. The order of its checks is the one of the CDS Hooks best practices, with
//! the cheap ones before the signature and the one that leaves a trace (the used `jti`) last:
//!
//! 1. a Bearer token of at most [`MAX_TOKEN_BYTES`], three parts, JSON, `typ` JWT, every required claim there;
//! 2. `iss` is a configured client's; 3. `aud`; 4. `exp`, `nbf`, `iat` and the lifetime between; 5. `tenant`;
//! 6. the signature, by a key of that client's own set, with an algorithm that both the client and the key allow;
//! 7. `jti` not used before (when the client is [`Replay::Strict`]).
//!
//! What is read before the signature holds is an `UnverifiedToken`, whose claims serve only to refuse it or to find the
//! key; a [`Caller`] exists only after every check.
//!
//! Times in tokens are whole seconds. A fractional `exp`, `iat` or `nbf` (RFC 7519 allows one) is refused as malformed:
//! the CDS Hooks clients known to us send whole seconds, and one form less is one way less to read a time differently.

mod client;
mod jwks;
mod keys;
mod refused;
mod token;
mod used_tokens;

pub use client::{Algorithm, Keys, Replay, Tenants, TrustedClient};
pub use jwks::{
    FETCH_TIMEOUT, JwksSource, JwksUnavailable, MAX_AGE, RETRY_AFTER_FAILURE, SERVED_STALE_FOR,
    UNKNOWN_KID_INTERVAL,
};
pub use keys::{MAX_JWKS_BYTES, MAX_KEYS};
pub use refused::{InvalidKeys, RefusalReason, Refused};
pub use token::{MAX_NAME_BYTES, MAX_TOKEN_BYTES};
pub use used_tokens::{RedisAddressInvalid, StoreUnavailable, UsedTokens};

use jiff::Timestamp;
use jwks::{NoKeys, RemoteKeys};
use keys::KeySet;
use std::sync::Arc;
use token::UnverifiedToken;
use used_tokens::JtiUse;

/// Who called, after every check has passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Place of the client in the list that the [`Authenticator`] was made of.
    pub client: usize,
    /// Name of that client in the configuration: safe as a metric label.
    pub name: String,
    /// The `iss` claim, which is the client's configured issuer.
    pub issuer: String,
    /// The `tenant` claim, when the client's [`Tenants`] let one through.
    pub tenant: Option<String>,
}

/// Tells who called. One for all workers; made anew when the configuration is reloaded (with a clone of the same
/// [`UsedTokens`], so that a reload does not forget which tokens were used).
pub struct Authenticator {
    known: Vec<KnownClient>,
    used: UsedTokens,
}

struct KnownClient {
    client: TrustedClient,
    keys: KeySource,
}

enum KeySource {
    Pinned(Arc<KeySet>),
    Remote(Arc<RemoteKeys>),
}

impl Authenticator {
    /// Checks the clients and their pinned keys, and that the cryptographic backend verifies a known signature and
    /// refuses an altered one. Fetches nothing: call [`Authenticator::refresh`] for that.
    ///
    /// # Errors
    ///
    /// [`InvalidKeys`] names the client and what is wrong with it.
    pub fn new(
        clients: Vec<TrustedClient>,
        source: Arc<dyn JwksSource>,
        used: UsedTokens,
    ) -> Result<Self, InvalidKeys> {
        keys::check_backend()?;
        client::check_issuers(&clients)?;
        let known = clients
            .into_iter()
            .map(|client| {
                client.check()?;
                let keys = match &client.keys {
                    Keys::Static(text) => KeySource::Pinned(Arc::new(keys::pinned(&client, text)?)),
                    Keys::Jku(url) => KeySource::Remote(Arc::new(RemoteKeys::new(
                        &client.name,
                        url.clone(),
                        Arc::clone(&source),
                    ))),
                };
                Ok(KnownClient { client, keys })
            })
            .collect::<Result<_, InvalidKeys>>()?;
        Ok(Self { known, used })
    }

    /// Who sent this `Authorization` header to `endpoint_url`, the external URL of the endpoint that was called (from
    /// the configuration, never from the `Host` header).
    ///
    /// Must run within a Tokio runtime: a key set may have to be fetched (at most [`FETCH_TIMEOUT`]), and the Redis
    /// store asked.
    ///
    /// # Errors
    ///
    /// [`Refused`], for the operator. The caller is told 401 and no reason.
    pub async fn authenticate(
        &self,
        authorization: Option<&str>,
        endpoint_url: &str,
        now: Timestamp,
    ) -> Result<Caller, Refused> {
        let token = UnverifiedToken::read(authorization)?;
        let Some((index, known)) = self
            .known
            .iter()
            .enumerate()
            .find(|(_, known)| known.client.issuer == token.issuer())
        else {
            return Err(token.refused(RefusalReason::UnknownIssuer, "no client has this issuer"));
        };
        let name = &known.client.name;
        self.check(known, &token, endpoint_url, now)
            .await
            .map_err(|refused| refused.of_client(name))?;
        Ok(Caller {
            client: index,
            name: name.clone(),
            issuer: known.client.issuer.clone(),
            tenant: token.tenant().map(str::to_owned),
        })
    }

    async fn check(
        &self,
        known: &KnownClient,
        token: &UnverifiedToken<'_>,
        endpoint_url: &str,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let client = &known.client;
        token.check_audience(client, endpoint_url)?;
        token.check_times(client, now)?;
        token.check_tenant(client)?;
        let algorithm = token.check_algorithm(client)?;
        let set = known.key_set(token, now).await?;
        token.check_signature(algorithm, &set)?;
        match client.replay {
            Replay::Allow => Ok(()),
            Replay::Strict => {
                let until = token.of_no_use_from(client);
                match self
                    .used
                    .first_use(token.issuer(), token.jti(), until, now)
                    .await
                {
                    Ok(JtiUse::First) => Ok(()),
                    Ok(JtiUse::Repeated) => {
                        Err(token.refused(RefusalReason::Replayed, "this jti was used before"))
                    }
                    Err(unavailable) => Err(token.refused(
                        RefusalReason::ReplayStoreUnavailable,
                        unavailable.to_string(),
                    )),
                }
            }
        }
    }

    /// Fetches every key set that has none yet or has aged, one after another, each within [`FETCH_TIMEOUT`]. For the
    /// start of the service and a timer, so that [`Authenticator::ready`] tells the truth before the first call.
    pub async fn refresh(&self, now: Timestamp) {
        for known in &self.known {
            if let KeySource::Remote(remote) = &known.keys {
                remote.refresh(now).await;
            }
        }
    }

    /// Whether every client has at least one key, not too old, that can verify one of its algorithms.
    pub fn ready(&self, now: Timestamp) -> bool {
        self.known.iter().all(|known| {
            let set = match &known.keys {
                KeySource::Pinned(set) => Some(Arc::clone(set)),
                KeySource::Remote(remote) => remote.current(now),
            };
            set.is_some_and(|set| set.can_verify(&known.client.algorithms))
        })
    }
}

impl KnownClient {
    /// The set that holds the token's key. A `jku` in the header is only ever compared, never contacted; with pinned
    /// keys it is ignored (the official sandbox always sends one).
    async fn key_set(
        &self,
        token: &UnverifiedToken<'_>,
        now: Timestamp,
    ) -> Result<Arc<KeySet>, Refused> {
        match &self.keys {
            KeySource::Pinned(set) => Ok(Arc::clone(set)),
            KeySource::Remote(remote) => {
                token.check_jku(remote.url())?;
                remote
                    .set_with(token.kid(), now)
                    .await
                    .map_err(|why| match why {
                        NoKeys::Unavailable => token.refused(
                            RefusalReason::KeysUnavailable,
                            "the client's key set cannot be had, and none is held that is young enough",
                        ),
                        NoKeys::UnknownKid => token.unknown_kid(),
                    })
            }
        }
    }
}
