//! How cards fare: counts for a report, never a row of a patient. And the end of what was kept long enough.

use super::database::{Pool, on};
use super::{Reason, SHOWN, Store, StoreError, instant};
use jiff::Timestamp;
use jiff::tz::Offset;
use std::collections::BTreeMap;

/// What a report can be broken down by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// Service.
    Service,
    /// Client.
    Client,
    /// Tenant of a client.
    Tenant,
    /// Coded reason of an override; shown and accepted cards have none.
    Reason,
    /// ISO week in UTC, by this service's clock: of a card when it was made, of feedback when it was received.
    Week,
}

/// What to count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReportFilter {
    /// From this instant.
    pub since: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
    /// Only this service.
    pub service: Option<String>,
    /// Only this client.
    pub client: Option<String>,
    /// Rows of the report; none: one row for all.
    pub by: Vec<Dimension>,
}

/// Counts of one group. A dimension that was not asked for is empty, and so is a tenant or reason that there is none of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReportRow {
    /// Service.
    pub service: String,
    /// Client.
    pub client: String,
    /// Tenant.
    pub tenant: String,
    /// Reason of an override.
    pub reason: Option<Reason>,
    /// ISO week such as `2026-W47`.
    pub week: String,
    /// Cards shown: at least so many, a crash may lose the last of them.
    pub shown: u64,
    /// Cards made and not shown (shadow mode, snoozed, ...): at least so many.
    pub withheld: u64,
    /// Cards of which a suggestion was accepted.
    pub accepted: u64,
    /// Cards overridden.
    pub overridden: u64,
}

/// Rows that were removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purged {
    /// Items of feedback.
    pub feedback: u64,
    /// Shown cards.
    pub shown: u64,
}

/// Service, client, tenant, reason, number of the week: the group of a row.
type Group = (String, String, String, Option<Reason>, i64);

const WEEK: i64 = 7 * 24 * 3_600 * 1_000_000;

/// 1970-01-01 was a Thursday: weeks are counted from the Monday before.
const MONDAY_BEFORE: i64 = -3 * 24 * 3_600 * 1_000_000;

impl Store {
    /// Counts cards by group, in the order of the groups. A card counts once in each group, however often it was reported.
    pub async fn report(&self, filter: &ReportFilter) -> Result<Vec<ReportRow>, StoreError> {
        let by = |dimension| filter.by.contains(&dimension);
        let since = filter.since.map_or(i64::MIN, Timestamp::as_microsecond);
        let until = filter.until.map_or(i64::MAX, Timestamp::as_microsecond);
        let mut groups: BTreeMap<Group, ReportRow> = BTreeMap::new();

        let shown: Vec<(String, String, String, i64, i64, i64)> = on!(self, pool => sqlx::query_as(
            "SELECT CASE WHEN $1 THEN service ELSE '' END, CASE WHEN $2 THEN client ELSE '' END, \
             CASE WHEN $3 THEN tenant ELSE '' END, CASE WHEN $4 THEN (at - $5) / $6 ELSE 0 END, \
             COUNT(CASE WHEN display_reason = $7 THEN 1 END), COUNT(CASE WHEN display_reason <> $7 THEN 1 END) \
             FROM shown WHERE at >= $8 AND at < $9 \
             AND (CAST($10 AS TEXT) IS NULL OR service = $10) AND (CAST($11 AS TEXT) IS NULL OR client = $11) \
             GROUP BY 1, 2, 3, 4",
        )
        .bind(by(Dimension::Service))
        .bind(by(Dimension::Client))
        .bind(by(Dimension::Tenant))
        .bind(by(Dimension::Week))
        .bind(MONDAY_BEFORE)
        .bind(WEEK)
        .bind(SHOWN)
        .bind(since)
        .bind(until)
        .bind(filter.service.as_deref())
        .bind(filter.client.as_deref())
        .fetch_all(pool)
        .await)
        .map_err(StoreError::of_query)?;
        for (service, client, tenant, week, shown, withheld) in shown {
            let row = groups
                .entry((service, client, tenant, None, week))
                .or_default();
            row.shown = shown.unsigned_abs();
            row.withheld = withheld.unsigned_abs();
        }

        type Counted = (String, String, String, String, String, i64, String, i64);
        let feedback: Vec<Counted> = on!(self, pool => sqlx::query_as(
            "SELECT CASE WHEN $1 THEN service ELSE '' END, CASE WHEN $2 THEN client ELSE '' END, \
             CASE WHEN $3 THEN tenant ELSE '' END, CASE WHEN $4 THEN reason_system ELSE '' END, \
             CASE WHEN $4 THEN reason_code ELSE '' END, CASE WHEN $5 THEN (received - $6) / $7 ELSE 0 END, outcome, \
             COUNT(DISTINCT client || '/' || tenant || '/' || card) \
             FROM feedback WHERE received >= $8 AND received < $9 \
             AND (CAST($10 AS TEXT) IS NULL OR service = $10) AND (CAST($11 AS TEXT) IS NULL OR client = $11) \
             GROUP BY 1, 2, 3, 4, 5, 6, 7",
        )
        .bind(by(Dimension::Service))
        .bind(by(Dimension::Client))
        .bind(by(Dimension::Tenant))
        .bind(by(Dimension::Reason))
        .bind(by(Dimension::Week))
        .bind(MONDAY_BEFORE)
        .bind(WEEK)
        .bind(since)
        .bind(until)
        .bind(filter.service.as_deref())
        .bind(filter.client.as_deref())
        .fetch_all(pool)
        .await)
        .map_err(StoreError::of_query)?;
        for (service, client, tenant, system, code, week, outcome, cards) in feedback {
            let reason = (!code.is_empty()).then_some(Reason { system, code });
            let row = groups
                .entry((service, client, tenant, reason, week))
                .or_default();
            match outcome.as_str() {
                "accepted" => row.accepted = cards.unsigned_abs(),
                _ => row.overridden = cards.unsigned_abs(),
            }
        }

        groups
            .into_iter()
            .map(|((service, client, tenant, reason, week), counts)| {
                Ok(ReportRow {
                    service,
                    client,
                    tenant,
                    reason,
                    week: if by(Dimension::Week) {
                        week_name(week)?
                    } else {
                        String::new()
                    },
                    ..counts
                })
            })
            .collect()
    }

    /// Removes feedback received and cards made before an instant, for good.
    pub async fn purge(&self, before: Timestamp) -> Result<Purged, StoreError> {
        let before = before.as_microsecond();
        let purged = on!(self, pool => {
            let mut transaction = pool.begin().await.map_err(StoreError::of_query)?;
            let feedback = sqlx::query("DELETE FROM feedback WHERE received < $1")
                .bind(before)
                .execute(&mut *transaction)
                .await
                .map_err(StoreError::of_query)?
                .rows_affected();
            let shown = sqlx::query("DELETE FROM shown WHERE at < $1")
                .bind(before)
                .execute(&mut *transaction)
                .await
                .map_err(StoreError::of_query)?
                .rows_affected();
            transaction.commit().await.map_err(StoreError::of_query)?;
            Purged { feedback, shown }
        });
        // What SQLite's write-ahead file still holds of the removed rows goes too, unless another process reads just now.
        if let Pool::Sqlite(pool, _) = &self.pool {
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
                .execute(pool)
                .await
                .map_err(StoreError::of_query)?;
        }
        Ok(purged)
    }
}

fn week_name(number: i64) -> Result<String, StoreError> {
    let monday = instant(number.saturating_mul(WEEK).saturating_add(MONDAY_BEFORE))?;
    let week = Offset::UTC.to_datetime(monday).date().iso_week_date();
    Ok(format!("{:04}-W{:02}", week.year(), week.week()))
}

#[cfg(test)]
mod tests {
    use super::{MONDAY_BEFORE, WEEK, week_name};

    #[test]
    fn weeks_are_iso_weeks() {
        for (instant, week) in [
            ("1970-01-01T00:00:00Z", "1970-W01"),
            ("2026-11-15T23:59:59.999999Z", "2026-W46"),
            ("2026-11-16T00:00:00Z", "2026-W47"),
            ("2027-01-03T12:00:00Z", "2026-W53"),
            ("2027-01-04T00:00:00Z", "2027-W01"),
            ("2024-12-30T00:00:00Z", "2025-W01"),
        ] {
            let at = instant.parse::<jiff::Timestamp>().unwrap().as_microsecond();
            assert_eq!(
                week_name((at - MONDAY_BEFORE) / WEEK).unwrap(),
                week,
                "{instant}"
            );
        }
    }
}
