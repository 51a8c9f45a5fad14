//! A registration at work: discovery, the address that the browser is sent to, and the exchange of a code for a token.
//!
//! Requests are made and answers are read by the `oauth2` library; they travel through [`Outbound`], to the configured
//! issuers and origins only. Knows no route, no cookie and no chart.

use super::discovery::Endpoints;
use super::launch::LaunchId;
use super::problem::LaunchProblem;
use super::registration::{Authentication, Registration};
use super::token::{Access, OAuthClient};
use crate::fhir::assertion::{ASSERTION_TYPE, AssertionKey, InvalidKey};
use crate::outbound::{Answer, InvalidOutbound, Limits, Outbound, OutboundError, OutboundSettings};
use oauth2::basic::BasicErrorResponseType;
use oauth2::http::{Response, header};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest,
    HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    TokenUrl,
};
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use secrecy::ExposeSecret;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use url::Url;

/// Largest answer of discovery or of a token endpoint, bytes.
const MAX_ANSWER_BYTES: usize = 256 << 10;
/// Time for one such answer. A person waits.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// What an issuer said of itself is believed for so long.
const DISCOVERY_AGE: Duration = Duration::from_secs(600);

/// A SMART app as it is registered with one client.
pub struct SmartClient {
    registration: Registration,
    key: Option<AssertionKey>,
    outbound: Outbound,
    allow_http: bool,
    /// By issuer.
    discovered: Mutex<HashMap<String, (Instant, Arc<Endpoints>)>>,
}

/// Settings with which no app can be launched.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidSmartClient {
    /// The private key.
    #[error("smart: {0}")]
    Key(#[from] InvalidKey),
    /// Certificates, proxy.
    #[error(transparent)]
    Outbound(#[from] InvalidOutbound),
}

/// What the browser takes along to the authorization server.
#[derive(Debug, Clone, Copy)]
pub struct Departure<'a> {
    /// FHIR base, as configured.
    pub issuer: &'a str,
    /// `launch` of an EHR launch; none: the user chooses the patient there.
    pub launch: Option<&'a str>,
    /// The signed state.
    pub state: &'a str,
    /// PKCE verifier, of which only the hash goes out.
    pub verifier: &'a str,
    /// Where the browser comes back to.
    pub redirect_uri: &'a Url,
}

impl SmartClient {
    /// Reads the key. Contacts nobody.
    pub fn new(
        registration: Registration,
        outbound: &OutboundSettings,
    ) -> Result<Self, InvalidSmartClient> {
        let key = match &registration.authentication {
            Authentication::PrivateKey {
                file,
                key_id,
                algorithm,
            } => Some(AssertionKey::read(file, key_id, *algorithm)?),
            Authentication::Public | Authentication::Secret(_) => None,
        };
        Ok(Self {
            registration,
            key,
            outbound: Outbound::new(outbound)?,
            allow_http: outbound.allow_http,
            discovered: Mutex::default(),
        })
    }

    /// How it is registered.
    pub fn registration(&self) -> &Registration {
        &self.registration
    }

    /// The issuer at which a launch began.
    pub fn issuer_of(&self, launch: &LaunchId) -> Option<&str> {
        let mut issuers = self.registration.issuers.iter();
        let issuer = issuers.find(|issuer| launch.is_from(issuer))?;
        Some(issuer)
    }

    /// The endpoints of an issuer: as known, else asked for.
    pub async fn endpoints(&self, issuer: &str) -> Result<Arc<Endpoints>, LaunchProblem> {
        if let Some((at, endpoints)) = self.discovered().get(issuer)
            && at.elapsed() < DISCOVERY_AGE
        {
            return Ok(endpoints.clone());
        }
        let base = Url::parse(issuer).map_err(|_| LaunchProblem::DiscoveryFailed)?;
        let document = format!(
            "{}/.well-known/smart-configuration",
            issuer.trim_end_matches('/')
        );
        let url = Url::parse(&document).map_err(|_| LaunchProblem::DiscoveryFailed)?;
        let headers =
            HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
        let answer = self
            .outbound
            .get(&url, headers, limits())
            .await
            .map_err(|error| {
                tracing::warn!(%error, "the SMART configuration of an issuer cannot be read");
                LaunchProblem::DiscoveryFailed
            })?;
        if answer.status != 200 {
            let status = answer.status;
            tracing::warn!(
                status,
                "the SMART configuration of an issuer cannot be read"
            );
            return Err(LaunchProblem::DiscoveryFailed);
        }
        let endpoints = Arc::new(Endpoints::read(
            &answer.body,
            &base,
            &self.registration.authorization_origins,
            self.allow_http,
        )?);
        self.discovered()
            .insert(issuer.to_owned(), (Instant::now(), endpoints.clone()));
        Ok(endpoints)
    }

    // Single statements change the map, so a panic elsewhere leaves nothing half done.
    fn discovered(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Instant, Arc<Endpoints>)>> {
        self.discovered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn oauth(&self) -> OAuthClient {
        let client = OAuthClient::new(ClientId::new(self.registration.client_id.clone()));
        match &self.registration.authentication {
            Authentication::Secret(secret) => client
                .set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()))
                .set_auth_type(AuthType::BasicAuth),
            Authentication::Public | Authentication::PrivateKey { .. } => {
                client.set_auth_type(AuthType::RequestBody)
            }
        }
    }

    /// Where the browser is sent to.
    pub fn authorization_url(&self, endpoints: &Endpoints, departure: Departure<'_>) -> Url {
        let client = self
            .oauth()
            .set_auth_uri(AuthUrl::from_url(endpoints.authorization.clone()))
            .set_redirect_uri(RedirectUrl::from_url(departure.redirect_uri.clone()));
        let verifier = PkceCodeVerifier::new(departure.verifier.to_owned());
        let state = CsrfToken::new(departure.state.to_owned());
        let scopes = self.registration.scopes.iter();
        let mut request = client
            .authorize_url(|| state)
            .add_scopes(scopes.map(|scope| Scope::new(scope.to_string())))
            .add_extra_param("aud", departure.issuer)
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        request = match departure.launch {
            Some(launch) => request
                .add_scope(Scope::new("launch".into()))
                .add_extra_param("launch", launch),
            None => request.add_scope(Scope::new("launch/patient".into())),
        };
        request.url().0
    }

    /// Exchanges a code.
    pub async fn exchange(
        &self,
        endpoints: &Endpoints,
        code: &str,
        verifier: &str,
        redirect_uri: &Url,
    ) -> Result<Access, LaunchProblem> {
        let client = self
            .oauth()
            .set_token_uri(TokenUrl::from_url(endpoints.token.clone()))
            .set_redirect_uri(RedirectUrl::from_url(redirect_uri.clone()));
        let mut request = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()));
        if let Some(key) = &self.key {
            let assertion = key
                .sign(&self.registration.client_id, &endpoints.token)
                .ok_or(LaunchProblem::Failed)?;
            request = request
                .add_extra_param("client_assertion_type", ASSERTION_TYPE)
                .add_extra_param("client_assertion", assertion);
        }
        // Life counts from before the question, so that ours never ends after the server's.
        let asked_at = Instant::now();
        let send = |request| self.send(&endpoints.token, request);
        let answer = request.request_async(&send).await.map_err(|error| {
            // Neither the answer nor its error text: they may hold a token.
            let (problem, cause) = match &error {
                RequestTokenError::Request(OutboundError::Timeout) => {
                    (LaunchProblem::TokenSlow, "no answer in time".to_owned())
                }
                RequestTokenError::Request(error) => {
                    (LaunchProblem::TokenFailed, error.to_string())
                }
                RequestTokenError::ServerResponse(answer) => (
                    LaunchProblem::TokenFailed,
                    oauth_error(answer.error()).to_owned(),
                ),
                RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
                    (LaunchProblem::TokenFailed, "no answer of OAuth".to_owned())
                }
            };
            tracing::warn!(cause, "the token endpoint gave no token");
            problem
        })?;
        Access::new(answer, &self.registration.scopes, asked_at)
    }

    /// Sends what the library made. It is a form, to the token endpoint and nowhere else.
    async fn send(&self, url: &Url, request: HttpRequest) -> Result<HttpResponse, OutboundError> {
        let (head, body) = request.into_parts();
        let mut headers = HeaderMap::new();
        for name in [header::ACCEPT, header::AUTHORIZATION] {
            if let Some(value) = head.headers.get(&name) {
                let mut value = value.clone();
                value.set_sensitive(name == header::AUTHORIZATION);
                headers.insert(name, value);
            }
        }
        let form: Vec<(String, String)> = url::form_urlencoded::parse(&body).into_owned().collect();
        let form: Vec<(&str, &str)> = form
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let Answer {
            status,
            content_type,
            body,
            ..
        } = self
            .outbound
            .post_form(url, headers, &form, limits())
            .await?;
        let mut response = Response::builder().status(status);
        if let Some(content_type) = content_type {
            response = response.header(header::CONTENT_TYPE, content_type);
        }
        // A status or header that came over HTTP is one.
        response
            .body(body.to_vec())
            .map_err(|_| OutboundError::Connection)
    }
}

fn limits() -> Limits<'static> {
    Limits {
        max_bytes: MAX_ANSWER_BYTES,
        shared: None,
        timeout: ANSWER_TIMEOUT,
    }
}

/// The error that a server reports, by the closed list of RFC 6749; its own words stay out of the log.
fn oauth_error(error: &BasicErrorResponseType) -> &'static str {
    match error {
        BasicErrorResponseType::InvalidClient => "invalid_client",
        BasicErrorResponseType::InvalidGrant => "invalid_grant",
        BasicErrorResponseType::InvalidRequest => "invalid_request",
        BasicErrorResponseType::InvalidScope => "invalid_scope",
        BasicErrorResponseType::UnauthorizedClient => "unauthorized_client",
        BasicErrorResponseType::UnsupportedGrantType => "unsupported_grant_type",
        BasicErrorResponseType::Extension(_) => "another error",
    }
}
