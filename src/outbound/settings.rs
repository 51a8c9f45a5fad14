//! What can be configured about outbound HTTP, and what is wrong with it.

use ipnet::IpNet;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// Settings of one [`super::Outbound`].
#[derive(Clone)]
pub struct OutboundSettings {
    /// PEM file with the certificate authorities to believe. Given: these and no others. None: those of the system.
    pub ca_file: Option<PathBuf>,
    /// PEM file with our certificate (chain) for mutual TLS.
    pub client_cert_file: Option<PathBuf>,
    /// PEM file with its private key.
    pub client_key_file: Option<PathBuf>,
    /// Proxy (`http://` or `https://`) for every request. The proxy resolves the names then, so the check of resolved
    /// addresses cannot happen here: the proxy must refuse private networks. Literal addresses in URLs are still checked.
    pub proxy: Option<Url>,
    /// Networks that are not public but may be dialled.
    pub allow_private_networks: Vec<IpNet>,
    /// Whether `http://` is allowed beside `https://`.
    pub allow_http: bool,
    /// Time for a connection with its TLS handshake.
    pub connect_timeout: Duration,
    /// Requests at one time, and so connections; more wait.
    pub max_in_flight: usize,
}

impl Default for OutboundSettings {
    fn default() -> Self {
        Self {
            ca_file: None,
            client_cert_file: None,
            client_key_file: None,
            proxy: None,
            allow_private_networks: Vec::new(),
            allow_http: false,
            connect_timeout: Duration::from_secs(1),
            max_in_flight: 64,
        }
    }
}

// By hand: the URL of a proxy may hold a password.
impl fmt::Debug for OutboundSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundSettings")
            .field("ca_file", &self.ca_file)
            .field("client_cert_file", &self.client_cert_file)
            .field("client_key_file", &self.client_key_file)
            .field("proxy", &self.proxy.as_ref().map(|url| url.host_str()))
            .field("allow_private_networks", &self.allow_private_networks)
            .field("allow_http", &self.allow_http)
            .field("connect_timeout", &self.connect_timeout)
            .field("max_in_flight", &self.max_in_flight)
            .finish()
    }
}

/// Settings with which no client can be made.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidOutbound {
    /// A file cannot be read.
    #[error("{} cannot be read: {problem}", file.display())]
    Unreadable {
        /// File.
        file: PathBuf,
        /// What the system says.
        problem: String,
    },
    /// A file holds something else than it should.
    #[error("{} must hold {expected} as PEM", file.display())]
    NotPem {
        /// File.
        file: PathBuf,
        /// What should be in it.
        expected: &'static str,
    },
    /// A certificate without its key, or the reverse.
    #[error("client_cert_file and client_key_file must be given together")]
    HalfAnIdentity,
    /// The proxy is no `http://` or `https://` URL.
    #[error("proxy must be an http:// or https:// URL with a host")]
    Proxy,
    /// No request could ever be sent.
    #[error("max_in_flight must be at least 1")]
    NothingInFlight,
    /// The certificates do not fit together, or the system has none.
    #[error(
        "TLS cannot be set up: check the CA file, the client certificate and its key, or the system's certificates"
    )]
    Tls,
}
