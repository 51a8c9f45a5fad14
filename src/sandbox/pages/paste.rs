//! A box to paste a Bundle into: its patients are in the list until the sandbox ends.

use super::editing::FOREIGN_FORM;
use crate::json::{DEEPEST_NESTING, nests_deeper};
use crate::sandbox::Ehr;
use crate::sandbox::incoming::Incoming;
use crate::sandbox::page::{Frame, html, is_from_elsewhere, see_other};
use crate::server::State;
use actix_web::error::UrlencodedError;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Bytes of a pasted text, at most.
const LONGEST: usize = 2 << 20;

/// Bytes of the form: each byte of the text may become three.
pub const LONGEST_FORM: usize = 3 * LONGEST + 1_000;

/// Resources of one text, at most.
const MOST_RESOURCES: usize = 5_000;

#[derive(Template)]
#[template(path = "sandbox/paste.html")]
struct PastePage<'a> {
    frame: Frame,
    problem: Option<String>,
    bundle: &'a str,
    megabytes: usize,
    most: usize,
}

fn page(
    ehr: &Ehr,
    state: &State,
    status: StatusCode,
    problem: Option<String>,
    bundle: &str,
) -> HttpResponse {
    let page = PastePage {
        frame: Frame::new(ehr, state, "paste"),
        problem,
        bundle,
        megabytes: LONGEST >> 20,
        most: MOST_RESOURCES,
    };
    html(status, &page)
}

/// `GET /paste`
pub async fn form(ehr: web::Data<Ehr>, state: web::Data<State>) -> HttpResponse {
    page(&ehr, &state, StatusCode::OK, None, "")
}

/// What the form sends.
#[derive(Deserialize)]
pub struct Pasted {
    #[serde(default)]
    bundle: String,
}

/// `POST /paste`
pub async fn take(
    request: HttpRequest,
    form: Result<web::Form<Pasted>, actix_web::Error>,
    ehr: web::Data<Ehr>,
    state: web::Data<State>,
) -> HttpResponse {
    let too_large = format!("The text is larger than {} MB.", LONGEST >> 20);
    let form = match form {
        Ok(form) => form.into_inner(),
        Err(error) => {
            let is_large = matches!(
                error.as_error::<UrlencodedError>(),
                Some(UrlencodedError::Overflow { .. })
            );
            let (status, text) = match is_large {
                true => (StatusCode::PAYLOAD_TOO_LARGE, too_large),
                false => (
                    StatusCode::BAD_REQUEST,
                    "The form could not be read.".into(),
                ),
            };
            return page(&ehr, &state, status, Some(text), "");
        }
    };
    if form.bundle.len() > LONGEST {
        return page(
            &ehr,
            &state,
            StatusCode::PAYLOAD_TOO_LARGE,
            Some(too_large),
            "",
        );
    }
    let problem = match is_from_elsewhere(&request) {
        true => Err(FOREIGN_FORM.to_owned()),
        false => keep(&ehr, &form.bundle),
    };
    match problem {
        Ok(patients) => see_other(&format!("/?pasted={patients}")),
        Err(text) => page(
            &ehr,
            &state,
            StatusCode::BAD_REQUEST,
            Some(text),
            &form.bundle,
        ),
    }
}

/// Keeps the patients of a text, and tells how many they are.
fn keep(ehr: &Ehr, text: &str) -> Result<usize, String> {
    if text.trim().is_empty() {
        return Err("There is nothing in the box.".into());
    }
    if nests_deeper(text, DEEPEST_NESTING) {
        return Err(format!(
            "The JSON nests deeper than {DEEPEST_NESTING} levels."
        ));
    }
    for value in serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>() {
        if let Err(error) = value {
            // What it says ends with line and column, and quotes nothing.
            return Err(format!("This is not JSON: {error}."));
        }
    }
    let incoming = Incoming::read(text).ok_or(
        "This is JSON, but neither a FHIR Bundle nor a FHIR resource: resourceType is missing.",
    )?;
    if incoming.count() > MOST_RESOURCES {
        return Err(format!(
            "More than {MOST_RESOURCES} resources at once are not taken."
        ));
    }
    let patients: Vec<&str> = incoming.patients().collect();
    if patients.is_empty() {
        return Err("There is no Patient in it, so nobody whose chart could be shown.".into());
    }
    let mut store = ehr.change();
    for (index, id) in patients.iter().enumerate() {
        let place = index + 1;
        if id.is_empty() {
            return Err(format!("Patient {place} has no id."));
        }
        if store.patient(id).is_some() {
            return Err(format!(
                "Patient {place} has an id that a patient of the sandbox has: give it another."
            ));
        }
        if patients[..index].contains(id) {
            return Err(format!("Patient {place} has the id of an earlier one."));
        }
    }
    let count = patients.len();
    store
        .paste(incoming)
        .map_err(|full| format!("Nothing was taken: {full}."))?;
    Ok(count)
}
