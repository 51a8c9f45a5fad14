//! Feedback (B1 to B9).

use crate::call::PATIENT_VIEW;
use crate::needs;
use crate::target::TARGET;
use serde_json::{Value, json};

fn path() -> String {
    format!("{}/feedback", TARGET.path_of(&PATIENT_VIEW))
}

/// Sends feedback; none where the target takes none (the endpoint is optional).
fn send(items: Value) -> Option<u16> {
    let status = TARGET
        .send("POST", &path(), Some(&json!({ "feedback": items })))
        .status;
    (status != 404).then_some(status)
}

fn card() -> Value {
    TARGET.call(&PATIENT_VIEW).json()["cards"][0].clone()
}

fn overridden(card: &Value) -> Value {
    json!({ "card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-05-01T10:05:31.250Z" })
}

fn accepted(card: &Value) -> Value {
    json!({
        "card": card["uuid"], "outcome": "accepted", "outcomeTimestamp": "2026-05-01T10:05:31Z",
        "acceptedSuggestions": [{ "id": card["suggestions"][0]["uuid"] }],
    })
}

#[test]
fn b1_the_endpoint_is_below_the_service() {
    let status = needs!(send(json!([overridden(&card())])), "no feedback endpoint");
    assert!((200..300).contains(&status), "{status}");
}

#[test]
fn b2_a_body_is_a_list_of_feedback() {
    needs!(send(json!([overridden(&card())])), "no feedback endpoint");
    for body in [json!({}), json!({ "feedback": "x" }), json!([])] {
        assert_eq!(
            TARGET.send("POST", &path(), Some(&body)).status,
            400,
            "{body}"
        );
    }
}

#[test]
fn b3_an_item_has_card_outcome_and_time() {
    needs!(send(json!([overridden(&card())])), "no feedback endpoint");
    for member in ["card", "outcome", "outcomeTimestamp"] {
        let mut item = overridden(&card());
        item.as_object_mut().unwrap().remove(member);
        assert_eq!(send(json!([item])), Some(400), "{member}");
    }
    let mut item = overridden(&card());
    item["outcome"] = json!("ignored");
    assert_eq!(send(json!([item])), Some(400));
}

#[test]
fn b4_accepted_names_a_suggestion() {
    let card = card();
    needs!(send(json!([overridden(&card)])), "no feedback endpoint");
    if card.get("suggestions").is_some() {
        assert_eq!(send(json!([accepted(&card)])), Some(200));
    }
    let mut nothing = accepted(&card);
    nothing
        .as_object_mut()
        .unwrap()
        .remove("acceptedSuggestions");
    assert_eq!(send(json!([nothing])), Some(400));
}

#[test]
fn b5_a_reason_may_be_a_coding_or_a_comment() {
    let card = card();
    needs!(send(json!([overridden(&card)])), "no feedback endpoint");
    for reason in [
        json!({ "reason": { "code": "x", "system": "https://example.org/reasons" } }),
        json!({ "userComment": "seen" }),
    ] {
        let mut item = overridden(&card);
        item["overrideReason"] = reason;
        assert_eq!(send(json!([item])), Some(200));
    }
}

#[test]
fn b6_repeated_and_unknown_cards_do_not_fail_the_batch() {
    let card = card();
    needs!(send(json!([overridden(&card)])), "no feedback endpoint");
    let unknown = json!({ "card": "3b3a4c6e-8c55-4c0a-9d43-3f6e8f4b9e77", "outcome": "overridden", "outcomeTimestamp": "2026-05-01T10:05:31Z" });
    let batch = json!([overridden(&card), overridden(&card), unknown]);
    assert_eq!(send(batch.clone()), Some(200));
    assert_eq!(send(batch), Some(200));
}

#[test]
fn b7_a_reason_may_be_the_clients_own() {
    let card = card();
    needs!(send(json!([overridden(&card)])), "no feedback endpoint");
    let mut item = overridden(&card);
    item["overrideReason"] = json!({ "reason": { "code": "ours-17", "system": "urn:uuid:6f6d4f0a-1111-4222-8333-444455556666" } });
    assert_eq!(send(json!([item])), Some(200));
}

#[test]
fn b8_feedback_asks_for_its_own_token() {
    let signer = needs!(&TARGET.signer, "no key");
    let body = json!({ "feedback": [overridden(&card())] });
    let of_service = signer.token(&TARGET.url(&TARGET.path_of(&PATIENT_VIEW)));
    assert_eq!(
        TARGET
            .send_as(&of_service, "POST", &path(), Some(&body))
            .status,
        401
    );
}

#[test]
fn b9_an_unknown_service_has_no_feedback() {
    let body = json!({ "feedback": [overridden(&card())] });
    assert_eq!(
        TARGET
            .send(
                "POST",
                "/cds-services/no-such-service/feedback",
                Some(&body)
            )
            .status,
        404
    );
}
