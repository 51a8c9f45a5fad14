//! The receiver operating characteristic: the area under it with DeLong's interval, the paired test of two markers, and what every
//! possible cut-off does.
//!
//! Definitions are those of the R package pROC with `levels = c(0, 1), direction = "<"`: greater numbers speak for the outcome, ties
//! count half. Own code: no well-kept crate has DeLong's variance. On groups, in the time of one sort (Sun and Xu 2014 is
//! the same idea on ranks).

use super::proportion::TwoByTwo;
use super::ranking::{NoRanking, Ranked, ranked, totals};
use super::{two_sided_p, z95};

/// An area under the ROC curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Auc {
    /// 0 to 1; 0.5 tells nothing apart.
    pub value: f64,
    /// By DeLong (1988); none with fewer than two patients of a kind.
    pub standard_error: Option<f64>,
    /// 95 % limits: Wald on the raw scale, cut to 0 and 1.
    pub limits: Option<[f64; 2]>,
}

impl Auc {
    fn new(value: f64, variance: f64) -> Self {
        let standard_error = variance.is_finite().then(|| variance.max(0.0).sqrt());
        let limit = |sign: f64, error: f64| (value + sign * z95() * error).clamp(0.0, 1.0);
        Self {
            value,
            standard_error,
            limits: standard_error.map(|error| [limit(-1.0, error), limit(1.0, error)]),
        }
    }
}

/// The share of pairs that a group wins: of the other kind below it, with half of those beside it.
struct Placements {
    /// For patients with the outcome, one a group.
    of_events: Vec<f64>,
    /// For patients without it.
    of_others: Vec<f64>,
}

impl Placements {
    /// Of groups in ascending order; groups that share a number must be one.
    fn of(groups: &[Ranked]) -> Self {
        let (events, others) = totals(groups);
        let (mut events_below, mut others_below) = (0.0, 0.0);
        let mut placements = Self {
            of_events: Vec::with_capacity(groups.len()),
            of_others: Vec::with_capacity(groups.len()),
        };
        for group in groups {
            placements
                .of_events
                .push((others_below + group.others / 2.0) / others);
            placements
                .of_others
                .push((events - events_below - group.events / 2.0) / events);
            events_below += group.events;
            others_below += group.others;
        }
        placements
    }
}

/// The area under the curve with DeLong's standard error.
///
/// # Errors
/// [`NoRanking`] when one kind of patients is missing, or a number is NaN.
pub fn auc(groups: &[Ranked]) -> Result<Auc, NoRanking> {
    Ok(auc_of_ranked(&ranked(groups.to_vec())?))
}

/// [`auc`] of groups that [`ranked`] has put in order.
pub fn auc_of_ranked(groups: &[Ranked]) -> Auc {
    let placements = Placements::of(groups);
    let (events, others) = totals(groups);
    let of_events = groups.iter().zip(&placements.of_events);
    let value = of_events.clone().map(|(g, v)| g.events * v).sum::<f64>() / events;
    let squares = |sum: f64, n: f64| sum / (n - 1.0) / n;
    let by_events: f64 = of_events.map(|(g, v)| g.events * (v - value).powi(2)).sum();
    let of_others = groups.iter().zip(&placements.of_others);
    let by_others: f64 = of_others.map(|(g, v)| g.others * (v - value).powi(2)).sum();
    Auc::new(
        value,
        squares(by_events, events) + squares(by_others, others),
    )
}

/// Patients that share two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Paired {
    /// The first marker.
    pub first: f64,
    /// The second.
    pub second: f64,
    /// With the outcome.
    pub events: f64,
    /// Without it.
    pub others: f64,
}

/// Two areas on the same patients.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// Of the first marker.
    pub first: Auc,
    /// Of the second.
    pub second: Auc,
    /// First less second.
    pub difference: f64,
    /// Of the difference, by DeLong (1988); none with fewer than two patients of a kind.
    pub standard_error: Option<f64>,
    /// 95 % limits of the difference: Wald, not cut.
    pub limits: Option<[f64; 2]>,
    /// Difference by standard error; 0 where both are 0, none where only the standard error is 0, or it is unknown.
    pub z: Option<f64>,
    /// Two-sided.
    pub p: Option<f64>,
}

/// DeLong's test of two markers on the same patients (`roc.test(paired = TRUE)`).
///
/// # Errors
/// [`NoRanking`] when one kind of patients is missing, or a number is NaN.
pub fn compare(patients: &[Paired]) -> Result<Comparison, NoRanking> {
    let (first_auc, first) = marker(patients, |patient| patient.first)?;
    let (second_auc, second) = marker(patients, |patient| patient.second)?;
    let (mut events, mut others, mut by_events, mut by_others) = (0.0, 0.0, 0.0, 0.0);
    let difference = first_auc.value - second_auc.value;
    for (place, patient) in patients.iter().enumerate() {
        events += patient.events;
        others += patient.others;
        // The variance of a difference is the variance of the differences.
        let of_events = first.of_events[place] - second.of_events[place] - difference;
        let of_others = first.of_others[place] - second.of_others[place] - difference;
        by_events += patient.events * of_events * of_events;
        by_others += patient.others * of_others * of_others;
    }
    let variance = by_events / (events - 1.0) / events + by_others / (others - 1.0) / others;
    let standard_error = variance.is_finite().then(|| variance.max(0.0).sqrt());
    // Below this the difference is the rounding of two equal curves.
    let is_known = |error: &f64| *error > 1e-12;
    let z = standard_error.and_then(|error| match is_known(&error) {
        true => Some(difference / error),
        // As pROC: two curves that are the same do not differ.
        false => (difference.abs() < 1e-12).then_some(0.0),
    });
    Ok(Comparison {
        first: first_auc,
        second: second_auc,
        difference,
        standard_error,
        limits: standard_error.map(|e| [difference - z95() * e, difference + z95() * e]),
        z,
        p: z.map(two_sided_p),
    })
}

/// The area of one marker, and the placements in the order of the patients.
fn marker(
    patients: &[Paired],
    by: impl Fn(&Paired) -> f64,
) -> Result<(Auc, Placements), NoRanking> {
    let mut order: Vec<(f64, usize)> = patients.iter().map(by).zip(0..).collect();
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let group = |(by, patient): &(f64, usize)| Ranked {
        by: *by,
        events: patients[*patient].events,
        others: patients[*patient].others,
    };
    let groups = ranked(order.iter().map(group).collect())?;
    let sorted = Placements::of(&groups);
    let mut placements = Placements {
        of_events: vec![0.0; patients.len()],
        of_others: vec![0.0; patients.len()],
    };
    let mut place = 0;
    for (by, patient) in order {
        // Groups of nobody were left out; they weigh nothing wherever they are put.
        while groups[place].by < by && place + 1 < groups.len() {
            place += 1;
        }
        placements.of_events[patient] = sorted.of_events[place];
        placements.of_others[patient] = sorted.of_others[place];
    }
    Ok((auc_of_ranked(&groups), placements))
}

/// What a cut-off does: at or above it a test is positive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cut {
    /// As pROC prints it: the middle between two neighbouring numbers, or infinite at the ends.
    pub threshold: f64,
    /// The patients on both sides.
    pub table: TwoByTwo,
}

/// Every cut-off that makes a difference, ascending: from "everybody is positive" (minus infinity) to "nobody is" (infinity).
///
/// # Errors
/// [`NoRanking`] when one kind of patients is missing, or a number is NaN.
pub fn coordinates(groups: &[Ranked]) -> Result<Vec<Cut>, NoRanking> {
    let groups = ranked(groups.to_vec())?;
    let (events, others) = totals(&groups);
    let (mut missed, mut spared) = (0.0, 0.0);
    let mut cuts = Vec::with_capacity(groups.len() + 1);
    for place in 0..=groups.len() {
        let below = place.checked_sub(1).map(|below| groups[below]);
        if let Some(group) = below {
            missed += group.events;
            spared += group.others;
        }
        let threshold = match (below, groups.get(place)) {
            (Some(below), Some(above)) => (below.by + above.by) / 2.0,
            (None, _) => f64::NEG_INFINITY,
            (_, None) => f64::INFINITY,
        };
        cuts.push(Cut {
            threshold,
            table: TwoByTwo {
                true_positive: events - missed,
                false_positive: others - spared,
                false_negative: missed,
                true_negative: spared,
            },
        });
    }
    Ok(cuts)
}

/// The cut-offs with the greatest Youden index: one, or all that share it.
pub fn best(cuts: &[Cut]) -> Vec<Cut> {
    let youden = |cut: &Cut| cut.table.youden();
    let greatest = cuts.iter().map(youden).fold(f64::NEG_INFINITY, f64::max);
    let is_best = |cut: &&Cut| youden(cut) >= greatest - 1e-12;
    cuts.iter().filter(is_best).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(by: f64, events: f64, others: f64) -> Ranked {
        Ranked { by, events, others }
    }

    #[test]
    fn areas_of_the_source_study() {
        // spec/clinical.md section 5: the class, and PET alone.
        for (above, below, expected) in [
            (
                (169.0, 13.0),
                (54.0, 168.0),
                [0.843_012, 0.017_299, 0.809_106, 0.876_917],
            ),
            (
                (162.0, 11.0),
                (61.0, 170.0),
                [0.832_842, 0.017_409, 0.798_721, 0.866_962],
            ),
        ] {
            let auc = auc(&[group(1.0, above.0, above.1), group(0.0, below.0, below.1)]).unwrap();
            let [low, high] = auc.limits.unwrap();
            let got = [auc.value, auc.standard_error.unwrap(), low, high];
            for (got, expected) in got.into_iter().zip(expected) {
                assert!((got - expected).abs() < 2e-6, "{got} {expected}");
            }
        }
    }

    #[test]
    fn ends_of_the_scale() {
        let perfect = auc(&[group(0.0, 0.0, 5.0), group(1.0, 4.0, 0.0)]).unwrap();
        assert_eq!((perfect.value, perfect.standard_error), (1.0, Some(0.0)));
        assert_eq!(perfect.limits, Some([1.0, 1.0]));
        let tied = auc(&[group(3.0, 4.0, 5.0)]).unwrap();
        assert_eq!((tied.value, tied.standard_error), (0.5, Some(0.0)));
        let single = auc(&[group(0.0, 0.0, 5.0), group(1.0, 1.0, 0.0)]).unwrap();
        assert_eq!((single.value, single.standard_error), (1.0, None));
        assert_eq!(auc(&[group(0.0, 2.0, 0.0)]), Err(NoRanking::NobodyWithout));
    }

    #[test]
    fn a_marker_does_not_differ_from_itself() {
        let patients =
            [(1.0, 3.0, 1.0), (2.0, 4.0, 5.0), (3.0, 0.0, 0.0)].map(|(by, e, o)| Paired {
                first: by,
                second: 10.0 * by,
                events: e,
                others: o,
            });
        let same = compare(&patients).unwrap();
        assert_eq!(
            (same.difference, same.z, same.p),
            (0.0, Some(0.0), Some(1.0))
        );
    }

    #[test]
    fn cut_offs_lie_between_the_numbers() {
        let cuts = coordinates(&[group(8.0, 1.0, 5.0), group(11.0, 6.0, 2.0)]).unwrap();
        let thresholds: Vec<f64> = cuts.iter().map(|cut| cut.threshold).collect();
        assert_eq!(thresholds, [f64::NEG_INFINITY, 9.5, f64::INFINITY]);
        assert_eq!(cuts[1].table.true_positive, 6.0);
        assert_eq!(cuts[1].table.true_negative, 5.0);
        assert_eq!(cuts[2].table.false_negative, 7.0);
        assert_eq!(best(&cuts), [cuts[1]]);
        // Two cut-offs with the same index are both told.
        let twins = coordinates(&[
            group(1.0, 0.0, 2.0),
            group(2.0, 1.0, 1.0),
            group(3.0, 2.0, 0.0),
        ]);
        assert_eq!(best(&twins.unwrap()).len(), 2);
    }
}
