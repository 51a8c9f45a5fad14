//! Used tokens: in memory, and in a real Redis that these tests start.

use super::forge::{ENDPOINT, KeyPair, NOW, P384, Served, after, bearer, client, now, signed};
use super::{claims, uuid};
use rrdtc::auth::{Authenticator, RefusalReason, Replay, TrustedClient, UsedTokens};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn with_store(replay: Replay, used: &UsedTokens) -> Authenticator {
    let client = TrustedClient { replay, ..client() };
    Authenticator::new(vec![client], Arc::new(Served::none()), used.clone()).unwrap()
}

async fn call_at(
    authenticator: &Authenticator,
    token: &str,
    seconds: i64,
) -> Result<(), RefusalReason> {
    let header = bearer(token);
    let answer = authenticator.authenticate(Some(&header), ENDPOINT, after(seconds));
    answer.await.map(|_| ()).map_err(|refused| refused.reason)
}

async fn call(authenticator: &Authenticator, token: &str) -> Result<(), RefusalReason> {
    call_at(authenticator, token, 0).await
}

fn token(change: Value) -> String {
    signed(&P384, claims(change))
}

#[tokio::test]
async fn a_jti_is_accepted_once_unless_the_client_may_repeat_it() {
    let used = UsedTokens::in_memory(10);
    assert!(used.ready().await);
    let strict = with_store(Replay::Strict, &used);
    let once = token(json!({}));
    assert_eq!(call(&strict, &once).await, Ok(()));
    assert_eq!(call(&strict, &once).await, Err(RefusalReason::Replayed));
    // The same jti in another token, too.
    let jti = uuid();
    assert_eq!(call(&strict, &token(json!({"jti": jti}))).await, Ok(()));
    assert_eq!(
        call(&strict, &token(json!({"jti": jti, "exp": NOW + 900}))).await,
        Err(RefusalReason::Replayed)
    );
    // A reload makes a new authenticator with the same store.
    assert_eq!(
        call(&with_store(Replay::Strict, &used), &once).await,
        Err(RefusalReason::Replayed)
    );
    let allow = with_store(Replay::Allow, &used);
    let often = token(json!({}));
    for _ in 0..3 {
        assert_eq!(call(&allow, &often).await, Ok(()));
    }
    assert_eq!(
        call(&strict, &often).await,
        Ok(()),
        "an allowed repetition is not kept"
    );
}

#[tokio::test]
async fn a_jti_is_kept_until_its_token_has_expired_leeway_included() {
    let used = UsedTokens::in_memory(10);
    let strict = with_store(Replay::Strict, &used);
    let token = token(json!({}));
    assert_eq!(call(&strict, &token).await, Ok(()));
    for seconds in [1, 299, 300, 359] {
        assert_eq!(
            call_at(&strict, &token, seconds).await,
            Err(RefusalReason::Replayed),
            "{seconds}"
        );
    }
    assert_eq!(
        call_at(&strict, &token, 360).await,
        Err(RefusalReason::Expired)
    );
}

#[tokio::test]
async fn two_clients_may_use_the_same_jti() {
    // Of the same length as the other issuer.
    let second = TrustedClient {
        name: "second".into(),
        issuer: "https://two.example.org".into(),
        ..client()
    };
    let both = Authenticator::new(
        vec![client(), second],
        Arc::new(Served::none()),
        UsedTokens::in_memory(10),
    )
    .unwrap();
    for issuer in [&client().issuer, "https://two.example.org"] {
        let token = token(json!({"jti": "one", "iss": issuer}));
        assert_eq!(call(&both, &token).await, Ok(()));
        assert_eq!(call(&both, &token).await, Err(RefusalReason::Replayed));
    }
}

#[tokio::test]
async fn a_full_store_refuses_until_tokens_expire() {
    let used = UsedTokens::in_memory(2);
    let strict = with_store(Replay::Strict, &used);
    for _ in 0..2 {
        assert_eq!(call(&strict, &token(json!({}))).await, Ok(()));
    }
    assert_eq!(
        call(&strict, &token(json!({}))).await,
        Err(RefusalReason::ReplayStoreUnavailable)
    );
    // The first two expire 360 seconds on.
    let later = token(json!({"iat": NOW + 300, "exp": NOW + 700}));
    assert_eq!(
        call_at(&strict, &later, 359).await,
        Err(RefusalReason::ReplayStoreUnavailable)
    );
    assert_eq!(call_at(&strict, &later, 360).await, Ok(()));
}

/// A clock that is set wrong and put right again must not make a used token a new one.
#[tokio::test]
async fn a_used_token_stays_used_when_the_clock_jumps_past_its_end_and_back() {
    const DAY: i64 = 86_400;
    let used = UsedTokens::in_memory(10);
    let strict = with_store(Replay::Strict, &used);
    let once = token(json!({}));
    assert_eq!(call(&strict, &once).await, Ok(()));
    for wrong in [DAY, -DAY, 3650 * DAY] {
        let of_then = token(json!({"iat": NOW + wrong, "exp": NOW + wrong + 300}));
        assert_eq!(call_at(&strict, &of_then, wrong).await, Ok(()), "{wrong}");
        for seconds in [0, 300] {
            assert_eq!(
                call_at(&strict, &once, seconds).await,
                Err(RefusalReason::Replayed),
                "{wrong} {seconds}"
            );
        }
        assert_eq!(call(&strict, &token(json!({}))).await, Ok(()), "{wrong}");
    }
}

/// A full store has to forget, and then no longer knows who was there: such a token is refused.
#[tokio::test]
async fn what_a_full_store_forgot_while_the_clock_was_wrong_is_refused() {
    let used = UsedTokens::in_memory(2);
    let strict = with_store(Replay::Strict, &used);
    let once = token(json!({}));
    for token in [&once, &token(json!({}))] {
        assert_eq!(call(&strict, token).await, Ok(()));
    }
    let later = token(json!({"iat": NOW + 4000, "exp": NOW + 4300}));
    assert_eq!(call_at(&strict, &later, 4000).await, Ok(()));
    assert_eq!(
        call_at(&strict, &once, 359).await,
        Err(RefusalReason::ReplayStoreUnavailable)
    );
}

#[tokio::test]
async fn a_token_with_a_bad_signature_uses_up_nothing() {
    let used = UsedTokens::in_memory(1);
    let strict = with_store(Replay::Strict, &used);
    let stranger = KeyPair::elliptic("p384", &rcgen::PKCS_ECDSA_P384_SHA384, "ES384");
    let jti = uuid();
    let forged = signed(&stranger, claims(json!({"jti": jti})));
    assert_eq!(
        call(&strict, &forged).await,
        Err(RefusalReason::BadSignature)
    );
    assert_eq!(call(&strict, &token(json!({"jti": jti}))).await, Ok(()));
}

/// A Redis of Debian's package on a free port of loopback, in a folder of its own; stopped when dropped.
pub struct RedisServer {
    process: Child,
    pub port: u16,
    folder: tempfile::TempDir,
}

impl RedisServer {
    /// `None` when there is no `redis-server` here; a failure instead when the environment requires one.
    pub fn start(test: &str) -> Option<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let folder = tempfile::tempdir().unwrap();
        match Self::spawn(port, folder.path()) {
            Ok(process) => Some(Self {
                process,
                port,
                folder,
            }),
            Err(error) => {
                assert!(
                    std::env::var_os("TEST_REQUIRES_REDIS").is_none(),
                    "redis-server is required and does not start: {error}"
                );
                eprintln!("SKIPPED {test}: redis-server does not start ({error})");
                None
            }
        }
    }

    fn spawn(port: u16, folder: &std::path::Path) -> std::io::Result<Child> {
        Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--port", &port.to_string(), "--dir"])
            .arg(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
    }

    fn store(&self) -> UsedTokens {
        let address = SecretString::from(format!("redis://127.0.0.1:{}/", self.port));
        UsedTokens::redis(&address, "rrdtc-test:jti:").unwrap()
    }

    pub fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn start_again(&mut self) {
        self.process = Self::spawn(self.port, self.folder.path()).unwrap();
    }

    /// What `redis-cli` would say; one connection a command.
    pub fn ask(&self, command: &[&str]) -> redis::Value {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}/", self.port)).unwrap();
        let mut connection = client.get_connection().unwrap();
        let mut cmd = redis::cmd(command[0]);
        for argument in &command[1..] {
            cmd.arg(argument);
        }
        cmd.query(&mut connection).unwrap()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn ready(store: &UsedTokens) {
    let start = Instant::now();
    while !store.ready().await {
        assert!(start.elapsed() < Duration::from_secs(20), "Redis answers");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn replicas_with_one_redis_refuse_each_others_used_tokens() {
    let Some(redis) = RedisServer::start("replicas_with_one_redis_refuse_each_others_used_tokens")
    else {
        return;
    };
    let (here, there) = (redis.store(), redis.store());
    ready(&here).await;
    ready(&there).await;
    let (first, second) = (
        with_store(Replay::Strict, &here),
        with_store(Replay::Strict, &there),
    );
    let once = token(json!({}));
    assert_eq!(call(&first, &once).await, Ok(()));
    assert_eq!(call(&second, &once).await, Err(RefusalReason::Replayed));
    assert_eq!(call(&first, &once).await, Err(RefusalReason::Replayed));
    assert_eq!(call(&second, &token(json!({}))).await, Ok(()));

    // Kept are hashes under the prefix, each until its token expires with the leeway.
    let keys: Vec<String> = redis::from_redis_value(redis.ask(&["KEYS", "*"])).unwrap();
    assert_eq!(keys.len(), 2);
    for key in &keys {
        let hash = key.strip_prefix("rrdtc-test:jti:").unwrap();
        assert_eq!(hash.len(), 64);
        assert!(hash.bytes().all(|b| b.is_ascii_hexdigit()), "{key}");
        let seconds: i64 = redis::from_redis_value(redis.ask(&["TTL", key])).unwrap();
        assert!((300..=360).contains(&seconds), "{seconds}");
    }
    let allow = with_store(Replay::Allow, &here);
    assert_eq!(call(&allow, &once).await, Ok(()));
}

#[tokio::test]
async fn without_its_redis_every_strict_client_is_refused_and_then_served_again() {
    let test = "without_its_redis_every_strict_client_is_refused_and_then_served_again";
    let Some(mut redis) = RedisServer::start(test) else {
        return;
    };
    let store = redis.store();
    ready(&store).await;
    let strict = with_store(Replay::Strict, &store);
    assert_eq!(call(&strict, &token(json!({}))).await, Ok(()));
    redis.stop();
    for _ in 0..3 {
        assert_eq!(
            call(&strict, &token(json!({}))).await,
            Err(RefusalReason::ReplayStoreUnavailable)
        );
    }
    assert!(!store.ready().await);
    assert_eq!(
        call(&with_store(Replay::Allow, &store), &token(json!({}))).await,
        Ok(()),
        "who needs no store is served"
    );
    redis.start_again();
    ready(&store).await;
    assert_eq!(call(&strict, &token(json!({}))).await, Ok(()));
}

#[tokio::test]
async fn a_redis_that_restarts_between_two_calls_is_not_noticed() {
    let Some(mut redis) =
        RedisServer::start("a_redis_that_restarts_between_two_calls_is_not_noticed")
    else {
        return;
    };
    let store = redis.store();
    ready(&store).await;
    let strict = with_store(Replay::Strict, &store);
    assert_eq!(call(&strict, &token(json!({}))).await, Ok(()));
    redis.stop();
    redis.start_again();
    // Another connection tells when it is up, so that the first use of the lost one is the call itself.
    ready(&redis.store()).await;
    assert_eq!(call(&strict, &token(json!({}))).await, Ok(()));
}

#[tokio::test]
async fn a_redis_that_takes_the_connection_and_never_answers_is_given_up() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let address = SecretString::from(format!("redis://:PASSWORD@127.0.0.1:{port}/"));
    let store = UsedTokens::redis(&address, "x:").unwrap();
    let strict = with_store(Replay::Strict, &store);
    let header = bearer(&token(json!({})));
    let answer = strict.authenticate(Some(&header), ENDPOINT, now());
    let refused = tokio::time::timeout(Duration::from_secs(30), answer)
        .await
        .expect("an answer")
        .unwrap_err();
    assert_eq!(refused.reason, RefusalReason::ReplayStoreUnavailable);
    assert!(!refused.to_string().contains("PASSWORD"));
}

#[test]
fn an_address_that_is_none_of_redis_is_refused_without_its_text() {
    for address in [
        "",
        "PASSWORD",
        "http://user:PASSWORD@127.0.0.1/",
        "rediss://:PASSWORD@127.0.0.1/",
        "redis://:PASSWORD@127.0.0.1:port/",
    ] {
        let error = UsedTokens::redis(&SecretString::from(address), "x:").err();
        let text = error.expect(address).to_string();
        assert!(!text.contains("PASSWORD"), "{text}");
    }
}
