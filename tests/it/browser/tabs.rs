//! Two patients in two tabs, opened crosswise: each tab keeps its own.

use super::steps::{self, ASSESSMENT};
use super::{Options, in_browser};
use crate::support::Server;

#[test]
fn two_patients_in_two_tabs() {
    let server = Server::sandbox();
    in_browser(
        "two_patients_in_two_tabs",
        Options::default(),
        async |browser| {
            let mut tabs = Vec::new();
            // Both launches are under way before either is allowed.
            for patient in ["textbook-all-present", "textbook-all-absent"] {
                let chart = browser.client.new_window(true).await.unwrap();
                browser.client.switch_to_window(chart.handle).await.unwrap();
                steps::open_chart(browser, &server.url, patient).await;
                let response = steps::response(browser).await;
                let name = browser.text(".patient h1").await;
                let result = response["extension"][ASSESSMENT]["resultId"]
                    .as_str()
                    .unwrap()
                    .to_owned();
                steps::launch(browser).await;
                tabs.push((browser.client.window().await.unwrap(), name, result));
            }
            for (tab, _, _) in tabs.iter().rev() {
                browser.client.switch_to_window(tab.clone()).await.unwrap();
                steps::allow(browser).await;
            }
            let mut addresses = Vec::new();
            for reload in [false, true] {
                for (tab, name, result) in &tabs {
                    browser.client.switch_to_window(tab.clone()).await.unwrap();
                    if reload {
                        browser.client.refresh().await.unwrap();
                    }
                    assert_eq!(browser.text(".banner .name").await, *name);
                    assert_eq!(steps::shown_result(browser).await, *result);
                    addresses.push(browser.url().await);
                }
            }
            assert_ne!(addresses[0], addresses[1]);
            assert_ne!(tabs[0].2, tabs[1].2);
            // Ending the one leaves the other.
            browser.click("footer button").await;
            browser.find("main h1").await;
            browser.client.refresh().await.ok();
            browser.open(addresses[1].as_str()).await;
            assert!(!browser.has("section.result").await);
            browser.open(addresses[0].as_str()).await;
            assert_eq!(steps::shown_result(browser).await, tabs[0].2);
        },
    );
}
