//! JWK Sets (RFC 7517): which public keys a client has, and for which algorithms each may be used.
//!
//! A key that cannot be used is left out and named by its place; it never fails the set. Left out are keys of another
//! type or curve, for another use (`use`, `key_ops`, `alg`), without `kid`, RSA keys outside 2048 to 8192 bits, keys
//! published with their private part (everybody can sign with those), and all keys that share one `kid`.

use super::refused::InvalidKeys;
use super::token::MAX_NAME_BYTES;
use super::{Algorithm, TrustedClient};
use jsonwebtoken::{DecodingKey, DecodingKeyKind, crypto};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use std::collections::{BTreeSet, HashMap};

/// Longest JWK Set in bytes.
pub const MAX_JWKS_BYTES: usize = 256 * 1024;

/// Most keys in a JWK Set, of whatever kind; a longer set is refused whole.
pub const MAX_KEYS: usize = 100;

const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// The usable keys of one client by `kid`.
pub(super) struct KeySet {
    keys: HashMap<String, VerificationKey>,
    /// Why each other key was left out: "key 2: ...", counted from 1.
    pub(super) left_out: Vec<String>,
    duplicate_kids: BTreeSet<String>,
}

/// A public key and the algorithms that it may be used with.
pub(super) struct VerificationKey {
    key: DecodingKey,
    algorithms: Vec<Algorithm>,
}

#[derive(Deserialize)]
struct WireSet<'a> {
    #[serde(borrow)]
    keys: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct WireKey {
    kty: Option<String>,
    #[serde(rename = "use")]
    public_key_use: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    kid: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    /// The private part, of EC and RSA alike.
    d: Option<IgnoredAny>,
}

impl KeySet {
    /// Reads a JWK Set.
    ///
    /// # Errors
    ///
    /// What is wrong with the whole: too large, not JSON, no array `keys`.
    pub(super) fn parse(json: &[u8]) -> Result<Self, String> {
        if json.len() > MAX_JWKS_BYTES {
            return Err(format!("it has more than {MAX_JWKS_BYTES} bytes"));
        }
        let wire: WireSet<'_> = serde_json::from_slice(json)
            .map_err(|error| format!("it is no JSON object with an array \"keys\" ({error})"))?;
        if wire.keys.len() > MAX_KEYS {
            return Err(format!("it has more than {MAX_KEYS} keys"));
        }
        let mut set = Self {
            keys: HashMap::new(),
            left_out: Vec::new(),
            duplicate_kids: BTreeSet::new(),
        };
        for (index, raw) in wire.keys.into_iter().enumerate() {
            let read = serde_json::from_str::<WireKey>(raw.get())
                .map_err(|_| "it is no JWK")
                .and_then(WireKey::read);
            match read {
                Ok((kid, key)) => {
                    if set.keys.insert(kid.clone(), key).is_some() {
                        set.duplicate_kids.insert(kid);
                    }
                }
                Err(why) => set.left_out.push(format!("key {}: {why}", index + 1)),
            }
        }
        // Which of them was meant cannot be told, so none is used.
        for kid in &set.duplicate_kids {
            set.keys.remove(kid);
            set.left_out
                .push(format!("kid {kid:?}: more than one key has it"));
        }
        Ok(set)
    }

    pub(super) fn get(&self, kid: &str) -> Option<&VerificationKey> {
        self.keys.get(kid)
    }

    /// Whether a key of the set can verify one of these algorithms.
    pub(super) fn can_verify(&self, algorithms: &[Algorithm]) -> bool {
        self.keys
            .values()
            .any(|key| algorithms.iter().any(|a| key.allows(*a)))
    }
}

impl WireKey {
    fn read(self) -> Result<(String, VerificationKey), &'static str> {
        if self.public_key_use.is_some_and(|it| it != "sig") {
            return Err("its use is not sig");
        }
        if self
            .key_ops
            .is_some_and(|operations| !operations.iter().any(|it| it == "verify"))
        {
            return Err("its key_ops are without verify");
        }
        if self.d.is_some() {
            return Err("its private part is published with it");
        }
        let kid = self
            .kid
            .filter(|kid| !kid.is_empty() && kid.len() <= MAX_NAME_BYTES)
            .ok_or("it has no kid, or a very long one")?;
        let (key, mut algorithms) = match (self.kty.as_deref(), self.crv.as_deref()) {
            (Some("EC"), Some("P-384")) => (elliptic(self.x, self.y, 48)?, vec![Algorithm::Es384]),
            (Some("EC"), Some("P-256")) => (elliptic(self.x, self.y, 32)?, vec![Algorithm::Es256]),
            (Some("EC"), _) => return Err("its curve is neither P-256 nor P-384"),
            (Some("RSA"), _) => (
                rsa(self.n, self.e)?,
                vec![Algorithm::Rs256, Algorithm::Rs384, Algorithm::Ps384],
            ),
            _ => return Err("its kty is neither EC nor RSA"),
        };
        if let Some(only) = self.alg {
            algorithms.retain(|algorithm| algorithm.as_str() == only);
            if algorithms.is_empty() {
                return Err("its alg is not known or not for its kind of key");
            }
        }
        Ok((kid, VerificationKey { key, algorithms }))
    }
}

fn elliptic(
    x: Option<String>,
    y: Option<String>,
    coordinate_bytes: usize,
) -> Result<DecodingKey, &'static str> {
    let (Some(x), Some(y)) = (x, y) else {
        return Err("x or y is absent");
    };
    let key = DecodingKey::from_ec_components(&x, &y).map_err(|_| "x or y is no base64url")?;
    // 0x04, then both coordinates. A point that is not on the curve never verifies anything.
    match key.try_get_as_bytes() {
        Ok(point) if point.len() == 1 + 2 * coordinate_bytes => Ok(key),
        _ => Err("x and y have not the length of its curve"),
    }
}

fn rsa(n: Option<String>, e: Option<String>) -> Result<DecodingKey, &'static str> {
    let (Some(n), Some(e)) = (n, e) else {
        return Err("n or e is absent");
    };
    let key = DecodingKey::from_rsa_components(&n, &e).map_err(|_| "n or e is no base64url")?;
    let bits = match key.kind() {
        DecodingKeyKind::RsaModulusExponent { n, .. } => significant_bits(n),
        DecodingKeyKind::SecretOrDer(_) => 0,
    };
    if RSA_BITS.contains(&bits) {
        Ok(key)
    } else {
        Err("its modulus has less than 2048 or more than 8192 bits")
    }
}

/// Bits of a big-endian number without its leading noughts.
fn significant_bits(number: &[u8]) -> usize {
    let noughts = number.iter().take_while(|byte| **byte == 0).count();
    let rest = &number[noughts..];
    rest.first()
        .map_or(0, |first| rest.len() * 8 - first.leading_zeros() as usize)
}

impl VerificationKey {
    pub(super) fn allows(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }

    /// Whether `signature` (base64url) is this key's for `signed`, by an algorithm that the key [allows](Self::allows).
    pub(super) fn verifies(&self, signed: &[u8], signature: &str, algorithm: Algorithm) -> bool {
        let backends = match algorithm {
            Algorithm::Es384 => jsonwebtoken::Algorithm::ES384,
            Algorithm::Rs384 => jsonwebtoken::Algorithm::RS384,
            Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
            Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
            Algorithm::Ps384 => jsonwebtoken::Algorithm::PS384,
        };
        crypto::verify(signature, signed, &self.key, backends).unwrap_or(false)
    }
}

/// The keys that the configuration itself holds. Stricter than a fetched set: a mistake here is the operator's to put
/// right, so one `kid` twice is an error, and so is a set without a key for the client's algorithms.
pub(super) fn pinned(client: &TrustedClient, json: &str) -> Result<KeySet, InvalidKeys> {
    let name = || client.name.clone();
    let set = KeySet::parse(json.as_bytes()).map_err(|cause| InvalidKeys::Unreadable {
        client: name(),
        cause,
    })?;
    if let Some(kid) = set.duplicate_kids.first() {
        return Err(InvalidKeys::DuplicateKid {
            client: name(),
            kid: kid.clone(),
        });
    }
    if !set.can_verify(&client.algorithms) {
        let algorithms: Vec<_> = client.algorithms.iter().map(|a| a.as_str()).collect();
        return Err(InvalidKeys::NoUsableKey {
            client: name(),
            algorithms: algorithms.join(", "),
            left_out: set.left_out,
        });
    }
    Ok(set)
}

/// `jsonwebtoken` has no cryptographic backend of its own, and one that is not there shows only at the first use, as a
/// panic: so it is chosen here, and a known ES384 signature must verify and an altered message must not.
pub(super) fn check_backend() -> Result<(), InvalidKeys> {
    const KEY: &str = r#"{"keys":[{"kty":"EC","crv":"P-384","kid":"known",
        "x":"OP9-wB7G1tKh4cwAAgHIKigvd_Xfosiqmdl-pBaREvg3D01-sLFaPbYVWWe-zn1S",
        "y":"EMV-ucSztiCbSaDqSvNkx0SEp5fuo45ZxKYOkbDkwoU9zblq92OUL9QUk3SmkDrU"}]}"#;
    const SIGNATURE: &str = "jUzrqdrOK9tQBz0dabFzzaicvDw9XfN6U58-wbcEn0Q96fTWue-_u0M2DqH4grmDGikApqH25FngAJDnF04zPSEdld7P8U0hRIZ_jB4Os4vuRo5EKByxzwbmqwFD0-oe";
    // An error says that one was chosen before; the check below tells whether that one works.
    let _ = crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    let set = KeySet::parse(KEY.as_bytes()).map_err(|_| InvalidKeys::Backend)?;
    let key = set.get("known").ok_or(InvalidKeys::Backend)?;
    let verifies = |message: &[u8]| key.verifies(message, SIGNATURE, Algorithm::Es384);
    if verifies(b"rrdtc self-check") && !verifies(b"rrdtc self-chock") {
        Ok(())
    } else {
        Err(InvalidKeys::Backend)
    }
}

#[cfg(test)]
mod tests {
    use super::significant_bits;

    #[test]
    fn leading_noughts_do_not_make_a_modulus_longer() {
        assert_eq!(significant_bits(&[]), 0);
        assert_eq!(significant_bits(&[0, 0]), 0);
        assert_eq!(significant_bits(&[0, 0x80, 0]), 16);
        assert_eq!(significant_bits(&[0x01, 0]), 9);
    }
}
