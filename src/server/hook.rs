//! `POST /cds-services/{id}`: who calls, what is missing, whether the card is shown, and what is kept of it.

use super::answer::{Assessed, HookCall, bytes};
use super::audit_line::{self, AuditLine, Found, NotRecorded};
use super::display::{Earlier, History, Suppression, suppression};
use super::error::Problem;
use super::fetching::{self, Whose};
use super::live::{Entitlement, Live, Place, Tenancy};
use super::{State, metrics};
use crate::cds_hooks::card;
use crate::cds_hooks::display::DisplayReason;
use crate::cds_hooks::response::{classification, service_off};
use crate::chart::Release;
use crate::config::Mode;
use crate::domain::score::Classification;
use crate::fhir::client::FhirServer;
use crate::fhir::release::UnsupportedRelease;
use crate::store::{Class, ShownCard};
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// A body up to this size is answered on the thread that read it: about 5 ms at most.
const SMALL_BODY: usize = 256 * 1024;

/// The store is waited for at least so long, also when reading has taken all the time that there was: a card that was put
/// off would else be shown whenever a FHIR server is slow.
const STORE_PATIENCE: Duration = Duration::from_millis(20);

/// What is counted about a call.
#[derive(Debug, Default)]
struct Counted {
    service: String,
    client: String,
    class: &'static str,
    display: &'static str,
}

/// Answers a call.
pub async fn call(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
    payload: web::Payload,
) -> HttpResponse {
    let received_at = Instant::now();
    let live = state.live();
    let mut counted = Counted::default();
    let answer = answer(
        &request,
        &id,
        &state,
        &live,
        payload.into_inner(),
        received_at,
        &mut counted,
    )
    .await;
    let response = match answer {
        Ok(bytes) => HttpResponse::Ok()
            .content_type("application/json")
            .body(bytes),
        Err(problem) => problem.response(),
    };
    metrics::call(
        &counted.service,
        &counted.client,
        response.status().as_u16(),
        counted.class,
        counted.display,
        received_at.elapsed(),
    );
    response
}

async fn answer(
    request: &HttpRequest,
    id: &str,
    state: &web::Data<State>,
    live: &Arc<Live>,
    payload: Payload,
    received_at: Instant,
    counted: &mut Counted,
) -> Result<Vec<u8>, Problem> {
    let place = caller(request, live, &state.endpoint(&format!("/{id}"))).await?;
    let tenancy = live.at(place);
    counted.client.clone_from(&tenancy.name.client);
    let services = &tenancy.knowledge.services;
    let Some(service) = services.iter().find(|service| service.id == id) else {
        return Err(Problem::not_found(
            "there is no service of this id; see /cds-services",
        ));
    };
    counted.service.clone_from(&service.id);
    match tenancy.client.entitlement(id) {
        Entitlement::None => return Err(Problem::not_entitled()),
        Entitlement::Off => {
            counted.display = DisplayReason::ServiceOff.as_str();
            return Ok(service_off(&tenancy.knowledge.model)
                .to_string()
                .into_bytes());
        }
        Entitlement::On => {}
    }
    let body = read_body(request, payload, state, &live.settings).await?;
    // Only for callers who are known, and not while their body comes: those who send slowly would take the places of all others.
    let Ok(_place) = state.calls.clone().try_acquire_owned() else {
        return Err(Problem::overloaded());
    };
    let _in_flight = metrics::InFlight::enter();
    let work = Work {
        state: state.clone(),
        live: live.clone(),
        caller: place,
        id: id.to_owned(),
        received_at,
        deadline: received_at + live.settings.deadline,
    };
    let (bytes, told) = if body.len() <= SMALL_BODY && tenancy.client.fhir.is_none() {
        work.answer(&body).await?
    } else {
        // Much data takes milliseconds, and how much will be fetched is not known: not on the thread that serves the others.
        let runtime = tokio::runtime::Handle::current();
        web::block(move || runtime.block_on(work.answer(&body)))
            .await
            .map_err(|_| Problem::stopping())??
    };
    counted.class = told.class;
    counted.display = told.display;
    Ok(bytes)
}

/// Whom a request comes from. The reason of a refusal is for the operator alone.
pub(super) async fn caller(
    request: &HttpRequest,
    live: &Live,
    endpoint: &str,
) -> Result<Place, Problem> {
    let authorization = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    live.caller(authorization, endpoint)
        .await
        .map_err(|refused| {
            metrics::refused_token(refused.reason.as_str());
            tracing::warn!(%refused, "a caller was refused");
            Problem::unauthorised()
        })
}

/// The body, read only after the caller is known, within limits of size and time and of how many come at once.
pub(super) async fn read_body(
    request: &HttpRequest,
    mut payload: Payload,
    state: &State,
    settings: &crate::config::Settings,
) -> Result<web::Bytes, Problem> {
    let content_type = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !["application/json", "application/fhir+json"]
        .iter()
        .any(|accepted| essence.eq_ignore_ascii_case(accepted))
    {
        return Err(Problem::unsupported_media_type());
    }
    let Ok(_coming) = state.bodies.try_acquire() else {
        return Err(Problem::overloaded());
    };
    let read = web::Bytes::from_request(request, &mut payload);
    tokio::time::timeout(settings.client_timeout, read)
        .await
        .map_err(|_| Problem::slow_body())?
        .map_err(|error| match error.as_response_error().status_code() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(settings.max_body_bytes),
            _ => Problem::new(
                StatusCode::BAD_REQUEST,
                "structure",
                "the body could not be read to its end, or its Content-Encoding is wrong",
            ),
        })
}

/// What is told about an answer.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Told {
    class: &'static str,
    display: &'static str,
}

/// A call whose caller is known and whose body is there.
pub(super) struct Work {
    pub(super) state: web::Data<State>,
    pub(super) live: Arc<Live>,
    pub(super) caller: Place,
    pub(super) id: String,
    pub(super) received_at: Instant,
    pub(super) deadline: Instant,
}

impl Work {
    pub(super) async fn answer(&self, body: &[u8]) -> Result<(Vec<u8>, Told), Problem> {
        let tenancy = self.live.at(self.caller);
        let (knowledge, advice) = (&*tenancy.knowledge, &tenancy.advice);
        let mut call = HookCall::read(body, &self.id, &knowledge.services)?;
        let mut keys = call.take_prefetched();
        let mut release = tenancy.client.release;
        let read = match &tenancy.client.fhir {
            None => fetching::Read::new(),
            Some(server) => match Whose::of_call(&call.request, self.received_at) {
                None => fetching::Read::new(),
                Some(whose) => {
                    release = stated_release(server, whose.base, release)
                        .map_err(|refused| Problem::unsupported_release(&refused))?;
                    fetching::read(server, call.service, whose, &keys, self.deadline).await
                }
            },
        };
        fetching::add(&mut keys, &read);
        let now = self.state.clock.now();
        let assessed = call.assess(keys, release, knowledge, advice, now)?;
        self.count(&call, &assessed);

        let json = assessed.json(knowledge);
        let model_facts = super::model::address(&self.state, &self.live, knowledge);
        let smart_launch = tenancy.has_launches().then_some(&*self.state.launch_url);
        let for_card = call.for_card(advice, model_facts.as_deref(), smart_launch);
        let card = card::uuid(for_card, &json.result_id, "card");
        let patient = tenancy.pseudonyms.as_ref().map(|pseudonyms| {
            let tenant = tenancy.name.tenant.as_deref().unwrap_or_default();
            (
                pseudonyms.patient(tenant, &call.request.patient_id),
                call.request
                    .user_id
                    .as_ref()
                    .map(|user| pseudonyms.user(tenant, user)),
            )
        });
        let class = assessed
            .assessment
            .scored
            .as_ref()
            .map(|scored| scored.classification);
        let pseudonym = patient.as_ref().map(|(patient, _)| patient.as_str());
        let display = self
            .display(tenancy, assessed.display, class, pseudonym, card)
            .await;
        let json = json.displayed(display);
        let result_id = json.result_id.clone();
        let bytes = bytes(&assessed.response(for_card, knowledge, json)?);

        let line = AuditLine {
            result_id: &result_id,
            display: display.as_str(),
            card: (display == DisplayReason::Shown).then_some(card),
            service: &call.service.id,
            patient: pseudonym,
            user: patient.as_ref().and_then(|(_, user)| user.as_deref()),
            latency_us: self.received_at.elapsed().as_micros() as u64,
            ..AuditLine::of_tenancy(tenancy, Found::of(&assessed.assessment))
        };
        audit_line::record(&self.state, &self.live, &line)
            .await
            .map_err(|NotRecorded| Problem::not_audited())?;
        if let (Some(class), Some(shown)) = (class, &self.state.shown)
            && !matches!(
                display,
                DisplayReason::NoRadioiodineOrder | DisplayReason::UnmappedOrder
            )
        {
            shown.record(ShownCard {
                tenant: tenancy.name.clone(),
                service: call.service.id.clone(),
                card,
                at: Timestamp::now(),
                class: class_of(class),
                patient: pseudonym.unwrap_or_default().to_owned(),
                display_reason: display.as_str().to_owned(),
            });
        }
        Ok((
            bytes,
            Told {
                class: class.map_or("not-applicable", classification),
                display: display.as_str(),
            },
        ))
    }

    fn count(&self, call: &HookCall<'_>, assessed: &Assessed) {
        for (name, source) in assessed.assessment.sources.by_name() {
            metrics::prefetch(name, source);
        }
        if assessed.display == DisplayReason::UnmappedOrder {
            metrics::unmapped_order(&call.service.id);
            // What the draft says is the patient's: only that there was one.
            tracing::warn!(
                service = call.service.id,
                "a draft order may be radioiodine, but its codes do not tell: no card; map the codes of such orders"
            );
        }
    }

    /// Whether the card is shown. What happened before is asked only where it matters, and when the store does not answer
    /// in time the card is shown: nothing is kept back on a guess.
    async fn display(
        &self,
        tenancy: &Tenancy,
        display: DisplayReason,
        class: Option<Classification>,
        patient: Option<&str>,
        card: Uuid,
    ) -> DisplayReason {
        if tenancy.client.mode == Mode::Shadow {
            return DisplayReason::Shadow;
        }
        let (DisplayReason::Shown, Some(class)) = (display, class) else {
            return display;
        };
        let deadline = self.deadline.max(Instant::now() + STORE_PATIENCE);
        let deadline = tokio::time::Instant::from_std(deadline);
        let asked = self.history(tenancy, patient, card);
        let history = match tokio::time::timeout_at(deadline, asked).await {
            Ok(Ok(history)) => history,
            Ok(Err(error)) => {
                tracing::warn!(%error, "what was shown before is not known: the card is shown");
                return display;
            }
            Err(_) => {
                tracing::warn!("the store does not answer in time: the card is shown");
                return display;
            }
        };
        match suppression(&tenancy.client.display, class, history, Timestamp::now()) {
            None => DisplayReason::Shown,
            Some(Suppression::ClassHidden) => DisplayReason::ClassHidden,
            Some(Suppression::AlreadyShown) => DisplayReason::AlreadyShown,
            Some(Suppression::Snoozed) => DisplayReason::Snoozed,
        }
    }

    async fn history(
        &self,
        tenancy: &Tenancy,
        patient: Option<&str>,
        card: Uuid,
    ) -> Result<History, crate::store::StoreError> {
        let rules = &tenancy.client.display;
        let is_plain = *rules == crate::config::DisplayRules::default();
        let (Some(store), Some(patient), false) = (&self.state.store, patient, is_plain) else {
            return Ok(History::default());
        };
        let since = |days: u32| Timestamp::now() - SignedDuration::from_hours(24 * i64::from(days));
        // As far back as any rule reaches: whatever the rules of today, what is higher than the card last shown is shown.
        let longest = since(crate::config::LONGEST_SUPPRESSION_DAYS);
        let shown = store
            .last_shown(&tenancy.name, patient, None, longest, Some(card))
            .await?;
        let snoozed = match &rules.snooze {
            None => None,
            Some(snooze) => {
                let (reasons, since) = (&tenancy.snooze_reasons, since(snooze.days));
                store
                    .last_snooze(&tenancy.name, patient, None, reasons, since)
                    .await?
            }
        };
        Ok(History {
            shown: shown.map(|shown| Earlier {
                class: of_class(shown.class),
                at: shown.at,
            }),
            snoozed: snoozed.map(|snoozed| Earlier {
                class: of_class(snoozed.class),
                at: snoozed.received_at,
            }),
        })
    }
}

/// The release that the data are in. What the server states counts; a release that cannot be read is refused, not guessed at.
pub(super) fn stated_release(
    server: &FhirServer,
    base: &str,
    configured: Release,
) -> Result<Release, UnsupportedRelease> {
    let base = url::Url::parse(base).ok();
    base.and_then(|base| server.known_version(&base))
        .unwrap_or(Ok(configured))
}

fn class_of(class: Classification) -> Class {
    match class {
        Classification::BelowCutoff => Class::BelowCutoff,
        Classification::Indeterminate => Class::Indeterminate,
        Classification::AtOrAboveCutoff => Class::AtOrAboveCutoff,
    }
}

fn of_class(class: Class) -> Classification {
    match class {
        Class::BelowCutoff => Classification::BelowCutoff,
        Class::Indeterminate => Classification::Indeterminate,
        Class::AtOrAboveCutoff => Classification::AtOrAboveCutoff,
    }
}
