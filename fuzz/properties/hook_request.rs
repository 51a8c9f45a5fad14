//! Request bytes in, response bytes out, through the function that the server calls for a caller without a FHIR server.

use super::*;
use rrdtc::server::{Problem, answer};

pub fn check(body: &[u8]) {
    let id = match String::from_utf8_lossy(body) {
        text if text.contains("order-select") => "rr-dtc-order-select",
        text if text.contains("order-sign") => "rr-dtc-order-sign",
        _ => "rr-dtc-patient-view",
    };
    let handle = |body: &[u8]| answer::handle(body, id, &KNOWLEDGE, &SETTINGS.advice, now());
    let first = handle(body);
    let again = handle(body);
    let bytes = match (first, again) {
        (Ok(first), Ok(again)) => {
            assert_eq!(first, again, "the same request gives the same bytes");
            first
        }
        (Err(first), Err(again)) => {
            assert_eq!(first.outcome(), again.outcome());
            return check_problem(&first);
        }
        _ => panic!("the same request is answered once and refused once"),
    };
    let answer: Value = serde_json::from_slice(&bytes).expect("an answer is JSON");
    assert!(answer["cards"].is_array(), "{answer}");
    let assessment = &answer["extension"]["org.rrdtc.assessment"];
    check_assessment(assessment);
    let text = std::str::from_utf8(body).expect("what is not UTF-8 is refused");
    check_absent_has_a_record(text, assessment);
    if let Some(more) = with_unreadable(text)
        && let Ok(bytes) = handle(more.as_bytes())
    {
        let answer: Value = serde_json::from_slice(&bytes).expect("an answer is JSON");
        check_not_turned_absent(assessment, &answer["extension"]["org.rrdtc.assessment"]);
    }
}

fn check_problem(problem: &Problem) {
    let outcome = problem.outcome();
    assert_eq!(outcome["resourceType"], "OperationOutcome");
    assert_eq!(outcome["issue"][0]["severity"], "error");
    assert!(problem.response().status().is_client_error(), "{outcome}");
    assert!(!problem.text().trim().is_empty());
    assert!(
        !problem.text().contains(FAMILY_NAME),
        "an error quotes the record"
    );
}

/// Absent rests on a record of a type that can say so. With an escape in the text a name may be written otherwise.
fn check_absent_has_a_record(text: &str, assessment: &Value) {
    let Some(states) = states(assessment) else {
        return;
    };
    if text.contains('\\') {
        return;
    }
    let may_rest_on: [&[&str]; 4] = [
        &["Condition", "Observation"],
        &["Observation", "Condition", "Procedure"],
        &["Condition", "Observation"],
        &["Observation", "DiagnosticReport"],
    ];
    for ((name, state), types) in PREDICTORS.iter().zip(&states).zip(may_rest_on) {
        assert!(
            state != "absent" || types.iter().any(|name| text.contains(name)),
            "{name} is absent without a record"
        );
    }
}

/// The request with one more entry in its first list of entries.
fn with_unreadable(text: &str) -> Option<String> {
    let marker = "\"entry\":[";
    let at = text.find(marker)? + marker.len();
    let (before, after) = text.split_at(at);
    let comma = if after.trim_start().starts_with(']') {
        ""
    } else {
        ","
    };
    Some(format!(
        "{before}{{\"resource\":{UNREADABLE}}}{comma}{after}"
    ))
}
