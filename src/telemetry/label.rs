//! The labels of our metrics, and how many values each can have.
//!
//! A value is a name in the configuration or a word of a closed list, never something that a request says. So the number
//! of series is bounded by the configuration.

use crate::model::{
    AuthMethod, CacheLabel, CallOutcome, CardSignature, CardSource, Decision, DenialKind, EndedBy,
    ListOutcome, LookupResult, OperationClass, Reason, RetryResult, SecurityEventKind, SecurityEventResult,
    Shard, SigningAlgorithm, StreamKind, TargetFault, TargetState, TokenBinding,
};

use super::{AssertionResult, HandshakeFailure, IntrospectionResult, LimitResult, TargetUse, UpstreamError};

/// A label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// The name of an agent.
    Agent,
    /// The name of an identity provider.
    Provider,
    /// The address of a listener.
    Listener,
    /// The address of a listener whose clients show certificates.
    Clients,
    /// The `host:port` of an upstream.
    Upstream,
    /// The subject of a certificate that the configuration names.
    Subject,
    /// How a caller proves itself.
    Method,
    /// What was decided.
    Decision,
    /// Why.
    Reason,
    /// The class of the operation that was asked for.
    Operation,
    /// The class of a message's operation.
    CallKind,
    /// What the rules by operation said of a message.
    CallOutcome,
    /// What became of an entry of a list.
    ListOutcome,
    /// What the token cache said.
    Cache,
    /// What the token cache did.
    Event,
    /// A status code.
    Code,
    /// Why an upstream gave no whole response.
    UpstreamCause,
    /// Where the card of an agent is from.
    CardSource,
    /// What became of the signatures of a card.
    CardSignature,
    /// What a denial names.
    DenialKind,
    /// What became of an assertion.
    AssertionResult,
    /// What the gateway signs by.
    SigningAlgorithm,
    /// What a token is bound to.
    TokenBinding,
    /// What kind of stream it is.
    StreamKind,
    /// What ended a stream.
    EndedBy,
    /// Why a handshake failed.
    HandshakeCause,
    /// What asked for a fetch of keys.
    Trigger,
    /// How a fetch of keys, or a look at the configuration, ended.
    Result,
    /// Why a key is not used.
    SkipReason,
    /// The limit that a connection met.
    Limit,
    /// The name of a limit.
    LimitName,
    /// What a limit said of a request.
    LimitResult,
    /// The log that lost a line.
    Log,
    /// The version of this program.
    Version,
    /// A state of a shared store.
    StoreState,
    /// What a revision is to this gateway.
    WhichRevision,
    /// Why a watch of a shared store was opened anew.
    WatchRestart,
    /// Why all of a shared store was read.
    FullRead,
    /// A state of a member of a fleet.
    MemberState,
    /// The number of a shard.
    Shard,
    /// The URL of a target of an upstream, without a path.
    Target,
    /// How a target stands.
    TargetState,
    /// What a target is to its agent.
    TargetUse,
    /// What counted against a target.
    TargetFault,
    /// What became of a request that another target could have had.
    RetryResult,
    /// How the look-up of an upstream's name ended.
    LookupResult,
    /// How the question about a token was answered.
    IntrospectionResult,
    /// What a provider told.
    SecurityEventKind,
    /// What became of it.
    SecurityEventResult,
}

impl Label {
    /// Its name on the page.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Provider => "provider",
            Self::Listener => "listener",
            Self::Clients => "clients",
            Self::Upstream => "upstream",
            Self::Subject => "subject",
            Self::Method => "method",
            Self::Decision => "decision",
            Self::Reason | Self::SkipReason | Self::WatchRestart => "reason",
            Self::Cache => "cache",
            Self::Event => "event",
            Self::Code => "code",
            Self::UpstreamCause | Self::HandshakeCause | Self::EndedBy => "cause",
            Self::Operation => "operation",
            Self::CardSource => "source",
            Self::CardSignature => "signature",
            Self::StreamKind | Self::CallKind | Self::DenialKind => "kind",
            Self::CallOutcome | Self::ListOutcome => "outcome",
            Self::Trigger => "trigger",
            Self::Result
            | Self::LimitResult
            | Self::RetryResult
            | Self::LookupResult
            | Self::AssertionResult
            | Self::IntrospectionResult
            | Self::SecurityEventResult => "result",
            Self::SecurityEventKind => "type",
            Self::Limit | Self::LimitName => "limit",
            Self::Log => "log",
            Self::Version => "version",
            Self::StoreState | Self::MemberState | Self::TargetState | Self::TargetUse => "state",
            Self::WhichRevision => "which",
            Self::FullRead | Self::TargetFault => "why",
            Self::Shard => "shard",
            Self::TokenBinding => "binding",
            Self::SigningAlgorithm => "alg",
            Self::Target => "target",
        }
    }

    /// How many values it can have; `None` where the configuration says.
    #[must_use]
    pub const fn values(self) -> Option<usize> {
        match self {
            Self::Agent
            | Self::Provider
            | Self::Listener
            | Self::Clients
            | Self::Upstream
            | Self::Subject
            | Self::LimitName
            | Self::Target => None,
            Self::Method => Some(AuthMethod::ALL.len()),
            Self::Decision => Some(Decision::ALL.len()),
            Self::Reason => Some(Reason::ALL.len()),
            Self::Operation | Self::CallKind => Some(OperationClass::ALL.len()),
            Self::CallOutcome => Some(CallOutcome::ALL.len()),
            Self::ListOutcome => Some(ListOutcome::ALL.len()),
            Self::Cache => Some(CacheLabel::ALL.len()),
            Self::CardSource => Some(CardSource::ALL.len()),
            Self::CardSignature => Some(CardSignature::ALL.len()),
            Self::DenialKind => Some(DenialKind::ALL.len()),
            Self::StreamKind => Some(StreamKind::ALL.len()),
            Self::EndedBy => Some(EndedBy::ALL.len()),
            Self::HandshakeCause => Some(HandshakeFailure::ALL.len()),
            // 100 to 599 (RFC 9110 section 15).
            Self::Code => Some(500),
            Self::Event => Some(6),
            Self::UpstreamCause => Some(UpstreamError::ALL.len()),
            // A list of `idp`, with room for a few words more.
            Self::SkipReason => Some(32),
            Self::Trigger => Some(5),
            Self::Result | Self::Limit | Self::Log => Some(3),
            Self::TokenBinding => Some(TokenBinding::ALL.len()),
            Self::SigningAlgorithm => Some(SigningAlgorithm::ALL.len()),
            Self::LimitResult => Some(LimitResult::ALL.len()),
            Self::AssertionResult => Some(AssertionResult::ALL.len()),
            Self::Version => Some(1),
            // Lists of `store` and `control`.
            Self::StoreState => Some(7),
            Self::WhichRevision => Some(3),
            Self::WatchRestart | Self::MemberState => Some(5),
            Self::FullRead => Some(6),
            Self::Shard => Some(Shard::MOST),
            Self::TargetState => Some(TargetState::ALL.len()),
            Self::TargetUse => Some(TargetUse::ALL.len()),
            Self::TargetFault => Some(TargetFault::ALL.len()),
            Self::RetryResult => Some(RetryResult::ALL.len()),
            Self::LookupResult => Some(LookupResult::ALL.len()),
            Self::IntrospectionResult => Some(IntrospectionResult::ALL.len()),
            Self::SecurityEventKind => Some(SecurityEventKind::ALL.len()),
            Self::SecurityEventResult => Some(SecurityEventResult::ALL.len()),
        }
    }
}
