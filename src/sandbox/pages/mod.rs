//! The EHR's pages. Every one works without script; what changes something is a form that ends in a redirect.

mod cards;
mod chart;
mod editing;
mod feedback;
mod json_text;
pub mod list;
mod markdown;
pub mod names;
mod orders;
mod other_server;
mod paste;
mod records;
mod report;
mod roles;

use crate::sandbox::asking::{Call, Hook, prefetch};
use crate::sandbox::{Ehr, FHIR};
use crate::server::{Problem, State};
use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use uuid::Uuid;

/// Adds the routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/", web::get().to(list::list))
        .route(
            "/index.html",
            web::get().to(|| async {
                HttpResponse::PermanentRedirect()
                    .insert_header((LOCATION, "/"))
                    .finish()
            }),
        )
        .route("/requests/{patient}", web::get().to(request))
        .service(
            web::resource("/paste")
                .app_data(web::FormConfig::default().limit(paste::LONGEST_FORM))
                .route(web::get().to(paste::form))
                .route(web::post().to(paste::take)),
        )
        .route("/feedback", web::get().to(report::report))
        .route("/elsewhere", web::get().to(other_server::open))
        .route("/cards/{card}/accept", web::post().to(feedback::accept))
        .route("/cards/{card}/override", web::post().to(feedback::dismiss))
        .route("/patients/{id}", web::get().to(chart::chart))
        .route(
            "/patients/{id}/records/{number}",
            web::get().to(chart::record),
        )
        .route(
            "/patients/{id}/records/{number}/remove",
            web::post().to(editing::remove),
        )
        .route("/patients/{id}/add/{kind}", web::post().to(editing::add))
        .route("/patients/{id}/reset", web::post().to(editing::reset))
        .route("/patients/{id}/reopen", web::post().to(feedback::reopen))
        .route(
            "/patients/{id}/orders/{kind}",
            web::get().to(orders::select),
        )
        .route(
            "/patients/{id}/orders/{kind}/sign",
            web::get().to(orders::sign),
        )
        .route(
            "/patients/{id}/orders/{kind}/place",
            web::post().to(orders::place),
        );
}

/// Where our FHIR server is.
fn fhir_server(state: &State) -> String {
    format!("{}{FHIR}", state.base_url)
}

/// A ready hook call for a patient, as an EHR would send it.
async fn request(
    path: web::Path<String>,
    ehr: web::Data<Ehr>,
    state: web::Data<State>,
) -> HttpResponse {
    let live = state.live();
    let prefetch = live
        .open
        .knowledge
        .plain_service()
        .and_then(|service| prefetch(&ehr.store(), service, &path));
    let Some(prefetch) = prefetch else {
        return Problem::not_found("there is no such patient").response();
    };
    // The same for each try, so that what a reader sees can be compared.
    let name = format!("https://rrdtc.org/sandbox/{path}");
    let instance = Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes());
    let fhir_server = fhir_server(&state);
    let call = Call::new(&Hook::PatientView, instance, &fhir_server, &path, &prefetch);
    HttpResponse::Ok()
        .content_type("application/json")
        .body(call.json())
}
