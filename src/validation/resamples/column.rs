//! Resamples of a column of probabilities that differ from patient to patient: how often each patient was drawn. The column is
//! sorted once, each thread has one scratch buffer, and both logistic fits start from those of all patients.

use super::super::population::Given;
use crate::statistics::bootstrap::{stream, weights_into};
use crate::statistics::calibration;
use rayon::prelude::*;
use std::ops::Range;

/// Newton's steps from the fit of all patients: a resample is never far from it.
const STEPS: usize = 25;
/// After such a step Newton's method is right to twice as many digits.
const SMALL_STEP: f64 = 1e-4;

/// A column of probabilities, sorted, with what every resample needs of it.
pub struct Column<'a> {
    /// Probability and outcome, ascending.
    patients: &'a [(f64, bool)],
    /// Those who have log odds: a probability between 0 and 1.
    fitted_patients: Range<usize>,
    /// Their log odds.
    log_odds: Vec<f64>,
    /// Fits of all patients, to start from: intercept with slope 1; intercept and slope.
    start: (f64, [f64; 2]),
    /// What both give for each patient.
    fitted: Vec<[f64; 2]>,
}

impl<'a> Column<'a> {
    /// Takes a sorted column.
    pub fn of(given: &'a Given) -> Self {
        let alone = calibration::in_the_large(&given.groups);
        let alone = alone.map_or(f64::NAN, |estimate| estimate.value);
        let line = calibration::recalibrate(&given.groups);
        let line = line.map_or([f64::NAN; 2], |fit| [fit.intercept, fit.slope]);
        // Probabilities of 0 come first and those of 1 last.
        let first = given.sorted.partition_point(|(p, _)| *p <= 0.0);
        let last = given.sorted.partition_point(|(p, _)| *p < 1.0);
        let fitted_patients = first..last.max(first);
        let patients = given.sorted[fitted_patients.clone()].iter();
        let log_odds: Vec<f64> = patients.map(|(p, _)| p.ln() - (-p).ln_1p()).collect();
        Self {
            patients: &given.sorted,
            fitted_patients,
            fitted: log_odds.iter().map(|x| fitted(*x, alone, line)).collect(),
            log_odds,
            start: (alone, line),
        }
    }

    /// The figures of each resample, in the order of the replicates.
    pub fn by_weights(&self, seed: u64, replicates: u32) -> Vec<[f64; 6]> {
        let scratch = || vec![0_u32; self.patients.len()];
        (0..u64::from(replicates))
            .into_par_iter()
            .map_init(scratch, |weights, k| {
                weights_into(weights, &mut stream(seed, k));
                self.in_resample(weights)
            })
            .collect()
    }

    // Without branches on weight and outcome: a processor cannot guess them.
    fn in_resample(&self, weights: &[u32]) -> [f64; 6] {
        let (mut events, mut others, mut expected, mut squares) = (0.0, 0.0, 0.0, 0.0);
        // Pairs won, with the others below the present probability and those beside it.
        let (mut won, mut below) = (0.0, 0.0);
        let (mut at, mut events_here, mut others_here) = (f64::NAN, 0.0, 0.0);
        for ((p, is_event), weight) in self.patients.iter().zip(weights) {
            let weight = f64::from(*weight);
            let y = f64::from(u8::from(*is_event));
            if *p != at {
                won += events_here * (below + others_here / 2.0);
                below += others_here;
                events += events_here;
                others += others_here;
                (at, events_here, others_here) = (*p, 0.0, 0.0);
            }
            events_here += weight * y;
            others_here += weight * (1.0 - y);
            expected += weight * p;
            squares += weight * (y - p) * (y - p);
        }
        events += events_here;
        others += others_here;
        won += events_here * (below + others_here / 2.0);
        let patients = events + others;
        let prevalence = events / patients;
        let brier = squares / patients;
        let (in_the_large, slope) = self.fits(&weights[self.fitted_patients.clone()]);
        [
            won / (events * others),
            events / expected,
            in_the_large,
            slope,
            brier,
            1.0 - brier / (prevalence * (1.0 - prevalence)),
        ]
    }

    /// Intercept with slope 1, and slope with a free intercept. NaN where there is none.
    fn fits(&self, weights: &[u32]) -> (f64, f64) {
        let mut alone = self.start.0;
        let mut line = self.start.1;
        let mut is_found = [alone.is_nan(), line[0].is_nan()];
        for step in 0..STEPS {
            let sums = match step {
                0 => self.first_sums(weights),
                _ => self.sums(weights, alone, line),
            };
            if !is_found[0] {
                let step = sums.alone[0] / sums.alone[1];
                alone += step;
                is_found[0] = step.abs() < SMALL_STEP;
            }
            if !is_found[1] {
                let [g0, g1, i00, i01, i11] = sums.line;
                let determinant = i00 * i11 - i01 * i01;
                let step = [
                    (i11 * g0 - i01 * g1) / determinant,
                    (i00 * g1 - i01 * g0) / determinant,
                ];
                line = [line[0] + step[0], line[1] + step[1]];
                is_found[1] = step[0].abs().max(step[1].abs()) < SMALL_STEP;
            }
            if is_found == [true, true] {
                return (alone, line[1]);
            }
        }
        let told = |found: bool, value: f64| if found { value } else { f64::NAN };
        (told(is_found[0], alone), told(is_found[1], line[1]))
    }

    /// [`Self::sums`] at the start, where every resample begins: the exponentials are known.
    fn first_sums(&self, weights: &[u32]) -> Sums {
        let mut sums = Sums::default();
        let patients = self
            .log_odds
            .iter()
            .zip(&self.patients[self.fitted_patients.clone()])
            .zip(weights);
        for (((x, (_, is_event)), weight), fitted) in patients.zip(&self.fitted) {
            sums.add(*weight, *is_event, *x, *fitted);
        }
        sums
    }

    fn sums(&self, weights: &[u32], alone: f64, line: [f64; 2]) -> Sums {
        let mut sums = Sums::default();
        let patients = self
            .log_odds
            .iter()
            .zip(&self.patients[self.fitted_patients.clone()])
            .zip(weights);
        for ((x, (_, is_event)), weight) in patients {
            if *weight > 0 {
                sums.add(*weight, *is_event, *x, fitted(*x, alone, line));
            }
        }
        sums
    }
}

/// Probabilities that both fits give at these log odds.
fn fitted(x: f64, alone: f64, [intercept, slope]: [f64; 2]) -> [f64; 2] {
    [alone + x, intercept + slope * x].map(|log_odds| 1.0 / (1.0 + (-log_odds).exp()))
}

/// Gradient and information of both fits.
#[derive(Default)]
struct Sums {
    alone: [f64; 2],
    line: [f64; 5],
}

impl Sums {
    fn add(&mut self, weight: u32, is_event: bool, x: f64, [alone, line]: [f64; 2]) {
        let weight = f64::from(weight);
        let y = f64::from(u8::from(is_event));
        self.alone[0] += weight * (y - alone);
        self.alone[1] += weight * alone * (1.0 - alone);
        let residual = weight * (y - line);
        let information = weight * line * (1.0 - line);
        self.line[0] += residual;
        self.line[1] += residual * x;
        self.line[2] += information;
        self.line[3] += information * x;
        self.line[4] += information * x * x;
    }
}

#[cfg(test)]
mod tests {
    use super::super::of_probability;
    use super::*;
    use crate::statistics::bootstrap::weights;
    use crate::statistics::ranking::{of_patients, ranked};

    /// Weights and counts are two ways to the same figures of one resample.
    #[test]
    fn a_resample_by_weights_gives_what_its_patients_give() {
        // Ties, and a prediction that has no log odds.
        let patients: Vec<(f64, bool)> = (0..3000)
            .map(|at| {
                (
                    (at % 1000) as f64 / 1000.0,
                    (at * 7919 + at / 1000 * 331) % 1000 < at % 1000,
                )
            })
            .collect();
        let mut given = Given {
            groups: ranked(of_patients(patients.clone())).unwrap(),
            sorted: patients,
        };
        given
            .sorted
            .sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let sorted = Column::of(&given);
        for k in 0..5 {
            let weights = weights(given.sorted.len(), &mut stream(3, k));
            let drawn = given.sorted.iter().zip(&weights);
            let drawn = drawn.flat_map(|(patient, weight)| vec![*patient; *weight as usize]);
            let expected = of_probability(&ranked(of_patients(drawn)).unwrap());
            for (got, expected) in sorted.in_resample(&weights).into_iter().zip(expected) {
                assert!((got - expected).abs() < 1e-7, "{got} {expected}");
            }
        }
    }
}
