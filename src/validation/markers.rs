//! Discrimination: what ranks or splits the patients, every cut-off of it, and areas under the curve against each other.

use super::figures::{of_auc, table_at};
use super::gate::{Needs, Size};
use super::result::{Bar, Comparison, Cutoff, Figure, Marker, RocPoint};
use crate::statistics::ranking::{Ranked, totals};
use crate::statistics::roc::{self, Paired};

/// With more values than this a marker is a continuous one: cut-offs and bars are told at every hundredth.
const MOST_VALUES: usize = 100;
/// Vertices of an ROC curve nearer to each other than this are left out.
const NEAR: f64 = 1e-3;

/// A marker by name.
#[derive(Debug, Clone, Copy)]
pub struct Named {
    /// Name in the report.
    pub name: &'static str,
    /// In words.
    pub label: &'static str,
    /// The split that is in use: at or above is positive.
    pub cutoff: Option<f64>,
}

/// Discrimination of a marker. `groups` ascending, one for each value.
pub fn marker(named: Named, groups: &[Ranked], all_figures: bool) -> Marker {
    let (refractory, not_refractory) = totals(groups);
    let (refractory, not_refractory) = (refractory as u64, not_refractory as u64);
    let shows = Size::of(refractory, not_refractory, all_figures).shows(Needs::Fifty);
    let is_continuous = groups.len() > MOST_VALUES;
    let cuts = roc::coordinates(groups).unwrap_or_default();
    let optimum = roc::best(&cuts);
    Marker {
        name: named.name,
        label: named.label,
        patients: refractory + not_refractory,
        refractory,
        not_refractory,
        auc: shows
            .then(|| roc::auc(groups).ok().and_then(of_auc))
            .flatten(),
        at_cutoff: named.cutoff.map(|cutoff| table_at(groups, cutoff)),
        cutoffs: if is_continuous {
            at_hundredths(groups)
        } else {
            at_every_value(groups)
        },
        // A split at the ends is none.
        youden_optimum: optimum
            .iter()
            .map(|cut| cut.threshold)
            .filter(|threshold| threshold.is_finite())
            .collect(),
        roc: if shows { vertices(&cuts) } else { Vec::new() },
        distribution: bars(groups, is_continuous),
    }
}

fn at_every_value(groups: &[Ranked]) -> Vec<Cutoff> {
    let below = std::iter::once(None).chain(groups.iter().map(|group| Some(group.by)));
    let pairs = groups.iter().zip(below);
    pairs
        .map(|(group, below)| Cutoff {
            at_or_above: group.by,
            midpoint: below.map(|below| (below + group.by) / 2.0),
            table: table_at(groups, group.by),
        })
        .collect()
}

fn at_hundredths(groups: &[Ranked]) -> Vec<Cutoff> {
    (1..100)
        .map(|hundredth| {
            let at_or_above = f64::from(hundredth) / 100.0;
            Cutoff {
                at_or_above,
                midpoint: None,
                table: table_at(groups, at_or_above),
            }
        })
        .collect()
}

/// From (0, 0) to (1, 1); points on a straight line and points that cannot be told apart on paper are left out.
fn vertices(cuts: &[roc::Cut]) -> Vec<RocPoint> {
    let of = |cut: &roc::Cut| RocPoint {
        false_positive_rate: cut.table.false_positive / cut.table.without(),
        true_positive_rate: cut.table.true_positive / cut.table.with(),
    };
    let mut kept: Vec<RocPoint> = Vec::new();
    let apart = |a: &RocPoint, b: &RocPoint| {
        (a.false_positive_rate - b.false_positive_rate)
            .abs()
            .max((a.true_positive_rate - b.true_positive_rate).abs())
    };
    // Descending thresholds: from "nobody is positive" on.
    for (place, cut) in cuts.iter().rev().enumerate() {
        let point = of(cut);
        let is_end = place + 1 == cuts.len();
        if !is_end && kept.last().is_some_and(|last| apart(last, &point) < NEAR) {
            continue;
        }
        if let [.., before, last] = kept.as_slice() {
            let turn = (last.false_positive_rate - before.false_positive_rate)
                * (point.true_positive_rate - last.true_positive_rate)
                - (last.true_positive_rate - before.true_positive_rate)
                    * (point.false_positive_rate - last.false_positive_rate);
            if turn.abs() < 1e-15 {
                kept.pop();
            }
        }
        kept.push(point);
    }
    kept
}

fn bars(groups: &[Ranked], is_continuous: bool) -> Vec<Bar> {
    if is_continuous {
        return bins(groups);
    }
    groups
        .iter()
        .map(|group| Bar {
            value: group.by,
            refractory: group.events as u64,
            not_refractory: group.others as u64,
        })
        .collect()
}

/// Probabilities in bins of 0.01 by outcome; empty bins are left out.
pub(super) fn bins(groups: &[Ranked]) -> Vec<Bar> {
    let mut bins = [(0.0, 0.0); 100];
    for group in groups {
        // 1 belongs to the last bin.
        let bin = ((group.by * 100.0).floor().clamp(0.0, 99.0)) as usize;
        bins[bin].0 += group.events;
        bins[bin].1 += group.others;
    }
    let filled = bins.iter().enumerate().filter(|(_, (e, o))| e + o > 0.0);
    filled
        .map(|(bin, (events, others))| Bar {
            value: bin as f64 / 100.0,
            refractory: *events as u64,
            not_refractory: *others as u64,
        })
        .collect()
}

/// Two markers on the same patients. None where one kind of patients is missing, or has not reached the gate.
pub fn comparison(
    first: &'static str,
    second: &'static str,
    patients: &[Paired],
    all_figures: bool,
) -> Option<Comparison> {
    let (events, others) = patients.iter().fold((0.0, 0.0), |(events, others), group| {
        (events + group.events, others + group.others)
    });
    if !Size::of(events as u64, others as u64, all_figures).shows(Needs::Fifty) {
        return None;
    }
    let compared = roc::compare(patients).ok()?;
    let mut difference = Figure::within(compared.difference, compared.limits, "delong")?;
    difference.standard_error = compared.standard_error;
    Some(Comparison {
        first,
        second,
        patients: (events + others) as u64,
        first_auc: compared.first.value,
        second_auc: compared.second.value,
        difference,
        z: compared.z,
        p: compared.p,
    })
}
