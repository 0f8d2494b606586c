//! Connections that are opened and say nothing, from one address or from many.

use std::net::Ipv4Addr;
use std::time::Duration;

use testkit::raw::Wire;
use tokio::task::JoinSet;

use super::fates::{Fate, Fates};

/// The n-th address of loopback that is not the one of good callers.
pub(crate) fn elsewhere(n: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 1, u8::try_from(n + 1).expect("few addresses"))
}

/// Opens so many connections, spread over these addresses, and holds them.
pub(crate) async fn open(port: u16, count: usize, addresses: &[Ipv4Addr]) -> Vec<Wire> {
    let one = |n: usize| Wire::open(addresses[n % addresses.len()], port, None);
    // Not all at the same moment: a queue of connections that were not accepted yet is the system's limit, not ours.
    let mut held = Vec::with_capacity(count);
    for begin in (0..count).step_by(200) {
        let batch: JoinSet<_> = (begin..count.min(begin + 200)).map(one).collect();
        held.extend(batch.join_all().await.into_iter().flatten());
    }
    held
}

/// What has become of them, and those that are still open.
pub(crate) async fn look(wires: Vec<Wire>, within: Duration) -> (Fates, Vec<Wire>) {
    let looking: JoinSet<_> = wires
        .into_iter()
        .map(|mut wire| async move {
            let came = wire.rest(within).await;
            (Fate::of(&came), came, wire)
        })
        .collect();
    let mut fates = Fates::default();
    let mut open = Vec::new();
    for (fate, came, wire) in looking.join_all().await {
        assert!(fate != Fate::Answered(503) || came.has("retry-after"), "{came:?}");
        fates.add(fate);
        if fate == Fate::Open {
            open.push(wire);
        }
    }
    (fates, open)
}
