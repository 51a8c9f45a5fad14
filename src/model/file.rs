//! A model file: the score, the cohort that it comes from, and a nomogram. A hospital's recalibrated model is a file of the
//! same form.
//!
//! Read [`ModelFile::read`] first. What the program does not use (citation, diagnostics, provenance) is kept as it is, for the
//! texts and the model facts.

use crate::domain::interval::Interval;
use crate::domain::model::{InvalidModel, Model, Points, Share, Study, Vector};
use crate::domain::nomogram::{Banded, Coefficients, InvalidNomogram, Nomogram};
use crate::domain::score::Pattern;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A model with everything that its file says.
#[derive(Debug, Clone)]
pub struct ModelFile {
    /// Checked, for the rules.
    pub model: Model,
    /// The whole file, for texts.
    pub json: Value,
    /// What a hospital found with its own patients, where it did.
    pub local_validation: Option<LocalValidation>,
}

/// A model file that the program must not start with.
#[derive(Debug, thiserror::Error)]
pub enum UnusableModel {
    /// It has not the shape of one.
    #[error("model file {file} cannot be read: {problem}")]
    Unreadable {
        /// File.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// It contradicts itself.
    #[error("model file {file}: {problem}")]
    Invalid {
        /// File.
        file: String,
        /// What is wrong.
        problem: InvalidModel,
    },
}

/// What a hospital found with its own patients.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LocalValidation {
    /// Hospital.
    pub site: String,
    /// Patients looked at.
    pub patients: u32,
    /// Of these, turned out refractory.
    pub refractory: u32,
    /// First day of the cohort.
    pub from: String,
    /// Last day of the cohort.
    pub to: String,
    /// Day of the report.
    pub date: String,
    /// Who answers for it.
    pub by: String,
}

#[derive(Deserialize)]
struct Shape {
    id: String,
    version: String,
    score: ScoreShape,
    cohort: CohortShape,
    performance: PerformanceShape,
    nomogram: Option<NomogramShape>,
    #[serde(rename = "localValidation")]
    local_validation: Option<LocalValidation>,
}

/// The score as a file says it.
#[derive(Deserialize)]
pub(super) struct ScoreShape {
    predictors: PredictorsShape,
    maximum: u32,
    cutoff: u32,
    vectors: Vec<VectorShape>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PredictorsShape {
    age_at_diagnosis: AgeShape,
    recurrence: PointsShape,
    multi_site_metastasis: PointsShape,
    fdg_uptake: FdgShape,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AgeShape {
    points: u32,
    threshold_years: i32,
}

#[derive(Deserialize)]
struct PointsShape {
    points: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FdgShape {
    points: u32,
    threshold_suv_max: f64,
}

/// What cards and facts quote of the cohort: none of it may be missing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CohortShape {
    patients: u32,
    #[serde(rename = "refractory")]
    _refractory: u32,
    #[serde(rename = "notRefractory")]
    _not_refractory: u32,
    age_years: IntervalShape,
    time_to_refractory_months: Option<IntervalShape>,
}

#[derive(Deserialize)]
struct IntervalShape {
    low: i32,
    high: i32,
}

/// What cards quote of the performance: none of it may be missing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PerformanceShape {
    at_cutoff: TwoByTwoShape,
    at_or_above_by_pet: ByPetShape,
    below_cutoff: ShareShape,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TwoByTwoShape {
    true_positive: u32,
    #[serde(rename = "falseNegative")]
    _false_negative: u32,
    false_positive: u32,
    #[serde(rename = "trueNegative")]
    _true_negative: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ByPetShape {
    pet_positive: ShareShape,
    pet_negative: ShareShape,
}

#[derive(Deserialize)]
struct ShareShape {
    refractory: u32,
    patients: u32,
}

impl From<&ShareShape> for Share {
    fn from(shape: &ShareShape) -> Self {
        Self {
            refractory: shape.refractory,
            patients: shape.patients,
        }
    }
}

// Not flattened: with fhirbolt's `arbitrary_precision`, serde cannot read fractions below a flattened struct.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VectorShape {
    age_at_diagnosis: bool,
    recurrence: bool,
    multi_site_metastasis: bool,
    fdg_uptake: bool,
    score: u32,
    at_or_above_cutoff: bool,
}

#[derive(Deserialize)]
struct NomogramShape {
    basis: String,
    intercept: f64,
    coefficients: CoefficientsShape,
    patterns: Vec<BandedShape>,
    reconstruction: Option<ReconstructionShape>,
}

/// How it was made; a model that was fitted to patients has none.
#[derive(Deserialize)]
struct ReconstructionShape {
    converged: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CoefficientsShape {
    age_at_diagnosis: f64,
    recurrence: f64,
    multi_site_metastasis: f64,
    fdg_uptake: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BandedShape {
    age_at_diagnosis: bool,
    recurrence: bool,
    multi_site_metastasis: bool,
    fdg_uptake: bool,
    low: f64,
    estimate: f64,
    high: f64,
}

impl ModelFile {
    /// Reads and checks a model file; `file` is its name in messages.
    ///
    /// # Errors
    /// [`UnusableModel`] when the text has not the shape of a model, its test vectors fail, a coefficient is not finite, or
    /// the nomogram's table does not follow from its coefficients.
    pub fn read(file: &str, text: &str) -> Result<Self, UnusableModel> {
        let shape: Shape = shape(file, text)?;
        let json = shape_of_anything(file, text)?;
        let invalid = |problem: InvalidModel| UnusableModel::Invalid {
            file: file.into(),
            problem,
        };
        let nomogram = shape.nomogram.map(NomogramShape::check).transpose();
        let nomogram = nomogram.map_err(|problem| invalid(problem.into()))?;
        let model = Model {
            id: shape.id,
            version: shape.version,
            sha256: sha256(text),
            points: shape.score.points(),
            cutoff: shape.score.cutoff,
            age_years: shape.score.predictors.age_at_diagnosis.threshold_years,
            suv_max: shape.score.predictors.fdg_uptake.threshold_suv_max,
            age_range: Interval {
                low: shape.cohort.age_years.low,
                high: shape.cohort.age_years.high,
            },
            nomogram,
            study: study(&shape.cohort, &shape.performance),
            local_validation: shape.local_validation.as_ref().map(|local| {
                crate::domain::model::LocalValidation {
                    site: local.site.clone(),
                    patients: local.patients,
                    refractory: local.refractory,
                    date: local.date.clone(),
                }
            }),
        };
        let vectors: Vec<Vector> = shape
            .score
            .vectors
            .iter()
            .map(VectorShape::vector)
            .collect();
        let model = Model::new(model, shape.score.maximum, &vectors).map_err(invalid)?;
        Ok(Self {
            model,
            json,
            local_validation: shape.local_validation,
        })
    }
}

/// Reads a file of some shape; what is wrong is told with its place.
pub(super) fn shape<'a, T: Deserialize<'a>>(file: &str, text: &'a str) -> Result<T, UnusableModel> {
    let mut json = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let problem = match path.as_str() {
            "." => error.inner().to_string(),
            path => format!("{path}: {}", error.inner()),
        };
        UnusableModel::Unreadable {
            file: file.into(),
            problem,
        }
    })
}

pub(super) fn shape_of_anything(file: &str, text: &str) -> Result<Value, UnusableModel> {
    serde_json::from_str(text).map_err(|error| UnusableModel::Unreadable {
        file: file.into(),
        problem: error.to_string(),
    })
}

/// SHA-256 of a text, hexadecimal.
pub fn sha256(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn study(cohort: &CohortShape, performance: &PerformanceShape) -> Study {
    let at_cutoff = &performance.at_cutoff;
    Study {
        patients: cohort.patients,
        at_or_above: Share {
            refractory: at_cutoff.true_positive,
            patients: at_cutoff
                .true_positive
                .saturating_add(at_cutoff.false_positive),
        },
        at_or_above_with_pet: (&performance.at_or_above_by_pet.pet_positive).into(),
        at_or_above_without_pet: (&performance.at_or_above_by_pet.pet_negative).into(),
        below: (&performance.below_cutoff).into(),
        longest_time_months: cohort
            .time_to_refractory_months
            .as_ref()
            .map(|months| months.high),
    }
}

impl ScoreShape {
    pub(super) fn points(&self) -> Points {
        Points {
            age_at_diagnosis: self.predictors.age_at_diagnosis.points,
            recurrence: self.predictors.recurrence.points,
            multi_site_metastasis: self.predictors.multi_site_metastasis.points,
            fdg_uptake: self.predictors.fdg_uptake.points,
        }
    }

    pub(super) fn cutoff(&self) -> u32 {
        self.cutoff
    }
}

impl VectorShape {
    fn vector(&self) -> Vector {
        Vector {
            pattern: Pattern([
                self.age_at_diagnosis,
                self.recurrence,
                self.multi_site_metastasis,
                self.fdg_uptake,
            ]),
            score: self.score,
            at_or_above_cutoff: self.at_or_above_cutoff,
        }
    }
}

impl NomogramShape {
    fn check(self) -> Result<Nomogram, InvalidNomogram> {
        if self.reconstruction.is_some_and(|made| !made.converged) {
            return Err(InvalidNomogram::NotConverged);
        }
        let coefficients = Coefficients {
            intercept: self.intercept,
            log_odds_ratios: [
                self.coefficients.age_at_diagnosis,
                self.coefficients.recurrence,
                self.coefficients.multi_site_metastasis,
                self.coefficients.fdg_uptake,
            ],
        };
        let table: Vec<(Pattern, Banded)> = self
            .patterns
            .iter()
            .map(|row| {
                let pattern = Pattern([
                    row.age_at_diagnosis,
                    row.recurrence,
                    row.multi_site_metastasis,
                    row.fdg_uptake,
                ]);
                let banded = Banded {
                    low: row.low,
                    estimate: row.estimate,
                    high: row.high,
                };
                (pattern, banded)
            })
            .collect();
        Nomogram::new(coefficients, self.basis, &table)
    }
}
