//! Changing a chart: forms that add a record of a usual kind, remove one, or put the chart back.
//!
//! The records are such as a hospital writes; what the service makes of them is its own matter.

use super::chart::no_patient;
use super::orders::new_id;
use crate::sandbox::Ehr;
use crate::sandbox::page::{self, encode, is_from_elsewhere, see_other};
use crate::server::State;
use crate::server::answer::day;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::to_raw_value;
use serde_json::{Number, Value, json};

const SNOMED: &str = "http://snomed.info/sct";

/// Sites that the form offers: name in the form, SNOMED CT code and display, and what people call it.
const SITES: [(&str, &str, &str, &str); 11] = [
    ("lung", "94391008", "Metastasis to lung", "Lung"),
    ("bone", "94222008", "Metastasis to bone", "Bone"),
    ("node", "94392001", "Metastasis to lymph node", "Lymph node"),
    ("liver", "94381002", "Metastasis to liver", "Liver"),
    ("brain", "94225005", "Metastasis to brain", "Brain"),
    ("pleura", "94493005", "Metastasis to pleura", "Pleura"),
    (
        "mediastinum",
        "94409002",
        "Metastasis to mediastinum",
        "Mediastinum",
    ),
    ("kidney", "94360002", "Metastasis to kidney", "Kidney"),
    (
        "adrenal",
        "94161006",
        "Metastasis to adrenal gland",
        "Adrenal gland",
    ),
    ("skin", "94579000", "Metastasis to skin", "Skin"),
    (
        "unknown",
        "128462008",
        "Secondary malignant neoplastic disease",
        "Site not recorded",
    ),
];

/// What the forms offer.
pub struct Forms {
    /// The day of the assessment.
    pub today: String,
    /// Sites: value and label.
    pub sites: Vec<(&'static str, &'static str)>,
}

impl Forms {
    /// Forms for an assessment at this time.
    pub fn new(now: Timestamp) -> Self {
        Self {
            today: day(now).to_string(),
            sites: SITES
                .iter()
                .map(|(value, _, _, label)| (*value, *label))
                .collect(),
        }
    }
}

/// What a page says after a form was sent; only our own words.
pub fn message(done: &str) -> Option<&'static str> {
    Some(match done {
        "pet" => "PET result added. The service was asked again.",
        "metastasis" => "Metastasis added. The service was asked again.",
        "recurrence" => "Recurrence added. The service was asked again.",
        "negative" => "Status \"no evidence of disease\" added. The service was asked again.",
        "radioiodine" => "Iodine-131 treatment added. The service was asked again.",
        "removed" => "Record removed. The service was asked again.",
        "reset" => "The chart is as it was at first.",
        "accepted" => "Suggestion accepted: it was applied to the chart, and the service was told.",
        "accepted-only" => {
            "Suggestion accepted: the service was told. The chart of another server is not changed."
        }
        "overridden" => "Card dismissed: the service was told.",
        "ordered" => "Order placed.",
        _ => return None,
    })
}

/// What the forms send.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Sent {
    suv_max: String,
    reading: String,
    site: String,
    date: String,
    activity: String,
}

/// `POST /patients/{id}/add/{kind}`
pub async fn add(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    sent: web::Form<Sent>,
    ehr: web::Data<Ehr>,
    state: web::Data<State>,
) -> HttpResponse {
    let (id, kind) = path.into_inner();
    let chart = format!("/patients/{}", encode(&id));
    let refuse = |title: &str, text: &str| {
        page::problem(&ehr, &state, StatusCode::BAD_REQUEST, title, text, &chart)
    };
    if is_from_elsewhere(&request) {
        return refuse("Not added", FOREIGN_FORM);
    }
    if ehr.store().patient(&id).is_none() {
        return no_patient(&ehr, &state);
    }
    let record = match record(&kind, &sent, &id) {
        Ok(record) => record,
        Err(text) => return refuse("Nothing was added", &text),
    };
    let Ok(json) = to_raw_value(&record) else {
        return refuse("Nothing was added", "The record could not be written.");
    };
    if let Err(full) = ehr.change().add_record(&id, &json) {
        return refuse("Nothing was added", &format!("Nothing was added: {full}."));
    }
    see_other(&format!("{chart}?done={kind}"))
}

/// What is said to a form of another site.
pub const FOREIGN_FORM: &str =
    "The form was sent by a page of another site, so nothing was changed.";

fn record(kind: &str, sent: &Sent, patient: &str) -> Result<Value, String> {
    let subject = json!({ "reference": format!("Patient/{patient}") });
    let date = date(&sent.date)?;
    let dated = |mut record: Value, member: &str| {
        if let Some(date) = &date {
            record[member] = date.as_str().into();
        }
        record
    };
    let coding = |system: &str, code: &str, display: &str| json!({ "coding": [{ "system": system, "code": code, "display": display }] });
    let condition = |code: Value| {
        let condition = json!({
            "resourceType": "Condition", "id": new_id(),
            "clinicalStatus": coding("http://terminology.hl7.org/CodeSystem/condition-clinical", "active", "Active"),
            "verificationStatus": coding("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed", "Confirmed"),
            "code": code, "subject": subject,
        });
        dated(condition, "onsetDateTime")
    };
    match kind {
        "pet" => {
            let pet = pet(sent, &subject)?;
            Ok(dated(pet, "effectiveDateTime"))
        }
        "metastasis" => {
            let (_, code, display, _) = SITES
                .iter()
                .find(|(name, ..)| *name == sent.site)
                .ok_or("Choose a site from the list.")?;
            Ok(condition(coding(SNOMED, code, display)))
        }
        "recurrence" => {
            let display = "Local recurrence of malignant tumor of thyroid gland";
            Ok(condition(coding(SNOMED, "314953008", display)))
        }
        "negative" => {
            let status = json!({
                "resourceType": "Observation", "id": new_id(), "status": "final",
                "code": coding("http://loinc.org", "97509-4", "Cancer Disease Progression"), "subject": subject,
                "valueCodeableConcept": coding(SNOMED, "58899004", "No evidence of neoplasm"),
            });
            Ok(dated(status, "effectiveDateTime"))
        }
        "radioiodine" => {
            let mut given = json!({
                "resourceType": "MedicationAdministration", "id": new_id(), "status": "completed",
                "medicationCodeableConcept": coding("http://www.whocc.no/atc", "V10XA01", "sodium iodide (131I)"),
                "subject": subject,
            });
            if !sent.activity.trim().is_empty() {
                let activity = number(&sent.activity, "activity in GBq")?;
                given["dosage"] = json!({ "dose": {
                    "value": activity, "unit": "GBq", "system": "http://unitsofmeasure.org", "code": "GBq",
                } });
            }
            Ok(dated(given, "effectiveDateTime"))
        }
        _ => Err("There is no form for this kind of record.".into()),
    }
}

/// A measured lesion, or the reading of the whole study where no SUVmax is given.
fn pet(sent: &Sent, subject: &Value) -> Result<Value, String> {
    let reading = match sent.reading.as_str() {
        "positive" => Some(("10828004", "Positive", "POS")),
        "negative" => Some(("260385009", "Negative", "NEG")),
        "" | "none" => None,
        _ => return Err("Choose a reading from the list.".into()),
    };
    let mut pet = json!({
        "resourceType": "Observation", "id": new_id(), "status": "final", "code": { "text": "FDG PET SUVmax" }, "subject": subject,
    });
    match (sent.suv_max.trim(), reading) {
        ("", None) => Err("Give a SUVmax, a reading, or both.".into()),
        ("", Some((code, display, _))) => {
            pet["code"] = json!({ "coding": [{
                "system": SNOMED, "code": "443271005",
                "display": "Positron emission tomography with computed tomography using fluorodeoxyglucose (18-F)",
            }] });
            pet["valueCodeableConcept"] =
                json!({ "coding": [{ "system": SNOMED, "code": code, "display": display }] });
            Ok(pet)
        }
        (suv_max, reading) => {
            pet["valueQuantity"] = json!({
                "value": number(suv_max, "SUVmax")?, "unit": "g/mL", "system": "http://unitsofmeasure.org", "code": "g/mL",
            });
            if let Some((_, display, code)) = reading {
                pet["interpretation"] = json!([{ "coding": [{
                    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation",
                    "code": code, "display": display,
                }] }]);
            }
            Ok(pet)
        }
    }
}

/// A number as it was typed: FHIR keeps its digits.
fn number(text: &str, what: &str) -> Result<Number, String> {
    let text = text.trim().replace(',', ".");
    text.parse::<Number>()
        .ok()
        .filter(|number| text.len() <= 20 && number.as_f64().is_some_and(f64::is_finite))
        .ok_or_else(|| format!("The {what} must be a number such as 4.2."))
}

/// A FHIR date, whole or partial; none when the field is empty.
fn date(text: &str) -> Result<Option<String>, String> {
    let text = text.trim();
    let digits = |text: &str, from: u32, to: u32| {
        text.chars().all(|c| c.is_ascii_digit())
            && text
                .parse()
                .is_ok_and(|number| (from..=to).contains(&number))
    };
    let parts: Vec<&str> = text.split('-').collect();
    let is_date = match parts.as_slice() {
        [""] => return Ok(None),
        [year] => year.len() == 4 && digits(year, 1, 9999),
        [year, month] => {
            year.len() == 4 && digits(year, 1, 9999) && month.len() == 2 && digits(month, 1, 12)
        }
        _ => text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok(),
    };
    match is_date {
        true => Ok(Some(text.to_owned())),
        false => Err(
            "The date must be a day such as 2026-10-05, a month such as 2026-10, a year, or empty."
                .into(),
        ),
    }
}

/// `POST /patients/{id}/records/{number}/remove`
pub async fn remove(
    request: HttpRequest,
    path: web::Path<(String, u64)>,
    ehr: web::Data<Ehr>,
    state: web::Data<State>,
) -> HttpResponse {
    let (id, number) = path.into_inner();
    let chart = format!("/patients/{}", encode(&id));
    let refuse = |status, text: &str| {
        page::problem(&ehr, &state, status, "Nothing was removed", text, &chart)
    };
    if is_from_elsewhere(&request) {
        return refuse(StatusCode::BAD_REQUEST, FOREIGN_FORM);
    }
    if ehr.change().remove_record(&id, number) {
        see_other(&format!("{chart}?done=removed"))
    } else {
        refuse(
            StatusCode::NOT_FOUND,
            "The chart has no such record, or it is the patient's own.",
        )
    }
}

/// `POST /patients/{id}/reset`
pub async fn reset(
    request: HttpRequest,
    id: web::Path<String>,
    ehr: web::Data<Ehr>,
    state: web::Data<State>,
) -> HttpResponse {
    let chart = format!("/patients/{}", encode(&id));
    if is_from_elsewhere(&request) {
        let title = "Nothing was changed";
        return page::problem(
            &ehr,
            &state,
            StatusCode::BAD_REQUEST,
            title,
            FOREIGN_FORM,
            &chart,
        );
    }
    if ehr.store().patient(&id).is_none() {
        return no_patient(&ehr, &state);
    }
    ehr.change().reset(&id);
    ehr.handled().retain(|(patient, _), _| *patient != *id);
    see_other(&format!("{chart}?done=reset"))
}

#[cfg(test)]
mod tests {
    use super::{date, number};

    #[test]
    fn dates_are_fhir_dates() {
        for text in ["2026", "2026-10", "2026-10-05", " 2024-02-29 "] {
            assert_eq!(date(text).unwrap().as_deref(), Some(text.trim()));
        }
        assert_eq!(date("  "), Ok(None));
        for text in [
            "26",
            "2026-13",
            "2026-00",
            "2026-1",
            "2026-02-30",
            "2026-10-05T10",
            "x",
            "-",
            "2026-10-5",
            "+026",
        ] {
            assert!(date(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_keep_their_digits() {
        assert_eq!(number(" 2.50 ", "x").unwrap().to_string(), "2.50");
        assert_eq!(number("2,5", "x").unwrap().to_string(), "2.5");
        for text in ["", "x", "1e999", "NaN", "< 2.5", "000000000000000000000001"] {
            assert!(number(text, "x").is_err(), "{text}");
        }
    }
}
