//! Resolving names, where the guard sits.

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::exemption::may_reach;
use super::{FetchError, Lookup};
use crate::config::Exemption;

/// Resolves names, and refuses those with an address that may not be reached.
pub(super) struct Resolver {
    pub(super) lookup: Option<Lookup>,
    pub(super) guard: Option<Arc<[Exemption]>>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, guard) = (self.lookup.clone(), self.guard.clone());
        Box::pin(async move {
            // Port 0 stands for the port of the URL.
            let addresses: Vec<SocketAddr> = match lookup {
                Some(lookup) => lookup(name.as_str()).into_iter().map(|address| (address, 0).into()).collect(),
                None => {
                    tokio::net::lookup_host((name.as_str(), 0)).await.map_err(|_| FetchError::Unresolvable)?.collect()
                }
            };
            if addresses.is_empty() {
                return Err(FetchError::Unresolvable.into());
            }
            if let Some(exemptions) = guard
                && !addresses.iter().all(|address| may_reach(&exemptions, address.ip()))
            {
                return Err(FetchError::PrivateAddress.into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
