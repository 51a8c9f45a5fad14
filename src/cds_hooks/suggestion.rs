//! What a card offers to do. Nothing here ever touches a radioiodine order.

use super::card::{Call, uuid};
use super::layout::Layout;
use super::response::{AssessmentJson, classification};
use crate::domain::assessment::Scored;
use crate::domain::model::Model;
use crate::domain::score::Predictor;
use serde_json::{Value, json};

/// Which suggestions a card may carry. None ever touches a radioiodine order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Suggestions {
    /// Draft a request for an FDG PET/CT when PET would decide the class.
    pub draft_pet: bool,
    /// Record the assessment as a RiskAssessment.
    pub record_assessment: bool,
}

pub(super) fn suggestions(
    layout: &Layout,
    call: Call<'_>,
    scored: &Scored,
    model: &Model,
    json: &AssessmentJson<'_>,
) -> Vec<Value> {
    let texts = &layout.texts;
    let subject = json!({ "reference": format!("Patient/{}", call.patient_id) });
    let suggestion = |kind: &str, resource: Value| {
        json!({
            "label": texts.get(&format!("{kind}-label")),
            "uuid": uuid(call, &json.result_id, &format!("suggestion/{kind}")),
            "actions": [{
                "type": "create",
                "description": texts.get(&format!("{kind}-description")),
                "resource": resource,
            }],
        })
    };
    let mut suggestions = Vec::new();
    if call.suggestions.draft_pet && scored.predictor(Predictor::FdgUptake).decisive {
        suggestions.push(suggestion(
            "draft-pet",
            json!({
                "resourceType": "ServiceRequest", "status": "draft", "intent": "proposal", "subject": subject,
                "code": { "coding": [{ "system": "http://snomed.info/sct", "code": "443271005" }], "text": texts.get("draft-pet-code") },
                "note": [{ "text": texts.get("draft-pet-description") }],
            }),
        ));
    }
    if call.suggestions.record_assessment {
        suggestions.push(suggestion(
            "record-assessment",
            risk_assessment(layout, scored, model, json, subject),
        ));
    }
    suggestions
}

fn risk_assessment(
    layout: &Layout,
    scored: &Scored,
    model: &Model,
    json: &AssessmentJson<'_>,
    subject: Value,
) -> Value {
    let texts = &layout.texts;
    let rationale = texts.with(
        "risk-rationale",
        [
            ("low", scored.score.low.into()),
            ("high", scored.score.high.into()),
            ("maximum", model.maximum().into()),
            ("cutoff", model.cutoff.into()),
            ("result", json.result_id.as_str().into()),
        ],
    );
    let mut resource = json!({
        "resourceType": "RiskAssessment", "status": "preliminary", "subject": subject,
        "occurrenceDateTime": json.assessed_at,
        "method": { "text": texts.get("source-label") },
        "prediction": [{
            "outcome": { "text": texts.get("risk-outcome") },
            "qualitativeRisk": { "text": texts.word("risk", classification(scored.classification)) },
            "whenPeriod": follow_up(json.assessed_at, model),
            "rationale": rationale,
        }],
    });
    let mut basis: Vec<&str> = Vec::new();
    for predictor in Predictor::ALL {
        for evidence in &scored.predictor(predictor).finding.evidence {
            if !basis.contains(&&*evidence.record.reference) {
                basis.push(&evidence.record.reference);
            }
        }
    }
    if !basis.is_empty() {
        resource["basis"] = basis
            .into_iter()
            .map(|reference| json!({ "reference": reference }))
            .collect();
    }
    resource
}

/// The time that a prediction is about: from the assessment for as long as the source study looked. Left empty, FHIR takes it
/// for the whole life of the patient.
fn follow_up(assessed_at: &str, model: &Model) -> Value {
    let mut period = json!({ "start": assessed_at });
    let day = assessed_at.split('T').next().unwrap_or_default();
    if let (Ok(day), Some(months)) = (
        day.parse::<jiff::civil::Date>(),
        model.study.longest_time_months,
    ) && let Ok(span) = jiff::Span::new().try_months(months)
        && let Ok(end) = day.checked_add(span)
    {
        period["end"] = end.to_string().into();
    }
    period
}
