//! A hook call: what must be there is checked with the JSON path at fault, everything else is left alone.

use super::hook::{Hook, Orders};
use super::service::Service;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use uuid::Uuid;

/// serde_json reads 127 levels; deeper nesting is refused before anything is parsed.
pub const DEEPEST_NESTING: usize = 127;

/// A call that was understood.
#[derive(Debug)]
pub struct HookRequest<'a> {
    /// Unique id of this call.
    pub hook_instance: Uuid,
    /// `context.patientId`.
    pub patient_id: String,
    /// `context.userId`, `Type/id`; some hooks have none.
    pub user_id: Option<String>,
    /// `context.encounterId`.
    pub encounter_id: Option<String>,
    /// The draft orders, for hooks whose service speaks about these.
    pub orders: Option<DraftOrders<'a>>,
    /// `fhirServer`, as it was sent: not checked to be a URL, nor to be one that may be called.
    pub fhir_server: Option<String>,
    /// `fhirAuthorization`; never there without `fhir_server`.
    pub fhir_authorization: Option<FhirAuthorization>,
    /// Prefetched data by key, still JSON.
    pub prefetch: BTreeMap<String, &'a RawValue>,
}

/// The orders that decide whether a service speaks.
#[derive(Debug)]
pub struct DraftOrders<'a> {
    /// `context.draftOrders`: some JSON object, still unread.
    pub json: &'a RawValue,
    /// `context.selections`; none when all orders count.
    pub selections: Option<Vec<String>>,
}

/// `fhirAuthorization` (conformance F1, F2), all required members checked. The token type is always Bearer.
#[derive(Debug)]
pub struct FhirAuthorization {
    /// Bearer token of the EHR's FHIR server, for this call only.
    pub access_token: SecretString,
    /// Life of the token from the call on, seconds.
    pub expires_in: u64,
    /// SMART scopes, version 1 or 2.
    pub scope: String,
    /// The client id of this service at the EHR's authorization server.
    pub subject: String,
    /// Where given, the only patient that the token may be used for.
    pub patient: Option<String>,
}

/// A call that breaks the protocol: 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct BadRequest {
    /// JSON path of the member at fault; none when the body is no JSON at all.
    pub path: Option<Cow<'static, str>>,
    /// What is wrong, in words; never a value of the request.
    pub problem: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw<'a> {
    #[serde(borrow)]
    hook: Option<&'a RawValue>,
    #[serde(borrow)]
    hook_instance: Option<&'a RawValue>,
    #[serde(borrow)]
    context: Option<&'a RawValue>,
    #[serde(borrow)]
    prefetch: Option<Prefetch<'a>>,
    #[serde(borrow)]
    fhir_server: Option<&'a RawValue>,
    #[serde(borrow)]
    fhir_authorization: Option<&'a RawValue>,
}

/// What is left to look at when the request could not be read.
#[derive(Deserialize)]
struct PrefetchOnly<'a> {
    #[serde(borrow)]
    prefetch: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    #[serde(borrow)]
    patient_id: Option<&'a RawValue>,
    #[serde(borrow)]
    user_id: Option<&'a RawValue>,
    #[serde(borrow)]
    encounter_id: Option<&'a RawValue>,
    #[serde(borrow)]
    draft_orders: Option<&'a RawValue>,
    #[serde(borrow)]
    selections: Option<&'a RawValue>,
}

/// As sent; [`FhirAuthorization`] is what is left of it.
#[derive(Deserialize)]
struct Authorization<'a> {
    #[serde(borrow)]
    access_token: Option<&'a RawValue>,
    #[serde(borrow)]
    token_type: Option<&'a RawValue>,
    #[serde(borrow)]
    expires_in: Option<&'a RawValue>,
    #[serde(borrow)]
    scope: Option<&'a RawValue>,
    #[serde(borrow)]
    subject: Option<&'a RawValue>,
    #[serde(borrow)]
    patient: Option<&'a RawValue>,
}

/// Reads the body of a call to a service.
pub fn parse<'a>(body: &'a [u8], service: &Service) -> Result<HookRequest<'a>, BadRequest> {
    let body = std::str::from_utf8(body).map_err(|_| no_json("the body is not UTF-8"))?;
    if nesting(body) > DEEPEST_NESTING {
        return Err(no_json(&format!(
            "the body nests deeper than {DEEPEST_NESTING} levels"
        )));
    }
    if body.trim_start().starts_with('[') {
        return Err(at("$", "the body must be a JSON object"));
    }
    let raw: Raw<'a> = serde_json::from_str(body).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Data => {
                "the body must be a JSON object in which no required member occurs twice"
            }
            _ => "the body is not JSON",
        };
        if let Ok(PrefetchOnly {
            prefetch: Some(prefetch),
        }) = serde_json::from_str::<PrefetchOnly<'_>>(body)
            && !prefetch.get().starts_with('{')
        {
            return at("prefetch", "prefetch must be an object");
        }
        no_json(&format!(
            "{what} (line {}, column {})",
            error.line(),
            error.column()
        ))
    })?;
    let hook = text(raw.hook, "hook")?;
    let hook_instance = text(raw.hook_instance, "hookInstance")?;
    let hook_instance = Uuid::parse_str(&hook_instance)
        .map_err(|_| at("hookInstance", "hookInstance must be a UUID"))?;
    let context: Context<'a> = match raw.context {
        None => return Err(at("context", "context is required")),
        Some(context) if !context.get().starts_with('{') => {
            return Err(at("context", "context must be an object"));
        }
        Some(context) => serde_json::from_str(context.get()).map_err(|_| {
            at(
                "context",
                "context must be an object without repeated members",
            )
        })?,
    };
    if hook != service.hook {
        return Err(at(
            "hook",
            &format!("this service answers the hook {}", service.hook),
        ));
    }
    let patient_id = text(context.patient_id, "context.patientId")?;
    let needed = Hook::of(&service.hook);
    let user_id = if needed.needs_user {
        Some(text(context.user_id, "context.userId")?)
    } else {
        optional_text(context.user_id, "context.userId")?
    };
    let encounter_id = if needed.needs_encounter {
        Some(text(context.encounter_id, "context.encounterId")?)
    } else {
        optional_text(context.encounter_id, "context.encounterId")?
    };
    let orders = needed
        .orders
        .map(|orders| draft_orders(&context, orders))
        .transpose()?;
    let fhir_server = raw
        .fhir_server
        .map(|server| text(Some(server), "fhirServer"))
        .transpose()?;
    let fhir_authorization = match raw.fhir_authorization {
        Some(authorization) if !authorization.get().starts_with('{') => {
            return Err(at(
                "fhirAuthorization",
                "fhirAuthorization must be an object",
            ));
        }
        Some(_) if fhir_server.is_none() => {
            return Err(at(
                "fhirServer",
                "fhirServer is required with fhirAuthorization",
            ));
        }
        Some(authorization) => Some(fhir_authorization(authorization)?),
        None => None,
    };
    let prefetch = match raw.prefetch {
        None => BTreeMap::new(),
        Some(Prefetch(Some(members))) => members,
        Some(Prefetch(None)) => {
            return Err(at(
                "prefetch",
                "prefetch must be an object in which no key occurs twice",
            ));
        }
    };
    Ok(HookRequest {
        hook_instance,
        patient_id,
        user_id,
        encounter_id,
        orders,
        fhir_server,
        fhir_authorization,
        prefetch,
    })
}

/// The hook's definition requires both members (conformance brief section 5). Without `selections` it cannot be told what the
/// clinician is about, and "all" would speak about orders that nobody is looking at: refused, not guessed.
fn draft_orders<'a>(context: &Context<'a>, orders: Orders) -> Result<DraftOrders<'a>, BadRequest> {
    let path = "context.draftOrders";
    let json = match context.draft_orders {
        Some(json) if json.get().starts_with('{') => json,
        Some(_) => return Err(at(path, "context.draftOrders must be a Bundle")),
        None => return Err(at(path, "context.draftOrders is required")),
    };
    let selections = match orders {
        Orders::All => None,
        Orders::Selected => {
            let path = "context.selections";
            let selections = context
                .selections
                .ok_or_else(|| at(path, "context.selections is required"))?;
            Some(serde_json::from_str(selections.get()).map_err(|_| {
                at(
                    path,
                    "context.selections must be an array of strings, such as MedicationRequest/1",
                )
            })?)
        }
    };
    Ok(DraftOrders { json, selections })
}

fn fhir_authorization(json: &RawValue) -> Result<FhirAuthorization, BadRequest> {
    let sent: Authorization<'_> = serde_json::from_str(json.get()).map_err(|_| {
        at(
            "fhirAuthorization",
            "fhirAuthorization must be an object in which no member occurs twice",
        )
    })?;
    let access_token =
        SecretString::from(text(sent.access_token, "fhirAuthorization.access_token")?);
    let path = "fhirAuthorization.token_type";
    if !text(sent.token_type, path)?.eq_ignore_ascii_case("Bearer") {
        return Err(at(path, "fhirAuthorization.token_type must be Bearer"));
    }
    let path = "fhirAuthorization.expires_in";
    let expires_in = sent
        .expires_in
        .ok_or_else(|| at(path, "fhirAuthorization.expires_in is required"))?;
    Ok(FhirAuthorization {
        access_token,
        expires_in: serde_json::from_str(expires_in.get()).map_err(|_| {
            at(
                path,
                "fhirAuthorization.expires_in must be a whole number of seconds",
            )
        })?,
        scope: text(sent.scope, "fhirAuthorization.scope")?,
        subject: text(sent.subject, "fhirAuthorization.subject")?,
        patient: optional_text(sent.patient, "fhirAuthorization.patient")?,
    })
}

pub(super) fn no_json(problem: &str) -> BadRequest {
    BadRequest {
        path: None,
        problem: problem.into(),
    }
}

pub(super) fn at(path: impl Into<Cow<'static, str>>, problem: &str) -> BadRequest {
    BadRequest {
        path: Some(path.into()),
        problem: problem.into(),
    }
}

pub(super) fn text(
    value: Option<&RawValue>,
    path: impl Into<Cow<'static, str>>,
) -> Result<String, BadRequest> {
    let path = path.into();
    match value.map(|value| serde_json::from_str::<String>(value.get())) {
        Some(Ok(text)) if !text.is_empty() => Ok(text),
        found => {
            let problem = match found {
                None => format!("{path} is required"),
                Some(_) => format!("{path} must be a string that is not empty"),
            };
            Err(at(path, &problem))
        }
    }
}

/// A member that may be missing; some clients send an empty string for that.
fn optional_text(
    value: Option<&RawValue>,
    path: &'static str,
) -> Result<Option<String>, BadRequest> {
    match value {
        Some(value) if value.get() != "\"\"" => text(Some(value), path).map(Some),
        _ => Ok(None),
    }
}

/// The members of `prefetch`, read with the request itself; none when it is no object or a key occurs twice.
struct Prefetch<'a>(Option<BTreeMap<String, &'a RawValue>>);

impl<'de: 'a, 'a> Deserialize<'de> for Prefetch<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::{MapAccess, Visitor};
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Option<BTreeMap<String, &'de RawValue>>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = BTreeMap::new();
                let mut twice = false;
                while let Some(key) = map.next_key::<String>()? {
                    twice |= members
                        .insert(key, map.next_value::<&RawValue>()?)
                        .is_some();
                }
                Ok((!twice).then_some(members))
            }
        }
        deserializer.deserialize_map(Members).map(Prefetch)
    }
}

/// Depth of arrays and objects, strings left out. Raw values are skipped without a limit, so it is checked here.
pub fn nesting(json: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0usize);
    let bytes = json.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at += 1;
                while let Some(found) = bytes
                    .get(at..)
                    .and_then(|rest| memchr::memchr2(b'"', b'\\', rest))
                {
                    at += found;
                    if bytes[at] == b'"' {
                        break;
                    }
                    at += 2;
                }
            }
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::nesting;

    #[test]
    fn nesting_counts_brackets_outside_strings() {
        for (json, depth) in [
            ("1", 0),
            ("[]", 1),
            (r#"{"a":[{"b":"[[[\"["}]}"#, 3),
            ("[[", 2),
            ("\"", 0),
        ] {
            assert_eq!(nesting(json), depth, "{json}");
        }
    }
}
