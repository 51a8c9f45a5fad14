//! Tokens of a CDS client, good and bad.

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

/// Who calls, and the key that proves it.
pub struct Signer {
    pub issuer: String,
    pub kid: String,
    pub algorithm: Algorithm,
    key: EncodingKey,
}

impl Signer {
    pub fn elliptic(issuer: &str, kid: &str, pem: &str) -> Self {
        Self {
            issuer: issuer.into(),
            kid: kid.into(),
            algorithm: Algorithm::ES384,
            key: EncodingKey::from_ec_pem(pem.as_bytes()).unwrap(),
        }
    }

    pub fn rsa(issuer: &str, kid: &str, pem: &str) -> Self {
        Self {
            issuer: issuer.into(),
            kid: kid.into(),
            algorithm: Algorithm::RS384,
            key: EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap(),
        }
    }

    /// The public key, as a client publishes it.
    pub fn jwk(&self) -> Value {
        let jwk = Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk["kid"] = json!(self.kid);
        jwk["use"] = json!("sig");
        jwk
    }

    pub fn header(&self) -> Value {
        json!({ "alg": format!("{:?}", self.algorithm), "typ": "JWT", "kid": self.kid })
    }

    /// The claims of a good token for this URL.
    pub fn claims(&self, audience: &str) -> Value {
        let now = jiff::Timestamp::now().as_second();
        json!({ "iss": self.issuer, "aud": audience, "iat": now, "exp": now + 300, "jti": uuid::Uuid::new_v4().to_string() })
    }

    /// A good token for this URL.
    pub fn token(&self, audience: &str) -> String {
        self.sign(&self.header(), &self.claims(audience))
    }

    /// Signs what the header says with our own algorithm, whatever the header says of it.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        signed(header, claims, &self.key, self.algorithm)
    }
}

/// A token under a shared secret: HS256, which no service may accept.
pub fn symmetric(header: &Value, claims: &Value, secret: &[u8]) -> String {
    signed(
        header,
        claims,
        &EncodingKey::from_secret(secret),
        Algorithm::HS256,
    )
}

/// A token without a signature.
pub fn unsigned(claims: &Value) -> String {
    let header = json!({ "alg": "none", "typ": "JWT" });
    format!("{}.{}.", encoded(&header), encoded(claims))
}

fn signed(header: &Value, claims: &Value, key: &EncodingKey, algorithm: Algorithm) -> String {
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let signature = crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

fn encoded(value: &Value) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
}
