//! A configured client and the running server, over HTTP: who may call, what is fetched, what is kept and what is shown.

mod callers;
mod display;
mod failures;
mod feedback;
mod fetching;
mod model;
mod reach;
mod tenants;

use crate::auth::forge::{KeyPair, P384, key_set, signed};
use crate::misbehaving::{Misbehaving, Received, Reply, searchset};
use crate::support::*;
use rrdtc::config::Settings;
use rrdtc::store::Store;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use url::Url;

/// The address by which callers know the server: tokens name it, whatever the port is.
const EXTERNAL: &str = "https://cds.example.test";
const ISSUER: &str = "https://ehr.example.test";
const FHIR_TOKEN: &str = "token-of-the-call";
/// For what must come: far longer than it takes.
const AMPLE: Duration = Duration::from_secs(20);

/// Settings of a client that may read the FHIR server at this base.
fn reads(base: &Url) -> String {
    format!(
        "fhir_bases = [\"{base}\"]\nallow_http = true\nallow_private_networks = [\"127.0.0.0/8\"]\n"
    )
}

/// A server with one client, `ehr`, and a folder of its own.
struct Site {
    server: Server,
    folder: TempDir,
}

impl Site {
    /// `top` goes before the client and `client` into it; FOLDER in either is the folder of the site.
    fn new(top: &str, client: &str) -> Self {
        Self::with_files(top, client, &[])
    }

    fn with_files(top: &str, client: &str, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        let keys = key_set(&[&P384]);
        let client = format!("jwks = '{keys}'\n{client}");
        Self::in_folder(folder, top, &client)
    }

    /// The client says where its keys are.
    fn without_keys(client: &str) -> Self {
        Self::in_folder(tempfile::tempdir().unwrap(), "", client)
    }

    fn in_folder(folder: TempDir, top: &str, client: &str) -> Self {
        let text = configuration(top, client, &folder);
        let file = folder.path().join("rrdtc.toml");
        std::fs::write(&file, text).unwrap();
        let server = Server::serve(Settings::load(Some(&file)).unwrap());
        Self { server, folder }
    }

    /// A call of the service with a good token.
    fn call(&self, body: &Value) -> Answer {
        self.post(SERVICE, json!({}), body)
    }

    fn call_as(&self, tenant: &str, body: &Value) -> Answer {
        self.post(SERVICE, json!({ "tenant": tenant }), body)
    }

    fn feedback(&self, tenant: Option<&str>, body: &Value) -> Answer {
        let claims = tenant.map_or(json!({}), |tenant| json!({ "tenant": tenant }));
        self.post(&format!("{SERVICE}/feedback"), claims, body)
    }

    fn post(&self, path: &str, claims: Value, body: &Value) -> Answer {
        self.send("POST", path, &token(path, claims), Some(body))
    }

    fn send(&self, method: &str, path: &str, token: &str, body: Option<&Value>) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        let body = body.map(|body| body.to_string().into_bytes());
        self.server.send(method, path, &headers, body)
    }

    /// What is in its store, asked over a connection of our own.
    fn ask<T>(&self, question: impl AsyncFnOnce(&Store) -> T) -> T {
        let url = format!("sqlite:{}/rrdtc.db", self.folder.path().display());
        actix_web::rt::System::new().block_on(async {
            let store = Store::open_existing(&url.into()).await.unwrap();
            let answer = question(&store).await;
            store.close().await;
            answer
        })
    }

    /// Waits until the rows of so many cards are written, shown or withheld.
    fn await_cards(&self, cards: u64) {
        poll("cards are written", || {
            let rows = self.ask(async |store| store.report(&Default::default()).await.unwrap());
            rows.iter().map(|row| row.shown + row.withheld).sum::<u64>() >= cards
        });
    }
}

const STORE: &str = "store_url = \"sqlite:FOLDER/rrdtc.db\"\n";
const PSEUDONYMS: &str = "pseudonym_key = \"0123456789abcdef0123456789abcdef\"\n";

fn configuration(top: &str, client: &str, folder: &TempDir) -> String {
    format!(
        "listen = \"127.0.0.1:0\"\nexternal_url = \"{EXTERNAL}\"\nmetrics.listen = \"\"\n{top}\n\
         [[clients]]\nname = \"ehr\"\nissuer = \"{ISSUER}\"\n{client}\n"
    )
    .replace("FOLDER", &folder.path().display().to_string())
}

/// A good token for a route, changed by these claims.
fn token(path: &str, change: Value) -> String {
    token_of(&P384, path, change)
}

fn token_of(key: &KeyPair, path: &str, change: Value) -> String {
    let now = jiff::Timestamp::now().as_second();
    let mut claims = json!({
        "iss": ISSUER, "aud": format!("{EXTERNAL}{path}"), "exp": now + 300, "iat": now,
        "jti": uuid::Uuid::new_v4(),
    });
    let all = claims.as_object_mut().unwrap();
    all.extend(change.as_object().unwrap().clone());
    signed(key, claims)
}

fn poll(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + AMPLE;
    while !is_so() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A chart in which every predictor is known: below the cut-off.
fn known_chart() -> Chart {
    Chart::basic()
        .with(status("ned", "58899004", "2026-10-01"))
        .with(lesion("pet", 1.5, "2026-10-01"))
}

/// The chart as its FHIR server answers.
fn fhir_answer(chart: &Chart, request: &Received) -> Reply {
    let path = request.target.strip_prefix("/fhir/").unwrap_or_default();
    let resource_type = path.split(['?', '/']).next().unwrap_or_default();
    match resource_type {
        "metadata" => {
            Reply::json(&json!({ "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1" }))
        }
        "Patient" if path == "Patient/p-1" => Reply::json(&chart.patient),
        "Patient" => Reply::status(404),
        _ => {
            let found: Vec<Value> = chart
                .records
                .iter()
                .filter(|record| record["resourceType"] == resource_type)
                .cloned()
                .collect();
            Reply::json(&searchset(&found, None))
        }
    }
}

/// A FHIR server with this chart.
fn ehr(chart: Chart) -> Misbehaving {
    Misbehaving::start(move |request| fhir_answer(&chart, request))
}

/// What calls asked for: without the question for the release, which is no call's.
fn asked(stub: &Misbehaving) -> Vec<Received> {
    let mut received = stub.received();
    received.retain(|request| request.target != "/fhir/metadata");
    received
}

/// A call without prefetch, with a token for this FHIR server.
fn bare_call(base: &Url) -> Value {
    let mut call = call("p-1", json!({}));
    call.as_object_mut().unwrap().remove("prefetch");
    call["fhirServer"] = json!(base.as_str());
    call["fhirAuthorization"] = json!({
        "access_token": FHIR_TOKEN, "token_type": "Bearer", "expires_in": 300,
        "scope": "patient/*.read", "subject": "rrdtc",
    });
    call
}

fn with(mut call: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    call.pointer_mut(parent).unwrap()[name] = value;
    call
}

fn without(mut call: Value, pointer: &str) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = call.pointer_mut(parent).unwrap();
    parent.as_object_mut().unwrap().remove(name).unwrap();
    call
}

/// The assessment in a good answer.
fn assessment(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["extension"]["org.rrdtc.assessment"].clone()
}

fn display_reason(answer: &Answer) -> String {
    let assessment = assessment(answer);
    let shown = answer.json()["cards"].as_array().unwrap().len();
    assert_eq!(assessment["display"]["shown"], json!(shown == 1));
    assessment["display"]["reason"].as_str().unwrap().to_owned()
}

/// An OperationOutcome of this status, about this place.
fn assert_problem(answer: &Answer, status: u16, expression: &str) {
    assert_eq!(answer.status, status, "{expression}: {}", answer.body);
    let outcome = answer.json();
    assert_eq!(outcome["resourceType"], "OperationOutcome");
    let issue = &outcome["issue"][0];
    assert_eq!(issue["expression"], json!([expression]), "{outcome}");
}
