//! What users did with cards: the body of `POST /cds-services/{id}/feedback`, read into [`Feedback`] items.
//!
//! The whole batch is checked before anything of it is used. Whether a card is known is not asked here: one call may speak
//! of several cards and hook calls, and of cards that this instance never saw. Members that the specification does not
//! name, `extension` among them, are left alone.

use super::request::{BadRequest, at, no_json, text, too_deep};
use crate::json::{DEEPEST_NESTING, nests_deeper};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;
use uuid::Uuid;

/// Most items of one call.
pub const MOST_ITEMS: usize = 1_000;

/// Most suggestions that one item accepts.
pub const MOST_SUGGESTIONS: usize = 100;

/// Longest code, system or id in characters.
pub const LONGEST_CODE: usize = 1_000;

/// Longest comment in characters.
pub const LONGEST_COMMENT: usize = 10_000;

/// What a user did with one card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feedback {
    /// The card's uuid, as the answer gave it.
    pub card: Uuid,
    /// What was done.
    pub outcome: Outcome,
    /// When, by the client's clock.
    pub at: Timestamp,
}

/// Taken or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// At least one suggestion was taken.
    Accepted {
        /// Ids of the suggestions, at least one.
        suggestions: Vec<String>,
    },
    /// The card was dismissed, with a reason or without.
    Overridden(Option<OverrideReason>),
}

/// Why a card was dismissed; at least one of the two.
#[derive(Clone, PartialEq, Eq)]
pub struct OverrideReason {
    /// A reason of the card or of the client's own.
    pub reason: Option<Reason>,
    /// In the user's words: may speak of the patient.
    pub comment: Option<String>,
}

/// The comment is never printed: it may speak of the patient.
impl std::fmt::Debug for OverrideReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OverrideReason")
            .field("reason", &self.reason)
            .field("comment", &self.comment.as_ref().map(|_| "..."))
            .finish()
    }
}

/// A coded reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// System of the code.
    pub system: String,
    /// Code.
    pub code: String,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    feedback: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawItem<'a> {
    #[serde(borrow)]
    card: Option<&'a RawValue>,
    #[serde(borrow)]
    outcome: Option<&'a RawValue>,
    #[serde(borrow)]
    outcome_timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    accepted_suggestions: Option<&'a RawValue>,
    #[serde(borrow)]
    override_reason: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawSuggestion<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawReason<'a> {
    #[serde(borrow)]
    reason: Option<&'a RawValue>,
    #[serde(borrow)]
    user_comment: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawCoding<'a> {
    #[serde(borrow)]
    system: Option<&'a RawValue>,
    #[serde(borrow)]
    code: Option<&'a RawValue>,
}

/// Reads the body of a feedback call. An empty list is none to keep, and no error.
pub fn parse(body: &[u8]) -> Result<Vec<Feedback>, BadRequest> {
    let body = std::str::from_utf8(body).map_err(|_| no_json("the body is not UTF-8"))?;
    if nests_deeper(body, DEEPEST_NESTING) {
        return Err(no_json(&too_deep()));
    }
    if body.trim_start().starts_with('[') {
        return Err(at(
            "$",
            "the body must be a JSON object with an array named feedback",
        ));
    }
    let body: Body<'_> = serde_json::from_str(body).map_err(|error| {
        no_json(&format!(
            "the body must be a JSON object in which feedback occurs once (line {}, column {})",
            error.line(),
            error.column()
        ))
    })?;
    let items = body
        .feedback
        .ok_or_else(|| at("feedback", "feedback is required"))?;
    list::<MOST_ITEMS>(items, "feedback")?
        .into_iter()
        .enumerate()
        .map(|(index, item)| read(item, &format!("feedback[{index}]")))
        .collect()
}

fn read(item: &RawValue, path: &str) -> Result<Feedback, BadRequest> {
    let item: RawItem<'_> = object(item, path)?;
    let card_path = format!("{path}.card");
    let card = Uuid::parse_str(&text(item.card, card_path.clone())?)
        .map_err(|_| at(card_path, "card must be a UUID"))?;
    let outcome_path = format!("{path}.outcome");
    let outcome = match text(item.outcome, outcome_path.clone())?.as_str() {
        "accepted" => Outcome::Accepted {
            suggestions: suggestions(item.accepted_suggestions, path)?,
        },
        "overridden" => Outcome::Overridden(
            given(item.override_reason)
                .map(|reason| override_reason(reason, &format!("{path}.overrideReason")))
                .transpose()?,
        ),
        _ => {
            return Err(at(
                outcome_path,
                "outcome must be \"accepted\" or \"overridden\"",
            ));
        }
    };
    let at_path = format!("{path}.outcomeTimestamp");
    let written = text(item.outcome_timestamp, at_path.clone())?;
    let at = instant(&written).ok_or_else(|| {
        at(
            at_path,
            "outcomeTimestamp must be an RFC 3339 instant such as 2026-11-20T12:00:00.123Z",
        )
    })?;
    Ok(Feedback { card, outcome, at })
}

fn suggestions(list_of: Option<&RawValue>, path: &str) -> Result<Vec<String>, BadRequest> {
    let path = format!("{path}.acceptedSuggestions");
    let needed = "an accepted card needs at least one accepted suggestion";
    let accepted = given(list_of).ok_or_else(|| at(path.clone(), needed))?;
    let accepted = list::<MOST_SUGGESTIONS>(accepted, &path)?;
    if accepted.is_empty() {
        return Err(at(path, needed));
    }
    accepted
        .into_iter()
        .enumerate()
        .map(|(index, suggestion)| {
            let path = format!("{path}[{index}]");
            let suggestion: RawSuggestion<'_> = object(suggestion, &path)?;
            code(suggestion.id, format!("{path}.id"))
        })
        .collect()
}

fn override_reason(value: &RawValue, path: &str) -> Result<OverrideReason, BadRequest> {
    let raw: RawReason<'_> = object(value, path)?;
    let reason = match given(raw.reason) {
        None => None,
        Some(coding) => {
            let path = format!("{path}.reason");
            let coding: RawCoding<'_> = object(coding, &path)?;
            Some(Reason {
                code: code(coding.code, format!("{path}.code"))?,
                system: code(coding.system, format!("{path}.system"))?,
            })
        }
    };
    let comment = match given(raw.user_comment) {
        None => None,
        Some(comment) => {
            let path = format!("{path}.userComment");
            let comment: String = serde_json::from_str(comment.get())
                .map_err(|_| at(path.clone(), "userComment must be a string"))?;
            if comment.chars().count() > LONGEST_COMMENT || comment.contains('\0') {
                return Err(at(
                    path,
                    &format!(
                        "userComment must have at most {LONGEST_COMMENT} characters and none that is U+0000"
                    ),
                ));
            }
            (!comment.is_empty()).then_some(comment)
        }
    };
    if reason.is_none() && comment.is_none() {
        return Err(at(
            path.to_owned(),
            "overrideReason needs a reason or a userComment",
        ));
    }
    Ok(OverrideReason { reason, comment })
}

/// A code, system or id: short, and without control characters, which would reach a report.
fn code(value: Option<&RawValue>, path: String) -> Result<String, BadRequest> {
    let code = text(value, path.clone())?;
    if code.chars().count() > LONGEST_CODE || code.contains(char::is_control) {
        return Err(at(
            path,
            &format!("at most {LONGEST_CODE} characters and no control characters"),
        ));
    }
    Ok(code)
}

/// An optional member; `null` is the same as none.
fn given(value: Option<&RawValue>) -> Option<&RawValue> {
    value.filter(|value| value.get() != "null")
}

fn object<'a, T: Deserialize<'a>>(value: &'a RawValue, path: &str) -> Result<T, BadRequest> {
    let wrong = || {
        at(
            path.to_owned(),
            &format!("{path} must be an object without repeated members"),
        )
    };
    // A struct can also be read from an array, which nobody means.
    if !value.get().starts_with('{') {
        return Err(wrong());
    }
    serde_json::from_str(value.get()).map_err(|_| wrong())
}

fn list<'a, const MOST: usize>(
    value: &'a RawValue,
    path: &str,
) -> Result<Vec<&'a RawValue>, BadRequest> {
    serde_json::from_str::<AtMost<'a, MOST>>(value.get())
        .map(|AtMost(items)| items)
        .map_err(|_| {
            at(
                path.to_owned(),
                &format!("{path} must be an array of at most {MOST} items"),
            )
        })
}

/// Stops reading at the first element too many, so that a list of millions costs nothing.
struct AtMost<'a, const MOST: usize>(Vec<&'a RawValue>);

impl<'de: 'a, 'a, const MOST: usize> Deserialize<'de> for AtMost<'a, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<const MOST: usize>;
        impl<'de, const MOST: usize> Visitor<'de> for Items<MOST> {
            type Value = Vec<&'de RawValue>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    if items.len() == MOST {
                        return Err(A::Error::custom("too many"));
                    }
                    items.push(item);
                }
                Ok(items)
            }
        }
        deserializer.deserialize_seq(Items::<MOST>).map(AtMost)
    }
}

/// An RFC 3339 `date-time`. jiff reads more forms than that, so the shape is checked first.
fn instant(written: &str) -> Option<Timestamp> {
    let (date_time, zone) = written.split_at_checked(19)?;
    let shape = |text: &str, form: &str| {
        text.len() == form.len()
            && text
                .bytes()
                .zip(form.bytes())
                .all(|(byte, form)| match form {
                    b'0' => byte.is_ascii_digit(),
                    b'T' => byte.eq_ignore_ascii_case(&b'T'),
                    b'+' => matches!(byte, b'+' | b'-'),
                    _ => byte == form,
                })
    };
    let offset = match zone.strip_prefix('.') {
        Some(rest) => {
            let offset = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            (offset.len() < rest.len()).then_some(offset)?
        }
        None => zone,
    };
    let is_offset = offset.eq_ignore_ascii_case("Z") || shape(offset, "+00:00");
    (shape(date_time, "0000-00-00T00:00:00") && is_offset)
        .then(|| written.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::instant;

    #[test]
    fn instants_are_rfc_3339() {
        for (written, expected) in [
            ("2026-11-20T12:00:00Z", Some("2026-11-20T12:00:00Z")),
            ("2026-11-20t12:00:00.25z", Some("2026-11-20T12:00:00.25Z")),
            (
                "2026-11-20T12:00:00.123456789+01:00",
                Some("2026-11-20T11:00:00.123456789Z"),
            ),
            ("2026-11-20T12:00:00-00:00", Some("2026-11-20T12:00:00Z")),
            ("2026-11-20 12:00:00Z", None),
            ("2026-11-20T12:00:00", None),
            ("2026-11-20T12:00Z", None),
            ("20261120T120000Z", None),
            ("2026-11-20T12:00:00.Z", None),
            ("2026-11-20T12:00:00+0100", None),
            ("2026-13-20T12:00:00Z", None),
            ("2026-11-20T12:00:00Z[UTC]", None),
            ("1763640000", None),
            ("2026-11-20T12:00:0é", None),
        ] {
            assert_eq!(
                instant(written),
                expected.map(|text| text.parse().unwrap()),
                "{written}"
            );
        }
    }
}
