//! A map: what a hospital's table calls the columns, and how it codes them (TOML, see docs/cohort.md).
//!
//! Whatever a map does not know is a mistake with its place, never ignored. Read [`Map`] first.

mod place;
mod rules;

use super::coding::{Coding, DecimalSign, OUTCOMES, STATES};
use super::column::{Column, nearest};
use super::growing::VariableRule;
use crate::cohort::Outcome;
use crate::domain::score::{Predictor, State};
use place::{Mistake, inside, known_keys, place, text, texts};
use rules::{codes, predictor_rule, variable};
use std::path::Path;
use toml_edit::{ImDocument, Item, TableLike};

/// What a table means.
#[derive(Debug, Clone)]
pub struct Map {
    pub(super) delimiter: Option<u8>,
    pub(super) sign: DecimalSign,
    pub(super) missing: Vec<String>,
    /// Columns that the table has not: unknown for everybody.
    pub(super) unknown: Vec<Column>,
    pub(super) ignore: Vec<String>,
    pub(super) subgroups: Vec<String>,
    /// Local names of columns with a meaning.
    pub(super) names: Vec<(Column, String)>,
    pub(super) predictors: [PredictorRule; Predictor::COUNT],
    pub(super) outcome: Coding<Outcome>,
    pub(super) date: Option<String>,
    pub(super) variables: Vec<VariableMap>,
}

/// What the cells of a predictor mean.
#[derive(Debug, Clone)]
pub(super) enum PredictorRule {
    Codes(Coding<State>),
    /// Completed years, to be cut at the threshold of the model.
    Years,
    /// SUVmax, to be cut at the threshold of the model.
    SuvMax,
}

/// A variable with a local name or rule.
#[derive(Debug, Clone)]
pub(super) struct VariableMap {
    pub name: String,
    pub column: String,
    pub rule: VariableRule,
}

/// A map that says something that cannot be meant.
#[derive(Debug, thiserror::Error)]
pub enum InvalidMap {
    /// It cannot be read.
    #[error("map {file} cannot be read: {problem}")]
    Unreadable {
        /// File.
        file: String,
        /// Why.
        problem: String,
    },
    /// Something in it is wrong.
    #[error("map {file}, line {line}: {problem}")]
    Wrong {
        /// File.
        file: String,
        /// Line, from 1.
        line: usize,
        /// What, and what to write instead.
        problem: String,
    },
}

const TOP: &[&str] = &[
    "delimiter",
    "decimal",
    "missing",
    "unknown",
    "ignore",
    "subgroups",
    "columns",
    "variables",
];

impl Default for Map {
    /// The documented names and codes; `NA` is a missing value.
    fn default() -> Self {
        let codes = || PredictorRule::Codes(Coding::new(STATES).unwrap_or_else(|_| none()));
        let mut map = Self {
            delimiter: None,
            sign: DecimalSign::Point,
            missing: vec!["NA".to_owned()],
            unknown: Vec::new(),
            ignore: Vec::new(),
            subgroups: Vec::new(),
            names: Vec::new(),
            predictors: [codes(), codes(), codes(), codes()],
            outcome: Coding::new(OUTCOMES).unwrap_or_else(|_| none()),
            date: None,
            variables: Vec::new(),
        };
        map.missing_has_no_other_meaning();
        map
    }
}

/// A coding that knows nothing. The built-in codes contradict each other nowhere (a test says so), so nothing uses it.
fn none<T: Copy + PartialEq>() -> Coding<T> {
    Coding::empty()
}

impl Map {
    /// Reads a map from a file.
    ///
    /// # Errors
    /// [`InvalidMap`] with the line of what is wrong.
    pub fn read(path: &Path) -> Result<Self, InvalidMap> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| InvalidMap::Unreadable {
            file: file.clone(),
            problem: error.to_string(),
        })?;
        Self::parse(&file, &text)
    }

    /// Reads the text of a map; `file` is its name in messages.
    ///
    /// # Errors
    /// [`InvalidMap`] with the line of what is wrong.
    pub fn parse(file: &str, text: &str) -> Result<Self, InvalidMap> {
        let wrong = |mistake: Mistake| InvalidMap::Wrong {
            file: file.to_owned(),
            line: 1 + text.as_bytes()[..mistake.at.min(text.len())]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count(),
            problem: mistake.problem,
        };
        let document = ImDocument::parse(text).map_err(|error| {
            wrong(Mistake {
                at: error.span().map_or(0, |span| span.start),
                problem: error.message().to_owned(),
            })
        })?;
        Self::of(document.as_table()).map_err(wrong)
    }

    /// What a column is called in the table.
    pub(super) fn local_name(&self, column: Column) -> &str {
        let mut names = self.names.iter();
        names
            .find(|(known, _)| *known == column)
            .map_or(column.name(), |(_, local)| local.as_str())
    }

    fn of(table: &dyn TableLike) -> Result<Self, Mistake> {
        let mut map = Self::default();
        known_keys(table, TOP, "")?;
        for (key, item) in table.iter() {
            let at = place(table, key);
            let wrong = |problem: String| Err(Mistake { at, problem });
            match key {
                "delimiter" => {
                    map.delimiter = Some(delimiter(&text(item, at, key)?).ok_or(Mistake {
                        at,
                        problem: "delimiter: expected one character, or tab".into(),
                    })?);
                }
                "decimal" => {
                    map.sign = match text(item, at, key)?.as_str() {
                        "." => DecimalSign::Point,
                        "," => DecimalSign::Comma,
                        _ => return wrong("decimal: expected \".\" or \",\"".into()),
                    }
                }
                "missing" => map.missing = texts(item, at, key)?,
                "ignore" => map.ignore = texts(item, at, key)?,
                "subgroups" => map.subgroups = texts(item, at, key)?,
                "unknown" => {
                    for name in texts(item, at, key)? {
                        match Column::of(&name).filter(|column| column.is_required()) {
                            Some(column) => map.unknown.push(column),
                            None => {
                                return wrong(format!(
                                    "unknown: {name} is neither a predictor nor outcome{}",
                                    meant(&name, required())
                                ));
                            }
                        }
                    }
                }
                "columns" => {
                    let columns = inside(item, at, key)?;
                    for (name, item) in columns.iter() {
                        map.column(name, item, place(columns, name))?;
                    }
                }
                _ => {
                    let variables = inside(item, at, key)?;
                    for (name, item) in variables.iter() {
                        let at = place(variables, name);
                        map.variables.push(variable(name, item, at)?);
                    }
                }
            }
        }
        map.missing_has_no_other_meaning();
        for (column, _) in &map.names {
            if map.unknown.contains(column) {
                let name = column.name();
                return Err(Mistake {
                    at: place(table, "unknown"),
                    problem: format!("unknown: {name} has a column in [columns.{name}]"),
                });
            }
        }
        Ok(map)
    }

    /// What is called missing is so in every column, whatever codes say: absent is never negative.
    fn missing_has_no_other_meaning(&mut self) {
        for code in &self.missing {
            for rule in &mut self.predictors {
                if let PredictorRule::Codes(coding) = rule {
                    coding.set(code, State::Unknown);
                }
            }
            self.outcome.set(code, Outcome::Undetermined);
        }
    }

    /// `[columns.NAME]`.
    fn column(&mut self, name: &str, item: &Item, at: usize) -> Result<(), Mistake> {
        let Some(column) = Column::of(name) else {
            return Err(Mistake {
                at,
                problem: format!(
                    "columns.{name} is none of the columns with a meaning of their own{}; any other column belongs to [variables.{name}]",
                    meant(name, Column::ALL.into_iter().map(Column::name))
                ),
            });
        };
        let path = format!("columns.{name}");
        let table = inside(item, at, &path)?;
        let own: &[&str] = match column {
            Column::Predictor(_) => &[
                "column",
                "measurement",
                "present",
                "absent",
                "unknown",
                "conflicting",
            ],
            Column::Outcome => &["column", "refractory", "notRefractory", "undetermined"],
            Column::TimeZero => &["column", "date"],
            Column::Patient | Column::Probability => &["column"],
        };
        known_keys(table, own, &format!("{path}."))?;
        if let Some(item) = table.get("column") {
            let local = text(item, place(table, "column"), "column")?;
            self.names.push((column, local));
        }
        match column {
            Column::Predictor(predictor) => {
                if let Some(rule) = predictor_rule(predictor, table, &path)? {
                    self.predictors[predictor as usize] = rule;
                }
            }
            Column::Outcome => {
                let meanings = [
                    ("refractory", Outcome::Refractory),
                    ("notRefractory", Outcome::NotRefractory),
                    ("undetermined", Outcome::Undetermined),
                ];
                if let Some(coding) = codes(table, &meanings, &path)? {
                    self.outcome = coding;
                }
            }
            Column::TimeZero => {
                if let Some(item) = table.get("date") {
                    let at = place(table, "date");
                    let format = text(item, at, "date")?;
                    let day = jiff::civil::date(2019, 5, 17);
                    let written = jiff::fmt::strtime::format(&format, day).ok();
                    let read =
                        written.and_then(|text| jiff::civil::Date::strptime(&format, &text).ok());
                    if read != Some(day) {
                        return Err(Mistake {
                            at,
                            problem: format!(
                                "{path}.date: expected day, month and year, for instance \"%d.%m.%Y\""
                            ),
                        });
                    }
                    self.date = Some(format);
                }
            }
            Column::Patient | Column::Probability => (),
        }
        Ok(())
    }
}

/// One character, or its name.
pub(super) fn delimiter(text: &str) -> Option<u8> {
    match text.as_bytes() {
        _ if text.eq_ignore_ascii_case("tab") || text == "\\t" => Some(b'\t'),
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"\"\r\n".contains(byte) => {
            Some(*byte)
        }
        _ => None,
    }
}

fn required() -> impl Iterator<Item = &'static str> {
    let columns = Column::ALL.into_iter();
    columns.filter(|c| c.is_required()).map(Column::name)
}

fn meant<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(name, known).map_or(String::new(), |known| format!(" (did you mean {known}?)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_codes_contradict_each_other_nowhere() {
        assert!(Coding::new(STATES).is_ok());
        assert!(Coding::new(OUTCOMES).is_ok());
    }
}
