//! Prefetch (P1 to P17).

use crate::call::{PATIENT_VIEW, changed};
use crate::target::TARGET;
use serde_json::{Value, json};

/// Templates of all services.
fn templates() -> Vec<String> {
    let services = TARGET.services();
    let templates: Vec<String> = services
        .iter()
        .filter_map(|service| service["prefetch"].as_object())
        .flat_map(|prefetch| prefetch.values())
        .map(|template| template.as_str().unwrap().to_owned())
        .collect();
    assert!(!templates.is_empty() || !TARGET.is_ours);
    templates
}

fn tokens(template: &str) -> Vec<&str> {
    let parts = template.split("{{").skip(1);
    parts
        .map(|part| part.split_once("}}").expect("a closed token").0)
        .collect()
}

/// Keys of the service whose value in our call is a Bundle.
fn searched() -> Vec<String> {
    let prefetch = PATIENT_VIEW["prefetch"].as_object().unwrap();
    let bundles = prefetch
        .iter()
        .filter(|(_, value)| value["resourceType"] == "Bundle");
    bundles.map(|(key, _)| key.clone()).collect()
}

/// The call with one key's value replaced, and nobody to ask for another.
fn with(key: &str, value: Value) -> Value {
    changed(|call| {
        call.as_object_mut().unwrap().remove("fhirServer");
        call["prefetch"][key] = value;
    })
}

#[test]
fn p1_what_is_wanted_is_declared() {
    for service in TARGET.services() {
        let declared = service["prefetch"].as_object();
        assert!(!TARGET.is_ours || declared.is_some_and(|declared| !declared.is_empty()));
    }
    templates();
}

#[test]
fn p2_a_template_is_a_relative_read_or_search() {
    for template in templates() {
        let name = template.split(['/', '?']).next().unwrap();
        let is_type = name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.chars().all(|c| c.is_ascii_alphanumeric());
        assert!(is_type && template.len() > name.len(), "{template}");
    }
}

#[test]
fn p3_tokens_are_delimited_and_named_by_the_context() {
    for template in templates() {
        assert_eq!(
            template.matches("{{").count(),
            template.matches("}}").count()
        );
        for token in tokens(&template) {
            assert!(
                token.starts_with("context.") || token.starts_with("user"),
                "{token}"
            );
        }
    }
}

#[test]
fn p4_tokens_are_those_of_the_published_version() {
    let users = [
        "userPractitionerId",
        "userPractitionerRoleId",
        "userPatientId",
        "userRelatedPersonId",
    ];
    for template in templates() {
        for token in tokens(&template) {
            let member = token.strip_prefix("context.");
            let is_known =
                member.is_some_and(|m| ["userId", "patientId", "encounterId"].contains(&m));
            assert!(is_known || users.contains(&token), "{token}");
        }
    }
}

#[test]
fn p5_no_expressions_that_older_clients_cannot_resolve() {
    for template in templates() {
        for expression in ["%", "today()", "resolve()", "ofType("] {
            assert!(!template.contains(expression), "{template}");
        }
    }
}

#[test]
fn p6_searches_use_what_most_servers_support() {
    for template in templates() {
        assert!(
            !template.contains("_include") && !template.contains("_has"),
            "{template}"
        );
        assert!(template.len() < 500, "{template}");
    }
}

#[test]
fn p7_parameters_are_of_the_restricted_set() {
    for template in templates() {
        let Some((_, query)) = template.split_once('?') else {
            continue;
        };
        for parameter in query.split('&') {
            let name = parameter.split('=').next().unwrap();
            let modifier = name.split_once(':').map(|(_, modifier)| modifier);
            assert!(modifier.is_none_or(|modifier| modifier == "in"), "{name}");
            assert!(
                !name.starts_with('_') || ["_count", "_sort", "_id"].contains(&name),
                "{name}"
            );
            assert!(!name.contains('.'), "{name}");
        }
    }
}

#[test]
fn p8_some_keys_may_be_missing() {
    let call = changed(|call| {
        call.as_object_mut().unwrap().remove("fhirServer");
        let prefetch = call["prefetch"].as_object_mut().unwrap();
        prefetch.retain(|key, _| key == "patient" || key == "conditions");
    });
    assert!(matches!(TARGET.call(&call).status, 200 | 412));
}

#[test]
fn p10_an_absent_key_is_not_an_empty_answer() {
    for key in searched() {
        let empty = TARGET.call(&with(&key, Value::Null));
        let absent = TARGET.call(&changed(|call| {
            call.as_object_mut().unwrap().remove("fhirServer");
            call["prefetch"].as_object_mut().unwrap().remove(&key);
        }));
        assert_eq!(empty.status, 200, "{key}");
        assert!(matches!(absent.status, 200 | 412), "{key}");
        if TARGET.is_ours && absent.status == 200 {
            assert_ne!(absent.body, empty.body, "{key}");
        }
    }
}

#[test]
fn p11_null_means_that_nothing_was_found() {
    for key in searched() {
        assert_eq!(TARGET.call(&with(&key, Value::Null)).status, 200, "{key}");
    }
}

#[test]
fn p12_an_empty_searchset_is_the_same_as_null() {
    for key in searched() {
        let empty = json!({ "resourceType": "Bundle", "type": "searchset", "total": 0 });
        let empty = TARGET.call(&with(&key, empty));
        let null = TARGET.call(&with(&key, Value::Null));
        assert_eq!(empty.status, 200, "{key}");
        assert_eq!(empty.json()["cards"], null.json()["cards"], "{key}");
    }
}

#[test]
fn p13_an_operation_outcome_is_a_failure_and_not_an_empty_answer() {
    let outcome = json!({ "resourceType": "OperationOutcome", "issue": [{ "severity": "error", "code": "exception" }] });
    let in_bundle = json!({ "resourceType": "Bundle", "type": "searchset", "entry": [{ "resource": outcome, "search": { "mode": "outcome" } }] });
    for key in searched() {
        for failed in [&outcome, &in_bundle] {
            let failed = TARGET.call(&with(&key, failed.clone()));
            assert!(
                matches!(failed.status, 200 | 412),
                "{key}: {}",
                failed.status
            );
            let null = TARGET.call(&with(&key, Value::Null));
            assert!(
                failed.status == 412 || !TARGET.is_ours || failed.body != null.body,
                "{key}"
            );
        }
    }
}

#[test]
fn p14_a_page_with_a_next_link_is_not_taken_for_everything() {
    for key in searched() {
        let mut paged = PATIENT_VIEW["prefetch"][&key].clone();
        paged["link"] = json!([{ "relation": "next", "url": "https://ehr.invalid/fhir?page=2" }]);
        let paged = TARGET.call(&with(&key, paged));
        assert!(matches!(paged.status, 200 | 412), "{key}: {}", paged.status);
        let whole = TARGET.call(&with(&key, PATIENT_VIEW["prefetch"][&key].clone()));
        assert!(
            paged.status == 412 || !TARGET.is_ours || paged.body != whole.body,
            "{key}"
        );
    }
}

#[test]
fn p15_missing_required_data_is_412_and_names_it() {
    let call = changed(|call| {
        call.as_object_mut().unwrap().remove("fhirServer");
        call["prefetch"]
            .as_object_mut()
            .unwrap()
            .remove("conditions");
    });
    let answer = TARGET.call(&call);
    assert_eq!(answer.status, 412);
    assert!(answer.body.contains("conditions"), "{}", answer.body);
}

#[test]
fn p17_keys_that_were_not_advertised_are_ignored() {
    let plain = TARGET.call(&PATIENT_VIEW).json();
    let call = changed(|call| {
        call["prefetch"]["notAdvertised"] = json!({ "resourceType": "Basic", "x": [null] })
    });
    let answer = TARGET.call(&call);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["cards"], plain["cards"]);
}
