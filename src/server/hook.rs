//! A hook call from bytes to bytes.

use super::error::Problem;
use super::{Clock, State};
use crate::cds_hooks::card;
use crate::cds_hooks::request::{BadRequest, HookRequest, parse};
use crate::cds_hooks::response::assessment;
use crate::cds_hooks::service::{Service, resource_type};
use crate::chart::Release;
use crate::chart::input::{Prefetched, from_prefetch};
use crate::config::{Knowledge, Settings};
use crate::domain::assessment::assess;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;

/// `POST /cds-services/{id}`.
pub async fn call(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
    body: Result<web::Bytes, actix_web::Error>,
) -> HttpResponse {
    match answer(&request, &id, state, body).await {
        Ok(bytes) => HttpResponse::Ok()
            .content_type("application/json")
            .body(bytes),
        Err(problem) => problem.response(),
    }
}

async fn answer(
    request: &HttpRequest,
    id: &str,
    state: web::Data<State>,
    body: Result<web::Bytes, actix_web::Error>,
) -> Result<Vec<u8>, Problem> {
    if !state
        .knowledge
        .services
        .iter()
        .any(|service| service.id == id)
    {
        return Err(Problem::not_found(
            "there is no service of this id; see /cds-services",
        ));
    }
    let content_type = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !["application/json", "application/fhir+json"]
        .iter()
        .any(|accepted| essence.eq_ignore_ascii_case(accepted))
    {
        return Err(Problem::unsupported_media_type());
    }
    let body = body.map_err(|error| match error.as_response_error().status_code() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(state.settings.max_body_bytes),
        _ => Problem::new(
            StatusCode::BAD_REQUEST,
            "structure",
            "the body could not be read to its end, or its Content-Encoding is wrong",
        ),
    })?;
    let id = id.to_owned();
    // A large body takes milliseconds: not on the thread that serves the others.
    web::block(move || handle(&body, &id, &state.knowledge, &state.settings, state.clock))
        .await
        .map_err(|_| {
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "transient",
                "the server is stopping",
            )
        })?
}

/// Answers a call: request bytes in, response bytes out. The id must be that of a service.
pub fn handle(
    body: &[u8],
    id: &str,
    knowledge: &Knowledge,
    settings: &Settings,
    clock: Clock,
) -> Result<Vec<u8>, Problem> {
    let (service, request) = request(body, id, &knowledge.services)?;
    let keys: Vec<Prefetched<'_>> = service
        .prefetch
        .iter()
        .map(|(key, template)| Prefetched {
            key,
            resource_type: resource_type(template),
            json: request.prefetch.get(key).copied(),
        })
        .collect();
    let input = from_prefetch(&request.patient_id, &keys, Release::R4)?;
    let now = clock.now();
    let chart = crate::chart::read(input, &knowledge.terminology)?;
    let result = assess(chart.facts, &knowledge.model, settings.rules, day(now));
    let assessed_at = instant(now);
    let json = assessment(&result, &knowledge.model, &assessed_at);
    let response = card::response(
        &knowledge.texts,
        card::Call {
            service,
            hook_instance: request.hook_instance,
            patient_id: &request.patient_id,
            suggestions: settings.suggestions,
        },
        &result,
        &knowledge.model,
        json,
    )?;
    // Strings, numbers and lists of them, written to memory: cannot fail.
    Ok(serde_json::to_vec(&response).unwrap_or_default())
}

/// Several services may share an id when their hooks differ: the hook of the request says which is meant.
fn request<'a, 's>(
    body: &'a [u8],
    id: &str,
    services: &'s [Service],
) -> Result<(&'s Service, HookRequest<'a>), Problem> {
    let mut first_error: Option<BadRequest> = None;
    for service in services.iter().filter(|service| service.id == id) {
        match parse(body, service) {
            Ok(request) => return Ok((service, request)),
            Err(error) => {
                first_error.get_or_insert(error);
            }
        }
    }
    Err(first_error.map_or_else(
        || Problem::not_found("there is no service of this id"),
        Problem::from,
    ))
}

/// The day of an instant, UTC.
pub fn day(instant: Timestamp) -> jiff::civil::Date {
    jiff::tz::Offset::UTC.to_datetime(instant).date()
}

/// An instant as RFC 3339 in UTC, whole seconds.
pub fn instant(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
