//! The answer's JSON as the page reads it (domain.md section 5). What is a code there stays one here.

use super::PageError;
use crate::domain::score::Predictor;
use serde::Deserialize;
use serde_json::Value;

/// An assessment.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    pub(super) result_id: String,
    pub(super) assessed_at: String,
    pub(super) model: ModelId,
    pub(super) software: Software,
    pub(super) applicability: Applicability,
    pub(super) predictors: Option<Predictors>,
    pub(super) score: Option<Score>,
    pub(super) classification: Option<String>,
    pub(super) probability: Option<Probability>,
    pub(super) sources: Sources,
}

#[derive(Debug, Deserialize)]
pub(super) struct ModelId {
    pub(super) id: String,
    pub(super) version: String,
    pub(super) sha256: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Software {
    pub(super) name: String,
    pub(super) version: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Applicability {
    pub(super) status: String,
    #[serde(default)]
    pub(super) reasons: Vec<String>,
    #[serde(default)]
    pub(super) caveats: Vec<String>,
    #[serde(default)]
    pub(super) evidence: Vec<Evidence>,
    #[serde(default)]
    pub(super) set_aside: Vec<Coded>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Predictors {
    pub(super) age_at_diagnosis: Found,
    pub(super) recurrence: Found,
    pub(super) multi_site_metastasis: Found,
    pub(super) fdg_uptake: Found,
}

impl Predictors {
    /// In the order of [`Predictor::ALL`].
    pub(super) fn all(&self) -> [&Found; Predictor::COUNT] {
        [
            &self.age_at_diagnosis,
            &self.recurrence,
            &self.multi_site_metastasis,
            &self.fdg_uptake,
        ]
    }
}

/// What was found about a predictor.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Found {
    pub(super) state: String,
    pub(super) reason: Option<String>,
    pub(super) points: Range,
    pub(super) decisive: bool,
    pub(super) years: Option<Years>,
    #[serde(default)]
    pub(super) sites: Vec<String>,
    pub(super) suv_max: Option<SuvMax>,
    #[serde(default)]
    pub(super) evidence: Vec<Evidence>,
    #[serde(default)]
    pub(super) set_aside: Vec<Coded>,
    #[serde(default)]
    pub(super) hints: Vec<Coded>,
    #[serde(default)]
    pub(super) caveats: Vec<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Range {
    pub(super) low: u32,
    pub(super) high: u32,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Years {
    pub(super) low: i32,
    pub(super) high: Option<i32>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SuvMax {
    /// A number, with its digits as recorded.
    pub(super) value: Value,
    pub(super) comparator: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Score {
    pub(super) low: u32,
    pub(super) high: u32,
    pub(super) maximum: u32,
    pub(super) cutoff: u32,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Probability {
    /// Between 0 and 1, as the two others.
    pub(super) low: f64,
    pub(super) estimate: Option<f64>,
    pub(super) high: f64,
    pub(super) basis: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Evidence {
    pub(super) reference: String,
    pub(super) what: String,
    pub(super) date: Option<String>,
}

/// A record set aside, or a hint.
#[derive(Debug, Deserialize)]
pub(super) struct Coded {
    pub(super) reference: String,
    pub(super) code: String,
    pub(super) date: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sources {
    patient: Source,
    conditions: Source,
    observations: Source,
    procedures: Source,
    medication_administrations: Source,
    diagnostic_reports: Source,
}

#[derive(Debug, Deserialize)]
pub(super) struct Source {
    pub(super) from: String,
    pub(super) pages: u32,
    pub(super) complete: bool,
}

impl Sources {
    /// Each with its name in the texts.
    pub(super) fn by_name(&self) -> [(&'static str, &Source); 6] {
        [
            ("patient", &self.patient),
            ("conditions", &self.conditions),
            ("observations", &self.observations),
            ("procedures", &self.procedures),
            (
                "medicationAdministrations",
                &self.medication_administrations,
            ),
            ("diagnosticReports", &self.diagnostic_reports),
        ]
    }
}

impl Answer {
    /// Reads an assessment. What is wrong is told by its place alone: a value may be the patient's.
    pub(super) fn read(json: &Value) -> Result<Self, PageError> {
        let answer: Self = serde_path_to_error::deserialize(json).map_err(|error| {
            let mut place = error.path().to_string();
            // A member that is not there is an error of what holds it; its name is ours.
            if let Some(member) = error.inner().to_string().strip_prefix("missing field ") {
                place = format!("{place} {member}");
            }
            PageError::NotAnAssessment(place)
        })?;
        let is_scored = answer.predictors.is_some()
            && answer.score.is_some()
            && answer.classification.is_some();
        if is_scored != answer.applies() {
            return Err(PageError::NotAnAssessment("score".into()));
        }
        Ok(answer)
    }

    /// Whether the model applies.
    pub(super) fn applies(&self) -> bool {
        self.applicability.status == "applicable"
    }
}
