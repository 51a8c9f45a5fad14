//! Retries, the breaker, the deadline.

use super::*;

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
        within: Duration::from_millis(600),
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
    settings.limits.breaker_open = Duration::from_secs(2);
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
