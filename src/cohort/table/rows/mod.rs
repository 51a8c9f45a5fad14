//! Rows become patients: what each cell means, which rows cannot be used and why. One for all files of a cohort.

mod header;

use super::UnusableTable;
use super::coding::{age, day, probability, suv_max};
use super::growing::{Growing, Taken};
use super::map::{Map, PredictorRule};
use super::{LISTED, Thresholds};
use crate::cohort::{BadRow, Cohort, InputFile, Outcome};
use crate::domain::score::{Predictor, State};
use jiff::civil::Date;
use std::borrow::Cow;
use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};

/// Patients so far.
pub(super) struct Rows<'a> {
    map: &'a Map,
    thresholds: Thresholds,
    strict: bool,
    each_bad_row: &'a mut dyn FnMut(&BadRow),
    cohort: Cohort,
    probabilities: Vec<Option<f64>>,
    days: Vec<Option<Date>>,
    variables: Vec<Growing>,
    /// Hashes of the patients' names, under a key of this run. That two of 10^7 names share one has a chance of three in a million.
    patients: HashSet<u64, BuildHasherDefault<IsHash>>,
    key: RandomState,
    file: FileOfRows,
    /// The header of the first file that has one, in the order of the alphabet.
    columns_of_first: Option<Vec<String>>,
    /// Cells of the row that is looked at, by variable of the file.
    taken: Vec<Taken>,
}

/// For a set of what is a hash already.
#[derive(Default)]
struct IsHash(u64);

impl Hasher for IsHash {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Where the columns of the file that is read are.
#[derive(Default)]
struct FileOfRows {
    name: String,
    /// Names of its columns.
    header: Vec<String>,
    patient: Option<usize>,
    time_zero: Option<usize>,
    predictors: [Option<usize>; Predictor::COUNT],
    outcome: Option<usize>,
    probability: Option<usize>,
    /// Column of the file, place among the variables.
    variables: Vec<(usize, usize)>,
    rows: u64,
}

/// What is wrong with a row: the column of the file, where one is at fault.
pub(super) struct Wrong {
    pub column: Option<usize>,
    pub reason: Cow<'static, str>,
}

impl Wrong {
    /// The row as a whole.
    pub fn row(reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            column: None,
            reason: reason.into(),
        }
    }

    /// A cell.
    pub fn cell(column: usize, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            column: Some(column),
            reason: reason.into(),
        }
    }
}

impl<'a> Rows<'a> {
    pub fn new(
        map: &'a Map,
        thresholds: Thresholds,
        strict: bool,
        each_bad_row: &'a mut dyn FnMut(&BadRow),
    ) -> Self {
        Self {
            map,
            thresholds,
            strict,
            each_bad_row,
            cohort: Cohort::default(),
            probabilities: Vec::new(),
            days: Vec::new(),
            variables: Vec::new(),
            patients: HashSet::default(),
            key: RandomState::new(),
            file: FileOfRows::default(),
            columns_of_first: None,
            taken: Vec::new(),
        }
    }

    /// The rows that follow are of this file.
    pub fn start_file(&mut self, name: String) {
        self.file = FileOfRows {
            name,
            ..FileOfRows::default()
        };
    }

    /// Names of the columns of the file.
    pub fn header(&self) -> &[String] {
        &self.file.header
    }

    /// Whether a row is a patient; if so it is one more.
    pub fn row<'c>(&mut self, cell: &impl Fn(usize) -> &'c str) -> Result<(), Wrong> {
        let map = self.map;
        let (file, thresholds) = (&self.file, self.thresholds);
        let mut states = [State::Unknown; Predictor::COUNT];
        for ((state, column), rule) in states.iter_mut().zip(file.predictors).zip(&map.predictors) {
            let Some(column) = column else { continue };
            let text = cell(column);
            if text.is_empty() {
                continue;
            }
            let wrong = |reason| Wrong::cell(column, reason);
            *state = match rule {
                PredictorRule::Codes(coding) => coding
                    .get(text)
                    .ok_or_else(|| Wrong::cell(column, coding.expected().to_owned()))?,
                _ if self.is_missing(text) => State::Unknown,
                PredictorRule::Years => age(text, map.sign, thresholds.age_years).map_err(wrong)?,
                PredictorRule::SuvMax => {
                    suv_max(text, map.sign, thresholds.suv_max).map_err(wrong)?
                }
            };
        }
        let outcome = match file.outcome.map(|column| (column, cell(column))) {
            None | Some((_, "")) => Outcome::Undetermined,
            Some((column, text)) => map
                .outcome
                .get(text)
                .ok_or_else(|| Wrong::cell(column, map.outcome.expected().to_owned()))?,
        };
        let value = |column: Option<usize>| {
            column
                .map(|column| (column, cell(column)))
                .filter(|(_, text)| !self.is_missing(text))
        };
        let probability = value(file.probability)
            .map(|(column, text)| {
                probability(text, map.sign).map_err(|reason| Wrong::cell(column, reason))
            })
            .transpose()?;
        let day = value(file.time_zero)
            .map(|(column, text)| {
                day(text, map.date.as_deref()).map_err(|reason| Wrong::cell(column, reason))
            })
            .transpose()?;
        self.taken.clear();
        for (column, place) in &file.variables {
            let taken = self.variables[*place].take(cell(*column));
            self.taken
                .push(taken.map_err(|reason| Wrong::cell(*column, reason))?);
        }
        if let Some(column) = file.patient {
            let name = cell(column);
            if self.is_missing(name) {
                return Err(Wrong::cell(column, "the patient has no name"));
            }
            if !self.patients.insert(self.key.hash_one(name)) {
                return Err(Wrong::cell(column, "an earlier row has the same patient"));
            }
        }
        self.cohort.states.push(states);
        self.cohort.outcomes.push(outcome);
        let patients = self.cohort.states.len();
        if self.cohort.probabilities.is_some() {
            self.probabilities.resize(patients - 1, None);
            self.probabilities.push(probability);
        }
        if self.cohort.time_zero.is_some() {
            self.days.resize(patients - 1, None);
            self.days.push(day);
        }
        for ((column, place), taken) in self.file.variables.iter().zip(&self.taken) {
            self.variables[*place].push(*taken, cell(*column));
        }
        if self.file.variables.len() < self.variables.len() {
            for variable in &mut self.variables {
                variable.fill(patients);
            }
        }
        self.file.rows += 1;
        Ok(())
    }

    fn is_missing(&self, text: &str) -> bool {
        text.is_empty() || self.map.missing.iter().any(|code| code == text)
    }

    /// A row that is not used.
    pub fn bad_row(&mut self, line: u64, wrong: Wrong) -> Result<(), UnusableTable> {
        self.file.rows += 1;
        let row = BadRow {
            file: self.file.name.clone(),
            line,
            column: wrong
                .column
                .and_then(|column| self.file.header.get(column).cloned()),
            reason: wrong.reason.into_owned(),
        };
        if self.strict {
            return Err(UnusableTable::BadRow(row));
        }
        (self.each_bad_row)(&row);
        let origin = &mut self.cohort.origin;
        origin.bad_rows += 1;
        if origin.listed.len() < LISTED {
            origin.listed.push(row);
        }
        Ok(())
    }

    /// The file has ended.
    pub fn end_file(&mut self, sha256: String) -> Result<(), UnusableTable> {
        let files = &mut self.cohort.origin.files;
        let file = std::mem::take(&mut self.file);
        if let Some(same) = files.iter().find(|earlier| earlier.sha256 == sha256) {
            return Err(UnusableTable::Columns {
                problem: format!(
                    "it is the same as {}: its patients would count twice",
                    same.name
                ),
                file: file.name,
            });
        }
        files.push(InputFile {
            name: file.name,
            sha256,
            rows: file.rows,
        });
        Ok(())
    }

    /// The cohort.
    pub fn finish(mut self) -> Cohort {
        let patients = self.cohort.states.len();
        if let Some(probabilities) = &mut self.cohort.probabilities {
            self.probabilities.resize(patients, None);
            *probabilities = self.probabilities;
        }
        if let Some(days) = &mut self.cohort.time_zero {
            self.days.resize(patients, None);
            *days = self.days;
        }
        for mut variable in self.variables {
            variable.fill(patients);
            match variable.finish() {
                Ok(variable) => self.cohort.variables.push(variable),
                Err(column) => self.cohort.origin.columns_set_aside.push(column),
            }
        }
        self.cohort.subgroups = self.map.subgroups.clone();
        self.cohort
    }
}
