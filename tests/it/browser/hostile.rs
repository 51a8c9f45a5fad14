//! Charts whose names, codes and texts would like to be more than text.

use super::{Browser, Options, in_browser, steps};
use crate::sandbox::hostile::{LINK, SCRIPT, TURNED, hostile};
use crate::support::Server;
use serde_json::json;

#[test]
fn hostile_texts_are_inert_in_a_browser() {
    let server = Server::sandbox();
    let options = Options {
        size: (360, 800),
        ..Options::default()
    };
    let long = "x".repeat(10_000);
    in_browser("hostile_texts", options, async |browser| {
        for (index, text) in [SCRIPT, LINK, TURNED, &long].into_iter().enumerate() {
            let patient = format!("hostile-{index}");
            browser.open(&format!("{}/paste", server.url)).await;
            let bundle = json!(hostile(&patient, text));
            browser
                .run(&format!(
                    "document.getElementById('bundle').value = {bundle};"
                ))
                .await;
            browser.click(".paste button[type=submit]").await;
            browser.find(".done").await;
            look(browser, "list").await;
            steps::open_chart(browser, &server.url, &patient).await;
            look(browser, "chart").await;
            let record = browser.attribute(".acts a", "href").await;
            let chart = browser.url().await;
            steps::launch(browser).await;
            // A new tab becomes as small as a phone only after it was opened.
            browser.client.refresh().await.unwrap();
            look(browser, "consent").await;
            steps::allow(browser).await;
            look(browser, "assessment").await;
            browser.close_tab().await;

            browser.click(".dismiss summary").await;
            let short: String = text.chars().take(1_000).collect();
            browser
                .run(&format!(
                    "document.querySelector('.dismiss input').value = {};",
                    json!(short)
                ))
                .await;
            browser.click(".dismiss button").await;
            browser.find(".dismissed").await;
            browser.open(&format!("{}/feedback", server.url)).await;
            look(browser, "feedback").await;
            browser.open(chart.join(&record).unwrap().as_str()).await;
            look(browser, "record").await;
            browser.open(&format!("{chart}/orders/radioiodine")).await;
            look(browser, "order").await;
        }
    });
}

/// `check` would find a script that ran (it opens a dialog) and one that the policy stopped (the browser complains).
async fn look(browser: &Browser, view: &str) {
    let alive = "script:not([src]), img, [onerror], a[href^='javascript:' i]";
    assert!(!browser.has(alive).await, "{view} has something that acts");
    browser.check(view).await;
    browser.check_width(view).await;
}
