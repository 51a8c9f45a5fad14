//! One step of an update on counts of the 16 patterns: new coefficients with their covariance.
//!
//! The new coefficients depend on the cohort and on the coefficients of the original model, which come from other patients and
//! are uncertain themselves. To first order the two errors add: `cov = J_y V J_y' + J_b S J_b'`, with `V` the covariance of the
//! fit, `S` that of the original coefficients, and `J_b` how the new coefficients move with the original ones when the update
//! is fitted anew (the implicit function theorem on the score equations). For an intercept update this leaves an uncertainty
//! that is least at the mean of the cohort and grows away from it, as it must: the cohort says nothing about the coefficients.
//!
//! A revision is shrunk to the original model: the cohort's coefficients are the original ones plus a change, and the change is
//! penalised (ridge on standardised columns, the penalty by the corrected AIC over a fixed list). An empty cell or a column
//! that separates the outcome so has a finite estimate; a column that is the same for all patients keeps its coefficient.

// Matrices by index, as the formulas are written.
#![allow(clippy::needless_range_loop)]

use super::Step;
use super::cells::{Cells, SIZE, design, dot};
use crate::domain::nomogram::inverse_logit;
use crate::domain::score::Pattern;
use crate::statistics::regression::{
    Criterion, Fit, NoFit, Penalty, Ridge, Rows, Square, fit, ridge,
};

pub(super) type Matrix = [[f64; SIZE]; SIZE];

/// Under separation the likelihood has no maximum but a limit; with the first of these penalties that has a fit it lies closer to
/// the limit than any test can tell.
const NEXT_TO_NOTHING: [f64; 5] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2];

/// The penalties that a revision chooses from: 0.01 to 10,000 in quarters of a decade. Not 0: the change stays finite.
fn penalties() -> Vec<f64> {
    (-8..=16)
        .map(|quarter| 10_f64.powf(f64::from(quarter) / 4.0))
        .collect()
}

/// The model that is updated.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Base {
    /// Intercept first.
    pub coefficients: [f64; SIZE],
    /// Of the coefficients, where the file of the model gives it.
    pub covariance: Option<Matrix>,
}

/// The model that comes of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Updated {
    pub step: Step,
    pub coefficients: [f64; SIZE],
    /// None where nothing was updated and the original has none.
    pub covariance: Option<Matrix>,
    /// Of an update of intercept and slope.
    pub slope: Option<f64>,
    /// Of a revision.
    pub penalty: Option<f64>,
    /// Of a revision, the intercept counted.
    pub effective_degrees_of_freedom: Option<f64>,
}

/// Why a step cannot be taken.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoUpdate {
    /// There is nothing to fit to, or the likelihood has no maximum.
    #[error("{} cannot be estimated: {problem}", step.name())]
    NoFit {
        /// Step.
        step: Step,
        /// Why.
        problem: String,
    },
    /// The model ranks the patients of the cohort the wrong way.
    #[error(
        "the calibration slope is {0:.3}: in this cohort the model ranks patients the wrong way. Look whether the outcome is coded the right way round (1 is refractory); if it is, no update of intercept and slope mends this"
    )]
    WrongWay(f64),
}

/// What maximum likelihood says of each step: log likelihoods and how many parameters they took, in the order of [`Step::ALL`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Likelihoods {
    pub log_likelihood: [f64; 4],
    pub parameters: [u32; 4],
    /// The likelihood of the revision has no maximum, only a limit.
    pub separated: bool,
}

impl Likelihoods {
    pub fn of(cells: &Cells, base: &Base) -> Result<Self, NoUpdate> {
        let model = &base.coefficients;
        let columns = cells.estimable(model);
        let mut separated = false;
        let mut greatest = |rows: &Rows, step: Step| -> Result<f64, NoUpdate> {
            match fit(rows, Penalty::None) {
                Ok(fit) => Ok(fit.log_likelihood),
                Err(NoFit::Separated { .. }) => {
                    separated = true;
                    let limit = NEXT_TO_NOTHING
                        .iter()
                        .find_map(|penalty| fit(rows, Penalty::Ridge(*penalty)).ok());
                    limit.map(|fit| fit.log_likelihood).ok_or_else(|| {
                        no_fit(
                            step,
                            &NoFit::Separated {
                                columns: Vec::new(),
                            },
                        )
                    })
                }
                // All patients of one pattern, or of one log odds: the slope says no more than the intercept.
                Err(NoFit::Constant { .. }) => Ok(f64::NAN),
                Err(problem) => Err(no_fit(step, &problem)),
            }
        };
        let intercept = greatest(&cells.in_the_large(model), Step::Intercept)?;
        let slope = greatest(&cells.by_log_odds(model), Step::InterceptAndSlope)?;
        let revision = greatest(&cells.by_predictors(model, &columns), Step::Revision)?;
        let has_slope = !slope.is_nan();
        Ok(Self {
            log_likelihood: [
                cells.log_likelihood(model),
                intercept,
                if has_slope { slope } else { intercept },
                revision,
            ],
            parameters: [0, 1, 1 + u32::from(has_slope), 1 + columns.len() as u32],
            separated,
        })
    }
}

fn no_fit(step: Step, problem: &NoFit) -> NoUpdate {
    NoUpdate::NoFit {
        step,
        problem: match problem {
            NoFit::Separated { .. } | NoFit::NotReached => {
                "the outcome is separated by the model's log odds, so that the likelihood has no maximum".into()
            }
            NoFit::Constant { .. } => "all patients have the same log odds".into(),
            other => other.to_string(),
        },
    }
}

/// Takes a step.
pub(super) fn update(cells: &Cells, base: &Base, step: Step) -> Result<Updated, NoUpdate> {
    let model = &base.coefficients;
    let failed = |problem: NoFit| no_fit(step, &problem);
    let updated = match step {
        Step::None => Updated {
            step,
            coefficients: *model,
            covariance: base.covariance,
            slope: None,
            penalty: None,
            effective_degrees_of_freedom: None,
        },
        Step::Intercept => {
            let fit = fit(&cells.in_the_large(model), Penalty::None).map_err(failed)?;
            of_intercept(cells, base, &fit)
        }
        Step::InterceptAndSlope => {
            let fit = fit(&cells.by_log_odds(model), Penalty::None).map_err(failed)?;
            if fit.coefficients[1] <= 0.0 {
                return Err(NoUpdate::WrongWay(fit.coefficients[1]));
            }
            of_slope(cells, base, &fit)
        }
        Step::Revision => {
            let columns = cells.estimable(model);
            let rows = cells.by_predictors(model, &columns);
            let ridge = ridge(&rows, &penalties(), Criterion::CorrectedAic).map_err(failed)?;
            of_revision(cells, base, &columns, &ridge)
        }
    };
    Ok(updated)
}

/// Weights of the patterns at a model: patients times p (1 - p).
fn weights(cells: &Cells, model: &[f64; SIZE]) -> [f64; Pattern::COUNT] {
    let mut weights = [0.0; Pattern::COUNT];
    for pattern in Pattern::all() {
        let (at, p) = (pattern.index(), inverse_logit(dot(&design(pattern), model)));
        weights[at] = (cells.events[at] + cells.others[at]) * p * (1.0 - p);
    }
    weights
}

/// `sampling + j s j'`.
fn with_original(sampling: Matrix, j: &Matrix, original: Option<&Matrix>) -> Matrix {
    let Some(s) = original else { return sampling };
    let mut sum = sampling;
    for a in 0..SIZE {
        for b in 0..SIZE {
            for k in 0..SIZE {
                for l in 0..SIZE {
                    sum[a][b] += j[a][k] * s[k][l] * j[b][l];
                }
            }
        }
    }
    sum
}

fn identity(by: f64) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| if i == j { by } else { 0.0 }))
}

fn of_intercept(cells: &Cells, base: &Base, fit: &Fit) -> Updated {
    let mut coefficients = base.coefficients;
    coefficients[0] += fit.coefficients[0];
    let weights = weights(cells, &coefficients);
    let all: f64 = weights.iter().sum();
    let mut j = identity(1.0);
    for pattern in Pattern::all() {
        for (column, x) in design(pattern).into_iter().enumerate() {
            j[0][column] -= weights[pattern.index()] * x / all;
        }
    }
    let mut sampling = [[0.0; SIZE]; SIZE];
    sampling[0][0] = fit.covariance[(0, 0)];
    Updated {
        step: Step::Intercept,
        coefficients,
        covariance: Some(with_original(sampling, &j, base.covariance.as_ref())),
        slope: None,
        penalty: None,
        effective_degrees_of_freedom: None,
    }
}

fn of_slope(cells: &Cells, base: &Base, fit: &Fit) -> Updated {
    let (shift, slope) = (fit.coefficients[0], fit.coefficients[1]);
    let mut coefficients = base.coefficients.map(|b| b * slope);
    coefficients[0] += shift;
    let weights = weights(cells, &coefficients);
    // How the score equations of shift and slope move with the original coefficients.
    let mut moved = [[0.0; SIZE]; 2];
    for pattern in Pattern::all() {
        let at = pattern.index();
        let row = design(pattern);
        let log_odds = dot(&row, &base.coefficients);
        let patients = cells.events[at] + cells.others[at];
        let residual = cells.events[at] - patients * inverse_logit(dot(&row, &coefficients));
        for column in 0..SIZE {
            moved[0][column] -= slope * weights[at] * row[column];
            moved[1][column] += (residual - slope * weights[at] * log_odds) * row[column];
        }
    }
    let v = &fit.covariance;
    // The new coefficients are the shift on the intercept and the slope on all: columns e0 and b.
    let mut j = identity(slope);
    let mut sampling = [[0.0; SIZE]; SIZE];
    let along = |i: usize| [f64::from(u8::from(i == 0)), base.coefficients[i]];
    for a in 0..SIZE {
        for b in 0..SIZE {
            for k in 0..2 {
                for l in 0..2 {
                    j[a][b] += along(a)[k] * v[(k, l)] * moved[l][b];
                    sampling[a][b] += along(a)[k] * v[(k, l)] * along(b)[l];
                }
            }
        }
    }
    Updated {
        step: Step::InterceptAndSlope,
        coefficients,
        covariance: Some(with_original(sampling, &j, base.covariance.as_ref())),
        slope: Some(slope),
        penalty: None,
        effective_degrees_of_freedom: None,
    }
}

fn of_revision(cells: &Cells, base: &Base, columns: &[usize], ridge: &Ridge) -> Updated {
    let fit = &ridge.fit;
    // The places of the fitted change among the coefficients.
    let places: Vec<usize> = std::iter::once(0)
        .chain(columns.iter().map(|column| column + 1))
        .collect();
    let mut coefficients = base.coefficients;
    for (fitted, place) in places.iter().enumerate() {
        coefficients[*place] += fit.coefficients[fitted];
    }
    let weights = weights(cells, &coefficients);
    let information = |a: usize, b: usize| -> f64 {
        let term =
            |pattern: Pattern| weights[pattern.index()] * design(pattern)[a] * design(pattern)[b];
        Pattern::all().map(term).sum()
    };
    let v: &Square = &fit.covariance;
    let mut j = identity(1.0);
    let mut sampling = [[0.0; SIZE]; SIZE];
    for (a, place_a) in places.iter().enumerate() {
        for (k, place_k) in places.iter().enumerate() {
            sampling[*place_a][*place_k] = v[(a, k)];
            for b in 0..SIZE {
                j[*place_a][b] -= v[(a, k)] * information(*place_k, b);
            }
        }
    }
    Updated {
        step: Step::Revision,
        coefficients,
        covariance: Some(with_original(sampling, &j, base.covariance.as_ref())),
        slope: None,
        penalty: Some(ridge.lambda),
        effective_degrees_of_freedom: Some(fit.effective_degrees_of_freedom + 1.0),
    }
}

/// The variance of the log odds of a pattern.
pub(super) fn variance(covariance: &Matrix, pattern: Pattern) -> f64 {
    let row = design(pattern);
    let mut sum = 0.0;
    for i in 0..SIZE {
        for k in 0..SIZE {
            sum += row[i] * covariance[i][k] * row[k];
        }
    }
    sum.max(0.0)
}

#[cfg(test)]
mod tests;
