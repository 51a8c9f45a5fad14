//! `rrdtc model`: the table, the nomogram and the facts of the model, and how it was made.

use super::{Common, Failure};
use crate::config::published;
use crate::domain::nomogram::Nomogram;
use crate::domain::score::{Classification, Pattern, classify, score};
use crate::model::facts::{Format, Kind};
use crate::model::published::{Published, Role};
use crate::model::reconstruct::{CannotReconstruct, Diagnostics, Options, reconstruct};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::path::PathBuf;

/// Subcommands of `model`.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// The 16 patterns: score, class, probability and band.
    Table(Table),
    /// The nomogram as a picture (SVG), with a patient's reading marked.
    #[command(
        after_help = "Examples:\n  rrdtc model nomogram --out nomogram.svg\n  rrdtc model nomogram --patient patient.json > reading.svg"
    )]
    Nomogram(super::nomogram::Nomogram),
    /// Everything that whoever approves the model must know, on one page.
    #[command(
        after_help = "Made from the model file in use and nothing else: the setting model, or RRDTC_MODEL, names another.\n\nExamples:\n  rrdtc model facts --format html --out facts.html\n  rrdtc model facts --json | jq .localValidation\n  RRDTC_MODEL=ours.json rrdtc model facts | less   # read the facts of a new file before it is put to use"
    )]
    Facts(Facts),
    /// The 31 source attributes of ONC HTI-1, with what is not available said openly.
    #[command(
        after_help = "Examples:\n  rrdtc model source-attributes --format html --out source-attributes.html\n  rrdtc model source-attributes --json | jq -r '.sourceAttributes[].attributes[] | select(.available == \"no\") | .attribute'"
    )]
    SourceAttributes(Facts),
    /// The TRIPOD+AI checklist: what the source study reports, and what this software does about it.
    #[command(
        after_help = "Examples:\n  rrdtc model tripod-ai\n  rrdtc model tripod-ai --json | jq -r '.tripodAi[].items[] | select(.paper == \"not-reported\") | .item'"
    )]
    TripodAi(Facts),
    /// Make the model file again from what the source study publishes.
    #[command(
        after_help = "Example:\n  rrdtc model reconstruct --out cds-hooks/models/liu-2022.json\n  rrdtc model reconstruct --recurrence 56 > /dev/null   # shows what the printed count contradicts"
    )]
    Reconstruct(Reconstruct),
    /// Two model files side by side; with a cohort also what the difference means there.
    #[command(
        mut_arg("files", |files| files.required(false)),
        after_help = "Examples:\n  rrdtc model diff liu-2022.json ours.json\n  rrdtc model diff liu-2022.json ours.json cohort.csv --json | jq .comparison.auc"
    )]
    Diff(super::model_diff::Diff),
}

impl ModelCommand {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Table(command) => command.run(),
            Self::Nomogram(command) => command.run(),
            Self::Facts(command) => command.run(Kind::Facts),
            Self::SourceAttributes(command) => command.run(Kind::SourceAttributes),
            Self::TripodAi(command) => command.run(Kind::TripodAi),
            Self::Reconstruct(command) => command.run(),
            Self::Diff(command) => command.run(),
        }
    }
}

/// Arguments of the documents about the model.
#[derive(Debug, Args)]
pub struct Facts {
    #[command(flatten)]
    common: Common,
    /// How to write it: html is a page that needs nothing beside it.
    #[arg(long, value_name = "FORMAT", default_value = "markdown", value_parser = formats())]
    format: Format,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Write it here instead of to standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(["markdown", "html", "json"]).try_map(|name| name.parse::<Format>())
}

impl Facts {
    fn run(self, kind: Kind) -> Result<(), Failure> {
        let (_, knowledge) = self.common.load()?;
        let format = if self.json { Format::Json } else { self.format };
        let text = knowledge.facts.document(kind).text(format);
        match &self.out {
            None => print!("{text}"),
            Some(path) => std::fs::write(path, text).map_err(|error| {
                Failure::Input(format!("{} cannot be written: {error}", path.display()))
            })?,
        }
        Ok(())
    }
}

/// Arguments of `model table`.
#[derive(Debug, Args)]
pub struct Table {
    #[command(flatten)]
    common: Common,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Table {
    fn run(self) -> Result<(), Failure> {
        let (_, knowledge) = self.common.load()?;
        let model = &knowledge.model;
        let mut patterns: Vec<Pattern> = Pattern::all().collect();
        patterns.sort_by_key(|pattern| pattern.score(model));
        let class = |pattern: Pattern| match classify(model, score(model, &pattern.states())) {
            Classification::AtOrAboveCutoff => "at-or-above-cutoff",
            _ => "below-cutoff",
        };
        if self.json {
            let rows: Vec<serde_json::Value> = patterns
                .iter()
                .map(|pattern| {
                    let mut row = json!({
                        "present": crate::domain::score::Predictor::ALL.into_iter().filter(|p| pattern.has(*p)).map(|p| p.name()).collect::<Vec<_>>(),
                        "score": pattern.score(model),
                        "classification": class(*pattern),
                    });
                    if let Some(nomogram) = &model.nomogram {
                        let banded = nomogram.of(*pattern);
                        row["probability"] = json!({ "low": banded.low, "estimate": banded.estimate, "high": banded.high });
                        if let Some(other) = nomogram.contradiction(model, *pattern) {
                            row["orderContradictedBy"] = other.score(model).into();
                        }
                    }
                    row
                })
                .collect();
            println!(
                "{}",
                json!({
                    "model": { "id": model.id, "version": model.version, "sha256": model.sha256 },
                    "patterns": rows,
                })
            );
            return Ok(());
        }
        println!(
            "model {} {} sha256 {}",
            model.id, model.version, model.sha256
        );
        println!(
            "{:>5}  {:<18}  {:>11}  {:<15}  present",
            "score", "class", "probability", "95 % band"
        );
        for pattern in &patterns {
            let (estimate, band) = match &model.nomogram {
                None => ("-".into(), "-".into()),
                Some(nomogram) => {
                    let banded = nomogram.of(*pattern);
                    (
                        format!("{:.3}", banded.estimate),
                        format!("{:.3} to {:.3}", banded.low, banded.high),
                    )
                }
            };
            println!(
                "{:>5}  {:<18}  {estimate:>11}  {band:<15}  {pattern}",
                pattern.score(model),
                class(*pattern),
            );
        }
        match &model.nomogram {
            None => println!("The model file holds no nomogram: no probabilities."),
            Some(nomogram) => {
                println!("Probability: {}.", nomogram.basis_of_one());
                for line in contradictions(nomogram, &knowledge.model, &patterns) {
                    println!("{line}");
                }
            }
        }
        Ok(())
    }
}

/// Score and nomogram are two models: where they disagree in order.
fn contradictions(
    nomogram: &Nomogram,
    model: &crate::domain::model::Model,
    patterns: &[Pattern],
) -> Vec<String> {
    let pairs = patterns.iter().filter_map(|pattern| {
        let other = nomogram.contradiction(model, *pattern)?;
        (other.score(model) > pattern.score(model)).then(|| {
            format!(
                "  score {} ({pattern}): {:.3}, more than score {} ({other}): {:.3}",
                pattern.score(model),
                nomogram.of(*pattern).estimate,
                other.score(model),
                nomogram.of(other).estimate
            )
        })
    });
    let pairs: Vec<String> = pairs.collect();
    if pairs.is_empty() {
        return pairs;
    }
    let mut lines = vec![
        "Score and nomogram are two models; they order these patients differently:".to_owned(),
    ];
    lines.extend(pairs);
    lines
}

/// Arguments of `model reconstruct`.
#[derive(Debug, Args)]
pub struct Reconstruct {
    /// The published figures; default: those built in.
    #[arg(long, value_name = "FILE")]
    published: Option<PathBuf>,
    /// Write the model file here instead of to standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Seed of the number generator: the same seed gives the same bytes.
    #[arg(long, default_value_t = Options::default().seed)]
    seed: u64,
    /// Chains of each prior.
    #[arg(long, default_value_t = Options::default().chains)]
    chains: usize,
    /// Draws of each chain.
    #[arg(long, default_value_t = Options::default().draws)]
    draws: usize,
    /// Threads; the result does not depend on it. Default: all cores.
    #[arg(long)]
    threads: Option<usize>,
    /// Refractory patients with recurrence: another value that the paper prints, 56.
    #[arg(long, value_name = "PATIENTS")]
    recurrence: Option<u32>,
}

impl Reconstruct {
    fn run(self) -> Result<(), Failure> {
        let (name, text) = match &self.published {
            None => {
                let (name, text) = published();
                (name.to_owned(), text)
            }
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    Failure::Input(format!("{} cannot be read: {error}", path.display()))
                })?;
                (path.display().to_string(), text)
            }
        };
        let published = Published::read(&name, &text)?;
        let options = Options {
            seed: self.seed,
            chains: self.chains,
            draws: self.draws,
            threads: self.threads.unwrap_or_else(|| {
                std::thread::available_parallelism().map_or(1, |cores| cores.get())
            }),
            recurrence: self.recurrence,
        };
        // Drawn only on a terminal.
        let bar = ProgressBar::new(options.work() as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} draws, {eta} left")
        {
            bar.set_style(style);
        }
        let result = reconstruct(&published, options, &|| bar.inc(1));
        bar.finish_and_clear();
        let reconstruction = result.map_err(|error| match error {
            CannotReconstruct::UndocumentedAlternative { .. } | CannotReconstruct::TooFew => {
                Failure::Usage(error.to_string())
            }
            error => Failure::Input(error.to_string()),
        })?;
        let text = crate::model::pretty(&reconstruction.model_file);
        match &self.out {
            None => print!("{text}"),
            Some(path) => std::fs::write(path, text).map_err(|error| {
                Failure::Input(format!("{} cannot be written: {error}", path.display()))
            })?,
        }
        report(&reconstruction.diagnostics);
        Ok(())
    }
}

/// Says on standard error how far the result can be relied on.
fn report(diagnostics: &Diagnostics) {
    eprintln!(
        "greatest R-hat {:.4}, least effective sample size {:.0}{}",
        diagnostics.r_hat,
        diagnostics.effective_sample_size,
        if diagnostics.converged() {
            ""
        } else {
            ": NOT CONVERGED, draw more"
        }
    );
    eprintln!(
        "{:<40} {:>10} {:>10} {:>10} {:>10}",
        "published figure", "published", "least", "median", "greatest"
    );
    for figure in &diagnostics.comparisons {
        let judgement = match (figure.met, figure.role) {
            (true, Role::Constraint) => "met",
            (true, Role::Check) => "agrees",
            (false, Role::Constraint) => "NOT MET",
            (false, Role::Check) => "differs",
        };
        eprintln!(
            "{:<40} {:>10.4} {:>10.4} {:>10.4} {:>10.4}  {judgement}",
            figure.id, figure.published, figure.low, figure.median, figure.high
        );
    }
}
