//! Keeps the addresses of upstream names fresh, away from the request path: as long as an answer holds it is used, and when the next
//! one cannot be had, the last one is used on.
//!
//! What an answer means is in `lookup`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;

use crate::model::{Clock, LookupResult, doubled};
use crate::net::Names;
use crate::telemetry::TargetMetrics;
use crate::upstream::Endpoint;

use super::lookup::lookup;
use super::own_task::OwnTask;

/// The shortest time between two look-ups of a name, whatever its records say: a name server must bear it.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest time for which an answer is used: half a minute is what DNS-based failover commonly takes. The file of hosts has no
/// time of its own, and is read as often.
const LONGEST: Duration = Duration::from_secs(30);

/// One task for each endpoint with a name; dropping it ends them.
pub struct Resolver {
    names: Names,
    metrics: TargetMetrics,
    clock: Arc<dyn Clock>,
    tasks: HashMap<(String, u16), Following>,
}

#[derive(Debug)]
struct Following {
    endpoint: Arc<Endpoint>,
    _task: OwnTask,
}

impl Resolver {
    /// Nobody is followed yet.
    #[must_use]
    pub fn new(names: Names, metrics: TargetMetrics, clock: Arc<dyn Clock>) -> Self {
        Self { names, metrics, clock, tasks: HashMap::new() }
    }

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
                _task: OwnTask::spawn(keep_fresh(
                    self.names.clone(),
                    self.metrics.clone(),
                    Arc::clone(&self.clock),
                    Arc::clone(endpoint),
                )),
            });
        }
    }

    /// Looks up every name without an address once, for at most `limit`, so that a new configuration does not begin with
    /// failures.
    pub async fn first_answers<'e>(endpoints: impl Iterator<Item = &'e Arc<Endpoint>>, limit: Duration) {
        first_answers(&Names::of_machine(), endpoints, limit).await;
    }
}

async fn first_answers<'e>(
    names: &Names,
    endpoints: impl Iterator<Item = &'e Arc<Endpoint>>,
    limit: Duration,
) {
    let asked = endpoints.filter(|endpoint| endpoint.is_empty()).map(|endpoint| async move {
        // Its task says what is wrong, and goes on.
        if let Ok(found) = lookup(names, endpoint).await {
            endpoint.resolved(found.addresses);
        }
    });
    // The task of a slower name continues.
    let _in_time = tokio::time::timeout(limit, join_all(asked)).await;
}

async fn keep_fresh(names: Names, metrics: TargetMetrics, clock: Arc<dyn Clock>, endpoint: Arc<Endpoint>) {
    let mut failures = 0_u32;
    loop {
        let pause = match lookup(&names, &endpoint).await {
            Ok(found) => {
                endpoint.renewed(found.addresses, clock.now());
                metrics.looked_up(LookupResult::Answered);
                if failures > 0 {
                    tracing::info!(host = endpoint.host, "the upstream's name resolves again");
                }
                failures = 0;
                found.ttl.map_or(LONGEST, |ttl| ttl.clamp(SHORTEST, LONGEST))
            }
            Err(error) => {
                let kept = endpoint.len();
                metrics.looked_up(if kept > 0 { LookupResult::Kept } else { LookupResult::Unknown });
                if failures == 0 {
                    let what = if kept > 0 {
                        "the upstream's name does not resolve: its last addresses are used on"
                    } else {
                        "the upstream's name does not resolve"
                    };
                    tracing::warn!(host = endpoint.host, error, addresses = kept, "{what}");
                }
                failures = failures.saturating_add(1);
                doubled(SHORTEST, failures, LONGEST)
            }
        };
        tokio::time::sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tempfile::TempDir;
    use testkit::dns::{Data, Dns, Says};
    use testkit::eventually;

    use super::*;
    use crate::model::SystemClock;
    use crate::telemetry::Metrics;

    const SOON: Duration = Duration::from_secs(10);

    struct World {
        _folder: TempDir,
        dns: Dns,
        metrics: Metrics,
        names: Names,
        resolver: Resolver,
    }

    async fn world() -> World {
        let (folder, dns) = (tempfile::tempdir().unwrap(), Dns::start().await);
        std::fs::write(folder.path().join("resolv.conf"), dns.address.to_string()).unwrap();
        let (names, metrics) = (Names::in_folder(folder.path()), Metrics::new().unwrap());
        let resolver = Resolver::new(names.clone(), metrics.targets(), Arc::new(SystemClock));
        World { _folder: folder, dns, metrics, names, resolver }
    }

    fn at(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    async fn eventually_at(endpoint: &Endpoint, addresses: &[&str]) {
        let wanted = at(addresses);
        let is = async || (endpoint.addresses() == wanted).then_some(());
        eventually(&format!("it is at {addresses:?}"), SOON, is).await;
    }

    #[tokio::test]
    async fn a_name_is_asked_for_again_when_its_answer_no_longer_holds_and_the_last_one_is_kept() {
        let mut world = world().await;
        let (endpoint, quiet) =
            (Arc::new(Endpoint::new("a.test", 80)), Arc::new(Endpoint::new("b.test", 80)));
        world.dns.addresses("a.test", 0, &["10.0.0.1"]);
        world.dns.addresses("b.test", 3_600, &["10.0.0.9"]);
        world.resolver.follow([&endpoint, &quiet].into_iter());
        eventually_at(&endpoint, &["10.0.0.1:80"]).await;
        world.dns.addresses("a.test", 0, &["10.0.0.2", "10.0.0.3"]);
        eventually_at(&endpoint, &["10.0.0.2:80", "10.0.0.3:80"]).await;
        world.dns.says("a.test", Says::Code(2));
        let kept = async || world.metrics.render().contains("{result=\"kept\"} 1").then_some(());
        eventually("it does not resolve", SOON, kept).await;
        assert_eq!(endpoint.addresses(), at(&["10.0.0.2:80", "10.0.0.3:80"]));
        world.dns.addresses("a.test", 0, &["10.0.0.3", "10.0.0.4"]);
        eventually_at(&endpoint, &["10.0.0.3:80", "10.0.0.4:80"]).await;
        eventually_at(&quiet, &["10.0.0.9:80"]).await;
        // Both of its records: A and AAAA.
        assert_eq!(world.dns.asked("b.test"), 2, "an answer that holds is not asked for again");
    }

    #[tokio::test]
    async fn a_new_configuration_begins_with_answers_and_does_not_wait_for_those_that_do_not_come() {
        let world = world().await;
        let service = Arc::new(Endpoint::of_service("_agent._tcp.test"));
        let (known, silent) = (Arc::new(Endpoint::new("a.test", 80)), Arc::new(Endpoint::new("b.test", 80)));
        world.dns.addresses("a.test", 5, &["10.0.0.1"]);
        world.dns.says("b.test", Says::Nothing);
        world.dns.says("_agent._tcp.test", Says::Records(5, vec![Data::Service(0, 0, 81, "a.test")]));
        first_answers(&world.names, [&service, &known, &silent].into_iter(), Duration::from_secs(1)).await;
        assert_eq!(service.addresses(), at(&["10.0.0.1:81"]));
        assert_eq!((known.addresses(), silent.len()), (at(&["10.0.0.1:80"]), 0));
    }

    #[tokio::test]
    async fn a_name_gets_its_addresses_until_it_is_no_longer_followed() {
        let local = Arc::new(Endpoint::new("localhost", 80));
        Resolver::first_answers([&local].into_iter(), Duration::from_secs(5)).await;
        assert!(!local.is_empty(), "localhost resolves everywhere");
        let mut world = world().await;
        world.resolver.follow([&local].into_iter());
        assert_eq!(world.resolver.tasks.len(), 1);
        world.resolver.follow([].into_iter());
        assert!(world.resolver.tasks.is_empty());
    }

    #[test]
    fn failures_are_followed_by_longer_pauses() {
        let pauses =
            [1, 2, 3, 5, 6, 40, u32::MAX].map(|failures| doubled(SHORTEST, failures, LONGEST).as_secs());
        assert_eq!(pauses, [1, 2, 4, 16, 30, 30, 30]);
    }
}
