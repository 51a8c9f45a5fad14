//! The clock jumps under a running service (libfaketime): tokens, used tokens, times of answers, order of the trail.

use crate::Options;
use crate::caller::{Caller, VIEW};
use crate::matrix::Row;
use crate::process::{Place, Process, client, token, token_with};
use crate::support::Chart;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

const LIBRARIES: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
];

const DAY: i64 = 86_400;

/// Each from where the clock stands really.
const JUMPS: [(&str, &str, i64); 6] = [
    ("+1 day", "+1d", DAY),
    ("back", "+0", 0),
    ("-1 day", "-1d", -DAY),
    ("back", "+0", 0),
    ("+10 years", "+3650d", 3650 * DAY),
    ("back", "+0", 0),
];

/// A token of a caller whose clock is the service's.
fn token_of(offset: i64) -> String {
    let now = jiff::Timestamp::now().as_second() + offset;
    token_with("ehr", VIEW, json!({ "iat": now, "exp": now + 300 }))
}

/// By how many seconds the time of an answer differs from ours.
fn distance(answer: &Value) -> Option<i64> {
    let told = &answer["extension"]["org.rrdtc.assessment"]["assessedAt"];
    let told: jiff::Timestamp = told.as_str()?.parse().ok()?;
    Some(told.as_second() - jiff::Timestamp::now().as_second())
}

pub fn jumps(_: &Options) -> Row {
    let Some(library) = LIBRARIES.into_iter().find(|path| Path::new(path).exists()) else {
        return Row::skipped("libfaketime is not installed (apt-get install faketime)");
    };
    let place = Place::new();
    let audit = place.store_and_audit("required");
    place.configure(&format!(
        "external_url = \"https://cds.test\"\n{audit}[log]\nlevel = \"warn\"\n{}",
        client("ehr", "")
    ));
    let clock = place.path("clock");
    let set = |time: &str| fs::write(&clock, format!("{time}\n")).unwrap();
    set("+0");
    let process = Process::start(
        &place,
        &[],
        &[
            ("LD_PRELOAD", library),
            ("FAKETIME_TIMESTAMP_FILE", clock.to_str().unwrap()),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ],
    );
    let caller = Caller::of(&process);
    let body = Chart::basic().call();
    let mut row = Row::new();
    row.tell(
        "done",
        "the wall clock of the running service is set (libfaketime; the monotonic clock goes on): +1 day, back, -1 day, back, +10 years, back",
    );
    let used = token("ehr", VIEW);
    let first = caller.send(VIEW, &used, &body);
    row.must(first.is(200), "all is well before");
    let states = |answer: &Value| -> Vec<String> {
        let predictors = &answer["extension"]["org.rrdtc.assessment"]["predictors"];
        predictors
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, found)| format!("{name} {}", found["state"].as_str().unwrap_or("-")))
            .collect()
    };
    let truth = states(&first.json());
    for (name, time, offset) in JUMPS {
        set(time);
        let real = caller.send(VIEW, &token("ehr", VIEW), &body);
        let own = caller.send(VIEW, &token_of(offset), &body);
        let again = caller.send(VIEW, &used, &body);
        let told = own.json();
        let distance = distance(&told);
        let changed: Vec<String> = states(&told)
            .into_iter()
            .filter(|state| !truth.contains(state))
            .collect();
        let (_, feedback) = caller.feedback();
        row.tell(
            match offset {
                0 => "back",
                _ => name,
            },
            format!(
                "a token of the real time {}, one of the service's time {}, the first token once more {}; feedback with a token of the real time {}; `assessedAt` differs by {}; states that changed: {}",
                real.status.unwrap_or_default(),
                own.status.unwrap_or_default(),
                again.status.unwrap_or_default(),
                feedback.status.unwrap_or_default(),
                distance.map_or("(none)".to_owned(), |seconds| format!("{seconds} s")),
                match changed.is_empty() {
                    true => "none".to_owned(),
                    false => changed.join(", "),
                }
            ),
        );
        row.must(own.is(200), "a caller with the same clock is answered");
        row.must(
            offset == 0 || real.is(401),
            "a token that is not valid at this time is refused",
        );
        row.must(
            distance.is_some_and(|seconds| (seconds - offset).abs() < 60),
            "an answer tells the time that it is for",
        );
        row.must(!again.is(200), "a used token is never taken again");
    }
    let said = process.log();
    row.must(!said.contains("panicked"), "no panic");
    let stopped = process.stop();
    let (code, text) = place.verify();
    row.tell(
        "audit",
        format!(
            "{} lines; verify exits with {code}: {}",
            place.entries().len(),
            text.trim().replace(&*place.path("").to_string_lossy(), "")
        ),
    );
    row.tell("exit code", stopped.code().unwrap_or(-1).to_string());
    row.must(code == 0, "the trail is intact: it is ordered by number");
    row.must(stopped.success(), "it stops as ever");
    row
}
