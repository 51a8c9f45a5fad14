//! A key that cannot be read: 412 when nothing can be said without it, else an answer that says what it lacks.

use super::*;
use std::sync::{Arc, Mutex};

/// A FHIR server that answers one type otherwise than it should, as long as something is set.
struct Odd {
    stub: Misbehaving,
    reply: Arc<Mutex<Option<(&'static str, Reply)>>>,
}

impl Odd {
    fn start(chart: Chart) -> Self {
        let reply: Arc<Mutex<Option<(&'static str, Reply)>>> = Arc::default();
        let odd = reply.clone();
        let stub = Misbehaving::start(move |request| match &*odd.lock().unwrap() {
            Some((name, reply)) if request.target[6..].starts_with(*name) => reply.clone(),
            _ => fhir_answer(&chart, request),
        });
        Self { stub, reply }
    }

    fn set(&self, name: &'static str, reply: &Reply) {
        *self.reply.lock().unwrap() = Some((name, reply.clone()));
    }
}

fn failures() -> Vec<(&'static str, Reply)> {
    let outcome = json!({ "resourceType": "OperationOutcome",
        "issue": [{ "severity": "error", "code": "exception", "diagnostics": "SENTINEL-OUTCOME" }] });
    let of_outcome = searchset(std::slice::from_ref(&outcome), None);
    vec![
        ("401", Reply::status(401)),
        ("403", Reply::status(403)),
        ("404", Reply::status(404)),
        ("500", Reply::status(500)),
        ("429", Reply::status(429).with("Retry-After", "60")),
        ("timeout", Reply::Never),
        ("stalled body", Reply::StalledBody(vec![b' '; 1000])),
        ("reset", Reply::Reset),
        ("HTML", Reply::text("text/html", "<html>SENTINEL-HTML")),
        (
            "truncated JSON",
            Reply::text(
                "application/fhir+json",
                "{\"resourceType\":\"Bundle\",\"entry\":[",
            ),
        ),
        ("cut body", Reply::CutBody(of_outcome.to_string().into())),
        (
            "wrong type",
            Reply::json(&json!({ "resourceType": "Practitioner", "id": "x" })),
        ),
        ("outcome", Reply::json(&outcome)),
        ("outcome instead of entries", Reply::json(&of_outcome)),
        (
            "no content",
            Reply::Answer {
                status: 204,
                headers: vec![],
                body: vec![],
            },
        ),
        ("array", Reply::text("application/fhir+json", "[]")),
    ]
}

/// Key, type, what is unknown without it, caveat without it.
type Row = (
    &'static str,
    &'static str,
    &'static [&'static str],
    Option<&'static str>,
);

const OPTIONAL: [Row; 4] = [
    (
        "observations",
        "Observation",
        &["recurrence", "multiSiteMetastasis", "fdgUptake"],
        None,
    ),
    (
        "procedures",
        "Procedure",
        &["recurrence"],
        Some("radioiodine-not-checked"),
    ),
    (
        "medicationAdministrations",
        "MedicationAdministration",
        &[],
        Some("radioiodine-not-checked"),
    ),
    (
        "diagnosticReports",
        "DiagnosticReport",
        &["fdgUptake"],
        None,
    ),
];

#[test]
fn a_required_key_that_fails_is_412_and_names_the_key() {
    let odd = Odd::start(known_chart());
    let site = Site::new("deadline_ms = 400", &reads(&odd.stub.base()));
    let call = bare_call(&odd.stub.base());
    for (key, name) in [("patient", "Patient"), ("conditions", "Condition")] {
        for (failure, reply) in failures() {
            odd.set(name, &reply);
            let answer = site.call(&call);
            assert_eq!(answer.status, 412, "{failure}: {}", answer.body);
            assert_problem(&answer, 412, &format!("prefetch.{key}"));
            assert!(
                !answer.body.contains("SENTINEL"),
                "{failure}: {}",
                answer.body
            );
            assert!(!answer.body.contains("p-1"), "{failure}: {}", answer.body);
        }
    }
}

#[test]
fn an_optional_key_that_fails_leaves_unknown_what_rests_on_it() {
    let odd = Odd::start(known_chart());
    let site = Site::new("deadline_ms = 400", &reads(&odd.stub.base()));
    let call = bare_call(&odd.stub.base());
    let whole = assessment(&site.call(&call));
    let absent = ["recurrence", "multiSiteMetastasis", "fdgUptake"];
    assert!(
        absent
            .iter()
            .all(|predictor| state(&whole, predictor) == "absent")
    );
    for (key, name, unknown, caveat) in OPTIONAL {
        for (failure, reply) in failures() {
            odd.set(name, &reply);
            let answer = site.call(&call);
            let found = assessment(&answer);
            let what = format!("{key}: {failure}: {found}");
            let source = &found["sources"][key];
            assert_eq!(source["from"], "failed", "{what}");
            assert_eq!(source["complete"], false, "{what}");
            for predictor in absent {
                let expected = if !unknown.contains(&predictor) {
                    "absent"
                } else if key == "procedures" {
                    // A negative counts only after a recorded operation.
                    "unknown operation-not-recorded"
                } else {
                    "unknown source-incomplete"
                };
                assert_eq!(state(&found, predictor), expected, "{what}");
            }
            let caveats = &found["applicability"]["caveats"];
            if let Some(code) = caveat {
                assert!(has_code(caveats, code), "{what}");
            }
            assert!(!answer.body.contains("SENTINEL"), "{what}");
        }
    }
}

#[test]
fn a_key_that_never_answers_costs_no_more_than_the_deadline() {
    const DEADLINE: Duration = Duration::from_millis(400);
    let odd = Odd::start(known_chart());
    let site = Site::new("deadline_ms = 400", &reads(&odd.stub.base()));
    let call = bare_call(&odd.stub.base());
    assert_eq!(site.call(&call).status, 200, "warm");
    odd.set("Observation", &Reply::Never);
    // The least of a few: what other tests do to the machine meanwhile is not asked here.
    let took = (0..4).map(|_| {
        let started = Instant::now();
        let answer = site.call(&call);
        let took = started.elapsed();
        assert_eq!(answer.json()["cards"].as_array().unwrap().len(), 1);
        assert_eq!(
            assessment(&answer)["sources"]["observations"]["from"],
            "failed"
        );
        took
    });
    let least = took.min().unwrap();
    assert!(least >= DEADLINE, "{least:?}: it waited for nothing");
    assert!(least <= DEADLINE + Duration::from_millis(50), "{least:?}");
}

#[test]
fn a_next_page_that_fails_keeps_the_first_and_is_not_taken_for_the_whole() {
    let chart = known_chart();
    let stub = Misbehaving::start(move |request| match request.target.as_str() {
        "/fhir/Observation?patient=p-1" => {
            let positive = lesion("positive", 7.5, "2026-10-01");
            Reply::json(&searchset(&[positive], Some("Observation?page=2")))
        }
        "/fhir/Observation?page=2" => Reply::status(403),
        _ => fhir_answer(&chart, request),
    });
    let site = Site::new("", &reads(&stub.base()));
    let found = assessment(&site.call(&bare_call(&stub.base())));
    let expected = json!({ "from": "fetched", "pages": 1, "complete": false });
    assert_eq!(found["sources"]["observations"], expected);
    assert_eq!(state(&found, "fdgUptake"), "present");
    assert_eq!(
        state(&found, "multiSiteMetastasis"),
        "unknown source-incomplete"
    );

    // Half of the Conditions is no basis at all.
    let next = format!("{}/Condition?page=2", stub.base());
    let half = searchset(
        &[condition("dtc", SNOMED, "255029007", "2021-01-05")],
        Some(&next),
    );
    let refused = Misbehaving::start(|_| Reply::status(403));
    let other = Site::new("", &reads(&refused.base()));
    let call = with(
        bare_call(&refused.base()),
        "/prefetch",
        known_chart().prefetch(),
    );
    let call = with(call, "/prefetch/conditions", half);
    assert_problem(&other.call(&call), 412, "prefetch.conditions");
}

#[test]
fn resources_of_another_patient_are_set_aside() {
    let chart = known_chart();
    let mut foreign = lesion("foreign", 9.0, "2026-10-02");
    foreign["subject"]["reference"] = json!("Patient/p-2");
    let stub = ehr(chart.clone().with(foreign));
    let site = Site::new("", &reads(&stub.base()));
    let found = assessment(&site.call(&bare_call(&stub.base())));
    assert_eq!(state(&found, "fdgUptake"), "absent");
    assert!(found.to_string().contains("foreign-subject"), "{found}");
    // Another Patient than was asked for is no answer.
    let stub = Misbehaving::start(move |request| match request.target.as_str() {
        "/fhir/Patient/p-1" => Reply::json(&json!({ "resourceType": "Patient", "id": "p-2" })),
        _ => fhir_answer(&chart, request),
    });
    let site = Site::new("", &reads(&stub.base()));
    let answer = site.call(&bare_call(&stub.base()));
    assert_problem(&answer, 422, "prefetch.patient");
}
