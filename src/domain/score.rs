//! Four predictor states to a score interval and a class.
//!
//! With the points of `liu-2022` (1, 7, 4, 40; cut-off 10) the class is *at or above* exactly when
//! `fdgUptake OR (recurrence AND multiSiteMetastasis)`: without FDG, 7 + 4 = 11 is the only way to reach 10, and the one
//! point for age never carries a sum across it. So an unknown age never blocks a class, and an unknown PET blocks it
//! unless recurrence and several sites are both present.

use super::interval::Interval;
use super::model::Model;

/// The four predictors, in the order of the paper's Table 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Predictor {
    /// Age at diagnosis.
    AgeAtDiagnosis,
    /// Recurrence between the operation and the first iodine-131 treatment.
    Recurrence,
    /// Metastases in two or more site groups.
    MultiSiteMetastasis,
    /// 18F-FDG PET/CT positive.
    FdgUptake,
}

impl Predictor {
    /// All four.
    pub const ALL: [Self; 4] = [
        Self::AgeAtDiagnosis,
        Self::Recurrence,
        Self::MultiSiteMetastasis,
        Self::FdgUptake,
    ];
}

/// What the record says about a predictor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Recorded as present.
    Present,
    /// Recorded as absent.
    Absent,
    /// Not recorded, or not usable.
    Unknown,
    /// The record contradicts itself; unknown in arithmetic.
    Conflicting,
}

impl State {
    /// All four.
    pub const ALL: [Self; 4] = [
        Self::Present,
        Self::Absent,
        Self::Unknown,
        Self::Conflicting,
    ];

    /// Unknown or conflicting.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Unknown | Self::Conflicting)
    }
}

/// Where the score stands with the cut-off.
///
/// In the order of how much they ask for attention: a card that may be high is above one that is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Classification {
    /// No completion reaches it.
    BelowCutoff,
    /// It depends on what is unknown.
    Indeterminate,
    /// Every completion reaches the cut-off.
    AtOrAboveCutoff,
}

impl Classification {
    /// Every class.
    pub const ALL: [Self; 3] = [
        Self::BelowCutoff,
        Self::Indeterminate,
        Self::AtOrAboveCutoff,
    ];
}

/// Points of one predictor in this state, least and greatest.
pub fn points(model: &Model, predictor: Predictor, state: State) -> Interval<u32> {
    let points = model.points(predictor);
    match state {
        State::Present => Interval::exactly(points),
        State::Absent => Interval::exactly(0),
        State::Unknown | State::Conflicting => Interval {
            low: 0,
            high: points,
        },
    }
}

/// Least and greatest sum over every completion of the open predictors.
pub fn score(model: &Model, states: &[State; 4]) -> Interval<u32> {
    let mut sum = Interval::exactly(0);
    for (predictor, state) in Predictor::ALL.into_iter().zip(states) {
        let points = points(model, predictor, *state);
        sum.low += points.low;
        sum.high += points.high;
    }
    sum
}

/// The class of a score interval.
pub fn classify(model: &Model, score: Interval<u32>) -> Classification {
    if score.low >= model.cutoff {
        Classification::AtOrAboveCutoff
    } else if score.high < model.cutoff {
        Classification::BelowCutoff
    } else {
        Classification::Indeterminate
    }
}

/// For an open predictor: would one of its two values, the other open ones left open, make the class determinate?
pub fn decisive(model: &Model, states: &[State; 4], predictor: Predictor) -> bool {
    let class = |states: &[State; 4]| classify(model, score(model, states));
    let index = predictor as usize;
    states[index].is_open()
        && class(states) == Classification::Indeterminate
        && [State::Present, State::Absent].into_iter().any(|value| {
            let mut completed = *states;
            completed[index] = value;
            class(&completed) != Classification::Indeterminate
        })
}
