//! Read-only FHIR R4 under `/fhir`: read, search by `patient`, `subject`, `_id`, `code`, `category`, `_count`, `_sort`,
//! paging, `metadata`. An unknown parameter is an error: silently ignoring one returns another patient's records.
//!
//! Open to requests without a token; a token that comes is checked, and lets read what its scopes say.

use super::Ehr;
use super::authorization::{self, Access};
use super::page;
use super::store::Stored;
use crate::fhir::reference::type_and_id;
use crate::server::State;
use actix_web::http::StatusCode;
use actix_web::http::header::WWW_AUTHENTICATE;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;
use serde_json::value::RawValue;

const FHIR_JSON: &str = "application/fhir+json";
const DEFAULT_PAGE: usize = 100;
const GREATEST_PAGE: usize = 1000;

/// Adds the routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/fhir/metadata", web::get().to(metadata))
        .route("/fhir/{type}/_search", web::post().to(search_by_form))
        .route("/fhir/{type}/{id}", web::get().to(read))
        .route("/fhir/{type}", web::get().to(search_by_query));
}

fn outcome(status: StatusCode, code: &str, text: &str) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    if status == StatusCode::UNAUTHORIZED {
        response.insert_header((WWW_AUTHENTICATE, "Bearer error=\"invalid_token\""));
    }
    response.content_type(FHIR_JSON).body(
        json!({ "resourceType": "OperationOutcome", "issue": [{ "severity": "error", "code": code, "diagnostics": text }] }).to_string(),
    )
}

/// What a token does not let its app do.
fn refused(access: &Access) -> HttpResponse {
    match access {
        Access::Refused => outcome(
            StatusCode::UNAUTHORIZED,
            "login",
            "the token is not known here or has expired; without any token this server is open",
        ),
        _ => outcome(
            StatusCode::FORBIDDEN,
            "forbidden",
            "the scopes of the token do not let this be read",
        ),
    }
}

async fn metadata(ehr: web::Data<Ehr>, state: web::Data<State>) -> HttpResponse {
    let store = ehr.store();
    let parameters = [
        ("patient", "reference"),
        ("subject", "reference"),
        ("_id", "token"),
        ("code", "token"),
        ("category", "token"),
    ];
    let resources: Vec<_> = store
        .types()
        .into_iter()
        .map(|name| {
            json!({
                "type": name,
                "interaction": [{ "code": "read" }, { "code": "search-type" }],
                "searchParam": parameters.iter().map(|(name, kind)| json!({ "name": name, "type": kind })).collect::<Vec<_>>(),
            })
        })
        .collect();
    HttpResponse::Ok().content_type(FHIR_JSON).body(
        json!({
            "resourceType": "CapabilityStatement",
            "status": "active",
            "date": "2026-11-24",
            "kind": "instance",
            "software": { "name": "rrdtc sandbox: synthetic data, not for care", "version": env!("CARGO_PKG_VERSION") },
            "implementation": { "description": "Read-only sandbox with synthetic patients" },
            "fhirVersion": "4.0.1",
            "format": ["json"],
            "rest": [{ "mode": "server", "security": authorization::oauth_uris(&state.base_url), "resource": resources }],
        })
        .to_string(),
    )
}

async fn read(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    ehr: web::Data<Ehr>,
) -> HttpResponse {
    let (resource_type, id) = path.into_inner();
    let access = Access::of(&request, &ehr);
    let Some(reach) = access.reach(&resource_type, false) else {
        return refused(&access);
    };
    match ehr.store().by_reference(&resource_type, &id) {
        Some(stored) if !access.lets_see(reach, stored.patient.as_deref()) => refused(&access),
        Some(stored) => HttpResponse::Ok()
            .content_type(FHIR_JSON)
            .body(stored.json.get().to_owned()),
        None => outcome(
            StatusCode::NOT_FOUND,
            "not-found",
            "there is no such resource",
        ),
    }
}

async fn search_by_query(
    request: HttpRequest,
    path: web::Path<String>,
    ehr: web::Data<Ehr>,
    state: web::Data<State>,
) -> HttpResponse {
    let access = Access::of(&request, &ehr);
    match web::Query::<Vec<(String, String)>>::from_query(request.query_string()) {
        Ok(query) => search(&path, &query, &access, &ehr, &state.base_url),
        Err(_) => outcome(
            StatusCode::BAD_REQUEST,
            "invalid",
            "the query cannot be read",
        ),
    }
}

async fn search_by_form(
    request: HttpRequest,
    path: web::Path<String>,
    form: web::Form<Vec<(String, String)>>,
    ehr: web::Data<Ehr>,
    state: web::Data<State>,
) -> HttpResponse {
    let mut parameters = form.into_inner();
    match web::Query::<Vec<(String, String)>>::from_query(request.query_string()) {
        Ok(query) => parameters.extend(query.into_inner()),
        Err(_) => {
            return outcome(
                StatusCode::BAD_REQUEST,
                "invalid",
                "the query cannot be read",
            );
        }
    }
    let access = Access::of(&request, &ehr);
    search(&path, &parameters, &access, &ehr, &state.base_url)
}

/// A page of a search.
#[derive(Clone, Copy)]
struct Page {
    count: usize,
    offset: usize,
}

fn search(
    resource_type: &str,
    parameters: &[(String, String)],
    access: &Access,
    ehr: &Ehr,
    base_url: &str,
) -> HttpResponse {
    let Some(reach) = access.reach(resource_type, true) else {
        return refused(access);
    };
    let store = ehr.store();
    if !store.types().contains(&resource_type) && !is_resource_type(resource_type) {
        return outcome(
            StatusCode::NOT_FOUND,
            "not-found",
            "there is no such resource type",
        );
    }
    // By patient where one is asked for: a chart is small, all of them together may not be.
    let patient = parameters
        .iter()
        .find(|(name, _)| matches!(name.as_str(), "patient" | "subject"))
        .map(|(_, value)| patient_id(value));
    let mut found: Vec<&Stored> = match patient {
        Some(patient) => store
            .of_patient(patient)
            .map(|stored| &**stored)
            .filter(|stored| stored.resource_type == resource_type)
            .collect(),
        None => store
            .of_type(resource_type)
            .map(|stored| &**stored)
            .collect(),
    };
    found.retain(|stored| access.lets_see(reach, stored.patient.as_deref()));
    let mut page_asked = Page {
        count: DEFAULT_PAGE,
        offset: 0,
    };
    for (name, value) in parameters {
        let bad = |text: &str| outcome(StatusCode::BAD_REQUEST, "invalid", text);
        match name.as_str() {
            "patient" | "subject" => {
                let wanted = patient_id(value);
                found.retain(|stored| stored.patient.as_deref() == Some(wanted));
            }
            "_id" => found.retain(|stored| value.split(',').any(|id| id == stored.id)),
            "code" | "category" => found.retain(|stored| {
                value
                    .split(',')
                    .any(|token| matches_token(stored, name, token))
            }),
            "_count" => match value.parse() {
                Ok(count) => page_asked.count = std::cmp::min(count, GREATEST_PAGE),
                Err(_) => return bad("_count must be a number"),
            },
            "_offset" => match value.parse() {
                Ok(offset) => page_asked.offset = offset,
                Err(_) => return bad("_offset must be a number"),
            },
            "_sort" => match value.as_str() {
                "date" | "_lastUpdated" => found.sort_by(|a, b| a.date.cmp(&b.date)),
                "-date" | "-_lastUpdated" => found.sort_by(|a, b| b.date.cmp(&a.date)),
                "_id" => found.sort_by(|a, b| a.id.cmp(&b.id)),
                "-_id" => found.sort_by(|a, b| b.id.cmp(&a.id)),
                _ => {
                    return bad(
                        "_sort understands date, _lastUpdated and _id, with or without a minus",
                    );
                }
            },
            "_format" => {}
            other => {
                // The name is the caller's own word; parameters of a search hold no patient data before their "=".
                let known = "patient, subject, _id, code, category, _count, _sort";
                return bad(&format!(
                    "unknown search parameter {:?}; known are {known}",
                    other.chars().take(40).collect::<String>()
                ));
            }
        }
    }
    bundle(resource_type, parameters, &found, page_asked, base_url)
}

/// The id of a patient that is given as an id or as a reference.
fn patient_id(value: &str) -> &str {
    type_and_id(value)
        .filter(|(name, _)| *name == "Patient")
        .map_or(value, |(_, id)| id)
}

fn is_resource_type(name: &str) -> bool {
    name.chars().next().is_some_and(|c| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphabetic())
}

fn matches_token(stored: &Stored, parameter: &str, token: &str) -> bool {
    stored.codes.iter().any(|(kind, system, code)| {
        *kind == parameter
            && match token.split_once('|') {
                None => code == token,
                Some((wanted, "")) => system == wanted,
                Some((wanted, wanted_code)) => system == wanted && code == wanted_code,
            }
    })
}

fn bundle(
    resource_type: &str,
    parameters: &[(String, String)],
    found: &[&Stored],
    page: Page,
    base_url: &str,
) -> HttpResponse {
    let shown = &found
        [page.offset.min(found.len())..found.len().min(page.offset.saturating_add(page.count))];
    let link = |relation: &str, offset: usize| {
        let kept = parameters
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "_count" | "_offset"))
            .cloned();
        let paging = [
            ("_count".to_owned(), page.count.to_string()),
            ("_offset".to_owned(), offset.to_string()),
        ];
        let query: Vec<String> = kept
            .chain(paging)
            .map(|(name, value)| format!("{}={}", page::encode(&name), page::encode(&value)))
            .collect();
        json!({ "relation": relation, "url": format!("{base_url}/fhir/{resource_type}?{}", query.join("&")) })
    };
    let mut links = vec![link("self", page.offset)];
    if page.count > 0 && page.offset.saturating_add(page.count) < found.len() {
        links.push(link("next", page.offset + page.count));
    }
    #[derive(serde::Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Entry<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        full_url: Option<String>,
        resource: &'a RawValue,
        search: serde_json::Value,
    }
    #[derive(serde::Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Searchset<'a> {
        resource_type: &'static str,
        r#type: &'static str,
        total: usize,
        link: Vec<serde_json::Value>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        entry: Vec<Entry<'a>>,
    }
    let entry = shown
        .iter()
        .map(|stored| Entry {
            full_url: (!stored.id.is_empty()).then(|| {
                format!(
                    "{base_url}/fhir/{}/{}",
                    stored.resource_type,
                    page::encode(&stored.id)
                )
            }),
            resource: &stored.json,
            search: json!({ "mode": "match" }),
        })
        .collect();
    let bundle = Searchset {
        resource_type: "Bundle",
        r#type: "searchset",
        total: found.len(),
        link: links,
        entry,
    };
    match serde_json::to_string(&bundle) {
        Ok(text) => HttpResponse::Ok().content_type(FHIR_JSON).body(text),
        Err(_) => outcome(
            StatusCode::INTERNAL_SERVER_ERROR,
            "exception",
            "the result could not be written",
        ),
    }
}
