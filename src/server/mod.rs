//! HTTP: discovery and the service endpoints, with limits, CORS and errors. Start with [`Application`].

mod error;
pub mod hook;

pub use error::Problem;

use crate::cds_hooks::service::{Advertised, Discovery};
use crate::config::{CorsOrigins, Knowledge, Settings};
use actix_cors::Cors;
use actix_web::dev::Server;
use actix_web::http::header;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use jiff::Timestamp;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

/// What every request may use.
#[derive(Debug)]
pub struct State {
    /// Settings.
    pub settings: Settings,
    /// Terminology, model, services, texts.
    pub knowledge: Knowledge,
    /// The assessment time.
    pub clock: Clock,
    /// How clients reach the server.
    pub base_url: String,
}

/// The assessment time: never that of tokens or certificates.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// The time of the call.
    System,
    /// A fixed instant.
    Fixed(Timestamp),
}

impl Clock {
    /// The assessment time of a call.
    pub fn now(self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Fixed(instant) => instant,
        }
    }
}

/// The server: built, then run until stopped. Tests and the binary start it alike.
pub struct Application {
    server: Server,
    /// Where it listens.
    pub address: SocketAddr,
    /// How clients reach it.
    pub base_url: String,
}

/// Adds routes beside those of the service.
pub type MoreRoutes = Arc<dyn Fn(&mut web::ServiceConfig) + Send + Sync>;

impl Application {
    /// Binds the port and builds the server. Must be called within an actix runtime.
    pub fn build(
        settings: Settings,
        knowledge: Knowledge,
        clock: Clock,
        more: Option<MoreRoutes>,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(settings.listen)?;
        let address = listener.local_addr()?;
        let base_url = settings
            .external_url
            .clone()
            .unwrap_or_else(|| format!("http://{address}"));
        let limit = settings.max_body_bytes;
        let origins = settings.cors.clone();
        let state = web::Data::new(State {
            settings,
            knowledge,
            clock,
            base_url: base_url.clone(),
        });
        let server = HttpServer::new(move || {
            let more = more.clone();
            App::new()
                .app_data(state.clone())
                .app_data(web::PayloadConfig::new(limit))
                .wrap(actix_web::middleware::from_fn(common_headers))
                .wrap(cors(&origins))
                .service(
                    web::resource("/cds-services")
                        .route(web::get().to(discovery))
                        .default_service(web::to(|| async { Problem::method_not_allowed("GET") })),
                )
                .service(
                    web::resource("/cds-services/{id}")
                        .route(web::post().to(hook::call))
                        .default_service(web::to(|| async { Problem::method_not_allowed("POST") })),
                )
                .configure(move |config| {
                    if let Some(more) = &more {
                        more(config);
                    }
                })
                .default_service(web::to(|request: HttpRequest| async move {
                    let _ = request;
                    Problem::not_found("there is nothing at this address; see /cds-services")
                }))
        })
        .workers(
            std::thread::available_parallelism()
                .map_or(2, |n| n.get())
                .min(8),
        )
        .listen(listener)?
        .run();
        Ok(Self {
            server,
            address,
            base_url,
        })
    }

    /// Runs until the process is told to stop.
    pub async fn run(self) -> std::io::Result<()> {
        self.server.await
    }
}

fn cors(origins: &CorsOrigins) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "POST", "OPTIONS"])
        .allowed_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::ACCEPT])
        .max_age(600);
    match origins {
        CorsOrigins::Any => cors.allow_any_origin().send_wildcard(),
        CorsOrigins::Listed(origins) => origins
            .iter()
            .fold(cors, |cors, origin| cors.allowed_origin(origin)),
    }
}

/// Answers are about one patient at one moment: no cache may keep them, no browser may guess their type.
async fn common_headers(
    request: actix_web::dev::ServiceRequest,
    next: actix_web::middleware::Next<impl actix_web::body::MessageBody>,
) -> Result<actix_web::dev::ServiceResponse<impl actix_web::body::MessageBody>, actix_web::Error> {
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static("no-store"),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        header::HeaderValue::from_static("nosniff"),
    );
    Ok(response)
}

async fn discovery(state: web::Data<State>) -> HttpResponse {
    let version = state.settings.cds_hooks_version.as_str();
    let services = state
        .knowledge
        .services
        .iter()
        .map(|service| Advertised { service, version })
        .collect();
    HttpResponse::Ok().json(Discovery { services })
}
