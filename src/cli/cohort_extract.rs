//! `rrdtc cohort extract` and `rrdtc cohort merge`: FHIR Bulk Data to a table, and tables of shards to one.

use super::report_output::ReportOutput;
use super::{Common, Failure};
use crate::audit::Key;
use crate::audit::pseudonym::Pseudonyms;
use crate::chart::Release;
use crate::cohort::bulk::{Files, UnusableBulk};
use crate::cohort::extract::{self, Columns, Judgement, Options, Outcomes};
use crate::cohort::flow;
use crate::cohort::merge::{Shard, merge};
use crate::cohort::outcome::{Code, OutcomeMap, OutcomeTable};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// What becomes of recurrences and metastases recorded after time zero with an onset before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RecordedLater {
    /// They are not used: nobody could have read them on the day.
    Ignore,
    /// They are used: for charts whose dates of recording are those of a migration.
    Use,
}

impl RecordedLater {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::Use => "use",
        }
    }
}

/// Arguments of `cohort extract`.
#[derive(Debug, Args)]
pub struct Extract {
    #[command(flatten)]
    common: Common,
    /// Folders and files of FHIR Bulk Data (NDJSON, any names, unordered); `-` is standard input.
    #[arg(value_name = "PATH", default_value = "-")]
    paths: Vec<PathBuf>,
    /// Key of the pseudonyms: 32 bytes or more, such as the output of `openssl rand -hex 32`.
    #[arg(long, value_name = "FILE")]
    pseudonym_key_file: PathBuf,
    /// Name under which pseudonyms are made. With the key of the audit trail and the name of a client's tenant they are those of the trail.
    #[arg(long, value_name = "NAME", default_value = "cohort")]
    tenant: String,
    /// The FHIR release of the input: R4, R4B or R5.
    #[arg(long, value_name = "RELEASE", default_value_t = Release::R4)]
    fhir_version: Release,
    /// Code of a Condition or Observation that says refractory, as SYSTEM|CODE; may be given several times.
    #[arg(long, value_name = "SYSTEM|CODE", conflicts_with_all = ["outcome_map", "outcomes"])]
    outcome_code: Vec<Code>,
    /// Codes of refractory, not refractory and follow-up, with horizon and minimal follow-up (TOML).
    #[arg(long, value_name = "FILE", conflicts_with = "outcomes")]
    outcome_map: Option<PathBuf>,
    /// Outcomes from a table (CSV): patient (id of the Patient), outcome, and date where it is known.
    #[arg(long, value_name = "FILE")]
    outcomes: Option<PathBuf>,
    /// Days after time zero up to which a PET counts. 0 is the rule of the hook; the source study allowed 7.
    #[arg(long, value_name = "DAYS", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=7))]
    pet_days_after: u8,
    /// Recurrences and metastases that were recorded after time zero with an onset before it.
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = RecordedLater::Ignore)]
    recorded_later: RecordedLater,
    /// Write the day of time zero instead of its month.
    #[arg(long)]
    dates: bool,
    /// Write age in years, SUVmax and metastasis sites too.
    #[arg(long)]
    values: bool,
    /// Write the table here instead of to standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write flow diagram and missingness (JSON) here instead of to standard error.
    #[arg(long, value_name = "FILE")]
    flow: Option<PathBuf>,
    #[command(flatten)]
    report: ReportOutput,
    /// Stop when a line is broken.
    #[arg(long)]
    strict: bool,
    /// So many broken lines that name no patient are known not to matter.
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "strict")]
    accept_broken: u64,
    /// Folder for what comes on standard input while it is read twice.
    #[arg(long, value_name = "FOLDER")]
    spool: Option<PathBuf>,
    /// Threads; the result does not depend on it. Default: all cores.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

impl Extract {
    pub(super) fn run(self) -> Result<(), Failure> {
        let (settings, knowledge) = self.common.load()?;
        let key = Key::read(&self.pseudonym_key_file)?;
        let pseudonyms = Pseudonyms::new(key);
        let (outcomes, outcomes_name) = self.read_outcomes()?;
        let rules = settings.advice.rules;
        let flow_settings = flow::Settings {
            software: env!("CARGO_PKG_VERSION").to_owned(),
            fhir_version: self.fhir_version.to_string(),
            model: format!("{} {}", knowledge.model.id, knowledge.model.version),
            model_sha256: knowledge.model.sha256.clone(),
            terminology_sha256: knowledge.terminology.sha256().to_owned(),
            pet_days_after: self.pet_days_after,
            recorded_later: self.recorded_later.as_str().to_owned(),
            max_pet_age_days: rules.max_pet_age_days,
            max_negative_age_days: rules.max_negative_age_days,
            undocumented_recurrence: if rules.undocumented_recurrence_is_absent {
                "absent".to_owned()
            } else {
                "unknown".to_owned()
            },
            outcomes: outcomes_name,
            // A user of this name is no patient: it says only whether two keys are the same.
            pseudonym_key: pseudonyms.user(&self.tenant, "which key is this?"),
        };
        let options = Options {
            release: self.fhir_version,
            pet_days_after: self.pet_days_after,
            use_recorded_later: self.recorded_later == RecordedLater::Use,
            accept_broken: self.accept_broken,
            strict: self.strict,
        };
        let judgement = Judgement {
            terminology: &knowledge.terminology,
            model: &knowledge.model,
            rules,
        };
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads.unwrap_or(0))
            .build()
            .map_err(|error| Failure::Usage(format!("--threads: {error}")))?;
        let spool = self.spool.clone().unwrap_or_else(std::env::temp_dir);
        let files = Files::open(&self.paths, &spool).map_err(input)?;
        // Drawn only on a terminal. Everything is read twice.
        let bar = ProgressBar::new(2 * files.bytes());
        if let Ok(style) =
            ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left")
        {
            bar.set_style(style);
        }
        let extraction = pool.install(|| {
            extract::extract(
                &files,
                judgement,
                options,
                &outcomes,
                &|id| pseudonyms.patient(&self.tenant, id),
                flow_settings,
                &|bytes| bar.inc(bytes),
            )
        });
        bar.finish_and_clear();
        let extraction = extraction.map_err(input)?;
        let columns = Columns {
            dates: self.dates,
            values: self.values,
        };
        let flow = flow_json(&extraction.flow)?;
        let mut table = Vec::new();
        extract::write(&extraction.rows, columns, &mut table)
            .map_err(|error| Failure::Input(error.to_string()))?;
        write_out(self.out.as_deref(), &table)?;
        self.report
            .write(|| crate::cohort::page(&extraction.flow))?;
        match &self.flow {
            Some(path) => {
                write_out(Some(path), flow.as_bytes())?;
                std::io::stderr()
                    .lock()
                    .write_all(extraction.flow.text().as_bytes())?;
            }
            None => std::io::stderr().lock().write_all(flow.as_bytes())?,
        }
        Ok(())
    }

    fn read_outcomes(&self) -> Result<(Outcomes, String), Failure> {
        let wrong =
            |error: crate::cohort::outcome::UnusableOutcomes| Failure::Input(error.to_string());
        if let Some(path) = &self.outcomes {
            let table = OutcomeTable::read(path).map_err(wrong)?;
            return Ok((Outcomes::Table(table), "table".to_owned()));
        }
        let map = match &self.outcome_map {
            Some(path) => OutcomeMap::read(path).map_err(wrong)?,
            None if self.outcome_code.is_empty() => {
                return Ok((Outcomes::None, "none".to_owned()));
            }
            None => OutcomeMap {
                refractory: self.outcome_code.clone(),
                ..OutcomeMap::default()
            },
        };
        let digest = Sha256::digest(format!("{map:?}").as_bytes());
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok((Outcomes::Map(map), format!("codes {digest}")))
    }
}

/// Arguments of `cohort merge`.
#[derive(Debug, Args)]
pub struct Merge {
    /// Tables of shards that share no patient.
    #[arg(value_name = "FILE", required = true)]
    tables: Vec<PathBuf>,
    /// The flows of the shards, in the same order.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    flows: Vec<PathBuf>,
    /// Write the table here instead of to standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write the flow of all shards here.
    #[arg(long, value_name = "FILE", requires = "flows")]
    flow: Option<PathBuf>,
    #[command(flatten)]
    report: ReportOutput,
}

impl Merge {
    pub(super) fn run(self) -> Result<(), Failure> {
        if self.flows.is_empty() && self.report.is_wanted() {
            return Err(Failure::Usage(
                "--report and --figures show the flow: give --flows".into(),
            ));
        }
        if !self.flows.is_empty() && self.flows.len() != self.tables.len() {
            return Err(Failure::Usage(format!(
                "{} tables and {} flows: give the flow of every table, in the same order",
                self.tables.len(),
                self.flows.len()
            )));
        }
        let shards: Vec<Shard> = self
            .tables
            .iter()
            .enumerate()
            .map(|(number, table)| Shard {
                table: table.clone(),
                flow: self.flows.get(number).cloned(),
            })
            .collect();
        let merged = merge(&shards).map_err(|error| Failure::Input(error.to_string()))?;
        write_out(self.out.as_deref(), &merged.table)?;
        if let (Some(path), Some(flow)) = (&self.flow, &merged.flow) {
            write_out(Some(path), flow_json(flow)?.as_bytes())?;
        }
        if let Some(flow) = &merged.flow {
            self.report.write(|| crate::cohort::page(flow))?;
        }
        let mut told = std::io::stderr().lock();
        for file in &merged.aligned {
            writeln!(
                told,
                "{}: columns put in the order of {}",
                file.display(),
                shards[0].table.display()
            )?;
        }
        writeln!(
            told,
            "{} patients of {} shards",
            merged.patients,
            shards.len()
        )?;
        Ok(())
    }
}

fn input(error: UnusableBulk) -> Failure {
    Failure::Input(error.to_string())
}

/// Writes a file, or standard output.
fn flow_json(flow: &flow::Flow) -> Result<String, Failure> {
    flow.json().map_err(|error| {
        Failure::Input(format!(
            "the flow of patients cannot be written as JSON: {error}"
        ))
    })
}

fn write_out(path: Option<&Path>, bytes: &[u8]) -> Result<(), Failure> {
    match path {
        Some(path) => std::fs::write(path, bytes).map_err(|error| {
            Failure::Input(format!("{} cannot be written: {error}", path.display()))
        }),
        None => {
            let mut out = BufWriter::new(std::io::stdout().lock());
            out.write_all(bytes)?;
            Ok(out.flush()?)
        }
    }
}
