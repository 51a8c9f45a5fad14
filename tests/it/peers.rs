//! Mistakes seen in comparable services (peers.md section 8), each by its number. Those about authentication, feedback and
//! fetching come with these parts.

use crate::support::*;
use serde_json::{Value, json};

#[test]
fn peer_02_absent_input_is_none_of_the_values() {
    for (id, predictor) in [("pet", "fdgUptake"), ("status", "recurrence")] {
        let full = Chart::basic()
            .with(lesion("pet", 1.0, "2026-10-05"))
            .with(status("status", "58899004", "2026-06-01"));
        assert_eq!(full.state(predictor), "absent");
        assert!(
            full.without(id).state(predictor).starts_with("unknown"),
            "{predictor}"
        );
    }
}

#[test]
fn peer_03_a_failure_is_never_an_empty_200() {
    let mut call = Chart::basic().call();
    call["prefetch"]["conditions"] = json!({ "resourceType": "OperationOutcome", "issue": [] });
    assert_eq!(handle(&call).unwrap_err().status.as_u16(), 412);
}

#[test]
fn peer_04_failures_are_not_worded_as_risk() {
    let server = Server::serve(settings());
    for body in [json!({}), {
        let mut call = Chart::basic().call();
        call["prefetch"]["patient"] = Value::Null;
        call
    }] {
        let text = server.post(SERVICE, &body).body.to_lowercase();
        assert!(
            !text.contains("risk") && !text.contains("refractory") && !text.contains("cut-off"),
            "{text}"
        );
    }
}

#[test]
fn peer_06_no_trace_of_the_inside_reaches_the_caller() {
    let server = Server::serve(settings());
    let answer = server.send(
        "POST",
        SERVICE,
        &[("content-type", "application/json")],
        Some(b"\xff\xfe{".to_vec()),
    );
    assert_eq!(answer.status, 400);
    for trace in [".rs", "src/", "thread", "serde"] {
        assert!(!answer.body.contains(trace), "{}", answer.body);
    }
}

#[test]
fn peer_07_interleaved_patients_keep_their_own_answers() {
    let server = std::sync::Arc::new(Server::serve(settings()));
    let threads: Vec<_> = (0..8)
        .map(|i| {
            let server = server.clone();
            std::thread::spawn(move || {
                let suv = if i % 2 == 0 { 1.0 } else { 6.1 };
                let id = format!("p-{i}");
                let chart = Chart::basic().with(lesion("pet", suv, "2026-10-05"));
                let call: Value =
                    serde_json::from_str(&chart.call().to_string().replace("p-1", &id)).unwrap();
                for _ in 0..20 {
                    let assessment =
                        server.post(SERVICE, &call).json()["extension"]["org.rrdtc.assessment"]
                            .clone();
                    assert_eq!(
                        state(&assessment, "fdgUptake"),
                        if i % 2 == 0 { "absent" } else { "present" }
                    );
                    assert!(assessment.to_string().contains(&format!("Patient/{id}")));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn peer_11_a_first_page_is_not_the_whole() {
    let mut call = Chart::basic()
        .with(reading("pet", "260385009", "2026-10-05"))
        .call();
    assert_eq!(
        state(
            &answer(&call)["extension"]["org.rrdtc.assessment"],
            "fdgUptake"
        ),
        "absent"
    );
    call["prefetch"]["observations"]["link"] =
        json!([{ "relation": "next", "url": "https://ehr.example.org/fhir?page=2" }]);
    assert_eq!(
        state(
            &answer(&call)["extension"]["org.rrdtc.assessment"],
            "fdgUptake"
        ),
        "unknown source-incomplete"
    );
}

#[test]
fn peer_12_prefetch_in_every_form_is_survived() {
    for prefetch in [
        Value::Null,
        json!({}),
        json!({ "patient": {} }),
        json!({ "patient": { "resourceType": "OperationOutcome" } }),
    ] {
        let problem = handle(&call("p-1", prefetch.clone())).unwrap_err();
        assert!(matches!(problem.status.as_u16(), 412 | 422), "{prefetch}");
    }
    let mut without = call("p-1", Value::Null);
    without.as_object_mut().unwrap().remove("prefetch");
    assert_eq!(handle(&without).unwrap_err().status.as_u16(), 412);
}

#[test]
fn peer_15_only_the_sandbox_answers_every_origin_and_never_with_credentials() {
    let answer = Server::sandbox().send(
        "GET",
        "/cds-services",
        &[("origin", "https://anyone.example")],
        None,
    );
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
}

#[test]
fn peer_16_an_unknown_service_is_404_and_a_bad_body_400() {
    let server = Server::serve(settings());
    assert_eq!(server.post("/cds-services/nothing", &json!({})).status, 404);
    assert_eq!(server.post(SERVICE, &json!({})).status, 400);
}

#[test]
fn peer_18_units_of_activity() {
    for (value, unit, given) in [
        (3700.0, "MBq", true),
        (100.0, "mCi", true),
        (0.1, "Ci", true),
        (185.0, "MBq", false),
        (1e300, "GBq", true),
    ] {
        let record = json!({
            "resourceType": "MedicationAdministration", "id": "rai", "status": "completed", "subject": { "reference": "Patient/p-1" },
            "medicationCodeableConcept": { "coding": [{ "system": SNOMED, "code": "1368003" }] }, "effectiveDateTime": "2022-06-01",
            "dosage": { "dose": { "value": value, "unit": unit } },
        });
        let assessment = Chart::basic().with(record).assess();
        assert_eq!(
            has_code(
                &assessment["applicability"]["reasons"],
                "radioiodine-already-given"
            ),
            given,
            "{value} {unit}"
        );
    }
}

#[test]
fn peer_21_records_of_another_patient_are_never_used() {
    let mut foreign = lesion("pet", 6.1, "2026-10-05");
    foreign["subject"]["reference"] = json!("Patient/somebody-else");
    let assessment = Chart::basic().with(foreign).assess();
    assert_eq!(state(&assessment, "fdgUptake"), "unknown not-recorded");
    assert!(has_code(
        &assessment["predictors"]["fdgUptake"]["setAside"],
        "foreign-subject"
    ));
    let mut call = Chart::basic().call();
    call["prefetch"]["patient"]["id"] = json!("somebody-else");
    assert_eq!(handle(&call).unwrap_err().status.as_u16(), 422);
}
