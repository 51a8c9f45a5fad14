//! Where an issuer's authorization server is: `{iss}/.well-known/smart-configuration`, believed only as far as it is configured.
//!
//! Source: SMART App Launch 2.2, "Authorization Server Metadata"; RFC 8414 for the names.

use super::problem::LaunchProblem;
use serde::Deserialize;
use url::Url;

/// The endpoints of an authorization server, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Where the browser goes.
    pub authorization: Url,
    /// Where the code is exchanged.
    pub token: Url,
    /// How the server names itself in `iss` of its answers, if it does.
    issuer: Option<String>,
    /// Whether it promises to name itself.
    names_itself: bool,
}

#[derive(Deserialize)]
struct Document {
    authorization_endpoint: String,
    token_endpoint: String,
    issuer: Option<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    code_challenge_methods_supported: Option<Vec<String>>,
}

impl Endpoints {
    /// Reads the document of an issuer. Endpoints elsewhere than at its own origin or one of the others are refused: our
    /// secret and the user's code go there.
    pub fn read(
        json: &[u8],
        issuer: &Url,
        other_origins: &[Url],
        allow_http: bool,
    ) -> Result<Self, LaunchProblem> {
        let document: Document =
            serde_json::from_slice(json).map_err(|_| LaunchProblem::DiscoveryFailed)?;
        // A server of SMART 1 does not say; one that lists methods and lacks this one would leave the code unprotected.
        let knows_s256 = document
            .code_challenge_methods_supported
            .is_none_or(|methods| methods.iter().any(|method| method == "S256"));
        if !knows_s256 {
            return Err(LaunchProblem::DiscoveryFailed);
        }
        let endpoint = |text: &str| {
            let url = Url::parse(text).map_err(|_| LaunchProblem::DiscoveryFailed)?;
            let is_secure = url.scheme() == "https" || allow_http && url.scheme() == "http";
            let is_known = std::iter::once(issuer)
                .chain(other_origins)
                .any(|known| known.origin() == url.origin());
            let is_plain =
                url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
            if is_secure && is_known && is_plain {
                Ok(url)
            } else {
                Err(LaunchProblem::ForeignEndpoint)
            }
        };
        Ok(Self {
            authorization: endpoint(&document.authorization_endpoint)?,
            token: endpoint(&document.token_endpoint)?,
            issuer: document.issuer,
            names_itself: document.authorization_response_iss_parameter_supported,
        })
    }

    /// Whether an answer that names this issuer, or none, may be from this server (RFC 9207).
    pub fn is_answer_of(&self, iss: Option<&str>) -> bool {
        match (iss, &self.issuer) {
            (Some(iss), Some(issuer)) => iss == issuer,
            (None, Some(_)) => !self.names_itself,
            // A server without a name cannot be told from others by it.
            (_, None) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn endpoints_stand_at_configured_origins_only() {
        let issuer: Url = "https://ehr.example.org/fhir".parse().unwrap();
        let others = ["https://login.example.org".parse().unwrap()];
        use LaunchProblem::{DiscoveryFailed, ForeignEndpoint};
        for (token, allow_http, expected) in [
            ("https://ehr.example.org/token", false, None),
            ("https://EHR.example.org:443/token?x=y", false, None),
            ("https://login.example.org/token", false, None),
            (
                "https://login.example.org:8443/token",
                false,
                Some(ForeignEndpoint),
            ),
            (
                "https://login.example.org.evil.example/",
                false,
                Some(ForeignEndpoint),
            ),
            (
                "https://login.example.org@evil.example/",
                false,
                Some(ForeignEndpoint),
            ),
            (
                "https://a:b@login.example.org/token",
                false,
                Some(ForeignEndpoint),
            ),
            ("http://ehr.example.org/token", false, Some(ForeignEndpoint)),
            ("http://ehr.example.org/token", true, Some(ForeignEndpoint)),
            (
                "https://169.254.169.254/token",
                false,
                Some(ForeignEndpoint),
            ),
            ("/token", false, Some(DiscoveryFailed)),
            ("", false, Some(DiscoveryFailed)),
        ] {
            for (first, second) in [
                (token, "https://ehr.example.org/a"),
                ("https://ehr.example.org/a", token),
            ] {
                let document = json!({ "authorization_endpoint": first, "token_endpoint": second, "more": 1.5 });
                let read = Endpoints::read(
                    document.to_string().as_bytes(),
                    &issuer,
                    &others,
                    allow_http,
                );
                assert_eq!(read.err(), expected, "{token}");
            }
        }
    }

    #[test]
    fn a_document_without_what_is_needed_is_none() {
        let issuer: Url = "https://ehr.example.org/fhir".parse().unwrap();
        let whole = json!({
            "authorization_endpoint": "https://ehr.example.org/a", "token_endpoint": "https://ehr.example.org/t",
            "code_challenge_methods_supported": ["S256"],
        });
        let read = |document: &serde_json::Value| {
            Endpoints::read(document.to_string().as_bytes(), &issuer, &[], false)
        };
        assert!(read(&whole).is_ok());
        for member in ["authorization_endpoint", "token_endpoint"] {
            let mut document = whole.clone();
            document.as_object_mut().unwrap().remove(member);
            assert_eq!(read(&document), Err(LaunchProblem::DiscoveryFailed));
            document[member] = json!(1);
            assert_eq!(read(&document), Err(LaunchProblem::DiscoveryFailed));
        }
        let mut plain = whole.clone();
        plain["code_challenge_methods_supported"] = json!(["plain"]);
        assert_eq!(read(&plain), Err(LaunchProblem::DiscoveryFailed));
        for text in ["", "<html>", "[]", "null"] {
            assert!(Endpoints::read(text.as_bytes(), &issuer, &[], false).is_err());
        }
    }

    #[test]
    fn an_answer_names_its_server_where_that_has_a_name() {
        let issuer: Url = "https://ehr.example.org/fhir".parse().unwrap();
        for (name, promises, iss, expected) in [
            (Some("https://as"), false, Some("https://as"), true),
            (Some("https://as"), false, Some("https://other"), false),
            (Some("https://as"), false, None, true),
            (Some("https://as"), true, None, false),
            (None, false, Some("https://other"), true),
            (None, false, None, true),
        ] {
            let document = json!({
                "authorization_endpoint": "https://ehr.example.org/a", "token_endpoint": "https://ehr.example.org/t",
                "issuer": name, "authorization_response_iss_parameter_supported": promises,
            });
            let endpoints =
                Endpoints::read(document.to_string().as_bytes(), &issuer, &[], false).unwrap();
            assert_eq!(
                endpoints.is_answer_of(iss),
                expected,
                "{name:?} {promises} {iss:?}"
            );
        }
    }
}
