//! The checks of Inferno's server suite that are not of its own use case (I1 to I9 as in section 3 of the conformance notes; I10 to
//! I12 and I14 are reported).

use crate::call::{ANSWERS, all, cards};
use crate::needs;
use crate::target::TARGET;
use serde_json::Value;

fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_default()
}

#[test]
fn i1_the_base_is_served_with_tls_or_on_loopback() {
    assert!(TARGET.base.starts_with("https://") || TARGET.base.starts_with("http://127.0.0.1"));
}

#[test]
fn i2_discovery_answers_to_an_accept_of_json() {
    let bearer = TARGET.bearer("/cds-services");
    let mut headers = vec![("accept", "application/json")];
    headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
    let answer = TARGET.raw("GET", "/cds-services", &headers, None);
    assert_eq!(answer.status, 200);
    answer.json();
}

#[test]
fn i3_every_service_has_hook_description_and_id() {
    for service in TARGET.services() {
        for name in ["hook", "description", "id"] {
            assert!(service[name].is_string(), "{service}");
        }
    }
}

#[test]
fn i4_every_call_is_answered_with_200_and_json() {
    // Content-Type and token, no Accept.
    for call in &TARGET.calls {
        let path = TARGET.path_of(call);
        let bearer = TARGET.bearer(&path).unwrap_or_default();
        let mut headers = vec![("content-type", "application/json")];
        if !bearer.is_empty() {
            headers.push(("authorization", &bearer));
        }
        let body = call.to_string();
        let answer = TARGET.raw("POST", &path, &headers, Some(body.as_bytes()));
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json();
    }
}

#[test]
fn i5_to_i7_the_calls_that_we_send_have_the_required_shape() {
    for call in &TARGET.calls {
        assert!(text(call, "hookInstance").parse::<uuid::Uuid>().is_ok());
        assert!(call["context"].is_object());
        assert!(call.get("fhirAuthorization").is_none() || call["fhirServer"].is_string());
        let patient = text(&call["context"], "patientId");
        assert!(!patient.is_empty() && !patient.contains('/'));
        assert!(text(&call["context"], "userId").contains('/'));
    }
}

fn check_actions(actions: &[Value]) {
    for action in actions {
        assert!(!text(action, "description").is_empty());
        match text(action, "type") {
            "create" | "update" => assert!(!text(&action["resource"], "resourceType").is_empty()),
            "delete" => assert!(text(action, "resourceId").contains('/')),
            other => panic!("an action of type {other:?}"),
        }
    }
}

#[test]
fn i8_cards_have_their_required_members() {
    for card in cards() {
        let length = text(&card, "summary").chars().count();
        assert!((1..140).contains(&length));
        assert!(["info", "warning", "critical"].contains(&text(&card, "indicator")));
        assert!(!text(&card["source"], "label").is_empty());
        if card["source"].get("topic").is_none() {
            println!("note: a card without source.topic, which Inferno's own use case asks for");
        }
    }
    check_actions(&all(&ANSWERS, "systemActions"));
}

#[test]
fn i9_optional_members_of_cards_are_well_formed() {
    for card in cards() {
        for name in ["uuid", "detail"] {
            assert!(
                card.get(name)
                    .is_none_or(|value| value.as_str().is_some_and(|t| !t.is_empty()))
            );
        }
        for name in ["suggestions", "overrideReasons", "links"] {
            assert!(
                card.get(name)
                    .is_none_or(|list| list.as_array().is_some_and(|l| !l.is_empty()))
            );
        }
        if card.get("suggestions").is_some() {
            assert!(["at-most-one", "any"].contains(&text(&card, "selectionBehavior")));
        }
    }
    for reason in all(&cards(), "overrideReasons") {
        for name in ["code", "system", "display"] {
            assert!(!text(&reason, name).is_empty(), "{reason}");
        }
    }
    for link in all(&cards(), "links") {
        assert!(!text(&link, "label").is_empty());
        assert!(text(&link, "url").starts_with("http"));
        assert!(
            link["type"] == "smart"
                || (link["type"] == "absolute" && link.get("appContext").is_none())
        );
    }
    let suggestions = all(&cards(), "suggestions");
    assert!(
        suggestions
            .iter()
            .all(|suggestion| !text(suggestion, "label").is_empty())
    );
    check_actions(&all(&suggestions, "actions"));
}

/// Some card whose links are all of one type; some card with neither links nor suggestions.
#[test]
fn i10_to_i14_are_reported() {
    let cards = cards();
    let some_with_all = |kind: &str| {
        cards.iter().any(|card| {
            let links = card["links"].as_array();
            links.is_some_and(|links| links.iter().all(|link| link["type"] == kind))
        })
    };
    let plain = |card: &Value| card.get("links").is_none() && card.get("suggestions").is_none();
    println!(
        "I10, a card with absolute links only: {}",
        some_with_all("absolute")
    );
    println!(
        "I11, a card with SMART links only: {}",
        some_with_all("smart")
    );
    println!(
        "I12, a card with neither links nor suggestions: {}",
        cards.iter().any(plain)
    );
    let drafts = needs!(
        TARGET
            .calls
            .iter()
            .find(|call| call["context"].get("draftOrders").is_some()),
        "no call with draft orders"
    );
    // I13: what is changed or deleted is one of the drafts.
    let ids: Vec<String> = all(&[drafts["context"]["draftOrders"].clone()], "entry")
        .iter()
        .map(|entry| {
            format!(
                "{}/{}",
                text(&entry["resource"], "resourceType"),
                text(&entry["resource"], "id")
            )
        })
        .collect();
    let answer = TARGET.call(drafts).json();
    let suggestions = all(answer["cards"].as_array().unwrap(), "suggestions");
    for action in all(&suggestions, "actions")
        .iter()
        .filter(|action| action["type"] == "delete")
    {
        assert!(ids.iter().any(|id| *id == text(action, "resourceId")));
    }
}
