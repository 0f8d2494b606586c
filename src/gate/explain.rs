//! The decision with a record of every check, for an operator who holds the credential. Nothing is forwarded, counted
//! or remembered.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, header};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::authn::TokenEvidence;
use crate::authz::{Check, Line, Ruled, Silent, Transcript};
use crate::idp::TokenQuestion;
use crate::model::{Decision, Fetched, Introspection, Purpose, Reason, Refusal, Request, RequestId};
use crate::protocol::BadCertificate;
use crate::protocol::json_rpc::{is_plain_json, request};
use crate::protocol::mcp::{NoSample, SESSION_ID, sample};
use crate::routing::{Agent, Protocol};

use super::limited;
use super::{
    Challenge, Evidence, Need, RefusedResponse, ShownCertificate, Standpoint, Step, StreamEnd, Verdict,
    challenge, decide, decide_operation, detail, in_session,
};

/// The id in a response that nobody got.
const NO_REQUEST: RequestId = RequestId::Made(0);

/// What was decided, and how it came to that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Explanation {
    /// What it would count as.
    pub decision: Decision,
    /// Why.
    pub reason: Reason,
    /// The status of the answer; 200 when the request would pass.
    pub status: u16,
    /// For which agent.
    pub agent: String,
    /// The provider of the token, once the agent accepts it.
    pub provider: Option<String>,
    /// The checks in the order in which they were made.
    pub checks: Vec<Line>,
    /// What the rules by operation say of the message; absent without one, where it cannot be judged, and at an agent that
    /// reads none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<Ruled>,
    /// The response that the caller of the message gets; absent without one, and where the request passes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<Response>,
    /// What is left at this gateway of each limit that applies; absent from the command line, which counts nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Vec<LimitLeft>>,
    /// The client certificate of the question, and who would take it; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<ShownCertificate>,
    /// What ends the stream that the request asks for, or may become; absent where it asks for none, and where it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<StreamEnd>,
}

/// What is left of a limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LimitLeft {
    /// The name of the limit.
    pub name: String,
    /// The requests that it lets in now; null where the question does not say whom it counts for.
    pub left: Option<u64>,
}

/// The response to a request that is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "RefusedResponse")]
pub struct Response {
    /// `WWW-Authenticate`, where there is a challenge; two of them are separated by a comma.
    pub www_authenticate: Option<String>,
    /// `Content-Type`
    pub content_type: String,
    /// The body, with zeros for the id of the request.
    pub body: String,
}

impl Explanation {
    /// Whether the caller has proven itself. In shadow, a request also passes when it has not.
    #[must_use]
    pub fn allows(&self) -> bool {
        self.decision == Decision::Allow
    }

    fn of(
        agent: &Agent,
        request: &Request<'_>,
        verdict: &Verdict,
        transcript: Transcript,
        known: Known,
    ) -> Self {
        let left = |(name, left): (Arc<str>, Option<u64>)| LimitLeft { name: name.to_string(), left };
        let limits = |from| limited::left(agent, verdict, from).into_iter().map(left).collect();
        Self {
            limits: known.buckets.map(limits),
            certificate: known.certificate,
            stream: StreamEnd::of(agent, request, verdict),
            decision: verdict.decision,
            reason: verdict.reason,
            status: if verdict.permit.is_some() { 200 } else { verdict.reason.status() },
            agent: agent.name.to_string(),
            provider: agent.provider_name(verdict.provider).map(ToString::to_string),
            checks: transcript.lines,
            operation: transcript.ruled,
            response: None,
        }
    }
}

/// What is known beside the request.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Where it stands for the limits, in the process that counts.
    pub buckets: Option<Standpoint>,
    /// The provider's word about the token, when it was asked just now ([`live_question`]).
    pub introspection: Fetched<Introspection>,
    /// The client's certificate, whose digest the request has.
    pub certificate: Option<ShownCertificate>,
}

impl Known {
    fn evidence(&self) -> Evidence {
        let token = TokenEvidence { introspection: self.introspection.clone(), ..TokenEvidence::default() };
        Evidence { token, ..Evidence::default() }
    }
}

/// The question about the token of a request that its provider alone can answer; `None` where nobody need be asked.
#[must_use]
pub fn live_question(agent: &Arc<Agent>, request: &Request<'_>) -> Option<TokenQuestion> {
    let request = &Request { purpose: Purpose::Explain, ..request.clone() };
    match decide(agent, request, &Evidence::default(), &mut Silent) {
        Step::Needs(Need::Introspection(question)) => Some(question),
        Step::Needs(Need::Keys(_) | Need::Body { .. }) | Step::Decided(_) => None,
    }
}

/// Decides about the credential of a request, by the agent's own rules and with the keys that the gateway holds now.
#[must_use]
pub fn explain(agent: &Arc<Agent>, request: &Request<'_>, known: Known) -> Explanation {
    let request = &Request { purpose: Purpose::Explain, ..request.clone() };
    let ask = |evidence: &Evidence, transcript: &mut Transcript| decide(agent, request, evidence, transcript);
    let (verdict, mut transcript) = settled(known.evidence(), |_| None, ask);
    let verdict = finished(agent, request, verdict, &mut transcript);
    Explanation::of(agent, request, &verdict, transcript, known)
}

/// The explanation of a request whose proxy names no certificate that can be read, in a header that must hold what `wanted` says: it
/// is refused before it reaches an agent.
#[must_use]
pub fn explain_unreadable(agent: &Agent, bad: BadCertificate, wanted: String) -> Explanation {
    let line = Line {
        check: Check::ClientCertificate,
        ok: false,
        seen: Some(bad.to_string()),
        wanted,
        fix: Some(BadCertificate::FIX.to_owned()),
    };
    Explanation {
        decision: Decision::Deny,
        reason: Reason::NoRoute,
        status: Refusal::CertificateUnreadable.status(),
        agent: agent.name.to_string(),
        provider: None,
        checks: vec![line],
        operation: None,
        response: None,
        limits: None,
        certificate: None,
        stream: None,
    }
}

/// Decides about a request with this message, as about one that a client sends. `metadata` makes the URL of the agent's
/// metadata.
#[must_use]
pub fn explain_message(
    agent: &Arc<Agent>,
    request: &Request<'_>,
    message: &Bytes,
    known: Known,
    metadata: impl FnOnce() -> Option<String>,
) -> Explanation {
    let request = &Request { purpose: Purpose::Explain, ..request.clone() };
    let mut unread = None;
    let read = |limit| match readable(agent, request.headers, message, limit) {
        Ok(()) => Some(message.clone()),
        Err(refusal) => {
            unread = Some(refusal);
            None
        }
    };
    let (verdict, mut transcript) = settled(known.evidence(), read, |evidence, transcript| {
        decide_operation(agent, request, evidence, &mut None, transcript)
    });
    let verdict = finished(agent, request, verdict, &mut transcript);
    let explanation = Explanation::of(agent, request, &verdict, transcript, known);
    if verdict.permit.is_some() {
        return explanation;
    }
    let (refusal, challenge, detail) = match unread {
        Some(refusal) => (refusal, None, refusal.detail().into()),
        None => {
            let step_up = verdict.asked.as_ref().and_then(|asked| asked.step_up.as_deref());
            let challenge = challenge(verdict.reason, agent, step_up, metadata);
            (Refusal::Decided(verdict.reason), challenge, detail(verdict.reason, agent))
        }
    };
    let refused = RefusedResponse {
        refusal,
        detail: &detail,
        challenge: challenge.as_ref(),
        asked: verdict.asked.as_deref(),
        request_id: &NO_REQUEST,
    };
    let (content_type, body) = refused.body(agent.error_form(request.method, request.path.as_str()));
    let response = Response {
        www_authenticate: challenge.as_ref().map(Challenge::text),
        content_type: content_type.to_owned(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    Explanation { status: refusal.status(), response: Some(response), ..explanation }
}

/// The message that a client of this agent would send for an operation. Its head gets what a client of MCP repeats there, as
/// far as `headers` do not say it.
///
/// # Errors
/// When method and name do not go together.
pub fn message_for(
    agent: &Agent,
    method: &str,
    name: Option<&str>,
    headers: &mut HeaderMap,
) -> Result<Bytes, NoSample> {
    match agent.protocol {
        Protocol::Http | Protocol::Mcp(_) => sample(method, name, headers).map(Bytes::from),
        Protocol::A2a(_) if name.is_some() => Err(NoSample::NoName),
        Protocol::A2a(_) => Ok(request(method, &Value::Object(Map::new())).into()),
    }
}

/// What comes behind the rules: whether the session is the caller's, where this process can tell, and whether a stream would begin
/// too late.
fn finished(
    agent: &Arc<Agent>,
    request: &Request<'_>,
    verdict: Verdict,
    transcript: &mut Transcript,
) -> Verdict {
    let knows_sessions = agent.protocol.sessions().is_some_and(|sessions| sessions.keys().is_some());
    let verdict = if knows_sessions && request.headers.contains_key(SESSION_ID) {
        in_session(agent, verdict, request.headers, transcript).0
    } else {
        verdict
    };
    let begins_late = verdict.is_at_the_end(request.now)
        && !agent.at_expiry.lets_begin_late()
        && StreamEnd::is_asked_for(agent, request, &verdict);
    if begins_late { verdict.too_late(agent, request.now, transcript) } else { verdict }
}

/// Whether the gateway reads such a message of a request with these headers. One that says nothing of its media type is
/// taken for JSON: what is explained is the message.
fn readable(agent: &Agent, headers: &HeaderMap, message: &Bytes, limit: usize) -> Result<(), Refusal> {
    let says = [header::CONTENT_TYPE, header::CONTENT_ENCODING].iter().any(|name| headers.contains_key(name));
    if says && !is_plain_json(headers, agent.protocol.media_types()) {
        return Err(Refusal::MediaTypeNotSupported);
    }
    if message.len() > limit || agent.max_body.is_some_and(|most| message.len() as u64 > most) {
        return Err(Refusal::BodyTooLarge);
    }
    Ok(())
}

/// Calls `ask` until it decides. An explanation fetches nothing, so every need but that of a message is unavailable; `read`
/// has that, within a limit.
pub(super) fn settled(
    mut evidence: Evidence,
    mut read: impl FnMut(usize) -> Option<Bytes>,
    mut ask: impl FnMut(&Evidence, &mut Transcript) -> Step,
) -> (Verdict, Transcript) {
    loop {
        let mut transcript = Transcript::default();
        match ask(&evidence, &mut transcript) {
            Step::Decided(verdict) => return (verdict, transcript),
            Step::Needs(Need::Body { limit }) => {
                evidence.body = read(limit).map_or(Fetched::Unavailable, Fetched::Here);
            }
            Step::Needs(need) => evidence.give_up(&need),
        }
    }
}
