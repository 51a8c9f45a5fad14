//! What breaks under a running service: it never says that something is kept which is not.

use super::process::{Place, Process, client, eventually, kept};
use crate::support::Answer;
use serde_json::json;
use std::fs;
use std::time::{Duration, Instant};
use uuid::Uuid;

const FEEDBACK: &str = "rr-dtc-patient-view/feedback";

fn tell(process: &Process) -> Answer {
    tell_of(process, Uuid::new_v4())
}

fn tell_of(process: &Process, card: Uuid) -> Answer {
    process.call(
        "ehr",
        FEEDBACK,
        &json!({ "feedback": [{ "card": card, "outcome": "overridden", "outcomeTimestamp": "2026-11-20T12:00:00Z" }] }),
    )
}

#[test]
fn feedback_is_refused_while_the_file_of_the_store_is_not_the_one_that_is_open() {
    let place = Place::new();
    place.configure(&format!(
        "external_url = \"https://cds.test\"\nstore_url = \"sqlite:{}\"\n{}",
        place.path("rrdtc.db").display(),
        client("ehr", ""),
    ));
    let process = place.serve(&[]);
    assert_eq!(tell(&process).status, 200);
    fs::rename(place.path("rrdtc.db"), place.path("aside.db")).unwrap();
    // On a busy machine the first refusals may have other reasons; the operator is told this one.
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let answer = tell(&process);
        assert_eq!(answer.status, 503, "removed: {}", answer.body);
        if process.log().contains("moved or removed") {
            break;
        }
        assert!(Instant::now() < deadline, "{}", process.log());
    }
    fs::copy(place.path("aside.db"), place.path("rrdtc.db")).unwrap();
    assert_eq!(tell(&process).status, 503, "another file of this name");
    assert_eq!(process.watch("/health/ready").status, 503);
    fs::rename(place.path("aside.db"), place.path("rrdtc.db")).unwrap();
    assert_eq!(tell(&process).status, 200, "put back");
}

/// Tells of cards until one is answered with this status; the cards that were answered with 200.
fn tell_until(process: &Process, status: u16) -> Vec<Uuid> {
    let mut acknowledged = Vec::new();
    eventually(&status.to_string(), || {
        let card = Uuid::new_v4();
        let answer = tell_of(process, card);
        if answer.status == 200 {
            acknowledged.push(card);
        }
        answer.status == status
    });
    acknowledged
}

/// SQLite rolls back by itself when it cannot write, which its driver does not notice: what comes later over the same connection
/// must not be acknowledged within a transaction that never ends.
#[test]
fn feedback_that_was_acknowledged_after_a_full_disk_is_kept() {
    let place = Place::new();
    place.configure(&format!(
        "external_url = \"https://cds.test\"\nstore_url = \"sqlite:{}\"\n{}",
        place.path("rrdtc.db").display(),
        client("ehr", ""),
    ));
    let process = Process::start_with_limited_files(&place);
    let mut acknowledged = tell_until(&process, 200);
    process.limit_files(Some(4096));
    acknowledged.extend(tell_until(&process, 503));
    for _ in 0..8 {
        assert_eq!(tell(&process).status, 503, "nothing can be written");
    }
    process.limit_files(None);
    acknowledged.extend(tell_until(&process, 200));
    for _ in 0..20 {
        let card = Uuid::new_v4();
        if tell_of(&process, card).status == 200 {
            acknowledged.push(card);
        }
    }
    process.signal("-KILL");
    drop(process);
    let kept = kept(&format!("sqlite:{}", place.path("rrdtc.db").display()));
    for card in &acknowledged {
        assert!(kept.contains(card), "{card} is lost");
    }
}
