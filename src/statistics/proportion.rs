//! Proportions with their uncertainty, and what a two-by-two table of test and outcome says.
//!
//! Own code: Wilson, Newcombe and the log method are a line each, and no well-kept crate has all three.

use super::{Estimate, z95};
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

/// The standard normal quantile of a probability. NaN for what is no probability.
pub fn normal_quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    Normal::standard().inverse_cdf(p)
}

/// Wilson's 95 % interval, without continuity correction. NaN when there are no patients.
pub fn wilson(events: impl Into<f64>, patients: impl Into<f64>) -> Proportion {
    let (k, n) = (events.into(), patients.into());
    let z2 = z95().powi(2);
    let centre = (k + z2 / 2.0) / (n + z2);
    let half = (z2 * (k * (n - k) / n + z2 / 4.0)).sqrt() / (n + z2);
    Proportion {
        low: (centre - half).max(0.0),
        value: k / n,
        high: (centre + half).min(1.0),
    }
}

/// How many patients with and without the outcome have a positive and a negative test.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TwoByTwo {
    /// Positive, with the outcome.
    pub true_positive: f64,
    /// Positive, without it.
    pub false_positive: f64,
    /// Negative, with it.
    pub false_negative: f64,
    /// Negative, without it.
    pub true_negative: f64,
}

/// What a [`TwoByTwo`] says. None where the patients are missing that it would be a share of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measures {
    /// Positive tests among patients with the outcome; Wilson.
    pub sensitivity: Option<Proportion>,
    /// Negative tests among patients without it; Wilson.
    pub specificity: Option<Proportion>,
    /// Patients with the outcome among positive tests (PPV); Wilson.
    pub positive_predictive_value: Option<Proportion>,
    /// Patients without the outcome among negative tests (NPV); Wilson.
    pub negative_predictive_value: Option<Proportion>,
    /// Right tests among all; Wilson.
    pub accuracy: Option<Proportion>,
    /// Sensitivity + specificity - 1, from -1 to 1. Newcombe's hybrid score interval (1998, his method 10).
    pub youden: Option<Estimate>,
    /// Sensitivity by 1 - specificity (LR+). Interval by the log method (Simel 1991), none where a cell of it is empty; no value
    /// where it is infinite (no false positive).
    pub positive_likelihood_ratio: Option<Estimate>,
    /// 1 - sensitivity by specificity (LR-); as LR+ (no value where there is no true negative).
    pub negative_likelihood_ratio: Option<Estimate>,
}

impl TwoByTwo {
    /// Everybody.
    pub fn patients(&self) -> f64 {
        self.with() + self.without()
    }

    /// With the outcome.
    pub fn with(&self) -> f64 {
        self.true_positive + self.false_negative
    }

    /// Without it.
    pub fn without(&self) -> f64 {
        self.false_positive + self.true_negative
    }

    /// Sensitivity + specificity - 1. NaN when either kind of patients is missing.
    pub fn youden(&self) -> f64 {
        self.true_positive / self.with() + self.true_negative / self.without() - 1.0
    }

    /// Every measure with its 95 % interval.
    pub fn measures(&self) -> Measures {
        let share = |k: f64, n: f64| (n > 0.0).then(|| wilson(k, n));
        let sensitivity = share(self.true_positive, self.with());
        let specificity = share(self.true_negative, self.without());
        let positive = self.true_positive + self.false_positive;
        let negative = self.false_negative + self.true_negative;
        let right = self.true_positive + self.true_negative;
        let false_positives = share(self.false_positive, self.without());
        let youden = sensitivity.zip(false_positives).map(|(a, b)| {
            let value = a.value - b.value;
            let below = (a.value - a.low).hypot(b.high - b.value);
            let above = (a.high - a.value).hypot(b.value - b.low);
            Estimate::within(value, (value - below).max(-1.0), (value + above).min(1.0))
        });
        Measures {
            sensitivity,
            specificity,
            positive_predictive_value: share(self.true_positive, positive),
            negative_predictive_value: share(self.true_negative, negative),
            accuracy: share(right, self.patients()),
            youden,
            positive_likelihood_ratio: self
                .likelihood_ratio(self.true_positive, self.false_positive),
            negative_likelihood_ratio: self
                .likelihood_ratio(self.false_negative, self.true_negative),
        }
    }

    fn likelihood_ratio(&self, with: f64, without: f64) -> Option<Estimate> {
        if !(without > 0.0 && self.with() > 0.0) {
            return None;
        }
        let value = (with / self.with()) / (without / self.without());
        if with == 0.0 {
            return Some(Estimate::alone(value));
        }
        let variance = 1.0 / with - 1.0 / self.with() + 1.0 / without - 1.0 / self.without();
        let half = z95() * variance.max(0.0).sqrt();
        Some(Estimate::within(
            value,
            value * (-half).exp(),
            value * half.exp(),
        ))
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
        assert!(normal_quantile(1.1).is_nan() && normal_quantile(f64::NAN).is_nan());
    }

    #[test]
    fn the_table_of_the_source_study() {
        let table = TwoByTwo {
            true_positive: 169.0,
            false_positive: 13.0,
            false_negative: 54.0,
            true_negative: 168.0,
        };
        let measures = table.measures();
        // spec/clinical.md section 5, test vectors.
        for (got, expected) in [
            (measures.sensitivity.unwrap().value, 0.757_848),
            (measures.specificity.unwrap().value, 0.928_177),
            (measures.positive_predictive_value.unwrap().value, 0.928_571),
            (measures.negative_predictive_value.unwrap().value, 0.756_757),
            (measures.accuracy.unwrap().value, 0.834_158),
            (measures.youden.unwrap().value, 0.686_024),
            (measures.negative_likelihood_ratio.unwrap().value, 0.260_890),
        ] {
            assert!((got - expected).abs() < 5e-7, "{got} {expected}");
        }
        let ratio = measures.positive_likelihood_ratio.unwrap();
        assert!((ratio.value - 10.551_57).abs() < 5e-6);
        assert!((table.youden() - measures.youden.unwrap().value).abs() < 1e-15);
    }

    #[test]
    fn what_has_no_denominator_has_no_value() {
        let table = TwoByTwo {
            true_positive: 0.0,
            false_positive: 0.0,
            false_negative: 3.0,
            true_negative: 5.0,
        };
        let measures = table.measures();
        assert_eq!(measures.sensitivity.unwrap().value, 0.0);
        assert_eq!(measures.positive_predictive_value, None);
        assert_eq!(measures.positive_likelihood_ratio, None);
        assert_eq!(TwoByTwo::default().measures().accuracy, None);
        let nobody_false = TwoByTwo {
            false_positive: 2.0,
            ..table
        };
        let ratio = nobody_false.measures().positive_likelihood_ratio.unwrap();
        assert_eq!((ratio.value, ratio.limits), (0.0, None));
    }
}
