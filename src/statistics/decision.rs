//! Decision curves: net benefit of acting on a prediction (Vickers and Elkin 2006), by the definitions of the R package dcurves.
//!
//! Own code: two lines of arithmetic.

use super::ranking::{Ranked, totals};

/// What acting at one threshold is worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NetBenefit {
    /// The probability from which one would act, between 0 and 1.
    pub threshold: f64,
    /// Patients at or above the threshold with the outcome, as a share of all.
    pub true_positives: f64,
    /// Patients at or above it without the outcome, as a share of all.
    pub false_positives: f64,
    /// True positives less false positives weighted by the odds of the threshold; per patient.
    pub net_benefit: f64,
    /// Interventions avoided without missing a case, per patient, against treating all: the difference of the net benefits by
    /// the odds of the threshold. None at a threshold of 0.
    pub interventions_avoided: Option<f64>,
}

/// 0.01, 0.02 .. 0.99.
pub fn thresholds() -> Vec<f64> {
    (1..100).map(|percent| f64::from(percent) / 100.0).collect()
}

/// The curve of a prediction: positive is `by >= threshold`. For a marker that is 0 or 1, every threshold above 0 cuts alike.
/// No point where nobody is given.
pub fn curve(groups: &[Ranked], thresholds: &[f64]) -> Vec<NetBenefit> {
    let mut sorted = groups.to_vec();
    sorted.sort_unstable_by(|a, b| a.by.total_cmp(&b.by));
    let (events, others) = totals(&sorted);
    let mut below = Vec::with_capacity(sorted.len() + 1);
    below.push((0.0, 0.0));
    for group in &sorted {
        let (e, o) = below[below.len() - 1];
        below.push((e + group.events, o + group.others));
    }
    let at = |threshold: &f64| {
        let (missed, spared) = below[sorted.partition_point(|group| group.by < *threshold)];
        net_benefit(
            *threshold,
            events - missed,
            others - spared,
            (events, others),
        )
    };
    thresholds.iter().filter_map(at).collect()
}

/// Treating everybody.
pub fn treat_all(groups: &[Ranked], thresholds: &[f64]) -> Vec<NetBenefit> {
    let all = totals(groups);
    let at = |threshold: &f64| net_benefit(*threshold, all.0, all.1, all);
    thresholds.iter().filter_map(at).collect()
}

/// Treating nobody: a net benefit of 0 everywhere.
pub fn treat_none(groups: &[Ranked], thresholds: &[f64]) -> Vec<NetBenefit> {
    let all = totals(groups);
    let at = |threshold: &f64| net_benefit(*threshold, 0.0, 0.0, all);
    thresholds.iter().filter_map(at).collect()
}

/// Net benefit from counts: true and false positives, and everybody (with and without the outcome). None when nobody is given or
/// the threshold is not from 0 to below 1.
pub fn net_benefit(
    threshold: f64,
    true_positive: f64,
    false_positive: f64,
    (events, others): (f64, f64),
) -> Option<NetBenefit> {
    let patients = events + others;
    if !(patients > 0.0 && (0.0..1.0).contains(&threshold)) {
        return None;
    }
    let odds = threshold / (1.0 - threshold);
    let worth = |with: f64, without: f64| (with - without * odds) / patients;
    let value = worth(true_positive, false_positive);
    Some(NetBenefit {
        threshold,
        true_positives: true_positive / patients,
        false_positives: false_positive / patients,
        net_benefit: value,
        interventions_avoided: (odds > 0.0).then(|| (value - worth(events, others)) / odds),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two(above: (f64, f64), below: (f64, f64)) -> [Ranked; 2] {
        [(1.0, above), (0.0, below)].map(|(by, (events, others))| Ranked { by, events, others })
    }

    #[test]
    fn the_source_study_at_three_thresholds() {
        let at = [0.2, 0.5, 0.8];
        let class = two((169.0, 13.0), (54.0, 168.0));
        let pet = two((162.0, 11.0), (61.0, 170.0));
        // spec/clinical.md section 5, test vectors.
        for (curve, expected) in [
            (curve(&class, &at), [0.4103, 0.3861, 0.2896]),
            (curve(&pet, &at), [0.3942, 0.3738, 0.2921]),
            (treat_all(&pet, &at), [0.4400, 0.1040, -1.2401]),
            (treat_none(&pet, &at), [0.0, 0.0, 0.0]),
        ] {
            for (got, expected) in curve.iter().zip(expected) {
                assert!(
                    (got.net_benefit - expected).abs() < 5.1e-5,
                    "{got:?} {expected}"
                );
            }
        }
        // Nobody treated instead of everybody: who is well is spared, who is ill is missed.
        let spared = treat_none(&pet, &[0.5])[0].interventions_avoided.unwrap();
        assert!((spared - (181.0 - 223.0) / 404.0).abs() < 1e-12);
    }

    #[test]
    fn a_prediction_at_the_threshold_is_positive_and_nonsense_gives_no_point() {
        let groups = two((3.0, 1.0), (1.0, 3.0));
        let at_one = [
            Ranked {
                by: 0.5,
                ..groups[0]
            },
            groups[1],
        ];
        assert_eq!(curve(&at_one, &[0.5])[0].true_positives, 3.0 / 8.0);
        assert_eq!(curve(&at_one, &[0.51])[0].true_positives, 0.0);
        assert!(curve(&groups, &[1.0, -0.1, f64::NAN]).is_empty());
        assert!(curve(&[], &thresholds()).is_empty());
        assert_eq!(curve(&groups, &[0.0])[0].interventions_avoided, None);
    }
}
