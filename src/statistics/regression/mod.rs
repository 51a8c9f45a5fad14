//! Logistic regression with any number of columns on grouped rows: maximum likelihood, with an offset, with a ridge penalty, or
//! with Firth's penalty (Biometrika 1993;80:27), which stays finite where the outcome is separated.
//!
//! It is our own because it must work on counts of patients, refit thousands of resamples, and say which column separates;
//! tests/oracle compares it with R. Read [`fit`] first, then [`Fit`]. [`super::logistic`] is the same for a fixed number of columns.

mod newton;
mod profile;
mod ridge;
mod rows;
mod square;

pub use profile::{Interval, profile, without};
pub use ridge::{Criterion, Ridge, ridge};
pub use rows::Rows;
pub use square::Square;

use super::proportion::normal_quantile;
use super::{chi_squared_p, two_sided_p};
use newton::{Point, Standardised};
use square::Cholesky;

/// What is taken from the log likelihood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Penalty {
    /// Nothing: maximum likelihood.
    None,
    /// Half of this number times the sum of squares of the coefficients of the standardised columns (SD with n - 1), the
    /// intercept left free: the penalty of `rms::lrm(penalty = )` for numeric columns.
    Ridge(f64),
    /// Half the logarithm of the determinant of the information is added (Jeffreys' prior).
    Firth,
}

/// Why there is no fit. Columns are counted from 0 without the intercept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoFit {
    /// Nobody to fit to.
    #[error("there are no patients to fit a model to")]
    NoPatients,
    /// All patients have the same outcome.
    #[error("all patients have the same outcome: a model needs patients of both kinds")]
    OneClass,
    /// A column that says nothing.
    #[error("column {column} is the same for all patients: leave it out")]
    Constant {
        /// Which.
        column: usize,
    },
    /// A column that the others tell.
    #[error("column {column} follows from the columns before it: leave it out")]
    Dependent {
        /// Which.
        column: usize,
    },
    /// A value that is no number.
    #[error("column {column} holds a value that is not finite")]
    NotFinite {
        /// Which.
        column: usize,
    },
    /// An offset that is no number.
    #[error("the offset of row {row} is not finite: leave out probabilities of 0 and 1")]
    OffsetNotFinite {
        /// Row, from 0.
        row: usize,
    },
    /// The maximum was not found.
    #[error(
        "the maximum of the penalised likelihood was not reached: a greater penalty, or fewer columns, may help"
    )]
    NotReached,
    /// The likelihood has no maximum.
    #[error("the outcome is separated by columns {columns:?}: use Firth's penalty")]
    Separated {
        /// The columns whose coefficients have no end.
        columns: Vec<usize>,
    },
}

impl NoFit {
    /// The same for people, with the names of the columns.
    pub fn named(&self, names: &[String]) -> String {
        let name = |column: &usize| names.get(*column).map_or("?", String::as_str);
        match self {
            Self::Constant { column } => {
                let name = name(column);
                format!("{name} is the same for all patients: leave it out")
            }
            Self::Dependent { column } => {
                let name = name(column);
                format!("{name} follows from the variables before it: leave one of them out")
            }
            Self::NotFinite { column } => {
                format!("{} holds a value that is not finite", name(column))
            }
            Self::Separated { columns } => {
                let names: Vec<&str> = columns.iter().map(name).collect();
                format!(
                    "{} separates the outcome: its odds ratio has no finite estimate; Firth's penalty gives one",
                    match names.as_slice() {
                        [] => "a combination of the variables".to_owned(),
                        names => names.join(" with "),
                    }
                )
            }
            other => other.to_string(),
        }
    }
}

/// A test by a chi-squared distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Test {
    /// Chi-squared.
    pub statistic: f64,
    /// Degrees of freedom.
    pub degrees_of_freedom: f64,
    /// The probability of a statistic as great, or greater.
    pub p: f64,
}

impl Test {
    pub(crate) fn new(statistic: f64, degrees_of_freedom: f64) -> Self {
        Self {
            statistic,
            degrees_of_freedom,
            p: chi_squared_p(statistic, degrees_of_freedom),
        }
    }
}

/// A fit. Coefficients are log odds; the intercept comes first, so that column `i` of the rows has coefficient `i + 1`.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// How it was fitted.
    pub penalty: Penalty,
    /// Coefficients.
    pub coefficients: Vec<f64>,
    /// Their covariance: the inverse of the information; with a ridge that of the penalised information.
    pub covariance: Square,
    /// Log likelihood at the coefficients, without the penalty and the binomial constants.
    pub log_likelihood: f64,
    /// With the penalty.
    pub penalised_log_likelihood: f64,
    /// Log likelihood of the intercept (and the offset) alone, without penalty.
    pub null_log_likelihood: f64,
    /// How many coefficients the fit is worth beside the intercept: their number, or less with a ridge.
    pub effective_degrees_of_freedom: f64,
    /// Patients.
    pub patients: f64,
    /// Patients with the outcome.
    pub events: f64,
}

/// Fits a model.
///
/// # Errors
/// [`NoFit`]: says which column is at fault.
pub fn fit(rows: &Rows, penalty: Penalty) -> Result<Fit, NoFit> {
    let problem = Standardised::new(rows, penalty)?;
    let point = problem.maximum(start(rows), &[])?;
    finish(rows, penalty, &problem, point)
}

/// Nothing but the share of events.
fn start(rows: &Rows) -> Vec<f64> {
    let mut start = vec![0.0; rows.width() + 1];
    let (events, others): (f64, f64) = (rows.events().iter().sum(), rows.others().iter().sum());
    if rows.offset().iter().all(|offset| *offset == 0.0) {
        start[0] = (events / others).ln();
    }
    start
}

fn finish(
    rows: &Rows,
    penalty: Penalty,
    problem: &Standardised,
    point: Point,
) -> Result<Fit, NoFit> {
    let penalised = problem.penalised(&point.information);
    let factor = Cholesky::of(&penalised).map_err(|place| NoFit::Separated {
        columns: place.checked_sub(1).into_iter().collect(),
    })?;
    let covariance = factor.inverse();
    let size = point.at.len();
    let effective_degrees_of_freedom = match penalty {
        Penalty::Ridge(_) => point.information.trace_of_product(&covariance, 1..size),
        Penalty::None | Penalty::Firth => (size - 1) as f64,
    };
    let mut coefficients = point.at;
    let mut slope = Square::zeros(size);
    slope[(0, 0)] = 1.0;
    for (column, (centre, scale)) in problem.centre.iter().zip(&problem.scale).enumerate() {
        coefficients[column + 1] /= scale;
        coefficients[0] -= coefficients[column + 1] * centre;
        slope[(0, column + 1)] = -centre / scale;
        slope[(column + 1, column + 1)] = 1.0 / scale;
    }
    Ok(Fit {
        penalty,
        covariance: sandwiched(&slope, &covariance),
        coefficients,
        log_likelihood: point.log_likelihood,
        penalised_log_likelihood: point.objective,
        null_log_likelihood: null_log_likelihood(rows)?,
        effective_degrees_of_freedom,
        patients: rows.events().iter().chain(rows.others()).sum(),
        events: rows.events().iter().sum(),
    })
}

/// `a * b * transpose(a)`.
fn sandwiched(a: &Square, b: &Square) -> Square {
    let size = a.size();
    let mut left = Square::zeros(size);
    for i in 0..size {
        for j in 0..size {
            left[(i, j)] = (0..size).map(|k| a[(i, k)] * b[(k, j)]).sum();
        }
    }
    let mut product = Square::zeros(size);
    for i in 0..size {
        for j in 0..size {
            product[(i, j)] = (0..size).map(|k| left[(i, k)] * a[(j, k)]).sum();
        }
    }
    product
}

fn null_log_likelihood(rows: &Rows) -> Result<f64, NoFit> {
    if rows.offset().iter().all(|offset| *offset == 0.0) {
        let (events, others): (f64, f64) = (rows.events().iter().sum(), rows.others().iter().sum());
        let all = events + others;
        return Ok(events * (events / all).ln() + others * (others / all).ln());
    }
    let alone = rows.with_columns(&[]);
    let problem = Standardised::new(&alone, Penalty::None)?;
    Ok(problem.maximum(vec![0.0], &[])?.log_likelihood)
}

impl Fit {
    /// The standard error of a coefficient; 0 is the intercept.
    pub fn standard_error(&self, coefficient: usize) -> f64 {
        self.covariance[(coefficient, coefficient)].sqrt()
    }

    /// Wald's test of a coefficient.
    pub fn wald(&self, coefficient: usize) -> Test {
        let z = self.coefficients[coefficient] / self.standard_error(coefficient);
        Test {
            statistic: z * z,
            degrees_of_freedom: 1.0,
            p: two_sided_p(z),
        }
    }

    /// Wald's interval of a coefficient, of a level such as 0.95.
    pub fn wald_interval(&self, coefficient: usize, level: f64) -> Interval {
        let half = normal_quantile(0.5 + level / 2.0) * self.standard_error(coefficient);
        Interval {
            low: self.coefficients[coefficient] - half,
            high: self.coefficients[coefficient] + half,
        }
    }

    /// The likelihood ratio test of all columns against the intercept alone. Only of maximum likelihood does it have its level.
    pub fn likelihood_ratio(&self) -> Test {
        Test::new(
            2.0 * (self.log_likelihood - self.null_log_likelihood),
            self.effective_degrees_of_freedom,
        )
    }

    /// The likelihood ratio test of the columns that this fit has beyond a smaller one of the same patients.
    pub fn beyond(&self, smaller: &Self) -> Test {
        Test::new(
            (2.0 * (self.log_likelihood - smaller.log_likelihood)).max(0.0),
            self.effective_degrees_of_freedom - smaller.effective_degrees_of_freedom,
        )
    }

    /// The log odds of a row, without an offset.
    pub fn log_odds(&self, x: &[f64]) -> f64 {
        let slopes = self.coefficients[1..].iter().zip(x);
        self.coefficients[0] + slopes.map(|(b, x)| b * x).sum::<f64>()
    }

    /// The probability of a row, without an offset.
    pub fn probability(&self, x: &[f64]) -> f64 {
        1.0 / (1.0 + (-self.log_odds(x)).exp())
    }
}

#[cfg(test)]
mod tests;
