//! The description of the server is the server: every route is in it, every service of a folder too, and nothing else.

use crate::support::*;
use rrdtc::config::Knowledge;
use rrdtc::server::openapi::description;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn metrics() -> Option<std::net::SocketAddr> {
    Some("127.0.0.1:9090".parse().unwrap())
}

/// The addresses that the sources of the server register.
fn registered() -> BTreeSet<String> {
    fn sources(folder: &std::path::Path, all: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, all);
            } else {
                *all += &std::fs::read_to_string(path).unwrap();
            }
        }
    }
    let mut all = String::new();
    sources(std::path::Path::new("src/server"), &mut all);
    let mut found = BTreeSet::new();
    for opening in [
        "resource(\"",
        "reading(\"",
        "(get(\"",
        "service(get(\n            \"",
    ] {
        for (at, _) in all.match_indices(opening) {
            let rest = &all[at + opening.len()..];
            found.insert(rest.split('"').next().unwrap().to_owned());
        }
    }
    // Registered by name.
    found.insert("/openapi.json".into());
    for document in ["", "/source-attributes", "/tripod-ai"] {
        found.insert(format!("/model{document}"));
    }
    found
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let described = description("http://example.org", metrics(), &KNOWLEDGE.services);
    let described: BTreeSet<String> = described["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(|path| match path.strip_prefix("/cds-services/") {
            Some(id) if id.ends_with("/feedback") => "/cds-services/{id}/feedback".to_owned(),
            Some(_) => "/cds-services/{id}".to_owned(),
            None => path.clone(),
        })
        .collect();
    assert_eq!(
        described,
        registered(),
        "left: described, right: registered"
    );
}

#[test]
fn a_service_of_a_folder_is_described() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string("cds-hooks/services/rr-dtc-patient-view.json").unwrap();
    let mut service: Value = serde_json::from_str(&text).unwrap();
    service["id"] = json!("ours");
    service["hook"] = json!("encounter-start");
    std::fs::write(folder.path().join("ours.json"), service.to_string()).unwrap();
    let mut settings = settings();
    settings.advice.content.services_folder = Some(folder.path().to_owned());
    let knowledge = Knowledge::load(&settings.advice.content).unwrap();
    let described = description("http://example.org", metrics(), &knowledge.services);
    let request = &described["paths"]["/cds-services/ours"]["post"]["requestBody"]["content"]["application/json"]
        ["schema"];
    assert_eq!(request["properties"]["hook"]["const"], "encounter-start");
    let required = request["properties"]["context"]["required"]
        .as_array()
        .unwrap();
    assert!(required.contains(&json!("encounterId")), "{request}");
    assert!(
        described["paths"]
            .get("/cds-services/rr-dtc-patient-view")
            .is_none()
    );
}

#[test]
fn it_is_served_and_kept_by_caches_only_to_ask() {
    let server = Server::sandbox();
    let answer = server.get("/openapi.json");
    assert_eq!(answer.status, 200);
    let served: Value = answer.json();
    assert_eq!(served["openapi"], "3.1.0");
    let paths = served["paths"].as_object().unwrap();
    assert!(paths.contains_key("/cds-services/rr-dtc-order-sign"));
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    let tag = answer.header("etag").unwrap().to_owned();
    let again = server.send("GET", "/openapi.json", &[("if-none-match", &tag)], None);
    assert_eq!(again.status, 304);
}
