//! What a token endpoint granted: the token, whose record it opens, and what the EHR says about the launch.

use super::problem::LaunchProblem;
use super::scope::{Granted, Scope};
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
    BasicTokenType,
};
use oauth2::{ExtraTokenFields, StandardRevocableToken, StandardTokenResponse, TokenResponse};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::time::{Duration, Instant};

/// Longest life that is believed.
const MAX_LIFE: Duration = Duration::from_secs(86_400);

/// The members of SMART beside those of OAuth.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct LaunchContext {
    #[serde(skip_serializing_if = "Option::is_none")]
    patient: Option<Value>,
    #[serde(rename = "appContext", skip_serializing_if = "Option::is_none")]
    app_context: Option<Value>,
}

// By hand: an id of a patient is nobody's to print.
impl fmt::Debug for LaunchContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LaunchContext(...)")
    }
}

impl ExtraTokenFields for LaunchContext {}

/// The answer of a token endpoint.
pub(super) type TokenAnswer = StandardTokenResponse<LaunchContext, BasicTokenType>;

/// The OAuth client whose answers have the members of SMART.
pub(super) type OAuthClient = oauth2::Client<
    BasicErrorResponse,
    TokenAnswer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
>;

/// What a launch was granted. The token is read with once and dropped with this.
pub struct Access {
    /// The access token.
    pub token: SecretString,
    /// When it ends, if the server said so.
    pub expires_at: Option<Instant>,
    /// Id of the patient that the launch is about.
    pub patient_id: String,
    /// What may be read.
    pub granted: Granted,
    /// What the card's link said, if the launch came from a card.
    pub app_context: AppContext,
}

/// `appContext` of the token's answer: what the link of a card carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppContext {
    /// There is none: the launch did not come from a card.
    None,
    /// The result that the card showed.
    Result(String),
    /// There is one, but not ours.
    Malformed,
}

/// How the assessment of a launch stands to the card that it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SinceCard {
    /// It came from no card.
    NoCard,
    /// The same result.
    Same,
    /// The record has changed since.
    Changed,
    /// What the card showed cannot be told.
    NotComparable,
}

impl AppContext {
    /// JSON text, or by some servers JSON itself.
    fn read(value: Option<Value>) -> Self {
        let value = match value {
            None | Some(Value::Null) => return Self::None,
            Some(Value::String(text)) if text.is_empty() => return Self::None,
            Some(Value::String(text)) => serde_json::from_str(&text).unwrap_or_default(),
            Some(value) => value,
        };
        let is_id = |id: &&str| {
            id.len() == 64
                && id
                    .bytes()
                    .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        match value["resultId"].as_str().filter(is_id) {
            Some(id) => Self::Result(id.to_owned()),
            None => Self::Malformed,
        }
    }

    /// Compares with a new result.
    pub fn since_card(&self, result_id: &str) -> SinceCard {
        match self {
            Self::None => SinceCard::NoCard,
            Self::Result(shown) if shown == result_id => SinceCard::Same,
            Self::Result(_) => SinceCard::Changed,
            Self::Malformed => SinceCard::NotComparable,
        }
    }
}

impl Access {
    /// Checks the answer to a question asked at this instant, for these scopes.
    pub(super) fn new(
        answer: TokenAnswer,
        asked: &[Scope],
        asked_at: Instant,
    ) -> Result<Self, LaunchProblem> {
        if *answer.token_type() != BasicTokenType::Bearer {
            return Err(LaunchProblem::TokenFailed);
        }
        let context = answer.extra_fields().clone();
        let patient_id = context
            .patient
            .as_ref()
            .and_then(Value::as_str)
            .map(|patient| patient.strip_prefix("Patient/").unwrap_or(patient))
            .filter(|id| is_id(id))
            .ok_or(LaunchProblem::NoPatient)?
            .to_owned();
        // RFC 6749, 5.1: left out when it is what was asked for.
        let granted = match answer.scopes() {
            Some(scopes) => Granted::new(scopes.iter().map(|scope| scope.as_str())),
            None => Granted::new(asked.iter().map(Scope::as_str)),
        };
        if !(granted.covers("Patient") && granted.covers("Condition")) {
            return Err(LaunchProblem::ScopeTooSmall);
        }
        Ok(Self {
            token: SecretString::from(answer.access_token().secret().as_str()),
            expires_at: answer
                .expires_in()
                .and_then(|life| asked_at.checked_add(life.min(MAX_LIFE))),
            patient_id,
            granted,
            app_context: AppContext::read(context.app_context),
        })
    }
}

/// FHIR R4 `id`: up to 64 letters, digits, '-' and '.'.
fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn access(change: Value) -> Result<Access, LaunchProblem> {
        let mut answer = json!({
            "access_token": "t", "token_type": "Bearer", "expires_in": 300, "patient": "p-1", "other": 1.5,
            "scope": "launch patient/*.rs",
        });
        for (name, value) in change.as_object().unwrap() {
            answer[name] = value.clone();
        }
        answer
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        let answer: TokenAnswer =
            serde_json::from_str(&answer.to_string()).map_err(|_| LaunchProblem::TokenFailed)?;
        let asked = [Scope::parse("patient/*.read").unwrap()];
        Access::new(answer, &asked, Instant::now())
    }

    #[test]
    fn a_token_must_name_its_patient_and_allow_what_is_required() {
        use LaunchProblem::*;
        for (change, expected) in [
            (json!({}), None),
            (json!({ "token_type": "bearer" }), None),
            (json!({ "expires_in": null }), None),
            (json!({ "scope": null }), None),
            (json!({ "patient": "Patient/p-1" }), None),
            (json!({ "patient": null }), Some(NoPatient)),
            (json!({ "patient": "" }), Some(NoPatient)),
            (json!({ "patient": 7 }), Some(NoPatient)),
            (json!({ "patient": "../x" }), Some(NoPatient)),
            (json!({ "patient": "p".repeat(65) }), Some(NoPatient)),
            (json!({ "token_type": "mac" }), Some(TokenFailed)),
            (json!({ "access_token": null }), Some(TokenFailed)),
            (json!({ "scope": "" }), Some(ScopeTooSmall)),
            (
                json!({ "scope": "patient/Patient.rs" }),
                Some(ScopeTooSmall),
            ),
            (
                json!({ "scope": "patient/Patient.rs patient/Condition.rs?x=y" }),
                Some(ScopeTooSmall),
            ),
        ] {
            let found = access(change.clone());
            assert_eq!(found.as_ref().err().copied(), expected, "{change}");
            if let Ok(access) = found {
                assert_eq!(access.patient_id, "p-1");
            }
        }
    }

    #[test]
    fn what_the_card_showed_is_read_or_noted() {
        let id = "0123456789abcdef".repeat(4);
        let text = |value: Value| Value::String(value.to_string());
        for (value, expected) in [
            (Value::Null, SinceCard::NoCard),
            (json!(""), SinceCard::NoCard),
            (text(json!({ "resultId": id })), SinceCard::Same),
            (json!({ "resultId": id, "more": [1] }), SinceCard::Same),
            (
                text(json!({ "resultId": "f".repeat(64) })),
                SinceCard::Changed,
            ),
            (
                text(json!({ "resultId": "<script>" })),
                SinceCard::NotComparable,
            ),
            (text(json!({ "resultId": 7 })), SinceCard::NotComparable),
            (json!("no JSON"), SinceCard::NotComparable),
            (json!([id]), SinceCard::NotComparable),
        ] {
            let access = access(json!({ "appContext": value })).unwrap();
            assert_eq!(access.app_context.since_card(&id), expected, "{value}");
        }
    }
}
