//! How long a local evaluation of many patients takes, with the reading of the table.
//!
//! `cargo bench --bench validation` takes a million patients and 500 bootstrap replicates; `-- 10000000` so many patients. First the four
//! predictors alone, then with a probability that differs from patient to patient. The table stands in the page cache.
#![allow(clippy::unwrap_used)]

use rand::Rng;
use rrdtc::cohort::table;
use rrdtc::config::{Knowledge, Settings};
use rrdtc::statistics::bootstrap::stream;
use rrdtc::validation::{Request, evaluate};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Instant;

fn main() {
    let rows = std::env::args().skip(1).find_map(|text| text.parse().ok());
    let rows: u64 = rows.unwrap_or(1_000_000);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cohort.csv");
    for with_probability in [false, true] {
        write(&path, rows, with_probability);
        measure(&path, with_probability);
    }
}

fn write(path: &Path, rows: u64, with_probability: bool) {
    let mut out = BufWriter::new(std::fs::File::create(path).unwrap());
    let mut random = stream(1, 0);
    let header = "ageAtDiagnosis,recurrence,multiSiteMetastasis,fdgUptake,outcome";
    let more = if with_probability { ",probability" } else { "" };
    writeln!(out, "{header}{more}").unwrap();
    for _ in 0..rows {
        let states = [0.5, 0.28, 0.22, 0.43].map(|share| random.random::<f64>() < share);
        let terms = states.iter().zip([0.7, 1.3, 1.8, 3.4]);
        let noise = random.random::<f64>() - 0.5;
        let log_odds = noise - 1.9
            + terms
                .map(|(state, b)| if *state { b } else { 0.0 })
                .sum::<f64>();
        let share = |log_odds: f64| 1.0 / (1.0 + (-log_odds).exp());
        let outcome = random.random::<f64>() < share(log_odds);
        let [a, r, m, f] = states.map(u8::from);
        write!(out, "{a},{r},{m},{f},{}", u8::from(outcome)).unwrap();
        if with_probability {
            write!(out, ",{:.9}", share(1.1 * log_odds - 0.1)).unwrap();
        }
        writeln!(out).unwrap();
    }
    out.flush().unwrap();
}

fn measure(path: &Path, with_probability: bool) {
    let start = Instant::now();
    let knowledge = Knowledge::load(&Settings::load(None).unwrap().advice.content).unwrap();
    let cohort = table::read(path).unwrap();
    let read = start.elapsed().as_secs_f64();
    let request = Request {
        bootstrap: 500,
        seed: 1,
        subgroups: Vec::new(),
        all_figures: false,
        horizon: None,
        date: "2026-11-25".parse().unwrap(),
    };
    let validation = evaluate(&cohort, &knowledge.model, request).unwrap();
    let json = serde_json::to_string(&validation).unwrap();
    println!(
        "{} patients, {}, 500 replicates: {:.2} s ({read:.2} s of it configuration and reading), {} kB of JSON, at most {} of memory so far",
        cohort.len(),
        if with_probability {
            "four predictors and a probability"
        } else {
            "four predictors"
        },
        start.elapsed().as_secs_f64(),
        json.len() / 1000,
        peak()
    );
}

/// The greatest resident memory of this process, as Linux tells it.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or("an unknown amount".to_owned(), |text| {
        text.trim().to_owned()
    })
}
