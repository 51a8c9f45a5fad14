//! `rrdtc monitor`: whether the model in use still fits.

use super::report_output::ReportOutput;
use super::{Common, Failure, json_text, recalibrate::day};
use crate::audit::{Head, Key, entries, instances, verify};
use crate::cohort::{Counts, table};
use crate::config::{model_in_use, published};
use crate::model::published::Published;
use crate::monitoring::{
    Against, Filter, Options, Outcomes, Period, Trail, monitor, page, summary,
};
use crate::store::{CardFeedback, Store};
use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use secrecy::SecretString;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Arguments of `monitor`.
#[derive(Debug, Args)]
pub struct Monitor {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    output: ReportOutput,
    /// The folder of the audit trail. Default: that of the configuration.
    #[arg(long, value_name = "DIR")]
    audit: Option<PathBuf>,
    /// The key file that the service writes the trail with. Default: that of the configuration.
    #[arg(long, value_name = "FILE", conflicts_with = "no_verify")]
    key_file: Option<PathBuf>,
    /// Do not check the chain: the report then says that lines may have been edited.
    #[arg(long)]
    no_verify: bool,
    /// Only the chain of this instance. Default: all in the folder.
    #[arg(long, value_name = "NAME")]
    instance: Option<String>,
    /// The store with feedback and heads: sqlite:FILE or postgres://... Default: store_url of the configuration, if any.
    #[arg(long, value_name = "URL", value_parser = secret)]
    store: Option<SecretString>,
    /// Outcomes: comma-separated values with resultId or patient (the pseudonym of the trail), and outcome.
    #[arg(long, value_name = "FILE")]
    outcomes: Option<PathBuf>,
    /// With what the months are compared: derivation (the published study), other-months, or months of the trail such as
    /// 2026-01..2026-06.
    #[arg(long, value_name = "WHAT", default_value = "derivation", value_parser = reference, conflicts_with = "reference_cohort")]
    reference: ReferenceArgument,
    /// Compare with a cohort instead: comma-separated values as for recalibrate.
    #[arg(long, value_name = "FILE")]
    reference_cohort: Option<PathBuf>,
    /// From this day (UTC) on.
    #[arg(long, value_name = "DATE", value_parser = day)]
    since: Option<Date>,
    /// To the end of this day (UTC).
    #[arg(long, value_name = "DATE", value_parser = day)]
    until: Option<Date>,
    /// Only this client.
    #[arg(long, value_name = "NAME")]
    client: Option<String>,
    /// Only this service.
    #[arg(long, value_name = "ID")]
    service: Option<String>,
    /// Fewest patients of a month that are judged.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    minimum: u64,
    /// Fewest patients of a reference.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..))]
    minimum_reference: u64,
    /// Months that must have passed after an assessment before its outcome counts.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=600))]
    horizon_months: Option<u32>,
    /// Day of the report. Default: today (UTC).
    #[arg(long, value_name = "DATE", value_parser = day)]
    date: Option<Date>,
    /// The result as JSON.
    #[arg(long)]
    json: bool,
}

/// The references that need no file.
#[derive(Debug, Clone)]
enum ReferenceArgument {
    Derivation,
    OtherMonths,
    Period(Period),
}

fn reference(text: &str) -> Result<ReferenceArgument, String> {
    let is_month = |text: &str| text.len() == 7 && format!("{text}-01").parse::<Date>().is_ok();
    match text {
        "derivation" => Ok(ReferenceArgument::Derivation),
        "other-months" => Ok(ReferenceArgument::OtherMonths),
        period => match period.split_once("..") {
            Some((from, to)) if is_month(from) && is_month(to) && from <= to => {
                Ok(ReferenceArgument::Period(Period {
                    from: from.to_owned(),
                    to: to.to_owned(),
                }))
            }
            _ => {
                Err("expected derivation, other-months, or months such as 2026-01..2026-06".into())
            }
        },
    }
}

fn secret(text: &str) -> Result<SecretString, std::convert::Infallible> {
    Ok(text.into())
}

/// The first instant of a day in UTC.
fn start_of(day: Date) -> Result<Timestamp, Failure> {
    Offset::UTC
        .to_timestamp(day.at(0, 0, 0, 0))
        .map_err(|_| Failure::Usage("a day that the calendar does not reach".into()))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path)
        .map_err(|error| Failure::Input(format!("{} cannot be read: {error}", path.display())))
}

impl Monitor {
    pub(super) fn run(self) -> Result<(), Failure> {
        let settings = self.common.settings()?;
        let model = model_in_use(&settings.advice.content)?.model;
        let configured = settings.audit.as_ref();
        let folder = self
            .audit
            .as_deref()
            .or(configured.map(|audit| audit.folder.as_path()))
            .ok_or_else(|| {
                Failure::Usage(
                    "there is no audit trail: give --audit DIR, or [audit] in the configuration"
                        .into(),
                )
            })?;
        let key_file = self
            .key_file
            .as_deref()
            .or(configured.map(|audit| audit.key_file.as_path()));
        let key = match key_file {
            _ if self.no_verify => None,
            Some(file) => Some(Key::read(file)?),
            None => {
                return Err(Failure::Usage(
                    "the trail must be checked before it is believed: give --key-file FILE, or say --no-verify".into(),
                ));
            }
        };
        let names = match &self.instance {
            Some(name) => vec![name.clone()],
            None => instances(folder)?,
        };
        if names.is_empty() {
            return Err(Failure::Input(format!(
                "{} holds no audit log",
                folder.display()
            )));
        }
        let since = self.since.map(start_of).transpose()?;
        let next = |day: Date| start_of(day.saturating_add(jiff::Span::new().days(1)));
        let until = self.until.map(next).transpose()?;
        let store = self.store.clone().or(settings.store_url.clone());
        // Heads before the files are read: what is written meanwhile is no break.
        let (heads, feedback) = match &store {
            Some(url) => {
                let (heads, feedback) = super::on_runtime(ask(url, &names, since))?;
                (heads, Some(feedback))
            }
            None => (vec![None; names.len()], None),
        };
        let mut trail = Trail::new(Filter {
            since,
            until,
            client: self.client.clone(),
            service: self.service.clone(),
        });
        for (name, head) in names.iter().zip(&heads) {
            read_chain(&mut trail, folder, key.as_ref(), name, head.as_ref())?;
        }
        let outcomes = match &self.outcomes {
            Some(path) => Some(
                Outcomes::read(&read(path)?).map_err(|error| Failure::Input(error.to_string()))?,
            ),
            None => None,
        };
        let (published, cohort) = self.outside()?;
        let against = match (&self.reference, &cohort) {
            (_, Some(counts)) => Against::Cohort(counts),
            (ReferenceArgument::Derivation, _) => Against::Derivation(&published),
            (ReferenceArgument::OtherMonths, _) => Against::OtherMonths,
            (ReferenceArgument::Period(period), _) => Against::Period(period.clone()),
        };
        let today = || Offset::UTC.to_datetime(Timestamp::now()).date();
        let options = Options {
            against,
            minimum_count: self.minimum,
            minimum_reference: self.minimum_reference,
            horizon_months: self.horizon_months,
            today: self.date.unwrap_or_else(today),
        };
        let result = monitor(
            &trail,
            &model,
            feedback.as_deref(),
            outcomes.as_ref(),
            &options,
        )
        .map_err(|error| Failure::Input(error.to_string()))?;
        self.output.write(|| page(&result))?;
        let mut out = std::io::stdout().lock();
        if self.json {
            out.write_all(json_text(&result)?.as_bytes())?;
        } else {
            out.write_all(summary::text(&result).as_bytes())?;
        }
        match result.signals.len() {
            0 => Ok(()),
            n => Err(Failure::Signal(format!(
                "{n} of {} points lie outside their limits",
                result.settings.tests
            ))),
        }
    }

    /// The references outside the trail.
    fn outside(&self) -> Result<(Published, Option<Counts>), Failure> {
        let (name, text) = published();
        let published = Published::read(name, &text)?;
        let cohort = match &self.reference_cohort {
            Some(path) => {
                let cohort = table::read(path).map_err(|e| Failure::Input(e.to_string()))?;
                if cohort.origin.bad_rows > 0 {
                    eprintln!(
                        "{} rows of the reference cohort are set aside: rrdtc cohort check lists them",
                        cohort.origin.bad_rows
                    );
                }
                Some(cohort.counts())
            }
            None => None,
        };
        Ok((published, cohort))
    }
}

/// The heads of the chains, as far as the store holds them, and the feedback.
async fn ask(
    url: &SecretString,
    instances: &[String],
    since: Option<Timestamp>,
) -> Result<(Vec<Option<Head>>, Vec<CardFeedback>), Failure> {
    let store = Store::open_existing(url).await?;
    let mut heads = Vec::new();
    for instance in instances {
        let head = store.head(instance).await?;
        heads.push(head.map(|head| Head {
            count: head.count,
            hash: head.hash,
        }));
    }
    let feedback = store.feedback_by_card(since).await?;
    store.close().await;
    Ok((heads, feedback))
}

/// Checks a chain and takes its entries; a chain that is broken is refused.
fn read_chain(
    trail: &mut Trail,
    folder: &Path,
    key: Option<&Key>,
    instance: &str,
    head: Option<&Head>,
) -> Result<(), Failure> {
    let report = match key {
        Some(key) => {
            let report = verify(folder, key, instance, head, &mut |_, _| {})?;
            if !report.is_intact() {
                return Err(Failure::Input(format!(
                    "the audit trail of {instance} is broken: look with rrdtc audit verify. Nothing is concluded from it; --no-verify goes on all the same, and the report says so"
                )));
            }
            Some(report)
        }
        None => {
            eprintln!("warning: the audit trail of {instance} was not checked");
            None
        }
    };
    trail.chain(instance, report.as_ref());
    let end = report.as_ref().and_then(|report| report.end.as_ref());
    let unreadable = entries(folder, instance, key, end, &mut |at, json| {
        trail.entry(at, json);
    })?;
    trail.unreadable(unreadable);
    Ok(())
}
