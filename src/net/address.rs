//! The addresses of hosts that documents come from. The address that is checked is the one that is connected to: names are
//! resolved through [`GuardedResolver`], which returns only addresses that passed, and a literal address in a URL is checked
//! before the request. `model` says which addresses are forbidden.

use std::io;
use std::net::{IpAddr, SocketAddr};

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::model::{self, ForbiddenAddress, is_loopback_name};

use super::FetchError;

/// The literal address in `url`; `None` when its host is a name.
#[must_use]
pub fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Domain(_) => None,
        Host::Ipv4(v4) => Some(v4.into()),
        Host::Ipv6(v6) => Some(v6.into()),
    }
}

/// Whether the host of `url` is this machine, by address or by name.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    literal(url).map_or_else(|| url.host_str().is_some_and(is_loopback_name), model::is_loopback)
}

/// A resolver: the system's, or a fixed one in tests.
pub(super) type Lookup = fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>>;

/// The addresses that the system's resolver gives.
pub(super) fn system_lookup(host: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
    Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.collect()) })
}

/// Resolves names, and returns only addresses that may be connected to.
#[derive(Debug, Clone, Copy)]
pub(super) struct GuardedResolver(pub(super) Lookup);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let found = (self.0)(name.as_str().to_owned());
        Box::pin(async move {
            let host = name.as_str();
            let found = found
                .await
                .map_err(|e| FetchError::Unresolved { host: host.to_owned(), cause: e.to_string() })?;
            let fine = passable(host, found)?;
            Ok(Box::new(fine.into_iter()) as Addrs)
        })
    }
}

/// The addresses of `found` that may be connected to.
fn passable(host: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, FetchError> {
    // Plain http is allowed to loopback names, so such a name must resolve to loopback.
    let must_be_loopback = is_loopback_name(host);
    let forbidden = |address| {
        let lies = must_be_loopback && !model::is_loopback(address);
        ForbiddenAddress::of(address).or(lies.then_some(ForbiddenAddress::NotLoopback))
    };
    model::passable(found, forbidden).map_err(|refused| match refused {
        Some((address, kind)) => FetchError::ForbiddenAddress { host: host.to_owned(), address, kind },
        None => FetchError::Unresolved { host: host.to_owned(), cause: "the name has no address".to_owned() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_addresses_of_a_name_are_dropped() {
        let at = |text: &str| SocketAddr::new(text.parse().unwrap(), 0);
        let mixed = passable("idp.test", vec![at("169.254.169.254"), at("10.0.0.1")]);
        assert_eq!(mixed, Ok(vec![at("10.0.0.1")]));
        let bad = passable("idp.test", vec![at("169.254.169.254")]).unwrap_err();
        assert!(bad.to_string().starts_with("address refused: idp.test is 169.254.169.254"), "{bad}");
        assert!(passable("idp.test", vec![]).is_err());
    }

    #[test]
    fn a_loopback_name_must_be_loopback() {
        let at = |text: &str| SocketAddr::new(text.parse().unwrap(), 0);
        assert!(passable("localhost", vec![at("10.0.0.1")]).is_err());
        assert_eq!(passable("a.localhost", vec![at("::1"), at("10.0.0.1")]), Ok(vec![at("::1")]));
    }

    #[test]
    fn a_url_is_loopback_by_address_or_name() {
        for (url, wanted) in [
            ("http://127.1/", true),
            ("http://[::ffff:127.0.0.1]/", true),
            ("http://LocalHost./", true),
            ("http://localhost../", false),
            ("http://0.0.0.0/", false),
            ("http://localhost.example/", false),
            ("data:localhost", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), wanted, "{url}");
        }
    }
}
