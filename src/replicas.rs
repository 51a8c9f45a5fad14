//! What replicas share: Redis, asked with short patience. Knows connections and time-outs, and nothing of what is kept there.
//!
//! [`SharedRedis`] connects at the first use, and again by itself when the connection is lost.

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use tokio::sync::OnceCell;

/// Longest wait for one answer of Redis.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(500);
/// Longest wait in all, connecting and the second try included.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(1);

/// One Redis that all replicas use.
pub struct SharedRedis {
    client: redis::Client,
    connection: OnceCell<ConnectionManager>,
}

/// The address of Redis cannot be used. Its text is not shown, for it may hold a password.
#[derive(Debug, thiserror::Error)]
#[error(
    "the Redis address cannot be used ({0}); expected is redis://[user:password@]host:port[/database]; TLS is not built in"
)]
pub struct RedisAddressInvalid(String);

/// Redis gave no answer that helps.
#[derive(Debug, thiserror::Error)]
pub enum RedisUnavailable {
    /// Too late.
    #[error("Redis did not answer in time")]
    Timeout,
    /// The kind of error only: its text may hold the address with its password.
    #[error("Redis refused: {0}")]
    Refused(String),
}

impl SharedRedis {
    /// For this address. Contacts nobody yet.
    ///
    /// # Errors
    ///
    /// When the address is none of Redis.
    pub fn new(address: &SecretString) -> Result<Self, RedisAddressInvalid> {
        let client = redis::Client::open(address.expose_secret())
            .map_err(|error| RedisAddressInvalid(error.category().to_owned()))?;
        Ok(Self {
            client,
            connection: OnceCell::new(),
        })
    }

    /// Whether a PING comes back within a second.
    pub async fn ready(&self) -> bool {
        self.ask::<String>(&redis::cmd("PING")).await.is_ok()
    }

    /// Sends a command, which may be carried out twice.
    pub async fn ask<T: redis::FromRedisValue>(
        &self,
        command: &redis::Cmd,
    ) -> Result<T, RedisUnavailable> {
        tokio::time::timeout(TOTAL_TIMEOUT, self.ask_twice(command))
            .await
            .map_err(|_| RedisUnavailable::Timeout)?
            .map_err(|error| RedisUnavailable::Refused(error.category().to_owned()))
    }

    /// A lost connection is noticed only when it is used; the second try goes out on the new one.
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
