//! Names, ids and texts that would like to be more than text.

use super::{check_page, encode, form, page};
use crate::support::{Chart, Server};
use serde_json::{Value, json};

pub const SCRIPT: &str = "<script>alert(1)</script>\"'>";
pub const LINK: &str = "[click](javascript:alert(1)) <img src=x onerror=alert(1)>";
pub const TURNED: &str = "\u{202e}drawkcab\u{2066}";

/// A patient whose every text is hostile.
pub fn hostile(id: &str, text: &str) -> String {
    let subject = json!({ "reference": format!("Patient/{id}") });
    let mut chart = Chart::basic();
    for record in &mut chart.records {
        record["subject"] = subject.clone();
        record["code"]["text"] = text.into();
        record["code"]["coding"][0]["display"] = text.into();
        record["note"] = json!([{ "text": text }]);
        record["clinicalStatus"] = json!({ "coding": [{ "code": text }] });
    }
    let records: Vec<Value> = chart
        .records
        .into_iter()
        .chain([
            json!({
                "resourceType": "Observation", "id": text, "status": text, "subject": subject, "effectiveDateTime": text,
                "code": { "text": text }, "valueString": text, "bodySite": { "text": text },
            }),
            json!({
                "resourceType": "DiagnosticReport", "status": "final", "subject": subject, "code": { "text": text },
                "conclusion": text,
            }),
            json!({ "resourceType": text, "id": text, "subject": subject }),
        ])
        .collect();
    let patient = json!({
        "resourceType": "Patient", "id": id, "name": [{ "family": text, "given": [text] }], "gender": text,
        "birthDate": "1970-03-01", "deceasedDateTime": null,
    });
    let entries: Vec<Value> = std::iter::once(patient)
        .chain(records)
        .map(|resource| json!({ "resource": resource }))
        .collect();
    json!({ "resourceType": "Bundle", "entry": entries }).to_string()
}

#[test]
fn hostile_texts_come_out_inert_on_every_page() {
    let server = Server::sandbox();
    let long = "x".repeat(10_000);
    for (index, text) in [
        SCRIPT,
        LINK,
        TURNED,
        long.as_str(),
        "{{ 7*7 }}",
        "../../x?a=b#c",
    ]
    .into_iter()
    .enumerate()
    {
        // The id is hostile too, as far as a reference can name it.
        let id = format!("hostile-{index}{}", text.replace('/', "%2F"));
        let taken = form(&server, "/paste", &[("bundle", &hostile(&id, text))]);
        assert_eq!(taken.status, 303, "{}", taken.body);
        let chart = format!("/patients/{}", encode(&id));
        let shown = page(&server, &chart);
        assert!(shown.contains("RR-DTC score"), "{text}");
        let record = super::between(&shown, "class=\"acts\">", "</td>");
        let record = super::between(record, "<a href=\"", "\"").to_owned();
        for path in [
            format!("/?q=hostile-{index}"),
            record,
            format!("{chart}/orders/radioiodine"),
            format!("{chart}/orders/unmapped/sign"),
            format!("/?q={}", encode(text)),
        ] {
            let shown = page(&server, &path);
            assert!(!shown.contains(['\u{202e}', '\u{2066}']), "{path}");
            assert!(!shown.contains("href=\"javascript"), "{path}");
            // 10,000 characters are not repeated all over a page, but for what a search box holds.
            assert!(shown.len() < 400_000, "{path}: {}", shown.len());
        }
        assert!(!shown.contains(['\u{202e}', '\u{2066}']), "{text}");
        // A change leads back to the same chart.
        let added = form(
            &server,
            &format!("{chart}/add/recurrence"),
            &[("date", "2026-11-01")],
        );
        assert_eq!(added.status, 303, "{text}");
        let again = page(&server, added.header("location").unwrap());
        assert!(again.contains("added here"), "{text}");
    }
}

#[test]
fn hostile_comments_and_messages_come_out_inert() {
    let server = Server::sandbox();
    for text in [SCRIPT, LINK, TURNED] {
        let chart = page(&server, "/patients/textbook-fdg-only");
        if chart.contains("class=\"card dismissed\"") {
            form(&server, "/patients/textbook-fdg-only/reopen", &[]);
        }
        let chart = page(&server, "/patients/textbook-fdg-only");
        let dismiss = super::between(&chart, "<details class=\"dismiss\">", "</details>");
        let path = super::between(dismiss, "action=\"", "\"");
        assert_eq!(form(&server, path, &[("comment", text)]).status, 303);
        for path in ["/feedback", "/patients/textbook-fdg-only"] {
            let shown = page(&server, path);
            assert!(!shown.contains('\u{202e}'), "{path}");
        }
        // Only our own messages are shown.
        let told = page(
            &server,
            &format!("/patients/textbook-fdg-only?done={}", encode(text)),
        );
        assert!(!told.contains("role=\"status\""));
    }
}

#[test]
fn hostile_addresses_are_pages_or_nothing() {
    let server = Server::sandbox();
    for path in [
        format!("/patients/{}", encode(SCRIPT)),
        format!("/patients/{}", encode("../../etc/passwd")),
        format!("/patients/textbook-fdg-only/orders/{}", encode(SCRIPT)),
        format!("/auth/patient?request={}", encode(SCRIPT)),
    ] {
        let answer = server.get(&path);
        assert!(matches!(answer.status, 400 | 404), "{path}");
        check_page(&answer, &path);
    }
}
