//! The FHIR bases that a client may name, and whether a URL lies inside one of them.

use percent_encoding::percent_decode_str;
use url::Url;

/// Configured bases of one client.
#[derive(Debug)]
pub(super) struct Bases(Vec<Url>);

/// A base that cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a FHIR base must be an http(s) URL without user, query, fragment and encoded separators")]
pub struct InvalidBase;

impl Bases {
    pub(super) fn new(bases: &[Url]) -> Result<Self, InvalidBase> {
        let is_base = |url: &Url| {
            matches!(url.scheme(), "http" | "https")
                && url.query().is_none()
                && url.fragment().is_none()
                && is_plain(url)
        };
        if bases.iter().all(is_base) {
            Ok(Self(bases.to_vec()))
        } else {
            Err(InvalidBase)
        }
    }

    /// Where in the configuration the base stands that a URL lies in: same scheme, host and port, and a path that begins
    /// with the base's, whole segments compared. The URL type has resolved `..` and made the host lower case before.
    pub(super) fn position(&self, url: &Url) -> Option<usize> {
        if !is_plain(url) {
            return None;
        }
        self.0.iter().position(|base| {
            base.scheme() == url.scheme()
                && base.host() == url.host()
                && base.port_or_known_default() == url.port_or_known_default()
                && url
                    .path()
                    .strip_prefix(base.path().trim_end_matches('/'))
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Url> {
        self.0.iter()
    }
}

/// No user, and a path that every server reads as it is written: nothing encoded that could be a separator, a dot or another
/// encoding, and no `;`, before which some servers cut a segment (`..;`).
fn is_plain(url: &Url) -> bool {
    url.username().is_empty()
        && url.password().is_none()
        && !url.path().contains(';')
        && url.path().split('/').all(|segment| {
            !segment.contains('%')
                || percent_decode_str(segment).all(|byte| {
                    !matches!(byte, b'/' | b'\\' | b'%' | b';') && !byte.is_ascii_control()
                }) && !percent_decode_str(segment).all(|byte| byte == b'.')
        })
}

/// A base joined with what follows it: a relative query, or a link as a server wrote it.
pub(super) fn below(base: &Url, relative: &str) -> Option<Url> {
    let base = base.as_str().trim_end_matches('/');
    let url = Url::parse(&format!("{base}/{relative}")).ok()?;
    url.fragment().is_none().then_some(url)
}

/// The URL that a link means; a relative one is relative to the base (FHIR R4, Bundle.link).
pub(super) fn linked(base: &Url, link: &str) -> Option<Url> {
    let mut url = below(base, "")?.join(link).ok()?;
    url.set_fragment(None);
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::{Bases, linked};
    use url::Url;

    #[test]
    fn a_url_is_inside_a_base_or_it_is_not() {
        let bases = Bases::new(&[
            "https://ehr.example.org/fhir/r4".parse().unwrap(),
            "https://second.example.org:8443/".parse().unwrap(),
        ])
        .unwrap();
        for (url, expected) in [
            ("https://ehr.example.org/fhir/r4", Some(0)),
            ("https://ehr.example.org/fhir/r4/", Some(0)),
            (
                "https://EHR.example.org:443/fhir/r4/Condition?x=../..",
                Some(0),
            ),
            ("https://ehr.example.org/fhir/r4?_getpages=a%2Fb", Some(0)),
            ("https://ehr.example.org/fhir/r4/Patient/a%20b", Some(0)),
            ("https://second.example.org:8443/x", Some(1)),
            ("http://ehr.example.org/fhir/r4/", None),
            ("https://ehr.example.org:8443/fhir/r4/", None),
            ("https://ehr.example.org.evil.example/fhir/r4/", None),
            ("https://evil.example/fhir/r4/", None),
            ("https://user@ehr.example.org/fhir/r4/", None),
            ("https://ehr.example.org@evil.example/fhir/r4/", None),
            ("https://ehr.example.org/fhir/r45/Patient", None),
            ("https://ehr.example.org/fhir/", None),
            ("https://ehr.example.org/fhir/R4/", None),
            ("https://ehr.example.org/fhir/r4/../admin", None),
            ("https://ehr.example.org/fhir/r4/%2e%2e/admin", None),
            ("https://ehr.example.org/fhir/r4/..%2fadmin", None),
            ("https://ehr.example.org/fhir/r4/%252e%252e/admin", None),
            ("https://ehr.example.org/fhir/r4/..%5cadmin", None),
            ("https://ehr.example.org/fhir/r4/..;/admin", None),
            ("https://ehr.example.org/fhir/r4/..%3b/admin", None),
            ("https://ehr.example.org/fhir/r4\\..\\admin", None),
            ("https://ehr.example.org/fhir/r4/a%00b", None),
            ("https://second.example.org/x", None),
        ] {
            assert_eq!(bases.position(&url.parse().unwrap()), expected, "{url}");
        }
        for base in [
            "ftp://ehr.example.org/",
            "https://user:pw@ehr.example.org/",
            "https://ehr.example.org/?a=b",
            "https://ehr.example.org/#a",
        ] {
            assert!(Bases::new(&[base.parse().unwrap()]).is_err(), "{base}");
        }
    }

    #[test]
    fn a_link_is_relative_to_the_base() {
        let base: Url = "https://ehr.example.org/fhir/r4".parse().unwrap();
        for (link, expected) in [
            (
                "Condition?page=2",
                "https://ehr.example.org/fhir/r4/Condition?page=2",
            ),
            ("?page=2", "https://ehr.example.org/fhir/r4/?page=2"),
            ("/fhir/r4/x#frag", "https://ehr.example.org/fhir/r4/x"),
            ("//evil.example/x", "https://evil.example/x"),
            ("https://evil.example/x", "https://evil.example/x"),
        ] {
            assert_eq!(linked(&base, link).unwrap().as_str(), expected, "{link}");
        }
    }
}
