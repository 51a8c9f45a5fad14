//! Facts to states, one file per question.

pub mod age_at_diagnosis;
pub mod applicability;
pub mod fdg_uptake;
pub mod metastasis_sites;
pub mod recurrence;

use super::codes::{Caveat, Hint, Reason};
use super::facts::{Record, SetAside};
use super::model::Model;
use super::score::State;
use jiff::civil::Date;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a deployment decides about the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// A PET older than this many days is stale.
    pub max_pet_age_days: i32,
    /// A statement that no disease is present counts for this many days.
    pub max_negative_age_days: i32,
    /// A chart that is silent about recurrence counts as no recurrence. Off by default.
    pub undocumented_recurrence_is_absent: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_pet_age_days: 180,
            max_negative_age_days: 365,
            undocumented_recurrence_is_absent: false,
        }
    }
}

/// What every rule may look at besides the facts.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Thresholds.
    pub model: &'a Model,
    /// The deployment's choices.
    pub settings: Settings,
    /// The day of the assessment.
    pub today: Date,
}

/// The state of one predictor with what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The state.
    pub state: State,
    /// Why it is unknown or conflicting; `None` exactly for present and absent.
    pub reason: Option<Reason>,
    /// The records that it rests on.
    pub evidence: BTreeSet<Evidence>,
    /// The records that it does not rest on.
    pub set_aside: BTreeSet<SetAside>,
    /// What a clinician may want to look at: reference and hint.
    pub hints: BTreeSet<(Arc<str>, Hint)>,
    /// What limits it.
    pub caveats: BTreeSet<Caveat>,
}

/// A record with our words for what it shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    /// The record.
    pub record: Record,
    /// What it shows: our text, never the chart's.
    pub what: String,
}

impl Finding {
    fn new() -> Self {
        Self {
            state: State::Unknown,
            reason: None,
            evidence: BTreeSet::new(),
            set_aside: BTreeSet::new(),
            hints: BTreeSet::new(),
            caveats: BTreeSet::new(),
        }
    }

    fn decide(&mut self, state: State) {
        self.state = state;
        self.reason = None;
    }

    /// Unknown for the first of these reasons in the order of precedence.
    fn unknown(&mut self, reasons: impl IntoIterator<Item = Reason>) {
        self.state = State::Unknown;
        self.reason = Some(reasons.into_iter().min().unwrap_or(Reason::NotRecorded));
    }

    fn conflicting(&mut self, reason: Reason) {
        self.state = State::Conflicting;
        self.reason = Some(reason);
    }

    fn rests_on(&mut self, record: &Record, what: impl Into<String>) {
        self.evidence.insert(Evidence {
            record: record.clone(),
            what: what.into(),
        });
    }

    fn set_aside(&mut self, record: &Record, code: super::codes::SetAsideCode) {
        self.set_aside.insert(SetAside {
            record: record.clone(),
            code,
        });
    }
}

/// The days of a date up to today; `None` when it lies wholly after the assessment.
fn until_today(
    days: super::interval::Interval<Date>,
    today: Date,
) -> Option<super::interval::Interval<Date>> {
    (days.low <= today).then(|| super::interval::Interval {
        low: days.low,
        high: days.high.min(today),
    })
}
