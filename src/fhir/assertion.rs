//! A signed assertion by which we authenticate at a token endpoint (private_key_jwt): for Backend Services and for SMART apps.
//!
//! Source: SMART App Launch 2.2, "Client Authentication: Asymmetric". Knows keys and claims; asks nobody.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use std::path::{Path, PathBuf};
use url::Url;

/// `client_assertion_type` of such assertions (RFC 7523).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Life of an assertion; SMART allows five minutes.
const ASSERTION_SECONDS: i64 = 240;

/// Algorithms that SMART names for assertions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssertionAlgorithm {
    /// ECDSA, P-384, SHA-384.
    Es384,
    /// RSASSA-PKCS1-v1_5, SHA-384.
    Rs384,
}

/// A key that cannot sign.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidKey {
    /// The file cannot be read.
    #[error("{} cannot be read: {problem}", file.display())]
    Unreadable {
        /// File.
        file: PathBuf,
        /// What the system says.
        problem: String,
    },
    /// The file holds no key of the algorithm.
    #[error("{} must hold a private key for {algorithm:?} as PEM (PKCS#8)", file.display())]
    NotAKey {
        /// File.
        file: PathBuf,
        /// Algorithm.
        algorithm: AssertionAlgorithm,
    },
}

/// Our private key with its id in the key set that was registered.
pub struct AssertionKey {
    key: EncodingKey,
    key_id: String,
    algorithm: AssertionAlgorithm,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
}

impl AssertionAlgorithm {
    /// By its name in the configuration: `ES384` or `RS384`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "ES384" => Some(Self::Es384),
            "RS384" => Some(Self::Rs384),
            _ => None,
        }
    }

    fn jwt(self) -> Algorithm {
        match self {
            Self::Es384 => Algorithm::ES384,
            Self::Rs384 => Algorithm::RS384,
        }
    }
}

impl AssertionKey {
    /// Reads the key and signs once with it, so that a key of another kind or curve is told at the start.
    pub fn read(
        file: &Path,
        key_id: &str,
        algorithm: AssertionAlgorithm,
    ) -> Result<Self, InvalidKey> {
        let not_a_key = || InvalidKey::NotAKey {
            file: file.to_owned(),
            algorithm,
        };
        let pem = std::fs::read(file).map_err(|error| InvalidKey::Unreadable {
            file: file.to_owned(),
            problem: error.to_string(),
        })?;
        let key = match algorithm {
            AssertionAlgorithm::Es384 => EncodingKey::from_ec_pem(&pem),
            AssertionAlgorithm::Rs384 => EncodingKey::from_rsa_pem(&pem),
        }
        .map_err(|_| not_a_key())?;
        let key = Self {
            key,
            key_id: key_id.to_owned(),
            algorithm,
        };
        let audience = Url::parse("https://example.org/").ok();
        audience
            .and_then(|audience| key.sign("", &audience))
            .ok_or_else(not_a_key)?;
        Ok(key)
    }

    /// An assertion of this client for a token endpoint; none when the key does not sign, which [`AssertionKey::read`] ruled out.
    pub fn sign(&self, client_id: &str, token_endpoint: &Url) -> Option<String> {
        let now = jiff::Timestamp::now().as_second();
        let header = Header {
            kid: Some(self.key_id.clone()),
            ..Header::new(self.algorithm.jwt())
        };
        let claims = Claims {
            iss: client_id,
            sub: client_id,
            aud: token_endpoint.as_str(),
            iat: now,
            exp: now + ASSERTION_SECONDS,
            jti: uuid::Uuid::new_v4().to_string(),
        };
        jsonwebtoken::encode(&header, &claims, &self.key).ok()
    }
}
