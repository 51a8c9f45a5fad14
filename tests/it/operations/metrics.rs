//! What is counted, under which labels, and where it can be read. And readiness.

use super::process::{
    Place, Process, base_of, client, eventually, fhir, keys, post, reads_from, to_fetch, token,
    token_with,
};
use crate::auth::forge::bearer;
use crate::misbehaving::{Misbehaving, Reply};
use crate::support::Chart;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const VIEW: &str = "rr-dtc-patient-view";
const CALLS: &str = "rrdtc_calls_total";

fn send(process: &Process, token: &str) -> u16 {
    let headers = [
        ("authorization", bearer(token)),
        ("content-type", "application/json".into()),
    ];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let body = Chart::basic().call().to_string().into_bytes();
    let path = format!("/cds-services/{VIEW}");
    process
        .server
        .send("POST", &path, &headers, Some(body))
        .status
}

#[test]
fn calls_keys_fhir_requests_tokens_and_feedback_are_counted() {
    let chart = Chart::basic();
    let stub = fhir(chart.clone());
    let place = Place::new();
    place.configure(&format!(
        "external_url = \"https://cds.test\"\nstore_url = \"sqlite:{}\"\n{}{}",
        place.path("rrdtc.db").display(),
        client("ehr", &reads_from(&base_of(&stub))),
        client("off", &format!("services_off = [\"{VIEW}\"]")),
    ));
    let process = place.serve(&[]);
    let card = process.call("ehr", VIEW, &chart.call());
    let class = card.json()["extension"]["org.rrdtc.assessment"]["classification"]
        .as_str()
        .unwrap()
        .to_owned();
    process.call("ehr", VIEW, &Chart::empty().call());
    process.call("off", VIEW, &chart.call());
    process.call("ehr", VIEW, &json!({}));
    process.call("ehr", "no-such-service", &chart.call());
    process.call("ehr", VIEW, &to_fetch(&chart, &base_of(&stub)));
    let of = |labels: &[&str]| process.metric(CALLS, labels);
    let class = format!("class=\"{class}\"");
    assert_eq!(
        of(&[
            "status=\"200\"",
            "client=\"ehr\"",
            &class,
            "display=\"shown\""
        ]),
        2.0
    );
    assert_eq!(of(&["status=\"200\"", "class=\"not-applicable\""]), 1.0);
    assert_eq!(
        of(&[
            "status=\"200\"",
            "client=\"off\"",
            "display=\"service-off\""
        ]),
        1.0
    );
    assert_eq!(of(&["status=\"400\"", &format!("service=\"{VIEW}\"")]), 1.0);
    assert_eq!(of(&["status=\"404\"", "service=\"\""]), 1.0);
    assert_eq!(
        process.metric("rrdtc_call_duration_seconds_count", &[]),
        6.0
    );

    for key in [
        "patient",
        "conditions",
        "observations",
        "procedures",
        "medicationAdministrations",
        "diagnosticReports",
    ] {
        let key = format!("key=\"{key}\"");
        let of = |from: &str| process.metric("rrdtc_prefetch_total", &[&key, from]);
        assert_eq!(
            (of("from=\"prefetch\""), of("from=\"fetched\"")),
            (2.0, 1.0),
            "{key}"
        );
    }
    let fhir = process.metric("rrdtc_fhir_duration_seconds_count", &["client=\"ehr\""]);
    assert!(fhir >= 6.0, "{fhir}");

    let used = token("ehr", VIEW);
    assert_eq!(send(&process, &used), 200);
    assert_eq!(send(&process, &used), 401);
    assert_eq!(
        send(&process, &token_with("ehr", VIEW, json!({ "exp": 1 }))),
        401
    );
    assert_eq!(
        send(
            &process,
            &token_with("ehr", VIEW, json!({ "aud": "https://elsewhere.test" }))
        ),
        401
    );
    assert_eq!(send(&process, &token("nobody", VIEW)), 401);
    assert_eq!(send(&process, "no token"), 401);
    let refused = process.watch("/metrics").body;
    let reasons: BTreeSet<&str> = refused
        .lines()
        .filter(|line| line.starts_with("rrdtc_refused_tokens_total{"))
        .collect();
    assert_eq!(reasons.len(), 5, "{reasons:?}");
    assert!(
        reasons.iter().all(|line| line.ends_with(" 1")),
        "{reasons:?}"
    );
    assert!(
        place.text("stderr").contains("https://elsewhere.test"),
        "the operator reads which audience came"
    );

    let uuid = &card.json()["cards"][0]["uuid"];
    let item = json!({ "card": uuid, "outcome": "overridden", "outcomeTimestamp": "2026-11-20T12:00:00Z" });
    let answer = process.call(
        "ehr",
        &format!("{VIEW}/feedback"),
        &json!({ "feedback": [item] }),
    );
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(
        process.metric("rrdtc_feedback_total", &["outcome=\"overridden\""]),
        1.0
    );
}

#[test]
fn an_unmapped_order_is_counted_and_said_in_the_log() {
    let place = Place::new();
    place.configure("");
    let process = place.serve(&["--open"]);
    let mut call = Chart::basic().call();
    call["hook"] = json!("order-sign");
    let draft = json!({ "resourceType": "ServiceRequest", "id": "d", "status": "draft", "intent": "order",
        "subject": { "reference": "Patient/p-1" }, "code": { "text": "radioiodine therapy" } });
    call["context"]["draftOrders"] =
        json!({ "resourceType": "Bundle", "type": "collection", "entry": [{ "resource": draft }] });
    let answer = process
        .server
        .post("/cds-services/rr-dtc-order-sign", &call);
    assert_eq!(answer.json()["cards"], json!([]));
    assert_eq!(
        process.metric("rrdtc_unmapped_orders_total", &["rr-dtc-order-sign"]),
        1.0
    );
    assert!(process.log().contains("map the codes of such orders"));
}

/// Name and labels of every sample, without the value.
fn series(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.rsplit_once(' ').unwrap().0.to_owned())
        .collect()
}

#[test]
fn what_callers_write_never_becomes_a_label() {
    let place = Place::new();
    place.configure(&format!(
        "external_url = \"https://cds.test\"\n{}",
        client("ehr", "")
    ));
    let process = place.serve(&[]);
    let round = |n: usize| {
        let random = uuid::Uuid::new_v4();
        let mut call = Chart::basic().call();
        call["hookInstance"] = json!(random.to_string());
        if n.is_multiple_of(2) {
            let text = call.to_string().replace("p-1", &format!("p-{random}"));
            call = serde_json::from_str(&text).unwrap();
        }
        call["context"]["userId"] = json!(format!("Practitioner/{random}"));
        assert_eq!(process.call("ehr", VIEW, &call).status, 200);
        call["hook"] = json!(format!("hook-{random}"));
        process.call("ehr", VIEW, &call);
        process.call("ehr", &format!("service-{random}"), &call);
        process.call("ehr", &format!("service-{random}/feedback"), &call);
        process.server.get(&format!("/{random}/{n}?q={random}"));
        let issuer = token_with("ehr", VIEW, json!({ "iss": random.to_string() }));
        assert_eq!(send(&process, &issuer), 401);
    };
    round(0);
    let before = series(&process.watch("/metrics").body);
    (1..200).for_each(round);
    let after = series(&process.watch("/metrics").body);
    let new: Vec<&String> = after.difference(&before).collect();
    assert_eq!(new, Vec::<&String>::new());
    assert!(before.len() < 200, "{}", before.len());
    assert_eq!(process.metric(CALLS, &["status=\"200\""]), 200.0);
}

#[test]
fn metrics_and_readiness_are_only_on_their_own_listener_and_the_text_can_be_parsed() {
    let place = Place::new();
    place.configure("");
    let process = place.serve(&["--open"]);
    process
        .server
        .post(&format!("/cds-services/{VIEW}"), &Chart::basic().call());
    for path in ["/metrics", "/health/ready"] {
        assert_eq!(process.server.get(path).status, 404, "{path}");
        assert_eq!(process.watch(path).status, 200, "{path}");
    }
    assert_eq!(process.server.get("/health/live").status, 200);
    assert_eq!(process.watch(&format!("/cds-services/{VIEW}")).status, 404);

    let answer = process.watch("/metrics");
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; version=0.0.4")
    );
    let is_name = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
    };
    let mut typed = BTreeSet::new();
    let mut samples = 0;
    for line in answer.body.lines().filter(|line| !line.is_empty()) {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            match (
                words.next().unwrap(),
                words.next().unwrap(),
                words.next().unwrap(),
            ) {
                ("HELP", name, text) => assert!(is_name(name) && !text.is_empty(), "{line}"),
                ("TYPE", name, kind) => {
                    assert!(
                        is_name(name) && ["counter", "gauge", "histogram"].contains(&kind),
                        "{line}"
                    );
                    assert!(typed.insert(name.to_owned()), "typed twice: {line}");
                }
                other => panic!("{other:?}"),
            }
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
        let name = series.split('{').next().unwrap();
        let family = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|suffix| name.strip_suffix(suffix));
        assert!(
            typed.contains(name) || family.is_some_and(|family| typed.contains(family)),
            "{line}"
        );
        if let Some((_, labels)) = series.split_once('{') {
            for label in labels.strip_suffix('}').unwrap().split("\",") {
                let (label, value) = label.split_once("=\"").unwrap();
                assert!(is_name(label) && !value.contains('\n'), "{line}");
            }
        }
        samples += 1;
    }
    assert!(samples > 10);
}

#[test]
fn it_is_ready_only_with_keys_and_store() {
    let is_up = Arc::new(AtomicBool::new(false));
    let up = is_up.clone();
    let key_server = Misbehaving::start(move |_| match up.load(Ordering::SeqCst) {
        true => Reply::text("application/json", keys()),
        false => Reply::status(500),
    });
    let place = Place::new();
    let of_client = client(
        "ehr",
        "allow_http = true\nallow_private_networks = [\"127.0.0.0/8\"]\n",
    );
    let (before, after) = of_client.split_once("jwks = '''").unwrap();
    let after = after.split_once("'''").unwrap().1;
    let of_client = format!(
        "{before}jku = \"{}\"{after}",
        key_server.url("127.0.0.1", "/jwks")
    );
    place.configure(&format!(
        "external_url = \"https://cds.test\"\nstore_url = \"sqlite:{}\"\n{of_client}",
        place.path("rrdtc.db").display()
    ));
    let checks = |process: &Process| -> (u16, Value) {
        assert_eq!(process.watch("/health/live").status, 200);
        assert_eq!(process.server.get("/health/live").status, 200);
        let answer = process.watch("/health/ready");
        (answer.status, answer.json()["checks"].clone())
    };
    let process = place.serve(&[]);
    eventually("the keys are asked for", || {
        !key_server.received().is_empty()
    });
    let (status, parts) = checks(&process);
    assert_eq!(
        (status, &parts["keys"], &parts["store"]),
        (503, &json!(false), &json!(true))
    );
    assert_eq!(
        post(&process.server, "ehr", VIEW, &Chart::basic().call()).status,
        401
    );
    drop(process);

    is_up.store(true, Ordering::SeqCst);
    let process = place.serve(&[]);
    eventually("the keys are there", || checks(&process).0 == 200);
    assert_eq!(
        process.call("ehr", VIEW, &Chart::basic().call()).status,
        200
    );
    // Fetched once, keys are served on when their address is down.
    is_up.store(false, Ordering::SeqCst);
    assert_eq!(checks(&process).0, 200);

    for entry in std::fs::read_dir(place.path("")).unwrap() {
        let path = entry.unwrap().path();
        if path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("rrdtc.db")
        {
            std::fs::remove_file(path).unwrap();
        }
    }
    let (status, parts) = checks(&process);
    assert_eq!(
        (status, &parts["store"]),
        (503, &json!(false)),
        "the store is gone"
    );
}
