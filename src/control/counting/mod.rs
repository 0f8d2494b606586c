//! Counts the limits of this member together with the other members, in the Redis of `server.shared_state`: tells it what was let
//! in, hears what others have told, and asks it for single requests. Nothing here stands in the way of a request but such a
//! question, and that for a few milliseconds at most.
//!
//! What is let in by what is known is for `limits`, and how Redis is talked to for `store`.

mod breaker;
mod convert;
mod outage;
mod questions;
mod rounds;

use std::sync::Arc;
use std::time::{Duration, Instant as Tick};

use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::config;
use crate::limits::LimitState;
use crate::model::{Clock, Live};
use crate::store::{RedisCounters, RedisFault};
use crate::telemetry::Metrics;

use convert::options;
use outage::Outage;
use questions::Questions;
use rounds::Rounds;

use super::handle::Control;

/// How often a Redis that is away is looked for.
const PROBE: Duration = Duration::from_secs(1);

/// How long a member counts alone when Redis is back: all others have found it by then, and told.
const SETTLES: Duration = Duration::from_millis(1_500);

/// The Redis that this member is connected with, if any.
type Connected = Live<Option<RedisCounters>>;

/// Counts together with the others, for ever. Without a store that the fleet shares, the members are those that Redis knows.
pub async fn count_together(
    settings: Arc<config::Server>,
    limits: Arc<LimitState>,
    control: Control,
    metrics: Metrics,
    clock: Arc<dyn Clock>,
) {
    let Some(redis) = settings.shared_state.as_ref().map(|shared| &shared.redis) else { return };
    let Control { fleet, redis: health, .. } = control;
    let (options, outage) =
        (options(redis), Arc::new(Outage::new(metrics.shared_state(), health, Arc::clone(&clock))));
    let (connected, wake) = (Arc::new(Connected::new(None)), Arc::<Notify>::default());
    let waker = Arc::clone(&wake);
    limits.connect(move || waker.notify_one(), Questions::new(Arc::clone(&connected), Arc::clone(&outage)));
    let me = fleet.my_boot_id().to_owned();
    let mut rounds = Rounds::new((&limits, clock), wake, &fleet);
    let mut settles = Duration::ZERO;
    loop {
        rounds.tell_time();
        match RedisCounters::connect(&options, &me).await {
            Ok(counters) => {
                connected.publish(Arc::new(Some(counters)));
                let fault = linked(&limits, &connected, &mut rounds, (&outage, settles)).await;
                limits.link(false);
                connected.publish(Arc::new(None));
                rounds.lose();
                outage.lost(&fault);
            }
            Err(fault) => outage.unreached(&fault),
        }
        // The others come back within as long as they look for it: until then nobody knows what they let in meanwhile.
        settles = SETTLES;
        sleep(PROBE).await;
    }
}

/// Counts together until something is wrong. All that this member knows is told first: another one may answer now.
async fn linked(
    limits: &LimitState,
    connected: &Connected,
    rounds: &mut Rounds<'_>,
    (outage, settles): (&Outage, Duration),
) -> RedisFault {
    let counters = connected.get();
    let Some(counters) = counters.as_ref() else { return RedisFault::Unexpected };
    limits.doubt(Tick::now());
    let settled = Instant::now() + settles;
    loop {
        if let Err(fault) = rounds.round(counters).await {
            return fault;
        }
        if Instant::now() >= settled {
            break;
        }
        rounds.wait().await;
    }
    limits.link(true);
    outage.found();
    loop {
        rounds.wait().await;
        if let Err(fault) = rounds.round(counters).await {
            return fault;
        }
        if let Err(fault) = counters.renew().await {
            return fault;
        }
        if !outage.lets_ask() {
            outage.probed(counters.answers_in_time().await);
        }
    }
}
