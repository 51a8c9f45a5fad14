//! Tokens (J1 to J14).

use crate::call::PATIENT_VIEW;
use crate::needs;
use crate::target::{Answer, TARGET};
use crate::token::{Signer, symmetric, unsigned};
use serde_json::{Value, json};

fn path() -> String {
    TARGET.path_of(&PATIENT_VIEW)
}

fn call_with(token: &str) -> Answer {
    TARGET.send_as(token, "POST", &path(), Some(&PATIENT_VIEW))
}

fn claims(signer: &Signer) -> Value {
    signer.claims(&TARGET.url(&path()))
}

/// A token with changed claims is refused.
fn refused(signer: &Signer, change: impl FnOnce(&mut Value)) {
    let mut claims = claims(signer);
    change(&mut claims);
    let answer = call_with(&signer.sign(&signer.header(), &claims));
    assert_eq!(answer.status, 401, "{claims}");
}

#[test]
fn j1_a_call_without_a_token_is_refused_where_callers_are_known() {
    needs!(&TARGET.signer, "no key");
    let headers = [("content-type", "application/json")];
    let body = PATIENT_VIEW.to_string();
    let answer = TARGET.raw("POST", &path(), &headers, Some(body.as_bytes()));
    assert_eq!(answer.status, 401);
    assert!(
        answer
            .header("www-authenticate")
            .is_some_and(|value| value.starts_with("Bearer"))
    );
    assert_eq!(TARGET.raw("GET", "/cds-services", &[], None).status, 401);
}

#[test]
fn j2_the_token_is_a_bearer_token() {
    let signer = needs!(&TARGET.signer, "no key");
    assert_eq!(call_with(&signer.token(&TARGET.url(&path()))).status, 200);
    let basic = format!("Basic {}", signer.token(&TARGET.url(&path())));
    let headers = [
        ("content-type", "application/json"),
        ("authorization", basic.as_str()),
    ];
    let body = PATIENT_VIEW.to_string();
    assert_eq!(
        TARGET
            .raw("POST", &path(), &headers, Some(body.as_bytes()))
            .status,
        401
    );
}

#[test]
fn j3_the_header_has_algorithm_key_and_type() {
    let signer = needs!(&TARGET.signer, "no key");
    for member in ["kid", "typ"] {
        let mut header = signer.header();
        header.as_object_mut().unwrap().remove(member);
        assert_eq!(
            call_with(&signer.sign(&header, &claims(signer))).status,
            401,
            "{member}"
        );
    }
}

#[test]
fn j4_every_claim_is_required() {
    let signer = needs!(&TARGET.signer, "no key");
    for claim in ["iss", "aud", "exp", "iat", "jti"] {
        refused(signer, |claims| {
            claims.as_object_mut().unwrap().remove(claim);
        });
    }
    refused(signer, |claims| {
        claims["iat"] = json!(claims["iat"].as_i64().unwrap() - 7200);
        claims["exp"] = json!(claims["exp"].as_i64().unwrap() - 7200);
    });
    refused(signer, |claims| {
        claims["exp"] = json!(claims["exp"].as_i64().unwrap() + 30 * 86_400)
    });
    // A list of audiences is as good as one.
    let mut several = claims(signer);
    several["aud"] = json!(["https://elsewhere.example.test", several["aud"]]);
    assert_eq!(
        call_with(&signer.sign(&signer.header(), &several)).status,
        200
    );
}

#[test]
fn j5_the_audience_is_the_endpoint() {
    let signer = needs!(&TARGET.signer, "no key");
    for audience in [
        "https://elsewhere.example.test/cds-services".to_owned(),
        TARGET.url("/cds-services"),
        TARGET.url("/cds-services/another-service"),
        format!("{}/feedback", TARGET.url(&path())),
    ] {
        refused(signer, |claims| claims["aud"] = json!(audience));
    }
}

#[test]
fn j6_unknown_issuers_and_key_addresses_are_refused() {
    let signer = needs!(&TARGET.signer, "no key");
    refused(signer, |claims| {
        claims["iss"] = json!("https://unknown.example.test")
    });
    let fhir = needs!(&TARGET.fhir, "RRDTC_FHIR_PORT is not set");
    let turn = fhir.take(|_| (200, json!({ "keys": [] }).to_string()));
    let mut header = signer.header();
    header["jku"] = json!(format!("{}/jwks.json", turn.base));
    header["kid"] = json!("only-there");
    assert_eq!(
        call_with(&signer.sign(&header, &claims(signer))).status,
        401
    );
    assert!(
        turn.asked().is_empty(),
        "an address of the token was contacted"
    );
}

#[test]
fn j7_no_algorithm_and_symmetric_ones_are_refused() {
    let signer = needs!(&TARGET.signer, "no key");
    assert_eq!(call_with(&unsigned(&claims(signer))).status, 401);
    let mut header = signer.header();
    header["alg"] = json!("HS256");
    // The public key as a shared secret: the classic confusion.
    let secret = signer.jwk().to_string();
    assert_eq!(
        call_with(&symmetric(&header, &claims(signer), secret.as_bytes())).status,
        401
    );
}

#[test]
fn j8_es384_and_rs384_are_accepted() {
    let signer = needs!(&TARGET.signer, "no key");
    assert_eq!(call_with(&signer.token(&TARGET.url(&path()))).status, 200);
    let rsa = needs!(&TARGET.rsa_signer, "no second client");
    assert_eq!(call_with(&rsa.token(&TARGET.url(&path()))).status, 200);
    // Each with its own key only.
    let mut header = rsa.header();
    header["alg"] = json!("ES384");
    assert_eq!(call_with(&rsa.sign(&header, &claims(rsa))).status, 401);
}

#[test]
fn j9_the_key_is_that_of_the_kid_among_the_clients_own() {
    let signer = needs!(&TARGET.signer, "no key");
    let mut header = signer.header();
    header["kid"] = json!("another");
    assert_eq!(
        call_with(&signer.sign(&header, &claims(signer))).status,
        401
    );
    let rsa = needs!(&TARGET.rsa_signer, "no second client");
    // A key of another client.
    let mut claims = claims(rsa);
    claims["iss"] = json!(signer.issuer);
    assert_eq!(call_with(&rsa.sign(&rsa.header(), &claims)).status, 401);
}

#[test]
fn j10_keys_exchanged_out_of_band_need_no_jku() {
    let signer = needs!(&TARGET.signer, "no key");
    assert!(signer.header().get("jku").is_none());
    assert_eq!(call_with(&signer.token(&TARGET.url(&path()))).status, 200);
}

#[test]
fn j11_a_token_is_taken_once() {
    let signer = needs!(&TARGET.signer, "no key");
    let token = signer.token(&TARGET.url(&path()));
    assert_eq!(call_with(&token).status, 200);
    let again = call_with(&token).status;
    // A client may be allowed to repeat tokens: test suites do.
    assert!(again == 401 || (!TARGET.is_ours && again == 200), "{again}");
}

#[test]
fn j12_and_j13_a_refusal_tells_no_reason_and_no_token() {
    let signer = needs!(&TARGET.signer, "no key");
    let mut bodies = Vec::new();
    for change in ["iss", "aud", "exp", "jti"] {
        let mut claims = claims(signer);
        claims.as_object_mut().unwrap().remove(change);
        let token = signer.sign(&signer.header(), &claims);
        let answer = call_with(&token);
        assert!(!answer.body.contains(&token[..40]));
        bodies.push(answer.body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "the text tells what was wrong: {bodies:?}");
}
