//! Slots for connections: how many in all and from each address, and which connection makes room when all are taken.
//!
//! Connections are counted from the moment they are accepted, TLS handshake included. What one that is turned away
//! is told, and how long one may rest, is for `front`.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ipnet::IpNet;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};

use crate::model::PerShard;
use crate::telemetry::ConnectionMetrics;

/// How many connections that were turned away may linger at once; they have no slot.
const MOST_LINGERING: usize = 64;

/// Connections that may be on their way to their slot at once, over all shards.
const SPARE: usize = 64;

/// The limits of a crowd.
#[derive(Debug, Clone)]
pub struct CrowdLimits {
    /// Connections in all.
    pub connections: usize,
    /// Connections from one address.
    pub per_address: usize,
    /// Whose connections are many by nature: they count in all, and not by address.
    pub exempt: Vec<IpNet>,
}

/// All connections of callers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Crowd(Arc<State>);

#[derive(Debug)]
struct State {
    limits: CrowdLimits,
    taken: AtomicUsize,
    /// Looked at once a connection, never for a request.
    of_address: Mutex<HashMap<Block, usize>>,
    /// Those that rest, by their shards: a request writes here before it comes and when it has.
    resting: PerShard<Resting>,
    lingering: Semaphore,
    metrics: ConnectionMetrics,
}

/// What counts as one address: an IPv4 address, or the /64 that an IPv6 host has for itself (RFC 4291 section 2.5.4).
type Block = IpAddr;

/// The place of one connection; dropping it says that it has ended.
#[derive(Debug)]
pub(crate) struct Slot {
    crowd: Arc<State>,
    block: Option<Block>,
}

/// Why a connection is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// There are too many, and none of them rests.
    InAll,
    /// There are too many from its address.
    OfAddress,
}

/// How a connection rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// It has sent nothing yet. These make room first.
    Silent,
    /// It waits between two requests.
    Kept,
}

impl Crowd {
    /// An empty one.
    #[must_use]
    pub fn new(limits: CrowdLimits, metrics: ConnectionMetrics) -> Self {
        Self(Arc::new(State {
            limits,
            taken: AtomicUsize::new(0),
            of_address: Mutex::default(),
            resting: PerShard::new(Resting::default),
            lingering: Semaphore::new(MOST_LINGERING),
            metrics,
        }))
    }

    /// A slot for a new connection.
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

    /// Whether all slots are taken, with some to spare for those that have none yet: to have a connection told by another
    /// shard costs more than it helps then.
    pub(crate) fn is_full(&self) -> bool {
        let State { taken, limits, .. } = &*self.0;
        taken.load(Ordering::Relaxed) + SPARE >= limits.connections
    }

    /// Whether so many connections are more than have slots, are on their way to one, or linger: others have been asked to make
    /// room, or have been turned away, and have not left yet.
    pub(crate) fn is_beyond(&self, connections: usize) -> bool {
        connections > self.0.limits.connections + SPARE + MOST_LINGERING
    }

    /// Counts a connection that was closed since its peer may not speak for others, or does not.
    pub(crate) fn refused_relay(&self) {
        self.0.metrics.refused_relay();
    }

    /// Lets a connection stay for a moment that was turned away; `None` when there are enough of them.
    pub(crate) fn may_linger(&self) -> Option<SemaphorePermit<'_>> {
        self.0.lingering.try_acquire().ok()
    }

    /// Waits, resting, until somebody else needs the slot.
    pub(crate) async fn needed(&self, rest: Rest) {
        let queue = self.0.resting.here().queue(rest);
        loop {
            queue.called().await;
            // A call is kept for the next to rest when the one it was for left by itself; by then there may be
            // enough slots.
            if self.0.taken.load(Ordering::Relaxed) > self.0.limits.connections {
                return;
            }
        }
    }
}

impl Slot {
    /// Counts the connection at the client's address, when a proxy has said whose it is.
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
    /// What an address counts as; nothing for those whose connections are many.
    fn block(&self, peer: IpAddr) -> Option<Block> {
        let peer = peer.to_canonical();
        (!self.limits.exempt.iter().any(|net| net.contains(&peer))).then(|| block(peer))
    }

    /// Counts a connection of that address; `false` when there are enough.
    fn count(&self, block: Block) -> bool {
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
        // Where most rest, the first of them rests longest.
        let call = |rest| {
            let mut queues: Vec<_> = self.resting.iter().map(|resting| resting.queue(rest)).collect();
            queues.sort_unstable_by_key(|queue| std::cmp::Reverse(queue.free.load(Ordering::Relaxed)));
            queues.into_iter().any(Queue::call)
        };
        let made = call(Rest::Silent) || call(Rest::Kept);
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

/// The connections of one shard that rest.
#[derive(Debug, Default)]
struct Resting {
    silent: Queue,
    kept: Queue,
}

impl Resting {
    const fn queue(&self, rest: Rest) -> &Queue {
        match rest {
            Rest::Silent => &self.silent,
            Rest::Kept => &self.kept,
        }
    }
}

/// Connections that rest, in the order in which they came to rest.
#[derive(Debug, Default)]
struct Queue {
    /// Those that can still be called. Below zero for a moment when one leaves by itself as it is called.
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

    /// Calls the one that rests longest; `false` when nobody does.
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
        // The caller has taken one that was called off already.
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
    fn one_address_gets_only_its_share_and_gets_it_back() {
        let crowd = crowd(100, 2);
        let first = crowd.slot(ip("192.0.2.1")).unwrap();
        let _second = crowd.slot(ip("::ffff:192.0.2.1")).unwrap();
        assert_eq!(crowd.slot(ip("192.0.2.1")).unwrap_err(), Full::OfAddress);
        assert!(crowd.slot(ip("192.0.2.2")).is_ok());
        drop(first);
        assert!(crowd.slot(ip("192.0.2.1")).is_ok());
    }

    #[test]
    fn the_addresses_of_one_ipv6_host_are_one() {
        let crowd = crowd(100, 1);
        let _seat = crowd.slot(ip("2001:db8::1")).unwrap();
        assert_eq!(crowd.slot(ip("2001:db8::2")).unwrap_err(), Full::OfAddress);
        assert!(crowd.slot(ip("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn a_trusted_proxy_brings_many() {
        let crowd = crowd(100, 1);
        let slots: Vec<_> = (0..50).map(|_| crowd.slot(ip("10.1.2.3")).unwrap()).collect();
        assert_eq!(slots.len(), 50);
    }

    #[test]
    fn a_client_behind_a_proxy_gets_its_share_and_the_proxy_none() {
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
    fn no_table_grows_with_addresses_that_have_gone() {
        let crowd = crowd(100, 1);
        for last in 0..=255 {
            drop(crowd.slot(ip(&format!("192.0.2.{last}"))).unwrap());
        }
        assert_eq!(crowd.0.of_address.lock().unwrap().len(), 0);
    }

    #[test]
    fn who_rests_longest_makes_room_and_the_silent_before_the_kept() {
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
    fn a_call_that_nobody_heard_sends_nobody_away_later() {
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
    fn who_stopped_resting_is_not_called() {
        let crowd = crowd(1, 10);
        let _seat = crowd.slot(None).unwrap();
        let mut rest = Box::pin(crowd.needed(Rest::Kept));
        assert!(rest.as_mut().now_or_never().is_none());
        drop(rest);
        assert_eq!(crowd.slot(None).unwrap_err(), Full::InAll);
        assert_eq!(crowd.0.taken.load(Ordering::Relaxed), 1);
    }
}
