//! `cds_hooks::feedback`: what a client may send, rule by rule of the specification (2.7, B1-B9; B1 and B8 are the server's).

use rrdtc::cds_hooks::feedback::{Outcome, OverrideReason, parse};
use serde_json::{Value, json};

const CARD: &str = "9368d37b-283f-44a0-93ea-547cebab93ed";
const AT: &str = "2026-11-20T12:00:00.123Z";

fn accepted() -> Value {
    json!({ "card": CARD, "outcome": "accepted", "acceptedSuggestions": [{ "id": "s-1" }], "outcomeTimestamp": AT })
}

fn overridden() -> Value {
    json!({ "card": CARD, "outcome": "overridden", "outcomeTimestamp": AT })
}

/// An item with some members replaced; null takes a member away.
fn with(mut item: Value, members: Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        if value.is_null() {
            item.as_object_mut().unwrap().remove(name);
        } else {
            item[name] = value.clone();
        }
    }
    item
}

fn body(items: &[Value]) -> Vec<u8> {
    json!({ "feedback": items }).to_string().into_bytes()
}

#[test]
fn what_the_specification_allows_is_read() {
    let coding = json!({ "code": "already-known", "system": "http://example.org/own" });
    for (name, items, expected) in [
        ("B2: an empty list", vec![], 0),
        ("B3: accepted", vec![accepted()], 1),
        ("B3: overridden", vec![overridden()], 1),
        (
            "B3: a time with another offset",
            vec![with(
                overridden(),
                json!({ "outcomeTimestamp": "2026-11-20T13:00:00+01:00" }),
            )],
            1,
        ),
        (
            "B4: several suggestions",
            vec![with(
                accepted(),
                json!({ "acceptedSuggestions": [{ "id": "a" }, { "id": "b", "extension": {} }] }),
            )],
            1,
        ),
        (
            "B5: a reason without display",
            vec![with(
                overridden(),
                json!({ "overrideReason": { "reason": coding } }),
            )],
            1,
        ),
        (
            "B5: only a comment",
            vec![with(
                overridden(),
                json!({ "overrideReason": { "userComment": "known" } }),
            )],
            1,
        ),
        (
            "B6: the same card twice, and others",
            vec![
                accepted(),
                accepted(),
                overridden(),
                with(
                    overridden(),
                    json!({ "card": "00000000-0000-4000-8000-000000000000" }),
                ),
            ],
            4,
        ),
        (
            "unknown members and extensions",
            vec![with(
                overridden(),
                json!({ "extension": { "x": [1.5, null] }, "user": { "deep": [[]] } }),
            )],
            1,
        ),
        (
            "suggestions beside an override are not looked at",
            vec![with(overridden(), json!({ "acceptedSuggestions": "none" }))],
            1,
        ),
        ("as many as allowed", vec![overridden(); 1_000], 1_000),
    ] {
        let read = parse(&body(&items));
        assert_eq!(
            read.map(|items| items.len()).map_err(|e| e.to_string()),
            Ok(expected),
            "{name}"
        );
    }
}

#[test]
fn what_is_read_is_what_was_sent() {
    let item = with(
        overridden(),
        json!({
            "overrideReason": {
                "reason": { "code": "c", "system": "http://example.org/own", "display": "C" },
                "userComment": "knows it",
            }
        }),
    );
    let read = parse(&body(&[accepted(), item])).unwrap();
    assert_eq!(read[0].card.to_string(), CARD);
    assert_eq!(read[0].at.to_string(), AT);
    assert_eq!(
        read[0].outcome,
        Outcome::Accepted {
            suggestions: vec!["s-1".into()]
        }
    );
    let Outcome::Overridden(Some(OverrideReason {
        reason: Some(reason),
        comment: Some(comment),
    })) = &read[1].outcome
    else {
        panic!("{:?}", read[1]);
    };
    assert_eq!(
        (reason.system.as_str(), reason.code.as_str()),
        ("http://example.org/own", "c")
    );
    assert_eq!(comment, "knows it");
    assert!(
        !format!("{read:?}").contains("knows it"),
        "a comment is never printed"
    );
}

#[test]
fn what_the_sandbox_sends_is_read() {
    let sent = r#"{"feedback":[{"card":"9368d37b-283f-44a0-93ea-547cebab93ed","outcome":"overridden","overrideReason":{"reason":{"code":"patient-reason","system":"http://terminology.hl7.org/CodeSystem/reaction-event-certainty"}},"outcomeTimestamp":"2026-11-20T12:00:00.000Z"}]}"#;
    assert_eq!(parse(sent.as_bytes()).unwrap().len(), 1);
}

#[test]
fn a_mistake_is_told_with_its_path() {
    let one = |item: Value| body(&[accepted(), item]);
    let reason = |reason: Value| one(with(overridden(), json!({ "overrideReason": reason })));
    for (name, body, path) in [
        ("no JSON", b"feedback".to_vec(), None),
        ("not UTF-8", vec![0xff], None),
        (
            "too deep",
            format!(
                "{{\"feedback\":[],\"x\":{}{}}}",
                "[".repeat(200),
                "]".repeat(200)
            )
            .into_bytes(),
            None,
        ),
        ("twice", br#"{"feedback":[],"feedback":[]}"#.to_vec(), None),
        ("B2: an array", b"[]".to_vec(), Some("$")),
        ("B2: nothing", b"{}".to_vec(), Some("feedback")),
        (
            "B2: one object",
            json!({ "feedback": accepted() }).to_string().into_bytes(),
            Some("feedback"),
        ),
        (
            "B2: null",
            br#"{"feedback":null}"#.to_vec(),
            Some("feedback"),
        ),
        (
            "too many",
            body(&vec![overridden(); 1_001]),
            Some("feedback"),
        ),
        ("an item that is none", one(json!("x")), Some("feedback[1]")),
        ("an item as array", one(json!([CARD])), Some("feedback[1]")),
        (
            "B3: no card",
            one(with(overridden(), json!({ "card": null }))),
            Some("feedback[1].card"),
        ),
        (
            "B3: a card that is no UUID",
            one(with(overridden(), json!({ "card": "card-1" }))),
            Some("feedback[1].card"),
        ),
        (
            "B3: no outcome",
            one(with(overridden(), json!({ "outcome": null }))),
            Some("feedback[1].outcome"),
        ),
        (
            "B3: another outcome",
            one(with(overridden(), json!({ "outcome": "ignored" }))),
            Some("feedback[1].outcome"),
        ),
        (
            "B3: no time",
            one(with(overridden(), json!({ "outcomeTimestamp": null }))),
            Some("feedback[1].outcomeTimestamp"),
        ),
        (
            "B3: a time without offset",
            one(with(
                overridden(),
                json!({ "outcomeTimestamp": "2026-11-20T12:00:00" }),
            )),
            Some("feedback[1].outcomeTimestamp"),
        ),
        (
            "B3: a time as number",
            one(with(
                overridden(),
                json!({ "outcomeTimestamp": 1_763_640_000 }),
            )),
            Some("feedback[1].outcomeTimestamp"),
        ),
        (
            "B4: accepted without suggestions",
            one(with(accepted(), json!({ "acceptedSuggestions": null }))),
            Some("feedback[1].acceptedSuggestions"),
        ),
        (
            "B4: accepted with none",
            one(with(accepted(), json!({ "acceptedSuggestions": [] }))),
            Some("feedback[1].acceptedSuggestions"),
        ),
        (
            "B4: a suggestion without id",
            one(with(
                accepted(),
                json!({ "acceptedSuggestions": [{ "id": "a" }, {}] }),
            )),
            Some("feedback[1].acceptedSuggestions[1].id"),
        ),
        (
            "B5: neither reason nor comment",
            reason(json!({})),
            Some("feedback[1].overrideReason"),
        ),
        (
            "B5: an empty comment",
            reason(json!({ "userComment": "" })),
            Some("feedback[1].overrideReason"),
        ),
        (
            "B5: a reason as text",
            reason(json!("known")),
            Some("feedback[1].overrideReason"),
        ),
        (
            "B5: a reason without system",
            reason(json!({ "reason": { "code": "c" } })),
            Some("feedback[1].overrideReason.reason.system"),
        ),
        (
            "B5: a reason without code",
            reason(json!({ "reason": { "system": "s" } })),
            Some("feedback[1].overrideReason.reason.code"),
        ),
        (
            "B5: a comment that is none",
            reason(json!({ "userComment": 1 })),
            Some("feedback[1].overrideReason.userComment"),
        ),
        (
            "a code with control characters",
            reason(json!({ "reason": { "code": "\u{1b}[2J", "system": "s" } })),
            Some("feedback[1].overrideReason.reason.code"),
        ),
        (
            "a comment that PostgreSQL cannot keep",
            reason(json!({ "userComment": "a\u{0}b" })),
            Some("feedback[1].overrideReason.userComment"),
        ),
        (
            "a code of a megabyte",
            reason(json!({ "reason": { "code": "x".repeat(1 << 20), "system": "s" } })),
            Some("feedback[1].overrideReason.reason.code"),
        ),
    ] {
        let error = parse(&body).expect_err(name);
        assert_eq!(error.path.as_deref(), path, "{name}: {error}");
        assert!(!error.problem.is_empty(), "{name}");
    }
}

#[test]
fn a_mistake_tells_no_value_of_the_call() {
    let sentinel = "ZAPHOD-4711";
    for members in [
        json!({ "card": sentinel }),
        json!({ "outcome": sentinel }),
        json!({ "outcomeTimestamp": sentinel }),
        json!({ "overrideReason": sentinel }),
        json!({ "overrideReason": { "reason": { "code": sentinel } } }),
    ] {
        let error = parse(&body(&[with(overridden(), members.clone())])).expect_err(sentinel);
        assert!(!format!("{error:?}").contains(sentinel), "{members}");
    }
}
