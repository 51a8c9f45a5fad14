//! The model as data: points, thresholds, cut-off, and the cohort that it was made from. A [`Model`] exists only when
//! [`Model::new`] has checked it, so nothing else needs to.

use super::nomogram::{InvalidNomogram, Nomogram};
use super::score::{self, Classification, Pattern, Predictor};

/// Points and thresholds of the score, with what an answer says about its origin.
#[derive(Debug, Clone)]
pub struct Model {
    /// Short name, for instance `liu-2022`.
    pub id: String,
    /// Version of the model file.
    pub version: String,
    /// SHA-256 of the model file, hexadecimal.
    pub sha256: String,
    /// Points of each predictor when present.
    pub points: Points,
    /// At or above this many points a patient is predicted to become refractory.
    pub cutoff: u32,
    /// Completed years of age at diagnosis from which the predictor is present.
    pub age_years: i32,
    /// SUVmax (body weight, g/mL) from which uptake counts.
    pub suv_max: f64,
    /// Ages in the derivation cohort, years.
    pub age_range: super::interval::Interval<i32>,
    /// The nomogram, where the file holds one.
    pub nomogram: Option<Nomogram>,
    /// What the source study saw, as far as answers quote it.
    pub study: Study,
    /// What a hospital found with its own patients, where it did.
    pub local_validation: Option<LocalValidation>,
}

/// What the source study saw, as far as answers quote it.
#[derive(Debug, Clone, PartialEq)]
pub struct Study {
    /// Patients in the cohort.
    pub patients: u32,
    /// At or above the cut-off.
    pub at_or_above: Share,
    /// At or above the cut-off with a positive PET.
    pub at_or_above_with_pet: Share,
    /// At or above the cut-off without a positive PET.
    pub at_or_above_without_pet: Share,
    /// Below the cut-off.
    pub below: Share,
    /// Longest time to refractory disease that was seen, months.
    pub longest_time_months: Option<i32>,
}

/// How many of some patients turned out refractory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Turned out refractory.
    pub refractory: u32,
    /// All of them.
    pub patients: u32,
}

/// What a hospital found with its own patients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalValidation {
    /// Hospital.
    pub site: String,
    /// Patients looked at.
    pub patients: u32,
    /// Of these, turned out refractory.
    pub refractory: u32,
    /// Day of the report.
    pub date: String,
}

impl Share {
    /// The share as a probability; of nobody it is 0.
    pub fn probability(self) -> f64 {
        match self.patients {
            0 => 0.0,
            patients => f64::from(self.refractory) / f64::from(patients),
        }
    }
}

/// Points of each predictor.
#[derive(Debug, Clone, Copy)]
pub struct Points {
    /// Age at diagnosis.
    pub age_at_diagnosis: u32,
    /// Recurrence.
    pub recurrence: u32,
    /// Metastases at more than one site.
    pub multi_site_metastasis: u32,
    /// 18F-FDG uptake.
    pub fdg_uptake: u32,
}

impl Points {
    /// Points of one predictor when present.
    pub fn of(&self, predictor: Predictor) -> u32 {
        match predictor {
            Predictor::AgeAtDiagnosis => self.age_at_diagnosis,
            Predictor::Recurrence => self.recurrence,
            Predictor::MultiSiteMetastasis => self.multi_site_metastasis,
            Predictor::FdgUptake => self.fdg_uptake,
        }
    }
}

/// One row of the table of all 16 patterns that a model file carries to check itself.
#[derive(Debug, Clone)]
pub struct Vector {
    /// Presence of the four predictors.
    pub pattern: Pattern,
    /// Expected sum.
    pub score: u32,
    /// Expected class.
    pub at_or_above_cutoff: bool,
}

/// A model file that contradicts itself.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum InvalidModel {
    /// Fewer or more than 16 different patterns.
    #[error("the model must list each of the 16 patterns once; it lists {0} different ones")]
    Patterns(usize),
    /// A pattern's sum differs from what the points give.
    #[error(
        "the pattern {pattern} is listed with {listed} points at_or_above={listed_class}, but the points give {computed} at_or_above={computed_class}"
    )]
    Vector {
        /// The pattern.
        pattern: Pattern,
        /// Sum in the file.
        listed: u32,
        /// Class in the file.
        listed_class: bool,
        /// Sum of the points.
        computed: u32,
        /// Class by the cut-off.
        computed_class: bool,
    },
    /// The stated maximum is not the sum of the points.
    #[error("the model states a maximum of {listed}, but the points sum to {computed}")]
    Maximum {
        /// In the file.
        listed: u32,
        /// Sum of the points.
        computed: u32,
    },
    /// The nomogram contradicts itself.
    #[error(transparent)]
    Nomogram(#[from] InvalidNomogram),
    /// A threshold that cannot be meant.
    #[error(
        "the model's thresholds are not plausible: cut-off {cutoff}, age {age_years} years, SUVmax {suv_max}"
    )]
    Thresholds {
        /// Cut-off.
        cutoff: u32,
        /// Age threshold.
        age_years: i32,
        /// SUVmax threshold, as text.
        suv_max: String,
    },
}

impl Model {
    /// Checks a model against its own vectors.
    pub fn new(model: Self, maximum: u32, vectors: &[Vector]) -> Result<Self, InvalidModel> {
        if model.cutoff == 0
            || model.cutoff > maximum
            || !(1..=120).contains(&model.age_years)
            || !(model.suv_max.is_finite() && model.suv_max > 0.0)
        {
            return Err(InvalidModel::Thresholds {
                cutoff: model.cutoff,
                age_years: model.age_years,
                suv_max: model.suv_max.to_string(),
            });
        }
        let sum = model.maximum();
        if sum != maximum {
            return Err(InvalidModel::Maximum {
                listed: maximum,
                computed: sum,
            });
        }
        let different: std::collections::HashSet<_> =
            vectors.iter().map(|vector| vector.pattern).collect();
        if different.len() != Pattern::COUNT || vectors.len() != Pattern::COUNT {
            return Err(InvalidModel::Patterns(different.len()));
        }
        for vector in vectors {
            let score = score::score(&model, &vector.pattern.states());
            let at_or_above = score::classify(&model, score) == Classification::AtOrAboveCutoff;
            if score.low != vector.score || at_or_above != vector.at_or_above_cutoff {
                return Err(InvalidModel::Vector {
                    pattern: vector.pattern,
                    listed: vector.score,
                    listed_class: vector.at_or_above_cutoff,
                    computed: score.low,
                    computed_class: at_or_above,
                });
            }
        }
        Ok(model)
    }

    /// Points of one predictor when present.
    pub fn points(&self, predictor: Predictor) -> u32 {
        self.points.of(predictor)
    }

    /// The greatest possible sum.
    pub fn maximum(&self) -> u32 {
        Predictor::ALL
            .iter()
            .map(|&predictor| self.points(predictor))
            .sum()
    }
}
