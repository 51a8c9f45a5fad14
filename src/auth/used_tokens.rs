//! Which tokens were used before. In this process, or in Redis when several replicas answer for one address.
//!
//! Both keep a hash of issuer and `jti`, never the values, at least until the token would be refused as expired anyway;
//! Redis goes by its own clock. Both fail closed: when it cannot be told whether a token was used, it counts as used.

use crate::replicas::{RedisUnavailable, SharedRedis};
use jiff::Timestamp;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

pub use crate::replicas::RedisAddressInvalid;

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
pub enum StoreUnavailable {
    /// No room.
    #[error("the store of used tokens is full: wait for tokens to expire, or make it larger")]
    Full,
    /// Expired tokens were forgotten, and the clock now says that this one has not expired yet.
    #[error(
        "the clock was set back: tokens that end as early as this one were forgotten; use a token that ends later"
    )]
    ClockSetBack,
    /// Redis.
    #[error(transparent)]
    Redis(#[from] RedisUnavailable),
}

impl UsedTokens {
    /// A store in this process for at most `capacity` tokens (38 to 76 bytes each); right for one replica only. Full, it
    /// forgets those that have expired; full of tokens that are still valid, it refuses every further one. Only tokens
    /// with a good signature are kept.
    pub fn in_memory(capacity: usize) -> Self {
        Self(Store::Memory(Arc::new(Mutex::new(InMemory::new(capacity)))))
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
        Ok(Self(Store::Redis(Arc::new(InRedis {
            redis: SharedRedis::new(address)?,
            key_prefix: key_prefix.into(),
        }))))
    }

    /// Whether the store answers: always in memory; in Redis, whether a PING comes back within a second.
    pub async fn ready(&self) -> bool {
        match &self.0 {
            Store::Memory(_) => true,
            Store::Redis(used) => used.redis.ready().await,
        }
    }

    /// Takes note of something that may be used once, of no use from the second `until` on, and tells whether it is the
    /// first time. The `purpose` keeps ids of different kinds apart, as an issuer does with those of tokens.
    pub async fn is_first_use(
        &self,
        purpose: &str,
        id: &str,
        until: i64,
        now: Timestamp,
    ) -> Result<bool, StoreUnavailable> {
        let used = self.first_use(purpose, id, until, now).await?;
        Ok(used == JtiUse::First)
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

/// Forgets only when it is full. A token that has expired could be dropped at once if the clock always went forward; but a
/// clock that is set wrong and put right again makes such a token valid once more.
struct InMemory {
    /// Half of each digest (a chance meeting of two among millions is still out of the question), with the second from
    /// which on the token is of no use.
    used: HashMap<u128, i64>,
    capacity: usize,
    /// The earliest of these seconds, so that a store full of valid tokens is not searched for expired ones at each call.
    earliest: i64,
    /// The latest of these seconds that was forgotten: of tokens that end by then it cannot be told who was here.
    forgotten: Option<i64>,
}

impl InMemory {
    fn new(capacity: usize) -> Self {
        Self {
            used: HashMap::new(),
            capacity,
            earliest: i64::MAX,
            forgotten: None,
        }
    }

    fn first_use(
        &mut self,
        digest: &[u8; 32],
        until: i64,
        now: i64,
    ) -> Result<JtiUse, StoreUnavailable> {
        let short = digest[..16]
            .iter()
            .fold(0, |all, byte| (all << 8) | u128::from(*byte));
        if self.used.contains_key(&short) {
            return Ok(JtiUse::Repeated);
        }
        if self.forgotten.is_some_and(|forgotten| until <= forgotten) {
            return Err(StoreUnavailable::ClockSetBack);
        }
        if self.used.len() >= self.capacity {
            self.forget_until(now);
        }
        if self.used.len() >= self.capacity {
            return Err(StoreUnavailable::Full);
        }
        self.used.insert(short, until);
        self.earliest = self.earliest.min(until);
        Ok(JtiUse::First)
    }

    fn forget_until(&mut self, now: i64) {
        if self.earliest > now {
            return;
        }
        let expired = self.used.extract_if(|_, until| *until <= now);
        self.forgotten = expired.map(|(_, until)| until).max().max(self.forgotten);
        self.earliest = self.used.values().copied().min().unwrap_or(i64::MAX);
    }
}

struct InRedis {
    redis: SharedRedis,
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
        // OK when it was set, nil when it was there. When the first try was carried out and only its answer lost, the second
        // finds the token used: refused, which is the safe side.
        let answer: Option<String> = self.redis.ask(&set).await?;
        Ok(match answer {
            Some(_) => JtiUse::First,
            None => JtiUse::Repeated,
        })
    }
}
