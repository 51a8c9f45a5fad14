//! What a service reads of a call (R1 to R11).

use crate::call::{PATIENT_VIEW, changed};
use crate::needs;
use crate::target::TARGET;
use serde_json::{Value, json};

fn status(call: &Value) -> u16 {
    TARGET
        .send("POST", &TARGET.path_of(&PATIENT_VIEW), Some(call))
        .status
}

fn without(member: &str) -> Value {
    changed(|call| {
        call.as_object_mut().unwrap().remove(member);
    })
}

#[test]
fn r1_a_service_answers_a_post_of_json() {
    let path = TARGET.path_of(&PATIENT_VIEW);
    assert_eq!(TARGET.call(&PATIENT_VIEW).status, 200);
    let bearer = TARGET.bearer(&path).unwrap_or_default();
    let headers = [
        ("content-type", "application/json"),
        ("authorization", bearer.as_str()),
    ];
    assert_eq!(
        TARGET
            .raw("POST", &path, &headers, Some(b"{\"hook\":"))
            .status,
        400
    );
    let bearer = TARGET.bearer(&path).unwrap_or_default();
    let headers = [
        ("content-type", "text/xml"),
        ("authorization", bearer.as_str()),
    ];
    let xml = TARGET.raw("POST", &path, &headers, Some(b"<call/>")).status;
    assert!(matches!(xml, 400 | 415), "{xml}");
    for method in ["GET", "PUT", "DELETE"] {
        let status = TARGET.send(method, &path, None).status;
        assert_eq!(status, 405, "{method}");
    }
}

#[test]
fn r2_a_hook_is_required_and_is_that_of_the_service() {
    assert_eq!(status(&without("hook")), 400);
    assert_eq!(
        status(&changed(|call| call["hook"] = json!("no-such-hook"))),
        400
    );
    assert_eq!(status(&changed(|call| call["hook"] = json!(1))), 400);
}

#[test]
fn r3_a_hook_instance_is_a_required_uuid() {
    assert_eq!(status(&without("hookInstance")), 400);
    assert_eq!(
        status(&changed(|call| call["hookInstance"] = json!("17"))),
        400
    );
    // Version 4 is not demanded.
    let other = json!("00000000-0000-1000-8000-00805f9b34fb");
    assert_eq!(status(&changed(|call| call["hookInstance"] = other)), 200);
    // Nor that it is new: test suites repeat theirs.
    assert_eq!(status(&PATIENT_VIEW), status(&PATIENT_VIEW));
}

#[test]
fn r4_a_context_with_the_members_of_the_hook_is_required() {
    assert_eq!(status(&without("context")), 400);
    for member in ["patientId", "userId"] {
        let call = changed(|call| {
            call["context"].as_object_mut().unwrap().remove(member);
        });
        assert_eq!(status(&call), 400, "{member}");
    }
    assert_eq!(
        status(&changed(|call| call["context"]["patientId"] = json!(7))),
        400
    );
}

#[test]
fn r5_an_authorization_without_a_server_is_refused() {
    let call = changed(|call| {
        call.as_object_mut().unwrap().remove("fhirServer");
        call["fhirAuthorization"] = crate::fhir_access::authorization("patient/*.read");
    });
    assert_eq!(status(&call), 400);
}

#[test]
fn r6_a_fhir_server_without_tls_is_asked_only_where_that_is_configured() {
    // Not one of ours: nothing is contacted, so what is missing stays missing.
    let call = changed(|call| {
        call["prefetch"] = json!({});
        call["fhirServer"] = json!("http://ehr.invalid/fhir");
    });
    assert_eq!(status(&call), 412);
}

#[test]
fn r7_authorization_and_prefetch_may_be_left_out() {
    let call = changed(|call| {
        for member in ["fhirAuthorization", "fhirServer"] {
            call.as_object_mut().unwrap().remove(member);
        }
    });
    assert_eq!(status(&call), 200);
    let nothing = changed(|call| {
        for member in ["fhirAuthorization", "fhirServer", "prefetch"] {
            call.as_object_mut().unwrap().remove(member);
        }
    });
    // Its data is missing, its shape is right.
    assert!(matches!(status(&nothing), 200 | 412));
}

#[test]
fn r8_extensions_and_unknown_members_change_nothing() {
    let plain = TARGET.call(&PATIENT_VIEW).json();
    let call = changed(|call| {
        call["extension"] = json!({ "org.example.x": [1, null, ""] });
        call["context"]["extension"] = json!({ "org.example.y": { "z": [] } });
        call["unknownMember"] = json!({ "a": [1.5, "b"] });
    });
    let answer = TARGET.call(&call);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["cards"], plain["cards"]);
}

#[test]
fn r9_drafts_need_not_exist_on_the_fhir_server() {
    let hooks = ["order-select", "order-sign"];
    let mut calls = TARGET.calls.iter();
    let call = calls.find(|call| hooks.iter().any(|hook| call["hook"] == *hook));
    let call = needs!(call, "no call with draft orders");
    assert_eq!(TARGET.call(call).status, 200);
}

#[test]
fn r11_unknown_context_members_pass() {
    let call = changed(|call| call["context"]["newInALaterVersion"] = json!(["x"]));
    assert_eq!(status(&call), 200);
}
