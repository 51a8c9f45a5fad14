//! A model made to fit a cohort: who counts, which step, what it gives, and what it is worth.

use super::cells::{Cells, SIZE, coefficients};
use super::closed_test::{chosen, closed_test};
use super::figures::calibration;
use super::optimism::optimism;
use super::update::{Base, Likelihoods, Matrix, NoUpdate, Updated, update, variance};
use super::words::{in_words, notes, of_tests, warnings};
use super::{
    Chosen, CoefficientRow, CohortSummary, Estimate, Gate, InputSummary, ModelName, PatternRow,
    Recalibration, Settings, Software, Step,
};
use crate::cohort::{Cohort, Outcome};
use crate::domain::nomogram::{Nomogram, inverse_logit};
use crate::domain::score::{Pattern, Predictor};
use crate::model::digits;
use crate::model::file::ModelFile;
use crate::statistics::proportion::wilson;
use crate::statistics::z95;

/// How the step is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// By the closed testing procedure.
    Auto,
    /// By hand.
    ByHand(Step),
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// How the step is chosen.
    pub method: Method,
    /// Level of each test.
    pub alpha: f64,
    /// Bootstrap resamples; 0 for none.
    pub bootstrap: u32,
    /// Seed of the resamples.
    pub seed: u64,
    /// Allow steps for which the cohort is too small.
    pub below_gate: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            method: Method::Auto,
            alpha: 0.05,
            bootstrap: 500,
            seed: 2022,
            below_gate: false,
        }
    }
}

/// Why a model cannot be recalibrated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CannotRecalibrate {
    /// There is nothing to update.
    #[error("the model {0} has no nomogram: there is no probability to recalibrate")]
    NoNomogram(String),
    /// Nobody is left.
    #[error(
        "no patient is left to look at: of {patients} patients, {undetermined} have no determined outcome and {incomplete} a predictor that is unknown or conflicting"
    )]
    Nobody {
        /// Read.
        patients: u64,
        /// Without an outcome.
        undetermined: u64,
        /// With an open predictor.
        incomplete: u64,
    },
    /// One outcome is missing.
    #[error(
        "all {0} patients have the same outcome: an update needs patients of both kinds. --method none records what was seen"
    )]
    OneOutcome(u64),
    /// The cohort is too small.
    #[error(
        "the smaller class has {has} patients; {what} needs {needed}, below that the update would fit chance. --method none records what was seen; --below-gate goes on all the same, and then the file and every card say so"
    )]
    BelowGate {
        /// Patients of the smaller class.
        has: u64,
        /// That it needs.
        needed: u64,
        /// The step.
        what: String,
    },
    /// The step cannot be taken.
    #[error(transparent)]
    NoUpdate(#[from] NoUpdate),
}

/// Who of a cohort counts, and who is left out.
pub(super) fn summary(cohort: &Cohort) -> (Cells, CohortSummary) {
    let complete = cohort.counts().complete();
    let (mut undetermined, mut incomplete) = (0, 0);
    let (mut from, mut to) = (None, None);
    for (place, (states, outcome)) in cohort.states.iter().zip(&cohort.outcomes).enumerate() {
        if *outcome == Outcome::Undetermined {
            undetermined += 1;
        } else if states.iter().any(|state| state.is_open()) {
            incomplete += 1;
        } else if let Some(day) = cohort.time_zero.as_ref().and_then(|days| days[place]) {
            from = Some(from.map_or(day, |from: jiff::civil::Date| from.min(day)));
            to = Some(to.map_or(day, |to: jiff::civil::Date| to.max(day)));
        }
    }
    let files = cohort.origin.files.iter().map(|file| InputSummary {
        file: file.name.clone(),
        sha256: file.sha256.clone(),
        rows: file.rows,
    });
    let summary = CohortSummary {
        files: files.collect(),
        bad_rows: cohort.origin.bad_rows,
        patients: cohort.len() as u64,
        undetermined,
        incomplete,
        analysed: complete.patients(),
        refractory: complete.refractory(),
        not_refractory: complete.not_refractory(),
        from: from.map(|day| day.to_string()),
        to: to.map(|day| day.to_string()),
    };
    (Cells::of(&complete), summary)
}

/// This program.
pub(super) fn software() -> Software {
    Software {
        name: env!("CARGO_PKG_NAME").into(),
        version: env!("CARGO_PKG_VERSION").into(),
    }
}

pub(super) fn name(model: &ModelFile) -> ModelName {
    ModelName {
        id: model.model.id.clone(),
        version: model.model.version.clone(),
        sha256: model.model.sha256.clone(),
    }
}

/// The coefficients of a model, intercept first.
pub(super) fn values(nomogram: &Nomogram) -> [f64; SIZE] {
    let of = nomogram.coefficients();
    std::array::from_fn(|i| match i {
        0 => of.intercept,
        i => of.log_odds_ratios[i - 1],
    })
}

/// Names of intercept and coefficients in files.
pub(super) fn names() -> [&'static str; SIZE] {
    std::array::from_fn(|i| match i {
        0 => "intercept",
        i => Predictor::ALL[i - 1].name(),
    })
}

/// The covariance of the coefficients, where the file gives one that can be.
fn covariance(model: &ModelFile) -> Option<Matrix> {
    let said = &model.json["nomogram"]["covariance"];
    let order = said["order"].as_array()?;
    let total = said["total"].as_array()?;
    let mut matrix = [[0.0; SIZE]; SIZE];
    let place = |name: &str| order.iter().position(|other| other == name);
    for (i, row) in names().into_iter().enumerate() {
        for (j, column) in names().into_iter().enumerate() {
            matrix[i][j] = total.get(place(row)?)?.get(place(column)?)?.as_f64()?;
        }
    }
    let can_be = |i: usize, j: usize| {
        let scale = (matrix[i][i] * matrix[j][j]).sqrt();
        (matrix[i][j] - matrix[j][i]).abs() <= 1e-4 * scale && matrix[i][j].abs() <= 1.0001 * scale
    };
    let all = (0..SIZE).all(|i| matrix[i][i] > 0.0 && (0..SIZE).all(|j| can_be(i, j)));
    all.then_some(matrix)
}

/// The largest step for which there are enough patients.
fn largest(smaller_class: u64) -> Step {
    let enough = |step: &Step| smaller_class >= step.needed();
    Step::ALL
        .into_iter()
        .rev()
        .find(enough)
        .unwrap_or(Step::None)
}

/// What is done to the analysed patients and to each resample alike.
fn procedure(
    cells: &Cells,
    base: &Base,
    method: Method,
    largest: Step,
    alpha: f64,
) -> Result<Updated, NoUpdate> {
    let step = match method {
        Method::ByHand(step) => step,
        Method::Auto => chosen(&Likelihoods::of(cells, base)?, largest, alpha),
    };
    update(cells, base, step)
}

/// As the file of a model holds them: six digits, and everything else follows from these.
fn rounded(of: &[f64; SIZE]) -> [f64; SIZE] {
    of.map(|value| digits(value, 6))
}

/// Recalibrates a model on the complete cases of a cohort.
///
/// # Errors
/// [`CannotRecalibrate`] says what to do instead.
pub fn recalibrate(
    cohort: &Cohort,
    original: &ModelFile,
    options: &Options,
) -> Result<Recalibration, CannotRecalibrate> {
    let Some(nomogram) = &original.model.nomogram else {
        return Err(CannotRecalibrate::NoNomogram(original.model.id.clone()));
    };
    let (cells, summary) = summary(cohort);
    if summary.analysed == 0 {
        return Err(CannotRecalibrate::Nobody {
            patients: summary.patients,
            undetermined: summary.undetermined,
            incomplete: summary.incomplete,
        });
    }
    let smaller_class = summary.refractory.min(summary.not_refractory);
    let is_none = options.method == Method::ByHand(Step::None);
    if smaller_class == 0 && !is_none {
        return Err(CannotRecalibrate::OneOutcome(summary.analysed));
    }
    let open = largest(smaller_class);
    let allowed = if options.below_gate {
        Step::Revision
    } else {
        open
    };
    let asked = match options.method {
        Method::Auto => Step::Intercept,
        Method::ByHand(step) => step,
    };
    if asked > allowed {
        return Err(CannotRecalibrate::BelowGate {
            has: smaller_class,
            needed: asked.needed(),
            what: in_words(asked).into(),
        });
    }
    let base = Base {
        coefficients: values(nomogram),
        covariance: covariance(original),
    };
    let likelihoods = match Likelihoods::of(&cells, &base) {
        Ok(likelihoods) => Some(likelihoods),
        // Nothing is tested where nothing is updated.
        Err(_) if is_none => None,
        Err(error) => return Err(error.into()),
    };
    let tested = likelihoods
        .as_ref()
        .map(|likelihoods| closed_test(likelihoods, allowed, options.alpha));
    let mut updated = procedure(&cells, &base, options.method, allowed, options.alpha)?;
    updated.coefficients = rounded(&updated.coefficients);
    let optimism = (options.bootstrap > 0 && smaller_class > 0).then(|| {
        let repeat = |cells: &Cells, base: &Base| {
            let updated = procedure(cells, base, options.method, allowed, options.alpha).ok()?;
            Some((updated.step, updated.coefficients))
        };
        optimism(
            &cells,
            &base,
            &updated.coefficients,
            &repeat,
            options.bootstrap,
            options.seed,
        )
    });
    let (by, because) = match (options.method, &tested) {
        (Method::Auto, Some(tested)) => ("closed-test", tested.because.clone()),
        _ => ("by-hand", "the step was asked for by hand".to_owned()),
    };
    let chosen = Chosen {
        step: updated.step,
        by: by.into(),
        because,
        below_gate: updated.step > open,
    };
    let gates = Step::ALL.into_iter().skip(1).map(|step| Gate {
        step,
        needed: step.needed(),
        has: smaller_class,
        open: smaller_class >= step.needed(),
    });
    let mut warnings = warnings(&summary, &chosen, &base, &updated, smaller_class);
    if let (Some(tested), Some(likelihoods)) = (&tested, &likelihoods) {
        warnings.extend(of_tests(tested, likelihoods, &chosen, allowed, options));
    }
    Ok(Recalibration {
        software: software(),
        site: None,
        by: None,
        date: None,
        original: name(original),
        updated: None,
        settings: Settings {
            method: match options.method {
                Method::Auto => "auto".into(),
                Method::ByHand(step) => step.name().into(),
            },
            alpha: options.alpha,
            bootstrap: options.bootstrap,
            seed: options.seed,
            below_gate: options.below_gate,
        },
        gates: gates.collect(),
        tests: tested.map(|tested| tested.tests).unwrap_or_default(),
        chosen,
        slope: updated.slope,
        penalty: updated.penalty,
        effective_degrees_of_freedom: updated.effective_degrees_of_freedom,
        coefficients: rows(&base, &updated),
        covariance: updated
            .covariance
            .map(|matrix| matrix.map(|row| row.to_vec()).to_vec()),
        patterns: patterns(original, nomogram, &cells, &updated),
        before: calibration(&cells, &base.coefficients),
        after: calibration(&cells, &updated.coefficients),
        optimism,
        cohort: summary,
        warnings,
        notes: notes(updated.step, base.covariance.is_some()),
    })
}

fn rows(base: &Base, updated: &Updated) -> Vec<CoefficientRow> {
    let row = |(i, name): (usize, &str)| CoefficientRow {
        name: name.to_owned(),
        original: base.coefficients[i],
        updated: updated.coefficients[i],
        standard_error: updated
            .covariance
            .map(|matrix| matrix[i][i].max(0.0).sqrt()),
    };
    names().into_iter().enumerate().map(row).collect()
}

fn patterns(
    original: &ModelFile,
    nomogram: &Nomogram,
    cells: &Cells,
    updated: &Updated,
) -> Vec<PatternRow> {
    let model = &original.model;
    let mut patterns: Vec<Pattern> = Pattern::all().collect();
    patterns.sort_by_key(|pattern| pattern.score(model));
    let row = |pattern: Pattern| {
        let at = pattern.index();
        let (events, others) = (cells.events[at] as u64, cells.others[at] as u64);
        let patients = events + others;
        let observed = (patients > 0).then(|| {
            let interval = wilson(events as f64, patients as f64);
            Estimate {
                low: interval.low,
                value: interval.value,
                high: interval.high,
            }
        });
        let banded = nomogram.of(pattern);
        let before = Estimate {
            low: banded.low,
            value: banded.estimate,
            high: banded.high,
        };
        PatternRow {
            present: present(pattern),
            score: pattern.score(model),
            patients,
            refractory: events,
            observed,
            before,
            after: match updated.step {
                Step::None => before,
                _ => band(updated, pattern),
            },
        }
    };
    patterns.into_iter().map(row).collect()
}

/// The names of what is present.
pub(super) fn present(pattern: Pattern) -> Vec<String> {
    let present = Predictor::ALL.into_iter().filter(|p| pattern.has(*p));
    present.map(|p| p.name().to_owned()).collect()
}

/// The probability of a pattern with its 95 % band, as a file holds them: 12 digits, the limits 6.
fn band(updated: &Updated, pattern: Pattern) -> Estimate {
    /// A limit is never 0 or 1: nothing is impossible or certain.
    const LEAST: f64 = 1e-6;
    let model = coefficients(&updated.coefficients);
    let value = digits(model.probability(pattern), 12);
    let error = updated
        .covariance
        .map_or(0.0, |matrix| variance(&matrix, pattern).sqrt());
    let limit = |side: f64| {
        let log_odds = model.log_odds(pattern) + side * z95() * error;
        digits(inverse_logit(log_odds), 6).clamp(LEAST, 1.0 - LEAST)
    };
    Estimate {
        low: limit(-1.0).min(value),
        value,
        high: limit(1.0).max(value),
    }
}
