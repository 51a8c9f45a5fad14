//! The command line: one file per subcommand, thin.

mod assess;
mod audit;
mod check;
mod cohort;
mod cohort_check;
mod cohort_extract;
mod cohort_input;
mod feedback;
mod model;
mod nomogram;
mod serve;

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
    after_help = "Exit codes: 0 answered (also \"not applicable\"), 1 input unreadable, nothing to draw or an audit trail broken, 2 usage, 3 configuration, terminology, model or key invalid, 4 required data missing."
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service for the clients of the configuration, or with --open for everybody.
    Serve(serve::Serve),
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
    /// Many patients as a table: see what it is read as, draw synthetic ones.
    #[command(
        subcommand,
        after_help = "A cohort is a table with a row for each patient: the four predictors as they were before the first radioiodine treatment, and the outcome.\nCSV, TSV or NDJSON; docs/cohort.md has the columns, the codes, and how a map names local ones.\n\nExamples:\n  rrdtc cohort synthesize --patients 404 --out cohort.csv   # something to try every command with\n  rrdtc cohort check cohort.csv\n  rrdtc cohort check --map our.toml export.csv"
    )]
    Cohort(cohort::CohortCommand),
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
        })
    }
}

/// Runs a command.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::Serve(command) => command.run(),
        Command::Sandbox(command) => command.run(),
        Command::Assess(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::Model(command) => command.run(),
        Command::Cohort(command) => command.run(),
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
