//! Outcomes that a hospital adds later, and the model in use held against them.
//!
//! Input: comma-separated values with a header: `resultId` (of the assessment) or `patient` (the pseudonym of the trail), and
//! `outcome` (`1`/`refractory`, `0`/`not-refractory`, empty or `undetermined`). A patient stands for the last assessment to whom
//! the model applied; with `resultId` for that one. Errors name line and column, never a value.

use super::limits::of_probabilities;
use super::trail::{Answer, Trail, Who, month};
use super::{Calibration, Expected, OutcomeSummary};
use crate::cohort::Outcome;
use crate::domain::nomogram::Nomogram;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};

/// The file, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcomes {
    rows: Vec<Row>,
    sha256: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    line: u64,
    result_id: Option<String>,
    patient: Option<String>,
    outcome: Outcome,
}

/// Why outcomes cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnusableOutcomes {
    /// It is no table.
    #[error("the outcomes cannot be read: {0}")]
    NoTable(String),
    /// A column is missing.
    #[error(
        "the outcomes need a header with outcome and with resultId or patient (the pseudonym of the audit trail)"
    )]
    Columns,
    /// A value that is none.
    #[error("outcomes, line {line}, column {column}: {reason}")]
    Value {
        /// Line, from 1; the header is a line.
        line: u64,
        /// Column.
        column: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// One patient, two outcomes.
    #[error("outcomes, lines {first} and {second}: one patient with two outcomes")]
    Contradiction {
        /// Line.
        first: u64,
        /// Line.
        second: u64,
    },
}

impl Outcomes {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// [`UnusableOutcomes`] with line and column.
    pub fn read(bytes: &[u8]) -> Result<Self, UnusableOutcomes> {
        let no_table = |error: csv::Error| {
            let place = error.position().map_or(0, csv::Position::line);
            UnusableOutcomes::NoTable(format!("line {place} is no row of the table"))
        };
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
        let header = reader.headers().map_err(no_table)?.clone();
        let place = |name: &str| header.iter().position(|column| column == name);
        let (result_id, patient) = (place("resultId"), place("patient"));
        let Some(outcome) = place("outcome").filter(|_| result_id.or(patient).is_some()) else {
            return Err(UnusableOutcomes::Columns);
        };
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(no_table)?;
            let line = record.position().map_or(0, csv::Position::line);
            let cell = |column: Option<usize>| {
                let text = column.and_then(|column| record.get(column));
                text.filter(|text| !text.is_empty()).map(str::to_owned)
            };
            let wrong = |column, reason| UnusableOutcomes::Value {
                line,
                column,
                reason,
            };
            let row = Row {
                line,
                result_id: cell(result_id),
                patient: cell(patient),
                outcome: match record.get(outcome).unwrap_or("") {
                    "1" | "refractory" => Outcome::Refractory,
                    "0" | "not-refractory" => Outcome::NotRefractory,
                    "" | "undetermined" => Outcome::Undetermined,
                    _ => return Err(wrong("outcome", "expected 1, 0 or nothing")),
                },
            };
            if row.result_id.is_none() && row.patient.is_none() {
                return Err(wrong("resultId", "neither a result nor a patient is named"));
            }
            rows.push(row);
        }
        Ok(Self {
            rows,
            sha256: format!("{:x}", Sha256::digest(bytes)),
        })
    }
}

/// When an outcome counts, and how many are judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub today: Date,
    pub horizon_months: Option<u32>,
    pub minimum_count: u64,
}

/// Observed and expected, by month of the assessment.
pub(super) fn calibration(
    trail: &Trail,
    outcomes: &Outcomes,
    nomogram: &Nomogram,
    rules: Rules,
) -> Result<Calibration, UnusableOutcomes> {
    let applicable = || trail.answers.iter().filter(|(_, answer)| answer.applicable);
    let mut by_result: HashMap<&str, (&Who, &Answer)> = HashMap::new();
    let mut by_patient: HashMap<&str, (&Who, &Answer)> = HashMap::new();
    for ((_, who), answer) in applicable() {
        by_result.insert(&answer.result_id, (who, answer));
        // Months ascend: the last stays.
        by_patient.insert(&who.2, (who, answer));
    }
    let patients: std::collections::HashSet<&Who> = applicable().map(|((_, who), _)| who).collect();
    let mut summary = OutcomeSummary {
        rows: outcomes.rows.len() as u64,
        sha256: outcomes.sha256.clone(),
        ..OutcomeSummary::default()
    };
    let mut told: BTreeMap<&Who, (&Answer, Outcome, u64)> = BTreeMap::new();
    for row in &outcomes.rows {
        if row.outcome == Outcome::Undetermined {
            summary.undetermined += 1;
            continue;
        }
        let by_result = row.result_id.as_deref().and_then(|id| by_result.get(id));
        let by_patient = row.patient.as_deref().and_then(|id| by_patient.get(id));
        let Some((who, answer)) = by_result.or(by_patient) else {
            summary.unmatched += 1;
            continue;
        };
        let (_, outcome, line) = *told.entry(who).or_insert((answer, row.outcome, row.line));
        if outcome != row.outcome {
            return Err(UnusableOutcomes::Contradiction {
                first: line,
                second: row.line,
            });
        }
    }
    summary.without_outcome = (patients.len() - told.len()) as u64;
    let mut months: BTreeMap<String, Vec<(f64, bool)>> = BTreeMap::new();
    for (answer, outcome, _) in told.into_values() {
        let estimate = answer
            .states
            .as_ref()
            .and_then(|states| nomogram.probability(states).estimate);
        if !is_old_enough(answer.at, rules) {
            summary.too_recent += 1;
        } else if let Some(estimate) = estimate {
            summary.counted += 1;
            let of_month = months.entry(month(answer.at)).or_default();
            of_month.push((estimate, outcome == Outcome::Refractory));
        } else {
            summary.incomplete += 1;
        }
    }
    let mut cumulative = 0.0;
    let mut all = Vec::new();
    let mut rows = Vec::new();
    for (name, patients) in months {
        let mut row = expected(&name, &patients, rules.minimum_count);
        cumulative += row.observed as f64 - row.expected;
        row.cumulative = cumulative;
        rows.push(row);
        all.extend(patients);
    }
    let mut total = expected("all", &all, rules.minimum_count);
    total.cumulative = cumulative;
    let not_judged = (total.low.is_none()).then(|| {
        format!(
            "{} patients have a usable outcome, {} are needed",
            summary.counted, rules.minimum_count
        )
    });
    Ok(Calibration {
        outcomes: summary,
        months: rows,
        total,
        not_judged,
    })
}

fn is_old_enough(at: Timestamp, rules: Rules) -> bool {
    let Some(months) = rules.horizon_months else {
        return true;
    };
    let day = Offset::UTC.to_datetime(at).date();
    let span = jiff::Span::new().try_months(months);
    // Beyond the calendar no day is old enough.
    span.and_then(|span| day.checked_add(span))
        .is_ok_and(|day| day <= rules.today)
}

fn expected(name: &str, patients: &[(f64, bool)], minimum: u64) -> Expected {
    let probabilities: Vec<f64> = patients.iter().map(|(p, _)| *p).collect();
    let observed = patients
        .iter()
        .filter(|(_, refractory)| *refractory)
        .count() as u64;
    let expected: f64 = probabilities.iter().sum();
    let limits = (patients.len() as u64 >= minimum).then(|| of_probabilities(&probabilities));
    Expected {
        month: name.to_owned(),
        patients: patients.len() as u64,
        observed,
        expected,
        ratio: (expected > 0.0).then(|| observed as f64 / expected),
        low: limits.map(|(low, _)| low),
        high: limits.map(|(_, high)| high),
        cumulative: observed as f64 - expected,
        state: match limits {
            None => "too-few",
            Some((low, _)) if observed < low => "below",
            Some((_, high)) if observed > high => "above",
            Some(_) => "within",
        },
    }
}
