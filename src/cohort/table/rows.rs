//! Rows become patients: what each cell means, which rows cannot be used and why. One for all files of a cohort.

use super::UnusableTable;
use super::coding::{age, day, probability, suv_max};
use super::column::{Column, nearest};
use super::growing::{Growing, Taken, VariableRule};
use super::map::{Map, PredictorRule};
use super::{LISTED, Thresholds};
use crate::cohort::{BadRow, Cohort, InputFile, Outcome, SetAsideColumn};
use crate::domain::score::{Predictor, State};
use jiff::civil::Date;
use std::borrow::Cow;
use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

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
    patients: HashSet<u64>,
    key: RandomState,
    file: FileOfRows,
    /// The header of the first file that has one, in the order of the alphabet.
    columns_of_first: Option<Vec<String>>,
    /// Cells of the row that is looked at, by variable of the file.
    taken: Vec<Taken>,
}

/// Where the columns of the file that is read are.
#[derive(Default)]
struct FileOfRows {
    name: String,
    /// Names of its columns.
    header: Vec<String>,
    patient: Option<usize>,
    time_zero: Option<usize>,
    predictors: [Option<usize>; 4],
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
            patients: HashSet::new(),
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

    /// A column of the file; returns its place.
    pub fn add_column(&mut self, name: &str) -> Result<usize, UnusableTable> {
        let at = self.file.header.len();
        if !name.is_empty() && self.file.header.iter().any(|known| known == name) {
            return self.wrong_columns(format!("two columns are named {name}"));
        }
        self.file.header.push(name.to_owned());
        let map = self.map;
        if map.ignore.iter().any(|ignored| ignored == name) {
            return Ok(at);
        }
        let mut is_used = false;
        for column in Column::ALL {
            if map.local_name(column) != name {
                continue;
            }
            if map.unknown.contains(&column) {
                return self.wrong_columns(format!(
                    "there is a column {name}, which the map says to be unknown for everybody"
                ));
            }
            is_used = true;
            let file = &mut self.file;
            match column {
                Column::Patient => file.patient = Some(at),
                Column::TimeZero => {
                    file.time_zero = Some(at);
                    self.cohort.time_zero.get_or_insert_default();
                }
                Column::Predictor(predictor) => file.predictors[predictor as usize] = Some(at),
                Column::Outcome => file.outcome = Some(at),
                Column::Probability => {
                    file.probability = Some(at);
                    self.cohort.probabilities.get_or_insert_default();
                }
            }
        }
        for variable in map.variables.iter().filter(|v| v.column == name) {
            is_used = true;
            self.add_variable(at, &variable.name, &variable.rule)?;
        }
        if is_used {
            return Ok(at);
        }
        if let Some(column) = Column::of(name) {
            let local = map.local_name(column);
            return self.wrong_columns(format!(
                "there is a column {name}, and the map takes {name} from {local}: rename it, or let the map say ignore = [\"{name}\"]"
            ));
        }
        if name.is_empty() {
            self.set_aside(SetAsideColumn {
                name: format!("column {}", at + 1),
                reason: "it has no name".to_owned(),
            });
        } else {
            self.add_variable(at, name, &VariableRule::default())?;
        }
        Ok(at)
    }

    fn add_variable(
        &mut self,
        at: usize,
        name: &str,
        rule: &VariableRule,
    ) -> Result<(), UnusableTable> {
        let known = self.variables.iter().position(|v| v.name == name);
        let place = known.unwrap_or_else(|| {
            let mut rule = rule.clone();
            rule.missing.extend_from_slice(&self.map.missing);
            let patients = self.cohort.states.len();
            self.variables
                .push(Growing::new(name.to_owned(), rule, self.map.sign, patients));
            self.variables.len() - 1
        });
        if self.file.variables.iter().any(|(_, known)| *known == place) {
            return self.wrong_columns(format!("two columns give the variable {name}"));
        }
        self.file.variables.push((at, place));
        Ok(())
    }

    fn wrong_columns<T>(&self, problem: String) -> Result<T, UnusableTable> {
        Err(UnusableTable::Columns {
            file: self.file.name.clone(),
            problem,
        })
    }

    fn set_aside(&mut self, column: SetAsideColumn) {
        let columns = &mut self.cohort.origin.columns_set_aside;
        if !columns.contains(&column) {
            columns.push(column);
        }
    }

    /// Names of the columns of the file.
    pub fn header(&self) -> &[String] {
        &self.file.header
    }

    /// Whether every column is there that the cohort needs.
    pub fn check_required(&self) -> Result<(), UnusableTable> {
        let file = &self.file;
        let predictors = Predictor::ALL.map(|predictor| {
            let place = file.predictors[predictor as usize];
            (Column::Predictor(predictor), place)
        });
        for (column, place) in predictors
            .into_iter()
            .chain([(Column::Outcome, file.outcome)])
        {
            if place.is_some() || self.map.unknown.contains(&column) {
                continue;
            }
            let (name, local) = (column.name(), self.map.local_name(column));
            let near = nearest(local, file.header.iter().map(String::as_str));
            return self.wrong_columns(format!(
                "there is no column {local}{}.{} A map (--map) can say what {name} is called here: [columns.{name}] column = ...; or that it is unknown for everybody: unknown = [\"{name}\"]",
                if local == name { String::new() } else { format!(", which the map takes for {name}") },
                near.map_or(String::new(), |near| format!(" Is it {near}?")),
            ));
        }
        Ok(())
    }

    /// Whether a header has everything that the map names, and the columns of the first header.
    pub fn check_header(&mut self) -> Result<(), UnusableTable> {
        self.check_required()?;
        let map = self.map;
        let named = map
            .names
            .iter()
            .map(|(column, local)| (column.name(), local));
        let of_variables = map.variables.iter().map(|v| (v.name.as_str(), &v.column));
        for (name, local) in named.chain(of_variables) {
            if !self.file.header.contains(local) {
                let near = nearest(local, self.file.header.iter().map(String::as_str));
                return self.wrong_columns(format!(
                    "there is no column {local}, which the map takes for {name}.{}",
                    near.map_or(String::new(), |near| format!(" Is it {near}?"))
                ));
            }
        }
        let mut columns: Vec<String> = self.file.header.clone();
        columns.sort_unstable();
        match &self.columns_of_first {
            None => self.columns_of_first = Some(columns),
            Some(first) if *first != columns => {
                let differing = first.iter().find(|name| !columns.contains(name));
                let differing = differing.or(columns.iter().find(|name| !first.contains(name)));
                return self.wrong_columns(format!(
                    "all files of a cohort must have the same columns; {} is not in every one",
                    differing.map_or("a column without a name", String::as_str)
                ));
            }
            Some(_) => (),
        }
        Ok(())
    }

    /// Whether a row is a patient; if so it is one more.
    pub fn row<'c>(&mut self, cell: &impl Fn(usize) -> &'c str) -> Result<(), Wrong> {
        let map = self.map;
        let (file, thresholds) = (&self.file, self.thresholds);
        let mut states = [State::Unknown; 4];
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
