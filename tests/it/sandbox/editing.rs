//! A chart that is changed, and the answer that changes with it.

use super::{check_page, class, form, page};
use crate::support::{AS_OF, Server};

const TODAY: &str = "2026-11-20";

fn add(server: &Server, patient: &str, kind: &str, fields: &[(&str, &str)]) {
    let path = format!("/patients/{patient}/add/{kind}");
    let answer = form(server, &path, fields);
    assert_eq!(answer.status, 303, "{}", answer.body);
    let location = answer.header("location").unwrap();
    assert_eq!(location, format!("/patients/{patient}?done={kind}"));
    let chart = page(server, location);
    assert!(chart.contains("role=\"status\""), "{kind}");
    assert!(chart.contains("added here"), "{kind}");
}

#[test]
fn the_class_follows_the_chart() {
    assert!(AS_OF.starts_with(TODAY));
    let server = Server::sandbox();
    let patient = "textbook-all-absent";
    assert_eq!(class(&server, patient), "below-cutoff");
    // A recurrence alone is 7 points, a second site alone 4; together they decide.
    add(&server, patient, "recurrence", &[("date", TODAY)]);
    assert_eq!(class(&server, patient), "below-cutoff");
    add(
        &server,
        patient,
        "metastasis",
        &[("site", "bone"), ("date", TODAY)],
    );
    add(
        &server,
        patient,
        "metastasis",
        &[("site", "liver"), ("date", "2026-10")],
    );
    assert_eq!(class(&server, patient), "at-or-above-cutoff");
    let list = page(&server, "/?q=textbook-all-absent");
    assert!(
        list.contains("at or above cutoff") && list.contains("edited"),
        "{list}"
    );

    let reset = form(&server, &format!("/patients/{patient}/reset"), &[]);
    assert_eq!(reset.status, 303);
    assert_eq!(class(&server, patient), "below-cutoff");
    let list = page(&server, "/?q=textbook-all-absent");
    assert!(list.contains("below cutoff") && !list.contains("edited"));
}

#[test]
fn a_pet_decides_where_it_was_unknown() {
    let server = Server::sandbox();
    let open = "bone-and-marrow-assumed-no-recurrence";
    assert_eq!(class(&server, open), "indeterminate");
    let positive = [("suv_max", "9.4"), ("reading", "positive"), ("date", TODAY)];
    add(&server, open, "pet", &positive);
    assert_eq!(class(&server, open), "at-or-above-cutoff");
    let chart = page(&server, &format!("/patients/{open}"));
    assert!(chart.contains("9.4 g/mL"));

    // A later negative reading stands in its place: what is left open is open again.
    form(&server, &format!("/patients/{open}/reset"), &[]);
    add(
        &server,
        open,
        "pet",
        &[("suv_max", "2,1"), ("reading", "none"), ("date", TODAY)],
    );
    assert_eq!(class(&server, open), "indeterminate");
    add(&server, open, "negative", &[("date", TODAY)]);
    assert_eq!(class(&server, open), "below-cutoff");
}

#[test]
fn radioiodine_that_was_given_ends_applicability() {
    let server = Server::sandbox();
    let patient = "textbook-fdg-only";
    add(
        &server,
        patient,
        "radioiodine",
        &[("activity", "3.7"), ("date", TODAY)],
    );
    assert_eq!(class(&server, patient), "not-applicable");
    let chart = page(&server, &format!("/patients/{patient}"));
    assert!(chart.contains("<code>not-applicable</code>"));
    assert!(chart.contains("radioiodine-already-given"));
}

#[test]
fn a_record_can_be_removed_and_the_fhir_server_knows() {
    let server = Server::sandbox();
    let patient = "textbook-fdg-only";
    let chart = page(&server, &format!("/patients/{patient}"));
    let pet = super::between(&chart, "id=\"pet\"", "</section>");
    let remove = super::between(pet, "<form method=\"post\" action=\"", "\"");
    let observations = || {
        let found = server.get(&format!("/fhir/Observation?patient={patient}"));
        found.json()["total"].as_u64().unwrap()
    };
    let before = observations();
    assert_eq!(form(&server, remove, &[]).status, 303);
    assert_eq!(observations(), before - 1);
    assert_eq!(server.get("/fhir/Observation/tb41-pet").status, 404);
    assert_eq!(class(&server, patient), "indeterminate");
    // Twice is once.
    assert_eq!(form(&server, remove, &[]).status, 404);
    form(&server, &format!("/patients/{patient}/reset"), &[]);
    assert_eq!(observations(), before);
    assert_eq!(class(&server, patient), "at-or-above-cutoff");
}

#[test]
fn the_patient_itself_and_others_records_stay() {
    let server = Server::sandbox();
    let chart = page(&server, "/patients/textbook-fdg-only");
    let own = super::between(&chart, "<p><a href=\"", "\">JSON of the Patient");
    let refused = form(&server, &format!("{own}/remove"), &[]);
    assert_eq!(refused.status, 404);
    check_page(&refused, own);
    let pet = super::between(&chart, "id=\"pet\"", "</section>");
    let remove = super::between(pet, "<form method=\"post\" action=\"", "\"");
    let foreign = remove.replace("textbook-fdg-only", "textbook-all-absent");
    assert_eq!(form(&server, &foreign, &[]).status, 404);
    assert_eq!(server.get("/fhir/Observation/tb41-pet").status, 200);
}

#[test]
fn what_cannot_be_meant_is_told_and_changes_nothing() {
    let server = Server::sandbox();
    let patient = "/patients/textbook-fdg-only";
    let before = server
        .get("/fhir/Observation?patient=textbook-fdg-only")
        .json()["total"]
        .clone();
    for (kind, fields, told) in [
        ("pet", vec![("suv_max", "high")], "SUVmax must be a number"),
        (
            "pet",
            vec![("suv_max", ""), ("reading", "none")],
            "Give a SUVmax",
        ),
        (
            "pet",
            vec![("suv_max", "3"), ("reading", "x")],
            "Choose a reading",
        ),
        (
            "pet",
            vec![("suv_max", "3"), ("date", "yesterday")],
            "The date must be",
        ),
        ("pet", vec![("suv_max", "1e400")], "SUVmax must be a number"),
        ("metastasis", vec![("site", "moon")], "Choose a site"),
        (
            "recurrence",
            vec![("date", "2026-02-30")],
            "The date must be",
        ),
        (
            "radioiodine",
            vec![("activity", "much")],
            "activity in GBq must be",
        ),
        ("leeches", vec![], "no form for this kind"),
    ] {
        let path = format!("{patient}/add/{kind}");
        let answer = form(&server, &path, &fields);
        assert_eq!(answer.status, 400, "{kind} {fields:?}");
        check_page(&answer, &path);
        assert!(answer.body.contains(told), "{kind} {fields:?}");
    }
    let after = server
        .get("/fhir/Observation?patient=textbook-fdg-only")
        .json()["total"]
        .clone();
    assert_eq!(before, after);
    assert_eq!(
        form(&server, "/patients/nobody/add/recurrence", &[]).status,
        404
    );
    assert_eq!(form(&server, "/patients/nobody/reset", &[]).status, 404);
}

#[test]
fn a_page_of_another_site_changes_nothing() {
    let server = Server::sandbox();
    for path in [
        "/patients/textbook-fdg-only/add/recurrence",
        "/patients/textbook-fdg-only/reset",
        "/patients/textbook-fdg-only/orders/radioiodine/place",
        "/paste",
    ] {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "cross-site"),
        ];
        let answer = server.once("POST", path, &headers, Some(b"date=".to_vec()));
        assert_eq!(answer.status, 400, "{path}");
    }
    let found = server.get("/fhir/ServiceRequest?patient=textbook-fdg-only");
    assert_eq!(found.json()["total"], 0);
}

#[test]
fn a_chart_takes_only_so_many_records() {
    let server = Server::sandbox();
    let path = "/patients/textbook-fdg-only/add/recurrence";
    for _ in 0..rrdtc::sandbox::MOST_ADDED_TO_CHART {
        assert_eq!(form(&server, path, &[("date", TODAY)]).status, 303);
    }
    let full = form(&server, path, &[("date", TODAY)]);
    assert_eq!(full.status, 400);
    assert!(
        full.body.contains("at most 200 added records"),
        "{}",
        full.body
    );
}
