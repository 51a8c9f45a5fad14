//! Calls and answers that many tests need.

use crate::target::TARGET;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// A call of a hook that needs no draft orders, whose answer holds a card.
pub static PATIENT_VIEW: LazyLock<Value> = LazyLock::new(|| {
    let calls = TARGET.calls.iter();
    calls
        .filter(|call| call["hook"] == "patient-view")
        .find(|call| {
            let answer = TARGET.call(call);
            answer.status == 200
                && answer.json()["cards"]
                    .as_array()
                    .is_some_and(|c| !c.is_empty())
        })
        .expect("a patient-view call that is answered with a card")
        .clone()
});

/// The call of [`PATIENT_VIEW`], changed.
pub fn changed(change: impl FnOnce(&mut Value)) -> Value {
    let mut call = PATIENT_VIEW.clone();
    change(&mut call);
    call
}

/// Everything that the service answers with 200 to the calls.
pub static ANSWERS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let answers: Vec<Value> = TARGET
        .calls
        .iter()
        .map(|call| {
            let answer = TARGET.call(call);
            assert_eq!(answer.status, 200, "{}: {}", call["hook"], answer.body);
            answer.json()
        })
        .collect();
    assert!(!answers.is_empty());
    answers
});

/// Every card of [`ANSWERS`].
pub fn cards() -> Vec<Value> {
    let cards: Vec<Value> = ANSWERS
        .iter()
        .flat_map(|answer| answer["cards"].as_array().cloned().unwrap_or_default())
        .collect();
    assert!(!cards.is_empty(), "no call is answered with a card");
    cards
}

/// Members of a list of objects, flattened.
pub fn all(objects: &[Value], member: &str) -> Vec<Value> {
    objects
        .iter()
        .flat_map(|object| object[member].as_array().cloned().unwrap_or_default())
        .collect()
}

/// An error and what it says.
pub fn errors() -> Vec<(&'static str, crate::target::Answer)> {
    let path = TARGET.path_of(&PATIENT_VIEW);
    let no_prefetch = changed(|call| {
        call.as_object_mut().unwrap().remove("prefetch");
        call.as_object_mut().unwrap().remove("fhirServer");
        call.as_object_mut().unwrap().remove("fhirAuthorization");
    });
    vec![
        (
            "400",
            TARGET.send("POST", &path, Some(&json!({ "hook": "patient-view" }))),
        ),
        (
            "404",
            TARGET.send("POST", "/cds-services/no-such-service", Some(&PATIENT_VIEW)),
        ),
        ("405", TARGET.send("PUT", &path, Some(&PATIENT_VIEW))),
        ("412", TARGET.call(&no_prefetch)),
    ]
}

/// Values that the specification forbids: null, "", [] and {}, with their paths.
pub fn empty_values(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Null => found.push(format!("{path} is null")),
        Value::String(text) if text.is_empty() => found.push(format!("{path} is an empty text")),
        // The two that may be.
        Value::Array(items) if items.is_empty() && matches!(path, ".cards" | ".services") => {}
        Value::Array(items) if items.is_empty() => {
            found.push(format!("{path} is an empty array"));
        }
        Value::Object(members) if members.is_empty() => {
            found.push(format!("{path} is an empty object"));
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                empty_values(item, &format!("{path}[{at}]"), found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                empty_values(member, &format!("{path}.{name}"), found);
            }
        }
        _ => {}
    }
}
