//! Whether predicted probabilities are right: all figures of `rms::val.prob`, calibration in the large and slope with intervals,
//! observed to expected, Brier. `by` of every group is a probability here.
//!
//! Own code: no well-kept crate has these. Where packages define a figure differently, each is given under its name:
//!
//! | figure | rms (`val.prob`) | CalibrationCurves (`val.prob.ci.2`) | Austin and Steyerberg 2019 |
//! |---|---|---|---|
//! | intercept | of the joint fit: [`Recalibration::intercept`] | slope fixed at 1: [`in_the_large`] | |
//! | Emax | lowess, at the predictions: [`ValProb`] | logistic curve, 0 to 1: [`Recalibration::e_max`] | loess, at the predictions: [`Flexible`] |
//! | Eavg | lowess, at the predictions: [`ValProb`] | loess, at the predictions: [`Flexible`] | the same, named ICI |

mod flexible;
mod recalibration;
mod val_prob;

pub use flexible::{Flexible, flexible};
pub use recalibration::{Recalibration, in_the_large, recalibrate};
pub use val_prob::{ValProb, val_prob};

use super::loess::NoLoess;
use super::ranking::{NoRanking, Ranked, ranked, totals};
use super::{Estimate, two_sided_p, z95};

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
    /// There is no smooth curve.
    #[error(transparent)]
    Loess(#[from] NoLoess),
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
    /// Median.
    pub e_50: f64,
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
    let quantile = |p: f64| {
        let at = p * (patients - 1.0);
        let (below, above) = (of_patient(at.floor()), of_patient(at.ceil()));
        below + (above - below) * at.fract()
    };
    Distances {
        e_max: apart.last().map_or(f64::NAN, |(distance, _)| *distance),
        e_90: quantile(0.9),
        e_50: quantile(0.5),
        e_average: apart.iter().map(|(d, n)| d * n).sum::<f64>() / patients,
    }
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
