//! What the official CDS Hooks sandbox sends and needs. Its requests are written down from its source, as a browser with it would
//! send them.

use super::{page, sandbox_with};
use crate::support::Server;
use rrdtc::sandbox::Options;
use serde_json::{Value, json};

const ORIGIN: &str = "https://sandbox.cds-hooks.org";

/// A body as it sends it, with the prefetch that it makes.
fn call(server: &Server, hook: &str, context: Value) -> Value {
    let ready = server.get("/requests/textbook-fdg-only").json();
    let mut whole = json!({
        "hookInstance": "c5b59c4b-b8a3-4bb5-a2a8-2b1c2b6c7d8e", "hook": hook,
        "fhirServer": format!("{}/fhir", server.url),
        "context": { "patientId": "textbook-fdg-only", "userId": "Practitioner/COREPRACTITIONER1" },
        "prefetch": ready["prefetch"],
    });
    for (name, value) in context.as_object().unwrap() {
        whole["context"][name] = value.clone();
    }
    whole
}

fn ask(server: &Server, call: &Value) -> (u16, Value) {
    let hook = call["hook"].as_str().unwrap();
    let answer = server.once(
        "POST",
        &format!("/cds-services/rr-dtc-{hook}"),
        &[
            ("origin", ORIGIN),
            ("accept", "application/json"),
            ("content-type", "application/json"),
            ("authorization", "Bearer eyJhbGciOiJFUzM4NCJ9.e30.AA"),
        ],
        Some(call.to_string().into_bytes()),
    );
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    (answer.status, answer.json())
}

fn display(answer: &Value) -> &str {
    let display = &answer["extension"]["org.rrdtc.assessment"]["display"];
    display["reason"].as_str().unwrap_or_default()
}

#[test]
fn its_first_calls_to_the_fhir_server_succeed() {
    let server = Server::sandbox();
    for path in [
        "/fhir/metadata",
        "/fhir/Patient",
        "/fhir/Patient/textbook-fdg-only",
        "/fhir/Condition?patient=textbook-fdg-only",
    ] {
        let answer = server.once(
            "GET",
            path,
            &[("origin", ORIGIN), ("accept", "application/json+fhir")],
            None,
        );
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        let body = answer.json();
        match path {
            "/fhir/metadata" => assert_eq!(body["fhirVersion"], "4.0.1"),
            "/fhir/Patient/textbook-fdg-only" => assert!(body["name"][0]["given"].is_array()),
            _ => assert!(body["total"].as_u64().unwrap() > 0),
        }
    }
}

#[test]
fn every_path_that_it_calls_passes_a_preflight() {
    let server = Server::sandbox();
    for path in [
        "/cds-services",
        "/cds-services/rr-dtc-patient-view",
        "/cds-services/rr-dtc-patient-view/feedback",
        "/fhir/_services/smart/Launch",
        "/fhir/Condition/_search",
        "/fhir/.well-known/smart-configuration",
        "/auth/token",
    ] {
        let headers = [
            ("origin", ORIGIN),
            ("access-control-request-method", "POST"),
            (
                "access-control-request-headers",
                "authorization,content-type",
            ),
        ];
        let answer = server.once("OPTIONS", path, &headers, None);
        assert!((200..300).contains(&answer.status), "{path}");
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some("*"),
            "{path}"
        );
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
}

#[test]
fn its_malformed_drafts_get_an_answer() {
    let server = Server::sandbox();
    // Rx View before a drug is chosen: neither type, nor intent, nor medication.
    let bare = json!({ "resourceType": "Bundle", "entry": [{ "resource": {
        "resourceType": "MedicationRequest", "id": "request-123", "status": "draft",
        "subject": { "reference": "Patient/textbook-fdg-only" },
    } }] });
    // Once a drug is chosen: category is an object.
    let chosen = json!({ "resourceType": "Bundle", "entry": [{ "resource": {
        "resourceType": "MedicationRequest", "id": "request-123", "status": "draft", "intent": "order",
        "category": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/medicationrequest-category", "code": "outpatient" }] },
        "subject": { "reference": "Patient/textbook-fdg-only" },
        "medicationCodeableConcept": { "text": "aspirin", "coding": [{ "code": "731370", "system": "http://www.nlm.nih.gov/research/umls/rxnorm", "display": "aspirin" }] },
        "dosageInstruction": [{ "doseAndRate": [{ "doseQuantity": { "value": 1, "system": "http://unitsofmeasure.org", "code": "{pill}" } }], "timing": { "repeat": { "frequency": 1, "period": 1, "periodUnit": "d", "boundsPeriod": { "start": "2026-11-20" } } } }],
    } }] });
    // PAMA before a study is chosen.
    let pama = json!({ "resourceType": "Bundle", "entry": [{ "resource": {
        "resourceType": "ServiceRequest", "id": "example-request-id", "status": "draft", "intent": "plan",
        "code": { "coding": [{}] }, "subject": { "reference": "Patient/textbook-fdg-only" }, "reasonCode": [{ "coding": [{}] }],
    } }] });
    for (name, drafts, selected) in [
        ("bare", &bare, "MedicationRequest/request-123"),
        ("chosen", &chosen, "MedicationRequest/request-123"),
        ("PAMA", &pama, "ServiceRequest/example-request-id"),
    ] {
        let select = call(
            &server,
            "order-select",
            json!({ "draftOrders": drafts, "selections": [selected] }),
        );
        let sign = call(&server, "order-sign", json!({ "draftOrders": drafts }));
        for call in [select, sign] {
            let (status, answer) = ask(&server, &call);
            assert_eq!(
                (status, display(&answer)),
                (200, "no-radioiodine-order"),
                "{name}: {answer}"
            );
        }
    }
    // The active tab clicked again: a context without drafts. It cannot be answered, and the path is told.
    let (status, answer) = ask(&server, &call(&server, "order-select", json!({})));
    assert_eq!(status, 400);
    assert_eq!(answer["resourceType"], "OperationOutcome");
}

#[test]
fn it_may_call_again_and_again() {
    let server = Server::sandbox();
    let mut first = call(&server, "patient-view", json!({}));
    let (_, answer) = ask(&server, &first);
    assert_eq!(display(&answer), "shown");
    let (_, again) = ask(&server, &first);
    assert_eq!(answer["cards"][0]["uuid"], again["cards"][0]["uuid"]);
    first["hookInstance"] = "0f14d0ab-9605-4a62-a9e4-5ed26688389b".into();
    let (_, other) = ask(&server, &first);
    assert_ne!(answer["cards"][0]["uuid"], other["cards"][0]["uuid"]);
    // Without prefetch, by the name that browsers know it by.
    first.as_object_mut().unwrap().remove("prefetch");
    let (status, _) = ask(&server, &first);
    assert_eq!(status, 200);
    first["fhirServer"] = first["fhirServer"]
        .as_str()
        .unwrap()
        .replace("127.0.0.1", "localhost")
        .into();
    let (status, answer) = ask(&server, &first);
    assert_eq!(status, 200, "{answer}");
}

#[test]
fn its_tokens_can_be_asked_for() {
    let server = sandbox_with(Options {
        official_sandbox_tokens: true,
        ..Options::default()
    });
    assert_eq!(server.get("/cds-services").status, 401);
    for token in ["", "x", "eyJhbGciOiJub25lIn0.e30."] {
        let headers = [("authorization", format!("Bearer {token}"))];
        let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let answer = server.once("GET", "/cds-services", &headers, None);
        assert_eq!(answer.status, 401, "{token}");
    }
    // The sandbox's own pages, and FHIR, need none.
    assert!(page(&server, "/patients/textbook-fdg-only").contains("RR-DTC score"));
    assert_eq!(server.get("/fhir/Patient").status, 200);
}
