//! The markup of every view, as it is served, under html-validate. No browser is needed, but Node is.

use super::steps;
use super::validator_is_missing;
use super::views::{self, ADDRESSES};
use crate::sandbox::form;
use crate::support::{Answer, Server};
use std::path::Path;
use std::process::Command;

#[test]
fn markup_of_every_view() {
    let validator = Path::new("tests/browser/validate.mjs");
    if validator_is_missing("markup_of_every_view") {
        return;
    }
    let server = views::server();
    let folder = tempfile::tempdir().unwrap();
    let mut saved = Saved {
        folder: folder.path(),
        count: 0,
    };
    for address in ADDRESSES {
        saved.keep(address, &server.get(address));
    }
    states(&server, &mut saved);
    assert_eq!(saved.count, ADDRESSES.len() + 14);
    let output = Command::new("node")
        .arg(validator)
        .arg(folder.path())
        .output()
        .unwrap();
    let found = String::from_utf8_lossy(&output.stdout);
    let failure = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{found}{failure}");
    assert!(found.contains(&format!("{} pages", saved.count)), "{found}");
}

struct Saved<'a> {
    folder: &'a Path,
    count: usize,
}

impl Saved<'_> {
    fn keep(&mut self, name: &str, answer: &Answer) {
        let kind = answer.header("content-type").unwrap_or_default();
        assert!(
            kind.starts_with("text/html"),
            "{name}: {} {}",
            answer.status,
            answer.body
        );
        self.count += 1;
        let name: String = name
            .chars()
            .map(|c| if c.is_alphanumeric() { c } else { '_' })
            .collect();
        let file = self.folder.join(format!("{:02}{name}.html", self.count));
        std::fs::write(file, &answer.body).unwrap();
    }
}

/// Views that only a form or a launch leads to.
fn states(server: &Server, saved: &mut Saved<'_>) {
    let wrong = form(server, "/paste", &[("bundle", "{,}")]);
    saved.keep("paste with an error", &wrong);
    let chart = server.get("/patients/textbook-fdg-only");
    let card = between(&chart.body, "action=\"/cards/", "/");
    let reason = [("reason", "0"), ("comment", "a comment")];
    let dismissed = form(server, &format!("/cards/{card}/override"), &reason);
    assert_eq!(dismissed.status, 303);
    saved.keep("dismissed", &server.get("/patients/textbook-fdg-only"));
    saved.keep("feedback with entries", &server.get("/feedback"));
    let record = between(&chart.body, "class=\"acts\">", "</td>");
    saved.keep("record", &server.get(between(record, "<a href=\"", "\"")));

    let picker = go(server, &steps::start_url(&server.url, &server.url), "");
    saved.keep("picker", &picker.page);
    for patient in [
        "textbook-fdg-only",
        "pet-preliminary-only",
        "no-dtc-metastasis-to-thyroid",
    ] {
        let launched = launch(server, patient);
        saved.keep("consent", &launched.page);
        let request = between(&launched.page.body, "name=\"request\" value=\"", "\"");
        let allowed = form(
            server,
            "/auth/decision",
            &[("request", request), ("decision", "allow")],
        );
        let back = go(
            server,
            allowed.header("location").unwrap(),
            &launched.cookie,
        );
        saved.keep("assessment", &back.page);
        if patient == "pet-preliminary-only" {
            let what_if = format!("{}?whatif-fdgUptake=yes", back.url);
            let tried = go(server, &what_if, &launched.cookie);
            assert!(
                tried.page.body.contains("class=\"hypothetical\""),
                "{}",
                tried.page.body
            );
            saved.keep("what-if", &tried.page);
            let cookie = [("cookie", launched.cookie.as_str())];
            let ended = server.once(
                "POST",
                &format!("{}/end", back.url),
                &cookie,
                Some(Vec::new()),
            );
            saved.keep("ended", &ended);
        }
    }
    let denied = launch(server, "textbook-fdg-only");
    let request = between(&denied.page.body, "name=\"request\" value=\"", "\"");
    let answer = form(
        server,
        "/auth/decision",
        &[("request", request), ("decision", "deny")],
    );
    let back = go(server, answer.header("location").unwrap(), &denied.cookie);
    saved.keep("denied", &back.page);
}

fn launch(server: &Server, patient: &str) -> Shown {
    let id = steps::launch_id(server, patient, None);
    let iss = format!("{}/fhir", server.url);
    go(server, &steps::launch_url(&server.url, &iss, &id), "")
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text
        .split_once(start)
        .unwrap_or_else(|| panic!("{start}: {text}"));
    rest.split_once(end).unwrap().0
}

/// Where redirects led, with the one cookie of a launch.
struct Shown {
    url: String,
    cookie: String,
    page: Answer,
}

fn go(server: &Server, url: &str, cookie: &str) -> Shown {
    let (mut url, mut cookie) = (url.to_owned(), cookie.to_owned());
    for _ in 0..8 {
        let page = server.once("GET", &url, &[("cookie", &cookie)], None);
        if let Some(set) = page.header("set-cookie") {
            cookie = set.split(';').next().unwrap_or_default().to_owned();
        }
        match page.header("location") {
            Some(next) => url = next.to_owned(),
            None => return Shown { url, cookie, page },
        }
    }
    panic!("{url} leads in a circle");
}
