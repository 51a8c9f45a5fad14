//! `{fhir}/.well-known/smart-configuration`, and `{fhir}/_services/smart/Launch`, by which the page of an EHR prepares a launch.

use super::USER;
use super::grants::Launch;
use crate::sandbox::Ehr;
use crate::server::State;
use actix_web::{HttpResponse, web};
use serde_json::{Value, json};
use std::time::Instant;

/// Bytes of `appContext`, at most.
const LONGEST: usize = 10_000;

/// What an app asks first.
pub async fn configuration(state: web::Data<State>) -> HttpResponse {
    let base = &state.base_url;
    HttpResponse::Ok().json(json!({
        "authorization_endpoint": format!("{base}/auth/authorize"),
        "token_endpoint": format!("{base}/auth/token"),
        "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
        "grant_types_supported": ["authorization_code"],
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["launch", "launch/patient", "patient/*.rs", "patient/*.read", "user/*.rs", "user/*.read"],
        "capabilities": [
            "launch-ehr", "launch-standalone", "authorize-post", "client-public", "client-confidential-symmetric",
            "context-banner", "context-ehr-patient", "context-standalone-patient", "permission-patient",
            "permission-user", "permission-v1", "permission-v2",
        ],
    }))
}

/// As the official CDS Hooks sandbox sends it, right after a card with a SMART link.
pub async fn launch(body: web::Bytes, ehr: web::Data<Ehr>) -> HttpResponse {
    let bad = |text: &str| HttpResponse::BadRequest().json(json!({ "error": text }));
    if body.len() > 64 * 1024 {
        return bad("the body is larger than 64 kB");
    }
    let Ok(body) = serde_json::from_slice::<Value>(&body) else {
        return bad(
            "the body must be JSON: {\"launchUrl\": ..., \"parameters\": {\"patient\": ...}}",
        );
    };
    let parameters = &body["parameters"];
    let Some(patient) = parameters["patient"].as_str() else {
        return bad("parameters.patient is required");
    };
    if ehr.store().patient(patient).is_none() {
        return bad("there is no such patient");
    }
    let app_context = match &parameters["appContext"] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    if app_context.as_ref().is_some_and(|c| c.len() > LONGEST) {
        return bad("parameters.appContext is too long");
    }
    let launch = Launch {
        patient: patient.to_owned(),
        user: USER.to_owned(),
        app_context,
    };
    let id = ehr.grants().launch(launch, Instant::now());
    HttpResponse::Ok().json(json!({ "launch_id": id }))
}
