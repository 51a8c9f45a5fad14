//! Intervals and tests by profile likelihood: a coefficient is held, the others are fitted again. With Firth's penalty this is
//! what `logistf` does, and it keeps its level where Wald's interval does not.

use super::newton::Standardised;
use super::{Fit, NoFit, Rows, Test};
use crate::statistics::proportion::normal_quantile;

/// An interval on the log odds scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower limit; negative infinity where there is none.
    pub low: f64,
    /// Upper limit; infinity where there is none.
    pub high: f64,
}

/// The likelihood ratio test that the coefficients of some columns are all zero, by the penalised likelihood of the fit. Columns
/// count from 0 without the intercept.
///
/// # Errors
/// [`NoFit`] when the other columns cannot be fitted.
pub fn without(rows: &Rows, fit: &Fit, columns: &[usize]) -> Result<Test, NoFit> {
    let problem = Standardised::new(rows, fit.penalty)?;
    let top = problem.maximum(standardised(&problem, fit), &[])?;
    let held: Vec<usize> = columns.iter().map(|column| column + 1).collect();
    let mut start = top.at.clone();
    for place in &held {
        start[*place] = 0.0;
    }
    let rest = problem.maximum(start, &held)?;
    let statistic = 2.0 * (top.objective - rest.objective);
    Ok(Test::new(statistic.max(0.0), columns.len() as f64))
}

/// The coefficients of a fit on the standardised columns.
fn standardised(problem: &Standardised, fit: &Fit) -> Vec<f64> {
    let mut at = fit.coefficients.clone();
    for (column, (centre, scale)) in problem.centre.iter().zip(&problem.scale).enumerate() {
        at[0] += at[column + 1] * centre;
        at[column + 1] *= scale;
    }
    at
}

/// Doublings of the way from the maximum before a limit counts as infinite.
const MOST_DOUBLINGS: usize = 12;
const MOST_STEPS: usize = 100;

/// The interval of a column's coefficient, and the likelihood ratio test that it is zero, by the penalised likelihood of the fit.
/// `column` counts from 0 without the intercept; `level` is such as 0.95.
///
/// # Errors
/// [`NoFit`] when the other columns cannot be fitted.
pub fn profile(
    rows: &Rows,
    fit: &Fit,
    column: usize,
    level: f64,
) -> Result<(Interval, Test), NoFit> {
    let problem = Standardised::new(rows, fit.penalty)?;
    let held = column + 1;
    // From the same arithmetic as the profile, so that their difference is zero at the maximum.
    let top = problem.maximum(standardised(&problem, fit), &[])?;
    let drop = |start: &[f64], value: f64| -> Result<(f64, Vec<f64>), NoFit> {
        let mut start = start.to_vec();
        start[held] = value;
        let point = problem.maximum(start, &[held])?;
        Ok((2.0 * (top.objective - point.objective), point.at))
    };
    let allowed = normal_quantile(0.5 + level / 2.0).powi(2);
    let error = fit.standard_error(held) * problem.scale[column];
    let centre = top.at[held];
    let limit = |direction: f64| -> Result<f64, NoFit> {
        let (mut inner, mut inner_drop, mut near) = (centre, -allowed, top.at.clone());
        let mut way = direction * error * allowed.sqrt();
        let mut outer = None;
        for _ in 0..MOST_DOUBLINGS {
            let (drop, at) = drop(&near, centre + way)?;
            near = at;
            if drop > allowed {
                outer = Some((centre + way, drop - allowed));
                break;
            }
            (inner, inner_drop) = (centre + way, drop - allowed);
            way *= 2.0;
        }
        let Some((mut outer, mut outer_drop)) = outer else {
            return Ok(direction * f64::INFINITY);
        };
        // Regula falsi with the Illinois correction: the bracket never opens.
        let mut side = 0;
        for _ in 0..MOST_STEPS {
            let middle = (inner * outer_drop - outer * inner_drop) / (outer_drop - inner_drop);
            let (drop, at) = drop(&near, middle)?;
            near = at;
            let rest = drop - allowed;
            if rest.abs() < 1e-10 || (outer - inner).abs() < 1e-12 * error {
                return Ok(middle);
            }
            if rest > 0.0 {
                (outer, outer_drop) = (middle, rest);
                if side == 1 {
                    inner_drop /= 2.0;
                }
                side = 1;
            } else {
                (inner, inner_drop) = (middle, rest);
                if side == -1 {
                    outer_drop /= 2.0;
                }
                side = -1;
            }
        }
        Ok((inner + outer) / 2.0)
    };
    let scale = problem.scale[column];
    let interval = Interval {
        low: limit(-1.0)? / scale,
        high: limit(1.0)? / scale,
    };
    let (statistic, _) = drop(&top.at, 0.0)?;
    Ok((interval, Test::new(statistic.max(0.0), 1.0)))
}
