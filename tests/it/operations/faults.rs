//! What breaks under a running service: it never says that something is kept which is not.

use super::process::{Place, client};
use crate::support::Answer;
use serde_json::json;
use std::fs;
use std::time::{Duration, Instant};

const FEEDBACK: &str = "rr-dtc-patient-view/feedback";

fn tell(process: &super::process::Process) -> Answer {
    process.call(
        "ehr",
        FEEDBACK,
        &json!({ "feedback": [{ "card": uuid::Uuid::new_v4(), "outcome": "overridden", "outcomeTimestamp": "2026-11-20T12:00:00Z" }] }),
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
