//! What every page shares: the frame around it, the policy that a browser holds it to, and the files that it needs.
//!
//! Nothing is loaded from elsewhere, no script or style stands in a page, and no page works only with script.

use super::Ehr;
use crate::server::State;
use crate::server::answer::instant;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::LazyLock;

/// What a browser may do with a page.
pub const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'";

static STYLE: LazyLock<Asset> = LazyLock::new(|| Asset {
    path: hashed("sandbox", include_str!("assets/sandbox.css"), "css"),
    content_type: "text/css; charset=utf-8",
    text: include_str!("assets/sandbox.css"),
});

static SCRIPT: LazyLock<Asset> = LazyLock::new(|| Asset {
    path: hashed("sandbox", include_str!("assets/sandbox.js"), "js"),
    content_type: "text/javascript; charset=utf-8",
    text: include_str!("assets/sandbox.js"),
});

/// A file with its hash in its name: another content has another address, so browsers may keep it.
struct Asset {
    path: String,
    content_type: &'static str,
    text: &'static str,
}

fn hashed(name: &str, text: &str, extension: &str) -> String {
    let hash = format!("{:x}", Sha256::digest(text));
    format!("/assets/{name}-{}.{extension}", &hash[..12])
}

/// Adds the routes of the files.
pub fn routes(config: &mut web::ServiceConfig) {
    for asset in [&*STYLE, &*SCRIPT] {
        config.route(
            &asset.path,
            web::get().to(move || async {
                HttpResponse::Ok()
                    .content_type(asset.content_type)
                    .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
                    .body(asset.text)
            }),
        );
    }
    config.route(
        "/favicon.ico",
        web::get().to(|| async { HttpResponse::NoContent().finish() }),
    );
}

/// What stands around the content of a page.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Address of the style sheet.
    pub style: &'static str,
    /// Address of the script.
    pub script: &'static str,
    /// The assessment time.
    pub as_of: String,
    /// Whether patients of other FHIR servers can be opened.
    pub elsewhere: bool,
    /// Which entry of the navigation this page is.
    pub here: &'static str,
}

impl Frame {
    /// The frame of a page.
    pub fn new(ehr: &Ehr, state: &State, here: &'static str) -> Self {
        Self {
            style: &STYLE.path,
            script: &SCRIPT.path,
            as_of: instant(state.clock.now()),
            elsewhere: ehr.elsewhere.is_some(),
            here,
        }
    }

    /// `aria-current` of a navigation entry.
    pub fn current(&self, name: &str) -> &'static str {
        if self.here == name { "page" } else { "false" }
    }
}

/// A page as a response.
pub fn html(status: StatusCode, page: &impl Template) -> HttpResponse {
    html_with_policy(status, page, POLICY)
}

/// A page whose forms lead elsewhere, too.
pub fn html_with_policy(status: StatusCode, page: &impl Template, policy: &str) -> HttpResponse {
    match page.render() {
        Ok(text) => HttpResponse::build(status)
            .content_type("text/html; charset=utf-8")
            .insert_header((CONTENT_SECURITY_POLICY, policy))
            .insert_header((REFERRER_POLICY, "no-referrer"))
            .body(text),
        Err(error) => {
            tracing::error!(%error, "a page of the sandbox could not be made");
            HttpResponse::InternalServerError()
                .content_type("text/plain; charset=utf-8")
                .body("Synthetic data - not for care. The page could not be made.")
        }
    }
}

/// Sends a browser on after a form, so that reloading the page does not send it again.
pub fn see_other(address: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, address))
        .finish()
}

/// Where something went wrong that a user can understand.
#[derive(Template)]
#[template(path = "sandbox/problem.html")]
struct ProblemPage<'a> {
    frame: Frame,
    title: &'a str,
    text: &'a str,
    back: &'a str,
}

/// A page that says what is wrong, and a way on.
pub fn problem(
    ehr: &Ehr,
    state: &State,
    status: StatusCode,
    title: &str,
    text: impl fmt::Display,
    back: &str,
) -> HttpResponse {
    let text = text.to_string();
    let frame = Frame::new(ehr, state, "");
    html(
        status,
        &ProblemPage {
            frame,
            title,
            text: &text,
            back,
        },
    )
}

/// Whether a form was sent by a page of another site. Browsers say so; what says nothing is no browser, or an old one.
pub fn is_from_elsewhere(request: &HttpRequest) -> bool {
    request
        .headers()
        .get("sec-fetch-site")
        .is_some_and(|site| site == "cross-site")
}

/// Percent-encoding of everything but unreserved characters: what a patient's id needs to be one part of an address.
pub fn encode(text: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    utf8_percent_encode(text, KEPT).to_string()
}
