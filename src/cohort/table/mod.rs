//! A cohort from tables: comma-separated or other delimited values with a header, or NDJSON (docs/cohort.md).
//!
//! Columns: `patient`, `timeZero`, `ageAtDiagnosis`, `recurrence`, `multiSiteMetastasis`, `fdgUptake`, `outcome`, `probability`;
//! every other column is a variable. A [`Map`] says where a table has other names and codes. A row that cannot be used is set
//! aside with line, column and reason, never with a value. Read [`Reading`] first.

mod cells;
mod coding;
mod column;
mod growing;
mod json;
mod lines;
mod map;
mod rows;
mod write;

pub use map::{InvalidMap, Map};
pub use write::{outcome_code, state_code, write};

use super::{BadRow, Cohort};
use crate::domain::model::Model;
use column::Column;
use lines::Lines;
use rows::Rows;
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

/// So many bad rows are listed in [`super::Origin::listed`].
pub const LISTED: usize = 20;

/// How to read tables.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The form of all files. None: as each file's name ends.
    pub format: Option<Format>,
    /// What stands between cells; none: what the map or the format says.
    pub delimiter: Option<u8>,
    /// Local names and codes.
    pub map: Map,
    /// Where measurements are cut, if the map has any.
    pub thresholds: Thresholds,
    /// Stop at the first row that cannot be used.
    pub strict: bool,
}

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values.
    Csv,
    /// Tab-separated values.
    Tsv,
    /// A JSON object on each line.
    Ndjson,
}

/// Where a measurement becomes a predictor, from the model in use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// Completed years at diagnosis from which `ageAtDiagnosis` is present.
    pub age_years: f64,
    /// SUVmax from which `fdgUptake` is present.
    pub suv_max: f64,
}

/// Why tables are no cohort.
#[derive(Debug, thiserror::Error)]
pub enum UnusableTable {
    /// A file cannot be read.
    #[error("{file} cannot be read: {problem}")]
    Unreadable {
        /// File.
        file: String,
        /// Why.
        problem: String,
    },
    /// Its columns are not those of a cohort.
    #[error("{file}: {problem}")]
    Columns {
        /// File.
        file: String,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A subgroup of the map that the table has not.
    #[error("the map names the subgroup {name}, and there is no such variable{meant}")]
    Subgroup {
        /// Name.
        name: String,
        /// What is meant, most likely.
        meant: String,
    },
    /// The first row that cannot be used, where none may be set aside.
    #[error("{0}")]
    BadRow(BadRow),
    /// Nobody is left.
    #[error("no patients: {}", nobody(*.rows, .first.as_ref()))]
    NoPatients {
        /// Rows of data in all files.
        rows: u64,
        /// The first that cannot be used.
        first: Option<BadRow>,
    },
}

fn nobody(rows: u64, first: Option<&BadRow>) -> String {
    match first {
        None => "there is a header and no row of data".to_owned(),
        Some(first) => format!("none of {rows} rows can be used; the first: {first}"),
    }
}

impl UnusableTable {
    fn unreadable(file: &str, problem: impl Into<String>) -> Self {
        Self::Unreadable {
            file: file.to_owned(),
            problem: problem.into(),
        }
    }
}

impl Thresholds {
    /// Those of a model.
    pub fn of(model: &Model) -> Self {
        Self {
            age_years: f64::from(model.age_years),
            suv_max: model.suv_max,
        }
    }
}

/// A delimiter as people type it: one character, or `tab`.
///
/// # Errors
/// What is expected.
pub fn delimiter(text: &str) -> Result<u8, String> {
    map::delimiter(text)
        .ok_or_else(|| "expected one character such as ; or the word tab".to_owned())
}

impl Format {
    /// What the end of a file's name says.
    fn of(file: &Path) -> Self {
        let extension = file.extension().and_then(|e| e.to_str()).unwrap_or("");
        match extension.to_ascii_lowercase().as_str() {
            "tsv" | "tab" => Self::Tsv,
            "ndjson" | "jsonl" | "json" => Self::Ndjson,
            _ => Self::Csv,
        }
    }
}

/// Reads one table with the documented names and codes.
///
/// # Errors
/// [`UnusableTable`] with what to do.
pub fn read(path: &Path) -> Result<Cohort, UnusableTable> {
    let reading = Reading {
        format: None,
        delimiter: None,
        map: Map::default(),
        // Without a map there are no measurements to cut.
        thresholds: Thresholds {
            age_years: f64::INFINITY,
            suv_max: f64::INFINITY,
        },
        strict: false,
    };
    reading.read(&[path.to_owned()], &mut |_| (), &|_| ())
}

impl Reading {
    /// Reads files one after the other into one cohort; `-` is standard input. `each_bad_row` is told of every row that is set
    /// aside, `progress` of the bytes of each block that is read.
    ///
    /// # Errors
    /// [`UnusableTable`] with what to do.
    pub fn read(
        &self,
        files: &[PathBuf],
        each_bad_row: &mut dyn FnMut(&BadRow),
        progress: &dyn Fn(u64),
    ) -> Result<Cohort, UnusableTable> {
        let mut rows = Rows::new(&self.map, self.thresholds, self.strict, each_bad_row);
        for path in files {
            let name = match path.to_str() {
                Some("-") => "standard input".to_owned(),
                _ => path.display().to_string(),
            };
            rows.start_file(name.clone());
            let input: Box<dyn Read> = match path.to_str() {
                Some("-") => Box::new(std::io::stdin().lock()),
                _ => Box::new(
                    File::open(path)
                        .map_err(|error| UnusableTable::unreadable(&name, error.to_string()))?,
                ),
            };
            let mut lines = Lines::new(begin(input, &name)?, progress);
            let format = self.format.unwrap_or_else(|| Format::of(path));
            let delimiter = self.delimiter.or(self.map.delimiter);
            match format {
                Format::Ndjson => json::read(&mut lines, &name, &mut rows)?,
                Format::Csv => {
                    cells::read(&mut lines, delimiter.unwrap_or(b','), &name, &mut rows)?
                }
                Format::Tsv => {
                    cells::read(&mut lines, delimiter.unwrap_or(b'\t'), &name, &mut rows)?
                }
            }
            rows.end_file(lines.sha256())?;
        }
        let cohort = rows.finish();
        if cohort.is_empty() {
            return Err(UnusableTable::NoPatients {
                rows: cohort.origin.files.iter().map(|file| file.rows).sum(),
                first: cohort.origin.listed.first().cloned(),
            });
        }
        for name in &self.map.subgroups {
            let is_there =
                |name: &str| cohort.variable(name).is_some() || Column::of(name).is_some();
            // A number may say where it is cut: ageYears:45,65.
            let without_cut = name.rsplit_once(':').map_or("", |(name, _)| name);
            if !is_there(name) && !is_there(without_cut) {
                let variables = cohort
                    .variables
                    .iter()
                    .map(|variable| variable.name.as_str());
                let near = column::nearest(name, variables);
                return Err(UnusableTable::Subgroup {
                    name: name.clone(),
                    meant: near.map_or(String::new(), |near| format!("; is it {near}?")),
                });
            }
        }
        Ok(cohort)
    }
}

/// Looks at the first bytes: what is no text is told by name.
fn begin<'a>(
    mut input: Box<dyn Read + 'a>,
    file: &str,
) -> Result<Box<dyn Read + 'a>, UnusableTable> {
    let mut first = Vec::new();
    let read = input.by_ref().take(4).read_to_end(&mut first);
    read.map_err(|error| UnusableTable::unreadable(file, error.to_string()))?;
    let what = match first.as_slice() {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "UTF-16: save it as UTF-8",
        [b'P', b'K', 3, 4] => "a workbook or ZIP file: save the sheet as CSV in UTF-8",
        [0x1f, 0x8b, ..] => "compressed: unpack it first (gzip -dc FILE | rrdtc ... -)",
        _ => return Ok(Box::new(Cursor::new(first).chain(input))),
    };
    Err(UnusableTable::unreadable(file, format!("it is {what}")))
}
