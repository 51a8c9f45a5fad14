//! All figures of `rms::val.prob`.

use super::{
    Distances, NoCalibration, brier, distances, expit, logit, predictions, recalibrate, softplus,
    spiegelhalter,
};
use crate::statistics::chi_squared_p;
use crate::statistics::ranking::{Ranked, c_index, c_index_of_ranked, totals};
use crate::statistics::smooth::lowess;

/// The figures of `rms::val.prob`, under its names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValProb {
    /// Somers' Dxy: 2 (C - 0.5).
    pub dxy: f64,
    /// `C (ROC)`, of the predictions as they are.
    pub c: f64,
    /// C as rms 6 computes it: predictions in the same 5000th of the scale are ties.
    pub c_rounded: f64,
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

/// `rms::val.prob(p, y)`. As there, one prediction for everybody discriminates nothing, and is recalibrated to the prevalence on
/// one degree of freedom.
///
/// # Errors
/// [`NoCalibration`] when one kind of patients is missing, or a number is no probability.
pub fn val_prob(groups: &[Ranked]) -> Result<ValProb, NoCalibration> {
    let groups = predictions(groups)?;
    if let [group] = groups[..] {
        return Ok(of_constant(group));
    }
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
    let c = c_index_of_ranked(&kept);
    let rounded = |group: &Ranked| Ranked {
        by: (5000.0 * expit(logit(group.by))).floor(),
        ..*group
    };
    let c_rounded = c_index(&kept.iter().map(rounded).collect::<Vec<_>>());
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
        c_rounded,
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

fn of_constant(group: Ranked) -> ValProb {
    let n = group.events + group.others;
    let prevalence = group.events / n;
    let log_likelihood = |x: f64| group.events * x - n * softplus(x);
    let given = logit(group.by);
    let d = -1.0 / n;
    // An impossible event, or a certain one that did not come.
    let u_chi_squared = match given.is_finite() {
        true => 2.0 * (log_likelihood(logit(prevalence)) - log_likelihood(given)),
        false => f64::INFINITY,
    };
    let u = (u_chi_squared - 1.0) / n;
    let distance = (group.by - prevalence).abs();
    let spiegelhalter = spiegelhalter(&[group]);
    ValProb {
        dxy: 0.0,
        c: 0.5,
        c_rounded: 0.5,
        r2: 0.0,
        d,
        d_chi_squared: 0.0,
        d_p: 1.0,
        u: Some(u),
        u_chi_squared: Some(u_chi_squared),
        u_p: Some(chi_squared_p(u_chi_squared, 1.0)),
        q: Some(d - u),
        brier: brier(&[group]).score,
        intercept: Some(logit(prevalence)),
        slope: Some(0.0),
        distances: Distances {
            e_max: distance,
            e_90: distance,
            e_50: distance,
            e_average: distance,
        },
        s_z: spiegelhalter.map(|(z, _)| z),
        s_p: spiegelhalter.map(|(_, p)| p),
        left_out: 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_is_no_recalibration_the_rest_is_told() {
        let groups = [(0.2, 0.0, 9.0), (0.7, 5.0, 0.0)];
        let groups = groups.map(|(by, events, others)| Ranked { by, events, others });
        let figures = val_prob(&groups).unwrap();
        assert_eq!((figures.u, figures.q, figures.slope), (None, None, None));
        assert_eq!((figures.c, figures.dxy), (1.0, 1.0));
        assert!(figures.d > 0.0 && figures.brier > 0.0);
    }

    #[test]
    fn an_impossible_event_makes_the_unreliability_infinite() {
        let groups = [(0.0, 1.0, 9.0), (0.3, 3.0, 4.0), (0.7, 5.0, 2.0)];
        let groups = groups.map(|(by, events, others)| Ranked { by, events, others });
        let figures = val_prob(&groups).unwrap();
        assert_eq!(figures.left_out, 10.0);
        assert_eq!(figures.u_chi_squared, Some(f64::INFINITY));
        assert_eq!(figures.u_p, Some(0.0));
        assert!(figures.slope.unwrap().is_finite());
    }

    #[test]
    fn what_is_no_prediction_is_refused() {
        let of = |by: f64| {
            let group = |by, events, others| Ranked { by, events, others };
            val_prob(&[group(by, 1.0, 1.0), group(0.5, 1.0, 1.0)]).map(|_| ())
        };
        assert_eq!(of(1.5), Err(NoCalibration::NotAProbability));
        assert_eq!(of(-0.1), Err(NoCalibration::NotAProbability));
        assert!(matches!(of(f64::NAN), Err(NoCalibration::Ranking(_))));
        assert_eq!(of(0.4), Ok(()));
    }
}
