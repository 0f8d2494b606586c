//! Counts the limits of this member together with the other members, in the Redis of `server.shared_state`: tells it what was let
//! in, hears what others have told, and asks it for single requests. Nothing here stands in the way of a request but such a
//! question, and that for a few milliseconds at most.
//!
//! What is let in by what is known is for `limits`, and how Redis is talked to for `store`.

mod breaker;
mod convert;
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
use crate::telemetry::{Metrics, SharedStateMetrics};

use convert::options;
use questions::Questions;
use rounds::Rounds;

use super::fleet::Fleet;

/// How often a Redis that is away is looked for.
const PROBE: Duration = Duration::from_secs(1);

/// How long a member counts alone when Redis is back: all others have found it by then, and told.
const SETTLES: Duration = Duration::from_millis(1_500);

/// The Redis that this member is connected with, if any.
type Connected = Live<Option<RedisCounters>>;

/// Counts together with the others, for ever. Without a store that the fleet shares, the members are those that Redis knows.
pub async fn count_together(
    settings: Arc<config::Server>,
    (limits, clock): (Arc<LimitState>, Arc<dyn Clock>),
    fleet: Fleet,
    metrics: Metrics,
) {
    let Some(redis) = settings.shared_state.as_ref().map(|shared| &shared.redis) else { return };
    let (options, metrics) = (options(redis), metrics.shared_state());
    let (connected, wake) = (Arc::new(Connected::new(None)), Arc::<Notify>::default());
    let waker = Arc::clone(&wake);
    limits.connect(move || waker.notify_one(), Questions::new(Arc::clone(&connected), metrics.clone()));
    let me = fleet.my_boot_id().to_owned();
    let mut rounds = Rounds::new((&limits, clock), wake, &fleet);
    let mut is_told = false;
    loop {
        rounds.tell_time();
        match RedisCounters::connect(&options, &me).await {
            Ok(counters) => {
                connected.publish(Arc::new(Some(counters)));
                let fault = linked(&limits, &connected, &mut rounds, (&metrics, &mut is_told)).await;
                limits.link(false);
                connected.publish(Arc::new(None));
                rounds.lose();
                say(&fault, &metrics, &mut is_told);
            }
            Err(fault) => say(&fault, &metrics, &mut is_told),
        }
        sleep(PROBE).await;
    }
}

/// Counts together until something is wrong. All that this member knows is told first: another one may answer now.
async fn linked(
    limits: &LimitState,
    connected: &Connected,
    rounds: &mut Rounds<'_>,
    (metrics, is_told): (&SharedStateMetrics, &mut bool),
) -> RedisFault {
    let counters = connected.get();
    let Some(counters) = counters.as_ref() else { return RedisFault::Unexpected };
    limits.doubt(Tick::now());
    // The others come back within as long as they look for it: until then nobody knows what they let in meanwhile.
    let settled = Instant::now() + if *is_told { SETTLES } else { Duration::ZERO };
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
    metrics.up(true);
    if std::mem::take(is_told) {
        tracing::info!("the Redis of `server.shared_state` is back: limits count over all members again");
    } else {
        tracing::info!("limits count over all members");
    }
    loop {
        rounds.wait().await;
        if let Err(fault) = rounds.round(counters).await {
            return fault;
        }
    }
}

/// Says once that Redis is away.
fn say(fault: &RedisFault, metrics: &SharedStateMetrics, is_told: &mut bool) {
    metrics.up(false);
    metrics.failed();
    if !std::mem::replace(is_told, true) {
        tracing::warn!(
            error = %fault,
            "the Redis of `server.shared_state` is away: each limit does what its `on_loss` says until it is back"
        );
    }
}
