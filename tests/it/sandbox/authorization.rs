//! The SMART App Launch flow, step by step as an app and its user go through it. That codes and tokens expire is tested beside
//! their code, where the time is an argument.

use super::{between, check_content, check_page, encode, form, page, sandbox_with};
use crate::support::{Answer, Server};
use rrdtc::sandbox::Options;
use serde_json::{Value, json};

// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const REDIRECT: &str = "http://localhost:9999/callback";

/// A good request of an app that is launched from a chart.
fn request<'a>(launch: &'a str, aud: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("response_type", "code"),
        ("client_id", "an-app"),
        ("redirect_uri", REDIRECT),
        ("scope", "launch patient/*.rs openid"),
        ("state", "state&?#=1"),
        ("aud", aud),
        ("launch", launch),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
}

fn with<'a>(
    mut request: Vec<(&'a str, &'a str)>,
    name: &'a str,
    value: &'a str,
) -> Vec<(&'a str, &'a str)> {
    request.retain(|(known, _)| *known != name);
    if !value.is_empty() {
        request.push((name, value));
    }
    request
}

fn authorize(server: &Server, request: &[(&str, &str)]) -> Answer {
    let query: Vec<String> = request
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    server.once(
        "GET",
        &format!("/auth/authorize?{}", query.join("&")),
        &[],
        None,
    )
}

fn launch(server: &Server, parameters: Value) -> Answer {
    server.post(
        "/fhir/_services/smart/Launch",
        &json!({ "launchUrl": "https://app.example.org/launch", "parameters": parameters }),
    )
}

fn launch_id(server: &Server, patient: &str) -> String {
    let parameters = json!({ "patient": patient, "appContext": "{\"resultId\":\"abc\"}", "smart_messaging_origin": "x" });
    let answer = launch(server, parameters);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["launch_id"].as_str().unwrap().to_owned()
}

fn decide(server: &Server, consent: &Answer, decision: &str) -> url::Url {
    assert_eq!(consent.status, 200, "{}", consent.body);
    let request = between(&consent.body, "name=\"request\" value=\"", "\"");
    let patient = match consent.body.contains("name=\"patient\"") {
        true => between(&consent.body, "name=\"patient\" value=\"", "\""),
        false => "",
    };
    let fields = [
        ("request", request),
        ("patient", patient),
        ("decision", decision),
    ];
    let decided = form(server, "/auth/decision", &fields);
    assert_eq!(decided.status, 303, "{}", decided.body);
    decided.header("location").unwrap().parse().unwrap()
}

fn parameter(url: &url::Url, name: &str) -> String {
    url.query_pairs()
        .find(|(known, _)| known == name)
        .map_or(String::new(), |(_, value)| value.into_owned())
}

fn exchange(server: &Server, code: &str) -> Vec<(&'static str, String)> {
    let _ = server;
    vec![
        ("grant_type", "authorization_code".into()),
        ("code", code.into()),
        ("redirect_uri", REDIRECT.into()),
        ("client_id", "an-app".into()),
        ("code_verifier", VERIFIER.into()),
    ]
}

fn token(server: &Server, fields: &[(&'static str, String)]) -> Answer {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    form(server, "/auth/token", &fields)
}

fn fhir(server: &Server) -> String {
    format!("{}/fhir", server.url)
}

/// A code for a launch from this patient's chart.
fn code(server: &Server, patient: &str) -> String {
    let (launch, aud) = (launch_id(server, patient), fhir(server));
    let consent = authorize(server, &request(&launch, &aud));
    parameter(&decide(server, &consent, "allow"), "code")
}

fn bearer(server: &Server, token: &str, path: &str) -> Answer {
    let authorization = format!("Bearer {token}");
    server.once("GET", path, &[("authorization", &authorization)], None)
}

#[test]
fn an_app_finds_the_endpoints() {
    let server = Server::sandbox();
    let configuration = server.get("/fhir/.well-known/smart-configuration");
    assert_eq!(
        configuration.header("content-type"),
        Some("application/json")
    );
    let configuration = configuration.json();
    let token = format!("{}/auth/token", server.url);
    assert_eq!(configuration["token_endpoint"], token.as_str());
    assert_eq!(
        configuration["code_challenge_methods_supported"],
        json!(["S256"])
    );
    let capabilities = configuration["capabilities"].as_array().unwrap();
    for capability in [
        "launch-ehr",
        "launch-standalone",
        "client-public",
        "permission-v2",
    ] {
        assert!(capabilities.contains(&json!(capability)), "{capability}");
    }
    let metadata = server.get("/fhir/metadata").json();
    let uris = &metadata["rest"][0]["security"]["extension"][0]["extension"];
    assert_eq!(uris[1]["valueUri"], token.as_str());
    assert_eq!(uris[0]["valueUri"], configuration["authorization_endpoint"]);
}

#[test]
fn a_launch_carries_patient_and_app_context_to_the_app() {
    let server = Server::sandbox();
    let (launch, aud) = (launch_id(&server, "textbook-fdg-only"), fhir(&server));
    let consent = authorize(&server, &request(&launch, &aud));
    check_content(&consent, "consent");
    // The redirect that answers the form must be allowed by the page's policy, and nothing else.
    let policy = consent.header("content-security-policy").unwrap();
    let expected = rrdtc::sandbox::POLICY.replace(
        "form-action 'self'",
        "form-action 'self' http://localhost:9999",
    );
    assert_eq!(policy, expected);
    for shown in [
        "an-app",
        "Carmen Synthetic",
        "http://localhost:9999",
        "read all records of this patient",
    ] {
        assert!(consent.body.contains(shown), "{shown}");
    }
    let back = decide(&server, &consent, "allow");
    assert!(back.as_str().starts_with(REDIRECT));
    assert_eq!(parameter(&back, "state"), "state&?#=1");

    let answer = token(&server, &exchange(&server, &parameter(&back, "code")));
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    let granted = answer.json();
    assert_eq!(granted["patient"], "textbook-fdg-only");
    assert_eq!(granted["appContext"], "{\"resultId\":\"abc\"}");
    assert_eq!(granted["scope"], "launch patient/*.rs");
    assert_eq!(granted["token_type"], "Bearer");
    assert_eq!(granted["expires_in"], 3600);
    assert_eq!(granted["need_patient_banner"], true);

    // The token reads this patient and no other.
    let granted = granted["access_token"].as_str().unwrap();
    for (path, status) in [
        ("/fhir/Patient/textbook-fdg-only", 200),
        ("/fhir/Patient/textbook-all-absent", 403),
        ("/fhir/Observation/tb41-pet", 200),
        ("/fhir/Condition?patient=textbook-fdg-only", 200),
    ] {
        assert_eq!(bearer(&server, granted, path).status, status, "{path}");
    }
    for (path, total) in [
        ("/fhir/Condition?patient=textbook-all-absent", 0),
        ("/fhir/Patient", 1),
    ] {
        assert_eq!(
            bearer(&server, granted, path).json()["total"],
            total,
            "{path}"
        );
    }
    let unknown = bearer(&server, "unknown", "/fhir/Patient/textbook-fdg-only");
    assert_eq!(unknown.status, 401);
    assert!(
        unknown
            .header("www-authenticate")
            .unwrap()
            .contains("invalid_token")
    );
}

#[test]
fn a_smart_link_of_a_card_can_be_followed_to_the_end() {
    let server = Server::sandbox();
    // The address that an EHR opens: iss and launch.
    let launch = launch_id(&server, "textbook-all-present");
    let aud = fhir(&server).replace("127.0.0.1", "localhost");
    let mut own = request(&launch, &aud);
    let redirect = format!("{}/smart/callback", server.url);
    own = with(with(own, "client_id", "rrdtc"), "redirect_uri", &redirect);
    let back = decide(&server, &authorize(&server, &own), "allow");
    assert!(back.as_str().starts_with(&redirect));
    let mut fields = exchange(&server, &parameter(&back, "code"));
    fields[2].1.clone_from(&redirect);
    fields[3].1 = "rrdtc".into();
    let answer = token(&server, &fields);
    assert_eq!(
        answer.json()["patient"],
        "textbook-all-present",
        "{}",
        answer.body
    );
}

#[test]
fn a_code_is_exchanged_once_by_whom_it_was_given_to() {
    let server = Server::sandbox();
    let patient = "textbook-fdg-only";
    for (at, value, error) in [
        (0, "client_credentials", "unsupported_grant_type"),
        (1, "unknown", "invalid_grant"),
        (2, "http://localhost:9999/other", "invalid_grant"),
        (3, "another-app", "invalid_grant"),
        (
            4,
            "a-guess-of-forty-three-characters-aaaaaaaaa",
            "invalid_grant",
        ),
        (4, "", "invalid_grant"),
    ] {
        let mut fields = exchange(&server, &code(&server, patient));
        fields[at].1 = value.into();
        let answer = token(&server, &fields);
        assert_eq!(answer.status, 400, "{value}");
        assert_eq!(answer.json()["error"], error, "{value}");
    }
    let fields = exchange(&server, &code(&server, patient));
    let first = token(&server, &fields).json();
    let first = first["access_token"].as_str().unwrap();
    assert_eq!(
        bearer(&server, first, "/fhir/Observation/tb41-pet").status,
        200
    );
    let again = token(&server, &fields);
    assert_eq!(
        (again.status, again.json()["error"].as_str()),
        (400, Some("invalid_grant"))
    );
    // Whoever has the code twice may have stolen it: the token ends too.
    assert_eq!(
        bearer(&server, first, "/fhir/Observation/tb41-pet").status,
        401
    );
    let json = server.post("/auth/token", &json!({}));
    assert_eq!(
        (json.status, json.json()["error"].as_str()),
        (400, Some("invalid_request"))
    );
}

#[test]
fn what_is_wrong_with_a_request_is_told_to_the_app() {
    let server = Server::sandbox();
    let aud = fhir(&server);
    let launch = launch_id(&server, "textbook-fdg-only");
    let good = || request(&launch, &aud);
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("state", "", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("aud", "https://ehr.example.org/fhir", "invalid_request"),
        ("aud", "", "invalid_request"),
        ("scope", "patient/*.write", "invalid_scope"),
        ("scope", "", "invalid_scope"),
        ("launch", "unknown", "invalid_request"),
        ("launch", "", "invalid_request"),
    ] {
        let answer = authorize(&server, &with(good(), name, value));
        assert_eq!(answer.status, 303, "{name}={value}: {}", answer.body);
        let back: url::Url = answer.header("location").unwrap().parse().unwrap();
        assert!(back.as_str().starts_with(REDIRECT), "{back}");
        assert_eq!(parameter(&back, "error"), error, "{name}={value}");
        assert_eq!(parameter(&back, "code"), "");
    }
    let mut twice = good();
    twice.push(("state", "another"));
    let answer = authorize(&server, &twice);
    assert!(
        answer
            .header("location")
            .unwrap()
            .contains("invalid_request")
    );
}

#[test]
fn nobody_is_sent_to_an_address_that_is_not_registered() {
    let server = Server::sandbox();
    let aud = fhir(&server);
    let launch = launch_id(&server, "textbook-fdg-only");
    for (client, redirect) in [
        ("rrdtc", "http://localhost:9999/callback"),
        ("rrdtc", "https://evil.example.org/smart/callback"),
        ("an-app", "https://evil.example.org/callback"),
        ("an-app", "javascript:alert(1)"),
        ("<script>", "https://evil.example.org/"),
        ("an-app", ""),
    ] {
        let request = with(
            with(request(&launch, &aud), "client_id", client),
            "redirect_uri",
            redirect,
        );
        let answer = authorize(&server, &request);
        assert_eq!(answer.status, 400, "{client} {redirect}");
        check_page(&answer, redirect);
    }
}

#[test]
fn a_user_may_deny_and_decides_once() {
    let server = Server::sandbox();
    let (launch, aud) = (launch_id(&server, "textbook-fdg-only"), fhir(&server));
    let consent = authorize(&server, &request(&launch, &aud));
    let back = decide(&server, &consent, "deny");
    assert_eq!(parameter(&back, "error"), "access_denied");
    assert_eq!(parameter(&back, "state"), "state&?#=1");
    assert_eq!(parameter(&back, "code"), "");
    // The page that was left open decides nothing any more.
    let id = between(&consent.body, "name=\"request\" value=\"", "\"");
    let again = form(
        &server,
        "/auth/decision",
        &[("request", id), ("decision", "allow")],
    );
    assert_eq!(again.status, 400);
    check_page(&again, "decision");
    // Nor does a page of another site.
    let consent = authorize(&server, &request(&launch, &aud));
    let id = between(&consent.body, "name=\"request\" value=\"", "\"");
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "cross-site"),
    ];
    let body = format!("request={id}&decision=allow").into_bytes();
    assert_eq!(
        server
            .once("POST", "/auth/decision", &headers, Some(body))
            .status,
        400
    );
}

#[test]
fn an_app_without_a_launch_lets_the_user_choose_the_patient() {
    let server = Server::sandbox();
    let aud = fhir(&server);
    let standalone = with(
        with(request("", &aud), "launch", ""),
        "scope",
        "launch/patient patient/*.read",
    );
    let picker = authorize(&server, &standalone);
    assert_eq!(picker.status, 200);
    check_page(&picker, "picker");
    let id = between(&picker.body, "name=\"request\" value=\"", "\"");
    let searched = page(&server, &format!("/auth/patient?request={id}&q=carmen"));
    assert_eq!(searched.matches("/auth/consent?").count(), 1);
    let path = between(&searched, "href=\"/auth/consent", "\"").replace("&amp;", "&");
    let consent = server.once("GET", &format!("/auth/consent{path}"), &[], None);
    let back = decide(&server, &consent, "allow");
    let granted = token(&server, &exchange(&server, &parameter(&back, "code"))).json();
    assert_eq!(granted["patient"], "textbook-fdg-only");
    assert_eq!(granted["scope"], "launch/patient patient/*.read");
    assert!(granted.get("appContext").is_none());

    // No patient, no permission.
    let picker = authorize(&server, &standalone);
    let id = between(&picker.body, "name=\"request\" value=\"", "\"");
    for (patient, expected) in [("nobody", "no such patient"), ("", "no patient was chosen")] {
        let decided = form(
            &server,
            "/auth/decision",
            &[("request", id), ("patient", patient), ("decision", "allow")],
        );
        if decided.status == 303 {
            let back: url::Url = decided.header("location").unwrap().parse().unwrap();
            assert_eq!(parameter(&back, "error"), "access_denied");
            assert!(parameter(&back, "error_description").contains(expected));
        } else {
            assert_eq!(decided.status, 400, "decided before");
        }
    }
    let foreign = format!("/auth/consent?request={id}&patient=nobody");
    assert_eq!(server.get(&foreign).status, 400);
}

#[test]
fn a_confidential_client_shows_its_secret() {
    let redirect = "https://app.example.org/callback";
    let server = sandbox_with(Options {
        smart_clients: vec![format!("backend:s3 cret={redirect}").parse().unwrap()],
        ..Options::default()
    });
    let aud = fhir(&server);
    let code = || {
        let launch = launch_id(&server, "textbook-fdg-only");
        let request = with(
            with(request(&launch, &aud), "client_id", "backend"),
            "redirect_uri",
            redirect,
        );
        parameter(
            &decide(&server, &authorize(&server, &request), "allow"),
            "code",
        )
    };
    let fields = |code: String| {
        vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code),
            ("redirect_uri", redirect.to_owned()),
            ("code_verifier", VERIFIER.to_owned()),
        ]
    };
    let sent = |fields: &[(&'static str, String)], authorization: Option<&str>| {
        let body: Vec<String> = fields
            .iter()
            .map(|(n, v)| format!("{n}={}", encode(v)))
            .collect();
        let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
        headers.extend(authorization.map(|value| ("authorization", value)));
        server.once(
            "POST",
            "/auth/token",
            &headers,
            Some(body.join("&").into_bytes()),
        )
    };
    // base64 of "backend:s3%20cret", "backend:wrong".
    assert_eq!(
        sent(&fields(code()), Some("Basic YmFja2VuZDpzMyUyMGNyZXQ=")).status,
        200
    );
    for authorization in ["Basic YmFja2VuZDp3cm9uZw==", "Basic !", "Bearer x"] {
        let refused = sent(&fields(code()), Some(authorization));
        assert_eq!(refused.status, 401, "{authorization}");
        assert_eq!(refused.json()["error"], "invalid_client");
    }
    let by_post = |secret: Option<&str>| {
        let mut fields = fields(code());
        fields.push(("client_id", "backend".into()));
        fields.extend(secret.map(|secret| ("client_secret", secret.to_owned())));
        sent(&fields, None).status
    };
    assert_eq!(by_post(Some("s3 cret")), 200);
    assert_eq!(by_post(Some("wrong")), 401);
    assert_eq!(by_post(None), 401);
}

#[test]
fn a_launch_that_cannot_be_is_refused() {
    let server = Server::sandbox();
    for parameters in [
        json!({}),
        json!({ "patient": 1 }),
        json!({ "patient": "nobody" }),
        json!({ "patient": "textbook-fdg-only", "appContext": "x".repeat(10_001) }),
    ] {
        assert_eq!(
            launch(&server, parameters.clone()).status,
            400,
            "{parameters}"
        );
    }
    let headers = [("content-type", "application/json")];
    let broken = server.once(
        "POST",
        "/fhir/_services/smart/Launch",
        &headers,
        Some(b"{".to_vec()),
    );
    assert_eq!(broken.status, 400);
    // No patient context to know of, none given.
    assert_eq!(
        launch(&server, json!({ "patient": "textbook-fdg-only" })).status,
        200
    );
}
