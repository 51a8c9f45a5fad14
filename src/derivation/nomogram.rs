//! The regression on the criteria of the score, and its calibration by the bootstrap as `rms::calibrate` does it: lowess curves at
//! 50 predicted probabilities, less the mean optimism of the resamples.

use super::candidate::Study;
use super::score::Rule;
use super::selection::{Design, Fitted};
use super::{Calibration, CalibrationPoint, Options, Predicted};
use crate::statistics::bootstrap::{counts, replicate};
use crate::statistics::quantile;
use crate::statistics::ranking::{Ranked, ranked};
use crate::statistics::regression::{Fit, Penalty, Rows, fit};
use crate::statistics::smooth::lowess;

/// Points of the calibration curve.
const POINTS: usize = 50;
/// `rms::calibrate` asks for more than ten patients.
const FEWEST: usize = 11;

/// The criteria as variables of their own, each with the categories "not met" and "met", in the order of the rules.
pub(super) fn criteria(study: &Study, rules: &[Rule]) -> Study {
    use super::candidate::{Candidate, Coding};
    let candidate = |rule: &Rule| {
        let of = &study.candidates[rule.candidate];
        Candidate {
            name: of.describe(rule.criterion),
            values: Coding::Categories {
                levels: vec!["not met".to_owned(), "met".to_owned()],
                of: (0..study.is_event.len())
                    .map(|patient| of.meets(patient, rule.criterion).map(u16::from))
                    .collect(),
            },
        }
    };
    Study {
        is_event: study.is_event.clone(),
        candidates: rules.iter().map(candidate).collect(),
    }
}

/// The regression on them.
pub(super) fn nomogram(criteria: &Study, penalty: Penalty) -> Result<(Design, Fitted), String> {
    let all: Vec<usize> = (0..criteria.candidates.len()).collect();
    let design = Design::new(criteria, &all);
    match Fitted::new(&design, &all, penalty) {
        Ok(fitted) => Ok((design, fitted)),
        Err(problem) => Err(design.why(&problem, &all)),
    }
}

/// Calibration of a fit on grouped rows; the error says why there is none.
pub(super) fn calibrate(
    rows: &Rows,
    original: &Fit,
    options: &Options,
) -> Result<Calibration, String> {
    let whole = |values: &[f64]| values.iter().map(|v| *v as u64).collect::<Vec<u64>>();
    let (events, others) = (whole(rows.events()), whole(rows.others()));
    let predict = |fit: &Fit| -> Vec<f64> {
        (0..rows.len())
            .map(|row| fit.probability(rows.x(row)))
            .collect()
    };
    let predicted = groups(&predict(original), &events, &others);
    let sizes = predicted
        .iter()
        .map(|group| (group.by, group.events + group.others));
    let patients: Vec<f64> = sizes
        .flat_map(|(by, size)| std::iter::repeat_n(by, size as usize))
        .collect();
    if patients.len() < FEWEST {
        return Err(format!(
            "a calibration curve needs {FEWEST} patients or more"
        ));
    }
    let (low, high) = (patients[4], patients[patients.len() - 5]);
    if low >= high {
        return Err("nearly all patients have the same predicted probability".to_owned());
    }
    let grid: Vec<f64> = (0..POINTS)
        .map(|place| low + (high - low) * place as f64 / (POINTS - 1) as f64)
        .collect();
    let apparent = smoothed(&predicted, &grid);
    let cells: Vec<u64> = events.iter().chain(&others).copied().collect();
    let differences = replicate(options.seed, options.bootstrap, |_, stream| {
        let drawn = counts(&cells, stream);
        let (drawn_events, drawn_others) = drawn.split_at(events.len());
        let as_f64 = |counts: &[u64]| counts.iter().map(|c| *c as f64).collect::<Vec<f64>>();
        let resample = rows.with_counts(as_f64(drawn_events), as_f64(drawn_others));
        let predicted = predict(&fit(&resample, original.penalty).ok()?);
        let training = smoothed(&groups(&predicted, drawn_events, drawn_others), &grid);
        let test = smoothed(&groups(&predicted, &events, &others), &grid);
        let pairs = training.into_iter().zip(test);
        Some(
            pairs
                .map(|(training, test)| Some(training? - test?))
                .collect::<Vec<_>>(),
        )
    });
    let fitted: Vec<&Vec<Option<f64>>> = differences.iter().flatten().collect();
    let corrected: Vec<Option<f64>> = apparent
        .iter()
        .enumerate()
        .map(|(place, apparent)| {
            let differences: Vec<f64> = fitted.iter().filter_map(|d| d[place]).collect();
            if differences.is_empty() {
                return None;
            }
            let optimism = differences.iter().sum::<f64>() / differences.len() as f64;
            apparent.map(|apparent| apparent - optimism)
        })
        .collect();
    let curve: Vec<(f64, f64)> = grid
        .iter()
        .zip(&corrected)
        .filter_map(|(by, corrected)| corrected.map(|corrected| (*by, corrected)))
        .collect();
    let mut errors: Vec<f64> = patients
        .iter()
        .filter_map(|by| interpolated(&curve, *by).map(|corrected| (by - corrected).abs()))
        .collect();
    if errors.is_empty() {
        return Err(format!(
            "none of {} resamples could be fitted",
            options.bootstrap
        ));
    }
    errors.sort_by(f64::total_cmp);
    let mean = |power: i32| errors.iter().map(|e| e.powi(power)).sum::<f64>() / errors.len() as f64;
    let points = grid.iter().zip(apparent).zip(&corrected);
    Ok(Calibration {
        resamples: options.bootstrap,
        fitted: fitted.len(),
        points: points
            .filter_map(|((predicted, apparent), corrected)| {
                Some(CalibrationPoint {
                    predicted: *predicted,
                    apparent: apparent?,
                    corrected: *corrected,
                })
            })
            .collect(),
        mean_absolute_error: mean(1),
        mean_squared_error: mean(2),
        ninetieth_percentile: quantile(&errors, 0.9),
        predicted: predicted
            .iter()
            .map(|group| Predicted {
                probability: group.by,
                events: group.events as u64,
                others: group.others as u64,
            })
            .collect(),
    })
}

/// Patients by predicted probability, ascending. With one class only the curve is still lowess's, so no class is asked for.
fn groups(predicted: &[f64], events: &[u64], others: &[u64]) -> Vec<Ranked> {
    let cells = predicted.iter().zip(events.iter().zip(others));
    let group = |(by, (events, others)): (&f64, (&u64, &u64))| Ranked {
        by: *by,
        events: *events as f64,
        others: *others as f64,
    };
    ranked(cells.map(group).collect()).unwrap_or_default()
}

/// The lowess curve at some places; none outside of its range.
fn smoothed(groups: &[Ranked], grid: &[f64]) -> Vec<Option<f64>> {
    let curve: Vec<(f64, f64)> = groups
        .iter()
        .map(|group| group.by)
        .zip(lowess(groups))
        .collect();
    grid.iter().map(|by| interpolated(&curve, *by)).collect()
}

/// Linear between neighbours; none outside.
fn interpolated(curve: &[(f64, f64)], at: f64) -> Option<f64> {
    let above = curve.partition_point(|(by, _)| *by < at);
    let (by, value) = *curve.get(above)?;
    if by == at {
        return Some(value);
    }
    let (before, value_before) = *curve.get(above.checked_sub(1)?)?;
    let share = (at - before) / (by - before);
    Some(value_before + share * (value - value_before))
}
