//! A token as it came, before anything of it is believed: its form, and the checks of its claims.
//!
//! The clock is an argument, which is why the claims are checked here and not by `jsonwebtoken`'s `Validation` (it reads
//! the system's clock); the signature is checked by that crate, with an algorithm that the key allows.

use super::keys::KeySet;
use super::refused::{RefusalReason, Refused};
use super::{Algorithm, Tenants, TrustedClient};
use jiff::Timestamp;
use jsonwebtoken::dangerous::insecure_decode_claims;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use url::Url;

/// Longest token in bytes; a longer one is refused before it is decoded.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// Longest `iss`, `tenant`, `jti` and `kid` in bytes (the longest `jti` known to us, Inferno's, has 64).
pub const MAX_NAME_BYTES: usize = 256;

/// A well-formed token with every required member. Nothing in it is believed yet.
pub(super) struct UnverifiedToken<'a> {
    /// `header.payload`, the bytes under the signature.
    signed: &'a str,
    signature: &'a str,
    alg: String,
    kid: String,
    jku: Option<String>,
    issuer: String,
    audience: Audience,
    expires: i64,
    issued: i64,
    not_before: Option<i64>,
    jti: String,
    tenant: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: Option<String>,
    typ: Option<String>,
    kid: Option<String>,
    jku: Option<String>,
    crit: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    aud: Option<Audience>,
    exp: Option<i64>,
    iat: Option<i64>,
    nbf: Option<i64>,
    jti: Option<String>,
    tenant: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn members(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(several) => several,
        }
    }
}

impl<'a> UnverifiedToken<'a> {
    /// Reads the value of an `Authorization` header.
    pub(super) fn read(authorization: Option<&'a str>) -> Result<Self, Refused> {
        let token = bearer(authorization).ok_or_else(|| {
            Refused::before_claims(
                RefusalReason::NoToken,
                "there is no Authorization: Bearer header",
            )
        })?;
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Refused::before_claims(
                RefusalReason::Oversized,
                format!("the token has {} bytes", token.len()),
            ));
        }
        let malformed = |detail| Refused::before_claims(RefusalReason::Malformed, detail);
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed("the token has not three parts"));
        };
        let signed = &token[..header.len() + 1 + payload.len()];
        let header: Header =
            decode(header).ok_or_else(|| malformed("header is not as it must be"))?;
        let claims: Claims = decode(payload).ok_or_else(|| {
            malformed("claims are not as they must be (whole seconds, strings, none twice)")
        })?;
        Self::assemble(signed, signature, header, claims)
    }

    fn assemble(
        signed: &'a str,
        signature: &'a str,
        header: Header,
        claims: Claims,
    ) -> Result<Self, Refused> {
        let refuse = |reason, detail: &str| Refused {
            issuer: claims.iss.as_deref().map(shortened),
            tenant: claims.tenant.as_deref().map(shortened),
            jti: claims.jti.as_deref().map(shortened),
            ..Refused::before_claims(reason, detail)
        };
        let missing = |name| refuse(RefusalReason::MissingClaim, &format!("{name} is absent"));

        let typ = header.typ.ok_or_else(|| missing("header typ"))?;
        // A media type: RFC 7515 compares it without case.
        if !typ.eq_ignore_ascii_case("JWT") {
            return Err(refuse(RefusalReason::WrongType, "header typ is not JWT"));
        }
        if header.crit.is_some() {
            return Err(refuse(
                RefusalReason::Malformed,
                "header crit asks for an extension, and none is known",
            ));
        }
        let alg = header.alg.ok_or_else(|| missing("header alg"))?;
        let kid = header.kid.ok_or_else(|| missing("header kid"))?;
        let issuer = claims.iss.clone().ok_or_else(|| missing("iss"))?;
        let jti = claims.jti.clone().ok_or_else(|| missing("jti"))?;
        let expires = claims.exp.ok_or_else(|| missing("exp"))?;
        let issued = claims.iat.ok_or_else(|| missing("iat"))?;
        for (name, value) in [
            ("header kid", Some(&kid)),
            ("iss", Some(&issuer)),
            ("jti", Some(&jti)),
            ("tenant", claims.tenant.as_ref()),
        ] {
            if value.is_some_and(|value| value.is_empty() || value.len() > MAX_NAME_BYTES) {
                return Err(refuse(
                    RefusalReason::Malformed,
                    &format!("{name} is empty or longer than {MAX_NAME_BYTES} bytes"),
                ));
            }
        }
        let Some(audience) = claims.aud else {
            return Err(missing("aud"));
        };
        Ok(Self {
            signed,
            signature,
            alg,
            kid,
            jku: header.jku,
            issuer,
            audience,
            expires,
            issued,
            not_before: claims.nbf,
            jti,
            tenant: claims.tenant,
        })
    }

    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    pub(super) fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    pub(super) fn jti(&self) -> &str {
        &self.jti
    }

    pub(super) fn kid(&self) -> &str {
        &self.kid
    }

    /// The second from which on this token is refused as expired: its `jti` must be kept until then.
    pub(super) fn of_no_use_from(&self, client: &TrustedClient) -> i64 {
        self.expires
            .saturating_add(i64::from(client.leeway_seconds))
    }

    pub(super) fn refused(&self, reason: RefusalReason, detail: impl Into<Box<str>>) -> Refused {
        Refused {
            issuer: Some(self.issuer.as_str().into()),
            tenant: self.tenant.as_deref().map(Box::from),
            jti: Some(self.jti.as_str().into()),
            ..Refused::before_claims(reason, detail)
        }
    }

    pub(super) fn check_audience(
        &self,
        client: &TrustedClient,
        endpoint_url: &str,
    ) -> Result<(), Refused> {
        let fits = |audience: &String| {
            audience == endpoint_url || client.audience_override.as_ref() == Some(audience)
        };
        if self.audience.members().iter().any(fits) {
            return Ok(());
        }
        let mut expected = endpoint_url.to_owned();
        if let Some(other) = &client.audience_override {
            expected.push_str(" or ");
            expected.push_str(other);
        }
        Err(Refused {
            expected_audience: Some(expected.into()),
            received_audience: Some(shortened(&self.audience.members().join(" "))),
            ..self.refused(
                RefusalReason::WrongAudience,
                "aud is not the URL that was called",
            )
        })
    }

    pub(super) fn check_times(
        &self,
        client: &TrustedClient,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let now = now.as_second();
        let leeway = i64::from(client.leeway_seconds);
        if now >= self.of_no_use_from(client) {
            let ago = now.saturating_sub(self.expires);
            return Err(self.refused(
                RefusalReason::Expired,
                format!("exp passed {ago} seconds ago"),
            ));
        }
        for (name, time) in [("nbf", self.not_before), ("iat", Some(self.issued))] {
            if let Some(ahead) = time
                .map(|time| time.saturating_sub(now))
                .filter(|s| *s > leeway)
            {
                return Err(self.refused(
                    RefusalReason::NotYetValid,
                    format!("{name} is {ahead} seconds ahead of this clock"),
                ));
            }
        }
        let lifetime = self.expires.saturating_sub(self.issued);
        if lifetime <= 0 || lifetime > i64::from(client.max_lifetime_seconds) {
            return Err(self.refused(
                RefusalReason::Lifetime,
                format!(
                    "exp is {lifetime} seconds after iat, accepted are 1 to {}",
                    client.max_lifetime_seconds
                ),
            ));
        }
        Ok(())
    }

    pub(super) fn check_tenant(&self, client: &TrustedClient) -> Result<(), Refused> {
        let detail = match (&client.tenants, &self.tenant) {
            (Tenants::Any, _) | (Tenants::None, None) => return Ok(()),
            (Tenants::Listed(tenants), Some(tenant)) if tenants.contains(tenant) => return Ok(()),
            (Tenants::None, Some(_)) => "the client has no tenants, and the token names one",
            (Tenants::Listed(_), None) => "the client has tenants, and the token names none",
            (Tenants::Listed(_), Some(_)) => "the token's tenant is not one of the client's",
        };
        Err(self.refused(RefusalReason::WrongTenant, detail))
    }

    /// Whether the client may use this algorithm at all: before its keys are looked for.
    pub(super) fn check_algorithm(&self, client: &TrustedClient) -> Result<Algorithm, Refused> {
        Algorithm::from_name(&self.alg)
            .filter(|algorithm| client.algorithms.contains(algorithm))
            .ok_or_else(|| {
                self.refused(
                    RefusalReason::Algorithm,
                    "the signature algorithm is not accepted from this client",
                )
            })
    }

    pub(super) fn check_jku(&self, configured: &Url) -> Result<(), Refused> {
        match &self.jku {
            Some(jku) if Url::parse(jku).ok().as_ref() != Some(configured) => Err(self.refused(
                RefusalReason::UnlistedJku,
                "the header's jku is not the client's configured address (it was not contacted)",
            )),
            _ => Ok(()),
        }
    }

    /// By the key of this token's `kid`, with the token's algorithm, which the client allows and the key must allow.
    pub(super) fn check_signature(
        &self,
        algorithm: Algorithm,
        set: &KeySet,
    ) -> Result<(), Refused> {
        let key = set.get(&self.kid).ok_or_else(|| self.unknown_kid())?;
        if !key.allows(algorithm) {
            return Err(self.refused(
                RefusalReason::Algorithm,
                "the key is not for the token's signature algorithm",
            ));
        }
        if key.verifies(self.signed.as_bytes(), self.signature, algorithm) {
            Ok(())
        } else {
            Err(self.refused(
                RefusalReason::BadSignature,
                "the signature does not verify with the client's key",
            ))
        }
    }

    pub(super) fn unknown_kid(&self) -> Refused {
        self.refused(
            RefusalReason::UnknownKey,
            "no usable key of the client has the token's kid",
        )
    }
}

/// The token of a Bearer header; the scheme's case is free (RFC 9110).
fn bearer(authorization: Option<&str>) -> Option<&str> {
    let (scheme, token) = authorization?.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("Bearer") && !token.is_empty()).then_some(token)
}

/// One part of a token. `jsonwebtoken` opens only the middle part of a whole token, so each part is given to it as that.
fn decode<T: DeserializeOwned>(part: &str) -> Option<T> {
    insecure_decode_claims(format!(".{part}.")).ok()
}

/// What a log may hold of a value that nobody has vouched for.
fn shortened(text: &str) -> Box<str> {
    text[..text.floor_char_boundary(MAX_NAME_BYTES)].into()
}
