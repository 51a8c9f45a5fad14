//! The patients of a derivation and the variables that may predict: which columns they are, and how each is coded.

use super::{CannotDerive, Options};
use crate::cohort::{Cohort, Outcome, Values, Variable};
use crate::domain::score::{Predictor, State};
use std::collections::BTreeSet;

/// Levels that stand for "not there": the other level is what counts.
const NEGATIONS: [&str; 7] = ["0", "no", "none", "absent", "negative", "false", "normal"];

/// Patients with a known outcome, and their candidates.
#[derive(Debug, Clone)]
pub(super) struct Study {
    /// Whether the outcome came, patient by patient.
    pub is_event: Vec<bool>,
    /// The same place in every column is the same patient.
    pub candidates: Vec<Candidate>,
}

/// A variable that may predict.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub name: String,
    pub values: Coding,
}

/// How a candidate is coded.
#[derive(Debug, Clone)]
pub(super) enum Coding {
    Numbers(Vec<Option<f64>>),
    Categories {
        /// Two or more; the first is the one that the others are compared with.
        levels: Vec<String>,
        of: Vec<Option<u16>>,
    },
}

/// What a score or a nomogram asks of a patient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Criterion {
    AtOrAbove(f64),
    AtOrBelow(f64),
    Level(u16),
}

impl Study {
    pub fn with_events(&self, events: bool) -> usize {
        self.is_event.iter().filter(|is| **is == events).count()
    }

    /// These patients, as often as they are named.
    pub fn of_patients(&self, patients: &[usize]) -> Self {
        let candidate = |candidate: &Candidate| Candidate {
            name: candidate.name.clone(),
            values: match &candidate.values {
                Coding::Numbers(values) => {
                    Coding::Numbers(patients.iter().map(|i| values[*i]).collect())
                }
                Coding::Categories { levels, of } => Coding::Categories {
                    levels: levels.clone(),
                    of: patients.iter().map(|i| of[*i]).collect(),
                },
            },
        };
        Self {
            is_event: patients.iter().map(|i| self.is_event[*i]).collect(),
            candidates: self.candidates.iter().map(candidate).collect(),
        }
    }
}

impl Candidate {
    pub fn is_known(&self, patient: usize) -> bool {
        match &self.values {
            Coding::Numbers(values) => values[patient].is_some(),
            Coding::Categories { of, .. } => of[patient].is_some(),
        }
    }

    /// None where the candidate is not known.
    pub fn meets(&self, patient: usize, criterion: Criterion) -> Option<bool> {
        match (&self.values, criterion) {
            (Coding::Numbers(values), Criterion::AtOrAbove(at)) => {
                values[patient].map(|value| value >= at)
            }
            (Coding::Numbers(values), Criterion::AtOrBelow(at)) => {
                values[patient].map(|value| value <= at)
            }
            (Coding::Categories { of, .. }, Criterion::Level(level)) => {
                of[patient].map(|of| of == level)
            }
            _ => None,
        }
    }

    /// The criterion for people.
    pub fn describe(&self, criterion: Criterion) -> String {
        let name = &self.name;
        match (criterion, &self.values) {
            (Criterion::AtOrAbove(at), _) => format!("{name} >= {at}"),
            (Criterion::AtOrBelow(at), _) => format!("{name} <= {at}"),
            (Criterion::Level(level), Coding::Categories { levels, .. }) => {
                let level = levels.get(usize::from(level)).map_or("?", String::as_str);
                format!("{name}: {level}")
            }
            (Criterion::Level(_), Coding::Numbers(_)) => name.clone(),
        }
    }

    /// A number cut in two; the criterion is the second level.
    pub fn cut(&self, criterion: Criterion) -> Self {
        let patients = match &self.values {
            Coding::Numbers(values) => values.len(),
            Coding::Categories { .. } => return self.clone(),
        };
        let names = match criterion {
            Criterion::AtOrAbove(at) => [format!("< {at}"), format!(">= {at}")],
            Criterion::AtOrBelow(at) => [format!("> {at}"), format!("<= {at}")],
            Criterion::Level(_) => return self.clone(),
        };
        Self {
            name: self.name.clone(),
            values: Coding::Categories {
                levels: names.to_vec(),
                of: (0..patients)
                    .map(|i| self.meets(i, criterion).map(u16::from))
                    .collect(),
            },
        }
    }
}

/// The study that a cohort and the options make, and remarks on it.
pub(super) fn study(
    cohort: &Cohort,
    options: &Options,
) -> Result<(Study, StudyNotes), CannotDerive> {
    let (outcomes, event) = outcomes(cohort, options.outcome.as_deref())?;
    let patients: Vec<usize> = (0..cohort.len())
        .filter(|i| outcomes[*i].is_some())
        .collect();
    let is_event: Vec<bool> = patients.iter().filter_map(|i| outcomes[*i]).collect();
    let events = is_event.iter().filter(|is_event| **is_event).count();
    match patients.len() {
        0 => {
            return Err(CannotDerive::NoOutcome {
                patients: cohort.len(),
            });
        }
        patients if events == 0 || events == patients => {
            return Err(CannotDerive::OneClass { patients });
        }
        _ => {}
    }
    let (mut candidates, mut twins) = (Vec::new(), Vec::new());
    match &options.candidates {
        Some(names) => {
            let mut seen = BTreeSet::new();
            for name in names {
                if Some(name) == options.outcome.as_ref() {
                    return Err(CannotDerive::OutcomeAsCandidate { name: name.clone() });
                }
                if seen.insert(name) {
                    candidates.push(candidate(cohort, name, &patients)?);
                }
            }
        }
        None => {
            let names = Predictor::ALL.into_iter().map(Predictor::name);
            for name in names {
                let predictor = candidate(cohort, name, &patients)?;
                match cohort
                    .variables
                    .iter()
                    .find(|v| is_cut_of(&predictor, v, &patients))
                {
                    Some(variable) => twins.push((name.to_owned(), variable.name.clone())),
                    None => candidates.push(predictor),
                }
            }
            for variable in &cohort.variables {
                if Some(&variable.name) != options.outcome.as_ref() {
                    candidates.push(of_variable(variable, &patients));
                }
            }
        }
    }
    // A predictor that the table does not have is no candidate.
    if options.candidates.is_none() {
        candidates.retain(|c| (0..patients.len()).any(|i| c.is_known(i)));
    }
    if candidates.is_empty() {
        return Err(CannotDerive::NoCandidates);
    }
    Ok((
        Study {
            is_event,
            candidates,
        },
        StudyNotes { event, twins },
    ))
}

/// What a study leaves to say.
pub(super) struct StudyNotes {
    /// What counts as the outcome having come.
    pub event: String,
    /// Predictors left out because a number tells them, with that number.
    pub twins: Vec<(String, String)>,
}

fn outcomes(
    cohort: &Cohort,
    name: Option<&str>,
) -> Result<(Vec<Option<bool>>, String), CannotDerive> {
    let Some(name) = name else {
        let outcome = |outcome: &Outcome| match outcome {
            Outcome::Refractory => Some(true),
            Outcome::NotRefractory => Some(false),
            Outcome::Undetermined => None,
        };
        return Ok((
            cohort.outcomes.iter().map(outcome).collect(),
            "refractory".to_owned(),
        ));
    };
    let all: Vec<usize> = (0..cohort.len()).collect();
    let column = candidate(cohort, name, &all)?;
    match column.values {
        Coding::Categories { levels, of } if levels.len() == 2 => Ok((
            of.into_iter().map(|of| of.map(|of| of == 1)).collect(),
            levels[1].clone(),
        )),
        _ => Err(CannotDerive::OutcomeNotTwo {
            name: name.to_owned(),
        }),
    }
}

/// A column by name: one of the four predictors, or another.
fn candidate(cohort: &Cohort, name: &str, patients: &[usize]) -> Result<Candidate, CannotDerive> {
    // A column of that name that the table brings goes before the predictor.
    if let Some(variable) = cohort.variable(name) {
        return Ok(of_variable(variable, patients));
    }
    let place = Predictor::ALL
        .into_iter()
        .position(|predictor| predictor.name() == name)
        .ok_or_else(|| CannotDerive::NoSuchColumn {
            name: name.to_owned(),
            columns: columns(cohort),
        })?;
    let state = |i: &usize| match cohort.states[*i][place] {
        State::Present => Some(1),
        State::Absent => Some(0),
        State::Unknown | State::Conflicting => None,
    };
    Ok(Candidate {
        name: name.to_owned(),
        values: Coding::Categories {
            levels: vec!["absent".to_owned(), "present".to_owned()],
            of: patients.iter().map(state).collect(),
        },
    })
}

fn columns(cohort: &Cohort) -> Vec<String> {
    let predictors = Predictor::ALL.into_iter().map(|p| p.name().to_owned());
    let variables = cohort.variables.iter().map(|v| v.name.clone());
    predictors.chain(variables).collect()
}

fn of_variable(variable: &Variable, patients: &[usize]) -> Candidate {
    let values = match &variable.values {
        Values::Numbers(values) => of_numbers(patients.iter().map(|i| values[*i]).collect()),
        Values::Categories { levels, of } => {
            of_categories(levels, &patients.iter().map(|i| of[*i]).collect::<Vec<_>>())
        }
    };
    Candidate {
        name: variable.name.clone(),
        values,
    }
}

/// Numbers of which there are only two are categories, the smaller first.
fn of_numbers(values: Vec<Option<f64>>) -> Coding {
    let mut distinct: Vec<f64> = Vec::new();
    for value in values.iter().flatten() {
        if !distinct.contains(value) {
            distinct.push(*value);
            if distinct.len() > 2 {
                return Coding::Numbers(values);
            }
        }
    }
    distinct.sort_by(f64::total_cmp);
    match distinct.as_slice() {
        [low, high] => Coding::Categories {
            levels: vec![low.to_string(), high.to_string()],
            of: values
                .iter()
                .map(|value| value.map(|value| u16::from(value == *high)))
                .collect(),
        },
        _ => Coding::Numbers(values),
    }
}

/// Levels without patients are dropped. First comes a negation, or else the most frequent level; then the rest by name.
fn of_categories(names: &[String], of: &[Option<u16>]) -> Coding {
    let mut patients = vec![0_usize; names.len()];
    for level in of.iter().flatten() {
        patients[usize::from(*level)] += 1;
    }
    let mut order: Vec<usize> = (0..names.len()).filter(|l| patients[*l] > 0).collect();
    let is_negation =
        |level: usize| NEGATIONS.contains(&names[level].trim().to_lowercase().as_str());
    order.sort_by(|a, b| names[*a].cmp(&names[*b]));
    let first = order
        .iter()
        .copied()
        .find(|level| is_negation(*level))
        // The first by name of those that are equally frequent.
        .or_else(|| order.iter().copied().rev().max_by_key(|l| patients[*l]));
    if let Some(first) = first {
        order.retain(|level| *level != first);
        order.insert(0, first);
    }
    let mut place = vec![0_u16; names.len()];
    for (new, old) in order.iter().enumerate() {
        place[*old] = new as u16;
    }
    Coding::Categories {
        levels: order.iter().map(|level| names[*level].clone()).collect(),
        of: of
            .iter()
            .map(|level| level.map(|level| place[usize::from(level)]))
            .collect(),
    }
}

/// Whether a predictor is a number of the table cut in two: every number of the present ones lies above every other.
fn is_cut_of(predictor: &Candidate, variable: &Variable, patients: &[usize]) -> bool {
    let (Values::Numbers(values), Coding::Categories { of, .. }) =
        (&variable.values, &predictor.values)
    else {
        return false;
    };
    if matches!(of_numbers(values.clone()), Coding::Categories { .. }) {
        return false;
    }
    let (mut greatest_absent, mut least_present) = (f64::NEG_INFINITY, f64::INFINITY);
    for (place, patient) in patients.iter().enumerate() {
        match (of[place], values[*patient]) {
            (Some(0), Some(value)) => greatest_absent = greatest_absent.max(value),
            (Some(_), Some(value)) => least_present = least_present.min(value),
            _ => {}
        }
    }
    greatest_absent.is_finite() && least_present.is_finite() && greatest_absent < least_present
}
