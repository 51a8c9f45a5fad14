//! Why a call was not believed, and why a configuration cannot be used. For the operator: nothing here goes to a caller.

use std::fmt;
use url::Url;

/// Why a call was refused. A closed set: [`RefusalReason::as_str`] is a metric label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalReason {
    /// No `Authorization: Bearer` header.
    NoToken,
    /// The token is longer than [`super::MAX_TOKEN_BYTES`].
    Oversized,
    /// Not three parts of JSON in base64url, a member of the wrong type, a fractional time, a member twice.
    Malformed,
    /// `typ` is not JWT.
    WrongType,
    /// A required claim or header parameter is absent.
    MissingClaim,
    /// `iss` is no configured client's.
    UnknownIssuer,
    /// `aud` is neither the endpoint's URL nor the client's override.
    WrongAudience,
    /// `exp` has passed.
    Expired,
    /// `iat` or `nbf` lies ahead.
    NotYetValid,
    /// `exp` is not after `iat`, or too long after it.
    Lifetime,
    /// `tenant` is not the client's.
    WrongTenant,
    /// `alg` is `none`, symmetric, not accepted from this client, or not the key's.
    Algorithm,
    /// The `jku` header is not the client's configured address.
    UnlistedJku,
    /// No key of the client has this `kid`.
    UnknownKey,
    /// The client's key set cannot be had.
    KeysUnavailable,
    /// The signature does not verify.
    BadSignature,
    /// The `jti` was used before.
    Replayed,
    /// Whether the `jti` was used before cannot be told (store full or out of reach).
    ReplayStoreUnavailable,
}

impl RefusalReason {
    /// Every reason, so that a counter of each can start at nought.
    pub const ALL: [Self; 18] = [
        Self::NoToken,
        Self::Oversized,
        Self::Malformed,
        Self::WrongType,
        Self::MissingClaim,
        Self::UnknownIssuer,
        Self::WrongAudience,
        Self::Expired,
        Self::NotYetValid,
        Self::Lifetime,
        Self::WrongTenant,
        Self::Algorithm,
        Self::UnlistedJku,
        Self::UnknownKey,
        Self::KeysUnavailable,
        Self::BadSignature,
        Self::Replayed,
        Self::ReplayStoreUnavailable,
    ];

    /// The metric label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoToken => "no-token",
            Self::Oversized => "oversized",
            Self::Malformed => "malformed",
            Self::WrongType => "wrong-type",
            Self::MissingClaim => "missing-claim",
            Self::UnknownIssuer => "unknown-issuer",
            Self::WrongAudience => "wrong-audience",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::Lifetime => "lifetime",
            Self::WrongTenant => "wrong-tenant",
            Self::Algorithm => "algorithm",
            Self::UnlistedJku => "unlisted-jku",
            Self::UnknownKey => "unknown-key",
            Self::KeysUnavailable => "keys-unavailable",
            Self::BadSignature => "bad-signature",
            Self::Replayed => "replayed",
            Self::ReplayStoreUnavailable => "replay-store-unavailable",
        }
    }
}

/// A call that was not believed, for the operator's log and counters.
///
/// Of the token it holds `iss`, `tenant` and `jti`, and `aud` when that was wrong - no other claim, no header parameter,
/// no part of the token itself. What it holds is at most 256 bytes each, and unverified: [`fmt::Display`] quotes and
/// escapes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The metric label's source.
    pub reason: RefusalReason,
    /// What exactly, for a person; without claims of the token, except the received audience.
    pub detail: Box<str>,
    /// Name of the configured client whose issuer the token names.
    pub client: Option<Box<str>>,
    /// The `iss` claim.
    pub issuer: Option<Box<str>>,
    /// The `tenant` claim.
    pub tenant: Option<Box<str>>,
    /// The `jti` claim.
    pub jti: Option<Box<str>>,
    /// What `aud` should have been, when it was wrong.
    pub expected_audience: Option<Box<str>>,
    /// What `aud` was, when it was wrong; several are joined by a space.
    pub received_audience: Option<Box<str>>,
}

impl Refused {
    pub(super) fn before_claims(reason: RefusalReason, detail: impl Into<Box<str>>) -> Self {
        Self {
            reason,
            detail: detail.into(),
            client: None,
            issuer: None,
            tenant: None,
            jti: None,
            expected_audience: None,
            received_audience: None,
        }
    }

    pub(super) fn of_client(mut self, name: &str) -> Self {
        self.client = Some(name.into());
        self
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason.as_str(), self.detail)?;
        for (name, value) in [
            ("client", &self.client),
            ("iss", &self.issuer),
            ("tenant", &self.tenant),
            ("jti", &self.jti),
            ("expected aud", &self.expected_audience),
            ("received aud", &self.received_audience),
        ] {
            if let Some(value) = value {
                write!(f, ", {name} {value:?}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Refused {}

/// Why clients cannot be configured so.
#[derive(Debug, thiserror::Error)]
pub enum InvalidKeys {
    /// The issuer is empty or holds control characters.
    #[error("client {client:?}: the issuer is empty or holds control characters")]
    Issuer {
        /// Name of the client.
        client: String,
    },
    /// Two clients with one issuer.
    #[error(
        "clients {first:?} and {second:?} have the same issuer {issuer:?}: make them one client with several tenants"
    )]
    SharedIssuer {
        /// The issuer.
        issuer: String,
        /// Name of the client that came first.
        first: String,
        /// Name of the other.
        second: String,
    },
    /// No algorithm is accepted.
    #[error("client {client:?}: no signature algorithm is accepted")]
    NoAlgorithm {
        /// Name of the client.
        client: String,
    },
    /// The key set's address would be fetched in the clear.
    #[error("client {client:?}: jku {url} must be https (http only to a loopback address)")]
    NotHttps {
        /// Name of the client.
        client: String,
        /// The configured address.
        url: Url,
    },
    /// The pinned key set is not one.
    #[error("client {client:?}: the key set cannot be read: {cause}")]
    Unreadable {
        /// Name of the client.
        client: String,
        /// What is wrong with it.
        cause: String,
    },
    /// Two pinned keys have one `kid`.
    #[error("client {client:?}: more than one key has the kid {kid:?}")]
    DuplicateKid {
        /// Name of the client.
        client: String,
        /// The `kid`.
        kid: String,
    },
    /// No pinned key can verify a signature of the accepted algorithms.
    #[error(
        "client {client:?}: no key can verify {algorithms}{}", left_out_text(.left_out)
    )]
    NoUsableKey {
        /// Name of the client.
        client: String,
        /// The accepted algorithms.
        algorithms: String,
        /// Why each other key was left out.
        left_out: Vec<String>,
    },
    /// The cryptographic backend is absent or wrong: a fault of the build.
    #[error("the cryptographic backend does not verify a known ES384 signature")]
    Backend,
}

fn left_out_text(left_out: &[String]) -> String {
    if left_out.is_empty() {
        String::new()
    } else {
        format!(" (left out: {})", left_out.join("; "))
    }
}
