//! What the authorization server remembers: launches, requests that wait for the user, codes, tokens. In memory, each for a
//! while and only so many. The time is an argument.

use super::super::expiring::Expiring;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant};
use url::Url;
use uuid::Uuid;

/// How long a code can be exchanged.
pub const CODE_LIFE: Duration = Duration::from_secs(60);

/// How long a token is good for.
pub const TOKEN_LIFE: Duration = Duration::from_secs(3_600);

/// What an app was opened with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// Id of the patient whose chart is open.
    pub patient: String,
    /// The user, `Type/id`.
    pub user: String,
    /// What the card wants the app to know.
    pub app_context: Option<String>,
}

/// An authorization request that was found good and waits for the user.
#[derive(Debug, Clone)]
pub struct Pending {
    /// `client_id`.
    pub client: String,
    /// Where the user is sent back to.
    pub redirect_uri: Url,
    /// The same as it was written: it must come again.
    pub redirect_as_written: String,
    /// `state`, given back as it came.
    pub state: String,
    /// What is granted when the user allows it.
    pub scopes: String,
    /// `code_challenge`, S256.
    pub challenge: String,
    /// What the app was opened with.
    pub launch: Option<Launch>,
}

/// What a token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Scopes.
    pub scopes: String,
    /// The patient in context.
    pub patient: Option<String>,
    /// What the card wants the app to know.
    pub app_context: Option<String>,
}

#[derive(Debug)]
struct Code {
    issued: Instant,
    client: String,
    redirect_as_written: String,
    challenge: String,
    grant: Grant,
    /// The token that it was exchanged for.
    used_for: Option<String>,
}

/// Why a code is not exchanged; all are `invalid_grant` to the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotExchanged {
    /// Never given, or long ago.
    #[error("the code is not known")]
    Unknown,
    /// Older than a minute.
    #[error("the code has expired")]
    Expired,
    /// Exchanged before: the token of that time ends, too.
    #[error("the code was used before")]
    Replayed,
    /// For another client.
    #[error("the code was given to another client")]
    Client,
    /// Not the redirect_uri of the request.
    #[error("redirect_uri is not that of the authorization request")]
    Redirect,
    /// The verifier does not fit the challenge.
    #[error("code_verifier does not fit the code_challenge")]
    Verifier,
}

/// The memory.
#[derive(Debug)]
pub struct Grants {
    launches: Expiring<Launch>,
    pending: Expiring<Pending>,
    codes: Expiring<Code>,
    tokens: Expiring<Grant>,
}

impl Default for Grants {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        Self {
            launches: Expiring::new(5_000, minutes(60)),
            pending: Expiring::new(1_000, minutes(10)),
            // Longer than they can be exchanged, so that a replay is noticed.
            codes: Expiring::new(1_000, minutes(10)),
            tokens: Expiring::new(5_000, TOKEN_LIFE),
        }
    }
}

/// A name that nobody can guess.
fn secret() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

impl Grants {
    /// Keeps a launch and gives its id.
    pub fn launch(&mut self, launch: Launch, now: Instant) -> String {
        let id = secret();
        self.launches.insert(id.clone(), launch, now);
        id
    }

    /// The launch of an id. An app may ask again: people reload pages.
    pub fn launched(&self, id: &str, now: Instant) -> Option<&Launch> {
        self.launches.get(id, now)
    }

    /// Keeps a request until the user has decided, and gives its id.
    pub fn wait(&mut self, pending: Pending, now: Instant) -> String {
        let id = secret();
        self.pending.insert(id.clone(), pending, now);
        id
    }

    /// A request that waits.
    pub fn waiting(&self, id: &str, now: Instant) -> Option<&Pending> {
        self.pending.get(id, now)
    }

    /// Takes a request out: the user has decided.
    pub fn decided(&mut self, id: &str, now: Instant) -> Option<Pending> {
        self.pending.remove(id, now)
    }

    /// A code for an allowed request.
    pub fn code(&mut self, pending: &Pending, patient: Option<String>, now: Instant) -> String {
        let code = secret();
        let grant = Grant {
            scopes: pending.scopes.clone(),
            patient,
            app_context: pending.launch.as_ref().and_then(|l| l.app_context.clone()),
        };
        let kept = Code {
            issued: now,
            client: pending.client.clone(),
            redirect_as_written: pending.redirect_as_written.clone(),
            challenge: pending.challenge.clone(),
            grant,
            used_for: None,
        };
        self.codes.insert(code.clone(), kept, now);
        code
    }

    /// Exchanges a code for a token, once. Whoever tries twice, or with the wrong verifier, ends it for everybody.
    pub fn exchange(
        &mut self,
        code: &str,
        client: &str,
        redirect_uri: &str,
        verifier: &str,
        now: Instant,
    ) -> Result<(String, Grant), NotExchanged> {
        let kept = self.codes.get_mut(code, now).ok_or(NotExchanged::Unknown)?;
        let problem = if let Some(token) = kept.used_for.take() {
            self.tokens.remove(&token, now);
            Some(NotExchanged::Replayed)
        } else if now.duration_since(kept.issued) >= CODE_LIFE {
            Some(NotExchanged::Expired)
        } else if kept.client != client {
            Some(NotExchanged::Client)
        } else if kept.redirect_as_written != redirect_uri {
            Some(NotExchanged::Redirect)
        } else if challenge_of(verifier) != kept.challenge {
            Some(NotExchanged::Verifier)
        } else {
            None
        };
        if let Some(problem) = problem {
            self.codes.remove(code, now);
            return Err(problem);
        }
        let token = secret();
        kept.used_for = Some(token.clone());
        let grant = kept.grant.clone();
        self.tokens.insert(token.clone(), grant.clone(), now);
        Ok((token, grant))
    }

    /// What a token stands for.
    pub fn grant(&self, token: &str, now: Instant) -> Option<&Grant> {
        self.tokens.get(token, now)
    }
}

/// The S256 challenge of a verifier (RFC 7636, 4.2).
fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REDIRECT: &str = "http://localhost/callback";
    // RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn issued(grants: &mut Grants, now: Instant) -> String {
        let pending = Pending {
            client: "app".into(),
            redirect_uri: REDIRECT.parse().unwrap(),
            redirect_as_written: REDIRECT.into(),
            state: "s".into(),
            scopes: "patient/*.rs".into(),
            challenge: CHALLENGE.into(),
            launch: Some(Launch {
                patient: "p".into(),
                user: "Practitioner/u".into(),
                app_context: Some("context".into()),
            }),
        };
        grants.code(&pending, Some("p".into()), now)
    }

    #[test]
    fn a_code_is_exchanged_once_and_within_a_minute() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut grants = Grants::default();
        for (client, redirect, verifier, second, expected) in [
            ("app", REDIRECT, VERIFIER, 59, None),
            ("app", REDIRECT, VERIFIER, 60, Some(NotExchanged::Expired)),
            ("other", REDIRECT, VERIFIER, 1, Some(NotExchanged::Client)),
            (
                "app",
                "http://localhost/",
                VERIFIER,
                1,
                Some(NotExchanged::Redirect),
            ),
            ("app", REDIRECT, CHALLENGE, 1, Some(NotExchanged::Verifier)),
            ("app", REDIRECT, "", 1, Some(NotExchanged::Verifier)),
        ] {
            let code = issued(&mut grants, start);
            let exchanged = grants.exchange(&code, client, redirect, verifier, after(second));
            assert_eq!(exchanged.err(), expected, "{client} {redirect} {verifier}");
        }
        let unknown = grants.exchange("x", "app", REDIRECT, VERIFIER, start);
        assert_eq!(unknown, Err(NotExchanged::Unknown));
    }

    #[test]
    fn a_code_used_twice_ends_its_token() {
        let now = Instant::now();
        let mut grants = Grants::default();
        let code = issued(&mut grants, now);
        let (token, grant) = grants
            .exchange(&code, "app", REDIRECT, VERIFIER, now)
            .unwrap();
        assert_eq!(grant.app_context.as_deref(), Some("context"));
        assert_eq!(grants.grant(&token, now), Some(&grant));
        let again = grants.exchange(&code, "app", REDIRECT, VERIFIER, now);
        assert_eq!(again, Err(NotExchanged::Replayed));
        assert_eq!(grants.grant(&token, now), None);
        let third = grants.exchange(&code, "app", REDIRECT, VERIFIER, now);
        assert_eq!(third, Err(NotExchanged::Unknown));
    }

    #[test]
    fn a_wrong_verifier_cannot_be_tried_again() {
        let now = Instant::now();
        let mut grants = Grants::default();
        let code = issued(&mut grants, now);
        let guess = |grants: &mut Grants, verifier| {
            grants.exchange(&code, "app", REDIRECT, verifier, now).err()
        };
        assert_eq!(guess(&mut grants, "guess"), Some(NotExchanged::Verifier));
        assert_eq!(guess(&mut grants, VERIFIER), Some(NotExchanged::Unknown));
    }

    #[test]
    fn a_token_ends_after_an_hour() {
        let now = Instant::now();
        let mut grants = Grants::default();
        let code = issued(&mut grants, now);
        let (token, _) = grants
            .exchange(&code, "app", REDIRECT, VERIFIER, now)
            .unwrap();
        let seconds = Duration::from_secs;
        assert!(grants.grant(&token, now + seconds(3_599)).is_some());
        assert!(grants.grant(&token, now + seconds(3_600)).is_none());
    }
}
