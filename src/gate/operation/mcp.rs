//! What an MCP request asks for: its message is read, and compared with what the head repeats of it; or the head alone
//! is believed.

use std::borrow::Cow;

use http::Method;

use crate::authz::OperationRules;
use crate::gate::Evidence;
use crate::model::{CallProtocol, Fetched, Operation, OperationClass, Reason, Request, TargetKind};
use crate::protocol::json_rpc::{Id, Spelling, read};
use crate::protocol::mcp::{self, Mirrored, PARAMS, Revision};
use crate::routing::McpAgent;

use super::message::{Fault, Message, Push, Unjudged};

/// The message of a request to an MCP agent with these rules.
pub(super) fn message<'m>(
    agent: &McpAgent,
    rules: &OperationRules,
    request: &Request<'m>,
    evidence: &'m Evidence,
) -> Result<Message<'m>, Unjudged<'m>> {
    if *request.method != Method::POST {
        let has_body = evidence.body.was_asked();
        return Err(if has_body {
            Fault::unread(Reason::McpBody, "no body in a request that carries no message")
        } else {
            Unjudged::NoMessage(OperationClass::Session)
        });
    }
    let Ok(revision) = Revision::of(request.headers) else { return Err(bad_head()) };
    let version = request.headers.get(Revision::HEADER).and_then(|value| value.to_str().ok()).map(Into::into);
    if agent.trust_mirrored_headers {
        let head = (revision == Revision::Mirrored).then(|| Mirrored::of(request.headers));
        let operation = head.and_then(Result::ok).and_then(|head| head.trusted().ok());
        let operation = operation.ok_or_else(bad_head)?;
        return unambiguous(rules, said(operation, None, version));
    }
    let body = match &evidence.body {
        Fetched::NotAsked => return Err(Unjudged::NotRead { limit: agent.max_message }),
        Fetched::Unavailable => return Err(Fault::unread(Reason::McpBody, "a message")),
        Fetched::Here(body) => body,
    };
    let message = read(body, PARAMS, Spelling::Case)?;
    let message = said(mcp::operation(&message)?, message.id().cloned(), version);
    if revision == Revision::Mirrored {
        let Ok(head) = Mirrored::of(request.headers) else { return Err(bad_head()) };
        if head.compare(&message.operation).is_err() {
            let (reason, found) = (Reason::McpHeaderMismatch, Some(head.shown()));
            let fault = Fault { reason, found, wanted: message.shown(), message: Some(message) };
            return Err(Unjudged::Faulty(Box::new(fault)));
        }
    }
    unambiguous(rules, message)
}

fn said<'m>(operation: Operation<'m>, id: Option<Id<'m>>, version: Option<Cow<'m, str>>) -> Message<'m> {
    Message { protocol: CallProtocol::Mcp, operation, id, version, push: Push::Allowed }
}

fn bad_head<'m>() -> Unjudged<'m> {
    let wanted =
        "MCP-Protocol-Version, Mcp-Method and Mcp-Name, each at most once and as the revision writes it";
    Fault::unread(Reason::McpHeaderMismatch, wanted)
}

/// The message, unless two servers could take its names for those of different things.
fn unambiguous<'m>(rules: &OperationRules, message: Message<'m>) -> Result<Message<'m>, Unjudged<'m>> {
    let has_rules = !rules.resources.is_empty();
    let is_clear = message.operation.targets.iter().all(|target| {
        let resource = has_rules && target.kind == TargetKind::Resource;
        !(target.name.chars().any(char::is_control) || resource && mcp::is_ambiguous(&target.name))
    });
    if is_clear {
        return Ok(message);
    }
    let wanted = "a URI without dot segments, backslashes and encoded slashes".to_owned();
    let (reason, found) = (Reason::McpBody, Some(message.shown()));
    Err(Unjudged::Faulty(Box::new(Fault { reason, found, wanted, message: Some(message) })))
}
