//! What ends the stream that a request asks for, or may become, in the words of an explanation.
//!
//! Streams themselves are ended by what `routing` says when they begin; the same is asked here.

use http::{Method, Version, header};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{
    Decision, EndedBy, Enforcement, Extent, Identity, Instant, OnExpiry, Preference, Request, StreamKind,
};
use crate::routing::{Agent, AtExpiry, Protocol, right_ends};

use super::extent::{Head, asks_for_stream, extent};
use super::verdict::Verdict;

/// The versions of HTTP that clients speak: which of them is no part of the question, and a WebSocket begins with the one, a gRPC call
/// with the other.
const VERSIONS: [Version; 2] = [Version::HTTP_11, Version::HTTP_2];

/// What ends a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StreamEnd {
    /// Its kind.
    pub kind: StreamKind,
    /// Whether the head of the request asks for it. Else the request becomes one when its response is one.
    pub asked_for: bool,
    /// What the end of the credential does to it.
    pub on_expiry: OnExpiry,
    /// When the right of the caller ends, leeway included; null: never.
    pub right_ends_at: Option<Timestamp>,
    /// When the gateway ends the stream for that, at the latest; null: it does not.
    pub ends_at: Option<Timestamp>,
    /// The code with which a WebSocket is closed then.
    pub close_code: Option<u16>,
    /// All of it in words.
    pub says: String,
}

impl StreamEnd {
    /// Whether the head of the request asks for a stream that goes on until one of both sides ends it.
    pub(super) fn is_asked_for(agent: &Agent, request: &Request<'_>, verdict: &Verdict) -> bool {
        asked_kind(agent, request, verdict).is_some()
    }

    /// What ends the stream of a request that passes; `None` where it asks for none and is not likely to become one.
    pub(super) fn of(agent: &Agent, request: &Request<'_>, verdict: &Verdict) -> Option<Self> {
        let permit = verdict.permit.as_ref()?;
        let asked = asked_kind(agent, request, verdict);
        let kind = asked.or_else(|| takes_events(agent, request).then_some(StreamKind::Sse))?;
        let extent = extent(kind, head(request, Version::HTTP_11), agent, verdict.asked.as_deref());
        let caller = verdict.identity.as_deref().filter(|_| verdict.decision == Decision::Allow);
        let right_ends = caller.and_then(|caller| right_ends(agent, caller, permit.login_ends()));
        let ends = right_ends.and_then(|end| agent.at_expiry.ends((kind, extent), end, 0));
        let ends_at = ends.map(|ends| ends.at);
        let on_expiry = agent.at_expiry.becomes(extent);
        Some(Self {
            kind,
            asked_for: asked.is_some(),
            on_expiry,
            right_ends_at: right_ends.map(Instant::timestamp),
            ends_at: ends_at.map(Instant::timestamp),
            close_code: (kind == StreamKind::WebSocket).then(|| agent.at_expiry.close_code.number()),
            says: match right_ends.zip(ends_at) {
                Some((right_ends, at)) => ending(agent.at_expiry, (kind, extent), right_ends, at),
                None => format!("{}: {}", no_end(agent, caller, on_expiry), OTHERS),
            },
        })
    }
}

/// What ends a stream that no end of a credential does.
const OTHERS: &str = "nothing but a denial of the caller, a change that takes its right away, an operator, or the end of the gateway \
                      ends the stream";

/// Why no end of a credential ends a stream.
fn no_end(agent: &Agent, caller: Option<&Identity>, on_expiry: OnExpiry) -> &'static str {
    match (agent.enforcement, caller, on_expiry) {
        (Enforcement::Shadow, ..) => "the agent is in shadow mode",
        (Enforcement::Enforce, None, _) => "the caller has no credential that could end",
        (Enforcement::Enforce, Some(_), OnExpiry::Off) => "`streams.on_expiry` is off",
        (Enforcement::Enforce, Some(_), OnExpiry::End | OnExpiry::Finish) => {
            "the credential of the caller has no end"
        }
    }
}

fn ending(
    at_expiry: AtExpiry,
    (kind, extent): (StreamKind, Extent),
    right_ends: Instant,
    at: Instant,
) -> String {
    let AtExpiry { on_expiry: _, grace, finish_within, close_code } = at_expiry;
    let more = match at_expiry.becomes(extent) {
        OnExpiry::Finish => format!(" and `finish_within` of {finish_within:?}"),
        OnExpiry::End | OnExpiry::Off => String::new(),
    };
    let how = match kind {
        StreamKind::WebSocket => format!(", with close code {}", close_code.number()),
        StreamKind::Sse => {
            format!(", behind the event under way, with the comment `: {}`", EndedBy::Expiry.reason())
        }
        StreamKind::Grpc => ", behind the message under way, with the status 16".to_owned(),
        StreamKind::Body => String::new(),
    };
    format!(
        "the right of the caller ends at {right_ends}, leeway included; `streams.grace` of {grace:?} (up to a tenth of it less){more} \
         later, at {at}, the stream ends{how}. A denial of the caller ends it at once"
    )
}

/// The kind of stream that the head of the request asks for.
fn asked_kind(agent: &Agent, request: &Request<'_>, verdict: &Verdict) -> Option<StreamKind> {
    let asked = verdict.asked.as_deref();
    VERSIONS.into_iter().find_map(|version| asks_for_stream(head(request, version), agent, asked))
}

/// Whether its response may be an event stream: it says that it takes one, or it brings a message of MCP or A2A, whose clients do.
fn takes_events(agent: &Agent, request: &Request<'_>) -> bool {
    let values = request.headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut accepted = values.flat_map(Preference::all);
    let speaks = match agent.protocol {
        Protocol::Mcp(_) | Protocol::A2a(_) => *request.method == Method::POST,
        Protocol::Http => false,
    };
    speaks || accepted.any(|one| one.quality > 0.0 && one.name.eq_ignore_ascii_case("text/event-stream"))
}

fn head<'r>(request: &'r Request<'_>, version: Version) -> Head<'r> {
    Head { method: request.method, version, headers: request.headers, path: request.path.as_str() }
}
