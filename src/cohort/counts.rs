//! A cohort as counts: with four predictors of four states there are 256 kinds of patients, however many patients.

use super::Outcome;
use crate::domain::score::{Pattern, Predictor, State, States};

/// Four states to the power of four predictors.
const KINDS: usize = State::ALL.len().pow(Predictor::COUNT as u32);

/// How many patients share their four states and their outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    by_kind: Box<[[u64; 3]; KINDS]>,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            by_kind: Box::new([[0; 3]; KINDS]),
        }
    }
}

/// Patients whose predictors and outcome are all known, by pattern in the order of [`Pattern::index`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PatternCounts {
    /// Turned out refractory.
    pub refractory: [u64; Pattern::COUNT],
    /// Did not.
    pub not_refractory: [u64; Pattern::COUNT],
}

impl Counts {
    /// Counts so many patients more.
    pub fn add(&mut self, states: &States, outcome: Outcome, patients: u64) {
        self.by_kind[index(states)][outcome as usize] += patients;
    }

    /// How many patients have these states and this outcome.
    pub fn of(&self, states: &States, outcome: Outcome) -> u64 {
        self.by_kind[index(states)][outcome as usize]
    }

    /// Every kind of patient that there is: states, and how many turned out refractory, did not, are undetermined.
    pub fn iter(&self) -> impl Iterator<Item = (States, [u64; 3])> {
        self.by_kind
            .iter()
            .enumerate()
            .filter(|(_, outcomes)| outcomes.iter().any(|patients| *patients > 0))
            .map(|(index, outcomes)| (states(index), *outcomes))
    }

    /// Those of whom everything is known.
    pub fn complete(&self) -> PatternCounts {
        let mut counts = PatternCounts::default();
        for pattern in Pattern::all() {
            let states = pattern.states();
            counts.refractory[pattern.index()] = self.of(&states, Outcome::Refractory);
            counts.not_refractory[pattern.index()] = self.of(&states, Outcome::NotRefractory);
        }
        counts
    }
}

impl PatternCounts {
    /// How many turned out refractory.
    pub fn refractory(&self) -> u64 {
        self.refractory.iter().sum()
    }

    /// How many did not.
    pub fn not_refractory(&self) -> u64 {
        self.not_refractory.iter().sum()
    }

    /// Everybody.
    pub fn patients(&self) -> u64 {
        self.refractory() + self.not_refractory()
    }
}

fn index(states: &States) -> usize {
    states
        .iter()
        .fold(0, |index, state| index << 2 | *state as usize)
}

fn states(index: usize) -> States {
    std::array::from_fn(|place| State::ALL[index >> (2 * (Predictor::COUNT - 1 - place)) & 3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_place() {
        let mut counts = Counts::default();
        for kind in 0..KINDS {
            assert_eq!(index(&states(kind)), kind);
            counts.add(&states(kind), Outcome::Undetermined, kind as u64 + 1);
        }
        let told: Vec<u64> = counts.iter().map(|(_, [_, _, n])| n).collect();
        assert_eq!(told, (1..=KINDS as u64).collect::<Vec<_>>());
    }

    #[test]
    fn complete_patients_are_those_without_an_open_state_or_outcome() {
        let pattern = Pattern([true, false, false, true]);
        let mut counts = Counts::default();
        counts.add(&pattern.states(), Outcome::Refractory, 3);
        counts.add(&pattern.states(), Outcome::Undetermined, 5);
        let mut open = pattern.states();
        open[2] = State::Conflicting;
        counts.add(&open, Outcome::NotRefractory, 7);
        let complete = counts.complete();
        assert_eq!(complete.refractory[pattern.index()], 3);
        assert_eq!(complete.patients(), 3);
        assert_eq!(counts.iter().count(), 2);
    }
}
