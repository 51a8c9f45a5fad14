//! `GET /openapi.json`: what this server answers, as OpenAPI 3.1. Made of the loaded services and of the lists in the code, so that a
//! service that is added as a file is described, and a new state or code is too.
//!
//! Read [`description`]; the shapes of bodies are in `shapes`.

mod shapes;

use super::State;
use crate::cds_hooks::hook::{Hook, Orders};
use crate::cds_hooks::service::Service;
use crate::config::OPENAPI_ROUTE;
use crate::model::facts::{Format, Kind};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, guard, web};
use serde_json::{Map, Value, json};
use std::net::SocketAddr;

/// Adds the route.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::resource(OPENAPI_ROUTE)
            .route(
                web::route()
                    .guard(guard::Any(guard::Get()).or(guard::Head()))
                    .to(answer),
            )
            .default_service(web::to(|| async {
                crate::server::Problem::method_not_allowed("GET")
            })),
    );
}

async fn answer(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let live = state.live();
    let is_public = live.settings.is_public(OPENAPI_ROUTE);
    let services = if is_public {
        &live.open.knowledge.services
    } else {
        let endpoint = format!("{}{OPENAPI_ROUTE}", state.base_url);
        match crate::server::hook::caller(&request, &live, &endpoint).await {
            Ok(place) => &live.at(place).knowledge.services,
            Err(problem) => return problem.response(),
        }
    };
    let text = description(&state.base_url, live.settings.metrics_listen, services).to_string();
    let (mut response, is_known) = crate::server::document::answer(&request, &text, is_public);
    if is_known {
        return response.finish();
    }
    response.content_type("application/json").body(text)
}

/// The description of a server at this address, with its listener for operations and these services.
pub fn description(base_url: &str, metrics: Option<SocketAddr>, services: &[Service]) -> Value {
    let mut paths = Map::new();
    paths.insert("/cds-services".into(), json!({ "get": operation(
        "discovery", "The services and what each needs prefetched.", &[401, 405],
        json!({ "200": answered("The services.", json!({ "$ref": "#/components/schemas/Discovery" })) }),
        true,
    ) }));
    let mut ids: Vec<&str> = services.iter().map(|service| service.id.as_str()).collect();
    ids.dedup();
    for id in ids {
        let same: Vec<&Service> = services.iter().filter(|service| service.id == id).collect();
        paths.insert(
            format!("/cds-services/{id}"),
            json!({ "post": call(id, &same) }),
        );
        paths.insert(
            format!("/cds-services/{id}/feedback"),
            json!({ "post": feedback(id) }),
        );
    }
    for kind in Kind::ALL {
        paths.insert(
            crate::server::model::path(kind),
            json!({ "get": model(kind) }),
        );
    }
    paths.insert(
        OPENAPI_ROUTE.into(),
        json!({ "get": operation(
            "openapi", "This description.", &[401, 405],
            json!({ "200": answered("OpenAPI 3.1.", json!({ "type": "object", "required": ["openapi", "info", "paths"] })), "304": { "description": "Not changed." } }),
            true,
        ) }),
    );
    paths.insert(
        "/health/live".into(),
        json!({ "get": operation(
            "live", "Whether the process answers.", &[],
            json!({ "200": answered("It does.", json!({ "type": "object", "required": ["status"], "properties": { "status": { "const": "live" } } })) }),
            false,
        ) }),
    );
    pages(&mut paths);
    if let Some(metrics) = metrics {
        operations(&mut paths, metrics);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "rrdtc", "version": env!("CARGO_PKG_VERSION"), "summary": env!("CARGO_PKG_DESCRIPTION"),
            "description": "A CDS Hooks 2.0.1 service. Errors are FHIR OperationOutcomes. Research score from one centre, no external validation; not a medical device.",
        },
        "servers": [{ "url": base_url }],
        "security": [],
        "paths": paths,
        "components": {
            "securitySchemes": { "client": {
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "The client's JWT for this endpoint (CDS Hooks 2.0.1, Trusting CDS Clients). Not needed where the server was started with --open.",
            } },
            "schemas": shapes::schemas(),
        },
    })
}

/// One operation with the errors that it can answer.
fn operation(
    id: &str,
    summary: &str,
    errors: &[u16],
    mut answers: Value,
    by_clients: bool,
) -> Value {
    for status in errors {
        let reason = StatusCode::from_u16(*status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or_default();
        answers[status.to_string()] = json!({
            "description": reason,
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/OperationOutcome" } } },
        });
        match status {
            405 => answers["405"]["headers"] = header("Allow", "The method that works."),
            401 => answers["401"]["headers"] = header("WWW-Authenticate", "Bearer"),
            503 => {
                answers["503"]["headers"] =
                    header("Retry-After", "Seconds until it makes sense to try again.")
            }
            _ => {}
        }
    }
    let mut operation = json!({ "operationId": id, "summary": summary, "responses": answers });
    if by_clients {
        // Without clients in the configuration everybody may call.
        operation["security"] = json!([{ "client": [] }, {}]);
    }
    operation
}

fn header(name: &str, description: &str) -> Value {
    json!({ name: { "description": description, "schema": { "type": "string" }, "required": true } })
}

fn answered(description: &str, schema: Value) -> Value {
    json!({ "description": description, "content": { "application/json": { "schema": schema } } })
}

/// A call of a service: of one hook, or of several that share an id.
fn call(id: &str, services: &[&Service]) -> Value {
    let requests: Vec<Value> = services.iter().map(|service| request(service)).collect();
    let request = match requests.as_slice() {
        [one] => one.clone(),
        several => json!({ "oneOf": several }),
    };
    let description = services
        .first()
        .map_or("", |service| service.description.as_str());
    let mut call = operation(
        &format!("call.{id}"),
        "Assesses the patient's chart; at most one card.",
        &[400, 401, 403, 404, 405, 408, 412, 413, 415, 422, 500, 503],
        json!({ "200": answered("Cards, and the assessment whatever they are.", json!({ "$ref": "#/components/schemas/Response" })) }),
        true,
    );
    call["description"] = description.into();
    call["requestBody"] = json!({
        "required": true,
        "content": { "application/json": { "schema": request.clone() }, "application/fhir+json": { "schema": request } },
    });
    call
}

fn request(service: &Service) -> Value {
    let hook = Hook::of(&service.hook);
    let text = || json!({ "type": "string", "minLength": 1 });
    let mut context = Map::from_iter([("patientId".to_owned(), text())]);
    let mut required = vec!["patientId"];
    for (name, needed) in [
        ("userId", hook.needs_user),
        ("encounterId", hook.needs_encounter),
    ] {
        context.insert(
            name.into(),
            if needed {
                text()
            } else {
                json!({ "type": ["string", "null"] })
            },
        );
        if needed {
            required.push(name);
        }
    }
    if let Some(orders) = hook.orders {
        context.insert(
            "draftOrders".into(),
            json!({ "type": "object", "description": "A FHIR Bundle." }),
        );
        required.push("draftOrders");
        if orders == Orders::Selected {
            context.insert(
                "selections".into(),
                json!({ "type": "array", "items": { "type": "string" } }),
            );
            required.push("selections");
        }
    }
    let keys = service.prefetch.iter().map(|(key, template)| {
        let what = json!({ "description": format!("Answer to {template}: a FHIR resource or Bundle, or null where there is none.") });
        (key.clone(), what)
    });
    json!({
        "type": "object",
        "required": ["hook", "hookInstance", "context"],
        "properties": {
            "hook": { "const": service.hook },
            "hookInstance": { "type": "string", "format": "uuid" },
            "context": { "type": "object", "required": required, "properties": context },
            "prefetch": { "type": ["object", "null"], "properties": Map::from_iter(keys) },
            "fhirServer": { "type": ["string", "null"], "minLength": 1, "description": "A URL; what is none cannot be read." },
            "fhirAuthorization": { "anyOf": [{ "$ref": "#/components/schemas/FhirAuthorization" }, { "type": "null" }] },
        },
        "if": { "required": ["fhirAuthorization"], "properties": { "fhirAuthorization": { "type": "object" } } },
        "then": { "required": ["fhirServer"], "properties": { "fhirServer": { "type": "string" } } },
    })
}

fn feedback(id: &str) -> Value {
    let mut feedback = operation(
        &format!("feedback.{id}"),
        "What became of cards; kept before it is answered. 404 where feedback is not kept.",
        &[400, 401, 403, 404, 405, 408, 413, 415, 503],
        json!({ "200": { "description": "Kept." } }),
        true,
    );
    let schema = json!({ "$ref": "#/components/schemas/Feedback" });
    feedback["requestBody"] = json!({
        "required": true,
        "content": { "application/json": { "schema": schema.clone() }, "application/fhir+json": { "schema": schema } },
    });
    feedback
}

fn model(kind: Kind) -> Value {
    let formats = [Format::Html, Format::Markdown, Format::Json];
    let content = formats.map(|format| {
        let media_type = format.media_type();
        let media_type = media_type.split(';').next().unwrap_or(media_type);
        let schema = if format == Format::Json {
            json!({})
        } else {
            json!({ "type": "string" })
        };
        (media_type.to_owned(), json!({ "schema": schema }))
    });
    let mut model = operation(
        kind.name(),
        "What must be known about the model; no patient is in it.",
        &[400, 401, 404, 405],
        json!({
            "200": { "description": "The document.", "content": Map::from_iter(content) },
            "304": { "description": "Not changed." },
        }),
        true,
    );
    model["parameters"] = json!([
        { "name": "sha256", "in": "query", "description": "SHA-256 of a model file that is in use.", "schema": { "type": "string" } },
        { "name": "format", "in": "query", "description": "Wins over Accept.", "schema": { "enum": ["html", "markdown", "json"] } },
    ]);
    model
}

/// The pages of a SMART launch, for browsers.
fn pages(paths: &mut Map<String, Value>) {
    let html = |description: &str| json!({ "description": description, "content": { "text/html": { "schema": { "type": "string" } } } });
    let text = |name: &str, place: &str, required: bool| json!({ "name": name, "in": place, "required": required, "schema": { "type": "string" } });
    let elsewhere =
        json!({ "description": "Goes on.", "headers": header("Location", "Where to.") });
    let mut page =
        |path: &str, method: &str, id: &str, summary: &str, parameters: Value, answers: Value| {
            let mut operation = operation(id, summary, &[], answers, false);
            operation["parameters"] = parameters;
            // Every refusal is a page that says what to do.
            operation["responses"]["4XX"] = html("A page that says why not.");
            // That of a wrong method or file is not for people.
            operation["responses"]["4XX"]["content"]["application/json"] =
                json!({ "schema": { "$ref": "#/components/schemas/OperationOutcome" } });
            operation["responses"]["5XX"] = html("A page that says why not.");
            operation["tags"] = json!(["SMART app"]);
            paths.insert(path.into(), json!({ method: operation }));
        };
    let on = |status: &str| json!({ status: elsewhere.clone() });
    page(
        "/smart/launch",
        "get",
        "smart-launch",
        "EHR launch.",
        json!([text("iss", "query", true), text("launch", "query", true)]),
        on("303"),
    );
    page(
        "/smart/start",
        "get",
        "smart-start",
        "Standalone launch.",
        json!([text("iss", "query", true)]),
        on("303"),
    );
    page(
        "/smart/authorize",
        "get",
        "smart-authorize",
        "On to the authorization server.",
        json!([text("state", "query", false)]),
        json!({ "303": elsewhere, "200": html("An offer of a new tab, where the browser keeps no cookie in a frame.") }),
    );
    page(
        "/smart/callback",
        "get",
        "smart-callback",
        "Back from the authorization server.",
        json!([
            text("state", "query", false),
            text("code", "query", false),
            text("iss", "query", false),
            text("error", "query", false)
        ]),
        on("303"),
    );
    page(
        "/smart/assessments/{launch}",
        "get",
        "smart-assessment",
        "The page of the assessment.",
        json!([text("launch", "path", true)]),
        json!({ "200": html("The page.") }),
    );
    page(
        "/smart/assessments/{launch}/end",
        "post",
        "smart-end",
        "Ends it.",
        json!([text("launch", "path", true)]),
        json!({ "200": html("It has ended.") }),
    );
    page(
        "/smart/assets/{name}",
        "get",
        "smart-asset",
        "A file of the pages.",
        json!([text("name", "path", true)]),
        json!({ "200": { "description": "The file.", "content": { "*/*": {} } } }),
    );
}

/// What the listener for operations answers.
fn operations(paths: &mut Map<String, Value>, listens: SocketAddr) {
    let servers = json!([{ "url": format!("http://{listens}"), "description": "The listener for operations." }]);
    let state = json!({
        "type": "object", "required": ["status", "checks"],
        "properties": { "status": { "enum": ["ready", "not ready"] }, "checks": { "type": "object", "additionalProperties": { "type": "boolean" } } },
    });
    let ready = operation(
        "ready",
        "Whether every part that a call needs works.",
        &[],
        json!({ "200": answered("Ready.", state.clone()), "503": answered("A part does not work.", state) }),
        false,
    );
    let metrics = operation(
        "metrics",
        "Prometheus text.",
        &[],
        json!({ "200": { "description": "Metrics.", "content": { "text/plain": { "schema": { "type": "string" } } } } }),
        false,
    );
    paths.insert(
        "/health/ready".into(),
        json!({ "servers": servers, "get": ready }),
    );
    paths.insert(
        "/metrics".into(),
        json!({ "servers": servers, "get": metrics }),
    );
}
