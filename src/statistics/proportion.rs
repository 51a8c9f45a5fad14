//! Proportions with their uncertainty.

use statrs::distribution::{ContinuousCDF, Normal};

/// A proportion with the limits of its 95 % interval, all from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proportion {
    /// Lower limit.
    pub low: f64,
    /// Events by patients.
    pub value: f64,
    /// Upper limit.
    pub high: f64,
}

/// The standard normal quantile of a probability.
pub fn normal_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

/// Wilson's 95 % interval, without continuity correction. NaN when there are no patients.
pub fn wilson(events: u32, patients: u32) -> Proportion {
    let (k, n) = (f64::from(events), f64::from(patients));
    let z2 = normal_quantile(0.975).powi(2);
    let centre = (k + z2 / 2.0) / (n + z2);
    let half = (z2 * (k * (n - k) / n + z2 / 4.0)).sqrt() / (n + z2);
    Proportion {
        low: (centre - half).max(0.0),
        value: k / n,
        high: (centre + half).min(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_of_the_source_study() {
        // spec/clinical.md, "Performance at >= 10", in per cent with one digit; R: prop.test(x, n, correct = FALSE).
        for (events, patients, value, low, high) in [
            (169, 223, 75.8, 69.8, 80.9),
            (168, 181, 92.8, 88.1, 95.8),
            (169, 182, 92.9, 88.2, 95.8),
            (168, 222, 75.7, 69.6, 80.9),
            (54, 222, 24.3, 19.1, 30.4),
            (7, 9, 77.8, 45.3, 93.7),
        ] {
            let interval = wilson(events, patients);
            for (got, expected) in [
                (interval.low, low),
                (interval.value, value),
                (interval.high, high),
            ] {
                assert!(
                    (got * 100.0 - expected).abs() < 0.0501,
                    "{events}/{patients}: {got} {expected}"
                );
            }
        }
        assert_eq!(wilson(0, 10).low, 0.0);
        assert_eq!(wilson(10, 10).high, 1.0);
        assert!(wilson(0, 0).value.is_nan());
    }
}
