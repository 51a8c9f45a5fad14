//! PostgreSQL and Redis stopped, killed and started again under calls.

use crate::Options;
use crate::caller::{Caller, Tally, VIEW, until};
use crate::fhir_server::{DEADLINE, MARGIN};
use crate::killed::lost;
use crate::matrix::{Row, seconds};
use crate::process::{Place, client, token};
use crate::servers;
use crate::support::Chart;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const OUTAGES: [&str; 6] = ["-INT", "-KILL", "-INT", "-KILL", "-INT", "-KILL"];
/// How long each outage lasts.
const OUTAGE: Duration = Duration::from_secs(2);

/// What callers were told.
#[derive(Default)]
struct Heard {
    feedback: Tally,
    hooks: Tally,
    acknowledged: Vec<uuid::Uuid>,
    slowest_hook: Duration,
    slowest_feedback: Duration,
}

/// Calls go on while the program is ended and started; what they heard, and the times until all was well.
fn outages(
    caller: &Caller,
    program: &mut servers::Program,
    with_feedback: bool,
) -> (Heard, Vec<Option<Duration>>) {
    let heard = Mutex::new(Heard::default());
    let is_done = AtomicBool::new(false);
    let mut times = Vec::new();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_done.load(Ordering::SeqCst) {
                    let ended = caller.hook();
                    let told = with_feedback.then(|| caller.feedback());
                    let mut heard = heard.lock().unwrap();
                    heard.hooks.add(&ended);
                    heard.slowest_hook = heard.slowest_hook.max(ended.took);
                    if let Some((card, ended)) = told {
                        heard.feedback.add(&ended);
                        heard.slowest_feedback = heard.slowest_feedback.max(ended.took);
                        if ended.is(200) {
                            heard.acknowledged.push(card);
                        }
                    }
                }
            });
        }
        for signal in OUTAGES {
            std::thread::sleep(Duration::from_secs(1));
            program.end(signal);
            std::thread::sleep(OUTAGE);
            program.start();
            let began = Instant::now();
            let well = until(60, || {
                caller.hook().is(200) && (!with_feedback || caller.feedback().1.is(200))
            });
            times.push(well.map(|_| began.elapsed()));
        }
        is_done.store(true, Ordering::SeqCst);
    });
    (heard.into_inner().unwrap(), times)
}

fn recovery(row: &mut Row, times: &[Option<Duration>]) {
    let told: Vec<String> = times
        .iter()
        .map(|time| time.map_or("never within 60 s".to_owned(), seconds))
        .collect();
    row.tell(
        "well again without a restart, from the port open",
        told.join(", "),
    );
    row.must(
        times.iter().all(Option::is_some),
        "it must be well again without a restart",
    );
}

pub fn postgres(_: &Options) -> Row {
    let Some((mut program, url)) = servers::postgres() else {
        return Row::skipped("PostgreSQL 15 is not installed");
    };
    let place = Place::new();
    place.configure(&format!(
        "external_url = \"https://cds.test\"\ndeadline_ms = {}\nstore_url = \"{url}\"\n[log]\nlevel = \"error\"\n{}",
        DEADLINE.as_millis(),
        client("ehr", "")
    ));
    let process = place.serve(&[]);
    let (heard, times) = outages(&Caller::of(&process), &mut program, true);
    let lost = lost(&url, &heard.acknowledged);
    let mut row = Row::new();
    row.tell(
        "done",
        "PostgreSQL stopped (fast) and killed (`kill -9` of the postmaster), three times each, for 2 s, under two callers",
    );
    row.tell("hook calls meanwhile", heard.hooks.text());
    row.tell("slowest hook call", seconds(heard.slowest_hook));
    row.tell("feedback meanwhile", heard.feedback.text());
    row.tell("slowest feedback", seconds(heard.slowest_feedback));
    row.tell(
        "acknowledged",
        format!("{} feedback", heard.acknowledged.len()),
    );
    row.tell("lost", lost.to_string());
    recovery(&mut row, &times);
    row.must(lost == 0, "acknowledged feedback was lost");
    row.must(
        heard.hooks.of("200") == heard.hooks.total(),
        "hook calls do not rest on the store and are answered",
    );
    row.must(
        heard.slowest_hook < DEADLINE + MARGIN,
        "hook calls do not wait for the store",
    );
    row.must(
        heard.feedback.of("200") + heard.feedback.of("503") == heard.feedback.total(),
        "feedback is 200 or 503",
    );
    row
}

pub fn redis(_: &Options) -> Row {
    let Some((mut program, url)) = servers::redis() else {
        return Row::skipped("redis-server is not installed");
    };
    let place = Place::new();
    place.configure(&format!(
        "external_url = \"https://cds.test\"\nredis_url = \"{url}\"\n[log]\nlevel = \"error\"\n{}",
        client("ehr", "")
    ));
    let process = place.serve(&[]);
    let caller = Caller::of(&process);
    let used = token("ehr", VIEW);
    let body = Chart::basic().call();
    let first = caller.send(VIEW, &used, &body);
    let (heard, times) = outages(&caller, &mut program, false);
    let again = caller.send(VIEW, &used, &body);
    let mut row = Row::new();
    row.tell(
        "done",
        "Redis (append-only file, fsync always) stopped and killed, three times each, for 2 s, under two callers",
    );
    row.tell("hook calls meanwhile", heard.hooks.text());
    row.tell("slowest answer", seconds(heard.slowest_hook));
    row.tell(
        "a token used before all that, used again",
        format!(
            "{} at first, {} after",
            first.status.unwrap_or_default(),
            again.status.unwrap_or_default()
        ),
    );
    recovery(&mut row, &times);
    row.must(
        heard.hooks.of("200") + heard.hooks.of("401") == heard.hooks.total(),
        "a token that cannot be looked up is 401, never taken",
    );
    row.must(heard.hooks.of("401") > 0, "calls in an outage are refused");
    row.must(first.is(200) && again.is(401), "a used token stays used");
    row
}
