//! The authorization server of the sandbox's FHIR server: SMART App Launch 2, authorization code with PKCE S256.
//!
//! `grants` has what is remembered, `scopes` what is granted, `clients` who may ask. It does what a real one does - one use of
//! a code, one minute, exact redirect - except asking who the user is: everybody is [`USER`].

mod clients;
mod grants;
mod launch;
mod routes;
mod scopes;
mod token;

pub use clients::{Clients, SmartClient};
pub use grants::{Grants, Launch};
pub use routes::routes;
pub use scopes::Reach;

use super::Ehr;
use crate::server::State;
use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use std::time::Instant;

/// The only user.
pub const USER: &str = "Practitioner/sandbox";

/// What a request to the FHIR server may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// No token: everything, it is synthetic.
    Open,
    /// What a token's scopes say.
    Token {
        /// Scopes.
        scopes: String,
        /// The patient in context.
        patient: Option<String>,
    },
    /// A token that is not known, or expired.
    Refused,
}

impl Access {
    /// Of a request.
    pub fn of(request: &HttpRequest, ehr: &Ehr) -> Self {
        let Some(authorization) = request.headers().get(AUTHORIZATION) else {
            return Self::Open;
        };
        let token = authorization.to_str().ok().and_then(|text| {
            let (scheme, token) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        let grants = ehr.grants();
        match token.and_then(|token| grants.grant(token, Instant::now())) {
            Some(grant) => Self::Token {
                scopes: grant.scopes.clone(),
                patient: grant.patient.clone(),
            },
            None => Self::Refused,
        }
    }

    /// The patients of whom this type may be read: none where it may not be.
    pub fn reach(&self, resource_type: &str, is_search: bool) -> Option<Reach> {
        match self {
            Self::Open => Some(Reach::All),
            Self::Token { scopes, .. } => scopes::reach(scopes, resource_type, is_search),
            Self::Refused => None,
        }
    }

    /// Whether it lets a record be seen that is about this patient.
    pub fn lets_see(&self, reach: Reach, patient: Option<&str>) -> bool {
        match (reach, self) {
            (Reach::All, _) => true,
            (Reach::OnePatient, Self::Token { patient: own, .. }) => {
                own.is_some() && own.as_deref() == patient
            }
            (Reach::OnePatient, _) => false,
        }
    }
}

/// The extension of `/metadata` that apps older than SMART App Launch 2 look for.
pub fn oauth_uris(base_url: &str) -> serde_json::Value {
    serde_json::json!({
        "cors": true,
        "service": [{ "coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/restful-security-service", "code": "SMART-on-FHIR",
        }] }],
        "extension": [{
            "url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
            "extension": [
                { "url": "authorize", "valueUri": format!("{base_url}/auth/authorize") },
                { "url": "token", "valueUri": format!("{base_url}/auth/token") },
            ],
        }],
    })
}

/// A launch of an app from a chart: the address to open.
pub fn launch_address(
    ehr: &Ehr,
    state: &State,
    app: &str,
    patient: &str,
    app_context: Option<&str>,
) -> Option<String> {
    let mut url = url::Url::parse(app).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let id = ehr.grants().launch(
        Launch {
            patient: patient.to_owned(),
            user: USER.to_owned(),
            app_context: app_context.map(str::to_owned),
        },
        Instant::now(),
    );
    url.query_pairs_mut()
        .append_pair("iss", &format!("{}/fhir", state.base_url))
        .append_pair("launch", &id);
    Some(url.into())
}
