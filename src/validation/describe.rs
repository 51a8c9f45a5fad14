//! From rows to analysed patients, and who the patients are.
//!
//! No value of one patient may be printed: levels with fewer than [`FEWEST`] patients are counted together, numbers have three
//! significant digits, and of days only the month is told.

use super::result::{
    ByOutcome, Description, Flow, LevelCounts, Months, Numbers, PredictorCounts,
    VariableDescription,
};
use crate::cohort::{Cohort, Counts, Outcome, Values};
use crate::domain::score::{Predictor, State};
use crate::statistics::{mean, quantile, variance};

/// A level with fewer patients is not named.
pub(super) const FEWEST: u64 = 5;
/// What such levels are called together.
pub(super) const SMALL_LEVELS: &str = "fewer than 5 patients each";

/// From rows to analysed patients.
pub fn flow(cohort: &Cohort, counts: &Counts) -> Flow {
    let mut flow = Flow {
        rows: cohort.origin.files.iter().map(|file| file.rows).sum(),
        bad_rows: cohort.origin.bad_rows,
        patients: cohort.len() as u64,
        outcome_undetermined: 0,
        incomplete: 0,
        without_pet: 0,
        analysed: 0,
        refractory: 0,
        not_refractory: 0,
        with_given_probability: cohort.probabilities.as_ref().map(|given| {
            let known = |outcome: &Outcome| *outcome != Outcome::Undetermined;
            let both = given.iter().zip(&cohort.outcomes);
            both.filter(|(p, outcome)| p.is_some() && known(outcome))
                .count() as u64
        }),
    };
    for (states, [refractory, not_refractory, undetermined]) in counts.iter() {
        flow.outcome_undetermined += undetermined;
        let known = refractory + not_refractory;
        if states.iter().any(|state| state.is_open()) {
            flow.incomplete += known;
            if states[Predictor::FdgUptake as usize].is_open() {
                flow.without_pet += known;
            }
        } else {
            flow.analysed += known;
            flow.refractory += refractory;
            flow.not_refractory += not_refractory;
        }
    }
    flow
}

/// Who the patients are.
pub fn describe(cohort: &Cohort, counts: &Counts) -> Description {
    Description {
        time_zero: months(cohort),
        predictors: Predictor::ALL
            .map(|predictor| states_of(predictor, counts))
            .into(),
        variables: cohort
            .variables
            .iter()
            .map(|variable| {
                let mut described = VariableDescription {
                    name: variable.name.clone(),
                    missing: ByOutcome::default(),
                    refractory: None,
                    not_refractory: None,
                    levels: Vec::new(),
                };
                match &variable.values {
                    Values::Numbers(values) => {
                        described.missing = by_outcome(cohort, |at| values[at].is_none());
                        described.refractory = numbers(cohort, values, Outcome::Refractory);
                        described.not_refractory = numbers(cohort, values, Outcome::NotRefractory);
                    }
                    Values::Categories { levels, of } => {
                        described.missing = by_outcome(cohort, |at| of[at].is_none());
                        described.levels = level_counts(cohort, levels, of);
                    }
                }
                described
            })
            .collect(),
    }
}

fn months(cohort: &Cohort) -> Option<Months> {
    let days = cohort.time_zero.as_ref()?;
    let known = || days.iter().flatten();
    let month = |day: &jiff::civil::Date| format!("{:04}-{:02}", day.year(), day.month());
    Some(Months {
        from: month(known().min()?),
        to: month(known().max()?),
        missing: days.iter().filter(|day| day.is_none()).count() as u64,
    })
}

fn states_of(predictor: Predictor, counts: &Counts) -> PredictorCounts {
    let of = |state: State| {
        let mut sum = ByOutcome::default();
        for (states, [refractory, not_refractory, undetermined]) in counts.iter() {
            if states[predictor as usize] == state {
                sum.refractory += refractory;
                sum.not_refractory += not_refractory;
                sum.undetermined += undetermined;
            }
        }
        sum
    };
    PredictorCounts {
        predictor: predictor.name(),
        present: of(State::Present),
        absent: of(State::Absent),
        unknown: of(State::Unknown),
        conflicting: of(State::Conflicting),
    }
}

impl ByOutcome {
    pub(super) fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Refractory => self.refractory += 1,
            Outcome::NotRefractory => self.not_refractory += 1,
            Outcome::Undetermined => self.undetermined += 1,
        }
    }

    fn sum(&self) -> u64 {
        self.refractory + self.not_refractory + self.undetermined
    }
}

fn by_outcome(cohort: &Cohort, holds: impl Fn(usize) -> bool) -> ByOutcome {
    let mut counted = ByOutcome::default();
    for (at, outcome) in cohort.outcomes.iter().enumerate() {
        if holds(at) {
            counted.add(*outcome);
        }
    }
    counted
}

fn level_counts(cohort: &Cohort, levels: &[String], of: &[Option<u16>]) -> Vec<LevelCounts> {
    let mut counted = vec![ByOutcome::default(); levels.len()];
    for (level, outcome) in of.iter().zip(&cohort.outcomes) {
        if let Some(counted) = level.and_then(|level| counted.get_mut(usize::from(level))) {
            counted.add(*outcome);
        }
    }
    let mut small = ByOutcome::default();
    let mut named = Vec::new();
    for (level, patients) in levels.iter().zip(counted) {
        if patients.sum() >= FEWEST {
            named.push(LevelCounts {
                level: level.clone(),
                patients,
            });
        } else {
            small.refractory += patients.refractory;
            small.not_refractory += patients.not_refractory;
            small.undetermined += patients.undetermined;
        }
    }
    if small.sum() > 0 {
        named.push(LevelCounts {
            level: SMALL_LEVELS.to_owned(),
            patients: small,
        });
    }
    named
}

/// None with fewer than [`FEWEST`] patients: a mean of one is that patient's value.
fn numbers(cohort: &Cohort, values: &[Option<f64>], outcome: Outcome) -> Option<Numbers> {
    let of_outcome = values.iter().zip(&cohort.outcomes);
    let mut known: Vec<f64> = of_outcome
        .filter(|(_, of)| **of == outcome)
        .filter_map(|(value, _)| *value)
        .collect();
    known.sort_by(f64::total_cmp);
    if (known.len() as u64) < FEWEST {
        return None;
    }
    Some(Numbers {
        patients: known.len() as u64,
        mean: three_digits(mean(&known))?,
        standard_deviation: three_digits(variance(&known).sqrt()),
        quartiles: [
            three_digits(quantile(&known, 0.25))?,
            three_digits(quantile(&known, 0.5))?,
            three_digits(quantile(&known, 0.75))?,
        ],
    })
}

/// Rounded to three significant digits. None where it is no number.
fn three_digits(value: f64) -> Option<f64> {
    // By way of text, so that 0.1 + 0.2 comes out as 0.3 and not as a long fraction.
    format!("{value:.2e}")
        .parse()
        .ok()
        .filter(|rounded: &f64| rounded.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        for (value, expected) in [
            (48.79, Some(48.8)),
            (7_654_321.0, Some(7_650_000.0)),
            (0.1 + 0.2, Some(0.3)),
            (f64::NAN, None),
        ] {
            assert_eq!(three_digits(value), expected);
        }
    }
}
