//! `rrdtc recalibrate`: the model in use made to fit a cohort.

use super::cohort_input::CohortInput;
use super::report_output::ReportOutput;
use super::{Common, Failure, json_text};
use crate::config::model_in_use;
use crate::recalibration::{
    CannotRecalibrate, Estimate, Method, Options, Recalibration, Signed, Step, model_file, page,
    recalibrate,
};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use std::io::Write;
use std::path::PathBuf;

/// Arguments of `recalibrate`.
#[derive(Debug, Args)]
pub struct Recalibrate {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    cohort: CohortInput,
    #[command(flatten)]
    output: ReportOutput,
    /// How much is updated; auto: by the closed testing procedure, as far as the size of the cohort allows.
    #[arg(long, value_name = "METHOD", default_value = "auto", value_parser = methods())]
    method: Method,
    /// Go on where the cohort is too small for an update; the new file and every card then say so.
    #[arg(long)]
    below_gate: bool,
    /// Level of each test.
    #[arg(long, value_name = "LEVEL", default_value_t = Options::default().alpha, value_parser = level)]
    alpha: f64,
    /// Bootstrap resamples of the whole procedure; 0 for none.
    #[arg(long, value_name = "N", default_value_t = Options::default().bootstrap, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    bootstrap: u32,
    /// Seed of the resamples: the same seed gives the same bytes.
    #[arg(long, default_value_t = Options::default().seed)]
    seed: u64,
    /// Write the new model file here.
    #[arg(long, value_name = "FILE", requires_all = ["id", "version", "site", "by"])]
    out: Option<PathBuf>,
    /// Short name of the new model.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Version of the new model.
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// The hospital, as cards name it.
    #[arg(long, value_name = "NAME")]
    site: Option<String>,
    /// Who answers for it.
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
    /// Day of the report. Default: today (UTC).
    #[arg(long, value_name = "DATE", value_parser = day)]
    date: Option<Date>,
    /// First day of the cohort. Default: its first time zero.
    #[arg(long, value_name = "DATE", value_parser = day)]
    from: Option<Date>,
    /// Last day of the cohort. Default: its last time zero.
    #[arg(long, value_name = "DATE", value_parser = day)]
    to: Option<Date>,
    /// The result as JSON.
    #[arg(long)]
    json: bool,
}

fn methods() -> impl TypedValueParser<Value = Method> {
    let names = std::iter::once("auto").chain(Step::ALL.map(Step::name));
    PossibleValuesParser::new(names.collect::<Vec<_>>()).map(|name| {
        let step = Step::ALL.into_iter().find(|step| step.name() == name);
        step.map_or(Method::Auto, Method::ByHand)
    })
}

fn level(text: &str) -> Result<f64, String> {
    let level = text.parse().ok();
    level
        .filter(|level| *level > 0.0 && *level < 1.0)
        .ok_or_else(|| "expected a number between 0 and 1, such as 0.05".to_owned())
}

pub(super) fn day(text: &str) -> Result<Date, String> {
    text.parse()
        .map_err(|_| "expected a day such as 2026-11-20".to_owned())
}

impl Recalibrate {
    pub(super) fn run(self) -> Result<(), Failure> {
        let settings = self.common.settings()?;
        let original = model_in_use(&settings.advice.content)?;
        let cohort = self.cohort.read_for(&original.model)?;
        let options = Options {
            method: self.method,
            alpha: self.alpha,
            bootstrap: self.bootstrap,
            seed: self.seed,
            below_gate: self.below_gate,
        };
        let mut result = recalibrate(&cohort, &original, &options)
            .map_err(|error: CannotRecalibrate| Failure::Input(error.to_string()))?;
        // clap lets none of them be missing beside --out.
        if let (Some(path), Some(id), Some(version), Some(site), Some(by)) =
            (&self.out, self.id, self.version, self.site, self.by)
        {
            let today = || Offset::UTC.to_datetime(Timestamp::now()).date();
            let signed = Signed {
                id,
                version,
                site,
                by,
                date: self.date.unwrap_or_else(today).to_string(),
                from: self.from.map(|day| day.to_string()),
                to: self.to.map(|day| day.to_string()),
            };
            let text = model_file(&original, &mut result, &signed)
                .map_err(|error| Failure::Usage(error.to_string()))?;
            std::fs::write(path, text).map_err(|error| {
                Failure::Input(format!("{} cannot be written: {error}", path.display()))
            })?;
        }
        self.output.write(|| page(&result))?;
        let mut out = std::io::stdout().lock();
        if self.json {
            out.write_all(json_text(&result)?.as_bytes())?;
        } else {
            write_text(&mut out, &result)?;
        }
        Ok(())
    }
}

/// A number with its interval.
pub(super) fn interval(of: Option<&Estimate>, digits: usize) -> String {
    of.map_or("-".into(), |of| {
        format!(
            "{:.digits$} ({:.digits$} to {:.digits$})",
            of.value, of.low, of.high
        )
    })
}

fn write_text(out: &mut impl Write, result: &Recalibration) -> std::io::Result<()> {
    let original = &result.original;
    writeln!(out, "model {} {}", original.id, original.version)?;
    let cohort = &result.cohort;
    writeln!(
        out,
        "cohort: {} patients, {} bad rows; left out: {} without a determined outcome, {} with an open predictor; analysed: {} ({} refractory, {} not)",
        cohort.patients,
        cohort.bad_rows,
        cohort.undetermined,
        cohort.incomplete,
        cohort.analysed,
        cohort.refractory,
        cohort.not_refractory
    )?;
    for gate in &result.gates {
        writeln!(
            out,
            "gate of {:<20} {:>4} in the smaller class, has {}: {}",
            gate.step.name(),
            gate.needed,
            gate.has,
            if gate.open { "open" } else { "closed" }
        )?;
    }
    for test in &result.tests {
        writeln!(
            out,
            "{} against {}: likelihood ratio {:.3}, {} df, p {:.4}{}",
            test.larger.name(),
            test.smaller.name(),
            test.statistic,
            test.degrees_of_freedom,
            test.p,
            if test.decides { "  (decides)" } else { "" }
        )?;
    }
    writeln!(
        out,
        "step: {} ({}: {}){}",
        result.chosen.step.name(),
        result.chosen.by,
        result.chosen.because,
        if result.chosen.below_gate {
            ", BELOW ITS GATE"
        } else {
            ""
        }
    )?;
    writeln!(
        out,
        "\n{:<24} {:>12} {:>12} {:>10}",
        "coefficient", "before", "after", "error"
    )?;
    for row in &result.coefficients {
        let error = row.standard_error.map_or("-".into(), |e| format!("{e:.4}"));
        writeln!(
            out,
            "{:<24} {:>12.5} {:>12.5} {error:>10}",
            row.name, row.original, row.updated
        )?;
    }
    writeln!(out, "\n{:<34} {:<28} after (flattering)", "", "before")?;
    let (before, after) = (&result.before, &result.after);
    for (name, a, b) in [
        ("AUC", &before.auc, &after.auc),
        (
            "observed by expected",
            &before.observed_by_expected,
            &after.observed_by_expected,
        ),
        (
            "calibration-in-the-large",
            &before.intercept,
            &after.intercept,
        ),
        ("calibration slope", &before.slope, &after.slope),
    ] {
        writeln!(
            out,
            "{name:<34} {:<28} {}",
            interval(a.as_ref(), 3),
            interval(b.as_ref(), 3)
        )?;
    }
    let number = |of: Option<f64>| of.map_or("-".into(), |of| format!("{of:.4}"));
    for (name, a, b) in [
        ("Brier score", before.brier, after.brier),
        (
            "mean difference by pattern",
            before.mean_difference_by_pattern,
            after.mean_difference_by_pattern,
        ),
    ] {
        writeln!(out, "{name:<34} {:<28} {}", number(a), number(b))?;
    }
    if let Some(optimism) = &result.optimism {
        writeln!(
            out,
            "\n{} resamples, {} without a fit; steps: {}",
            optimism.replicates,
            optimism.failed,
            Step::ALL
                .iter()
                .zip(optimism.chosen)
                .map(|(step, n)| format!("{} {n}", step.name()))
                .collect::<Vec<_>>()
                .join(", ")
        )?;
        writeln!(
            out,
            "{:<26} {:>9} {:>9} {:>9} {:>9} {:>9}",
            "corrected for optimism", "apparent", "training", "test", "optimism", "corrected"
        )?;
        for row in &optimism.figures {
            writeln!(
                out,
                "{:<26} {:>9.4} {:>9.4} {:>9.4} {:>9.4} {:>9.4}",
                row.name, row.apparent, row.training, row.test, row.optimism, row.corrected
            )?;
        }
    }
    writeln!(
        out,
        "\nscore  patients  refractory  observed                  before                    after"
    )?;
    for row in &result.patterns {
        writeln!(
            out,
            "{:>5} {:>9} {:>11}  {:<24}  {:<24}  {}",
            row.score,
            row.patients,
            row.refractory,
            interval(row.observed.as_ref(), 3),
            interval(Some(&row.before), 3),
            interval(Some(&row.after), 3)
        )?;
    }
    for warning in &result.warnings {
        writeln!(out, "warning: {warning}")?;
    }
    match &result.updated {
        Some(model) => writeln!(
            out,
            "written: {} {} sha256 {}. Read its facts before it is put to use: RRDTC_MODEL=FILE rrdtc model facts",
            model.id, model.version, model.sha256
        ),
        None => writeln!(
            out,
            "no file was written: give --out with --id, --version, --site and --by"
        ),
    }
}
