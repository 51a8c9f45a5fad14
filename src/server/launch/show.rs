//! The page of a launch, for as long as its assessment is kept, and its end.

use super::respond::{self, Responder};
use super::stand_in::{self, PageInput};
use super::{Parameters, again, cannot_keep, cookie, page_of, path_of};
use crate::domain::score::Predictor;
use crate::server::error::Problem;
use crate::server::{Live, State};
use crate::smart::kept::Kept;
use crate::smart::launch::{LaunchId, Secret, clear_cookie};
use crate::smart::page::{self, Offer};
use crate::smart::problem::LaunchProblem;
use crate::smart::token::SinceCard;
use actix_web::{HttpRequest, HttpResponse, web};

pub(super) async fn asset(name: web::Path<String>) -> HttpResponse {
    let mut response = match name.as_str() {
        "smart.css" => HttpResponse::Ok()
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
    let assessment = serde_json::from_str(&kept.assessment).unwrap_or_default();
    let action = path_of(&page_of(&state, &id));
    let model_facts = crate::server::model::address(&state, &live, &tenancy.knowledge);
    let input = PageInput {
        banner: &kept.banner,
        assessment: &assessment,
        model: &tenancy.knowledge.model,
        language: &tenancy.advice.content.language,
        action: &action,
        end_action: &format!("{action}/end"),
        what_if: what_if(&Parameters::of(&request)),
        changed_since_card: matches!(
            kept.since_card,
            SinceCard::Changed | SinceCard::NotComparable
        ),
        model_facts: model_facts.as_deref(),
        synthetic: state.open_smart.is_some(),
        style: &respond.style,
    };
    match stand_in::render(&input) {
        Ok(html) => respond.html(200, html),
        Err(error) => {
            tracing::error!(%error, "the page of an assessment could not be made");
            respond.problem(LaunchProblem::Failed, Offer::None)
        }
    }
}

/// `whatif-recurrence=yes`: predictors that the user sets by way of trial.
fn what_if(parameters: &Parameters) -> Vec<(Predictor, bool)> {
    Predictor::ALL
        .into_iter()
        .filter_map(
            |predictor| match parameters.get(&format!("whatif-{}", predictor.name()))? {
                "yes" => Some((predictor, true)),
                "no" => Some((predictor, false)),
                _ => None,
            },
        )
        .collect()
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
