//! `kill -9` while feedback and audit lines are written: what was acknowledged is there after the restart.

use crate::Options;
use crate::caller::Caller;
use crate::matrix::{Row, seconds};
use crate::postgres;
use crate::process::{Place, Process, client, kept};
use std::fs;
use std::io::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Rounds on one folder; then a new one, so that reading it all stays cheap.
const ROUNDS_OF_A_PLACE: usize = 25;
const WRITERS: usize = 3;

pub fn with_sqlite(options: &Options) -> Row {
    rounds(options.rounds, options.seconds, None)
}

pub fn with_postgres(options: &Options) -> Row {
    match postgres::server("killed-postgres") {
        Some(url) => rounds(options.rounds.div_ceil(10), options.seconds, Some(&url)),
        None => Row::skipped("PostgreSQL is not installed"),
    }
}

#[derive(Default)]
struct Found {
    rounds: usize,
    feedback: usize,
    cards: usize,
    torn: usize,
    lost: usize,
    unverified: Vec<String>,
    slowest_start: Duration,
}

fn rounds(most: usize, most_seconds: u64, postgres: Option<&str>) -> Row {
    let began = Instant::now();
    let mut found = Found::default();
    while found.rounds < most && began.elapsed().as_secs() < most_seconds {
        let rounds = ROUNDS_OF_A_PLACE.min(most - found.rounds);
        let until = began + Duration::from_secs(most_seconds);
        a_place(rounds, until, postgres, &mut found);
    }
    let mut row = Row::new();
    row.tell(
        "done",
        format!(
            "{} rounds (asked for: {most}) of `kill -9` at 5 to 200 ms while {WRITERS} callers send feedback and {WRITERS} call the hook, audit mode `required`; after {} of \
             them half a line was left at the end of the trail; then restart, look, go on",
            found.rounds, found.torn
        ),
    );
    row.tell(
        "acknowledged",
        format!(
            "{} feedback with 200, {} cards with 200",
            found.feedback, found.cards
        ),
    );
    row.tell(
        "lost",
        format!(
            "{} (feedback not in the store, cards without a line)",
            found.lost
        ),
    );
    row.tell(
        "`rrdtc audit verify` after each restart",
        match found.unverified.first() {
            None => "intact each time".to_owned(),
            Some(first) => format!(
                "NOT content {} times, first: {first}",
                found.unverified.len()
            ),
        },
    );
    row.tell(
        "well again",
        format!(
            "listening again after {} at the latest, without a hand",
            seconds(found.slowest_start)
        ),
    );
    row.must(found.lost == 0, "something acknowledged was lost");
    row.must(
        found.unverified.is_empty(),
        "the audit trail must be intact after a restart",
    );
    row.must(
        found.feedback > 0 && found.cards > 0,
        "something must have been acknowledged",
    );
    row
}

fn a_place(rounds: usize, until: Instant, postgres: Option<&str>, found: &mut Found) {
    let place = Place::new();
    let (mut audit, mut url) = (
        place.store_and_audit("required"),
        format!("sqlite:{}", place.path("rrdtc.db").display()),
    );
    if let Some(postgres) = postgres {
        audit = audit.replace(&url, &format!("{postgres}/postgres"));
        url = format!("{postgres}/postgres");
    }
    // A chain of its own for each folder: the store keeps the heads of all.
    place.configure(&format!(
        "external_url = \"https://cds.test\"\n{audit}instance = \"{}\"\n[log]\nlevel = \"error\"\n{}",
        Uuid::new_v4(),
        client("ehr", "")
    ));
    let (mut feedback, mut cards) = (Vec::new(), Vec::new());
    // One restart more than kills: the last one is looked at, too.
    for round in 0..=rounds {
        let began = Instant::now();
        let process = Process::start(&place, &[], &[]);
        found.slowest_start = found.slowest_start.max(began.elapsed());
        if round > 0 {
            let (code, text) = place.verify();
            if code != 0 {
                found.unverified.push(text);
            }
        }
        if round == rounds || Instant::now() > until {
            break;
        }
        let caller = Caller::of(&process);
        // Any spread will do; it need not be the same again.
        let wait = Duration::from_millis(5 + u64::from(Uuid::new_v4().as_bytes()[0]) * 195 / 255);
        let (new_feedback, new_cards) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
        let mut process = process;
        std::thread::scope(|scope| {
            for _ in 0..WRITERS {
                scope.spawn(|| {
                    loop {
                        let (card, ended) = caller.feedback();
                        match ended.status {
                            Some(200) => new_feedback.lock().unwrap().push(card),
                            Some(_) => {}
                            None => break,
                        }
                    }
                });
                scope.spawn(|| {
                    loop {
                        let ended = caller.hook();
                        match ended.status {
                            Some(200) => new_cards.lock().unwrap().extend(ended.card()),
                            Some(_) => {}
                            None => break,
                        }
                    }
                });
            }
            std::thread::sleep(wait);
            process.signal("-KILL");
            process.ended();
        });
        feedback.extend(new_feedback.into_inner().unwrap());
        cards.extend(new_cards.into_inner().unwrap());
        found.rounds += 1;
        if round % 5 == 4 && tear(&place) {
            found.torn += 1;
        }
    }
    let kept = kept(&url);
    let trail: String = place
        .trail()
        .iter()
        .map(|file| String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned())
        .collect();
    found.lost += feedback.iter().filter(|card| !kept.contains(card)).count();
    found.lost += cards
        .iter()
        .filter(|card| !trail.contains(card.as_str()))
        .count();
    found.feedback += feedback.len();
    found.cards += cards.len();
}

/// Leaves half a line at the end, as a crash of the machine can.
fn tear(place: &Place) -> bool {
    let Some(last) = place.trail().pop() else {
        return false;
    };
    let text = fs::read(&last).unwrap();
    let Some(line) = text.trim_ascii_end().rsplit(|byte| *byte == b'\n').next() else {
        return false;
    };
    let mut file = fs::OpenOptions::new().append(true).open(&last).unwrap();
    file.write_all(&line[..line.len() / 2]).unwrap();
    true
}

/// How many of the cards whose feedback was acknowledged are not in a store.
pub fn lost(url: &str, acknowledged: &[Uuid]) -> usize {
    let kept = kept(url);
    let is_lost = |card: &&Uuid| !kept.contains(*card);
    acknowledged.iter().filter(is_lost).count()
}
