//! Whether predicted probabilities are right: all figures of `rms::val.prob`, calibration in the large and slope with intervals,
//! observed to expected, Brier. `by` of every group is a probability here.
//!
//! Own code: no well-kept crate has these. Where packages define a figure differently, each is given under its name.

use super::logistic::Matrix;
use super::ranking::{NoRanking, Ranked, ranked, totals};
use super::smooth::lowess;
use super::{Estimate, chi_squared_p, two_sided_p, z95};

/// Why calibration cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoCalibration {
    /// The patients do not allow it.
    #[error(transparent)]
    Ranking(#[from] NoRanking),
    /// A probability is none.
    #[error(
        "a prediction is not a probability from 0 to 1: give probabilities, not points or log odds"
    )]
    NotAProbability,
    /// The logistic recalibration has no finite fit.
    #[error(
        "no recalibration can be fitted: the predictions separate the outcome, or do not differ"
    )]
    NoFit,
}

/// Groups in ascending order of their probability, one for each.
///
/// # Errors
/// [`NoCalibration`] when a kind of patients is missing, or a number is no probability.
pub fn predictions(groups: &[Ranked]) -> Result<Vec<Ranked>, NoCalibration> {
    let groups = ranked(groups.to_vec())?;
    let is_probability = |group: &Ranked| (0.0..=1.0).contains(&group.by);
    match groups.iter().all(is_probability) {
        true => Ok(groups),
        false => Err(NoCalibration::NotAProbability),
    }
}

fn logit(p: f64) -> f64 {
    p.ln() - (-p).ln_1p()
}

fn expit(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// ln(1 + e^x) without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

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
            return Ok(Recalibration {
                intercept: at[0],
                slope: at[1],
                covariance,
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

/// Observed by expected events, with a 95 % interval on the log scale: the variance of ln(O/E) is (1 - O/n) / O (Debray 2017).
/// None where nothing is observed or expected.
pub fn observed_to_expected(groups: &[Ranked]) -> Option<Estimate> {
    let (events, others) = totals(groups);
    let expected: f64 = groups.iter().map(|g| g.by * (g.events + g.others)).sum();
    if !(events > 0.0 && expected > 0.0) {
        return None;
    }
    let ratio = events / expected;
    let half = z95() * ((others / (events + others)) / events).sqrt();
    Some(Estimate::within(
        ratio,
        ratio * (-half).exp(),
        ratio * half.exp(),
    ))
}

/// The mean squared distance of prediction and outcome.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Brier {
    /// 0 is perfect.
    pub score: f64,
    /// Of the prevalence as everybody's prediction.
    pub null: f64,
    /// 1 - score / null: 1 is perfect, 0 no better than the prevalence. None where everybody has the same outcome.
    pub scaled: Option<f64>,
}

/// The Brier score.
pub fn brier(groups: &[Ranked]) -> Brier {
    let (events, others) = totals(groups);
    let squares = |g: &Ranked| g.events * (1.0 - g.by).powi(2) + g.others * g.by.powi(2);
    let score = groups.iter().map(squares).sum::<f64>() / (events + others);
    let prevalence = events / (events + others);
    let null = prevalence * (1.0 - prevalence);
    Brier {
        score,
        null,
        scaled: (null > 0.0).then(|| 1.0 - score / null),
    }
}

/// Spiegelhalter's z (1986) and its two-sided p: whether the Brier score is what the predictions promise. None where every
/// prediction is 0, 0.5 or 1.
pub fn spiegelhalter(groups: &[Ranked]) -> Option<(f64, f64)> {
    let (mut distance, mut variance) = (0.0, 0.0);
    for group in groups {
        let (p, n) = (group.by, group.events + group.others);
        distance += (group.events - n * p) * (1.0 - 2.0 * p);
        variance += n * (1.0 - 2.0 * p).powi(2) * p * (1.0 - p);
    }
    let z = distance / variance.sqrt();
    (variance > 0.0).then(|| (z, two_sided_p(z)))
}

/// The distances of predictions from a calibration curve, over patients.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distances {
    /// Greatest.
    pub e_max: f64,
    /// 0.9 quantile (type 7).
    pub e_90: f64,
    /// Mean.
    pub e_average: f64,
}

/// Distances of the predictions of groups from a curve with a value for each.
pub fn distances(groups: &[Ranked], curve: &[f64]) -> Distances {
    let mut apart: Vec<(f64, f64)> = groups
        .iter()
        .zip(curve)
        .map(|(group, smooth)| ((group.by - smooth).abs(), group.events + group.others))
        .collect();
    apart.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let patients: f64 = apart.iter().map(|(_, n)| n).sum();
    // The distance of the patient at a place in ascending order, from 0.
    let of_patient = |place: f64| {
        let mut before = 0.0;
        let found = apart.iter().find(|(_, n)| {
            before += n;
            before > place
        });
        found
            .or(apart.last())
            .map_or(f64::NAN, |(distance, _)| *distance)
    };
    let at = 0.9 * (patients - 1.0);
    let (below, above) = (of_patient(at.floor()), of_patient(at.ceil()));
    Distances {
        e_max: apart.last().map_or(f64::NAN, |(distance, _)| *distance),
        e_90: below + (above - below) * at.fract(),
        e_average: apart.iter().map(|(d, n)| d * n).sum::<f64>() / patients,
    }
}

/// The figures of `rms::val.prob`, under its names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValProb {
    /// Somers' Dxy: 2 (C - 0.5).
    pub dxy: f64,
    /// `C (ROC)`.
    pub c: f64,
    /// Nagelkerke's R2 of the predictions as they are.
    pub r2: f64,
    /// Discrimination index: (D:Chi-sq - 1) / n.
    pub d: f64,
    /// Likelihood ratio of the predictions as they are against the prevalence.
    pub d_chi_squared: f64,
    /// Its p on one degree of freedom.
    pub d_p: f64,
    /// Unreliability index: (U:Chi-sq - 2) / n. None (with the next three, intercept and slope) where there is no recalibration.
    pub u: Option<f64>,
    /// Likelihood ratio of the recalibrated predictions against those as they are. Infinite where a patient with the outcome was
    /// given a probability of 0.
    pub u_chi_squared: Option<f64>,
    /// Its p on two degrees of freedom.
    pub u_p: Option<f64>,
    /// D - U.
    pub q: Option<f64>,
    /// Brier score.
    pub brier: f64,
    /// Of the joint fit of intercept and slope.
    pub intercept: Option<f64>,
    /// Of the joint fit.
    pub slope: Option<f64>,
    /// Emax, E90 and Eavg: distances from `lowess(p, y, iter = 0)` at the predictions.
    pub distances: Distances,
    /// Spiegelhalter's z.
    pub s_z: Option<f64>,
    /// Its p.
    pub s_p: Option<f64>,
    /// Patients left out of all but Brier, E and S, because their prediction is 0 or 1.
    pub left_out: f64,
}

/// `rms::val.prob(p, y)`.
///
/// # Errors
/// [`NoCalibration`] when one kind of patients is missing, or a number is no probability.
pub fn val_prob(groups: &[Ranked]) -> Result<ValProb, NoCalibration> {
    let groups = predictions(groups)?;
    let finite = |group: &&Ranked| logit(group.by).is_finite();
    let kept: Vec<Ranked> = groups.iter().filter(finite).copied().collect();
    let (events, others) = totals(&kept);
    let n = events + others;
    let given: f64 = kept
        .iter()
        .map(|g| g.events * logit(g.by) - (g.events + g.others) * softplus(logit(g.by)))
        .sum();
    let part = |k: f64| if k > 0.0 { k * (k / n).ln() } else { 0.0 };
    let null = part(events) + part(others);
    let d_chi_squared = 2.0 * (given - null);
    let c = super::ranking::c_index_of_ranked(&kept);
    let d = (d_chi_squared - 1.0) / n;
    let recalibration = recalibrate(&groups).ok();
    let impossible = groups.iter().any(|g| g.by == 0.0 && g.events > 0.0);
    let u_chi_squared = recalibration.map(|fit| match impossible {
        true => f64::INFINITY,
        false => 2.0 * (fit.log_likelihood - given),
    });
    let u = u_chi_squared.map(|statistic| (statistic - 2.0) / n);
    let (all_events, all_others) = totals(&groups);
    let spiegelhalter = spiegelhalter(&groups);
    Ok(ValProb {
        dxy: 2.0 * c - 1.0,
        c,
        r2: (1.0 - (-d_chi_squared / n).exp()) / (1.0 - (2.0 * null / n).exp()),
        d,
        d_chi_squared,
        d_p: chi_squared_p(d_chi_squared, 1.0),
        u,
        u_chi_squared,
        u_p: u_chi_squared.map(|statistic| chi_squared_p(statistic, 2.0)),
        q: u.map(|u| d - u),
        brier: brier(&groups).score,
        intercept: recalibration.map(|fit| fit.intercept),
        slope: recalibration.map(|fit| fit.slope),
        distances: distances(&groups, &lowess(&groups)),
        s_z: spiegelhalter.map(|(z, _)| z),
        s_p: spiegelhalter.map(|(_, p)| p),
        left_out: all_events + all_others - n,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_level_predictions_of_the_source_study() {
        let groups = [(169.0, 13.0), (54.0, 168.0)].map(|(events, others)| Ranked {
            by: events / (events + others),
            events,
            others,
        });
        let brier = brier(&groups);
        // spec/clinical.md section 5, test vectors.
        for (got, expected) in [
            (brier.score, 0.131_030),
            (brier.null, 0.247_298),
            (brier.scaled.unwrap(), 0.470_152),
        ] {
            assert!((got - expected).abs() < 5e-7, "{got} {expected}");
        }
        // Predictions that are the observed shares are right in every way.
        let fit = recalibrate(&groups).unwrap();
        assert!(fit.intercept.abs() < 1e-12 && (fit.slope - 1.0).abs() < 1e-12);
        assert!(in_the_large(&groups).unwrap().value.abs() < 1e-12);
        assert!((observed_to_expected(&groups).unwrap().value - 1.0).abs() < 1e-12);
        let all = val_prob(&groups).unwrap();
        assert!(all.u_chi_squared.unwrap().abs() < 1e-9 && all.s_z.unwrap().abs() < 1e-9);
    }
}
