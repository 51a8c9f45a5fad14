//! Draft orders: choosing one calls order-select, signing it order-sign, and the card is shown at each step.

use super::cards::Exchange;
use super::chart::{Chart, no_patient};
use super::editing::FOREIGN_FORM;
use super::json_text::pretty;
use super::names::Named;
use crate::sandbox::Ehr;
use crate::sandbox::asking::Hook;
use crate::sandbox::authorization::USER;
use crate::sandbox::page::{self, Frame, html, is_from_elsewhere, see_other};
use crate::server::State;
use crate::server::answer::instant;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use uuid::Uuid;

/// The orders that can be drafted: name in the address, and what the button says.
pub const DRAFTS: [(&str, &str); 3] = [
    ("radioiodine", "Radioiodine therapy"),
    ("levothyroxine", "Levothyroxine"),
    ("unmapped", "A local code for radioiodine"),
];

/// An id for a new resource.
pub fn new_id() -> String {
    format!("sandbox-{}", Uuid::new_v4().simple())
}

/// A draft as it is before anybody signs it.
fn draft(kind: &str, patient: &str) -> Option<Value> {
    let subject = json!({ "reference": format!("Patient/{patient}") });
    let id = format!("draft-{kind}");
    Some(match kind {
        "radioiodine" => json!({
            "resourceType": "ServiceRequest", "id": id, "status": "draft", "intent": "order", "subject": subject,
            "code": {
                "coding": [{ "system": "http://snomed.info/sct", "code": "228698009", "display": "Iodine 131 therapy" }],
                "text": "Radioiodine therapy, 3.7 GBq iodine-131",
            },
        }),
        "levothyroxine" => json!({
            "resourceType": "MedicationRequest", "id": id, "status": "draft", "intent": "order", "subject": subject,
            "medicationCodeableConcept": {
                "coding": [{ "system": "http://www.whocc.no/atc", "code": "H03AA01", "display": "levothyroxine sodium" }],
                "text": "Levothyroxine 100 micrograms daily",
            },
        }),
        "unmapped" => json!({
            "resourceType": "ServiceRequest", "id": id, "status": "draft", "intent": "order", "subject": subject,
            "code": {
                "coding": [{ "system": "https://hospital.example.org/orders", "code": "NUK-17", "display": "Radiojodtherapie stationaer" }],
            },
        }),
        _ => return None,
    })
}

#[derive(Template)]
#[template(path = "sandbox/order.html")]
struct OrderPage {
    frame: Frame,
    patient: Named,
    title: &'static str,
    kind: String,
    is_signing: bool,
    draft: String,
    exchange: Option<Exchange>,
    message: Option<&'static str>,
}

/// `/patients/{id}/orders/{kind}`: the order is chosen.
pub async fn select(
    path: web::Path<(String, String)>,
    told: web::Query<super::chart::Told>,
    ehr: web::Data<Ehr>,
    state: web::Data<State>,
) -> HttpResponse {
    step(path.into_inner(), false, &told, &ehr, &state).await
}

/// `/patients/{id}/orders/{kind}/sign`: the order is about to be signed.
pub async fn sign(
    path: web::Path<(String, String)>,
    told: web::Query<super::chart::Told>,
    ehr: web::Data<Ehr>,
    state: web::Data<State>,
) -> HttpResponse {
    step(path.into_inner(), true, &told, &ehr, &state).await
}

async fn step(
    (id, kind): (String, String),
    is_signing: bool,
    told: &super::chart::Told,
    ehr: &Ehr,
    state: &web::Data<State>,
) -> HttpResponse {
    let Some(chart) = Chart::open(ehr, &id) else {
        return no_patient(ehr, state);
    };
    let title = DRAFTS.iter().find(|(name, _)| *name == kind);
    let (Some((_, title)), Some(draft)) = (title, draft(&kind, &id)) else {
        let text = "There is no such draft.";
        let status = StatusCode::NOT_FOUND;
        return page::problem(
            ehr,
            state,
            status,
            "No such order",
            text,
            &chart.named.chart,
        );
    };
    let drafts =
        json!({ "resourceType": "Bundle", "type": "collection", "entry": [{ "resource": draft }] });
    let mut address = format!("{}/orders/{kind}", chart.named.chart);
    let hook = if is_signing {
        address.push_str("/sign");
        Hook::OrderSign(drafts)
    } else {
        let resource_type = draft["resourceType"].as_str().unwrap_or_default();
        Hook::OrderSelect(drafts, format!("{resource_type}/draft-{kind}"))
    };
    let exchange = chart.ask(ehr, state, &hook, &address).await;
    let page = OrderPage {
        frame: Frame::new(ehr, state, ""),
        patient: chart.named,
        title,
        kind,
        is_signing,
        draft: pretty(&draft.to_string()),
        exchange: exchange.map(|(exchange, _)| exchange),
        message: super::editing::message(told.done()),
    };
    html(StatusCode::OK, &page)
}

/// `POST /patients/{id}/orders/{kind}/place`: the order becomes one.
pub async fn place(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    ehr: web::Data<Ehr>,
    state: web::Data<State>,
) -> HttpResponse {
    let (id, kind) = path.into_inner();
    let Some(chart) = Chart::open(&ehr, &id) else {
        return no_patient(&ehr, &state);
    };
    let chart = chart.named.chart;
    let refuse = |text: &str| {
        let status = StatusCode::BAD_REQUEST;
        page::problem(
            &ehr,
            &state,
            status,
            "The order was not placed",
            text,
            &chart,
        )
    };
    if is_from_elsewhere(&request) {
        return refuse(FOREIGN_FORM);
    }
    let Some(mut order) = draft(&kind, &id) else {
        return refuse("There is no such draft.");
    };
    order["id"] = new_id().into();
    order["status"] = "active".into();
    order["authoredOn"] = instant(state.clock.now()).into();
    order["requester"] = json!({ "reference": USER });
    let Ok(json) = to_raw_value(&order) else {
        return refuse("The order could not be written.");
    };
    match ehr.change().add_record(&id, &json) {
        Ok(_) => see_other(&format!("{chart}?done=ordered")),
        Err(full) => refuse(&format!("The order was not placed: {full}.")),
    }
}
