//! `rrdtc derive`: the method of the paper on a cohort.

use super::Failure;
use super::cohort_input::CohortInput;
use super::report_output::ReportOutput;
use crate::derivation::{CannotDerive, Options, derive, page, text};
use clap::Args;
use std::io::Write;

/// Arguments of `derive`.
#[derive(Debug, Args)]
pub struct Derive {
    #[command(flatten)]
    cohort: CohortInput,
    #[command(flatten)]
    output: ReportOutput,
    /// A column of two categories to take as the outcome, instead of the cohort's outcome.
    #[arg(long, value_name = "COLUMN")]
    outcome: Option<String>,
    /// The candidates, parted by commas; default: the four predictors and every other column.
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    candidates: Option<Vec<String>>,
    /// A variable goes on to the regression when its test alone gives a p below this.
    #[arg(long, value_name = "P", default_value_t = 0.05)]
    univariable_p: f64,
    /// A variable enters when its likelihood ratio test gives a p below this.
    #[arg(long = "in", value_name = "P", default_value_t = 0.05)]
    entry_p: f64,
    /// A variable is removed when its likelihood ratio test gives a p above this.
    #[arg(long = "out-p", value_name = "P", default_value_t = 0.1)]
    removal_p: f64,
    /// Firth's penalised likelihood: finite odds ratios where a variable separates the outcome.
    #[arg(long)]
    firth: bool,
    /// Enter numbers cut in two at their ROC cut-off, not as they were measured.
    #[arg(long)]
    cut: bool,
    /// Resamples of the calibration and of the whole method; 0 for none.
    #[arg(long, value_name = "N", default_value_t = 100)]
    bootstrap: usize,
    /// Seed of the resamples: the same seed gives the same answer on any number of threads.
    #[arg(long, default_value_t = 2022)]
    seed: u64,
    /// Answer as JSON.
    #[arg(long)]
    json: bool,
}

impl Derive {
    pub(super) fn run(self) -> Result<(), Failure> {
        let cohort = self.cohort.read()?;
        let options = Options {
            outcome: self.outcome,
            candidates: self.candidates,
            univariable_p: self.univariable_p,
            entry_p: self.entry_p,
            removal_p: self.removal_p,
            firth: self.firth,
            numbers_cut: self.cut,
            bootstrap: self.bootstrap,
            seed: self.seed,
        };
        let derivation = derive(&cohort, &options).map_err(failure)?;
        self.output.write(|| page(&derivation))?;
        let mut out = std::io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut out, &derivation).map_err(std::io::Error::from)?;
            writeln!(out)?;
        } else {
            out.write_all(text(&derivation).as_bytes())?;
        }
        Ok(())
    }
}

fn failure(problem: CannotDerive) -> Failure {
    match problem {
        CannotDerive::LimitsOfP | CannotDerive::OutcomeAsCandidate { .. } => {
            Failure::Usage(problem.to_string())
        }
        _ => Failure::Input(problem.to_string()),
    }
}
