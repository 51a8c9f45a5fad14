//! Callers that outlive what they call: an answer or the reason why there is none.

use crate::auth::forge::bearer;
use crate::process::{Process, token};
use crate::support::Chart;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use uuid::Uuid;

pub const VIEW: &str = "rr-dtc-patient-view";
pub const FEEDBACK: &str = "rr-dtc-patient-view/feedback";

/// How a call ended: a status, or why there is none.
pub struct Ended {
    pub status: Option<u16>,
    pub body: String,
    pub took: Duration,
}

impl Ended {
    pub fn is(&self, status: u16) -> bool {
        self.status == Some(status)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The card of an answer.
    pub fn card(&self) -> Option<String> {
        Some(self.json()["cards"][0]["uuid"].as_str()?.to_owned())
    }
}

/// Where a service listens; a copy outlives the process.
#[derive(Clone)]
pub struct Caller {
    url: String,
}

impl Caller {
    pub fn of(process: &Process) -> Self {
        Self {
            url: process.server.url.clone(),
        }
    }

    pub fn send(&self, path: &str, token: &str, body: &Value) -> Ended {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .build()
            .into();
        let began = Instant::now();
        let answer = agent
            .post(format!("{}/cds-services/{path}", self.url))
            .header("content-type", "application/json")
            .header("authorization", bearer(token))
            .send(body.to_string())
            .and_then(|mut answer| {
                let status = answer.status().as_u16();
                Ok((status, answer.body_mut().read_to_string()?))
            });
        let (status, body) = match answer {
            Ok((status, body)) => (Some(status), body),
            Err(error) => (None, error.to_string()),
        };
        Ended {
            status,
            body,
            took: began.elapsed(),
        }
    }

    pub fn call(&self, path: &str, body: &Value) -> Ended {
        self.send(path, &token("ehr", path), body)
    }

    /// A hook call with everything in it.
    pub fn hook(&self) -> Ended {
        self.call(VIEW, &Chart::basic().call())
    }

    /// Feedback on a new card, and which.
    pub fn feedback(&self) -> (Uuid, Ended) {
        let card = Uuid::new_v4();
        let item = json!({ "card": card, "outcome": "overridden", "outcomeTimestamp": "2026-11-20T12:00:00Z" });
        (card, self.call(FEEDBACK, &json!({ "feedback": [item] })))
    }
}

/// Statuses by how often.
#[derive(Default)]
pub struct Tally(BTreeMap<String, usize>);

impl Tally {
    pub fn add(&mut self, ended: &Ended) {
        let status = ended
            .status
            .map_or("no answer".to_owned(), |status| status.to_string());
        *self.0.entry(status).or_default() += 1;
    }

    pub fn of(&self, status: &str) -> usize {
        self.0.get(status).copied().unwrap_or_default()
    }

    pub fn total(&self) -> usize {
        self.0.values().sum()
    }

    pub fn text(&self) -> String {
        self.0
            .iter()
            .map(|(status, times)| format!("{times} x {status}"))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// Time until something holds; none when it never does within this many seconds.
pub fn until(patience: u64, holds: impl Fn() -> bool) -> Option<Duration> {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(patience) {
        if holds() {
            return Some(began.elapsed());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    None
}
