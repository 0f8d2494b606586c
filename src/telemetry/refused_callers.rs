//! Who was refused most often at each agent in the last half hour or hour, for people who look.
//!
//! Space-saving (Metwally, Agrawal and El Abbadi, 2005): a table of fixed size, in which who is new takes the place of the one
//! with the fewest refusals, and inherits their number as what it may have had. Whoever has more than one refusal in so many
//! as the table has entries is in it. The task that empties the queues of `decisions` fills it, never a request.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

use crate::model::{AgentName, AuthMethod, Decision, Instant, KeyedHash, ProviderName, Reason, RequestId};

use super::request_record::RequestRecord;

/// Entries of a table: three times as many as are told, so that those who are told stay in it.
const ENTRIES: usize = 32;
/// The callers that are told.
const TOLD: usize = 10;
/// Agents that have a table: with more, the one makes room whose last refusal is oldest. All take at most about 15 MB.
const AGENTS: usize = 500;
/// Refusals are counted by periods of so many seconds, of which the present one and the one before are told.
const PERIOD: u64 = 1800;
/// What a name is cut to: what callers choose is part of it.
const LONGEST: usize = 128;

/// What a caller is called: what it has proven, else where it came from. A claim that nobody verified names nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallerName {
    /// The holder of the API key of this id.
    ApiKey(Box<str>),
    /// Whoever a verified token names.
    Token {
        /// Who issued it.
        provider: Option<ProviderName>,
        /// Its subject.
        sub: Option<Box<str>>,
        /// Its client.
        client_id: Option<Box<str>>,
    },
    /// Anybody at this address of IPv4, or in this /64 of IPv6.
    Address(IpAddr),
    /// Nothing is known, not even an address.
    Unknown,
}

/// A caller that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedCaller {
    /// Who.
    pub name: CallerName,
    /// How often at least.
    pub at_least: u64,
    /// How often at most; more than `at_least` where many others were refused.
    pub at_most: u64,
    /// Why, the last time.
    pub reason: Reason,
    /// When, the last time.
    pub at: Instant,
    /// The request that was refused last.
    pub request_id: RequestId,
}

/// The tables.
#[derive(Debug, Default)]
pub(super) struct RefusedCallers(HashMap<AgentName, OfAgent>);

/// The two tables of an agent.
#[derive(Debug, Default)]
struct OfAgent {
    period: u64,
    present: Table,
    before: Table,
    last: Option<Instant>,
}

/// One table.
#[derive(Debug, Default)]
struct Table(Vec<Entry>);

#[derive(Debug, Clone)]
struct Entry {
    key: KeyedHash,
    /// What of the count was inherited.
    over: u64,
    caller: RefusedCaller,
}

impl RefusedCallers {
    /// Counts a refusal at its agent. Other decisions count for nothing.
    pub(super) fn note(&mut self, entry: &RequestRecord) {
        let (Decision::Deny, Some(agent)) = (entry.decision, &entry.agent) else { return };
        if !self.0.contains_key(agent) && self.0.len() >= AGENTS {
            let oldest = self.0.iter().min_by_key(|(_, of)| of.last).map(|(name, _)| name.clone());
            if let Some(oldest) = oldest {
                self.0.remove(&oldest);
            }
        }
        let of = self.0.entry(agent.clone()).or_default();
        of.turn(entry.at);
        of.last = Some(entry.at);
        of.present.note(entry);
    }

    /// Those who were refused most often at this agent, and since when that was counted.
    pub(super) fn top(&mut self, agent: &str, now: Instant) -> (Instant, Vec<RefusedCaller>) {
        let since = Instant::from_unix((now.unix() / PERIOD).saturating_sub(1) * PERIOD);
        let Some(of) = self.0.get_mut(agent) else { return (since, Vec::new()) };
        of.turn(now);
        let mut callers = of.callers();
        callers.sort_by_key(|caller| std::cmp::Reverse((caller.at_least, caller.at_most, caller.at)));
        callers.truncate(TOLD);
        (since, callers)
    }
}

impl OfAgent {
    /// Begins another period when it is time. A clock that is set back changes nothing.
    fn turn(&mut self, now: Instant) {
        let period = now.unix() / PERIOD;
        if period <= self.period {
            return;
        }
        let last = std::mem::take(&mut self.present);
        self.before = if period == self.period + 1 { last } else { Table::default() };
        self.period = period;
    }

    /// Those of both periods. Who is missing in a full table may have been in it.
    fn callers(&self) -> Vec<RefusedCaller> {
        let Self { present, before, .. } = self;
        let of_both = |entry: &Entry| match before.0.iter().find(|other| other.key == entry.key) {
            Some(other) => entry.told(other.over, other.caller.at_most),
            None => entry.told(before.missed(), before.missed()),
        };
        let only_before =
            before.0.iter().filter(|entry| present.0.iter().all(|other| other.key != entry.key));
        let only_before = only_before.map(|entry| entry.told(present.missed(), present.missed()));
        present.0.iter().map(of_both).chain(only_before).collect()
    }
}

impl Table {
    /// How often somebody who is not in it was refused at most.
    fn missed(&self) -> u64 {
        let fewest = self.0.iter().map(|entry| entry.caller.at_most).min();
        fewest.filter(|_| self.0.len() >= ENTRIES).unwrap_or_default()
    }

    fn note(&mut self, record: &RequestRecord) {
        let key = key(record);
        if let Some(entry) = self.0.iter_mut().find(|entry| entry.key == key) {
            entry.caller.at_most += 1;
            entry.caller.last(record);
            return;
        }
        let over = self.missed();
        let caller = RefusedCaller {
            name: name(record),
            at_least: 1,
            at_most: over + 1,
            reason: record.reason,
            at: record.at,
            request_id: record.request_id.clone(),
        };
        let entry = Entry { key, over, caller };
        if self.0.len() < ENTRIES {
            self.0.push(entry);
        } else if let Some(place) = self.0.iter_mut().min_by_key(|entry| entry.caller.at_most) {
            *place = entry;
        }
    }
}

impl Entry {
    /// The caller, with what was counted of it in another table.
    fn told(&self, over: u64, at_most: u64) -> RefusedCaller {
        let at_most = self.caller.at_most + at_most;
        RefusedCaller { at_least: at_most - self.over - over, at_most, ..self.caller.clone() }
    }
}

impl RefusedCaller {
    fn last(&mut self, record: &RequestRecord) {
        self.reason = record.reason;
        self.at = record.at;
        self.request_id = record.request_id.clone();
    }
}

/// Whom a refusal counts for.
fn key(record: &RequestRecord) -> KeyedHash {
    match (&record.identity, record.auth_method) {
        (Some(identity), AuthMethod::ApiKey) => KeyedHash::of(("key", identity.key_id.as_deref())),
        (Some(identity), AuthMethod::OAuth) => {
            let provider = record.provider.as_ref().map(ProviderName::as_str);
            KeyedHash::of(("token", provider, identity.sub.as_deref(), identity.client_id.as_deref()))
        }
        (Some(_), AuthMethod::Public | AuthMethod::None) | (None, _) => {
            KeyedHash::of(("address", record.remote.map(network)))
        }
    }
}

/// What that is called.
fn name(record: &RequestRecord) -> CallerName {
    let cut = |text: &Option<String>| text.as_deref().map(brief);
    match (&record.identity, record.auth_method) {
        (Some(identity), AuthMethod::ApiKey) => {
            cut(&identity.key_id).map_or(CallerName::Unknown, CallerName::ApiKey)
        }
        (Some(identity), AuthMethod::OAuth) => CallerName::Token {
            provider: record.provider.clone(),
            sub: cut(&identity.sub),
            client_id: cut(&identity.client_id),
        },
        (Some(_), AuthMethod::Public | AuthMethod::None) | (None, _) => {
            record.remote.map_or(CallerName::Unknown, |address| CallerName::Address(network(address)))
        }
    }
}

/// The address, or the first of its /64: whoever has one of IPv6 has all of those.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) >> 64 << 64).into(),
    }
}

/// A text, cut to what is kept of it.
fn brief(text: &str) -> Box<str> {
    text.char_indices().nth(LONGEST).map_or(text, |(end, _)| text.get(..end).unwrap_or_default()).into()
}

#[cfg(test)]
mod tests;
