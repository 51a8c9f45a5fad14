//! Means of two classes: Student's and Welch's t-test.

use crate::statistics::tails::{t_both, t_quantile};
use crate::statistics::{mean, quantile, variance};

/// The numbers of a class in short.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Class {
    /// How many.
    pub patients: usize,
    /// Mean.
    pub mean: f64,
    /// Standard deviation with n - 1.
    pub sd: f64,
    /// Lower quartile, median, upper quartile (R's type 7).
    pub quartiles: [f64; 3],
    /// Third central moment by the second to the power 3/2, both with n. Zero where all numbers are equal.
    pub skewness: f64,
}

impl Class {
    /// Of numbers, all finite.
    pub fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let n = values.len() as f64;
        let mean = mean(values);
        let moment = |power| values.iter().map(|v| (v - mean).powi(power)).sum::<f64>() / n;
        let second = moment(2);
        Self {
            patients: values.len(),
            mean,
            sd: variance(values).sqrt(),
            quartiles: [0.25, 0.5, 0.75].map(|p| quantile(&sorted, p)),
            skewness: if second > 0.0 {
                moment(3) / second.powf(1.5)
            } else {
                0.0
            },
        }
    }
}

/// A t-test of the difference of two means, first less second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TTest {
    /// Difference by its standard error.
    pub t: f64,
    /// Degrees of freedom.
    pub degrees_of_freedom: f64,
    /// Two-sided p.
    pub p: f64,
    /// Difference of the means.
    pub difference: f64,
    /// Its 95 % interval.
    pub low: f64,
    /// Upper limit.
    pub high: f64,
}

/// Student's and Welch's. None where a class has fewer than two numbers, or where neither class varies.
pub fn t_tests(first: &[f64], second: &[f64]) -> Option<(TTest, TTest)> {
    if first.len() < 2 || second.len() < 2 {
        return None;
    }
    let (n, m) = (first.len() as f64, second.len() as f64);
    let (mean_first, mean_second) = (mean(first), mean(second));
    let (a, b) = (variance(first), variance(second));
    // R's bound: below it the data are "essentially constant".
    let least = 10.0 * f64::EPSILON * mean_first.abs().max(mean_second.abs());
    let test = |error: f64, degrees_of_freedom: f64| {
        let difference = mean_first - mean_second;
        let t = difference / error;
        let half = t_quantile(0.975, degrees_of_freedom) * error;
        TTest {
            t,
            degrees_of_freedom,
            p: t_both(t, degrees_of_freedom),
            difference,
            low: difference - half,
            high: difference + half,
        }
    };
    let pooled = ((n - 1.0) * a + (m - 1.0) * b) / (n + m - 2.0);
    let student = (pooled * (1.0 / n + 1.0 / m)).sqrt();
    let (of_first, of_second) = (a / n, b / m);
    let welch = (of_first + of_second).sqrt();
    if !(welch > least && welch.is_finite()) {
        return None;
    }
    let degrees = (of_first + of_second).powi(2)
        / (of_first.powi(2) / (n - 1.0) + of_second.powi(2) / (m - 1.0));
    Some((test(student, n + m - 2.0), test(welch, degrees)))
}
