//! What is never contacted, and which tokens are never used.

use super::*;

/// Everything is sent but the Observations, so that a refusal to read shows in an answer.
fn call_lacking_observations(base: &Url) -> Value {
    let call = with(bare_call(base), "/prefetch", known_chart().prefetch());
    without(call, "/prefetch/observations")
}

fn observations_failed(site: &Site, call: &Value, what: &str) {
    let found = assessment(&site.call(call));
    assert_eq!(found["sources"]["observations"]["from"], "failed", "{what}");
}

#[test]
fn a_server_that_is_not_configured_is_never_contacted() {
    let own = ehr(known_chart());
    let elsewhere = ehr(known_chart());
    let site = Site::new("", &reads(&own.base()));
    let port = own.address.port();
    for base in [
        elsewhere.base().to_string(),
        own.url("127.0.0.1", "/other").to_string(),
        own.url("127.0.0.1", "/fhirs").to_string(),
        own.url("127.0.0.1", "/fhir/../other").to_string(),
        own.url("127.0.0.1", "/fhir/%2e%2e/other").to_string(),
        own.url("127.0.0.1", "/fhir/..%2fother").to_string(),
        own.url("127.0.0.1", "/fhir;x=/../other").to_string(),
        own.url("localhost", "/fhir").to_string(),
        format!("https://127.0.0.1:{port}/fhir"),
        format!("http://user@127.0.0.1:{port}/fhir"),
        format!("http://127.0.0.1:{port}@{}/fhir", elsewhere.address),
        format!("//127.0.0.1:{port}/fhir"),
        "file:///etc/passwd".into(),
        "not a url".into(),
    ] {
        let call = with(bare_call(&own.base()), "/fhirServer", json!(base));
        assert_problem(&site.call(&call), 412, "prefetch.conditions");
        let call = call_lacking_observations(&own.base());
        observations_failed(&site, &with(call, "/fhirServer", json!(base)), &base);
    }
    assert!(elsewhere.received().is_empty());
    assert!(asked(&own).is_empty(), "{:?}", asked(&own));
}

#[test]
fn links_and_redirects_lead_nowhere_else() {
    let elsewhere = ehr(known_chart());
    let there = elsewhere.base();
    let outside = [
        format!("{there}/Observation?page=2"),
        "/other/Observation?page=2".into(),
        "../other/Observation".into(),
    ];
    let links = outside.clone();
    let own = Misbehaving::start(move |request| {
        let target = request.target.as_str();
        if target.starts_with("/fhir/Observation") {
            let which = request.header("authorization").unwrap();
            let which = which.rsplit('-').next().unwrap();
            match which {
                "redirect" => {
                    Reply::status(302).with("Location", &format!("{there}/Observation?patient=p-1"))
                }
                "moved" => Reply::status(307).with("Location", "/fhir/Observation?moved=1"),
                which => {
                    let link = &links[which.parse::<usize>().unwrap()];
                    Reply::json(&searchset(&[], Some(link)))
                }
            }
        } else {
            fhir_answer(&known_chart(), request)
        }
    });
    let site = Site::new("", &reads(&own.base()));
    for which in ["redirect", "moved", "0", "1", "2"] {
        let before = asked(&own).len();
        let call = call_lacking_observations(&own.base());
        let token = json!(format!("token-{which}"));
        let found = assessment(&site.call(&with(call, "/fhirAuthorization/access_token", token)));
        assert_eq!(
            found["sources"]["observations"]["complete"], false,
            "{which}"
        );
        assert_eq!(state(&found, "fdgUptake"), "unknown source-incomplete");
        assert_eq!(asked(&own).len(), before + 1, "{which}");
    }
    // The link of a prefetched page is no better.
    for link in &outside {
        let before = asked(&own).len();
        let call = with(
            bare_call(&own.base()),
            "/prefetch",
            known_chart().prefetch(),
        );
        let page = searchset(&[], Some(link));
        let found = assessment(&site.call(&with(call, "/prefetch/observations", page)));
        let expected = json!({ "from": "prefetch", "pages": 1, "complete": false });
        assert_eq!(found["sources"]["observations"], expected, "{link}");
        assert_eq!(asked(&own).len(), before, "{link}");
    }
    assert!(elsewhere.received().is_empty());
}

#[test]
fn without_a_usable_token_nothing_is_read() {
    let stub = ehr(known_chart());
    let site = Site::new("", &reads(&stub.base()));
    let bare = bare_call(&stub.base());
    let set = |member: &str, value: Value| {
        with(bare.clone(), &format!("/fhirAuthorization/{member}"), value)
    };
    for (what, call) in [
        ("none", without(bare.clone(), "/fhirAuthorization")),
        (
            "no server",
            without(without(bare.clone(), "/fhirAuthorization"), "/fhirServer"),
        ),
        ("for another patient", set("patient", json!("p-2"))),
        (
            "for another patient, as reference",
            set("patient", json!("Patient/p-2")),
        ),
        ("over", set("expires_in", json!(0))),
        (
            "a token that fits in no header",
            set("access_token", json!("a\r\nX-Evil: 1")),
        ),
    ] {
        let answer = site.call(&call);
        assert_problem(&answer, 412, "prefetch.conditions");
        assert!(asked(&stub).is_empty(), "{what}");
    }
    for (what, patient) in [("its own", "p-1"), ("its own, as reference", "Patient/p-1")] {
        let answer = site.call(&set("patient", json!(patient)));
        assert_eq!(answer.status, 200, "{what}: {}", answer.body);
    }
}

#[test]
fn without_a_token_is_read_only_where_that_is_configured() {
    let stub = ehr(known_chart());
    let site = Site::new("", &format!("{}anonymous_fhir = true", reads(&stub.base())));
    let call = without(bare_call(&stub.base()), "/fhirAuthorization");
    let found = assessment(&site.call(&call));
    assert_eq!(found["resultId"], known_chart().assess()["resultId"]);
    let requests = asked(&stub);
    assert_eq!(requests.len(), 6);
    assert!(requests.iter().all(|r| r.header("authorization").is_none()));
    // A token that comes all the same is used.
    assert_eq!(site.call(&bare_call(&stub.base())).status, 200);
    let with_token = asked(&stub);
    let with_token = with_token[6..].iter();
    assert!(
        with_token
            .clone()
            .all(|r| r.header("authorization").is_some())
    );
    // Anonymous is no way round a token that is for another patient.
    let before = asked(&stub).len();
    let call = bare_call(&stub.base());
    let call = with(call, "/fhirAuthorization/patient", json!("p-2"));
    assert_problem(&site.call(&call), 412, "prefetch.conditions");
    assert_eq!(asked(&stub).len(), before);
}

#[test]
fn fetching_can_be_switched_off() {
    let stub = ehr(known_chart());
    let site = Site::new("", &format!("{}fetch = \"off\"", reads(&stub.base())));
    let call = bare_call(&stub.base());
    assert_problem(&site.call(&call), 412, "prefetch.conditions");
    let found = assessment(&site.call(&call_lacking_observations(&stub.base())));
    assert_eq!(found["sources"]["observations"]["from"], "absent");
    assert_eq!(state(&found, "fdgUptake"), "unknown source-incomplete");
    assert!(stub.received().is_empty());
}

#[test]
fn a_private_address_is_read_only_where_its_network_is_allowed() {
    let stub = ehr(known_chart());
    let base = stub.base();
    for networks in ["", "allow_private_networks = [\"10.0.0.0/8\"]"] {
        let client = format!("fhir_bases = [\"{base}\"]\nallow_http = true\n{networks}");
        let site = Site::new("", &client);
        assert_problem(&site.call(&bare_call(&base)), 412, "prefetch.conditions");
    }
    assert!(stub.received().is_empty());
}

#[test]
fn a_client_may_be_read_with_a_token_of_our_own() {
    let stub = Misbehaving::start(|request| match request.target.as_str() {
        "/fhir/token" => Reply::json(
            &json!({ "access_token": "our-own", "token_type": "bearer", "expires_in": 300 }),
        ),
        _ => fhir_answer(&known_chart(), request),
    });
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let client = format!(
        "{}[clients.backend_services]\ntoken_url = \"{}\"\nclient_id = \"rrdtc\"\nkey_file = \"FOLDER/key.pem\"\nkid = \"k\"\nalgorithm = \"ES384\"\nscope = \"system/*.rs\"\n",
        reads(&stub.base()),
        stub.url("127.0.0.1", "/fhir/token"),
    );
    let site = Site::with_files("", &client, &[("key.pem", &key.serialize_pem())]);
    let call = without(bare_call(&stub.base()), "/fhirAuthorization");
    for _ in 0..2 {
        assert_eq!(site.call(&call).status, 200);
    }
    let (tokens, reads): (Vec<_>, Vec<_>) = asked(&stub)
        .into_iter()
        .partition(|request| request.target == "/fhir/token");
    assert_eq!(tokens.len(), 1, "one token for both calls");
    assert_eq!(tokens[0].form("scope").as_deref(), Some("system/*.rs"));
    assert_eq!(reads.len(), 12);
    let authorizations = reads.iter().map(|read| read.header("authorization"));
    assert!(
        authorizations
            .clone()
            .all(|sent| sent == Some("Bearer our-own"))
    );
    // The token of a call goes first.
    assert_eq!(site.call(&bare_call(&stub.base())).status, 200);
    let sent = asked(&stub);
    let last = sent[13..].iter();
    assert!(
        last.clone()
            .all(|r| r.header("authorization") == Some("Bearer token-of-the-call"))
    );
    // And one for another patient is not replaced by our own.
    let before = asked(&stub).len();
    let call = with(
        bare_call(&stub.base()),
        "/fhirAuthorization/patient",
        json!("p-2"),
    );
    assert_problem(&site.call(&call), 412, "prefetch.conditions");
    assert_eq!(asked(&stub).len(), before);
}
