//! The apps that may be launched.

use secrecy::{ExposeSecret, SecretString};
use std::str::FromStr;
use url::{Host, Url};

/// An app that the authorization server knows.
#[derive(Debug, Clone)]
pub struct SmartClient {
    /// `client_id`.
    pub id: String,
    /// Where its users are sent back to, compared letter by letter; what begins with a slash is within the sandbox.
    pub redirect_uris: Vec<String>,
    /// Its secret; none: a public client.
    pub secret: Option<SecretString>,
}

/// `ID=REDIRECT_URI`, or `ID:SECRET=REDIRECT_URI`.
impl FromStr for SmartClient {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "expected ID=REDIRECT_URI or ID:SECRET=REDIRECT_URI";
        let (name, redirect) = text.split_once('=').ok_or(form)?;
        let (id, secret) = match name.split_once(':') {
            Some((id, secret)) if !secret.is_empty() => (id, Some(secret.to_owned().into())),
            Some(_) => return Err(form.into()),
            None => (name, None),
        };
        let is_url = Url::parse(redirect).is_ok_and(|url| is_redirect(&url));
        if id.is_empty() || !is_url {
            return Err(format!(
                "{form}, the address http:// or https:// and without a fragment"
            ));
        }
        Ok(Self {
            id: id.to_owned(),
            redirect_uris: vec![redirect.to_owned()],
            secret,
        })
    }
}

fn is_redirect(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.fragment().is_none()
}

/// Why users are not sent anywhere: only a page tells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnknownClient {
    /// Register it.
    #[error(
        "this client_id is not registered here; apps that are not may only send users back to this machine (localhost)"
    )]
    Client,
    /// Correct one of the two.
    #[error("redirect_uri is not the one that is registered for this client_id")]
    Redirect,
}

/// The registered apps.
#[derive(Debug, Default)]
pub struct Clients(pub Vec<SmartClient>);

impl Clients {
    /// Where users of a client are sent back to. A client that is not registered is let in as a public one when it runs on this
    /// machine: that is what a developer tries.
    pub fn redirect(
        &self,
        id: &str,
        redirect_uri: &str,
        base_url: &str,
    ) -> Result<Url, UnknownClient> {
        let is_same = |uri: &String| match uri.starts_with('/') {
            true => redirect_uri.strip_prefix(base_url) == Some(uri),
            false => redirect_uri == uri,
        };
        let url = Url::parse(redirect_uri)
            .ok()
            .filter(is_redirect)
            .ok_or(UnknownClient::Redirect)?;
        match self.registered(id) {
            Some(client) if client.redirect_uris.iter().any(is_same) => Ok(url),
            Some(_) => Err(UnknownClient::Redirect),
            None if is_loopback(&url) => Ok(url),
            None => Err(UnknownClient::Client),
        }
    }

    fn registered(&self, id: &str) -> Option<&SmartClient> {
        self.0.iter().find(|client| client.id == id)
    }

    /// Whether a client proves to be the one that it says: a confidential one by its secret, a public one by having none.
    pub fn is_authentic(&self, id: &str, secret: Option<&str>) -> bool {
        match self
            .registered(id)
            .and_then(|client| client.secret.as_ref())
        {
            Some(expected) => {
                use sha2::{Digest, Sha256};
                // Digests: their comparison tells nothing of the secret by its time.
                secret.is_some_and(|secret| {
                    Sha256::digest(secret) == Sha256::digest(expected.expose_secret())
                })
            }
            None => secret.is_none_or(str::is_empty),
        }
    }
}

/// Whether a URL means this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Clients, SmartClient, UnknownClient};

    fn clients() -> Clients {
        Clients(vec![
            "app=https://app.example.org/callback".parse().unwrap(),
            "backend:s3cret=https://app.example.org/b".parse().unwrap(),
            SmartClient {
                id: "own".into(),
                redirect_uris: vec!["/smart/callback".into()],
                secret: None,
            },
        ])
    }

    #[test]
    fn users_are_sent_only_where_the_client_is() {
        for (id, redirect, expected) in [
            ("app", "https://app.example.org/callback", Ok(())),
            (
                "app",
                "https://app.example.org/callback/x",
                Err(UnknownClient::Redirect),
            ),
            (
                "app",
                "http://localhost:1/callback",
                Err(UnknownClient::Redirect),
            ),
            ("own", "http://127.0.0.1:8080/smart/callback", Ok(())),
            ("own", "/smart/callback", Err(UnknownClient::Redirect)),
            (
                "own",
                "http://127.0.0.1:8081/smart/callback",
                Err(UnknownClient::Redirect),
            ),
            ("other", "http://localhost:1234/callback", Ok(())),
            ("other", "http://127.0.0.1/callback", Ok(())),
            (
                "other",
                "https://evil.example.org/callback",
                Err(UnknownClient::Client),
            ),
            (
                "other",
                "http://localhost.example.org/",
                Err(UnknownClient::Client),
            ),
            ("other", "javascript:alert(1)", Err(UnknownClient::Redirect)),
            ("other", "http://localhost/#a", Err(UnknownClient::Redirect)),
            ("other", "", Err(UnknownClient::Redirect)),
        ] {
            let base = "http://127.0.0.1:8080";
            let found = clients().redirect(id, redirect, base).map(|_| ());
            assert_eq!(found, expected, "{id} {redirect}");
        }
    }

    #[test]
    fn a_confidential_client_shows_its_secret() {
        for (id, secret, expected) in [
            ("backend", Some("s3cret"), true),
            ("backend", Some("wrong"), false),
            ("backend", None, false),
            ("app", None, true),
            ("app", Some("x"), false),
            ("other", None, true),
        ] {
            assert_eq!(
                clients().is_authentic(id, secret),
                expected,
                "{id} {secret:?}"
            );
        }
        assert!("x".parse::<SmartClient>().is_err());
        assert!("x=ftp://a".parse::<SmartClient>().is_err());
    }
}
