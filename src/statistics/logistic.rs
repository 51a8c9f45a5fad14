//! Logistic regression by maximum likelihood (Newton's method, which for this model is IRLS) on grouped data: rows that share
//! their predictors are one row with a count.

// Matrices by index, as the formulas are written.
#![allow(clippy::needless_range_loop)]

/// Patients that share their predictors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Group<const N: usize> {
    /// The row of the design matrix; the first column is 1 for the intercept.
    pub row: [f64; N],
    /// With the outcome.
    pub events: f64,
    /// In all.
    pub patients: f64,
}

/// A symmetric matrix.
pub type Matrix<const N: usize> = [[f64; N]; N];

/// A fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit<const N: usize> {
    /// Coefficients, log odds.
    pub coefficients: [f64; N],
    /// Their covariance: the inverse of the Fisher information.
    pub covariance: Matrix<N>,
    /// Log likelihood without the binomial constants.
    pub log_likelihood: f64,
}

/// There is no finite maximum of the likelihood, or none was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the logistic model has no finite fit: the outcome is separated by the predictors, or the columns depend on each other"
)]
pub struct NoFit;

const MOST_STEPS: usize = 50;
const SMALLEST_STEP: f64 = 1e-10;
/// A log odds ratio beyond this is infinite in all but name.
const LARGEST_COEFFICIENT: f64 = 25.0;

/// Fits a model.
///
/// # Errors
/// [`NoFit`] under separation, or when the columns are linearly dependent.
pub fn fit<const N: usize>(groups: &[Group<N>]) -> Result<Fit<N>, NoFit> {
    let mut coefficients = [0.0; N];
    for _ in 0..MOST_STEPS {
        let (gradient, information, _) = derivatives(groups, &coefficients);
        let factor = cholesky(&information).ok_or(NoFit)?;
        let step = solve(&factor, gradient);
        let mut largest = 0.0_f64;
        for (coefficient, step) in coefficients.iter_mut().zip(step) {
            *coefficient += step;
            largest = largest.max(step.abs());
        }
        let is_finite = |c: &f64| c.is_finite() && c.abs() < LARGEST_COEFFICIENT;
        if !coefficients.iter().all(is_finite) {
            return Err(NoFit);
        }
        if largest < SMALLEST_STEP {
            let (_, information, log_likelihood) = derivatives(groups, &coefficients);
            let factor = cholesky(&information).ok_or(NoFit)?;
            return Ok(Fit {
                coefficients,
                covariance: inverse(&factor),
                log_likelihood,
            });
        }
    }
    Err(NoFit)
}

/// Gradient, information and log likelihood.
fn derivatives<const N: usize>(
    groups: &[Group<N>],
    coefficients: &[f64; N],
) -> ([f64; N], Matrix<N>, f64) {
    let mut gradient = [0.0; N];
    let mut information = [[0.0; N]; N];
    let mut log_likelihood = 0.0;
    for group in groups.iter().filter(|group| group.patients > 0.0) {
        let log_odds: f64 = group.row.iter().zip(coefficients).map(|(x, b)| x * b).sum();
        let probability = 1.0 / (1.0 + (-log_odds).exp());
        let residual = group.events - group.patients * probability;
        let weight = group.patients * probability * (1.0 - probability);
        // ln(1 + e^x) without overflow.
        let softplus = log_odds.max(0.0) + (-log_odds.abs()).exp().ln_1p();
        log_likelihood += group.events * log_odds - group.patients * softplus;
        for i in 0..N {
            gradient[i] += group.row[i] * residual;
            for j in 0..=i {
                information[i][j] += weight * group.row[i] * group.row[j];
            }
        }
    }
    for i in 0..N {
        for j in i + 1..N {
            information[i][j] = information[j][i];
        }
    }
    (gradient, information, log_likelihood)
}

/// Lower triangle `l` with `l * transpose(l)` equal to the matrix; none where it is not positive definite.
pub fn cholesky<const N: usize>(matrix: &Matrix<N>) -> Option<Matrix<N>> {
    let mut l = [[0.0; N]; N];
    for i in 0..N {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| l[i][k] * l[j][k]).sum();
            let rest = matrix[i][j] - sum;
            l[i][j] = if i == j {
                // Relative to the entry: what rounding leaves of a dependent column is no pivot.
                if !(rest > 1e-12 * matrix[i][i].abs() && rest.is_finite()) {
                    return None;
                }
                rest.sqrt()
            } else {
                rest / l[j][j]
            };
        }
    }
    Some(l)
}

/// Solves for a matrix given by its Cholesky factor.
fn solve<const N: usize>(l: &Matrix<N>, mut b: [f64; N]) -> [f64; N] {
    for i in 0..N {
        let sum: f64 = (0..i).map(|k| l[i][k] * b[k]).sum();
        b[i] = (b[i] - sum) / l[i][i];
    }
    for i in (0..N).rev() {
        let sum: f64 = (i + 1..N).map(|k| l[k][i] * b[k]).sum();
        b[i] = (b[i] - sum) / l[i][i];
    }
    b
}

/// The inverse of a matrix given by its Cholesky factor.
fn inverse<const N: usize>(l: &Matrix<N>) -> Matrix<N> {
    let mut inverse = [[0.0; N]; N];
    for j in 0..N {
        let mut unit = [0.0; N];
        unit[j] = 1.0;
        let column = solve(l, unit);
        for i in 0..N {
            inverse[i][j] = column[i];
        }
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(x: f64, events: f64, patients: f64) -> Group<2> {
        Group {
            row: [1.0, x],
            events,
            patients,
        }
    }

    #[test]
    fn a_two_by_two_table_gives_its_log_odds_ratio_and_woolfs_variance() {
        // FDG in the source study: 162 of 173 against 61 of 231.
        let fit = fit(&[group(0.0, 61.0, 231.0), group(1.0, 162.0, 173.0)]).unwrap();
        let log_odds = |events: f64, patients: f64| (events / (patients - events)).ln();
        assert!((fit.coefficients[0] - log_odds(61.0, 231.0)).abs() < 1e-9);
        let expected = log_odds(162.0, 173.0) - log_odds(61.0, 231.0);
        assert!((fit.coefficients[1] - expected).abs() < 1e-9);
        let woolf = 1.0 / 162.0 + 1.0 / 11.0 + 1.0 / 61.0 + 1.0 / 170.0;
        assert!((fit.covariance[1][1] - woolf).abs() < 1e-9);
        let likelihood = |k: f64, n: f64| k * (k / n).ln() + (n - k) * (1.0 - k / n).ln();
        let expected = likelihood(61.0, 231.0) + likelihood(162.0, 173.0);
        assert!((fit.log_likelihood - expected).abs() < 1e-8);
    }

    #[test]
    fn what_cannot_be_fitted_is_said() {
        // Separated; a constant column; a column twice; nobody.
        assert!(fit(&[group(0.0, 0.0, 5.0), group(1.0, 5.0, 5.0)]).is_err());
        assert!(fit(&[group(1.0, 2.0, 5.0)]).is_err());
        assert!(fit::<2>(&[]).is_err());
        assert!(fit(&[group(0.0, 2.0, 5.0), group(1.0, 5.0, 5.0)]).is_err());
    }
}
