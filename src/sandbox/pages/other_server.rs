//! A patient of another FHIR server, where the start of the sandbox allowed one. Shown, never changed.

use super::cards::{Exchange, Place, exchange};
use super::names::{Named, read, turns_text};
use super::records::{Section, sections};
use super::roles::roles;
use crate::fhir::bundle::{Content, split};
use crate::sandbox::Ehr;
use crate::sandbox::asking::{Hook, ask};
use crate::sandbox::incoming::stored;
use crate::sandbox::page::{self, Frame, encode, html};
use crate::sandbox::store::Stored;
use crate::server::State;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "sandbox/elsewhere.html")]
struct ElsewherePage {
    frame: Frame,
    servers: Vec<(usize, String, bool)>,
    id: String,
    problem: Option<String>,
    failures: Vec<(String, &'static str)>,
    patient: Option<Named>,
    sections: Vec<Section>,
    exchange: Option<Exchange>,
    message: Option<&'static str>,
}

/// What is asked for.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    server: usize,
    #[serde(default)]
    id: String,
    #[serde(default)]
    done: String,
}

/// `/elsewhere`
pub async fn open(
    asked: web::Query<Asked>,
    ehr: web::Data<Ehr>,
    state: web::Data<State>,
) -> HttpResponse {
    let Some(elsewhere) = &ehr.elsewhere else {
        let text =
            "No other FHIR server is allowed. Start the sandbox with --allow-fhir and its address.";
        let title = "No other server";
        return page::problem(&ehr, &state, StatusCode::NOT_FOUND, title, text, "/");
    };
    let servers = elsewhere.bases().iter().enumerate();
    let mut page = ElsewherePage {
        frame: Frame::new(&ehr, &state, "elsewhere"),
        servers: servers
            .map(|(index, base)| (index, base.to_string(), index == asked.server))
            .collect(),
        id: asked
            .id
            .trim()
            .chars()
            .filter(|c| !turns_text(*c))
            .take(200)
            .collect(),
        problem: None,
        failures: Vec::new(),
        patient: None,
        sections: Vec::new(),
        exchange: None,
        message: super::editing::message(&asked.done),
    };
    let Some(base) = elsewhere
        .bases()
        .get(asked.server)
        .filter(|_| !page.id.is_empty())
    else {
        return html(StatusCode::OK, &page);
    };
    let live = state.live();
    let Some(service) = live.open.knowledge.plain_service() else {
        return html(StatusCode::OK, &page);
    };
    let read_there = elsewhere.read(base, &page.id, service).await;
    page.failures = read_there.failures;
    let key = service.key_of("Patient").unwrap_or("patient");
    let Some(patient) = read_there.prefetch.get(key) else {
        let why = page.failures.iter().find(|(name, _)| name == key);
        let why = why.map_or("it gave no Patient", |(_, reason)| reason);
        page.problem = Some(format!(
            "The patient could not be read from that server ({why})."
        ));
        page.failures.clear();
        return html(StatusCode::BAD_GATEWAY, &page);
    };
    let mut named = read(&page.id, patient);
    let address = format!("/elsewhere?server={}&id={}", asked.server, encode(&page.id));
    named.chart.clone_from(&address);
    let mut records: Vec<Arc<Stored>> = Vec::new();
    for json in read_there.prefetch.values() {
        if let Content::Bundle(bundle) = split(json) {
            let resources = bundle.entries.into_iter();
            records.extend(resources.map(|entry| Arc::new(stored(entry.json, &[]))));
        }
    }
    let base = base.as_str().trim_end_matches('/');
    let asked = ask(
        &state,
        &Hook::PatientView,
        base,
        &page.id,
        &read_there.prefetch,
    )
    .await;
    if let Some(asked) = asked {
        page.sections = sections(&records, &named, &roles(asked.assessment()), false);
        let place = Place {
            patient: &page.id,
            is_ours: false,
            page: &address,
        };
        page.exchange = Some(exchange(&ehr, &state, "patient-view", &place, asked));
    }
    page.patient = Some(named);
    html(StatusCode::OK, &page)
}
