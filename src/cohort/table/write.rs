//! A cohort as a table that [`super::Reading`] reads to the same cohort.

use super::column::Column;
use crate::cohort::{Cohort, Outcome, Values};
use crate::domain::score::State;
use std::io::Write;

/// The code of a state in tables.
pub fn state_code(state: State) -> &'static str {
    match state {
        State::Present => "present",
        State::Absent => "absent",
        State::Unknown => "unknown",
        State::Conflicting => "conflicting",
    }
}

/// The code of an outcome in tables.
pub fn outcome_code(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Refractory => "refractory",
        Outcome::NotRefractory => "not-refractory",
        Outcome::Undetermined => "undetermined",
    }
}

/// Writes a cohort as comma-separated values. It holds no names of patients, so there is no column `patient`.
///
/// # Errors
/// What `out` refuses.
pub fn write(cohort: &Cohort, out: impl Write) -> Result<(), csv::Error> {
    let mut table = csv::Writer::from_writer(out);
    let is_there = |column: &Column| match column {
        Column::Patient => false,
        Column::TimeZero => cohort.time_zero.is_some(),
        Column::Probability => cohort.probabilities.is_some(),
        Column::Predictor(_) | Column::Outcome => true,
    };
    let columns: Vec<Column> = Column::ALL.into_iter().filter(is_there).collect();
    let named = columns.iter().map(|column| column.name());
    let variables = cohort
        .variables
        .iter()
        .map(|variable| variable.name.as_str());
    table.write_record(named.chain(variables))?;
    for patient in 0..cohort.len() {
        for column in &columns {
            match column {
                Column::Patient => (),
                Column::TimeZero => {
                    let days = cohort.time_zero.as_ref();
                    let day = days.and_then(|days| days[patient]);
                    table.write_field(day.map_or(String::new(), |day| day.to_string()))?;
                }
                Column::Predictor(predictor) => {
                    table.write_field(state_code(cohort.states[patient][*predictor as usize]))?;
                }
                Column::Outcome => table.write_field(outcome_code(cohort.outcomes[patient]))?,
                Column::Probability => {
                    let probabilities = cohort.probabilities.as_ref();
                    let probability = probabilities.and_then(|p| p[patient]);
                    table.write_field(probability.map_or(String::new(), |p| p.to_string()))?;
                }
            }
        }
        for variable in &cohort.variables {
            match &variable.values {
                Values::Numbers(numbers) => {
                    let number = numbers[patient];
                    table.write_field(number.map_or(String::new(), |n| n.to_string()))?;
                }
                Values::Categories { levels, of } => {
                    let level = of[patient].and_then(|place| levels.get(usize::from(place)));
                    table.write_field(level.map_or("", String::as_str))?;
                }
            }
        }
        table.write_record(None::<&[u8]>)?;
    }
    table.flush()?;
    Ok(())
}
