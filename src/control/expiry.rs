//! The end of streams whose caller's credential has ended. One loop looks at the clock for all of them, so that the clock may
//! be set, and no stream has a timer of its own.
//!
//! When a stream is due is said when it begins: `routing` has the rules.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::model::Clock;
use crate::routing::term;
use crate::upstream::EXPIRY_WAIT;

use super::handle::Control;
use super::streams::insist_after;

/// How often it is looked which streams are due: a fifth of the second that a stream may be late. A look costs a lock for each
/// table, and nothing while no stream has an end.
const EVERY: Duration = Duration::from_millis(200);

impl Control {
    /// Ends each stream when it is due, for ever.
    pub async fn end_expired_streams(self, clock: Arc<dyn Clock>) {
        let mut look = interval(EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            self.end_due_streams(&*clock);
        }
    }

    fn end_due_streams(&self, clock: &dyn Clock) {
        let live = self.live();
        let ended = self
            .running
            .expire(clock.now(), |facts| term(facts, live.agents.get(&facts.agent).map(Arc::as_ref)));
        if ended.count() > 0 {
            tracing::debug!(
                streams = ended.count(),
                "running streams end with the credential of their caller"
            );
        }
        insist_after(EXPIRY_WAIT, ended);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant as Tick;

    use tokio::time::advance;

    use super::super::fixtures::{DOCUMENT, World};
    use super::*;
    use crate::model::{EndedBy, FixedClock, Instant, StreamKind};
    use crate::upstream::running::tests::facts;
    use crate::upstream::{Ends, Listed, Running, StreamFacts, Term};

    fn ending_at(at: u64) -> StreamFacts {
        let ends = Some(Ends { at: Instant::from_unix(at), after: Duration::ZERO });
        // No change of the configuration ends a body, so its agent need not be there.
        StreamFacts { ends, kind: StreamKind::Body, ..facts("a") }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_soon_after_the_clock_says_so_also_where_the_clock_was_set() {
        let World { control, folder: _folder } = World::start(DOCUMENT).await;
        let clock = Arc::new(FixedClock::at(Instant::from_unix(1_000)));
        tokio::spawn(control.clone().end_expired_streams(Arc::clone(&clock) as Arc<dyn Clock>));
        let listed = [1_010, 5_000].map(|at| control.running.begin(ending_at(at)));
        let given = || listed.each_ref().map(|one| one.stream().order.given());
        let is_urgent = || listed[1].stream().order.is_urgent();
        advance(EVERY * 100).await;
        assert_eq!(given(), [None, None], "only the clock of the machine counts");
        clock.set(Instant::from_unix(1_010));
        tokio::time::sleep(EVERY * 2).await;
        assert_eq!(given(), [Some(EndedBy::Expiry), None]);
        clock.set(Instant::from_unix(900));
        tokio::time::sleep(EVERY * 2).await;
        assert_eq!(given(), [Some(EndedBy::Expiry), None]);
        clock.set(Instant::from_unix(9_000));
        tokio::time::sleep(EVERY * 2).await;
        assert_eq!((given(), is_urgent()), ([Some(EndedBy::Expiry); 2], false));
        // The time for a boundary is not that of the clock.
        clock.set(Instant::from_unix(1));
        tokio::time::sleep(EXPIRY_WAIT).await;
        assert!(is_urgent());
    }

    #[test]
    fn ten_thousand_streams_that_end_within_one_second_end_on_time() {
        const STREAMS: u64 = 10_000;
        let (running, step) = (Running::default(), 200);
        let at = |millis: u64| Instant::from_duration(Duration::from_millis(1_000_000 + millis));
        let ends = |n: u64| Some(Ends { at: at(n % 1_000), after: Duration::ZERO });
        let listed: Vec<_> =
            (0..STREAMS).map(|n| running.begin(StreamFacts { ends: ends(n), ..facts("a") })).collect();
        let mut ended = 0;
        for look in 0..6 {
            let (now, began) = (at(look * step), Tick::now());
            ended += running.expire(now, |_| Term::Over).count();
            let took = began.elapsed();
            assert!(took < EVERY, "{took:?} would make the next ones late");
            let is_due = |one: &&Listed| one.stream().facts.ends.unwrap().at <= now;
            assert_eq!(ended, listed.iter().filter(is_due).count(), "those that are due and no others");
        }
        assert_eq!(ended, listed.len());
    }
}
