//! What a call lacks is read from the client's FHIR server, and nothing else.

use super::*;
use crate::versions::rows::r5;

#[test]
fn a_call_without_prefetch_is_answered_like_one_with_all_of_it() {
    let chart = known_chart();
    let stub = ehr(chart.clone());
    let site = Site::new("", &reads(&stub.base()));
    let fetched = assessment(&site.call(&bare_call(&stub.base())));
    let sent = assessment(&site.call(&chart.call()));
    assert_eq!(fetched["resultId"], sent["resultId"]);
    assert_eq!(fetched["classification"], "below-cutoff");
    for (name, source) in fetched["sources"].as_object().unwrap() {
        assert_eq!(source["from"], "fetched", "{name}");
        assert_eq!(source["complete"], true, "{name}");
        assert_eq!(sent["sources"][name]["from"], "prefetch", "{name}");
    }
    let requests = asked(&stub);
    let mut targets: Vec<&str> = requests.iter().map(|r| r.target.as_str()).collect();
    targets.sort_unstable();
    let expected = [
        "/fhir/Condition?patient=p-1",
        "/fhir/DiagnosticReport?patient=p-1",
        "/fhir/MedicationAdministration?patient=p-1",
        "/fhir/Observation?patient=p-1",
        "/fhir/Patient/p-1",
        "/fhir/Procedure?patient=p-1",
    ];
    assert_eq!(targets, expected);
    for request in &requests {
        assert_eq!(request.method, "GET");
        assert_eq!(
            request.header("authorization"),
            Some("Bearer token-of-the-call")
        );
        assert_eq!(request.header("accept"), Some("application/fhir+json"));
    }
    // The question for the release is no call's: it carries no token of any.
    let all = stub.received();
    let mut metadata = all.iter().filter(|r| r.target == "/fhir/metadata");
    assert!(metadata.all(|request| request.header("authorization").is_none()));
}

#[test]
fn only_absent_keys_are_fetched_and_the_rest_stays_as_sent() {
    let chart = known_chart();
    let stub = ehr(chart.clone());
    let site = Site::new("", &reads(&stub.base()));
    let whole = assessment(&site.call(&chart.call()))["resultId"].clone();
    let types = [
        ("patient", "Patient"),
        ("conditions", "Condition"),
        ("observations", "Observation"),
        ("procedures", "Procedure"),
        ("medicationAdministrations", "MedicationAdministration"),
        ("diagnosticReports", "DiagnosticReport"),
    ];
    for (key, resource_type) in types {
        let before = asked(&stub).len();
        let call = with(bare_call(&stub.base()), "/prefetch", chart.prefetch());
        let answer = assessment(&site.call(&without(call, &format!("/prefetch/{key}"))));
        let requests = &asked(&stub)[before..];
        assert_eq!(requests.len(), 1, "{key}");
        assert!(requests[0].target[6..].starts_with(resource_type), "{key}");
        assert_eq!(answer["resultId"], whole, "{key}");
        for (name, source) in answer["sources"].as_object().unwrap() {
            let expected = if name == key { "fetched" } else { "prefetch" };
            assert_eq!(source["from"], expected, "{key}: {name}");
        }
    }
    // Null and an error are answers: the client asked, and asking again is pointless.
    for (value, from) in [
        (json!(null), "prefetch"),
        (
            json!({ "resourceType": "OperationOutcome", "issue": [{ "severity": "error", "code": "processing" }] }),
            "failed",
        ),
    ] {
        let before = asked(&stub).len();
        let call = with(bare_call(&stub.base()), "/prefetch", chart.prefetch());
        let answer = assessment(&site.call(&with(call, "/prefetch/diagnosticReports", value)));
        assert_eq!(answer["sources"]["diagnosticReports"]["from"], from);
        assert_eq!(asked(&stub).len(), before);
    }
}

/// Observations in pages of one: page n is at `?page=n`.
fn paged(chart: Chart) -> Misbehaving {
    Misbehaving::start(move |request| {
        let Some(rest) = request.target.strip_prefix("/fhir/Observation?") else {
            return fhir_answer(&chart, request);
        };
        let page: usize = rest.strip_prefix("page=").map_or(0, |n| n.parse().unwrap());
        let observations = observations(&chart);
        let next = (page + 1 < observations.len()).then(|| {
            format!(
                "http://{}/fhir/Observation?page={}",
                request.header("host").unwrap(),
                page + 1
            )
        });
        Reply::json(&searchset(&observations[page..=page], next.as_deref()))
    })
}

fn observations(chart: &Chart) -> Vec<Value> {
    let records = chart.records.iter();
    records
        .filter(|record| record["resourceType"] == "Observation")
        .cloned()
        .collect()
}

#[test]
fn pages_are_followed_to_the_last_with_the_token_on_each() {
    let chart = known_chart().with(lesion("second", 1.2, "2026-10-01"));
    let stub = paged(chart.clone());
    let site = Site::new("", &reads(&stub.base()));
    let whole = assessment(&site.call(&chart.call()))["resultId"].clone();
    let all = assessment(&site.call(&bare_call(&stub.base())));
    assert_eq!(all["resultId"], whole);
    let expected = json!({ "from": "fetched", "pages": 3, "complete": true });
    assert_eq!(all["sources"]["observations"], expected);

    // The first page was prefetched: only the others are read.
    let before = asked(&stub).len();
    let next = format!("{}/Observation?page=1", stub.base());
    let first = searchset(&observations(&chart)[..1], Some(&next));
    let call = with(bare_call(&stub.base()), "/prefetch", chart.prefetch());
    let continued = assessment(&site.call(&with(call, "/prefetch/observations", first)));
    assert_eq!(continued["resultId"], whole);
    let expected = json!({ "from": "prefetch", "pages": 3, "complete": true });
    assert_eq!(continued["sources"]["observations"], expected);
    let requests = asked(&stub);
    let targets: Vec<&str> = requests[before..]
        .iter()
        .map(|r| r.target.as_str())
        .collect();
    assert_eq!(
        targets,
        ["/fhir/Observation?page=1", "/fhir/Observation?page=2"]
    );
    for request in &requests {
        let authorization = request.header("authorization");
        assert_eq!(
            authorization,
            Some("Bearer token-of-the-call"),
            "{request:?}"
        );
    }
}

#[test]
fn a_cap_on_pages_leaves_the_source_incomplete_and_says_so() {
    let chart = known_chart().with(lesion("second", 1.2, "2026-10-01"));
    let stub = paged(chart);
    let site = Site::new("", &format!("{}max_pages = 2", reads(&stub.base())));
    let answer = site.call(&bare_call(&stub.base()));
    let capped = assessment(&answer);
    let expected = json!({ "from": "fetched", "pages": 2, "complete": false });
    assert_eq!(capped["sources"]["observations"], expected);
    assert_eq!(state(&capped, "fdgUptake"), "unknown source-incomplete");
    let card = answer.json()["cards"][0].to_string();
    assert!(card.contains("not all records could be read"), "{card}");
}

#[test]
fn a_patient_id_stays_a_value_whatever_it_holds() {
    let stub = ehr(known_chart());
    let site = Site::new("", &reads(&stub.base()));
    for id in [
        "a&_id=b",
        "../x",
        "..",
        "x\r\nX-Evil: 1",
        "p-1?_summary=count",
        "p-1,p-2",
        "p-1#",
        "%2e%2e/x",
        "p-1/../../admin",
    ] {
        let before = asked(&stub).len();
        let call = with(bare_call(&stub.base()), "/context/patientId", json!(id));
        let answer = site.call(&call);
        assert_problem(&answer, 412, "prefetch.patient");
        assert!(!answer.body.contains(id), "ids are the patient's");
        for request in &asked(&stub)[before..] {
            let (path, query) = request
                .target
                .split_once('?')
                .unwrap_or((request.target.as_str(), ""));
            let segments: Vec<&str> = path.split('/').collect();
            let is_read = segments.len() == 4 && segments[2] == "Patient" && query.is_empty();
            let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect();
            let is_search = segments.len() == 3
                && pairs.len() == 1
                && pairs[0].0 == "patient"
                && pairs[0].1.replace('\\', "") == id;
            assert!(is_read || is_search, "{id:?}: {}", request.target);
            assert!(request.header("x-evil").is_none());
        }
    }
}

#[test]
fn a_client_whose_server_is_r5_is_read_as_r5() {
    let chart = known_chart();
    let mut later = chart.clone();
    later.records = later.records.iter().map(r5).collect();
    assert_ne!(later.records, chart.records, "the releases differ here");
    let stub = Misbehaving::start(move |request| match request.target.as_str() {
        // Does not say what it is: the configuration does.
        "/fhir/metadata" => Reply::status(404),
        _ => fhir_answer(&later, request),
    });
    let client = format!("{}fhir_version = \"R5\"", reads(&stub.base()));
    let site = Site::new("", &client);
    let fetched = assessment(&site.call(&bare_call(&stub.base())));
    assert_eq!(fetched["resultId"], chart.assess()["resultId"]);
}

#[test]
fn a_server_of_an_older_release_is_refused_once_that_is_known() {
    let chart = known_chart();
    let stub = Misbehaving::start(move |request| match request.target.as_str() {
        "/fhir/metadata" => {
            Reply::json(&json!({ "resourceType": "CapabilityStatement", "fhirVersion": "3.0.2" }))
        }
        _ => fhir_answer(&chart, request),
    });
    let site = Site::new("", &reads(&stub.base()));
    let call = bare_call(&stub.base());
    poll("the release is known", || site.call(&call).status == 422);
    let answer = site.call(&call);
    assert_problem(&answer, 422, "fhirServer");
    assert!(answer.body.contains("STU3"), "{}", answer.body);
    let before = asked(&stub).len();
    site.call(&call);
    assert_eq!(asked(&stub).len(), before, "nothing is read from it");
}

#[test]
fn a_slash_at_the_end_of_a_base_makes_no_difference() {
    let stub = ehr(known_chart());
    let plain = stub.base();
    let slash = stub.url("127.0.0.1", "/fhir/");
    for (configured, called) in [(&plain, &slash), (&slash, &plain), (&slash, &slash)] {
        let site = Site::new("", &reads(configured));
        let before = asked(&stub).len();
        assert_eq!(site.call(&bare_call(called)).status, 200);
        let requests = asked(&stub).split_off(before);
        assert_eq!(requests.len(), 6);
        assert!(
            requests.iter().all(|r| !r.target.contains("//")),
            "{requests:?}"
        );
    }
}
