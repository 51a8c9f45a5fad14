//! `rrdtc validate`: how well score, class, PET alone and probability do on these patients.

use super::cohort_input::CohortInput;
use super::report_output::ReportOutput;
use super::{Common, Failure};
use crate::model::figure::svg;
use crate::validation::{self, CannotEvaluate, Request, Validation, summary};
use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

/// Arguments of `validate`.
#[derive(Debug, Args)]
pub struct Validate {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    cohort: CohortInput,
    #[command(flatten)]
    output: ReportOutput,
    /// Also by the levels of this column; numbers are cut where NAME:CUT or NAME:CUT,CUT says. A predictor or timeZero (by
    /// year) will do too. May be given several times.
    #[arg(long, value_name = "NAME[:CUT]")]
    subgroup: Vec<String>,
    /// Bootstrap replicates; 0 for none.
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    bootstrap: u32,
    /// Seed of the bootstrap. The same seed gives the same report, on any number of threads.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Threads; without it, one for each core.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Show also what the size of the cohort does not carry, marked as such.
    #[arg(long)]
    all_figures: bool,
    /// The horizon of the outcome, in words: it stands in the report. Fix it before you look.
    #[arg(long, value_name = "TEXT")]
    horizon: Option<String>,
    /// Day of the report instead of today (UTC).
    #[arg(long, value_name = "DAY")]
    date: Option<Date>,
    /// Everything as JSON, instead of a summary.
    #[arg(long)]
    json: bool,
}

impl Validate {
    pub(super) fn run(self) -> Result<(), Failure> {
        let (_, knowledge) = self.common.load()?;
        let cohort = self.cohort.read_for(&knowledge.model)?;
        let request = Request {
            bootstrap: self.bootstrap,
            seed: self.seed,
            subgroups: self.subgroup,
            all_figures: self.all_figures,
            horizon: self.horizon,
            date: self
                .date
                .unwrap_or_else(|| Offset::UTC.to_datetime(Timestamp::now()).date()),
        };
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads.map_or(0, usize::from))
            .build()
            .map_err(|error| Failure::Input(format!("no threads can be started: {error}")))?;
        let validation =
            pool.install(|| validation::evaluate(&cohort, &knowledge.model, request))?;
        self.output.write(|| {
            let nomogram = svg(&knowledge.model, None, &knowledge.figure_words);
            validation::page(&validation, nomogram)
        })?;
        print(&validation, self.json)
    }
}

fn print(validation: &Validation, as_json: bool) -> Result<(), Failure> {
    if as_json {
        let json = serde_json::to_string_pretty(validation)
            .map_err(|error| Failure::Input(format!("the report cannot be written: {error}")))?;
        println!("{json}");
    } else {
        print!("{}", summary::text(validation));
    }
    Ok(())
}

impl From<CannotEvaluate> for Failure {
    fn from(error: CannotEvaluate) -> Self {
        match error {
            CannotEvaluate::Subgroup(_) => Self::Usage(error.to_string()),
            CannotEvaluate::NoPatients { .. } | CannotEvaluate::NoOutcomes { .. } => {
                Self::Input(error.to_string())
            }
        }
    }
}
