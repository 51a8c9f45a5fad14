//! An assessment as JSON (domain.md section 5): no nulls, no empty members, lists sorted, and a `resultId` over all of it.
//!
//! Everything borrows from the assessment: a chart with 100,000 records set aside is written without a copy of them.

use super::display::DisplayReason;
use crate::domain::assessment::{Assessment, Scored};
use crate::domain::facts::{SetAside, Sources};
use crate::domain::model::Model;
use crate::domain::rules::{Evidence, Finding};
use crate::domain::score::{Classification, Predictor, State};
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// An assessment ready to send.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AssessmentJson<'a> {
    /// SHA-256 over the content, hexadecimal: equal content, equal id, whatever the clock and the order of resources.
    pub result_id: String,
    /// RFC 3339, UTC.
    pub assessed_at: &'a str,
    #[serde(flatten)]
    content: Content<'a>,
    display: Display,
    sources: SourcesJson,
}

/// What leaves the service in shadow mode: which result it was, and nothing of what it says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ShadowJson<'a> {
    result_id: &'a str,
    model: ModelJson<'a>,
    software: Software,
    display: Display,
}

/// The `org.rrdtc.assessment` of a hook's response: an assessment, but of one made in shadow mode only its id.
#[derive(Debug)]
pub struct InResponse<'a>(pub AssessmentJson<'a>);

impl Serialize for InResponse<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let content = &self.0.content;
        match self.0.display.reason {
            DisplayReason::Shadow => ShadowJson {
                result_id: &self.0.result_id,
                model: content.model,
                software: content.software,
                display: self.0.display,
            }
            .serialize(serializer),
            _ => self.0.serialize(serializer),
        }
    }
}

impl AssessmentJson<'_> {
    /// Why a card is shown or not.
    pub fn display(&self) -> DisplayReason {
        self.display.reason
    }

    /// The same assessment, shown or not for this reason. Its id stays: it is the same result.
    pub fn displayed(self, reason: DisplayReason) -> Self {
        Self {
            display: Display { reason },
            ..self
        }
    }

    /// As a value to look into.
    pub fn value(&self) -> serde_json::Value {
        // Strings, numbers and lists of them: nothing that JSON cannot say.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// What the `resultId` is made of. Whether it is shown is no part of it: that may depend on what was shown before.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Content<'a> {
    model: ModelJson<'a>,
    software: Software,
    applicability: ApplicabilityJson<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    predictors: Option<Predictors<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<ScoreJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    classification: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probability: Option<ProbabilityJson<'a>>,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct ModelJson<'a> {
    id: &'a str,
    version: &'a str,
    sha256: &'a str,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct Software {
    name: &'static str,
    version: &'static str,
}

#[derive(Debug, Clone, Copy)]
struct Display {
    reason: DisplayReason,
}

impl Serialize for Display {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([
            (
                "shown",
                serde_json::Value::from(self.reason == DisplayReason::Shown),
            ),
            ("reason", self.reason.as_str().into()),
        ])
    }
}

#[derive(Debug, Clone, Copy, Serialize)]
struct ScoreJson {
    low: u32,
    high: u32,
    maximum: u32,
    cutoff: u32,
}

#[derive(Debug, Serialize)]
struct ProbabilityJson<'a> {
    low: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimate: Option<f64>,
    high: f64,
    basis: &'a str,
}

/// Makes the JSON of an assessment. `assessed_at` is RFC 3339 in UTC. `Shown` becomes `NotApplicable` where there is nothing
/// to show.
pub fn assessment<'a>(
    assessment: &'a Assessment,
    model: &'a Model,
    assessed_at: &'a str,
    display: DisplayReason,
) -> AssessmentJson<'a> {
    let scored = assessment.scored.as_ref();
    let reason = match (display, scored) {
        (DisplayReason::Shown, None) => DisplayReason::NotApplicable,
        _ => display,
    };
    let content = Content {
        model: ModelJson {
            id: &model.id,
            version: &model.version,
            sha256: &model.sha256,
        },
        software: Software {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
        },
        applicability: ApplicabilityJson::new(assessment),
        predictors: scored.map(Predictors),
        score: scored.map(|scored| ScoreJson {
            low: scored.score.low,
            high: scored.score.high,
            maximum: model.maximum(),
            cutoff: model.cutoff,
        }),
        classification: scored.map(|scored| classification(scored.classification)),
        probability: scored
            .and_then(|scored| scored.probability.as_ref())
            .zip(model.nomogram.as_ref())
            .map(|(probability, nomogram)| ProbabilityJson {
                low: probability.low,
                estimate: probability.estimate,
                high: probability.high,
                basis: nomogram.basis(probability),
            }),
    };
    let mut hasher = Sha256::new();
    // Members come in the order of these types and lists are sorted: the text is canonical. A hasher takes every write.
    let _ = serde_json::to_writer(&mut hasher, &content);
    AssessmentJson {
        result_id: hex(&hasher.finalize()),
        assessed_at,
        content,
        display: Display { reason },
        sources: SourcesJson(assessment.sources),
    }
}

/// The response of a service that is switched off: nothing was assessed.
pub fn service_off(model: &Model) -> serde_json::Value {
    serde_json::json!({
        "cards": [],
        "extension": { "org.rrdtc.assessment": {
            "model": { "id": model.id, "version": model.version, "sha256": model.sha256 },
            "software": { "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") },
            "display": { "shown": false, "reason": DisplayReason::ServiceOff.as_str() },
        } },
    })
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ApplicabilityJson<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    caveats: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<EvidenceJson<'a>>,
    #[serde(skip_serializing_if = "SetAsideList::is_empty")]
    set_aside: SetAsideList<'a>,
}

impl<'a> ApplicabilityJson<'a> {
    fn new(assessment: &'a Assessment) -> Self {
        let answer = &assessment.applicability;
        Self {
            status: if answer.applies() {
                "applicable"
            } else {
                "not-applicable"
            },
            reasons: answer.reasons.iter().map(|code| code.as_str()).collect(),
            caveats: answer.caveats.iter().map(|code| code.as_str()).collect(),
            evidence: answer.evidence.iter().map(EvidenceJson::new).collect(),
            set_aside: SetAsideList::new(&answer.set_aside),
        }
    }
}

/// The four predictors by name.
#[derive(Debug)]
struct Predictors<'a>(&'a Scored);

impl Serialize for Predictors<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(
            Predictor::ALL
                .into_iter()
                .map(|name| (name.name(), PredictorJson::new(self.0, name))),
        )
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PredictorJson<'a> {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    points: Points,
    decisive: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    years: Option<Years>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sites: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suv_max: Option<SuvMaxJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<EvidenceJson<'a>>,
    #[serde(skip_serializing_if = "SetAsideList::is_empty")]
    set_aside: SetAsideList<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hints: Vec<HintJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    caveats: Vec<&'static str>,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct Points {
    low: u32,
    high: u32,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct Years {
    low: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    high: Option<i32>,
}

#[derive(Debug, Serialize)]
struct SuvMaxJson<'a> {
    #[serde(serialize_with = "digits")]
    value: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    comparator: Option<&'a str>,
}

/// The digits as recorded: a number in JSON, not a float in between.
fn digits<S: Serializer>(value: &&str, serializer: S) -> Result<S::Ok, S::Error> {
    match value.parse::<serde_json::Number>() {
        Ok(number) => number.serialize(serializer),
        Err(_) => serializer.serialize_str(value),
    }
}

impl<'a> PredictorJson<'a> {
    fn new(scored: &'a Scored, name: Predictor) -> Self {
        let result = scored.predictor(name);
        let Finding {
            state,
            reason,
            evidence,
            set_aside,
            hints,
            caveats,
        } = &result.finding;
        let (mut years, mut sites, mut suv_max) = (None, Vec::new(), None);
        match name {
            Predictor::AgeAtDiagnosis => {
                years = scored.years.map(|years| Years {
                    low: years.low,
                    high: years.high,
                });
            }
            Predictor::MultiSiteMetastasis => {
                sites = scored.sites.iter().map(|group| group.0.as_str()).collect();
            }
            Predictor::FdgUptake => {
                suv_max = scored.suv_max.as_ref().map(|suv_max| SuvMaxJson {
                    value: &suv_max.value,
                    comparator: suv_max.comparator,
                });
            }
            Predictor::Recurrence => {}
        }
        Self {
            state: state_name(*state),
            reason: reason.as_ref().map(|reason| reason.as_str()),
            points: Points {
                low: result.points.low,
                high: result.points.high,
            },
            decisive: result.decisive,
            years,
            sites,
            suv_max,
            evidence: evidence.iter().map(EvidenceJson::new).collect(),
            set_aside: SetAsideList::new(set_aside),
            hints: hints
                .iter()
                .map(|(reference, hint)| HintJson {
                    reference,
                    code: hint.as_str(),
                })
                .collect(),
            caveats: caveats.iter().map(|code| code.as_str()).collect(),
        }
    }
}

#[derive(Debug, Clone, Copy, Serialize)]
struct HintJson<'a> {
    reference: &'a str,
    code: &'static str,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct EvidenceJson<'a> {
    reference: &'a str,
    what: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<&'a str>,
}

impl<'a> EvidenceJson<'a> {
    fn new(evidence: &'a Evidence) -> Self {
        Self {
            reference: &evidence.record.reference,
            what: &evidence.what,
            date: evidence.record.date.as_ref().map(|date| date.as_written()),
        }
    }
}

/// Records set aside, sorted by reference, then code.
#[derive(Debug)]
struct SetAsideList<'a>(Vec<&'a SetAside>);

#[derive(Serialize)]
struct SetAsideJson<'a> {
    reference: &'a str,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<&'a str>,
}

impl<'a> SetAsideList<'a> {
    fn new(set_aside: &'a BTreeSet<SetAside>) -> Self {
        let mut sorted: Vec<&SetAside> = set_aside.iter().collect();
        sorted.sort_by_key(|set_aside| {
            (
                &set_aside.record.reference,
                set_aside.code.as_str(),
                &set_aside.record.date,
            )
        });
        // One record and code once, even where two copies of the record arrived: the one that has a date.
        sorted.dedup_by(|b, a| {
            a.record.reference == b.record.reference
                && a.code == b.code
                && (a.record.date == b.record.date || a.record.date.is_none())
        });
        Self(sorted)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for SetAsideList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for set_aside in &self.0 {
            list.serialize_element(&SetAsideJson {
                reference: &set_aside.record.reference,
                code: set_aside.code.as_str(),
                date: set_aside.record.date.as_ref().map(|date| date.as_written()),
            })?;
        }
        list.end()
    }
}

/// Where the records came from, by name.
#[derive(Debug)]
struct SourcesJson(Sources);

#[derive(Serialize)]
struct SourceJson {
    from: &'static str,
    pages: u32,
    complete: bool,
}

impl Serialize for SourcesJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.by_name().map(|(name, source)| {
            let json = SourceJson {
                from: source.from.as_str(),
                pages: source.pages,
                complete: source.complete,
            };
            (name, json)
        }))
    }
}

/// The name of a state in an answer.
pub fn state_name(state: State) -> &'static str {
    match state {
        State::Present => "present",
        State::Absent => "absent",
        State::Unknown => "unknown",
        State::Conflicting => "conflicting",
    }
}

/// The name of a class in an answer.
pub fn classification(classification: Classification) -> &'static str {
    match classification {
        Classification::AtOrAboveCutoff => "at-or-above-cutoff",
        Classification::BelowCutoff => "below-cutoff",
        Classification::Indeterminate => "indeterminate",
    }
}
