//! The start page: the patients, what each shows, a ready `curl`, and the answer in the browser.

use super::store::{Store, Stored};
use crate::cds_hooks::display::DisplayReason;
use crate::cds_hooks::response::{assessment, state_name};
use crate::chart::input::Resources;
use crate::domain::assessment::assess;
use crate::domain::score::Predictor;
use crate::server::answer::{day, instant};
use crate::server::{State, Tenancy};
use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use minijinja::{AutoEscape, Environment};
use serde_json::json;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Adds the routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/", web::get().to(start))
        .route(
            "/index.html",
            web::get().to(|| async {
                HttpResponse::PermanentRedirect()
                    .insert_header((LOCATION, "/"))
                    .finish()
            }),
        )
        .route("/requests/{patient}", web::get().to(request));
}

async fn start(store: web::Data<Store>, state: web::Data<State>) -> HttpResponse {
    let live = state.live();
    let patients: Vec<_> = store
        .patients()
        .map(|patient| row(&store, &live.open, state.clock.now(), patient))
        .collect();
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let service = live
        .open
        .knowledge
        .plain_service()
        .map_or("", |service| service.id.as_str());
    let page = environment.render_named_str(
        "start.html",
        include_str!("start.html"),
        minijinja::context! {
            patients => patients,
            base => state.base_url,
            service => service,
            asOf => instant(state.clock.now()),
            count => patients.len(),
        },
    );
    match page {
        Ok(page) => HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .insert_header(("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'"))
            .body(page),
        Err(error) => {
            tracing::error!(%error, "the start page could not be made");
            HttpResponse::InternalServerError().body("the start page could not be made")
        }
    }
}

fn row(store: &Store, open: &Tenancy, now: Timestamp, patient: &Stored) -> serde_json::Value {
    let value: serde_json::Value = serde_json::from_str(patient.json.get()).unwrap_or_default();
    let name = &value["name"][0];
    let given = name["given"][0].as_str().unwrap_or_default();
    let mut row = json!({
        "id": patient.id,
        "name": format!("{} {}", given, name["family"].as_str().unwrap_or_default()).trim(),
        "birthDate": value["birthDate"].as_str().unwrap_or_default(),
    });
    let mut resources = Resources::default();
    resources.add(&patient.json);
    for resource in records(store, open, &patient.id)
        .into_iter()
        .flat_map(|(_, records)| records)
    {
        resources.add(&resource.json);
    }
    let Some(input) = resources.of(&patient.id) else {
        return row;
    };
    let Ok(chart) = crate::chart::read(input, &open.knowledge.terminology) else {
        row["class"] = "unreadable Patient".into();
        return row;
    };
    let result = assess(
        chart.facts,
        &open.knowledge.model,
        open.advice.rules,
        day(now),
    );
    let answer = assessment(
        &result,
        &open.knowledge.model,
        &instant(now),
        DisplayReason::Shown,
    )
    .value();
    row["class"] = answer["classification"]
        .as_str()
        .unwrap_or("not applicable")
        .replace('-', " ")
        .into();
    match &result.scored {
        Some(scored) => {
            let (low, high) = (scored.score.low, scored.score.high);
            row["score"] = if low == high {
                low.to_string()
            } else {
                format!("{low}-{high}")
            }
            .into();
            let states: Vec<String> = Predictor::ALL
                .iter()
                .map(|name| {
                    let finding = &scored.predictor(*name).finding;
                    let reason = finding
                        .reason
                        .map_or(String::new(), |reason| format!(" ({})", reason.as_str()));
                    format!("{}: {}{reason}", name.name(), state_name(finding.state))
                })
                .collect();
            row["shows"] = states.join(", ").into();
        }
        None => {
            let reasons: Vec<&str> = result
                .applicability
                .reasons
                .iter()
                .map(|reason| reason.as_str())
                .collect();
            row["shows"] = reasons.join(", ").into();
        }
    }
    row
}

/// The records that the service asks for, by prefetch key.
fn records<'s>(
    store: &'s Store,
    open: &'s Tenancy,
    patient: &str,
) -> Vec<(&'s str, Vec<&'s Stored>)> {
    let Some(service) = open.knowledge.plain_service() else {
        return Vec::new();
    };
    service
        .prefetch
        .iter()
        .filter_map(|(key, template)| {
            let name = crate::cds_hooks::service::resource_type(template);
            (name != "Patient").then(|| {
                let found = store
                    .of_type(name)
                    .filter(|stored| stored.patient.as_deref() == Some(patient))
                    .collect();
                (key.as_str(), found)
            })
        })
        .collect()
}

/// A ready hook call for a patient, as an EHR would send it.
async fn request(
    path: web::Path<String>,
    store: web::Data<Store>,
    state: web::Data<State>,
) -> HttpResponse {
    let Some(patient) = store.patients().find(|patient| patient.id == *path) else {
        return crate::server::Problem::not_found("there is no such patient").response();
    };
    let mut prefetch: BTreeMap<String, Box<RawValue>> = BTreeMap::new();
    let live = state.live();
    let service = live.open.knowledge.plain_service();
    let key = service
        .and_then(|service| service.key_of("Patient"))
        .unwrap_or("patient");
    prefetch.insert(key.to_owned(), patient.json.clone());
    for (key, records) in records(&store, &live.open, &patient.id) {
        let entries: Vec<String> = records
            .iter()
            .map(|stored| format!("{{\"resource\":{}}}", stored.json.get()))
            .collect();
        let bundle = if entries.is_empty() {
            r#"{"resourceType":"Bundle","type":"searchset","total":0}"#.to_owned()
        } else {
            format!(
                r#"{{"resourceType":"Bundle","type":"searchset","total":{},"entry":[{}]}}"#,
                entries.len(),
                entries.join(",")
            )
        };
        if let Ok(bundle) = RawValue::from_string(bundle) {
            prefetch.insert(key.to_owned(), bundle);
        }
    }
    #[derive(serde::Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Call<'a> {
        hook: &'a str,
        hook_instance: Uuid,
        fhir_server: String,
        context: serde_json::Value,
        prefetch: BTreeMap<String, Box<RawValue>>,
    }
    let call = Call {
        hook: service.map_or("patient-view", |service| service.hook.as_str()),
        hook_instance: Uuid::new_v5(
            &Uuid::NAMESPACE_URL,
            format!("https://rrdtc.org/sandbox/{}", patient.id).as_bytes(),
        ),
        fhir_server: format!("{}/fhir", state.base_url),
        context: json!({ "userId": "Practitioner/sandbox", "patientId": patient.id }),
        prefetch,
    };
    HttpResponse::Ok().json(call)
}
