//! Names to addresses, with the addresses checked here, so that nothing lies between the check and the dial.

use super::address::may_dial;
use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::SocketAddr;

/// Every address of the name is one that must not be dialled.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to an address that is not allowed")]
pub(super) struct RefusedName;

/// The system's resolver behind the check.
pub(super) struct GuardedResolver {
    pub allowed: Vec<IpNet>,
    /// Host of the proxy. The operator chose it, and it commonly is in a private network. With a proxy it is the only name
    /// that is ever resolved here.
    pub proxy_host: Option<String>,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let is_proxy = self
            .proxy_host
            .as_deref()
            .is_some_and(|host| host.eq_ignore_ascii_case(name.as_str()));
        let allowed = self.allowed.clone();
        Box::pin(async move {
            // Port 0 stands for the port of the URL.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let dialled: Vec<SocketAddr> = found
                .filter(|address| is_proxy || may_dial(address.ip(), &allowed))
                .collect();
            if dialled.is_empty() {
                return Err(RefusedName.into());
            }
            Ok(Box::new(dialled.into_iter()) as Addrs)
        })
    }
}
