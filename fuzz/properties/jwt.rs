//! An `Authorization` header: a caller is believed only when the trusted key signed exactly these claims.
//!
//! The first byte of the input says who signs, the rest is the header of the token, a line end and its claims. With `r` the
//! rest is the whole `Authorization` header, which nobody has signed.

use super::now;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::FutureExt;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use rrdtc::auth::{
    Authenticator, Caller, JwksSource, JwksUnavailable, Keys, Refused, Replay, Tenants,
    TrustedClient, UsedTokens,
};
use serde_json::{Value, json};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use url::Url;

const ENDPOINT: &str = "https://cds.example.org/cds-services/rr-dtc-patient-view";
const ISSUER: &str = "https://ehr.example.org";
const KEY_ID: &str = "ours";

struct Key {
    private: EncodingKey,
    published: Value,
}

/// Made anew in each run: no private key lies in the tree.
fn key() -> Key {
    let _ = crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).expect("a key pair");
    let document = pair.to_pkcs8v1().expect("PKCS#8");
    let private = EncodingKey::from_ec_der(document.as_ref());
    let public = Jwk::from_encoding_key(&private, Algorithm::ES384).expect("a JWK");
    let mut published = serde_json::to_value(public).expect("JSON");
    published["kid"] = json!(KEY_ID);
    published["use"] = json!("sig");
    Key { private, published }
}

static OURS: LazyLock<Key> = LazyLock::new(key);
static ANOTHER: LazyLock<Key> = LazyLock::new(key);

static AUTHENTICATOR: LazyLock<Authenticator> = LazyLock::new(|| {
    let keys = json!({ "keys": [OURS.published] }).to_string();
    let mut client = TrustedClient::new("ehr", ISSUER, Keys::Static(keys));
    client.tenants = Tenants::Any;
    client.replay = Replay::Allow;
    Authenticator::new(vec![client], Arc::new(Nowhere), UsedTokens::in_memory(1))
        .expect("one client with one key")
});

/// No key set is fetched: the keys are pinned.
struct Nowhere;

impl JwksSource for Nowhere {
    fn fetch<'a>(
        &'a self,
        _: &'a Url,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, JwksUnavailable>> + Send + 'a>> {
        panic!("a token made the service fetch a key set");
    }
}

pub fn check(input: &[u8]) {
    let Some((who, rest)) = input.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(rest) else {
        return;
    };
    if *who == b'r' {
        check_refused(text, &authenticate(text));
        return;
    }
    let (header, claims) = text.split_once('\n').unwrap_or((text, ""));
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let sign = |key: &EncodingKey, algorithm| {
        crypto::sign(message.as_bytes(), key, algorithm).expect("a signature")
    };
    let bearer = |signature: &str| format!("Bearer {message}.{signature}");
    match who {
        b's' => {
            let token = bearer(&sign(&OURS.private, Algorithm::ES384));
            match authenticate(&token) {
                Ok(caller) => check_believed(&caller, header, claims),
                Err(refused) => check_refused(&token, &Err(refused)),
            }
        }
        b'a' => {
            let token = bearer(&sign(&ANOTHER.private, Algorithm::ES384));
            check_refused(&token, &authenticate(&token));
        }
        // The public key taken for a shared secret.
        b'h' => {
            let secret = EncodingKey::from_secret(OURS.published.to_string().as_bytes());
            let token = bearer(&sign(&secret, Algorithm::HS384));
            check_refused(&token, &authenticate(&token));
        }
        b'n' => {
            let token = bearer("");
            check_refused(&token, &authenticate(&token));
        }
        // Signed by us, and one bit of the signature turned.
        _ => {
            let signature = sign(&OURS.private, Algorithm::ES384);
            let mut bytes = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
            let at = usize::from(*who) % bytes.len();
            bytes[at] ^= 1 << (who % 8);
            let token = bearer(&URL_SAFE_NO_PAD.encode(bytes));
            check_refused(&token, &authenticate(&token));
        }
    }
}

fn authenticate(header: &str) -> Result<Caller, Refused> {
    AUTHENTICATOR
        .authenticate(Some(header), ENDPOINT, now())
        .now_or_never()
        .expect("pinned keys and no replay store: nothing to wait for")
}

fn check_refused(token: &str, result: &Result<Caller, Refused>) {
    match result {
        Ok(caller) => panic!("believed without our signature: {caller:?}"),
        Err(refused) => {
            let told = refused.to_string();
            assert!(!told.is_empty());
            // What a log holds of a token never lets anybody use it.
            if let Some((_, signature)) = token.rsplit_once('.') {
                assert!(signature.len() < 64 || !told.contains(signature));
            }
        }
    }
}

/// The claims, read once more without the service's code.
fn check_believed(caller: &Caller, header: &str, claims: &str) {
    let header: Value = serde_json::from_str(header).expect("a believed header is JSON");
    let claims: Value = serde_json::from_str(claims).expect("believed claims are JSON");
    let now = now().as_second();
    assert_eq!(header["alg"], "ES384");
    assert_eq!(header["kid"], KEY_ID);
    assert!(header.get("crit").is_none_or(Value::is_null), "{header}");
    assert_eq!(claims["iss"], ISSUER);
    assert_eq!((caller.client, caller.issuer.as_str()), (0, ISSUER));
    assert_eq!(caller.tenant.as_deref(), claims["tenant"].as_str());
    let audience = &claims["aud"];
    let several = audience
        .as_array()
        .is_some_and(|all| all.iter().any(|one| one == ENDPOINT));
    assert!(audience == ENDPOINT || several, "{audience}");
    let seconds = |name: &str| claims[name].as_i64().expect("whole seconds");
    assert!(now < seconds("exp").saturating_add(60));
    assert!(seconds("iat") <= now + 60);
    assert!((1..=3600).contains(&seconds("exp").saturating_sub(seconds("iat"))));
    assert!(claims["jti"].as_str().is_some_and(|jti| !jti.is_empty()));
}

/// A token that must be believed, so that refusing all is no way to pass.
#[allow(dead_code)]
pub fn check_one_is_believed() {
    let now = now().as_second();
    let header = json!({ "alg": "ES384", "typ": "JWT", "kid": KEY_ID });
    let claims =
        json!({ "iss": ISSUER, "aud": ENDPOINT, "exp": now + 300, "iat": now, "jti": "one" });
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let signature =
        crypto::sign(message.as_bytes(), &OURS.private, Algorithm::ES384).expect("a signature");
    let caller = authenticate(&format!("Bearer {message}.{signature}")).expect("a good token");
    check_believed(&caller, &header.to_string(), &claims.to_string());
}
