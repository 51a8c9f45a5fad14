//! `/smart/*`: an EHR launches the app, the browser comes back with a code, the chart is read once, and one assessment is shown
//! for a quarter of an hour.
//!
//! | route | what it does |
//! |---|---|
//! | `GET /smart/launch?iss=&launch=` | EHR launch: sets the cookie of the launch |
//! | `GET /smart/start?iss=` | standalone launch: the same; the user chooses the patient at the authorization server |
//! | `GET /smart/authorize` | goes on only with the cookie: to the authorization server |
//! | `GET /smart/callback` | the code becomes a token, the token an assessment, and the token is dropped |
//! | `GET /smart/assessments/{launch}` | the page, for the browser with the cookie of this launch |
//! | `POST /smart/assessments/{launch}/end` | ends it |
//! | `GET /smart/assets/{name}` | the files of the pages |
//!
//! The step between launch and authorization finds out whether the browser keeps the cookie before anything of the launch is
//! used up. Where it does not, because the app stands in a frame, a page offers a new tab; nothing turns in a circle.

mod reading;
mod respond;
mod show;

use super::error::Problem;
use super::live::Live;
use super::{Launching, State, metrics};
use crate::config::Mode;
use crate::smart::client::Departure;
use crate::smart::kept::CannotKeep;
use crate::smart::launch::{LaunchId, RefusedState, Secret, UnverifiedState};
use crate::smart::page::Offer;
use crate::smart::problem::LaunchProblem;
use actix_web::http::header::COOKIE;
use actix_web::{HttpRequest, HttpResponse, web};
use respond::Responder;
use std::collections::BTreeMap;
use tokio::sync::OwnedSemaphorePermit;
use url::Url;

/// Longest parameter that is taken from an address.
const LONGEST_PARAMETER: usize = 4_096;

/// Adds the routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    let get = |path: &'static str, route: actix_web::Route| {
        web::resource(path)
            .route(route)
            .default_service(web::to(|| async { wrong_method("GET") }))
    };
    config
        .service(get("/smart/launch", web::get().to(launch)))
        .service(get("/smart/start", web::get().to(start)))
        .service(get("/smart/authorize", web::get().to(authorize)))
        .service(get("/smart/callback", web::get().to(callback)))
        .service(get(
            "/smart/assessments/{launch}",
            web::get().to(show::show),
        ))
        .service(get("/smart/assets/{name}", web::get().to(show::asset)))
        .service(
            web::resource("/smart/assessments/{launch}/end")
                .route(web::post().to(show::end))
                .default_service(web::to(|| async { wrong_method("POST") })),
        );
}

fn wrong_method(allow: &'static str) -> HttpResponse {
    let mut response = Problem::method_not_allowed(allow).response();
    respond::protect(&mut response, &[]);
    response
}

/// What came with an address. The first of several values counts.
struct Parameters(BTreeMap<String, String>);

impl Parameters {
    fn of(request: &HttpRequest) -> Self {
        let mut parameters = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
            if value.len() <= LONGEST_PARAMETER {
                parameters
                    .entry(name.into_owned())
                    .or_insert_with(|| value.into_owned());
            }
        }
        Self(parameters)
    }

    fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.0.iter();
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name)?;
        (!value.is_empty()).then_some(value)
    }
}

fn cookie(request: &HttpRequest, launch: &LaunchId) -> Option<Secret> {
    let headers = request.headers().get_all(COOKIE);
    Secret::from_cookies(headers.filter_map(|value| value.to_str().ok()), launch)
}

/// A place among the launches that talk to an EHR.
fn place(state: &State) -> Result<OwnedSemaphorePermit, LaunchProblem> {
    state
        .launches
        .clone()
        .try_acquire_owned()
        .map_err(|_| LaunchProblem::Overloaded)
}

/// Where a launch that lost its way begins again.
fn again(state: &State, issuer: &str, launch: Option<&str>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("iss", issuer);
    let path = match launch {
        Some(launch) => {
            query.append_pair("launch", launch);
            "launch"
        }
        None => "start",
    };
    format!("{}/smart/{path}?{}", state.base_url, query.finish())
}

async fn launch(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let live = state.live();
    let parameters = Parameters::of(&request);
    let mut respond = Responder::new(&request, &live);
    let (Some(iss), Some(launch)) = (parameters.get("iss"), parameters.get("launch")) else {
        return respond.launch_problem(LaunchProblem::MissingParameters, Offer::None);
    };
    begin(&state, &live, &mut respond, Some(iss), Some(launch))
}

async fn start(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let live = state.live();
    let parameters = Parameters::of(&request);
    let mut respond = Responder::new(&request, &live);
    begin(&state, &live, &mut respond, parameters.get("iss"), None)
}

/// Gives the browser the cookie of a new launch and sees whether it comes back with it.
fn begin<'l>(
    state: &State,
    live: &'l Live,
    respond: &mut Responder<'l>,
    iss: Option<&str>,
    launch: Option<&str>,
) -> HttpResponse {
    let launching = match iss {
        Some(iss) => live.issuer(iss).ok_or(LaunchProblem::UnknownIssuer),
        None => live.only_issuer().ok_or(LaunchProblem::MissingParameters),
    };
    let begun = launching.and_then(|launching| {
        respond.belongs_to(launching);
        if launching.tenancy.client.mode == Mode::Shadow {
            return Err(LaunchProblem::Shadow);
        }
        let id = LaunchId::new(launching.issuer).map_err(|_| LaunchProblem::Unavailable)?;
        let secret = Secret::new().map_err(|_| LaunchProblem::Unavailable)?;
        Ok((id, secret))
    });
    match begun {
        Ok((id, secret)) => {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair("state", &secret.state(&id, (state.now)()));
            if let Some(launch) = launch {
                query.append_pair("launch", launch);
            }
            let next = format!("{}/smart/authorize?{}", state.base_url, query.finish());
            respond.redirect(&next, Some(&secret.set_cookie(&id)))
        }
        Err(problem) => respond.launch_problem(problem, Offer::None),
    }
}

/// A state that counts: its launch, the secret of the browser, and when it ends.
struct Verified<'l> {
    id: LaunchId,
    launching: Launching<'l>,
    secret: Secret,
    expires_at: i64,
}

/// Whether the browser comes with a state that was made for it.
fn verify<'l>(
    request: &HttpRequest,
    state: &State,
    live: &'l Live,
    parameters: &Parameters,
    respond: &mut Responder<'l>,
) -> Result<Verified<'l>, (LaunchProblem, Offer)> {
    let unverified = parameters.get("state").and_then(UnverifiedState::read);
    let found = unverified.and_then(|state| Some((live.launch(&state.launch)?, state)));
    let Some((launching, unverified)) = found else {
        return Err((LaunchProblem::ForgedState, Offer::None));
    };
    respond.belongs_to(launching);
    let Some(secret) = cookie(request, &unverified.launch) else {
        let again = again(state, launching.issuer, parameters.get("launch"));
        return Err((LaunchProblem::NoCookie, Offer::NewTab(again)));
    };
    match unverified.verify(&secret, (state.now)()) {
        Ok(expires_at) => Ok(Verified {
            id: unverified.launch,
            launching,
            secret,
            expires_at,
        }),
        Err(refused) => {
            let problem = match refused {
                RefusedState::Forged => LaunchProblem::ForgedState,
                RefusedState::Expired => LaunchProblem::ExpiredState,
            };
            Err((problem, Offer::None))
        }
    }
}

fn redirect_uri(state: &State) -> Result<Url, LaunchProblem> {
    Url::parse(&format!("{}/smart/callback", state.base_url)).map_err(|_| LaunchProblem::Failed)
}

async fn authorize(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let live = state.live();
    let parameters = Parameters::of(&request);
    let mut respond = Responder::new(&request, &live);
    let verified = match verify(&request, &state, &live, &parameters, &mut respond) {
        Ok(verified) => verified,
        Err((problem, offer)) => return respond.launch_problem(problem, offer),
    };
    let Launching { smart, issuer, .. } = verified.launching;
    let departure = async {
        let _place = place(&state)?;
        let endpoints = smart.app.endpoints(issuer).await?;
        let departure = Departure {
            issuer,
            launch: parameters.get("launch"),
            state: parameters.get("state").unwrap_or_default(),
            verifier: &verified.secret.verifier(&verified.id),
            redirect_uri: &redirect_uri(&state)?,
        };
        Ok::<_, LaunchProblem>(smart.app.authorization_url(&endpoints, departure))
    };
    match departure.await {
        Ok(url) => respond.redirect(url.as_str(), None),
        Err(problem) => {
            let again = again(&state, issuer, parameters.get("launch"));
            respond.launch_problem(problem, Offer::Again(again))
        }
    }
}

async fn callback(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let live = state.live();
    let parameters = Parameters::of(&request);
    let mut respond = Responder::new(&request, &live);
    let verified = match verify(&request, &state, &live, &parameters, &mut respond) {
        Ok(verified) => verified,
        Err((problem, offer)) => return respond.launch_problem(problem, offer),
    };
    let page = page_of(&state, &verified.id);
    match come_back(&state, &live, &parameters, &verified).await {
        Ok(()) => {
            metrics::launch(&verified.launching.tenancy.name.client, "assessed");
            // Another address: the code stays in no history.
            respond.redirect(&page, None)
        }
        Err(LaunchProblem::UsedState) => {
            respond.launch_problem(LaunchProblem::UsedState, Offer::Assessment(page))
        }
        Err(problem) => respond.launch_problem(problem, Offer::None),
    }
}

/// From the answer of the authorization server to a kept assessment.
async fn come_back(
    state: &web::Data<State>,
    live: &std::sync::Arc<Live>,
    parameters: &Parameters,
    verified: &Verified<'_>,
) -> Result<(), LaunchProblem> {
    let Launching { smart, issuer, .. } = verified.launching;
    let _place = place(state)?;
    let id = verified.id.to_string();
    let now = (state.now)();
    let is_first = state
        .used_launches
        .is_first_use("smart launch", &id, verified.expires_at, now)
        .await
        .map_err(|error| {
            tracing::warn!(%error, "whether a launch came back before cannot be told");
            LaunchProblem::Unavailable
        })?;
    if !is_first {
        return Err(LaunchProblem::UsedState);
    }
    let endpoints = smart.app.endpoints(issuer).await?;
    if !endpoints.is_answer_of(parameters.get("iss")) {
        return Err(LaunchProblem::WrongIssuer);
    }
    if let Some(error) = parameters.get("error") {
        return Err(match error {
            "access_denied" => LaunchProblem::Denied,
            _ => LaunchProblem::AuthorizationFailed,
        });
    }
    let code = parameters
        .get("code")
        .ok_or(LaunchProblem::AuthorizationFailed)?;
    let verifier = verified.secret.verifier(&verified.id);
    let access = smart
        .app
        .exchange(&endpoints, code, &verifier, &redirect_uri(state)?)
        .await?;
    // The token goes into the reading and does not come out of it.
    let kept = reading::assess(state, live, &verified.id, access).await?;
    state
        .assessments
        .keep(&verified.id, &verified.secret, &kept, (state.now)())
        .await
        .map_err(cannot_keep)
}

fn cannot_keep(error: CannotKeep) -> LaunchProblem {
    tracing::error!(%error, "an assessment could not be kept, found or ended");
    LaunchProblem::Unavailable
}

/// The address of the page of a launch.
fn page_of(state: &State, launch: &LaunchId) -> String {
    format!("{}/smart/assessments/{launch}", state.base_url)
}

/// An address of ours without scheme and host, for forms.
fn path_of(url: &str) -> String {
    Url::parse(url).map_or_else(|_| url.to_owned(), |url| url.path().to_owned())
}
