//! The pages in a real browser: headless Chromium driven through chromedriver, axe-core on every view.
//!
//! Where chromedriver is missing each test says by name that it was skipped; `.ci/run` installs it and sets
//! `TEST_REQUIRES_BROWSER`.

mod driver;

use crate::support::Server;
use driver::{Options, in_browser};

#[test]
fn start_page() {
    let server = Server::sandbox();
    in_browser("start_page", Options::default(), async |browser| {
        browser.open(&format!("{}/", server.url)).await;
        browser.check("start").await;
    });
}
