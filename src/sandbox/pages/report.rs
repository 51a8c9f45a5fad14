//! What the service was told about its cards: counts, and the last of it.

use super::names::visible;
use crate::sandbox::page::{Frame, html};
use crate::sandbox::{Ehr, Shown};
use crate::server::{OPEN, State};
use crate::store::{Dimension, Outcome, Reason, ReportFilter, Tenant};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use std::time::Instant;

/// Items that the report lists.
const LISTED: u32 = 50;

#[derive(Template)]
#[template(path = "sandbox/feedback.html")]
struct ReportPage {
    frame: Frame,
    services: Vec<Counts>,
    reasons: Vec<(String, u64)>,
    items: Vec<Item>,
    problem: Option<String>,
    is_kept_elsewhere: bool,
}

struct Counts {
    service: String,
    shown: u64,
    accepted: u64,
    overridden: u64,
}

struct Item {
    at: String,
    hook: String,
    outcome: &'static str,
    what: String,
    comment: String,
    card: String,
}

/// `/feedback`
pub async fn report(ehr: web::Data<Ehr>, state: web::Data<State>) -> HttpResponse {
    let mut page = ReportPage {
        frame: Frame::new(&ehr, &state, "feedback"),
        services: Vec::new(),
        reasons: Vec::new(),
        items: Vec::new(),
        problem: None,
        is_kept_elsewhere: state.live().settings.store_url.is_some(),
    };
    if let Err(problem) = fill(&mut page, &ehr, &state).await {
        page.problem = Some(problem);
    }
    html(StatusCode::OK, &page)
}

async fn fill(page: &mut ReportPage, ehr: &Ehr, state: &State) -> Result<(), String> {
    let store = state.store().ok_or("no store is open")?;
    let by = |by| ReportFilter {
        by,
        ..ReportFilter::default()
    };
    let failed = |error: crate::store::StoreError| error.to_string();
    for row in store
        .report(&by(vec![Dimension::Service]))
        .await
        .map_err(failed)?
    {
        page.services.push(Counts {
            service: row.service,
            shown: row.shown,
            accepted: row.accepted,
            overridden: row.overridden,
        });
    }
    for row in store
        .report(&by(vec![Dimension::Reason]))
        .await
        .map_err(failed)?
    {
        if row.overridden > 0 {
            let reason = row
                .reason
                .map_or("no coded reason".into(), |reason| reason.code);
            page.reasons.push((reason, row.overridden));
        }
    }
    let tenant = Tenant::new(OPEN, None);
    let hooks = state.live();
    for received in store
        .latest_feedback(&tenant, LISTED)
        .await
        .map_err(failed)?
    {
        let service = received.service;
        let hook = hooks
            .open
            .knowledge
            .services
            .iter()
            .find(|known| known.id == service);
        let shown = ehr
            .cards()
            .get(&received.item.card.to_string(), Instant::now())
            .cloned();
        let (outcome, what) = match &received.item.outcome {
            Outcome::Accepted { suggestions } => {
                let labels: Vec<String> = suggestions
                    .iter()
                    .map(|id| label(shown.as_ref(), id))
                    .collect();
                ("accepted", labels.join(", "))
            }
            Outcome::Overridden { reason } => {
                let reason = reason.as_ref();
                (
                    "overridden",
                    reason.map_or(String::new(), |reason| words(shown.as_ref(), reason)),
                )
            }
        };
        page.items.push(Item {
            at: received
                .received_at
                .strftime("%Y-%m-%d %H:%M:%S UTC")
                .to_string(),
            hook: hook.map_or(service, |service| service.hook.clone()),
            outcome,
            what: visible(&what, 500),
            comment: visible(&received.item.comment.unwrap_or_default(), 500),
            card: received.item.card.to_string(),
        });
    }
    Ok(())
}

/// The label of a suggestion while its card is remembered, else its id.
fn label(shown: Option<&Shown>, id: &str) -> String {
    shown
        .and_then(|shown| {
            let suggestions = shown.card["suggestions"].as_array()?;
            let suggestion = suggestions.iter().find(|s| s["uuid"] == id)?;
            Some(suggestion["label"].as_str()?.to_owned())
        })
        .unwrap_or_else(|| id.to_owned())
}

/// A reason in words while its card is remembered, else its code.
fn words(shown: Option<&Shown>, reason: &Reason) -> String {
    shown
        .and_then(|shown| {
            let reasons = shown.card["overrideReasons"].as_array()?;
            let known = reasons.iter().find(|r| r["code"] == reason.code.as_str())?;
            Some(known["display"].as_str()?.to_owned())
        })
        .unwrap_or_else(|| reason.code.clone())
}
