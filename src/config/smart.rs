//! The SMART app of a client: what was typed in `[clients.smart]`, checked.

use super::mistakes::Mistakes;
use super::{path, secret, typed};
use crate::fhir::assertion::AssertionAlgorithm;
use crate::smart::registration::{Authentication, Registration};
use crate::smart::scope::{Granted, Scope};
use std::collections::BTreeSet;
use url::Url;

pub(super) fn validate(
    at: &dyn Fn(&str) -> String,
    typed: typed::Smart,
    allow_http: bool,
    mistakes: &mut Mistakes,
) -> Registration {
    let at = |name: &str| at(&format!("smart.{name}"));
    if typed.client_id.is_empty() {
        mistakes.add(at("client_id"), "required with smart");
    }
    if typed.issuers.is_empty() {
        mistakes.add(
            at("issuers"),
            "required with smart: the FHIR bases that may launch, as the EHR sends them in iss",
        );
    }
    let mut seen = BTreeSet::new();
    for issuer in &typed.issuers {
        let url = web_url(issuer, allow_http);
        if url.is_none_or(|url| url.query().is_some() || url.fragment().is_some()) {
            mistakes.add(
                at("issuers"),
                "expected https:// addresses of FHIR servers (http:// only with allow_http = true), without query",
            );
        }
        if !seen.insert(issuer.trim_end_matches('/')) {
            mistakes.add(at("issuers"), format!("{issuer} is listed twice"));
        }
    }
    let authorization_origins = typed
        .authorization_origins
        .iter()
        .filter_map(|text| origin(at("authorization_origins"), text, allow_http, mistakes))
        .collect();
    for text in &typed.frame_ancestors {
        origin(at("frame_ancestors"), text, allow_http, mistakes);
    }
    let scopes: Vec<Scope> = typed
        .scopes
        .iter()
        .filter_map(|text| match Scope::parse(text) {
            Ok(scope) => Some(scope),
            Err(error) => {
                mistakes.add(at("scopes"), format!("{text:?}: {error}"));
                None
            }
        })
        .collect();
    let asked = Granted::new(scopes.iter().map(Scope::as_str));
    for resource_type in ["Patient", "Condition"] {
        if scopes.len() == typed.scopes.len() && !asked.covers(resource_type) {
            mistakes.add(
                at("scopes"),
                format!("nothing can be said without reading and searching {resource_type}: add patient/{resource_type}.rs (SMART v2) or patient/{resource_type}.read (v1)"),
            );
        }
    }
    Registration {
        authorization_origins,
        client_id: typed.client_id,
        authentication: authentication(
            &at,
            typed.client_secret_file,
            typed.key_file,
            typed.kid,
            &typed.algorithm,
            mistakes,
        ),
        scopes,
        issuers: typed.issuers,
        frame_ancestors: typed.frame_ancestors,
    }
}

fn authentication(
    at: &dyn Fn(&str) -> String,
    secret_file: String,
    key_file: String,
    key_id: String,
    algorithm: &str,
    mistakes: &mut Mistakes,
) -> Authentication {
    let algorithm = AssertionAlgorithm::from_name(algorithm).unwrap_or_else(|| {
        mistakes.add(at("algorithm"), "expected \"ES384\" or \"RS384\"");
        AssertionAlgorithm::Es384
    });
    if !key_file.is_empty() && key_id.is_empty() {
        mistakes.add(
            at("kid"),
            "required with key_file: the kid of the key in the key set that was registered",
        );
    }
    match (secret_file.is_empty(), path(key_file)) {
        (true, None) => Authentication::Public,
        (true, Some(file)) => Authentication::PrivateKey {
            file,
            key_id,
            algorithm,
        },
        (false, None) => {
            let secret = secret(&at("client_secret"), String::new(), secret_file, mistakes);
            // A file that cannot be read was told.
            let secret = secret.unwrap_or_default();
            Authentication::Secret(secret)
        }
        (false, Some(_)) => {
            mistakes.add(
                at("client_secret_file"),
                "give client_secret_file, or key_file with kid, or neither for a public client",
            );
            Authentication::Public
        }
    }
}

fn web_url(text: &str, allow_http: bool) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_web = url.scheme() == "https" || allow_http && url.scheme() == "http";
    (is_web && url.username().is_empty() && url.password().is_none()).then_some(url)
}

/// An origin as a browser writes it: scheme, host, port and nothing else.
fn origin(setting: String, text: &str, allow_http: bool, mistakes: &mut Mistakes) -> Option<Url> {
    let url = web_url(text, allow_http).filter(|url| url.origin().ascii_serialization() == text);
    if url.is_none() {
        mistakes.add(
            setting,
            "expected origins such as https://ehr.example.org, in lower case and without a path",
        );
    }
    url
}
