//! `rrdtc feedback`: how cards fare, and the end of what was kept long enough.
//!
//! A report has no totals: a card counts once in each group, so groups do not add up, and a small cell that is not shown
//! could be computed from them.

use super::{Common, Failure};
use crate::store::{Dimension, Purged, ReportFilter, ReportRow, Store};
use clap::{Args, Subcommand};
use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};

/// Arguments of `feedback`.
#[derive(Debug, Args)]
pub struct Feedback {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Count cards shown, accepted and overridden. Shown cards are "at least": a crash may lose the last 100 ms of them.
    #[command(
        after_help = "Examples:\n  rrdtc feedback report --config rrdtc.toml --since 2026-10-01 --by service,week\n  rrdtc feedback report --store sqlite:rrdtc.db --by reason --suppress-below 5 --csv > reasons.csv"
    )]
    Report(Report),
    /// Remove feedback received and cards made before a day, for good.
    Purge(Purge),
}

/// Where the store is.
#[derive(Debug, Args)]
struct Place {
    #[command(flatten)]
    common: Common,
    /// The store, instead of store_url: sqlite:FILE or postgres://... (an URL with a password belongs in store_url_file).
    #[arg(long, value_name = "URL", value_parser = parse_secret)]
    store: Option<SecretString>,
}

#[derive(Debug, Args)]
struct Report {
    #[command(flatten)]
    place: Place,
    /// From this day (UTC) on.
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    since: Option<Date>,
    /// To the end of this day (UTC).
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    until: Option<Date>,
    /// One row for each: service, client, tenant, reason, week, joined by commas.
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = parse_dimension, default_value = "service,client")]
    by: Vec<Dimension>,
    /// Only this service.
    #[arg(long, value_name = "ID")]
    service: Option<String>,
    /// Only this client.
    #[arg(long, value_name = "NAME")]
    client: Option<String>,
    /// As JSON.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// As comma-separated values.
    #[arg(long)]
    csv: bool,
    /// Counts from 1 to N-1 are shown as "<N". There are no totals from which they could be computed; reports with other
    /// groups or days may still tell more together.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..))]
    suppress_below: Option<u64>,
}

#[derive(Debug, Args)]
struct Purge {
    #[command(flatten)]
    place: Place,
    /// Remove what is older than the start of this day (UTC).
    #[arg(long, value_name = "DATE", value_parser = parse_date, required_unless_present = "older_than_days")]
    before: Option<Date>,
    /// Remove what is older than this many days of 24 hours.
    #[arg(long, value_name = "N", conflicts_with = "before", value_parser = clap::value_parser!(i64).range(1..=36_500))]
    older_than_days: Option<i64>,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

impl Feedback {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::Report(command) => command.run(),
            Command::Purge(command) => command.run(),
        }
    }
}

impl Place {
    /// The URL: as given, else of the configuration.
    fn url(self) -> Result<SecretString, Failure> {
        if let Some(url) = self.store {
            return Ok(url);
        }
        match self.common.settings()?.store_url {
            Some(url) => Ok(url),
            None => Err(Failure::Usage(
                "there is no store: give --store URL, or store_url in the configuration".into(),
            )),
        }
    }
}

impl Report {
    fn run(self) -> Result<(), Failure> {
        let filter = ReportFilter {
            since: self.since.map(start_of).transpose()?,
            until: self.until.map(end_of).transpose()?,
            service: self.service,
            client: self.client,
            by: self.by,
        };
        let url = self.place.url()?;
        let rows = super::on_runtime(async {
            let store = Store::open_existing(&url).await?;
            let rows = store.report(&filter).await;
            store.close().await;
            rows
        })?;
        let below = self.suppress_below.unwrap_or(0);
        let text = if self.json {
            as_json(&filter, &rows, below).to_string() + "\n"
        } else {
            let table = cells(&filter.by, &rows, below);
            if self.csv {
                as_csv(&table)
            } else {
                as_table(&table, filter.by.len()) + &note(below)
            }
        };
        std::io::stdout().lock().write_all(text.as_bytes())?;
        Ok(())
    }
}

impl Purge {
    fn run(self) -> Result<(), Failure> {
        let before = match (self.before, self.older_than_days) {
            (Some(day), _) => start_of(day)?,
            // clap lets neither be missing.
            (None, days) => {
                Timestamp::now() - SignedDuration::from_hours(24 * days.unwrap_or(36_500))
            }
        };
        let url = self.place.url()?;
        if !self.yes && !confirmed(before)? {
            return Ok(());
        }
        let Purged { feedback, shown } = super::on_runtime(async {
            let store = Store::open_existing(&url).await?;
            let purged = store.purge(before).await;
            store.close().await;
            purged
        })?;
        println!(
            "removed {feedback} items of feedback and {shown} shown cards from before {before}"
        );
        Ok(())
    }
}

fn confirmed(before: Timestamp) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::Usage(
            "purge asks before it removes; without a terminal say --yes".into(),
        ));
    }
    eprint!("Remove all feedback and shown cards from before {before}, for good? [y/N] ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    let yes = matches!(answer.trim(), "y" | "Y" | "yes");
    if !yes {
        println!("nothing was removed");
    }
    Ok(yes)
}

fn name(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Service => "service",
        Dimension::Client => "client",
        Dimension::Tenant => "tenant",
        Dimension::Reason => "reason",
        Dimension::Week => "week",
    }
}

fn parse_dimension(text: &str) -> Result<Dimension, String> {
    [
        Dimension::Service,
        Dimension::Client,
        Dimension::Tenant,
        Dimension::Reason,
        Dimension::Week,
    ]
    .into_iter()
    .find(|dimension| name(*dimension) == text)
    .ok_or_else(|| "expected service, client, tenant, reason or week".to_owned())
}

fn parse_date(text: &str) -> Result<Date, String> {
    text.parse()
        .map_err(|_| "expected a day such as 2026-11-20".to_owned())
}

fn parse_secret(text: &str) -> Result<SecretString, std::convert::Infallible> {
    Ok(text.into())
}

fn start_of(day: Date) -> Result<Timestamp, Failure> {
    Offset::UTC
        .to_timestamp(day.at(0, 0, 0, 0))
        .map_err(|_| Failure::Usage("a day that the calendar does not reach".into()))
}

fn end_of(day: Date) -> Result<Timestamp, Failure> {
    start_of(day.saturating_add(jiff::Span::new().days(1)))
}

/// The dimension of a row, as text.
fn group(row: &ReportRow, dimension: Dimension) -> String {
    match dimension {
        Dimension::Service => row.service.clone(),
        Dimension::Client => row.client.clone(),
        Dimension::Tenant => row.tenant.clone(),
        Dimension::Week => row.week.clone(),
        // A FHIR token.
        Dimension::Reason => row.reason.as_ref().map_or_else(String::new, |reason| {
            format!("{}|{}", reason.system, reason.code)
        }),
    }
}

/// The counts with their names; those that may be short by a crash say so.
fn counts(row: &ReportRow) -> [(&'static str, u64); 4] {
    [
        ("shownAtLeast", row.shown),
        ("withheldAtLeast", row.withheld),
        ("accepted", row.accepted),
        ("overridden", row.overridden),
    ]
}

fn is_small(count: u64, below: u64) -> bool {
    count > 0 && count < below
}

/// Header and rows of the table and of the CSV.
fn cells(by: &[Dimension], rows: &[ReportRow], below: u64) -> Vec<Vec<String>> {
    let header = by
        .iter()
        .map(|dimension| name(*dimension).to_owned())
        .chain(counts(&ReportRow::default()).map(|(name, _)| name.to_owned()))
        .collect();
    let rows = rows.iter().map(|row| {
        by.iter()
            .map(|dimension| printable(&group(row, *dimension)))
            .chain(counts(row).map(|(_, count)| {
                if is_small(count, below) {
                    format!("<{below}")
                } else {
                    count.to_string()
                }
            }))
            .collect()
    });
    std::iter::once(header).chain(rows).collect()
}

/// Codes come from clients: no control character of theirs reaches a terminal.
fn printable(text: &str) -> String {
    text.replace(char::is_control, "?")
}

fn as_table(table: &[Vec<String>], groups: usize) -> String {
    let width = |column: usize| {
        table
            .iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..table[0].len()).map(width).collect();
    table
        .iter()
        .map(|row| {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .enumerate()
                .map(|(column, (cell, &width))| {
                    if column < groups {
                        format!("{cell:<width$}")
                    } else {
                        format!("{cell:>width$}")
                    }
                })
                .collect();
            cells.join("  ").trim_end().to_owned() + "\n"
        })
        .collect()
}

fn note(below: u64) -> String {
    let mut note = String::from(
        "\nShown and withheld are \"at least\": a crash may lose the last 100 ms of them. A card counts once in each row.\n",
    );
    if below > 0 {
        note += &format!(
            "Counts from 1 to {} are shown as <{below}; there are no totals.\n",
            below - 1
        );
    }
    note
}

fn as_csv(table: &[Vec<String>]) -> String {
    table
        .iter()
        .map(|row| {
            let fields: Vec<String> = row.iter().map(|cell| csv_field(cell)).collect();
            fields.join(",") + "\r\n"
        })
        .collect()
}

/// RFC 4180; and a spreadsheet must not take a client's code for a formula.
fn csv_field(cell: &str) -> String {
    let cell = if cell.starts_with(['=', '+', '-', '@']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    };
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}

fn as_json(filter: &ReportFilter, rows: &[ReportRow], below: u64) -> Value {
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            let mut object = serde_json::Map::new();
            for dimension in &filter.by {
                let value = match (dimension, &row.reason) {
                    (Dimension::Reason, None) => continue,
                    (Dimension::Reason, Some(reason)) => {
                        json!({ "system": reason.system, "code": reason.code })
                    }
                    (dimension, _) => json!(group(row, *dimension)),
                };
                object.insert(name(*dimension).into(), value);
            }
            for (name, count) in counts(row) {
                let value = if is_small(count, below) {
                    json!(format!("<{below}"))
                } else {
                    json!(count)
                };
                object.insert(name.into(), value);
            }
            Value::Object(object)
        })
        .collect();
    let mut report = json!({
        "by": filter.by.iter().map(|dimension| name(*dimension)).collect::<Vec<_>>(),
        "rows": rows,
    });
    for (name, instant) in [("since", filter.since), ("before", filter.until)] {
        if let Some(instant) = instant {
            report[name] = json!(instant.to_string());
        }
    }
    if below > 0 {
        report["suppressedBelow"] = json!(below);
    }
    report
}

#[cfg(test)]
mod tests {
    use super::csv_field;

    #[test]
    fn csv_fields_are_quoted_and_are_no_formulas() {
        for (cell, field) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("=HYPERLINK(1)|x", "'=HYPERLINK(1)|x"),
            ("<5", "<5"),
        ] {
            assert_eq!(csv_field(cell), field);
        }
    }
}
