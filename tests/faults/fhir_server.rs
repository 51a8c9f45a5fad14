//! A FHIR server that is gone in several ways: what rests on it is unknown, never absent, and the answer is in time.

use crate::Options;
use crate::caller::{Caller, Ended, Tally, VIEW, until};
use crate::matrix::{Row, seconds};
use crate::misbehaving::{Misbehaving, Reply};
use crate::process::{Place, Process, client, found, reads_from, to_fetch};
use crate::support::Chart;
use serde_json::Value;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub const DEADLINE: Duration = Duration::from_millis(1500);
/// What a busy machine may need besides.
pub const MARGIN: Duration = Duration::from_millis(1500);
const CALLS: usize = 30;

/// How the server is gone; zero is well.
const WAYS: [&str; 5] = [
    "well",
    "accepts and never answers",
    "closes in mid-body",
    "stops in mid-body",
    "resets the connection",
];

/// A place that reads from this base.
fn serve(place: &Place, base: &str) -> Process {
    place.configure(&format!(
        "external_url = \"https://cds.test\"\ndeadline_ms = {}\n[log]\nlevel = \"error\"\n{}",
        DEADLINE.as_millis(),
        client("ehr", &reads_from(base)),
    ));
    place.serve(&[])
}

/// A call that brings what is required and leaves the rest to the server.
fn call(chart: &Chart, base: &str) -> Value {
    let mut call = to_fetch(chart, base);
    let whole = chart.prefetch();
    for key in ["patient", "conditions"] {
        call["prefetch"][key] = whole[key].clone();
    }
    call
}

/// What calls to a server that is gone must tell.
fn judge(row: &mut Row, name: &'static str, ended: &[Ended], well: &Value) {
    let mut tally = Tally::default();
    let (mut unknown, mut incomplete, mut false_absence) = (0, 0, 0);
    for one in ended {
        tally.add(one);
        let assessment = &one.json()["extension"]["org.rrdtc.assessment"];
        let states = assessment["predictors"].as_object();
        for (predictor, result) in states.into_iter().flatten() {
            if result["state"] == "unknown" {
                unknown += 1;
            }
            // A negative that the whole chart does not give.
            let truth = &well["predictors"][predictor]["state"];
            if result["state"] == "absent" && truth != "absent" {
                false_absence += 1;
            }
        }
        incomplete += usize::from(one.body.contains("source-incomplete"));
    }
    let slowest = ended.iter().map(|one| one.took).max().unwrap_or_default();
    let last = ended.last().map(|one| one.took).unwrap_or_default();
    row.tell(
        name,
        format!(
            "{}; slowest {}, last {}; {incomplete} answers say `source-incomplete`, {unknown} predictors unknown, {false_absence} absent that are not",
            tally.text(),
            seconds(slowest),
            seconds(last)
        ),
    );
    row.must(false_absence == 0, "what was not read is never absent");
    row.must(
        tally.of("200") == ended.len() && incomplete == ended.len(),
        "every call is answered and says that a source is incomplete",
    );
    row.must(slowest < DEADLINE + MARGIN, "in the deadline");
}

pub fn gone(_: &Options) -> Row {
    // With a lesion that only the server knows.
    let chart = Chart::basic();
    let way = Arc::new(AtomicUsize::new(0));
    let stub = {
        let (chart, way) = (chart.clone(), way.clone());
        Misbehaving::start(move |received| {
            let answer = found(&chart, &received.target);
            let body = answer.to_string().into_bytes();
            match way.load(Ordering::SeqCst) {
                1 => Reply::Never,
                2 => Reply::CutBody(body),
                3 => Reply::StalledBody(body),
                4 => Reply::Reset,
                _ => Reply::json(&answer),
            }
        })
    };
    let base = stub.base().to_string();
    let place = Place::new();
    let process = serve(&place, &base);
    let caller = Caller::of(&process);
    let mut row = Row::new();
    row.tell(
        "done",
        format!(
            "deadline of {} ms; patient and conditions come with the call, the rest is to be read; {CALLS} calls for each way of being gone, one after the other",
            DEADLINE.as_millis()
        ),
    );
    let whole = caller.call(VIEW, &call(&chart, &base));
    let well = whole.json()["extension"]["org.rrdtc.assessment"].clone();
    row.must(
        whole.is(200) && !whole.body.contains("source-incomplete"),
        "all is read before",
    );
    for (n, name) in WAYS.into_iter().enumerate().skip(1) {
        way.store(n, Ordering::SeqCst);
        let asked = stub.received().len();
        let ended: Vec<Ended> = (0..CALLS)
            .map(|_| caller.call(VIEW, &call(&chart, &base)))
            .collect();
        judge(&mut row, name, &ended, &well);
        let asked = stub.received().len() - asked;
        way.store(0, Ordering::SeqCst);
        let again = until(60, || {
            let ended = caller.call(VIEW, &call(&chart, &base));
            ended.is(200) && !ended.body.contains("source-incomplete")
        });
        row.tell(
            "the server was asked, then well again",
            format!(
                "{asked} times in {CALLS} calls (five would be read by each: the breaker keeps the others); whole answers again after {}",
                again.map_or("NEVER".to_owned(), seconds)
            ),
        );
        row.must(again.is_some(), "well again without a restart");
    }
    drop(process);
    no_room(&mut row, &chart, &well);
    row
}

/// A listener with a full backlog: the kernel drops further SYN.
fn no_room(row: &mut Row, chart: &Chart, well: &Value) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let mut held = Vec::new();
    while held.len() < 10_000 {
        match TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
            Ok(stream) => held.push(stream),
            Err(_) => break,
        }
    }
    let base = format!("http://{address}/fhir");
    let place = Place::new();
    let process = serve(&place, &base);
    let caller = Caller::of(&process);
    let ended: Vec<Ended> = (0..CALLS)
        .map(|_| caller.call(VIEW, &call(chart, &base)))
        .collect();
    row.must(held.len() < 10_000, "the backlog can be filled");
    judge(row, "drops SYN (full backlog)", &ended, well);
}
