//! Launches that go wrong: each ends on a page that a clinician understands, with the id of the request.

use super::{Browser, Options, in_browser, steps};
use crate::misbehaving::{Misbehaving, Reply};
use crate::support::{Server, clock, settings};
use jiff::{SignedDuration, Timestamp};
use rrdtc::server::{Application, OpenSmartClient, Startup};
use serde_json::json;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

const PATIENT: &str = "textbook-fdg-only";

async fn assert_problem(browser: &Browser, name: &str) {
    // Only a page of a problem has it, so it is the page to look at that is there.
    let request = browser.text("main p.small code").await;
    assert!(request.len() >= 32, "the id of the request: {request}");
    let page = browser.text("main").await;
    assert!(page.contains(&steps::problem(name)), "{name}: {page}");
    for word in ["Carmen", "panicked", "src/"] {
        assert!(!page.contains(word), "{name} tells {word}: {page}");
    }
    browser.check_width(name).await;
    browser.check_with_axe(name).await;
}

#[test]
fn a_launch_that_took_too_long() {
    let sandbox = Server::sandbox();
    let iss = format!("{}/fhir", sandbox.url);
    let launch = steps::launch_id(&sandbox, PATIENT, None);
    let later = Arc::new(AtomicI64::new(0));
    let (turned, issuer) = (later.clone(), iss.parse().unwrap());
    let service = Server::run(async move || {
        Application::build(Startup {
            smart: Some(OpenSmartClient {
                client_id: "late".into(),
                issuers: vec![issuer],
                frame_ancestors: Vec::new(),
            }),
            now: Arc::new(move || {
                Timestamp::now() + SignedDuration::from_secs(turned.load(Ordering::SeqCst))
            }),
            ..Startup::new(settings(), clock())
        })
        .await
    });
    in_browser(
        "a_launch_that_took_too_long",
        Options::default(),
        async |browser| {
            browser
                .open(&steps::launch_url(&service.url, &iss, &launch))
                .await;
            browser.find("button[value=allow]").await;
            later.store(601, Ordering::SeqCst);
            browser.click("button[value=allow]").await;
            assert_problem(browser, "expired-state").await;
            // One that is in time is kept for a quarter of an hour.
            browser
                .open(&steps::start_url(&service.url, &sandbox.url))
                .await;
            browser.fill("#q", PATIENT).await;
            browser.click(".search button").await;
            browser.click(".picker a").await;
            steps::allow(browser).await;
            later.store(601 + 901, Ordering::SeqCst);
            browser.client.refresh().await.unwrap();
            assert_problem(browser, "ended").await;
        },
    );
}

#[test]
fn a_code_that_comes_back_twice() {
    let server = Server::sandbox();
    in_browser(
        "a_code_that_comes_back_twice",
        Options::default(),
        async |browser| {
            steps::open_chart(browser, &server.url, PATIENT).await;
            steps::launch(browser).await;
            steps::allow(browser).await;
            let page = browser.url().await;
            let asked = browser.asked().await;
            let callback = asked.iter().find(|url| url.contains("/smart/callback?"));
            browser.open(callback.unwrap()).await;
            assert_problem(browser, "used-state").await;
            browser.click("a.offer").await;
            browser.find("section.result").await;
            assert_eq!(
                browser.url().await,
                page,
                "the assessment of the first time is still there"
            );
        },
    );
}

/// What comes back with the right state, and is wrong in other ways.
#[test]
fn an_answer_that_is_not_the_one_that_was_asked_for() {
    let server = Server::sandbox();
    in_browser(
        "an_answer_that_is_not_the_one",
        Options::default(),
        async |browser| {
            for (rest, problem) in [
                ("code=not-a-code", "token-failed"),
                ("error=access_denied", "denied"),
            ] {
                browser
                    .open(&steps::start_url(&server.url, &server.url))
                    .await;
                let state = state_of(browser).await;
                browser
                    .open(&format!(
                        "{}/smart/callback?{rest}&state={state}",
                        server.url
                    ))
                    .await;
                assert_problem(browser, problem).await;
            }
        },
    );
}

#[test]
fn an_app_context_that_was_tampered_with() {
    let server = Server::sandbox();
    let iss = format!("{}/fhir", server.url);
    in_browser(
        "an_app_context_that_was_tampered_with",
        Options::default(),
        async |browser| {
            for context in [
                "{\"resultId\":\"0000000000000000000000000000000000000000000000000000000000000000\"}",
                "{\"resultId\":\"<script>alert(1)</script>\"}",
                "not ours",
            ] {
                let launch = steps::launch_id(&server, PATIENT, Some(context));
                browser
                    .open(&steps::launch_url(&server.url, &iss, &launch))
                    .await;
                steps::allow(browser).await;
                assert!(
                    browser.text(".changed").await.contains("has changed"),
                    "{context}"
                );
                assert!(browser.has(".score .class.at-or-above-cutoff").await);
                browser.check("assessment of a changed record").await;
            }
        },
    );
}

/// RFC 9207: the answer names who gave it, and that is not who was asked.
#[test]
fn an_answer_of_another_authorization_server() {
    let address = Arc::new(OnceLock::new());
    let root = address.clone();
    let ehr = Misbehaving::start(move |request| {
        let root: &String = root.get().unwrap();
        match request.target.split('?').next().unwrap_or_default() {
            "/fhir/.well-known/smart-configuration" => Reply::json(&json!({
                "issuer": root,
                "authorization_endpoint": format!("{root}/authorize"),
                "token_endpoint": format!("{root}/token"),
                "code_challenge_methods_supported": ["S256"],
                "capabilities": ["launch-ehr"],
            })),
            "/authorize" => Reply::text("text/html", "<title>Sign in</title>"),
            _ => Reply::status(404),
        }
    });
    let iss = ehr.base();
    address.set(iss.origin().ascii_serialization()).unwrap();
    let issuer = iss.clone();
    let service = Server::run(async move || {
        Application::build(Startup {
            smart: Some(OpenSmartClient {
                client_id: "mixed-up".into(),
                issuers: vec![issuer],
                frame_ancestors: Vec::new(),
            }),
            ..Startup::new(settings(), clock())
        })
        .await
    });
    in_browser(
        "an_answer_of_another_authorization_server",
        Options::default(),
        async |browser| {
            browser
                .open(&steps::launch_url(&service.url, iss.as_str(), "1"))
                .await;
            let state = state_of(browser).await;
            let rest = "code=1&iss=https%3A%2F%2Fother.example.org";
            browser
                .open(&format!(
                    "{}/smart/callback?{rest}&state={state}",
                    service.url
                ))
                .await;
            assert_problem(browser, "wrong-issuer").await;
            let asked = ehr.received();
            assert!(
                asked.iter().all(|request| request.target != "/token"),
                "the code went nowhere"
            );
        },
    );
}

/// The state in the address of the authorization server.
async fn state_of(browser: &Browser) -> String {
    let asked = browser.url().await;
    let state = asked.query_pairs().find(|(name, _)| name == "state");
    state.unwrap().1.into_owned()
}
