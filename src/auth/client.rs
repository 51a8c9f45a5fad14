//! The clients that the operator trusts, and what is believed of each. Knows no token and no key material.

use super::InvalidKeys;
use url::{Host, Url};

/// A CDS client (an EHR) whose tokens are believed.
///
/// An issuer belongs to one client: two clients with the same issuer are refused at configuration, also when their
/// tenants differ, because a token must never fit two sets of rights. A vendor that serves many hospitals under one
/// issuer is one client with several tenants.
#[derive(Debug, Clone)]
pub struct TrustedClient {
    /// Name in the configuration, in logs and in metric labels.
    pub name: String,
    /// The `iss` claim, compared byte by byte.
    pub issuer: String,
    /// A fixed `aud` that this client is known to send instead of the endpoint's URL. It is accepted **beside** the
    /// endpoint's URL, so that a client that is put right keeps working.
    pub audience_override: Option<String>,
    /// Which `tenant` claims are accepted.
    pub tenants: Tenants,
    /// Where the client's public keys come from.
    pub keys: Keys,
    /// Signature algorithms accepted from this client; [`Algorithm::DEFAULT`] unless the operator says otherwise.
    pub algorithms: Vec<Algorithm>,
    /// Whether a token may be used more than once.
    pub replay: Replay,
    /// Seconds by which the two clocks may differ: added to `exp`, allowed on `iat` and `nbf`.
    pub leeway_seconds: u32,
    /// Longest `exp - iat` in seconds; no leeway on it.
    pub max_lifetime_seconds: u32,
}

/// Which `tenant` claims of a client are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tenants {
    /// None: a token that names a tenant is refused.
    None,
    /// With or without, whichever tenant it is; the claim is carried to [`super::Caller`].
    Any,
    /// The claim must be there and be one of these, byte by byte.
    Listed(Vec<String>),
}

/// Where the public keys of a client come from.
#[derive(Debug, Clone)]
pub enum Keys {
    /// The client's JWK Set address: https, or http to a loopback address (sandbox and tests).
    Jku(Url),
    /// The JWK Set itself as JSON text, exchanged out of band.
    Static(String),
}

/// Whether one token may come more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// A `jti` is accepted once. What the specification intends.
    Strict,
    /// Any number of times until it expires; the `jti` is not kept. For Inferno, which sends one token with several calls.
    Allow,
}

/// A signature algorithm that can be accepted (RFC 7518). Symmetric algorithms and `none` have no value here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA on P-384 with SHA-384: recommended by the specification.
    Es384,
    /// RSASSA-PKCS1-v1_5 with SHA-384: recommended by the specification.
    Rs384,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
}

impl Algorithm {
    /// What is accepted unless the operator says otherwise.
    pub const DEFAULT: [Self; 2] = [Self::Es384, Self::Rs384];

    /// Every algorithm that can be accepted.
    pub const ALL: [Self; 5] = [
        Self::Es384,
        Self::Rs384,
        Self::Es256,
        Self::Rs256,
        Self::Ps384,
    ];

    /// The name in a token's `alg` and in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Es384 => "ES384",
            Self::Rs384 => "RS384",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Ps384 => "PS384",
        }
    }

    /// The algorithm of this name, case as in RFC 7518; `None` for `none`, `HS256` and all else.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }
}

impl TrustedClient {
    /// A client with the defaults: tokens without tenant, [`Algorithm::DEFAULT`], strict replay, 60 seconds of leeway,
    /// an hour of lifetime.
    pub fn new(name: impl Into<String>, issuer: impl Into<String>, keys: Keys) -> Self {
        Self {
            name: name.into(),
            issuer: issuer.into(),
            audience_override: None,
            tenants: Tenants::None,
            keys,
            algorithms: Algorithm::DEFAULT.to_vec(),
            replay: Replay::Strict,
            leeway_seconds: 60,
            max_lifetime_seconds: 3600,
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidKeys> {
        let client = || self.name.clone();
        if self.issuer.is_empty() || self.issuer.chars().any(char::is_control) {
            return Err(InvalidKeys::Issuer { client: client() });
        }
        if self.algorithms.is_empty() {
            return Err(InvalidKeys::NoAlgorithm { client: client() });
        }
        match &self.keys {
            Keys::Jku(url) if !may_be_fetched(url) => Err(InvalidKeys::NotHttps {
                client: client(),
                url: url.clone(),
            }),
            _ => Ok(()),
        }
    }
}

/// https, or http that does not leave this machine.
fn may_be_fetched(url: &Url) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        },
        _ => false,
    }
}

pub(super) fn check_issuers(clients: &[TrustedClient]) -> Result<(), InvalidKeys> {
    for (index, client) in clients.iter().enumerate() {
        if let Some(first) = clients[..index].iter().find(|c| c.issuer == client.issuer) {
            return Err(InvalidKeys::SharedIssuer {
                issuer: client.issuer.clone(),
                first: first.name.clone(),
                second: client.name.clone(),
            });
        }
    }
    Ok(())
}
