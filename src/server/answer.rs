//! A hook call from what was sent to what is answered, without a network in it: request -> chart -> assessment -> card.

use super::error::Problem;
use crate::cds_hooks::card::{self, Response};
use crate::cds_hooks::display::DisplayReason;
use crate::cds_hooks::request::{BadRequest, HookRequest, parse};
use crate::cds_hooks::response::{AssessmentJson, assessment};
use crate::cds_hooks::service::{Service, resource_type};
use crate::chart::input::{Prefetched, from_prefetch};
use crate::chart::orders::{self, Drafts, Ordered};
use crate::chart::{Chart, Release};
use crate::config::{Advice, Knowledge};
use crate::domain::assessment::{Assessment, assess};
use crate::domain::facts::Facts;
use crate::fhir::bundle::{Content, split_next};
use jiff::Timestamp;
use std::borrow::Cow;

/// A call that was understood.
#[derive(Debug)]
pub struct HookCall<'a> {
    /// The service that it is meant for.
    pub service: &'a Service,
    /// What was sent.
    pub request: HookRequest<'a, Content<'a>>,
}

impl<'a> HookCall<'a> {
    /// Reads a body sent to the service of this id.
    ///
    /// Several services may share an id when their hooks differ: the hook of the request says which is meant.
    pub fn read(body: &'a [u8], id: &str, services: &'a [Service]) -> Result<Self, Problem> {
        let mut first_error: Option<BadRequest> = None;
        for service in services.iter().filter(|service| service.id == id) {
            match parse(body, service, split_next) {
                Ok(request) => return Ok(Self { service, request }),
                Err(error) => {
                    first_error.get_or_insert(error);
                }
            }
        }
        Err(first_error.map_or_else(
            || Problem::not_found("there is no service of this id"),
            Problem::from,
        ))
    }

    /// What was sent for each key that the service asks for; it is taken out of the request.
    pub fn take_prefetched(&mut self) -> Vec<Prefetched<'a>> {
        self.service
            .prefetch
            .iter()
            .map(|(key, template)| {
                let content = self.request.prefetch.remove(key);
                Prefetched::new(key, resource_type(template), content)
            })
            .collect()
    }

    /// Assesses the chart that the keys hold.
    pub fn assess(
        &self,
        keys: Vec<Prefetched<'_>>,
        release: Release,
        knowledge: &Knowledge,
        advice: &Advice,
        now: Timestamp,
    ) -> Result<Assessed, Problem> {
        let (chart, patient_url) = chart(&self.request.patient_id, keys, release, knowledge)?;
        let ordered = self.request.orders.as_ref().map(|orders| {
            let drafts = Drafts {
                json: orders.json,
                selections: orders.selections.as_deref(),
                patient_id: &self.request.patient_id,
                patient_url: patient_url.as_deref(),
            };
            orders::read(drafts, &chart.facts, &knowledge.terminology, day(now))
        });
        Ok(Assessed::new(chart.facts, ordered, knowledge, advice, now))
    }

    /// For [`card::response`] and uuids.
    pub fn for_card<'c>(
        &'c self,
        advice: &Advice,
        model_facts: Option<&'c str>,
        smart_launch: Option<&'c str>,
    ) -> card::Call<'c> {
        card::Call {
            service: self.service,
            hook_instance: self.request.hook_instance,
            patient_id: &self.request.patient_id,
            suggestions: advice.suggestions,
            tells_probability: advice.probability_on_card,
            model_facts,
            smart_launch,
        }
    }
}

/// An assessment with what the request itself says about showing it.
#[derive(Debug)]
pub struct Assessed {
    /// The assessment.
    pub assessment: Assessment,
    /// Shown, not applicable, or no radioiodine among the drafts.
    pub display: DisplayReason,
    /// The assessment time, RFC 3339.
    at: String,
}

/// Assesses a chart for which nobody called a hook and nothing is ordered: that of a SMART launch.
pub fn assess_chart(
    patient_id: &str,
    keys: Vec<Prefetched<'_>>,
    release: Release,
    knowledge: &Knowledge,
    advice: &Advice,
    now: Timestamp,
) -> Result<Assessed, Problem> {
    let (chart, _) = chart(patient_id, keys, release, knowledge)?;
    Ok(Assessed::new(chart.facts, None, knowledge, advice, now))
}

/// The chart that the keys hold, and the `fullUrl` of its patient.
fn chart(
    patient_id: &str,
    keys: Vec<Prefetched<'_>>,
    release: Release,
    knowledge: &Knowledge,
) -> Result<(Chart, Option<String>), Problem> {
    let input = from_prefetch(patient_id, keys, release)?;
    let patient_url = input.patient.full_url.clone().map(Cow::into_owned);
    Ok((
        crate::chart::read(input, &knowledge.terminology)?,
        patient_url,
    ))
}

impl Assessed {
    fn new(
        facts: Facts,
        ordered: Option<Ordered>,
        knowledge: &Knowledge,
        advice: &Advice,
        now: Timestamp,
    ) -> Self {
        let assessment = assess(facts, &knowledge.model, advice.rules, day(now));
        Self {
            display: display(assessment.applicability.applies(), ordered),
            assessment,
            at: instant(now),
        }
    }

    /// The assessment as JSON with its id.
    pub fn json<'a>(&'a self, knowledge: &'a Knowledge) -> AssessmentJson<'a> {
        assessment(&self.assessment, &knowledge.model, &self.at, self.display)
    }

    /// The response.
    pub fn response<'a>(
        &'a self,
        call: card::Call<'_>,
        knowledge: &'a Knowledge,
        json: AssessmentJson<'a>,
    ) -> Result<Response<'a>, Problem> {
        Ok(card::response(
            &knowledge.layout,
            call,
            &self.assessment,
            &knowledge.model,
            json,
        )?)
    }
}

/// Why a card is shown or not. That the model does not apply comes first: it holds whatever is ordered, and what an order for
/// another disease is coded with is not our matter.
fn display(applies: bool, ordered: Option<Ordered>) -> DisplayReason {
    if !applies {
        return DisplayReason::NotApplicable;
    }
    match ordered {
        None | Some(Ordered::Radioiodine) => DisplayReason::Shown,
        Some(Ordered::Unmapped) => DisplayReason::UnmappedOrder,
        Some(Ordered::NoRadioiodine) => DisplayReason::NoRadioiodineOrder,
    }
}

/// Answers a call for anybody from what it brings: request bytes in, response bytes out.
pub fn handle(
    body: &[u8],
    id: &str,
    knowledge: &Knowledge,
    advice: &Advice,
    now: Timestamp,
) -> Result<Vec<u8>, Problem> {
    let mut call = HookCall::read(body, id, &knowledge.services)?;
    let keys = call.take_prefetched();
    let assessed = call.assess(keys, Release::R4, knowledge, advice, now)?;
    let json = assessed.json(knowledge);
    Ok(bytes(&assessed.response(
        call.for_card(advice, None, None),
        knowledge,
        json,
    )?))
}

/// A response as JSON.
pub fn bytes(response: &Response<'_>) -> Vec<u8> {
    // Strings, numbers and lists of them, written to memory: cannot fail.
    serde_json::to_vec(response).unwrap_or_default()
}

/// The day of an instant, UTC.
pub fn day(instant: Timestamp) -> jiff::civil::Date {
    jiff::tz::Offset::UTC.to_datetime(instant).date()
}

/// An instant as RFC 3339 in UTC, whole seconds.
pub fn instant(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
