//! `rrdtc audit`.

use super::Failure;
use crate::audit::{CannotVerify, Head, Key, Report, instances, verify};
use crate::config::Settings;
use crate::store::Store;
use clap::{Args, Subcommand};
use secrecy::SecretString;
use serde_json::json;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;

/// What to do with the audit trail.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Check that no line was edited, removed, added or moved. Reads only; the service may run.
    #[command(
        after_help = "Exit codes: 0 intact, 1 broken or unreadable, 2 usage, 3 key unusable.\n\nExample:\n  rrdtc audit verify --folder /var/log/rrdtc --key-file /etc/rrdtc/audit.key"
    )]
    Verify(Verify),
}

/// Arguments of `audit verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// The folder of the audit log.
    #[arg(long, value_name = "DIR")]
    folder: PathBuf,
    /// The key file that the service writes with.
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    /// The head to compare with, as an earlier run printed it: shows whether lines are missing at the end.
    #[arg(long, value_name = "COUNT:HASH")]
    head: Option<Head>,
    /// The store in which the service keeps the heads, instead of --head: sqlite:FILE or postgres://... (an URL with a
    /// password belongs into store_url_file of a configuration).
    #[arg(long, value_name = "URL", conflicts_with = "head")]
    store: Option<SecretString>,
    /// Configuration that names the store (store_url), instead of --head.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["head", "store"])]
    config: Option<PathBuf>,
    /// Only the chain of this instance. Default: all in the folder.
    #[arg(long, value_name = "NAME")]
    instance: Option<String>,
    /// The reports as JSON.
    #[arg(long)]
    json: bool,
}

impl AuditCommand {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Verify(command) => command.run(),
        }
    }
}

impl Verify {
    fn run(self) -> Result<(), Failure> {
        let key = Key::read(&self.key_file)?;
        let names = match &self.instance {
            Some(name) => vec![name.clone()],
            None => instances(&self.folder)?,
        };
        if names.is_empty() {
            return Err(Failure::Input(format!(
                "{} holds no audit log",
                self.folder.display()
            )));
        }
        if self.head.is_some() && names.len() > 1 {
            return Err(Failure::Usage(format!(
                "--head is of one instance, and the folder has {}; say which with --instance",
                names.join(", ")
            )));
        }
        // Before the files are read: what is written meanwhile is no break.
        let heads = self.heads(&names)?;
        let mut reports = Vec::new();
        for (name, head) in names.iter().zip(heads) {
            let mut progress = Progress::new(name);
            let report = verify(
                &self.folder,
                &key,
                name,
                head.as_ref(),
                &mut |done, total| {
                    progress.show(done, total);
                },
            );
            progress.clear();
            reports.push(report?);
        }
        if self.json {
            let intact = reports.iter().all(Report::is_intact);
            println!("{}", json!({ "intact": intact, "chains": reports }));
        } else {
            reports.iter().for_each(print_report);
        }
        let broken: Vec<&str> = reports
            .iter()
            .filter(|report| !report.is_intact())
            .map(|report| report.instance.as_str())
            .collect();
        if broken.is_empty() {
            return Ok(());
        }
        Err(Failure::Input(format!(
            "the audit trail of {} is broken",
            broken.join(", ")
        )))
    }

    /// The head to compare the chain of each instance with.
    fn heads(&self, instances: &[String]) -> Result<Vec<Option<Head>>, Failure> {
        let configured = match &self.config {
            Some(file) => Settings::load(Some(file))?
                .store_url
                .ok_or_else(|| {
                    Failure::Usage("the configuration names no store_url with heads".into())
                })
                .map(Some)?,
            None => self.store.clone(),
        };
        let Some(url) = configured else {
            return Ok(vec![self.head.clone(); instances.len()]);
        };
        actix_web::rt::System::new().block_on(async {
            let store = Store::open_existing(&url).await?;
            let mut heads = Vec::new();
            for instance in instances {
                let head = store.head(instance).await?.ok_or_else(|| {
                    Failure::Input(format!(
                        "the store holds no head of {instance}: without it nobody can tell whether lines are missing at the end"
                    ))
                })?;
                heads.push(Some(Head {
                    count: head.count,
                    hash: head.hash,
                }));
            }
            Ok(heads)
        })
    }
}

impl From<CannotVerify> for Failure {
    fn from(error: CannotVerify) -> Self {
        Self::Input(error.to_string())
    }
}

fn print_report(report: &Report) {
    let state = if report.is_intact() {
        "intact"
    } else {
        "BROKEN"
    };
    println!(
        "{}: {state}, {} lines in {} files{}",
        report.instance,
        report.lines,
        report.files,
        match (&report.from, &report.to) {
            (Some(from), Some(to)) => format!(", {from} to {to}"),
            _ => String::new(),
        }
    );
    for finding in &report.findings {
        let line = finding
            .line
            .map_or(String::new(), |line| format!(" line {line}"));
        println!("  {}{line}: {}", finding.file, finding.meaning);
    }
    if report.more_findings > 0 {
        println!("  and {} more", report.more_findings);
    }
    let gap = report.not_recorded;
    if gap.total() > 0 {
        println!(
            "  {} entries were not recorded, as the trail itself says: {} queue full, {} write failed",
            gap.total(),
            gap.queue_full,
            gap.write_failed
        );
    }
    if report.torn_and_moved_aside > 0 {
        println!(
            "  {} unfinished lines were moved aside after a crash",
            report.torn_and_moved_aside
        );
    }
    if !report.compared_with_head {
        println!("  not compared with a head: lines cut off at the end would not be seen");
    }
    if let Some(end) = &report.end {
        println!("  head {end}");
    }
}

/// A percentage on standard error, when that is a terminal.
struct Progress<'a> {
    name: &'a str,
    shown: Option<u64>,
    terminal: bool,
}

impl<'a> Progress<'a> {
    fn new(name: &'a str) -> Self {
        Self {
            name,
            shown: None,
            terminal: std::io::stderr().is_terminal(),
        }
    }

    fn show(&mut self, done: u64, total: u64) {
        let percent = done.saturating_mul(100) / total.max(1);
        if self.terminal && self.shown != Some(percent) {
            self.shown = Some(percent);
            // A terminal that cannot show the progress is no reason to stop.
            let _ = write!(std::io::stderr(), "\r{}: {percent} %", self.name);
        }
    }

    fn clear(&self) {
        if self.shown.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
