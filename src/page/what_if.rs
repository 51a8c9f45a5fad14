//! What the answer would be if something unknown were known. Computed anew by the rules of `domain` from states alone; nothing
//! of it ever goes into the record's own answer.

use super::answer::Answer;
use crate::domain::interval::Interval;
use crate::domain::model::Model;
use crate::domain::nomogram::Probability;
use crate::domain::score::{Classification, Predictor, State, States, classify, score};
use serde_json::Value;

/// Beginning of the names of the form's fields; the predictor's name follows.
pub(super) const FIELD: &str = "whatif-";

/// What a query asks to try out: `whatif-recurrence=yes`. A predictor that the record does not leave open, another value, and
/// every other name are left alone; of one name twice the last counts.
pub fn what_if<'a>(
    assessment: &Value,
    query: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Vec<(Predictor, bool)> {
    let mut chosen = [None; Predictor::COUNT];
    for (name, value) in query {
        let Some(predictor) = name.strip_prefix(FIELD).and_then(named) else {
            continue;
        };
        chosen[predictor as usize] = match value {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        };
    }
    Predictor::ALL
        .into_iter()
        .filter_map(|predictor| Some((predictor, chosen[predictor as usize]?)))
        .filter(|(predictor, _)| {
            let state = &assessment["predictors"][predictor.name()]["state"];
            state.as_str().is_some_and(is_open)
        })
        .collect()
}

fn named(name: &str) -> Option<Predictor> {
    Predictor::ALL
        .into_iter()
        .find(|predictor| predictor.name() == name)
}

fn is_open(state: &str) -> bool {
    matches!(state, "unknown" | "conflicting")
}

/// The states of an answer.
pub(super) fn states(answer: &Answer) -> Option<States> {
    let found = answer.predictors.as_ref()?.all();
    Some(found.map(|found| match found.state.as_str() {
        "present" => State::Present,
        "absent" => State::Absent,
        "conflicting" => State::Conflicting,
        _ => State::Unknown,
    }))
}

/// What would be.
#[derive(Debug)]
pub(super) struct Hypothetical {
    pub(super) assumptions: Vec<(Predictor, bool)>,
    pub(super) score: Interval<u32>,
    pub(super) class: Classification,
    pub(super) probability: Option<Probability>,
}

/// The answer under assumptions about predictors that are open; none where there is nothing to assume.
pub(super) fn hypothetical(
    model: &Model,
    mut states: States,
    assumed: &[(Predictor, bool)],
) -> Option<Hypothetical> {
    let mut assumptions = Vec::new();
    for (predictor, is_present) in assumed {
        let state = &mut states[*predictor as usize];
        if state.is_open() {
            *state = match is_present {
                true => State::Present,
                false => State::Absent,
            };
            assumptions.push((*predictor, *is_present));
        }
    }
    if assumptions.is_empty() {
        return None;
    }
    let score = score(model, &states);
    Some(Hypothetical {
        assumptions,
        score,
        class: classify(model, score),
        probability: model
            .nomogram
            .as_ref()
            .map(|nomogram| nomogram.probability(&states)),
    })
}
