//! The tokens with which running streams began and about which their providers are asked again: each text, for as long as such a
//! stream runs, and when it is due.
//!
//! All streams of one token at one agent share it, so that they are one question. Who asks, how often, and what comes of it is in
//! `control`.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant as Tick};

use crate::model::{AgentName, Digest, Instant, Issuer, Secret};

use super::due::Due;

/// When a token is due that somebody has taken to ask about it and then says nothing of: longer than any question takes.
const LOST_AFTER: Duration = Duration::from_secs(120);

/// The tokens of all running streams of a process. Cheap to clone.
#[derive(Clone, Default)]
pub struct HeldTokens(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Only the streams whose token is held meet at this lock.
    by_issuer: Mutex<HashMap<Issuer, Tokens>>,
    next: AtomicU64,
    count: AtomicUsize,
    /// Whether the streams of some token have to be looked at.
    has_news: AtomicBool,
}

/// The tokens of one issuer.
#[derive(Default)]
struct Tokens {
    numbers: HashMap<(AgentName, Digest), u64>,
    all: HashMap<u64, Weak<HeldToken>>,
    due: Due<Tick>,
}

/// A token that a stream begins with.
#[derive(Debug)]
pub struct NewToken<'a> {
    /// Its issuer, whose name the provider has.
    pub issuer: &'a Issuer,
    /// Its text.
    pub text: &'a str,
    /// The digest of the text.
    pub digest: Digest,
    /// When it ends by itself, where that is known.
    pub expires_at: Option<Instant>,
    /// When its provider is to be asked again.
    pub due: Tick,
}

/// A token that is held until the last stream has ended that began with it.
pub struct HeldToken {
    number: u64,
    issuer: Issuer,
    key: (AgentName, Digest),
    text: Arc<Secret>,
    expires_at: Option<Instant>,
    /// Whether its provider has called it inactive.
    is_over: AtomicBool,
    /// How often in a row nobody could say.
    failures: AtomicU32,
    /// How often in a row it was not even asked about.
    waits: AtomicU32,
    /// Since when nobody knows whether it is active.
    unknown_since: OnceLock<Instant>,
    home: Arc<Shared>,
}

impl HeldTokens {
    /// Holds a token with which a stream of this agent begins.
    #[must_use]
    pub fn hold(&self, agent: &AgentName, new: &NewToken<'_>) -> Arc<HeldToken> {
        let key = (agent.clone(), new.digest);
        let mut by_issuer = self.0.lock();
        let tokens = by_issuer.entry(new.issuer.clone()).or_default();
        let before = tokens.numbers.get(&key).and_then(|number| tokens.all.get(number));
        if let Some(held) = before.and_then(Weak::upgrade) {
            return held;
        }
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        let held = Arc::new(HeldToken {
            number,
            issuer: new.issuer.clone(),
            key: key.clone(),
            text: Arc::new(Secret::new(new.text.to_owned())),
            expires_at: new.expires_at,
            is_over: AtomicBool::new(false),
            failures: AtomicU32::new(0),
            waits: AtomicU32::new(0),
            unknown_since: OnceLock::new(),
            home: Arc::clone(&self.0),
        });
        tokens.due.set(number, new.due);
        tokens.all.insert(number, Arc::downgrade(&held));
        // One that is about to go gives its place to this one.
        tokens.numbers.insert(key, number);
        self.0.count.fetch_add(1, Ordering::Relaxed);
        held
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.count.load(Ordering::Relaxed)
    }

    /// The issuers of whose tokens some are due at `now`.
    #[must_use]
    pub fn issuers_due(&self, now: Tick) -> Vec<Issuer> {
        if self.count() == 0 {
            return Vec::new();
        }
        let by_issuer = self.0.lock();
        let due = by_issuer.iter().filter(|(_, tokens)| tokens.due.first(now).is_some());
        due.map(|(issuer, _)| issuer.clone()).collect()
    }

    /// Takes the token of this issuer that is due before all others, if it is due at `now`. Whoever takes it says with
    /// [`HeldToken::set_due`] when it is due next.
    #[must_use]
    pub fn take_due(&self, issuer: &Issuer, now: Tick) -> Option<Arc<HeldToken>> {
        let mut by_issuer = self.0.lock();
        let tokens = by_issuer.get_mut(issuer)?;
        while let Some(number) = tokens.due.first(now) {
            tokens.due.set(number, now + LOST_AFTER);
            // One that is about to go is passed over.
            if let Some(held) = tokens.all.get(&number).and_then(Weak::upgrade) {
                return Some(held);
            }
        }
        None
    }

    /// Whether something has become known since the last time for which streams must be looked at.
    #[must_use]
    pub fn take_news(&self) -> bool {
        self.0.has_news.swap(false, Ordering::AcqRel)
    }
}

impl HeldToken {
    /// It is due then, and not before.
    pub fn set_due(&self, at: Tick) {
        if let Some(tokens) = self.home.lock().get_mut(&self.issuer).filter(|tokens| tokens.has(self)) {
            tokens.due.set(self.number, at);
        }
    }

    /// Nobody is asked about it any more.
    pub fn leave(&self) {
        if let Some(tokens) = self.home.lock().get_mut(&self.issuer).filter(|tokens| tokens.has(self)) {
            tokens.due.remove(self.number);
        }
    }

    /// Its provider calls it inactive. A stream that begins with the same text later holds another one.
    pub fn end(&self) {
        self.is_over.store(true, Ordering::Release);
        self.home.remove(self);
        self.home.has_news.store(true, Ordering::Release);
    }

    /// Its provider calls it active.
    pub fn confirm(&self) {
        self.failures.store(0, Ordering::Relaxed);
        self.waits.store(0, Ordering::Relaxed);
    }

    /// Nobody could say whether it is active; how often in a row that is.
    pub fn note_failure(&self) -> u32 {
        self.waits.store(0, Ordering::Relaxed);
        self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    /// Nobody could be asked for now; how often in a row that is.
    pub fn note_wait(&self) -> u32 {
        self.waits.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    /// Nobody has known for too long whether it is active: its streams have an end, whatever is said of it from now on. One that
    /// begins with the same text later holds another one.
    pub fn give_up(&self, now: Instant) {
        if self.unknown_since.set(now).is_err() {
            return;
        }
        if let Some(tokens) = self.home.lock().get_mut(&self.issuer) {
            tokens.forget_text(self);
        }
        self.home.has_news.store(true, Ordering::Release);
    }

    /// Whether its provider has called it inactive.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    /// Since when nobody has known for too long whether it is active; `None` where that was always known.
    #[must_use]
    pub fn unknown_since(&self) -> Option<Instant> {
        self.unknown_since.get().copied()
    }

    /// When it ends by itself, where that is known.
    #[must_use]
    pub const fn expires_at(&self) -> Option<Instant> {
        self.expires_at
    }

    /// The agent whose streams began with it.
    #[must_use]
    pub const fn agent(&self) -> &AgentName {
        &self.key.0
    }

    /// Its issuer.
    #[must_use]
    pub const fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Its text.
    #[must_use]
    pub const fn text(&self) -> &Arc<Secret> {
        &self.text
    }
}

impl Drop for HeldToken {
    fn drop(&mut self) {
        let home = Arc::clone(&self.home);
        home.remove(self);
    }
}

impl Tokens {
    fn has(&self, token: &HeldToken) -> bool {
        self.all.contains_key(&token.number)
    }

    /// Streams that begin with this text share it no more.
    fn forget_text(&mut self, token: &HeldToken) {
        if self.numbers.get(&token.key) == Some(&token.number) {
            self.numbers.remove(&token.key);
        }
    }
}

impl Shared {
    fn remove(&self, token: &HeldToken) {
        let mut by_issuer = self.lock();
        let Some(tokens) = by_issuer.get_mut(&token.issuer) else { return };
        if tokens.all.remove(&token.number).is_none() {
            return;
        }
        self.count.fetch_sub(1, Ordering::Relaxed);
        tokens.due.remove(token.number);
        tokens.forget_text(token);
        if tokens.all.is_empty() {
            by_issuer.remove(&token.issuer);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Issuer, Tokens>> {
        // The tables are whole after each statement that a panic could end.
        self.by_issuer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for HeldTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HeldTokens").field(&self.count()).finish()
    }
}

impl fmt::Debug for HeldToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldToken").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests;
