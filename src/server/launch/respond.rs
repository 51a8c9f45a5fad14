//! Answers of `/smart/*`: pages and redirects, all with the headers that keep them apart from other sites.

use super::super::live::Live;
use super::super::{Launching, RequestId, State, metrics};
use crate::config::Knowledge;
use crate::smart::page::{self, Offer, ProblemPage};
use crate::smart::problem::LaunchProblem;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, LOCATION, REFERRER_POLICY, SET_COOKIE,
};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use uuid::Uuid;

/// Makes the answers to one request.
pub(super) struct Responder<'l> {
    request_id: String,
    /// Address of the style.
    pub style: String,
    client: &'l str,
    knowledge: &'l Knowledge,
    frame_ancestors: &'l [String],
}

impl<'l> Responder<'l> {
    /// Before it is known where the launch belongs: no frame at all, the words of everybody.
    pub fn new(request: &HttpRequest, live: &'l Live) -> Self {
        let id = request.extensions().get::<RequestId>().map(|id| id.0);
        let base = request
            .app_data::<web::Data<State>>()
            .map_or("", |state| &state.base_url);
        Self {
            request_id: id.unwrap_or(Uuid::nil()).to_string(),
            style: super::path_of(&format!("{base}/smart/assets/smart.css")),
            client: "",
            knowledge: &live.open.knowledge,
            frame_ancestors: &[],
        }
    }

    /// From now on in the words of this client, and in the frames that it allows.
    pub fn belongs_to(&mut self, launching: Launching<'l>) {
        let tenancy = launching.tenancy;
        self.client = &tenancy.name.client;
        self.knowledge = &tenancy.knowledge;
        self.frame_ancestors = &launching.smart.app.registration().frame_ancestors;
    }

    /// A launch ended without an assessment: a page, a line in the log, a count.
    pub fn launch_problem(&self, problem: LaunchProblem, offer: Offer) -> HttpResponse {
        metrics::launch(self.client, problem.as_str());
        self.problem(problem, offer)
    }

    /// A page about a problem, and a line in the log.
    pub fn problem(&self, problem: LaunchProblem, offer: Offer) -> HttpResponse {
        tracing::warn!(
            request = self.request_id,
            client = self.client,
            problem = problem.as_str(),
            "a launch or its page ended without an assessment"
        );
        self.page_about(problem, offer, problem.status())
    }

    /// The page that a user sees who ended an assessment.
    pub fn ended(&self) -> HttpResponse {
        self.page_about(LaunchProblem::Ended, Offer::None, 200)
    }

    fn page_about(&self, problem: LaunchProblem, offer: Offer, status: u16) -> HttpResponse {
        let page = ProblemPage {
            problem,
            offer,
            request_id: &self.request_id,
            style: &self.style,
        };
        match page::problem(&page, &self.knowledge.launch_words) {
            Ok(html) => self.html(status, html),
            Err(error) => {
                tracing::error!(%error, "a page about a problem could not be made");
                self.html(500, String::new())
            }
        }
    }

    /// A page.
    pub fn html(&self, status: u16, html: String) -> HttpResponse {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = HttpResponse::build(status)
            .content_type("text/html; charset=utf-8")
            .body(html);
        protect(&mut response, self.frame_ancestors);
        response
    }

    /// On to another address.
    pub fn redirect(&self, url: &str, cookie: Option<&str>) -> HttpResponse {
        let mut response = HttpResponse::SeeOther()
            .insert_header((LOCATION, url))
            .finish();
        protect(&mut response, self.frame_ancestors);
        if let Some(cookie) = cookie {
            set_cookie(&mut response, cookie);
        }
        response
    }
}

/// Adds `Set-Cookie`.
pub(super) fn set_cookie(response: &mut HttpResponse, cookie: &str) {
    // Letters, digits and signs of our own making.
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(SET_COOKIE, value);
    }
}

/// What every answer carries: nothing but our own files, no frames but those configured, no address told to others.
pub(super) fn protect(response: &mut HttpResponse, frame_ancestors: &[String]) {
    let ancestors = match frame_ancestors {
        [] => "'none'".to_owned(),
        origins => origins.join(" "),
    };
    let policy = format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors {ancestors}"
    );
    let headers = response.headers_mut();
    // The settings let nothing but origins through.
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    );
}
