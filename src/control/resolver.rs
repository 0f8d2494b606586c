//! Keeps the addresses of upstream names fresh, away from the request path.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::model::{self, ForbiddenAddress};
use crate::upstream::Endpoint;

/// How long addresses are used before the next look-up: the resolver of the system hides the TTL, and half a minute is
/// what DNS-based failover commonly uses.
const REFRESH: Duration = Duration::from_secs(30);
/// The first wait after a failed look-up; it doubles up to [`REFRESH`].
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// The longest look-up: the default timeout of one try of the system's resolver (resolv.conf(5)).
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);

/// One task for each endpoint with a name; dropping it ends them.
#[derive(Debug, Default)]
pub struct Resolver {
    tasks: HashMap<(String, u16), Following>,
}

#[derive(Debug)]
struct Following {
    endpoint: Arc<Endpoint>,
    task: JoinHandle<()>,
}

impl Drop for Following {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Resolver {
    /// Follows exactly these endpoints.
    pub fn follow<'e>(&mut self, endpoints: impl Iterator<Item = &'e Arc<Endpoint>>) {
        let wanted: HashMap<(String, u16), &Arc<Endpoint>> = endpoints
            .filter(|endpoint| endpoint.needs_resolving())
            .map(|endpoint| ((endpoint.host.clone(), endpoint.port), endpoint))
            .collect();
        self.tasks.retain(|key, following| {
            wanted.get(key).is_some_and(|endpoint| Arc::ptr_eq(endpoint, &following.endpoint))
        });
        for (key, endpoint) in wanted {
            self.tasks.entry(key).or_insert_with(|| Following {
                endpoint: Arc::clone(endpoint),
                task: tokio::spawn(keep_fresh(Arc::clone(endpoint))),
            });
        }
    }

    /// Looks up every name without an address once, for at most `limit`, so that a new configuration does not begin with
    /// failures.
    pub async fn first_answers<'e>(endpoints: impl Iterator<Item = &'e Arc<Endpoint>>, limit: Duration) {
        let asked = endpoints.filter(|endpoint| endpoint.is_empty()).map(|endpoint| lookup(endpoint));
        // The task of a slower name continues.
        let _in_time = tokio::time::timeout(limit, futures::future::join_all(asked)).await;
    }
}

async fn keep_fresh(endpoint: Arc<Endpoint>) {
    let mut retry = FIRST_RETRY;
    let mut failing = false;
    loop {
        let pause = match lookup(&endpoint).await {
            Ok(()) => {
                if failing {
                    tracing::info!(host = endpoint.host, "the upstream's name resolves again");
                }
                (failing, retry) = (false, FIRST_RETRY);
                REFRESH
            }
            Err(error) => {
                if !failing {
                    tracing::warn!(host = endpoint.host, error, "the upstream's name does not resolve");
                }
                failing = true;
                retry = (retry * 2).min(REFRESH);
                retry
            }
        };
        tokio::time::sleep(pause).await;
    }
}

async fn lookup(endpoint: &Endpoint) -> Result<(), String> {
    let asked = tokio::net::lookup_host((endpoint.host.as_str(), endpoint.port));
    let found = tokio::time::timeout(LOOKUP_TIMEOUT, asked).await.map_err(|_| "took longer than 5 s")?;
    endpoint.resolved(passable(found.map_err(|e| e.to_string())?)?);
    Ok(())
}

/// The permitted addresses of a name. The owner of the name must not be able to route callers to the metadata service of
/// this machine.
fn passable(found: impl Iterator<Item = SocketAddr>) -> Result<Vec<SocketAddr>, String> {
    model::passable(found, ForbiddenAddress::credential_service).map_err(|refused| match refused {
        Some((address, kind)) => format!("{address} is refused: {kind}"),
        None => "no address".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_metadata_service_is_dropped() {
        let all =
            |list: &[&str]| passable(list.iter().map(|a| a.parse().unwrap()).collect::<Vec<_>>().into_iter());
        let fine: SocketAddr = "10.0.0.1:80".parse().unwrap();
        assert_eq!(all(&["169.254.169.254:80", "10.0.0.1:80", "[fd00:ec2::254]:80"]), Ok(vec![fine]));
        let said = all(&["169.254.169.254:80"]).unwrap_err();
        assert!(said.starts_with("169.254.169.254 is refused"), "{said}");
        assert_eq!(all(&[]).unwrap_err(), "no address");
    }

    #[tokio::test]
    async fn a_name_gets_its_addresses_until_it_is_no_longer_followed() {
        let local = Arc::new(Endpoint::new("localhost", 80));
        Resolver::first_answers([&local].into_iter(), Duration::from_secs(5)).await;
        assert!(!local.is_empty(), "localhost resolves everywhere");
        let mut resolver = Resolver::default();
        resolver.follow([&local].into_iter());
        assert_eq!(resolver.tasks.len(), 1);
        resolver.follow([].into_iter());
        assert!(resolver.tasks.is_empty());
    }
}
