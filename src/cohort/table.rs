//! A cohort from a table with a header: comma-separated values.
//!
//! Columns: `patient`, `timeZero` (a day), `ageAtDiagnosis`, `recurrence`, `multiSiteMetastasis`, `fdgUptake` (`1`/`present`,
//! `0`/`absent`, `conflicting`, empty or `unknown`), `outcome` (`1`/`refractory`, `0`/`not-refractory`, empty or
//! `undetermined`), `probability` (0 to 1). Every other column is a variable: numbers where all values are, else categories.

use super::{Cohort, InputFile, Outcome, Values, Variable};
use crate::domain::score::{Predictor, State};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Why a table is no cohort.
#[derive(Debug, thiserror::Error)]
pub enum UnusableTable {
    /// The file cannot be read.
    #[error("{file} cannot be read: {problem}")]
    Unreadable {
        /// File.
        file: PathBuf,
        /// Why.
        problem: String,
    },
    /// A value that is none.
    #[error("{file}, line {line}, column {column}: {reason}")]
    Value {
        /// File.
        file: PathBuf,
        /// Line.
        line: u64,
        /// Column.
        column: String,
        /// What is wrong.
        reason: String,
    },
}

/// Reads a table.
pub fn read(path: &Path) -> Result<Cohort, UnusableTable> {
    let unreadable = |problem: String| UnusableTable::Unreadable {
        file: path.to_owned(),
        problem,
    };
    let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let header = reader
        .headers()
        .map_err(|error| unreadable(error.to_string()))?
        .clone();
    let mut cohort = Cohort::default();
    let place = |name: &str| header.iter().position(|column| column == name);
    let predictors = Predictor::ALL.map(|predictor| place(predictor.name()));
    let (outcome, probability, time_zero) =
        (place("outcome"), place("probability"), place("timeZero"));
    let known: Vec<usize> = predictors
        .into_iter()
        .chain([outcome, probability, time_zero, place("patient")])
        .flatten()
        .collect();
    let mut others: Vec<(usize, Vec<String>)> = (0..header.len())
        .filter(|column| !known.contains(column))
        .map(|column| (column, Vec::new()))
        .collect();
    let mut probabilities = Vec::new();
    let mut days = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(error.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        let wrong = |column: usize, reason: &str| UnusableTable::Value {
            file: path.to_owned(),
            line,
            column: header.get(column).unwrap_or("?").to_owned(),
            reason: reason.to_owned(),
        };
        let cell = |column: Option<usize>| column.and_then(|c| record.get(c)).unwrap_or("");
        let mut states = [State::Unknown; 4];
        for (state, column) in states.iter_mut().zip(predictors) {
            *state = match cell(column) {
                "1" | "present" => State::Present,
                "0" | "absent" => State::Absent,
                "conflicting" => State::Conflicting,
                "" | "unknown" => State::Unknown,
                _ => return Err(wrong(column.unwrap_or(0), "expected 1, 0 or nothing")),
            };
        }
        cohort.states.push(states);
        cohort.outcomes.push(match cell(outcome) {
            "1" | "refractory" => Outcome::Refractory,
            "0" | "not-refractory" => Outcome::NotRefractory,
            "" | "undetermined" => Outcome::Undetermined,
            _ => return Err(wrong(outcome.unwrap_or(0), "expected 1, 0 or nothing")),
        });
        probabilities.push(match cell(probability) {
            "" => None,
            text => Some(
                text.parse::<f64>()
                    .ok()
                    .filter(|p| (0.0..=1.0).contains(p))
                    .ok_or_else(|| {
                        wrong(
                            probability.unwrap_or(0),
                            "expected a probability from 0 to 1",
                        )
                    })?,
            ),
        });
        days.push(match cell(time_zero) {
            "" => None,
            text => Some(
                text.parse()
                    .map_err(|_| wrong(time_zero.unwrap_or(0), "expected a day"))?,
            ),
        });
        for (column, values) in &mut others {
            values.push(record.get(*column).unwrap_or("").to_owned());
        }
    }
    cohort.probabilities = probability.map(|_| probabilities);
    cohort.time_zero = time_zero.map(|_| days);
    cohort.variables = others
        .into_iter()
        .map(|(column, values)| Variable {
            name: header.get(column).unwrap_or("?").to_owned(),
            values: typed(&values),
        })
        .collect();
    let digest = Sha256::digest(&bytes);
    cohort.origin.files.push(InputFile {
        name: path.display().to_string(),
        sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        rows: cohort.len() as u64,
    });
    Ok(cohort)
}

fn typed(values: &[String]) -> Values {
    let number = |text: &String| text.parse::<f64>().ok().filter(|number| number.is_finite());
    if values
        .iter()
        .all(|text| text.is_empty() || number(text).is_some())
    {
        return Values::Numbers(values.iter().map(number).collect());
    }
    let mut levels: Vec<String> = Vec::new();
    let of = values
        .iter()
        .map(|text| {
            if text.is_empty() {
                return None;
            }
            let place = levels.iter().position(|level| level == text);
            let place = place.unwrap_or_else(|| {
                levels.push(text.clone());
                levels.len() - 1
            });
            u16::try_from(place).ok()
        })
        .collect();
    Values::Categories { levels, of }
}
