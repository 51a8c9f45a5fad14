//! The SMART apps of the configuration: which launch belongs to which client and tenant.

use super::CannotStart;
use super::fetching::MetricsOfFhir;
use super::live::{Live, OPEN, OwnFhirServer, Tenancy};
use crate::config;
use crate::fhir::client::{Access, FhirServer, FhirServerSettings, ReadLimits};
use crate::outbound::OutboundSettings;
use crate::smart::client::SmartClient;
use crate::smart::launch::LaunchId;
use crate::smart::registration::{Authentication, Registration};
use crate::smart::scope::{Scope, default_scopes};
use std::sync::Arc;
use std::time::Duration;
use url::{Host, Url};

/// The SMART app of a client.
pub struct Smart {
    /// The flow.
    pub app: SmartClient,
    /// The same issuers as FHIR servers, read with the token of a launch and nothing else.
    pub fhir: FhirServer,
}

/// Where a launch belongs.
#[derive(Clone, Copy)]
pub struct Launching<'l> {
    /// Who answers it.
    pub tenancy: &'l Tenancy,
    /// The app of that client.
    pub smart: &'l Smart,
    /// The issuer, as configured.
    pub issuer: &'l str,
}

/// A SMART app of a server without clients, for the sandbox: a public client, known to the server's own FHIR server.
#[derive(Debug, Clone)]
pub struct OpenSmartClient {
    /// Its client id.
    pub client_id: String,
    /// FHIR bases that may launch beside the server's own. `http://` on loopback only.
    pub issuers: Vec<Url>,
    /// Origins that may show its pages in a frame.
    pub frame_ancestors: Vec<String>,
}

impl Tenancy {
    /// Whether its EHR can launch the SMART app.
    pub fn has_launches(&self) -> bool {
        self.client.smart.is_some() && !self.issuers.is_empty()
    }

    fn launching(&self, is_meant: impl Fn(&str) -> bool) -> Option<Launching<'_>> {
        let smart = self.client.smart.as_ref()?;
        let issuer = self.issuers.iter().find(|issuer| is_meant(issuer))?;
        Some(Launching {
            tenancy: self,
            smart,
            issuer,
        })
    }
}

impl Live {
    /// Where a launch by this `iss` belongs; none when no configured issuer is meant.
    pub fn issuer(&self, iss: &str) -> Option<Launching<'_>> {
        self.tenancies().find_map(|tenancy| {
            let known = tenancy
                .client
                .smart
                .as_ref()?
                .app
                .registration()
                .issuer(iss)?;
            tenancy.launching(|issuer| issuer == known)
        })
    }

    /// Where a launch that is under way belongs.
    pub fn launch(&self, launch: &LaunchId) -> Option<Launching<'_>> {
        self.tenancies()
            .find_map(|tenancy| tenancy.launching(|issuer| launch.is_from(issuer)))
    }

    /// The one issuer that there is; none when there are several, or none.
    pub fn only_issuer(&self) -> Option<Launching<'_>> {
        let mut launching = self.tenancies().flat_map(|tenancy| {
            tenancy
                .issuers
                .iter()
                .filter_map(|issuer| tenancy.launching(|other| other == issuer))
        });
        let first = launching.next()?;
        launching.next().is_none().then_some(first)
    }

    /// The client and tenant of this name.
    pub fn named(&self, client: &str, tenant: Option<&str>) -> Option<&Tenancy> {
        self.tenancies().find(|tenancy| {
            tenancy.name.client == client && tenancy.name.tenant.as_deref() == tenant
        })
    }
}

/// One request for a launch may take so long: a person waits, not a chart that opens.
const SMART_REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// The app of a client, and its issuers as FHIR servers.
pub(super) fn of_client(
    client: &config::Client,
    registration: Registration,
    outbound: &OutboundSettings,
) -> Result<Smart, CannotStart> {
    let limits = ReadLimits {
        max_pages: client.fetching.max_pages as usize,
        max_bytes: client.fetching.max_bytes,
        max_bytes_per_key: client.fetching.max_bytes,
        ..ReadLimits::default()
    };
    smart_of(&client.name, registration, outbound, limits)
}

fn smart_of(
    name: &str,
    registration: Registration,
    outbound: &OutboundSettings,
    limits: ReadLimits,
) -> Result<Smart, CannotStart> {
    let problem = |error: String| CannotStart::client(name, error);
    let bases = registration
        .issuers
        .iter()
        .map(|issuer| Url::parse(issuer))
        .collect::<Result<_, _>>()
        .map_err(|error| problem(format!("smart.issuers: {error}")))?;
    let settings = FhirServerSettings {
        name: name.to_owned(),
        bases,
        // The token of the launch, and nothing when that does not do.
        access: Access::TokenOfCall,
        outbound: outbound.clone(),
        limits: ReadLimits {
            request_timeout: SMART_REQUEST_TIMEOUT,
            ..limits
        },
    };
    Ok(Smart {
        app: SmartClient::new(registration, outbound).map_err(|e| problem(e.to_string()))?,
        fhir: FhirServer::new(settings, Arc::new(MetricsOfFhir))
            .map_err(|e| problem(e.to_string()))?,
    })
}

impl OpenSmartClient {
    pub(super) fn register(&self, own: Option<&OwnFhirServer>) -> Result<Smart, CannotStart> {
        let is_loopback = |url: &Url| match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        // The own server is this process, wherever it listens.
        let foreign = self
            .issuers
            .iter()
            .find(|issuer| issuer.scheme() != "https" && !is_loopback(issuer));
        if let Some(issuer) = foreign {
            let problem = format!("{issuer} must be https://, or be on loopback");
            return Err(CannotStart::client(OPEN, problem));
        }
        let issuers = own.map(|own| &own.0).into_iter().chain(&self.issuers);
        let registration = Registration {
            issuers: issuers.map(Url::to_string).collect(),
            authorization_origins: Vec::new(),
            client_id: self.client_id.clone(),
            authentication: Authentication::Public,
            scopes: default_scopes()
                .iter()
                .filter_map(|scope| Scope::parse(scope).ok())
                .collect(),
            frame_ancestors: self.frame_ancestors.clone(),
        };
        smart_of(OPEN, registration, &on_loopback(), ReadLimits::default())
    }
}

/// HTTP to this machine, and https to public addresses.
pub(super) fn on_loopback() -> OutboundSettings {
    let loopback = ["127.0.0.0/8", "::1/128"];
    OutboundSettings {
        allow_http: true,
        allow_private_networks: loopback.iter().filter_map(|n| n.parse().ok()).collect(),
        ..OutboundSettings::default()
    }
}
