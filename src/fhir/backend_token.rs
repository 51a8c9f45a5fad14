//! SMART Backend Services: our own access token, asked for with a signed assertion (private_key_jwt).
//!
//! Source: SMART App Launch 2.2, "Backend Services" and "Client Authentication: Asymmetric". The token is kept in memory until
//! shortly before it expires; one refresh happens at a time and the others wait for it.

pub use super::assertion::{AssertionAlgorithm, InvalidKey};

use super::assertion::{ASSERTION_TYPE, AssertionKey};
use super::fetched::FailureReason;
use crate::outbound::{Limits, Outbound};
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use secrecy::SecretString;
use serde::Deserialize;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use url::Url;

/// A token is renewed so long before its end, or in the last quarter of a shorter life.
const RENEW_BEFORE: Duration = Duration::from_secs(20);
/// Largest answer of a token endpoint in bytes.
const MAX_TOKEN_BYTES: usize = 64 << 10;
/// Longest life that is believed; more would be a clock's or a unit's mistake.
const MAX_LIFE: Duration = Duration::from_secs(86_400);

/// How we are registered at the token endpoint of a FHIR server.
#[derive(Debug, Clone)]
pub struct BackendServices {
    /// Token endpoint. It is dialled with the same settings as the FHIR server (CA, client certificate, proxy, networks).
    pub token_endpoint: Url,
    /// Our client id there.
    pub client_id: String,
    /// PEM file (PKCS#8) with the private key.
    pub key_file: PathBuf,
    /// `kid` of the key in the JWKS that was registered.
    pub key_id: String,
    /// Algorithm; it must fit the key.
    pub algorithm: AssertionAlgorithm,
    /// Scopes, separated by blanks, such as `system/*.rs`.
    pub scope: String,
}

/// The source of our own token at one FHIR server.
pub(super) struct BackendToken {
    registration: BackendServices,
    key: AssertionKey,
    kept: Mutex<Option<Token>>,
}

/// A token with the end of its life.
#[derive(Clone)]
pub(super) struct Token {
    pub secret: SecretString,
    pub expires_at: Instant,
    renew_at: Instant,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    token_type: String,
    expires_in: Option<u64>,
}

impl BackendToken {
    /// Reads the key.
    pub(super) fn new(registration: &BackendServices) -> Result<Self, InvalidKey> {
        let BackendServices {
            key_file,
            key_id,
            algorithm,
            ..
        } = registration;
        Ok(Self {
            key: AssertionKey::read(key_file, key_id, *algorithm)?,
            registration: registration.clone(),
            kept: Mutex::new(None),
        })
    }

    /// The token that is kept, or a new one.
    pub(super) async fn token(
        &self,
        outbound: &Outbound,
        timeout: Duration,
    ) -> Result<Token, FailureReason> {
        let mut kept = self.kept.lock().await;
        if let Some(token) = kept
            .as_ref()
            .filter(|token| Instant::now() < token.renew_at)
        {
            return Ok(token.clone());
        }
        // Not kept while the new one is asked for: when that fails, the next call asks again.
        *kept = None;
        let token = self.ask(outbound, timeout).await?;
        *kept = Some(token.clone());
        Ok(token)
    }

    /// The FHIR server refused the token: the next call asks for another. Waits for nobody: whoever holds the lock is
    /// asking for another one already.
    pub(super) fn forget(&self) {
        if let Ok(mut kept) = self.kept.try_lock() {
            *kept = None;
        }
    }

    async fn ask(&self, outbound: &Outbound, timeout: Duration) -> Result<Token, FailureReason> {
        let BackendServices {
            client_id,
            token_endpoint,
            ..
        } = &self.registration;
        let assertion = self
            .key
            .sign(client_id, token_endpoint)
            .ok_or(FailureReason::TokenRefused)?;
        let form = [
            ("grant_type", "client_credentials"),
            ("scope", self.registration.scope.as_str()),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion.as_str()),
        ];
        let headers =
            HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
        let limits = Limits {
            max_bytes: MAX_TOKEN_BYTES,
            shared: None,
            timeout,
        };
        // Life counts from before the question, so that ours never ends after the server's.
        let asked_at = Instant::now();
        let answer = outbound
            .post_form(token_endpoint, headers, &form, limits)
            .await?;
        if answer.status != 200 {
            return Err(FailureReason::TokenRefused);
        }
        let answer: TokenAnswer =
            serde_json::from_slice(&answer.body).map_err(|_| FailureReason::TokenRefused)?;
        if !answer.token_type.eq_ignore_ascii_case("bearer") {
            return Err(FailureReason::TokenRefused);
        }
        // SMART requires expires_in. Without it the token serves this call and is not used again.
        let life = answer
            .expires_in
            .map(|seconds| Duration::from_secs(seconds).min(MAX_LIFE));
        Ok(Token {
            secret: answer.access_token.into(),
            expires_at: asked_at + life.unwrap_or(MAX_LIFE),
            renew_at: asked_at
                + life.map_or(Duration::ZERO, |life| life - RENEW_BEFORE.min(life / 4)),
        })
    }
}
