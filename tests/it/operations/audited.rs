//! The audit trail over HTTP: what a line holds, and what an answer owes to the disk.

use super::process::{AUDIT_KEY, Place, assessment, client};
use crate::support::Chart;
use serde_json::{Value, json};

const VIEW: &str = "rr-dtc-patient-view";

/// A place with one client with a tenant.
fn place(mode: &str) -> Place {
    let place = Place::new();
    place.configure(&format!(
        "external_url = \"https://cds.test\"\n{}{}",
        place.store_and_audit(mode),
        client("ehr", ""),
    ));
    place
}

#[test]
fn a_line_holds_what_was_answered_and_no_more() {
    let place = place("required");
    let process = place.serve(&[]);
    let answer = process.call("ehr", VIEW, &Chart::basic().call());
    assert_eq!(answer.status, 200, "{}", answer.body);
    let told = assessment(&answer);
    let entries = place.entries();
    assert_eq!(entries.len(), 1, "on disk before the answer");
    let entry = &entries[0];

    let members: Vec<&String> = entry.as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        [
            "resultId",
            "applicable",
            "reasons",
            "caveats",
            "states",
            "score",
            "class",
            "display",
            "card",
            "service",
            "client",
            "patient",
            "user",
            "model",
            "settings",
            "latencyUs",
        ]
    );
    assert_eq!(entry["resultId"], told["resultId"]);
    assert_eq!(entry["class"], told["classification"]);
    assert_eq!(
        entry["score"],
        json!([told["score"]["low"], told["score"]["high"]])
    );
    assert_eq!(entry["card"], answer.json()["cards"][0]["uuid"]);
    assert_eq!(
        (&entry["display"], &entry["service"], &entry["client"]),
        (&json!("shown"), &json!(VIEW), &json!("ehr"))
    );
    assert_eq!(entry["states"].as_object().unwrap().len(), 4);
    for (predictor, state) in entry["states"].as_object().unwrap() {
        assert_eq!(
            *state, told["predictors"][predictor]["state"],
            "{predictor}"
        );
    }
    assert_eq!(entry["model"], told["model"]["sha256"]);
    let is_hex = |value: &Value, length: usize| {
        let text = value.as_str().unwrap();
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    assert!(
        is_hex(&entry["settings"], 64)
            && is_hex(&entry["patient"], 32)
            && is_hex(&entry["user"], 32)
    );
    assert!(entry["latencyUs"].as_u64().unwrap() > 0);
    assert!(!AUDIT_KEY.is_empty() && !place.text("log").contains(AUDIT_KEY));

    // What is not applicable has neither states nor class; the settings are the same, the patient is.
    let other = process.call("ehr", VIEW, &Chart::empty().call());
    assert_eq!(other.json()["cards"], json!([]));
    let second = &place.entries()[1];
    assert_eq!(second["applicable"], false);
    assert_ne!(second["reasons"], json!([]));
    assert!(second.get("class").is_none() && second["card"].is_null());
    assert_eq!(
        (&second["settings"], &second["patient"]),
        (&entry["settings"], &entry["patient"])
    );
}

#[test]
fn every_answer_has_its_line_and_the_trail_is_intact() {
    let place = place("required");
    let process = place.serve(&[]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let answer = process.call("ehr", VIEW, &Chart::basic().call());
                    assert_eq!(answer.status, 200);
                    assert!(process.call("ehr", VIEW, &json!({})).status == 400);
                }
            });
        }
    });
    assert_eq!(place.entries().len(), 40);
    let (code, text) = place.verify();
    assert_eq!(code, 0, "{text}");
    assert!(process.stop().success());
    let (code, text) = place.verify();
    assert_eq!(code, 0, "{text}");
    // Began again, the chain goes on.
    let process = place.serve(&[]);
    assert_eq!(
        process.call("ehr", VIEW, &Chart::basic().call()).status,
        200
    );
    assert!(process.stop().success());
    assert_eq!((place.entries().len(), place.verify().0), (41, 0));
}

#[test]
fn without_the_disk_required_gives_no_answer_and_best_effort_does_and_counts() {
    for (mode, status) in [("required", 503), ("best-effort", 200)] {
        let place = place(mode);
        let process = place.serve(&[]);
        assert_eq!(
            process.call("ehr", VIEW, &Chart::basic().call()).status,
            200
        );
        assert_eq!(process.metric("rrdtc_audit_failed_total", &[]), 0.0);
        let (log, away) = (place.path("log"), place.path("away"));
        std::fs::rename(&log, &away).unwrap();
        std::fs::write(&log, "a file instead").unwrap();

        let answer = process.call("ehr", VIEW, &Chart::basic().call());
        assert_eq!(answer.status, status, "{mode}");
        if mode == "required" {
            assert!(answer.header("retry-after").is_some());
            assert!(!answer.body.contains("org.rrdtc.assessment"));
        }
        // The probe of readiness waits for what is queued.
        let ready = process.watch("/health/ready");
        assert_eq!(
            (ready.status, &ready.json()["checks"]["audit"]),
            (503, &json!(false))
        );
        assert_eq!(process.watch("/health/live").status, 200);
        assert!(
            process.metric("rrdtc_audit_failed_total", &[]) >= 1.0,
            "{mode}"
        );

        std::fs::remove_file(&log).unwrap();
        std::fs::rename(&away, &log).unwrap();
        assert_eq!(process.watch("/health/ready").status, 200, "{mode}");
        assert_eq!(
            process.call("ehr", VIEW, &Chart::basic().call()).status,
            200
        );
        assert!(process.stop().success());
        let (code, text) = place.verify();
        assert_eq!(code, 0, "{text}");
    }
}

#[test]
fn a_second_process_on_the_same_trail_does_not_start() {
    let place = place("required");
    let _first = place.serve(&[]);
    let (code, text) = place.run(
        &["serve", "--port", "0", "--metrics-listen", "127.0.0.1:0"],
        &[],
    );
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("audit"), "{text}");
}
