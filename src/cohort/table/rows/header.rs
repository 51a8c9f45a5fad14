//! Which column of a file is which of the cohort.

use super::Rows;
use crate::cohort::SetAsideColumn;
use crate::cohort::table::UnusableTable;
use crate::cohort::table::column::{Column, nearest};
use crate::cohort::table::growing::{Growing, VariableRule};
use crate::domain::score::Predictor;

/// A file of more columns is none of patients; each costs memory for every patient.
const MOST_COLUMNS: usize = 10_000;

impl Rows<'_> {
    /// A column of the file; returns its place.
    pub fn add_column(&mut self, name: &str) -> Result<usize, UnusableTable> {
        let at = self.file.header.len();
        if !name.is_empty() && self.file.header.iter().any(|known| known == name) {
            return self.wrong_columns(format!("two columns are named {name}"));
        }
        if at == MOST_COLUMNS {
            return self.wrong_columns(format!("it has more than {MOST_COLUMNS} columns"));
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
        if let Some(unmet) = map
            .ignore
            .iter()
            .find(|name| !self.file.header.contains(name))
        {
            let near = nearest(unmet, self.file.header.iter().map(String::as_str));
            return self.wrong_columns(format!(
                "there is no column {unmet}, which the map ignores.{}",
                near.map_or(String::new(), |near| format!(" Is it {near}?"))
            ));
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
}
