//! What an answer comes to: its body, its status, its size, or that it never ends.

use super::*;

/// What a search comes to when the server replies like this: outcome and number of pages kept.
async fn search(reply: Reply) -> (Outcome, usize) {
    read_one(CONDITIONS, reply, |_| {}).await
}

async fn read_one(
    query: &str,
    reply: Reply,
    adjust: impl FnOnce(&mut FhirServerSettings),
) -> (Outcome, usize) {
    let stub = Misbehaving::start(move |_| reply.clone());
    let mut settings = settings(stub.base());
    adjust(&mut settings);
    let read = Call::to(&stub.base())
        .read(&fhir_server(settings), &[query])
        .await;
    (read[0].outcome, read[0].pages.len())
}

#[tokio::test]
async fn a_search_comes_to_what_the_body_holds() {
    let outcome = |severity: &str| {
        json!({ "resourceType": "OperationOutcome",
            "issue": [{ "severity": severity, "code": "processing" }] })
    };
    let html = "<!doctype html><title>Sign in</title>";
    let whole = searchset(&[condition("c1")], None).to_string();
    let truncated = &whole[..whole.len() - 10];
    let foreign = json!({ "resourceType": "Condition", "id": "x", "subject": { "reference": "Patient/other" } });
    let mut ignored = searchset(&[foreign], None);
    ignored["link"] = json!([{ "relation": "self", "url": "Condition" }]);
    let mut link_without_text = searchset(&[condition("c1")], None);
    link_without_text["link"] = json!([{ "relation": "next", "url": 7 }]);
    let json = |value: Value| Reply::json(&value);
    for (name, reply, expected) in [
        (
            "no entry, no total",
            json(json!({ "resourceType": "Bundle" })),
            (Complete, 1),
        ),
        ("entry is empty", json(searchset(&[], None)), (Complete, 1)),
        ("no total", one_condition(), (Complete, 1)),
        (
            "gzip",
            Reply::gzip("application/fhir+json", whole.as_bytes()),
            (Complete, 1),
        ),
        (
            "chunked",
            Reply::Chunked(whole.clone().into()),
            (Complete, 1),
        ),
        (
            "application/json",
            Reply::text("application/json", whole.clone()),
            (Complete, 1),
        ),
        // Whose records they are is for the chart to check.
        ("parameters ignored", json(ignored), (Complete, 1)),
        (
            "a warning",
            json(searchset(&[condition("c1"), outcome("warning")], None)),
            (Complete, 1),
        ),
        (
            "an error beside entries",
            json(searchset(&[condition("c1"), outcome("error")], None)),
            (Incomplete(OutcomeAmongEntries), 1),
        ),
        (
            "only an error",
            json(searchset(&[outcome("fatal")], None)),
            (Failed(OutcomeInsteadOfEntries), 0),
        ),
        (
            "an outcome",
            json(outcome("error")),
            (Failed(OutcomeInsteadOfEntries), 0),
        ),
        (
            "an entry of text",
            json(
                json!({ "resourceType": "Bundle", "entry": ["x", { "resource": condition("c1") }] }),
            ),
            (Incomplete(UnreadableEntries), 1),
        ),
        (
            "HTML",
            Reply::text("text/html", html),
            (Failed(NotFhirJson), 0),
        ),
        (
            "truncated",
            Reply::text("application/fhir+json", truncated),
            (Failed(NotFhirJson), 0),
        ),
        (
            "NUL",
            Reply::text(
                "application/fhir+json",
                b"{\"resourceType\":\"Bun\0dle\"}".to_vec(),
            ),
            (Failed(NotFhirJson), 0),
        ),
        (
            "not UTF-8",
            Reply::text(
                "application/fhir+json",
                b"{\"resourceType\":\"\xff\"}".to_vec(),
            ),
            (Failed(NotFhirJson), 0),
        ),
        (
            "empty body",
            Reply::text("application/fhir+json", ""),
            (Failed(NotFhirJson), 0),
        ),
        (
            "gzip in name only",
            Reply::text("application/fhir+json", whole.clone()).with("Content-Encoding", "gzip"),
            (Failed(Connection), 0),
        ),
        ("a resource", json(condition("c1")), (Failed(WrongType), 0)),
        (
            "an array",
            json(json!([condition("c1")])),
            (Failed(WrongType), 0),
        ),
        ("null", json(Value::Null), (Failed(WrongType), 0)),
        (
            "entry is no list",
            json(json!({ "resourceType": "Bundle", "entry": {} })),
            (Failed(WrongType), 0),
        ),
        (
            "next link without text",
            json(link_without_text),
            (Incomplete(RefusedLink), 1),
        ),
    ] {
        assert_eq!(search(reply).await, expected, "{name}");
    }
}

#[tokio::test]
async fn a_read_comes_to_the_resource_that_was_asked_for() {
    let patient = json!({ "resourceType": "Patient", "id": "p1" });
    for (name, reply, expected) in [
        ("it", patient.clone(), (Complete, 1)),
        ("another type", condition("c1"), (Failed(WrongType), 0)),
        (
            "a Bundle",
            searchset(&[patient], None),
            (Failed(WrongType), 0),
        ),
    ] {
        let read = read_one("Patient/p1", Reply::json(&reply), |_| {}).await;
        assert_eq!(read, expected, "{name}");
    }
}

#[tokio::test]
async fn a_status_that_is_no_success_has_its_reason() {
    for (status, reason) in [
        (400, Rejected),
        (401, Unauthorised),
        (403, Forbidden),
        (404, NotFound),
        (410, Gone),
        (422, Rejected),
        (429, TooManyRequests),
        (500, ServerError),
        (503, ServerError),
        (304, Redirect),
    ] {
        assert_eq!(
            search(Reply::status(status)).await,
            (Failed(reason), 0),
            "{status}"
        );
    }
}

#[tokio::test]
async fn a_server_that_does_not_finish_is_given_up() {
    let body = searchset(&[condition("c1")], None).to_string().into_bytes();
    for (name, reply, reason) in [
        ("never", Reply::Never, Timeout),
        ("slow headers", Reply::SlowHeaders, Timeout),
        ("stalled body", Reply::StalledBody(body.clone()), Timeout),
        (
            "drip",
            Reply::Drip(body.clone(), Duration::from_millis(50)),
            Timeout,
        ),
        ("cut body", Reply::CutBody(body), Connection),
        ("reset", Reply::Reset, Connection),
    ] {
        let read = read_one(CONDITIONS, reply, |settings| {
            settings.limits.request_timeout = Duration::from_millis(500);
        })
        .await;
        assert_eq!(read, (Failed(reason), 0), "{name}");
    }
    let nobody = Misbehaving::start(|_| Reply::Never).base();
    let read = Call::to(&nobody)
        .read(&fhir_server(settings(nobody.clone())), &[CONDITIONS])
        .await;
    assert_eq!(read[0].outcome, Failed(Connection), "nobody listens");
}

#[tokio::test]
async fn a_body_is_read_no_further_than_allowed() {
    let padded = |bytes: usize| {
        let mut bundle = searchset(&[], None);
        bundle["id"] = json!("x".repeat(bytes));
        bundle.to_string()
    };
    let limit = |settings: &mut FhirServerSettings| settings.limits.max_bytes_per_key = 100_000;
    let content_type = "application/fhir+json";
    let bomb = padded(32 << 20);
    let compressed = Reply::gzip(content_type, bomb.as_bytes());
    for (name, reply, expected) in [
        (
            "stated length",
            Reply::text(content_type, padded(200_000)),
            (Failed(TooLarge), 0),
        ),
        (
            "no length",
            Reply::Chunked(padded(200_000).into()),
            (Failed(TooLarge), 0),
        ),
        ("gzip bomb", compressed, (Failed(TooLarge), 0)),
        (
            "within",
            Reply::text(content_type, padded(90_000)),
            (Complete, 1),
        ),
        (
            "gzip within",
            Reply::gzip(content_type, padded(90_000).as_bytes()),
            (Complete, 1),
        ),
    ] {
        assert_eq!(read_one(CONDITIONS, reply, limit).await, expected, "{name}");
    }

    let stub = Misbehaving::start(move |_| Reply::text(content_type, padded(90_000)));
    let mut settings = settings(stub.base());
    settings.limits.max_bytes = 150_000;
    let read = Call::to(&stub.base())
        .read(
            &fhir_server(settings),
            &[CONDITIONS, "Procedure?patient=p1"],
        )
        .await;
    let mut both = outcomes(&read);
    both.sort_by_key(|outcome| *outcome == Complete);
    assert_eq!(
        both,
        [Failed(TooLarge), Complete],
        "two keys share the bytes of a call"
    );
}
