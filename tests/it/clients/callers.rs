//! Who may call which route, by tokens as they come over the network.

use super::*;
use crate::auth::forge::sign;
use std::io::{Read, Write};
use std::net::TcpStream;

const FEEDBACK: &str = "/cds-services/rr-dtc-patient-view/feedback";
const NOT_THERE: &str = "/cds-services/rr-dtc-not-there";

/// Method, route, status without and with a good token.
const ROUTES: [(&str, &str, u16, u16); 19] = [
    ("GET", "/cds-services", 401, 200),
    ("POST", SERVICE, 401, 200),
    ("POST", FEEDBACK, 401, 200),
    // What there is and what not is told to nobody who has no token.
    ("POST", NOT_THERE, 401, 404),
    ("POST", "/cds-services/rr-dtc-not-there/feedback", 401, 404),
    ("GET", "/health/live", 200, 200),
    ("POST", "/cds-services", 405, 405),
    ("GET", SERVICE, 405, 405),
    ("GET", FEEDBACK, 405, 405),
    ("GET", "/", 404, 404),
    ("GET", "/metrics", 404, 404),
    ("GET", "/health/ready", 404, 404),
    ("GET", "/model", 200, 200),
    ("GET", "/model/source-attributes", 200, 200),
    ("GET", "/model/tripod-ai", 200, 200),
    ("HEAD", "/model", 200, 200),
    ("POST", "/model", 405, 405),
    ("GET", "/model/not-there", 404, 404),
    ("GET", "/fhir/Patient/p-1", 404, 404),
];

fn body(route: &str) -> Option<Value> {
    match route {
        FEEDBACK => Some(json!({ "feedback": [] })),
        SERVICE => Some(known_chart().call()),
        _ => None,
    }
}

fn assert_refused(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 401, "{what}: {}", answer.body);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{what}");
    let expected = json!({ "resourceType": "OperationOutcome", "issue": [{ "severity": "error",
        "code": "login", "diagnostics": "a valid token is required" }] });
    assert_eq!(answer.json(), expected, "no reason is told: {what}");
}

#[test]
fn every_route_is_open_or_asks_for_a_token() {
    let site = Site::new(STORE, "");
    for (method, route, without, with) in ROUTES {
        let what = format!("{method} {route}");
        let json = [("content-type", "application/json")];
        let sent = body(route).map(|body| body.to_string().into_bytes());
        let answer = site.server.send(method, route, &json, sent);
        if without == 401 {
            assert_refused(&answer, &what);
        }
        assert_eq!(answer.status, without, "{what}");
        let token = token(route, json!({}));
        let answer = site.send(method, route, &token, body(route).as_ref());
        assert_eq!(answer.status, with, "{what}: {}", answer.body);
    }
    // What is public by default asks for a token where the setting does not list it.
    let closed = Site::new(&format!("{STORE}public_routes = []\n"), "");
    for (method, route, without, with) in ROUTES {
        let is_public = route.starts_with("/model") && without == 200;
        let without = if is_public { 401 } else { without };
        let json = [("content-type", "application/json")];
        let sent = body(route).map(|body| body.to_string().into_bytes());
        let what = format!("closed: {method} {route}");
        let answer = closed.server.send(method, route, &json, sent);
        assert_eq!(answer.status, without, "{what}");
        let token = token(route, json!({}));
        let answer = closed.send(method, route, &token, body(route).as_ref());
        assert_eq!(answer.status, with, "{what}: {}", answer.body);
    }
    for (route, allow) in [
        ("/cds-services", "GET"),
        ("/model", "GET"),
        (SERVICE, "POST"),
        (FEEDBACK, "POST"),
    ] {
        let answer = site.server.send("DELETE", route, &[], None);
        assert_eq!(answer.status, 405, "{route}");
        assert_eq!(answer.header("allow"), Some(allow), "{route}");
    }
}

#[test]
fn a_token_is_good_for_the_address_that_it_names_and_no_other() {
    let site = Site::new(STORE, "");
    let routes = [
        ("GET", "/cds-services"),
        ("POST", SERVICE),
        ("POST", FEEDBACK),
    ];
    for (method, route) in routes {
        for (_, other) in routes {
            let answer = site.send(
                method,
                route,
                &token(other, json!({})),
                body(route).as_ref(),
            );
            let what = format!("{method} {route} for {other}");
            if route == other {
                assert_eq!(answer.status, 200, "{what}: {}", answer.body);
            } else {
                assert_refused(&answer, &what);
            }
        }
        for aud in [
            json!(EXTERNAL),
            json!(format!("{EXTERNAL}{route}/")),
            json!(format!("{}{route}", site.server.url)),
            json!(route),
            json!([]),
            json!(null),
        ] {
            let token = token(route, json!({ "aud": aud }));
            assert_refused(
                &site.send(method, route, &token, body(route).as_ref()),
                route,
            );
        }
        let list = json!({ "aud": ["https://else.example", format!("{EXTERNAL}{route}")] });
        let answer = site.send(method, route, &token(route, list), body(route).as_ref());
        assert_eq!(answer.status, 200, "{route}: {}", answer.body);
    }
}

#[test]
fn the_host_that_a_caller_writes_does_not_change_the_audience() {
    let site = Site::new("", "");
    let bearer = format!(
        "Bearer {}",
        token(
            SERVICE,
            json!({ "aud": format!("https://evil.example{SERVICE}") })
        )
    );
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
    ];
    let body = known_chart().call().to_string().into_bytes();
    assert_refused(
        &site.server.send("POST", SERVICE, &headers, Some(body)),
        "host",
    );
}

#[test]
fn tokens_that_are_not_good_are_refused_without_a_reason() {
    let site = Site::new("", "");
    let now = jiff::Timestamp::now().as_second();
    let stranger = KeyPair::elliptic("p384", &rcgen::PKCS_ECDSA_P384_SHA384, "ES384");
    let good = token(SERVICE, json!({}));
    let (signed, _) = good.rsplit_once('.').unwrap();
    let call = known_chart().call();
    for (what, token) in [
        (
            "another issuer",
            token(SERVICE, json!({ "iss": "https://evil.example" })),
        ),
        (
            "expired",
            token(SERVICE, json!({ "iat": now - 900, "exp": now - 300 })),
        ),
        (
            "of the future",
            token(SERVICE, json!({ "iat": now + 300, "exp": now + 600 })),
        ),
        (
            "ten years",
            token(SERVICE, json!({ "exp": now + 315_360_000 })),
        ),
        ("no jti", token(SERVICE, json!({ "jti": null }))),
        ("another key", token_of(&stranger, SERVICE, json!({}))),
        ("not signed", format!("{signed}.")),
        ("no token", "x".into()),
        ("oversized", "x".repeat(9_000)),
        (
            "a tenant where there are none",
            token(SERVICE, json!({ "tenant": "east" })),
        ),
    ] {
        assert_refused(&site.send("POST", SERVICE, &token, Some(&call)), what);
    }
    assert_eq!(site.send("POST", SERVICE, &good, Some(&call)).status, 200);
}

#[test]
fn a_token_is_used_once_unless_the_client_may_repeat_it() {
    let call = known_chart().call();
    for (client, second) in [("", 401), ("replay = \"allow\"", 200)] {
        let site = Site::new("", client);
        let token = token(SERVICE, json!({}));
        assert_eq!(site.send("POST", SERVICE, &token, Some(&call)).status, 200);
        let again = site.send("POST", SERVICE, &token, Some(&call));
        assert_eq!(again.status, second, "{client}");
    }
}

#[test]
fn a_client_with_tenants_must_name_one_of_them() {
    let tenants = "[[clients.tenants]]\nid = \"east\"\n[[clients.tenants]]\nid = \"west\"\n";
    let site = Site::new("", tenants);
    let call = known_chart().call();
    assert_eq!(site.call_as("east", &call).status, 200);
    assert_eq!(site.call_as("west", &call).status, 200);
    assert_refused(&site.call(&call), "none");
    for tenant in ["north", "", "EAST"] {
        assert_refused(&site.call_as(tenant, &call), tenant);
    }
}

#[test]
fn an_audience_that_a_client_is_known_to_send_is_accepted_beside_the_right_one() {
    let site = Site::new("", "audience = \"urn:rrdtc\"");
    let call = known_chart().call();
    for (audience, status) in [
        (json!("urn:rrdtc"), 200),
        (json!(format!("{EXTERNAL}{SERVICE}")), 200),
        (json!("urn:rrdtc:2"), 401),
    ] {
        let answer = site.post(SERVICE, json!({ "aud": audience }), &call);
        assert_eq!(answer.status, status, "{audience}");
    }
}

#[test]
fn browsers_of_configured_origins_can_read_refusals_and_nobody_else_can() {
    let site = Site::new("cors.origins = [\"https://ehr.example.test\"]", "");
    for (origin, allowed) in [
        ("https://ehr.example.test", Some("https://ehr.example.test")),
        ("https://evil.example", None),
    ] {
        let answer = site
            .server
            .send("GET", "/cds-services", &[("origin", origin)], None);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            allowed,
            "{origin}"
        );
        if allowed.is_some() {
            assert_refused(&answer, origin);
        }
    }
    // A preflight carries no token and needs none.
    for route in ["/cds-services", SERVICE, FEEDBACK, NOT_THERE] {
        let headers = [
            ("origin", "https://ehr.example.test"),
            ("access-control-request-method", "POST"),
            (
                "access-control-request-headers",
                "authorization,content-type",
            ),
        ];
        let answer = site.server.send("OPTIONS", route, &headers, None);
        assert_eq!(answer.status, 200, "{route}");
        let origin = answer.header("access-control-allow-origin");
        assert_eq!(origin, Some("https://ehr.example.test"), "{route}");
    }
}

#[test]
fn a_body_is_not_read_for_a_caller_who_is_not_known() {
    let site = Site::new(STORE, "");
    let address = site.server.url.strip_prefix("http://").unwrap();
    for route in [SERVICE, FEEDBACK] {
        // Larger than any limit, and never sent.
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(AMPLE)).unwrap();
        let head = format!(
            "POST {route} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10000000000\r\n\r\n{{"
        );
        let asked = Instant::now();
        stream.write_all(head.as_bytes()).unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        assert_eq!(&status, b"HTTP/1.1 401", "{route}");
        // The time that a known caller has for a body is 10 seconds.
        assert!(asked.elapsed() < Duration::from_secs(5), "{route}");
    }
}

#[test]
fn services_are_those_that_the_client_is_entitled_to() {
    let client = "services = [\"rr-dtc-patient-view\", \"rr-dtc-order-sign\"]\nservices_off = [\"rr-dtc-patient-view\"]";
    let site = Site::new(STORE, client);
    let discovery = site.send(
        "GET",
        "/cds-services",
        &token("/cds-services", json!({})),
        None,
    );
    let ids: Vec<Value> = discovery.json()["services"]
        .as_array()
        .unwrap()
        .iter()
        .map(|service| service["id"].clone())
        .collect();
    assert_eq!(ids, ["rr-dtc-order-sign"]);

    let select = "/cds-services/rr-dtc-order-select";
    for (path, body) in [
        (select.to_owned(), known_chart().call()),
        (format!("{select}/feedback"), json!({ "feedback": [] })),
    ] {
        let answer = site.post(&path, json!({}), &body);
        assert_eq!(answer.status, 403, "{path}");
        assert_eq!(answer.json()["issue"][0]["code"], "forbidden", "{path}");
    }

    // Switched off: no error in the EHR, no card, and nothing is assessed, whatever is sent.
    for body in [known_chart().call(), json!({ "not": "a call" })] {
        let off = site.call(&body);
        assert_eq!(display_reason(&off), "service-off");
        assert_eq!(off.json()["cards"], json!([]));
        let assessment = assessment(&off);
        let members: Vec<&String> = assessment.as_object().unwrap().keys().collect();
        assert_eq!(members, ["model", "software", "display"]);
    }
    // Feedback about cards from before is still taken.
    assert_eq!(site.feedback(None, &json!({ "feedback": [] })).status, 200);
}

#[test]
fn keys_are_read_from_the_configured_address_and_no_other() {
    let keys = Misbehaving::start(|request| match request.target.as_str() {
        "/jwks.json" => Reply::text("application/json", key_set(&[&P384])),
        _ => Reply::status(404),
    });
    let elsewhere = Misbehaving::start(|_| Reply::text("application/json", key_set(&[&P384])));
    let client = |jku: &Url| {
        let reached = reads(&keys.base());
        format!("jku = \"{jku}\"\n{reached}fetch = \"off\"")
    };
    let call = known_chart().call();
    let site = Site::without_keys(&client(&keys.url("127.0.0.1", "/jwks.json")));
    assert_eq!(site.call(&call).status, 200);
    // Where the token says that its keys are is not believed.
    let claims = json!({ "iss": ISSUER, "aud": format!("{EXTERNAL}{SERVICE}"), "jti": uuid::Uuid::new_v4(),
        "iat": jiff::Timestamp::now().as_second(), "exp": jiff::Timestamp::now().as_second() + 300 });
    let there = elsewhere.url("127.0.0.1", "/jwks.json");
    let header = json!({ "alg": "ES384", "kid": P384.kid, "jku": there.as_str() });
    let token = sign(&header.to_string(), &claims.to_string(), &P384);
    assert_refused(
        &site.send("POST", SERVICE, &token, Some(&call)),
        "jku elsewhere",
    );
    assert!(elsewhere.received().is_empty());

    // A key set that has moved is not followed.
    let moved = Misbehaving::start(move |_| Reply::status(302).with("Location", there.as_str()));
    let site = Site::without_keys(&client(&moved.url("127.0.0.1", "/jwks.json")));
    assert_refused(&site.call(&call), "moved");
    assert!(!moved.received().is_empty());
    assert!(elsewhere.received().is_empty());
}
