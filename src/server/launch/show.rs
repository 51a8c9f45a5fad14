//! The page of a launch, for as long as its assessment is kept, and its end.

use super::respond::{self, Responder};
use super::{Parameters, again, cannot_keep, cookie, page_of, path_of};
use crate::cds_hooks::response::state_name;
use crate::domain::score::{Predictor, State as PredictorState, States};
use crate::model::figure;
use crate::page::{PageInput, PatientBanner, assets, what_if};
use crate::server::error::Problem;
use crate::server::{Live, State};
use crate::smart::banner;
use crate::smart::kept::Kept;
use crate::smart::launch::{LaunchId, Secret, clear_cookie};
use crate::smart::page::{self, Offer};
use crate::smart::problem::LaunchProblem;
use crate::smart::token::SinceCard;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

pub(super) async fn asset(name: web::Path<String>) -> HttpResponse {
    let of_page = assets().iter().find(|asset| asset.path == *name);
    let mut response = match (of_page, name.as_str()) {
        // Named after what is in it.
        (Some(asset), _) => HttpResponse::Ok()
            .content_type(asset.content_type)
            .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
            .body(asset.bytes),
        (None, "smart.css") => HttpResponse::Ok()
            .content_type("text/css; charset=utf-8")
            .body(page::STYLE),
        _ => Problem::not_found("there is no such file").response(),
    };
    respond::protect(&mut response, &[]);
    response
}

/// What is kept of the launch that an address names, for the browser that holds its cookie.
async fn find<'l>(
    request: &HttpRequest,
    state: &State,
    live: &'l Live,
    launch: &str,
    respond: &mut Responder<'l>,
) -> Result<(LaunchId, Secret, Kept), (LaunchProblem, Offer)> {
    let id = LaunchId::parse(launch);
    let found = id.and_then(|id| Some((id, live.launch(&id)?)));
    let Some((id, launching)) = found else {
        return Err((LaunchProblem::Ended, Offer::None));
    };
    respond.belongs_to(launching);
    let Some(secret) = cookie(request, &id) else {
        let again = again(state, launching.issuer, None);
        return Err((LaunchProblem::NoCookie, Offer::NewTab(again)));
    };
    match state.assessments.find(&id, &secret, (state.now)()).await {
        Ok(Some(kept)) => Ok((id, secret, kept)),
        Ok(None) => Err((LaunchProblem::Ended, Offer::None)),
        Err(error) => Err((cannot_keep(error), Offer::None)),
    }
}

pub(super) async fn show(
    request: HttpRequest,
    launch: web::Path<String>,
    state: web::Data<State>,
) -> HttpResponse {
    let live = state.live();
    let mut respond = Responder::new(&request, &live);
    let (id, _, kept) = match find(&request, &state, &live, &launch, &mut respond).await {
        Ok(found) => found,
        Err((problem, offer)) => return respond.problem(problem, offer),
    };
    // Words and weights are those of the configuration at work. When it is no longer the one that the assessment was made
    // under, what the page adds would not fit it.
    let tenancy = live.named(&kept.client, kept.tenant.as_deref());
    let Some(tenancy) = tenancy.filter(|tenancy| {
        tenancy.knowledge.model.sha256 == kept.model_sha256
            && tenancy.advice.content.language == kept.language
    }) else {
        return respond.problem(LaunchProblem::Ended, Offer::None);
    };
    // Never an empty page for what was kept and cannot be read.
    let Ok(assessment) = serde_json::from_str(&kept.assessment) else {
        return respond.problem(LaunchProblem::Failed, Offer::None);
    };
    let action = path_of(&page_of(&state, &id));
    let model_facts = crate::server::model::address(&state, &live, &tenancy.knowledge);
    let knowledge = &tenancy.knowledge;
    let states = states(&assessment);
    let nomogram = states
        .as_ref()
        .and_then(|states| figure::svg(&knowledge.model, Some(states), &knowledge.figure_words));
    let input = PageInput {
        banner: &banner(&kept.banner),
        assessment: &assessment,
        model: &knowledge.model,
        texts: &knowledge.texts,
        action: &action,
        end_action: Some(&format!("{action}/end")),
        what_if: what_if(&assessment, Parameters::of(&request).iter()),
        changed_since_card: matches!(
            kept.since_card,
            SinceCard::Changed | SinceCard::NotComparable
        ),
        model_facts: model_facts.as_deref(),
        synthetic: state.open_smart.is_some(),
        assets: &path_of(&format!("{}/smart/assets/", state.base_url)),
        nomogram: nomogram.as_deref(),
    };
    match crate::page::render(&input) {
        Ok(html) => respond.html(200, html),
        Err(error) => {
            tracing::error!(%error, "the page of an assessment could not be made");
            respond.problem(LaunchProblem::Failed, Offer::None)
        }
    }
}

fn banner(patient: &banner::PatientBanner) -> PatientBanner {
    PatientBanner {
        name: patient.name.clone().unwrap_or_default(),
        birth_date: patient.birth_date.clone(),
        sex: patient.sex.clone(),
        identifier: patient.identifier.clone(),
    }
}

/// The four states as the assessment tells them; none where the model does not apply.
fn states(assessment: &Value) -> Option<States> {
    let mut states = [PredictorState::Unknown; Predictor::COUNT];
    for predictor in Predictor::ALL {
        let name = assessment["predictors"][predictor.name()]["state"].as_str()?;
        let mut all = PredictorState::ALL.into_iter();
        states[predictor as usize] = all.find(|state| state_name(*state) == name)?;
    }
    Some(states)
}

pub(super) async fn end(
    request: HttpRequest,
    launch: web::Path<String>,
    state: web::Data<State>,
) -> HttpResponse {
    let live = state.live();
    let mut respond = Responder::new(&request, &live);
    // Browsers say where a form comes from. The Origin header does not do: no-referrer makes it null.
    let site = request.headers().get("sec-fetch-site");
    if site.is_some_and(|site| site != "same-origin") {
        return respond.problem(LaunchProblem::CrossSite, Offer::None);
    }
    let (id, secret, _) = match find(&request, &state, &live, &launch, &mut respond).await {
        Ok(found) => found,
        Err((problem, offer)) => return respond.problem(problem, offer),
    };
    match state.assessments.end(&id, &secret).await {
        Ok(()) => {
            let mut response = respond.ended();
            respond::set_cookie(&mut response, &clear_cookie(&id));
            response
        }
        Err(error) => respond.problem(cannot_keep(error), Offer::None),
    }
}
