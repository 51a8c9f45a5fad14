//! `rrdtc serve` and `rrdtc sandbox`.

use super::{Common, Failure, parse_instant};
use crate::config::{FIXTURES_AS_OF, Log, Settings};
use crate::sandbox::{self, Options, SmartClient, Store, UnusableData};
use crate::server::{Application, CannotStart, Clock, Startup};
use clap::Args;
use ipnet::IpNet;
use jiff::Timestamp;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;
use url::Url;

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    common: Common,
    /// Answer every caller: for tests, or behind a network that you trust. Without clients in the configuration this must be
    /// said; with clients it is refused.
    #[arg(long)]
    open: bool,
    /// Address and port, instead of `listen`.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Port, instead of that of `listen`; 0 takes a free one, for metrics too.
    #[arg(long)]
    port: Option<u16>,
    /// Address and port of metrics and readiness, instead of `metrics.listen`.
    #[arg(long, value_name = "ADDRESS:PORT")]
    metrics_listen: Option<SocketAddr>,
    /// Assess as of this instant instead of now; every answer's assessedAt shows it. Only with --open.
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant)]
    as_of: Option<Timestamp>,
}

impl Serve {
    pub(super) fn run(self) -> Result<(), Failure> {
        let settings = self.settings()?;
        if self.as_of.is_some() && !self.open {
            return Err(Failure::Usage("--as-of needs --open".into()));
        }
        start_log(&settings.log);
        let clock = self.as_of.map_or(Clock::System, Clock::Fixed);
        block_on(async move {
            let application = Application::build(Startup {
                reload: Some(Box::new(move || Ok(self.settings()?))),
                ..Startup::new(settings, clock)
            })
            .await?;
            println!("listening on {}", application.address);
            println!("discovery {}/cds-services", application.base_url);
            if let Some(address) = application.metrics_address {
                println!("metrics and readiness on {address}");
            }
            if let Clock::Fixed(instant) = clock {
                println!("assessing as of {instant}, not now");
            }
            Ok(application.run().await?)
        })
    }

    /// At the start and on SIGHUP: a file that lost its clients must not open the service to everybody.
    fn settings(&self) -> Result<Settings, Failure> {
        let mut settings = Settings::load(self.common.config.as_deref())?;
        if settings.clients.is_empty() && !self.open {
            return Err(Failure::Usage(
                "no client is configured, so every caller would be answered; configure [[clients]], or say --open if that is what you want, behind a network that you trust".into(),
            ));
        }
        if !settings.clients.is_empty() && self.open {
            return Err(Failure::Usage(
                "--open answers every caller, but the configuration names clients: leave one of the two out".into(),
            ));
        }
        if let Some(listen) = self.listen {
            settings.listen = listen;
        }
        if let Some(port) = self.port {
            settings.listen.set_port(port);
            // Whoever wants any free port wants it for both listeners.
            if let (0, Some(metrics)) = (port, &mut settings.metrics_listen) {
                metrics.set_port(0);
            }
        }
        if let Some(listen) = self.metrics_listen {
            settings.metrics_listen = Some(listen);
        }
        Ok(settings)
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
    /// Let patients of this FHIR R4 server be opened, too; may be repeated. Nothing else outside is ever contacted.
    #[arg(long, value_name = "URL")]
    allow_fhir: Vec<Url>,
    /// A network that is not public and may be contacted for --allow-fhir, such as 10.1.0.0/16; may be repeated.
    #[arg(long, value_name = "CIDR", requires = "allow_fhir")]
    allow_network: Vec<IpNet>,
    /// An app that may be launched: ID=REDIRECT_URI, with a secret ID:SECRET=REDIRECT_URI; may be repeated. Apps on this machine
    /// need no registration.
    #[arg(long, value_name = "APP")]
    smart_client: Vec<SmartClient>,
    /// Answer callers over HTTP only with the token of the official CDS Hooks sandbox. Its private key is published, so this proves
    /// nothing: it is for trying the tokens of a client.
    #[arg(long)]
    official_sandbox_tokens: bool,
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
        start_log(&settings.log);
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
            let options = Options {
                allow_fhir: self.allow_fhir,
                allow_networks: self.allow_network,
                smart_clients: self.smart_client,
                official_sandbox_tokens: self.official_sandbox_tokens,
            };
            let application = sandbox::build_with(settings, clock, store, options).await?;
            let base = &application.base_url;
            println!("rrdtc sandbox: synthetic data, not for care");
            println!("listening on {}", application.address);
            println!("  EHR         {base}/   ({patients} patients)");
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
            Ok(application.run().await?)
        })
    }
}

fn block_on(future: impl Future<Output = Result<(), CannotStart>>) -> Result<(), Failure> {
    actix_web::rt::System::new()
        .block_on(future)
        .map_err(|error| match error {
            CannotStart::Io(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                Failure::Usage(
                    "a port is in use; choose another with --port or --metrics-listen, 0 for a free one".into(),
                )
            }
            error => Failure::Start(error),
        })
}

/// Log lines hold no request bodies, no paths or queries, no tokens and no patient ids. Only our own are written: what
/// libraries say may hold addresses.
fn start_log(log: &Log) {
    let filter = format!("off,rrdtc={}", log.level);
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
        .with_writer(std::io::stderr);
    // A second start in one process keeps the first log.
    let _ = if log.json {
        subscriber.json().flatten_event(true).try_init()
    } else {
        subscriber
            .with_ansi(std::io::stderr().is_terminal())
            .try_init()
    };
}
