//! An app that others wrote, with the npm package fhirclient, launches against the sandbox's authorization server.

use super::{Browser, Options, in_browser};
use crate::misbehaving::{Misbehaving, Reply};
use crate::support::Server;
use fantoccini::Locator;
use serde_json::{Value, json};

const LIBRARY: &str = "tests/browser/node_modules/fhirclient/build/fhir-client.pure.min.js";

const LAUNCH: &str = r#"<!DOCTYPE html><script src="/library.js"></script><script>
FHIR.oauth2.authorize({ clientId: "app-of-others", scope: "launch patient/*.rs", redirectUri: location.origin + "/app", pkceMode: "required" })
  .catch(error => { document.title = "failed " + error; });
</script>"#;

const APP: &str = r#"<!DOCTYPE html><body><script src="/library.js"></script><script>
FHIR.oauth2.ready().then(async client => {
  const patient = await client.patient.read();
  const observations = await client.request("Observation?patient=" + client.patient.id);
  const { appContext, scope } = client.state.tokenResponse;
  document.body.textContent = JSON.stringify({ patient, observations: observations.entry.length, appContext, scope });
  document.title = "ready";
}).catch(error => { document.title = "failed " + error; });
</script>"#;

fn app() -> Misbehaving {
    let library = std::fs::read(LIBRARY)
        .expect("fhirclient is not installed: (cd tests/browser && npm ci --ignore-scripts)");
    Misbehaving::start(
        move |request| match request.target.split('?').next().unwrap_or_default() {
            "/library.js" => Reply::text("text/javascript", library.clone()),
            "/launch" => Reply::text("text/html; charset=utf-8", LAUNCH),
            "/app" => Reply::text("text/html; charset=utf-8", APP),
            _ => Reply::status(404),
        },
    )
}

#[test]
fn an_app_that_uses_fhirclient() {
    let server = Server::sandbox();
    in_browser(
        "an_app_that_uses_fhirclient",
        Options::default(),
        async |browser| {
            let app = app();
            launch(browser, &server, &app).await;
            browser.click("button[value=allow]").await;
            assert_eq!(outcome(browser).await, "ready");
            let told: Value = serde_json::from_str(&browser.text("body").await).unwrap();
            assert_eq!(told["patient"]["id"], "textbook-fdg-only");
            assert!(told["observations"].as_u64() > Some(0), "{told}");
            assert_eq!(told["appContext"], "{\"a\":1}");
            assert!(
                told["scope"].as_str().unwrap().contains("patient/*.rs"),
                "{told}"
            );

            launch(browser, &server, &app).await;
            browser.click("button[value=deny]").await;
            let outcome = outcome(browser).await;
            assert!(
                outcome.starts_with("failed") && outcome.contains("access_denied"),
                "{outcome}"
            );
        },
    );
}

async fn launch(browser: &Browser, server: &Server, app: &Misbehaving) {
    let launch_url = app.url("localhost", "/launch");
    let answer = server.post(
        "/fhir/_services/smart/Launch",
        &json!({ "launchUrl": launch_url, "parameters": { "patient": "textbook-fdg-only", "appContext": "{\"a\":1}" } }),
    );
    let launch = answer.json()["launch_id"].as_str().unwrap().to_owned();
    let mut url = launch_url;
    url.query_pairs_mut()
        .append_pair("iss", &format!("{}/fhir", server.url))
        .append_pair("launch", &launch);
    browser.open(url.as_str()).await;
    browser.find("button[value=allow]").await;
}

/// The title that the app gives itself when it is through.
async fn outcome(browser: &Browser) -> String {
    let by_title = Locator::XPath("//title[text()='ready' or starts-with(text(), 'failed')]");
    browser.client.wait().for_element(by_title).await.unwrap();
    browser.client.title().await.unwrap()
}
