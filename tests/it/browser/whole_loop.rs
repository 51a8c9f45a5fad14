//! The whole loop: chart, hook, card, consent, app, feedback, report.

use super::steps::{self, ASSESSMENT};
use super::{Browser, Options, in_browser};
use crate::support::Server;
use serde_json::Value;

/// Dismissed by the first three, accepted by the others.
const PATIENTS: [(&str, &str); 7] = [
    ("textbook-all-present", "at-or-above-cutoff"),
    ("textbook-fdg-only", "at-or-above-cutoff"),
    ("pet-preliminary-only", "indeterminate"),
    ("textbook-all-absent", "below-cutoff"),
    ("textbook-recurrence-multisite", "at-or-above-cutoff"),
    ("history-code-with-metastases", "indeterminate"),
    ("pet-report-text-no-avid-disease", "indeterminate"),
];

#[test]
fn from_the_chart_to_the_app_and_back_with_feedback() {
    let server = Server::sandbox();
    in_browser("whole_loop", Options::default(), async |browser| {
        for (index, (patient, class)) in PATIENTS.into_iter().enumerate() {
            steps::find_patient(browser, &server.url, patient).await;
            let response = steps::response(browser).await;
            let assessment = &response["extension"][ASSESSMENT];
            assert_eq!(assessment["classification"], class, "{patient}");
            compare_card(browser, &response["cards"][0]).await;
            browser.check(&format!("chart of {patient}")).await;

            let name = browser.text(".patient h1").await;
            steps::launch(browser).await;
            let consent = browser.text("main").await;
            assert!(consent.contains(&name), "{consent}");
            browser.check("consent").await;
            steps::allow(browser).await;
            compare_page(browser, assessment, &name).await;
            browser.check(&format!("assessment of {patient}")).await;
            browser.close_tab().await;

            let (outcome, what) = if index < 3 {
                let reason = index.to_string();
                dismiss(browser, &reason, &format!("said of {patient}")).await
            } else {
                accept(browser).await
            };
            browser.check(&format!("{patient} {outcome}")).await;
            browser.open(&format!("{}/feedback", server.url)).await;
            let row = browser
                .texts("section[aria-labelledby=latest] tbody tr:first-child td")
                .await;
            assert_eq!(row[1], "patient-view");
            assert_eq!(row[2], outcome, "{patient}");
            assert_eq!(row[3], what, "{patient}");
            if index < 3 {
                assert_eq!(row[4], format!("said of {patient}"));
            }
        }
        browser.check("feedback").await;
        let services = browser
            .texts("section[aria-labelledby=counts] tbody td")
            .await;
        assert_eq!(
            services[1..],
            ["4", "3"],
            "accepted, overridden: {services:?}"
        );
    });
}

#[test]
fn where_the_model_does_not_apply_there_is_no_card_and_the_app_says_why() {
    let server = Server::sandbox();
    let patient = "no-dtc-metastasis-to-thyroid";
    in_browser("not_applicable", Options::default(), async |browser| {
        steps::find_patient(browser, &server.url, patient).await;
        let response = steps::response(browser).await;
        assert_eq!(response["cards"], serde_json::json!([]));
        let assessment = &response["extension"][ASSESSMENT];
        assert!(browser.text(".card.none").await.contains("does not apply"));
        assert!(!browser.has(".links").await);
        let name = browser.text(".patient h1").await;
        browser.check("chart without a card").await;

        steps::start_app(browser, &server.url, patient).await;
        steps::allow(browser).await;
        assert_eq!(steps::shown_result(browser).await, assessment["resultId"]);
        assert_eq!(browser.text(".banner .name").await, name);
        assert!(browser.text(".not-applicable").await.starts_with("No."));
        assert!(!browser.has(".score").await && !browser.has(".probability").await);
        browser.check("assessment, not applicable").await;
    });
}

/// The card on the page is that of the response, word for word.
async fn compare_card(browser: &Browser, card: &Value) {
    let text = |pointer: &str| {
        card.pointer(pointer)
            .and_then(Value::as_str)
            .unwrap()
            .to_owned()
    };
    let all = |list: &str| -> Vec<String> {
        let list = card[list].as_array().unwrap();
        list.iter()
            .map(|item| {
                let label = item["label"].as_str().or(item["display"].as_str());
                label.unwrap().to_owned()
            })
            .collect()
    };
    assert!(
        browser
            .has(&format!("article.card.{}", text("/indicator")))
            .await
    );
    assert_eq!(browser.texts(".card .summary").await, [text("/summary")]);
    assert!(
        browser
            .text(".card .source")
            .await
            .contains(&text("/source/label"))
    );
    assert_eq!(browser.texts(".card .links a").await, all("links"));
    assert_eq!(
        browser.texts(".suggestions button").await,
        all("suggestions")
    );
    let reasons = browser.texts(".dismiss option").await;
    assert_eq!(reasons[1..], all("overrideReasons"));
    // The rows of the table, which the card has as Markdown.
    let detail = text("/detail");
    let rows: Vec<Vec<String>> = detail
        .lines()
        .filter(|line| line.starts_with('|') && !line.starts_with("|-") && !line.starts_with("| -"))
        .skip(1)
        .map(|line| {
            let line = line.trim().trim_matches('|');
            line.split('|')
                .map(|cell| cell.trim().replace("**", "").replace('\\', ""))
                .collect()
        })
        .collect();
    assert_eq!(rows.len(), 4, "four predictors: {detail}");
    assert_eq!(browser.texts(".detail tbody td").await, rows.concat());
}

/// The page of the app shows the result of the card.
async fn compare_page(browser: &Browser, assessment: &Value, name: &str) {
    assert_eq!(steps::shown_result(browser).await, assessment["resultId"]);
    let class = assessment["classification"].as_str().unwrap();
    assert!(
        browser.has(&format!(".score .class.{class}")).await,
        "{class}"
    );
    assert_eq!(browser.text(".banner .name").await, name);
    assert!(!browser.has(".changed").await);
    let (low, high) = (&assessment["score"]["low"], &assessment["score"]["high"]);
    let headline = browser.text(".score .headline strong").await;
    assert!(
        headline.contains(&low.to_string()) && headline.contains(&high.to_string()),
        "{headline}: {low} to {high}"
    );
    let states = browser.run("return [...document.querySelectorAll('.overview .state')].map(e => [...e.classList].filter(c => c != 'state')[0]);").await;
    let predictors = [
        "ageAtDiagnosis",
        "recurrence",
        "multiSiteMetastasis",
        "fdgUptake",
    ];
    let expected = predictors.map(|name| assessment["predictors"][name]["state"].clone());
    assert_eq!(states, Value::from(expected.to_vec()));
    assert!(browser.has(".nomogram svg").await);
}

async fn dismiss(browser: &Browser, reason: &str, comment: &str) -> (&'static str, String) {
    browser.click(".dismiss summary").await;
    let words = browser
        .texts(&format!(".dismiss option[value='{reason}']"))
        .await;
    browser.choose(".dismiss select", reason).await;
    browser.fill(".dismiss input", comment).await;
    browser.click(".dismiss button").await;
    let shown = browser.text(".card.dismissed").await;
    assert!(shown.contains(&words[0]), "{shown}");
    ("overridden", words[0].clone())
}

async fn accept(browser: &Browser) -> (&'static str, String) {
    let label = browser.text(".suggestions button").await;
    browser.click(".suggestions button").await;
    let shown = browser.text(".suggestions strong").await;
    assert_eq!(shown, "Accepted:");
    ("accepted", label)
}
