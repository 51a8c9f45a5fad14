//! Caller authentication: the table of tokens. Key sets and their rotation are in `key_sets`, used tokens and Redis in
//! `replay`, the makers of keys and tokens in `forge`.

pub(crate) mod forge;
mod key_sets;
pub mod replay;

use forge::{
    ENDPOINT, ISSUER, KeyPair, NOW, P256, P384, RSA, Served, authenticator, bearer, client, header,
    key_set, now, sign, signed,
};
use rrdtc::auth::{
    Algorithm, Authenticator, Caller, Keys, RefusalReason, Refused, Tenants, TrustedClient,
};
use serde_json::{Value, json};
use std::sync::Arc;

async fn call(authenticator: &Authenticator, token: &str) -> Result<Caller, Refused> {
    authenticator
        .authenticate(Some(&bearer(token)), ENDPOINT, now())
        .await
}

async fn reason(authenticator: &Authenticator, token: &str) -> Result<(), RefusalReason> {
    call(authenticator, token)
        .await
        .map(|_| ())
        .map_err(|refused| refused.reason)
}

/// Claims of a good token with a `jti` of its own, changed by a merge (null removes).
fn claims(change: Value) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "aud": ENDPOINT, "exp": NOW + 300, "iat": NOW,
        "jti": uuid(),
    });
    merge(&mut claims, change);
    claims
}

fn merge(into: &mut Value, change: Value) {
    for (name, value) in change.as_object().unwrap() {
        if value.is_null() {
            into.as_object_mut().unwrap().remove(name);
        } else {
            into[name] = value.clone();
        }
    }
}

fn uuid() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{:064x}", NEXT.fetch_add(1, Ordering::Relaxed))
}

#[tokio::test]
async fn a_good_token_tells_who_called() {
    let other = TrustedClient::new(
        "other",
        "https://other.example",
        Keys::Static(key_set(&[&RSA])),
    );
    let both = authenticator(vec![other, client()]);
    let caller = call(&both, &signed(&P384, claims(json!({})))).await;
    let expected = Caller {
        client: 1,
        name: "ehr".into(),
        issuer: ISSUER.into(),
        tenant: None,
    };
    assert_eq!(caller.unwrap(), expected);
}

#[tokio::test]
async fn only_a_bearer_header_carries_a_token() {
    use RefusalReason::{Malformed, NoToken, Oversized};
    let token = signed(&P384, claims(json!({})));
    // 8 KiB are read (and found to be no token), one byte more is not.
    let longest = format!("Bearer {}", "a".repeat(8 * 1024));
    let longer = format!("Bearer {}", "a".repeat(8 * 1024 + 1));
    let authenticator = authenticator(vec![client()]);
    for (header, expected) in [
        (None, Err(NoToken)),
        (Some(""), Err(NoToken)),
        (Some("Bearer"), Err(NoToken)),
        (Some("Bearer "), Err(NoToken)),
        (Some(token.as_str()), Err(NoToken)),
        (Some("Basic dXNlcjpwYXNz"), Err(NoToken)),
        (Some(longest.as_str()), Err(Malformed)),
        (Some(longer.as_str()), Err(Oversized)),
        (Some("Bearer a.b"), Err(Malformed)),
        (Some("Bearer a.b.c.d"), Err(Malformed)),
        (Some("Bearer ä.ö.ü"), Err(Malformed)),
        (Some("Bearer .."), Err(Malformed)),
        (Some("Bearer e30.e30."), Err(RefusalReason::MissingClaim)),
        (Some(&format!("bearer {token}")), Ok(())),
    ] {
        let answer = authenticator.authenticate(header, ENDPOINT, now()).await;
        assert_eq!(
            answer.map(|_| ()).map_err(|r| r.reason),
            expected,
            "{header:?}"
        );
    }
}

#[tokio::test]
async fn claims_are_checked_one_by_one() {
    use RefusalReason::*;
    let far = "x".repeat(257);
    let table = [
        ("array aud", json!({"aud": [ENDPOINT]}), Ok(())),
        (
            "one of several aud",
            json!({"aud": ["https://else.example", ENDPOINT]}),
            Ok(()),
        ),
        (
            "claims that are not read",
            json!({"sub": "x", "score": 1.5, "extension": {"a": [1.5]}}),
            Ok(()),
        ),
        ("no iss", json!({"iss": null}), Err(MissingClaim)),
        ("no aud", json!({"aud": null}), Err(MissingClaim)),
        ("no exp", json!({"exp": null}), Err(MissingClaim)),
        ("no iat", json!({"iat": null}), Err(MissingClaim)),
        ("no jti", json!({"jti": null}), Err(MissingClaim)),
        (
            "another issuer",
            json!({"iss": "https://evil.example"}),
            Err(UnknownIssuer),
        ),
        (
            "issuer with a slash more",
            json!({"iss": format!("{ISSUER}/")}),
            Err(UnknownIssuer),
        ),
        (
            "issuer in capitals",
            json!({"iss": ISSUER.to_uppercase()}),
            Err(UnknownIssuer),
        ),
        (
            "issuers in an array",
            json!({"iss": [ISSUER]}),
            Err(Malformed),
        ),
        (
            "another endpoint",
            json!({"aud": "https://cds.example.org/cds-services"}),
            Err(WrongAudience),
        ),
        (
            "endpoint with a slash more",
            json!({"aud": format!("{ENDPOINT}/")}),
            Err(WrongAudience),
        ),
        (
            "endpoint with a query",
            json!({"aud": format!("{ENDPOINT}?a=b")}),
            Err(WrongAudience),
        ),
        ("empty array aud", json!({"aud": []}), Err(WrongAudience)),
        (
            "array aud without the endpoint",
            json!({"aud": ["https://else.example"]}),
            Err(WrongAudience),
        ),
        (
            "aud joined by a space",
            json!({"aud": format!("https://else.example {ENDPOINT}")}),
            Err(WrongAudience),
        ),
        ("numeric aud", json!({"aud": 1}), Err(Malformed)),
        (
            "object aud",
            json!({"aud": {"0": ENDPOINT}}),
            Err(Malformed),
        ),
        (
            "expired within the leeway",
            json!({"exp": NOW - 59}),
            Err(Lifetime),
        ),
        (
            "expired within the leeway, issued before",
            json!({"iat": NOW - 300, "exp": NOW - 59}),
            Ok(()),
        ),
        (
            "expired",
            json!({"iat": NOW - 300, "exp": NOW - 60}),
            Err(Expired),
        ),
        (
            "expired long ago",
            json!({"iat": 1, "exp": 2}),
            Err(Expired),
        ),
        (
            "issued ahead within the leeway",
            json!({"iat": NOW + 60}),
            Ok(()),
        ),
        ("issued ahead", json!({"iat": NOW + 61}), Err(NotYetValid)),
        (
            "not before, within the leeway",
            json!({"nbf": NOW + 60}),
            Ok(()),
        ),
        (
            "not before, ahead",
            json!({"nbf": NOW + 61}),
            Err(NotYetValid),
        ),
        ("an hour of life", json!({"exp": NOW + 3600}), Ok(())),
        ("a second more", json!({"exp": NOW + 3601}), Err(Lifetime)),
        (
            "ten years of life",
            json!({"exp": NOW + 315_360_000}),
            Err(Lifetime),
        ),
        (
            "all of time",
            json!({"exp": i64::MAX, "iat": i64::MIN}),
            Err(Lifetime),
        ),
        (
            "more than all of time",
            json!({"exp": u64::MAX}),
            Err(Malformed),
        ),
        ("before all of time", json!({"exp": i64::MIN}), Err(Expired)),
        ("exp is iat", json!({"exp": NOW}), Err(Lifetime)),
        (
            "exp as text",
            json!({"exp": (NOW + 300).to_string()}),
            Err(Malformed),
        ),
        (
            "fractional exp",
            json!({"exp": NOW as f64 + 300.5}),
            Err(Malformed),
        ),
        (
            "fractional iat",
            json!({"iat": NOW as f64 + 0.5}),
            Err(Malformed),
        ),
        (
            "fractional nbf",
            json!({"nbf": NOW as f64 + 0.5}),
            Err(Malformed),
        ),
        ("exp true", json!({"exp": true}), Err(Malformed)),
        (
            "a tenant that nobody knows",
            json!({"tenant": "t"}),
            Err(WrongTenant),
        ),
        ("empty tenant", json!({"tenant": ""}), Err(Malformed)),
        ("numeric tenant", json!({"tenant": 7}), Err(Malformed)),
        ("empty jti", json!({"jti": ""}), Err(Malformed)),
        ("numeric jti", json!({"jti": 1}), Err(Malformed)),
        (
            "jti of 64 digits, as Inferno's",
            json!({"jti": "ab".repeat(32)}),
            Ok(()),
        ),
        ("very long jti", json!({"jti": far}), Err(Malformed)),
        ("very long issuer", json!({"iss": far}), Err(Malformed)),
    ];
    let authenticator = authenticator(vec![client()]);
    for (name, change, expected) in table {
        let token = signed(&P384, claims(change));
        assert_eq!(reason(&authenticator, &token).await, expected, "{name}");
    }
}

#[tokio::test]
async fn a_claim_or_header_parameter_that_comes_twice_is_refused() {
    let authenticator = authenticator(vec![client()]);
    let good = claims(json!({})).to_string();
    let head = header(&P384).to_string();
    let twice = format!(
        "{},\"iss\":\"https://evil.example\"}}",
        &good[..good.len() - 1]
    );
    let token = sign(&head, &twice, &P384);
    assert_eq!(
        reason(&authenticator, &token).await,
        Err(RefusalReason::Malformed)
    );
    let twice = format!("{},\"alg\":\"none\"}}", &head[..head.len() - 1]);
    let token = sign(&twice, &good, &P384);
    assert_eq!(
        reason(&authenticator, &token).await,
        Err(RefusalReason::Malformed)
    );
    // `exp` written as 1.7e9 is no whole number to us.
    let exponent = good.replace(&(NOW + 300).to_string(), "1.7e9");
    assert_ne!(exponent, good);
    assert_eq!(
        reason(&authenticator, &sign(&head, &exponent, &P384)).await,
        Err(RefusalReason::Malformed)
    );
}

#[tokio::test]
async fn header_parameters_are_checked_one_by_one() {
    use RefusalReason::*;
    let table = [
        ("typ in small letters", json!({"typ": "jwt"}), Ok(())),
        ("no typ", json!({"typ": null}), Err(MissingClaim)),
        ("another typ", json!({"typ": "at+jwt"}), Err(WrongType)),
        ("no alg", json!({"alg": null}), Err(MissingClaim)),
        (
            "alg in small letters",
            json!({"alg": "es384"}),
            Err(Algorithm),
        ),
        ("alg none", json!({"alg": "none"}), Err(Algorithm)),
        ("alg None", json!({"alg": "None"}), Err(Algorithm)),
        ("alg HS256", json!({"alg": "HS256"}), Err(Algorithm)),
        ("alg HS384", json!({"alg": "HS384"}), Err(Algorithm)),
        ("alg HS512", json!({"alg": "HS512"}), Err(Algorithm)),
        ("alg EdDSA", json!({"alg": "EdDSA"}), Err(Algorithm)),
        (
            "alg of another kind of key",
            json!({"alg": "RS384"}),
            Err(Algorithm),
        ),
        (
            "alg that is not set for the client",
            json!({"alg": "ES256"}),
            Err(Algorithm),
        ),
        ("alg as number", json!({"alg": 384}), Err(Malformed)),
        // With one key in the set, too: the specification demands a kid.
        ("no kid", json!({"kid": null}), Err(MissingClaim)),
        ("unknown kid", json!({"kid": "else"}), Err(UnknownKey)),
        ("kid in capitals", json!({"kid": "P384"}), Err(UnknownKey)),
        (
            "kid as path",
            json!({"kid": "../../../../dev/null"}),
            Err(UnknownKey),
        ),
        (
            "kid as query",
            json!({"kid": "p384' UNION SELECT 'secret' --"}),
            Err(UnknownKey),
        ),
        ("kid with NUL", json!({"kid": "p384\u{0}"}), Err(UnknownKey)),
        (
            "kid as address",
            json!({"kid": "https://evil.example/key"}),
            Err(UnknownKey),
        ),
        ("kid as command", json!({"kid": "| id"}), Err(UnknownKey)),
        ("huge kid", json!({"kid": "k".repeat(4000)}), Err(Malformed)),
        ("empty kid", json!({"kid": ""}), Err(Malformed)),
        ("kid as array", json!({"kid": ["p384"]}), Err(Malformed)),
        (
            "a critical extension",
            json!({"crit": ["b64"], "b64": false}),
            Err(Malformed),
        ),
        // Keys that the token brings along are not looked at.
        (
            "a key in the header",
            json!({"jwk": P256.jwk, "x5u": "https://evil.example"}),
            Ok(()),
        ),
        ("a fraction in the header", json!({"x": 1.5}), Ok(())),
        // With pinned keys a jku is neither compared nor contacted: the official sandbox always sends one.
        (
            "jku",
            json!({"jku": "https://evil.example/jwks.json"}),
            Ok(()),
        ),
    ];
    let source = Arc::new(Served::none());
    let authenticator = forge::with_source(vec![client()], &source);
    for (name, change, expected) in table {
        let mut head = header(&P384);
        merge(&mut head, change);
        let token = sign(&head.to_string(), &claims(json!({})).to_string(), &P384);
        assert_eq!(reason(&authenticator, &token).await, expected, "{name}");
    }
    assert_eq!(source.fetches(), 0);
}

#[tokio::test]
async fn a_public_key_is_never_taken_for_a_shared_secret() {
    let every = TrustedClient {
        algorithms: Algorithm::ALL.to_vec(),
        keys: Keys::Static(key_set(&[&RSA, &P384])),
        ..client()
    };
    let authenticator = authenticator(vec![every]);
    let published = [
        RSA.public_pem.clone(),
        RSA.public_pem.trim_end().to_owned(),
        RSA.jwk.to_string(),
        RSA.jwk["n"].as_str().unwrap().to_owned(),
        String::new(),
    ];
    for alg in ["HS256", "HS384", "HS512"] {
        for secret in &published {
            let head = json!({"alg": alg, "typ": "JWT", "kid": "rsa"}).to_string();
            let token = forge::sign_symmetric(&head, &claims(json!({})).to_string(), alg, secret);
            assert_eq!(
                reason(&authenticator, &token).await,
                Err(RefusalReason::Algorithm),
                "{alg}"
            );
        }
    }
}

#[tokio::test]
async fn an_algorithm_must_be_set_for_the_client_and_be_the_keys() {
    use RefusalReason::Algorithm as NotAccepted;
    let narrow = KeyPair::pinned_to("narrow", &RSA, "RS384");
    let pairs: [(&KeyPair, &str); 5] = [
        (&P384, "ES384"),
        (&RSA, "RS384"),
        (&P256, "ES256"),
        (&RSA, "RS256"),
        (&RSA, "PS384"),
    ];
    let set = key_set(&[&P384, &RSA, &P256, &narrow]);
    let of = |algorithms: &[Algorithm]| {
        authenticator(vec![TrustedClient {
            algorithms: algorithms.to_vec(),
            keys: Keys::Static(set.clone()),
            ..client()
        }])
    };
    let default = of(&Algorithm::DEFAULT);
    let every = of(&Algorithm::ALL);
    for (index, (pair, alg)) in pairs.into_iter().enumerate() {
        let token = || forge::signed_as(pair, alg, claims(json!({})));
        let expected = if index < 2 { Ok(()) } else { Err(NotAccepted) };
        assert_eq!(reason(&default, &token()).await, expected, "{alg}");
        assert_eq!(reason(&every, &token()).await, Ok(()), "{alg}");
        let only = of(&[Algorithm::from_name(alg).unwrap()]);
        assert_eq!(reason(&only, &token()).await, Ok(()), "{alg}");
    }
    // The key's own `alg` binds, though the client accepts the other too.
    for (alg, expected) in [
        ("RS384", Ok(())),
        ("RS256", Err(NotAccepted)),
        ("PS384", Err(NotAccepted)),
    ] {
        let token = forge::signed_as(&narrow, alg, claims(json!({})));
        assert_eq!(reason(&every, &token).await, expected, "{alg}");
    }
    // A header that names another algorithm of the same key than the one that signed.
    let mut head = header(&RSA);
    head["alg"] = json!("PS384");
    let token = sign(&head.to_string(), &claims(json!({})).to_string(), &RSA);
    assert_eq!(
        reason(&every, &token).await,
        Err(RefusalReason::BadSignature)
    );
}

#[tokio::test]
async fn a_signature_covers_every_byte_and_is_by_the_clients_own_key() {
    use RefusalReason::BadSignature;
    let authenticator = authenticator(vec![client()]);
    let token = signed(&P384, claims(json!({})));
    let parts: Vec<&str> = token.split('.').collect();
    let (head, payload, signature) = (parts[0], parts[1], parts[2]);
    let other = signed(&P384, claims(json!({"exp": NOW + 301})));
    let other: Vec<&str> = other.split('.').collect();

    let stranger = KeyPair::elliptic("p384", &rcgen::PKCS_ECDSA_P384_SHA384, "ES384");
    let unsigned = json!({"alg": "none", "typ": "JWT", "kid": "p384"}).to_string();
    for (name, forged, expected) in [
        ("no signature", format!("{head}.{payload}."), BadSignature),
        (
            "half a signature",
            format!("{head}.{payload}.{}", &signature[..64]),
            BadSignature,
        ),
        (
            "a longer signature",
            format!("{head}.{payload}.{signature}AAAA"),
            BadSignature,
        ),
        (
            "all noughts",
            format!("{head}.{payload}.{}", "A".repeat(128)),
            BadSignature,
        ),
        (
            "no base64url",
            format!("{head}.{payload}.{}", "=".repeat(128)),
            BadSignature,
        ),
        (
            "another's claims",
            format!("{head}.{}.{signature}", other[1]),
            BadSignature,
        ),
        (
            "another's signature",
            format!("{head}.{payload}.{}", other[2]),
            BadSignature,
        ),
        (
            "a stranger's key of the same kid",
            signed(&stranger, claims(json!({}))),
            BadSignature,
        ),
        (
            "none",
            format!("{}.{payload}.", forge::base64url(unsigned.as_bytes())),
            RefusalReason::Algorithm,
        ),
    ] {
        assert_eq!(
            reason(&authenticator, &forged).await,
            Err(expected),
            "{name}"
        );
    }
    // None of them used up the jti.
    assert_eq!(reason(&authenticator, &token).await, Ok(()));
}

#[tokio::test]
async fn a_key_of_one_client_does_not_speak_for_another() {
    let other = TrustedClient::new(
        "other",
        "https://other.example",
        Keys::Static(key_set(&[&RSA])),
    );
    let authenticator = authenticator(vec![client(), other]);
    let token = signed(&RSA, claims(json!({})));
    assert_eq!(
        reason(&authenticator, &token).await,
        Err(RefusalReason::UnknownKey)
    );
}

#[tokio::test]
async fn tenants_are_none_any_or_listed() {
    let listed = || Tenants::Listed(vec!["north".into(), "south".into()]);
    for (tenants, tenant, accepted) in [
        (Tenants::None, None, true),
        (Tenants::None, Some("north"), false),
        (Tenants::Any, None, true),
        (Tenants::Any, Some("anything"), true),
        (listed(), None, false),
        (listed(), Some("north"), true),
        (listed(), Some("south"), true),
        (listed(), Some("North"), false),
        (listed(), Some("east"), false),
        (Tenants::Listed(vec![]), Some("north"), false),
    ] {
        let authenticator = authenticator(vec![TrustedClient {
            tenants: tenants.clone(),
            ..client()
        }]);
        let answer = call(
            &authenticator,
            &signed(&P384, claims(json!({"tenant": tenant}))),
        )
        .await;
        match answer {
            Ok(caller) => {
                assert!(accepted, "{tenants:?} {tenant:?}");
                assert_eq!(caller.tenant.as_deref(), tenant);
            }
            Err(refused) => {
                assert!(!accepted, "{tenants:?} {tenant:?}");
                assert_eq!(refused.reason, RefusalReason::WrongTenant);
            }
        }
    }
}

#[tokio::test]
async fn an_audience_override_is_accepted_beside_the_endpoint_for_its_client_only() {
    let fixed = "https://fixed.example/aud";
    let with = authenticator(vec![TrustedClient {
        audience_override: Some(fixed.into()),
        ..client()
    }]);
    let without = authenticator(vec![client()]);
    for (authenticator, aud, expected) in [
        (&with, fixed, Ok(())),
        (&with, ENDPOINT, Ok(())),
        (
            &with,
            "https://fixed.example",
            Err(RefusalReason::WrongAudience),
        ),
        (&without, fixed, Err(RefusalReason::WrongAudience)),
    ] {
        let token = signed(&P384, claims(json!({"aud": aud})));
        assert_eq!(reason(authenticator, &token).await, expected, "{aud}");
    }
}

#[tokio::test]
async fn checks_come_in_the_order_of_the_best_practices() {
    use RefusalReason::*;
    let authenticator = authenticator(vec![client()]);
    // Everything is wrong with the first; each further one has one thing less.
    let wrong = [
        ("iss", json!("https://evil.example"), UnknownIssuer),
        ("aud", json!("https://else.example"), WrongAudience),
        ("exp", json!(NOW - 3000), Expired),
        ("tenant", json!("east"), WrongTenant),
    ];
    for first in 0..=wrong.len() {
        let mut claims = claims(json!({}));
        for (name, value, _) in &wrong[first..] {
            claims[*name] = value.clone();
        }
        let mut head = header(&P384);
        head["alg"] = json!("none");
        let token = sign(&head.to_string(), &claims.to_string(), &P384);
        let expected = wrong.get(first).map_or(Algorithm, |(_, _, reason)| *reason);
        assert_eq!(reason(&authenticator, &token).await, Err(expected));
    }
}

#[tokio::test]
async fn a_refusal_tells_the_operator_the_audiences_and_nothing_else_of_the_token() {
    let authenticator = authenticator(vec![client()]);
    let mut head = header(&P384);
    merge(
        &mut head,
        json!({"jku": "https://SECRET.example", "x-note": "SECRET"}),
    );
    let claims = claims(json!({
        "aud": "https://else.example\nERROR forged line", "sub": "SECRET", "name": "SECRET", "jti": "number-1",
    }));
    let token = sign(&head.to_string(), &claims.to_string(), &P384);
    let refused = call(&authenticator, &token).await.unwrap_err();
    assert_eq!(refused.reason.as_str(), "wrong-audience");
    assert_eq!(refused.client.as_deref(), Some("ehr"));
    assert_eq!(refused.issuer.as_deref(), Some(ISSUER));
    assert_eq!(refused.jti.as_deref(), Some("number-1"));
    assert_eq!(refused.expected_audience.as_deref(), Some(ENDPOINT));
    let line = refused.to_string();
    assert!(
        line.contains(r#"received aud "https://else.example\nERROR forged line""#),
        "{line}"
    );
    for text in [line, format!("{refused:?}")] {
        assert!(!text.contains("SECRET") && !text.contains('\n'), "{text}");
        assert!(token.split('.').all(|part| !text.contains(part)), "{text}");
    }
    // A claim that fills the token does not fill the log.
    let long = signed(&P384, self::claims(json!({"aud": "ä".repeat(1000)})));
    let refused = call(&authenticator, &long).await.unwrap_err();
    assert_eq!(refused.received_audience.unwrap().len(), 256);
}

#[test]
fn reasons_have_distinct_labels() {
    let labels: std::collections::HashSet<_> =
        RefusalReason::ALL.iter().map(|r| r.as_str()).collect();
    assert_eq!(labels.len(), RefusalReason::ALL.len());
    assert!(
        labels
            .iter()
            .all(|l| l.bytes().all(|b| b == b'-' || b.is_ascii_lowercase()))
    );
}

/// CDS Hooks, "Trusting CDS Clients", the example: header, claims, key set and token as printed there.
#[tokio::test]
async fn the_specifications_sample_token_is_believed_in_its_time() {
    const SAMPLE: &str = "eyJhbGciOiJFUzM4NCIsInR5cCI6IkpXVCIsImtpZCI6ImV4YW1wbGUta2lkIiwiamt1IjoiaHR0cHM6Ly9maGlyLWVoci5leGFtcGxlLmNvbS9qd2tfdXJpIn0.eyJpc3MiOiJodHRwczovL2ZoaXItZWhyLmV4YW1wbGUuY29tLyIsImF1ZCI6Imh0dHBzOi8vY2RzLmV4YW1wbGUub3JnL2Nkcy1zZXJ2aWNlcy9zb21lLXNlcnZpY2UiLCJleHAiOjE0MjI1Njg4NjAsImlhdCI6MTMxMTI4MDk3MCwianRpIjoiZWUyMmIwMjEtZTFiNy00NjExLWJhNWItOGVlYzZhMzNhYzFlIiwidGVuYW50IjoiMmRkZDZjM2EtOGU5YS00NGM2LWEzMDUtNTIxMTFhZDMwMmEyIn0.d1WfLjGRKlcWB94l9do4cM8REXeYJLL6SGUBO8VHZhfM8mwKYP70EMxJ67War4TQblEpaQrp11wx5p7oPFm2ETYgCicS84vXWEIYTdjooZdooCSDf2L8-i4awdoUwiEb";
    const KEYS: &str = r#"{"keys": [{"kty": "EC", "use": "sig", "crv": "P-384", "kid": "example-kid",
        "x": "46SDH7Znh821wblCBglA61sNE9ZrHYKKt3qRtRTmSXyOI_FIGBLWrWa0GPUkDCEk",
        "y": "XMcRuuoGW7CXjQdy-F5i3FeBE0x9hPLdeFdSoDd3ELmx404tLX0VRRcqzAsPhXcI", "alg": "ES384"}]}"#;
    const TENANT: &str = "2ddd6c3a-8e9a-44c6-a305-52111ad302a2";
    let endpoint = "https://cds.example.org/cds-services/some-service";
    let sample = TrustedClient {
        tenants: Tenants::Listed(vec![TENANT.into()]),
        // It lives for three years and a half.
        max_lifetime_seconds: 1_422_568_860 - 1_311_280_970,
        ..TrustedClient::new(
            "sample",
            "https://fhir-ehr.example.com/",
            Keys::Static(KEYS.into()),
        )
    };
    let header = bearer(SAMPLE);
    let at = |second| jiff::Timestamp::from_second(second).unwrap();
    let source = Arc::new(Served::none());
    let usual = forge::with_source(
        vec![TrustedClient {
            max_lifetime_seconds: 3600,
            ..sample.clone()
        }],
        &source,
    );
    let authenticator = forge::with_source(vec![sample], &source);
    for (authenticator, second, expected) in [
        (
            &authenticator,
            1_311_280_970 - 61,
            Err(RefusalReason::NotYetValid),
        ),
        (&usual, 1_400_000_000, Err(RefusalReason::Lifetime)),
        (&authenticator, 1_400_000_000, Ok(Some(TENANT.to_owned()))),
        (&authenticator, 1_400_000_000, Err(RefusalReason::Replayed)),
        (
            &authenticator,
            1_422_568_860 + 60,
            Err(RefusalReason::Expired),
        ),
    ] {
        let answer = authenticator
            .authenticate(Some(&header), endpoint, at(second))
            .await;
        assert_eq!(
            answer.map(|caller| caller.tenant).map_err(|r| r.reason),
            expected,
            "{second}"
        );
    }
    assert_eq!(
        source.fetches(),
        0,
        "the jku of its header was not contacted"
    );
}
