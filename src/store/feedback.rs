//! Feedback: added, never changed; the same item twice is one.

use super::database::on;
use super::{ROWS_PER_INSERT, Store, StoreError, Tenant, instant, within};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sqlx::QueryBuilder;
use uuid::Uuid;

/// What a user did with one card.
#[derive(Clone, PartialEq, Eq)]
pub struct FeedbackItem {
    /// The card; it need not be known here.
    pub card: Uuid,
    /// What was done.
    pub outcome: Outcome,
    /// When, by the client's clock; kept to the microsecond.
    pub outcome_at: Timestamp,
    /// In the user's words. May speak of the patient: pass it only when the configuration says that it is kept.
    pub comment: Option<String>,
}

/// Without the comment.
impl std::fmt::Debug for FeedbackItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FeedbackItem")
            .field("card", &self.card)
            .field("outcome", &self.outcome)
            .field("outcome_at", &self.outcome_at)
            .finish_non_exhaustive()
    }
}

/// Taken or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Suggestions with these ids were taken.
    Accepted {
        /// Ids.
        suggestions: Vec<String>,
    },
    /// Dismissed, with a coded reason or without.
    Overridden {
        /// Reason.
        reason: Option<Reason>,
    },
}

/// A coded reason of an override.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reason {
    /// System.
    pub system: String,
    /// Code.
    pub code: String,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Added {
    /// Kept now.
    pub new: usize,
    /// Kept before, or twice in the batch.
    pub repeated: usize,
}

/// An item of feedback as it was kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Received {
    /// The service that made the card.
    pub service: String,
    /// When it came.
    pub received_at: Timestamp,
    /// What was done.
    pub item: FeedbackItem,
}

/// What became of a card, by one of its items of feedback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardFeedback {
    /// For whom it was made.
    pub tenant: Tenant,
    /// The card.
    pub card: Uuid,
    /// Whether a suggestion was taken; else it was overridden.
    pub accepted: bool,
    /// Why it was overridden, where a reason was given.
    pub reason: Option<Reason>,
}

/// An item as its row.
struct Row {
    identity: String,
    card: String,
    outcome: &'static str,
    outcome_at: i64,
    suggestions: String,
    reason: Reason,
    comment: Option<String>,
}

impl Row {
    fn of(item: FeedbackItem) -> Self {
        let none = || Reason {
            system: String::new(),
            code: String::new(),
        };
        let (outcome, mut suggestions, reason) = match item.outcome {
            Outcome::Accepted { suggestions } => ("accepted", suggestions, none()),
            Outcome::Overridden { reason } => {
                ("overridden", Vec::new(), reason.unwrap_or_else(none))
            }
        };
        suggestions.sort();
        suggestions.dedup();
        let mut row = Self {
            identity: String::new(),
            card: item.card.to_string(),
            outcome,
            outcome_at: item.outcome_at.as_microsecond(),
            suggestions: serde_json::Value::from(suggestions).to_string(),
            reason,
            comment: item.comment,
        };
        row.identity = row.identity();
        row
    }

    /// What makes it the same item. A hash, because an index cannot hold codes of any length; each part with its length,
    /// so that no two items run together. The comment has no part in it: it may not be kept.
    fn identity(&self) -> String {
        let mut hash = Sha256::new();
        for part in [
            self.card.as_str(),
            self.outcome,
            &self.outcome_at.to_string(),
            &self.suggestions,
            &self.reason.system,
            &self.reason.code,
        ] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        format!("{:x}", hash.finalize())
    }
}

impl Store {
    /// The feedback that came last, newest first, at most so many: for looking at, in the sandbox.
    pub async fn latest_feedback(
        &self,
        tenant: &Tenant,
        most: u32,
    ) -> Result<Vec<Received>, StoreError> {
        type Kept = (
            String,
            i64,
            String,
            String,
            i64,
            String,
            String,
            String,
            Option<String>,
        );
        let rows: Vec<Kept> = within(async {
            on!(self, pool => sqlx::query_as(
                "SELECT service, received, card, outcome, outcome_at, suggestions, reason_system, reason_code, comment \
                 FROM feedback WHERE client = $1 AND tenant = $2 ORDER BY received DESC, identity LIMIT $3",
            )
            .bind(&tenant.client)
            .bind(tenant.name())
            .bind(i64::from(most))
            .fetch_all(pool)
            .await)
            .map_err(StoreError::of_query)
        })
        .await?;
        let unreadable = || StoreError::Refused("a row that cannot be read".into());
        rows.into_iter()
            .map(
                |(service, received, card, outcome, at, suggestions, system, code, comment)| {
                    let outcome = match outcome.as_str() {
                        "accepted" => Outcome::Accepted {
                            suggestions: serde_json::from_str(&suggestions)
                                .map_err(|_| unreadable())?,
                        },
                        _ => Outcome::Overridden {
                            reason: (!code.is_empty()).then_some(Reason { system, code }),
                        },
                    };
                    Ok(Received {
                        service,
                        received_at: instant(received)?,
                        item: FeedbackItem {
                            card: card.parse().map_err(|_| unreadable())?,
                            outcome,
                            outcome_at: instant(at)?,
                            comment,
                        },
                    })
                },
            )
            .collect()
    }

    /// What became of the cards whose feedback came since an instant, in a fixed order. Like a report it has no time limit.
    pub async fn feedback_by_card(
        &self,
        since: Option<Timestamp>,
    ) -> Result<Vec<CardFeedback>, StoreError> {
        type Kept = (String, String, String, String, String, String);
        let since = since.map_or(i64::MIN, Timestamp::as_microsecond);
        let rows: Vec<Kept> = on!(self, pool => sqlx::query_as(
            "SELECT DISTINCT client, tenant, card, outcome, reason_system, reason_code FROM feedback \
             WHERE received >= $1 ORDER BY client, tenant, card, outcome, reason_system, reason_code",
        )
        .bind(since)
        .fetch_all(pool)
        .await)
        .map_err(StoreError::of_query)?;
        rows.into_iter()
            .map(|(client, tenant, card, outcome, system, code)| {
                Ok(CardFeedback {
                    tenant: Tenant {
                        client,
                        tenant: (!tenant.is_empty()).then_some(tenant),
                    },
                    card: card
                        .parse()
                        .map_err(|_| StoreError::Refused("a row that cannot be read".into()))?,
                    accepted: outcome == "accepted",
                    reason: (!code.is_empty()).then_some(Reason { system, code }),
                })
            })
            .collect()
    }

    /// Keeps a batch, whole or not at all. When this returns `Ok`, it is on the disk of the database.
    pub async fn add_feedback(
        &self,
        tenant: &Tenant,
        service: &str,
        items: Vec<FeedbackItem>,
        received_at: Timestamp,
    ) -> Result<Added, StoreError> {
        let total = items.len();
        let mut rows: Vec<Row> = items.into_iter().map(Row::of).collect();
        // Two batches with the same items lock them in the same order: no deadlock.
        rows.sort_by(|a, b| a.identity.cmp(&b.identity));
        let new = within(async {
            on!(self, pool => {
                let mut transaction = pool.begin().await.map_err(StoreError::of_query)?;
                let mut new = 0;
                for rows in rows.chunks(ROWS_PER_INSERT) {
                    let mut insert = QueryBuilder::new(
                        "INSERT INTO feedback (client, tenant, identity, service, card, received, outcome, outcome_at, \
                         suggestions, reason_system, reason_code, comment) ",
                    );
                    insert.push_values(rows, |mut values, row| {
                        values
                            .push_bind(&tenant.client)
                            .push_bind(tenant.name())
                            .push_bind(&row.identity)
                            .push_bind(service)
                            .push_bind(&row.card)
                            .push_bind(received_at.as_microsecond())
                            .push_bind(row.outcome)
                            .push_bind(row.outcome_at)
                            .push_bind(&row.suggestions)
                            .push_bind(&row.reason.system)
                            .push_bind(&row.reason.code)
                            .push_bind(&row.comment);
                    });
                    insert.push(" ON CONFLICT DO NOTHING");
                    let done = insert
                        .build()
                        .persistent(false)
                        .execute(&mut *transaction)
                        .await
                        .map_err(StoreError::of_query)?;
                    new += done.rows_affected();
                }
                transaction.commit().await.map_err(StoreError::of_query)?;
                Ok(new as usize)
            })
        })
        .await?;
        // After the commit: a file that was removed before it took the rows along.
        self.in_place()?;
        Ok(Added {
            new,
            repeated: total - new,
        })
    }
}
