//! Key sets: what is in them, when they are fetched, and for how long they are believed.

use super::forge::{
    ENDPOINT, JKU, KeyPair, NOW, P256, P384, RSA, Served, after, authenticator, bearer, client,
    header, key_set, now, remote_client, sign, signed, with_source,
};
use super::{claims, merge, uuid};
use rrdtc::auth::{
    Algorithm, Authenticator, FETCH_TIMEOUT, InvalidKeys, Keys, MAX_AGE, MAX_JWKS_BYTES, MAX_KEYS,
    RETRY_AFTER_FAILURE, RefusalReason, SERVED_STALE_FOR, TrustedClient, UNKNOWN_KID_INTERVAL,
    UsedTokens,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use url::Url;

/// A call at `seconds` after `NOW` with a fresh token of this key.
async fn call_at(
    authenticator: &Authenticator,
    pair: &KeyPair,
    seconds: i64,
) -> Result<(), RefusalReason> {
    let token = signed(pair, claims_at(seconds));
    call_token_at(authenticator, &token, seconds).await
}

fn claims_at(seconds: i64) -> Value {
    claims(json!({"iat": NOW + seconds, "exp": NOW + seconds + 300}))
}

async fn call_token_at(
    authenticator: &Authenticator,
    token: &str,
    seconds: i64,
) -> Result<(), RefusalReason> {
    let header = bearer(token);
    let answer = authenticator.authenticate(Some(&header), ENDPOINT, after(seconds));
    answer.await.map(|_| ()).map_err(|refused| refused.reason)
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(10), "{what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn another_p384(kid: &str) -> KeyPair {
    KeyPair::elliptic(kid, &rcgen::PKCS_ECDSA_P384_SHA384, "ES384")
}

#[tokio::test]
async fn keys_are_fetched_at_the_first_need_and_then_held() {
    let source = Served::keys(&[&P384]);
    let authenticator = with_source(vec![remote_client()], &source);
    assert_eq!(source.fetches(), 0);
    assert!(!authenticator.ready(now()));
    for seconds in [0, 1, MAX_AGE.as_secs() - 1] {
        assert_eq!(call_at(&authenticator, &P384, seconds).await, Ok(()));
    }
    assert_eq!(source.fetches(), 1);
    assert!(authenticator.ready(now()));
}

#[tokio::test]
async fn a_refresh_makes_it_ready_before_the_first_call() {
    let source = Served::keys(&[&P384]);
    let authenticator = with_source(vec![remote_client()], &source);
    authenticator.refresh(now()).await;
    assert!(authenticator.ready(now()));
    authenticator.refresh(after(1)).await;
    assert_eq!(source.fetches(), 1, "young keys are not fetched again");
    authenticator.refresh(after(MAX_AGE.as_secs())).await;
    assert_eq!(source.fetches(), 2);
}

#[tokio::test]
async fn a_new_key_is_found_by_one_refetch_and_unknown_kids_cause_no_more() {
    let new = another_p384("new");
    let source = Served::keys(&[&P384]);
    let authenticator = with_source(vec![remote_client()], &source);
    assert_eq!(call_at(&authenticator, &P384, 0).await, Ok(()));
    source.serve(key_set(&[&P384, &new]));
    assert_eq!(call_at(&authenticator, &new, 1).await, Ok(()));
    assert_eq!(source.fetches(), 2);
    // Anybody can send tokens with invented kids: within the interval they cause nothing.
    for seconds in 1..UNKNOWN_KID_INTERVAL.as_secs() {
        let stranger = KeyPair {
            kid: format!("invented-{seconds}"),
            private: new.private.clone(),
            alg: new.alg.clone(),
            jwk: json!({}),
            public_pem: String::new(),
        };
        let answer = call_at(&authenticator, &stranger, seconds).await;
        assert_eq!(answer, Err(RefusalReason::UnknownKey));
    }
    assert_eq!(source.fetches(), 2);
    let interval = UNKNOWN_KID_INTERVAL.as_secs();
    let third = another_p384("third");
    assert_eq!(
        call_at(&authenticator, &third, 1 + interval).await,
        Err(RefusalReason::UnknownKey)
    );
    assert_eq!(source.fetches(), 3);
    // The withdrawn key is gone as soon as any refetch has shown it.
    source.serve(key_set(&[&third]));
    assert_eq!(
        call_at(&authenticator, &third, 1 + 2 * interval).await,
        Ok(())
    );
    assert_eq!(
        call_at(&authenticator, &new, 2 + 2 * interval).await,
        Err(RefusalReason::UnknownKey)
    );
    assert_eq!(source.fetches(), 4);
}

#[tokio::test]
async fn many_calls_wait_for_one_fetch() {
    let source = Served::shut(&[&P384]);
    let authenticator = Arc::new(with_source(vec![remote_client()], &source));
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let authenticator = Arc::clone(&authenticator);
            tokio::spawn(async move { call_at(&authenticator, &P384, 0).await })
        })
        .collect();
    until("the fetch has begun", || source.fetches() > 0).await;
    source.open();
    for call in calls {
        assert_eq!(call.await.unwrap(), Ok(()));
    }
    assert_eq!(source.fetches(), 1);
}

#[tokio::test]
async fn a_caller_who_hangs_up_does_not_abort_the_fetch_of_the_others() {
    let source = Served::shut(&[&P384]);
    let authenticator = Arc::new(with_source(vec![remote_client()], &source));
    let impatient = {
        let authenticator = Arc::clone(&authenticator);
        tokio::spawn(async move { call_at(&authenticator, &P384, 0).await })
    };
    until("the fetch has begun", || source.fetches() > 0).await;
    impatient.abort();
    assert!(impatient.await.unwrap_err().is_cancelled());
    source.open();
    assert_eq!(call_at(&authenticator, &P384, 0).await, Ok(()));
    assert_eq!(source.fetches(), 1);
}

#[tokio::test]
async fn aged_keys_are_renewed_in_the_background() {
    let source = Served::keys(&[&P384]);
    let authenticator = with_source(vec![remote_client()], &source);
    assert_eq!(call_at(&authenticator, &P384, 0).await, Ok(()));
    let new = another_p384("new");
    source.serve(key_set(&[&new]));
    let aged = MAX_AGE.as_secs();
    assert_eq!(
        call_at(&authenticator, &P384, aged).await,
        Ok(()),
        "served meanwhile"
    );
    until("the second fetch", || source.fetches() == 2).await;
    assert_eq!(call_at(&authenticator, &new, aged + 1).await, Ok(()));
    assert_eq!(source.fetches(), 2);
}

#[tokio::test]
async fn while_the_address_is_down_held_keys_serve_for_a_day() {
    let source = Served::keys(&[&P384]);
    let authenticator = with_source(vec![remote_client()], &source);
    assert_eq!(call_at(&authenticator, &P384, 0).await, Ok(()));
    let (day, pause) = (SERVED_STALE_FOR.as_secs(), RETRY_AFTER_FAILURE.as_secs());
    let mut fetches = 1;
    for (broken, seconds) in [
        (None, MAX_AGE.as_secs()),
        (Some("<html>502</html>"), MAX_AGE.as_secs() + 60),
        (Some(r#"{"keys": 1}"#), day - pause),
    ] {
        match broken {
            None => source.down(),
            Some(text) => source.serve(text),
        }
        authenticator.refresh(after(seconds)).await;
        fetches += 1;
        assert_eq!(source.fetches(), fetches, "{broken:?}");
        let next = seconds + pause - 1;
        assert_eq!(call_at(&authenticator, &P384, next).await, Ok(()));
    }
    assert!(authenticator.ready(after(day - 1)));
    source.down();
    let late = day + 60;
    assert!(!authenticator.ready(after(late)));
    assert_eq!(
        call_at(&authenticator, &P384, late).await,
        Err(RefusalReason::KeysUnavailable)
    );
    // Back again, and tried again no sooner than after the pause.
    source.serve(key_set(&[&P384]));
    let fetches = source.fetches();
    assert_eq!(
        call_at(&authenticator, &P384, late + pause - 1).await,
        Err(RefusalReason::KeysUnavailable)
    );
    assert_eq!(source.fetches(), fetches);
    assert_eq!(call_at(&authenticator, &P384, late + pause).await, Ok(()));
}

#[tokio::test]
async fn a_client_that_publishes_no_keys_any_more_has_withdrawn_them() {
    let source = Served::keys(&[&P384]);
    let authenticator = with_source(vec![remote_client()], &source);
    assert_eq!(call_at(&authenticator, &P384, 0).await, Ok(()));
    source.serve(r#"{"keys": []}"#);
    let aged = MAX_AGE.as_secs();
    authenticator.refresh(after(aged)).await;
    assert_eq!(
        call_at(&authenticator, &P384, aged).await,
        Err(RefusalReason::UnknownKey)
    );
    assert!(!authenticator.ready(after(aged)));
}

#[tokio::test]
async fn a_clock_that_was_set_back_does_not_stop_fetches() {
    let source = Served::none();
    let source = Arc::new(source);
    let authenticator = with_source(vec![remote_client()], &source);
    assert_eq!(
        call_at(&authenticator, &P384, 100_000).await,
        Err(RefusalReason::KeysUnavailable)
    );
    source.serve(key_set(&[&P384]));
    assert_eq!(call_at(&authenticator, &P384, 0).await, Ok(()));
}

#[tokio::test]
async fn an_address_that_never_answers_is_given_up() {
    let source = Served::shut(&[&P384]);
    let authenticator = with_source(vec![remote_client()], &source);
    let answer = tokio::time::timeout(
        FETCH_TIMEOUT + Duration::from_secs(20),
        call_at(&authenticator, &P384, 0),
    );
    assert_eq!(
        answer.await.expect("an answer"),
        Err(RefusalReason::KeysUnavailable)
    );
}

#[tokio::test]
async fn only_the_configured_jku_is_accepted_and_no_other_contacted() {
    let source = Served::keys(&[&P384]);
    let authenticator = with_source(vec![remote_client()], &source);
    let token = |jku: Value| {
        let mut head = header(&P384);
        merge(&mut head, json!({ "jku": jku }));
        sign(&head.to_string(), &claims_at(0).to_string(), &P384)
    };
    for (jku, expected) in [
        (
            json!("https://evil.example/jwks.json"),
            Err(RefusalReason::UnlistedJku),
        ),
        (
            json!("http://ehr.example.org/jwks.json"),
            Err(RefusalReason::UnlistedJku),
        ),
        (
            json!("https://ehr.example.org/jwks.json?x=1"),
            Err(RefusalReason::UnlistedJku),
        ),
        (
            json!("https://ehr.example.org/jwks.json#x"),
            Err(RefusalReason::UnlistedJku),
        ),
        (
            json!("https://ehr.example.org:8443/jwks.json"),
            Err(RefusalReason::UnlistedJku),
        ),
        (
            json!("https://ehr.example.org@evil.example/jwks.json"),
            Err(RefusalReason::UnlistedJku),
        ),
        (json!("file:///etc/passwd"), Err(RefusalReason::UnlistedJku)),
        (json!(""), Err(RefusalReason::UnlistedJku)),
        (json!([JKU]), Err(RefusalReason::Malformed)),
    ] {
        let answer = call_token_at(&authenticator, &token(jku.clone()), 0).await;
        assert_eq!(answer, expected, "{jku}");
    }
    assert_eq!(source.fetches(), 0);
    for jku in [json!(JKU), Value::Null] {
        let answer = call_token_at(&authenticator, &token(jku), 0).await;
        assert_eq!(answer, Ok(()));
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_used_is_left_out_and_the_others_serve() {
    let with = |name: &str, pair: &KeyPair, change: Value| {
        let mut jwk = pair.jwk.clone();
        jwk["kid"] = json!(name);
        merge(&mut jwk, change);
        (name.to_owned(), pair.alg.clone(), jwk)
    };
    let short = another_p384("short");
    let modulus_1024 = format!("3{}", &RSA.jwk["n"].as_str().unwrap()[..170]);
    let table = [
        with("for encryption", &P384, json!({"use": "enc"})),
        with(
            "operations",
            &P384,
            json!({"use": null, "key_ops": ["sign"]}),
        ),
        with("no operation", &P384, json!({"use": null, "key_ops": []})),
        with("unknown type", &P384, json!({"kty": "AKP"})),
        with("no type", &P384, json!({"kty": null})),
        with("symmetric", &P384, json!({"kty": "oct", "k": "c2VjcmV0"})),
        with("unknown curve", &P384, json!({"crv": "secp256k1"})),
        with("curve of another length", &P384, json!({"crv": "P-256"})),
        with("no y", &P384, json!({"y": null})),
        with("no base64url", &P384, json!({"x": "!"})),
        with("alg for encryption", &RSA, json!({"alg": "RSA-OAEP"})),
        with("alg of another type", &P384, json!({"alg": "RS384"})),
        with("symmetric alg", &RSA, json!({"alg": "HS256"})),
        with("1024 bits", &RSA, json!({"n": modulus_1024})),
        with("private part", &P384, json!({"d": "AAAA"})),
        with("twice", &P384, json!({})),
        with("twice", &short, json!({})),
    ];
    let mut keys: Vec<Value> = table.iter().map(|(_, _, jwk)| jwk.clone()).collect();
    keys.push(json!("no object"));
    keys.push(json!({"kid": 7}));
    keys.push(P384.jwk.clone());
    let mut unnamed = P256.jwk.clone();
    merge(&mut unnamed, json!({"kid": null}));
    keys.push(unnamed);
    // As Inferno publishes it.
    let mut inferno = RSA.jwk.clone();
    merge(
        &mut inferno,
        json!({"key_ops": ["verify"], "alg": "RS384", "exponent": 1.5}),
    );
    keys.push(inferno);
    let source = Served::keys(&[]);
    source.serve(json!({"keys": keys, "other": 1.5}).to_string());
    let everything = TrustedClient {
        algorithms: Algorithm::ALL.to_vec(),
        ..remote_client()
    };
    let authenticator = with_source(vec![everything], &source);
    for (kid, alg, _) in &table {
        let private = if alg == "RS384" {
            &RSA.private
        } else {
            &P384.private
        };
        let pair = KeyPair {
            kid: kid.clone(),
            alg: alg.clone(),
            private: private.clone(),
            jwk: json!({}),
            public_pem: String::new(),
        };
        assert_eq!(
            call_at(&authenticator, &pair, 0).await,
            Err(RefusalReason::UnknownKey),
            "{kid}"
        );
    }
    assert_eq!(call_at(&authenticator, &P384, 0).await, Ok(()));
    assert_eq!(call_at(&authenticator, &RSA, 0).await, Ok(()));
}

#[tokio::test]
async fn a_set_beyond_the_limits_is_refused_whole() {
    let padding = " ".repeat(MAX_JWKS_BYTES);
    let many = vec![&P384.jwk; MAX_KEYS + 1];
    for answer in [
        format!("{}{padding}", key_set(&[&P384])),
        json!({ "keys": many }).to_string(),
        String::new(),
        "[]".into(),
        "{}".into(),
    ] {
        let source = Served::keys(&[]);
        source.serve(answer);
        let authenticator = with_source(vec![remote_client()], &source);
        assert_eq!(
            call_at(&authenticator, &P384, 0).await,
            Err(RefusalReason::KeysUnavailable)
        );
    }
}

#[tokio::test]
async fn ready_means_a_key_for_every_client() {
    let second = TrustedClient::new(
        "second",
        "https://second.example",
        Keys::Jku(Url::parse(JKU).unwrap()),
    );
    let source = Served::keys(&[&P256]);
    let authenticator = with_source(vec![client(), second], &source);
    assert!(!authenticator.ready(now()));
    authenticator.refresh(now()).await;
    assert!(
        !authenticator.ready(now()),
        "its one key is for an algorithm that is not accepted"
    );
    source.serve(key_set(&[&RSA]));
    authenticator.refresh(after(MAX_AGE.as_secs())).await;
    assert!(authenticator.ready(after(MAX_AGE.as_secs())));
    assert!(self::authenticator(vec![client()]).ready(now()));
}

#[test]
fn a_configuration_that_cannot_work_is_refused_with_its_client() {
    let twice = another_p384("p384");
    let with_keys = |text: String| TrustedClient {
        keys: Keys::Static(text),
        ..client()
    };
    let with_jku = |url: &str| TrustedClient {
        keys: Keys::Jku(Url::parse(url).unwrap()),
        ..client()
    };
    let named = |name: &str, tenant: &str| TrustedClient {
        name: name.into(),
        tenants: rrdtc::auth::Tenants::Listed(vec![tenant.into()]),
        ..client()
    };
    let renamed = TrustedClient {
        issuer: String::new(),
        ..client()
    };
    let mute = TrustedClient {
        algorithms: vec![],
        ..client()
    };
    let table: [(Vec<TrustedClient>, &str); 9] = [
        (vec![renamed], "issuer is empty"),
        (vec![mute], "no signature algorithm"),
        (
            vec![named("a", "north"), named("b", "south")],
            "clients \"a\" and \"b\"",
        ),
        (vec![with_keys("{".into())], "cannot be read"),
        (
            vec![with_keys(r#"{"keys":[]}"#.into())],
            "no key can verify ES384, RS384",
        ),
        (
            vec![with_keys(key_set(&[&P256]))],
            "no key can verify ES384, RS384",
        ),
        (
            vec![with_keys(key_set(&[&P384, &twice]))],
            "more than one key has the kid \"p384\"",
        ),
        (
            vec![with_jku("http://ehr.example.org/jwks.json")],
            "must be https",
        ),
        (vec![with_jku("ftp://127.0.0.1/jwks.json")], "must be https"),
    ];
    for (clients, expected) in table {
        let made = build(clients);
        let text = made.err().expect(expected).to_string();
        assert!(text.contains(expected), "{text}");
        assert!(text.contains("client"), "{text}");
    }
    for url in [
        JKU,
        "http://127.0.0.1:8080/jwks",
        "http://[::1]/jwks",
        "http://localhost/jwks",
    ] {
        assert!(build(vec![with_jku(url)]).is_ok(), "{url}");
    }
    // The reasons of keys that were left out are told.
    let mut private = P384.jwk.clone();
    private["d"] = json!("AAAA");
    let text = build(vec![with_keys(json!({"keys": [private]}).to_string())]);
    let text = text.err().unwrap().to_string();
    assert!(
        text.contains("key 1: its private part is published"),
        "{text}"
    );
}

fn build(clients: Vec<TrustedClient>) -> Result<Authenticator, InvalidKeys> {
    Authenticator::new(clients, Arc::new(Served::none()), UsedTokens::in_memory(1))
}

#[tokio::test]
async fn a_token_that_is_refused_before_its_signature_causes_no_fetch() {
    let source = Served::keys(&[&P384]);
    let authenticator = with_source(vec![remote_client()], &source);
    for (name, change) in [
        ("issuer", json!({"iss": "https://evil.example"})),
        ("audience", json!({"aud": "https://evil.example"})),
        ("expired", json!({"iat": NOW - 900, "exp": NOW - 600})),
        ("tenant", json!({"tenant": uuid()})),
    ] {
        let token = signed(&P384, claims(change));
        assert!(
            call_token_at(&authenticator, &token, 0).await.is_err(),
            "{name}"
        );
    }
    let head = json!({"alg": "none", "typ": "JWT", "kid": "invented"}).to_string();
    let unsigned = sign(&head, &claims_at(0).to_string(), &P384);
    assert_eq!(
        call_token_at(&authenticator, &unsigned, 0).await,
        Err(RefusalReason::Algorithm)
    );
    assert_eq!(source.fetches(), 0);
}
