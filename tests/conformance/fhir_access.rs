//! The FHIR server that a call names (F1 to F10; P9 and P16 of prefetch).

use crate::call::{PATIENT_VIEW, changed};
use crate::fhir_server::{Answer, Asked};
use crate::needs;
use crate::target::TARGET;
use serde_json::{Value, json};

const TOKEN: &str = "an-opaque-token-of-this-call";

/// What a client sends along for reading.
pub fn authorization(scope: &str) -> Value {
    json!({ "access_token": TOKEN, "token_type": "Bearer", "expires_in": 300, "scope": scope, "subject": "rrdtc" })
}

/// The call without data, for which this server is to be asked.
fn to_fetch(base: &str) -> Value {
    changed(|call| {
        call["prefetch"] = json!({});
        call["fhirServer"] = json!(base);
        call["fhirAuthorization"] = authorization("patient/*.read");
    })
}

/// Answers with what the prefetch of our call holds.
fn chart(asked: &Asked) -> Answer {
    let name = asked
        .target
        .trim_start_matches("/fhir/")
        .split(['/', '?'])
        .next()
        .unwrap_or_default();
    let prefetch = PATIENT_VIEW["prefetch"].as_object().unwrap();
    let held = prefetch.values().find(|value| {
        let first = &value["entry"][0]["resource"]["resourceType"];
        value["resourceType"] == name || first == name
    });
    let empty = json!({ "resourceType": "Bundle", "type": "searchset", "total": 0 });
    (200, held.unwrap_or(&empty).to_string())
}

#[test]
fn p9_and_p16_what_prefetch_lacks_is_read() {
    // Both are one behaviour: the same advice, whichever way the data come.
    let fhir = needs!(&TARGET.fhir, "RRDTC_FHIR_PORT is not set");
    let turn = fhir.take(chart);
    let fetched = TARGET.call(&to_fetch(turn.base));
    assert_eq!(fetched.status, 200, "{}", fetched.body);
    let given = TARGET.call(&PATIENT_VIEW).json();
    assert_eq!(
        fetched.json()["cards"][0]["summary"],
        given["cards"][0]["summary"]
    );
    assert!(!turn.asked().is_empty());
}

#[test]
fn f1_a_partial_authorization_is_refused() {
    for member in [
        "access_token",
        "token_type",
        "expires_in",
        "scope",
        "subject",
    ] {
        let call = changed(|call| {
            call["fhirServer"] = json!("https://ehr.example.test/fhir");
            call["fhirAuthorization"] = authorization("patient/*.read");
            call["fhirAuthorization"]
                .as_object_mut()
                .unwrap()
                .remove(member);
        });
        assert_eq!(TARGET.call(&call).status, 400, "{member}");
    }
    let other = changed(|call| {
        call["fhirServer"] = json!("https://ehr.example.test/fhir");
        call["fhirAuthorization"] = authorization("patient/*.read");
        call["fhirAuthorization"]["token_type"] = json!("MAC");
    });
    assert_eq!(TARGET.call(&other).status, 400);
}

#[test]
fn f2_a_token_without_a_patient_is_taken_and_one_of_another_patient_is_not_used() {
    let fhir = needs!(&TARGET.fhir, "RRDTC_FHIR_PORT is not set");
    let turn = fhir.take(chart);
    assert_eq!(TARGET.call(&to_fetch(turn.base)).status, 200);
    drop(turn);
    let turn = fhir.take(chart);
    let mut call = to_fetch(turn.base);
    call["fhirAuthorization"]["patient"] = json!("somebody-else");
    assert_ne!(TARGET.call(&call).status, 200);
    assert!(turn.asked().is_empty());
}

#[test]
fn f3_the_server_may_be_asked_where_a_call_names_it() {
    let fhir = needs!(&TARGET.fhir, "RRDTC_FHIR_PORT is not set");
    let turn = fhir.take(chart);
    assert_eq!(TARGET.call(&to_fetch(turn.base)).status, 200);
}

#[test]
fn f4_every_read_carries_the_token() {
    let fhir = needs!(&TARGET.fhir, "RRDTC_FHIR_PORT is not set");
    let turn = fhir.take(chart);
    TARGET.call(&to_fetch(turn.base));
    let asked = turn.asked();
    assert!(!asked.is_empty());
    let expected = format!("Bearer {TOKEN}");
    for read in asked {
        assert_eq!(
            read.authorization.as_deref(),
            Some(expected.as_str()),
            "{}",
            read.target
        );
    }
}

#[test]
fn f5_the_token_of_a_call_is_not_used_for_the_next() {
    let fhir = needs!(&TARGET.fhir, "RRDTC_FHIR_PORT is not set");
    let turn = fhir.take(chart);
    TARGET.call(&to_fetch(turn.base));
    let before = turn.asked().len();
    let mut call = to_fetch(turn.base);
    call.as_object_mut().unwrap().remove("fhirAuthorization");
    TARGET.call(&call);
    let after = turn.asked();
    assert!(
        after[before..]
            .iter()
            .all(|read| read.authorization.is_none())
    );
}

#[test]
fn f6_the_token_comes_back_in_no_answer() {
    let fhir = needs!(&TARGET.fhir, "RRDTC_FHIR_PORT is not set");
    let turn = fhir.take(|_| (500, "no".into()));
    let answer = TARGET.call(&to_fetch(turn.base));
    assert!(!answer.body.contains(TOKEN));
}

#[test]
fn f7_a_refused_read_is_missing_data() {
    let fhir = needs!(&TARGET.fhir, "RRDTC_FHIR_PORT is not set");
    for refusal in [401, 403] {
        let turn = fhir.take(move |_| (refusal, String::new()));
        assert_eq!(TARGET.call(&to_fetch(turn.base)).status, 412, "{refusal}");
    }
    // Only what is optional is refused: an answer with what is there.
    let turn = fhir.take(|asked| match asked.target.contains("/DiagnosticReport") {
        true => (403, String::new()),
        false => chart(asked),
    });
    assert_eq!(TARGET.call(&to_fetch(turn.base)).status, 200);
}

#[test]
fn f8_scopes_of_both_smart_versions_are_understood() {
    let fhir = needs!(&TARGET.fhir, "RRDTC_FHIR_PORT is not set");
    for scope in ["patient/*.read", "patient/*.rs", "user/*.cruds launch"] {
        let turn = fhir.take(chart);
        let mut call = to_fetch(turn.base);
        call["fhirAuthorization"] = authorization(scope);
        assert_eq!(TARGET.call(&call).status, 200, "{scope}");
    }
}

#[test]
fn f10_a_server_that_is_not_configured_is_not_contacted() {
    let fhir = needs!(&TARGET.fhir, "RRDTC_FHIR_PORT is not set");
    let turn = fhir.take(chart);
    // The same server by another name.
    let other = turn.base.replace("127.0.0.1", "localhost");
    assert_eq!(TARGET.call(&to_fetch(&other)).status, 412);
    assert!(turn.asked().is_empty());
}

#[test]
fn p14_next_links_are_followed_to_the_end() {
    let fhir = needs!(&TARGET.fhir, "RRDTC_FHIR_PORT is not set");
    let base = fhir.base.clone();
    let turn = fhir.take(move |asked| {
        let (status, body) = chart(asked);
        let mut bundle: Value = serde_json::from_str(&body).unwrap();
        let Some(entries) = bundle["entry"].as_array().cloned() else {
            return (status, body);
        };
        // One entry on each page.
        let page = asked
            .target
            .split_once("page=")
            .map_or(0, |(_, page)| page.parse().unwrap());
        bundle["entry"] = json!([entries[page]]);
        if page + 1 < entries.len() {
            let name = asked
                .target
                .trim_start_matches("/fhir/")
                .split(['?', '/'])
                .next()
                .unwrap();
            bundle["link"] =
                json!([{ "relation": "next", "url": format!("{base}/{name}?page={}", page + 1) }]);
        }
        (status, bundle.to_string())
    });
    let paged = TARGET.call(&to_fetch(turn.base)).json();
    let given = TARGET.call(&PATIENT_VIEW).json();
    assert_eq!(paged["cards"][0]["summary"], given["cards"][0]["summary"]);
}
