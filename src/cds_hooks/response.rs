//! An assessment as JSON (domain.md section 5): no nulls, no empty members, lists sorted, and a `resultId` over all of it.

use crate::domain::assessment::{Assessment, Scored};
use crate::domain::codes::Hint;
use crate::domain::facts::{From, SetAside, Source, Sources};
use crate::domain::model::Model;
use crate::domain::rules::{Evidence, Finding};
use crate::domain::score::{Classification, Predictor, State};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The member of `extension` that carries the assessment.
pub const EXTENSION: &str = "org.rrdtc.assessment";

/// An assessment ready to send.
#[derive(Debug, Clone)]
pub struct AssessmentJson {
    /// SHA-256 over the canonical assessment, hexadecimal.
    pub result_id: String,
    /// The object of the extension.
    pub json: Value,
}

/// Makes the JSON of an assessment. `assessed_at` is RFC 3339 in UTC.
pub fn assessment(assessment: &Assessment, model: &Model, assessed_at: &str) -> AssessmentJson {
    let mut body = Map::new();
    body.insert(
        "model".into(),
        json!({ "id": model.id, "version": model.version, "sha256": model.sha256 }),
    );
    body.insert(
        "software".into(),
        json!({ "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") }),
    );
    body.insert("applicability".into(), applicability(assessment));
    if let Some(scored) = &assessment.scored {
        let predictors: Map<String, Value> = Predictor::ALL
            .into_iter()
            .map(|name| (predictor_name(name).into(), predictor(scored, name)))
            .collect();
        body.insert("predictors".into(), Value::Object(predictors));
        body.insert(
            "score".into(),
            json!({ "low": scored.score.low, "high": scored.score.high, "maximum": model.maximum(), "cutoff": model.cutoff }),
        );
        body.insert(
            "classification".into(),
            classification(scored.classification).into(),
        );
        // `probability` has its place here once a nomogram is loaded.
    }
    let shown = assessment.scored.is_some();
    body.insert(
        "display".into(),
        json!({ "shown": shown, "reason": if shown { "shown" } else { "not-applicable" } }),
    );
    let result_id = hex(&Sha256::digest(
        canonical(&Value::Object(body.clone())).as_bytes(),
    ));

    let mut json = Map::new();
    json.insert("resultId".into(), result_id.clone().into());
    for (name, value) in body {
        json.insert(name, value);
        if json.contains_key("software") && !json.contains_key("assessedAt") {
            json.insert("assessedAt".into(), assessed_at.into());
        }
    }
    json.insert("sources".into(), sources(&assessment.sources));
    AssessmentJson {
        result_id,
        json: Value::Object(json),
    }
}

/// JSON with members in the order of their names, so that equal content has equal text.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort();
            let members: Vec<String> = names
                .into_iter()
                .map(|name| {
                    format!(
                        "{}:{}",
                        Value::String(name.clone()),
                        canonical(&members[name])
                    )
                })
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => format!(
            "[{}]",
            items.iter().map(canonical).collect::<Vec<_>>().join(",")
        ),
        scalar => scalar.to_string(),
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn applicability(assessment: &Assessment) -> Value {
    let answer = &assessment.applicability;
    let mut json = Map::new();
    json.insert(
        "status".into(),
        if answer.applies() {
            "applicable"
        } else {
            "not-applicable"
        }
        .into(),
    );
    insert_list(
        &mut json,
        "reasons",
        answer.reasons.iter().map(|reason| reason.as_str().into()),
    );
    insert_list(
        &mut json,
        "caveats",
        answer.caveats.iter().map(|caveat| caveat.as_str().into()),
    );
    insert_list(&mut json, "evidence", answer.evidence.iter().map(evidence));
    insert_set_aside(&mut json, &answer.set_aside);
    Value::Object(json)
}

fn predictor(scored: &Scored, name: Predictor) -> Value {
    let result = scored.predictor(name);
    let Finding {
        state,
        reason,
        evidence: rests_on,
        set_aside,
        hints,
        caveats,
    } = &result.finding;
    let mut json = Map::new();
    json.insert("state".into(), state_name(*state).into());
    if let Some(reason) = reason {
        json.insert("reason".into(), reason.as_str().into());
    }
    json.insert(
        "points".into(),
        json!({ "low": result.points.low, "high": result.points.high }),
    );
    json.insert("decisive".into(), result.decisive.into());
    match name {
        Predictor::AgeAtDiagnosis => {
            if let Some(years) = scored.years {
                let mut object = Map::new();
                object.insert("low".into(), years.low.into());
                if let Some(high) = years.high {
                    object.insert("high".into(), high.into());
                }
                json.insert("years".into(), Value::Object(object));
            }
        }
        Predictor::MultiSiteMetastasis => insert_list(
            &mut json,
            "sites",
            scored.sites.iter().map(|group| group.0.clone().into()),
        ),
        Predictor::FdgUptake => {
            if let Some(suv_max) = &scored.suv_max {
                let mut object = Map::new();
                // The digits as recorded: a number in JSON, not a float in between.
                let value = suv_max
                    .value
                    .parse::<serde_json::Number>()
                    .map(Value::Number);
                object.insert(
                    "value".into(),
                    value.unwrap_or_else(|_| Value::String(suv_max.value.clone())),
                );
                if let Some(comparator) = suv_max.comparator {
                    object.insert("comparator".into(), comparator.into());
                }
                json.insert("suvMax".into(), Value::Object(object));
            }
        }
        Predictor::Recurrence => {}
    }
    insert_list(&mut json, "evidence", rests_on.iter().map(evidence));
    insert_set_aside(&mut json, set_aside);
    insert_list(&mut json, "hints", hints.iter().map(hint));
    insert_list(
        &mut json,
        "caveats",
        caveats.iter().map(|caveat| caveat.as_str().into()),
    );
    Value::Object(json)
}

fn insert_list(json: &mut Map<String, Value>, name: &str, items: impl Iterator<Item = Value>) {
    let items: Vec<Value> = items.collect();
    if !items.is_empty() {
        json.insert(name.into(), Value::Array(items));
    }
}

fn insert_set_aside(json: &mut Map<String, Value>, set_aside: &BTreeSet<SetAside>) {
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
    insert_list(
        json,
        "setAside",
        sorted.into_iter().map(|set_aside| {
            let mut object = Map::new();
            object.insert(
                "reference".into(),
                set_aside.record.reference.clone().into(),
            );
            object.insert("code".into(), set_aside.code.as_str().into());
            if let Some(date) = &set_aside.record.date {
                object.insert("date".into(), date.as_written().into());
            }
            Value::Object(object)
        }),
    );
}

fn evidence(evidence: &Evidence) -> Value {
    let mut object = Map::new();
    object.insert("reference".into(), evidence.record.reference.clone().into());
    object.insert("what".into(), evidence.what.clone().into());
    if let Some(date) = &evidence.record.date {
        object.insert("date".into(), date.as_written().into());
    }
    Value::Object(object)
}

fn hint((reference, hint): &(String, Hint)) -> Value {
    json!({ "reference": reference, "code": hint.as_str() })
}

fn sources(sources: &Sources) -> Value {
    let source = |source: Source| {
        let from = match source.from {
            From::Prefetch => "prefetch",
            From::Input => "input",
            From::Absent => "absent",
            From::Failed => "failed",
        };
        json!({ "from": from, "pages": source.pages, "complete": source.complete })
    };
    json!({
        "patient": source(sources.patient),
        "conditions": source(sources.conditions),
        "observations": source(sources.observations),
        "procedures": source(sources.procedures),
        "medicationAdministrations": source(sources.medication_administrations),
        "diagnosticReports": source(sources.diagnostic_reports),
    })
}

/// The name of a predictor in an answer.
pub fn predictor_name(predictor: Predictor) -> &'static str {
    match predictor {
        Predictor::AgeAtDiagnosis => "ageAtDiagnosis",
        Predictor::Recurrence => "recurrence",
        Predictor::MultiSiteMetastasis => "multiSiteMetastasis",
        Predictor::FdgUptake => "fdgUptake",
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
