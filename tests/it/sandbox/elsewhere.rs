//! Other FHIR servers: none without --allow-fhir, and then only those.

use super::{check_page, form, page, sandbox_with};
use crate::support::{Chart, Server};
use rrdtc::sandbox::Options;
use std::net::TcpListener;

fn with(base: &str, networks: &[&str]) -> Server {
    sandbox_with(Options {
        allow_fhir: vec![base.parse().unwrap()],
        allow_networks: networks.iter().map(|n| n.parse().unwrap()).collect(),
        ..Options::default()
    })
}

/// A listener that would notice anybody who comes.
fn trap() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let base = format!("http://{}/fhir", listener.local_addr().unwrap());
    (listener, base)
}

fn assert_nobody_came(trap: &TcpListener) {
    assert_eq!(
        trap.accept().unwrap_err().kind(),
        std::io::ErrorKind::WouldBlock
    );
}

#[test]
fn nothing_outside_is_contacted_unless_it_was_allowed() {
    let server = Server::sandbox();
    let (trap, base) = trap();
    assert!(!page(&server, "/").contains("/elsewhere"));
    let refused = server.get(&format!("/elsewhere?server=0&id={}", super::encode(&base)));
    assert_eq!(refused.status, 404);
    check_page(&refused, "/elsewhere");
    // Nor by a hook call that names it.
    let mut call = Chart::basic().call();
    call["fhirServer"] = base.as_str().into();
    call["prefetch"]
        .as_object_mut()
        .unwrap()
        .remove("observations");
    call["prefetch"].as_object_mut().unwrap().remove("patient");
    let answer = server.post(crate::support::SERVICE, &call);
    assert_eq!(answer.status, 412, "{}", answer.body);
    assert_nobody_came(&trap);
}

#[test]
fn a_private_address_needs_its_network_allowed_too() {
    let (trap, base) = trap();
    let server = with(&base, &["10.0.0.0/8"]);
    let answer = server.get("/elsewhere?server=0&id=p-1");
    assert_eq!(answer.status, 502);
    check_page(&answer, "/elsewhere");
    assert!(answer.body.contains("The patient could not be read"));
    assert_nobody_came(&trap);
}

#[test]
fn a_patient_of_an_allowed_server_is_shown_and_not_changed() {
    let other = Server::sandbox();
    let base = format!("{}/fhir", other.url);
    let server = with(&base, &["127.0.0.0/8"]);
    let empty = page(&server, "/elsewhere");
    assert!(empty.contains(&base) && !empty.contains("RR-DTC"));

    let shown = page(&server, "/elsewhere?server=0&id=textbook-fdg-only");
    assert!(shown.contains("RR-DTC score 41/52"));
    assert!(shown.contains("FDG PET SUVmax") && shown.contains("used for FDG uptake"));
    assert!(!shown.contains("Remove"));
    // Feedback goes to the service, the other server's chart stays.
    let suggestion = super::between(&shown, "<ul class=\"suggestions\">", "</ul>");
    let path = super::between(suggestion, "action=\"", "\"");
    let id = super::between(suggestion, "value=\"", "\"");
    let accepted = form(&server, path, &[("suggestion", id)]);
    let location = accepted.header("location").unwrap();
    assert_eq!(
        location,
        "/elsewhere?server=0&id=textbook-fdg-only&done=accepted-only"
    );
    assert!(page(&server, location).contains("is not changed"));
    assert!(page(&server, "/feedback").contains("Record this assessment"));
    for url in [&other, &server] {
        let found = url.get("/fhir/RiskAssessment?patient=textbook-fdg-only");
        assert_eq!(found.json()["total"], 0);
    }
    for id in ["nobody", "..", "a/b", "%2e%2e"] {
        let answer = server.get(&format!("/elsewhere?server=0&id={}", super::encode(id)));
        assert_eq!(answer.status, 502, "{id}");
        check_page(&answer, id);
    }
    assert!(!page(&server, "/elsewhere?server=7&id=x").contains("RR-DTC"));
}
