//! A trail that a server wrote.

use super::{VIEW, model, monitor};
use crate::operations::process::{Place, client};
use crate::support::{Chart, lesion, status};
use serde_json::{Value, json};

/// What a server wrote, and what users did with its cards.
#[test]
fn a_trail_and_a_store_that_a_server_wrote() {
    let place = Place::new();
    place.configure(&format!(
        "external_url = \"https://cds.test\"\n{}{}",
        place.store_and_audit("required"),
        client("ehr", ""),
    ));
    let process = place.serve(&[]);
    let mut cards = Vec::new();
    for number in 0..24 {
        let mut chart = Chart::basic().with(status("status", "58899004", "2026-06-01"));
        if number % 2 == 0 {
            chart = chart.with(lesion("pet", 6.1, "2026-10-05"));
        }
        let mut call: Value = serde_json::from_str(
            &chart
                .call()
                .to_string()
                .replace("p-1", &format!("p-{number}")),
        )
        .unwrap();
        call["hookInstance"] = json!(uuid::Uuid::from_u128(number).to_string());
        let answer = process.call("ehr", VIEW, &call);
        assert_eq!(answer.status, 200, "{}", answer.body);
        cards.push(
            answer.json()["cards"][0]["uuid"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
        // Asked again in the same month.
        process.call("ehr", VIEW, &call);
    }
    for (number, card) in cards.iter().enumerate().take(6) {
        let item = if number < 2 {
            json!({ "card": card, "outcome": "accepted", "acceptedSuggestions": [{ "id": uuid::Uuid::from_u128(9).to_string() }], "outcomeTimestamp": "2026-11-20T12:00:00Z" })
        } else {
            json!({
                "card": card, "outcome": "overridden", "outcomeTimestamp": "2026-11-20T12:00:00Z",
                "overrideReason": { "reason": { "system": "http://terminology.hl7.org/CodeSystem/reason", "code": "later" } },
            })
        };
        let answer = process.call(
            "ehr",
            &format!("{VIEW}/feedback"),
            &json!({ "feedback": [item] }),
        );
        assert!(answer.status < 300, "{}", answer.body);
    }
    assert!(process.stop().success());
    let output = place.command(&["monitor", "--json"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let result: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"));
    let trail = &result["trail"];
    assert_eq!(
        (&trail["verified"], &trail["comparedWithHead"]),
        (&json!(true), &json!(true)),
        "{trail}"
    );
    assert_eq!(
        (&trail["entries"], &trail["repeated"], &trail["counted"]),
        (&json!(48), &json!(24), &json!(24))
    );
    assert_eq!(trail["models"][0]["name"], json!(model()));
    let month = &result["months"][0];
    assert_eq!(month["patients"], 24);
    assert_eq!(
        month["classes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["count"].as_u64().unwrap())
            .sum::<u64>(),
        24
    );
    let feedback = &result["feedback"];
    assert_eq!(
        (
            &feedback["shown"],
            &feedback["accepted"],
            &feedback["overridden"]
        ),
        (&json!(24), &json!(2), &json!(4))
    );
    assert_eq!(
        feedback["reasons"],
        json!([{ "name": "http://terminology.hl7.org/CodeSystem/reason|later", "count": 4 }])
    );
    // The same without a configuration.
    let store = format!("sqlite:{}", place.path("rrdtc.db").display());
    place.configure("");
    let (_, again, said) = monitor(&place, &["--store", &store]);
    assert_eq!(again["feedback"], result["feedback"], "{said}");
    assert_eq!(again["months"], result["months"]);
}
