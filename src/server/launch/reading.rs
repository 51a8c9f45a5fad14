//! The chart of a launch, read once with its token and assessed by the rules of its client. The token ends here.

use super::super::Launching;
use super::super::answer::assess_chart;
use super::super::audit_line::{self, AuditLine, Found, NotRecorded};
use super::super::fetching::{self, Whose};
use super::super::hook::stated_release;
use super::super::live::Live;
use super::super::{State, metrics};
use crate::cds_hooks::service::resource_type;
use crate::chart::input::Prefetched;
use crate::fhir::fetched::{FailureReason, Fetched, Outcome};
use crate::smart::banner::PatientBanner;
use crate::smart::kept::{KEPT_SECONDS, Kept};
use crate::smart::launch::LaunchId;
use crate::smart::problem::LaunchProblem;
use crate::smart::token::Access;
use actix_web::web;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The chart is read within this time, with what has come until then. Longer than a hook's: here a person waits, and asked for it.
const DEADLINE: Duration = Duration::from_secs(10);

/// Name of these assessments in the audit trail, in the place of a service.
const IN_AUDIT: &str = "smart-launch";

/// Reads and assesses. Not on the thread that serves others: much data takes milliseconds.
pub(super) async fn assess(
    state: &web::Data<State>,
    live: &Arc<Live>,
    launch: &LaunchId,
    access: Access,
) -> Result<Kept, LaunchProblem> {
    let (state, live, launch) = (state.clone(), live.clone(), *launch);
    let runtime = tokio::runtime::Handle::current();
    web::block(move || {
        let launching = live.launch(&launch).ok_or(LaunchProblem::Failed)?;
        runtime.block_on(read_and_assess(&state, &live, launching, access))
    })
    .await
    .map_err(|_| LaunchProblem::Unavailable)?
}

async fn read_and_assess(
    state: &State,
    live: &Live,
    launching: Launching<'_>,
    access: Access,
) -> Result<Kept, LaunchProblem> {
    let began_at = Instant::now();
    let Launching {
        tenancy,
        smart,
        issuer,
    } = launching;
    let (knowledge, advice) = (&*tenancy.knowledge, &tenancy.advice);
    let service = knowledge.plain_service().ok_or(LaunchProblem::Failed)?;
    let release = stated_release(&smart.fhir, issuer, tenancy.client.release)
        .map_err(|_| LaunchProblem::UnsupportedRelease)?;
    // What the grant does not cover whole is not asked for: a part of the records would look like all of them.
    let (mut keys, not_granted): (Vec<Prefetched<'_>>, Vec<_>) = service
        .prefetch
        .iter()
        .map(|(key, template)| Prefetched::new(key, resource_type(template), None))
        .partition(|key| access.granted.covers(key.resource_type));
    let whose = Whose {
        base: issuer,
        patient_id: &access.patient_id,
        user_id: None,
        encounter_id: None,
        token: Some(&access.token),
        token_patient: Some(&access.patient_id),
        token_expires_at: access.expires_at,
    };
    let deadline = began_at + DEADLINE;
    let mut read = fetching::read(&smart.fhir, service, whose, &keys, deadline).await;
    for key in not_granted {
        let failed = Fetched {
            pages: Vec::new(),
            outcome: Outcome::Failed(FailureReason::Forbidden),
            took: Duration::ZERO,
        };
        read.insert(key.key.to_owned(), failed);
        keys.push(key);
    }
    for key in &keys {
        if ["Patient", "Condition"].contains(&key.resource_type)
            && let Some(fetched) = read.get(key.key)
        {
            is_whole(key.resource_type, fetched.outcome)?;
        }
    }
    fetching::add(&mut keys, &read);
    let banner = keys
        .iter()
        .find(|key| key.resource_type == "Patient")
        .and_then(|key| key.fetched.as_ref()?.pages.first())
        .map(|json| PatientBanner::read(json.get()))
        .ok_or(LaunchProblem::RecordUnusable)?;
    let patient_id = access.patient_id.as_str();
    let now = state.clock.now();
    let assessed = assess_chart(patient_id, keys, release, knowledge, advice, now)
        .map_err(|_| LaunchProblem::RecordUnusable)?;
    for (name, source) in assessed.assessment.sources.by_name() {
        metrics::prefetch(name, source);
    }
    let json = assessed.json(knowledge);
    let pseudonym = tenancy.pseudonyms.as_ref().map(|pseudonyms| {
        pseudonyms.patient(
            tenancy.name.tenant.as_deref().unwrap_or_default(),
            patient_id,
        )
    });
    let line = AuditLine {
        result_id: &json.result_id,
        display: json.display().as_str(),
        service: IN_AUDIT,
        patient: pseudonym.as_deref(),
        latency_us: began_at.elapsed().as_micros() as u64,
        ..AuditLine::of_tenancy(tenancy, Found::of(&assessed.assessment))
    };
    audit_line::record(state, live, &line)
        .await
        .map_err(|NotRecorded| LaunchProblem::Unavailable)?;
    Ok(Kept {
        client: tenancy.name.client.clone(),
        tenant: tenancy.name.tenant.clone(),
        language: advice.content.language.clone(),
        banner,
        since_card: access.app_context.since_card(&json.result_id),
        model_sha256: knowledge.model.sha256.clone(),
        // Strings, numbers and lists of them, written to memory: cannot fail.
        assessment: serde_json::to_string(&json).unwrap_or_default(),
        expires_at: (state.now)().as_second() + KEPT_SECONDS,
    })
}

/// Whether something without which nothing can be said is there, and whole.
fn is_whole(resource_type: &str, outcome: Outcome) -> Result<(), LaunchProblem> {
    use FailureReason::*;
    let (Outcome::Incomplete(reason) | Outcome::Failed(reason)) = outcome else {
        return Ok(());
    };
    tracing::warn!(
        resource_type,
        reason = reason.as_str(),
        "what a launch needs could not be read"
    );
    Err(match reason {
        Unauthorised | Forbidden | NoAuthorisation | TokenExpired | TokenRefused => {
            LaunchProblem::NotAllowed
        }
        NotFound | Gone if resource_type == "Patient" => LaunchProblem::PatientNotFound,
        Timeout | Deadline => LaunchProblem::RecordSlow,
        WrongType if resource_type == "Patient" => LaunchProblem::RecordUnusable,
        _ => LaunchProblem::RecordUnreadable,
    })
}
