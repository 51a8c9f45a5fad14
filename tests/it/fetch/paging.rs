//! Pages, one after another.

use super::*;

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
