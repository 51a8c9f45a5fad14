//! CDS Hooks on the wire: discovery, prefetch in its five forms, errors, CORS, headers, the card.

use crate::support::*;
use rrdtc::config::CorsOrigins;
use serde_json::{Value, json};

#[test]
fn discovery_lists_the_services_with_safe_templates() {
    let server = Server::serve(settings());
    let answer = server.get("/cds-services");
    assert_eq!(answer.status, 200);
    let body = answer.json();
    let services = body["services"].as_array().unwrap();
    let hooks: Vec<_> = services
        .iter()
        .map(|s| (s["hook"].as_str().unwrap(), s["id"].as_str().unwrap()))
        .collect();
    assert_eq!(
        hooks,
        [
            ("order-select", "rr-dtc-order-select"),
            ("order-sign", "rr-dtc-order-sign"),
            ("patient-view", "rr-dtc-patient-view"),
        ]
    );
    for service in services {
        assert_eq!(service["version"], "2.0.1");
        assert_eq!(service["prefetch"], services[0]["prefetch"]);
        for template in service["prefetch"].as_object().unwrap().values() {
            let template = template.as_str().unwrap();
            assert!(
                template.contains("{{context.patientId}}") && template.len() < 200,
                "{template}"
            );
        }
    }
    assert_no_empty(&body, "$");
}

/// G4: no null, no empty string, array or object, except `cards`.
fn assert_no_empty(value: &Value, path: &str) {
    match value {
        Value::Null => panic!("null at {path}"),
        Value::String(text) => assert!(!text.is_empty(), "empty string at {path}"),
        Value::Array(items) => {
            assert!(
                !items.is_empty() || path.ends_with(".cards") || path.ends_with(".services"),
                "empty array at {path}"
            );
            items
                .iter()
                .enumerate()
                .for_each(|(i, item)| assert_no_empty(item, &format!("{path}[{i}]")));
        }
        Value::Object(members) => {
            assert!(!members.is_empty(), "empty object at {path}");
            members
                .iter()
                .for_each(|(name, member)| assert_no_empty(member, &format!("{path}.{name}")));
        }
        Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn every_card_has_the_shape_that_clients_and_inferno_check() {
    let charts = [
        Chart::basic(),
        Chart::basic().with(lesion("pet", 6.1, "2026-10-05")),
        Chart::basic().with(reading("pet", "260385009", "2026-10-05")),
        Chart::empty(),
    ];
    for chart in charts {
        let answer = chart.answer();
        assert_no_empty(&answer, "$");
        assert!(
            answer["extension"]["org.rrdtc.assessment"]["resultId"]
                .as_str()
                .unwrap()
                .len()
                == 64
        );
        for card in answer["cards"].as_array().unwrap() {
            assert!(card["summary"].as_str().unwrap().chars().count() < 140);
            assert!(matches!(
                card["indicator"].as_str().unwrap(),
                "info" | "warning"
            ));
            assert!(!card["source"]["label"].as_str().unwrap().is_empty());
            uuid::Uuid::parse_str(card["uuid"].as_str().unwrap()).unwrap();
            for reason in card["overrideReasons"].as_array().unwrap() {
                for member in ["code", "system", "display"] {
                    assert!(reason[member].as_str().is_some_and(|text| !text.is_empty()));
                }
            }
            for link in card["links"].as_array().unwrap() {
                assert_eq!(link["type"], "absolute");
                assert!(
                    link["url"].as_str().unwrap().starts_with("https://")
                        && link.get("appContext").is_none()
                );
            }
            assert!(card.get("suggestions").is_none());
        }
    }
}

#[test]
fn a_card_below_the_cut_off_never_says_low_risk_alone() {
    let card = &Chart::basic()
        .with(reading("pet", "260385009", "2026-10-05"))
        .answer()["cards"][0];
    assert_eq!(card["indicator"], "info");
    for text in [
        card["summary"].as_str().unwrap(),
        card["detail"].as_str().unwrap(),
    ] {
        assert!(text.contains("54 of 222"), "{text}");
        assert!(
            !text
                .to_lowercase()
                .replace("not low risk", "")
                .replace("not \"low risk\"", "")
                .contains("low risk"),
            "{text}"
        );
    }
}

#[test]
fn the_card_carries_no_markup_of_the_chart() {
    let mut pet = lesion("pet", 6.1, "2026-10-05");
    pet["code"]["text"] = json!("FDG SUVmax <img src=x onerror=alert(1)> [x](javascript:1) lesion");
    let answer = Chart::basic().with(pet).answer();
    let detail = answer["cards"][0]["detail"].as_str().unwrap();
    assert!(
        !detail.contains("<img") && !detail.contains("javascript:"),
        "{detail}"
    );
}

#[test]
fn the_same_call_gives_the_same_card_and_another_instance_another_uuid() {
    let call = Chart::basic().call();
    let mut other = call.clone();
    other["hookInstance"] = json!("00000000-0000-4000-8000-000000000001");
    let (a, b, c) = (answer(&call), answer(&call), answer(&other));
    assert_eq!(a, b);
    assert_ne!(a["cards"][0]["uuid"], c["cards"][0]["uuid"]);
    assert_eq!(
        a["extension"]["org.rrdtc.assessment"]["resultId"],
        c["extension"]["org.rrdtc.assessment"]["resultId"]
    );
}

/// P10-P14: absent, null, empty, OperationOutcome, an error entry and a next page are different things.
#[test]
fn prefetch_absent_null_empty_failed_and_paged_are_five_different_things() {
    let outcome = json!({ "resourceType": "OperationOutcome", "issue": [{ "severity": "error", "code": "security" }] });
    let error_entry = json!({ "resourceType": "Bundle", "type": "searchset", "entry": [{ "search": { "mode": "outcome" }, "resource": outcome }] });
    let paged = json!({ "resourceType": "Bundle", "type": "searchset", "link": [{ "relation": "next", "url": "https://ehr.example.org/fhir?page=2" }] });
    let empty = json!({ "resourceType": "Bundle", "type": "searchset", "total": 0 });
    let chart = Chart::basic();
    let missing = None;
    for (name, value, from, complete) in [
        ("absent", missing, "absent", false),
        ("null", Some(Value::Null), "prefetch", true),
        ("empty", Some(empty), "prefetch", true),
        (
            "empty array",
            Some(json!({ "resourceType": "Bundle", "entry": [] })),
            "prefetch",
            true,
        ),
        ("outcome", Some(outcome.clone()), "failed", false),
        ("error entry", Some(error_entry.clone()), "failed", false),
        ("paged", Some(paged.clone()), "prefetch", false),
        ("no resource", Some(json!(5)), "failed", false),
        (
            "another type",
            Some(json!({ "resourceType": "Basic", "id": "x" })),
            "failed",
            false,
        ),
    ] {
        let mut call = chart.call();
        let prefetch = call["prefetch"].as_object_mut().unwrap();
        match &value {
            Some(value) => drop(prefetch.insert("observations".into(), value.clone())),
            None => drop(prefetch.remove("observations")),
        }
        let assessment = answer(&call)["extension"]["org.rrdtc.assessment"].clone();
        let source = &assessment["sources"]["observations"];
        assert_eq!(
            (
                source["from"].as_str().unwrap(),
                source["complete"].as_bool().unwrap()
            ),
            (from, complete),
            "{name}: {source}"
        );
        let expected = if complete {
            "unknown not-recorded"
        } else {
            "unknown source-incomplete"
        };
        assert_eq!(state(&assessment, "fdgUptake"), expected, "{name}");
        let expected = if complete {
            "absent"
        } else {
            "unknown source-incomplete"
        };
        assert_eq!(
            state(&assessment, "multiSiteMetastasis"),
            expected,
            "{name}"
        );
    }
    // Procedures are needed to know that no radioiodine was given.
    let mut call = chart.call();
    call["prefetch"]
        .as_object_mut()
        .unwrap()
        .remove("procedures");
    let assessment = answer(&call)["extension"]["org.rrdtc.assessment"].clone();
    assert!(has_code(
        &assessment["applicability"]["caveats"],
        "radioiodine-not-checked"
    ));

    for key in ["patient", "conditions"] {
        for value in [
            None,
            Some(outcome.clone()),
            Some(error_entry.clone()),
            Some(paged.clone()),
        ] {
            let mut call = chart.call();
            let prefetch = call["prefetch"].as_object_mut().unwrap();
            match &value {
                Some(value) => drop(prefetch.insert(key.into(), value.clone())),
                None => drop(prefetch.remove(key)),
            }
            let problem = handle(&call).unwrap_err();
            assert_eq!(problem.status.as_u16(), 412, "{key} {value:?}");
            let text = format!("{problem:?}");
            assert!(text.contains(&format!("prefetch.{key}")), "{text}");
        }
    }
    // No conditions at all is an answer, not an error.
    let mut call = chart.call();
    call["prefetch"]["conditions"] = Value::Null;
    let assessment = answer(&call)["extension"]["org.rrdtc.assessment"].clone();
    assert_eq!(
        assessment["applicability"]["reasons"],
        json!(["no-dtc-diagnosis"])
    );
}

#[test]
fn without_observations_nobody_is_free_of_metastases() {
    let mut call = Chart::basic().without("lung").call();
    call["prefetch"]
        .as_object_mut()
        .unwrap()
        .remove("observations");
    let assessment = answer(&call)["extension"]["org.rrdtc.assessment"].clone();
    assert_eq!(assessment["applicability"]["status"], "applicable");
    assert_eq!(
        state(&assessment, "multiSiteMetastasis"),
        "unknown site-not-recorded"
    );
}

#[test]
fn a_call_in_which_something_is_wrong_is_400_with_the_path() {
    let server = Server::serve(settings());
    let good = Chart::basic().call();
    type Change = Box<dyn Fn(&mut Value)>;
    let cases: Vec<(&str, Change)> = vec![
        (
            "hook",
            Box::new(|c| drop(c.as_object_mut().unwrap().remove("hook"))),
        ),
        ("hook", Box::new(|c| c["hook"] = json!("order-sign"))),
        ("hook", Box::new(|c| c["hook"] = json!(1))),
        (
            "hookInstance",
            Box::new(|c| drop(c.as_object_mut().unwrap().remove("hookInstance"))),
        ),
        (
            "hookInstance",
            Box::new(|c| c["hookInstance"] = json!("not-a-uuid")),
        ),
        (
            "context",
            Box::new(|c| drop(c.as_object_mut().unwrap().remove("context"))),
        ),
        ("context", Box::new(|c| c["context"] = json!([]))),
        (
            "context.patientId",
            Box::new(|c| c["context"]["patientId"] = json!(17)),
        ),
        (
            "context.patientId",
            Box::new(|c| drop(c["context"].as_object_mut().unwrap().remove("patientId"))),
        ),
        (
            "context.userId",
            Box::new(|c| drop(c["context"].as_object_mut().unwrap().remove("userId"))),
        ),
        ("prefetch", Box::new(|c| c["prefetch"] = json!("all"))),
        (
            "fhirServer",
            Box::new(|c| c["fhirAuthorization"] = json!({ "access_token": "t" })),
        ),
        ("fhirServer", Box::new(|c| c["fhirServer"] = json!(1))),
        (
            "context.encounterId",
            Box::new(|c| c["context"]["encounterId"] = json!(["e1"])),
        ),
    ];
    for (path, change) in cases {
        let mut call = good.clone();
        change(&mut call);
        let answer = server.post(SERVICE, &call);
        assert_eq!(answer.status, 400, "{path}: {}", answer.body);
        let outcome = answer.json();
        assert_eq!(outcome["resourceType"], "OperationOutcome");
        assert_eq!(
            outcome["issue"][0]["expression"],
            json!([path]),
            "{}",
            answer.body
        );
    }
}

#[test]
fn unknown_members_and_extensions_are_left_alone() {
    let mut call = Chart::basic().call();
    call["extension"] = json!({ "com.example": { "deep": [1, 2.5, null] } });
    call["context"]["encounterId"] = json!("e1");
    call["context"]["somethingNew"] = json!([1]);
    call["prefetch"]["notAdvertised"] = json!({ "resourceType": "Patient", "id": "other" });
    call["fhirServer"] = json!("https://ehr.example.org/fhir");
    assert_eq!(answer(&call)["cards"].as_array().unwrap().len(), 1);
}

#[test]
fn status_table() {
    let server = Server::serve(settings());
    let body = Chart::basic().call().to_string().into_bytes();
    let json_type = ("content-type", "application/json");
    for (method, path, headers, body, expected) in [
        ("POST", SERVICE, vec![json_type], Some(body.clone()), 200),
        (
            "POST",
            SERVICE,
            vec![("content-type", "application/json; charset=utf-8")],
            Some(body.clone()),
            200,
        ),
        (
            "POST",
            SERVICE,
            vec![("content-type", "application/fhir+json;fhirVersion=4.0")],
            Some(body.clone()),
            200,
        ),
        (
            "POST",
            SERVICE,
            vec![("content-type", "text/plain")],
            Some(body.clone()),
            415,
        ),
        ("POST", SERVICE, vec![], Some(body.clone()), 415),
        ("POST", SERVICE, vec![json_type], Some(b"{".to_vec()), 400),
        ("POST", SERVICE, vec![json_type], Some(b"[]".to_vec()), 400),
        ("POST", SERVICE, vec![json_type], Some(Vec::new()), 400),
        (
            "POST",
            "/cds-services/unknown",
            vec![json_type],
            Some(body.clone()),
            404,
        ),
        ("GET", SERVICE, vec![], None, 405),
        (
            "POST",
            "/cds-services",
            vec![json_type],
            Some(body.clone()),
            405,
        ),
        ("GET", "/", vec![], None, 404),
        (
            "POST",
            SERVICE,
            vec![json_type, ("content-encoding", "gzip")],
            Some(body.clone()),
            400,
        ),
    ] {
        let answer = server.send(method, path, &headers, body);
        assert_eq!(
            answer.status, expected,
            "{method} {path} {headers:?}: {}",
            answer.body
        );
        if expected != 200 {
            assert_eq!(
                answer.json()["resourceType"],
                "OperationOutcome",
                "{}",
                answer.body
            );
            assert!(
                !answer.body.contains("src/") && !answer.body.contains("panicked"),
                "{}",
                answer.body
            );
        }
    }
}

#[test]
fn a_resource_of_another_type_where_the_patient_is_due_is_422() {
    let chart = Chart::basic();
    for (patient, expected) in [
        (json!({ "resourceType": "Observation", "id": "p-1" }), 422),
        (json!({ "resourceType": "Patient", "id": "another" }), 422),
        (json!(5), 422),
        (
            json!({ "resourceType": "Patient", "id": "p-1", "birthDate": "1970-03-01", "modifierExtension": [{ "url": "x", "valueBoolean": true }] }),
            422,
        ),
        (
            json!({ "resourceType": "Patient", "id": "p-1", "birthDate": "not a date" }),
            422,
        ),
        (Value::Null, 412),
    ] {
        let mut call = chart.call();
        call["prefetch"]["patient"] = patient.clone();
        assert_eq!(
            handle(&call).unwrap_err().status.as_u16(),
            expected,
            "{patient}"
        );
    }
}

#[test]
fn cors_matrix() {
    let mut listed = settings();
    listed.cors = CorsOrigins::Listed(vec!["https://ehr.example.org".into()]);
    let origin = |value: &'static str| {
        vec![
            ("origin", value),
            ("access-control-request-method", "POST"),
            (
                "access-control-request-headers",
                "authorization,content-type",
            ),
        ]
    };
    let sandbox = Server::sandbox();
    let closed = Server::serve(settings());
    let open = Server::serve(listed);
    for (server, from, allowed) in [
        (&sandbox, "https://anyone.example", Some("*")),
        (&closed, "https://anyone.example", None),
        (&open, "https://anyone.example", None),
        (
            &open,
            "https://ehr.example.org",
            Some("https://ehr.example.org"),
        ),
    ] {
        for path in ["/cds-services", SERVICE] {
            let answer = server.send("OPTIONS", path, &origin(from), None);
            assert_eq!(
                answer.header("access-control-allow-origin"),
                allowed,
                "{from} {path}"
            );
            assert_eq!(answer.header("access-control-allow-credentials"), None);
            if allowed.is_some() {
                assert!((200..300).contains(&answer.status), "{}", answer.status);
                let headers = answer
                    .header("access-control-allow-headers")
                    .unwrap()
                    .to_lowercase();
                assert!(
                    headers.contains("authorization") && headers.contains("content-type"),
                    "{headers}"
                );
            }
        }
        // On errors too.
        let answer = server.send(
            "POST",
            "/cds-services/unknown",
            &[("origin", from), ("content-type", "application/json")],
            Some(b"{}".to_vec()),
        );
        assert_eq!(
            answer.header("access-control-allow-origin"),
            allowed,
            "{from}"
        );
    }
}

#[test]
fn responses_carry_only_known_headers() {
    let allowed = [
        "content-type",
        "content-length",
        "date",
        "vary",
        "cache-control",
        "x-content-type-options",
        "transfer-encoding",
        "access-control-allow-origin",
        "access-control-expose-headers",
        "content-encoding",
        "allow",
        "connection",
        "x-request-id",
    ];
    let server = Server::sandbox();
    for answer in [
        server.get("/cds-services"),
        server.post(SERVICE, &Chart::basic().call()),
        server.get("/nowhere"),
    ] {
        for (name, _) in &answer.headers {
            assert!(allowed.contains(&name.as_str()), "{name}");
        }
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[test]
fn the_fhir_server_pages_and_refuses_what_it_does_not_know() {
    let server = Server::sandbox();
    let patients = server.get("/fhir/Patient?_count=10").json();
    let total = patients["total"].as_u64().unwrap();
    assert!(total >= 40, "{total}");
    let mut seen = std::collections::BTreeSet::new();
    let mut page = patients;
    loop {
        for entry in page["entry"].as_array().unwrap() {
            seen.insert(entry["resource"]["id"].as_str().unwrap().to_owned());
        }
        let next = page["link"]
            .as_array()
            .unwrap()
            .iter()
            .find(|link| link["relation"] == "next")
            .map(|link| link["url"].as_str().unwrap().to_owned());
        match next {
            Some(url) => page = server.get(&url).json(),
            None => break,
        }
    }
    assert_eq!(seen.len() as u64, total);
    let id = seen.first().unwrap();
    assert_eq!(
        server.get(&format!("/fhir/Patient/{id}")).json()["id"],
        id.as_str()
    );
    assert_eq!(server.get("/fhir/Patient/nobody").status, 404);
    let unknown = server.get("/fhir/Condition?patient=x&clinical-status=active");
    assert_eq!(
        (unknown.status, unknown.json()["resourceType"].as_str()),
        (400, Some("OperationOutcome"))
    );
    assert_eq!(server.get("/fhir/metadata").json()["fhirVersion"], "4.0.1");
    let tolerant = server.send(
        "GET",
        "/fhir/Patient",
        &[("accept", "application/json+fhir")],
        None,
    );
    assert_eq!(tolerant.status, 200);
    let form = server.send(
        "POST",
        "/fhir/Condition/_search",
        &[("content-type", "application/x-www-form-urlencoded")],
        Some(format!("patient={id}").into_bytes()),
    );
    assert_eq!(form.status, 200);
    for entry in form.json()["entry"].as_array().into_iter().flatten() {
        assert_eq!(
            entry["resource"]["subject"]["reference"],
            format!("Patient/{id}").as_str()
        );
    }
}

#[test]
fn suggestions_are_off_by_default_and_never_touch_radioiodine() {
    let sandbox = Server::sandbox();
    let ask = |server: &Server, chart: &Chart| {
        server.post(SERVICE, &chart.call()).json()["cards"][0].clone()
    };
    let open = Chart::basic();
    assert!(
        ask(&Server::serve(settings()), &open)
            .get("suggestions")
            .is_none()
    );

    let card = ask(&sandbox, &open);
    assert_eq!(card["selectionBehavior"], "any");
    let suggestions = card["suggestions"].as_array().unwrap();
    assert_eq!(suggestions.len(), 2);
    for suggestion in suggestions {
        uuid::Uuid::parse_str(suggestion["uuid"].as_str().unwrap()).unwrap();
        for action in suggestion["actions"].as_array().unwrap() {
            assert_eq!(action["type"], "create");
            assert!(!action["description"].as_str().unwrap().is_empty());
            let resource = &action["resource"];
            assert!(matches!(
                resource["resourceType"].as_str().unwrap(),
                "ServiceRequest" | "RiskAssessment"
            ));
            assert!(!resource.to_string().to_lowercase().contains("iodine 131"));
            assert_eq!(resource["subject"]["reference"], "Patient/p-1");
        }
    }
    assert_eq!(suggestions[0]["actions"][0]["resource"]["status"], "draft");
    assert_no_empty(&card, "$");

    // With a PET on record nothing is left to decide by one.
    let decided = ask(
        &sandbox,
        &Chart::basic().with(lesion("pet", 6.1, "2026-10-05")),
    );
    assert_eq!(decided["suggestions"].as_array().unwrap().len(), 1);
}

#[test]
fn the_card_names_the_sources_that_are_incomplete() {
    let chart = Chart::basic().with(lesion("pet", 9.0, "2026-11-01"));
    let detail = |call: &Value| answer(call)["cards"][0]["detail"].to_string();
    let mut call = chart.call();
    assert!(!detail(&call).contains("could be read"));
    let prefetch = call["prefetch"].as_object_mut().unwrap();
    prefetch.remove("diagnosticReports");
    prefetch["procedures"]["link"] = json!([{ "relation": "next", "url": "https://x/2" }]);
    let text = detail(&call);
    assert!(
        text.contains("Not all records could be read: procedures, diagnostic reports."),
        "{text}"
    );
}
