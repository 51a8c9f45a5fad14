//! Whatever a body within the limit holds, the answer is a status, never a panic.

use crate::support::*;
use serde_json::{Value, json};
use std::io::Write;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn gzip_is_read_and_the_limit_counts_what_comes_out_of_it() {
    let mut small = settings();
    small.max_body_bytes = 100_000;
    let server = Server::serve(small);
    let body = Chart::basic().call().to_string();
    let answer = server.send(
        "POST",
        SERVICE,
        &[JSON, ("content-encoding", "gzip")],
        Some(gzip(body.as_bytes())),
    );
    assert_eq!(answer.status, 200, "{}", answer.body);

    let bomb = gzip(&vec![b' '; 50_000_000]);
    assert!(bomb.len() < 400_000);
    let mut padded = body.clone();
    padded.push_str(&" ".repeat(200_000));
    for (headers, body) in [
        (
            vec![JSON, ("content-encoding", "gzip")],
            gzip(padded.as_bytes()),
        ),
        (vec![JSON], padded.into_bytes()),
    ] {
        let answer = server.send("POST", SERVICE, &headers, Some(body));
        assert_eq!(answer.status, 413, "{}", answer.body);
        assert!(answer.body.contains("100000 bytes"), "{}", answer.body);
    }
    let status = server
        .send(
            "POST",
            SERVICE,
            &[JSON, ("content-encoding", "gzip")],
            Some(bomb),
        )
        .status;
    assert_eq!(status, 413);
}

#[test]
fn nesting_beyond_the_limit_is_400_wherever_it_stands() {
    let server = Server::serve(settings());
    for depth in [130, 100_000] {
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        for body in [
            deep.clone(),
            format!(r#"{{"hook":"patient-view","extension":{deep}}}"#),
            Chart::basic().call().to_string().replacen(
                "\"birthDate\"",
                &format!("\"x\":{deep},\"birthDate\""),
                1,
            ),
        ] {
            let answer = server.send("POST", SERVICE, &[JSON], Some(body.into_bytes()));
            assert_eq!(answer.status, 400, "{}", answer.body);
        }
    }
}

#[test]
fn malformed_records_cost_only_themselves() {
    // Each stands beside a positive PET and a chart that stays applicable.
    let broken = [
        r#"{"resourceType":"Observation","id":"b","status":"final","subject":{"reference":"Patient/p-1"},"code":{"text":"FDG SUVmax"},"valueQuantity":{"value":1e400}}"#,
        r#"{"resourceType":"Observation","id":"b","status":"final","subject":{"reference":"Patient/p-1"},"code":{"text":"FDG SUVmax"},"valueInteger":99999999999}"#,
        r#"{"resourceType":"Observation","id":"b","status":"final","status":"amended","code":{"text":"FDG SUVmax"},"subject":{"reference":"Patient/p-1"}}"#,
        r#"{"resourceType":"Observation","id":"b","code":{"text":"SUV\ud800max FDG"},"subject":{"reference":"Patient/p-1"}}"#,
        r#"{"resourceType":"Observation","id":"b","status":"final","code":{"text":"FDG \u0000 SUVmax"},"subject":{"reference":"Patient/p-1"},"valueQuantity":{"value":-3}}"#,
        r#"{"resourceType":"Observation","id":"b","status":["final"],"code":"FDG","subject":{"reference":"Patient/p-1"}}"#,
        r#"{"resourceType":"Observation","id":"b","status":"final","code":{"coding":{"system":"http://loinc.org","code":"81555-5"}},"subject":{"reference":"Patient/p-1"},"valueString":"a","valueInteger":4}"#,
        r#"{"resourceType":"Observation","id":7,"code":{"text":"FDG SUVmax"},"subject":"Patient/p-1"}"#,
        r#"{"resourceType":"Condition","id":"b","code":[],"subject":{"reference":"Patient/p-1"}}"#,
        r#"{"resourceType":"Condition","id":"b","code":{"coding":[{"system":5}]},"subject":{"reference":"Patient/p-1"}}"#,
        r#"{"resourceType":"Procedure","id":"b","status":null,"code":{"text":"radioiodine"},"subject":{"reference":"Patient/p-1"}}"#,
        r#"{"resourceType":"MedicationAdministration","id":"b","medicationReference":{"reference":"Medication/none"},"subject":{"reference":"Patient/p-1"}}"#,
        r#"{"resourceType":"DiagnosticReport","id":"b","status":"final","code":{"text":"FDG PET"},"subject":{"reference":"Patient/p-1"},"effectiveDateTime":"soon"}"#,
        r#"{"fullUrl":3}"#,
        r#"{"resourceType":42}"#,
        r#""text""#,
        r#"[[[]]]"#,
        r#"null"#,
    ];
    let good = Chart::basic().with(lesion("pet", 6.1, "2026-10-05"));
    for record in broken {
        for key in [
            "conditions",
            "observations",
            "procedures",
            "medicationAdministrations",
            "diagnosticReports",
        ] {
            let call = good.call();
            let mut text = call.to_string();
            let entries = call["prefetch"][key]["entry"].to_string();
            let with = format!(
                "{},{{\"resource\":{record}}}]",
                &entries[..entries.len() - 1]
            )
            .replace("[,", "[");
            text = text.replacen(
                &format!("\"entry\":{entries}"),
                &format!("\"entry\":{with}"),
                1,
            );
            let result = rrdtc::server::answer::handle(
                text.as_bytes(),
                "rr-dtc-patient-view",
                &KNOWLEDGE,
                &settings().advice,
                clock().now(),
            );
            match result {
                Ok(bytes) => {
                    let answer: Value = serde_json::from_slice(&bytes).unwrap();
                    let assessment = &answer["extension"]["org.rrdtc.assessment"];
                    assert_eq!(
                        assessment["predictors"]["ageAtDiagnosis"]["state"], "present",
                        "{key} {record}: {assessment}"
                    );
                    assert_ne!(
                        assessment["predictors"]["fdgUptake"]["state"], "absent",
                        "{key} {record}"
                    );
                }
                // Conditions must be complete: an entry that is nothing at all is 412 there.
                Err(problem) => assert_eq!(
                    (problem.status.as_u16(), key),
                    (412, "conditions"),
                    "{record}: {problem:?}"
                ),
            }
        }
    }
}

#[test]
fn a_hundred_thousand_entries_are_answered() {
    let entry = json!({ "resource": { "resourceType": "Observation", "id": "x", "subject": { "reference": "Patient/p-1" }, "code": { "text": "Hb" } } });
    let mut call = Chart::basic().call();
    call["prefetch"]["observations"] =
        json!({ "resourceType": "Bundle", "entry": vec![entry; 100_000] });
    assert_eq!(answer(&call)["cards"].as_array().unwrap().len(), 1);
}

#[test]
fn an_error_says_nothing_of_the_patient() {
    let server = Server::serve(settings());
    let mut call = Chart::basic().call();
    call["context"]["patientId"] = json!("SENTINEL-patient");
    call["prefetch"]["patient"]["name"] = json!([{ "family": "SENTINEL-name" }]);
    call["fhirAuthorization"] = json!("SENTINEL-token");
    for call in [call.clone(), {
        call.as_object_mut().unwrap().remove("fhirAuthorization");
        call
    }] {
        let answer = server.post(SERVICE, &call);
        assert!(answer.status >= 400, "{}", answer.status);
        assert!(!answer.body.contains("SENTINEL"), "{}", answer.body);
    }
}

/// Each member of a panel once read the whole panel again.
#[test]
fn a_panel_of_many_members_and_a_chain_of_panels_are_answered() {
    let member = |i: usize| {
        json!({ "resourceType": "Observation", "id": format!("o{i}"), "status": "final",
            "code": { "text": "SUVmax" }, "valueQuantity": { "value": 1.5 } })
    };
    let count = 5_000;
    let references: Vec<Value> = (0..count)
        .map(|i| json!({ "reference": format!("Observation/o{i}") }))
        .collect();
    let panel = json!({ "resourceType": "Observation", "id": "panel", "status": "final", "subject": { "reference": "Patient/p-1" },
        "effectiveDateTime": "2026-10-05", "code": { "text": "FDG PET lesions" }, "hasMember": references });
    let mut star = Chart::basic().with(panel);
    star.records.extend((0..count).map(member));
    assert_eq!(star.state("fdgUptake"), "absent");

    let mut chain = Chart::basic();
    chain.records.extend((0..count).map(|i| {
        json!({ "resourceType": "Observation", "id": format!("o{i}"), "status": "final", "code": { "text": "FDG" },
            "hasMember": [{ "reference": format!("Observation/o{}", (i + 1) % count) }] })
    }));
    assert!(chain.state("fdgUptake").starts_with("unknown"));
}
