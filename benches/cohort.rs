//! How fast a table becomes a cohort, and how fast synthetic patients are drawn.
//!
//! `cargo bench --bench cohort` prints rows and megabytes a second, SHA-256 of the file included; `cargo bench --bench cohort -- 10000000`
//! does the same with so many rows instead of a million. The table stands in the page cache.
#![allow(clippy::unwrap_used)]

use rrdtc::cohort::synthetic::Population;
use rrdtc::cohort::table;
use rrdtc::config::{margins, published};
use rrdtc::model::margins::Margins;
use rrdtc::model::published::Published;
use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Instant;

fn main() {
    let rows = std::env::args().skip(1).find_map(|text| text.parse().ok());
    let rows: u64 = rows.unwrap_or(1_000_000);
    let folder = tempfile::tempdir().unwrap();

    let (name, text) = published();
    let figures = Published::read(name, &text).unwrap();
    let (name, text) = margins();
    let margins = Margins::read(name, &text).unwrap();
    let start = Instant::now();
    let population = Population::new(&figures, &margins, true).unwrap();
    println!("joint distribution: {:.2} s", start.elapsed().as_secs_f64());
    let all = folder.path().join("all.csv");
    let start = Instant::now();
    let mut out = BufWriter::new(std::fs::File::create(&all).unwrap());
    population.write(&mut out, rows, 1, &|_| ()).unwrap();
    let seconds = start.elapsed().as_secs_f64();
    let bytes = std::fs::metadata(&all).unwrap().len();
    println!(
        "drawn and written, 16 variables: {rows} patients, {:.0} MB in {seconds:.2} s: {:.2} million patients/s",
        bytes as f64 / 1e6,
        rows as f64 / seconds / 1e6
    );

    for (what, with_patient, with_probability) in [
        ("four predictors and outcome", false, false),
        ("the same with a patient", true, false),
        ("the same with a patient and a probability", true, true),
    ] {
        let path = folder.path().join("t.csv");
        write(&path, rows, with_patient, with_probability);
        measure(what, &path, rows);
    }
    measure("synthetic, 16 variables", &all, rows);
}

fn write(path: &Path, rows: u64, with_patient: bool, with_probability: bool) {
    let mut out = BufWriter::new(std::fs::File::create(path).unwrap());
    let mut line = String::new();
    for row in 0..=rows {
        line.clear();
        if with_patient {
            match row {
                0 => line.push_str("patient,"),
                row => write!(line, "P{row:08},").unwrap(),
            }
        }
        match row {
            0 => line.push_str("ageAtDiagnosis,recurrence,multiSiteMetastasis,fdgUptake,outcome"),
            row => {
                let bits = row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 59;
                let bit = |at: u64| bits >> at & 1;
                write!(
                    line,
                    "{},{},{},{},{}",
                    bit(0),
                    bit(1),
                    bit(2),
                    bit(3),
                    bit(4)
                )
                .unwrap();
            }
        }
        if with_probability {
            match row {
                0 => line.push_str(",probability"),
                row => {
                    let part = row.wrapping_mul(0xd134_2543_de82_ef95) >> 11;
                    write!(line, ",{:.6}", part as f64 / (1_u64 << 53) as f64).unwrap();
                }
            }
        }
        line.push('\n');
        out.write_all(line.as_bytes()).unwrap();
    }
    out.flush().unwrap();
}

fn measure(what: &str, path: &Path, rows: u64) {
    let bytes = std::fs::metadata(path).unwrap().len() as f64 / 1e6;
    let mut times: Vec<f64> = (0..3)
        .map(|_| {
            let start = Instant::now();
            let cohort = table::read(path).unwrap();
            assert_eq!(cohort.len() as u64, rows);
            start.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!(
        "{what}: {rows} rows, {bytes:.0} MB; median of 3: {:.2} s, {:.2} million rows/s, {:.0} MB/s (slowest {:.2} s)",
        times[1],
        rows as f64 / times[1] / 1e6,
        bytes / times[1],
        times[2]
    );
}
