//! The guarded client: one request, one bounded answer.

use super::address::may_dial;
use super::resolve::{GuardedResolver, RefusedName};
use super::settings::{InvalidOutbound, OutboundSettings};
use bytes::Bytes;
use ipnet::IpNet;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Certificate, Identity, Proxy};
use secrecy::{ExposeSecret, SecretString};
use std::error::Error as StdError;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use url::{Host, Url};

/// Idle connections that are kept per host, and for how long.
const MAX_IDLE_PER_HOST: usize = 16;
const IDLE: Duration = Duration::from_secs(30);
/// Largest Retry-After that is believed; a day is for ever to a hook call, and far from overflowing a clock.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(86_400);

/// HTTP to the outside as one client's settings allow it. Cheap to share, holds the connection pool.
pub struct Outbound {
    http: reqwest::Client,
    allowed: Vec<IpNet>,
    allow_http: bool,
    slots: Semaphore,
}

/// Bounds of one request.
#[derive(Debug, Clone, Copy)]
pub struct Limits<'a> {
    /// Largest body in bytes, counted after inflation.
    pub max_bytes: usize,
    /// A further bound in bytes that several requests share.
    pub shared: Option<&'a Budget>,
    /// Time for all of it: waiting for a connection, connecting, the answer to its last byte.
    pub timeout: Duration,
}

/// Bytes that several requests may take together.
#[derive(Debug)]
pub struct Budget(AtomicUsize);

impl Budget {
    /// A budget of so many bytes.
    pub fn new(bytes: usize) -> Self {
        Self(AtomicUsize::new(bytes))
    }

    fn take(&self, bytes: usize) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(bytes)
            })
            .is_ok()
    }
}

/// What a server answered, whatever its status. A redirect is an answer like others: it is never followed.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Retry-After`, from seconds or from an HTTP date; at most a day.
    pub retry_after: Option<Duration>,
    /// The body, inflated.
    pub body: Bytes,
}

/// Why there is no answer. Says nothing about the URL, which may hold the id of a patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The URL itself is not allowed: scheme, user or password in it, no host.
    #[error("the URL is not allowed: {0}")]
    RefusedUrl(&'static str),
    /// The address, or every address of the name, is private and not allowed.
    #[error("the address is not public and not in allow_private_networks")]
    RefusedAddress,
    /// The name is not known, or nobody answered about it.
    #[error("the host name could not be resolved")]
    UnknownName,
    /// No connection, or one that broke.
    #[error("the connection failed")]
    Connection,
    /// The certificate of the server was not believed, or ours was refused.
    #[error("the TLS handshake failed")]
    Tls,
    /// Too late.
    #[error("no complete answer in time")]
    Timeout,
    /// The body is larger than allowed.
    #[error("the answer is larger than allowed")]
    TooLarge,
}

/// `Authorization` for a token, marked so that no log prints it; none when the token cannot stand in a header.
pub fn bearer(token: &SecretString) -> Option<HeaderValue> {
    let token = token.expose_secret();
    // RFC 6749 A.12: visible characters, so nothing that could begin another header.
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

impl Outbound {
    /// Reads the files that the settings name and makes the client.
    pub fn new(settings: &OutboundSettings) -> Result<Self, InvalidOutbound> {
        if settings.max_in_flight == 0 {
            return Err(InvalidOutbound::NothingInFlight);
        }
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("rrdtc/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .no_proxy()
            .connect_timeout(settings.connect_timeout)
            .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
            .pool_idle_timeout(IDLE)
            .dns_resolver(Arc::new(GuardedResolver {
                allowed: settings.allow_private_networks.clone(),
                proxy_host: settings
                    .proxy
                    .as_ref()
                    .and_then(|url| url.host_str())
                    .map(str::to_owned),
            }));
        if let Some(url) = &settings.proxy {
            if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
                return Err(InvalidOutbound::Proxy);
            }
            builder = builder.proxy(Proxy::all(url.clone()).map_err(|_| InvalidOutbound::Proxy)?);
        }
        if let Some(file) = &settings.ca_file {
            let not_pem = || InvalidOutbound::NotPem {
                file: file.clone(),
                expected: "certificates",
            };
            let authorities = Certificate::from_pem_bundle(&read(file)?).map_err(|_| not_pem())?;
            if authorities.is_empty() {
                return Err(not_pem());
            }
            builder = builder.tls_certs_only(authorities);
        }
        match (&settings.client_cert_file, &settings.client_key_file) {
            (None, None) => {}
            (Some(cert_file), Some(key_file)) => {
                let mut pem = read(key_file)?;
                pem.push(b'\n');
                pem.extend(read(cert_file)?);
                let identity = Identity::from_pem(&pem).map_err(|_| InvalidOutbound::NotPem {
                    file: cert_file.clone(),
                    expected: "a certificate, with its key in client_key_file,",
                })?;
                builder = builder.identity(identity);
            }
            _ => return Err(InvalidOutbound::HalfAnIdentity),
        }
        Ok(Self {
            http: builder.build().map_err(|_| InvalidOutbound::Tls)?,
            allowed: settings.allow_private_networks.clone(),
            allow_http: settings.allow_http,
            slots: Semaphore::new(settings.max_in_flight.min(Semaphore::MAX_PERMITS)),
        })
    }

    /// GET.
    pub async fn get(
        &self,
        url: &Url,
        headers: HeaderMap,
        limits: Limits<'_>,
    ) -> Result<Answer, OutboundError> {
        self.check(url)?;
        self.send(self.http.get(url.clone()).headers(headers), limits)
            .await
    }

    /// POST of an HTML form, as OAuth 2.0 token endpoints take it.
    pub async fn post_form(
        &self,
        url: &Url,
        headers: HeaderMap,
        form: &[(&str, &str)],
        limits: Limits<'_>,
    ) -> Result<Answer, OutboundError> {
        self.check(url)?;
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = self
            .http
            .post(url.clone())
            .headers(headers)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        self.send(request, limits).await
    }

    /// What the resolver never sees: the scheme, and an address in place of a name.
    fn check(&self, url: &Url) -> Result<(), OutboundError> {
        match url.scheme() {
            "https" => {}
            "http" if self.allow_http => {}
            "http" => return Err(OutboundError::RefusedUrl("http:// is not allowed")),
            _ => return Err(OutboundError::RefusedUrl("only https:// is allowed")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OutboundError::RefusedUrl("it holds a user or a password"));
        }
        let address = match url.host() {
            None => return Err(OutboundError::RefusedUrl("it has no host")),
            Some(Host::Domain(_)) => return Ok(()),
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
        };
        if may_dial(address, &self.allowed) {
            Ok(())
        } else {
            Err(OutboundError::RefusedAddress)
        }
    }

    async fn send(
        &self,
        request: reqwest::RequestBuilder,
        limits: Limits<'_>,
    ) -> Result<Answer, OutboundError> {
        let exchange = async {
            // The semaphore is never closed; the error stands for that.
            let _slot = (self.slots.acquire().await).map_err(|_| OutboundError::Connection)?;
            let mut response = request.send().await.map_err(why)?;
            let text = |name| {
                let value = response.headers().get(name)?;
                value.to_str().ok().map(str::to_owned)
            };
            let content_type = text(CONTENT_TYPE);
            let retry_after = text(RETRY_AFTER).and_then(|value| retry_after(&value));
            // A length that is stated and too large needs no reading. Of a compressed body the length is not stated here.
            let stated = response.content_length().unwrap_or(0);
            if stated > limits.max_bytes as u64 {
                return Err(OutboundError::TooLarge);
            }
            // The statement is not believed beyond what memory is worth before the first byte came.
            let mut body = Vec::with_capacity((stated as usize).min(1 << 20));
            while let Some(chunk) = response.chunk().await.map_err(why)? {
                let fits = body.len() + chunk.len() <= limits.max_bytes
                    && limits.shared.is_none_or(|shared| shared.take(chunk.len()));
                if !fits {
                    return Err(OutboundError::TooLarge);
                }
                body.extend_from_slice(&chunk);
            }
            Ok(Answer {
                status: response.status().as_u16(),
                content_type,
                retry_after,
                body: body.into(),
            })
        };
        tokio::time::timeout(limits.timeout, exchange)
            .await
            .unwrap_or(Err(OutboundError::Timeout))
    }
}

fn read(file: &Path) -> Result<Vec<u8>, InvalidOutbound> {
    std::fs::read(file).map_err(|error| InvalidOutbound::Unreadable {
        file: file.to_owned(),
        problem: error.to_string(),
    })
}

/// Our error for reqwest's, whose text would hold the URL.
fn why(error: reqwest::Error) -> OutboundError {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(&error);
    while let Some(current) = cause {
        if current.is::<RefusedName>() {
            return OutboundError::RefusedAddress;
        }
        if current.is::<rustls::Error>() {
            return OutboundError::Tls;
        }
        // An I/O error does not name what it wraps as its source.
        let io = current.downcast_ref::<std::io::Error>();
        cause = match io.and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => current.source(),
        };
    }
    if error.is_dns() {
        OutboundError::UnknownName
    } else if error.is_timeout() {
        OutboundError::Timeout
    } else {
        OutboundError::Connection
    }
}

/// Seconds, or an HTTP date (RFC 9110 section 10.2.3) that is turned into the time until then.
fn retry_after(value: &str) -> Option<Duration> {
    let value = value.trim();
    let wait = match value.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
            // A date in the past asks for no wait.
            Duration::try_from(at.duration_since(jiff::Timestamp::now())).unwrap_or_default()
        }
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::{MAX_RETRY_AFTER, bearer, retry_after};
    use std::time::Duration;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        for (value, expected) in [
            ("3", Some(Duration::from_secs(3))),
            (" 0 ", Some(Duration::ZERO)),
            ("99999999999", Some(MAX_RETRY_AFTER)),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Some(Duration::ZERO)),
            ("Fri, 01 Jan 2100 00:00:00 GMT", Some(MAX_RETRY_AFTER)),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(retry_after(value), expected, "{value}");
        }
    }

    #[test]
    fn a_token_that_could_end_its_header_is_no_token() {
        for (token, is_token) in [
            ("eyJhbGciOi.J9_-~+/=", true),
            ("", false),
            ("a b", false),
            ("a\r\nX-Other: b", false),
            ("1|a:b", true),
            ("a\tb", false),
            ("t\u{f6}ken", false),
        ] {
            assert_eq!(
                bearer(&token.to_owned().into()).is_some(),
                is_token,
                "{token}"
            );
        }
    }
}
