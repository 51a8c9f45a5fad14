//! What became of a patient: from stated codes in the chart, or from a table beside it.
//!
//! Only what is dated wholly after time zero is an outcome. No record is no outcome: a patient is `not-refractory` by a record
//! that says so, or by a rule that the outcome map states - so many months of follow-up that a record proves, and no record of
//! refractory disease. Everybody else is `undetermined`, with the reason.

use super::Outcome;
use crate::domain::date::PartialDate;
use crate::domain::interval::Interval;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Deserialize;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Why outcomes cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum UnusableOutcomes {
    /// The map or table cannot be read.
    #[error("{file} cannot be read: {problem}")]
    Unreadable {
        /// File.
        file: PathBuf,
        /// Why.
        problem: String,
    },
    /// The map says something that cannot be.
    #[error("{file}: {problem}")]
    Map {
        /// File.
        file: PathBuf,
        /// What to change.
        problem: String,
    },
    /// A row of the table.
    #[error("{file}, line {line}: {problem}")]
    Row {
        /// File.
        file: PathBuf,
        /// Line, from 1.
        line: u64,
        /// What is wrong. Quotes nothing.
        problem: &'static str,
    },
    /// On the command line.
    #[error("expected SYSTEM|CODE, such as http://snomed.info/sct|12345")]
    Code,
}

/// System and code.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// Code system as the resources write it.
    pub system: String,
    /// Code as the resources write it.
    pub code: String,
}

impl std::str::FromStr for Code {
    type Err = UnusableOutcomes;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (system, code) = text.rsplit_once('|').ok_or(UnusableOutcomes::Code)?;
        if system.is_empty() || code.is_empty() {
            return Err(UnusableOutcomes::Code);
        }
        Ok(Self {
            system: system.to_owned(),
            code: code.to_owned(),
        })
    }
}

/// How outcomes are read from a chart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutcomeMap {
    /// Codes of Conditions and Observations that say refractory.
    #[serde(default)]
    pub refractory: Vec<Code>,
    /// Codes that say not refractory.
    #[serde(default)]
    pub not_refractory: Vec<Code>,
    /// Codes of records that prove that the patient was still followed.
    #[serde(default)]
    pub follow_up: Vec<Code>,
    /// Refractory disease counts up to so many months after time zero; none: whenever it comes.
    pub horizon_months: Option<u16>,
    /// A record of follow-up, or of not refractory, counts from so many months after time zero on.
    pub minimal_follow_up_months: Option<u16>,
}

/// A record that bears on the outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeRecord {
    /// What it says.
    pub says: Says,
    /// When.
    pub date: Option<PartialDate>,
}

/// What a record says about the outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// Refractory.
    Refractory,
    /// Not refractory.
    NotRefractory,
    /// The patient is still followed.
    FollowUp,
}

/// Why an outcome is what it is: words of the table and the missingness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutcomeReason {
    /// A record or row says so.
    Stated,
    /// Followed long enough without refractory disease, as the map says.
    FollowedUp,
    /// Nothing is recorded.
    NotRecorded,
    /// What is recorded has no date, or one that may be before time zero.
    NoDate,
    /// What is recorded is dated on or before time zero.
    NotAfterTimeZero,
    /// Not refractory, but for a shorter time than the map asks for.
    FollowUpTooShort,
}

impl OutcomeReason {
    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stated => "stated",
            Self::FollowedUp => "followed-up",
            Self::NotRecorded => "not-recorded",
            Self::NoDate => "no-date",
            Self::NotAfterTimeZero => "not-after-time-zero",
            Self::FollowUpTooShort => "follow-up-too-short",
        }
    }
}

impl OutcomeMap {
    /// Reads a map.
    pub fn read(path: &Path) -> Result<Self, UnusableOutcomes> {
        let text = std::fs::read_to_string(path).map_err(|error| UnusableOutcomes::Unreadable {
            file: path.to_owned(),
            problem: error.to_string(),
        })?;
        let wrong = |problem: String| UnusableOutcomes::Map {
            file: path.to_owned(),
            problem,
        };
        let map: Self = figment::Figment::from(
            <figment::providers::Toml as figment::providers::Format>::string(&text),
        )
        .extract()
        .map_err(|error| wrong(error.to_string()))?;
        if map.refractory.is_empty() {
            return Err(wrong("name at least one [[refractory]] code".into()));
        }
        if !map.follow_up.is_empty() && map.minimal_follow_up_months.is_none() {
            return Err(wrong(
                "[[follow_up]] needs minimal_follow_up_months: how long without refractory disease is long enough?".into(),
            ));
        }
        Ok(map)
    }

    /// What a coding says; none when it is of no use.
    pub fn says(&self, system: &str, code: &str) -> Option<Says> {
        let is_in = |codes: &[Code]| {
            codes
                .iter()
                .any(|known| known.system == system && known.code == code)
        };
        if is_in(&self.refractory) {
            Some(Says::Refractory)
        } else if is_in(&self.not_refractory) {
            Some(Says::NotRefractory)
        } else if is_in(&self.follow_up) {
            Some(Says::FollowUp)
        } else {
            None
        }
    }

    /// The outcome of a patient with this time zero.
    pub fn decide(&self, records: &[OutcomeRecord], time_zero: Date) -> (Outcome, OutcomeReason) {
        let after = |months: u16| {
            time_zero
                .checked_add(i64::from(months).months())
                .unwrap_or(Date::MAX)
        };
        let horizon = self.horizon_months.map(after);
        let long_enough = self.minimal_follow_up_months.map(after);
        let (mut no_date, mut before, mut too_short) = (false, false, false);
        let (mut refractory, mut not_refractory, mut followed_up) = (false, false, false);
        for record in records {
            let days: Option<Interval<Date>> = record.date.as_ref().map(PartialDate::days);
            let bears = record.says != Says::FollowUp;
            let days = match days {
                Some(days) if days.low > time_zero => days,
                Some(days) if days.high <= time_zero => {
                    before |= bears;
                    continue;
                }
                _ => {
                    no_date |= bears;
                    continue;
                }
            };
            let is_late = long_enough.is_some_and(|long_enough| days.low >= long_enough);
            match (record.says, horizon) {
                (Says::Refractory, None) => refractory = true,
                (Says::Refractory, Some(horizon)) if days.high <= horizon => refractory = true,
                // Certainly after the horizon: up to there the disease was not refractory, if that was long enough.
                (Says::Refractory, Some(horizon)) if days.low > horizon => followed_up |= is_late,
                (Says::Refractory, Some(_)) => no_date = true,
                (Says::NotRefractory, _) => {
                    let counts = is_late || long_enough.is_none();
                    not_refractory |= counts;
                    too_short |= !counts;
                }
                (Says::FollowUp, _) => {
                    followed_up |= is_late;
                    too_short |= !is_late;
                }
            }
        }
        if refractory {
            (Outcome::Refractory, OutcomeReason::Stated)
        } else if no_date {
            // It may be the one that decides.
            (Outcome::Undetermined, OutcomeReason::NoDate)
        } else if not_refractory {
            (Outcome::NotRefractory, OutcomeReason::Stated)
        } else if followed_up {
            (Outcome::NotRefractory, OutcomeReason::FollowedUp)
        } else if too_short {
            (Outcome::Undetermined, OutcomeReason::FollowUpTooShort)
        } else if before {
            (Outcome::Undetermined, OutcomeReason::NotAfterTimeZero)
        } else {
            (Outcome::Undetermined, OutcomeReason::NotRecorded)
        }
    }
}

/// Outcomes from a table beside the export: `patient` (the id of the Patient), `outcome`, and, where it is known, `date`.
#[derive(Debug, Default)]
pub struct OutcomeTable {
    rows: HashMap<Box<str>, (Outcome, Option<PartialDate>)>,
}

impl OutcomeTable {
    /// Reads a table: comma-separated values with a header.
    pub fn read(path: &Path) -> Result<Self, UnusableOutcomes> {
        let unreadable = |problem: String| UnusableOutcomes::Unreadable {
            file: path.to_owned(),
            problem,
        };
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_path(path)
            .map_err(|error| unreadable(error.to_string()))?;
        let header = reader
            .headers()
            .map_err(|error| unreadable(error.to_string()))?
            .clone();
        let place = |name: &str| {
            header
                .iter()
                .position(|column| column.trim_start_matches('\u{feff}') == name)
        };
        let column = |name: &str| {
            place(name).ok_or_else(|| {
                unreadable(format!(
                    "no column \"{name}\"; needed are patient, outcome and, where it is known, date"
                ))
            })
        };
        let (patient, outcome, date) = (column("patient")?, column("outcome")?, place("date"));
        let mut table = Self::default();
        for record in reader.records() {
            // The text of such an error names line and lengths, no value.
            let record = record.map_err(|error| unreadable(error.to_string()))?;
            let wrong = |problem| UnusableOutcomes::Row {
                file: path.to_owned(),
                line: record.position().map_or(0, csv::Position::line),
                problem,
            };
            let cell = |column: usize| record.get(column).unwrap_or("");
            let id = cell(patient);
            let id = id.strip_prefix("Patient/").unwrap_or(id);
            if id.is_empty() {
                return Err(wrong("no patient"));
            }
            let outcome = match cell(outcome).to_ascii_lowercase().as_str() {
                "1" | "refractory" | "yes" | "true" => Outcome::Refractory,
                "0" | "not-refractory" | "no" | "false" => Outcome::NotRefractory,
                "" | "undetermined" | "unknown" => Outcome::Undetermined,
                _ => {
                    return Err(wrong(
                        "column outcome: expected refractory, not-refractory or undetermined",
                    ));
                }
            };
            let date = match date.map_or("", cell) {
                "" => None,
                text => Some(
                    PartialDate::parse(text)
                        .map_err(|_| wrong("column date: expected YYYY, YYYY-MM or YYYY-MM-DD"))?,
                ),
            };
            if table.rows.insert(id.into(), (outcome, date)).is_some() {
                return Err(wrong("this patient has an earlier row too"));
            }
        }
        Ok(table)
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// No rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether a patient has a row.
    pub fn has(&self, patient: &str) -> bool {
        self.rows.contains_key(patient)
    }

    /// The outcome of a patient with this time zero. A row without date counts: whoever made the table says that it is the
    /// outcome.
    pub fn decide(&self, patient: &str, time_zero: Date) -> (Outcome, OutcomeReason) {
        match self.rows.get(patient) {
            None | Some((Outcome::Undetermined, _)) => {
                (Outcome::Undetermined, OutcomeReason::NotRecorded)
            }
            Some((outcome, date)) => match date.as_ref().map(PartialDate::days) {
                Some(days) if days.high <= time_zero => {
                    (Outcome::Undetermined, OutcomeReason::NotAfterTimeZero)
                }
                Some(days) if days.low <= time_zero => {
                    (Outcome::Undetermined, OutcomeReason::NoDate)
                }
                _ => (*outcome, OutcomeReason::Stated),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn record(says: Says, day: &str) -> OutcomeRecord {
        OutcomeRecord {
            says,
            date: PartialDate::parse(day).ok(),
        }
    }

    #[test]
    fn silence_is_no_outcome_and_a_stated_follow_up_is_one() {
        let zero = date(2020, 5, 3);
        let plain = OutcomeMap::default();
        let map = OutcomeMap {
            horizon_months: Some(24),
            minimal_follow_up_months: Some(12),
            ..OutcomeMap::default()
        };
        use Outcome::{NotRefractory, Refractory, Undetermined};
        use OutcomeReason as Why;
        for (map, records, expected) in [
            (&plain, vec![], (Undetermined, Why::NotRecorded)),
            (
                &plain,
                vec![record(Says::Refractory, "2020-05-03")],
                (Undetermined, Why::NotAfterTimeZero),
            ),
            (
                &plain,
                vec![record(Says::Refractory, "2020")],
                (Undetermined, Why::NoDate),
            ),
            (
                &plain,
                vec![
                    record(Says::NotRefractory, "2020-06-01"),
                    record(Says::Refractory, "2031"),
                ],
                (Refractory, Why::Stated),
            ),
            (
                &map,
                vec![record(Says::Refractory, "2022-05-03")],
                (Refractory, Why::Stated),
            ),
            (
                &map,
                vec![record(Says::Refractory, "2022-05-04")],
                (NotRefractory, Why::FollowedUp),
            ),
            (
                &map,
                vec![record(Says::NotRefractory, "2021-05-02")],
                (Undetermined, Why::FollowUpTooShort),
            ),
            (
                &map,
                vec![record(Says::FollowUp, "2021-05-03")],
                (NotRefractory, Why::FollowedUp),
            ),
            (
                &map,
                vec![
                    record(Says::FollowUp, "2021-05-03"),
                    record(Says::Refractory, "no date"),
                ],
                (Undetermined, Why::NoDate),
            ),
        ] {
            assert_eq!(map.decide(&records, zero), expected, "{records:?}");
        }
    }
}
