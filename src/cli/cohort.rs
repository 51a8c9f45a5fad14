//! `rrdtc cohort`: many patients as a table.

use super::Failure;
use super::cohort_check::CheckTable;
use crate::cohort::synthetic::Population;
use crate::config::{margins, published};
use crate::model::margins::Margins;
use crate::model::published::Published;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Subcommands of `cohort`.
#[derive(Debug, Subcommand)]
pub enum CohortCommand {
    /// Read a table and say what it is read as: patients, states, outcomes, variables, rows that are set aside.
    #[command(
        after_help = "Start here with a table of your own: every other command reads it in the same way.\n\nExamples:\n  rrdtc cohort check cohort.csv\n  rrdtc cohort check --map our.toml --bad-rows bad.csv export.csv\n  rrdtc cohort check --delimiter \";\" north.csv south.csv   # two files, one cohort\n  gzip -dc cohort.csv.gz | rrdtc cohort check --json - | jq .predictors"
    )]
    Check(CheckTable),
    /// Draw synthetic patients from what the source study publishes, in any number.
    #[command(
        after_help = "The four predictors and the outcome are drawn from the reconstructed joint distribution, every other variable from its published\nmargin within the outcome: independent given the outcome. Right for checking software; it says nothing new about patients.\nEvery patient is named synthetic-N. The same seed gives the same bytes on any number of threads.\n\nExamples:\n  rrdtc cohort synthesize --patients 404 --seed 1 --out cohort.csv\n  rrdtc cohort synthesize --patients 1000000 --predictors-only > big.csv\n  rrdtc cohort synthesize --patients 5000 --out cohort.csv --describe cohort.json   # how it was drawn, as a file"
    )]
    Synthesize(Synthesize),
    /// Make the table from FHIR Bulk Data: each patient as the hook would have seen the chart on the day of the first radioiodine.
    #[command(
        after_help = "Also a filter: resources on standard input, the table on standard output, the flow diagram (JSON) on standard error.\nShards must be split by patient.\n\nExamples:\n  rrdtc cohort extract export/ --pseudonym-key-file key --outcomes outcomes.csv --out cohort.csv --flow flow.json\n  rrdtc cohort extract export/ --pseudonym-key-file key --outcome-code 'http://snomed.info/sct|CODE' --out cohort.csv\n  rrdtc cohort extract --pseudonym-key-file key < shard.ndjson > shard.csv 2> shard.flow.json"
    )]
    Extract(super::cohort_extract::Extract),
    /// Put the tables of shards together, as one run over all of them would have written them.
    #[command(
        after_help = "Refuses a patient who is in two shards (exit code 1).\n\nExample:\n  rrdtc cohort merge a.csv b.csv --flows a.flow.json b.flow.json --out cohort.csv --flow flow.json"
    )]
    Merge(super::cohort_extract::Merge),
}

impl CohortCommand {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Check(command) => command.run(),
            Self::Synthesize(command) => command.run(),
            Self::Extract(command) => command.run(),
            Self::Merge(command) => command.run(),
        }
    }
}

/// Arguments of `cohort synthesize`.
#[derive(Debug, Args)]
pub struct Synthesize {
    /// How many patients.
    #[arg(long, value_name = "N")]
    patients: u64,
    /// Seed of the number generator: the same seed gives the same bytes.
    #[arg(long, default_value_t = 2022)]
    seed: u64,
    /// Only the four predictors and the outcome.
    #[arg(long)]
    predictors_only: bool,
    /// Write the table here instead of to standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write here how the patients were drawn (JSON).
    #[arg(long, value_name = "FILE")]
    describe: Option<PathBuf>,
    /// The published figures; default: those built in.
    #[arg(long, value_name = "FILE")]
    published: Option<PathBuf>,
    /// The published margins of the other variables; default: those built in.
    #[arg(long, value_name = "FILE")]
    margins: Option<PathBuf>,
    /// Threads; the result does not depend on it. Default: all cores.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

impl Synthesize {
    fn run(self) -> Result<(), Failure> {
        let (name, text) = file_or(self.published.as_deref(), published)?;
        let published = Published::read(&name, &text)?;
        let (name, text) = file_or(self.margins.as_deref(), margins)?;
        let margins = Margins::read(&name, &text)?;
        let population = Population::new(&published, &margins, !self.predictors_only)
            .map_err(|error| Failure::Input(error.to_string()))?;
        if let Some(path) = &self.describe {
            let text = crate::model::pretty(&self.description(&population, &published, &margins));
            std::fs::write(path, text).map_err(|error| unwritable(path, &error))?;
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads.unwrap_or(0))
            .build()
            .map_err(|error| Failure::Usage(format!("--threads: {error}")))?;
        // Drawn only on a terminal.
        let bar = ProgressBar::new(self.patients);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} patients") {
            bar.set_style(style);
        }
        let write = |out: &mut (dyn Write + Send)| {
            pool.install(|| {
                let mut out = BufWriter::new(out);
                population.write(&mut out, self.patients, self.seed, &|done| {
                    bar.set_position(done);
                })
            })
        };
        match &self.out {
            None => write(&mut std::io::stdout())?,
            Some(path) => std::fs::File::create(path)
                .and_then(|mut file| write(&mut file))
                .map_err(|error| unwritable(path, &error))?,
        }
        bar.finish_and_clear();
        eprintln!(
            "{} synthetic patients, seed {}: predictors and outcome from the reconstructed joint distribution{}",
            self.patients,
            self.seed,
            if self.predictors_only {
                ""
            } else {
                "; every other variable from its published margin, independent given the outcome"
            }
        );
        Ok(())
    }

    fn description(
        &self,
        population: &Population,
        published: &Published,
        margins: &Margins,
    ) -> serde_json::Value {
        let patterns: Vec<serde_json::Value> = crate::domain::score::Pattern::all()
            .map(|pattern| {
                let [refractory, others] = population.joint().map(|class| class[pattern.index()]);
                let present = crate::domain::score::Predictor::ALL
                    .into_iter()
                    .filter(|predictor| pattern.has(*predictor))
                    .map(|predictor| predictor.name());
                json!({
                    "present": present.collect::<Vec<_>>(),
                    "refractory": refractory,
                    "notRefractory": others,
                })
            })
            .collect();
        let mut description = json!({
            "synthetic": true,
            "patients": self.patients,
            "seed": self.seed,
            "software": { "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") },
            "jointDistribution": {
                "statement": "mean of tables of 16 patterns by outcome that satisfy every published constraint",
                "publishedSha256": published.sha256,
                "patterns": patterns,
            },
        });
        if !self.predictors_only {
            let names: Vec<&str> = margins.variables.iter().map(|v| v.name.as_str()).collect();
            description["independentGivenTheOutcome"] = json!({
                "statement": margins.statement,
                "margins": margins.id,
                "marginsSha256": margins.sha256,
                "variables": names,
            });
        }
        description
    }
}

fn file_or(
    path: Option<&Path>,
    built_in: fn() -> (&'static str, String),
) -> Result<(String, String), Failure> {
    match path {
        None => {
            let (name, text) = built_in();
            Ok((name.to_owned(), text))
        }
        Some(path) => match std::fs::read_to_string(path) {
            Ok(text) => Ok((path.display().to_string(), text)),
            Err(error) => Err(Failure::Input(format!(
                "{} cannot be read: {error}",
                path.display()
            ))),
        },
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Input(format!("{} cannot be written: {error}", path.display()))
}
