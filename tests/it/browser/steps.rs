//! Steps that a clinician takes: to the chart, through the consent, to the page of the assessment.

use super::Browser;
use crate::support::Server;
use serde_json::{Value, json};

pub const ASSESSMENT: &str = "org.rrdtc.assessment";

/// From the list by search to the chart of a patient.
pub async fn find_patient(browser: &Browser, base: &str, patient: &str) {
    browser.open(&format!("{base}/")).await;
    browser.fill("#q", patient).await;
    browser.click(".search button").await;
    browser.find(".search a[href='/']").await;
    assert_eq!(browser.texts(".patients tbody th .id").await, [patient]);
    browser.click(".patients tbody th a").await;
    browser.find("#card").await;
    assert_eq!(browser.url().await.path(), format!("/patients/{patient}"));
}

pub async fn open_chart(browser: &Browser, base: &str, patient: &str) {
    browser.open(&format!("{base}/patients/{patient}")).await;
    browser.find("#card").await;
}

/// The response as it stands beside the card.
pub async fn response(browser: &Browser) -> Value {
    let exchange = browser.texts(".wire pre").await;
    assert_eq!(exchange.len(), 2, "request and response");
    serde_json::from_str(&exchange[1]).unwrap()
}

/// From the card through its SMART link to the consent, in a tab of its own.
pub async fn launch(browser: &Browser) {
    browser.click_to_new_tab(".links a.button").await;
    browser.find("button[value=allow]").await;
}

/// Allows the app and waits for the page of the assessment.
pub async fn allow(browser: &Browser) {
    browser.click("button[value=allow]").await;
    browser.find("section.result").await;
    let url = browser.url().await;
    assert!(url.path().starts_with("/smart/assessments/"), "{url}");
    assert_eq!(
        url.query(),
        None,
        "nothing of the launch is left in the address"
    );
}

/// The result that the page of the assessment shows.
pub async fn shown_result(browser: &Browser) -> String {
    browser.text(".result code").await
}

/// The address that launches the app without a card.
pub fn start_url(base: &str, issuer: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("iss", &format!("{issuer}/fhir"))
        .finish();
    format!("{base}/smart/start?{query}")
}

/// Launches the app without a card, chooses the patient and goes on to the consent.
pub async fn start_app(browser: &Browser, base: &str, patient: &str) {
    browser.open(&start_url(base, base)).await;
    browser.fill("#q", patient).await;
    browser.click(".search button").await;
    browser.find(&format!(".picker a[href*='{patient}']")).await;
    browser.click(".picker a").await;
    browser.find("button[value=allow]").await;
}

/// A launch of the sandbox for another page than its own, as the official CDS Hooks sandbox asks for it.
pub fn launch_id(sandbox: &Server, patient: &str, app_context: Option<&str>) -> String {
    let answer = sandbox.post(
        "/fhir/_services/smart/Launch",
        &json!({
            "launchUrl": format!("{}/smart/launch", sandbox.url),
            "parameters": { "patient": patient, "appContext": app_context },
        }),
    );
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["launch_id"].as_str().unwrap().to_owned()
}

pub fn launch_url(base: &str, iss: &str, launch: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("iss", iss)
        .append_pair("launch", launch)
        .finish();
    format!("{base}/smart/launch?{query}")
}

/// What the page about a problem says.
pub fn problem(name: &str) -> String {
    let file = std::fs::read_to_string("cds-hooks/texts/en/launch.json").unwrap();
    let words: Value = serde_json::from_str(&file).unwrap();
    words["problems"][name]["what"].as_str().unwrap().to_owned()
}
