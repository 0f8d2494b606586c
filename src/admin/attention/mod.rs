//! The list of what an operator should act on, errors first, each a sentence with a deadline where there is one. The
//! causes themselves are in `causes`.

mod causes;
mod fleet;
mod shared_state;
mod targets;

use schemars::JsonSchema;
use serde::Serialize;

use crate::config::Snapshot;
use crate::control::{self, Overview, RedisOutage};
use crate::model::Instant;
use crate::telemetry::{Decisions, Traffic};

/// Entries at most, so that ten thousand failing agents do not make a response of megabytes; the rest is counted.
const MOST: usize = 100;

/// How urgent an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Level {
    /// Callers are refused now, or a change was rejected.
    Error,
    /// Callers will be refused unless somebody acts.
    Warning,
    /// Information only.
    Note,
}

/// The stable name of what an entry says.
// In alphabetical order, in which entries of one level are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "AttentionCode")]
pub(super) enum Code {
    /// An agent refuses every call.
    AgentRefusesAll,
    /// A document is broken on disk.
    BrokenDocument,
    /// A certificate has expired or will soon.
    Certificate,
    /// A change of the configuration was rejected.
    ChangeRefused,
    /// Denials that keep new tokens out end soon.
    DenialsEnd,
    /// An API key expires soon.
    KeyEnds,
    /// Lines of a log were lost.
    LogLinesLost,
    /// A member of the fleet does not run the last revision yet.
    MemberBehind,
    /// Two members of the fleet have one name.
    MemberNameShared,
    /// A member of the fleet refuses the last revision.
    MemberRefused,
    /// A member of the fleet has not heard of the store for a while.
    MemberStale,
    /// A member of the fleet ended without having left.
    MemberVanished,
    /// There are more entries than are listed.
    More,
    /// The keys of an identity provider cannot be fetched.
    ProviderFailing,
    /// The Redis in which the members of a fleet count limits is of no use.
    SharedStateDown,
    /// The store is not that of this fleet.
    StoreForeign,
    /// The store has another history than this gateway.
    StoreForked,
    /// The store went back to an older revision.
    StoreRegressed,
    /// The store of the fleet does not answer.
    StoreStale,
    /// What the store of the fleet holds does not fit its hash.
    StoreTorn,
    /// The store of the fleet has lost the configuration.
    StoreVanished,
    /// Targets of an agent take no requests: they are ejected, or their health checks fail.
    TargetsOut,
    /// Calls get no response from an agent.
    UpstreamFailing,
}

/// The kind of what an entry is about.
// In alphabetical order, in which entries of one code are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SubjectKind {
    /// An agent.
    Agent,
    /// An API key.
    ApiKey,
    /// A file of the configuration.
    File,
    /// The gateway itself.
    Gateway,
    /// An identity provider.
    IdentityProvider,
    /// A listener of the gateway.
    Listener,
    /// A member of the fleet.
    Member,
    /// What members share besides the store.
    SharedState,
    /// The store of the fleet.
    Store,
    /// The upstream of an agent.
    Upstream,
}

/// The resource or the part of the gateway that an entry is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub(super) struct Subject {
    kind: SubjectKind,
    name: String,
}

impl Subject {
    pub(super) fn new(kind: SubjectKind, name: impl ToString) -> Self {
        Self { kind, name: name.to_string() }
    }
}

/// Something that an operator should act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Attention {
    level: Level,
    code: Code,
    text: String,
    subject: Option<Subject>,
    since: Option<jiff::Timestamp>,
    until: Option<jiff::Timestamp>,
}

impl Attention {
    /// An entry without times.
    pub(super) fn new(level: Level, code: Code, subject: Subject, text: String) -> Self {
        Self { level, code, text, subject: Some(subject), since: None, until: None }
    }

    fn since(mut self, at: Option<Instant>) -> Self {
        self.since = at.map(Instant::timestamp);
        self
    }

    fn until(mut self, at: Option<Instant>) -> Self {
        self.until = at.map(Instant::timestamp);
        self
    }
}

/// The state that the list is computed from.
pub(super) struct Seen<'a> {
    pub(super) live: &'a Snapshot,
    pub(super) status: &'a control::Status,
    pub(super) traffic: &'a Traffic,
    pub(super) decisions: &'a Decisions,
    /// The fleet, where others can share the store.
    pub(super) fleet: Option<&'a Overview>,
    /// What is wrong with the Redis in which members count together, if anything is.
    pub(super) redis: Option<RedisOutage>,
    pub(super) now: Instant,
}

/// Everything that needs attention, most urgent first.
pub(super) fn all(seen: &Seen<'_>) -> Vec<Attention> {
    let mut all = causes::all(seen);
    all.extend(fleet::all(seen));
    all.extend(shared_state::down(seen));
    all.extend(targets::out(seen));
    all.sort_by(|a, b| (a.level, a.code, &a.subject).cmp(&(b.level, b.code, &b.subject)));
    if all.len() > MOST {
        let more = all.len() - MOST;
        all.truncate(MOST);
        let gateway = Subject::new(SubjectKind::Gateway, "portcullis");
        let text = format!("{more} more things need attention and are not named here.");
        all.push(Attention::new(Level::Note, Code::More, gateway, text));
    }
    all
}

#[cfg(test)]
mod tests;
