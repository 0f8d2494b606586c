//! What is remembered of a provider's events: ids of tokens, so that one that comes again is acknowledged and no more; the last
//! word on accounts; and what operators look at. Each within a bound; it outlives changes of the configuration.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::model::{Digest, Instant, SecurityEventKind, SecurityEventResult};

use super::carrier::Carrier;
use super::status::{EventCount, EventStatus, LastEvent, LastPoll, LastVerification};

/// Tokens, and accounts, that are remembered. A token that was forgotten and comes again makes the same denials again.
const MOST: usize = 8192;
/// Between two lines of the log about tokens that were rejected, which anybody can send.
const TOLD_EACH: Duration = Duration::from_secs(10);

/// What is remembered.
#[derive(Debug, Default)]
pub struct EventMemory(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    tokens: Newest<()>,
    /// The last event about each account.
    accounts: Newest<Instant>,
    counts: BTreeMap<(SecurityEventKind, SecurityEventResult), u64>,
    last: Option<(Instant, SecurityEventKind, SecurityEventResult)>,
    verified: Option<(Instant, Option<String>)>,
    polled: Option<(Instant, Option<String>)>,
    told: Option<Instant>,
}

/// The newest of many, each with a value.
#[derive(Debug)]
struct Newest<V> {
    all: HashMap<Digest, V>,
    order: VecDeque<Digest>,
}

impl<V> Default for Newest<V> {
    fn default() -> Self {
        Self { all: HashMap::new(), order: VecDeque::new() }
    }
}

impl<V> Newest<V> {
    fn insert(&mut self, name: Digest, value: V) {
        if self.all.insert(name, value).is_some() {
            return;
        }
        self.order.push_back(name);
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.all.remove(&oldest);
        }
    }
}

impl EventMemory {
    /// Whether this token came before.
    #[must_use]
    pub fn knows(&self, carrier: Carrier, jti: &str) -> bool {
        self.lock().tokens.all.contains_key(&name(carrier, jti))
    }

    /// This token was acted on.
    pub fn acted_on(&self, carrier: Carrier, jti: &str) {
        self.lock().tokens.insert(name(carrier, jti), ());
    }

    /// Whether an event about this account is the last one so far. Events may overtake each other.
    #[must_use]
    pub fn is_last_word(&self, account: &str, at: Instant) -> bool {
        let (account, mut remembered) = (Digest::of(account.as_bytes()), self.lock());
        if remembered.accounts.all.get(&account).is_some_and(|last| *last > at) {
            return false;
        }
        remembered.accounts.insert(account, at);
        true
    }

    /// An event of a provider came to this.
    pub fn count(&self, kind: SecurityEventKind, result: SecurityEventResult, now: Instant) {
        let mut remembered = self.lock();
        *remembered.counts.entry((kind, result)).or_default() += 1;
        if is_of_provider(kind, result) {
            remembered.last = Some((now, kind, result));
        }
    }

    /// The sender verified the stream.
    pub fn verified(&self, state: Option<String>, now: Instant) {
        self.lock().verified = Some((now, state));
    }

    /// The sender was asked for events.
    pub fn polled(&self, failure: Option<String>, now: Instant) {
        self.lock().polled = Some((now, failure));
    }

    /// Whether the log may have another line about a rejected token.
    #[must_use]
    pub fn may_tell(&self, now: Instant) -> bool {
        let mut remembered = self.lock();
        // A clock that was set back silences nothing.
        let is_soon = remembered.told.is_some_and(|last| last <= now && now.since(last) < TOLD_EACH);
        if !is_soon {
            remembered.told = Some(now);
        }
        !is_soon
    }

    /// What operators look at.
    #[must_use]
    pub fn status(&self) -> EventStatus {
        let remembered = self.lock();
        let count = |((kind, result), count): (&(_, _), &u64)| EventCount {
            kind: *kind,
            result: *result,
            count: *count,
        };
        EventStatus {
            push: false,
            poll: false,
            backchannel_logout: false,
            last_event: remembered.last.map(|(at, kind, result)| LastEvent { at: at.unix(), kind, result }),
            last_verification: remembered
                .verified
                .clone()
                .map(|(at, state)| LastVerification { at: at.unix(), state }),
            last_poll: remembered.polled.clone().map(|(at, error)| LastPoll { at: at.unix(), error }),
            counts: remembered.counts.iter().map(count).collect(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Remembered> {
        // Each statement leaves it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether what came to this was really an event of the provider: strangers can send what cannot be verified now as well.
pub(super) fn is_of_provider(kind: SecurityEventKind, result: SecurityEventResult) -> bool {
    kind != SecurityEventKind::None
        && match result {
            SecurityEventResult::Rejected | SecurityEventResult::Unauthorized => false,
            SecurityEventResult::Denied
            | SecurityEventResult::Lifted
            | SecurityEventResult::Noted
            | SecurityEventResult::Repeated
            | SecurityEventResult::Overtaken
            | SecurityEventResult::Late
            | SecurityEventResult::Unmapped
            | SecurityEventResult::Ignored
            | SecurityEventResult::Failed => true,
        }
}

fn name(carrier: Carrier, jti: &str) -> Digest {
    Digest::of(format!("{}\0{jti}", carrier.typ()).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_until_so_many_others_came() {
        let memory = EventMemory::default();
        memory.acted_on(Carrier::Event, "0");
        assert!(memory.knows(Carrier::Event, "0") && !memory.knows(Carrier::Logout, "0"));
        for nth in 1..MOST {
            memory.acted_on(Carrier::Event, &nth.to_string());
            memory.acted_on(Carrier::Event, &nth.to_string());
        }
        assert!(memory.knows(Carrier::Event, "0"));
        memory.acted_on(Carrier::Event, "last");
        assert!(!memory.knows(Carrier::Event, "0") && memory.knows(Carrier::Event, "1"));
        let remembered = memory.lock();
        assert_eq!((remembered.tokens.all.len(), remembered.tokens.order.len()), (MOST, MOST));
    }

    #[test]
    fn events_that_were_overtaken_are_not_the_last_word() {
        let (memory, at) = (EventMemory::default(), Instant::from_unix);
        for (account, when, wanted) in [
            ("u", 10, true),
            ("u", 9, false),
            ("v", 9, true),
            ("u", 10, true),
            ("u", 11, true),
            ("u", 10, false),
        ] {
            assert_eq!(memory.is_last_word(account, at(when)), wanted, "{account} {when}");
        }
    }

    #[test]
    fn what_strangers_send_is_counted_told_of_seldom_and_no_event() {
        let (memory, at) = (EventMemory::default(), Instant::from_unix);
        memory.count(SecurityEventKind::Logout, SecurityEventResult::Denied, at(5));
        for _ in 0..3 {
            memory.count(SecurityEventKind::None, SecurityEventResult::Rejected, at(7));
        }
        // With a key that nobody can look for now.
        memory.count(SecurityEventKind::None, SecurityEventResult::Failed, at(8));
        let status = memory.status();
        assert_eq!(status.last_event.map(|last| last.at), Some(5));
        assert_eq!(status.counts.iter().map(|count| count.count).collect::<Vec<_>>(), [1, 3, 1]);
        let told = [100, 109, 110, 111, 50].map(|second| memory.may_tell(at(second)));
        assert_eq!(told, [true, false, true, false, true]);
    }
}
