//! `rrdtc assess`.

use super::{Common, Failure, parse_instant};
use crate::cds_hooks::display::DisplayReason;
use crate::cds_hooks::response::{assessment, state_name};
use crate::chart::input::Resources;
use crate::chart::{Chart, Release};
use crate::config::{Knowledge, Settings};
use crate::domain::assessment::{Assessment, assess};
use crate::domain::score::Predictor;
use crate::json::{DEEPEST_NESTING, nests_deeper};
use crate::server::answer::{day, instant};
use clap::Args;
use jiff::Timestamp;
use serde_json::value::RawValue;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

/// Arguments of `assess`.
#[derive(Debug, Args)]
pub struct Assess {
    #[command(flatten)]
    common: Common,
    /// FHIR Bundles, resources or NDJSON; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The patient to assess, where the input holds several.
    #[arg(long, value_name = "ID", conflicts_with = "all")]
    patient: Option<String>,
    /// Every patient of the input, one JSON object per line.
    #[arg(long)]
    all: bool,
    /// The FHIR release of the input: R4, R4B or R5.
    #[arg(long, value_name = "RELEASE", default_value_t = Release::R4)]
    fhir_version: Release,
    /// JSON also on a terminal.
    #[arg(long)]
    json: bool,
    /// Assess as of this instant instead of now.
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant)]
    as_of: Option<Timestamp>,
}

impl Assess {
    pub(super) fn run(self) -> Result<(), Failure> {
        let (settings, knowledge) = self.common.load()?;
        let texts = read_files(&self.files)?;
        let values = values(&texts)?;
        let resources = resources(&values, self.fhir_version)?;
        let chosen: Vec<&str> = if self.all {
            resources.patients().collect()
        } else {
            let how = "--patient ID, or take all with --all";
            vec![choose(&resources, self.patient.as_deref(), how)?]
        };
        if chosen.is_empty() {
            return Err(no_patient());
        }
        let now = self.as_of.unwrap_or_else(Timestamp::now);
        let mut out = std::io::stdout().lock();
        let as_table = !self.json && !self.all && out.is_terminal();
        for id in chosen {
            let (result, _) = assess_patient(&resources, id, &knowledge, &settings, now)?;
            let json = assessment(
                &result,
                &knowledge.model,
                &instant(now),
                DisplayReason::Shown,
            )
            .value();
            if as_table {
                write_table(&mut out, &result, &json)?;
            } else {
                writeln!(out, "{json}")?;
            }
        }
        Ok(())
    }
}

/// The resources of all values.
pub(super) fn resources<'a>(
    values: &[(&Path, &'a RawValue)],
    release: Release,
) -> Result<Resources<'a>, Failure> {
    let mut resources = Resources::written_in(release);
    for (file, value) in values {
        if !resources.add(value) {
            return Err(Failure::Input(format!(
                "{} is no FHIR Bundle or resource",
                file.display()
            )));
        }
    }
    if resources.incomplete() {
        return Err(Failure::MissingData(
            "the input is incomplete: a Bundle has a next page, an error or an unreadable entry; nothing is concluded from half a chart".into(),
        ));
    }
    Ok(resources)
}

/// The patient of this id, or the only one; `how` tells how to choose one of several.
pub(super) fn choose<'r>(
    resources: &'r Resources<'_>,
    id: Option<&str>,
    how: &str,
) -> Result<&'r str, Failure> {
    let known: Vec<&str> = resources.patients().collect();
    match (id, known.as_slice()) {
        (Some(id), known) => known
            .iter()
            .find(|known| **known == id)
            .copied()
            .ok_or_else(|| Failure::MissingData("no Patient of this id is in the input".into())),
        (None, []) => Err(no_patient()),
        (None, [only]) => Ok(only),
        (None, several) => Err(Failure::Usage(format!(
            "the input holds {} patients; choose one with {how}",
            several.len()
        ))),
    }
}

fn no_patient() -> Failure {
    Failure::MissingData("the input holds no Patient".into())
}

/// Assesses one patient of the input.
pub(super) fn assess_patient(
    resources: &Resources<'_>,
    id: &str,
    knowledge: &Knowledge,
    settings: &Settings,
    now: Timestamp,
) -> Result<(Assessment, Chart), Failure> {
    let input = resources
        .of(id)
        .ok_or_else(|| Failure::MissingData("the input holds no such Patient".into()))?;
    let chart = crate::chart::read(input, &knowledge.terminology)
        .map_err(|error| Failure::Input(error.to_string()))?;
    let result = assess(
        chart.facts.clone(),
        &knowledge.model,
        settings.advice.rules,
        day(now),
    );
    Ok((result, chart))
}

/// The text of each file; `-` is standard input.
pub(super) fn read_files(files: &[PathBuf]) -> Result<Vec<(PathBuf, String)>, Failure> {
    let mut texts = Vec::new();
    for path in files {
        let mut text = String::new();
        let read = if path == Path::new("-") {
            std::io::stdin()
                .lock()
                .read_to_string(&mut text)
                .map(|_| ())
        } else {
            std::fs::read_to_string(path).map(|content| text = content)
        };
        read.map_err(|error| {
            Failure::Input(format!("{} cannot be read: {error}", path.display()))
        })?;
        texts.push((path.clone(), text));
    }
    Ok(texts)
}

/// The JSON values of all files: one, or several one after the other.
pub(super) fn values(texts: &[(PathBuf, String)]) -> Result<Vec<(&Path, &RawValue)>, Failure> {
    let mut values = Vec::new();
    for (path, text) in texts {
        if nests_deeper(text, DEEPEST_NESTING) {
            return Err(Failure::Input(format!(
                "{} nests deeper than {DEEPEST_NESTING} levels",
                path.display()
            )));
        }
        let before = values.len();
        for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
            let value = value.map_err(|error| {
                Failure::Input(format!(
                    "{} is not JSON: line {}, column {}",
                    path.display(),
                    error.line(),
                    error.column()
                ))
            })?;
            values.push((path.as_path(), value));
        }
        if values.len() == before {
            return Err(Failure::Input(format!("{} is empty", path.display())));
        }
    }
    Ok(values)
}

fn write_table(
    out: &mut impl Write,
    result: &Assessment,
    json: &serde_json::Value,
) -> std::io::Result<()> {
    let list = |value: &serde_json::Value| -> String {
        value
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(serde_json::Value::as_str)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let applicability = &json["applicability"];
    match &result.scored {
        None => writeln!(
            out,
            "The model does not apply: {}",
            list(&applicability["reasons"])
        )?,
        Some(scored) => {
            let range = |low: u32, high: u32| {
                if low == high {
                    low.to_string()
                } else {
                    format!("{low}-{high}")
                }
            };
            writeln!(
                out,
                "{:<22} {:<12} {:>7}  rests on",
                "predictor", "state", "points"
            )?;
            for name in Predictor::ALL {
                let predictor = scored.predictor(name);
                let finding = &predictor.finding;
                let mut what: Vec<String> = finding
                    .evidence
                    .iter()
                    .map(|evidence| match &evidence.record.date {
                        Some(date) => format!(
                            "{} ({}, {})",
                            evidence.what,
                            evidence.record.reference,
                            date.as_written()
                        ),
                        None => format!("{} ({})", evidence.what, evidence.record.reference),
                    })
                    .collect();
                if let Some(reason) = finding.reason {
                    what.insert(
                        0,
                        format!(
                            "{}{}",
                            reason.as_str(),
                            if predictor.decisive {
                                " (would decide)"
                            } else {
                                ""
                            }
                        ),
                    );
                }
                let points = range(predictor.points.low, predictor.points.high);
                writeln!(
                    out,
                    "{:<22} {:<12} {points:>7}  {}",
                    name.name(),
                    state_name(finding.state),
                    what.join("; ")
                )?;
                if !finding.caveats.is_empty() {
                    let caveats: Vec<&str> = finding
                        .caveats
                        .iter()
                        .map(|caveat| caveat.as_str())
                        .collect();
                    writeln!(out, "{:<44} caveats: {}", "", caveats.join(", "))?;
                }
            }
            writeln!(
                out,
                "score {} of {}, cut-off {}: {}",
                range(scored.score.low, scored.score.high),
                json["score"]["maximum"],
                json["score"]["cutoff"],
                json["classification"].as_str().unwrap_or_default()
            )?;
            if let Some(probability) = &scored.probability {
                let estimate = probability
                    .estimate
                    .map_or(String::new(), |estimate| format!("{estimate:.3}, "));
                writeln!(
                    out,
                    "probability {estimate}{:.3} to {:.3}: {}",
                    probability.low,
                    probability.high,
                    json["probability"]["basis"].as_str().unwrap_or_default()
                )?;
            }
        }
    }
    if applicability["caveats"].is_array() {
        writeln!(out, "caveats: {}", list(&applicability["caveats"]))?;
    }
    let mut set_aside: Vec<&serde_json::Value> = applicability["setAside"]
        .as_array()
        .into_iter()
        .flatten()
        .collect();
    for name in Predictor::ALL {
        set_aside.extend(
            json["predictors"][name.name()]["setAside"]
                .as_array()
                .into_iter()
                .flatten(),
        );
    }
    for record in set_aside {
        writeln!(
            out,
            "set aside: {} ({})",
            record["reference"].as_str().unwrap_or_default(),
            record["code"].as_str().unwrap_or_default()
        )?;
    }
    writeln!(
        out,
        "assessed at {}, result {}",
        json["assessedAt"].as_str().unwrap_or_default(),
        json["resultId"].as_str().unwrap_or_default()
    )
}
