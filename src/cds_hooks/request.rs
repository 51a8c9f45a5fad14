//! A hook call: what must be there is checked with the JSON path at fault, everything else is left alone.

use super::hook::{Hook, Orders};
use super::service::Service;
use crate::json::{DEEPEST_NESTING, Member, Unfit, Walk};
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Most seconds that a token may say it lives: the greatest whole number that every reader of JSON agrees on.
pub const LONGEST_LIFE: u64 = (1 << 53) - 1;

/// A call that was understood.
#[derive(Debug)]
pub struct HookRequest<'a, P> {
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
    /// Prefetched data by key, of the keys that the service asks for.
    pub prefetch: BTreeMap<String, P>,
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

/// The members of a request.
struct Members<'a, P> {
    hook: Member<&'a RawValue>,
    hook_instance: Member<&'a RawValue>,
    context: Member<&'a RawValue>,
    fhir_server: Member<&'a RawValue>,
    fhir_authorization: Member<&'a RawValue>,
    prefetch: Member<BTreeMap<String, P>>,
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

/// Reads the body of a call to a service, in one pass: `read` takes each prefetched value that the service asks for where it
/// stands.
pub fn parse<'a, P>(
    body: &'a [u8],
    service: &Service,
    read: impl Fn(&mut Walk<'a>) -> Result<P, Unfit>,
) -> Result<HookRequest<'a, P>, BadRequest> {
    let body = std::str::from_utf8(body).map_err(|_| no_json("the body is not UTF-8"))?;
    let members = members(body, service, read)?;
    let prefetch = once(members.prefetch)?.unwrap_or_default();
    let fhir_server = once(members.fhir_server)?;
    let authorization = once(members.fhir_authorization)?;
    let hook = once(members.hook)?;
    let hook_instance = once(members.hook_instance)?;
    let context = once(members.context)?;
    let hook = text(hook, "hook")?;
    let hook_instance = text(hook_instance, "hookInstance")?;
    let hook_instance = Uuid::parse_str(&hook_instance)
        .map_err(|_| at("hookInstance", "hookInstance must be a UUID"))?;
    let context: Context<'a> = match context {
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
    let fhir_server = fhir_server
        .map(|server| text(Some(server), "fhirServer"))
        .transpose()?;
    let fhir_authorization = match authorization {
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

/// Cuts a body into its members.
fn members<'a, P>(
    body: &'a str,
    service: &Service,
    read: impl Fn(&mut Walk<'a>) -> Result<P, Unfit>,
) -> Result<Members<'a, P>, BadRequest> {
    let broken = |why| unfit(why, body);
    let mut walk = Walk::new(body);
    if !walk.enter(b'{') {
        walk.skip().map_err(broken)?;
        return Err(at("$", "the body must be a JSON object"));
    }
    let mut members = Members {
        hook: Member::Absent,
        hook_instance: Member::Absent,
        context: Member::Absent,
        fhir_server: Member::Absent,
        fhir_authorization: Member::Absent,
        prefetch: Member::Absent,
    };
    while let Some(name) = walk.name().map_err(broken)? {
        let member = match &*name {
            "hook" => &mut members.hook,
            "hookInstance" => &mut members.hook_instance,
            "context" => &mut members.context,
            "fhirServer" => &mut members.fhir_server,
            "fhirAuthorization" => &mut members.fhir_authorization,
            "prefetch" => {
                let read = prefetch(&mut walk, service, &read, body)?;
                members.prefetch.set(Some(Some(read)));
                continue;
            }
            _ => {
                walk.skip().map_err(broken)?;
                continue;
            }
        };
        member.set(walk.value().map_err(broken)?);
    }
    if !walk.is_at_end() {
        return Err(unfit(Unfit::NotJson, body));
    }
    Ok(members)
}

/// One that is needed and occurs twice could be read either way: refused.
fn once<T>(member: Member<T>) -> Result<Option<T>, BadRequest> {
    member.read().map_err(|_| {
        no_json("the body must be a JSON object in which no required member occurs twice")
    })
}

/// The members of `prefetch`. Keys that the service does not ask for are passed.
fn prefetch<'a, P>(
    walk: &mut Walk<'a>,
    service: &Service,
    read: impl Fn(&mut Walk<'a>) -> Result<P, Unfit>,
    body: &str,
) -> Result<BTreeMap<String, P>, BadRequest> {
    let broken = |why| unfit(why, body);
    let mut asked_for = BTreeMap::new();
    if !walk.enter(b'{') {
        return match walk.skip().map_err(broken)? {
            "null" => Ok(asked_for),
            _ => Err(at("prefetch", "prefetch must be an object")),
        };
    }
    let mut keys = BTreeSet::new();
    while let Some(key) = walk.name().map_err(broken)? {
        if service.prefetch.contains_key(&*key) {
            asked_for.insert(key.clone().into_owned(), read(walk).map_err(broken)?);
        } else {
            walk.skip().map_err(broken)?;
        }
        if !keys.insert(key) {
            return Err(at(
                "prefetch",
                "prefetch must be an object in which no key occurs twice",
            ));
        }
    }
    Ok(asked_for)
}

/// Why a body cannot be taken, and where.
fn unfit(why: Unfit, body: &str) -> BadRequest {
    match why {
        Unfit::TooDeep => no_json(&too_deep()),
        Unfit::NotJson => match serde_json::from_str::<IgnoredAny>(body) {
            Err(error) => no_json(&format!(
                "the body is not JSON (line {}, column {})",
                error.line(),
                error.column()
            )),
            Ok(_) => no_json("the body is not JSON"),
        },
    }
}

pub(super) fn too_deep() -> String {
    format!("the body nests deeper than {DEEPEST_NESTING} levels")
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
    // 300.0 is a whole number too; below 2^53 an f64 holds it exactly.
    let expires_in = serde_json::from_str::<f64>(expires_in.get())
        .ok()
        .filter(|seconds| seconds.fract() == 0.0 && (0.0..=LONGEST_LIFE as f64).contains(seconds))
        .map(|seconds| seconds as u64)
        .ok_or_else(|| {
            at(
                path,
                "fhirAuthorization.expires_in must be a whole number of seconds",
            )
        })?;
    Ok(FhirAuthorization {
        access_token,
        expires_in,
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
