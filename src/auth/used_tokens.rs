//! Which tokens were used before. In this process, or in Redis when several replicas answer for one address.
//!
//! Both keep a hash of issuer and `jti`, never the values, until the token would be refused as expired anyway. Both fail
//! closed: when it cannot be told whether a token was used, it counts as used.

use jiff::Timestamp;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;

/// Longest wait for one answer of Redis.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(500);
/// Longest wait in all, connecting and the second try included.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(1);

/// The used tokens. A clone is the same store, so it outlives a reload of the configuration.
#[derive(Clone)]
pub struct UsedTokens(Store);

#[derive(Clone)]
enum Store {
    Memory(Arc<Mutex<InMemory>>),
    Redis(Arc<InRedis>),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum JtiUse {
    First,
    Repeated,
}

/// It cannot be told whether a token was used.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreUnavailable {
    #[error("the store of used tokens is full: wait for tokens to expire, or make it larger")]
    Full,
    #[error("Redis did not answer in time")]
    Timeout,
    /// The kind of error only: its text may hold the address with its password.
    #[error("Redis refused: {0}")]
    Redis(String),
}

/// The address of Redis cannot be used. Its text is not shown, for it may hold a password.
#[derive(Debug, thiserror::Error)]
#[error(
    "the Redis address cannot be used ({0}); expected is redis://[user:password@]host:port[/database]; TLS is not built in"
)]
pub struct RedisAddressInvalid(String);

impl UsedTokens {
    /// A store in this process for at most `capacity` tokens (17 to 34 bytes each); right for one replica only. Full of
    /// tokens that are still valid, it refuses every further one. Only tokens with a good signature are kept.
    pub fn in_memory(capacity: usize) -> Self {
        Self(Store::Memory(Arc::new(Mutex::new(InMemory {
            by_minute: BTreeMap::new(),
            count: 0,
            capacity,
        }))))
    }

    /// A store in Redis, shared by all replicas with the same `key_prefix` (such as `rrdtc:jti:`). Connects at the first
    /// use, and again by itself when the connection is lost.
    ///
    /// # Errors
    ///
    /// When the address is none of Redis.
    pub fn redis(
        address: &SecretString,
        key_prefix: impl Into<String>,
    ) -> Result<Self, RedisAddressInvalid> {
        let client = redis::Client::open(address.expose_secret())
            .map_err(|error| RedisAddressInvalid(error.category().to_owned()))?;
        Ok(Self(Store::Redis(Arc::new(InRedis {
            client,
            connection: OnceCell::new(),
            key_prefix: key_prefix.into(),
        }))))
    }

    /// Whether the store answers: always in memory; in Redis, whether a PING comes back within a second.
    pub async fn ready(&self) -> bool {
        match &self.0 {
            Store::Memory(_) => true,
            Store::Redis(redis) => redis.ask::<String>(&redis::cmd("PING")).await.is_ok(),
        }
    }

    /// Takes note of a token, of no use from the second `until` on, and tells whether it is the first time.
    pub(super) async fn first_use(
        &self,
        issuer: &str,
        jti: &str,
        until: i64,
        now: Timestamp,
    ) -> Result<JtiUse, StoreUnavailable> {
        let digest = digest(issuer, jti);
        match &self.0 {
            Store::Memory(memory) => memory
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .first_use(&digest, until, now.as_second()),
            Store::Redis(redis) => redis.first_use(&digest, until, now.as_second()).await,
        }
    }
}

/// SHA-256 of both; the length before the issuer keeps `a` + `bc` apart from `ab` + `c`.
fn digest(issuer: &str, jti: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update((issuer.len() as u64).to_be_bytes())
        .chain_update(issuer)
        .chain_update(jti)
        .finalize()
        .into()
}

/// By the minute in which the tokens expire, so that a whole minute is dropped at once.
struct InMemory {
    by_minute: BTreeMap<i64, HashSet<u128>>,
    count: usize,
    capacity: usize,
}

impl InMemory {
    fn first_use(
        &mut self,
        digest: &[u8; 32],
        until: i64,
        now: i64,
    ) -> Result<JtiUse, StoreUnavailable> {
        while let Some(minute) = self.by_minute.first_entry() {
            if (minute.key() + 1).saturating_mul(60) > now {
                break;
            }
            self.count -= minute.remove().len();
        }
        // Half of the digest: a chance meeting of two among millions is still out of the question.
        let short = digest[..16]
            .iter()
            .fold(0, |all, byte| (all << 8) | u128::from(*byte));
        if self.by_minute.values().any(|used| used.contains(&short)) {
            return Ok(JtiUse::Repeated);
        }
        if self.count >= self.capacity {
            return Err(StoreUnavailable::Full);
        }
        self.by_minute
            .entry(until.div_euclid(60))
            .or_default()
            .insert(short);
        self.count += 1;
        Ok(JtiUse::First)
    }
}

struct InRedis {
    client: redis::Client,
    connection: OnceCell<ConnectionManager>,
    key_prefix: String,
}

impl InRedis {
    async fn first_use(
        &self,
        digest: &[u8; 32],
        until: i64,
        now: i64,
    ) -> Result<JtiUse, StoreUnavailable> {
        let mut key = self.key_prefix.clone();
        for byte in digest {
            key.push_str(&format!("{byte:02x}"));
        }
        let mut set = redis::cmd("SET");
        set.arg(key).arg(1).arg("NX").arg("EX");
        set.arg(until.saturating_sub(now).max(1));
        // OK when it was set, nil when it was there.
        let answer: Option<String> = self.ask(&set).await?;
        Ok(match answer {
            Some(_) => JtiUse::First,
            None => JtiUse::Repeated,
        })
    }

    async fn ask<T: redis::FromRedisValue>(
        &self,
        command: &redis::Cmd,
    ) -> Result<T, StoreUnavailable> {
        tokio::time::timeout(TOTAL_TIMEOUT, self.ask_twice(command))
            .await
            .map_err(|_| StoreUnavailable::Timeout)?
            .map_err(|error| StoreUnavailable::Redis(error.category().to_owned()))
    }

    /// A lost connection is noticed only when it is used; the second try goes out on the new one. If the first was carried
    /// out and only its answer lost, the second finds the token used: refused, which is the safe side.
    async fn ask_twice<T: redis::FromRedisValue>(
        &self,
        command: &redis::Cmd,
    ) -> redis::RedisResult<T> {
        let mut connection = self.connection().await?;
        match command.query_async(&mut connection).await {
            Err(error) if error.is_io_error() || error.is_connection_dropped() => {
                command.query_async(&mut connection).await
            }
            answer => answer,
        }
    }

    /// Made at the first use, for it needs a running Tokio runtime.
    async fn connection(&self) -> redis::RedisResult<ConnectionManager> {
        self.connection
            .get_or_try_init(|| async {
                let config = ConnectionManagerConfig::new()
                    .set_connection_timeout(Some(ANSWER_TIMEOUT))
                    .set_response_timeout(Some(ANSWER_TIMEOUT))
                    .set_number_of_retries(0);
                ConnectionManager::new_lazy_with_config(self.client.clone(), config)
            })
            .await
            .cloned()
    }
}
