//! JavaScript off: the whole loop for one patient, and what-if by its button.

use super::steps::{self, ASSESSMENT};
use super::{Options, in_browser};
use crate::support::Server;

#[test]
fn without_script() {
    let server = Server::sandbox();
    let options = Options {
        javascript: false,
        ..Options::default()
    };
    in_browser("without_script", options, async |browser| {
        let patient = "pet-preliminary-only";
        steps::find_patient(browser, &server.url, patient).await;
        assert!(
            !browser.has(".copy").await,
            "the script of the page did not run"
        );
        let response = steps::response(browser).await;
        let assessment = &response["extension"][ASSESSMENT];
        steps::launch(browser).await;
        steps::allow(browser).await;
        assert_eq!(steps::shown_result(browser).await, assessment["resultId"]);
        assert!(browser.has(".score .class.indeterminate").await);
        assert!(
            !browser.find(".print").await.is_displayed().await.unwrap(),
            "a button that would do nothing is not shown"
        );

        browser.click("[data-whatif] input[value=yes]").await;
        assert!(
            !browser.has(".hypothetical").await,
            "nothing happens before the button"
        );
        browser.click("[data-whatif] button").await;
        let hypothetical = browser.text(".hypothetical").await;
        assert!(hypothetical.contains("41"), "{hypothetical}");
        // The record's own answer stays beside it.
        assert!(browser.has(".score .class.indeterminate").await);
        assert_eq!(steps::shown_result(browser).await, assessment["resultId"]);
        browser.click(".hypothetical a").await;
        assert!(!browser.has(".hypothetical").await);
        browser.close_tab().await;

        browser.click(".dismiss summary").await;
        browser.choose(".dismiss select", "1").await;
        browser.fill(".dismiss input", "without script").await;
        browser.click(".dismiss button").await;
        browser.find(".card.dismissed").await;
        browser.click("nav a[href='/feedback']").await;
        let rows = browser.text("section[aria-labelledby=latest]").await;
        assert!(rows.contains("without script"), "{rows}");
    });
}
