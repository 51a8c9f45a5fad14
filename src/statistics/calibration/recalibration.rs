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
/// A coefficient beyond this is infinite in all but name.
const LARGEST_COEFFICIENT: f64 = 1e4;

/// Fits intercept and slope on the logit of the prediction. Predictions of 0 and 1 are left out and counted.
///
/// # Errors
/// [`NoCalibration::NoFit`] when the predictions separate the outcome or do not differ.
pub fn recalibrate(groups: &[Ranked]) -> Result<Recalibration, NoCalibration> {
    let (mut events, mut others, mut left_out) = (0.0, 0.0, 0.0);
    let mut points = Vec::with_capacity(groups.len());
    for group in groups {
        let x = logit(group.by);
        if x.is_finite() {
            events += group.events;
            others += group.others;
            points.push((x, group.events, group.events + group.others));
        } else {
            left_out += group.events + group.others;
        }
    }
    if !(events > 0.0 && others > 0.0) {
        return Err(NoCalibration::NoFit);
    }
    let mut at = [(events / others).ln(), 0.0];
    for _ in 0..MOST_STEPS {
        let (gradient, information, log_likelihood) = derivatives(&points, at);
        let covariance = inverse(information).ok_or(NoCalibration::NoFit)?;
        let step = [
            covariance[0][0] * gradient[0] + covariance[0][1] * gradient[1],
            covariance[1][0] * gradient[0] + covariance[1][1] * gradient[1],
        ];
        // Newton's decrement: twice what the likelihood can still gain.
        let decrement = step[0] * gradient[0] + step[1] * gradient[1];
        at = [at[0] + step[0], at[1] + step[1]];
        if !at.iter().all(|c| c.abs() < LARGEST_COEFFICIENT) {
            return Err(NoCalibration::NoFit);
        }
        if decrement < 1e-16 * (1.0 + log_likelihood.abs()) {
            let (_, information, log_likelihood) = derivatives(&points, at);
            return Ok(Recalibration {
                intercept: at[0],
                slope: at[1],
                covariance: inverse(information).ok_or(NoCalibration::NoFit)?,
                log_likelihood,
                left_out,
            });
        }
    }
    Err(NoCalibration::NoFit)
}

type Point = (f64, f64, f64);

fn derivatives(points: &[Point], [a, b]: [f64; 2]) -> ([f64; 2], Matrix<2>, f64) {
    let (mut g0, mut g1, mut i00, mut i01, mut i11, mut log_likelihood) =
        (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    for (x, events, patients) in points {
        let log_odds = a + b * x;
        let p = expit(log_odds);
        let residual = events - patients * p;
        let weight = patients * p * (1.0 - p);
        g0 += residual;
        g1 += residual * x;
        i00 += weight;
        i01 += weight * x;
        i11 += weight * x * x;
        log_likelihood += events * log_odds - patients * softplus(log_odds);
    }
    ([g0, g1], [[i00, i01], [i01, i11]], log_likelihood)
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
    let points = || {
        let points = groups.iter().map(|g| (logit(g.by), g));
        points.filter(|(x, _)| x.is_finite())
    };
    let (mut low, mut high, mut observed, mut patients) = (f64::MAX, f64::MIN, 0.0, 0.0);
    for (x, group) in points() {
        low = low.min(x);
        high = high.max(x);
        observed += group.events;
        patients += group.events + group.others;
    }
    if !(observed > 0.0 && observed < patients) {
        return Err(NoCalibration::NoFit);
    }
    // The root lies where all patients would have their prediction at one of the ends.
    let whole = (observed / (patients - observed)).ln();
    let (mut low, mut high) = (whole - high - 1e-9, whole - low + 1e-9);
    let mut at = (low + high) / 2.0;
    for _ in 0..200 {
        let (mut expected, mut information) = (0.0, 0.0);
        for (x, group) in points() {
            let p = expit(at + x);
            let n = group.events + group.others;
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
