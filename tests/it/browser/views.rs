//! Every view and state: nothing for axe-core to find, no complaint, no request elsewhere, no shift, and no scrolling
//! sideways on a phone or at 400 % zoom.

use super::steps;
use super::{Browser, Options, in_browser};
use crate::sandbox::sandbox_with;
use crate::support::Server;
use rrdtc::sandbox::Options as SandboxOptions;

const PHONE: (u32, u32) = (360, 800);

/// A window of 1280 pixels at 400 %.
const ZOOMED: (u32, u32) = (320, 640);

/// Views that an address opens.
pub const ADDRESSES: [&str; 24] = [
    "/",
    "/?q=textbook",
    "/?q=nobody-of-this-name",
    "/patients/textbook-fdg-only",
    "/patients/pet-preliminary-only",
    "/patients/history-code-with-metastases",
    "/patients/no-dtc-metastasis-to-thyroid",
    "/patients/pet-unreadable-records",
    "/patients/pet-many-lesions-one-observation",
    "/patients/nobody",
    "/patients/textbook-fdg-only/orders/radioiodine",
    "/patients/textbook-fdg-only/orders/radioiodine/sign",
    "/patients/textbook-fdg-only/orders/unmapped",
    "/paste",
    "/feedback",
    "/elsewhere",
    "/elsewhere?server=0&id=a-patient",
    "/model",
    "/model/source-attributes",
    "/model/tripod-ai",
    "/smart/launch",
    "/smart/launch?iss=https%3A%2F%2Fehr.example.org%2Ffhir&launch=1",
    "/smart/callback?state=forged&code=1",
    "/smart/assessments/0123456789abcdef0123456789abcdef",
];

/// With a FHIR server that may be asked, and does not answer.
pub fn server() -> Server {
    sandbox_with(SandboxOptions {
        allow_fhir: vec!["http://127.0.0.1:9/fhir".parse().unwrap()],
        allow_networks: vec!["127.0.0.0/8".parse().unwrap()],
        ..SandboxOptions::default()
    })
}

#[test]
fn every_view_in_a_window() {
    let server = server();
    in_browser(
        "every_view_in_a_window",
        Options::default(),
        async |browser| {
            addresses(browser, &server.url).await;
        },
    );
}

#[test]
fn every_state_in_a_window() {
    let server = server();
    in_browser(
        "every_state_in_a_window",
        Options::default(),
        async |browser| {
            states(browser, &server.url).await;
        },
    );
}

#[test]
fn every_view_on_a_phone() {
    let server = server();
    let options = Options {
        size: PHONE,
        ..Options::default()
    };
    in_browser("every_view_on_a_phone", options, async |browser| {
        addresses(browser, &server.url).await;
        states(browser, &server.url).await;
    });
}

#[test]
fn every_view_at_400_percent() {
    let server = server();
    let options = Options {
        size: ZOOMED,
        ..Options::default()
    };
    in_browser("every_view_at_400_percent", options, async |browser| {
        addresses(browser, &server.url).await;
        assert_eq!(
            browser
                .run("return document.documentElement.clientWidth;")
                .await,
            320,
            "the window is as narrow as asked for"
        );
        states(browser, &server.url).await;
    });
}

async fn look(browser: &Browser, view: &str) {
    browser.check(view).await;
    browser.check_width(view).await;
}

async fn addresses(browser: &Browser, base: &str) {
    for address in ADDRESSES {
        browser.open(&format!("{base}{address}")).await;
        look(browser, address).await;
    }
}

/// Views that only a click or a form leads to.
async fn states(browser: &Browser, base: &str) {
    steps::open_chart(browser, base, "textbook-fdg-only").await;
    open_everything(browser).await;
    browser.check_with_axe("chart, unfolded").await;
    browser.check_width("chart, unfolded").await;
    browser.click(".acts a, .acts summary").await;
    look(browser, "record").await;
    steps::open_chart(browser, base, "textbook-fdg-only").await;
    browser.choose("#site", "bone").await;
    browser
        .click("form[action$='/add/metastasis'] button")
        .await;
    browser.find(".done").await;
    look(browser, "chart, edited").await;
    browser.click("form[action$='/add/pet'] button").await;
    browser.find(".problem, .done").await;
    look(browser, "PET result without a value").await;

    steps::open_chart(browser, base, "textbook-all-present").await;
    browser.click(".dismiss summary").await;
    browser.click(".dismiss button").await;
    browser.find(".dismissed").await;
    look(browser, "card, dismissed").await;
    steps::open_chart(browser, base, "textbook-all-absent").await;
    browser.click(".suggestions button").await;
    browser.find(".suggestions strong").await;
    look(browser, "suggestion, accepted").await;
    browser.open(&format!("{base}/feedback")).await;
    look(browser, "feedback with entries").await;

    browser
        .open(&format!(
            "{base}/patients/textbook-fdg-only/orders/radioiodine/sign"
        ))
        .await;
    browser.click("form[action$='/place'] button").await;
    browser.find(".done").await;
    look(browser, "order, placed").await;

    browser.open(&format!("{base}/paste")).await;
    browser
        .fill("#bundle", "{\n  \"resourceType\": \"Bundle\",,\n}")
        .await;
    browser.click(".paste button[type=submit]").await;
    browser.find("#paste-problem").await;
    look(browser, "paste with an error").await;

    browser.open(&steps::start_url(base, base)).await;
    browser.find(".picker").await;
    look(browser, "patient picker").await;
    browser.fill("#q", "nobody-of-this-name").await;
    browser.click(".search button").await;
    look(browser, "patient picker without hits").await;

    // The app: complete, open with what-if, denied, ended.
    steps::start_app(browser, base, "textbook-fdg-only").await;
    look(browser, "consent").await;
    steps::allow(browser).await;
    look(browser, "assessment, complete").await;
    let assessment = browser.url().await;
    open_everything(browser).await;
    browser.check_with_axe("assessment, unfolded").await;
    browser.click("footer form button").await;
    browser.find("main h1").await;
    look(browser, "assessment, ended").await;
    browser.open(assessment.as_str()).await;
    look(browser, "assessment, gone").await;

    steps::start_app(browser, base, "pet-preliminary-only").await;
    steps::allow(browser).await;
    look(browser, "assessment, unknown").await;
    browser.click("[data-whatif] input[value=yes]").await;
    browser.find(".hypothetical").await;
    assert_eq!(
        browser.run("return document.activeElement.value;").await,
        "yes",
        "the focus stays on what was chosen"
    );
    look(browser, "what-if").await;

    steps::start_app(browser, base, "no-dtc-metastasis-to-thyroid").await;
    steps::allow(browser).await;
    look(browser, "assessment, not applicable").await;

    steps::start_app(browser, base, "textbook-fdg-only").await;
    browser.click("button[value=deny]").await;
    // The page of consent has none.
    browser.find("main p.small code").await;
    assert!(browser.url().await.path().ends_with("/smart/callback"));
    look(browser, "consent, denied").await;
}

async fn open_everything(browser: &Browser) {
    browser
        .run("for (const details of document.querySelectorAll('details')) details.open = true;")
        .await;
}
