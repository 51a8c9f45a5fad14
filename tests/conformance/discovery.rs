//! Discovery (D1 to D14).

use crate::needs;
use crate::target::TARGET;
use serde_json::Value;
use std::collections::HashSet;

fn text<'a>(service: &'a Value, name: &str) -> Option<&'a str> {
    service[name].as_str()
}

#[test]
fn d1_discovery_is_at_its_path() {
    assert_eq!(TARGET.send("GET", "/cds-services", None).status, 200);
}

#[test]
fn d2_the_body_holds_the_services() {
    assert!(TARGET.discovery()["services"].is_array());
}

#[test]
fn d3_services_is_there_even_when_it_is_empty() {
    assert!(
        TARGET
            .discovery()
            .as_object()
            .unwrap()
            .contains_key("services")
    );
}

#[test]
fn d4_discovery_is_answered_with_200_or_an_error_status() {
    assert_eq!(TARGET.send("GET", "/cds-services", None).status, 200);
    let status = TARGET.send("POST", "/cds-services", None).status;
    assert!((400..600).contains(&status), "{status}");
}

#[test]
fn d5_every_service_names_its_hook() {
    for service in TARGET.services() {
        assert!(text(&service, "hook").is_some_and(|hook| !hook.is_empty()));
    }
}

#[test]
fn d6_every_id_is_a_segment_of_a_url() {
    for service in TARGET.services() {
        let id = text(&service, "id").unwrap();
        let is_safe = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        assert!(!id.is_empty() && id.chars().all(is_safe), "{id}");
    }
    let ids = |services: Vec<Value>| services.iter().map(|s| s["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(TARGET.services()), ids(TARGET.services()));
}

#[test]
fn d7_every_service_is_described() {
    for service in TARGET.services() {
        assert!(text(&service, "description").is_some_and(|text| !text.is_empty()));
    }
}

#[test]
fn d8_every_service_has_a_title() {
    for service in TARGET.services() {
        assert!(text(&service, "title").is_some_and(|text| !text.is_empty()));
    }
}

#[test]
fn d9_prefetch_is_an_object_of_texts() {
    for service in TARGET.services() {
        let Some(prefetch) = service.get("prefetch") else {
            continue;
        };
        let templates = prefetch.as_object().unwrap();
        assert!(!templates.is_empty() && templates.values().all(Value::is_string));
    }
}

#[test]
fn d10_usage_requirements_are_text() {
    for service in TARGET.services() {
        assert!(
            service
                .get("usageRequirements")
                .is_none_or(Value::is_string)
        );
    }
}

#[test]
fn d11_the_version_is_a_semantic_one() {
    let discovery = TARGET.discovery();
    let versions = TARGET
        .services()
        .into_iter()
        .map(|mut service| service["version"].take());
    let versions = versions
        .chain([discovery["version"].clone()])
        .filter(|v| !v.is_null());
    let mut seen = 0;
    for version in versions {
        let parts: Vec<&str> = version.as_str().unwrap().splitn(3, '.').collect();
        assert!(
            parts.len() == 3 && parts[..2].iter().all(|part| part.parse::<u32>().is_ok()),
            "{version}"
        );
        seen += 1;
    }
    assert!(!TARGET.is_ours || seen > 0);
}

#[test]
fn d12_a_hook_version_is_text() {
    for service in TARGET.services() {
        assert!(service.get("hookVersion").is_none_or(Value::is_string));
    }
}

#[test]
fn d13_services_that_share_an_id_differ_in_their_hook() {
    let services = TARGET.services();
    let pairs: HashSet<_> = services
        .iter()
        .map(|service| (text(service, "id"), text(service, "hook")))
        .collect();
    assert_eq!(pairs.len(), services.len());
}

#[test]
fn d14_a_token_is_taken_at_discovery_and_a_bad_one_is_not() {
    let signer = needs!(&TARGET.signer, "no key");
    let good = signer.token(&TARGET.url("/cds-services"));
    assert_eq!(
        TARGET.send_as(&good, "GET", "/cds-services", None).status,
        200
    );
    let for_another = signer.token("https://elsewhere.example.test/cds-services");
    assert_eq!(
        TARGET
            .send_as(&for_another, "GET", "/cds-services", None)
            .status,
        401
    );
}
