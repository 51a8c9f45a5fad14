//! Analysed patients as groups that share a number: by score, by class, by PET, by a probability.

use crate::cohort::{Cohort, Outcome, PatternCounts};
use crate::domain::model::Model;
use crate::domain::score::{Pattern, Predictor, State, States};
use crate::statistics::ranking::Ranked;

/// The pattern of four known states.
pub fn pattern(states: &States) -> Option<Pattern> {
    let mut pattern = Pattern::default();
    for (present, state) in pattern.0.iter_mut().zip(states) {
        *present = match state {
            State::Present => true,
            State::Absent => false,
            State::Unknown | State::Conflicting => return None,
        };
    }
    Some(pattern)
}

/// By score, ascending.
pub fn by_score(counts: &PatternCounts, model: &Model) -> Vec<Ranked> {
    grouped(counts, |pattern| f64::from(pattern.score(model)))
}

/// Below the cut-off (0) and at or above it (1).
pub fn by_class(counts: &PatternCounts, model: &Model) -> Vec<Ranked> {
    grouped(counts, |pattern| {
        f64::from(u8::from(pattern.score(model) >= model.cutoff))
    })
}

/// PET negative (0) and positive (1).
pub fn by_pet(counts: &PatternCounts) -> Vec<Ranked> {
    grouped(counts, |pattern| {
        f64::from(u8::from(pattern.has(Predictor::FdgUptake)))
    })
}

/// By the probability of the model, ascending. None where it has no nomogram.
pub fn by_model(counts: &PatternCounts, model: &Model) -> Option<Vec<Ranked>> {
    let nomogram = model.nomogram.as_ref()?;
    Some(grouped(counts, |pattern| nomogram.of(pattern).estimate))
}

/// By any number that a pattern has, ascending; groups without patients are left out.
pub fn grouped(counts: &PatternCounts, of: impl Fn(Pattern) -> f64) -> Vec<Ranked> {
    let groups = Pattern::all().map(|pattern| Ranked {
        by: of(pattern),
        events: counts.refractory[pattern.index()] as f64,
        others: counts.not_refractory[pattern.index()] as f64,
    });
    merged(
        groups
            .filter(|group| group.events + group.others > 0.0)
            .collect(),
    )
}

/// Sorted, and groups of the same number made one.
fn merged(mut groups: Vec<Ranked>) -> Vec<Ranked> {
    groups.sort_by(|a, b| a.by.total_cmp(&b.by));
    groups.dedup_by(|later, earlier| {
        let same = later.by == earlier.by;
        if same {
            earlier.events += later.events;
            earlier.others += later.others;
        }
        same
    });
    groups
}

/// The probabilities that the input gives, of patients with a known outcome, in ascending order.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// Probability and whether the patient turned out refractory, ascending.
    pub sorted: Vec<(f64, bool)>,
    /// The same, as groups of one probability.
    pub groups: Vec<Ranked>,
}

/// The given probabilities. None where the input has no such column, or nobody in it has an outcome.
pub fn given(cohort: &Cohort) -> Option<Given> {
    let probabilities = cohort.probabilities.as_ref()?;
    let mut sorted: Vec<(f64, bool)> = probabilities
        .iter()
        .zip(&cohort.outcomes)
        .filter(|(_, outcome)| **outcome != Outcome::Undetermined)
        .filter_map(|(p, outcome)| p.map(|p| (p, *outcome == Outcome::Refractory)))
        .collect();
    if sorted.is_empty() {
        return None;
    }
    sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut groups: Vec<Ranked> = Vec::new();
    for (by, is_refractory) in &sorted {
        let one = f64::from(u8::from(*is_refractory));
        match groups.last_mut() {
            Some(group) if group.by == *by => {
                group.events += one;
                group.others += 1.0 - one;
            }
            _ => groups.push(Ranked {
                by: *by,
                events: one,
                others: 1.0 - one,
            }),
        }
    }
    Some(Given { sorted, groups })
}
