//! Logistic recalibration: intercept and slope on the logit of the prediction, together or the slope fixed at 1.

use super::super::Estimate;
use super::super::logistic::Matrix;
use super::{NoCalibration, expit, logit, softplus};
use crate::statistics::ranking::Ranked;

/// A logistic model of the outcome on the logit of the prediction: right predictions have intercept 0 and slope 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recalibration {
    /// Of the joint fit; not calibration in the large.
    pub intercept: f64,
    /// Below 1: predictions too extreme.
    pub slope: f64,
    /// Inverse of the Fisher information, intercept first.
    pub covariance: Matrix<2>,
    /// Log likelihood of the fit.
    pub log_likelihood: f64,
    /// Patients left out because their prediction is 0 or 1: its logit is infinite.
    pub left_out: f64,
}

impl Recalibration {
    /// The slope with Wald's interval.
    pub fn slope(&self) -> Estimate {
        Estimate::wald(self.slope, self.covariance[1][1].sqrt())
    }

    /// The greatest distance between a probability and what the fit makes of it, over 0, 0.0005 .. 1: Emax of CalibrationCurves.
    pub fn e_max(&self) -> f64 {
        let distance = |step: u32| {
            let p = f64::from(step) / 2000.0;
            (p - expit(self.intercept + self.slope * logit(p))).abs()
        };
        // At 0 and 1 a slope of 0 has no value; there the neighbours speak.
        let known = (0..=2000).map(distance).filter(|d| d.is_finite());
        known.fold(0.0, f64::max)
    }

    /// The intercept of the joint fit with Wald's interval.
    pub fn intercept(&self) -> Estimate {
        Estimate::wald(self.intercept, self.covariance[0][0].sqrt())
    }
}

const MOST_STEPS: usize = 50;
/// Of the square of a step in standard errors. The error that is left is of the order of its square.
const CONVERGED: f64 = 1e-14;

/// Fits intercept and slope on the logit of the prediction. Predictions of 0 and 1 are left out and counted.
///
/// # Errors
/// [`NoCalibration::NoFit`] when the predictions separate the outcome or do not differ.
pub fn recalibrate(groups: &[Ranked]) -> Result<Recalibration, NoCalibration> {
    let (mut events, mut others, mut left_out) = (0.0, 0.0, 0.0);
    let (mut with, mut without) = (Range::EMPTY, Range::EMPTY);
    let mut points = Vec::with_capacity(groups.len());
    for group in groups {
        let x = logit(group.by);
        if !x.is_finite() {
            left_out += group.events + group.others;
            continue;
        }
        events += group.events;
        others += group.others;
        if group.events > 0.0 {
            with.extend(x);
        }
        if group.others > 0.0 {
            without.extend(x);
        }
        points.push((x, group.events, group.events + group.others));
    }
    // Separated (also: all the same, or a kind of patients missing): the likelihood has no maximum, but Newton's method would stop.
    if without.high <= with.low || with.high <= without.low {
        return Err(NoCalibration::NoFit);
    }
    let mut at = [(events / others).ln(), 0.0];
    for _ in 0..MOST_STEPS {
        let (gradient, information) = derivatives(&points, at);
        let covariance = inverse(information).ok_or(NoCalibration::NoFit)?;
        let step = [
            covariance[0][0] * gradient[0] + covariance[0][1] * gradient[1],
            covariance[1][0] * gradient[0] + covariance[1][1] * gradient[1],
        ];
        at = [at[0] + step[0], at[1] + step[1]];
        // Newton's decrement: the square of the step in standard errors.
        if step[0] * gradient[0] + step[1] * gradient[1] < CONVERGED {
            let (_, information) = derivatives(&points, at);
            return Ok(Recalibration {
                intercept: at[0],
                slope: at[1],
                covariance: inverse(information).ok_or(NoCalibration::NoFit)?,
                log_likelihood: log_likelihood(&points, at),
                left_out,
            });
        }
    }
    Err(NoCalibration::NoFit)
}

/// Where numbers lie.
struct Range {
    low: f64,
    high: f64,
}

impl Range {
    const EMPTY: Self = Self {
        low: f64::INFINITY,
        high: f64::NEG_INFINITY,
    };

    fn extend(&mut self, x: f64) {
        self.low = self.low.min(x);
        self.high = self.high.max(x);
    }
}

/// Logit of the prediction, events, patients.
type Point = (f64, f64, f64);

fn derivatives(points: &[Point], [a, b]: [f64; 2]) -> ([f64; 2], Matrix<2>) {
    let (mut g0, mut g1, mut i00, mut i01, mut i11) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (x, events, patients) in points {
        let p = expit(a + b * x);
        let residual = events - patients * p;
        let weight = patients * p * (1.0 - p);
        g0 += residual;
        g1 += residual * x;
        i00 += weight;
        i01 += weight * x;
        i11 += weight * x * x;
    }
    ([g0, g1], [[i00, i01], [i01, i11]])
}

fn log_likelihood(points: &[Point], [a, b]: [f64; 2]) -> f64 {
    let of_one = |(x, events, patients): &Point| {
        let log_odds = a + b * x;
        events * log_odds - patients * softplus(log_odds)
    };
    points.iter().map(of_one).sum()
}

fn inverse([[a, b], [_, d]]: Matrix<2>) -> Option<Matrix<2>> {
    let determinant = a * d - b * b;
    (determinant > 1e-12 * a * d).then(|| {
        [
            [d / determinant, -b / determinant],
            [-b / determinant, a / determinant],
        ]
    })
}

/// Calibration in the large: the intercept with the slope fixed at 1 (0 is right; above 0: more events than predicted), with
/// Wald's interval. Predictions of 0 and 1 are left out.
///
/// # Errors
/// [`NoCalibration::NoFit`] when one kind of patients is missing.
pub fn in_the_large(groups: &[Ranked]) -> Result<Estimate, NoCalibration> {
    let points: Vec<(f64, f64)> = groups
        .iter()
        .map(|group| (logit(group.by), group.events + group.others))
        .filter(|(x, _)| x.is_finite())
        .collect();
    let finite = groups.iter().filter(|group| logit(group.by).is_finite());
    let (observed, others) = finite.fold((0.0, 0.0), |(events, others), group| {
        (events + group.events, others + group.others)
    });
    if !(observed > 0.0 && others > 0.0) {
        return Err(NoCalibration::NoFit);
    }
    let (low, high) = points
        .iter()
        .fold((f64::MAX, f64::MIN), |(low, high), (x, _)| {
            (low.min(*x), high.max(*x))
        });
    // The root lies where all patients would have their prediction at one of the ends.
    let whole = (observed / others).ln();
    let (mut low, mut high) = (whole - high - 1e-9, whole - low + 1e-9);
    let mut at = (low + high) / 2.0;
    for _ in 0..200 {
        let (mut expected, mut information) = (0.0, 0.0);
        for (x, n) in &points {
            let p = expit(at + x);
            expected += n * p;
            information += n * p * (1.0 - p);
        }
        let residual = observed - expected;
        if residual > 0.0 {
            low = at;
        } else {
            high = at;
        }
        // Newton's step, or half the bracket where that leaves it.
        let newton = at + residual / information;
        let next = if newton > low && newton < high {
            newton
        } else {
            (low + high) / 2.0
        };
        let moved = (next - at).abs();
        at = next;
        if moved <= 1e-12 * (1.0 + at.abs()) {
            return Ok(Estimate::wald(at, information.sqrt().recip()));
        }
    }
    Err(NoCalibration::NoFit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(by: f64, events: f64, others: f64) -> Ranked {
        Ranked { by, events, others }
    }

    #[test]
    fn what_has_no_finite_fit_is_said() {
        let separated = [
            group(0.2, 0.0, 9.0),
            group(0.6, 3.0, 0.0),
            group(0.7, 5.0, 0.0),
        ];
        let reversed = [group(0.2, 7.0, 0.0), group(0.6, 0.0, 3.0)];
        // Both kinds share one prediction, all others are apart.
        let touching = [
            group(0.2, 0.0, 9.0),
            group(0.6, 3.0, 2.0),
            group(0.7, 5.0, 0.0),
        ];
        let same = [group(0.4, 3.0, 5.0)];
        let one_kind = [group(0.4, 3.0, 0.0), group(0.5, 2.0, 0.0)];
        // All that is left once 0 and 1 are gone is one kind.
        let ends = [
            group(0.0, 0.0, 5.0),
            group(0.5, 2.0, 0.0),
            group(1.0, 4.0, 1.0),
        ];
        for groups in [
            &separated[..],
            &reversed,
            &touching,
            &same,
            &one_kind,
            &ends,
            &[],
        ] {
            assert_eq!(recalibrate(groups), Err(NoCalibration::NoFit), "{groups:?}");
        }
        assert_eq!(in_the_large(&one_kind), Err(NoCalibration::NoFit));
        // The intercept alone has a fit where there is no slope.
        assert!(in_the_large(&separated).is_ok() && in_the_large(&same).is_ok());
    }

    #[test]
    fn extreme_predictions_converge_too() {
        // Log odds of -700 and 30 beside ordinary ones.
        let groups = [
            group(1e-300, 1.0, 40.0),
            group(0.3, 10.0, 20.0),
            group(0.6, 20.0, 10.0),
            group(1.0 - 1e-13, 30.0, 1.0),
        ];
        let fit = recalibrate(&groups).unwrap();
        // At the maximum the fitted events are the observed ones.
        let expected =
            groups.map(|g| (g.events + g.others) * expit(fit.intercept + fit.slope * logit(g.by)));
        assert!(
            (expected.iter().sum::<f64>() - 61.0).abs() < 1e-7,
            "{fit:?}"
        );
        let large = in_the_large(&groups).unwrap().value;
        let expected = groups.map(|g| (g.events + g.others) * expit(large + logit(g.by)));
        assert!(
            (expected.iter().sum::<f64>() - 61.0).abs() < 1e-7,
            "{large}"
        );
    }
}
