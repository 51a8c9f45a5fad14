//! The one assessment of a launch, kept for 15 minutes or until the user ends it: in memory, or in Redis for several replicas.
//!
//! It is encrypted either way (AES-256-GCM), with a key and under a name that are derived from the secret in the browser's
//! cookie. Who holds the memory or Redis alone can neither read it nor tell whose it is.

use super::banner::PatientBanner;
use super::launch::{LaunchId, Purpose, Secret, hex};
use super::token::SinceCard;
use crate::replicas::{RedisAddressInvalid, RedisUnavailable, SharedRedis};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Life of what is kept, seconds.
pub const KEPT_SECONDS: i64 = 900;

/// Largest assessment that is kept, bytes. One of 100,000 records set aside has about 10 MB.
const MAX_BYTES: usize = 16 << 20;

/// Bytes in memory, at most.
const MAX_BYTES_IN_ALL: usize = 128 << 20;

/// What is kept of a launch. No token.
#[derive(Clone, Serialize, Deserialize)]
pub struct Kept {
    /// Client and tenant whose rules made the assessment.
    pub client: String,
    /// Tenant.
    pub tenant: Option<String>,
    /// Language of its texts.
    pub language: String,
    /// Whose it is.
    pub banner: PatientBanner,
    /// `org.rrdtc.assessment` as JSON text.
    pub assessment: String,
    /// SHA-256 of the model that made it.
    pub model_sha256: String,
    /// How it stands to the card that the launch came from.
    pub since_card: SinceCard,
    /// The second from which on it is no longer shown.
    pub expires_at: i64,
}

// By hand: it is about a patient.
impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept(...)")
    }
}

/// It could not be kept, or not be asked for.
#[derive(Debug, thiserror::Error)]
pub enum CannotKeep {
    /// More than is kept.
    #[error("the assessment is larger than what is kept")]
    TooLarge,
    /// Too many launches at one time.
    #[error("too many assessments are open")]
    Full,
    /// Randomness or cipher.
    #[error("the system gives no random numbers")]
    Cipher,
    /// Redis.
    #[error(transparent)]
    Redis(#[from] RedisUnavailable),
}

/// The assessments of all launches.
pub struct Assessments(Store);

enum Store {
    Memory {
        sealed: Mutex<HashMap<String, Sealed>>,
        capacity: usize,
    },
    Redis(SharedRedis),
}

struct Sealed {
    bytes: Vec<u8>,
    expires_at: i64,
}

impl Assessments {
    /// In this process, at most so many.
    pub fn in_memory(capacity: usize) -> Self {
        Self(Store::Memory {
            sealed: Mutex::default(),
            capacity,
        })
    }

    /// In Redis.
    pub fn redis(address: &SecretString) -> Result<Self, RedisAddressInvalid> {
        Ok(Self(Store::Redis(SharedRedis::new(address)?)))
    }

    /// Keeps the assessment of a launch.
    pub async fn keep(
        &self,
        launch: &LaunchId,
        secret: &Secret,
        kept: &Kept,
        now: Timestamp,
    ) -> Result<(), CannotKeep> {
        // Strings and numbers, written to memory: cannot fail.
        let text = serde_json::to_vec(kept).unwrap_or_default();
        if text.len() > MAX_BYTES {
            return Err(CannotKeep::TooLarge);
        }
        let bytes = seal(launch, secret, text).ok_or(CannotKeep::Cipher)?;
        let name = name(launch, secret);
        match &self.0 {
            Store::Memory { sealed, capacity } => {
                let mut sealed = lock(sealed);
                sealed.retain(|_, sealed| sealed.expires_at > now.as_second());
                let held: usize = sealed.values().map(|sealed| sealed.bytes.len()).sum();
                if sealed.len() >= *capacity || held + bytes.len() > MAX_BYTES_IN_ALL {
                    return Err(CannotKeep::Full);
                }
                let expires_at = kept.expires_at;
                sealed.insert(name, Sealed { bytes, expires_at });
            }
            Store::Redis(redis) => {
                let mut set = redis::cmd("SET");
                set.arg(name).arg(bytes).arg("EX").arg(KEPT_SECONDS);
                redis.ask::<()>(&set).await?;
            }
        }
        Ok(())
    }

    /// The assessment of a launch, for the browser that holds its secret.
    pub async fn find(
        &self,
        launch: &LaunchId,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<Option<Kept>, CannotKeep> {
        let name = name(launch, secret);
        let bytes = match &self.0 {
            Store::Memory { sealed, .. } => {
                let mut sealed = lock(sealed);
                sealed.retain(|_, sealed| sealed.expires_at > now.as_second());
                sealed.get(&name).map(|sealed| sealed.bytes.clone())
            }
            Store::Redis(redis) => {
                let mut get = redis::cmd("GET");
                get.arg(name);
                redis.ask::<Option<Vec<u8>>>(&get).await?
            }
        };
        // What does not open with this secret is not this browser's.
        let text = bytes.and_then(|bytes| open(launch, secret, bytes));
        let kept = text.and_then(|text| serde_json::from_slice::<Kept>(&text).ok());
        Ok(kept.filter(|kept| now.as_second() < kept.expires_at))
    }

    /// Drops the assessment of a launch.
    pub async fn end(&self, launch: &LaunchId, secret: &Secret) -> Result<(), CannotKeep> {
        let name = name(launch, secret);
        match &self.0 {
            Store::Memory { sealed, .. } => {
                lock(sealed).remove(&name);
            }
            Store::Redis(redis) => {
                let mut delete = redis::cmd("DEL");
                delete.arg(name);
                redis.ask::<()>(&delete).await?;
            }
        }
        Ok(())
    }

    /// Drops what has expired, for a background task. Redis does it by itself.
    pub fn forget_expired(&self, now: Timestamp) {
        if let Store::Memory { sealed, .. } = &self.0 {
            lock(sealed).retain(|_, sealed| sealed.expires_at > now.as_second());
        }
    }
}

// Single statements change the map, so a panic elsewhere leaves nothing half done.
fn lock(sealed: &Mutex<HashMap<String, Sealed>>) -> MutexGuard<'_, HashMap<String, Sealed>> {
    sealed.lock().unwrap_or_else(PoisonError::into_inner)
}

fn name(launch: &LaunchId, secret: &Secret) -> String {
    let derived = secret.derive(Purpose::Name, &launch.to_string());
    format!("rrdtc:assessment:{}", hex(&derived))
}

fn cipher(launch: &LaunchId, secret: &Secret) -> Option<LessSafeKey> {
    let key = secret.derive(Purpose::Encryption, &launch.to_string());
    Some(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).ok()?))
}

/// Nonce, then text and tag.
fn seal(launch: &LaunchId, secret: &Secret, mut text: Vec<u8>) -> Option<Vec<u8>> {
    let mut nonce = [0; NONCE_LEN];
    aws_lc_rs::rand::fill(&mut nonce).ok()?;
    cipher(launch, secret)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut text)
        .ok()?;
    let mut bytes = nonce.to_vec();
    bytes.append(&mut text);
    Some(bytes)
}

fn open(launch: &LaunchId, secret: &Secret, bytes: Vec<u8>) -> Option<Vec<u8>> {
    let (nonce, text) = bytes.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut text = text.to_vec();
    let length = cipher(launch, secret)?
        .open_in_place(nonce, Aad::empty(), &mut text)
        .ok()?
        .len();
    text.truncate(length);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(assessment: &str, expires_at: i64) -> Kept {
        Kept {
            client: "c".into(),
            tenant: None,
            language: "en".into(),
            banner: PatientBanner::read("{}"),
            assessment: assessment.into(),
            model_sha256: String::new(),
            since_card: SinceCard::NoCard,
            expires_at,
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[tokio::test]
    async fn a_full_memory_takes_no_more_until_something_expires() {
        let all = Assessments::in_memory(2);
        let secret = Secret::new().unwrap();
        let launches = [(); 3].map(|()| LaunchId::new("https://ehr").unwrap());
        for launch in &launches[..2] {
            all.keep(launch, &secret, &kept("a", 900), at(0))
                .await
                .unwrap();
        }
        let third = kept("c", 1900);
        let refused = all.keep(&launches[2], &secret, &third, at(899)).await;
        assert!(matches!(refused, Err(CannotKeep::Full)));
        assert!(
            all.find(&launches[0], &secret, at(899))
                .await
                .unwrap()
                .is_some()
        );
        all.keep(&launches[2], &secret, &third, at(900))
            .await
            .unwrap();
        assert!(
            all.find(&launches[0], &secret, at(900))
                .await
                .unwrap()
                .is_none()
        );
    }

    #[tokio::test]
    async fn what_is_too_large_is_not_kept() {
        let all = Assessments::in_memory(2);
        let (secret, launch) = (
            Secret::new().unwrap(),
            LaunchId::new("https://ehr").unwrap(),
        );
        let large = kept(&"x".repeat(MAX_BYTES), 900);
        let refused = all.keep(&launch, &secret, &large, at(0)).await;
        assert!(matches!(refused, Err(CannotKeep::TooLarge)));
    }

    #[test]
    fn what_was_sealed_opens_for_its_launch_and_secret_only() {
        let (launch, other) = (
            LaunchId::new("https://ehr").unwrap(),
            LaunchId::new("https://ehr").unwrap(),
        );
        let (secret, second) = (Secret::new().unwrap(), Secret::new().unwrap());
        let sealed = seal(&launch, &secret, b"zqx".to_vec()).unwrap();
        assert_eq!(
            open(&launch, &secret, sealed.clone()).as_deref(),
            Some(b"zqx".as_slice())
        );
        assert_eq!(open(&other, &secret, sealed.clone()), None);
        assert_eq!(open(&launch, &second, sealed.clone()), None);
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert_eq!(open(&launch, &secret, changed), None, "{position}");
        }
        assert_eq!(open(&launch, &secret, vec![1; 3]), None);
    }
}
