//! The sandbox's EHR and its authorization server, as a browser without cookies and script sees them.

mod authorization;
mod charts;
mod editing;
mod elsewhere;
mod feedback;
pub mod hostile;
mod official;
mod orders;
mod paste;

use crate::support::{Answer, Server, clock, settings};
use rrdtc::sandbox::{Options, Store};
use serde_json::Value;

pub const NOTICE: &str = "Synthetic data - not for care";

/// A sandbox of its own for a test.
pub fn sandbox_with(options: Options) -> Server {
    Server::run(async move || {
        rrdtc::sandbox::build_with(settings(), clock(), Store::synthetic(), options).await
    })
}

/// Sends a form; redirects are followed by [`page`] only.
pub fn form(server: &Server, path: &str, fields: &[(&str, &str)]) -> Answer {
    let body: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    server.once(
        "POST",
        path,
        &[("content-type", "application/x-www-form-urlencoded")],
        Some(body.join("&").into_bytes()),
    )
}

/// A page, checked for what holds of every page.
pub fn page(server: &Server, path: &str) -> String {
    let answer = server.get(path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    check_page(&answer, path);
    answer.body
}

/// What holds of every page, whatever its status.
pub fn check_page(answer: &Answer, path: &str) {
    assert_eq!(
        answer.header("content-security-policy"),
        Some(rrdtc::sandbox::POLICY),
        "{path}"
    );
    check_content(answer, path);
}

/// The same, but for the policy.
pub fn check_content(answer: &Answer, path: &str) {
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    let known = [
        "cache-control",
        "connection",
        "content-length",
        "content-security-policy",
        "content-type",
        "date",
        "referrer-policy",
        "vary",
        "x-content-type-options",
        "x-request-id",
        "access-control-allow-origin",
        "access-control-expose-headers",
    ];
    for (name, _) in &answer.headers {
        assert!(known.contains(&name.as_str()), "{path}: {name}");
    }
    let body = &answer.body;
    let notice = body.matches(NOTICE).count();
    assert!(notice >= 2, "{path}: {notice} notices");
    // Nothing in the page acts, and nothing comes from elsewhere.
    assert_eq!(body.matches("<script").count(), 1, "{path}");
    assert!(body.contains("<script src=\"/assets/"), "{path}");
    for forbidden in [
        " style=",
        "<style",
        " onclick=",
        "=\"javascript:",
        "<img",
        "<iframe",
    ] {
        assert!(!body.contains(forbidden), "{path}: {forbidden}");
    }
    for source in ["src=\"http", "<link rel=\"stylesheet\" href=\"http"] {
        assert!(!body.contains(source), "{path}: {source}");
    }
    assert_eq!(body.matches("<h1").count(), 1, "{path}");
    assert_eq!(body.matches("<main").count(), 1, "{path}");
    assert_eq!(
        body.matches("<th>").count() + body.matches("<th class").count(),
        0,
        "{path}: a header cell without scope"
    );
}

/// Percent-encoding of a form's or a path's value.
pub fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte.is_ascii_alphanumeric() {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}

/// Text as it stands in a page.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '<' | '>' | '&' | '"' | '\'' => escaped.push_str(&format!("&#{};", u32::from(c))),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The answer of the service to the ready call of a patient.
pub fn answer(server: &Server, patient: &str) -> Value {
    let call = server.get(&format!("/requests/{}", encode(patient))).json();
    server.post(crate::support::SERVICE, &call).json()
}

/// The class that the service finds.
pub fn class(server: &Server, patient: &str) -> String {
    let answer = answer(server, patient);
    let class = &answer["extension"]["org.rrdtc.assessment"]["classification"];
    class.as_str().unwrap_or("not-applicable").to_owned()
}

/// What stands between two texts in a page, the first time.
pub fn between<'a>(page: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = page
        .split_once(before)
        .unwrap_or_else(|| panic!("no {before:?} in {page}"));
    rest.split_once(after).unwrap().0
}
