//! Every synthetic patient gives what its hand-written expectation says: through the HTTP service of the sandbox, and on the
//! command line. And together they show every code and shape.

use crate::support::{AS_OF, Server, call, state};
use rrdtc::domain::codes::{ApplicabilityCaveat, Caveat, Hint, NotApplicable, SetAsideCode};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

struct Fixture {
    id: String,
    chart: Value,
    expected: Value,
}

fn fixtures() -> Vec<Fixture> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("fixtures/patients").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(id) = name.strip_suffix(".expected.json") else {
            continue;
        };
        let read = |path: &str| -> Value {
            serde_json::from_str(&std::fs::read_to_string(path).unwrap())
                .unwrap_or_else(|error| panic!("{path}: {error}"))
        };
        found.push(Fixture {
            id: id.to_owned(),
            chart: read(&format!("fixtures/patients/{id}.json")),
            expected: read(&format!("fixtures/patients/{name}")),
        });
    }
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found
}

/// What differs between an assessment and an expectation, in words.
fn differences(expected: &Value, actual: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: String, expected: Value, actual: Value| {
        if expected != actual {
            found.push(format!("{what}: expected {expected}, got {actual}"));
        }
    };
    let words = |value: &Value| {
        json!(
            value
                .as_array()
                .into_iter()
                .flatten()
                .map(|v| v.as_str().unwrap())
                .collect::<BTreeSet<_>>()
        )
    };
    let records = |value: &Value| {
        json!(
            value
                .as_array()
                .into_iter()
                .flatten()
                .map(|v| format!(
                    "{} {}",
                    v["reference"].as_str().unwrap(),
                    v["code"].as_str().unwrap()
                ))
                .collect::<BTreeSet<_>>()
        )
    };
    let (want, got) = (&expected["applicability"], &actual["applicability"]);
    compare(
        "status".into(),
        want["status"].clone(),
        got["status"].clone(),
    );
    compare(
        "reasons".into(),
        words(&want["reasons"]),
        words(&got["reasons"]),
    );
    compare(
        "applicability caveats".into(),
        words(&want["caveats"]),
        words(&got["caveats"]),
    );
    compare(
        "applicability setAside".into(),
        records(&want["setAside"]),
        records(&got["setAside"]),
    );
    for name in [
        "ageAtDiagnosis",
        "recurrence",
        "multiSiteMetastasis",
        "fdgUptake",
    ] {
        let (want, got) = (&expected["predictors"][name], &actual["predictors"][name]);
        for member in ["state", "reason", "decisive"] {
            compare(
                format!("{name} {member}"),
                want[member].clone(),
                got[member].clone(),
            );
        }
        for member in ["points", "years"] {
            compare(
                format!("{name} {member}"),
                want[member].clone(),
                got[member].clone(),
            );
        }
        compare(
            format!("{name} caveats"),
            words(&want["caveats"]),
            words(&got["caveats"]),
        );
        compare(
            format!("{name} sites"),
            words(&want["sites"]),
            words(&got["sites"]),
        );
        compare(
            format!("{name} setAside"),
            records(&want["setAside"]),
            records(&got["setAside"]),
        );
        compare(
            format!("{name} hints"),
            records(&want["hints"]),
            records(&got["hints"]),
        );
        // Numbers are compared as numbers.
        let suv = |value: &Value| {
            json!([
                value["suvMax"]["value"].as_f64().map(|v| format!("{v}")),
                value["suvMax"]["comparator"]
            ])
        };
        compare(format!("{name} suvMax"), suv(want), suv(got));
    }
    for member in ["low", "high"] {
        compare(
            format!("score {member}"),
            expected["score"][member].clone(),
            actual["score"][member].clone(),
        );
    }
    compare(
        "classification".into(),
        expected["classification"].clone(),
        actual["classification"].clone(),
    );
    found
}

fn report(failures: &BTreeMap<String, Vec<String>>) -> String {
    failures
        .iter()
        .map(|(id, differences)| format!("{id}\n    {}\n", differences.join("\n    ")))
        .collect()
}

/// The prefetch as a client makes it: templates resolved against the FHIR server, page by page.
fn prefetch(server: &Server, service: &Value, fixture: &Fixture) -> Value {
    let mut prefetch = serde_json::Map::new();
    for (key, template) in service["prefetch"].as_object().unwrap() {
        let query = template
            .as_str()
            .unwrap()
            .replace("{{context.patientId}}", &fixture.id);
        if fixture.expected["prefetch"] == "file" && !query.starts_with("Patient") {
            let name = query.split('?').next().unwrap();
            let entries: Vec<&Value> = fixture.chart["entry"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|entry| entry["resource"]["resourceType"] == name)
                .collect();
            prefetch.insert(
                key.clone(),
                json!({ "resourceType": "Bundle", "type": "searchset", "entry": entries }),
            );
        } else {
            let answer = server.get(&format!("/fhir/{query}"));
            assert_eq!(answer.status, 200, "{query}");
            prefetch.insert(key.clone(), answer.json());
        }
    }
    Value::Object(prefetch)
}

#[test]
fn the_sandbox_gives_the_expected_assessment_for_every_patient() {
    let server = Server::sandbox();
    let services = server.get("/cds-services").json()["services"].clone();
    let service = services
        .as_array()
        .unwrap()
        .iter()
        .find(|service| service["hook"] == "patient-view")
        .unwrap();
    let mut failures = BTreeMap::new();
    for fixture in fixtures()
        .iter()
        .filter(|fixture| fixture.expected["settings"].is_null())
    {
        let answer = server.post(
            "/cds-services/rr-dtc-patient-view",
            &call(&fixture.id, prefetch(&server, service, fixture)),
        );
        assert_eq!(answer.status, 200, "{}: {}", fixture.id, answer.body);
        let body = answer.json();
        let differences = differences(
            &fixture.expected,
            &body["extension"]["org.rrdtc.assessment"],
        );
        let cards = body["cards"].as_array().unwrap().len();
        assert_eq!(
            cards,
            usize::from(fixture.expected["applicability"]["status"] == "applicable"),
            "{}",
            fixture.id
        );
        if !differences.is_empty() {
            failures.insert(fixture.id.clone(), differences);
        }
    }
    assert!(
        failures.is_empty(),
        "{} patients differ\n{}",
        failures.len(),
        report(&failures)
    );
}

#[test]
fn the_command_line_gives_the_same() {
    let mut failures = BTreeMap::new();
    for fixture in fixtures() {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rrdtc"));
        command.args([
            "assess",
            "--as-of",
            AS_OF,
            &format!("fixtures/patients/{}.json", fixture.id),
        ]);
        for (name, value) in fixture.expected["settings"]
            .as_object()
            .into_iter()
            .flatten()
        {
            command.env(
                format!("RRDTC_{}", name.to_uppercase()),
                value.as_str().unwrap(),
            );
        }
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{}: {}",
            fixture.id,
            String::from_utf8_lossy(&output.stderr)
        );
        let differences = differences(
            &fixture.expected,
            &serde_json::from_slice(&output.stdout).unwrap(),
        );
        if !differences.is_empty() {
            failures.insert(fixture.id.clone(), differences);
        }
    }
    assert!(
        failures.is_empty(),
        "{} patients differ\n{}",
        failures.len(),
        report(&failures)
    );
}

/// Every code that an expectation names, in whatever list.
fn codes(expected: &Value, found: &mut BTreeSet<String>) {
    match expected {
        Value::String(text) => {
            found.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| codes(item, found)),
        Value::Object(members) => members
            .iter()
            .filter(|(name, _)| *name != "rule")
            .for_each(|(_, value)| codes(value, found)),
        _ => {}
    }
}

#[test]
fn together_the_patients_show_every_code_class_coding_and_shape() {
    let fixtures = fixtures();
    let mut shown: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for fixture in &fixtures {
        let mut found = BTreeSet::new();
        codes(&fixture.expected, &mut found);
        for code in found {
            shown.entry(code).or_default().push(&fixture.id);
        }
    }
    let mut wanted: Vec<String> = Vec::new();
    wanted.extend(
        NotApplicable::ALL
            .iter()
            .map(|code| code.as_str().to_owned()),
    );
    wanted.extend(
        ApplicabilityCaveat::ALL
            .iter()
            .map(|code| code.as_str().to_owned()),
    );
    wanted.extend(Caveat::ALL.iter().map(|code| code.as_str().to_owned()));
    wanted.extend(Hint::ALL.iter().map(|code| code.as_str().to_owned()));
    wanted.extend(
        SetAsideCode::ALL
            .iter()
            .map(|code| code.as_str().to_owned()),
    );
    wanted.extend(
        [
            "onset-before-birth",
            "age-implausible",
            "no-birth-date",
            "no-diagnosis-date",
            "age-on-the-boundary",
            "reading-contradicts-value",
            "order-not-known",
            "threshold-not-decided",
            "metastasis-after-negative",
            "negative-too-old",
            "operation-not-recorded",
            "site-not-recorded",
            "mediastinum-or-node",
            "not-recorded",
        ]
        .map(str::to_owned),
    );
    wanted.extend(
        [
            "at-or-above-cutoff",
            "below-cutoff",
            "indeterminate",
            "snomed",
            "us",
            "german",
        ]
        .map(str::to_owned),
    );
    wanted.extend(
        (1..=15)
            .map(|n| format!("F{n}"))
            .chain((1..=13).map(|n| format!("N{n}")))
            .chain((1..=9).map(|n| format!("M{n}"))),
    );
    // An incomplete source cannot stand in a patient's file: a request shows it, see below.
    wanted.retain(|code| code != "radioiodine-not-checked");
    let missing: Vec<&String> = wanted
        .iter()
        .filter(|code| !shown.contains_key(*code))
        .collect();
    assert!(missing.is_empty(), "no patient shows {missing:?}");

    assert!(fixtures.len() >= 40, "{} patients", fixtures.len());
    let valid = fixtures
        .iter()
        .filter(|fixture| fixture.expected["valid"] == true)
        .count();
    assert!(valid >= 30, "{valid} charts are marked as valid R4");
    for fixture in &fixtures {
        assert!(
            fixture.id.chars().any(|c| c.is_ascii_alphabetic()),
            "{} holds no letter",
            fixture.id
        );
        assert!(
            fixture.expected["rule"]
                .as_str()
                .is_some_and(|rule| rule.len() > 20),
            "{} cites no rule",
            fixture.id
        );
        let _ = state(&fixture.expected, "fdgUptake");
    }
}

/// Ready hook calls: the file name ends with the status that each gets.
#[test]
fn every_ready_request_gets_the_status_of_its_name() {
    let server = Server::serve(crate::support::settings());
    let mut shown = BTreeSet::new();
    for entry in std::fs::read_dir("fixtures/requests").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let status: u16 = name
            .strip_suffix(".json")
            .unwrap()
            .rsplit('.')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        let call: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let service = format!("/cds-services/rr-dtc-{}", call["hook"].as_str().unwrap());
        let answer = server.post(&service, &call);
        assert_eq!(answer.status, status, "{name}: {}", answer.body);
        codes(
            &answer.json()["extension"]["org.rrdtc.assessment"],
            &mut shown,
        );
    }
    // The two codes that no patient's file can show: they need an incomplete source.
    for code in ["source-incomplete", "radioiodine-not-checked"] {
        assert!(shown.contains(code), "no request shows {code}");
    }
}
