//! How well a model fits counts of the 16 patterns: the figures before and after an update, and of two models compared.

use super::update::{Cells, SIZE, design, dot};
use super::{Calibration, Estimate};
use crate::domain::nomogram::inverse_logit;
use crate::domain::score::Pattern;
use crate::statistics::proportion::normal_quantile;
use crate::statistics::ranking::Ranked;
use crate::statistics::regression::{Fit, Penalty, fit};
use crate::statistics::roc;

/// Probabilities by pattern.
pub(super) type Probabilities = [f64; Pattern::COUNT];

/// Figures of one model that a resample has too, in the order of [`NAMES`]; NaN where a figure cannot be computed.
pub(super) type Row = [f64; NAMES.len()];

/// Their names.
pub(super) const NAMES: [&str; 5] = [
    "auc",
    "intercept",
    "slope",
    "brier",
    "meanDifferenceByPattern",
];

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

/// Mean squared difference of probability and outcome.
pub(super) fn brier(cells: &Cells, by: &Probabilities) -> f64 {
    let term = |(at, p): (usize, &f64)| {
        cells.events[at] * (1.0 - p).powi(2) + cells.others[at] * p.powi(2)
    };
    by.iter().enumerate().map(term).sum::<f64>() / cells.patients()
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
    let auc = roc::auc(&groups(cells, &by)).map_or(f64::NAN, |auc| auc.value);
    let intercept = fit(&cells.in_the_large(model), Penalty::None);
    let slope = fit(&cells.by_log_odds(model), Penalty::None);
    [
        auc,
        intercept.map_or(f64::NAN, |fit| fit.coefficients[0]),
        slope.map_or(f64::NAN, |fit| fit.coefficients[1]),
        brier(cells, &by),
        mean_difference(cells, &by),
    ]
}

/// Wald's 95 % interval.
fn wald(fit: &Fit, coefficient: usize) -> Estimate {
    let limits = fit.wald_interval(coefficient, 0.95);
    Estimate {
        low: limits.low,
        value: fit.coefficients[coefficient],
        high: limits.high,
    }
}

/// A standard normal quantile for 95 % intervals.
pub(super) fn z95() -> f64 {
    normal_quantile(0.975)
}

/// Every figure with its interval. What the patients do not tell is left out.
pub(super) fn calibration(cells: &Cells, model: &[f64; SIZE]) -> Calibration {
    let patients = cells.patients();
    if patients <= 0.0 {
        return Calibration::default();
    }
    let by = probabilities(model);
    let observed: f64 = cells.events.iter().sum();
    let share = observed / patients;
    let expected: f64 = by
        .iter()
        .enumerate()
        .map(|(at, p)| (cells.events[at] + cells.others[at]) * p)
        .sum();
    let brier = brier(cells, &by);
    let auc = roc::auc(&groups(cells, &by)).ok();
    Calibration {
        auc: auc.and_then(|auc| {
            let [low, high] = auc.limits?;
            Some(Estimate {
                low,
                value: auc.value,
                high,
            })
        }),
        observed_by_expected: (observed > 0.0).then(|| {
            let ratio = observed / expected;
            let factor = (z95() * ((1.0 - share) / observed).sqrt()).exp();
            Estimate {
                low: ratio / factor,
                value: ratio,
                high: ratio * factor,
            }
        }),
        intercept: fit(&cells.in_the_large(model), Penalty::None)
            .ok()
            .map(|fit| wald(&fit, 0)),
        slope: fit(&cells.by_log_odds(model), Penalty::None)
            .ok()
            .map(|fit| wald(&fit, 1)),
        brier: Some(brier),
        scaled_brier: (share > 0.0 && share < 1.0).then(|| 1.0 - brier / (share * (1.0 - share))),
        mean_difference_by_pattern: Some(mean_difference(cells, &by)),
    }
}
