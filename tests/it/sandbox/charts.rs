//! The list of patients and their charts.

use super::{answer, check_page, encode, escaped, page};
use crate::support::Server;
use serde_json::Value;
use std::collections::BTreeSet;

fn patients(server: &Server) -> Vec<Value> {
    let bundle = server.get("/fhir/Patient?_count=1000").json();
    let entries = bundle["entry"].as_array().unwrap();
    entries.iter().map(|e| e["resource"].clone()).collect()
}

#[test]
fn the_list_shows_every_patient_with_what_the_service_finds() {
    let server = Server::sandbox();
    let list = page(&server, "/");
    let patients = patients(&server);
    assert!(patients.len() >= 40);
    assert!(list.contains(&format!("{0} of {0} patients", patients.len())));
    for patient in &patients {
        let id = patient["id"].as_str().unwrap();
        let row = super::between(&list, &format!("href=\"/patients/{id}\""), "</tr>");
        let answer = answer(&server, id);
        let assessment = &answer["extension"]["org.rrdtc.assessment"];
        match assessment["classification"].as_str() {
            Some(class) => {
                assert!(row.contains(&class.replace('-', " ")), "{id}: {row}");
                let (low, high) = (&assessment["score"]["low"], &assessment["score"]["high"]);
                let score = if low == high {
                    low.to_string()
                } else {
                    format!("{low} to {high}")
                };
                assert!(row.contains(&format!(">{score}<")), "{id}: {score} {row}");
            }
            None => assert!(row.contains("not applicable"), "{id}: {row}"),
        }
    }
}

#[test]
fn a_search_finds_by_name_and_id() {
    let server = Server::sandbox();
    for (search, found) in [
        ("carmen", vec!["textbook-fdg-only"]),
        ("CARMEN synth", vec!["textbook-fdg-only"]),
        ("textbook fdg", vec!["textbook-fdg-only"]),
        ("nobody-of-this-name", vec![]),
        ("<script>", vec![]),
    ] {
        let list = page(&server, &format!("/?q={}", encode(search)));
        let rows: Vec<&str> = list
            .match_indices("<th scope=\"row\"><a href=\"/patients/")
            .map(|(at, start)| list[at + start.len()..].split('"').next().unwrap())
            .collect();
        assert_eq!(rows, found, "{search}");
    }
}

#[test]
fn every_chart_shows_its_records_and_its_card() {
    let server = Server::sandbox();
    for patient in patients(&server) {
        let id = patient["id"].as_str().unwrap();
        let chart = page(&server, &format!("/patients/{id}"));
        let name = patient["name"][0]["family"].as_str().unwrap();
        assert!(
            super::between(&chart, "<h1>", "</h1>").contains(name),
            "{id}"
        );

        let mut expected = 0;
        for resource_type in [
            "Condition",
            "Observation",
            "Procedure",
            "MedicationAdministration",
            "MedicationStatement",
            "DiagnosticReport",
        ] {
            let path = format!("/fhir/{resource_type}?patient={id}&_count=1000");
            let found = server.get(&path).json();
            for entry in found["entry"].as_array().into_iter().flatten() {
                expected += 1;
                let record = entry["resource"]["id"].as_str().unwrap_or_default();
                let reference = format!("{resource_type}/{record}");
                assert!(chart.contains(&escaped(&reference)), "{id}: {reference}");
            }
        }
        assert!(expected > 0, "{id}");
        let shown = chart.matches("class=\"plain\">Remove").count();
        assert!(shown >= expected, "{id}: {shown} of {expected}");

        let answer = answer(&server, id);
        match answer["cards"].as_array().unwrap().first() {
            Some(card) => {
                let summary = card["summary"].as_str().unwrap();
                assert!(chart.contains(&escaped(summary)), "{id}: {summary}");
                assert!(chart.contains("<th scope=\"col\">Predictor</th>"), "{id}");
            }
            None => {
                let display = &answer["extension"]["org.rrdtc.assessment"]["display"];
                let reason = display["reason"].as_str().unwrap();
                assert!(chart.contains(&format!("<code>{reason}</code>")), "{id}");
            }
        }
    }
}

#[test]
fn a_record_is_shown_as_the_fhir_server_holds_it() {
    let server = Server::sandbox();
    let chart = page(&server, "/patients/textbook-fdg-only");
    let addresses: BTreeSet<&str> = chart
        .match_indices("/patients/textbook-fdg-only/records/")
        .map(|(at, _)| chart[at..].split(['"', '/']).take(5).last().unwrap())
        .collect();
    assert_eq!(addresses.len(), 8, "seven records and the Patient");
    let mut found = 0;
    for number in addresses {
        let record = page(
            &server,
            &format!("/patients/textbook-fdg-only/records/{number}"),
        );
        let json = super::between(
            &record,
            "aria-labelledby=\"record-title\"><pre tabindex=\"0\">",
            "</pre>",
        );
        let json = json.replace("&#34;", "\"").replace("&#38;", "&");
        let json: Value = serde_json::from_str(&json).unwrap();
        let path = format!(
            "/fhir/{}/{}",
            json["resourceType"].as_str().unwrap(),
            json["id"].as_str().unwrap()
        );
        assert!(record.contains(&format!("href=\"{path}\"")), "{path}");
        assert_eq!(server.get(&path).json(), json);
        found += 1;
    }
    assert_eq!(found, 8);
}

#[test]
fn request_and_response_stand_beside_the_card_as_they_went() {
    let server = Server::sandbox();
    let chart = page(&server, "/patients/textbook-fdg-only");
    let json = |title: &str| -> Value {
        let text = super::between(
            &chart,
            &format!("aria-labelledby=\"{title}\"><pre tabindex=\"0\">"),
            "</pre>",
        );
        let text = text
            .replace("&#34;", "\"")
            .replace("&#39;", "'")
            .replace("&#60;", "<")
            .replace("&#62;", ">")
            .replace("&#38;", "&");
        serde_json::from_str(&text).unwrap()
    };
    let (request, mut response) = (json("request-title"), json("response-title"));
    assert_eq!(request["hook"], "patient-view");
    assert_eq!(request["context"]["patientId"], "textbook-fdg-only");
    // The request sent again gets the same answer, to the uuid of the card.
    let again = server.post(crate::support::SERVICE, &request).json();
    assert_eq!(again["cards"][0]["uuid"], response["cards"][0]["uuid"]);
    for answer in [&mut response, &mut again.clone()] {
        assert_eq!(answer["cards"][0]["detail"], again["cards"][0]["detail"]);
    }
}

#[test]
fn what_is_not_there_is_a_page_that_says_so() {
    let server = Server::sandbox();
    for path in [
        "/patients/nobody",
        "/patients/nobody/records/1",
        "/patients/textbook-fdg-only/records/999999",
        "/patients/textbook-fdg-only/orders/leeches",
        "/elsewhere?server=0&id=x",
    ] {
        let answer = server.get(path);
        assert_eq!(answer.status, 404, "{path}");
        check_page(&answer, path);
    }
}

#[test]
fn files_are_named_by_their_content_and_may_be_kept() {
    let server = Server::sandbox();
    let list = page(&server, "/");
    for (start, content_type) in [
        (
            "<link rel=\"stylesheet\" href=\"",
            "text/css; charset=utf-8",
        ),
        ("<script src=\"", "text/javascript; charset=utf-8"),
    ] {
        let path = super::between(&list, start, "\"");
        let file = server.get(path);
        assert_eq!(file.status, 200);
        assert_eq!(file.header("content-type"), Some(content_type));
        assert!(file.header("cache-control").unwrap().contains("immutable"));
        assert!(!file.body.contains("http:") && !file.body.contains("https:"));
    }
    let old = server.once("GET", "/assets/sandbox-000000000000.css", &[], None);
    assert_eq!(old.status, 404);
}
