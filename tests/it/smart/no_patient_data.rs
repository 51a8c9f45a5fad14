//! Marked names, ids, codes, tokens and secrets go through launches that succeed and launches that fail. Afterwards nothing that
//! the process wrote or counted holds a mark.

use super::*;
use crate::misbehaving::Reply;
use crate::operations::process::Place;

#[test]
fn launches_leave_no_mark_in_log_metrics_audit_or_files() {
    let chart = chart_of("zqx-patient", "Zqx Family");
    let ehr = Ehr::start(Proof::Secret, std::slice::from_ref(&chart));
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new();
    let text = Registered {
        top: "log.level = \"debug\"\n",
        ..Registered::at(&ehr)
    }
    .text(&folder);
    // Tables come after the lines of the top.
    let (top, clients) = text.split_once("\n[[clients]]").unwrap();
    place.configure(&format!(
        "{}\n{}\n[[clients]]{clients}",
        top.replace("metrics.listen = \"\"", ""),
        place.store_and_audit("required")
    ));
    let process = place.serve(&[]);
    let launch = |scope: Option<&str>| {
        if let Some(scope) = scope {
            ehr.grants(scope);
        }
        let launch = ehr.launch_with("zqx-patient", json!("{\"resultId\":\"zqx-result\"}"));
        let mut browser = Browser::new(&process.server);
        let page = browser.go(&launch_url(&ehr.base(), &launch));
        (browser, page)
    };
    let (mut browser, page) = launch(None);
    assert_eq!(page.status, 200, "{}", page.body);
    let result = page.body.clone();
    assert!(result.contains("Zqx Family"));
    let secret = browser.cookies.values().next().unwrap().clone();
    browser.step("POST", &format!("{}/end", page.url));
    for (path, reply) in [
        ("/token", Reply::text("text/html", "zqx")),
        ("/fhir/Patient", Reply::status(403)),
        (
            "/fhir/Condition",
            Reply::text("application/fhir+json", "{\"zqx\":"),
        ),
        (
            "/fhir/.well-known",
            Reply::text("application/json", "{\"zqx\":1}"),
        ),
    ] {
        ehr.twists(move |request| request.target.starts_with(path).then(|| reply.clone()));
        let (_, page) = launch(None);
        // What is discovered is known for a while: this one only fails before anything is.
        assert!(page.status >= 400 || path.contains("well-known"), "{path}");
        assert!(
            page.status == 200 || !page.body.to_lowercase().contains("zqx"),
            "{}",
            page.body
        );
    }
    ehr.behaves();
    launch(Some("zqx-scope"));
    let callback = format!("{EXTERNAL_URL}/smart/callback?code=zqx&state=zqx&error=zqx");
    Browser::new(&process.server).go(&callback);
    Browser::new(&process.server).go(&launch_url("https://zqx.example.org", "zqx"));

    assert_eq!(
        process.metric(
            "rrdtc_launches_total",
            &["outcome=\"assessed\"", "client=\"ehr\""]
        ),
        2.0
    );
    for outcome in [
        "token-failed",
        "not-allowed",
        "record-unreadable",
        "scope-too-small",
        "forged-state",
        "unknown-issuer",
    ] {
        let label = format!("outcome=\"{outcome}\"");
        assert_eq!(
            process.metric("rrdtc_launches_total", &[&label]),
            1.0,
            "{outcome}"
        );
    }
    let metrics = process.watch("/metrics").body;
    let log = process.log();
    assert!(
        log.contains("a launch or its page ended without an assessment"),
        "{log}"
    );
    assert_eq!(process.stop().code(), Some(0));
    let entries = place.entries();
    assert_eq!(entries.len(), 2, "one for each assessment");
    assert_eq!(entries[0]["service"], "smart-launch");
    assert_eq!(entries[0]["client"], "ehr");
    assert!(entries[0]["patient"].is_string() && entries[0]["class"].is_string());
    let mut written = vec![("log".to_owned(), log), ("metrics".to_owned(), metrics)];
    for (path, bytes) in place.files() {
        if !path.ends_with("rrdtc.toml") {
            written.push((
                path.display().to_string(),
                String::from_utf8_lossy(&bytes).into_owned(),
            ));
        }
    }
    for (what, text) in written {
        assert!(!text.to_lowercase().contains("zqx"), "{what} tells: {text}");
        assert!(!text.contains(&secret), "{what} tells the cookie");
    }
}
