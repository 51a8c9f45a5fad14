//! `GET /openapi.json`: what this server answers, as OpenAPI 3.1. Made of the loaded services and of the lists in the code, so that a
//! service that is added as a file is described, and a new state or code is too.
//!
//! Read [`description`]. The shapes of answers are in `assessment` and `card`; tests hold them against real answers.

use super::State;
use crate::cds_hooks::display::DisplayReason;
use crate::cds_hooks::feedback::{LONGEST_CODE, LONGEST_COMMENT, MOST_SUGGESTIONS};
use crate::cds_hooks::hook::{Hook, Orders};
use crate::cds_hooks::request::LONGEST_LIFE;
use crate::cds_hooks::response::{classification, state_name};
use crate::cds_hooks::service::Service;
use crate::config::OPENAPI_ROUTE;
use crate::domain::codes::{ApplicabilityCaveat, NotApplicable, SetAsideCode};
use crate::domain::facts::From;
use crate::domain::score::{self, Classification, Predictor};
use crate::model::facts::{Format, Kind};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, guard, web};
use serde_json::{Map, Value, json};

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
                super::Problem::method_not_allowed("GET")
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
        match super::hook::caller(&request, &live, &endpoint).await {
            Ok(place) => &live.at(place).knowledge.services,
            Err(problem) => return problem.response(),
        }
    };
    let text = description(&state.base_url, services).to_string();
    match super::document::answer(&request, text, is_public) {
        (mut response, None) => response.finish(),
        (mut response, Some(text)) => response.content_type("application/json").body(text),
    }
}

/// The description of a server at this address with these services.
pub fn description(base_url: &str, services: &[Service]) -> Value {
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
        paths.insert(super::model::path(kind), json!({ "get": model(kind) }));
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
    operations(&mut paths);
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
            "schemas": schemas(),
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

/// What the listener for operations answers; it has an address of its own (`metrics.listen`).
fn operations(paths: &mut Map<String, Value>) {
    let servers = json!([{ "url": "http://127.0.0.1:9090", "description": "The listener for operations; metrics.listen says where." }]);
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

fn schemas() -> Value {
    let text = json!({ "type": "string", "minLength": 1 });
    let code = json!({
        "type": "string", "minLength": 1, "maxLength": LONGEST_CODE, "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$",
    });
    let accepted = json!({
        "type": "array", "minItems": 1, "maxItems": MOST_SUGGESTIONS,
        "items": { "type": "object", "required": ["id"], "properties": { "id": code } },
    });
    let reason = json!({ "type": "object", "required": ["code", "system"], "properties": { "code": code, "system": code } });
    let overridden = json!({
        "type": "object", "properties": { "reason": reason, "userComment": { "type": "string", "maxLength": LONGEST_COMMENT, "pattern": "^[^\\u0000]*$" } },
        "anyOf": [{ "required": ["reason"] }, { "required": ["userComment"], "properties": { "userComment": { "minLength": 1 } } }],
    });
    json!({
        "OperationOutcome": {
            "type": "object", "required": ["resourceType", "issue"], "additionalProperties": false,
            "properties": {
                "resourceType": { "const": "OperationOutcome" },
                "issue": { "type": "array", "minItems": 1, "items": {
                    "type": "object", "required": ["severity", "code", "diagnostics"], "additionalProperties": false,
                    "properties": {
                        "severity": { "const": "error" }, "code": text, "diagnostics": text,
                        "expression": { "type": "array", "items": text },
                    },
                } },
            },
        },
        "Discovery": {
            "type": "object", "required": ["services"], "additionalProperties": false,
            "properties": { "services": { "type": "array", "items": {
                "type": "object", "required": ["hook", "description", "id"],
                "properties": {
                    "hook": text, "title": text, "description": text, "id": text, "usageRequirements": text,
                    "prefetch": { "type": "object", "additionalProperties": text },
                },
            } } },
        },
        "FhirAuthorization": {
            "type": "object", "required": ["access_token", "token_type", "expires_in", "scope", "subject"],
            "properties": {
                "access_token": text, "token_type": { "const": "Bearer" }, "expires_in": { "type": "integer", "minimum": 0, "maximum": LONGEST_LIFE },
                "scope": text, "subject": text, "patient": { "type": ["string", "null"] },
            },
        },
        "Feedback": {
            "type": "object", "required": ["feedback"],
            "properties": { "feedback": { "type": "array", "items": {
                "type": "object", "required": ["card", "outcome", "outcomeTimestamp"],
                "properties": {
                    "card": { "type": "string", "format": "uuid" },
                    "outcome": { "enum": ["accepted", "overridden"] },
                    "outcomeTimestamp": { "type": "string", "format": "date-time" },
                    },
                "if": { "properties": { "outcome": { "const": "accepted" } } },
                "then": { "required": ["acceptedSuggestions"], "properties": { "acceptedSuggestions": accepted } },
                // What goes with the other outcome is not read.
                "else": { "properties": { "overrideReason": overridden } },
            } } },
        },
        "Response": {
            "type": "object", "required": ["cards", "extension"], "additionalProperties": false,
            "properties": {
                "cards": { "type": "array", "maxItems": 1, "items": { "$ref": "#/components/schemas/Card" } },
                "extension": {
                    "type": "object", "required": ["org.rrdtc.assessment"], "additionalProperties": false,
                    "properties": { "org.rrdtc.assessment": { "$ref": "#/components/schemas/Assessment" } },
                },
            },
        },
        "Card": card(),
        "Assessment": assessment(),
    })
}

fn card() -> Value {
    let text = json!({ "type": "string", "minLength": 1 });
    json!({
        "type": "object", "required": ["uuid", "summary", "indicator", "detail", "source", "overrideReasons"], "additionalProperties": false,
        "properties": {
            "uuid": { "type": "string", "format": "uuid" },
            "summary": { "type": "string", "minLength": 1, "maxLength": 139 },
            "indicator": { "enum": ["info", "warning"] },
            "detail": text,
            "source": { "type": "object", "required": ["label"], "properties": { "label": text, "url": text } },
            "overrideReasons": { "type": "array", "items": { "type": "object", "required": ["code", "system", "display"], "properties": { "code": text, "system": text, "display": text } } },
            "links": { "type": "array", "items": {
                "type": "object", "required": ["label", "url", "type"],
                "properties": { "label": text, "url": text, "type": { "enum": ["absolute", "smart"] }, "appContext": text },
            } },
            "suggestions": { "type": "array", "items": { "type": "object", "required": ["label"], "properties": { "label": text, "uuid": text, "actions": { "type": "array" } } } },
            "selectionBehavior": { "const": "any" },
        },
    })
}

fn assessment() -> Value {
    let text = json!({ "type": "string", "minLength": 1 });
    let codes = json!({ "type": "array", "items": text });
    let count = |least: i32| json!({ "type": "integer", "minimum": least });
    let evidence = json!({ "type": "array", "items": {
        "type": "object", "required": ["reference", "what"], "additionalProperties": false,
        "properties": { "reference": text, "what": text, "date": text },
    } });
    let codes_aside: Vec<&str> = SetAsideCode::ALL.iter().map(|code| code.as_str()).collect();
    let reasons: Vec<&str> = NotApplicable::ALL
        .iter()
        .map(|code| code.as_str())
        .collect();
    let caveats: Vec<&str> = ApplicabilityCaveat::ALL
        .iter()
        .map(|code| code.as_str())
        .collect();
    let set_aside = json!({ "type": "array", "items": {
        "type": "object", "required": ["reference", "code"], "additionalProperties": false,
        "properties": { "reference": text, "code": { "enum": codes_aside }, "date": text },
    } });
    let predictor = json!({
        "type": "object", "required": ["state", "points", "decisive"], "additionalProperties": false,
        "properties": {
            "state": { "enum": score::State::ALL.map(state_name) },
            "reason": text,
            "points": { "type": "object", "required": ["low", "high"], "properties": { "low": count(0), "high": count(0) } },
            "decisive": { "type": "boolean" },
            "years": { "type": "object", "required": ["low"], "properties": { "low": { "type": "integer" }, "high": { "type": "integer" } } },
            "sites": codes,
            "suvMax": { "type": "object", "required": ["value"], "properties": { "value": { "type": ["number", "string"] }, "comparator": text } },
            "evidence": evidence,
            "setAside": set_aside,
            "hints": { "type": "array", "items": { "type": "object", "required": ["reference", "code"], "properties": { "reference": text, "code": text } } },
            "caveats": codes,
        },
    });
    let predictors = Predictor::ALL.map(Predictor::name);
    let source = json!({
        "type": "object", "required": ["from", "pages", "complete"], "additionalProperties": false,
        "properties": { "from": { "enum": From::ALL.map(From::as_str) }, "pages": count(0), "complete": { "type": "boolean" } },
    });
    let classes = [
        Classification::BelowCutoff,
        Classification::Indeterminate,
        Classification::AtOrAboveCutoff,
    ];
    let share = json!({ "type": "number", "minimum": 0, "maximum": 1 });
    json!({
        "type": "object", "required": ["model", "software", "display"], "additionalProperties": false,
        "properties": {
            "resultId": { "type": "string", "pattern": "^[0-9a-f]{64}$" },
            "assessedAt": { "type": "string", "format": "date-time" },
            "model": { "type": "object", "required": ["id", "version", "sha256"], "properties": { "id": text, "version": text, "sha256": text } },
            "software": { "type": "object", "required": ["name", "version"], "properties": { "name": text, "version": text } },
            "applicability": {
                "type": "object", "required": ["status"], "additionalProperties": false,
                "properties": {
                    "status": { "enum": ["applicable", "not-applicable"] },
                    "reasons": { "type": "array", "items": { "enum": reasons } }, "caveats": { "type": "array", "items": { "enum": caveats } }, "evidence": evidence, "setAside": set_aside,
                },
            },
            "predictors": {
                "type": "object", "required": predictors, "additionalProperties": false,
                "properties": Map::from_iter(predictors.map(|name| (name.to_owned(), predictor.clone()))),
            },
            "score": {
                "type": "object", "required": ["low", "high", "maximum", "cutoff"],
                "properties": { "low": count(0), "high": count(0), "maximum": count(1), "cutoff": count(1) },
            },
            "classification": { "enum": classes.map(classification) },
            "probability": {
                "type": "object", "required": ["low", "high", "basis"],
                "properties": { "low": share, "estimate": share, "high": share, "basis": text },
            },
            "display": {
                "type": "object", "required": ["shown", "reason"], "additionalProperties": false,
                "properties": { "shown": { "type": "boolean" }, "reason": { "enum": DisplayReason::ALL.map(DisplayReason::as_str) } },
            },
            "sources": { "type": "object", "additionalProperties": source },
        },
    })
}
