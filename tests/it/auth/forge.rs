//! Keys made for this run, tokens of any shape, and a stand-in for the address of a key set.

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use rrdtc::auth::{Authenticator, JwksSource, JwksUnavailable, Keys, TrustedClient, UsedTokens};
use serde_json::{Value, json};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use tokio::sync::Semaphore;
use url::Url;

/// 2023-11-14T22:13:20Z.
pub const NOW: i64 = 1_700_000_000;
pub const ENDPOINT: &str = "https://cds.example.org/cds-services/rr-dtc";
pub const ISSUER: &str = "https://ehr.example.org";
pub const JKU: &str = "https://ehr.example.org/jwks.json";

pub static P384: LazyLock<KeyPair> =
    LazyLock::new(|| KeyPair::elliptic("p384", &rcgen::PKCS_ECDSA_P384_SHA384, "ES384"));
pub static P256: LazyLock<KeyPair> =
    LazyLock::new(|| KeyPair::elliptic("p256", &rcgen::PKCS_ECDSA_P256_SHA256, "ES256"));
pub static RSA: LazyLock<KeyPair> = LazyLock::new(|| {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA384).unwrap();
    let private = EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes()).unwrap();
    KeyPair::of("rsa", private, "RS384", pair.public_key_pem())
});

pub fn now() -> jiff::Timestamp {
    after(0)
}

pub fn after(seconds: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(NOW + seconds).unwrap()
}

pub struct KeyPair {
    pub kid: String,
    pub alg: String,
    pub private: EncodingKey,
    /// The public key, with `kid` and `use`, without `alg`.
    pub jwk: Value,
    pub public_pem: String,
}

impl KeyPair {
    pub fn elliptic(kid: &str, curve: &'static rcgen::SignatureAlgorithm, alg: &str) -> Self {
        let pair = rcgen::KeyPair::generate_for(curve).unwrap();
        let private = EncodingKey::from_ec_der(pair.serialized_der());
        Self::of(kid, private, alg, pair.public_key_pem())
    }

    /// The same key under another `kid`, published with `alg`.
    pub fn pinned_to(kid: &str, pair: &Self, alg: &str) -> Self {
        let mut same = Self::of(kid, pair.private.clone(), alg, pair.public_pem.clone());
        same.jwk["alg"] = json!(alg);
        same
    }

    fn of(kid: &str, private: EncodingKey, alg: &str, public_pem: String) -> Self {
        let jwk = Jwk::from_encoding_key(&private, alg.parse().unwrap()).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk.as_object_mut().unwrap().remove("alg");
        jwk["kid"] = json!(kid);
        jwk["use"] = json!("sig");
        Self {
            kid: kid.into(),
            alg: alg.into(),
            private,
            jwk,
            public_pem,
        }
    }
}

pub fn key_set(pairs: &[&KeyPair]) -> String {
    let keys: Vec<&Value> = pairs.iter().map(|pair| &pair.jwk).collect();
    json!({ "keys": keys }).to_string()
}

/// A client with the defaults and one pinned key.
pub fn client() -> TrustedClient {
    TrustedClient::new("ehr", ISSUER, Keys::Static(key_set(&[&P384])))
}

/// The same client with its keys at [`JKU`].
pub fn remote_client() -> TrustedClient {
    TrustedClient::new("ehr", ISSUER, Keys::Jku(Url::parse(JKU).unwrap()))
}

pub fn authenticator(clients: Vec<TrustedClient>) -> Authenticator {
    with_source(clients, &Arc::new(Served::none()))
}

pub fn with_source(clients: Vec<TrustedClient>, source: &Arc<Served>) -> Authenticator {
    let source = Arc::clone(source) as Arc<dyn JwksSource>;
    Authenticator::new(clients, source, UsedTokens::in_memory(1000)).unwrap()
}

pub fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

pub fn header(pair: &KeyPair) -> Value {
    json!({"alg": pair.alg, "typ": "JWT", "kid": pair.kid})
}

pub fn signed(pair: &KeyPair, claims: Value) -> String {
    signed_as(pair, &pair.alg, claims)
}

/// With this algorithm, in the header and in fact.
pub fn signed_as(pair: &KeyPair, alg: &str, claims: Value) -> String {
    let header = json!({"alg": alg, "typ": "JWT", "kid": pair.kid}).to_string();
    signed_text(&header, &claims.to_string(), &pair.private, alg)
}

/// Whatever the header says, signed with the pair's own algorithm.
pub fn sign(header: &str, claims: &str, pair: &KeyPair) -> String {
    signed_text(header, claims, &pair.private, &pair.alg)
}

pub fn sign_symmetric(header: &str, claims: &str, alg: &str, secret: &str) -> String {
    signed_text(
        header,
        claims,
        &EncodingKey::from_secret(secret.as_bytes()),
        alg,
    )
}

fn signed_text(header: &str, claims: &str, key: &EncodingKey, alg: &str) -> String {
    let alg: Algorithm = alg.parse().unwrap();
    let message = format!(
        "{}.{}",
        base64url(header.as_bytes()),
        base64url(claims.as_bytes())
    );
    let signature = crypto::sign(message.as_bytes(), key, alg).unwrap();
    format!("{message}.{signature}")
}

pub fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .fold(0u32, |all, byte| all << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for digit in 0..=chunk.len() {
            text.push(DIGITS[(bits >> (18 - 6 * digit) & 63) as usize] as char);
        }
    }
    text
}

/// The address of a key set: what it answers can be changed, every fetch is counted, and it can be made to wait.
pub struct Served {
    answer: Mutex<Option<Vec<u8>>>,
    fetched: AtomicUsize,
    gate: Semaphore,
}

impl Served {
    /// Down.
    pub fn none() -> Self {
        Self {
            answer: Mutex::new(None),
            fetched: AtomicUsize::new(0),
            gate: Semaphore::new(usize::MAX >> 4),
        }
    }

    pub fn keys(pairs: &[&KeyPair]) -> Arc<Self> {
        let served = Self::none();
        served.serve(key_set(pairs));
        Arc::new(served)
    }

    /// Answers only once [`Served::open`] was called.
    pub fn shut(pairs: &[&KeyPair]) -> Arc<Self> {
        let served = Self {
            gate: Semaphore::new(0),
            ..Self::none()
        };
        served.serve(key_set(pairs));
        Arc::new(served)
    }

    pub fn open(&self) {
        self.gate.add_permits(1000);
    }

    pub fn serve(&self, answer: impl Into<Vec<u8>>) {
        *self.answer.lock().unwrap() = Some(answer.into());
    }

    pub fn down(&self) {
        *self.answer.lock().unwrap() = None;
    }

    pub fn fetches(&self) -> usize {
        self.fetched.load(Ordering::SeqCst)
    }
}

impl JwksSource for Served {
    fn fetch<'a>(
        &'a self,
        url: &'a Url,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, JwksUnavailable>> + Send + 'a>> {
        assert_eq!(
            url.as_str(),
            JKU,
            "only the configured address is contacted"
        );
        self.fetched.fetch_add(1, Ordering::SeqCst);
        Box::pin(async {
            let _permit = self.gate.acquire().await.unwrap();
            let answer = self.answer.lock().unwrap().clone();
            answer.ok_or_else(|| JwksUnavailable("connection refused".into()))
        })
    }
}
