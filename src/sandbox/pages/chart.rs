//! A patient's chart, with the card that opening it brings.

use super::cards::{Exchange, Place, exchange};
use super::editing::{Forms, message};
use super::fhir_server;
use super::json_text::pretty;
use super::names::{Named, named};
use super::orders::DRAFTS;
use super::records::{Section, sections};
use super::roles::roles;
use crate::sandbox::Ehr;
use crate::sandbox::asking::{Hook, ask, prefetch};
use crate::sandbox::page::{self, Frame, html};
use crate::sandbox::store::Stored;
use crate::server::State;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "sandbox/chart.html")]
struct ChartPage {
    frame: Frame,
    patient: Named,
    patient_page: String,
    is_edited: bool,
    exchange: Option<Exchange>,
    sections: Vec<Section>,
    message: Option<&'static str>,
    forms: Forms,
    drafts: &'static [(&'static str, &'static str)],
}

/// What a form that was sent before has to tell.
#[derive(Deserialize)]
pub struct Told {
    #[serde(default)]
    done: String,
}

impl Told {
    /// Which form it was.
    pub fn done(&self) -> &str {
        &self.done
    }
}

/// `/patients/{id}`
pub async fn chart(
    id: web::Path<String>,
    told: web::Query<Told>,
    ehr: web::Data<Ehr>,
    state: web::Data<State>,
) -> HttpResponse {
    let Some(chart) = Chart::open(&ehr, &id) else {
        return no_patient(&ehr, &state);
    };
    let exchange = chart
        .ask(&ehr, &state, &Hook::PatientView, &chart.named.chart)
        .await;
    let (exchange, roles) = exchange.map_or((None, Default::default()), |(exchange, roles)| {
        (Some(exchange), roles)
    });
    let page = ChartPage {
        frame: Frame::new(&ehr, &state, ""),
        sections: sections(&chart.records, &chart.named, &roles, true),
        patient_page: format!("{}/records/{}", chart.named.chart, chart.patient.number),
        patient: chart.named,
        is_edited: chart.is_edited,
        exchange,
        message: message(&told.done),
        forms: Forms::new(state.clock.now()),
        drafts: &DRAFTS,
    };
    html(StatusCode::OK, &page)
}

/// A chart as it was at one moment.
pub struct Chart {
    /// Who it is.
    pub named: Named,
    patient: Arc<Stored>,
    records: Vec<Arc<Stored>>,
    is_edited: bool,
}

impl Chart {
    /// The chart of a patient.
    pub fn open(ehr: &Ehr, id: &str) -> Option<Self> {
        let store = ehr.store();
        let patient = store.patient(id)?.clone();
        Some(Self {
            named: named(&patient),
            records: store.of_patient(id).cloned().collect(),
            is_edited: store.is_edited(id),
            patient,
        })
    }

    /// Calls the service of a hook for this patient. None when there is no such service.
    pub async fn ask(
        &self,
        ehr: &Ehr,
        state: &web::Data<State>,
        hook: &Hook,
        page: &str,
    ) -> Option<(Exchange, std::collections::BTreeMap<String, String>)> {
        let live = state.live();
        let service = live
            .open
            .knowledge
            .services
            .iter()
            .find(|service| service.hook == hook.name())?;
        let id = &self.patient.id;
        let prefetch = prefetch(&ehr.store(), service, id)?;
        let asked = ask(state, hook, &fhir_server(state), id, &prefetch).await?;
        let roles = roles(asked.assessment());
        let place = Place {
            patient: id,
            is_ours: true,
            page,
        };
        Some((exchange(ehr, state, hook.name(), &place, asked), roles))
    }
}

/// 404 as a page.
pub fn no_patient(ehr: &Ehr, state: &State) -> HttpResponse {
    page::problem(
        ehr,
        state,
        StatusCode::NOT_FOUND,
        "No such patient",
        "There is no patient of this id in the sandbox.",
        "/",
    )
}

#[derive(Template)]
#[template(path = "sandbox/record.html")]
struct RecordPage<'a> {
    frame: Frame,
    patient: Named,
    reference: String,
    json: String,
    fhir: Option<String>,
    number: u64,
    is_patient: bool,
    added: &'a bool,
}

/// `/patients/{id}/records/{number}`: a record as the FHIR server holds it.
pub async fn record(
    path: web::Path<(String, u64)>,
    ehr: web::Data<Ehr>,
    state: web::Data<State>,
) -> HttpResponse {
    let (id, number) = path.into_inner();
    let Some(chart) = Chart::open(&ehr, &id) else {
        return no_patient(&ehr, &state);
    };
    let Some(stored) = chart.records.iter().find(|stored| stored.number == number) else {
        let title = "No such record";
        let text = "This record is not in the chart any more.";
        let status = StatusCode::NOT_FOUND;
        return page::problem(&ehr, &state, status, title, text, &chart.named.chart);
    };
    let reference = format!("{}/{}", stored.resource_type, stored.id);
    let page = RecordPage {
        frame: Frame::new(&ehr, &state, ""),
        fhir: (!stored.id.is_empty() && !stored.resource_type.is_empty()).then(|| {
            let id = page::encode(&stored.id);
            format!("/fhir/{}/{id}", page::encode(&stored.resource_type))
        }),
        json: pretty(stored.json.get()),
        number,
        is_patient: stored.resource_type == "Patient",
        added: &stored.added,
        patient: chart.named,
        reference: super::names::visible(&reference, 200),
    };
    html(StatusCode::OK, &page)
}
