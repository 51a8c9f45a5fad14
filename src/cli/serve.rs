//! `rrdtc serve` and `rrdtc sandbox`.

use super::{Common, Failure, parse_instant};
use crate::config::FIXTURES_AS_OF;
use crate::sandbox::{self, Store, UnusableData};
use crate::server::{Application, Clock};
use clap::Args;
use jiff::Timestamp;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    common: Common,
    /// Answer every caller. There is no authentication yet, so this must be said.
    #[arg(long)]
    open: bool,
    /// Address and port, instead of `listen`.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Port, instead of that of `listen`; 0 takes a free one.
    #[arg(long)]
    port: Option<u16>,
    /// Assess as of this instant instead of now; every answer's assessedAt shows it. Only with --open.
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant)]
    as_of: Option<Timestamp>,
}

impl Serve {
    pub(super) fn run(self) -> Result<(), Failure> {
        if !self.open {
            return Err(Failure::Usage(
                "serve has no authentication yet and would answer every caller; say --open if that is what you want, behind a network that you trust".into(),
            ));
        }
        let (mut settings, knowledge) = self.common.load()?;
        if let Some(listen) = self.listen {
            settings.listen = listen;
        }
        if let Some(port) = self.port {
            settings.listen.set_port(port);
        }
        start_log();
        let clock = self.as_of.map_or(Clock::System, Clock::Fixed);
        block_on(async move {
            let application = Application::build(settings, knowledge, clock, None)?;
            println!("listening on {}", application.address);
            println!("discovery {}/cds-services", application.base_url);
            if let Clock::Fixed(instant) = clock {
                println!("assessing as of {instant}, not now");
            }
            application.run().await
        })
    }
}

/// Arguments of `sandbox`.
#[derive(Debug, Args)]
pub struct Sandbox {
    #[command(flatten)]
    common: Common,
    /// Port on loopback; 0 takes a free one.
    #[arg(long)]
    port: Option<u16>,
    /// Add the Bundles and NDJSON files of a folder (Synthea output too).
    #[arg(long, value_name = "DIR")]
    data: Vec<PathBuf>,
    /// Leave our synthetic patients out.
    #[arg(long, requires = "data")]
    only_data: bool,
    /// Assess as of this instant. Default: the time that our synthetic patients are made for; now with --data.
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant)]
    as_of: Option<Timestamp>,
}

impl Sandbox {
    pub(super) fn run(self) -> Result<(), Failure> {
        let (mut settings, knowledge) = self.common.load()?;
        let port = self.port.unwrap_or_else(|| settings.listen.port());
        settings.listen = SocketAddr::from(([127, 0, 0, 1], port));
        let mut store = if self.only_data {
            Store::default()
        } else {
            Store::synthetic()
        };
        for folder in &self.data {
            store.add_folder(folder).map_err(|error| match error {
                UnusableData::NoPatient(_) => Failure::MissingData(error.to_string()),
                UnusableData::Io(..) | UnusableData::NotFhir(_) => {
                    Failure::Input(error.to_string())
                }
            })?;
        }
        let clock = match self.as_of {
            Some(instant) => Clock::Fixed(instant),
            None if self.data.is_empty() => {
                Clock::Fixed(parse_instant(FIXTURES_AS_OF).map_err(Failure::Usage)?)
            }
            None => Clock::System,
        };
        start_log();
        let patients = store.patients().count();
        let example = store
            .patients()
            .next()
            .map(|patient| patient.id.clone())
            .unwrap_or_default();
        block_on(async move {
            let service = knowledge
                .plain_service()
                .map_or(String::new(), |service| service.id.clone());
            let application = sandbox::build(settings, knowledge, clock, store)?;
            let base = &application.base_url;
            println!("rrdtc sandbox: synthetic data, not for care");
            println!("listening on {}", application.address);
            println!("  start page  {base}/   ({patients} patients)");
            println!("  CDS Hooks   {base}/cds-services");
            println!("  FHIR R4     {base}/fhir");
            match clock {
                Clock::Fixed(instant) => {
                    println!("  assessed as of {instant} (--as-of changes it)")
                }
                Clock::System => println!("  assessed as of now"),
            }
            println!("Try:");
            println!(
                "  curl -s {base}/requests/{example} | curl -s {base}/cds-services/{service} -H 'Content-Type: application/json' --data-binary @-"
            );
            application.run().await
        })
    }
}

fn block_on(future: impl Future<Output = std::io::Result<()>>) -> Result<(), Failure> {
    super::on_runtime(future).map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => Failure::Usage(
            "the port is in use; choose another with --port, or 0 for a free one".into(),
        ),
        _ => Failure::Io(error),
    })
}

/// Log lines hold no request bodies, no queries and no patient ids.
fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("RRDTC_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .try_init();
}
