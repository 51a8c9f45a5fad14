//! `rrdtc model diff`: two models side by side, and on a cohort.

use super::recalibrate::interval;
use super::report_output::ReportOutput;
use super::{Failure, cohort_input::CohortInput, json_text};
use crate::model::file::ModelFile;
use crate::recalibration::{Comparison, ModelDiff, compare, diff_page, methods, model_diff};
use clap::Args;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Arguments of `model diff`.
#[derive(Debug, Args)]
pub struct Diff {
    /// The first model file.
    #[arg(value_name = "A")]
    first: PathBuf,
    /// The second model file.
    #[arg(value_name = "B")]
    second: PathBuf,
    #[command(flatten)]
    cohort: Option<CohortInput>,
    #[command(flatten)]
    output: ReportOutput,
    /// Thresholds of the probability for who changes sides and the net benefit, joined by commas.
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "0.2,0.5,0.8", value_parser = threshold)]
    thresholds: Vec<f64>,
    /// Bootstrap resamples for the difference of the Brier scores.
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    bootstrap: u32,
    /// Seed of the resamples: the same seed gives the same bytes.
    #[arg(long, default_value_t = 2022)]
    seed: u64,
    /// The result as JSON.
    #[arg(long)]
    json: bool,
}

fn threshold(text: &str) -> Result<f64, String> {
    let threshold = text.parse().ok();
    threshold
        .filter(|threshold| *threshold > 0.0 && *threshold < 1.0)
        .ok_or_else(|| "expected probabilities between 0 and 1, such as 0.2,0.5".to_owned())
}

impl Diff {
    pub(super) fn run(self) -> Result<(), Failure> {
        let (first, second) = (read(&self.first)?, read(&self.second)?);
        let mut diff = model_diff(&first, &second);
        if let Some(cohort) = &self.cohort {
            let cohort = cohort.read_for(&first.model)?;
            let compared = compare(
                &cohort,
                &first,
                &second,
                &self.thresholds,
                self.bootstrap,
                self.seed,
            );
            diff.comparison = Some(compared.map_err(|error| Failure::Input(error.to_string()))?);
            diff.notes.extend(methods());
        }
        self.output.write(|| diff_page(&diff))?;
        let mut out = std::io::stdout().lock();
        if self.json {
            out.write_all(json_text(&diff)?.as_bytes())?;
        } else {
            write_text(&mut out, &diff)?;
        }
        Ok(())
    }
}

fn read(path: &Path) -> Result<ModelFile, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::Input(format!("{} cannot be read: {error}", path.display())))?;
    Ok(ModelFile::read(&path.display().to_string(), &text)?)
}

fn write_text(out: &mut impl Write, diff: &ModelDiff) -> std::io::Result<()> {
    for (place, model) in [("first ", &diff.first), ("second", &diff.second)] {
        writeln!(
            out,
            "{place} {} {} sha256 {}",
            model.id, model.version, model.sha256
        )?;
    }
    let points = diff.points.iter().filter(|row| row.first != row.second);
    let mut differs = false;
    for row in points {
        differs = true;
        writeln!(out, "points, {}: {} -> {}", row.name, row.first, row.second)?;
    }
    let number = |of: Option<f64>| of.map_or("none".to_owned(), |of| of.to_string());
    for row in diff.values.iter().filter(|row| row.first != row.second) {
        differs = true;
        writeln!(
            out,
            "{}: {} -> {}",
            row.name,
            number(row.first),
            number(row.second)
        )?;
    }
    if !differs {
        writeln!(out, "points, thresholds and coefficients are the same")?;
    }
    writeln!(
        out,
        "\n{:>11}  {:<24}  {:<24}  present",
        "score", "first", "second"
    )?;
    for row in &diff.patterns {
        let [a, b] = row.scores;
        let class = match row.at_or_above_cutoff {
            [false, true] => "  CLASS: below -> at or above",
            [true, false] => "  CLASS: at or above -> below",
            _ => "",
        };
        let score = if a == b {
            a.to_string()
        } else {
            format!("{a} -> {b}")
        };
        writeln!(
            out,
            "{score:>11}  {:<24}  {:<24}  {}{class}",
            interval(row.first.as_ref(), 3),
            interval(row.second.as_ref(), 3),
            match row.present.as_slice() {
                [] => "none".to_owned(),
                present => present.join(", "),
            }
        )?;
    }
    match diff.order_changes.as_slice() {
        [] => writeln!(out, "both nomograms put the patterns in the same order")?,
        changes => {
            let pairs: Vec<String> = changes.iter().map(|[a, b]| format!("{a}/{b}")).collect();
            writeln!(
                out,
                "ordered differently (scores of the first model): {}",
                pairs.join(", ")
            )?;
        }
    }
    if let Some(comparison) = &diff.comparison {
        write_comparison(out, comparison)?;
    }
    for note in &diff.notes {
        writeln!(out, "note: {note}")?;
    }
    Ok(())
}

fn write_comparison(out: &mut impl Write, comparison: &Comparison) -> std::io::Result<()> {
    let cohort = &comparison.cohort;
    writeln!(
        out,
        "\ncohort: {} analysed ({} refractory) of {}; left out: {} without a determined outcome, {} with an open predictor",
        cohort.analysed, cohort.refractory, cohort.patients, cohort.undetermined, cohort.incomplete
    )?;
    writeln!(out, "{:<26} {:<28} second", "", "first")?;
    let (a, b) = (&comparison.first, &comparison.second);
    for (name, a, b) in [
        ("AUC", &a.auc, &b.auc),
        (
            "observed by expected",
            &a.observed_by_expected,
            &b.observed_by_expected,
        ),
        ("calibration-in-the-large", &a.intercept, &b.intercept),
        ("calibration slope", &a.slope, &b.slope),
    ] {
        let (a, b) = (interval(a.as_ref(), 3), interval(b.as_ref(), 3));
        writeln!(out, "{name:<26} {a:<28} {b}")?;
    }
    let number = |of: Option<f64>| of.map_or("-".to_owned(), |of| format!("{of:.4}"));
    writeln!(
        out,
        "{:<26} {:<28} {}",
        "Brier score",
        number(a.brier),
        number(b.brier)
    )?;
    if let Some(auc) = &comparison.auc {
        let p = auc
            .p
            .map_or("no test: the curves are the same".to_owned(), |p| {
                format!("p {p:.4}")
            });
        writeln!(
            out,
            "AUC, second less first: {}, {p} (DeLong)",
            interval(Some(&auc.difference), 4)
        )?;
    }
    writeln!(
        out,
        "Brier score, second less first: {} ({} resamples)",
        interval(comparison.brier_difference.as_ref(), 4),
        comparison.bootstrap
    )?;
    for row in &comparison.reclassification {
        let said = |of: &crate::recalibration::ByOutcome| {
            format!(
                "{} up, {} down, {} stay",
                of.up,
                of.down,
                of.below + of.above
            )
        };
        writeln!(
            out,
            "at {}: refractory {}; not refractory {}",
            row.threshold,
            said(&row.refractory),
            said(&row.not_refractory)
        )?;
    }
    for row in &comparison.net_benefit {
        writeln!(
            out,
            "net benefit at {}: first {:.4}, second {:.4}, all {:.4}",
            row.threshold, row.first, row.second, row.all
        )?;
    }
    Ok(())
}
