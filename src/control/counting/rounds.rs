//! The rounds in which a member tells what it has let in, and hears what others have told: five a second, and at once when somebody
//! asks for more than this member knows to be left.

use std::sync::Arc;
use std::time::{Duration, Instant as Tick};

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use crate::control::fleet::{Fleet, Shares};
use crate::limits::{LimitState, Tale};
use crate::model::Clock;
use crate::store::{News, RedisCounters, RedisFault};

use super::convert::{bucket, heard};

/// How long a member tells nothing at most.
const EVERY: Duration = Duration::from_millis(200);
/// How long it gathers what is to be told at once.
const GATHER: Duration = Duration::from_millis(2);
/// The most buckets that are told of in one message: a few milliseconds of a Redis, which others want as well.
const BATCH: usize = 200;
/// The most messages of a round, so that one that says "here I am" is never far.
const BATCHES: usize = 50;

/// The rounds of one member.
pub(super) struct Rounds<'a> {
    limits: &'a LimitState,
    clock: Arc<dyn Clock>,
    wake: Arc<Notify>,
    /// The members that Redis knows, where nobody else says who is there.
    shares: Option<Shares>,
    heard_at: Instant,
    since: String,
    mark: Option<String>,
}

impl<'a> Rounds<'a> {
    /// Those of a member of this fleet.
    pub(super) fn new(
        (limits, clock): (&'a LimitState, Arc<dyn Clock>),
        wake: Arc<Notify>,
        fleet: &Fleet,
    ) -> Self {
        let shares = (!fleet.is_shared()).then(Shares::alone);
        Self { limits, clock, wake, shares, heard_at: Instant::now(), since: "0".to_owned(), mark: None }
    }

    /// Tells the limits what the calendar says.
    pub(super) fn tell_time(&self) {
        self.limits.tell_time(Tick::now(), self.clock.now());
    }

    /// Waits for the next round.
    pub(super) async fn wait(&mut self) {
        tokio::select! {
            () = sleep_until(self.heard_at + EVERY) => {}
            () = self.wake.notified() => sleep(GATHER).await,
        }
    }

    /// One round.
    pub(super) async fn round(&mut self, counters: &RedisCounters) -> Result<(), RedisFault> {
        self.tell_time();
        self.tell(counters).await?;
        if self.heard_at.elapsed() >= EVERY || self.mark.is_none() {
            self.heard_at = Instant::now();
            self.hear(counters).await?;
        }
        Ok(())
    }

    /// Redis is away: whoever answers next is listened to from the beginning.
    pub(super) fn lose(&mut self) {
        (self.since, self.mark) = ("0".to_owned(), None);
    }

    async fn tell(&self, counters: &RedisCounters) -> Result<(), RedisFault> {
        for _ in 0..BATCHES {
            let at = Tick::now();
            let tales = self.limits.tales(BATCH, at);
            if tales.is_empty() {
                break;
            }
            let buckets: Vec<_> = tales.iter().map(bucket).collect();
            match counters.tell(&buckets).await {
                Ok(stands) if stands.len() == tales.len() => {
                    for (tale, stand) in tales.iter().zip(stands) {
                        self.limits.hear(tale.key, heard(stand), at);
                    }
                }
                Ok(_) => return Err(self.untold(&tales, RedisFault::Unexpected)),
                Err(fault) => return Err(self.untold(&tales, fault)),
            }
        }
        Ok(())
    }

    fn untold(&self, tales: &[Tale], fault: RedisFault) -> RedisFault {
        tales.iter().for_each(|tale| self.limits.fail(tale.key));
        fault
    }

    async fn hear(&mut self, counters: &RedisCounters) -> Result<(), RedisFault> {
        loop {
            let at = Tick::now();
            let new_mark = format!("{:032x}", rand::random::<u128>());
            let News { mark, members, until, is_more, words } = counters.hear(&new_mark, &self.since).await?;
            if self.mark.as_ref().is_some_and(|before| *before != mark) {
                tracing::warn!("the Redis of `server.shared_state` has lost what it knew, and is told anew");
                self.limits.doubt(at);
                self.since = "0".to_owned();
            } else {
                self.since = until;
            }
            self.mark = Some(mark);
            let words: Vec<_> = words.iter().map(|word| (word.limit, word.key, heard(word.stand))).collect();
            if !words.is_empty() {
                self.limits.overhear(&words, at);
            }
            self.count(members);
            if !is_more {
                return Ok(());
            }
        }
    }

    /// So many members are there.
    fn count(&mut self, members: u32) {
        let Some(shares) = &mut self.shares else { return };
        let there = usize::try_from(members).unwrap_or(usize::MAX);
        let before = shares.members();
        *shares = shares.seen(there, Instant::now());
        if shares.members() != before {
            let members = shares.members();
            tracing::info!(members, "so many members share the limits");
            self.limits.share(u32::try_from(members).unwrap_or(u32::MAX), Tick::now());
        }
    }
}
