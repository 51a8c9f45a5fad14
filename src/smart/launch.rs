//! One launch: its id, which is no secret, the secret that only the browser's cookie holds, and the state that the secret signs.

use aws_lc_rs::hmac;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::fmt;

/// A launch must be back from the authorization server within this time, seconds.
pub const STATE_SECONDS: i64 = 600;

/// Life of the cookie, seconds: the time to come back and that of the assessment.
const COOKIE_SECONDS: i64 = STATE_SECONDS + super::kept::KEPT_SECONDS;

/// Names a launch in addresses and in the name of its cookie. The first half is a hash of the issuer, so that a browser that
/// has lost its cookie can still be told where to begin again; the second is random. Whoever knows it can do nothing with it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LaunchId([u8; 16]);

/// What the cookie of a launch holds: 32 random bytes.
#[derive(Clone)]
pub struct Secret([u8; 32]);

/// The system gives no random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no random numbers to be had from the system")]
pub struct NoRandomness;

/// A state as it came back, nothing believed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnverifiedState {
    /// The launch that it says it belongs to.
    pub launch: LaunchId,
    expires_at: i64,
    signature: [u8; 32],
}

/// Why a state does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedState {
    /// Signed with another secret, or changed.
    Forged,
    /// Too late.
    Expired,
}

/// What the secret is used for. Each purpose has a key of its own.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    State,
    Verifier,
    Name,
    Encryption,
}

impl LaunchId {
    /// A new launch from this issuer.
    pub fn new(issuer: &str) -> Result<Self, NoRandomness> {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&tag(issuer));
        aws_lc_rs::rand::fill(&mut bytes[8..]).map_err(|_| NoRandomness)?;
        Ok(Self(bytes))
    }

    /// From an address: 32 hexadecimal digits in lower case.
    pub fn parse(text: &str) -> Option<Self> {
        bytes_of(text).map(Self)
    }

    /// Whether the launch began at this issuer.
    pub fn is_from(&self, issuer: &str) -> bool {
        self.0[..8] == tag(issuer)
    }

    fn cookie_name(&self) -> String {
        format!("__Host-rrdtc-{self}")
    }
}

impl fmt::Display for LaunchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for LaunchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LaunchId({self})")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(...)")
    }
}

impl Secret {
    /// A new one.
    pub fn new() -> Result<Self, NoRandomness> {
        let mut bytes = [0; 32];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
        Ok(Self(bytes))
    }

    /// From the `Cookie` headers of a request: the cookie of this launch, and of no other.
    pub fn from_cookies<'h>(
        headers: impl Iterator<Item = &'h str>,
        launch: &LaunchId,
    ) -> Option<Self> {
        let name = launch.cookie_name();
        headers
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(cookie, _)| *cookie == name)
            .find_map(|(_, value)| bytes_of(value))
            .map(Self)
    }

    /// `Set-Cookie` for this launch. `None` and `Partitioned`, because EHRs show apps in frames: the cookie is then sent in
    /// that frame, and only below that EHR's page.
    pub fn set_cookie(&self, launch: &LaunchId) -> String {
        cookie(launch, &hex(&self.0), COOKIE_SECONDS)
    }

    /// The state of a launch that begins now.
    pub fn state(&self, launch: &LaunchId, now: Timestamp) -> String {
        let expires_at = now.as_second() + STATE_SECONDS;
        let signature = self.derive(Purpose::State, &signed_text(launch, expires_at));
        format!("{launch}.{expires_at}.{}", hex(&signature))
    }

    /// The PKCE verifier of a launch: 64 characters of those that RFC 7636 allows.
    pub fn verifier(&self, launch: &LaunchId) -> String {
        hex(&self.derive(Purpose::Verifier, &launch.to_string()))
    }

    pub(super) fn derive(&self, purpose: Purpose, text: &str) -> [u8; 32] {
        let tag = hmac::sign(&self.key(), &purpose.with(text));
        let mut derived = [0; 32];
        // SHA-256: as long.
        derived.copy_from_slice(tag.as_ref());
        derived
    }

    /// HMAC with a random key is a pseudorandom function: with the purpose before the text, each use has a key of its own.
    fn key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.0)
    }
}

impl Purpose {
    fn with(self, text: &str) -> Vec<u8> {
        let label = match self {
            Self::State => "state",
            Self::Verifier => "pkce verifier",
            Self::Name => "name of the kept",
            Self::Encryption => "key of the kept",
        };
        format!("{label}\n{text}").into_bytes()
    }
}

/// `Set-Cookie` that takes the cookie of a launch away.
pub fn clear_cookie(launch: &LaunchId) -> String {
    cookie(launch, "", 0)
}

fn cookie(launch: &LaunchId, value: &str, seconds: i64) -> String {
    format!(
        "{}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=None; Partitioned",
        launch.cookie_name()
    )
}

impl UnverifiedState {
    /// Takes a state apart; none when it has not the form of one.
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let state = Self {
            launch: LaunchId::parse(parts.next()?)?,
            expires_at: parts.next()?.parse().ok()?,
            signature: bytes_of(parts.next()?)?,
        };
        parts.next().is_none().then_some(state)
    }

    /// When the secret signed it and it is not too late: the second from which on it no longer counts.
    pub fn verify(&self, secret: &Secret, now: Timestamp) -> Result<i64, RefusedState> {
        let text = signed_text(&self.launch, self.expires_at);
        hmac::verify(&secret.key(), &Purpose::State.with(&text), &self.signature)
            .map_err(|_| RefusedState::Forged)?;
        if now.as_second() < self.expires_at {
            Ok(self.expires_at)
        } else {
            Err(RefusedState::Expired)
        }
    }
}

fn signed_text(launch: &LaunchId, expires_at: i64) -> String {
    format!("{launch}.{expires_at}")
}

/// Half of a SHA-256 is enough to tell configured issuers apart.
fn tag(issuer: &str) -> [u8; 8] {
    let digest: [u8; 32] = Sha256::digest(issuer.trim_end_matches('/')).into();
    let mut tag = [0; 8];
    tag.copy_from_slice(&digest[..8]);
    tag
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Exactly so many bytes from hexadecimal digits in lower case.
fn bytes_of<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let text = text.as_bytes();
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://ehr.example.org/fhir";

    fn now() -> Timestamp {
        "2026-11-20T12:00:00Z".parse().expect("an instant")
    }

    #[test]
    fn a_state_counts_for_its_secret_and_time_only() {
        let launch = LaunchId::new(ISSUER).unwrap();
        let (secret, other) = (Secret::new().unwrap(), Secret::new().unwrap());
        let text = secret.state(&launch, now());
        let state = UnverifiedState::read(&text).unwrap();
        assert_eq!(state.launch, launch);
        let at = |seconds: i64| now() + jiff::SignedDuration::from_secs(seconds);
        assert!(state.verify(&secret, at(0)).is_ok());
        assert!(state.verify(&secret, at(599)).is_ok());
        assert_eq!(state.verify(&secret, at(600)), Err(RefusedState::Expired));
        assert_eq!(state.verify(&other, at(0)), Err(RefusedState::Forged));

        // Every character is either needed or none that a state has.
        for position in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[position] = if changed[position] == b'1' {
                b'2'
            } else {
                b'1'
            };
            let changed = String::from_utf8(changed).unwrap();
            let outcome = UnverifiedState::read(&changed).map(|state| state.verify(&secret, at(0)));
            assert!(
                matches!(outcome, None | Some(Err(RefusedState::Forged))),
                "{changed}"
            );
        }
        for text in [
            "",
            "a.b.c",
            &format!("{text}.x"),
            &text[1..],
            "..",
            &text.to_uppercase(),
        ] {
            assert_eq!(UnverifiedState::read(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_derived_differs_by_purpose_launch_and_secret() {
        let (secret, other) = (Secret::new().unwrap(), Secret::new().unwrap());
        let mut seen = std::collections::BTreeSet::new();
        for secret in [&secret, &other] {
            for text in ["a", "b"] {
                for purpose in [
                    Purpose::State,
                    Purpose::Verifier,
                    Purpose::Name,
                    Purpose::Encryption,
                ] {
                    assert!(seen.insert(secret.derive(purpose, text)));
                }
            }
        }
        assert_eq!(seen.len(), 16);
    }

    #[test]
    fn a_cookie_is_found_by_its_launch() {
        let (launch, other) = (
            LaunchId::new(ISSUER).unwrap(),
            LaunchId::new(ISSUER).unwrap(),
        );
        let (secret, second) = (Secret::new().unwrap(), Secret::new().unwrap());
        let pair = |cookie: String| cookie.split(';').next().unwrap().to_owned();
        let header = format!(
            "a=b; {}; {}",
            pair(secret.set_cookie(&launch)),
            pair(second.set_cookie(&other))
        );
        let found =
            |launch| Secret::from_cookies([header.as_str()].into_iter(), launch).map(|s| s.0);
        assert_eq!(found(&launch), Some(secret.0));
        assert_eq!(found(&other), Some(second.0));
        assert_eq!(found(&LaunchId::new(ISSUER).unwrap()), None);
        assert!(clear_cookie(&launch).contains("Max-Age=0;"));
    }

    #[test]
    fn a_launch_knows_its_issuer() {
        let launch = LaunchId::new(ISSUER).unwrap();
        assert!(launch.is_from(ISSUER) && launch.is_from(&format!("{ISSUER}/")));
        assert!(!launch.is_from("https://other.example.org/fhir"));
        assert_eq!(LaunchId::parse(&launch.to_string()), Some(launch));
        assert_ne!(LaunchId::new(ISSUER).unwrap(), launch);
    }
}
