//! Heads of audit chains: how many entries each instance wrote, and the hash of the last.

use super::database::on;
use super::{Store, StoreError, within};

/// How far one chain reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The instance that writes the chain.
    pub instance: String,
    /// Entries of the chain, over all its files.
    pub count: u64,
    /// Hash of the last entry, as the caller writes it.
    pub hash: String,
}

impl Store {
    /// Keeps a chain's head. A head never goes back: false when one with more entries is kept already.
    pub async fn put_head(
        &self,
        instance: &str,
        count: u64,
        hash: &str,
    ) -> Result<bool, StoreError> {
        let count = i64::try_from(count)
            .map_err(|_| StoreError::Refused("a chain of that length".into()))?;
        within(async {
            let changed = on!(self, pool => sqlx::query(
                "INSERT INTO heads (instance, entries, hash) VALUES ($1, $2, $3) \
                 ON CONFLICT (instance) DO UPDATE SET entries = excluded.entries, hash = excluded.hash \
                 WHERE heads.entries <= excluded.entries",
            )
            .bind(instance)
            .bind(count)
            .bind(hash)
            .execute(pool)
            .await
            .map(|done| done.rows_affected()))
            .map_err(StoreError::of_query)?;
            Ok(changed == 1)
        })
        .await
    }

    /// A chain's head.
    pub async fn head(&self, instance: &str) -> Result<Option<Head>, StoreError> {
        within(async {
            let row: Option<(String, i64, String)> = on!(self, pool => sqlx::query_as(
                "SELECT instance, entries, hash FROM heads WHERE instance = $1",
            )
            .bind(instance)
            .fetch_optional(pool)
            .await)
            .map_err(StoreError::of_query)?;
            Ok(row.map(head))
        })
        .await
    }

    /// All heads, by instance.
    pub async fn heads(&self) -> Result<Vec<Head>, StoreError> {
        within(async {
            let rows: Vec<(String, i64, String)> = on!(self, pool => sqlx::query_as(
                "SELECT instance, entries, hash FROM heads ORDER BY instance",
            )
            .fetch_all(pool)
            .await)
            .map_err(StoreError::of_query)?;
            Ok(rows.into_iter().map(head).collect())
        })
        .await
    }
}

fn head((instance, count, hash): (String, i64, String)) -> Head {
    Head {
        instance,
        count: count.unsigned_abs(),
        hash,
    }
}
