//! Where a number is cut in two: at the greatest Youden index of its ROC curve.

use super::candidate::{Candidate, Coding, Criterion, Study};
use super::{Curve, CurvePoint, CutOff, Interval};
use crate::statistics::hypothesis::Contingency;
use crate::statistics::ranking::{Ranked, of_patients, ranked};
use crate::statistics::roc::{Auc, Cut, auc_of_ranked, best, coordinates};

/// A curve keeps about so many points.
const MOST_POINTS: usize = 1_000;

/// A number, cut.
#[derive(Debug, Clone)]
pub(super) struct Cutting {
    pub criterion: Criterion,
    pub auc: Auc,
    cut: Cut,
    equally_good: Vec<f64>,
    /// Numbers that speak for the outcome, ascending: the numbers themselves, or their negatives.
    groups: Vec<Ranked>,
}

/// Cuts a number. Where its AUC is under one half, low numbers speak for the outcome. None for categories, and where the patients
/// that it is known in have one outcome or one number.
pub(super) fn cutting(study: &Study, candidate: &Candidate) -> Option<Cutting> {
    let Coding::Numbers(values) = &candidate.values else {
        return None;
    };
    let patients = values.iter().zip(&study.is_event);
    let known = patients.filter_map(|(value, event)| value.map(|value| (value, *event)));
    let mut groups = ranked(of_patients(known)).ok()?;
    if groups.len() < 2 {
        return None;
    }
    let mut auc = auc_of_ranked(&groups);
    let rises = auc.value >= 0.5;
    if !rises {
        groups.reverse();
        for group in &mut groups {
            group.by = -group.by;
        }
        auc = auc_of_ranked(&groups);
    }
    let cuts = coordinates(&groups).ok()?;
    // A threshold lies between two numbers; people read the number that counts as positive.
    let number = |cut: &Cut| {
        let above = groups.partition_point(|group| group.by < cut.threshold);
        let by = groups.get(above).map_or(f64::NAN, |group| group.by);
        if rises { by } else { -by }
    };
    let mut best = best(&cuts);
    best.retain(|cut| cut.threshold.is_finite());
    let mut numbers: Vec<(f64, Cut)> = best.iter().map(|cut| (number(cut), *cut)).collect();
    numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
    let ((at, cut), others) = numbers.split_first()?;
    Some(Cutting {
        criterion: if rises {
            Criterion::AtOrAbove(*at)
        } else {
            Criterion::AtOrBelow(*at)
        },
        auc,
        cut: *cut,
        equally_good: others.iter().map(|(number, _)| *number).collect(),
        groups,
    })
}

impl Cutting {
    pub fn report(&self, candidate: &Candidate) -> CutOff {
        let (at, at_or_above) = match self.criterion {
            Criterion::AtOrAbove(at) => (at, true),
            Criterion::AtOrBelow(at) => (at, false),
            Criterion::Level(level) => (f64::from(level), true),
        };
        let table = self.cut.table;
        let rows = [
            [table.true_positive as u64, table.false_positive as u64],
            [table.false_negative as u64, table.true_negative as u64],
        ];
        CutOff {
            variable: candidate.name.clone(),
            criterion: candidate.describe(self.criterion),
            at,
            at_or_above,
            equally_good: self.equally_good.clone(),
            auc: interval(&self.auc),
            sensitivity: table.true_positive / table.with(),
            specificity: table.true_negative / table.without(),
            youden: table.youden(),
            p: Contingency::new(&rows).map(|table| table.chi_squared().p),
        }
    }

    pub fn curve(&self, candidate: &Candidate) -> Option<Curve> {
        let falls = matches!(self.criterion, Criterion::AtOrBelow(_));
        let mut curve = curve(&candidate.name, "numbers", &self.groups)?;
        for point in curve.points.iter_mut().filter(|_| falls) {
            point.cut_off = point.cut_off.map(|cut_off| -cut_off);
        }
        Some(curve)
    }
}

pub(super) fn interval(auc: &Auc) -> Interval {
    Interval {
        value: auc.value,
        low: auc.limits.map(|limits| limits[0]),
        high: auc.limits.map(|limits| limits[1]),
    }
}

/// The ROC curve of numbers that rise with the outcome.
pub(super) fn curve(of: &str, kind: &'static str, groups: &[Ranked]) -> Option<Curve> {
    let groups = ranked(groups.to_vec()).ok()?;
    let cuts = coordinates(&groups).ok()?;
    let stride = cuts.len().div_ceil(MOST_POINTS);
    let last = cuts.len() - 1;
    let is_kept = |place: usize| place.is_multiple_of(stride) || place == last;
    let point = |(place, cut): (usize, &Cut)| CurvePoint {
        cut_off: (place > 0)
            .then(|| groups.get(place).map(|group| group.by))
            .flatten(),
        sensitivity: cut.table.true_positive / cut.table.with(),
        specificity: cut.table.true_negative / cut.table.without(),
    };
    Some(Curve {
        of: of.to_owned(),
        kind,
        auc: auc_of_ranked(&groups).value,
        points: cuts
            .iter()
            .enumerate()
            .filter(|(place, _)| is_kept(*place))
            .map(point)
            .collect(),
    })
}
