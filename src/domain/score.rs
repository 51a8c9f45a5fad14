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
    /// How many there are.
    pub const COUNT: usize = 4;

    /// All four.
    pub const ALL: [Self; Self::COUNT] = [
        Self::AgeAtDiagnosis,
        Self::Recurrence,
        Self::MultiSiteMetastasis,
        Self::FdgUptake,
    ];

    /// The name in answers and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::AgeAtDiagnosis => "ageAtDiagnosis",
            Self::Recurrence => "recurrence",
            Self::MultiSiteMetastasis => "multiSiteMetastasis",
            Self::FdgUptake => "fdgUptake",
        }
    }
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

/// The state of each predictor, in the order of [`Predictor::ALL`].
pub type States = [State; Predictor::COUNT];

/// Presence or absence of each of the four predictors, in the order of [`Predictor::ALL`]: one of 16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Pattern(pub [bool; Predictor::COUNT]);

impl Pattern {
    /// How many there are.
    pub const COUNT: usize = 1 << Predictor::COUNT;

    /// All 16, in the order of [`Self::index`].
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self::of_index)
    }

    /// Its place among the 16: bit 0 is the first predictor.
    pub fn index(self) -> usize {
        (0..Predictor::COUNT).fold(0, |index, bit| index | usize::from(self.0[bit]) << bit)
    }

    fn of_index(index: usize) -> Self {
        Self(std::array::from_fn(|bit| index >> bit & 1 == 1))
    }

    /// Whether a predictor is present in it.
    pub fn has(self, predictor: Predictor) -> bool {
        self.0[predictor as usize]
    }

    /// The states that say so.
    pub fn states(self) -> States {
        self.0.map(|present| {
            if present {
                State::Present
            } else {
                State::Absent
            }
        })
    }

    /// Its sum of points.
    pub fn score(self, model: &Model) -> u32 {
        score(model, &self.states()).low
    }

    /// Every pattern that the states leave possible.
    pub fn completions(states: &States) -> impl Iterator<Item = Self> {
        let states = *states;
        Self::all().filter(move |pattern| {
            states
                .iter()
                .zip(pattern.0)
                .all(|(state, present)| match state {
                    State::Present => present,
                    State::Absent => !present,
                    State::Unknown | State::Conflicting => true,
                })
        })
    }
}

/// The predictors that are present, in the names of the paper.
impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: [_; Predictor::COUNT] = ["age", "recurrence", "multi-site", "FDG"];
        let present: Vec<&str> = names
            .into_iter()
            .zip(self.0)
            .filter_map(|(name, present)| present.then_some(name))
            .collect();
        match present.as_slice() {
            [] => f.write_str("none of the four"),
            present => f.write_str(&present.join(" + ")),
        }
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
pub fn score(model: &Model, states: &States) -> Interval<u32> {
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
pub fn decisive(model: &Model, states: &States, predictor: Predictor) -> bool {
    let class = |states: &States| classify(model, score(model, states));
    let index = predictor as usize;
    states[index].is_open()
        && class(states) == Classification::Indeterminate
        && [State::Present, State::Absent].into_iter().any(|value| {
            let mut completed = *states;
            completed[index] = value;
            class(&completed) != Classification::Indeterminate
        })
}
