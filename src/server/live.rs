//! Everything that a reload replaces in one go: settings, knowledge, keys, and who is answered how.

use super::CannotStart;
use super::fetching::MetricsOfFhir;
use super::smart_app::{self, OpenSmartClient, Smart, on_loopback};
use crate::audit::Key;
use crate::audit::pseudonym::Pseudonyms;
use crate::auth::{
    Algorithm, Authenticator, JwksSource, JwksUnavailable, MAX_JWKS_BYTES, Refused, Replay,
    Tenants, TrustedClient, UsedTokens,
};
use crate::cds_hooks::response::hex;
use crate::cds_hooks::service::Service;
use crate::chart::Release;
use crate::config::{self, Advice, Content, DisplayRules, Keys, Knowledge, Mode, Settings};
use crate::fhir::backend_token::{AssertionAlgorithm, BackendServices};
use crate::fhir::client::{Access, FhirServer, FhirServerSettings, ReadLimits};
use crate::outbound::{Limits, Outbound, OutboundSettings};
use crate::store::Reason;
use jiff::Timestamp;
use reqwest::header::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The name of everybody, when no client is configured.
pub const OPEN: &str = "open";

/// A configuration at work.
pub struct Live {
    /// Settings.
    pub settings: Settings,
    /// How a caller without token is answered, where no token is asked for.
    pub open: Tenancy,
    tenancies: Vec<Vec<Tenancy>>,
    authenticator: Option<Authenticator>,
}

/// Where a caller stands in the configuration that it was found in.
#[derive(Debug, Clone, Copy)]
pub struct Place(Option<(usize, usize)>);

impl Place {
    /// Everybody: callers without a token, where none is asked for, and the sandbox itself.
    pub(super) const OPEN: Self = Self(None);
}

/// Whom a call comes from and how it is answered: a client with one of its tenants, or everybody.
pub struct Tenancy {
    /// Client and tenant, under which things are kept.
    pub name: crate::store::Tenant,
    /// Rules and files.
    pub advice: Advice,
    /// What the files hold.
    pub knowledge: Arc<Knowledge>,
    /// Makes the pseudonyms of its patients and users.
    pub pseudonyms: Option<Pseudonyms>,
    /// SHA-256 over advice, display rules and terminology, for the audit trail.
    pub settings_sha256: String,
    /// Override reasons that put a card off.
    pub snooze_reasons: Vec<Reason>,
    /// The issuers whose launches it answers.
    pub issuers: Vec<String>,
    /// What holds for all tenants of the client.
    pub client: Arc<Client>,
}

/// What holds for all tenants of a client.
pub struct Client {
    services: Option<Vec<String>>,
    services_off: Vec<String>,
    /// When cards are shown.
    pub display: DisplayRules,
    /// Whether cards are sent.
    pub mode: Mode,
    /// Its FHIR server, where it may be read.
    pub fhir: Option<FhirServer>,
    /// The release that its data are in, unless the server says another.
    pub release: Release,
    /// Its SMART app, where it is registered.
    pub smart: Option<Smart>,
}

/// Whether a client may call a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entitlement {
    /// It may.
    On,
    /// The service is switched off for it.
    Off,
    /// It may not.
    None,
}

impl Client {
    /// Whether it may call the service of this id.
    pub fn entitlement(&self, id: &str) -> Entitlement {
        let is_listed = |list: &Vec<String>| list.iter().any(|listed| listed == id);
        if !self.services.as_ref().is_none_or(is_listed) {
            Entitlement::None
        } else if is_listed(&self.services_off) {
            Entitlement::Off
        } else {
            Entitlement::On
        }
    }
}

impl Tenancy {
    /// The services that it is told of.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.knowledge
            .services
            .iter()
            .filter(|service| self.client.entitlement(&service.id) == Entitlement::On)
    }
}

/// The FHIR server that the sandbox brings along.
#[derive(Debug, Clone)]
pub struct OwnFhirServer(pub Url);

impl Live {
    /// Loads everything that the settings name. Contacts nobody.
    pub fn load(
        settings: Settings,
        used: UsedTokens,
        own: Option<&OwnFhirServer>,
        open_smart: Option<&OpenSmartClient>,
    ) -> Result<Self, CannotStart> {
        let mut loaded = Loaded {
            known: Vec::new(),
            allows_unreviewed: settings.unreviewed_translations,
        };
        let outbound = |fetching: &config::Fetching| -> Result<OutboundSettings, CannotStart> {
            let proxy = match &settings.proxy {
                Some(proxy) => {
                    Some(Url::parse(proxy.expose_secret()).map_err(|_| CannotStart::Proxy)?)
                }
                None => None,
            };
            Ok(OutboundSettings {
                ca_file: fetching.ca_file.clone(),
                client_cert_file: fetching.client_cert_file.clone(),
                client_key_file: fetching.client_key_file.clone(),
                proxy,
                allow_private_networks: fetching.allow_private_networks.clone(),
                allow_http: fetching.allow_http,
                ..OutboundSettings::default()
            })
        };
        let smart = open_smart.map(|client| client.register(own)).transpose()?;
        let issuers = smart
            .as_ref()
            .map(|smart| smart.app.registration().issuers.clone());
        let open = Arc::new(Client {
            smart,
            services: None,
            services_off: Vec::new(),
            display: DisplayRules::default(),
            mode: Mode::Live,
            fhir: own.map(|own| own.server()).transpose()?,
            release: Release::R4,
        });
        let open = loaded.tenancy(
            crate::store::Tenant::new(OPEN, None),
            &settings.advice,
            None,
            issuers.unwrap_or_default(),
            open,
        )?;

        let mut trusted = Vec::new();
        let mut tenancies = Vec::new();
        let mut jwks = JwksOverHttp::default();
        for client in &settings.clients {
            let outbound = outbound(&client.fetching)?;
            if let Keys::Jku(url) = &client.keys {
                let outbound = Outbound::new(&outbound)
                    .map_err(|error| CannotStart::client(&client.name, error))?;
                if jwks.0.insert(url.clone(), outbound).is_some() {
                    return Err(CannotStart::client(
                        &client.name,
                        "another client has the same jku; two issuers do not share keys",
                    ));
                }
            }
            trusted.push(trust(client));
            let smart = match &client.smart {
                Some(registration) => Some(smart_app::of_client(
                    client,
                    registration.clone(),
                    &outbound,
                )?),
                None => None,
            };
            let shared = Arc::new(Client {
                smart,
                services: client.services.clone(),
                services_off: client.services_off.clone(),
                display: client.display.clone(),
                mode: client.mode,
                fhir: match fhir_server(client, outbound, settings.deadline)? {
                    None => own.map(|own| own.server()).transpose()?,
                    configured => configured,
                },
                release: client.fetching.version.parse().unwrap_or_default(),
            });
            let issuers = client.smart.iter().flat_map(|smart| &smart.issuers);
            let issuers: Vec<String> = issuers.cloned().collect();
            let tenants: Vec<Option<&config::Tenant>> = match client.tenants.as_slice() {
                [] => vec![None],
                tenants => tenants.iter().map(Some).collect(),
            };
            let tenancies_of_client = tenants
                .into_iter()
                .map(|tenant| {
                    let name = crate::store::Tenant::new(&client.name, tenant.map(|t| &*t.id));
                    let (advice, key, issuers) = match tenant {
                        None => (&client.advice, &client.pseudonym_key, &issuers),
                        Some(t) => (&t.advice, &t.pseudonym_key, &t.smart_issuers),
                    };
                    loaded.tenancy(name, advice, key.as_ref(), issuers.clone(), shared.clone())
                })
                .collect::<Result<Vec<_>, _>>()?;
            tenancies.push(tenancies_of_client);
        }
        let authenticator = if trusted.is_empty() {
            None
        } else {
            Some(Authenticator::new(trusted, Arc::new(jwks), used)?)
        };
        Ok(Self {
            settings,
            open,
            tenancies,
            authenticator,
        })
    }

    /// Whom a call comes from.
    pub async fn caller(
        &self,
        authorization: Option<&str>,
        endpoint_url: &str,
    ) -> Result<Place, Refused> {
        let Some(authenticator) = &self.authenticator else {
            return Ok(Place(None));
        };
        let caller = authenticator
            .authenticate(authorization, endpoint_url, Timestamp::now())
            .await?;
        // The authenticator lets no other tenant through than those of the settings.
        let tenant = self.tenancies[caller.client]
            .iter()
            .position(|tenancy| tenancy.name.tenant == caller.tenant)
            .unwrap_or(0);
        Ok(Place(Some((caller.client, tenant))))
    }

    /// How the caller is answered.
    pub fn at(&self, place: Place) -> &Tenancy {
        match place.0 {
            None => &self.open,
            Some((client, tenant)) => &self.tenancies[client][tenant],
        }
    }

    /// The knowledge behind the model of this SHA-256, whoever is answered by it.
    pub fn knowledge_of_model(&self, sha256: &str) -> Option<&Knowledge> {
        let all = self.tenancies();
        all.map(|tenancy| &*tenancy.knowledge)
            .find(|knowledge| knowledge.model.sha256 == sha256)
    }

    pub(super) fn tenancies(&self) -> impl Iterator<Item = &Tenancy> {
        std::iter::once(&self.open).chain(self.tenancies.iter().flatten())
    }

    /// Fetches keys that are missing or aged, and asks FHIR servers for their release. Not on a call's path.
    pub async fn refresh(&self) {
        if let Some(authenticator) = &self.authenticator {
            authenticator.refresh(Timestamp::now()).await;
        }
        for tenancy in self
            .tenancies
            .iter()
            .filter_map(|of_client| of_client.first())
        {
            let Client { fhir, smart, .. } = &*tenancy.client;
            let servers = fhir.iter().chain(smart.iter().map(|smart| &smart.fhir));
            let mut all_stated = Vec::new();
            for server in servers {
                all_stated.extend(server.check_version().await);
            }
            for (_, stated) in all_stated {
                let client = &tenancy.name.client;
                match stated {
                    Ok(release) if release != tenancy.client.release => tracing::warn!(
                        client,
                        configured = %tenancy.client.release,
                        stated = %release,
                        "the FHIR server states another release than configured; it is read as it says"
                    ),
                    Ok(_) => {}
                    Err(error) => {
                        tracing::warn!(client, %error, "the release of the FHIR server is not known");
                    }
                }
            }
        }
    }

    /// Whether every client has a key.
    pub fn has_keys(&self) -> bool {
        self.authenticator
            .as_ref()
            .is_none_or(|authenticator| authenticator.ready(Timestamp::now()))
    }
}

/// Knowledge that several tenants share is loaded once.
struct Loaded {
    known: Vec<(Content, Arc<Knowledge>)>,
    allows_unreviewed: bool,
}

impl Loaded {
    fn knowledge(&mut self, content: &Content) -> Result<Arc<Knowledge>, CannotStart> {
        if let Some((_, knowledge)) = self.known.iter().find(|(known, _)| known == content) {
            return Ok(knowledge.clone());
        }
        let knowledge = Arc::new(Knowledge::load(content)?);
        if !(self.allows_unreviewed || knowledge.texts.is_reviewed()) {
            return Err(CannotStart::Unreviewed(content.language.clone()));
        }
        self.known.push((content.clone(), knowledge.clone()));
        Ok(knowledge)
    }

    fn tenancy(
        &mut self,
        name: crate::store::Tenant,
        advice: &Advice,
        pseudonym_key: Option<&SecretString>,
        issuers: Vec<String>,
        client: Arc<Client>,
    ) -> Result<Tenancy, CannotStart> {
        let knowledge = self.knowledge(&advice.content)?;
        let pseudonyms = match pseudonym_key {
            Some(key) => Some(Pseudonyms::new(
                Key::from_bytes(key.expose_secret().as_bytes().to_vec()).ok_or_else(|| {
                    CannotStart::client(&name.client, "pseudonym_key needs at least 32 bytes")
                })?,
            )),
            None => None,
        };
        let settings = format!(
            "{:?} {:?} {:?} {}",
            advice,
            client.display,
            client.mode,
            knowledge.terminology.sha256()
        );
        let snooze_reasons = client
            .display
            .snooze
            .iter()
            .flat_map(|snooze| &snooze.reasons)
            .map(|code| match knowledge.layout.override_reason(code) {
                Some((system, code)) => Ok(Reason {
                    system: system.to_owned(),
                    code: code.to_owned(),
                }),
                None => Err(CannotStart::client(
                    &name.client,
                    format!("snooze_reasons: cards offer no override reason {code:?}"),
                )),
            })
            .collect::<Result<_, _>>()?;
        Ok(Tenancy {
            name,
            advice: advice.clone(),
            knowledge,
            pseudonyms,
            settings_sha256: hex(&Sha256::digest(settings.as_bytes())),
            snooze_reasons,
            issuers,
            client,
        })
    }
}

fn trust(client: &config::Client) -> TrustedClient {
    TrustedClient {
        name: client.name.clone(),
        issuer: client.issuer.clone(),
        audience_override: client.audience.clone(),
        tenants: if client.tenants.is_empty() {
            Tenants::None
        } else {
            Tenants::Listed(client.tenants.iter().map(|t| t.id.clone()).collect())
        },
        keys: match &client.keys {
            Keys::Jku(url) => crate::auth::Keys::Jku(url.clone()),
            Keys::Static(text) => crate::auth::Keys::Static(text.clone()),
        },
        algorithms: client
            .algorithms
            .iter()
            .filter_map(|name| Algorithm::from_name(name))
            .collect(),
        replay: if client.replay_allowed {
            Replay::Allow
        } else {
            Replay::Strict
        },
        leeway_seconds: client.leeway_seconds,
        max_lifetime_seconds: client.max_token_lifetime_seconds,
    }
}

fn fhir_server(
    client: &config::Client,
    outbound: OutboundSettings,
    deadline: Duration,
) -> Result<Option<FhirServer>, CannotStart> {
    let fetching = &client.fetching;
    if !fetching.is_on || fetching.bases.is_empty() {
        return Ok(None);
    }
    let access = match &fetching.backend {
        Some(backend) => Access::BackendServices(BackendServices {
            token_endpoint: backend.token_url.clone(),
            client_id: backend.client_id.clone(),
            key_file: backend.key_file.clone(),
            key_id: backend.kid.clone(),
            // The settings let no other name through.
            algorithm: AssertionAlgorithm::from_name(&backend.algorithm)
                .unwrap_or(AssertionAlgorithm::Es384),
            scope: backend.scope.clone(),
        }),
        None if fetching.anonymous => Access::Anonymous,
        None => Access::TokenOfCall,
    };
    let settings = FhirServerSettings {
        name: client.name.clone(),
        bases: fetching.bases.clone(),
        access,
        outbound,
        limits: ReadLimits {
            max_pages: fetching.max_pages as usize,
            max_bytes: fetching.max_bytes,
            max_bytes_per_key: fetching.max_bytes,
            // A longer deadline is meant for slower servers; what is left of it is for the rest of the call.
            request_timeout: ReadLimits::default().request_timeout.max(deadline * 4 / 5),
            ..ReadLimits::default()
        },
    };
    FhirServer::new(settings, Arc::new(MetricsOfFhir))
        .map(Some)
        .map_err(|error| CannotStart::client(&client.name, error))
}

impl OwnFhirServer {
    fn server(&self) -> Result<FhirServer, CannotStart> {
        let mut bases = vec![self.0.clone()];
        // By its other name: browsers and their users say localhost.
        let mut by_name = self.0.clone();
        if by_name.set_host(Some("localhost")).is_ok() {
            bases.push(by_name);
        }
        let settings = FhirServerSettings {
            name: OPEN.to_owned(),
            bases,
            access: Access::Anonymous,
            outbound: on_loopback(),
            limits: ReadLimits::default(),
        };
        FhirServer::new(settings, Arc::new(MetricsOfFhir))
            .map_err(|error| CannotStart::client(OPEN, error))
    }
}

/// Key sets over guarded HTTP, each with its client's certificates and networks.
#[derive(Default)]
struct JwksOverHttp(HashMap<Url, Outbound>);

impl JwksSource for JwksOverHttp {
    fn fetch<'a>(
        &'a self,
        url: &'a Url,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, JwksUnavailable>> + Send + 'a>> {
        Box::pin(async move {
            let outbound = self
                .0
                .get(url)
                .ok_or_else(|| JwksUnavailable("no client has this address".into()))?;
            let limits = Limits {
                max_bytes: MAX_JWKS_BYTES,
                shared: None,
                timeout: Duration::from_secs(3),
            };
            let answer = outbound
                .get(url, HeaderMap::new(), limits)
                .await
                .map_err(|error| JwksUnavailable(error.to_string()))?;
            match answer.status {
                200 => Ok(answer.body.to_vec()),
                status => Err(JwksUnavailable(format!("HTTP status {status}"))),
            }
        })
    }
}
