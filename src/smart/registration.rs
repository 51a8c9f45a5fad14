//! How this service is registered as a SMART app at the EHR of one client, as the configuration says it.

use super::scope::Scope;
use crate::fhir::assertion::AssertionAlgorithm;
use secrecy::SecretString;
use std::path::PathBuf;
use url::Url;

/// A registration. The settings checked it.
#[derive(Debug, Clone)]
pub struct Registration {
    /// FHIR bases that may launch, as their EHR writes them in `iss`. Nothing else is contacted.
    pub issuers: Vec<String>,
    /// Origins of authorization servers that do not stand at their issuer's own origin.
    pub authorization_origins: Vec<Url>,
    /// Our client id there.
    pub client_id: String,
    /// How we prove that it is us.
    pub authentication: Authentication,
    /// What is asked for, without `launch` and `launch/patient`.
    pub scopes: Vec<Scope>,
    /// Origins that may show our pages in a frame. Empty: none.
    pub frame_ancestors: Vec<String>,
}

/// How an app authenticates at the token endpoint.
#[derive(Debug, Clone)]
pub enum Authentication {
    /// Not at all; PKCE alone ties the code to us.
    Public,
    /// client_secret_basic.
    Secret(SecretString),
    /// private_key_jwt.
    PrivateKey {
        /// PEM file (PKCS#8).
        file: PathBuf,
        /// `kid` in the key set that was registered.
        key_id: String,
        /// Algorithm; it must fit the key.
        algorithm: AssertionAlgorithm,
    },
}

impl Registration {
    /// The issuer that an EHR means, as configured. Compared letter by letter; a slash at the end makes no difference.
    pub fn issuer(&self, iss: &str) -> Option<&str> {
        let plain = |text: &str| text.trim_end_matches('/').to_owned();
        self.issuers
            .iter()
            .map(String::as_str)
            .find(|issuer| plain(issuer) == plain(iss))
    }
}
