//! Marked names, ids, texts and tokens go through every way that a call can end. Afterwards nothing that the service wrote
//! or refused may hold a mark.

use super::process::{Place, Process, assessment, client, reads_from, token, token_with};
use crate::auth::forge::bearer;
use crate::misbehaving::{Misbehaving, Reply, searchset};
use crate::support::{Answer, Chart, SERVICE};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// Part of everything that must not be found again.
const MARK: &str = "zqx";
const PATIENT: &str = "zqx-patient";
const VIEW: &str = "rr-dtc-patient-view";
const SIGN: &str = "rr-dtc-order-sign";

/// A chart in which everything that may be marked is.
fn chart() -> Chart {
    let mut chart = Chart::basic();
    chart.patient["name"] =
        json!([{ "family": "Zqx-Family", "given": ["Zqx-Given"], "text": "zqx name" }]);
    chart.patient["identifier"] = json!([{ "system": "urn:zqx", "value": "zqx-mrn" }]);
    for (number, record) in chart.records.iter_mut().enumerate() {
        record["id"] = json!(format!("zqx-record-{number}"));
        record["code"]["text"] = json!("zqx code text");
        record["code"]["coding"][0]["display"] = json!("zqx display");
        record["note"] = json!([{ "text": "zqx note" }]);
    }
    let mut unmapped = chart.records[2].clone();
    unmapped["id"] = json!("zqx-unmapped");
    unmapped["code"] = json!({ "coding": [{ "system": "urn:zqx:codes", "code": "zqx-code" }], "text": "zqx metastasis" });
    chart.records.push(unmapped);
    let text = json!([chart.patient, chart.records]).to_string();
    let marked: Value = serde_json::from_str(&text.replace("p-1", PATIENT)).unwrap();
    Chart {
        patient: marked[0].clone(),
        records: marked[1].as_array().unwrap().clone(),
    }
}

fn marked_call() -> Value {
    let mut call = chart().call();
    call["context"]["userId"] = json!("Practitioner/zqx-user");
    call["context"]["encounterId"] = json!("zqx-encounter");
    call["extension"] = json!({ "zqx": "zqx extension" });
    call
}

fn with_token(base: &str, keys: &[&str]) -> Value {
    let mut call = marked_call();
    let prefetch = call["prefetch"].as_object_mut().unwrap();
    prefetch.retain(|key, _| keys.contains(&key.as_str()));
    call["fhirServer"] = json!(base);
    call["fhirAuthorization"] = json!({
        "access_token": "zqx-access-token", "token_type": "Bearer", "expires_in": 300,
        "scope": "patient/*.read", "subject": "zqx-subject", "patient": PATIENT,
    });
    call
}

fn order(code: Value) -> Value {
    let mut call = marked_call();
    call["hook"] = json!("order-sign");
    let draft = json!({ "resourceType": "ServiceRequest", "id": "zqx-draft", "status": "draft", "intent": "order",
        "subject": { "reference": format!("Patient/{PATIENT}"), "display": "zqx name" }, "code": code });
    call["context"]["draftOrders"] =
        json!({ "resourceType": "Bundle", "type": "collection", "entry": [{ "resource": draft }] });
    call
}

/// A FHIR server that fails as the first segment of the path says, with marks in all that it says.
fn failing() -> Misbehaving {
    Misbehaving::start(|received| {
        let marked = json!({ "resourceType": "OperationOutcome",
            "issue": [{ "severity": "error", "code": "processing", "diagnostics": "zqx diagnostics" }] });
        let with_status = |status| match Reply::json(&marked) {
            Reply::Answer { headers, body, .. } => Reply::Answer {
                status,
                headers,
                body,
            },
            other => other,
        };
        let kind = received.target.trim_start_matches('/');
        match kind.split(['/', '?']).next().unwrap() {
            "ok" if kind.contains("Patient/") => Reply::json(&chart().patient),
            "ok" => Reply::json(&searchset(&[], None)),
            "elsewhere" => Reply::json(&searchset(&[], Some("http://zqx.example/fhir?page=2"))),
            "html" => Reply::text("text/html", "<html>zqx page</html>"),
            "cut" => Reply::text("application/fhir+json", "{\"resourceType\":\"zqx"),
            "wrong" => Reply::json(&json!({ "resourceType": "Basic", "id": "zqx-basic" })),
            "outcome" => Reply::json(&marked),
            "never" => Reply::After(Duration::from_millis(900), Box::new(Reply::Reset)),
            "reset" => Reply::Reset,
            "half" => Reply::CutBody(b"{\"resourceType\":\"Bundle\",\"id\":\"zqx\"}".to_vec()),
            "redirect" => with_status(302).with("Location", "http://zqx.example/"),
            status => with_status(status.parse().unwrap_or(500)),
        }
    })
}

const KINDS: [&str; 16] = [
    "ok",
    "elsewhere",
    "html",
    "cut",
    "wrong",
    "outcome",
    "never",
    "reset",
    "half",
    "redirect",
    "401",
    "403",
    "404",
    "429",
    "500",
    "410",
];

/// Everything that a caller got which is no card, with the tokens that were used.
struct Said {
    answers: Vec<(String, Answer)>,
    tokens: Vec<String>,
}

impl Said {
    fn call(
        &mut self,
        process: &Process,
        client: &str,
        path: &str,
        body: &Value,
        status: u16,
    ) -> Answer {
        let token = token(client, path);
        self.send(process, &token, path, &[], body.to_string(), status)
    }

    fn send(
        &mut self,
        process: &Process,
        token: &str,
        path: &str,
        more: &[(&str, &str)],
        body: String,
        status: u16,
    ) -> Answer {
        let bearer = bearer(token);
        let mut headers = vec![("authorization", bearer.as_str()), ("x-zqx", "zqx-header")];
        headers.extend(more);
        if !more.iter().any(|(name, _)| *name == "content-type") {
            headers.push(("content-type", "application/json"));
        }
        let url = format!("/cds-services/{path}?zqx-query=zqx-value");
        let answer = process
            .server
            .send("POST", &url, &headers, Some(body.into_bytes()));
        assert_eq!(
            answer.status, status,
            "{path} {}: {}",
            answer.status, answer.body
        );
        self.tokens.push(token.to_owned());
        let copy = Answer {
            status: answer.status,
            headers: answer.headers.clone(),
            body: answer.body.clone(),
        };
        self.answers.push((path.to_owned(), copy));
        answer
    }
}

#[test]
fn nothing_of_a_patient_is_written_anywhere_or_said_in_an_error() {
    for (format, mode) in [("json", "required"), ("text", "best-effort")] {
        every_way_of_a_call(format, mode);
    }
}

fn every_way_of_a_call(format: &str, mode: &str) {
    let fhir = failing();
    let bases: Vec<String> = KINDS
        .iter()
        .map(|kind| fhir.url("127.0.0.1", &format!("/{kind}")).to_string())
        .collect();
    let place = Place::new();
    let list: Vec<String> = bases.iter().map(|base| format!("{base:?}")).collect();
    let reading = reads_from("X").replace("[\"X\"]", &format!("[{}]", list.join(",")));
    place.configure(&format!(
        "external_url = \"https://cds.test\"\nmax_body_bytes = 200000\ndeadline_ms = 400\n{}[log]\nformat = \"{format}\"\nlevel = \"debug\"\n{}{}{}{}{}",
        place.store_and_audit(mode),
        client("plain", ""),
        client("reads", &reading),
        client("shadow", "mode = \"shadow\""),
        client("off", &format!("services_off = [\"{VIEW}\"]")),
        client("signs", &format!("services = [\"{SIGN}\"]")),
    ));
    let process = place.serve(&[]);
    let mut said = Said {
        answers: Vec::new(),
        tokens: Vec::new(),
    };

    // A card, and what has none.
    let shown = said.call(&process, "plain", VIEW, &marked_call(), 200);
    let card = shown.json()["cards"][0]["uuid"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut elsewhere = marked_call();
    elsewhere["prefetch"]["conditions"]["entry"] = json!([]);
    said.call(&process, "plain", VIEW, &elsewhere, 200);
    said.call(&process, "shadow", VIEW, &marked_call(), 200);
    said.call(&process, "off", VIEW, &marked_call(), 200);
    let unmapped = order(
        json!({ "coding": [{ "system": "urn:zqx", "code": "zqx" }], "text": "zqx radioiodine iodine-131 therapy" }),
    );
    let answer = said.call(&process, "plain", SIGN, &unmapped, 200);
    assert_eq!(assessment(&answer)["display"]["reason"], "unmapped-order");
    said.call(
        &process,
        "plain",
        SIGN,
        &order(json!({ "text": "zqx aspirin" })),
        200,
    );

    // What the EHR's server does.
    for base in &bases {
        let whole = said_any(&mut said, &process, &with_token(base, &[]));
        assert!([200, 412].contains(&whole), "{base}: {whole}");
        let optional = said_any(
            &mut said,
            &process,
            &with_token(base, &["patient", "conditions"]),
        );
        assert_eq!(optional, 200, "{base}");
    }
    said.call(
        &process,
        "reads",
        VIEW,
        &with_token("http://zqx.example/fhir", &[]),
        412,
    );
    said.call(&process, "plain", VIEW, &with_token(&bases[0], &[]), 412);

    // Bodies at fault.
    let at = |pointer: &str, value: Value| {
        let mut call = marked_call();
        *call.pointer_mut(pointer).unwrap() = value;
        call.to_string()
    };
    let text = marked_call().to_string();
    let mut other = marked_call();
    other["prefetch"]["patient"]["id"] = json!("zqx-somebody-else");
    for body in [
        String::new(),
        "zqx".into(),
        "{\"zqx\":".into(),
        "\"zqx\"".into(),
        text[..text.len() / 2].to_owned(),
        at("/hook", json!("zqx-hook")),
        at("/hookInstance", json!("zqx-instance")),
        at("/context", json!("zqx context")),
        at("/context/patientId", json!("zqx patient/../")),
        at("/context/patientId", json!({ "zqx": 1 })),
        at("/context/userId", json!(["zqx"])),
        at("/prefetch", json!("zqx prefetch")),
        at("/prefetch/patient", json!(null)),
        at("/prefetch/patient", json!("zqx")),
        at("/prefetch/patient", json!({ "resourceType": "Zqx" })),
        at("/prefetch/patient/birthDate", json!("zqx date")),
        other.to_string(),
        at("/prefetch/conditions", json!("zqx")),
        format!("{{\"zqx\":\"{}\"}}", "zqx".repeat(100_000)),
    ] {
        let token = token("plain", VIEW);
        said.send_any(&process, &token, body);
    }
    let wrong_type = [("content-type", "text/zqx")];
    let fresh = token("plain", VIEW);
    said.send(&process, &fresh, VIEW, &wrong_type, text.clone(), 415);

    // Callers at fault.
    let used = said.tokens[0].clone();
    said.send(&process, &used, VIEW, &[], text.clone(), 401);
    for claims in [
        json!({ "exp": 1, "sub": "zqx-sub" }),
        json!({ "iat": 99_999_999_999_u64, "fhirContext": "zqx-context" }),
        json!({ "tenant": 7, "name": "zqx-name" }),
    ] {
        let token = token_with("plain", VIEW, claims);
        said.send(&process, &token, VIEW, &[], text.clone(), 401);
    }
    said.send(&process, "zqx.zqx.zqx", VIEW, &[], text.clone(), 401);
    said.call(&process, "signs", VIEW, &marked_call(), 403);
    said.call(&process, "plain", "zqx-service", &marked_call(), 404);
    let nowhere = process.server.get("/zqx/zqx-patient?zqx=1");
    assert_eq!(nowhere.status, 404);
    said.answers.push(("nowhere".into(), nowhere));
    let put = process.server.send(
        "PUT",
        &format!("{SERVICE}?zqx=1"),
        &[],
        Some(text.clone().into_bytes()),
    );
    assert_eq!(put.status, 405);
    said.answers.push(("put".into(), put));

    // Feedback.
    let path = format!("{VIEW}/feedback");
    let item = |more: Value| {
        let mut item = json!({ "card": card, "outcome": "overridden", "outcomeTimestamp": "2026-11-20T12:00:00Z" });
        for (name, value) in more.as_object().unwrap() {
            item[name] = value.clone();
        }
        json!({ "feedback": [item] })
    };
    let comment = json!({ "overrideReason": { "userComment": "zqx comment" } });
    said.call(&process, "plain", &path, &item(comment), 200);
    for bad in [
        json!({ "card": "zqx-card" }),
        json!({ "outcome": "zqx-outcome" }),
        json!({ "outcomeTimestamp": "zqx-time" }),
        json!({ "overrideReason": "zqx reason" }),
        json!({ "overrideReason": { "userComment": ["zqx comment"] } }),
    ] {
        said.call(&process, "plain", &path, &item(bad), 400);
    }
    said.call(&process, "plain", &path, &json!("zqx"), 400);

    // A disk that fails.
    let (log, away) = (place.path("log"), place.path("away"));
    std::fs::rename(&log, &away).unwrap();
    std::fs::write(&log, "a file instead").unwrap();
    let status = if mode == "required" { 503 } else { 200 };
    said.call(&process, "plain", VIEW, &marked_call(), status);
    said.answers
        .push(("ready".into(), process.watch("/health/ready")));
    std::fs::remove_file(&log).unwrap();
    std::fs::rename(&away, &log).unwrap();

    let metrics = process.watch("/metrics");
    assert!(metrics.body.contains("rrdtc_calls_total"));
    said.answers.push(("metrics".into(), metrics));
    let running = place.files();
    assert!(process.stop().success());

    let statuses: BTreeSet<u16> = said.answers.iter().map(|(_, a)| a.status).collect();
    for status in [200, 400, 401, 403, 404, 405, 412, 413, 415, 422, 503] {
        assert!(statuses.contains(&status), "no {status} among {statuses:?}");
    }
    let (log, entries) = (place.text("stderr"), place.entries());
    assert!(log.contains("answered") && log.contains("refused"), "{log}");
    assert!(entries.len() > 20);
    for (what, answer) in &said.answers {
        let is_card = answer.status == 200 && answer.body.contains("\"cards\"");
        let body = if is_card { "" } else { &answer.body };
        assert_clean(
            &format!("answer of {what} {}", answer.status),
            body.as_bytes(),
            &said.tokens,
        );
        for (name, value) in &answer.headers {
            assert_clean(
                &format!("header {name} of {what}"),
                value.as_bytes(),
                &said.tokens,
            );
        }
    }
    let mut names = Vec::new();
    for (path, bytes) in running.into_iter().chain(place.files()) {
        if path.file_name().is_some_and(|name| name == "rrdtc.toml") {
            continue;
        }
        assert_clean(&path.display().to_string(), &bytes, &said.tokens);
        names.push(path.file_name().unwrap().to_string_lossy().into_owned());
    }
    for expected in ["stdout", "stderr", "rrdtc.db"] {
        assert!(names.iter().any(|name| name == expected), "{names:?}");
    }
    // The pseudonym is there, steady, and another for each client.
    let pseudonyms = |client: &str| {
        let mut all: Vec<&str> = entries
            .iter()
            .filter(|entry| entry["client"] == client)
            .map(|entry| entry["patient"].as_str().unwrap())
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let (plain, shadow) = (pseudonyms("plain"), pseudonyms("shadow"));
    assert_eq!((plain.len(), shadow.len()), (1, 1));
    assert_ne!(plain, shadow);
}

fn said_any(said: &mut Said, process: &Process, body: &Value) -> u16 {
    let answer = process.call("reads", VIEW, body);
    let status = answer.status;
    said.answers.push(("reading".into(), answer));
    status
}

impl Said {
    fn send_any(&mut self, process: &Process, token: &str, body: String) {
        let bearer = bearer(token);
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        let url = format!("{SERVICE}?zqx-query=zqx-value");
        let answer = process
            .server
            .send("POST", &url, &headers, Some(body.into_bytes()));
        assert!((400..500).contains(&answer.status), "{}", answer.status);
        self.tokens.push(token.to_owned());
        self.answers.push(("a body at fault".into(), answer));
    }
}

/// Neither a mark nor the signature or the claims of a token.
fn assert_clean(what: &str, bytes: &[u8], tokens: &[String]) {
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    if let Some(at) = text.find(MARK) {
        let around: String = text
            .chars()
            .skip(text[..at].chars().count().saturating_sub(200))
            .take(400)
            .collect();
        panic!("{what} holds a mark: {around}");
    }
    for part in tokens.iter().flat_map(|token| token.split('.').skip(1)) {
        let part = part.to_ascii_lowercase();
        assert!(!text.contains(&part), "{what} holds a part of a token");
    }
}
