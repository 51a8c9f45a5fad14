//! The SMART app over HTTP: a browser with cookies of its own, an EHR with authorization server and FHIR server in the test,
//! and everything that can go wrong between them.

mod browser;
mod configuration;
mod ehr;
mod flows;
mod headers;
mod keeping;
mod no_patient_data;
mod refusals;
mod tabs;

use crate::operations::process::{EXTERNAL_URL, client, post, reads_from};
use crate::support::*;
use browser::Browser;
use ehr::{Ehr, Proof};
use jiff::{SignedDuration, Timestamp};
use rrdtc::config::Settings;
use rrdtc::server::{Application, Startup};
use rrdtc::smart::problem::LaunchProblem;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tempfile::TempDir;

const VIEW: &str = "rr-dtc-patient-view";
const CLIENT_ID: &str = "rrdtc app";
const SECRET: &str = "s/cr+t: zqx-secret";

/// A service whose client `ehr` has a SMART app, and the clock by which its launches expire.
struct Site {
    server: Server,
    clock: Arc<AtomicI64>,
    _folder: TempDir,
}

/// What a configuration says of a client of this EHR.
struct Registered<'a> {
    ehr: &'a Ehr,
    /// Further lines at the top, in the client, and in its smart table.
    top: &'a str,
    client: &'a str,
    smart: &'a str,
}

impl<'a> Registered<'a> {
    fn at(ehr: &'a Ehr) -> Self {
        Self {
            ehr,
            top: "",
            client: "",
            smart: "",
        }
    }

    /// The configuration; files that it names go into the folder.
    fn text(&self, folder: &TempDir) -> String {
        let proof = self.ehr.proof.lines(folder.path());
        let base = self.ehr.base();
        format!(
            "listen = \"127.0.0.1:0\"\nexternal_url = \"{EXTERNAL_URL}\"\nmetrics.listen = \"\"\n{}\n{}\
             [clients.smart]\nissuers = [\"{base}\"]\nclient_id = \"{CLIENT_ID}\"\n{proof}{}\n",
            self.top,
            client("ehr", &format!("{}{}", reads_from(&base), self.client)),
            self.smart,
        )
    }

    fn serve(&self) -> Site {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rrdtc.toml");
        std::fs::write(&file, self.text(&folder)).unwrap();
        let settings = Settings::load(Some(&file)).unwrap();
        let clock = Arc::new(AtomicI64::new(0));
        let turned = clock.clone();
        let server = Server::run(async move || {
            Application::build(Startup {
                now: Arc::new(move || {
                    Timestamp::now() + SignedDuration::from_secs(turned.load(Ordering::SeqCst))
                }),
                ..Startup::new(settings, crate::support::clock())
            })
            .await
        });
        Site {
            server,
            clock,
            _folder: folder,
        }
    }
}

impl Site {
    /// With a public client.
    fn of(ehr: &Ehr) -> Self {
        Registered::at(ehr).serve()
    }

    fn browser(&self) -> Browser {
        Browser::new(&self.server)
    }

    fn turn_clock(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    /// The answer to a hook call.
    fn call(&self, service: &str, call: &Value) -> Value {
        let answer = post(&self.server, "ehr", service, call);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }
}

/// Where an EHR launches.
fn launch_url(iss: &str, launch: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("iss", iss)
        .append_pair("launch", launch)
        .finish();
    format!("{EXTERNAL_URL}/smart/launch?{query}")
}

fn start_url(iss: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("iss", iss)
        .finish();
    format!("{EXTERNAL_URL}/smart/start?{query}")
}

/// The words that the file of words has for a problem.
fn words(problem: LaunchProblem) -> String {
    let file = std::fs::read_to_string("cds-hooks/texts/en/launch.json").unwrap();
    let words: Value = serde_json::from_str(&file).unwrap();
    let words = &words["problems"][problem.as_str()]["what"];
    words.as_str().unwrap().to_owned()
}

/// A page about this problem: for a clinician, with the id of the request, and without anything of a patient or of us.
fn assert_problem(page: &browser::Page, problem: LaunchProblem) {
    assert_eq!(page.status, problem.status(), "{problem:?}: {}", page.body);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(
        page.body.contains(&words(problem)),
        "{problem:?}: {}",
        page.body
    );
    assert!(page.body.contains("<h1>") && page.body.contains("lang=\"en\""));
    let id = page.header("x-request-id").unwrap();
    assert!(
        page.body.contains(id),
        "the id of the request is on the page"
    );
    let all = page.body.to_lowercase();
    for mark in ["zqx", "panicked", "src/", "backtrace"] {
        assert!(
            !all.contains(mark),
            "{problem:?} tells {mark}: {}",
            page.body
        );
    }
}

/// The page of an assessment, as it stands in: whose, and which result.
fn assert_assessment(page: &browser::Page, name: &str, result_id: &str) {
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains(name), "{name}: {}", page.body);
    assert!(page.body.contains(result_id), "{result_id}: {}", page.body);
}

/// The state of a predictor as the page of an assessment tells it.
fn state_on(page: &browser::Page, predictor: &str) -> String {
    let about = format!("id=\"about-{predictor}\"");
    let (_, after) = page
        .body
        .split_once(&about)
        .unwrap_or_else(|| panic!("{}", page.body));
    let (_, state) = after.split_once("class=\"state ").unwrap();
    state.split('"').next().unwrap().to_owned()
}

/// A chart of a patient with this id and name: everything known, below the cut-off.
fn chart_of(id: &str, name: &str) -> Chart {
    let chart = Chart::basic()
        .with(status("ned", "58899004", "2026-10-01"))
        .with(lesion("pet", 1.5, "2026-10-01"));
    let rename = |value: &Value| -> Value {
        let text = value.to_string();
        let text = text.replace("Patient/p-1", &format!("Patient/{id}"));
        serde_json::from_str(&text.replace("\"id\":\"p-1\"", &format!("\"id\":\"{id}\""))).unwrap()
    };
    let mut patient = rename(&chart.patient);
    patient["name"] = json!([{ "text": name }]);
    Chart {
        patient,
        records: chart.records.iter().map(rename).collect(),
    }
}

/// The same for a patient whose PET is positive.
fn positive_chart_of(id: &str, name: &str) -> Chart {
    let mut chart = chart_of(id, name);
    for record in &mut chart.records {
        if record["id"] == "pet" {
            record["valueQuantity"]["value"] = json!(9.4);
        }
    }
    chart
}

fn result_id(chart: &Chart) -> String {
    let assessment = chart.assess();
    assessment["resultId"].as_str().unwrap().to_owned()
}
