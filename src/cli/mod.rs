//! The command line: one file per subcommand, thin.

mod assess;
mod audit;
mod check;
mod cohort;
mod cohort_check;
mod cohort_extract;
mod cohort_input;
mod derive;
mod feedback;
mod health;
mod model;
mod model_diff;
mod monitor;
mod nomogram;
mod recalibrate;
mod report_output;
mod serve;
mod validate;

use crate::audit::{UnusableAudit, UnusableKey};
use crate::config::{InvalidConfiguration, Knowledge, Settings, UnusableContent};
use crate::model::file::UnusableModel;
use crate::server::CannotStart;
use crate::store::StoreError;
use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;
use std::path::PathBuf;
use std::process::ExitCode;

/// CDS Hooks service: will this metastatic differentiated thyroid cancer turn out radioiodine refractory?
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    after_help = "Exit codes: 0 answered (also \"not applicable\"), 1 input unreadable, nothing to draw or an audit trail broken, 2 usage, 3 configuration, terminology, model or key invalid, 4 required data missing, 5 a signal of monitor."
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service for the clients of the configuration, or with --open for everybody.
    Serve(serve::Serve),
    /// Ask the running service of this machine whether it is ready: for health checks of containers.
    #[command(
        after_help = "Exit codes: 0 ready, 1 not ready or no answer, 2 usage, 3 configuration invalid."
    )]
    Health(health::Health),
    /// Run the service beside a FHIR server full of synthetic patients, on one loopback port. Start here.
    Sandbox(serve::Sandbox),
    /// Assess patients from FHIR files: a Bundle, a resource or NDJSON.
    #[command(
        after_help = "Examples:\n  rrdtc assess patient.json\n  rrdtc assess --all --json bundles/*.json | jq .classification\n  cat export.ndjson | rrdtc assess --patient p-17 -"
    )]
    Assess(assess::Assess),
    /// Check configuration, terminology, model and services; with files also what the rules can use of them.
    Check(check::Check),
    /// The model: its table, its nomogram, its facts, and how it was made from the paper.
    #[command(subcommand)]
    Model(model::ModelCommand),
    /// Many patients as a table: from FHIR, from shards, or synthetic; and what one is read as.
    #[command(
        subcommand,
        after_help = "A cohort is a table with a row for each patient: the four predictors as they were before the first radioiodine treatment, and the outcome.\nCSV, TSV or NDJSON; docs/cohort.md has the columns, the codes, and how a map names local ones.\n\nExamples:\n  rrdtc cohort synthesize --patients 404 --out cohort.csv   # something to try every command with\n  rrdtc cohort check cohort.csv\n  rrdtc cohort check --map our.toml export.csv"
    )]
    Cohort(cohort::CohortCommand),
    /// How well score, class, PET alone and probability do on your own patients: a local evaluation.
    #[command(
        after_help = "Fix the definition of the outcome and its horizon before you look. docs/validation.md tells how to read the report.\n\nExamples:\n  rrdtc validate cohort.csv --horizon \"24 months from the first iodine-131\"\n  rrdtc validate cohort.csv --subgroup sex --subgroup ageYears:45,65 --json > report.json\n  rrdtc validate cohort.csv --report report.html --figures figures/\n  RRDTC_MODEL=ours.json rrdtc validate cohort.csv --bootstrap 100 --seed 7\n\nExit codes: 0 report made (also where the cohort is too small for some figures), 1 cohort unusable, 2 usage, 3 model or configuration invalid."
    )]
    Validate(validate::Validate),
    /// Make the model in use fit a cohort: nothing, intercept, intercept and slope, or a revision; writes a model file.
    #[command(
        after_help = "Exit codes: 0 done, 1 cohort unusable or too small, 2 usage, 3 model or configuration invalid.\n\nExamples:\n  rrdtc recalibrate cohort.csv\n  rrdtc recalibrate cohort.csv --site \"St. Example\" --by \"M. Physicist\" --id liu-2022-st-example --version 1.0.0 --out ours.json\n  RRDTC_MODEL=ours.json rrdtc model facts | less"
    )]
    Recalibrate(recalibrate::Recalibrate),
    /// Repeat the method of the paper on a cohort: tests, cut-offs, selection, points, nomogram, calibration.
    #[command(
        after_help = "Numbers enter the regressions as measured, as in the paper; --cut enters them as they are scored. A derived score is a report,\nnot a model that `serve` loads. Weaknesses of the method that apply to the cohort are listed.\n\nExamples:\n  rrdtc derive cohort.csv\n  rrdtc derive cohort.csv --candidates ageAtDiagnosis,recurrence,multiSiteMetastasis,fdgUptake --json\n  rrdtc derive cohort.csv --outcome deathWithinTenYears --firth"
    )]
    Derive(derive::Derive),
    /// Whether the model in use still fits: drift, mix of classes and calibration by month, from the audit trail, feedback and
    /// outcomes.
    #[command(
        after_help = "Exit codes: 0 in control, or too little data to say so (the report tells which), 5 a signal, 1 trail broken or outcomes unreadable, 2 usage, 3 model, configuration or key invalid.\n\nExamples:\n  rrdtc monitor --config rrdtc.toml\n  rrdtc monitor --audit /var/log/rrdtc --key-file /etc/rrdtc/audit.key --reference 2026-01..2026-06 --outcomes outcomes.csv --horizon-months 24 --json\n  rrdtc monitor --config rrdtc.toml || [ $? -ne 5 ] || mail -s \"rrdtc: look at the model\" physics@hospital.example < /dev/null"
    )]
    Monitor(monitor::Monitor),
    /// The audit trail.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// What became of the cards: report on feedback, remove what was kept long enough.
    Feedback(feedback::Feedback),
}

/// Settings that every subcommand takes.
#[derive(Debug, Args)]
struct Common {
    /// Configuration file (TOML); `rrdtc check --print-config` shows every setting with its default.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

impl Common {
    fn settings(&self) -> Result<Settings, Failure> {
        Ok(Settings::load(self.config.as_deref())?)
    }

    fn load(&self) -> Result<(Settings, Knowledge), Failure> {
        let settings = self.settings()?;
        let knowledge = Knowledge::load(&settings.advice.content)?;
        Ok((settings, knowledge))
    }
}

/// Why a command could not answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Exit code 1.
    #[error("{0}")]
    Input(String),
    /// Exit code 2.
    #[error("{0}")]
    Usage(String),
    /// Exit code 3.
    #[error(transparent)]
    Configuration(#[from] InvalidConfiguration),
    /// Exit code 3.
    #[error(transparent)]
    Content(#[from] UnusableContent),
    /// Exit code 3.
    #[error(transparent)]
    Model(#[from] UnusableModel),
    /// Exit code 3.
    #[error(transparent)]
    Key(#[from] UnusableKey),
    /// Exit code 4.
    #[error("{0}")]
    MissingData(String),
    /// Exit code 5: the model in use, or what goes into it, moved.
    #[error("{0}")]
    Signal(String),
    /// Exit code 3 when the URL is at fault, else 1.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server could not start: 1 for what the machine refuses, 3 for what is configured.
    #[error(transparent)]
    Start(#[from] CannotStart),
    /// Exit code 1: the server could not start, output could not be written.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl Failure {
    /// The exit code that a script can act on.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Usage(_) => 2,
            Self::Start(CannotStart::Store(StoreError::InvalidUrl(_))) => 3,
            Self::Start(CannotStart::Audit(UnusableAudit::Key(_))) => 3,
            Self::Start(CannotStart::Io(_) | CannotStart::Store(_) | CannotStart::Audit(_)) => 1,
            Self::Configuration(_)
            | Self::Content(_)
            | Self::Model(_)
            | Self::Key(_)
            | Self::Start(_)
            | Self::Store(StoreError::InvalidUrl(_)) => 3,
            Self::Input(_) | Self::Io(_) | Self::Store(_) => 1,
            Self::MissingData(_) => 4,
            Self::Signal(_) => 5,
        })
    }
}

/// A result as JSON, in the layout of model files. What cannot be written is an error and never an empty answer.
fn json_text(result: &impl serde::Serialize) -> Result<String, Failure> {
    let json = serde_json::to_value(result).map_err(|error| {
        Failure::Input(format!("the result cannot be written as JSON: {error}"))
    })?;
    Ok(crate::model::pretty(&json))
}

/// Runs a command.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::Serve(command) => command.run(),
        Command::Health(command) => command.run(),
        Command::Sandbox(command) => command.run(),
        Command::Assess(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::Model(command) => command.run(),
        Command::Recalibrate(command) => command.run(),
        Command::Monitor(command) => command.run(),
        Command::Validate(command) => command.run(),
        Command::Cohort(command) => command.run(),
        Command::Derive(command) => command.run(),
        Command::Audit(command) => command.run(),
        Command::Feedback(command) => command.run(),
    }
}

/// Runs what needs the asynchronous runtime.
fn on_runtime<T>(work: impl Future<Output = T>) -> T {
    actix_web::rt::System::new().block_on(work)
}

fn parse_instant(text: &str) -> Result<Timestamp, String> {
    text.parse()
        .map_err(|_| "expected an instant such as 2026-11-20T12:00:00Z".to_owned())
}
