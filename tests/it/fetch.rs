//! Reading from a FHIR server that behaves, and from many that do not.

use crate::misbehaving::{Authority, ConnectProxy, Misbehaving, Received, Reply, searchset};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use rrdtc::fhir::backend_token::{AssertionAlgorithm, BackendServices, InvalidKey};
use rrdtc::fhir::client::{
    Access, FhirServer, FhirServerSettings, InvalidFhirServer, Observer, ReadLimits, Reading,
    Start, Wanted,
};
use rrdtc::fhir::fetched::FailureReason::{self, *};
use rrdtc::fhir::fetched::Fetched;
use rrdtc::fhir::fetched::Outcome::{self, Complete, Failed, Incomplete};
use rrdtc::fhir::version::{FhirVersion, VersionProblem};
use rrdtc::outbound::{InvalidOutbound, Outbound, OutboundSettings};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};
use url::Url;

const CONDITIONS: &str = "Condition?patient=p1";
const TOKEN: &str = "token-of-the-call";
/// For what must come: far longer than it takes.
const AMPLE: Duration = Duration::from_secs(20);

fn loopback() -> OutboundSettings {
    OutboundSettings {
        allow_private_networks: vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()],
        allow_http: true,
        ..OutboundSettings::default()
    }
}

fn settings(base: Url) -> FhirServerSettings {
    FhirServerSettings {
        name: "ehr".to_owned(),
        bases: vec![base],
        access: Access::TokenOfCall,
        outbound: loopback(),
        limits: ReadLimits {
            retries: 0,
            request_timeout: AMPLE,
            ..ReadLimits::default()
        },
    }
}

fn fhir_server(settings: FhirServerSettings) -> FhirServer {
    FhirServer::new(settings, Arc::new(())).unwrap()
}

/// A call as most tests make it.
struct Call {
    base: Url,
    token: Option<SecretString>,
    token_life: Option<Duration>,
    within: Duration,
}

impl Call {
    fn to(base: &Url) -> Self {
        Self {
            base: base.clone(),
            token: Some(TOKEN.into()),
            token_life: None,
            within: AMPLE,
        }
    }

    fn without_token(base: &Url) -> Self {
        Self {
            token: None,
            ..Self::to(base)
        }
    }

    async fn read(&self, server: &FhirServer, queries: &[&str]) -> Vec<Fetched> {
        let starts = queries
            .iter()
            .map(|query| Start::Query((*query).to_owned()));
        self.read_from(server, starts.collect()).await
    }

    async fn read_from(&self, server: &FhirServer, starts: Vec<Start>) -> Vec<Fetched> {
        let now = Instant::now();
        let wanted: Vec<Wanted> = starts
            .into_iter()
            .enumerate()
            .map(|(at, start)| Wanted {
                key: format!("key-{at}"),
                start,
            })
            .collect();
        let keys: Vec<String> = wanted.iter().map(|wanted| wanted.key.clone()).collect();
        let reading = Reading {
            base: &self.base,
            token: self.token.as_ref(),
            token_expires_at: self.token_life.map(|life| now + life),
            deadline: now + self.within,
        };
        let (answered, fetched): (Vec<String>, Vec<Fetched>) =
            server.read(reading, wanted).await.into_iter().unzip();
        assert_eq!(answered, keys, "one entry for each key, in order");
        fetched
    }
}

fn outcomes(fetched: &[Fetched]) -> Vec<Outcome> {
    fetched.iter().map(|fetched| fetched.outcome).collect()
}

fn condition(id: &str) -> Value {
    json!({ "resourceType": "Condition", "id": id, "subject": { "reference": "Patient/p1" } })
}

fn one_condition() -> Reply {
    Reply::json(&searchset(&[condition("c1")], None))
}

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
            settings.limits.request_timeout = Duration::from_millis(200);
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

/// A server of three pages whose links look like this.
fn three_pages(link: impl Fn(usize) -> String + Send + Sync + 'static) -> Misbehaving {
    Misbehaving::start(move |request| {
        let page = match request.target.split_once("page=") {
            Some((_, page)) => page.parse().unwrap(),
            None => 1,
        };
        let next = (page < 3).then(|| link(page + 1));
        Reply::json(&searchset(
            &[condition(&format!("c{page}"))],
            next.as_deref(),
        ))
    })
}

#[tokio::test]
async fn pages_are_followed_to_the_last_with_the_token_on_each_request() {
    for (name, link) in [
        ("relative to the base", "Condition?page="),
        ("relative to the host", "/fhir/Condition?page="),
        ("query only", "?page="),
    ] {
        let stub = three_pages(move |page| format!("{link}{page}"));
        let server = fhir_server(settings(stub.base()));
        let read = Call::to(&stub.base()).read(&server, &[CONDITIONS]).await;
        assert_eq!(
            (read[0].outcome, read[0].pages.len()),
            (Complete, 3),
            "{name}"
        );
        for (at, page) in read[0].pages.iter().enumerate() {
            assert!(
                page.get().contains(&format!("\"c{}\"", at + 1)),
                "{name}: order of pages"
            );
        }
        let received = stub.received();
        assert_eq!(received.len(), 3, "{name}");
        for request in received {
            assert_eq!(
                request.header("authorization"),
                Some(&*format!("Bearer {TOKEN}"))
            );
            assert_eq!(request.header("accept"), Some("application/fhir+json"));
            assert!(
                request.target.starts_with("/fhir/"),
                "{name}: {}",
                request.target
            );
        }
    }
}

#[tokio::test]
async fn a_prefetch_that_was_paged_is_continued() {
    let stub = three_pages(|page| format!("Condition?page={page}"));
    let server = fhir_server(settings(stub.base()));
    let call = Call::to(&stub.base());
    let absolute = format!("{}/Condition?page=2", stub.base());
    for (link, expected) in [
        (absolute.as_str(), (Complete, 2)),
        ("Condition?page=3", (Complete, 1)),
        (
            "http://127.0.0.1:1/fhir/Condition?page=2",
            (Failed(RefusedLink), 0),
        ),
        ("", (Failed(RefusedLink), 0)),
    ] {
        let read = call
            .read_from(&server, vec![Start::Next(link.to_owned())])
            .await;
        assert_eq!((read[0].outcome, read[0].pages.len()), expected, "{link}");
    }
    assert_eq!(stub.received().len(), 3);
}

#[tokio::test]
async fn paging_without_end_ends() {
    let counter = AtomicUsize::new(0);
    let endless = Misbehaving::start(move |_| {
        let page = counter.fetch_add(1, Ordering::SeqCst);
        Reply::json(&searchset(&[], Some(&format!("Condition?page={page}"))))
    });
    let mut limited = settings(endless.base());
    limited.limits.max_pages = 4;
    let read = Call::to(&endless.base())
        .read(&fhir_server(limited), &[CONDITIONS])
        .await;
    assert_eq!(
        (read[0].outcome, read[0].pages.len()),
        (Incomplete(TooManyPages), 4)
    );
    assert_eq!(endless.received().len(), 4);

    let circle = Misbehaving::start(|_| Reply::json(&searchset(&[], Some("Condition?patient=p1"))));
    let server = fhir_server(settings(circle.base()));
    let read = Call::to(&circle.base()).read(&server, &[CONDITIONS]).await;
    assert_eq!(
        (read[0].outcome, read[0].pages.len()),
        (Incomplete(RepeatedLink), 1)
    );
    assert_eq!(circle.received().len(), 1);
}

#[tokio::test]
async fn a_failure_on_a_later_page_keeps_the_pages_before_it() {
    let body = || searchset(&[condition("c2")], None).to_string().into_bytes();
    for (reply, reason) in [
        (Reply::status(500), ServerError),
        (Reply::status(401), Unauthorised),
        (Reply::text("text/html", "<html>"), NotFhirJson),
        (Reply::json(&condition("c2")), WrongType),
        (Reply::CutBody(body()), Connection),
    ] {
        let stub = Misbehaving::start(move |request| {
            if request.target.contains("page=2") {
                return reply.clone();
            }
            Reply::json(&searchset(&[condition("c1")], Some("Condition?page=2")))
        });
        let server = fhir_server(settings(stub.base()));
        let read = Call::to(&stub.base()).read(&server, &[CONDITIONS]).await;
        assert_eq!(
            (read[0].outcome, read[0].pages.len()),
            (Incomplete(reason), 1)
        );
    }
}

#[tokio::test]
async fn nothing_outside_the_configured_bases_is_contacted() {
    let elsewhere = Misbehaving::start(|_| one_condition());
    let other_host = elsewhere
        .url("127.0.0.1", "/fhir/Condition?page=2")
        .to_string();
    for next in [
        other_host.as_str(),
        "/admin/Condition?page=2",
        "/fhirother/Condition?page=2",
        "../admin?page=2",
        "%2e%2e/admin?page=2",
        "..%2fadmin?page=2",
    ] {
        let link = next.to_owned();
        let stub =
            Misbehaving::start(move |_| Reply::json(&searchset(&[condition("c1")], Some(&link))));
        let server = fhir_server(settings(stub.base()));
        let read = Call::to(&stub.base()).read(&server, &[CONDITIONS]).await;
        assert_eq!(
            (read[0].outcome, read[0].pages.len()),
            (Incomplete(RefusedLink), 1),
            "{next}"
        );
        assert_eq!(stub.received().len(), 1, "{next}");
    }

    let server = fhir_server(settings("https://ehr.example.org/fhir".parse().unwrap()));
    assert!(!server.allows(&elsewhere.base()));
    let read = Call::to(&elsewhere.base())
        .read(&server, &[CONDITIONS])
        .await;
    assert_eq!(outcomes(&read), [Failed(RefusedBase)]);

    let server = fhir_server(settings(elsewhere.base()));
    assert!(server.allows(&elsewhere.base()));
    let read = Call::to(&elsewhere.base())
        .read(&server, &["../admin", "%2e%2e/admin"])
        .await;
    assert_eq!(outcomes(&read), [Failed(RefusedBase); 2]);
    assert_eq!(elsewhere.received().len(), 0);
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    let target = Misbehaving::start(|_| one_condition());
    for status in [301, 302, 303, 307, 308] {
        let location = target.base().to_string();
        let stub = Misbehaving::start(move |request| {
            let location = match request.target.contains("Condition") {
                true => location.as_str(),
                // To the same host.
                false => "/fhir/Condition",
            };
            Reply::status(status).with("Location", location)
        });
        let server = fhir_server(settings(stub.base()));
        let read = Call::to(&stub.base())
            .read(&server, &[CONDITIONS, "Procedure?patient=p1"])
            .await;
        assert_eq!(outcomes(&read), [Failed(Redirect); 2], "{status}");
        assert_eq!(stub.received().len(), 2, "{status}");
    }
    assert_eq!(target.received().len(), 0);
}

/// Replies one after the other; the last one again and again.
fn in_turn(replies: Vec<Reply>) -> Misbehaving {
    let counter = AtomicUsize::new(0);
    Misbehaving::start(move |_| {
        let at = counter.fetch_add(1, Ordering::SeqCst);
        replies[at.min(replies.len() - 1)].clone()
    })
}

#[tokio::test]
async fn what_may_pass_is_tried_again_within_bounds() {
    let late = |seconds: &str| Reply::status(429).with("Retry-After", seconds);
    for (name, replies, expected, requests) in [
        (
            "502, 504",
            vec![Reply::status(502), Reply::status(504), one_condition()],
            Complete,
            3,
        ),
        (
            "503 for good",
            vec![Reply::status(503)],
            Failed(ServerError),
            3,
        ),
        ("reset", vec![Reply::Reset, one_condition()], Complete, 2),
        ("429 now", vec![late("0"), one_condition()], Complete, 2),
        (
            "429, a date",
            vec![late("Wed, 21 Oct 2015 07:28:00 GMT"), one_condition()],
            Complete,
            2,
        ),
        (
            "429, later than the deadline",
            vec![late("3600"), one_condition()],
            Failed(TooManyRequests),
            1,
        ),
        (
            "429, a date later than the deadline",
            vec![late("Fri, 01 Jan 2100 00:00:00 GMT"), one_condition()],
            Failed(TooManyRequests),
            1,
        ),
        (
            "500",
            vec![Reply::status(500), one_condition()],
            Failed(ServerError),
            1,
        ),
        (
            "404",
            vec![Reply::status(404), one_condition()],
            Failed(NotFound),
            1,
        ),
        (
            "HTML",
            vec![Reply::text("text/html", "<html>"), one_condition()],
            Failed(NotFhirJson),
            1,
        ),
    ] {
        let stub = in_turn(replies);
        let mut settings = settings(stub.base());
        settings.limits.retries = 2;
        let read = Call::to(&stub.base())
            .read(&fhir_server(settings), &[CONDITIONS])
            .await;
        assert_eq!(
            (read[0].outcome, stub.received().len()),
            (expected, requests),
            "{name}"
        );
    }
}

#[tokio::test]
async fn all_keys_are_read_at_the_same_time() {
    const KEYS: usize = 6;
    let together = Arc::new(Barrier::new(KEYS));
    let stub = Misbehaving::start(move |_| {
        // Answers nobody before all have asked.
        together.wait();
        one_condition()
    });
    let server = fhir_server(settings(stub.base()));
    let queries: Vec<String> = (0..KEYS).map(|at| format!("Condition?at={at}")).collect();
    let queries: Vec<&str> = queries.iter().map(String::as_str).collect();
    let read = Call::to(&stub.base()).read(&server, &queries).await;
    assert_eq!(outcomes(&read), [Complete; KEYS]);
}

#[tokio::test]
async fn at_the_deadline_the_reading_returns_with_what_has_come() {
    let stub = Misbehaving::start(|request| match request.target.split(['/', '?']).nth(2) {
        Some("Condition") => one_condition(),
        Some("Procedure") if !request.target.contains("page=2") => {
            Reply::json(&searchset(&[condition("p")], Some("Procedure?page=2")))
        }
        Some("DiagnosticReport") => Reply::SlowHeaders,
        _ => Reply::Never,
    });
    let server = fhir_server(settings(stub.base()));
    let call = Call {
        within: Duration::from_millis(400),
        ..Call::to(&stub.base())
    };
    let queries = [
        CONDITIONS,
        "Procedure?patient=p1",
        "Observation?patient=p1",
        "DiagnosticReport?patient=p1",
    ];
    let started = Instant::now();
    let read = call.read(&server, &queries).await;
    let took = started.elapsed();
    assert_eq!(
        outcomes(&read),
        [
            Complete,
            Incomplete(Deadline),
            Failed(Deadline),
            Failed(Deadline)
        ]
    );
    assert_eq!(read[1].pages.len(), 1);
    assert!(took <= call.within + Duration::from_millis(50), "{took:?}");
}

#[tokio::test]
async fn a_token_is_not_used_after_it_has_expired() {
    let delay = Duration::from_millis(300);
    let stub = Misbehaving::start(move |request| match request.target.contains("slow") {
        true => Reply::After(
            delay,
            Box::new(Reply::json(&searchset(&[], Some("Condition?page=2")))),
        ),
        false => Reply::status(503),
    });
    let mut retrying = settings(stub.base());
    retrying.limits.retries = 1_000;
    let server = fhir_server(retrying);
    let expired = Call {
        token_life: Some(Duration::ZERO),
        ..Call::to(&stub.base())
    };
    assert_eq!(
        outcomes(&expired.read(&server, &[CONDITIONS]).await),
        [Failed(TokenExpired)]
    );
    assert_eq!(stub.received().len(), 0);

    // The answer with a second page comes after the end of the token: that page is not asked for.
    let expiring = Call {
        token_life: Some(delay / 3),
        ..Call::to(&stub.base())
    };
    let read = expiring.read(&server, &["Condition?slow"]).await;
    assert_eq!(outcomes(&read), [Failed(TokenExpired)]);
    assert_eq!(stub.received().len(), 1);
}

#[tokio::test]
async fn without_a_token_only_what_is_configured_is_read() {
    let stub = Misbehaving::start(|_| one_condition());
    let call = Call::without_token(&stub.base());
    let server = fhir_server(settings(stub.base()));
    assert!(!server.reads_without_token());
    assert_eq!(
        outcomes(&call.read(&server, &[CONDITIONS]).await),
        [Failed(NoAuthorisation)]
    );
    let odd = Call {
        token: Some("two\r\nHeaders: x".into()),
        ..Call::to(&stub.base())
    };
    assert_eq!(
        outcomes(&odd.read(&server, &[CONDITIONS]).await),
        [Failed(NoAuthorisation)]
    );
    assert_eq!(stub.received().len(), 0);

    let mut anonymous = settings(stub.base());
    anonymous.access = Access::Anonymous;
    let server = fhir_server(anonymous);
    assert!(server.reads_without_token());
    assert_eq!(
        outcomes(&call.read(&server, &[CONDITIONS]).await),
        [Complete]
    );
    assert_eq!(stub.received()[0].header("authorization"), None);
}

#[derive(Default)]
struct Seen(Mutex<Vec<(String, &'static str)>>);

impl Observer for Seen {
    fn requested(&self, server: &str, outcome: &'static str, _: Duration) {
        self.0.lock().unwrap().push((server.to_owned(), outcome));
    }
}

#[tokio::test]
async fn a_server_that_only_fails_is_left_alone_and_then_tried_once() {
    let is_well = Arc::new(AtomicBool::new(false));
    let well = is_well.clone();
    let stub = Misbehaving::start(move |_| match well.load(Ordering::SeqCst) {
        true => one_condition(),
        false => Reply::status(500),
    });
    let seen = Arc::new(Seen::default());
    let mut settings = settings(stub.base());
    settings.limits.breaker_failures = 3;
    settings.limits.breaker_open = Duration::from_millis(500);
    let server = FhirServer::new(settings, seen.clone()).unwrap();
    let call = Call::to(&stub.base());
    for _ in 0..3 {
        assert_eq!(
            outcomes(&call.read(&server, &[CONDITIONS]).await),
            [Failed(ServerError)]
        );
    }
    assert_eq!(
        outcomes(&call.read(&server, &[CONDITIONS]).await),
        [Failed(CircuitOpen)]
    );
    assert_eq!(stub.received().len(), 3);

    is_well.store(true, Ordering::SeqCst);
    let patience = Instant::now() + AMPLE;
    loop {
        match call.read(&server, &[CONDITIONS]).await[0].outcome {
            Complete => break,
            outcome => assert_eq!(outcome, Failed(CircuitOpen)),
        }
        assert!(Instant::now() < patience, "never tried again");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(stub.received().len(), 4, "one probe");
    let seen = seen.0.lock().unwrap();
    let outcomes: Vec<&str> = seen.iter().map(|(_, outcome)| *outcome).collect();
    assert_eq!(
        outcomes,
        ["server-error", "server-error", "server-error", "ok"]
    );
    assert!(seen.iter().all(|(server, _)| server == "ehr"));
}

#[tokio::test]
async fn a_private_address_is_refused_by_name_and_by_number() {
    let stub = Misbehaving::start(|_| one_condition());
    let networks = loopback().allow_private_networks;
    for (host, allowed, expected) in [
        ("localhost", vec![], Failed(RefusedAddress)),
        ("127.0.0.1", vec![], Failed(RefusedAddress)),
        ("2130706433", vec![], Failed(RefusedAddress)),
        ("0x7f.1", vec![], Failed(RefusedAddress)),
        ("[::ffff:127.0.0.1]", vec![], Failed(RefusedAddress)),
        ("0.0.0.0", vec![], Failed(RefusedAddress)),
        (
            "localhost",
            vec!["10.0.0.0/8".parse().unwrap()],
            Failed(RefusedAddress),
        ),
        ("localhost", networks.clone(), Complete),
        ("127.0.0.1", networks.clone(), Complete),
        ("[::ffff:127.0.0.1]", networks, Complete),
    ] {
        let base = stub.url(host, "/fhir");
        let mut settings = settings(base.clone());
        settings.outbound.allow_private_networks = allowed;
        let before = stub.received().len();
        let read = Call::to(&base)
            .read(&fhir_server(settings), &[CONDITIONS])
            .await;
        assert_eq!(outcomes(&read), [expected], "{host}");
        assert_eq!(
            stub.received().len() - before,
            usize::from(expected == Complete),
            "{host}"
        );
    }
    let mut https_only = settings(stub.base());
    https_only.outbound.allow_http = false;
    let read = Call::to(&stub.base())
        .read(&fhir_server(https_only), &[CONDITIONS])
        .await;
    assert_eq!(outcomes(&read), [Failed(RefusedBase)]);
}

#[tokio::test]
async fn a_private_authority_and_mutual_tls() {
    let authority = Authority::new();
    let stranger = Authority::new();
    let (ca_file, other_ca) = (Some(authority.ca_file()), Some(stranger.ca_file()));
    let (own, strange) = (Some(authority.client()), Some(stranger.client()));
    for (name, host, mutual, ca_file, client, expected) in [
        (
            "private authority",
            "localhost",
            false,
            &ca_file,
            &None,
            Some(Complete),
        ),
        (
            "not believed",
            "localhost",
            false,
            &None,
            &None,
            Some(Failed(Tls)),
        ),
        (
            "another authority",
            "localhost",
            false,
            &other_ca,
            &None,
            Some(Failed(Tls)),
        ),
        (
            "another name",
            "127.0.0.1",
            false,
            &ca_file,
            &None,
            Some(Failed(Tls)),
        ),
        ("mutual", "localhost", true, &ca_file, &own, Some(Complete)),
        // The refusal comes as an alert or as a reset, whichever is faster.
        (
            "mutual, none shown",
            "localhost",
            true,
            &ca_file,
            &None,
            None,
        ),
        (
            "mutual, a stranger's",
            "localhost",
            true,
            &ca_file,
            &strange,
            None,
        ),
    ] {
        let stub = Misbehaving::start_tls(authority.server(&["localhost"], mutual), |_| {
            one_condition()
        });
        let base = stub.url(host, "/fhir");
        let mut settings = settings(base.clone());
        settings.outbound.allow_http = false;
        settings.outbound.ca_file = ca_file.clone();
        settings.outbound.client_cert_file = client.clone().map(|(certificate, _)| certificate);
        settings.outbound.client_key_file = client.clone().map(|(_, key)| key);
        let read = Call::to(&base)
            .read(&fhir_server(settings), &[CONDITIONS])
            .await;
        match expected {
            Some(expected) => assert_eq!(outcomes(&read), [expected], "{name}"),
            None => assert!(
                matches!(read[0].outcome, Failed(Tls | Connection)),
                "{name}"
            ),
        }
        assert_eq!(
            stub.received().len(),
            usize::from(expected == Some(Complete)),
            "{name}"
        );
    }
}

#[tokio::test]
async fn through_a_proxy_the_proxy_resolves_names_and_numbers_are_still_checked() {
    const HOST: &str = "fhir.hospital.invalid";
    let authority = Authority::new();
    let stub = Misbehaving::start_tls(authority.server(&[HOST], false), |_| one_condition());
    let proxy = ConnectProxy::to(stub.address);
    let through = |base: &str, url: &Url| {
        let mut settings = settings(base.parse().unwrap());
        settings.outbound.allow_private_networks = Vec::new();
        settings.outbound.ca_file = Some(authority.ca_file());
        settings.outbound.proxy = Some(url.clone());
        (fhir_server(settings), Call::to(&base.parse().unwrap()))
    };
    let (server, call) = through(&format!("https://{HOST}/fhir"), &proxy.url);
    assert_eq!(
        outcomes(&call.read(&server, &[CONDITIONS]).await),
        [Complete]
    );
    assert_eq!(proxy.asked(), [format!("CONNECT {HOST}:443")]);
    assert_eq!(stub.received()[0].target, format!("/fhir/{CONDITIONS}"));

    let (server, call) = through("https://10.0.0.7/fhir", &proxy.url);
    assert_eq!(
        outcomes(&call.read(&server, &[CONDITIONS]).await),
        [Failed(RefusedAddress)]
    );
    assert_eq!(proxy.asked().len(), 1);

    // Plain HTTP goes to the proxy with the whole URL; the proxy is named, not numbered, and may be private.
    let plain = Misbehaving::start(|_| one_condition());
    let (server, call) = through(&format!("http://{HOST}/fhir"), &plain.url("localhost", ""));
    assert_eq!(
        outcomes(&call.read(&server, &[CONDITIONS]).await),
        [Complete]
    );
    assert_eq!(
        plain.received()[0].target,
        format!("http://{HOST}/fhir/{CONDITIONS}")
    );
}

#[test]
fn settings_that_cannot_work_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let garbage = folder.path().join("garbage.pem");
    std::fs::write(&garbage, "no certificate").unwrap();
    let missing = folder.path().join("missing.pem");
    let none = OutboundSettings::default;
    let not_pem = |problem: &InvalidOutbound| matches!(problem, InvalidOutbound::NotPem { .. });
    let unreadable =
        |problem: &InvalidOutbound| matches!(problem, InvalidOutbound::Unreadable { .. });
    let half = |problem: &InvalidOutbound| matches!(problem, InvalidOutbound::HalfAnIdentity);
    let proxy = |problem: &InvalidOutbound| matches!(problem, InvalidOutbound::Proxy);
    type Is<'a> = &'a dyn Fn(&InvalidOutbound) -> bool;
    for (settings, expected) in [
        (
            OutboundSettings {
                ca_file: Some(missing.clone()),
                ..none()
            },
            &unreadable as Is<'_>,
        ),
        (
            OutboundSettings {
                ca_file: Some(garbage.clone()),
                ..none()
            },
            &not_pem,
        ),
        (
            OutboundSettings {
                client_cert_file: Some(garbage.clone()),
                ..none()
            },
            &half,
        ),
        (
            OutboundSettings {
                client_key_file: Some(garbage.clone()),
                ..none()
            },
            &half,
        ),
        (
            OutboundSettings {
                client_cert_file: Some(garbage.clone()),
                client_key_file: Some(garbage.clone()),
                ..none()
            },
            &not_pem,
        ),
        (
            OutboundSettings {
                proxy: Some("ftp://proxy.example.org".parse().unwrap()),
                ..none()
            },
            &proxy,
        ),
    ] {
        let problem = Outbound::new(&settings).err();
        assert!(
            problem.as_ref().is_some_and(expected),
            "{settings:?}: {problem:?}"
        );
    }
    let with_password = OutboundSettings {
        proxy: Some("http://user:s3cret@proxy.example.org".parse().unwrap()),
        ..none()
    };
    assert!(!format!("{with_password:?}").contains("s3cret"));
}

/// A FHIR server with its token endpoint, and our registration there.
struct Registered {
    stub: Misbehaving,
    _folder: tempfile::TempDir,
    settings: FhirServerSettings,
}

impl Registered {
    fn new(
        algorithm: AssertionAlgorithm,
        reply: impl Fn(&Received, usize) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let (kind, jwt) = match algorithm {
            AssertionAlgorithm::Es384 => (&rcgen::PKCS_ECDSA_P384_SHA384, Algorithm::ES384),
            AssertionAlgorithm::Rs384 => (&rcgen::PKCS_RSA_SHA384, Algorithm::RS384),
        };
        let key = rcgen::KeyPair::generate_for(kind).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let key_file = folder.path().join("key.pem");
        std::fs::write(&key_file, key.serialize_pem()).unwrap();
        let public = key.public_key_pem();
        let tokens = AtomicUsize::new(0);
        let used = Mutex::new(Vec::<String>::new());
        let stub = Misbehaving::start(move |request| {
            if request.target != "/token" {
                return reply(request, tokens.load(Ordering::SeqCst)).unwrap_or_else(one_condition);
            }
            let jti = check_assertion(request, public.as_bytes(), jwt);
            let mut used = used.lock().unwrap();
            assert!(!used.contains(&jti), "a jti is used once");
            used.push(jti);
            let number = tokens.fetch_add(1, Ordering::SeqCst) + 1;
            reply(request, number).unwrap_or_else(|| token_answer(number, 300))
        });
        let mut settings = settings(stub.base());
        settings.access = Access::BackendServices(BackendServices {
            token_endpoint: stub.url("127.0.0.1", "/token"),
            client_id: "rrdtc".to_owned(),
            key_file,
            key_id: "key-1".to_owned(),
            algorithm,
            scope: "system/*.rs".to_owned(),
        });
        Self {
            stub,
            _folder: folder,
            settings,
        }
    }

    /// Requests to the token endpoint, and bearer tokens of the others.
    fn requests(&self) -> (usize, Vec<String>) {
        let received = self.stub.received();
        let (asked, read): (Vec<_>, Vec<_>) = received
            .into_iter()
            .partition(|request| request.target == "/token");
        let token = |request: &Received| request.header("authorization").unwrap().to_owned();
        (asked.len(), read.iter().map(token).collect())
    }
}

fn token_answer(number: usize, expires_in: u64) -> Reply {
    let token = format!("own-{number}");
    let answer = json!({ "access_token": token, "token_type": "bearer", "expires_in": expires_in, "scope": "system/*.rs" });
    Reply::text("application/json", answer.to_string())
}

/// Checks a token request as an authorization server does; the jti.
fn check_assertion(request: &Received, public_key: &[u8], algorithm: Algorithm) -> String {
    assert_eq!(request.method, "POST");
    assert_eq!(request.form("grant_type").unwrap(), "client_credentials");
    assert_eq!(request.form("scope").unwrap(), "system/*.rs");
    assert_eq!(
        request.form("client_assertion_type").unwrap(),
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    let key = match algorithm {
        Algorithm::ES384 => DecodingKey::from_ec_pem(public_key),
        _ => DecodingKey::from_rsa_pem(public_key),
    };
    let mut validation = Validation::new(algorithm);
    let audience = format!("http://{}/token", request.header("host").unwrap());
    validation.set_audience(&[audience]);
    validation.set_issuer(&["rrdtc"]);
    validation.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
    let assertion = request.form("client_assertion").unwrap();
    let token = jsonwebtoken::decode::<Value>(&assertion, &key.unwrap(), &validation).unwrap();
    assert_eq!(token.header.kid.as_deref(), Some("key-1"));
    assert_eq!(token.claims["sub"], "rrdtc");
    let now = jiff::Timestamp::now().as_second();
    assert!(
        token.claims["exp"].as_i64().unwrap() <= now + 300,
        "SMART allows five minutes"
    );
    token.claims["jti"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn our_own_token_is_asked_for_once_and_kept() {
    for algorithm in [AssertionAlgorithm::Es384, AssertionAlgorithm::Rs384] {
        let registered = Registered::new(algorithm, |_, _| None);
        let server = fhir_server(registered.settings.clone());
        let call = Call::without_token(&registered.stub.base());
        let queries = [CONDITIONS, "Procedure?patient=p1"];
        let (first, second) =
            futures_util::future::join(call.read(&server, &queries), call.read(&server, &queries))
                .await;
        assert_eq!(
            (outcomes(&first), outcomes(&second)),
            (vec![Complete; 2], vec![Complete; 2])
        );
        call.read(&server, &queries).await;
        assert_eq!(
            registered.requests(),
            (1, vec!["Bearer own-1".to_owned(); 6]),
            "{algorithm:?}"
        );

        // A token that comes with a call goes first.
        Call::to(&registered.stub.base())
            .read(&server, &[CONDITIONS])
            .await;
        assert_eq!(
            registered.requests().1.last().unwrap(),
            &format!("Bearer {TOKEN}")
        );
    }
}

#[tokio::test]
async fn our_own_token_is_renewed_when_it_ends_or_is_refused() {
    let registered = Registered::new(AssertionAlgorithm::Es384, |request, number| {
        match (request.target.as_str(), number) {
            ("/token", 2) => Some(token_answer(2, 1)),
            ("/token", _) => None,
            (_, 1) => Some(Reply::status(401)),
            _ => None,
        }
    });
    let server = fhir_server(registered.settings.clone());
    let call = Call::without_token(&registered.stub.base());
    assert_eq!(
        outcomes(&call.read(&server, &[CONDITIONS]).await),
        [Failed(Unauthorised)]
    );
    // Refused: another one, which lives for a second.
    let patience = Instant::now() + AMPLE;
    while registered.requests().0 < 3 {
        let read = call.read(&server, &[CONDITIONS]).await;
        assert!(
            matches!(read[0].outcome, Complete | Failed(TokenExpired)),
            "{:?}",
            read[0].outcome
        );
        assert!(Instant::now() < patience, "never renewed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (_, used) = registered.requests();
    assert_eq!(used.first().unwrap(), "Bearer own-1");
    assert!(used.contains(&"Bearer own-2".to_owned()));
    assert_eq!(used.last().unwrap(), "Bearer own-3");
}

#[tokio::test]
async fn without_our_own_token_nothing_is_read() {
    let target = Misbehaving::start(|_| token_answer(1, 300));
    let location = target.url("127.0.0.1", "/token").to_string();
    let json = |text: &str| Reply::text("application/json", text);
    let cases: [(&str, Reply, FailureReason); 9] = [
        ("400", Reply::status(400), TokenRefused),
        ("500", Reply::status(500), TokenRefused),
        (
            "redirect",
            Reply::status(307).with("Location", &location),
            TokenRefused,
        ),
        ("HTML", Reply::text("text/html", "<html>"), TokenRefused),
        (
            "another type",
            json(r#"{"access_token":"a","token_type":"mac","expires_in":300}"#),
            TokenRefused,
        ),
        (
            "no token",
            json(r#"{"token_type":"bearer","expires_in":300}"#),
            TokenRefused,
        ),
        (
            "odd token",
            json(r#"{"access_token":"a\r\nb","token_type":"bearer","expires_in":300}"#),
            TokenRefused,
        ),
        (
            "expired at once",
            json(r#"{"access_token":"a","token_type":"bearer","expires_in":0}"#),
            TokenExpired,
        ),
        ("never", Reply::Never, Deadline),
    ];
    for (name, reply, reason) in cases {
        let registered =
            Registered::new(AssertionAlgorithm::Es384, move |_, _| Some(reply.clone()));
        let server = fhir_server(registered.settings.clone());
        let call = Call {
            within: Duration::from_millis(if reason == Deadline { 300 } else { 20_000 }),
            ..Call::without_token(&registered.stub.base())
        };
        assert_eq!(
            outcomes(&call.read(&server, &[CONDITIONS]).await),
            [Failed(reason)],
            "{name}"
        );
        assert_eq!(registered.requests(), (1, vec![]), "{name}");
    }
    assert_eq!(target.received().len(), 0);
}

#[test]
fn a_key_that_does_not_fit_its_algorithm_is_told_at_the_start() {
    let mut registered = Registered::new(AssertionAlgorithm::Es384, |_, _| None);
    let Access::BackendServices(services) = &mut registered.settings.access else {
        unreachable!("Registered sets it");
    };
    let p256 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    std::fs::write(&services.key_file, p256.serialize_pem()).unwrap();
    for algorithm in [AssertionAlgorithm::Es384, AssertionAlgorithm::Rs384] {
        if let Access::BackendServices(services) = &mut registered.settings.access {
            services.algorithm = algorithm;
        }
        let server = FhirServer::new(registered.settings.clone(), Arc::new(()));
        assert!(
            matches!(
                server.err(),
                Some(InvalidFhirServer::Key(InvalidKey::NotAKey { .. }))
            ),
            "{algorithm:?}"
        );
    }
}

#[tokio::test]
async fn the_release_of_a_server_is_asked_for_in_the_background_and_kept() {
    let stated = Arc::new(Mutex::new("3.0.2".to_owned()));
    let version = stated.clone();
    let stub = Misbehaving::start(move |request| {
        assert_eq!(request.target, "/fhir/metadata");
        let version = version.lock().unwrap().clone();
        match version.as_str() {
            "" => Reply::text("text/html", "<html>"),
            version => Reply::json(
                &json!({ "resourceType": "CapabilityStatement", "fhirVersion": version }),
            ),
        }
    });
    let base = stub.base();
    let server = fhir_server(settings(base.clone()));
    assert!(server.known_version(&base).is_none());
    match server.metadata_version(&base).await {
        Err(VersionProblem::Unsupported(refusal)) => {
            assert_eq!(
                refusal.to_string(),
                "FHIR STU3 (3.0.2) is not supported: only R4, R4B and R5 are"
            );
        }
        other => panic!("{other:?}"),
    }
    // The server was updated; what is known stays until the next check in the background.
    *stated.lock().unwrap() = "4.3.0".to_owned();
    assert!(server.metadata_version(&base).await.is_err());
    assert_eq!(stub.received().len(), 1);
    assert_eq!(
        server.check_version().await,
        [(base.clone(), Ok(FhirVersion::R4B))]
    );
    let with_slash = stub.url("127.0.0.1", "/fhir/");
    assert_eq!(
        server.known_version(&with_slash),
        Some(Ok(FhirVersion::R4B))
    );

    stated.lock().unwrap().clear();
    let unknown = VersionProblem::Unknown(NotFhirJson);
    assert_eq!(server.check_version().await, [(base.clone(), Err(unknown))]);
    assert_eq!(server.metadata_version(&base).await, Ok(FhirVersion::R4B));
    let elsewhere = "http://127.0.0.1:1/fhir".parse().unwrap();
    let refused = VersionProblem::Unknown(RefusedBase);
    assert_eq!(server.metadata_version(&elsewhere).await, Err(refused));
}
