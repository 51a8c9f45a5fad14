//! `/auth/token`: a code for a token (RFC 6749 4.1.3, RFC 7636 4.5).

use super::grants::TOKEN_LIFE;
use crate::sandbox::Ehr;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, PRAGMA, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Instant;

fn refuse(status: StatusCode, code: &str, text: &str) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    if status == StatusCode::UNAUTHORIZED {
        response.insert_header((WWW_AUTHENTICATE, "Basic realm=\"rrdtc sandbox\""));
    }
    response.json(json!({ "error": code, "error_description": text }))
}

/// Exchanges a code.
pub async fn exchange(
    request: HttpRequest,
    form: Result<web::Form<Vec<(String, String)>>, actix_web::Error>,
    ehr: web::Data<Ehr>,
) -> HttpResponse {
    let bad = |code, text| refuse(StatusCode::BAD_REQUEST, code, text);
    let Ok(form) = form else {
        return bad(
            "invalid_request",
            "the body must be application/x-www-form-urlencoded",
        );
    };
    let form = form.into_inner();
    let mut given: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, value) in &form {
        if given.insert(name, value).is_some() {
            return bad("invalid_request", "a parameter occurs twice");
        }
    }
    let get = |name: &str| given.get(name).copied().unwrap_or_default();
    if get("grant_type") != "authorization_code" {
        return bad(
            "unsupported_grant_type",
            "grant_type must be authorization_code",
        );
    }
    let basic = match basic(&request) {
        Ok(basic) => basic,
        Err(()) => {
            return refuse(
                StatusCode::UNAUTHORIZED,
                "invalid_client",
                "the Authorization header cannot be read",
            );
        }
    };
    let (client, secret) = match &basic {
        Some((id, secret)) => (id.as_str(), Some(secret.as_str())),
        None => (get("client_id"), given.get("client_secret").copied()),
    };
    if !ehr.clients.is_authentic(client, secret) {
        let text = "the client must authenticate as it is registered: with its secret, or as a public client without one";
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client", text);
    }
    let verifier = get("code_verifier");
    let (code, redirect) = (get("code"), get("redirect_uri"));
    let exchanged = ehr
        .grants()
        .exchange(code, client, redirect, verifier, Instant::now());
    let (token, grant) = match exchanged {
        Ok(exchanged) => exchanged,
        Err(error) => return bad("invalid_grant", &error.to_string()),
    };
    let mut answer = json!({
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": TOKEN_LIFE.as_secs(),
        "scope": grant.scopes,
        // The app opens in a page of its own.
        "need_patient_banner": true,
    });
    if let Some(patient) = grant.patient {
        answer["patient"] = patient.into();
    }
    if let Some(app_context) = grant.app_context {
        answer["appContext"] = app_context.into();
    }
    HttpResponse::Ok()
        .insert_header((PRAGMA, "no-cache"))
        .json(answer)
}

/// Client id and secret of the Authorization header; none without one.
fn basic(request: &HttpRequest) -> Result<Option<(String, String)>, ()> {
    let Some(header) = request.headers().get(AUTHORIZATION) else {
        return Ok(None);
    };
    let encoded = header
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
        .map(|(_, encoded)| encoded.trim())
        .ok_or(())?;
    let decoded = STANDARD.decode(encoded).map_err(|_| ())?;
    let decoded = String::from_utf8(decoded).map_err(|_| ())?;
    let (id, secret) = decoded.split_once(':').ok_or(())?;
    // Both are form-encoded within (RFC 6749, 2.3.1).
    let plain = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    Ok(Some((plain(id), plain(secret))))
}
