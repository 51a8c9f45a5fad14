//! How well a model fits counts of the 16 patterns: the figures before and after an update, and of two models compared.

use super::cells::{Cells, SIZE, design, dot};
use super::{Calibration, Estimate};
use crate::domain::nomogram::inverse_logit;
use crate::domain::score::Pattern;
use crate::statistics::calibration::{brier, in_the_large, observed_to_expected, recalibrate};
use crate::statistics::ranking::Ranked;
use crate::statistics::{self, roc};

/// Probabilities by pattern.
pub(super) type Probabilities = [f64; Pattern::COUNT];

/// Figures of one model that a resample has too, in the order of [`NAMES`]; NaN where a figure cannot be computed. The mean
/// difference by pattern is none of them: in small patterns it is chance, which no resample takes away.
pub(super) type Row = [f64; NAMES.len()];

/// Their names.
pub(super) const NAMES: [&str; 4] = ["auc", "intercept", "slope", "brier"];

pub(super) fn probabilities(model: &[f64; SIZE]) -> Probabilities {
    let mut all = [0.0; Pattern::COUNT];
    for pattern in Pattern::all() {
        all[pattern.index()] = inverse_logit(dot(&design(pattern), model));
    }
    all
}

/// Patients as groups that a probability ranks.
pub(super) fn groups(cells: &Cells, by: &Probabilities) -> Vec<Ranked> {
    let group = |(at, by): (usize, &f64)| Ranked {
        by: *by,
        events: cells.events[at],
        others: cells.others[at],
    };
    by.iter().enumerate().map(group).collect()
}

fn mean_difference(cells: &Cells, by: &Probabilities) -> f64 {
    let term = |(at, p): (usize, &f64)| {
        let patients = cells.events[at] + cells.others[at];
        (cells.events[at] - patients * p).abs()
    };
    by.iter().enumerate().map(term).sum::<f64>() / cells.patients()
}

/// The numbers alone, fast.
pub(super) fn row(cells: &Cells, model: &[f64; SIZE]) -> Row {
    let by = probabilities(model);
    let groups = groups(cells, &by);
    [
        roc::auc(&groups).map_or(f64::NAN, |auc| auc.value),
        in_the_large(&groups).map_or(f64::NAN, |intercept| intercept.value),
        recalibrate(&groups).map_or(f64::NAN, |fit| fit.slope),
        brier(&groups).score,
    ]
}

fn with_limits(of: statistics::Estimate) -> Option<Estimate> {
    let [low, high] = of.limits?;
    Some(Estimate {
        low,
        value: of.value,
        high,
    })
}

/// Every figure with its interval. What the patients do not tell is left out.
pub(super) fn calibration(cells: &Cells, model: &[f64; SIZE]) -> Calibration {
    if cells.patients() <= 0.0 {
        return Calibration::default();
    }
    let by = probabilities(model);
    let groups = groups(cells, &by);
    let brier = brier(&groups);
    let auc = roc::auc(&groups).ok();
    Calibration {
        auc: auc.and_then(|auc| {
            let [low, high] = auc.limits?;
            Some(Estimate {
                low,
                value: auc.value,
                high,
            })
        }),
        observed_by_expected: observed_to_expected(&groups).and_then(with_limits),
        intercept: in_the_large(&groups).ok().and_then(with_limits),
        slope: recalibrate(&groups)
            .ok()
            .and_then(|fit| with_limits(fit.slope())),
        brier: Some(brier.score),
        scaled_brier: brier.scaled,
        mean_difference_by_pattern: Some(mean_difference(cells, &by)),
    }
}
