//! SIGHUP: a good configuration is in force as one swap, a bad one is not. SIGTERM: calls in flight are finished.

use super::process::{Place, Process, base_of, client, eventually, fhir, reads_from, to_fetch};
use crate::misbehaving::{Misbehaving, Reply, searchset};
use crate::support::Chart;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const VIEW: &str = "rr-dtc-patient-view";

fn reloads(process: &Process, result: &str) -> f64 {
    process.metric("rrdtc_reloads_total", &[&format!("result=\"{result}\"")])
}

/// A FHIR server that answers only once it is told to.
fn held(chart: Chart, is_free: Arc<AtomicBool>) -> Misbehaving {
    Misbehaving::start(move |received| {
        while !is_free.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        match received.target.contains("/Patient/") {
            true => Reply::json(&chart.patient),
            false => Reply::json(&searchset(
                &chart
                    .records
                    .iter()
                    .filter(|record| {
                        received
                            .target
                            .contains(&format!("/{}?", record["resourceType"].as_str().unwrap()))
                    })
                    .cloned()
                    .collect::<Vec<Value>>(),
                None,
            )),
        }
    })
}

#[test]
fn reloading_while_calls_arrive_fails_none_and_mixes_nothing() {
    let place = Place::new();
    // Two settings that belong together: a version and a mode.
    let text = |version: &str, mode: &str| {
        format!(
            "external_url = \"https://cds.test\"\ncds_hooks_version = \"{version}\"\n{}{}",
            place.store_and_audit("required"),
            client("ehr", &format!("mode = \"{mode}\"")),
        )
    };
    place.configure(&text("1.0.1", "live"));
    let process = place.serve(&[]);
    let is_done = AtomicBool::new(false);
    let chart = Chart::basic();
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut seen = Vec::new();
                    while !is_done.load(Ordering::SeqCst) {
                        let answer = process.call("ehr", VIEW, &chart.call());
                        assert_eq!(answer.status, 200, "{}", answer.body);
                        let answer = answer.json();
                        let display =
                            answer["extension"]["org.rrdtc.assessment"]["display"].clone();
                        let cards = answer["cards"].as_array().unwrap().len();
                        assert_eq!(
                            display["reason"],
                            if cards == 1 { "shown" } else { "shadow" }
                        );
                        seen.push(cards);
                    }
                    seen
                })
            })
            .collect();
        for (n, mode) in [(1, "shadow"), (2, "live"), (3, "shadow")] {
            place.configure(&text("2.0.1", mode));
            process.signal("-HUP");
            eventually("the reload", || reloads(&process, "taken") == f64::from(n));
            let calls = process.metric("rrdtc_calls_total", &[]);
            eventually("calls after it", || {
                process.metric("rrdtc_calls_total", &[]) > calls + 10.0
            });
        }
        is_done.store(true, Ordering::SeqCst);
        for caller in callers {
            let seen = caller.join().unwrap();
            // Each caller sees each swap once: no going back and forth.
            let swaps = seen.windows(2).filter(|pair| pair[0] != pair[1]).count();
            assert!(swaps <= 3, "{seen:?}");
            assert_eq!(seen.last(), Some(&0));
        }
    });
    assert_eq!(process.metric("rrdtc_calls_total", &["status=\"5"]), 0.0);
    let settings: std::collections::BTreeSet<(String, String)> = place
        .entries()
        .iter()
        .map(|entry| (entry["settings"].to_string(), entry["display"].to_string()))
        .collect();
    assert_eq!(
        settings.len(),
        2,
        "a setting and what follows from it are one: {settings:?}"
    );
}

#[test]
fn what_a_reload_cannot_change_is_said() {
    let place = Place::new();
    let text = |mode: &str| format!("{}[cors]\norigins = []\n", place.store_and_audit(mode));
    place.configure(&text("best-effort"));
    let process = place.serve(&["--open"]);
    let changed = text("required").replace("[]", "[\"https://ehr.test\"]");
    place.configure(&format!("max_concurrent_calls = 7\n{changed}"));
    process.signal("-HUP");
    eventually("the reload", || reloads(&process, "taken") == 1.0);
    let log = process.log();
    let line = log.lines().find(|line| line.contains("restart")).unwrap();
    for setting in ["max_concurrent_calls", "audit", "cors"] {
        assert!(line.contains(setting), "{line}");
    }
    assert!(
        !line.contains("store_url") && !line.contains("listen"),
        "{line}"
    );
}

#[test]
fn a_call_in_flight_keeps_the_configuration_that_it_began_with() {
    let is_free = Arc::new(AtomicBool::new(false));
    let chart = Chart::basic();
    let stub = held(chart.clone(), is_free.clone());
    let place = Place::new();
    let text = |mode: &str| {
        let more = format!("mode = \"{mode}\"\n{}", reads_from(&base_of(&stub)));
        format!(
            "external_url = \"https://cds.test\"\ndeadline_ms = 15000\n{}",
            client("ehr", &more)
        )
    };
    place.configure(&text("live"));
    let process = place.serve(&[]);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| process.call("ehr", VIEW, &to_fetch(&chart, &base_of(&stub))));
        eventually("the call reads", || {
            stub.received()
                .iter()
                .any(|r| r.target.contains("/Condition"))
        });
        place.configure(&text("shadow"));
        process.signal("-HUP");
        eventually("the reload", || reloads(&process, "taken") == 1.0);
        let second = process.call("ehr", VIEW, &chart.call());
        assert_eq!(
            second.json()["cards"],
            json!([]),
            "the new one holds for new calls"
        );
        is_free.store(true, Ordering::SeqCst);
        let first = first.join().unwrap();
        assert_eq!(first.status, 200, "{}", first.body);
        assert_eq!(first.json()["cards"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn a_bad_configuration_keeps_the_old_one_and_says_why() {
    let place = Place::new();
    let good = format!("external_url = \"https://cds.test\"\n{}", client("ehr", ""));
    place.configure(&good);
    let process = place.serve(&[]);
    let broken_keys = good.replace("\"kty\":\"EC\"", "\"kty\":\"XX\"");
    for (n, (bad, why)) in [
        (
            "max_pet_age_days = 0\n".to_owned() + &good,
            "max_pet_age_days",
        ),
        ("[[".to_owned() + &good, "rrdtc.toml:1"),
        (
            "model = \"no-such-model.json\"\n".to_owned() + &good,
            "no-such-model.json",
        ),
        (broken_keys, "ehr"),
        (
            "external_url = \"https://cds.test\"\n".to_owned(),
            "clients",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        place.configure(&bad);
        process.signal("-HUP");
        eventually(why, || reloads(&process, "refused") == (n + 1) as f64);
        eventually(why, || process.log().contains(why));
        let answer = process.call("ehr", VIEW, &Chart::basic().call());
        assert_eq!(answer.status, 200, "{why}");
        assert_eq!(process.server.get("/cds-services").status, 401, "{why}");
    }
    assert_eq!(reloads(&process, "taken"), 0.0);
    place.configure(&good.replace("[[clients]]", "[[clients]]\nmode = \"shadow\""));
    process.signal("-HUP");
    eventually("the reload", || reloads(&process, "taken") == 1.0);
    assert_eq!(
        process.call("ehr", VIEW, &Chart::basic().call()).json()["cards"],
        json!([])
    );
}

#[test]
fn told_to_stop_it_finishes_calls_in_flight_and_writes_what_waits() {
    let is_free = Arc::new(AtomicBool::new(false));
    let chart = Chart::basic();
    let stub = held(chart.clone(), is_free.clone());
    let place = Place::new();
    place.configure(&format!(
        "external_url = \"https://cds.test\"\ndeadline_ms = 15000\n{}{}",
        place.store_and_audit("best-effort"),
        client("ehr", &reads_from(&base_of(&stub))),
    ));
    let mut process = place.serve(&[]);
    let url = format!("http://{}", process.address());
    let body = to_fetch(&chart, &base_of(&stub));
    let caller = std::thread::spawn(move || {
        let server = crate::support::Server { url, metrics: None };
        super::process::post(&server, "ehr", VIEW, &body)
    });
    eventually("the call reads", || {
        stub.received()
            .iter()
            .any(|r| r.target.contains("/Condition"))
    });
    process.signal("-TERM");
    eventually("no new connection is served", || {
        std::net::TcpStream::connect(process.address()).is_err()
    });
    assert!(!caller.is_finished());
    is_free.store(true, Ordering::SeqCst);
    let answer = caller.join().unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    let card = answer.json()["cards"][0]["uuid"].clone();
    assert!(card.is_string());
    assert_eq!(process.ended().code(), Some(0));
    let entries = place.entries();
    assert_eq!((entries.len(), &entries[0]["card"]), (1, &card));
    assert_eq!(place.verify().0, 0);
    let report: Value = serde_json::from_str(&place.report()).unwrap();
    assert!(
        report.to_string().contains("\"shownAtLeast\":1"),
        "{report}"
    );
}

#[test]
fn sigint_stops_it_too_and_an_idle_server_ends_at_once() {
    let stub = fhir(Chart::basic());
    let place = Place::new();
    place.configure(&format!(
        "external_url = \"https://cds.test\"\n{}",
        client("ehr", &reads_from(&base_of(&stub)))
    ));
    for signal in ["-INT", "-TERM"] {
        let mut process = place.serve(&[]);
        assert_eq!(
            process
                .call("ehr", VIEW, &to_fetch(&Chart::basic(), &base_of(&stub)))
                .status,
            200
        );
        process.signal(signal);
        assert_eq!(process.ended().code(), Some(0), "{signal}");
    }
}
