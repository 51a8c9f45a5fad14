//! Programs that others wrote: a FHIR server that we read from, and two validators of what we write.
//!
//! The charts of `fixtures/patients` that are marked `valid` are put into the FHIR server at `RRDTC_FHIR_BASE`, and each must be
//! assessed over HTTP as it is from its file, with pages of five. Without that variable Helios is started when `HFS_BIN` names
//! its program, else Medplum's router with its in-memory repository (`medplum.mjs`); both need `npm ci` in this folder. The test
//! relies on nothing but FHIR R4: PUT, read, search by patient, `_count`, next links. `TEST_REQUIRES_INTEROP=1` makes a missing
//! program a failure; otherwise the test says SKIPPED.
#![allow(clippy::unwrap_used)]

mod programs;
mod serving;
#[path = "../conformance/token.rs"]
#[allow(dead_code)]
mod token;

use programs::{FhirServer, medplum_validator, openapi, python_validator};
use serde_json::{Value, json};
use serving::Service;
use std::path::Path;

/// Everything of an answer's assessment but where its data came from and when.
fn essence(answer: &Value) -> Value {
    let mut assessment = answer["extension"]["org.rrdtc.assessment"].clone();
    let members = assessment.as_object_mut().expect("an assessment");
    members.remove("sources");
    members.remove("assessedAt");
    let id = members.remove("resultId");
    let mut assessment = assessment;
    assessment["resultId"] = id.expect("an id");
    assessment
}

/// The value with "5.0" written as "5" in its texts and numbers.
fn without_zeros(value: &Value) -> Value {
    let text = value.to_string();
    let mut shorter = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once(".0") {
        shorter.push_str(before);
        let is_decimal = before.ends_with(|c: char| c.is_ascii_digit())
            && !after.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        if !is_decimal {
            shorter.push_str(".0");
        }
        rest = after;
    }
    shorter.push_str(rest);
    serde_json::from_str(&shorter).unwrap()
}

/// Fails at the first place where two values differ.
fn same(got: &Value, expected: &Value, path: &str) {
    match (got, expected) {
        (Value::Object(a), Value::Object(b)) => {
            assert!(a.keys().eq(b.keys()), "{path}: {got} {expected}");
            for (name, value) in a {
                same(value, &b[name], &format!("{path}.{name}"));
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len(), "{path}: {got} {expected}");
            for (at, (a, b)) in a.iter().zip(b).enumerate() {
                same(a, b, &format!("{path}[{at}]"));
            }
        }
        _ => assert_eq!(got, expected, "{path}"),
    }
}

/// Name and resources of every chart that is marked as valid R4.
fn valid_charts() -> Vec<(String, Vec<Value>)> {
    let mut charts: Vec<(String, Vec<Value>)> = Vec::new();
    for entry in std::fs::read_dir("fixtures/patients").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some(name) = name.strip_suffix(".expected.json") else {
            continue;
        };
        let read = |path: &Path| -> Value {
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
        };
        if read(&path)["valid"] != true {
            continue;
        }
        let bundle = read(&path.with_file_name(format!("{name}.json")));
        let entries = bundle["entry"].as_array().unwrap().iter();
        let resources = entries.map(|entry| entry["resource"].clone()).collect();
        charts.push((name.to_owned(), resources));
    }
    charts.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(charts.len() >= 30);
    charts
}

fn patient_of(chart: &[Value]) -> &str {
    let patient = chart.iter().find(|r| r["resourceType"] == "Patient");
    patient.and_then(|patient| patient["id"].as_str()).unwrap()
}

#[test]
fn every_valid_chart_is_assessed_over_http_as_from_its_file() {
    let Some(fhir) = FhirServer::find() else {
        return;
    };
    let service = Service::reading(&fhir.base);
    let charts = valid_charts();
    for (name, resources) in &charts {
        // A server may insist that what is referred to exists: the Patient first.
        let is_patient = |resource: &&Value| resource["resourceType"] == "Patient";
        for resource in resources.iter().filter(is_patient) {
            fhir.put(name, resource);
        }
        for resource in resources.iter().filter(|resource| !is_patient(resource)) {
            fhir.put(name, resource);
        }
    }
    for (name, resources) in &charts {
        let id = patient_of(resources);
        // A search by patient finds no others.
        let reference = format!("Patient/{id}");
        let is_own = |r: &&Value| {
            r["resourceType"] == "Patient" || r["subject"]["reference"] == reference.as_str()
        };
        let own: Vec<Value> = resources.iter().filter(is_own).cloned().collect();
        let given = service.call(id, Some(&own), None);
        let fetched = service.call(id, None, Some(&fhir.base));
        let (mut fetched_essence, mut given_essence) = (essence(&fetched), essence(&given));
        // A server written in JavaScript keeps 5.0 as 5, and the answer quotes what it was given. Such a chart has another id.
        if without_zeros(&given_essence) != given_essence {
            for essence in [&mut fetched_essence, &mut given_essence] {
                *essence = without_zeros(essence);
                essence.as_object_mut().unwrap().remove("resultId");
            }
        }
        same(&fetched_essence, &given_essence, name);
        let sources = &fetched["extension"]["org.rrdtc.assessment"]["sources"];
        let observations = resources
            .iter()
            .filter(|r| r["resourceType"] == "Observation")
            .count();
        if observations > 5 {
            assert!(
                sources["observations"]["pages"].as_u64() > Some(1),
                "{name}: {sources}"
            );
        }
    }
    println!("{} charts, {}", charts.len(), fhir.base);
}

/// What we send to an EHR: drafts and records in suggestions, and errors.
fn emitted() -> Vec<Value> {
    let service = Service::reading("http://127.0.0.1:1/fhir");
    let mut emitted = Vec::new();
    for (_, resources) in valid_charts() {
        let answer = service.call(patient_of(&resources), Some(&resources), None);
        for card in answer["cards"].as_array().into_iter().flatten() {
            for suggestion in card["suggestions"].as_array().into_iter().flatten() {
                let actions = suggestion["actions"].as_array().into_iter().flatten();
                emitted.extend(actions.map(|action| action["resource"].clone()));
            }
        }
    }
    emitted.extend(service.errors());
    for name in ["RiskAssessment", "ServiceRequest", "OperationOutcome"] {
        assert!(
            emitted.iter().any(|r| r["resourceType"] == name),
            "no {name}"
        );
    }
    emitted
}

#[test]
fn what_we_emit_and_the_valid_charts_pass_two_validators() {
    let mut resources = emitted();
    for (_, chart) in valid_charts() {
        resources.extend(chart);
    }
    let mut broken = json!({ "resourceType": "RiskAssessment", "status": "perhaps" });
    broken["subject"] = json!("not a reference");
    for validator in [medplum_validator(), python_validator()]
        .into_iter()
        .flatten()
    {
        let mut problems = validator.check(&resources);
        // Without a probability, R4's own constraint "probability is decimal implies ..." has no value, which is not "false".
        problems.retain(|problem| !problem.contains("Constraint ras-2 not met"));
        assert!(
            problems.is_empty(),
            "{}: {}",
            validator.name,
            problems.join("\n")
        );
        // It does look.
        assert!(
            !validator.check(&[broken.clone()]).is_empty(),
            "{}",
            validator.name
        );
    }
}

/// OpenAPI 3.1, and every answer to a fixture fits it.
#[test]
fn the_description_is_openapi_and_answers_fit_it() {
    let service = Service::open();
    let mut answers: Vec<Value> = Vec::new();
    for (_, resources) in valid_charts() {
        answers.push(service.call(patient_of(&resources), Some(&resources), None));
    }
    let arguments = ["answers", &service.url];
    let Some(problems) = openapi(&arguments, &answers) else {
        return;
    };
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    // It does look.
    answers[0]["extension"]["org.rrdtc.assessment"]["display"]["reason"] = json!("perhaps");
    assert_eq!(
        openapi(&arguments, &answers[..1]).map(|all| all.len()),
        Some(1)
    );
}

#[test]
fn schemathesis_finds_no_violation() {
    let service = Service::open();
    let examples = std::env::var("SCHEMATHESIS_EXAMPLES").unwrap_or("20".into());
    if let Some(problems) = openapi(&["schemathesis", &service.url, &examples], &[]) {
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }
}
