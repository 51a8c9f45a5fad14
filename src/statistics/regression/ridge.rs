//! The ridge penalty that an information criterion chooses, as `rms::pentrace` does.

use super::{Fit, NoFit, Penalty, Rows, fit};

/// What chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Criterion {
    /// Akaike's: likelihood ratio less twice the effective degrees of freedom.
    Aic,
    /// Corrected for small samples (Hurvich and Tsai), the default of `rms::pentrace`.
    CorrectedAic,
}

/// A penalty and what it is worth.
#[derive(Debug, Clone, PartialEq)]
pub struct Ridge {
    /// The penalty.
    pub lambda: f64,
    /// Likelihood ratio of the penalised coefficients, less the criterion's price. The greatest is best.
    pub value: f64,
    /// The fit.
    pub fit: Fit,
}

/// The best of some penalties, each not negative; the smaller of two that are equally good. A penalty that has no fit (0 under
/// separation) is passed over.
///
/// # Errors
/// [`NoFit`] when none of them has a fit.
pub fn ridge(rows: &Rows, lambdas: &[f64], criterion: Criterion) -> Result<Ridge, NoFit> {
    let mut best: Option<Ridge> = None;
    let mut problem = NoFit::NoPatients;
    for lambda in lambdas {
        let penalty = if *lambda == 0.0 {
            Penalty::None
        } else {
            Penalty::Ridge(*lambda)
        };
        let fit = match fit(rows, penalty) {
            Ok(fit) => fit,
            Err(error) => {
                problem = error;
                continue;
            }
        };
        let value = value(&fit, criterion);
        if best.as_ref().is_none_or(|best| value > best.value) {
            best = Some(Ridge {
                lambda: *lambda,
                value,
                fit,
            });
        }
    }
    best.ok_or(problem)
}

fn value(fit: &Fit, criterion: Criterion) -> f64 {
    let df = fit.effective_degrees_of_freedom;
    let price = match criterion {
        Criterion::Aic => 2.0 * df,
        Criterion::CorrectedAic => 2.0 * df * (1.0 + (df + 1.0) / (fit.patients - df - 1.0)),
    };
    fit.likelihood_ratio().statistic - price
}
