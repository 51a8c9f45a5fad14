//! Feedback over HTTP: kept before it is answered, and never another tenant's.

use super::*;
use rrdtc::store::{Dimension, ReportFilter, ReportRow};
use uuid::Uuid;

const REASONS: &str = "https://rrdtc.org/fhir/CodeSystem/override-reason";

pub fn overridden(card: &str, code: &str) -> Value {
    json!({ "feedback": [{
        "card": card, "outcome": "overridden", "outcomeTimestamp": "2026-11-20T12:00:00Z",
        "overrideReason": { "reason": { "system": REASONS, "code": code }, "userComment": "SENTINEL-COMMENT" },
    }] })
}

fn accepted(card: &str) -> Value {
    json!({ "feedback": [{
        "card": card, "outcome": "accepted", "outcomeTimestamp": "2026-11-20T12:00:00Z",
        "acceptedSuggestions": [{ "id": Uuid::new_v4() }],
    }] })
}

fn report(site: &Site) -> Vec<ReportRow> {
    let filter = ReportFilter {
        by: vec![Dimension::Service, Dimension::Client, Dimension::Tenant],
        ..ReportFilter::default()
    };
    site.ask(async |store| store.report(&filter).await.unwrap())
}

#[test]
fn feedback_is_kept_once_when_it_is_answered() {
    let site = Site::new(STORE, "");
    let card = site.call(&known_chart().call()).json()["cards"][0]["uuid"].clone();
    let unknown = Uuid::new_v4().to_string();
    for (what, body, expected) in [
        (
            "a card of ours",
            overridden(card.as_str().unwrap(), "already-discussed"),
            (0, 1),
        ),
        (
            "the same again",
            overridden(card.as_str().unwrap(), "already-discussed"),
            (0, 1),
        ),
        ("a card that nobody knows", accepted(&unknown), (1, 1)),
        ("nothing", json!({ "feedback": [] }), (1, 1)),
    ] {
        let answer = site.feedback(None, &body);
        assert_eq!(answer.status, 200, "{what}: {}", answer.body);
        assert_eq!(answer.body, "", "{what}");
        // At once, over another connection.
        let rows = report(&site);
        let rows: Vec<_> = rows
            .iter()
            .filter(|r| r.accepted + r.overridden > 0)
            .collect();
        assert_eq!(rows.len(), 1, "{what}");
        assert_eq!((rows[0].accepted, rows[0].overridden), expected, "{what}");
        assert_eq!(rows[0].client, "ehr");
        assert_eq!(rows[0].service, "rr-dtc-patient-view");
    }
}

#[test]
fn wrong_feedback_is_told_where_it_is_wrong_and_nothing_of_it_is_kept() {
    let site = Site::new(STORE, "");
    let good = overridden(&Uuid::new_v4().to_string(), "x")["feedback"][0].clone();
    let item = |pointer: &str, value: Value| json!({ "feedback": [good, with(good.clone(), pointer, value)] });
    for (body, path) in [
        (json!({}), "feedback"),
        (json!({ "feedback": {} }), "feedback"),
        (item("/card", json!("x")), "feedback[1].card"),
        (item("/outcome", json!("ignored")), "feedback[1].outcome"),
        (
            item("/outcome", json!("accepted")),
            "feedback[1].acceptedSuggestions",
        ),
        (
            item("/outcomeTimestamp", json!("today")),
            "feedback[1].outcomeTimestamp",
        ),
        (
            item("/overrideReason", json!({})),
            "feedback[1].overrideReason",
        ),
        (
            item("/overrideReason/reason", json!({ "code": "x" })),
            "feedback[1].overrideReason.reason.system",
        ),
    ] {
        assert_problem(&site.feedback(None, &body), 400, path);
    }
    let path = format!("{SERVICE}/feedback");
    let bearer = format!("Bearer {}", token(&path, json!({})));
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "text/plain"),
    ];
    let answer = site
        .server
        .send("POST", &path, &headers, Some(b"{}".to_vec()));
    assert_eq!(answer.status, 415);
    assert!(report(&site).is_empty(), "the good item neither");
}

#[test]
fn where_nothing_is_kept_feedback_is_not_found() {
    let site = Site::new("", "");
    let body = json!({ "feedback": [] });
    let answer = site.feedback(None, &body);
    assert_eq!(answer.status, 404);
    assert!(answer.body.contains("store_url"), "{}", answer.body);
    let with_store = Site::new(STORE, "");
    let answer = with_store.post("/cds-services/none/feedback", json!({}), &body);
    assert_eq!(answer.status, 404);
}

#[test]
fn comments_are_kept_only_where_that_is_configured() {
    for (setting, kept) in [("", false), ("feedback.store_comments = true\n", true)] {
        let site = Site::new(&format!("{STORE}{setting}"), "");
        let body = overridden(&Uuid::new_v4().to_string(), "already-discussed");
        assert_eq!(site.feedback(None, &body).status, 200);
        let files = std::fs::read_dir(site.folder.path()).unwrap();
        let is_there = files
            .filter_map(|file| std::fs::read(file.unwrap().path()).ok())
            .any(|bytes| {
                bytes
                    .windows(16)
                    .any(|window| window == b"SENTINEL-COMMENT")
            });
        assert_eq!(is_there, kept);
    }
}

#[test]
fn a_server_for_everybody_takes_feedback_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings();
    let url = format!("sqlite:{}/rrdtc.db", folder.path().display());
    settings.store_url = Some(url.into());
    let server = Server::serve(settings);
    let body = accepted(&Uuid::new_v4().to_string());
    let answer = server.post(&format!("{SERVICE}/feedback"), &body);
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    let site = Site { server, folder };
    let rows = report(&site);
    assert_eq!((rows[0].client.as_str(), rows[0].accepted), ("open", 1));
}

#[test]
fn two_tenants_with_the_same_card_are_counted_apart() {
    let tenants = "[[clients.tenants]]\nid = \"east\"\n[[clients.tenants]]\nid = \"west\"\n";
    let site = Site::new(STORE, &format!("{PSEUDONYMS}{tenants}"));
    let call = known_chart().call();
    let card = |tenant: &str| site.call_as(tenant, &call).json()["cards"][0]["uuid"].clone();
    let east = card("east");
    assert_eq!(east, card("west"), "one call, one patient id, one card id");
    site.await_cards(2);
    let body = overridden(east.as_str().unwrap(), "already-discussed");
    assert_eq!(site.feedback(Some("east"), &body).status, 200);
    let rows = report(&site);
    let counts: Vec<_> = rows
        .iter()
        .map(|row| (row.tenant.as_str(), row.shown, row.overridden))
        .collect();
    assert_eq!(counts, [("east", 1, 1), ("west", 1, 0)]);
}
