//! A hospital puts the service behind its EHR: tokens on every route, data read from the EHR's FHIR server, feedback, fewer
//! alerts, shadow mode, tenants; everything through the running server.

use crate::auth::forge::{P384, key_set, signed};
use crate::misbehaving::{Misbehaving, Received, Reply, searchset};
use crate::support::{Answer, Chart, SERVICE, Server, clock, lesion, state};
use rrdtc::config::Settings;
use rrdtc::server::{Application, Startup};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const URL: &str = "https://cds.example.org";
const TOKEN: &str = "token-of-the-call";

/// A service with one client, whose FHIR server is the stub.
struct Hospital {
    server: Server,
    folder: tempfile::TempDir,
}

impl Hospital {
    /// `top` and `client` are further settings of the file.
    fn start(top: &str, client: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "listen = \"127.0.0.1:0\"\nexternal_url = \"{URL}\"\n{}\n[metrics]\nlisten = \"127.0.0.1:0\"\n[[clients]]\nname = \"ehr\"\nissuer = \"https://ehr.example.org\"\njwks = '{}'\nallow_http = true\nallow_private_networks = [\"127.0.0.0/8\"]\n{}\n",
            top.replace("FOLDER", folder.path().to_str().unwrap()),
            key_set(&[&P384]),
            client.replace("FOLDER", folder.path().to_str().unwrap()),
        );
        let file = folder.path().join("rrdtc.toml");
        std::fs::write(&file, text).unwrap();
        let settings = Settings::load(Some(&file)).unwrap_or_else(|error| panic!("{error}"));
        let server =
            Server::run(async move || Application::build(Startup::new(settings, clock())).await);
        Self { server, folder }
    }

    fn with_fhir(stub: &Misbehaving, top: &str, client: &str) -> Self {
        Self::start(
            top,
            &format!("fhir_bases = [\"{}\"]\n{client}", stub.base()),
        )
    }

    fn post(&self, path: &str, body: &Value, claims: Value) -> Answer {
        let token = token(&format!("{URL}{path}"), claims);
        self.server.send(
            "POST",
            path,
            &[
                ("content-type", "application/json"),
                ("authorization", &token),
            ],
            Some(body.to_string().into_bytes()),
        )
    }

    fn call(&self, body: &Value) -> Answer {
        self.post(SERVICE, body, json!({}))
    }
}

/// A token for an address; `claims` replace single ones.
pub fn token(audience: &str, claims: Value) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = jiff::Timestamp::now().as_second();
    let mut all = json!({
        "iss": "https://ehr.example.org", "aud": audience, "iat": now, "exp": now + 300,
        "jti": format!("jti-{}", NEXT.fetch_add(1, Ordering::Relaxed)),
    });
    for (name, value) in claims.as_object().unwrap() {
        all[name] = value.clone();
    }
    format!("Bearer {}", signed(&P384, all))
}

fn assessment(answer: &Answer) -> Value {
    answer.json()["extension"]["org.rrdtc.assessment"].clone()
}

fn positive() -> Chart {
    Chart::basic().with(lesion("pet", 9.0, "2026-11-01"))
}

/// The call of a chart with a FHIR server and a token for it, and with these prefetch keys only.
fn live(chart: &Chart, stub: &Misbehaving, keys: &[&str]) -> Value {
    let mut call = chart.call();
    call["prefetch"]
        .as_object_mut()
        .unwrap()
        .retain(|key, _| keys.contains(&key.as_str()));
    call["fhirServer"] = stub.base().as_str().into();
    call["fhirAuthorization"] = json!({
        "access_token": TOKEN, "token_type": "Bearer", "expires_in": 300, "scope": "user/*.rs", "subject": "rrdtc",
    });
    call
}

/// A FHIR server that holds a chart; `odd` may answer first.
fn serve(
    chart: &Chart,
    odd: impl Fn(&Received) -> Option<Reply> + Send + Sync + 'static,
) -> Misbehaving {
    let (patient, records) = (chart.patient.clone(), chart.records.clone());
    Misbehaving::start(move |request| {
        if let Some(reply) = odd(request) {
            return reply;
        }
        let target = request.target.trim_start_matches("/fhir/");
        if target == "metadata" {
            return Reply::json(
                &json!({ "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1" }),
            );
        }
        if target.starts_with("Patient/") {
            return Reply::json(&patient);
        }
        let name = target.split('?').next().unwrap();
        let found: Vec<Value> = records
            .iter()
            .filter(|record| record["resourceType"] == name)
            .cloned()
            .collect();
        Reply::json(&searchset(&found, None))
    })
}

/// What was asked of a stub, without the background's question for the release.
fn asked(stub: &Misbehaving) -> Vec<Received> {
    let mut asked = stub.received();
    asked.retain(|request| !request.target.ends_with("/metadata"));
    asked
}

const ALL: [&str; 6] = [
    "patient",
    "conditions",
    "observations",
    "procedures",
    "medicationAdministrations",
    "diagnosticReports",
];

#[test]
fn what_prefetch_lacks_is_read_and_the_result_is_the_same() {
    let chart = positive();
    let stub = serve(&chart, |_| None);
    let hospital = Hospital::with_fhir(&stub, "", "");
    let expected = assessment(&hospital.call(&chart.call()))["resultId"].clone();
    assert!(asked(&stub).is_empty(), "nothing was lacking");
    for lacking in ALL {
        let before = asked(&stub).len();
        let keys: Vec<&str> = ALL.into_iter().filter(|key| *key != lacking).collect();
        let answer = hospital.call(&live(&chart, &stub, &keys));
        assert_eq!(answer.status, 200, "{lacking}: {}", answer.body);
        let assessment = assessment(&answer);
        assert_eq!(assessment["resultId"], expected, "{lacking}");
        for key in ALL {
            let from = if key == lacking {
                "fetched"
            } else {
                "prefetch"
            };
            assert_eq!(assessment["sources"][key]["from"], from, "{key}");
        }
        let asked = asked(&stub);
        assert_eq!(asked.len(), before + 1, "only {lacking} is asked for");
        let request = &asked[before];
        assert_eq!(
            request.header("authorization"),
            Some(&*format!("Bearer {TOKEN}"))
        );
        assert_eq!(request.header("accept"), Some("application/fhir+json"));
    }
    let answer = hospital.call(&live(&chart, &stub, &[]));
    assert_eq!(assessment(&answer)["resultId"], expected);
    assert_eq!(answer.json()["cards"][0]["indicator"], "warning");
}

#[test]
fn a_key_that_cannot_be_read_is_412_when_required_and_failed_otherwise() {
    type Odd = fn() -> Reply;
    let failures: [(&str, Odd); 9] = [
        ("401", || Reply::status(401)),
        ("403", || Reply::status(403)),
        ("404", || Reply::status(404)),
        ("500", || Reply::status(500)),
        ("HTML", || Reply::text("text/html", "<html></html>")),
        ("truncated", || {
            Reply::text("application/fhir+json", r#"{"resourceType":"Bundle","#)
        }),
        ("wrong type", || {
            Reply::json(&json!({ "resourceType": "Basic", "id": "x" }))
        }),
        ("outcome", || {
            Reply::json(
                &json!({ "resourceType": "OperationOutcome", "issue": [{ "severity": "error", "code": "processing" }] }),
            )
        }),
        ("redirect", || {
            Reply::status(302).with("Location", "http://127.0.0.1:1/")
        }),
    ];
    for (name, odd) in failures {
        for (key, resource) in [
            ("patient", "Patient/"),
            ("conditions", "Condition?"),
            ("observations", "Observation?"),
            ("medicationAdministrations", "MedicationAdministration?"),
        ] {
            let chart = positive();
            let stub = serve(&chart, move |request| {
                request.target.contains(resource).then(odd)
            });
            let hospital = Hospital::with_fhir(&stub, "", "");
            let answer = hospital.call(&live(&chart, &stub, &[]));
            if ["patient", "conditions"].contains(&key) {
                assert_eq!(answer.status, 412, "{name} {key}: {}", answer.body);
                assert_eq!(
                    answer.json()["issue"][0]["expression"][0],
                    format!("prefetch.{key}"),
                    "{name}"
                );
                continue;
            }
            assert_eq!(answer.status, 200, "{name} {key}: {}", answer.body);
            let assessment = assessment(&answer);
            assert_eq!(assessment["sources"][key]["from"], "failed", "{name} {key}");
            assert_eq!(
                assessment["sources"][key]["complete"], false,
                "{name} {key}"
            );
            if key == "observations" {
                assert_eq!(state(&assessment, "fdgUptake"), "unknown source-incomplete");
            } else {
                let caveats = assessment["applicability"]["caveats"].to_string();
                assert!(caveats.contains("radioiodine-not-checked"), "{caveats}");
            }
            let detail = answer.json()["cards"][0]["detail"].to_string();
            assert!(detail.contains("Not all records could be read"), "{detail}");
        }
    }
}

#[test]
fn a_key_that_never_answers_costs_no_more_than_the_deadline() {
    let chart = positive();
    let stub = serve(&chart, |request| {
        request
            .target
            .contains("DiagnosticReport")
            .then_some(Reply::Never)
    });
    let hospital = Hospital::with_fhir(&stub, "deadline_ms = 400", "");
    // Connections and the first reading of everything are not what is measured.
    hospital.call(&chart.call());
    let start = Instant::now();
    let answer = hospital.call(&live(&chart, &stub, &[]));
    let took = start.elapsed();
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(
        assessment(&answer)["sources"]["diagnosticReports"]["from"],
        "failed"
    );
    assert_eq!(answer.json()["cards"].as_array().unwrap().len(), 1);
    // The issue asks for deadline + 50 ms; the client of the test and its signature come on top.
    assert!(took < Duration::from_millis(450 + 30), "{took:?}");
}

#[test]
fn nothing_but_the_configured_bases_is_contacted() {
    let chart = positive();
    let elsewhere = serve(&chart, |_| None);
    let other = elsewhere.base();
    let stub = serve(&chart, move |request| {
        let next = format!("{other}/Condition?page=2");
        request
            .target
            .contains("/Condition?")
            .then(|| Reply::json(&searchset(&[], Some(&next))))
    });
    let hospital = Hospital::with_fhir(&stub, "", "");
    // A next link that leads elsewhere.
    let answer = hospital.call(&live(&chart, &stub, &[]));
    assert_eq!(answer.status, 412, "{}", answer.body);
    // A FHIR server that was not configured.
    let answer = hospital.call(&live(&chart, &elsewhere, &["patient"]));
    assert_eq!(answer.status, 412, "{}", answer.body);
    // No token, a token for another patient, a token that has expired.
    let chart_stub = serve(&chart, |_| None);
    let hospital = Hospital::with_fhir(&chart_stub, "", "");
    let mut call = live(&chart, &chart_stub, &["patient"]);
    for (member, value) in [("patient", json!("p-2")), ("expires_in", json!(0))] {
        let mut call = call.clone();
        call["fhirAuthorization"][member] = value;
        assert_eq!(hospital.call(&call).status, 412, "{member}");
    }
    call.as_object_mut().unwrap().remove("fhirAuthorization");
    assert_eq!(hospital.call(&call).status, 412);
    assert!(asked(&chart_stub).is_empty() && asked(&elsewhere).is_empty());
    let anonymous = Hospital::with_fhir(&chart_stub, "", "anonymous_fhir = true");
    assert_eq!(anonymous.call(&call).status, 200);
    let asked_now = asked(&chart_stub);
    assert!(
        asked_now
            .iter()
            .all(|r| r.header("authorization").is_none())
            && !asked_now.is_empty()
    );
    let off = Hospital::with_fhir(&chart_stub, "", "fetch = \"off\"");
    let mut call = live(&chart, &chart_stub, &["patient"]);
    call["fhirAuthorization"]["scope"] = "x".into();
    assert_eq!(off.call(&call).status, 412);
    assert_eq!(asked(&chart_stub).len(), asked_now.len());
}

#[test]
fn an_id_cannot_change_the_query() {
    for (id, inert) in [
        ("a&_id=b", "a%26_id%3Db"),
        ("../Patient", "%2E%2E%2FPatient"),
        ("a\r\nX: y", "a%0D%0AX%3A%20y"),
    ] {
        let mut chart = positive();
        chart.patient["id"] = id.into();
        let stub = serve(&chart, |_| None);
        let hospital = Hospital::with_fhir(&stub, "", "");
        hospital.call(&live(&chart, &stub, &["patient"]));
        for request in asked(&stub) {
            let query = request
                .target
                .split_once("?patient=")
                .unwrap()
                .1
                .to_ascii_uppercase();
            let plain = inert.replace("%2E", ".").to_ascii_uppercase();
            assert!(
                query == inert.to_ascii_uppercase() || query == plain,
                "{query}"
            );
            assert!(request.header("x").is_none());
        }
    }
}

#[test]
fn records_of_another_patient_that_come_back_are_set_aside() {
    let mut foreign = lesion("pet-of-another", 30.0, "2026-11-10");
    foreign["subject"]["reference"] = "Patient/p-2".into();
    let chart = Chart::basic().with(foreign);
    let stub = serve(&chart, |_| None);
    let hospital = Hospital::with_fhir(&stub, "", "");
    let answer = assessment(&hospital.call(&live(&chart, &stub, &[])));
    assert_eq!(state(&answer, "fdgUptake"), "unknown not-recorded");
    assert!(
        answer["predictors"]["fdgUptake"]["setAside"]
            .to_string()
            .contains("foreign-subject")
    );
}

#[test]
fn a_server_of_an_old_release_is_refused_once_it_said_so() {
    let chart = positive();
    let stub = serve(&chart, |request| {
        request.target.ends_with("/metadata").then(|| {
            Reply::json(&json!({ "resourceType": "CapabilityStatement", "fhirVersion": "3.0.2" }))
        })
    });
    let hospital = Hospital::with_fhir(&stub, "", "");
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let answer = hospital.call(&live(&chart, &stub, &[]));
        if answer.status == 422 {
            assert!(answer.body.contains("STU3"), "{}", answer.body);
            break;
        }
        assert!(Instant::now() < until, "{} {}", answer.status, answer.body);
    }
}

#[test]
fn every_route_asks_for_a_token_but_preflight_and_life() {
    let hospital = Hospital::start("store_url = \"sqlite:FOLDER/rrdtc.db\"", "");
    let server = &hospital.server;
    let call = positive().call().to_string().into_bytes();
    let feedback = r#"{"feedback":[]}"#.as_bytes().to_vec();
    let json_type = ("content-type", "application/json");
    for (method, path, body) in [
        ("GET", "/cds-services", None),
        ("POST", SERVICE, Some(call)),
        ("POST", &*format!("{SERVICE}/feedback"), Some(feedback)),
    ] {
        let right = token(&format!("{URL}{path}"), json!({}));
        let wrong = [
            None,
            Some("Bearer x".to_owned()),
            Some(token(URL, json!({}))),
            Some(token(
                &format!("{URL}{path}"),
                json!({ "iss": "https://elsewhere.example.org" }),
            )),
            Some(token(
                &format!("{URL}{path}"),
                json!({ "exp": 1_000_000_000 }),
            )),
            Some(token(
                &format!("{URL}{path}"),
                json!({ "tenant": "unknown" }),
            )),
        ];
        for authorization in wrong {
            let mut headers = vec![json_type];
            if let Some(authorization) = &authorization {
                headers.push(("authorization", authorization));
            }
            let answer = server.send(method, path, &headers, body.clone());
            assert_eq!(answer.status, 401, "{method} {path} {authorization:?}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            for word in ["expired", "issuer", "audience", "tenant", "signature"] {
                assert!(!answer.body.contains(word), "{}", answer.body);
            }
        }
        let headers = [json_type, ("authorization", right.as_str())];
        assert_eq!(
            server.send(method, path, &headers, body.clone()).status,
            200,
            "{path}"
        );
        // The same token again.
        assert_eq!(
            server.send(method, path, &headers, body.clone()).status,
            401,
            "{path}"
        );
    }
    assert_eq!(server.get("/health/live").status, 200);
    assert_eq!(server.get("/metrics").status, 404);
    assert_eq!(server.get("/health/ready").status, 404);
    let metrics = hospital.server.metrics.as_deref().unwrap();
    let ready = server.get(&format!("{metrics}/health/ready"));
    assert_eq!(ready.status, 200, "{}", ready.body);
    let counted = server.get(&format!("{metrics}/metrics")).body;
    for reason in [
        "no-token",
        "malformed",
        "wrong-audience",
        "unknown-issuer",
        "expired",
        "wrong-tenant",
        "replayed",
    ] {
        let line = format!("rrdtc_refused_tokens_total{{reason=\"{reason}\"}}");
        assert!(counted.contains(&line), "{line}\n{counted}");
    }
    assert!(
        counted.contains("rrdtc_calls_total{") && counted.contains("class=\"at-or-above-cutoff\""),
        "{counted}"
    );
}

#[test]
fn a_client_calls_what_it_may_and_no_more() {
    let hospital = Hospital::start(
        "",
        "services = [\"rr-dtc-patient-view\", \"rr-dtc-order-sign\"]\nservices_off = [\"rr-dtc-patient-view\"]",
    );
    let authorization = token(&format!("{URL}/cds-services"), json!({}));
    let discovery = hospital.server.send(
        "GET",
        "/cds-services",
        &[("authorization", &authorization)],
        None,
    );
    let ids: Vec<Value> = discovery.json()["services"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["id"].clone())
        .collect();
    assert_eq!(ids, ["rr-dtc-order-sign"]);
    let off = hospital.call(&positive().call());
    assert_eq!(off.status, 200);
    assert_eq!(off.json()["cards"], json!([]));
    assert_eq!(
        assessment(&off)["display"],
        json!({ "shown": false, "reason": "service-off" })
    );
    let not_entitled = hospital.post(
        "/cds-services/rr-dtc-order-select",
        &positive().call(),
        json!({}),
    );
    assert_eq!(not_entitled.status, 403);
    assert_eq!(
        hospital
            .post("/cds-services/nothing", &positive().call(), json!({}))
            .status,
        404
    );
}

#[test]
fn shadow_mode_says_that_something_was_computed_and_nothing_else() {
    let live = Hospital::start("", "");
    let shadow = Hospital::start("", "mode = \"shadow\"");
    let call = positive().call();
    let shown = assessment(&live.call(&call));
    let answer = shadow.call(&call);
    assert_eq!(answer.json()["cards"], json!([]));
    let assessment = assessment(&answer);
    let mut members: Vec<&String> = assessment.as_object().unwrap().keys().collect();
    members.sort();
    assert_eq!(members, ["display", "model", "resultId", "software"]);
    assert_eq!(assessment["display"]["reason"], "shadow");
    assert_eq!(assessment["resultId"], shown["resultId"]);
}

const KEEPING: &str = "store_url = \"sqlite:FOLDER/rrdtc.db\"";
const KEY: &str = "pseudonym_key = \"0123456789abcdef0123456789abcdef\"\n";

/// The same chart in another call.
fn again(chart: &Chart) -> Value {
    let mut call = chart.call();
    call["hookInstance"] = uuid::Uuid::new_v4().to_string().into();
    call
}

fn report(hospital: &Hospital) -> String {
    let store = format!("sqlite:{}/rrdtc.db", hospital.folder.path().display());
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_rrdtc"))
        .args(["feedback", "report", "--json", "--store", &store])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Asks until the answer has this display reason: shown cards are kept a moment after the answer.
fn until_display(hospital: &Hospital, chart: &Chart, reason: &str, claims: &Value) {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let answer = hospital.post(SERVICE, &again(chart), claims.clone());
        let display = assessment(&answer)["display"]["reason"].clone();
        if display == reason {
            return;
        }
        assert!(Instant::now() < until, "{display} instead of {reason}");
    }
}

#[test]
fn a_card_is_shown_once_in_the_time_that_a_client_sets_and_a_higher_class_always() {
    let hospital = Hospital::start(KEEPING, &format!("{KEY}once_within_days = 30"));
    let low = Chart::basic().with(lesion("pet", 1.0, "2026-11-01")).without("lung").with(
        json!({ "resourceType": "Condition", "id": "lung", "subject": { "reference": "Patient/p-1" }, "code": { "coding": [{ "system": crate::support::SNOMED, "code": "94391008" }] } }),
    );
    let first = low.call();
    let answer = hospital.call(&first);
    assert_eq!(
        assessment(&answer)["display"]["reason"],
        "shown",
        "{}",
        answer.body
    );
    let until = Instant::now() + Duration::from_secs(10);
    while !report(&hospital).contains("\"shownAtLeast\":1") {
        assert!(Instant::now() < until, "{}", report(&hospital));
    }
    let other = hospital.call(&again(&low));
    assert_eq!(assessment(&other)["display"]["reason"], "already-shown");
    assert_eq!(other.json()["cards"], json!([]));
    // A call that is sent again gets its card again.
    let resent = hospital.call(&first);
    assert_eq!(
        resent.json()["cards"][0]["uuid"],
        answer.json()["cards"][0]["uuid"]
    );
    let high = hospital.call(&positive().call());
    assert_eq!(assessment(&high)["display"]["reason"], "shown");
}

#[test]
fn feedback_is_kept_and_an_override_can_put_the_card_off() {
    let client = format!(
        "{KEY}snooze_days = 30\n[[clients.tenants]]\nid = \"a\"\n[[clients.tenants]]\nid = \"b\""
    );
    let hospital = Hospital::start(KEEPING, &client);
    let of = |tenant: &str| json!({ "tenant": tenant });
    let chart = positive();
    let answer = hospital.post(SERVICE, &chart.call(), of("a"));
    let card = &answer.json()["cards"][0];
    let reason = card["overrideReasons"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["code"] == "already-discussed")
        .unwrap()
        .clone();
    let path = format!("{SERVICE}/feedback");
    let feedback = json!({ "feedback": [{
        "card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-11-20T12:00:00.123Z",
        "overrideReason": { "reason": { "code": reason["code"], "system": reason["system"] }, "userComment": "seen with Mr Sentinel" },
    }] });
    for _ in 0..2 {
        let kept = hospital.post(&path, &feedback, of("a"));
        assert_eq!((kept.status, kept.body.as_str()), (200, ""));
    }
    until_display(&hospital, &chart, "snoozed", &of("a"));
    // The same patient and card under another tenant is another matter.
    for _ in 0..3 {
        let other = hospital.post(SERVICE, &again(&chart), of("b"));
        assert_eq!(assessment(&other)["display"]["reason"], "shown");
    }
    let bad = hospital.post(&path, &json!({ "feedback": [{ "card": "x" }] }), of("a"));
    assert_eq!(bad.status, 400);
    assert_eq!(bad.json()["issue"][0]["expression"][0], "feedback[0].card");
    assert_eq!(
        hospital
            .post("/cds-services/no/feedback", &feedback, of("a"))
            .status,
        404
    );
    let text = report(&hospital);
    assert!(
        text.contains("\"overridden\":1") || text.contains("\"overridden\": 1"),
        "{text}"
    );
    // Comments are not kept unless a deployment says so.
    for file in std::fs::read_dir(hospital.folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(8).any(|window| window == b"Sentinel"));
    }
}

#[test]
fn a_tenant_is_answered_by_its_own_rules() {
    let hospital = Hospital::start(
        "",
        "[[clients.tenants]]\nid = \"strict\"\nmax_pet_age_days = 5\n[[clients.tenants]]\nid = \"usual\"",
    );
    let fdg = |tenant: &str| {
        let answer = hospital.post(SERVICE, &positive().call(), json!({ "tenant": tenant }));
        state(&assessment(&answer), "fdgUptake")
    };
    assert_eq!(fdg("strict"), "unknown stale");
    assert_eq!(fdg("usual"), "present");
    assert_eq!(
        hospital.call(&positive().call()).status,
        401,
        "a token without tenant"
    );
}

#[test]
fn a_required_audit_line_is_on_disk_before_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    std::fs::write(&key, "0123456789abcdef0123456789abcdef").unwrap();
    let hospital = Hospital::start(
        &format!(
            "store_url = \"sqlite:FOLDER/rrdtc.db\"\n[audit]\nfolder = \"FOLDER/audit\"\nkey_file = \"{}\"\nmode = \"required\"",
            key.display()
        ),
        KEY,
    );
    let answer = hospital.call(&positive().call());
    assert_eq!(answer.status, 200, "{}", answer.body);
    let trail = hospital.folder.path().join("audit");
    let mut lines = String::new();
    for file in std::fs::read_dir(&trail).unwrap() {
        lines += &std::fs::read_to_string(file.unwrap().path()).unwrap_or_default();
    }
    let id = assessment(&answer)["resultId"].as_str().unwrap().to_owned();
    assert!(lines.contains(&id), "{lines}");
    assert!(
        !lines.contains("p-1") && !lines.contains("Practitioner"),
        "{lines}"
    );
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_rrdtc"))
        .args(["audit", "verify", "--folder"])
        .arg(&trail)
        .arg("--key-file")
        .arg(&key)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    // The folder is gone: no line, no answer.
    std::fs::remove_dir_all(&trail).unwrap();
    let refused = hospital.call(&again(&positive()));
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert!(!refused.body.contains("cards"));
    let metrics = hospital.server.metrics.as_deref().unwrap();
    assert_eq!(
        hospital
            .server
            .get(&format!("{metrics}/health/ready"))
            .status,
        503
    );
}
