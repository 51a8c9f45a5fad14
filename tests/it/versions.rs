//! One mapping reads R4, R4B and R5: the same patient gives the same assessment in each, and a chart that is not in the release
//! that was said never looks empty.

pub(crate) mod rows;

use crate::support::{AS_OF, Chart, KNOWLEDGE, has_code, lesion, reading, settings};
use rows::{Row, r5, record, rows, snomed};
use rrdtc::cds_hooks::display::DisplayReason;
use rrdtc::cds_hooks::response::assessment;
use rrdtc::chart::Release;
use rrdtc::chart::input::{Prefetched, Resources, from_prefetch};
use rrdtc::server::answer::day;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

const RELEASES: [Release; 3] = [Release::R4, Release::R4B, Release::R5];
const PREDICTORS: [&str; 4] = [
    "ageAtDiagnosis",
    "recurrence",
    "multiSiteMetastasis",
    "fdgUptake",
];

/// The assessment of the first patient of a chart that is said to be written in a release.
fn assess(resources: &[Value], release: Release) -> Value {
    let raw: Vec<Box<RawValue>> = resources
        .iter()
        .map(|resource| serde_json::value::to_raw_value(resource).unwrap())
        .collect();
    let mut chart = Resources::written_in(release);
    assert!(raw.iter().all(|resource| chart.add(resource)));
    let patient = chart.patients().next().unwrap().to_owned();
    of_input(chart.of(&patient).unwrap())
}

fn of_input(input: rrdtc::chart::Input<'_>) -> Value {
    let chart = rrdtc::chart::read(input, &KNOWLEDGE.terminology).unwrap();
    let today = day(AS_OF.parse().unwrap());
    let result = rrdtc::domain::assessment::assess(
        chart.facts,
        &KNOWLEDGE.model,
        settings().advice.rules,
        today,
    );
    assessment(&result, &KNOWLEDGE.model, AS_OF, DisplayReason::Shown).value()
}

fn resources(chart: &Chart) -> Vec<Value> {
    let mut all = vec![chart.patient.clone()];
    all.extend(chart.records.iter().cloned());
    all
}

/// A chart that every row changes.
fn around(records: &[Value]) -> Vec<Value> {
    let mut all = resources(&Chart::basic().with(lesion("pet", 6.1, "2026-10-05")));
    // Written so that both releases read it: without a date the operation is the same in each.
    all.iter_mut()
        .filter(|resource| resource["resourceType"] == "Procedure")
        .for_each(|resource| {
            resource
                .as_object_mut()
                .unwrap()
                .remove("performedDateTime");
        });
    all.extend(records.iter().cloned());
    all
}

#[test]
fn every_rename_is_read_as_its_r4_name() {
    let without = assess(&around(&[]), Release::R4)["resultId"].clone();
    for Row { what, r4, r5 } in rows() {
        let expected = assess(&around(&r4), Release::R4);
        assert_ne!(
            expected["resultId"], without,
            "{what}: the record decides nothing, so the row shows nothing"
        );
        let read = assess(&around(&r5), Release::R5);
        assert_eq!(read, expected, "{what}");
        assert_eq!(assess(&around(&r4), Release::R4B), expected, "{what}");
    }
}

/// States and caveats that a chart must not lose by being read as another release.
fn says_less(read: &Value, right: &Value) -> Option<String> {
    let reasons =
        |assessment: &Value, code: &str| has_code(&assessment["applicability"]["reasons"], code);
    let caveat =
        |assessment: &Value, code: &str| has_code(&assessment["applicability"]["caveats"], code);
    let given = "radioiodine-already-given";
    let uncertain = "radioiodine-uncertain";
    if (reasons(right, given) || caveat(right, uncertain))
        && !(reasons(read, given) || caveat(read, uncertain))
    {
        return Some("radioiodine is gone".into());
    }
    if right["predictors"].is_null() {
        return None;
    }
    PREDICTORS
        .iter()
        .find(|predictor| {
            let state =
                |assessment: &Value| assessment["predictors"][**predictor]["state"] == "absent";
            state(read) && !state(right)
        })
        .map(|predictor| format!("{predictor} became absent"))
}

#[test]
fn a_chart_of_another_release_than_was_said_never_looks_empty() {
    for Row { what, r4, r5 } in rows() {
        // Orders count for nothing in any release.
        if what.contains("Request") {
            continue;
        }
        let right = assess(&around(&r4), Release::R4);
        for (records, said) in [(&r5, Release::R4), (&r5, Release::R4B), (&r4, Release::R5)] {
            let read = assess(&around(records), said);
            assert_eq!(says_less(&read, &right), None, "{what} as {said}: {read}");
            let listed = read["applicability"]["setAside"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|aside| {
                    aside["reference"].as_str().unwrap().ends_with("/m")
                        && aside["code"] == "unreadable"
                });
            assert!(listed, "{what} as {said}: {}", read["applicability"]);
        }
    }
}

#[test]
fn an_administration_that_does_not_say_of_what_is_uncertain() {
    let nothing = json!({ "extension": [{ "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked" }] });
    let unnamed = json!({ "resourceType": "Medication", "id": "capsule", "ingredient": [{ "itemReference": { "reference": "Substance/x" } }] });
    for (status, members, uncertain) in [
        ("completed", json!({}), true),
        (
            "completed",
            json!({ "medicationCodeableConcept": {} }),
            true,
        ),
        (
            "completed",
            json!({ "medicationCodeableConcept": nothing }),
            true,
        ),
        (
            "completed",
            json!({ "medicationCodeableConcept": { "text": "" } }),
            true,
        ),
        (
            "completed",
            json!({ "medicationReference": { "reference": "#capsule" }, "contained": [unnamed] }),
            true,
        ),
        ("not-done", json!({}), false),
        ("entered-in-error", json!({}), false),
        (
            "completed",
            json!({ "medicationCodeableConcept": { "text": "paracetamol" } }),
            false,
        ),
        (
            "completed",
            json!({ "medicationCodeableConcept": { "coding": [{ "system": "urn:local", "code": "P1" }] } }),
            false,
        ),
    ] {
        let record = record("MedicationAdministration", "m", status, members);
        for release in [Release::R4, Release::R4B] {
            let read = assess(&around(std::slice::from_ref(&record)), release);
            assert_eq!(
                has_code(&read["applicability"]["caveats"], "radioiodine-uncertain"),
                uncertain,
                "{record}: {}",
                read["applicability"]
            );
        }
    }
}

#[test]
fn a_medication_of_r5_may_have_a_concept_beside_its_reference() {
    let given = |concept: Value| {
        let medication =
            json!({ "concept": concept, "reference": { "reference": "Medication/elsewhere" } });
        let dosage = json!({ "dose": { "value": 3.7, "unit": "GBq" } });
        let record = record(
            "MedicationAdministration",
            "m",
            "completed",
            json!({ "medication": medication, "dosage": dosage }),
        );
        assess(&around(&[record]), Release::R5)["applicability"].clone()
    };
    let iodine = given(snomed("111160004"));
    assert!(has_code(&iodine["reasons"], "radioiodine-already-given"));
    let named = given(json!({ "text": "paracetamol" }));
    assert!(!has_code(&named["caveats"], "radioiodine-uncertain"));
    let unnamed = given(json!({}));
    assert!(has_code(&unnamed["caveats"], "radioiodine-uncertain"));
}

fn fixtures() -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("fixtures/patients").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.ends_with(".expected.json") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((name, serde_json::from_str(&text).unwrap()));
        }
    }
    assert!(found.len() > 30);
    found
}

#[test]
fn every_synthetic_patient_is_the_same_in_each_release() {
    for (name, chart) in fixtures() {
        let expected = assess(std::slice::from_ref(&chart), Release::R4);
        let r4b = assess(std::slice::from_ref(&chart), Release::R4B);
        assert_eq!(r4b, expected, "{name} as R4B");
        let written = r5(&chart);
        assert_eq!(
            assess(std::slice::from_ref(&written), Release::R5),
            expected,
            "{name} as R5"
        );
        for (chart, said) in [(&written, Release::R4), (&chart, Release::R5)] {
            let read = assess(std::slice::from_ref(chart), said);
            assert_eq!(
                says_less(&read, &expected),
                None,
                "{name} said to be {said}"
            );
        }
    }
}

#[test]
fn prefetch_is_read_in_the_release_of_its_server() {
    let chart = Chart::basic().with(reading("pet", "260385009", "2026-10-05"));
    let prefetch = |prefetch: &Value, release| {
        let raw: Vec<(String, Box<RawValue>)> = prefetch
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| (key.clone(), serde_json::value::to_raw_value(value).unwrap()))
            .collect();
        let keys: Vec<Prefetched<'_>> = raw
            .iter()
            .map(|(key, json)| {
                let resource_type = match key.as_str() {
                    "patient" => "Patient",
                    "conditions" => "Condition",
                    "observations" => "Observation",
                    "procedures" => "Procedure",
                    "medicationAdministrations" => "MedicationAdministration",
                    _ => "DiagnosticReport",
                };
                Prefetched::new(key, resource_type, Some(rrdtc::fhir::bundle::split(json)))
            })
            .collect();
        of_input(from_prefetch("p-1", keys, release).unwrap())["resultId"].clone()
    };
    let mut written = chart.prefetch();
    for value in written.as_object_mut().unwrap().values_mut() {
        *value = r5(value);
    }
    let expected = prefetch(&chart.prefetch(), Release::R4);
    assert_eq!(expected, chart.assess()["resultId"]);
    assert_eq!(prefetch(&written, Release::R5), expected);
    assert_ne!(prefetch(&written, Release::R4), expected);
}

fn rrdtc(arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_rrdtc"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A refused option ends the program before it reads.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn the_command_line_is_told_the_release() {
    let given = rows().remove(5).r4;
    let chart = around(&given);
    let lines = |chart: &[Value]| -> String {
        chart
            .iter()
            .map(|resource| format!("{resource}\n"))
            .collect()
    };
    let written: Vec<Value> = chart.iter().map(r5).collect();
    let expected = assess(&chart, Release::R4);
    for (input, options) in [
        (&chart, vec![]),
        (&chart, vec!["--fhir-version", "R4"]),
        (&chart, vec!["--fhir-version", "R4B"]),
        (&written, vec!["--fhir-version", "R5"]),
        (&written, vec!["--fhir-version", "5.0.0"]),
    ] {
        let mut arguments = vec!["assess", "--json", "--as-of", AS_OF];
        arguments.extend(&options);
        arguments.push("-");
        let (code, out, error) = rrdtc(&arguments, &lines(input));
        assert_eq!(code, Some(0), "{options:?}: {error}");
        let printed: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(printed["resultId"], expected["resultId"], "{options:?}");
    }
    let coverage = |input: &[Value], release: &str| {
        let arguments = ["check", "--json", "--fhir-version", release, "-"];
        let (_, out, _) = rrdtc(&arguments, &lines(input));
        serde_json::from_str::<Value>(&out).unwrap()["coverage"].clone()
    };
    assert_eq!(coverage(&written, "R5"), coverage(&chart, "R4"));
    for (release, message) in [("STU3", "STU3"), ("1.0.2", "DSTU2"), ("R6", "R5")] {
        for command in ["assess", "check"] {
            let (code, _, error) = rrdtc(&[command, "--fhir-version", release, "-"], "");
            assert_eq!(code, Some(2), "{command} {release}: {error}");
            assert!(error.contains(message), "{command} {release}: {error}");
        }
    }
}

#[test]
fn versions_are_known_or_refused_by_name() {
    for (version, expected) in [
        ("4.0.1", Ok(Release::R4)),
        ("4.0.0", Ok(Release::R4)),
        ("4.0", Ok(Release::R4)),
        ("4.3.0", Ok(Release::R4B)),
        ("5.0.0", Ok(Release::R5)),
        (" 5.0.0 ", Ok(Release::R5)),
        ("1.0.2", Err("DSTU2")),
        ("3.0.2", Err("STU3")),
        ("3.0.1", Err("STU3")),
        ("4.1.0", Err("no published")),
        ("4.6.0", Err("no published")),
        ("5.0.0-ballot", Err("no published")),
        ("6.0.0", Err("no published")),
        ("4.0.1.2", Err("no published")),
        ("4.0.", Err("no published")),
        ("4", Err("no published")),
        ("", Err("no published")),
    ] {
        match (Release::from_version(version), expected) {
            (Ok(release), Ok(expected)) => assert_eq!(release, expected, "{version}"),
            (Err(error), Err(part)) => {
                let said = error.to_string();
                assert!(
                    said.contains(part) && said.contains("R4B"),
                    "{version}: {said}"
                );
            }
            (found, _) => panic!("{version}: {found:?}"),
        }
    }
    for release in RELEASES {
        assert_eq!(release.to_string().parse(), Ok(release));
        assert_eq!(release.to_string().to_lowercase().parse(), Ok(release));
    }
    assert_eq!(Release::default(), Release::R4);
}
