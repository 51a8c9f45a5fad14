//! Entries of the audit trail as they are counted: what the model was asked and what it answered, by month and patient.
//!
//! The trail holds pseudonyms. They are compared and never written anywhere.

use super::TrailSummary;
use crate::audit::Report;
use crate::domain::score::{Predictor, State, States};
use jiff::Timestamp;
use jiff::tz::Offset;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashMap};

/// An entry as the service writes it; what is not needed here is not read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    result_id: String,
    applicable: bool,
    reasons: Vec<String>,
    caveats: Vec<String>,
    states: BTreeMap<String, String>,
    #[serde(default)]
    class: Option<String>,
    display: String,
    #[serde(default)]
    card: Option<String>,
    service: String,
    client: String,
    #[serde(default)]
    tenant: Option<String>,
    #[serde(default)]
    patient: Option<String>,
    model: String,
    settings: String,
}

/// Which entries count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// From this instant.
    pub since: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
    /// Only this client.
    pub client: Option<String>,
    /// Only this service.
    pub service: Option<String>,
}

/// A patient of a tenant; without a pseudonym, the result.
pub(super) type Who = (String, String, String);

/// The last answer about a patient in a month.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub at: Timestamp,
    pub result_id: String,
    pub applicable: bool,
    pub reasons: Vec<String>,
    pub caveats: Vec<String>,
    /// None where the model does not apply.
    pub states: Option<States>,
    pub class: Option<String>,
    pub display: String,
    pub model: String,
    pub settings: String,
}

/// A card that was shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Card {
    /// For which client.
    pub client: String,
    /// For which of its tenants; empty for none.
    pub tenant: String,
    /// Its uuid.
    pub card: String,
}

/// Everything that was read of a trail.
#[derive(Debug, Default)]
pub struct Trail {
    filter: Filter,
    pub(super) summary: TrailSummary,
    /// By month and patient.
    pub(super) answers: BTreeMap<(String, Who), Answer>,
    /// Cards that were shown, with the month.
    pub(super) shown: HashMap<Card, String>,
    models: BTreeMap<String, u64>,
    settings: BTreeMap<String, u64>,
}

/// The month of an instant in UTC, such as `2026-01`.
pub(super) fn month(at: Timestamp) -> String {
    let day = Offset::UTC.to_datetime(at).date();
    format!("{:04}-{:02}", day.year(), day.month())
}

fn state(name: &str) -> Option<State> {
    match name {
        "present" => Some(State::Present),
        "absent" => Some(State::Absent),
        "unknown" => Some(State::Unknown),
        "conflicting" => Some(State::Conflicting),
        _ => None,
    }
}

/// The four states; none where there is no entry for a predictor.
fn states(of: &BTreeMap<String, String>) -> Option<States> {
    let mut states = [State::Unknown; Predictor::COUNT];
    for (place, predictor) in Predictor::ALL.into_iter().enumerate() {
        states[place] = state(of.get(predictor.name())?)?;
    }
    Some(states)
}

impl Trail {
    /// Nothing read yet.
    pub fn new(filter: Filter) -> Self {
        Self {
            filter,
            ..Self::default()
        }
    }

    /// Takes what the chain of an instance said about itself: its report, or none where it was not verified.
    pub fn chain(&mut self, instance: &str, report: Option<&Report>) {
        let first = self.summary.instances.is_empty();
        let compared = report.is_some_and(|report| report.compared_with_head);
        self.summary.verified = report.is_some() && (first || self.summary.verified);
        self.summary.compared_with_head = compared && (first || self.summary.compared_with_head);
        self.summary.instances.push(instance.to_owned());
        self.summary.not_recorded += report.map_or(0, |report| report.not_recorded.total());
    }

    /// Counts lines that could not be read.
    pub fn unreadable(&mut self, lines: u64) {
        self.summary.unreadable += lines;
    }

    /// Takes an entry.
    pub fn entry(&mut self, at: Timestamp, json: &RawValue) {
        let Ok(entry) = serde_json::from_str::<Entry>(json.get()) else {
            self.summary.unreadable += 1;
            return;
        };
        let of_states = states(&entry.states);
        if entry.applicable && of_states.is_none() {
            self.summary.unreadable += 1;
            return;
        }
        self.summary.entries += 1;
        let filter = &self.filter;
        if filter.since.is_some_and(|since| at < since)
            || filter.until.is_some_and(|until| at >= until)
        {
            self.summary.outside_period += 1;
            return;
        }
        let is_other =
            |wanted: &Option<String>, is: &str| wanted.as_ref().is_some_and(|wanted| wanted != is);
        if is_other(&filter.client, &entry.client) || is_other(&filter.service, &entry.service) {
            self.summary.of_others += 1;
            return;
        }
        *self.models.entry(entry.model.clone()).or_default() += 1;
        *self.settings.entry(entry.settings.clone()).or_default() += 1;
        let month = month(at);
        let tenant = entry.tenant.unwrap_or_default();
        if let (Some(card), "shown") = (&entry.card, entry.display.as_str()) {
            let card = Card {
                client: entry.client.clone(),
                tenant: tenant.clone(),
                card: card.clone(),
            };
            // A re-sent call makes the same card again: the first time counts.
            self.shown.entry(card).or_insert_with(|| month.clone());
        }
        if entry.patient.is_none() {
            self.summary.without_pseudonym += 1;
        }
        let patient = entry.patient.unwrap_or_else(|| entry.result_id.clone());
        let answer = Answer {
            at,
            result_id: entry.result_id,
            applicable: entry.applicable,
            reasons: entry.reasons,
            caveats: entry.caveats,
            states: of_states.filter(|_| entry.applicable),
            class: entry.class,
            display: entry.display,
            model: entry.model,
            settings: entry.settings,
        };
        let who = (entry.client, tenant, patient);
        match self.answers.entry((month, who)) {
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(answer);
            }
            std::collections::btree_map::Entry::Occupied(mut place) => {
                self.summary.repeated += 1;
                // Chains of several instances are read one after the other.
                if place.get().at <= at {
                    place.insert(answer);
                }
            }
        }
    }

    /// The summary with what is counted in it.
    pub(super) fn told(&self) -> TrailSummary {
        let counted = |of: &BTreeMap<String, u64>| super::months::counted(of.clone());
        TrailSummary {
            counted: self.answers.len() as u64,
            models: counted(&self.models),
            settings: counted(&self.settings),
            ..self.summary.clone()
        }
    }
}
