//! Arguments of every command that takes a cohort.

use super::Failure;
use crate::cohort::table::{self, Format, Map, Reading, Thresholds, UnusableTable};
use crate::cohort::{BadRow, Cohort};
use crate::config::{Knowledge, Settings};
use crate::domain::model::Model;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};

/// Where the cohort is, and how its table is to be read.
#[derive(Debug, Args)]
#[command(next_help_heading = "The cohort")]
pub(super) struct CohortInput {
    /// The cohort: tables with the columns ageAtDiagnosis, recurrence, multiSiteMetastasis, fdgUptake and outcome (docs/cohort.md);
    /// `-` is standard input. Several files are one cohort.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Form of the files; default: as their names end (.tsv .tab, .ndjson .jsonl .json, else csv).
    #[arg(long, value_name = "FORM", value_parser = formats())]
    format: Option<Format>,
    /// What stands between cells, for instance ";".
    #[arg(long, value_name = "CHARACTER", value_parser = table::delimiter)]
    delimiter: Option<u8>,
    /// What columns are called and coded here (TOML).
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// Stop at the first row that cannot be used, instead of setting it aside.
    #[arg(long)]
    strict: bool,
    /// Write every row that is set aside here: file, line, column, reason (CSV).
    #[arg(long, value_name = "FILE")]
    bad_rows: Option<PathBuf>,
}

fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(["csv", "tsv", "ndjson"]).map(|name| match name.as_str() {
        "tsv" => Format::Tsv,
        "ndjson" => Format::Ndjson,
        _ => Format::Csv,
    })
}

impl CohortInput {
    /// Reads the cohort. Measurements are cut at the thresholds of the model that the environment names, else of the built-in one;
    /// a command that has loaded a model gives it to [`Self::read_for`].
    pub fn read(&self) -> Result<Cohort, Failure> {
        let settings = Settings::load(None)?;
        self.read_for(&Knowledge::load(&settings.advice.content)?.model)
    }

    /// Reads the cohort; measurements are cut at the thresholds of this model. Says on standard error which rows were set aside.
    pub fn read_for(&self, model: &Model) -> Result<Cohort, Failure> {
        let map = match &self.map {
            None => Map::default(),
            Some(path) => Map::read(path).map_err(|error| Failure::Usage(error.to_string()))?,
        };
        let reading = Reading {
            format: self.format,
            delimiter: self.delimiter,
            map,
            thresholds: Thresholds::of(model),
            strict: self.strict,
        };
        let mut list = self.bad_rows.as_deref().map(BadRows::create).transpose()?;
        // Drawn only on a terminal.
        let size = |path: &PathBuf| std::fs::metadata(path).map(|file| file.len()).ok();
        // Of standard input nobody knows how much it is.
        let sizes: Option<Vec<u64>> = self.files.iter().map(size).collect();
        let (bar, template) = match sizes {
            Some(sizes) => (
                ProgressBar::new(sizes.iter().sum()),
                "{bar:40} {bytes} of {total_bytes}, {eta} left",
            ),
            None => (ProgressBar::no_length(), "{spinner} {bytes} read"),
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let cohort = reading.read(
            &self.files,
            &mut |row| {
                if let Some(list) = &mut list {
                    list.add(row);
                }
            },
            &|bytes| bar.inc(bytes),
        );
        bar.finish_and_clear();
        if let Some(list) = list {
            list.finish()?;
        }
        let cohort = cohort.map_err(|error| match error {
            UnusableTable::BadRow(row) => Failure::Input(format!(
                "{row} (without --strict such rows are set aside and counted)"
            )),
            error => Failure::Input(error.to_string()),
        })?;
        self.report(&cohort);
        Ok(cohort)
    }

    fn report(&self, cohort: &Cohort) {
        let origin = &cohort.origin;
        for column in &origin.columns_set_aside {
            eprintln!("column {} is set aside: {}", column.name, column.reason);
        }
        if origin.bad_rows == 0 {
            return;
        }
        let rows: u64 = origin.files.iter().map(|file| file.rows).sum();
        eprintln!("{} of {rows} rows are set aside:", origin.bad_rows);
        for row in &origin.listed {
            eprintln!("  {row}");
        }
        let more = origin.bad_rows - origin.listed.len() as u64;
        match &self.bad_rows {
            Some(path) => eprintln!("  all of them are in {}", path.display()),
            None if more > 0 => eprintln!("  and {more} more: --bad-rows FILE lists all"),
            None => (),
        }
    }
}

/// The list of all rows that are set aside.
struct BadRows {
    path: PathBuf,
    table: csv::Writer<std::fs::File>,
    problem: Option<csv::Error>,
}

impl BadRows {
    fn create(path: &Path) -> Result<Self, Failure> {
        let file = std::fs::File::create(path).map_err(|error| {
            Failure::Input(format!("{} cannot be written: {error}", path.display()))
        })?;
        let mut table = csv::Writer::from_writer(file);
        let problem = table
            .write_record(["file", "line", "column", "reason"])
            .err();
        Ok(Self {
            path: path.to_owned(),
            table,
            problem,
        })
    }

    fn add(&mut self, row: &BadRow) {
        let line = row.line.to_string();
        let column = row.column.as_deref().unwrap_or("");
        let written = self
            .table
            .write_record([row.file.as_str(), &line, column, &row.reason]);
        // The first problem is told at the end.
        self.problem = self.problem.take().or(written.err());
    }

    fn finish(mut self) -> Result<(), Failure> {
        let flushed = self.table.flush().map_err(csv::Error::from).err();
        match self.problem.or(flushed) {
            None => Ok(()),
            Some(error) => Err(Failure::Input(format!(
                "{} cannot be written: {error}",
                self.path.display()
            ))),
        }
    }
}
