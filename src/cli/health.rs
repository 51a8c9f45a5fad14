//! `rrdtc health`: asks a running service on this machine whether it can answer. For images that hold no shell and no curl.
//!
//! Knows where the configuration puts the second listener. Must not know what readiness means: the service says it.

use super::{Common, Failure};
use clap::Args;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// How long the service may take for each step. Orchestrators ask again.
const PATIENCE: Duration = Duration::from_secs(3);

/// The answer is some hundred bytes; more than this is not ours.
const LONGEST_ANSWER: u64 = 64 * 1024;

/// Arguments of `health`.
#[derive(Debug, Args)]
pub struct Health {
    #[command(flatten)]
    common: Common,
    /// Only whether the process answers (`/health/live`), not whether store, keys and audit work (`/health/ready`).
    #[arg(long)]
    live: bool,
    /// Address and port to ask, instead of `metrics.listen`.
    #[arg(long, value_name = "ADDRESS:PORT")]
    metrics_listen: Option<SocketAddr>,
}

impl Health {
    pub(super) fn run(self) -> Result<(), Failure> {
        let address = match self.metrics_listen {
            Some(address) => address,
            None => self.common.settings()?.metrics_listen.ok_or_else(|| {
                Failure::Usage("metrics.listen is empty, so nobody answers for the health of the service: set it, or say --metrics-listen".into())
            })?,
        };
        let path = if self.live {
            "/health/live"
        } else {
            "/health/ready"
        };
        let answer = ask(dialled(address), path).map_err(|error| {
            Failure::Input(format!(
                "the service does not answer at {address}: {error}; is it running, and is this its metrics.listen?"
            ))
        })?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        println!("{body}");
        match head.split(' ').nth(1) {
            Some("200") => Ok(()),
            Some("503") => Err(Failure::Input(
                "the service is not ready: the part that does not work is false above".into(),
            )),
            _ => Err(Failure::Input(format!(
                "what answers at {address} is not this service: give the address of metrics.listen"
            ))),
        }
    }
}

/// A service that listens on every address is asked on loopback.
fn dialled(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

fn ask(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // HTTP/1.0: the answer ends with the connection and comes in one piece.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(LONGEST_ANSWER).read_to_string(&mut answer)?;
    Ok(answer)
}
