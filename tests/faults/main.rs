//! The fault matrix: what a running `rrdtc serve` does when it is killed, when its disk is full or read-only, when its databases
//! or the FHIR server go away, when the clock jumps, when clients are many and slow, when it is reloaded and stopped under load.
//!
//! `cargo test --test faults` runs all faults and writes `docs/proof/faults.md`; `-- --help` tells the rest. It is a campaign and no
//! check: a plain `cargo test` does not run it. It needs Linux and root, and says SKIPPED by name where something is missing.
#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
mod auth;
#[allow(dead_code, unused_imports)]
#[path = "../it/misbehaving.rs"]
mod misbehaving;
#[allow(dead_code)]
#[path = "../it/store/postgres.rs"]
mod postgres;
#[allow(dead_code)]
#[path = "../it/operations/process.rs"]
mod process;
#[allow(dead_code)]
#[path = "../it/support.rs"]
mod support;

mod caller;
mod clock;
mod connections;
mod databases;
mod disk;
mod fhir_server;
mod killed;
mod matrix;
mod servers;
mod signals;

use matrix::Row;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Instant;

const HELP: &str = "\
Runs the fault matrix against the rrdtc binary of this build.

Usage: cargo test --test faults -- [NAME ...] [--rounds N] [--seconds N] [--out FILE]

  NAME         only these: killed, killed-postgres, full-disk, read-only-disk, removed-file, postgres, redis, fhir, clock,
               idle, slow, reload, stop. Default: all
  --rounds N   kills in `killed` (default 1000); a tenth of it in `killed-postgres`
  --seconds N  `killed` and `killed-postgres` end after so many seconds, with the rounds that they have got to (default 3600)
  --out FILE   where the table is written; default docs/proof/faults.md when all faults are run, else nowhere

Exit codes: 0 nothing that was acknowledged was lost, 1 something was, or a fault ended in another way than is promised.";

/// What the command line asks for.
pub struct Options {
    pub rounds: usize,
    pub seconds: u64,
}

type Fault = (&'static str, fn(&Options) -> Row);

const FAULTS: [Fault; 13] = [
    ("killed", killed::with_sqlite),
    ("killed-postgres", killed::with_postgres),
    ("full-disk", disk::full),
    ("read-only-disk", disk::read_only),
    ("removed-file", disk::removed_file),
    ("postgres", databases::postgres),
    ("redis", databases::redis),
    ("fhir", fhir_server::gone),
    ("clock", clock::jumps),
    ("idle", connections::idle),
    ("slow", connections::slow),
    ("reload", signals::reload),
    ("stop", signals::stop),
];

fn main() -> ExitCode {
    let mut options = Options {
        rounds: 1000,
        seconds: 3600,
    };
    let (mut names, mut out) = (Vec::new(), None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|n| n.parse::<u64>().ok());
        match argument.as_str() {
            "--help" | "-h" => {
                println!("{HELP}");
                return ExitCode::SUCCESS;
            }
            "--rounds" | "--seconds" => match (argument.as_str(), number()) {
                ("--rounds", Some(n)) => options.rounds = n as usize,
                (_, Some(n)) => options.seconds = n,
                (name, None) => return usage(&format!("{name} needs a whole number")),
            },
            "--out" => out = arguments.next(),
            name if FAULTS.iter().any(|(known, _)| *known == name) => names.push(name.to_owned()),
            other => return usage(&format!("{other}: no such fault or option")),
        }
    }
    if names.is_empty() && out.is_none() {
        out = Some("docs/proof/faults.md".to_owned());
    }
    let mut rows = Vec::new();
    for (name, fault) in FAULTS {
        if !names.is_empty() && !names.iter().any(|chosen| chosen == name) {
            continue;
        }
        if std::io::stderr().is_terminal() {
            eprintln!("{name} ...");
        }
        let began = Instant::now();
        let row = std::panic::catch_unwind(|| fault(&options))
            .unwrap_or_else(|panic| Row::failed(&matrix::words_of(&*panic)));
        eprintln!(
            "{name}: {} ({:.0} s)",
            row.verdict(),
            began.elapsed().as_secs_f64()
        );
        eprintln!("{}", row.text());
        rows.push((name, row));
        if let Some(out) = &out {
            std::fs::write(out, matrix::page(&rows)).unwrap();
        }
    }
    match rows.iter().all(|(_, row)| row.is_kept()) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn usage(problem: &str) -> ExitCode {
    eprintln!("{problem}\n\n{HELP}");
    ExitCode::from(2)
}
