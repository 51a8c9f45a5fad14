//! SIGHUP and SIGTERM under load.

use crate::Options;
use crate::caller::{Caller, Ended, Tally, VIEW, until};
use crate::matrix::{Row, seconds};
use crate::misbehaving::{Misbehaving, Reply};
use crate::process::{Place, client, reads_from, to_fetch};
use crate::support::Chart;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const RELOADS: usize = 100;
const STOPS: usize = 20;

pub fn reload(_: &Options) -> Row {
    let place = Place::new();
    let audit = place.store_and_audit("required");
    let text = |mode: &str| {
        format!(
            "external_url = \"https://cds.test\"\n{audit}[log]\nlevel = \"error\"\n{}",
            client("ehr", &format!("mode = \"{mode}\""))
        )
    };
    place.configure(&text("live"));
    let process = place.serve(&[]);
    let caller = Caller::of(&process);
    let is_done = AtomicBool::new(false);
    let tally = Mutex::new(Tally::default());
    let (mut wrong, mut unheard) = (0, 0);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !is_done.load(Ordering::SeqCst) {
                    let (hook, (_, feedback)) = (caller.hook(), caller.feedback());
                    let mut tally = tally.lock().unwrap();
                    tally.add(&hook);
                    tally.add(&feedback);
                }
            });
        }
        let mut shown = true;
        let mut counted = [0.0, 0.0];
        for n in 0..RELOADS {
            let (result, counter) = match n % 2 {
                0 => {
                    place.configure(&format!("max_pet_age_days = 0\n{}", text("live")));
                    ("refused", 0)
                }
                _ => {
                    shown = !shown;
                    place.configure(&text(if shown { "live" } else { "shadow" }));
                    ("taken", 1)
                }
            };
            counted[counter] += 1.0;
            process.signal("-HUP");
            let label = format!("result=\"{result}\"");
            let heard = until(20, || {
                process.metric("rrdtc_reloads_total", &[&label]) == counted[counter]
            });
            unheard += usize::from(heard.is_none());
            wrong += usize::from(caller.hook().card().is_some() != shown);
        }
        is_done.store(true, Ordering::SeqCst);
    });
    let tally = tally.into_inner().unwrap();
    let mut row = Row::new();
    row.tell(
        "done",
        format!("{RELOADS} SIGHUP, with a bad and a good file in turn (the good ones switch between `live` and `shadow`), under three callers"),
    );
    row.tell("calls and feedback meanwhile", tally.text());
    row.tell(
        "settings in force after each",
        format!("wrong {wrong} times; {unheard} signals without a result"),
    );
    row.must(tally.of("200") == tally.total(), "no call fails");
    row.must(
        wrong == 0 && unheard == 0,
        "a good file is in force, a bad one leaves the old one",
    );
    row
}

pub fn stop(_: &Options) -> Row {
    // So that calls are in flight for a while.
    let stub = Misbehaving::start(|_| {
        Reply::After(Duration::from_millis(300), Box::new(Reply::status(500)))
    });
    let base = stub.base().to_string();
    let chart = Chart::basic();
    let mut body = to_fetch(&chart, &base);
    let whole = chart.prefetch();
    for key in ["patient", "conditions"] {
        body["prefetch"][key] = whole[key].clone();
    }
    let (mut answered, mut cut, mut untaken, mut lines, mut lost, mut broken) = (0, 0, 0, 0, 0, 0);
    let (mut codes, mut slowest) = (Vec::new(), Duration::ZERO);
    for _ in 0..STOPS {
        let place = Place::new();
        let audit = place.store_and_audit("best-effort");
        place.configure(&format!(
            "external_url = \"https://cds.test\"\n{audit}[log]\nlevel = \"error\"\n{}",
            client("ehr", &reads_from(&base))
        ));
        let mut process = place.serve(&[]);
        let caller = Caller::of(&process);
        let ended: Mutex<Vec<(Instant, Ended)>> = Mutex::new(Vec::new());
        let mut told = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    loop {
                        let began = Instant::now();
                        let one = caller.call(VIEW, &body);
                        let is_over = one.status.is_none();
                        ended.lock().unwrap().push((began, one));
                        if is_over {
                            break;
                        }
                    }
                });
            }
            let busy = until(20, || ended.lock().unwrap().len() >= 8);
            assert!(busy.is_some(), "calls are answered before the signal");
            told = Instant::now();
            process.signal("-TERM");
            codes.push(process.ended().code());
            slowest = slowest.max(told.elapsed());
        });
        let text: String = place
            .entries()
            .iter()
            .map(|entry| entry.to_string())
            .collect();
        lines += place.entries().len();
        for (began, one) in ended.into_inner().unwrap() {
            match one.status {
                Some(200) => {
                    answered += 1;
                    lost += usize::from(!one.card().is_some_and(|card| text.contains(&card)));
                }
                // Begun long before the signal: it was in flight.
                None if began + Duration::from_millis(100) < told => cut += 1,
                None => untaken += 1,
                Some(_) => cut += 1,
            }
        }
        broken += usize::from(place.verify().0 != 0);
    }
    let mut row = Row::new();
    row.tell(
        "done",
        format!("{STOPS} SIGTERM, each under eight callers whose calls take about 300 ms (the FHIR server is slow), audit mode `best-effort`"),
    );
    row.tell(
        "calls",
        format!("{answered} answered with 200, {cut} in flight at the signal and cut, {untaken} too late and not taken (no connection or reset before anything was read)"),
    );
    row.tell(
        "audit lines",
        format!("{lines} for {answered} answers; {lost} answers without a line; {broken} trails not intact"),
    );
    row.tell(
        "exit",
        format!(
            "code 0 in {} of {STOPS}; slowest stop {}",
            codes.iter().filter(|code| **code == Some(0)).count(),
            seconds(slowest)
        ),
    );
    row.must(cut == 0, "a call in flight is answered");
    row.must(
        lost == 0 && broken == 0 && lines == answered,
        "every answer has its line, and every line its answer",
    );
    row.must(codes.iter().all(|code| *code == Some(0)), "exit code 0");
    row
}
