//! The pages in a real browser: headless Chromium driven through chromedriver, axe-core on every view.
//!
//! Where chromedriver is missing each test says by name that it was skipped; `.ci/run` installs it and sets
//! `TEST_REQUIRES_BROWSER`.

mod driver;
mod fhirclient;
mod frames;
mod hostile;
mod keyboard;
mod markup;
mod pictures;
mod print;
mod refusals;
mod steps;
mod tabs;
mod views;
mod whole_loop;
mod without_script;

pub use driver::{Browser, Options, in_browser, validator_is_missing};
