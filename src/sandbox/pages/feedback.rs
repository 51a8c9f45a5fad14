//! What a user does with a card: accept a suggestion, dismiss the card. The service is told as the protocol says.

use super::editing::FOREIGN_FORM;
use super::names::visible;
use super::orders::new_id;
use crate::sandbox::page::{self, encode, is_from_elsewhere, see_other};
use crate::sandbox::store::{Full, Store};
use crate::sandbox::{Ehr, Handled, Shown};
use crate::server::{State, within};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use std::time::Instant;

/// A card that is answered, or the page that says why it cannot be.
fn card(
    request: &HttpRequest,
    uuid: &str,
    ehr: &Ehr,
    state: &State,
) -> Result<Shown, Box<HttpResponse>> {
    let refuse = |status, text: &str| {
        page::problem(ehr, state, status, "The card was not answered", text, "/")
    };
    if is_from_elsewhere(request) {
        return Err(Box::new(refuse(StatusCode::BAD_REQUEST, FOREIGN_FORM)));
    }
    ehr.cards()
        .get(uuid, Instant::now())
        .cloned()
        .ok_or_else(|| {
            let text = "This card is not open any more. Open the chart again: it brings a new one.";
            Box::new(refuse(StatusCode::NOT_FOUND, text))
        })
}

/// Tells the service about one card.
async fn tell(state: &web::Data<State>, shown: &Shown, mut item: Value) -> Result<(), String> {
    item["card"] = shown.card["uuid"].clone();
    item["outcomeTimestamp"] = Timestamp::now().to_string().into();
    let body = json!({ "feedback": [item] }).to_string();
    within::take_feedback(state, &shown.service, body.as_bytes())
        .await
        .map_err(|problem| format!("The service did not take the feedback: {}.", problem.text()))
}

fn done(shown: &Shown, what: &str) -> HttpResponse {
    let separator = if shown.page.contains('?') { '&' } else { '?' };
    see_other(&format!("{}{separator}done={what}", shown.page))
}

/// Remembers what was done, so that the card is not shown as if nothing had been.
fn remember(ehr: &Ehr, shown: &Shown, change: impl FnOnce(&mut Handled)) {
    let Some(patient) = &shown.patient else {
        return;
    };
    let mut all = ehr.handled();
    let handled = all
        .entry((patient.clone(), shown.service.clone()))
        .or_default();
    if handled.result_id != shown.result_id {
        *handled = Handled {
            result_id: shown.result_id.clone(),
            ..Handled::default()
        };
    }
    change(handled);
}

/// What accepting sends.
#[derive(Deserialize)]
pub struct Accepting {
    #[serde(default)]
    suggestion: String,
}

/// `POST /cards/{card}/accept`
pub async fn accept(
    request: HttpRequest,
    uuid: web::Path<String>,
    form: web::Form<Accepting>,
    ehr: web::Data<Ehr>,
    state: web::Data<State>,
) -> HttpResponse {
    let shown = match card(&request, &uuid, &ehr, &state) {
        Ok(shown) => shown,
        Err(page) => return *page,
    };
    let refuse = |text: &str| {
        let title = "The suggestion was not accepted";
        page::problem(
            &ehr,
            &state,
            StatusCode::BAD_REQUEST,
            title,
            text,
            &shown.page,
        )
    };
    let suggestions = shown.card["suggestions"].as_array();
    let suggestion = suggestions
        .into_iter()
        .flatten()
        .find(|suggestion| suggestion["uuid"] == form.suggestion.as_str());
    let Some(suggestion) = suggestion else {
        return refuse("The card has no such suggestion.");
    };
    if let Some(patient) = &shown.patient
        && let Err(problem) = apply(&mut ehr.change(), patient, &suggestion["actions"])
    {
        return refuse(&problem);
    }
    let label = suggestion["label"].as_str().unwrap_or_default().to_owned();
    remember(&ehr, &shown, |handled| handled.accepted.push(label));
    let item = json!({ "outcome": "accepted", "acceptedSuggestions": [{ "id": form.suggestion }] });
    if let Err(problem) = tell(&state, &shown, item).await {
        return refuse(&problem);
    }
    let what = if shown.patient.is_some() {
        "accepted"
    } else {
        "accepted-only"
    };
    done(&shown, what)
}

/// Applies the actions of a suggestion: all or none, deletions first, then new resources, then changed ones.
fn apply(store: &mut Store, patient: &str, actions: &Value) -> Result<(), String> {
    let subject = format!("Patient/{patient}");
    let mut ordered: Vec<(u8, &Value)> = Vec::new();
    for action in actions.as_array().into_iter().flatten() {
        let resource = &action["resource"];
        let is_about_patient = ["subject", "patient"]
            .iter()
            .any(|member| resource[*member]["reference"] == subject.as_str());
        let order = match action["type"].as_str() {
            Some("delete") => {
                let reference = action["resourceId"]
                    .as_str()
                    .and_then(|id| id.split_once('/'));
                reference
                    .and_then(|(name, id)| store.find(patient, name, id))
                    .ok_or("What it removes is not in the chart.")?;
                0
            }
            Some("create") if is_about_patient => 1,
            Some("update") if is_about_patient => {
                let text = |member: &str| resource[member].as_str().unwrap_or_default();
                store
                    .find(patient, text("resourceType"), text("id"))
                    .ok_or("What it changes is not in the chart.")?;
                2
            }
            Some("create" | "update") => return Err("It is about another patient.".into()),
            _ => return Err("It has an action that is not known here.".into()),
        };
        ordered.push((order, action));
    }
    ordered.sort_by_key(|(order, _)| *order);
    let full = |full: Full| format!("{full}.");
    for (order, action) in ordered {
        let mut resource = action["resource"].clone();
        if order == 1 {
            resource["id"] = new_id().into();
        }
        let json = to_raw_value(&resource).map_err(|_| "A resource could not be written.")?;
        match order {
            0 => {
                let id = action["resourceId"].as_str().unwrap_or_default();
                let number = id
                    .split_once('/')
                    .and_then(|(name, id)| store.find(patient, name, id));
                number.map(|number| store.remove_record(patient, number));
            }
            1 => {
                store.add_record(patient, &json).map_err(full)?;
            }
            _ => {
                store.replace_record(patient, &json).map_err(full)?;
            }
        }
    }
    Ok(())
}

/// What dismissing sends.
#[derive(Deserialize)]
pub struct Dismissal {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    comment: String,
}

/// `POST /cards/{card}/override`
pub async fn dismiss(
    request: HttpRequest,
    uuid: web::Path<String>,
    form: web::Form<Dismissal>,
    ehr: web::Data<Ehr>,
    state: web::Data<State>,
) -> HttpResponse {
    let shown = match card(&request, &uuid, &ehr, &state) {
        Ok(shown) => shown,
        Err(page) => return *page,
    };
    let reasons = shown.card["overrideReasons"].as_array();
    let reason = form
        .reason
        .parse::<usize>()
        .ok()
        .and_then(|index| reasons?.get(index));
    let comment = form.comment.trim();
    let mut item = json!({ "outcome": "overridden" });
    if let Some(reason) = reason {
        item["overrideReason"]["reason"] =
            json!({ "code": reason["code"], "system": reason["system"] });
    }
    if !comment.is_empty() {
        item["overrideReason"]["userComment"] = comment.into();
    }
    if let Err(problem) = tell(&state, &shown, item).await {
        let (title, status) = ("The card was not dismissed", StatusCode::BAD_REQUEST);
        return page::problem(&ehr, &state, status, title, problem, &shown.page);
    }
    let comment = visible(comment, 500);
    let words = match (
        reason.and_then(|reason| reason["display"].as_str()),
        comment.as_str(),
    ) {
        (Some(reason), "") => reason.to_owned(),
        (Some(reason), comment) => format!("{reason} ({comment})"),
        (None, "") => "no reason given".to_owned(),
        (None, comment) => comment.to_owned(),
    };
    remember(&ehr, &shown, |handled| handled.dismissed = Some(words));
    done(&shown, "overridden")
}

/// `POST /patients/{id}/reopen`: dismissed cards of the patient are shown again.
pub async fn reopen(
    request: HttpRequest,
    id: web::Path<String>,
    ehr: web::Data<Ehr>,
) -> HttpResponse {
    if !is_from_elsewhere(&request) {
        for ((patient, _), handled) in ehr.handled().iter_mut() {
            if *patient == *id {
                handled.dismissed = None;
            }
        }
    }
    see_other(&format!("/patients/{}", encode(&id)))
}
