//! The checks of Inferno's server suite that are not of its own use case (I1 to I9 as in section 3 of the conformance notes; I10 to
//! I12 are reported, and met under the profile of `docs/inferno`).

use crate::call::{ANSWERS, all, cards};
use crate::needs;
use crate::target::{TARGET, Target, start};
use crate::token::Signer;
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

/// A card whose links are all of this type.
fn has_only(cards: &[Value], kind: &str) -> bool {
    cards.iter().any(|card| {
        let links = card["links"].as_array();
        links.is_some_and(|links| links.iter().all(|link| link["type"] == kind))
    })
}

/// A card with neither links nor suggestions.
fn has_plain(cards: &[Value]) -> bool {
    let plain = |card: &Value| card.get("links").is_none() && card.get("suggestions").is_none();
    cards.iter().any(plain)
}

#[test]
fn i10_to_i12_are_reported() {
    let cards = cards();
    println!(
        "I10, a card with absolute links only: {}",
        has_only(&cards, "absolute")
    );
    println!(
        "I11, a card with SMART links only: {}",
        has_only(&cards, "smart")
    );
    println!(
        "I12, a card with neither links nor suggestions: {}",
        has_plain(&cards)
    );
}

#[test]
fn i13_what_is_changed_or_deleted_is_a_draft() {
    let with_drafts = |call: &&Value| call["context"].get("draftOrders").is_some();
    let call = needs!(
        TARGET.calls.iter().find(with_drafts),
        "no call with draft orders"
    );
    let drafts = all(&[call["context"]["draftOrders"].clone()], "entry");
    let ids: Vec<String> = drafts
        .iter()
        .map(|entry| &entry["resource"])
        .map(|draft| format!("{}/{}", text(draft, "resourceType"), text(draft, "id")))
        .collect();
    let answer = TARGET.call(call).json();
    let suggestions = all(answer["cards"].as_array().unwrap(), "suggestions");
    for action in all(&suggestions, "actions") {
        let target = match text(&action, "type") {
            "create" => continue,
            "update" => format!(
                "{}/{}",
                text(&action["resource"], "resourceType"),
                text(&action["resource"], "id")
            ),
            _ => text(&action, "resourceId").to_owned(),
        };
        assert!(ids.contains(&target), "{target}");
    }
}

/// I10, I11, I12 and I14, with the configuration that `docs/inferno` holds.
#[test]
fn i14_holds_under_the_documented_profile() {
    let folder = tempfile::tempdir().unwrap();
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let issuer = "http://localhost:4567/custom/crd_server";
    let signer = Signer::elliptic(issuer, "inferno", &pair.serialize_pem());
    let profile = std::fs::read_to_string("docs/inferno/rrdtc.toml").unwrap();
    assert!(profile.contains(issuer));
    // Only where it listens and where the keys are: nobody listens on Inferno's port here.
    let keys = format!("jwks = '{}'", serde_json::json!({ "keys": [signer.jwk()] }));
    let jku = format!("jku = \"{issuer}/jwks.json\"");
    let profile = profile
        .replace("127.0.0.1:8080", "127.0.0.1:0")
        .replace(&jku, &keys);
    let file = folder.path().join("rrdtc.toml");
    std::fs::write(&file, profile).unwrap();
    let profile = Target {
        base: start(&file),
        audience_base: "https://localhost:8443".into(),
        signer: Some(signer),
        rsa_signer: None,
        fhir: None,
        origin: None,
        calls: Vec::new(),
        is_ours: true,
    };
    let mut cards = Vec::new();
    for call in &TARGET.calls {
        let mut call = call.clone();
        if text(&call, "hook") == "patient-view" {
            call["hook"] = "encounter-start".into();
            call["context"]["encounterId"] = "e-1".into();
        }
        let answer = profile.call(&call);
        assert_eq!(answer.status, 200, "{}", answer.body);
        cards.extend(all(&[answer.json()], "cards"));
    }
    assert!(has_only(&cards, "absolute") && has_only(&cards, "smart") && has_plain(&cards));
}
