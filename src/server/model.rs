//! `GET /model` and the two documents below it: what must be known about the model, as HTML, Markdown or JSON. No patient
//! is in it.
//!
//! Open to everybody where `public_routes` lists `/model`, and then the model of any client or tenant can be asked for by its
//! SHA-256; otherwise a caller sees the facts of its own model.

use super::error::Problem;
use super::live::Live;
use super::{State, hook};
use crate::config::{Knowledge, MODEL_ROUTE};
use crate::model::facts::{Format, Kind};
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, CONTENT_SECURITY_POLICY, REFERRER_POLICY, VARY};
use actix_web::{HttpRequest, HttpResponse, guard, web};

/// Adds the routes.
pub fn routes(config: &mut web::ServiceConfig) {
    for kind in Kind::ALL {
        let answer = move |request: HttpRequest,
                           query: Result<web::Query<Asked>, actix_web::Error>,
                           state: web::Data<State>| async move {
            let answered = match query {
                Ok(query) => answer(kind, &request, &query, &state).await,
                Err(_) => Err(Problem::new(
                    StatusCode::BAD_REQUEST,
                    "structure",
                    "expected sha256 and format, each at most once",
                )),
            };
            answered.unwrap_or_else(|problem| problem.response())
        };
        config.service(
            web::resource(path(kind))
                .route(
                    web::route()
                        .guard(guard::Any(guard::Get()).or(guard::Head()))
                        .to(answer),
                )
                .default_service(web::to(|| async { Problem::method_not_allowed("GET") })),
        );
    }
}

pub(super) fn path(kind: Kind) -> String {
    match kind {
        Kind::Facts => MODEL_ROUTE.to_owned(),
        kind => format!("{MODEL_ROUTE}/{}", kind.name()),
    }
}

/// The query.
#[derive(serde::Deserialize)]
struct Asked {
    /// SHA-256 of a model file, hexadecimal.
    sha256: Option<String>,
    /// Wins over the `Accept` header.
    format: Option<String>,
}

/// The address of the facts of a model, where everybody can read them.
pub(super) fn address(state: &State, live: &Live, knowledge: &Knowledge) -> Option<String> {
    let sha256 = &knowledge.model.sha256;
    let is_public = live.settings.is_public(MODEL_ROUTE);
    is_public.then(|| format!("{}{MODEL_ROUTE}?sha256={sha256}", state.base_url))
}

async fn answer(
    kind: Kind,
    request: &HttpRequest,
    asked: &Asked,
    state: &State,
) -> Result<HttpResponse, Problem> {
    let live = state.live();
    let is_public = live.settings.is_public(MODEL_ROUTE);
    let own: &Knowledge = if is_public {
        &live.open.knowledge
    } else {
        let endpoint = format!("{}{}", state.base_url, path(kind));
        let place = hook::caller(request, &live, &endpoint).await?;
        &live.at(place).knowledge
    };
    let knowledge = match asked.sha256.as_deref().map(str::to_ascii_lowercase) {
        None => own,
        Some(sha256) if own.model.sha256 == sha256 => own,
        Some(sha256) => live
            .knowledge_of_model(&sha256)
            .filter(|_| is_public)
            .ok_or_else(|| {
                Problem::not_found(
                    "no model of this SHA-256 is in use here; a card of an earlier configuration may have named it. Without sha256 the model now in use is told",
                )
            })?,
    };
    let format = match &asked.format {
        Some(name) => name.parse().map_err(|error| {
            Problem::new(StatusCode::BAD_REQUEST, "value", format!("format: {error}"))
        })?,
        None => accepted(request),
    };
    let document = knowledge.facts.document(kind);
    let text = document.text(format);
    let (mut response, is_known) = super::document::answer(request, text, is_public);
    response
        .insert_header((VARY, "Accept"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((
            CONTENT_SECURITY_POLICY,
            document.content_security_policy.as_str(),
        ));
    if is_known {
        return Ok(response.finish());
    }
    Ok(response
        .content_type(format.media_type())
        .body(text.to_owned()))
}

/// The format that a caller likes best; HTML where it names none of them.
fn accepted(request: &HttpRequest) -> Format {
    let mut best = (Format::Html, 0.0);
    let headers = request.headers().get_all(ACCEPT);
    let ranges = headers.filter_map(|value| value.to_str().ok());
    for range in ranges.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let format = match parts
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
            .as_str()
        {
            "text/html" | "application/xhtml+xml" | "text/*" | "*/*" => Format::Html,
            "text/markdown" => Format::Markdown,
            "application/json" | "application/*" => Format::Json,
            _ => continue,
        };
        let quality = parts.find_map(|part| part.strip_prefix("q="));
        let quality = quality.map_or(1.0, |quality| quality.parse().unwrap_or(0.0));
        if quality > best.1 {
            best = (format, quality);
        }
    }
    best.0
}
