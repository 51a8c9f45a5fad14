//! The start page: the patients, what the service finds for each, a search, and a `curl` to try.

use super::names::{Named, named, visible};
use crate::cds_hooks::display::DisplayReason;
use crate::cds_hooks::response::{assessment, state_name};
use crate::chart::input::Resources;
use crate::domain::assessment::assess;
use crate::domain::score::Predictor;
use crate::sandbox::Ehr;
use crate::sandbox::page::{Frame, html};
use crate::sandbox::store::{Store, Stored};
use crate::server::answer::{day, instant};
use crate::server::{State, Tenancy};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Patients on the page; a search finds the others.
const MOST_SHOWN: usize = 200;

/// What the list says of a patient.
#[derive(Debug)]
pub struct Summary {
    /// The class, or that the model does not apply.
    class: String,
    /// For its colour.
    kind: &'static str,
    /// The score.
    score: String,
    /// The predictors, or why the model does not apply.
    shows: Vec<String>,
}

/// Summaries until a chart changes, or the day does.
#[derive(Debug, Default)]
pub struct Summaries(Mutex<HashMap<String, Kept>>);

/// The version of the chart, the day of the assessment, and what was found.
type Kept = (u64, Date, Arc<Summary>);

impl Summaries {
    fn of(&self, store: &Store, open: &Tenancy, now: Timestamp, patient: &str) -> Arc<Summary> {
        let as_of = (store.version(patient), day(now));
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((version, day, summary)) = kept.get(patient)
            && (*version, *day) == as_of
        {
            return summary.clone();
        }
        drop(kept);
        let summary = Arc::new(summary(store, open, now, patient));
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(patient.to_owned(), (as_of.0, as_of.1, summary.clone()));
        summary
    }
}

#[derive(Template)]
#[template(path = "sandbox/list.html")]
struct ListPage {
    frame: Frame,
    q: String,
    base: String,
    service: String,
    total: usize,
    found: usize,
    rows: Vec<(Named, Arc<Summary>, bool)>,
    example: String,
    pasted: Option<usize>,
}

/// What is asked of the list.
#[derive(Deserialize)]
pub struct Search {
    #[serde(default)]
    q: String,
    pasted: Option<usize>,
}

/// `/`
pub async fn list(
    search: web::Query<Search>,
    ehr: web::Data<Ehr>,
    state: web::Data<State>,
) -> HttpResponse {
    let live = state.live();
    let now = state.clock.now();
    let store = ehr.store();
    let q = visible(search.q.trim(), 200);
    let mut patients: Vec<&Arc<Stored>> = store.patients().collect();
    // What was just pasted is what one looks for.
    patients.sort_by_key(|patient| !patient.added);
    let mut rows = Vec::new();
    let mut found = 0;
    for patient in &patients {
        let named = named(patient);
        if !named.matches(&q) {
            continue;
        }
        found += 1;
        if rows.len() < MOST_SHOWN {
            let summary = ehr.summaries.of(&store, &live.open, now, &patient.id);
            rows.push((named, summary, store.is_edited(&patient.id)));
        }
    }
    let page = ListPage {
        frame: Frame::new(&ehr, &state, "patients"),
        q,
        base: state.base_url.clone(),
        service: live
            .open
            .knowledge
            .plain_service()
            .map_or_else(String::new, |service| service.id.clone()),
        total: patients.len(),
        found,
        rows,
        example: patients.first().map_or_else(String::new, |p| p.id.clone()),
        pasted: search.pasted,
    };
    html(StatusCode::OK, &page)
}

fn summary(store: &Store, open: &Tenancy, now: Timestamp, patient: &str) -> Summary {
    let unreadable = || Summary {
        class: "not assessed: the Patient cannot be read".into(),
        kind: "none",
        score: "-".into(),
        shows: Vec::new(),
    };
    let mut resources = Resources::default();
    for stored in store.of_patient(patient) {
        resources.add(&stored.json);
    }
    let Some(input) = resources.of(patient) else {
        return unreadable();
    };
    let Ok(chart) = crate::chart::read(input, &open.knowledge.terminology) else {
        return unreadable();
    };
    let model = &open.knowledge.model;
    let result = assess(chart.facts, model, open.advice.rules, day(now));
    let answer = assessment(&result, model, &instant(now), DisplayReason::Shown).value();
    let class = answer["classification"]
        .as_str()
        .unwrap_or("not-applicable");
    let kind = match class {
        "at-or-above-cutoff" => "above",
        "below-cutoff" => "below",
        "indeterminate" => "open",
        _ => "none",
    };
    let (score, shows) = match &result.scored {
        Some(scored) => {
            let (low, high) = (scored.score.low, scored.score.high);
            let score = if low == high {
                low.to_string()
            } else {
                format!("{low} to {high}")
            };
            let states = Predictor::ALL.map(|name| {
                let finding = &scored.predictor(name).finding;
                let reason = finding
                    .reason
                    .map_or(String::new(), |reason| format!(" ({})", reason.as_str()));
                format!("{} {}{reason}", short(name), state_name(finding.state))
            });
            (score, states.to_vec())
        }
        None => {
            let reasons = result.applicability.reasons.iter();
            let reasons = reasons.map(|reason| reason.as_str().replace('-', " "));
            ("-".to_owned(), reasons.collect())
        }
    };
    Summary {
        class: class.replace('-', " "),
        kind,
        score,
        shows,
    }
}

fn short(name: Predictor) -> &'static str {
    match name {
        Predictor::AgeAtDiagnosis => "age 48 or more:",
        Predictor::Recurrence => "recurrence:",
        Predictor::MultiSiteMetastasis => "several sites:",
        Predictor::FdgUptake => "FDG uptake:",
    }
}
