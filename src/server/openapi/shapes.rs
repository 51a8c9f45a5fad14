//! The shapes of what is sent and answered, as JSON Schema (2020-12): the twin of what `cds_hooks` reads and writes. Tests hold them against
//! real answers.

use crate::cds_hooks::display::DisplayReason;
use crate::cds_hooks::feedback::{LONGEST_CODE, LONGEST_COMMENT, MOST_SUGGESTIONS};
use crate::cds_hooks::request::LONGEST_LIFE;
use crate::cds_hooks::response::{classification, state_name};
use crate::domain::codes::{ApplicabilityCaveat, NotApplicable, SetAsideCode};
use crate::domain::facts::From;
use crate::domain::score::{self, Classification, Predictor};
use serde_json::{Map, Value, json};

/// Every shape by its name.
pub(super) fn schemas() -> Value {
    let text = json!({ "type": "string", "minLength": 1 });
    let code = json!({
        "type": "string", "minLength": 1, "maxLength": LONGEST_CODE, "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$",
    });
    let accepted = json!({
        "type": "array", "minItems": 1, "maxItems": MOST_SUGGESTIONS,
        "items": { "type": "object", "required": ["id"], "properties": { "id": code } },
    });
    let reason = json!({ "type": "object", "required": ["code", "system"], "properties": { "code": code, "system": code } });
    let overridden = json!({
        "type": "object", "properties": { "reason": reason, "userComment": { "type": "string", "maxLength": LONGEST_COMMENT, "pattern": "^[^\\u0000]*$" } },
        "anyOf": [{ "required": ["reason"] }, { "required": ["userComment"], "properties": { "userComment": { "minLength": 1 } } }],
    });
    json!({
        "OperationOutcome": {
            "type": "object", "required": ["resourceType", "issue"], "additionalProperties": false,
            "properties": {
                "resourceType": { "const": "OperationOutcome" },
                "issue": { "type": "array", "minItems": 1, "items": {
                    "type": "object", "required": ["severity", "code", "diagnostics"], "additionalProperties": false,
                    "properties": {
                        "severity": { "const": "error" }, "code": text, "diagnostics": text,
                        "expression": { "type": "array", "items": text },
                    },
                } },
            },
        },
        "Discovery": {
            "type": "object", "required": ["services"], "additionalProperties": false,
            "properties": { "services": { "type": "array", "items": {
                "type": "object", "required": ["hook", "description", "id"],
                "properties": {
                    "hook": text, "title": text, "description": text, "id": text, "usageRequirements": text,
                    "prefetch": { "type": "object", "additionalProperties": text },
                },
            } } },
        },
        "FhirAuthorization": {
            "type": "object", "required": ["access_token", "token_type", "expires_in", "scope", "subject"],
            "properties": {
                "access_token": text, "token_type": { "const": "Bearer" }, "expires_in": { "type": "integer", "minimum": 0, "maximum": LONGEST_LIFE },
                "scope": text, "subject": text, "patient": { "type": ["string", "null"] },
            },
        },
        "Feedback": {
            "type": "object", "required": ["feedback"],
            "properties": { "feedback": { "type": "array", "items": {
                "type": "object", "required": ["card", "outcome", "outcomeTimestamp"],
                "properties": {
                    "card": { "type": "string", "format": "uuid" },
                    "outcome": { "enum": ["accepted", "overridden"] },
                    "outcomeTimestamp": { "type": "string", "format": "date-time" },
                    },
                "if": { "properties": { "outcome": { "const": "accepted" } } },
                "then": { "required": ["acceptedSuggestions"], "properties": { "acceptedSuggestions": accepted } },
                // What goes with the other outcome is not read.
                "else": { "properties": { "overrideReason": overridden } },
            } } },
        },
        "Response": {
            "type": "object", "required": ["cards", "extension"], "additionalProperties": false,
            "properties": {
                "cards": { "type": "array", "maxItems": 1, "items": { "$ref": "#/components/schemas/Card" } },
                "extension": {
                    "type": "object", "required": ["org.rrdtc.assessment"], "additionalProperties": false,
                    "properties": { "org.rrdtc.assessment": { "$ref": "#/components/schemas/Assessment" } },
                },
            },
        },
        "Card": card(),
        "Assessment": assessment(),
    })
}

fn card() -> Value {
    let text = json!({ "type": "string", "minLength": 1 });
    json!({
        "type": "object", "required": ["uuid", "summary", "indicator", "detail", "source", "overrideReasons"], "additionalProperties": false,
        "properties": {
            "uuid": { "type": "string", "format": "uuid" },
            "summary": { "type": "string", "minLength": 1, "maxLength": 139 },
            "indicator": { "enum": ["info", "warning"] },
            "detail": text,
            "source": { "type": "object", "required": ["label"], "properties": { "label": text, "url": text } },
            "overrideReasons": { "type": "array", "items": { "type": "object", "required": ["code", "system", "display"], "properties": { "code": text, "system": text, "display": text } } },
            "links": { "type": "array", "items": {
                "type": "object", "required": ["label", "url", "type"],
                "properties": { "label": text, "url": text, "type": { "enum": ["absolute", "smart"] }, "appContext": text },
            } },
            "suggestions": { "type": "array", "items": { "type": "object", "required": ["label"], "properties": { "label": text, "uuid": text, "actions": { "type": "array" } } } },
            "selectionBehavior": { "const": "any" },
        },
    })
}

fn assessment() -> Value {
    let text = json!({ "type": "string", "minLength": 1 });
    let codes = json!({ "type": "array", "items": text });
    let count = |least: i32| json!({ "type": "integer", "minimum": least });
    let evidence = json!({ "type": "array", "items": {
        "type": "object", "required": ["reference", "what"], "additionalProperties": false,
        "properties": { "reference": text, "what": text, "date": text },
    } });
    let codes_aside: Vec<&str> = SetAsideCode::ALL.iter().map(|code| code.as_str()).collect();
    let reasons: Vec<&str> = NotApplicable::ALL
        .iter()
        .map(|code| code.as_str())
        .collect();
    let caveats: Vec<&str> = ApplicabilityCaveat::ALL
        .iter()
        .map(|code| code.as_str())
        .collect();
    let set_aside = json!({ "type": "array", "items": {
        "type": "object", "required": ["reference", "code"], "additionalProperties": false,
        "properties": { "reference": text, "code": { "enum": codes_aside }, "date": text },
    } });
    let predictor = json!({
        "type": "object", "required": ["state", "points", "decisive"], "additionalProperties": false,
        "properties": {
            "state": { "enum": score::State::ALL.map(state_name) },
            "reason": text,
            "points": { "type": "object", "required": ["low", "high"], "properties": { "low": count(0), "high": count(0) } },
            "decisive": { "type": "boolean" },
            "years": { "type": "object", "required": ["low"], "properties": { "low": { "type": "integer" }, "high": { "type": "integer" } } },
            "sites": codes,
            "suvMax": { "type": "object", "required": ["value"], "properties": { "value": { "type": ["number", "string"] }, "comparator": text } },
            "evidence": evidence,
            "setAside": set_aside,
            "hints": { "type": "array", "items": { "type": "object", "required": ["reference", "code"], "properties": { "reference": text, "code": text } } },
            "caveats": codes,
        },
    });
    let predictors = Predictor::ALL.map(Predictor::name);
    let source = json!({
        "type": "object", "required": ["from", "pages", "complete"], "additionalProperties": false,
        "properties": { "from": { "enum": From::ALL.map(From::as_str) }, "pages": count(0), "complete": { "type": "boolean" } },
    });
    let classes = [
        Classification::BelowCutoff,
        Classification::Indeterminate,
        Classification::AtOrAboveCutoff,
    ];
    let share = json!({ "type": "number", "minimum": 0, "maximum": 1 });
    json!({
        "type": "object", "required": ["model", "software", "display"], "additionalProperties": false,
        "properties": {
            "resultId": { "type": "string", "pattern": "^[0-9a-f]{64}$" },
            "assessedAt": { "type": "string", "format": "date-time" },
            "model": { "type": "object", "required": ["id", "version", "sha256"], "properties": { "id": text, "version": text, "sha256": text } },
            "software": { "type": "object", "required": ["name", "version"], "properties": { "name": text, "version": text } },
            "applicability": {
                "type": "object", "required": ["status"], "additionalProperties": false,
                "properties": {
                    "status": { "enum": ["applicable", "not-applicable"] },
                    "reasons": { "type": "array", "items": { "enum": reasons } }, "caveats": { "type": "array", "items": { "enum": caveats } }, "evidence": evidence, "setAside": set_aside,
                },
            },
            "predictors": {
                "type": "object", "required": predictors, "additionalProperties": false,
                "properties": Map::from_iter(predictors.map(|name| (name.to_owned(), predictor.clone()))),
            },
            "score": {
                "type": "object", "required": ["low", "high", "maximum", "cutoff"],
                "properties": { "low": count(0), "high": count(0), "maximum": count(1), "cutoff": count(1) },
            },
            "classification": { "enum": classes.map(classification) },
            "probability": {
                "type": "object", "required": ["low", "high", "basis"],
                "properties": { "low": share, "estimate": share, "high": share, "basis": text },
            },
            "display": {
                "type": "object", "required": ["shown", "reason"], "additionalProperties": false,
                "properties": { "shown": { "type": "boolean" }, "reason": { "enum": DisplayReason::ALL.map(DisplayReason::as_str) } },
            },
            "sources": { "type": "object", "additionalProperties": source },
        },
    })
}
