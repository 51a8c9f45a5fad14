//! What every answer of `/smart/*` carries, and nothing else.

use super::*;
use browser::Page;

const KNOWN: [&str; 15] = [
    // `close`, where the body of a refused method was not read.
    "connection",
    "content-type",
    "content-length",
    "date",
    "vary",
    "cache-control",
    "x-content-type-options",
    "x-request-id",
    "content-security-policy",
    "referrer-policy",
    "cross-origin-resource-policy",
    "location",
    "set-cookie",
    "allow",
    "content-encoding",
];

fn check(page: &Page, ancestors: &str) {
    for (name, _) in &page.headers {
        assert!(KNOWN.contains(&name.as_str()), "{}: {name}", page.url);
    }
    let connection = page.header("connection");
    assert!(
        connection.is_none_or(|value| value == "close"),
        "{}",
        page.url
    );
    assert_eq!(
        page.header("cache-control"),
        Some("no-store"),
        "{}",
        page.url
    );
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    let policy = page.header("content-security-policy").expect(&page.url);
    for part in [
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(
        policy.ends_with(&format!("frame-ancestors {ancestors}")),
        "{}: {policy}",
        page.url
    );
    // What the policy would forbid is not in the page.
    for inline in [
        "<style",
        " style=",
        "<script>",
        "onclick",
        "javascript:",
        "http-equiv",
    ] {
        assert!(!page.body.contains(inline), "{}: {inline}", page.url);
    }
}

#[test]
fn every_answer_keeps_other_sites_out() {
    let ehr = Ehr::start(Proof::Public, &[chart_of("p-1", "Ann Doe")]);
    for (smart, ancestors) in [
        ("", "'none'"),
        (
            "frame_ancestors = [\"https://ehr.example.org\", \"https://ehr.example.org:8443\"]\n",
            "https://ehr.example.org https://ehr.example.org:8443",
        ),
    ] {
        let site = Registered {
            smart,
            ..Registered::at(&ehr)
        }
        .serve();
        let mut browser = site.browser();
        let callback = format!("{EXTERNAL_URL}/smart/callback");
        let mut url = launch_url(&ehr.base(), &ehr.launch("p-1"));
        let mut steps = 0;
        let page = loop {
            let page = browser.step("GET", &url);
            if url.starts_with(EXTERNAL_URL) {
                check(&page, ancestors);
                steps += 1;
            }
            match page.header("location") {
                Some(next) => url = next.to_owned(),
                None => break page,
            }
        };
        assert_eq!(
            (page.status, steps),
            (200, 4),
            "launch, authorize, callback, page"
        );
        let style = page
            .body
            .split("href=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        let style = browser.step("GET", &browser::unescape(style));
        assert_eq!(
            style.header("content-type"),
            Some("text/css; charset=utf-8")
        );
        for (method, url, ancestors) in [
            ("GET", format!("{EXTERNAL_URL}/smart/launch"), "'none'"),
            (
                "GET",
                launch_url("https://other.example.org", "1"),
                "'none'",
            ),
            (
                "GET",
                format!("{EXTERNAL_URL}/smart/assets/other"),
                "'none'",
            ),
            ("PUT", page.url.clone(), "'none'"),
            ("GET", callback.clone(), "'none'"),
            ("POST", format!("{}/end", page.url), ancestors),
            ("GET", page.url.clone(), ancestors),
        ] {
            check(&browser.step(method, &url), ancestors);
        }
    }
}

#[test]
fn names_of_any_kind_come_out_as_text() {
    for (name, forbidden) in [
        ("<script>alert(1)</script>", "<script>"),
        ("\"><img src=x onerror=alert(1)>", "<img"),
        ("{{ 137 * 739 }} ${137*739}", "101243"),
        ("[link](javascript:alert(1))", "<a href=\"javascript"),
        ("\u{202e}eoD nnA", "\u{202e}"),
    ] {
        let chart = chart_of("p-1", name);
        let ehr = Ehr::start(Proof::Public, std::slice::from_ref(&chart));
        let site = Site::of(&ehr);
        let page = site
            .browser()
            .go(&launch_url(&ehr.base(), &ehr.launch("p-1")));
        assert_eq!(page.status, 200, "{name}");
        // The hash of the result may hold any digits.
        let body = page.body.replace(&result_id(&chart), "");
        assert!(!body.contains(forbidden), "{name}: {body}");
    }
    let long = chart_of("p-1", &"x".repeat(10_000));
    let ehr = Ehr::start(Proof::Public, std::slice::from_ref(&long));
    let page = Site::of(&ehr)
        .browser()
        .go(&launch_url(&ehr.base(), &ehr.launch("p-1")));
    assert_eq!(page.status, 200);
    // Cut: the page is no longer than that of anybody else.
    assert!(page.body.len() < 60_000, "{}", page.body.len());
    assert!(!page.body.contains(&"x".repeat(1_000)));
}
