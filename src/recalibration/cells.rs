//! Counts of the 16 patterns by outcome as a regression takes them.

use crate::cohort::PatternCounts;
use crate::domain::nomogram::Coefficients;
use crate::domain::score::{Pattern, Predictor};
use crate::statistics::regression::{NoFit, Penalty, Rows, fit};

/// Intercept and the coefficients of the predictors.
pub(super) const SIZE: usize = Coefficients::COUNT;

/// The design row of a pattern.
pub(super) fn design(pattern: Pattern) -> [f64; SIZE] {
    std::array::from_fn(|i| match i {
        0 => 1.0,
        i => f64::from(u8::from(pattern.0[i - 1])),
    })
}

pub(super) fn dot(a: &[f64; SIZE], b: &[f64; SIZE]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The coefficients as the domain has them.
pub(super) fn coefficients(of: &[f64; SIZE]) -> Coefficients {
    let [intercept, log_odds_ratios @ ..] = *of;
    Coefficients {
        intercept,
        log_odds_ratios,
    }
}

/// Counts as numbers that a resample may also be: not refractory and refractory, by pattern.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cells {
    pub events: [f64; Pattern::COUNT],
    pub others: [f64; Pattern::COUNT],
}

impl Cells {
    pub fn of(counts: &PatternCounts) -> Self {
        Self {
            events: counts.refractory.map(|n| n as f64),
            others: counts.not_refractory.map(|n| n as f64),
        }
    }

    pub fn patients(&self) -> f64 {
        self.events.iter().chain(&self.others).sum()
    }

    fn rows(
        &self,
        width: usize,
        x: impl Fn(Pattern) -> Vec<f64>,
        offset: impl Fn(Pattern) -> f64,
    ) -> Rows {
        let mut rows = Rows::new(width);
        for pattern in Pattern::all() {
            let at = pattern.index();
            rows.push_with_offset(
                &x(pattern),
                self.events[at],
                self.others[at],
                offset(pattern),
            );
        }
        rows
    }

    /// The intercept alone, the log odds given.
    pub fn in_the_large(&self, model: &[f64; SIZE]) -> Rows {
        self.rows(0, |_| Vec::new(), |pattern| dot(&design(pattern), model))
    }

    /// The log odds as the only column.
    pub fn by_log_odds(&self, model: &[f64; SIZE]) -> Rows {
        self.rows(1, |pattern| vec![dot(&design(pattern), model)], |_| 0.0)
    }

    /// Some predictors as columns, the log odds given.
    pub fn by_predictors(&self, model: &[f64; SIZE], columns: &[usize]) -> Rows {
        self.rows(
            columns.len(),
            |pattern| columns.iter().map(|c| design(pattern)[c + 1]).collect(),
            |pattern| dot(&design(pattern), model),
        )
    }

    /// The log likelihood of a model as it is.
    pub fn log_likelihood(&self, model: &[f64; SIZE]) -> f64 {
        let term = |pattern: Pattern| {
            let (at, log_odds) = (pattern.index(), dot(&design(pattern), model));
            let patients = self.events[at] + self.others[at];
            // ln(1 + e^x) without overflow.
            let softplus = log_odds.max(0.0) + (-log_odds.abs()).exp().ln_1p();
            self.events[at] * log_odds - patients * softplus
        };
        Pattern::all().map(term).sum()
    }

    /// Which predictors can be told apart in these patients: not those that are the same for all, or follow from others.
    pub fn estimable(&self, model: &[f64; SIZE]) -> Vec<usize> {
        let mut columns: Vec<usize> = (0..Predictor::COUNT).collect();
        loop {
            match fit(&self.by_predictors(model, &columns), Penalty::None) {
                Err(NoFit::Constant { column } | NoFit::Dependent { column }) => {
                    columns.remove(column);
                }
                _ => return columns,
            }
        }
    }
}
