//! A chart's records as rows: what a record says, in its own words, and what the assessment made of it.
//!
//! Nothing is interpreted here beyond finding the words: codes, values and dates stand as the record has them.

use super::json_text::pretty;
use super::names::{Named, visible};
use crate::sandbox::store::Stored;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Characters of a record's text that are shown; all of it is in its JSON.
const LONGEST: usize = 500;

/// Records of one part that are shown: a page of thousands helps nobody.
const MOST_ROWS: usize = 300;

/// A part of the chart.
#[derive(Debug)]
pub struct Section {
    /// Its heading.
    pub title: &'static str,
    /// Name in the page.
    pub anchor: &'static str,
    /// What it says when it is empty.
    pub empty: &'static str,
    /// The records.
    pub rows: Vec<Row>,
    /// How many more there are.
    pub more: usize,
}

/// One record.
#[derive(Debug)]
pub struct Row {
    /// `Type/id`, for people.
    pub reference: String,
    /// What it is.
    pub title: String,
    /// Its codes.
    pub codes: String,
    /// What it found.
    pub value: String,
    /// Its status.
    pub status: String,
    /// Its date.
    pub date: String,
    /// What the assessment says of it.
    pub role: String,
    /// A user added it.
    pub added: bool,
    /// Address of its page.
    pub page: String,
    /// Its JSON, where it has no page of its own.
    pub json: Option<String>,
}

const SECTIONS: [(&str, &str, &str); 7] = [
    ("Problems", "problems", "No problems recorded."),
    ("PET results", "pet", "No PET results recorded."),
    (
        "Procedures and medication",
        "treatment",
        "No procedures and no medication recorded.",
    ),
    ("Reports", "reports", "No reports recorded."),
    (
        "Other observations",
        "observations",
        "No other observations recorded.",
    ),
    ("Orders", "orders", "No orders."),
    ("Other records", "other", ""),
];

fn section_of(stored: &Stored, value: &Value) -> usize {
    match stored.resource_type.as_str() {
        "Condition" => 0,
        "Observation" if is_pet(stored, value) => 1,
        "Procedure" | "MedicationAdministration" | "MedicationStatement" => 2,
        "DiagnosticReport" => 3,
        "Observation" => 4,
        "ServiceRequest" | "MedicationRequest" => 5,
        _ => 6,
    }
}

/// Where an EHR would file it: by what its codes and texts say, not by what the service makes of it.
fn is_pet(stored: &Stored, value: &Value) -> bool {
    let codes = ["443271005", "81555-5", "126401", "126400", "44136-0"];
    let mut texts = vec![value["code"].to_string(), value["method"].to_string()];
    texts.push(value["component"].to_string());
    stored
        .codes
        .iter()
        .any(|(_, _, code)| codes.contains(&&**code))
        || texts.iter().any(|text| {
            let text = text.to_lowercase();
            text.contains("suv")
                || text.contains("fdg")
                || text.contains("pet/ct")
                || text.contains("pet-ct")
        })
}

/// The records by section. `roles` is what the assessment says, by reference; `is_ours` whether the chart is ours and its records
/// have pages.
pub fn sections(
    records: &[Arc<Stored>],
    patient: &Named,
    roles: &BTreeMap<String, String>,
    is_ours: bool,
) -> Vec<Section> {
    let mut sections: Vec<Section> = SECTIONS
        .iter()
        .map(|(title, anchor, empty)| Section {
            title,
            anchor,
            empty,
            rows: Vec::new(),
            more: 0,
        })
        .collect();
    for stored in records.iter().filter(|s| s.resource_type != "Patient") {
        let value: Value = serde_json::from_str(stored.json.get()).unwrap_or_default();
        let section = section_of(stored, &value);
        if let Some(section) = sections.get_mut(section) {
            let json = (!is_ours).then(|| pretty(stored.json.get()));
            section.rows.push(Row {
                json,
                ..row(stored, &value, patient, roles)
            });
        }
    }
    for section in &mut sections {
        // The newest first, undated ones last; a stable sort keeps the order of the chart otherwise.
        section
            .rows
            .sort_by(|a, b| sort_key(&b.date).cmp(sort_key(&a.date)));
        section.more = section.rows.len().saturating_sub(MOST_ROWS);
        section.rows.truncate(MOST_ROWS);
    }
    sections.retain(|section| !section.rows.is_empty() || !section.empty.is_empty());
    sections
}

fn sort_key(date: &str) -> &str {
    match date.find(|c: char| c.is_ascii_digit()) {
        Some(at) => &date[at..],
        None => "",
    }
}

fn row(stored: &Stored, value: &Value, patient: &Named, roles: &BTreeMap<String, String>) -> Row {
    let reference = format!("{}/{}", stored.resource_type, stored.id);
    let concept = match &value["code"] {
        Value::Null => match &value["medicationCodeableConcept"] {
            Value::Null => &value["method"],
            medication => medication,
        },
        code => code,
    };
    let mut title = in_words(concept);
    if title.is_empty() {
        title = format!("{} without text", stored.resource_type);
    }
    let shown = |text: String| visible(&text, LONGEST);
    Row {
        role: roles.get(&reference).cloned().unwrap_or_default(),
        page: format!("{}/records/{}", patient.chart, stored.number),
        reference: shown(reference),
        title: shown(title),
        codes: shown(codes(concept)),
        value: shown(found(stored, value)),
        status: shown(status(value)),
        date: shown(date(value)),
        added: stored.added,
        json: None,
    }
}

/// What a CodeableConcept says: its text, else what its codes are called, else the codes.
pub fn in_words(concept: &Value) -> String {
    if let Some(text) = concept["text"].as_str() {
        return text.to_owned();
    }
    let codings = concept["coding"].as_array().map_or(&[][..], Vec::as_slice);
    let named = codings.iter().find_map(|coding| coding["display"].as_str());
    match named {
        Some(display) => display.to_owned(),
        None => codes(concept),
    }
}

fn codes(concept: &Value) -> String {
    let codings = concept["coding"].as_array().into_iter().flatten();
    let codings: Vec<String> = codings
        .map(|coding| {
            let system = system_name(coding["system"].as_str().unwrap_or_default());
            format!(
                "{system} {}",
                coding["code"].as_str().unwrap_or("without code")
            )
        })
        .collect();
    codings.join(", ")
}

fn system_name(system: &str) -> &str {
    match system {
        "http://snomed.info/sct" => "SNOMED CT",
        "http://loinc.org" => "LOINC",
        "http://hl7.org/fhir/sid/icd-10-cm" => "ICD-10-CM",
        "http://hl7.org/fhir/sid/icd-10" => "ICD-10",
        "http://fhir.de/CodeSystem/bfarm/icd-10-gm" => "ICD-10-GM",
        "http://www.ama-assn.org/go/cpt" => "CPT",
        "http://www.nlm.nih.gov/research/umls/rxnorm" => "RxNorm",
        "http://www.whocc.no/atc" => "ATC",
        "http://dicom.nema.org/resources/ontology/DCM" => "DICOM",
        "http://terminology.hl7.org/CodeSystem/icd-o-3" => "ICD-O-3",
        "" => "no system",
        other => other,
    }
}

fn status(value: &Value) -> String {
    let mut parts = Vec::new();
    for member in ["clinicalStatus", "verificationStatus"] {
        if !value[member].is_null() {
            parts.push(match value[member]["coding"][0]["code"].as_str() {
                Some(code) => code.to_owned(),
                None => in_words(&value[member]),
            });
        }
    }
    parts.extend(value["status"].as_str().map(str::to_owned));
    parts.join(", ")
}

fn date(value: &Value) -> String {
    let text = |member: &str| value[member].as_str().map(str::to_owned);
    let period = |member: &str| {
        let (start, end) = (&value[member]["start"], &value[member]["end"]);
        let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
        (!value[member].is_null()).then(|| format!("{} to {}", text(start), text(end)))
    };
    text("effectiveDateTime")
        .or_else(|| text("effectiveInstant"))
        .or_else(|| period("effectivePeriod"))
        .or_else(|| text("performedDateTime"))
        .or_else(|| period("performedPeriod"))
        .or_else(|| text("onsetDateTime"))
        .or_else(|| period("onsetPeriod"))
        .or_else(|| {
            (!value["onsetAge"].is_null())
                .then(|| format!("at age {}", quantity(&value["onsetAge"])))
        })
        .or_else(|| text("onsetString"))
        .or_else(|| text("authoredOn"))
        .or_else(|| text("occurrenceDateTime"))
        .or_else(|| text("recordedDate").map(|date| format!("recorded {date}")))
        .unwrap_or_default()
}

/// What a record found: value, reading, site, dose, conclusion, notes.
fn found(stored: &Stored, value: &Value) -> String {
    let mut parts = Vec::new();
    parts.extend(value_of(value));
    for component in list(&value["component"]) {
        let found = value_of(component).unwrap_or_else(|| "no value".into());
        parts.push(format!("{}: {found}", in_words(&component["code"])));
    }
    for reading in list(&value["interpretation"]) {
        parts.push(format!("read: {}", in_words(reading)));
    }
    for site in list(&value["bodySite"]) {
        parts.push(format!("site: {}", in_words(site)));
    }
    if !value["dosage"]["dose"].is_null() {
        parts.push(format!("dose: {}", quantity(&value["dosage"]["dose"])));
    }
    for conclusion in list(&value["conclusionCode"]) {
        parts.push(format!("conclusion: {}", in_words(conclusion)));
    }
    if let Some(conclusion) = value["conclusion"].as_str() {
        parts.push(conclusion.to_owned());
    }
    if stored.resource_type == "RiskAssessment" {
        for prediction in list(&value["prediction"]) {
            parts.push(in_words(&prediction["outcome"]));
            parts.push(in_words(&prediction["qualitativeRisk"]));
            parts.extend(prediction["rationale"].as_str().map(str::to_owned));
        }
    }
    for note in list(&value["note"]) {
        parts.extend(note["text"].as_str().map(|text| format!("note: {text}")));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
}

/// The elements of a list; what is none counts as a list of itself.
pub fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) => values,
        Value::Null => &[],
        one => std::slice::from_ref(one),
    }
}

fn value_of(value: &Value) -> Option<String> {
    let member = |name: &str| Some(&value[name]).filter(|value| !value.is_null());
    if let Some(found) = member("valueQuantity") {
        return Some(quantity(found));
    }
    if let Some(found) = member("valueCodeableConcept") {
        return Some(in_words(found));
    }
    if let Some(range) = member("valueRange") {
        return Some(format!(
            "{} to {}",
            quantity(&range["low"]),
            quantity(&range["high"])
        ));
    }
    let plain = [
        "valueString",
        "valueInteger",
        "valueBoolean",
        "valueDateTime",
    ];
    if let Some(found) = plain.iter().find_map(|name| member(name)) {
        return Some(match found {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
    }
    member("dataAbsentReason").map(|reason| format!("no value: {}", in_words(reason)))
}

fn quantity(value: &Value) -> String {
    let text = |member: &str| value[member].as_str().unwrap_or_default();
    let unit = match text("unit") {
        "" => text("code"),
        unit => unit,
    };
    let number = match &value["value"] {
        Value::Null => "?".to_owned(),
        Value::String(text) => text.clone(),
        number => number.to_string(),
    };
    format!("{} {number} {unit}", text("comparator"))
        .trim()
        .to_owned()
}
