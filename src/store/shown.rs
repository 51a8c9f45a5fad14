//! Cards that were made, and what alert-fatigue controls ask about them. Rows come through [`super::ShownWriter`].

use super::database::on;
use super::{ROWS_PER_INSERT, Reason, Store, StoreError, Tenant, instant, within};
use jiff::Timestamp;
use sqlx::QueryBuilder;
use uuid::Uuid;

/// The display reason of a card that the user saw; with any other one it was made and withheld.
pub const SHOWN: &str = "shown";

/// What the card said, least urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Below the cut-off.
    BelowCutoff,
    /// What is missing would decide.
    Indeterminate,
    /// At or above the cut-off.
    AtOrAboveCutoff,
}

impl Class {
    /// As it is written everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BelowCutoff => "below-cutoff",
            Self::Indeterminate => "indeterminate",
            Self::AtOrAboveCutoff => "at-or-above-cutoff",
        }
    }

    fn parse(text: &str) -> Result<Self, StoreError> {
        [
            Self::BelowCutoff,
            Self::Indeterminate,
            Self::AtOrAboveCutoff,
        ]
        .into_iter()
        .find(|class| class.as_str() == text)
        .ok_or_else(|| StoreError::Refused("a class that is not known".into()))
    }
}

/// A card that was made for an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownCard {
    /// For whom.
    pub tenant: Tenant,
    /// Service that made it.
    pub service: String,
    /// Its uuid. A re-sent call makes the same card again; the first row stays.
    pub card: Uuid,
    /// When it was made.
    pub at: Timestamp,
    /// What it says.
    pub class: Class,
    /// Pseudonym of the patient.
    pub patient: String,
    /// [`SHOWN`], or why it was withheld.
    pub display_reason: String,
}

/// The last card that a patient's users saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastShown {
    /// What it said.
    pub class: Class,
    /// When.
    pub at: Timestamp,
}

/// The last time that a user asked for silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastSnooze {
    /// Class of the card that was put off.
    pub class: Class,
    /// When the feedback came.
    pub received_at: Timestamp,
}

impl Store {
    /// The last card shown for a patient since an instant, by one service or by any. `except` leaves out the card being
    /// decided on: a re-sent call gets its card again.
    pub async fn last_shown(
        &self,
        tenant: &Tenant,
        patient: &str,
        service: Option<&str>,
        since: Timestamp,
        except: Option<Uuid>,
    ) -> Result<Option<LastShown>, StoreError> {
        let row: Option<(String, i64)> = within(async {
            on!(self, pool => sqlx::query_as(
                "SELECT class, at FROM shown \
                 WHERE client = $1 AND tenant = $2 AND patient = $3 AND at >= $4 AND display_reason = $5 \
                 AND (CAST($6 AS TEXT) IS NULL OR service = $6) AND (CAST($7 AS TEXT) IS NULL OR card <> $7) \
                 ORDER BY at DESC LIMIT 1",
            )
            .bind(&tenant.client)
            .bind(tenant.name())
            .bind(patient)
            .bind(since.as_microsecond())
            .bind(SHOWN)
            .bind(service)
            .bind(except.map(|card| card.to_string()))
            .fetch_optional(pool)
            .await)
            .map_err(StoreError::of_query)
        })
        .await?;
        row.map(|(class, at)| {
            Ok(LastShown {
                class: Class::parse(&class)?,
                at: instant(at)?,
            })
        })
        .transpose()
    }

    /// The last override of a patient's card, received since an instant, whose reason is one of `reasons` (those that mean
    /// "later"). Card and feedback meet when this is asked: either may have been kept first.
    pub async fn last_snooze(
        &self,
        tenant: &Tenant,
        patient: &str,
        service: Option<&str>,
        reasons: &[Reason],
        since: Timestamp,
    ) -> Result<Option<LastSnooze>, StoreError> {
        let mut last: Option<(String, i64)> = None;
        within(async {
            for reason in reasons {
                let row: Option<(String, i64)> = on!(self, pool => sqlx::query_as(
                    "SELECT shown.class, feedback.received FROM shown JOIN feedback ON feedback.client = shown.client \
                     AND feedback.tenant = shown.tenant AND feedback.card = shown.card \
                     WHERE shown.client = $1 AND shown.tenant = $2 AND shown.patient = $3 \
                     AND (CAST($4 AS TEXT) IS NULL OR shown.service = $4) \
                     AND feedback.outcome = 'overridden' AND feedback.reason_system = $5 AND feedback.reason_code = $6 \
                     AND feedback.received >= $7 ORDER BY feedback.received DESC LIMIT 1",
                )
                .bind(&tenant.client)
                .bind(tenant.name())
                .bind(patient)
                .bind(service)
                .bind(&reason.system)
                .bind(&reason.code)
                .bind(since.as_microsecond())
                .fetch_optional(pool)
                .await)
                .map_err(StoreError::of_query)?;
                if let Some(row) = row
                    && last.as_ref().is_none_or(|found| found.1 < row.1)
                {
                    last = Some(row);
                }
            }
            Ok(())
        })
        .await?;
        last.map(|(class, received)| {
            Ok(LastSnooze {
                class: Class::parse(&class)?,
                received_at: instant(received)?,
            })
        })
        .transpose()
    }

    /// Keeps cards, all or none; cards that are kept already stay as they are.
    pub(super) async fn add_shown(&self, cards: &mut [ShownCard]) -> Result<(), StoreError> {
        // Two writers with the same cards lock them in the same order: no deadlock.
        cards.sort_by(|a, b| (a.card, &a.tenant).cmp(&(b.card, &b.tenant)));
        within(async {
            on!(self, pool => {
                let mut transaction = pool.begin().await.map_err(StoreError::of_query)?;
                for cards in cards.chunks(ROWS_PER_INSERT) {
                    let mut insert = QueryBuilder::new(
                        "INSERT INTO shown (client, tenant, card, service, at, class, patient, display_reason) ",
                    );
                    insert.push_values(cards, |mut values, shown| {
                        values
                            .push_bind(&shown.tenant.client)
                            .push_bind(shown.tenant.name())
                            .push_bind(shown.card.to_string())
                            .push_bind(&shown.service)
                            .push_bind(shown.at.as_microsecond())
                            .push_bind(shown.class.as_str())
                            .push_bind(&shown.patient)
                            .push_bind(&shown.display_reason);
                    });
                    insert.push(" ON CONFLICT DO NOTHING");
                    insert
                        .build()
                        .persistent(false)
                        .execute(&mut *transaction)
                        .await
                        .map_err(StoreError::of_query)?;
                }
                transaction.commit().await.map_err(StoreError::of_query)
            })
        })
        .await
    }
}
