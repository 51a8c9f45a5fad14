//! A number with its unit as a PET, an age at onset and an activity may carry it. Lines of the input: value, unit, code, system,
//! comparator. A value that is no JSON number is sent as a string.

use super::*;
use rrdtc::server::answer;
use serde_json::json;

const SUV_MAX: f64 = 2.5;

pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let mut lines = text.split('\n');
    let mut next = || lines.next().unwrap_or_default();
    let (value, unit, code, system, comparator) = (next(), next(), next(), next(), next());
    let number = number(value);
    let mut quantity = format!(
        "{{\"value\":{}",
        number.map_or_else(|| json!(value).to_string(), str::to_owned)
    );
    for (name, text) in [
        ("unit", unit),
        ("code", code),
        ("system", system),
        ("comparator", comparator),
    ] {
        if !text.is_empty() {
            quantity.push_str(&format!(",\"{name}\":{}", json!(text)));
        }
    }
    quantity.push('}');
    let request = REQUEST.replace("\"QUANTITY\"", &quantity);
    let bytes = answer::handle(
        request.as_bytes(),
        "rr-dtc-patient-view",
        &KNOWLEDGE,
        &SETTINGS.advice,
        now(),
    )
    .unwrap_or_else(|problem| panic!("one quantity costs the whole call: {}", problem.text()));
    let answer: Value = serde_json::from_slice(&bytes).expect("an answer is JSON");
    let assessment = &answer["extension"]["org.rrdtc.assessment"];
    check_assessment(assessment);
    let Some([age, recurrence, _, fdg]) = states(assessment) else {
        return;
    };
    assert_eq!(recurrence, "unknown");
    let parsed = number
        .and_then(|text| text.parse::<f64>().ok())
        .filter(|number| number.is_finite());
    let Some(measure) = parsed else {
        assert!(!decided(&fdg), "{value:?} is no number and decides the PET");
        assert!(!decided(&age), "{value:?} is no number and decides the age");
        return;
    };
    match fdg.as_str() {
        "present" => {
            assert!(
                matches!(comparator, "" | ">" | ">="),
                "{comparator:?} {value:?}"
            );
            assert!((SUV_MAX..=200.0).contains(&measure), "{value:?} is present");
        }
        "absent" => {
            assert!(
                matches!(comparator, "" | "<" | "<="),
                "{comparator:?} {value:?}"
            );
            assert!(measure > 0.0 && measure <= SUV_MAX, "{value:?} is absent");
            assert!(
                measure < SUV_MAX || comparator == "<",
                "{value:?} is absent"
            );
        }
        _ => {}
    }
    if decided(&age) {
        assert!(measure >= 0.0, "{value:?} is an age");
        let unit = if code.is_empty() { unit } else { code };
        assert!(
            [
                "a", "year", "years", "mo", "month", "months", "wk", "week", "weeks", "d", "day",
                "days"
            ]
            .contains(&unit),
            "an age of {unit:?} decides"
        );
    }
}

fn decided(state: &str) -> bool {
    state == "present" || state == "absent"
}

/// The text, when it is a number as JSON writes it.
fn number(text: &str) -> Option<&str> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut rest = text.strip_prefix('-').unwrap_or(text);
    match digits(rest) {
        0 => return None,
        1 => rest = &rest[1..],
        _ if rest.starts_with('0') => return None,
        whole => rest = &rest[whole..],
    }
    if let Some(fraction) = rest.strip_prefix('.') {
        match digits(fraction) {
            0 => return None,
            length => rest = &fraction[length..],
        }
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        match digits(exponent) {
            0 => return None,
            length => rest = &exponent[length..],
        }
    }
    rest.is_empty().then_some(text)
}

/// A chart to which the model applies, with the quantity in each place that takes one.
const REQUEST: &str = r#"{"hook":"patient-view","hookInstance":"d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
"context":{"userId":"Practitioner/example","patientId":"p-1"},"prefetch":{
"patient":{"resourceType":"Patient","id":"p-1","birthDate":"1970-03-01"},
"conditions":{"resourceType":"Bundle","type":"searchset","entry":[
{"resource":{"resourceType":"Condition","id":"dtc","subject":{"reference":"Patient/p-1"},"code":{"coding":[{"system":"http://snomed.info/sct","code":"255029007"}]},"onsetAge":"QUANTITY"}},
{"resource":{"resourceType":"Condition","id":"lung","subject":{"reference":"Patient/p-1"},"code":{"coding":[{"system":"http://snomed.info/sct","code":"94391008"}]},"onsetDateTime":"2022-01-05"}}]},
"observations":{"resourceType":"Bundle","type":"searchset","entry":[
{"resource":{"resourceType":"Observation","id":"pet","status":"final","subject":{"reference":"Patient/p-1"},"code":{"text":"FDG PET SUVmax"},"effectiveDateTime":"2026-10-05","valueQuantity":"QUANTITY"}}]},
"procedures":{"resourceType":"Bundle","type":"searchset","entry":[
{"resource":{"resourceType":"Procedure","id":"op","status":"completed","subject":{"reference":"Patient/p-1"},"code":{"coding":[{"system":"http://snomed.info/sct","code":"24443003"}]},"performedDateTime":"2021-02-05"}}]},
"medicationAdministrations":{"resourceType":"Bundle","type":"searchset","entry":[
{"resource":{"resourceType":"MedicationAdministration","id":"rai","status":"completed","subject":{"reference":"Patient/p-1"},"medicationCodeableConcept":{"text":"radioiodine I-131"},"effectiveDateTime":"2022-03-01","dosage":{"dose":"QUANTITY"}}}]},
"diagnosticReports":{"resourceType":"Bundle","type":"searchset","entry":[]}}}"#;
