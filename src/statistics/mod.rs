//! Statistics, pure: numbers in, numbers out. Knows no patients, no files and no model of ours.
//!
//! Distributions come from `statrs`, checked against R far into their tails (1e-9 relative; the normal to 1e-10, chi-squared to 1e-13),
//! random numbers from `rand` and its family, threads from `rayon`. The rest is our own because no well-kept library has it in the
//! form that is needed: logistic fits on counts of patterns (milliseconds for thousands of fits), DeLong's variance and test, the
//! figures of `rms::val.prob`, lowess and loess as R computes them, net benefit, tests with ties and corrections as R has them,
//! split R-hat, and effective sample size.
//!
//! What can be compared is compared with R: tests/oracle. Patients that share what matters are one group with counts
//! ([`ranking::Ranked`] is the type to read first), so that the cost is that of the groups; a million groups of one work too.

pub mod bootstrap;
pub mod calibration;
pub mod convergence;
pub mod decision;
pub mod hypothesis;
pub mod loess;
pub mod logistic;
pub mod proportion;
pub mod ranking;
pub mod regression;
pub mod roc;
pub mod smooth;
pub mod tails;

use statrs::distribution::{ChiSquared, ContinuousCDF, Normal};

/// A number with the limits of its 95 % interval, where it has one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// Lower and upper limit; the method is told where the estimate is.
    pub limits: Option<[f64; 2]>,
}

impl Estimate {
    /// A number without an interval.
    pub fn alone(value: f64) -> Self {
        Self {
            value,
            limits: None,
        }
    }

    /// A number with its limits.
    pub fn within(value: f64, low: f64, high: f64) -> Self {
        Self {
            value,
            limits: Some([low, high]),
        }
    }

    /// Wald's interval: 1.96 standard errors to both sides. Without an interval where the standard error is not finite.
    pub fn wald(value: f64, standard_error: f64) -> Self {
        if !standard_error.is_finite() {
            return Self::alone(value);
        }
        let half = z95() * standard_error;
        Self::within(value, value - half, value + half)
    }
}

/// Standard errors to each side of a 95 % interval: the 0.975 quantile of the standard normal distribution.
pub fn z95() -> f64 {
    1.959_963_984_540_054
}

/// The two-sided p of a standard normal deviate.
pub fn two_sided_p(z: f64) -> f64 {
    2.0 * Normal::standard().cdf(-z.abs())
}

/// The upper tail of a chi-squared distribution. NaN for degrees of freedom that are none.
pub fn chi_squared_p(statistic: f64, degrees: f64) -> f64 {
    if statistic.is_nan() {
        return f64::NAN;
    }
    if statistic <= 0.0 {
        return 1.0;
    }
    ChiSquared::new(degrees).map_or(f64::NAN, |distribution| distribution.sf(statistic))
}

/// Quantile by linear interpolation between order statistics (type 7, the default of R).
///
/// `sorted` must be in ascending order and not empty; `p` lies in 0 to 1. NaN when it is empty.
pub fn quantile(sorted: &[f64], p: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let at = p * last as f64;
    let (below, part) = (at.floor() as usize, at.fract());
    let above = (below + 1).min(last);
    sorted[below.min(last)] * (1.0 - part) + sorted[above] * part
}

/// Mean. NaN when there are no values.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Variance with n - 1. NaN with fewer than two values.
pub fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    squares / (values.len() as f64 - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_gives_none() {
        assert!(two_sided_p(f64::NAN).is_nan());
        assert!(chi_squared_p(f64::NAN, 1.0).is_nan());
        assert!(chi_squared_p(1.0, 0.0).is_nan());
        assert_eq!(chi_squared_p(f64::INFINITY, 2.0), 0.0);
        assert_eq!(two_sided_p(f64::INFINITY), 0.0);
        let wald = Estimate::wald(1.0, f64::INFINITY);
        assert_eq!(wald.limits, None);
    }

    #[test]
    fn quantiles_are_those_of_r() {
        // R: quantile(c(1, 2, 4, 8), c(0, .025, .5, .9, 1))
        let sorted = [1.0, 2.0, 4.0, 8.0];
        for (p, expected) in [
            (0.0, 1.0),
            (0.025, 1.075),
            (0.5, 3.0),
            (0.9, 6.8),
            (1.0, 8.0),
        ] {
            assert!((quantile(&sorted, p) - expected).abs() < 1e-12, "{p}");
        }
        assert!(quantile(&[], 0.5).is_nan());
        assert!((variance(&sorted) - 9.583_333_333_333_334).abs() < 1e-12);
    }
}
