//! One look-up of an endpoint's name: which addresses it has that may be connected to, how the load is parted between them, and
//! how long that holds.
//!
//! `resolver` decides when to ask, and what becomes of the answer.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures::future::join_all;
use tokio::time::timeout;

use crate::model::{self, ForbiddenAddress};
use crate::net::{Known, Names, ServicePlace};
use crate::upstream::{Endpoint, Targets};

/// The longest look-up: two tries of the usual 5 s (resolv.conf(5)).
const LONGEST: Duration = Duration::from_secs(10);

/// What a name was found to mean.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The addresses, with the part of the load of each.
    pub(super) addresses: Vec<(SocketAddr, u16)>,
    /// How long that holds; `None` where nobody says.
    pub(super) ttl: Option<Duration>,
}

/// Looks the name of an endpoint up.
///
/// # Errors
/// Why it has no address that may be connected to, for the log.
pub(super) async fn lookup(names: &Names, endpoint: &Endpoint) -> Result<Found, String> {
    let asked = async {
        if endpoint.is_service { service(names, &endpoint.host).await } else { host(names, endpoint).await }
    };
    timeout(LONGEST, asked).await.map_err(|_| format!("took longer than {} s", LONGEST.as_secs()))?
}

async fn host(names: &Names, endpoint: &Endpoint) -> Result<Found, String> {
    let Known { found, ttl } = names.addresses(&endpoint.host).await.map_err(|error| error.to_string())?;
    let addresses = passable(&endpoint.host, endpoint.port, found)?;
    Ok(Found { addresses: addresses.into_iter().map(|address| (address, 1)).collect(), ttl })
}

/// The places of a service: those of the lowest priority of which one has an address (RFC 2782).
async fn service(names: &Names, name: &str) -> Result<Found, String> {
    let Known { found, mut ttl } = names.places(name).await.map_err(|error| error.to_string())?;
    let mut wrong = "there is no such service".to_owned();
    for group in by_priority(found) {
        let asked = group.iter().map(|place| async move {
            let known = names.addresses(&place.host).await.map_err(|error| error.to_string())?;
            // The rule is that of the name in the configuration: whoever owns its records chooses the host as well.
            let addresses = passable(name, place.port, known.found)?;
            Ok::<_, String>((place.weight, addresses, known.ttl))
        });
        let mut addresses = Vec::new();
        for place in join_all(asked).await {
            match place {
                Ok((weight, found, holds)) => {
                    ttl = ttl.into_iter().chain(holds).min();
                    addresses.extend(parted(weight, found));
                }
                Err(error) => wrong = error,
            }
        }
        if !addresses.is_empty() {
            return Ok(Found { addresses, ttl });
        }
    }
    Err(wrong)
}

/// The places of each priority, the lowest first; at most as many as an agent has targets.
fn by_priority(mut places: Vec<ServicePlace>) -> Vec<Vec<ServicePlace>> {
    // A host that is the root says that there is no such service.
    places.retain(|place| place.host != ".");
    places.sort_by_key(|place| place.priority);
    places.truncate(Targets::MOST);
    places.chunk_by(|one, other| one.priority == other.priority).map(<[ServicePlace]>::to_vec).collect()
}

/// The weight of a place, parted between its addresses.
fn parted(weight: u16, addresses: Vec<SocketAddr>) -> Vec<(SocketAddr, u16)> {
    let count = u16::try_from(addresses.len()).unwrap_or(u16::MAX).max(1);
    let each = if weight == 0 { 0 } else { (weight / count).max(1) };
    addresses.into_iter().map(|address| (address, each)).collect()
}

/// The permitted ones of the addresses of a name. The owner of the name must not be able to route callers to the metadata service of
/// this machine, nor to what listens for this machine alone.
fn passable(name: &str, port: u16, found: Vec<IpAddr>) -> Result<Vec<SocketAddr>, String> {
    let found = found.into_iter().map(|address| SocketAddr::new(address, port));
    model::passable(found, |address| ForbiddenAddress::of_answer(name, address)).map_err(|refused| {
        match refused {
            Some((address, kind)) => format!("{address} is refused: {kind}"),
            None => "no address".to_owned(),
        }
    })
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;
    use testkit::dns::{Data, Dns, Says};

    use super::*;

    async fn world() -> (TempDir, Dns, Names) {
        let (folder, dns) = (tempfile::tempdir().unwrap(), Dns::start().await);
        std::fs::write(folder.path().join("resolv.conf"), dns.address.to_string()).unwrap();
        let names = Names::in_folder(folder.path());
        (folder, dns, names)
    }

    /// What an endpoint is found at, sorted.
    async fn found(names: &Names, endpoint: &Endpoint) -> Result<Found, String> {
        let mut found = lookup(names, endpoint).await?;
        found.addresses.sort_unstable();
        Ok(found)
    }

    fn is(addresses: &[(&str, u16)], ttl: u64) -> Result<Found, String> {
        let address = |(text, weight): &(&str, u16)| (text.parse().unwrap(), *weight);
        Ok(Found { addresses: addresses.iter().map(address).collect(), ttl: Some(Duration::from_secs(ttl)) })
    }

    #[tokio::test]
    async fn forbidden_addresses_are_dropped_and_the_others_used() {
        let (_folder, dns, names) = world().await;
        let endpoint = Endpoint::new("a.test", 80);
        let all = ["127.0.0.1", "::1", "169.254.169.254", "fe80::1", "10.0.0.1", "fd00::1", "fd00:ec2::254"];
        dns.addresses("a.test", 5, &all);
        assert_eq!(found(&names, &endpoint).await, is(&[("10.0.0.1:80", 1), ("[fd00::1]:80", 1)], 5));
        dns.addresses("a.test", 5, &["127.0.0.1"]);
        let said = lookup(&names, &endpoint).await.unwrap_err();
        assert!(said.starts_with("127.0.0.1 is refused: this machine"), "{said}");
        let local = lookup(&names, &Endpoint::new("localhost", 80)).await.unwrap();
        assert_eq!(local.addresses.len(), 2, "{local:?}");
    }

    #[tokio::test]
    async fn a_service_is_at_the_hosts_of_its_lowest_priority_that_have_an_address() {
        let (_folder, dns, names) = world().await;
        let service = Endpoint::of_service("_agent._tcp.test");
        let places = vec![
            Data::Service(20, 9, 90, "c.test"),
            Data::Service(10, 30, 8001, "a.test"),
            Data::Service(10, 0, 8002, "b.test"),
        ];
        dns.says("_agent._tcp.test", Says::Records(20, places));
        dns.addresses("c.test", 25, &["10.0.0.3"]);
        assert_eq!(found(&names, &service).await, is(&[("10.0.0.3:90", 9)], 20));
        dns.addresses("a.test", 25, &["10.0.0.1", "10.0.0.4"]);
        dns.addresses("b.test", 15, &["10.0.0.2", "127.0.0.1"]);
        let wanted = [("10.0.0.1:8001", 15), ("10.0.0.2:8002", 0), ("10.0.0.4:8001", 15)];
        assert_eq!(found(&names, &service).await, is(&wanted, 15));
        dns.addresses("a.test", 25, &["127.0.0.1"]);
        assert_eq!(found(&names, &service).await, is(&[("10.0.0.2:8002", 0)], 15));
    }

    #[tokio::test]
    async fn a_service_that_leads_to_this_machine_or_nowhere_is_at_no_place() {
        let (_folder, dns, names) = world().await;
        let service = Endpoint::of_service("_agent._tcp.test");
        for host in [".", "localhost", "absent.test"] {
            dns.says("_agent._tcp.test", Says::Records(20, vec![Data::Service(0, 0, 80, host)]));
            assert!(lookup(&names, &service).await.is_err(), "{host}");
        }
        dns.says("_agent._tcp.test", Says::Code(3));
        assert!(lookup(&names, &service).await.is_err());
    }
}
