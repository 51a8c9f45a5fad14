//! The four-factor logistic model fitted to the analysed patients, and its optimism with the indexes of `rms::validate`: what a
//! local model of these predictors could do at best.
//!
//! Works on the 16 patterns; a resample is 32 counts.

use super::result::{Coefficient, Figure, OptimismRow, Refit};
use crate::cohort::PatternCounts;
use crate::domain::model::Model;
use crate::domain::nomogram::Coefficients;
use crate::domain::score::{Pattern, Predictor};
use crate::statistics::Estimate;
use crate::statistics::bootstrap::{Optimism, counts_into, optimism};
use crate::statistics::calibration;
use crate::statistics::logistic::{Fit, Group, NoFit, fit};
use crate::statistics::ranking::{Ranked, c_index};

/// Patients by pattern: with and without the outcome.
type Cells = [[f64; 2]; Pattern::COUNT];
/// Dxy, R2, Intercept, Slope, D, U, Q, B, g, gp.
type Indexes = [f64; 10];

const NAMES: [&str; 10] = [
    "Dxy",
    "R2",
    "Intercept",
    "Slope",
    "D",
    "U",
    "Q",
    "B",
    "g",
    "gp",
];
/// Probabilities at which Emax is looked for, as `rms::validate` does.
const EMAX_STEPS: u32 = 2000;

/// The refit with so many bootstrap replicates.
///
/// # Errors
/// [`NoFit`] when the predictors separate the outcome, or one of them is the same for everybody.
pub fn refit(
    counts: &PatternCounts,
    model: &Model,
    seed: u64,
    replicates: u32,
) -> Result<Refit, NoFit> {
    let cells = cells(counts);
    let whole = four_factors(&cells)?;
    let original = on_itself(&whole, &cells);
    let groups = flat(counts);
    let rows = optimism(original, seed, replicates as usize, |_, stream| {
        let mut drawn = [0; 2 * Pattern::COUNT];
        counts_into(&groups, &mut drawn, stream);
        let drawn = unflat(&drawn);
        let fitted = four_factors(&drawn).ok()?;
        Some((on_itself(&fitted, &drawn), elsewhere(&fitted, &cells)?))
    });
    let [dxy, r2, intercept, slope, d, u, q, b, g, gp] = rows;
    let emax = emax(intercept.corrected, slope.corrected);
    let emax = Optimism {
        original: 0.0,
        training: 0.0,
        test: emax,
        optimism: emax,
        corrected: emax,
        n: dxy.n,
    };
    let table = [
        (NAMES[0], dxy),
        (NAMES[1], r2),
        (NAMES[2], intercept),
        (NAMES[3], slope),
        ("Emax", emax),
        (NAMES[4], d),
        (NAMES[5], u),
        (NAMES[6], q),
        (NAMES[7], b),
        (NAMES[8], g),
        (NAMES[9], gp),
    ];
    let fitted = dxy.n as u32;
    Ok(Refit {
        coefficients: coefficients(&whole, model),
        rows: table
            .into_iter()
            .filter_map(|(name, row)| told(name, row))
            .collect(),
        c_apparent: 0.5 + dxy.original / 2.0,
        c_corrected: Some(0.5 + dxy.corrected / 2.0).filter(|c| c.is_finite()),
        replicates: fitted,
        failed: replicates - fitted,
    })
}

fn told(name: &'static str, row: Optimism) -> Option<OptimismRow> {
    let values = [
        row.original,
        row.training,
        row.test,
        row.optimism,
        row.corrected,
    ];
    (row.n > 0 && values.iter().all(|value| value.is_finite())).then_some(OptimismRow {
        name,
        index_orig: row.original,
        training: row.training,
        test: row.test,
        optimism: row.optimism,
        index_corrected: row.corrected,
        n: row.n as u32,
    })
}

fn coefficients(fit: &Fit<{ Coefficients::COUNT }>, model: &Model) -> Vec<Coefficient> {
    let own = model
        .nomogram
        .as_ref()
        .map(|nomogram| nomogram.coefficients());
    let terms = std::iter::once("intercept").chain(Predictor::ALL.into_iter().map(Predictor::name));
    terms
        .enumerate()
        .filter_map(|(at, term)| {
            let error = fit.covariance[at][at].sqrt();
            let mut log_odds = Figure::of(Estimate::wald(fit.coefficients[at], error), "wald")?;
            log_odds.standard_error = Some(error).filter(|error| error.is_finite());
            Some(Coefficient {
                term,
                log_odds,
                model: own.map(|own| match at.checked_sub(1) {
                    None => own.intercept,
                    Some(predictor) => own.log_odds_ratios[predictor],
                }),
            })
        })
        .collect()
}

/// 32 counts: with the outcome by pattern, then without.
pub(super) fn flat(counts: &PatternCounts) -> [u64; 2 * Pattern::COUNT] {
    std::array::from_fn(|at| match at.checked_sub(Pattern::COUNT) {
        None => counts.refractory[at],
        Some(pattern) => counts.not_refractory[pattern],
    })
}

fn unflat(drawn: &[u64; 2 * Pattern::COUNT]) -> Cells {
    std::array::from_fn(|at| [drawn[at] as f64, drawn[at + Pattern::COUNT] as f64])
}

fn cells(counts: &PatternCounts) -> Cells {
    unflat(&flat(counts))
}

fn four_factors(cells: &Cells) -> Result<Fit<{ Coefficients::COUNT }>, NoFit> {
    let groups: Vec<Group<{ Coefficients::COUNT }>> = Pattern::all()
        .map(|pattern| {
            let [events, others] = cells[pattern.index()];
            Group {
                row: row(pattern),
                events,
                patients: events + others,
            }
        })
        .collect();
    fit(&groups)
}

fn row(pattern: Pattern) -> [f64; Coefficients::COUNT] {
    std::array::from_fn(|at| match at.checked_sub(1) {
        None => 1.0,
        Some(predictor) => f64::from(u8::from(pattern.0[predictor])),
    })
}

fn log_odds(fit: &Fit<{ Coefficients::COUNT }>, pattern: Pattern) -> f64 {
    let terms = row(pattern).into_iter().zip(fit.coefficients);
    terms.map(|(x, b)| x * b).sum()
}

fn expit(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// The patients of cells, ranked by a number that each pattern has.
fn ranked(cells: &Cells, of: impl Fn(Pattern) -> f64) -> Vec<Ranked> {
    Pattern::all()
        .map(|pattern| {
            let [events, others] = cells[pattern.index()];
            Ranked {
                by: of(pattern),
                events,
                others,
            }
        })
        .filter(|group| group.events + group.others > 0.0)
        .collect()
}

/// Indexes of a model on the patients that it was fitted to.
fn on_itself(fit: &Fit<{ Coefficients::COUNT }>, cells: &Cells) -> Indexes {
    let by_log_odds = ranked(cells, |pattern| log_odds(fit, pattern));
    let by_probability = ranked(cells, |pattern| expit(log_odds(fit, pattern)));
    let (n, null) = null_log_likelihood(cells);
    let ratio = 2.0 * (fit.log_likelihood - null);
    let (d, u) = ((ratio - 1.0) / n, -2.0 / n);
    [
        2.0 * c_index(&by_log_odds) - 1.0,
        r_squared(ratio, null, n),
        0.0,
        1.0,
        d,
        u,
        d - u,
        calibration::brier(&by_probability).score,
        gini(&by_log_odds),
        gini(&by_probability),
    ]
}

/// Indexes of a model on other patients: by way of its recalibration there.
fn elsewhere(fit: &Fit<{ Coefficients::COUNT }>, cells: &Cells) -> Option<Indexes> {
    let by_log_odds = ranked(cells, |pattern| log_odds(fit, pattern));
    let by_probability = ranked(cells, |pattern| expit(log_odds(fit, pattern)));
    let recalibrated = calibration::recalibrate(&by_probability).ok()?;
    let (n, null) = null_log_likelihood(cells);
    let ratio = 2.0 * (recalibrated.log_likelihood - null);
    let d = (ratio - 1.0) / n;
    let as_it_is: f64 = by_log_odds
        .iter()
        .map(|g| g.events * g.by - (g.events + g.others) * softplus(g.by))
        .sum();
    let u = (2.0 * (recalibrated.log_likelihood - as_it_is) - 2.0) / n;
    let line = |log_odds: f64| recalibrated.intercept + recalibrated.slope * log_odds;
    let moved = |of: &dyn Fn(f64) -> f64| {
        let groups: Vec<Ranked> = by_log_odds
            .iter()
            .map(|g| Ranked { by: of(g.by), ..*g })
            .collect();
        gini(&groups)
    };
    Some([
        2.0 * c_index(&by_log_odds) - 1.0,
        r_squared(ratio, null, n),
        recalibrated.intercept,
        recalibrated.slope,
        d,
        u,
        d - u,
        calibration::brier(&by_probability).score,
        moved(&|log_odds| recalibrated.slope * log_odds),
        moved(&|log_odds| expit(line(log_odds))),
    ])
}

/// ln(1 + e^x) without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// Everybody, and the log likelihood of the observed share for everybody.
fn null_log_likelihood(cells: &Cells) -> (f64, f64) {
    let [events, others] = cells
        .iter()
        .fold([0.0, 0.0], |[e, o], cell| [e + cell[0], o + cell[1]]);
    let n = events + others;
    (n, events * (events / n).ln() + others * (others / n).ln())
}

/// Nagelkerke's.
fn r_squared(ratio: f64, null: f64, n: f64) -> f64 {
    (1.0 - (-ratio / n).exp()) / (1.0 - (2.0 * null / n).exp())
}

/// Gini's mean difference: of two patients at random, how far their numbers are apart.
fn gini(groups: &[Ranked]) -> f64 {
    let size = |group: &Ranked| group.events + group.others;
    let n: f64 = groups.iter().map(size).sum();
    let mut sum = 0.0;
    for (place, a) in groups.iter().enumerate() {
        for b in &groups[..place] {
            sum += size(a) * size(b) * (a.by - b.by).abs();
        }
    }
    2.0 * sum / (n * (n - 1.0))
}

/// The greatest distance between a probability and what a recalibration makes of it.
fn emax(intercept: f64, slope: f64) -> f64 {
    (0..=EMAX_STEPS)
        .map(|step| f64::from(step) / f64::from(EMAX_STEPS))
        .map(|p| (p - expit(intercept + slope * (p / (1.0 - p)).ln())).abs())
        .filter(|distance| distance.is_finite())
        .fold(0.0, f64::max)
}
