//! Optimism against `rms::validate`: the resamples that R drew give what R says.

use super::{Cohort, Told};
use rrdtc::statistics::bootstrap::optimism;
use rrdtc::statistics::calibration::{recalibrate, val_prob};
use rrdtc::statistics::logistic::{Fit, Group, fit};
use rrdtc::statistics::ranking::{Ranked, totals};

/// Patterns (age, recurrence, sites, FDG as the bits of a number) by outcome: without at even places, with at odd ones.
type Cells = [f64; 32];

fn four_factors(cells: &Cells) -> Fit<5> {
    let group = |pattern: usize| Group {
        row: std::array::from_fn(|at| match at {
            0 => 1.0,
            _ => f64::from(u8::from(pattern >> (4 - at) & 1 == 1)),
        }),
        events: cells[2 * pattern + 1],
        patients: cells[2 * pattern] + cells[2 * pattern + 1],
    };
    fit(&(0..16).map(group).collect::<Vec<_>>()).unwrap()
}

/// Dxy, R2, Intercept, Slope, D, U, Q, B of a model on patients.
fn indexes(model: &Fit<5>, cells: &Cells) -> [f64; 8] {
    let predicted = |pattern: usize| {
        let terms = (1..5).filter(|at| pattern >> (4 - at) & 1 == 1);
        let log_odds = terms.fold(model.coefficients[0], |sum, at| {
            sum + model.coefficients[at]
        });
        Ranked {
            by: 1.0 / (1.0 + (-log_odds).exp()),
            events: cells[2 * pattern + 1],
            others: cells[2 * pattern],
        }
    };
    let groups: Vec<Ranked> = (0..16).map(predicted).collect();
    let line = recalibrate(&groups).unwrap();
    let given = val_prob(&groups).unwrap();
    // rms::validate takes D and R2 of the recalibrated predictions, val.prob those of the predictions as they are.
    let n: f64 = cells.iter().sum();
    let (events, others) = totals(&groups);
    let null = events * (events / n).ln() + others * (others / n).ln();
    let ratio = 2.0 * (line.log_likelihood - null);
    let (d, u) = ((ratio - 1.0) / n, given.u.unwrap());
    let r2 = (1.0 - (-ratio / n).exp()) / (1.0 - (2.0 * null / n).exp());
    [
        given.dxy,
        r2,
        line.intercept,
        line.slope,
        d,
        u,
        d - u,
        given.brier,
    ]
}

#[test]
fn optimism_is_that_of_rms_on_the_same_resamples() {
    let path = "tests/oracle/expected/optimism.csv";
    let mut reader = csv::ReaderBuilder::new();
    let mut reader = reader.comment(Some(b'#')).from_path(path).unwrap();
    let mut drawn = vec![[0.0; 32]; 20];
    for record in reader.records() {
        let record = record.unwrap();
        let parts: Vec<&str> = record[1].split('.').collect();
        if let ["drawn", k, cell] = parts[..] {
            drawn[k.parse::<usize>().unwrap()][cell.parse::<usize>().unwrap()] =
                record[2].parse().unwrap();
        }
    }
    let cohort = Cohort::read("source");
    let mut cells = [0.0; 32];
    let bit = |column: &str, patient: usize| cohort.column(column)[patient] as usize;
    for patient in 0..404 {
        let predictors = [
            "ageAtDiagnosis",
            "recurrence",
            "multiSiteMetastasis",
            "fdgUptake",
            "outcome",
        ];
        let cell = predictors
            .iter()
            .fold(0, |cell, column| 2 * cell + bit(column, patient));
        cells[cell] += 1.0;
    }
    let original = indexes(&four_factors(&cells), &cells);
    let rows = optimism(original, 1, drawn.len(), |k, _| {
        let model = four_factors(&drawn[k]);
        Some((indexes(&model, &drawn[k]), indexes(&model, &cells)))
    });
    let mut told = Told::default();
    let names = ["Dxy", "R2", "Intercept", "Slope", "D", "U", "Q", "B"];
    for (name, row) in names.into_iter().zip(rows) {
        for (column, value) in [
            ("index.orig", row.original),
            ("training", row.training),
            ("test", row.test),
            ("optimism", row.optimism),
            ("index.corrected", row.corrected),
            ("n", row.n as f64),
        ] {
            told.tell("source", format!("{name}.{column}"), value);
        }
    }
    for (k, cells) in drawn.iter().enumerate() {
        for (cell, patients) in cells.iter().enumerate() {
            told.tell("source", format!("drawn.{k}.{cell}"), *patients);
        }
    }
    // lrm.fit stops early, as above.
    told.compare("optimism", |_| 1e-6);
}
