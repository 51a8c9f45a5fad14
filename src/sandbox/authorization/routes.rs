//! `/auth/authorize` with its pages: choosing a patient, allowing the app.
//!
//! A request that names no registered client or another address than the registered one is told on a page; every other fault is
//! told to the app, by the redirect that OAuth 2.0 (RFC 6749, 4.1.2.1) asks for.

use super::grants::Pending;
use super::{USER, clients, launch, scopes, token};
use crate::sandbox::Ehr;
use crate::sandbox::page::{self, Frame, html, html_with_policy, is_from_elsewhere};
use crate::sandbox::pages::names::{Named, named, visible};
use crate::server::State;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Instant;
use url::Url;

/// Bytes of `state`, at most.
const LONGEST: usize = 10_000;

/// Patients on one page of the picker.
const PICKED_FROM: usize = 100;

/// Adds the routes. Those below `/fhir` must come before the FHIR server's own.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route(
            "/fhir/.well-known/smart-configuration",
            web::get().to(launch::configuration),
        )
        .route(
            "/fhir/_services/smart/Launch",
            web::post().to(launch::launch),
        )
        .route("/auth/authorize", web::get().to(authorize_by_query))
        .route("/auth/authorize", web::post().to(authorize_by_form))
        .route("/auth/patient", web::get().to(pick))
        .route("/auth/consent", web::get().to(consent_for))
        .route("/auth/decision", web::post().to(decide))
        .route("/auth/token", web::post().to(token::exchange));
}

async fn authorize_by_query(
    request: HttpRequest,
    ehr: web::Data<Ehr>,
    state: web::Data<State>,
) -> HttpResponse {
    match web::Query::<Vec<(String, String)>>::from_query(request.query_string()) {
        Ok(parameters) => authorize(parameters.into_inner(), &ehr, &state),
        Err(_) => unusable(&ehr, &state, "The request cannot be read."),
    }
}

async fn authorize_by_form(
    form: web::Form<Vec<(String, String)>>,
    ehr: web::Data<Ehr>,
    state: web::Data<State>,
) -> HttpResponse {
    authorize(form.into_inner(), &ehr, &state)
}

fn unusable(ehr: &Ehr, state: &State, text: impl std::fmt::Display) -> HttpResponse {
    let title = "The app cannot be authorized";
    page::problem(ehr, state, StatusCode::BAD_REQUEST, title, text, "/")
}

fn authorize(parameters: Vec<(String, String)>, ehr: &Ehr, state: &State) -> HttpResponse {
    let mut given: BTreeMap<&str, &str> = BTreeMap::new();
    let mut is_repeated = false;
    for (name, value) in &parameters {
        is_repeated |= given.insert(name, value).is_some();
    }
    let get = |name: &str| given.get(name).copied().unwrap_or_default();
    let (client, redirect) = (get("client_id"), get("redirect_uri"));
    let redirect_uri = match ehr.clients.redirect(client, redirect, &state.base_url) {
        Ok(url) => url,
        Err(error) => {
            return unusable(ehr, state, format!("The request is not followed: {error}."));
        }
    };
    let refuse = |code, text| {
        back(
            &redirect_uri,
            get("state"),
            &[("error", code), ("error_description", text)],
        )
    };
    if is_repeated {
        return refuse("invalid_request", "a parameter occurs twice");
    }
    if get("response_type") != "code" {
        return refuse("unsupported_response_type", "response_type must be code");
    }
    if get("state").is_empty() || get("state").len() > LONGEST {
        return refuse(
            "invalid_request",
            "state is required, and no longer than 10,000 bytes",
        );
    }
    if get("code_challenge_method") != "S256" || get("code_challenge").len() != 43 {
        return refuse(
            "invalid_request",
            "PKCE is required: code_challenge of 43 characters, code_challenge_method S256",
        );
    }
    if !is_own_fhir(get("aud"), &state.base_url) {
        return refuse(
            "invalid_request",
            "aud must be the FHIR server of this sandbox",
        );
    }
    let Some(scopes) = scopes::granted(get("scope")) else {
        return refuse(
            "invalid_scope",
            "none of the scopes can be granted: this server gives launch, launch/patient, patient/*.rs, user/*.rs and narrower ones",
        );
    };
    let now = Instant::now();
    let launch = match get("launch") {
        "" => None,
        id => match ehr.grants().launched(id, now) {
            Some(launch) => Some(launch.clone()),
            None => return refuse("invalid_request", "launch is not known or has expired"),
        },
    };
    if launch.is_none() && scopes::holds(&scopes, "launch") {
        return refuse(
            "invalid_request",
            "the scope launch needs the parameter launch",
        );
    }
    let pending = Pending {
        client: client.to_owned(),
        redirect_uri,
        redirect_as_written: redirect.to_owned(),
        state: get("state").to_owned(),
        scopes,
        challenge: get("code_challenge").to_owned(),
        launch,
    };
    let needs_patient = pending.launch.is_none()
        && (scopes::holds(&pending.scopes, "launch/patient")
            || scopes::are_about_a_patient(&pending.scopes));
    let id = ehr.grants().wait(pending.clone(), now);
    if needs_patient {
        picker(&id, "", ehr, state)
    } else {
        consent(&id, &pending, None, ehr, state)
    }
}

/// Whether an address is that of our FHIR server; `localhost` and `127.0.0.1` are the same to it.
fn is_own_fhir(aud: &str, base_url: &str) -> bool {
    let own = format!("{base_url}/fhir");
    let (Ok(aud), Ok(own)) = (Url::parse(aud), Url::parse(&own)) else {
        return false;
    };
    let same_host =
        aud.host() == own.host() || (clients::is_loopback(&aud) && clients::is_loopback(&own));
    same_host
        && aud.scheme() == own.scheme()
        && aud.port_or_known_default() == own.port_or_known_default()
        && aud.path().trim_end_matches('/') == own.path()
        && aud.query().is_none()
}

/// Sends the user back to the app.
fn back(redirect: &Url, state: &str, parameters: &[(&str, &str)]) -> HttpResponse {
    let mut url = redirect.clone();
    {
        let mut pairs = url.query_pairs_mut();
        for (name, value) in parameters {
            pairs.append_pair(name, value);
        }
        if !state.is_empty() {
            pairs.append_pair("state", state);
        }
    }
    HttpResponse::SeeOther()
        .insert_header((LOCATION, url.as_str()))
        .finish()
}

#[derive(Template)]
#[template(path = "sandbox/picker.html")]
struct Picker<'a> {
    frame: Frame,
    request: &'a str,
    q: &'a str,
    patients: Vec<Named>,
    more: usize,
}

fn picker(id: &str, q: &str, ehr: &Ehr, state: &State) -> HttpResponse {
    let store = ehr.store();
    let mut patients: Vec<Named> = store
        .patients()
        .map(|patient| named(patient))
        .filter(|patient| patient.matches(q))
        .collect();
    let more = patients.len().saturating_sub(PICKED_FROM);
    patients.truncate(PICKED_FROM);
    let frame = Frame::new(ehr, state, "");
    let page = Picker {
        frame,
        request: id,
        q,
        patients,
        more,
    };
    html(StatusCode::OK, &page)
}

#[derive(Deserialize)]
struct Picking {
    #[serde(default)]
    request: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    patient: String,
}

const NOT_WAITING: &str = "This request for authorization is not known any more: it was answered, or it is older than ten minutes. Start the app again.";

async fn pick(
    picking: web::Query<Picking>,
    ehr: web::Data<Ehr>,
    state: web::Data<State>,
) -> HttpResponse {
    let is_waiting = ehr
        .grants()
        .waiting(&picking.request, Instant::now())
        .is_some();
    if !is_waiting {
        return unusable(&ehr, &state, NOT_WAITING);
    }
    picker(
        &picking.request,
        &visible(picking.q.trim(), 200),
        &ehr,
        &state,
    )
}

async fn consent_for(
    picking: web::Query<Picking>,
    ehr: web::Data<Ehr>,
    state: web::Data<State>,
) -> HttpResponse {
    let pending = ehr
        .grants()
        .waiting(&picking.request, Instant::now())
        .cloned();
    let Some(pending) = pending else {
        return unusable(&ehr, &state, NOT_WAITING);
    };
    if ehr.store().patient(&picking.patient).is_none() {
        return unusable(&ehr, &state, "There is no such patient.");
    }
    consent(
        &picking.request,
        &pending,
        Some(&picking.patient),
        &ehr,
        &state,
    )
}

#[derive(Template)]
#[template(path = "sandbox/consent.html")]
struct Consent<'a> {
    frame: Frame,
    request: &'a str,
    client: String,
    goes_to: String,
    scopes: Vec<(String, String)>,
    patient: Option<Named>,
    picked: &'a str,
    is_picked: bool,
    user: &'a str,
}

fn consent(
    id: &str,
    pending: &Pending,
    picked: Option<&str>,
    ehr: &Ehr,
    state: &State,
) -> HttpResponse {
    let patient = pending
        .launch
        .as_ref()
        .map(|l| l.patient.as_str())
        .or(picked);
    let patient = patient.and_then(|id| ehr.store().patient(id).map(|p| named(p)));
    let goes_to = pending.redirect_uri.origin().ascii_serialization();
    // A browser also holds the redirect that answers a form to the policy of the form's page.
    let policy = page::POLICY.replace(
        "form-action 'self'",
        &format!("form-action 'self' {goes_to}"),
    );
    let page = Consent {
        frame: Frame::new(ehr, state, ""),
        request: id,
        client: visible(&pending.client, 120),
        goes_to,
        scopes: pending
            .scopes
            .split_whitespace()
            .map(|scope| (scope.to_owned(), scopes::in_words(scope)))
            .collect(),
        is_picked: pending.launch.is_none(),
        picked: picked.unwrap_or_default(),
        patient,
        user: pending.launch.as_ref().map_or(USER, |launch| &launch.user),
    };
    html_with_policy(StatusCode::OK, &page, &policy)
}

#[derive(Deserialize)]
struct Decision {
    request: String,
    #[serde(default)]
    patient: String,
    #[serde(default)]
    decision: String,
}

async fn decide(
    request: HttpRequest,
    decision: web::Form<Decision>,
    ehr: web::Data<Ehr>,
    state: web::Data<State>,
) -> HttpResponse {
    if is_from_elsewhere(&request) {
        return unusable(
            &ehr,
            &state,
            "The decision was sent by a page of another site.",
        );
    }
    let now = Instant::now();
    let Some(pending) = ehr.grants().decided(&decision.request, now) else {
        return unusable(&ehr, &state, NOT_WAITING);
    };
    let redirect =
        |parameters: &[(&str, &str)]| back(&pending.redirect_uri, &pending.state, parameters);
    if decision.decision != "allow" {
        return redirect(&[
            ("error", "access_denied"),
            ("error_description", "the user did not allow it"),
        ]);
    }
    let patient = match &pending.launch {
        Some(launch) => Some(launch.patient.clone()),
        None if decision.patient.is_empty() => None,
        None => Some(decision.patient.clone()),
    };
    if let Some(patient) = &patient
        && ehr.store().patient(patient).is_none()
    {
        return redirect(&[
            ("error", "access_denied"),
            ("error_description", "there is no such patient any more"),
        ]);
    }
    if patient.is_none() && scopes::are_about_a_patient(&pending.scopes) {
        return redirect(&[
            ("error", "access_denied"),
            ("error_description", "no patient was chosen"),
        ]);
    }
    let code = ehr.grants().code(&pending, patient, now);
    redirect(&[("code", &code)])
}
