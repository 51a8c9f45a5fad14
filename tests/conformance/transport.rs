//! JSON over TLS (G1 to G5), browsers (K1), extensions (E1, E2).

use crate::call::{ANSWERS, PATIENT_VIEW, changed, empty_values, errors};
use crate::needs;
use crate::target::{Answer, TARGET};
use serde_json::{Value, json};

/// Every kind of answer: discovery, calls, errors.
fn outputs() -> Vec<Value> {
    let mut outputs = vec![TARGET.discovery()];
    outputs.extend(ANSWERS.iter().cloned());
    outputs.extend(errors().iter().map(|(_, answer)| answer.json()));
    outputs
}

#[test]
fn g1_traffic_is_over_tls_unless_it_stays_on_one_machine() {
    let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    let base = &TARGET.base;
    assert!(
        base.starts_with("https://") || local.iter().any(|local| base.starts_with(local)),
        "{base}"
    );
}

#[test]
fn g2_fhir_in_answers_is_fhir_json() {
    fn resources<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
        match value {
            Value::Object(members) => {
                if let Some(resource) = members.get("resource") {
                    found.push(resource);
                }
                members.values().for_each(|member| resources(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| resources(item, found)),
            _ => {}
        }
    }
    let outputs = outputs();
    let mut found = Vec::new();
    outputs
        .iter()
        .for_each(|output| resources(output, &mut found));
    for resource in &found {
        let name = resource["resourceType"].as_str().unwrap_or_default();
        assert!(
            name.starts_with(|c: char| c.is_ascii_uppercase()),
            "{resource}"
        );
    }
    assert!(!TARGET.is_ours || !found.is_empty());
}

#[test]
fn g3_bodies_are_json_without_comments_and_trailing_commas() {
    // The parser takes neither.
    for (_, answer) in errors() {
        answer.json();
        assert!(
            answer
                .header("content-type")
                .is_some_and(|t| t.contains("json"))
        );
    }
    let discovery = TARGET.send("GET", "/cds-services", None);
    discovery.json();
    assert!(
        discovery
            .header("content-type")
            .is_some_and(|t| t.starts_with("application/json"))
    );
}

#[test]
fn g4_nothing_is_null_or_empty_but_cards_and_services() {
    for output in outputs() {
        let mut found = Vec::new();
        empty_values(&output, "", &mut found);
        assert!(found.is_empty(), "{found:?}");
    }
}

#[test]
fn g5_optional_members_without_a_value_are_left_out() {
    for output in outputs() {
        let mut found = Vec::new();
        empty_values(&output, "", &mut found);
        found.retain(|path| path.ends_with("is null"));
        assert!(found.is_empty(), "{found:?}");
    }
}

fn preflight(path: &str, method: &str, origin: &str) -> Answer {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", method),
        (
            "access-control-request-headers",
            "authorization,content-type",
        ),
    ];
    TARGET.raw("OPTIONS", path, &headers, None)
}

#[test]
fn k1_browsers_of_an_allowed_origin_may_ask_without_a_token_first() {
    let origin = needs!(TARGET.origin.as_deref(), "RRDTC_ORIGIN is not set");
    let call = TARGET.path_of(&PATIENT_VIEW);
    let feedback = format!("{call}/feedback");
    for (path, method) in [
        ("/cds-services", "GET"),
        (&call, "POST"),
        (&feedback, "POST"),
    ] {
        let answer = preflight(path, method, origin);
        assert!(
            (200..300).contains(&answer.status),
            "{path}: {}",
            answer.status
        );
        let allowed = |name: &str| answer.header(name).unwrap_or_default().to_ascii_lowercase();
        let allow_origin = allowed("access-control-allow-origin");
        assert!(
            allow_origin == origin || allow_origin == "*",
            "{path}: {allow_origin}"
        );
        assert!(allowed("access-control-allow-methods").contains(&method.to_lowercase()));
        let headers = allowed("access-control-allow-headers");
        // The wildcard does not cover Authorization.
        assert!(
            headers.contains("authorization") && headers.contains("content-type"),
            "{headers}"
        );
    }
    let refused = TARGET.raw("GET", "/cds-services/none", &[("origin", origin)], None);
    assert!(refused.status >= 400);
    assert!(refused.header("access-control-allow-origin").is_some());
}

#[test]
fn e1_an_extension_is_an_object() {
    fn extensions<'a>(value: &'a Value, is_fhir: bool, found: &mut Vec<&'a Value>) {
        match value {
            Value::Object(members) => {
                // In a FHIR resource the name means something else.
                let is_fhir = is_fhir || members.contains_key("resourceType");
                for (name, member) in members {
                    if name == "extension" && !is_fhir {
                        found.push(member);
                    }
                    extensions(member, is_fhir, found);
                }
            }
            Value::Array(items) => items
                .iter()
                .for_each(|item| extensions(item, is_fhir, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    let outputs = outputs();
    outputs
        .iter()
        .for_each(|output| extensions(output, false, &mut found));
    assert!(
        found.iter().all(|extension| extension.is_object()),
        "{found:?}"
    );
    assert!(!TARGET.is_ours || !found.is_empty());
}

#[test]
fn e2_names_in_an_extension_are_globally_unique() {
    for answer in ANSWERS.iter() {
        let extension = answer["extension"].as_object();
        for name in extension.into_iter().flat_map(|members| members.keys()) {
            assert!(name.matches('.').count() >= 2, "{name}");
        }
    }
    let with_ours = changed(|call| call["extension"] = json!({ "org.example.test": { "a": 1 } }));
    assert_eq!(TARGET.call(&with_ours).status, 200);
}
