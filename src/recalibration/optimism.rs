//! What an update is worth on patients who did not make it: the whole procedure, the choice of the step with it, repeated in
//! bootstrap resamples (Harrell). Each resample's model is scored on the resample and on the analysed patients; the mean of the
//! differences is the optimism.
//!
//! Resamples are drawn as multinomial counts of the 32 cells (16 patterns by outcome), which is the same as drawing patients one
//! by one and costs nothing with their number. Replicate `k` of a seed is the same on any number of threads.

use super::cells::{Cells, SIZE};
use super::figures::{NAMES, Row, row};
use super::update::Base;
use super::{Optimism, OptimismRow, Step};
use crate::domain::score::Pattern;
use crate::statistics::bootstrap::{Stream, counts, replicate};

/// From patients to the step that was taken and the new coefficients; none where nothing can be fitted.
pub(super) type Procedure<'a> = dyn Fn(&Cells, &Base) -> Option<(Step, [f64; SIZE])> + Sync + 'a;

/// What a replicate tells.
struct Replicate {
    step: Step,
    training: Row,
    test: Row,
}

/// A resample of the patients.
pub(super) fn resample(cells: &Cells, stream: &mut Stream) -> Cells {
    let all: Vec<u64> = cells
        .events
        .iter()
        .chain(&cells.others)
        .map(|n| *n as u64)
        .collect();
    let drawn = counts(&all, stream);
    let part = |from: usize| std::array::from_fn(|at| drawn[from + at] as f64);
    Cells {
        events: part(0),
        others: part(Pattern::COUNT),
    }
}

/// Repeats `procedure` in so many resamples. `model` is what it made of the analysed patients.
pub(super) fn optimism(
    cells: &Cells,
    base: &Base,
    model: &[f64; SIZE],
    procedure: &Procedure<'_>,
    replicates: u32,
    seed: u64,
) -> Optimism {
    let told: Vec<Option<Replicate>> = replicate(seed, replicates as usize, |_, stream| {
        let drawn = resample(cells, stream);
        let (step, model) = procedure(&drawn, base)?;
        Some(Replicate {
            step,
            training: row(&drawn, &model),
            test: row(cells, &model),
        })
    });
    let apparent = row(cells, model);
    let mut chosen = [0; 4];
    for replicate in told.iter().flatten() {
        chosen[replicate.step as usize] += 1;
    }
    let failed = told.iter().filter(|told| told.is_none()).count();
    let figures = NAMES.iter().enumerate().filter_map(|(at, name)| {
        let both = |replicate: &Replicate| (replicate.training[at], replicate.test[at]);
        let pairs: Vec<(f64, f64)> = told
            .iter()
            .flatten()
            .map(both)
            .filter(|(training, test)| training.is_finite() && test.is_finite())
            .collect();
        if pairs.is_empty() || !apparent[at].is_finite() {
            return None;
        }
        let n = pairs.len() as f64;
        let training = pairs.iter().map(|(training, _)| training).sum::<f64>() / n;
        let test = pairs.iter().map(|(_, test)| test).sum::<f64>() / n;
        let optimism = training - test;
        Some(OptimismRow {
            name: (*name).to_owned(),
            apparent: apparent[at],
            training,
            test,
            optimism,
            corrected: apparent[at] - optimism,
            n: u32::try_from(pairs.len()).unwrap_or(u32::MAX),
        })
    });
    Optimism {
        replicates,
        failed: u32::try_from(failed).unwrap_or(u32::MAX),
        chosen,
        figures: figures.collect(),
    }
}
