//! `rrdtc model nomogram`: the nomogram as a picture, with a patient's reading where one is named.

use super::assess::{assess_patient, choose, read_files, resources, values};
use super::{Common, Failure, parse_instant};
use crate::chart::Release;
use crate::config::{Knowledge, Settings};
use crate::domain::score::States;
use crate::model::figure::svg;
use clap::Args;
use jiff::Timestamp;
use std::io::Write;
use std::path::PathBuf;

/// Arguments of `model nomogram`.
#[derive(Debug, Args)]
pub struct Nomogram {
    #[command(flatten)]
    common: Common,
    /// Mark this patient's reading: FHIR Bundle, resources or NDJSON; `-` is standard input. May be given several times.
    #[arg(long, value_name = "FILE")]
    patient: Vec<PathBuf>,
    /// The patient to mark, where the input holds several.
    #[arg(long, value_name = "PATIENT", requires = "patient")]
    id: Option<String>,
    /// The FHIR release of the input: R4, R4B or R5.
    #[arg(long, value_name = "RELEASE", default_value_t = Release::R4, requires = "patient")]
    fhir_version: Release,
    /// Assess as of this instant instead of now.
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant, requires = "patient")]
    as_of: Option<Timestamp>,
    /// Write the picture here instead of to standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Nomogram {
    pub(super) fn run(self) -> Result<(), Failure> {
        let (settings, knowledge) = self.common.load()?;
        let states = match self.patient.as_slice() {
            [] => None,
            _ => Some(self.states(&settings, &knowledge)?),
        };
        let model = &knowledge.model;
        let picture = svg(model, states.as_ref(), &knowledge.figure_words).ok_or_else(|| {
            Failure::Input(format!(
                "model {} {} holds no nomogram: there is nothing to draw",
                model.id, model.version
            ))
        })?;
        match &self.out {
            None => std::io::stdout().write_all(picture.as_bytes())?,
            Some(path) => std::fs::write(path, picture).map_err(|error| {
                Failure::Input(format!("{} cannot be written: {error}", path.display()))
            })?,
        }
        Ok(())
    }

    /// The states that `rrdtc assess` finds for the same input.
    fn states(&self, settings: &Settings, knowledge: &Knowledge) -> Result<States, Failure> {
        let texts = read_files(&self.patient)?;
        let values = values(&texts)?;
        let resources = resources(&values, self.fhir_version)?;
        let id = choose(&resources, self.id.as_deref(), "--id PATIENT")?;
        let now = self.as_of.unwrap_or_else(Timestamp::now);
        let (assessment, _) = assess_patient(&resources, id, knowledge, settings, now)?;
        match assessment.scored {
            Some(scored) => Ok(scored.predictors.map(|predictor| predictor.finding.state)),
            None => {
                let reasons = assessment.applicability.reasons;
                let reasons: Vec<&str> = reasons.iter().map(|reason| reason.as_str()).collect();
                Err(Failure::Input(format!(
                    "the model does not apply to this patient ({}): no nomogram is drawn",
                    reasons.join(", ")
                )))
            }
        }
    }
}
