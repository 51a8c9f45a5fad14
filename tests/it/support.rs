//! What the tests share: a running server, charts made of a few lines, the answer for a chart.

use rrdtc::config::{Knowledge, Settings};
use rrdtc::sandbox::Store;
use rrdtc::server::{Application, CannotStart, Clock, Startup};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// The assessment time of all tests, and of the fixtures.
pub const AS_OF: &str = rrdtc::config::FIXTURES_AS_OF;

pub fn settings() -> Settings {
    let mut settings = Settings::with("listen", "127.0.0.1:0").unwrap();
    settings.metrics_listen = None;
    settings
}

pub static KNOWLEDGE: LazyLock<Knowledge> =
    LazyLock::new(|| Knowledge::load(&settings().advice.content).unwrap());

pub fn clock() -> Clock {
    Clock::Fixed(AS_OF.parse().unwrap())
}

/// A server on a free port of loopback.
pub struct Server {
    /// Where it listens, which `external_url` need not name.
    pub url: String,
    /// Where metrics and readiness are served.
    pub metrics: Option<String>,
}

pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| header == name)
            .map(|(_, value)| value.as_str())
    }
}

impl Server {
    pub fn sandbox() -> Self {
        Self::run(async || rrdtc::sandbox::build(settings(), clock(), Store::synthetic()).await)
    }

    pub fn serve(settings: Settings) -> Self {
        Self::run(async move || Application::build(Startup::new(settings, clock())).await)
    }

    /// Runs what is built until the test process ends.
    pub fn run<F>(build: F) -> Self
    where
        F: AsyncFnOnce() -> Result<Application, CannotStart> + Send + 'static,
    {
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let application = build().await.unwrap();
                let metrics = application.metrics_address.map(|a| format!("http://{a}"));
                let url = format!("http://{}", application.address);
                sender.send((url, metrics)).unwrap();
                application.run().await.unwrap();
            });
        });
        let (url, metrics) = receiver.recv().unwrap();
        Self { url, metrics }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None)
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(
            "POST",
            path,
            &[("content-type", "application/json")],
            Some(body.to_string().into_bytes()),
        )
    }

    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Answer {
        request(&self.address(path), method, headers, body, 10)
    }

    /// One request; a redirect is an answer.
    pub fn once(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Answer {
        request(&self.address(path), method, headers, body, 0)
    }

    fn address(&self, path: &str) -> String {
        match path.starts_with("http") {
            true => path.to_owned(),
            false => format!("{}{path}", self.url),
        }
    }
}

/// Sends a request and follows so many redirects; one more is the answer.
pub fn request(
    url: &str,
    method: &str,
    headers: &[(&str, &str)],
    body: Option<Vec<u8>>,
    redirects: u32,
) -> Answer {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(redirects)
        .max_redirects_will_error(false)
        .build()
        .into();
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = match body {
        Some(body) => agent.run(request.body(body).unwrap()).unwrap(),
        None => agent.run(request.body(()).unwrap()).unwrap(),
    };
    Answer {
        status: response.status().as_u16(),
        headers: response
            .headers()
            .iter()
            .map(|(name, value)| {
                let value = value.to_str().unwrap_or_default();
                (name.to_string(), value.to_owned())
            })
            .collect(),
        body: response
            .body_mut()
            .with_config()
            .limit(64 << 20)
            .read_to_string()
            .unwrap(),
    }
}

pub const SERVICE: &str = "/cds-services/rr-dtc-patient-view";
pub const SNOMED: &str = "http://snomed.info/sct";

/// A chart in the making: resources of one patient.
#[derive(Debug, Clone)]
pub struct Chart {
    pub patient: Value,
    pub records: Vec<Value>,
}

impl Chart {
    /// A patient with papillary cancer at 50, total thyroidectomy and a lung metastasis.
    pub fn basic() -> Self {
        Self::empty()
            .with(condition("dtc", SNOMED, "255029007", "2021-01-05"))
            .with(procedure("op", SNOMED, "24443003", "2021-02-05"))
            .with(condition("lung", SNOMED, "94391008", "2022-01-05"))
    }

    pub fn empty() -> Self {
        Self {
            patient: json!({ "resourceType": "Patient", "id": "p-1", "birthDate": "1970-03-01" }),
            records: Vec::new(),
        }
    }

    pub fn with(mut self, record: Value) -> Self {
        self.records.push(record);
        self
    }

    pub fn without(mut self, id: &str) -> Self {
        self.records.retain(|record| record["id"] != id);
        self
    }

    /// The prefetch of a call.
    pub fn prefetch(&self) -> Value {
        let bundle = |name: &str| {
            let entries: Vec<Value> = self
                .records
                .iter()
                .filter(|record| record["resourceType"] == name)
                .map(|record| json!({ "resource": record }))
                .collect();
            json!({ "resourceType": "Bundle", "type": "searchset", "entry": entries })
        };
        json!({
            "patient": self.patient,
            "conditions": bundle("Condition"),
            "observations": bundle("Observation"),
            "procedures": bundle("Procedure"),
            "medicationAdministrations": bundle("MedicationAdministration"),
            "diagnosticReports": bundle("DiagnosticReport"),
        })
    }

    /// A hook call.
    pub fn call(&self) -> Value {
        call(self.patient["id"].as_str().unwrap(), self.prefetch())
    }

    /// The answer of the service, without a server.
    pub fn answer(&self) -> Value {
        answer(&self.call())
    }

    /// The assessment.
    pub fn assess(&self) -> Value {
        self.answer()["extension"]["org.rrdtc.assessment"].clone()
    }

    /// State and reason of a predictor.
    pub fn state(&self, predictor: &str) -> String {
        state(&self.assess(), predictor)
    }
}

pub fn state(assessment: &Value, predictor: &str) -> String {
    let result = &assessment["predictors"][predictor];
    match result["reason"].as_str() {
        Some(reason) => format!("{} {reason}", result["state"].as_str().unwrap()),
        None => result["state"]
            .as_str()
            .unwrap_or("not applicable")
            .to_owned(),
    }
}

pub fn call(patient: &str, prefetch: Value) -> Value {
    json!({
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": { "userId": "Practitioner/example", "patientId": patient },
        "prefetch": prefetch,
    })
}

pub fn answer(call: &Value) -> Value {
    let bytes = handle(call).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

pub fn handle(call: &Value) -> Result<Vec<u8>, rrdtc::server::Problem> {
    rrdtc::server::answer::handle(
        call.to_string().as_bytes(),
        "rr-dtc-patient-view",
        &KNOWLEDGE,
        &settings().advice,
        clock().now(),
    )
}

pub fn condition(id: &str, system: &str, code: &str, onset: &str) -> Value {
    json!({
        "resourceType": "Condition", "id": id, "subject": { "reference": "Patient/p-1" },
        "code": { "coding": [{ "system": system, "code": code }] }, "onsetDateTime": onset,
    })
}

pub fn procedure(id: &str, system: &str, code: &str, performed: &str) -> Value {
    json!({
        "resourceType": "Procedure", "id": id, "status": "completed", "subject": { "reference": "Patient/p-1" },
        "code": { "coding": [{ "system": system, "code": code }] }, "performedDateTime": performed,
    })
}

/// An FDG PET lesion with its SUVmax.
pub fn lesion(id: &str, suv_max: f64, date: &str) -> Value {
    json!({
        "resourceType": "Observation", "id": id, "status": "final", "subject": { "reference": "Patient/p-1" },
        "code": { "text": "FDG PET SUVmax" }, "effectiveDateTime": date,
        "valueQuantity": { "value": suv_max, "unit": "g/mL", "system": "http://unitsofmeasure.org", "code": "g/mL" },
    })
}

/// A coded reading of the whole study.
pub fn reading(id: &str, code: &str, date: &str) -> Value {
    json!({
        "resourceType": "Observation", "id": id, "status": "final", "subject": { "reference": "Patient/p-1" },
        "code": { "coding": [{ "system": SNOMED, "code": "443271005" }] }, "effectiveDateTime": date,
        "valueCodeableConcept": { "coding": [{ "system": SNOMED, "code": code }] },
    })
}

/// A disease status.
pub fn status(id: &str, code: &str, date: &str) -> Value {
    json!({
        "resourceType": "Observation", "id": id, "status": "final", "subject": { "reference": "Patient/p-1" },
        "code": { "coding": [{ "system": "http://loinc.org", "code": "97509-4" }] }, "effectiveDateTime": date,
        "valueCodeableConcept": { "coding": [{ "system": SNOMED, "code": code }] },
    })
}

/// A code of an answer is in a list.
pub fn has_code(list: &Value, code: &str) -> bool {
    list.as_array()
        .into_iter()
        .flatten()
        .any(|item| item["code"] == code || item == code)
}

/// A hook call for each synthetic patient, by its id.
pub fn patients() -> Vec<(String, Value)> {
    let service = KNOWLEDGE.plain_service().unwrap();
    let bundles = rrdtc::config::fixtures().map(|(name, text)| {
        let bundle: Value = serde_json::from_str(text).unwrap();
        (name.trim_end_matches(".json").to_owned(), bundle)
    });
    let mut calls: Vec<_> = bundles
        .map(|(id, bundle)| {
            let entries = bundle["entry"].as_array().unwrap();
            let of_type = |name: &str| -> Vec<&Value> {
                entries
                    .iter()
                    .filter(|entry| entry["resource"]["resourceType"] == name)
                    .collect()
            };
            let mut prefetch = serde_json::Map::new();
            for (key, template) in &service.prefetch {
                let name = template.split(['?', '/']).next().unwrap();
                let found = of_type(name);
                let value = match name {
                    "Patient" => found[0]["resource"].clone(),
                    _ => json!({ "resourceType": "Bundle", "type": "searchset", "entry": found }),
                };
                prefetch.insert(key.clone(), value);
            }
            (id.clone(), call(&id, Value::Object(prefetch)))
        })
        .collect();
    calls.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(calls.len() >= 40);
    calls
}
