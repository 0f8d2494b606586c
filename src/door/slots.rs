//! Slots for connections: how many in all and from each address, and which idle connection gives its slot up when all are
//! taken.
//!
//! A connection has its slot from its acceptance on, TLS handshake included. `front` answers one that gets none, and limits
//! how long one may be idle.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ipnet::IpNet;
use tokio::sync::Notify;

use crate::telemetry::ConnectionMetrics;

/// The limits on connections.
#[derive(Debug, Clone)]
pub struct CrowdLimits {
    /// The most connections in all.
    pub connections: usize,
    /// The most connections from one address.
    pub per_address: usize,
    /// The networks without a limit for each address, such as those of proxies.
    pub exempt: Vec<IpNet>,
}

/// All connections of clients. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Crowd(Arc<State>);

#[derive(Debug)]
struct State {
    limits: CrowdLimits,
    taken: AtomicUsize,
    /// Locked once for each connection, never for a request.
    of_address: Mutex<HashMap<Block, usize>>,
    silent: Queue,
    kept: Queue,
    metrics: ConnectionMetrics,
}

/// The unit that the limit for each address counts: an IPv4 address, or the /64 of which an IPv6 host chooses any address
/// (RFC 4291 section 2.5.4).
type Block = IpAddr;

/// The slot of one connection; dropping it frees the slot.
#[derive(Debug)]
pub(crate) struct Slot {
    crowd: Arc<State>,
    block: Option<Block>,
}

/// Why a connection gets no slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// All slots are taken, and no connection is idle.
    InAll,
    /// Its address has as many connections as it may.
    OfAddress,
}

/// Why a connection is idle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// It has sent nothing yet. These connections give their slots up first.
    Silent,
    /// It is kept between two requests.
    Kept,
}

impl Crowd {
    /// A crowd without connections.
    #[must_use]
    pub fn new(limits: CrowdLimits, metrics: ConnectionMetrics) -> Self {
        Self(Arc::new(State {
            limits,
            taken: AtomicUsize::new(0),
            of_address: Mutex::default(),
            silent: Queue::default(),
            kept: Queue::default(),
            metrics,
        }))
    }

    /// Takes a slot for a new connection.
    pub(crate) fn slot(&self, peer: Option<IpAddr>) -> Result<Slot, Full> {
        let state = &self.0;
        let block = peer.and_then(|peer| state.block(peer));
        if !block.is_none_or(|block| state.count(block)) {
            state.metrics.refused_of_address();
            return Err(Full::OfAddress);
        }
        state.metrics.opened();
        let slot = Slot { crowd: Arc::clone(state), block };
        if state.taken.fetch_add(1, Ordering::Relaxed) < state.limits.connections || state.make_room() {
            return Ok(slot);
        }
        state.metrics.refused_in_all();
        Err(Full::InAll)
    }

    /// Counts a connection that was closed because its peer may not send the PROXY protocol, or sent none.
    pub(crate) fn refused_relay(&self) {
        self.0.metrics.refused_relay();
    }

    /// Waits, as an idle connection, until another one needs the slot.
    pub(crate) async fn needed(&self, rest: Rest) {
        let queue = match rest {
            Rest::Silent => &self.0.silent,
            Rest::Kept => &self.0.kept,
        };
        loop {
            queue.called().await;
            // A call whose connection ended by itself stays for the next idle one; by then there may be enough slots.
            if self.0.taken.load(Ordering::Relaxed) > self.0.limits.connections {
                return;
            }
        }
    }
}

impl Slot {
    /// Counts the connection for the client's address, once a proxy has named it.
    pub(crate) fn belongs_to(&mut self, client: IpAddr) -> Result<(), Full> {
        let crowd = &self.crowd;
        let block = crowd.block(client);
        if !block.is_none_or(|block| crowd.count(block)) {
            crowd.metrics.refused_of_address();
            return Err(Full::OfAddress);
        }
        if let Some(before) = std::mem::replace(&mut self.block, block) {
            self.crowd.forget(before);
        }
        Ok(())
    }
}

impl State {
    /// The block of an address; `None` when the address is exempt.
    fn block(&self, peer: IpAddr) -> Option<Block> {
        let peer = peer.to_canonical();
        (!self.limits.exempt.iter().any(|net| net.contains(&peer))).then(|| block(peer))
    }

    /// Counts a connection of that address; `false` when it has as many as it may.
    fn count(&self, block: Block) -> bool {
        // The map is valid after any panic.
        let mut counts = self.of_address.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(block).or_insert(0);
        if *count >= self.limits.per_address {
            return false;
        }
        *count += 1;
        true
    }

    fn forget(&self, block: Block) {
        let mut counts = self.of_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&block) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&block);
            }
        }
    }

    fn make_room(&self) -> bool {
        let made = self.silent.call() || self.kept.call();
        if made {
            self.metrics.made_room();
        }
        made
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.crowd.taken.fetch_sub(1, Ordering::Relaxed);
        self.crowd.metrics.closed();
        if let Some(block) = self.block {
            self.crowd.forget(block);
        }
    }
}

fn block(address: IpAddr) -> Block {
    const NETWORK: u128 = !(u64::MAX as u128);
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & NETWORK)),
    }
}

/// Idle connections, the one that has been idle for longest first.
#[derive(Debug, Default)]
struct Queue {
    /// The connections that can still be called. It is briefly below zero when one ends by itself while it is called.
    free: AtomicIsize,
    calls: Notify,
}

impl Queue {
    /// Waits to be called.
    async fn called(&self) {
        self.free.fetch_add(1, Ordering::Relaxed);
        let mut waiting = Waiting { queue: self, called: false };
        self.calls.notified().await;
        waiting.called = true;
    }

    /// Calls the connection that has been idle for longest; `false` when there is none.
    fn call(&self) -> bool {
        let claimed =
            self.free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| (free > 0).then(|| free - 1));
        if claimed.is_ok() {
            self.calls.notify_one();
        }
        claimed.is_ok()
    }
}

struct Waiting<'a> {
    queue: &'a Queue,
    called: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // `call` has subtracted a connection that it called.
        if !self.called {
            self.queue.free.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Metrics;
    use futures::FutureExt as _;

    fn crowd(connections: usize, per_address: usize) -> Crowd {
        let exempt = vec!["10.0.0.0/8".parse().unwrap()];
        let metrics = Metrics::new().unwrap().connections();
        Crowd::new(CrowdLimits { connections, per_address, exempt }, metrics)
    }

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn one_address_gets_at_most_its_share_and_an_ended_connection_gives_it_back() {
        let crowd = crowd(100, 2);
        let first = crowd.slot(ip("192.0.2.1")).unwrap();
        let _second = crowd.slot(ip("::ffff:192.0.2.1")).unwrap();
        assert_eq!(crowd.slot(ip("192.0.2.1")).unwrap_err(), Full::OfAddress);
        assert!(crowd.slot(ip("192.0.2.2")).is_ok());
        drop(first);
        assert!(crowd.slot(ip("192.0.2.1")).is_ok());
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_count_as_one() {
        let crowd = crowd(100, 1);
        let _seat = crowd.slot(ip("2001:db8::1")).unwrap();
        assert_eq!(crowd.slot(ip("2001:db8::2")).unwrap_err(), Full::OfAddress);
        assert!(crowd.slot(ip("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn a_trusted_proxy_has_no_limit_for_its_address() {
        let crowd = crowd(100, 1);
        let slots: Vec<_> = (0..50).map(|_| crowd.slot(ip("10.1.2.3")).unwrap()).collect();
        assert_eq!(slots.len(), 50);
    }

    #[test]
    fn a_connection_through_a_proxy_counts_for_its_client() {
        let crowd = crowd(100, 1);
        let client = "192.0.2.1".parse().unwrap();
        let mut first = crowd.slot(ip("10.1.2.3")).unwrap();
        first.belongs_to(client).unwrap();
        let mut second = crowd.slot(ip("10.1.2.3")).unwrap();
        assert_eq!(second.belongs_to(client).unwrap_err(), Full::OfAddress);
        drop((first, second));
        let mut again = crowd.slot(ip("10.1.2.3")).unwrap();
        again.belongs_to(client).unwrap();
        again.belongs_to("10.9.9.9".parse().unwrap()).unwrap();
        assert_eq!(crowd.0.of_address.lock().unwrap().len(), 0, "another proxy is exempt as well");
    }

    #[test]
    fn an_address_without_connections_is_forgotten() {
        let crowd = crowd(100, 1);
        for last in 0..=255 {
            drop(crowd.slot(ip(&format!("192.0.2.{last}"))).unwrap());
        }
        assert_eq!(crowd.0.of_address.lock().unwrap().len(), 0);
    }

    #[test]
    fn the_longest_idle_connection_makes_room_and_silent_ones_before_kept_ones() {
        let crowd = crowd(2, 10);
        let _seats = [crowd.slot(None).unwrap(), crowd.slot(None).unwrap()];
        let mut kept = Box::pin(crowd.needed(Rest::Kept));
        let mut old = Box::pin(crowd.needed(Rest::Silent));
        let mut new = Box::pin(crowd.needed(Rest::Silent));
        for rest in [&mut kept, &mut old, &mut new] {
            assert!(rest.as_mut().now_or_never().is_none());
        }
        let third = crowd.slot(None).unwrap();
        assert!(new.as_mut().now_or_never().is_none());
        assert!(old.as_mut().now_or_never().is_some());
        let _fourth = crowd.slot(None).unwrap();
        assert!(new.as_mut().now_or_never().is_some());
        assert!(kept.as_mut().now_or_never().is_none());
        let _fifth = crowd.slot(None).unwrap();
        assert!(kept.as_mut().now_or_never().is_some());
        assert_eq!(crowd.slot(None).unwrap_err(), Full::InAll);
        drop(third);
    }

    #[test]
    fn a_call_that_was_not_needed_ends_no_connection_later() {
        let crowd = crowd(1, 10);
        let slot = crowd.slot(None).unwrap();
        let mut rest = Box::pin(crowd.needed(Rest::Silent));
        assert!(rest.as_mut().now_or_never().is_none());
        let other = crowd.slot(None).unwrap();
        // It left by itself before it heard.
        drop((rest, slot));
        let mut next = Box::pin(crowd.needed(Rest::Silent));
        assert!(next.as_mut().now_or_never().is_none(), "one slot, and one connection");
        let _third = crowd.slot(None).unwrap();
        assert!(next.as_mut().now_or_never().is_some());
        drop(other);
    }

    #[test]
    fn a_connection_that_is_no_longer_idle_is_not_called() {
        let crowd = crowd(1, 10);
        let _seat = crowd.slot(None).unwrap();
        let mut rest = Box::pin(crowd.needed(Rest::Kept));
        assert!(rest.as_mut().now_or_never().is_none());
        drop(rest);
        assert_eq!(crowd.slot(None).unwrap_err(), Full::InAll);
        assert_eq!(crowd.0.taken.load(Ordering::Relaxed), 1);
    }
}
