//! What is counted of each month.

use super::trail::Answer;
use super::{Counted, Month, State};
use crate::domain::score::{self, Predictor};
use std::collections::{BTreeMap, BTreeSet};

/// Names with their numbers, most frequent first, then by name.
pub(super) fn counted(of: BTreeMap<String, u64>) -> Vec<Counted> {
    let mut counted: Vec<Counted> = of
        .into_iter()
        .map(|(name, count)| Counted { name, count })
        .collect();
    counted.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
    counted
}

/// Counts the answers of one month, one a patient.
pub(super) fn month(name: &str, answers: &[&Answer]) -> Month {
    let applicable: Vec<&Answer> = answers.iter().copied().filter(|a| a.applicable).collect();
    let count = |names: &mut dyn Iterator<Item = String>| {
        let mut of: BTreeMap<String, u64> = BTreeMap::new();
        for name in names {
            *of.entry(name).or_default() += 1;
        }
        counted(of)
    };
    // A caveat of several predictors is one of a patient.
    let once = |list: &[String]| list.iter().cloned().collect::<BTreeSet<_>>();
    let states = Predictor::ALL.into_iter().map(|predictor| {
        let of = |wanted: score::State| {
            let has = |answer: &&&Answer| -> bool {
                let states = answer.states.as_ref();
                states.is_some_and(|states| states[predictor as usize] == wanted)
            };
            applicable.iter().filter(has).count() as u64
        };
        State {
            predictor: predictor.name().into(),
            present: of(score::State::Present),
            absent: of(score::State::Absent),
            unknown: of(score::State::Unknown),
            conflicting: of(score::State::Conflicting),
        }
    });
    let different = |of: &dyn Fn(&Answer) -> String| {
        let all: BTreeSet<String> = answers.iter().map(|answer| of(answer)).collect();
        all.len() as u64
    };
    Month {
        month: name.to_owned(),
        patients: answers.len() as u64,
        applicable: applicable.len() as u64,
        states: states.collect(),
        classes: count(&mut applicable.iter().filter_map(|a| a.class.clone())),
        reasons: count(&mut answers.iter().flat_map(|a| once(&a.reasons))),
        caveats: count(&mut applicable.iter().flat_map(|a| once(&a.caveats))),
        displays: count(&mut answers.iter().map(|a| a.display.clone())),
        models: different(&|answer| answer.model.clone()),
        settings: different(&|answer| answer.settings.clone()),
    }
}
