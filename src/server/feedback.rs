//! `POST /cds-services/{id}/feedback`: kept before it is answered.

use super::hook::{caller, read_body};
use super::live::{Entitlement, Live, Tenancy};
use super::{State, metrics};
use crate::cds_hooks::feedback::{Feedback, Outcome, parse};
use crate::server::Problem;
use crate::store::{self, FeedbackItem};
use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;

/// Takes feedback.
pub async fn take(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
    payload: web::Payload,
) -> HttpResponse {
    match keep(&request, &id, &state, payload).await {
        Ok(()) => HttpResponse::Ok().finish(),
        Err(problem) => problem.response(),
    }
}

async fn keep(
    request: &HttpRequest,
    id: &str,
    state: &State,
    payload: web::Payload,
) -> Result<(), Problem> {
    let live = state.live();
    let place = caller(request, &live, &state.endpoint(&format!("/{id}/feedback"))).await?;
    let tenancy = live.at(place);
    if !tenancy.knowledge.services.iter().any(|s| s.id == id) {
        return Err(Problem::not_found(
            "there is no service of this id; see /cds-services",
        ));
    }
    if tenancy.client.entitlement(id) == Entitlement::None {
        return Err(Problem::not_entitled());
    }
    if state.store.is_none() {
        return Err(not_kept_here());
    }
    let body = read_body(request, payload.into_inner(), state, &live.settings).await?;
    keep_body(&body, id, state, &live, tenancy).await
}

fn not_kept_here() -> Problem {
    Problem::not_found("feedback is not kept here: no store_url is configured")
}

/// Keeps the feedback of a caller who is known.
pub(super) async fn keep_body(
    body: &[u8],
    id: &str,
    state: &State,
    live: &Live,
    tenancy: &Tenancy,
) -> Result<(), Problem> {
    let Some(store) = &state.store else {
        return Err(not_kept_here());
    };
    let items: Vec<FeedbackItem> = parse(body)?
        .into_iter()
        .map(|item| to_keep(item, live.settings.store_comments))
        .collect();
    let (mut accepted, mut overridden) = (0, 0);
    for item in &items {
        match item.outcome {
            store::Outcome::Accepted { .. } => accepted += 1,
            store::Outcome::Overridden { .. } => overridden += 1,
        }
    }
    store
        .add_feedback(&tenancy.name, id, items, Timestamp::now())
        .await
        .map_err(|error| {
            tracing::error!(%error, "feedback was not kept");
            Problem::not_kept()
        })?;
    metrics::feedback(id, "accepted", accepted);
    metrics::feedback(id, "overridden", overridden);
    Ok(())
}

fn to_keep(item: Feedback, with_comments: bool) -> FeedbackItem {
    let (outcome, comment) = match item.outcome {
        Outcome::Accepted { suggestions } => (store::Outcome::Accepted { suggestions }, None),
        Outcome::Overridden(reason) => {
            let (reason, comment) = reason.map_or((None, None), |r| (r.reason, r.comment));
            let reason = reason.map(|reason| store::Reason {
                system: reason.system,
                code: reason.code,
            });
            (
                store::Outcome::Overridden { reason },
                comment.filter(|_| with_comments),
            )
        }
    };
    FeedbackItem {
        card: item.card,
        outcome,
        outcome_at: item.at,
        comment,
    }
}
