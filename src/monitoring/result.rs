//! What a look at the audit trail says: plain data, made to be written as JSON and drawn. Nothing here is computed.

use serde::Serialize;

/// The result of a look at a trail.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Monitoring {
    /// Name and version of this program.
    pub software: String,
    /// The model in use: id, version, SHA-256.
    pub model: [String; 3],
    /// What it comes to.
    pub verdict: Verdict,
    /// The signals in words, one a line.
    pub signals: Vec<String>,
    /// What could not be judged, and why.
    pub insufficient: Vec<String>,
    /// Limits, minimum counts, how many tests were made.
    pub settings: MonitoringSettings,
    /// What was read.
    pub trail: TrailSummary,
    /// With what the months are compared.
    pub reference: Reference,
    /// The months in order.
    pub months: Vec<Month>,
    /// The charts: shares by month with control limits.
    pub charts: Vec<Chart>,
    /// What became of cards. None without a store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feedback: Option<FeedbackSummary>,
    /// Observed against expected outcomes. None without outcomes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// What weakens the result.
    pub warnings: Vec<String>,
    /// Methods.
    pub notes: Vec<String>,
}

/// What it comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every chart could be judged in at least one month, and no point lies outside its limits.
    InControl,
    /// At least one point lies outside its limits.
    Signal,
    /// No signal, but at least one chart could not be judged: nothing is promised.
    Insufficient,
}

/// How it was judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MonitoringSettings {
    /// Fewest patients of a month that are judged.
    pub minimum_count: u64,
    /// Fewest patients of a reference.
    pub minimum_reference: u64,
    /// Months that must have passed after an assessment before its outcome counts, where that was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub horizon_months: Option<u32>,
    /// Probability of a point beyond one limit when nothing changed, at most.
    pub tail: f64,
    /// Points that were judged.
    pub tests: u64,
    /// False signals to be expected among them when nothing changed, at most.
    pub expected_false_signals: f64,
}

/// What was read of the trail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrailSummary {
    /// Whether the chain was checked and is intact.
    pub verified: bool,
    /// Whether the ends of the chains were compared with the heads of the store: without that, lines that were cut off at the end
    /// are not seen.
    pub compared_with_head: bool,
    /// Instances whose chains were read.
    pub instances: Vec<String>,
    /// Lines that hold an assessment.
    pub entries: u64,
    /// Entries that the trail itself says are missing.
    pub not_recorded: u64,
    /// Entries outside the time that was asked for.
    pub outside_period: u64,
    /// Entries of services or clients that were not asked for.
    pub of_others: u64,
    /// Entries that this version cannot read.
    pub unreadable: u64,
    /// Entries without a pseudonym: each counts as a patient of its own.
    pub without_pseudonym: u64,
    /// Entries that a later one of the same patient and month replaces.
    pub repeated: u64,
    /// Patient-months that count.
    pub counted: u64,
    /// Entries by the SHA-256 of the model that answered.
    pub models: Vec<Counted>,
    /// Entries by the SHA-256 of the settings.
    pub settings: Vec<Counted>,
}

/// A name with a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// Name, code or digest.
    pub name: String,
    /// How many.
    pub count: u64,
}

/// With what the months are compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    /// `period`, `cohort`, `derivation` (the published study) or `other-months`.
    pub kind: String,
    /// In words.
    pub text: String,
    /// The months of a period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// Patients in it, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patients: Option<u64>,
}

/// Whole months, both included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Period {
    /// First month, such as `2026-01`.
    pub from: String,
    /// Last month.
    pub to: String,
}

/// What is counted of a month.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Month {
    /// Such as `2026-01`, in UTC.
    pub month: String,
    /// Patients.
    pub patients: u64,
    /// To whom the model applies.
    pub applicable: u64,
    /// States of each predictor among the applicable: present, absent, unknown, conflicting.
    pub states: Vec<State>,
    /// Classes of the applicable.
    pub classes: Vec<Counted>,
    /// Why the model does not apply.
    pub reasons: Vec<Counted>,
    /// Caveats of the applicable.
    pub caveats: Vec<Counted>,
    /// What became of the cards: `shown` or why they were withheld.
    pub displays: Vec<Counted>,
    /// Different models that answered.
    pub models: u64,
    /// Different settings.
    pub settings: u64,
}

/// The states of a predictor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct State {
    /// Name of the predictor.
    pub predictor: String,
    /// Present.
    pub present: u64,
    /// Absent.
    pub absent: u64,
    /// Unknown.
    pub unknown: u64,
    /// Conflicting.
    pub conflicting: u64,
}

/// A share by month with control limits.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Chart {
    /// Short name, such as `fdgUptake-unknown`.
    pub id: String,
    /// What the share is, in words.
    pub title: String,
    /// The centre line: the share of the reference, from 0 to 1. None where each month has its own (other months).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub centre: Option<f64>,
    /// With what the months are compared: as in [`Reference`], or `other-months` where that reference does not tell this share.
    pub reference: &'static str,
    /// Patients behind the centre line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference_patients: Option<u64>,
    /// The months in order; those of the reference are not judged.
    pub points: Vec<Point>,
    /// Why no point was judged, where none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_judged: Option<String>,
}

/// A month of a chart.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    /// Such as `2026-01`.
    pub month: String,
    /// Patients with it.
    pub count: u64,
    /// Patients in all.
    pub patients: u64,
    /// Their share, 0 to 1; none where there are no patients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// Least share within the limits. Where it is missing the month was not judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Greatest share within the limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// `reference`, `too-few`, `within`, `above` or `below`.
    pub state: &'static str,
}

/// What became of cards.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FeedbackSummary {
    /// Cards shown in the months, by the trail.
    pub shown: u64,
    /// Of these, a suggestion was taken.
    pub accepted: u64,
    /// Of these, overridden.
    pub overridden: u64,
    /// Reasons of the overrides, most frequent first.
    pub reasons: Vec<Counted>,
    /// Feedback on cards that the trail does not hold.
    pub of_other_cards: u64,
}

/// Observed against expected outcomes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Calibration {
    /// What the file of outcomes held.
    pub outcomes: OutcomeSummary,
    /// By month of the assessment.
    pub months: Vec<Expected>,
    /// All months together.
    pub total: Expected,
    /// Why nothing was judged, where nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_judged: Option<String>,
}

/// The file of outcomes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutcomeSummary {
    /// Rows.
    pub rows: u64,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Rows whose outcome is undetermined.
    pub undetermined: u64,
    /// Rows that fit no assessment of the trail.
    pub unmatched: u64,
    /// Patients whose predictors were not all known, so that no single probability was given.
    pub incomplete: u64,
    /// Patients whose assessment is younger than the horizon.
    pub too_recent: u64,
    /// Patients that count.
    pub counted: u64,
    /// Applicable patients of the trail for whom no outcome came.
    pub without_outcome: u64,
}

/// Observed and expected number of refractory patients.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Expected {
    /// Such as `2026-01`; `all` for all together.
    pub month: String,
    /// Patients with an outcome.
    pub patients: u64,
    /// Turned out refractory.
    pub observed: u64,
    /// Sum of the probabilities of the model in use.
    pub expected: f64,
    /// Observed by expected; none where nobody is expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    /// Least number within the limits. Where it is missing the month was not judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<u64>,
    /// Greatest number within the limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<u64>,
    /// Observed minus expected, summed up to and with this month.
    pub cumulative: f64,
    /// `too-few`, `within`, `above` or `below`.
    pub state: &'static str,
}
