//! HTTP: discovery, the service endpoints and feedback, with callers, limits, CORS and errors; and a listener of its own for
//! health and metrics. Start with [`Application`].
//!
//! | route | who |
//! |---|---|
//! | `GET /smart/*` and `POST /smart/assessments/{launch}/end` | whoever an EHR sends, with the cookie of the launch |
//! | `OPTIONS` (preflight), `GET /health/live` | everybody |
//! | `GET /model`, `GET /model/source-attributes`, `GET /model/tripod-ai` | everybody, or callers with a token where `public_routes` does not list them |
//! | `GET /openapi.json` | the same |
//! | `GET /cds-services`, `POST /cds-services/{id}`, `POST /cds-services/{id}/feedback` | callers with a token, where clients are configured |
//! | `GET /metrics`, `GET /health/ready`, `GET /health/live` | whoever reaches the metrics listener |

pub mod answer;
mod audit_line;
pub mod display;
mod document;
mod error;
mod feedback;
mod fetching;
mod health;
mod hook;
mod launch;
mod live;
mod metrics;
mod model;
pub mod openapi;
mod signals;
mod smart_app;
mod tls;
mod unread;
pub mod within;

pub use error::Problem;
pub use live::{Live, OPEN, OwnFhirServer, Tenancy};
pub use smart_app::{Launching, OpenSmartClient, Smart};
pub use tls::UnusableCertificate;

use crate::audit::{
    Audit, AuditMode, AuditSettings, HeadStore, HeadUnavailable, Key, UnusableAudit,
};
use crate::auth::{InvalidKeys, RedisAddressInvalid, UsedTokens};
use crate::cds_hooks::service::{Advertised, Discovery};
use crate::config::{CorsOrigins, InvalidConfiguration, Settings, UnusableContent};
use crate::smart::kept::Assessments;
use crate::store::{ShownWriter, Store, StoreError};
use actix_cors::Cors;
use actix_web::dev::Server;
use actix_web::http::header;
use actix_web::{App, HttpMessage, HttpRequest, HttpResponse, HttpServer, web};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;
use tls::Certificate;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// Tokens remembered as used in memory, at most; more are refused.
const USED_TOKENS: usize = 200_000;

/// Launches that came back are remembered in memory until their state has expired, at most so many; more are refused.
const USED_LAUNCHES: usize = 100_000;

/// Assessments of launches kept in memory, at most.
const KEPT_ASSESSMENTS: usize = 1_000;

/// Launches that talk to an EHR at one time. Everybody may begin one, so they have places of their own beside hook calls.
const LAUNCHES_AT_ONCE: usize = 32;

/// Bodies that may be coming at one time, for each call that may be worked on: many more, so that slow ones keep nobody out.
const BODIES_FOR_A_CALL: usize = 4;

/// Shown cards that wait to be kept, at most.
const SHOWN_QUEUE: usize = 10_000;

/// What every request may use.
pub struct State {
    live: RwLock<Arc<Live>>,
    /// The assessment time.
    pub clock: Clock,
    /// How clients reach the server.
    pub base_url: String,
    store: Option<Store>,
    shown: Option<ShownWriter>,
    audit: Option<Audit>,
    used: UsedTokens,
    calls: Arc<Semaphore>,
    /// For callers who are known and whose body is still coming.
    bodies: Arc<Semaphore>,
    own_fhir: Option<OwnFhirServer>,
    open_smart: Option<OpenSmartClient>,
    /// Where EHRs launch the SMART app.
    launch_url: String,
    /// By which launches and what is kept of them expire.
    now: Now,
    launches: Arc<Semaphore>,
    used_launches: UsedTokens,
    assessments: Assessments,
}

impl State {
    /// The configuration at work. A call keeps the one that it began with.
    pub fn live(&self) -> Arc<Live> {
        self.live
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The address of a route below `/cds-services`, as callers and their tokens name it.
    fn endpoint(&self, path: &str) -> String {
        format!("{}/cds-services{path}", self.base_url)
    }

    fn replace(&self, live: Live) {
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(live);
    }

    /// Writes what waits to be written.
    async fn close(&self) {
        if let Some(shown) = &self.shown {
            shown.close().await;
        }
        if let Some(audit) = &self.audit {
            audit.close().await;
        }
        if let Some(store) = &self.store {
            store.close().await;
        }
    }
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

/// The time by which launches and what is kept of them expire. Tests turn it forward.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Why the server does not start, or a reload is refused.
#[derive(Debug, thiserror::Error)]
pub enum CannotStart {
    /// The port, mostly.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Settings.
    #[error(transparent)]
    Configuration(#[from] InvalidConfiguration),
    /// Terminology, model, services, texts.
    #[error(transparent)]
    Content(#[from] UnusableContent),
    /// Keys of clients.
    #[error(transparent)]
    Keys(#[from] InvalidKeys),
    /// Something else about a client.
    #[error("client {client}: {problem}")]
    Client {
        /// Client.
        client: String,
        /// What is wrong.
        problem: String,
    },
    /// A translation that is not to be used without saying so.
    #[error(
        "language {0:?}: no clinician has reviewed this translation; choose another language, or set unreviewed_translations = true to use it all the same, and cards and pages will say so"
    )]
    Unreviewed(String),
    /// `proxy`.
    #[error("proxy: expected http://[user:password@]host:port")]
    Proxy,
    /// The database.
    #[error("store_url: {0}")]
    Store(#[from] StoreError),
    /// Redis.
    #[error("redis_url: {0}")]
    Redis(#[from] RedisAddressInvalid),
    /// The audit trail.
    #[error("audit: {0}")]
    Audit(#[from] UnusableAudit),
    /// Certificate and key.
    #[error(transparent)]
    Certificate(#[from] UnusableCertificate),
}

impl CannotStart {
    /// A problem of one client or of one remote server.
    pub fn client(client: &str, problem: impl ToString) -> Self {
        Self::Client {
            client: client.to_owned(),
            problem: problem.to_string(),
        }
    }
}

/// Adds routes beside those of the service.
pub type MoreRoutes = Arc<dyn Fn(&mut web::ServiceConfig) + Send + Sync>;

/// Reads the settings again.
pub type Reload = Box<dyn Fn() -> Result<Settings, Box<dyn std::error::Error>>>;

/// What a server is made of.
pub struct Startup {
    /// Settings.
    pub settings: Settings,
    /// The assessment time.
    pub clock: Clock,
    /// Further routes.
    pub routes: Option<MoreRoutes>,
    /// The path of a FHIR server among these routes, which calls without clients may name.
    pub own_fhir: Option<&'static str>,
    /// A SMART app, where no client is configured.
    pub smart: Option<OpenSmartClient>,
    /// The time by which launches expire.
    pub now: Now,
    /// How settings are read again on SIGHUP.
    pub reload: Option<Reload>,
    /// An open database, used when the settings name none.
    pub store: Option<Store>,
}

impl Startup {
    /// A server with these settings and nothing beside it.
    pub fn new(settings: Settings, clock: Clock) -> Self {
        Self {
            settings,
            clock,
            routes: None,
            own_fhir: None,
            smart: None,
            now: Arc::new(Timestamp::now),
            reload: None,
            store: None,
        }
    }
}

/// Everything that a start with these settings would refuse before it opens a port or a database. Contacts nobody and
/// writes nothing.
pub fn check(settings: &Settings) -> Result<(), CannotStart> {
    if let Some(url) = &settings.store_url {
        Store::check_url(url)?;
    }
    if let Some(tls) = &settings.tls {
        Certificate::load(tls)?.server_config()?;
    }
    if let Some(audit) = &settings.audit {
        Key::read(&audit.key_file).map_err(UnusableAudit::from)?;
    }
    Live::load(settings.clone(), used_tokens(settings)?, None, None)?;
    Ok(())
}

/// What several replicas share about launches, or what this one keeps.
fn launches(settings: &Settings) -> Result<(UsedTokens, Assessments), RedisAddressInvalid> {
    Ok(match &settings.redis_url {
        Some(url) => (
            UsedTokens::redis(url, "rrdtc:launch:")?,
            Assessments::redis(url)?,
        ),
        None => (
            UsedTokens::in_memory(USED_LAUNCHES),
            Assessments::in_memory(KEPT_ASSESSMENTS),
        ),
    })
}

fn used_tokens(settings: &Settings) -> Result<UsedTokens, RedisAddressInvalid> {
    match &settings.redis_url {
        Some(url) => UsedTokens::redis(url, "rrdtc:jti:"),
        None => Ok(UsedTokens::in_memory(USED_TOKENS)),
    }
}

/// The server: built, then run until stopped. Tests and the binary start it alike.
pub struct Application {
    servers: Vec<Server>,
    state: web::Data<State>,
    certificate: Option<Arc<Certificate>>,
    reload: Option<(Signal, Reload)>,
    /// Where it listens.
    pub address: SocketAddr,
    /// Where metrics and readiness are served.
    pub metrics_address: Option<SocketAddr>,
    /// How clients reach it.
    pub base_url: String,
}

impl Application {
    /// Opens what is kept, binds the ports and builds the servers. Must be called within an actix runtime.
    pub async fn build(startup: Startup) -> Result<Self, CannotStart> {
        let settings = startup.settings;
        let listener = TcpListener::bind(settings.listen)?;
        let address = listener.local_addr()?;
        let scheme = if settings.tls.is_some() {
            "https"
        } else {
            "http"
        };
        let base_url = settings
            .external_url
            .clone()
            .unwrap_or_else(|| format!("{scheme}://{address}"));
        let own_fhir = match startup.own_fhir {
            // A path appended to an address that is one.
            Some(path) => url::Url::parse(&format!("http://{address}{path}"))
                .ok()
                .map(OwnFhirServer),
            None => None,
        };
        let used = used_tokens(&settings)?;
        let (used_launches, assessments) = launches(&settings)?;
        let live = Live::load(
            settings.clone(),
            used.clone(),
            own_fhir.as_ref(),
            startup.smart.as_ref(),
        )?;
        let store = match &settings.store_url {
            Some(url) => Some(Store::open(url).await?),
            None => startup.store,
        };
        let audit = match &settings.audit {
            Some(audit) => Some(open_audit(audit, store.as_ref()).await?),
            None => None,
        };
        let state = web::Data::new(State {
            live: RwLock::new(Arc::new(live)),
            clock: startup.clock,
            base_url: base_url.clone(),
            shown: store
                .clone()
                .map(|store| ShownWriter::start(store, SHOWN_QUEUE)),
            store,
            audit,
            used,
            calls: places(settings.max_concurrent_calls),
            bodies: places(
                settings
                    .max_concurrent_calls
                    .saturating_mul(BODIES_FOR_A_CALL),
            ),
            own_fhir,
            open_smart: startup.smart,
            launch_url: format!("{base_url}/smart/launch"),
            now: startup.now,
            launches: places(LAUNCHES_AT_ONCE),
            used_launches,
            assessments,
        });
        let certificate = settings.tls.as_ref().map(Certificate::load).transpose()?;
        let main = main_server(
            &settings,
            state.clone(),
            startup.routes,
            certificate.as_ref(),
            listener,
        )?;
        // From before anybody can know that the process listens: unheard, the signal would end it.
        let reload = match startup.reload {
            Some(reload) => Some((signal(SignalKind::hangup())?, reload)),
            None => None,
        };
        let mut servers = vec![main];
        let mut metrics_address = None;
        if let Some(listen) = settings.metrics_listen {
            metrics::recorder();
            let listener = TcpListener::bind(listen)?;
            metrics_address = Some(listener.local_addr()?);
            servers.push(metrics_server(state.clone(), listener)?);
        }
        Ok(Self {
            servers,
            state,
            certificate,
            reload,
            address,
            metrics_address,
            base_url,
        })
    }

    /// Runs until the process is told to stop; calls in flight are finished.
    pub async fn run(self) -> std::io::Result<()> {
        let looked_after = actix_web::rt::spawn(signals::look_after(self.state.clone()));
        let reloading = self.reload.map(|(hangups, reload)| {
            let (state, certificate) = (self.state.clone(), self.certificate.clone());
            actix_web::rt::spawn(signals::reload(hangups, state, certificate, reload))
        });
        let handles: Vec<_> = self.servers.iter().map(Server::handle).collect();
        let stopping = actix_web::rt::spawn(signals::stop(handles));
        let ended = futures_util::future::try_join_all(self.servers).await;
        stopping.abort();
        looked_after.abort();
        if let Some(reloading) = reloading {
            reloading.abort();
        }
        self.state.close().await;
        ended.map(|_| ())
    }
}

fn places(count: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)))
}

fn main_server(
    settings: &Settings,
    state: web::Data<State>,
    more: Option<MoreRoutes>,
    certificate: Option<&Arc<Certificate>>,
    listener: TcpListener,
) -> Result<Server, CannotStart> {
    let limit = settings.max_body_bytes;
    let origins = settings.cors.clone();
    let server = HttpServer::new(move || {
        let more = more.clone();
        App::new()
            .app_data(state.clone())
            .app_data(web::PayloadConfig::new(limit))
            .wrap(actix_web::middleware::from_fn(common_headers))
            .wrap(cors(&origins))
            // Added last, it is met first.
            .wrap(actix_web::middleware::from_fn(unread::close_after))
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
            .service(
                web::resource("/cds-services/{id}/feedback")
                    .route(web::post().to(feedback::take))
                    .default_service(web::to(|| async { Problem::method_not_allowed("POST") })),
            )
            .configure(model::routes)
            .configure(openapi::routes)
            .service(reading("/health/live", web::get().to(health::live)))
            .configure(launch::routes)
            .configure(move |config| {
                if let Some(more) = &more {
                    more(config);
                }
            })
            .default_service(web::to(nothing_here))
    })
    .workers(
        std::thread::available_parallelism()
            .map_or(2, |n| n.get())
            .min(8),
    )
    .client_request_timeout(settings.client_timeout)
    .client_disconnect_timeout(settings.client_timeout)
    .keep_alive(settings.client_timeout)
    .shutdown_timeout(settings.shutdown.as_secs())
    .disable_signals();
    Ok(match certificate {
        Some(certificate) => server.listen_rustls_0_23(listener, certificate.server_config()?)?,
        None => server.listen(listener)?,
    }
    .run())
}

fn metrics_server(state: web::Data<State>, listener: TcpListener) -> std::io::Result<Server> {
    Ok(HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .service(reading("/metrics", web::get().to(health::prometheus)))
            .service(reading("/health/ready", web::get().to(health::ready)))
            .service(reading("/health/live", web::get().to(health::live)))
            .default_service(web::to(nothing_here))
    })
    .workers(1)
    .disable_signals()
    .listen(listener)?
    .run())
}

/// An address that is only read.
fn reading(path: &str, get: actix_web::Route) -> actix_web::Resource {
    web::resource(path)
        .route(get)
        .default_service(web::to(|| async { Problem::method_not_allowed("GET") }))
}

async fn nothing_here(_: HttpRequest) -> Problem {
    Problem::not_found("there is nothing at this address; see /cds-services")
}

async fn open_audit(
    audit: &crate::config::Audit,
    store: Option<&Store>,
) -> Result<Audit, CannotStart> {
    let mut settings = AuditSettings::new(&audit.folder, &audit.key_file, &audit.instance);
    settings.rotate_bytes = audit.rotate_bytes;
    if audit.required {
        settings.mode = AuditMode::Required;
    }
    let heads = store.map(|store| Arc::new(Heads(store.clone())) as Arc<dyn HeadStore>);
    Ok(Audit::open(settings, heads).await?)
}

/// The heads of audit chains, kept in the store.
pub struct Heads(pub Store);

impl HeadStore for Heads {
    fn put<'a>(
        &'a self,
        instance: &'a str,
        head: &'a crate::audit::Head,
    ) -> BoxFuture<'a, Result<(), HeadUnavailable>> {
        Box::pin(async move {
            // Where a longer head is kept already, that one stays.
            match self.0.put_head(instance, head.count, &head.hash).await {
                Ok(_) => Ok(()),
                Err(error) => Err(HeadUnavailable(error.to_string())),
            }
        })
    }

    fn get<'a>(
        &'a self,
        instance: &'a str,
    ) -> BoxFuture<'a, Result<Option<crate::audit::Head>, HeadUnavailable>> {
        Box::pin(async move {
            let head = self.0.head(instance).await;
            let head = head.map_err(|error| HeadUnavailable(error.to_string()))?;
            Ok(head.map(|head| crate::audit::Head {
                count: head.count,
                hash: head.hash,
            }))
        })
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

/// Answers are about one patient at one moment: no cache may keep them, no browser may guess their type. One log line for
/// each, with an id that the caller gets too, and without path, query or anything else that a caller wrote.
async fn common_headers(
    request: actix_web::dev::ServiceRequest,
    next: actix_web::middleware::Next<impl actix_web::body::MessageBody>,
) -> Result<actix_web::dev::ServiceResponse<impl actix_web::body::MessageBody>, actix_web::Error> {
    let received_at = Instant::now();
    let id = Uuid::new_v4();
    request.extensions_mut().insert(RequestId(id));
    let method = request.method().clone();
    let mut response = next.call(request).await?;
    let route = response.request().match_pattern().unwrap_or_default();
    tracing::info!(
        request = %id,
        %method,
        route,
        status = response.status().as_u16(),
        microseconds = received_at.elapsed().as_micros() as u64,
        "answered"
    );
    let headers = response.headers_mut();
    // But for what says otherwise: the model facts are about no patient, and some files never change.
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(
            header::CACHE_CONTROL,
            header::HeaderValue::from_static("no-store"),
        );
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        header::HeaderValue::from_static("nosniff"),
    );
    if let Ok(id) = header::HeaderValue::from_str(&id.to_string()) {
        headers.insert(header::HeaderName::from_static("x-request-id"), id);
    }
    Ok(response)
}

/// The id of a request, which its answer tells.
#[derive(Debug, Clone, Copy)]
struct RequestId(Uuid);

async fn discovery(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let live = state.live();
    let tenancy = match hook::caller(&request, &live, &state.endpoint("")).await {
        Ok(place) => live.at(place),
        Err(problem) => return problem.response(),
    };
    let version = live.settings.cds_hooks_version.as_str();
    let services = tenancy
        .services()
        .map(|service| Advertised { service, version })
        .collect();
    HttpResponse::Ok().json(Discovery { services })
}
