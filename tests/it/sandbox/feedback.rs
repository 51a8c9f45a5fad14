//! Accepting and dismissing: applied to the chart, told to the service, counted in the report.

use super::{between, check_page, form, page};
use crate::support::Server;
use serde_json::json;

const OPEN_PATIENT: &str = "bone-and-marrow-assumed-no-recurrence";

/// The form of the suggestion with this label: address and id.
fn suggestion(chart: &str, label: &str) -> (String, String) {
    let (before, _) = chart
        .split_once(&format!("<button type=\"submit\">{label}"))
        .unwrap_or_else(|| panic!("no {label}"));
    let form = &before[before.rfind("<form").unwrap()..];
    (
        between(form, "action=\"", "\"").to_owned(),
        between(form, "name=\"suggestion\" value=\"", "\"").to_owned(),
    )
}

fn dismissal(chart: &str) -> String {
    let dismiss = between(chart, "<details class=\"dismiss\">", "</details>");
    between(dismiss, "action=\"", "\"").to_owned()
}

#[test]
fn an_accepted_suggestion_changes_the_chart_and_is_reported() {
    let server = Server::sandbox();
    let chart = page(&server, &format!("/patients/{OPEN_PATIENT}"));
    // Positive sites and an open recurrence: PET would not decide here, the assessment can be recorded.
    let (path, id) = suggestion(&chart, "Record this assessment");
    let accepted = form(&server, &path, &[("suggestion", &id)]);
    assert_eq!(accepted.status, 303, "{}", accepted.body);
    let chart = page(&server, accepted.header("location").unwrap());
    assert!(chart.contains("<strong>Accepted:</strong> Record this assessment"));
    assert!(chart.contains("role=\"status\""));

    let found = server.get(&format!("/fhir/RiskAssessment?patient={OPEN_PATIENT}"));
    let recorded = &found.json()["entry"][0]["resource"];
    assert_eq!(recorded["status"], "preliminary");
    assert!(!recorded["id"].as_str().unwrap().is_empty());

    let report = page(&server, "/feedback");
    let row = between(
        &report,
        "<th scope=\"row\">rr-dtc-patient-view</th>",
        "</tr>",
    );
    let numbers: Vec<&str> = row
        .match_indices("<td class=\"number\">")
        .map(|(at, tag)| row[at + tag.len()..].split('<').next().unwrap())
        .collect();
    assert_eq!(&numbers[1..], ["1", "0"], "{row}");
    let latest = between(&report, "id=\"latest\"", "</section>");
    assert!(
        latest.contains("<td>accepted</td><td><bdi>Record this assessment</bdi></td>"),
        "{latest}"
    );
}

#[test]
fn a_draft_pet_request_can_be_accepted_where_pet_decides() {
    let server = Server::sandbox();
    let patient = "/patients/history-code-with-metastases";
    form(&server, &format!("{patient}/reset"), &[]);
    let chart = page(&server, "/patients/textbook-fdg-only");
    let pet = between(&chart, "id=\"pet\"", "</section>");
    let remove = between(pet, "<form method=\"post\" action=\"", "\"");
    form(&server, remove, &[]);
    let chart = page(&server, "/patients/textbook-fdg-only");
    let (path, id) = suggestion(&chart, "Draft an FDG PET/CT request for review");
    let accepted = form(&server, &path, &[("suggestion", &id)]);
    let chart = page(&server, accepted.header("location").unwrap());
    let orders = between(&chart, "id=\"orders\"", "</section>");
    assert!(
        orders.contains("18F-FDG PET/CT") && orders.contains("draft"),
        "{orders}"
    );
}

#[test]
fn a_dismissed_card_stays_away_until_the_result_changes() {
    let server = Server::sandbox();
    let patient = "/patients/textbook-fdg-only";
    let chart = page(&server, patient);
    let path = dismissal(&chart);
    let fields = [("reason", "0"), ("comment", "<b>seen</b> in the board")];
    let dismissed = form(&server, &path, &fields);
    assert_eq!(dismissed.status, 303, "{}", dismissed.body);
    let chart = page(&server, dismissed.header("location").unwrap());
    assert!(chart.contains("Already discussed (&#60;b&#62;seen&#60;/b&#62; in the board)"));
    assert!(!chart.contains("<details class=\"dismiss\">"));

    let report = page(&server, "/feedback");
    let latest = between(&report, "id=\"latest\"", "</section>");
    for part in [
        "overridden",
        "Already discussed",
        "&#60;b&#62;seen&#60;/b&#62; in the board",
    ] {
        assert!(latest.contains(part), "{part}: {latest}");
    }
    let reasons = between(&report, "id=\"reasons\"", "</section>");
    assert!(reasons.contains("already-discussed"), "{reasons}");

    // It comes back with another result, and by hand.
    form(
        &server,
        &format!("{patient}/add/recurrence"),
        &[("date", "2026-11-01")],
    );
    assert!(page(&server, patient).contains("<details class=\"dismiss\">"));
    form(&server, &dismissal(&page(&server, patient)), &[]);
    assert!(page(&server, patient).contains("no reason given"));
    form(&server, &format!("{patient}/reopen"), &[]);
    assert!(page(&server, patient).contains("<details class=\"dismiss\">"));
}

#[test]
fn a_card_of_an_order_is_answered_on_its_page() {
    let server = Server::sandbox();
    let address = "/patients/textbook-fdg-only/orders/radioiodine/sign";
    let order = page(&server, address);
    let dismissed = form(&server, &dismissal(&order), &[("reason", "1")]);
    assert_eq!(
        dismissed.header("location").unwrap(),
        format!("{address}?done=overridden")
    );
    assert!(page(&server, address).contains("class=\"card dismissed\""));
    // The chart's own card is another one.
    assert!(page(&server, "/patients/textbook-fdg-only").contains("<details class=\"dismiss\">"));
    assert!(page(&server, "/feedback").contains("<td>order-sign</td>"));
}

#[test]
fn what_cannot_be_answered_is_told() {
    let server = Server::sandbox();
    let chart = page(&server, "/patients/textbook-fdg-only");
    let (path, _) = suggestion(&chart, "Record this assessment");
    let unknown = "/cards/00000000-0000-4000-8000-000000000000";
    for (path, status) in [
        (path, 400),
        (format!("{unknown}/accept"), 404),
        (format!("{unknown}/override"), 404),
    ] {
        let answer = form(&server, &path, &[("suggestion", "x")]);
        assert_eq!(answer.status, status, "{path}");
        check_page(&answer, &path);
    }
    let found = server.get("/fhir/RiskAssessment?patient=textbook-fdg-only");
    assert_eq!(found.json()["total"], 0);
}

#[test]
fn feedback_that_comes_over_http_is_in_the_report_too() {
    let server = Server::sandbox();
    let card = "9368d37b-283f-44a0-93ea-547cebab93ed";
    // As the official sandbox sends it.
    let body = json!({ "feedback": [{
        "card": card, "outcome": "overridden",
        "overrideReason": { "reason": { "code": "own-reason", "system": "https://ehr.example.org/reasons" } },
        "outcomeTimestamp": "2026-11-20T12:00:00.000Z",
    }] });
    let taken = server.post("/cds-services/rr-dtc-patient-view/feedback", &body);
    assert_eq!(taken.status, 200);
    let report = page(&server, "/feedback");
    assert!(report.contains(card) && report.contains("own-reason"));
}
