//! The box to paste a Bundle into.

use super::{check_page, class, form, page};
use crate::support::{Answer, Chart, Server};
use serde_json::{Value, json};

fn paste(server: &Server, text: &str) -> Answer {
    form(server, "/paste", &[("bundle", text)])
}

fn bundle(chart: &Chart) -> Value {
    let resources = std::iter::once(&chart.patient).chain(&chart.records);
    let entries: Vec<Value> = resources.map(|r| json!({ "resource": r })).collect();
    json!({ "resourceType": "Bundle", "type": "collection", "entry": entries })
}

#[test]
fn a_pasted_patient_is_in_the_list_and_has_a_card() {
    let server = Server::sandbox();
    page(&server, "/paste");
    let taken = paste(&server, &bundle(&Chart::basic()).to_string());
    assert_eq!(taken.status, 303, "{}", taken.body);
    let list = page(&server, taken.header("location").unwrap());
    let first = list.find("href=\"/patients/p-1\"").unwrap();
    assert!(first < list.find("href=\"/patients/textbook").unwrap());
    assert_eq!(class(&server, "p-1"), "indeterminate");
    let chart = page(&server, "/patients/p-1");
    assert!(chart.contains("RR-DTC score"));
    assert_eq!(server.get("/fhir/Condition?patient=p-1").json()["total"], 2);
    // What is edited can be put back.
    form(
        &server,
        "/patients/p-1/add/recurrence",
        &[("date", "2026-11-01")],
    );
    assert_eq!(server.get("/fhir/Condition?patient=p-1").json()["total"], 3);
    form(&server, "/patients/p-1/reset", &[]);
    assert_eq!(server.get("/fhir/Condition?patient=p-1").json()["total"], 2);
}

#[test]
fn references_within_a_transaction_are_resolved() {
    let server = Server::sandbox();
    let url = "urn:uuid:0c5e1f5e-6a55-4d3e-9d3b-4a2b2a1f0001";
    let chart = bundle(&Chart::basic())
        .to_string()
        .replace("Patient/p-1", url);
    let mut chart: Value = serde_json::from_str(&chart).unwrap();
    chart["type"] = "transaction".into();
    chart["entry"][0]["fullUrl"] = url.into();
    assert_eq!(paste(&server, &chart.to_string()).status, 303);
    assert_eq!(class(&server, "p-1"), "indeterminate");
}

#[test]
fn lines_of_resources_are_taken() {
    let server = Server::sandbox();
    let chart = Chart::basic();
    let lines: Vec<String> = std::iter::once(&chart.patient)
        .chain(&chart.records)
        .map(Value::to_string)
        .collect();
    assert_eq!(paste(&server, &lines.join("\n")).status, 303);
    assert_eq!(class(&server, "p-1"), "indeterminate");
}

#[test]
fn what_is_wrong_with_a_text_is_told() {
    let server = Server::sandbox();
    let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
    let patient = |id: &str| json!({ "resourceType": "Patient", "id": id });
    let two = |a: Value, b: Value| {
        json!({ "resourceType": "Bundle", "entry": [{ "resource": a }, { "resource": b }] })
            .to_string()
    };
    for (text, told) in [
        ("", "nothing in the box"),
        (
            "hello",
            "This is not JSON: expected value at line 1 column 1",
        ),
        (
            "{\"resourceType\": \"Bundle\",\n \"entry\": [}",
            "line 2 column 12",
        ),
        (&deep, "nests deeper"),
        ("[1,2]", "neither a FHIR Bundle nor a FHIR resource"),
        (
            "{\"resourceType\":\"Bundle\",\"entry\":[]}",
            "no Patient in it",
        ),
        ("{\"resourceType\":\"Patient\"}", "Patient 1 has no id"),
        (
            &patient("textbook-fdg-only").to_string(),
            "an id that a patient of the sandbox has",
        ),
        (
            &two(patient("a"), patient("a")),
            "Patient 2 has the id of an earlier one",
        ),
        (
            &two(patient("a"), json!({ "resourceType": "Patient" })),
            "Patient 2 has no id",
        ),
    ] {
        let answer = paste(&server, text);
        assert_eq!(answer.status, 400, "{text}");
        check_page(&answer, text);
        assert!(answer.body.contains("role=\"alert\""), "{text}");
        assert!(answer.body.contains(told), "{told}: {}", answer.body);
    }
    assert_eq!(server.get("/fhir/Patient/a").status, 404, "all or nothing");
    // What was typed is still in the box.
    assert!(
        paste(&server, "{\"a\": <>")
            .body
            .contains("{&#34;a&#34;: &#60;&#62;</textarea>")
    );
}

#[test]
fn too_much_is_refused_and_said() {
    let server = Server::sandbox();
    let large = |bytes: usize| {
        json!({ "resourceType": "Patient", "id": "large", "text": "x".repeat(bytes) }).to_string()
    };
    for bytes in [2 << 20, 7 << 20] {
        let answer = paste(&server, &large(bytes));
        assert_eq!(answer.status, 413, "{bytes}");
        check_page(&answer, "large");
        assert!(answer.body.contains("larger than 2 MB"));
    }
    let many: String = (0..5_001)
        .map(|n| format!("{{\"resourceType\":\"Patient\",\"id\":\"m{n}\"}}\n"))
        .collect();
    assert!(
        paste(&server, &many)
            .body
            .contains("More than 5000 resources")
    );
    let patients: String = many.lines().take(100).collect();
    assert_eq!(paste(&server, &patients).status, 303);
    let one_more = paste(
        &server,
        "{\"resourceType\":\"Patient\",\"id\":\"one-more\"}",
    );
    assert_eq!(one_more.status, 400);
    assert!(one_more.body.contains("at most 100 pasted patients"));
}
