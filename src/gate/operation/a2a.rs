//! What a request to an A2A agent asks for: its path says it in the binding HTTP+JSON, its message in JSON-RPC. The body of
//! a POST is read in either: it may hold a URL that the agent would call.

use std::borrow::Cow;

use http::Method;

use crate::gate::Evidence;
use crate::model::{CallProtocol, Fetched, Operation, OperationClass, Reason, Request};
use crate::protocol::a2a::{A2aOperation, PARAMS, RestPath, rest_body, version};
use crate::protocol::json_rpc::{Id, Spelling, Text, Texts, Unreadable, read};
use crate::routing::{A2aAgent, Agent};

use super::message::{Fault, Message, Push, Unjudged};

/// The message of a request to this agent.
pub(super) fn message<'m>(
    agent: &Agent,
    a2a: &A2aAgent,
    request: &Request<'m>,
    evidence: &'m Evidence,
) -> Result<Message<'m>, Unjudged<'m>> {
    let path = agent.rest_path(request.method, request.path.as_str());
    if path == RestPath::Ambiguous {
        return Err(Fault::unread(Reason::McpBody, "a path that is that of one operation alone"));
    }
    let is_refused = agent.is_public() && path == RestPath::Operation(A2aOperation::GetExtendedCard);
    let said = if is_refused {
        Said::by_path(path)
    } else if *request.method == Method::POST {
        let body = match &evidence.body {
            Fetched::NotAsked => return Err(Unjudged::NotRead { limit: a2a.max_message }),
            Fetched::Unavailable => return Err(Fault::unread(Reason::McpBody, "a message")),
            Fetched::Here(body) => body,
        };
        Said::of(path, body)?
    } else {
        if agent.entry.operations.is_some() && evidence.body.was_asked() {
            return Err(Fault::unread(Reason::McpBody, "no body in a request that carries no message"));
        }
        let said = Said::by_path(path);
        if said.operation.is_none() && *request.method == Method::OPTIONS {
            return Err(Unjudged::NoMessage(OperationClass::None));
        }
        said
    };
    let push = said.push(a2a);
    let Said { operation, method, id, .. } = said;
    Ok(Message {
        protocol: CallProtocol::A2a,
        operation: Operation {
            class: operation.map_or(OperationClass::Unknown, A2aOperation::class),
            method: operation.map_or(method, |operation| Cow::Borrowed(operation.name())),
            targets: Vec::new(),
            governed: true,
        },
        id,
        version: Some(version(request.headers, request.query)),
        push,
    })
}

/// What a request says.
struct Said<'m> {
    /// `None`: it is none of A2A's.
    operation: Option<A2aOperation>,
    /// The method of a message.
    method: Cow<'m, str>,
    id: Option<Id<'m>>,
    texts: Texts<'m>,
}

impl<'m> Said<'m> {
    fn of(path: RestPath, body: &'m [u8]) -> Result<Self, Unreadable> {
        match path {
            RestPath::Operation(_) | RestPath::Ambiguous => Self::by_rest(path, body),
            RestPath::Other => Self::by_message(body),
            // The agent may have JSON-RPC anywhere; each of the two readers refuses what is for the other.
            RestPath::Alike => Self::by_message(body).or_else(|_| Self::by_rest(path, body)),
        }
    }

    fn by_path(path: RestPath) -> Self {
        let operation = match path {
            RestPath::Operation(operation) => Some(operation),
            RestPath::Ambiguous | RestPath::Alike | RestPath::Other => None,
        };
        Self { operation, method: Cow::Borrowed(""), id: None, texts: Texts::default() }
    }

    fn by_rest(path: RestPath, body: &'m [u8]) -> Result<Self, Unreadable> {
        Ok(Self { texts: rest_body(body)?, ..Self::by_path(path) })
    }

    fn by_message(body: &'m [u8]) -> Result<Self, Unreadable> {
        let message = read(body, PARAMS, Spelling::CaseAndUnderscores)?;
        // No A2A agent sends requests, so that there are no responses to any.
        let method = message.method().cloned().ok_or(Unreadable::Malformed)?;
        let (operation, id) = (A2aOperation::of_method(&method), message.id().cloned());
        Ok(Self { operation, method, id, texts: message.texts })
    }

    /// Whether the agent may call each URL that the request names; a configuration without one is none that could be judged.
    fn push(&self, a2a: &A2aAgent) -> Push {
        let mut urls = self.texts.of(Text::PushUrl).peekable();
        let lacks_url = self.operation == Some(A2aOperation::CreatePushConfig) && urls.peek().is_none();
        if lacks_url || !urls.all(|url| a2a.push_hosts.allow(url)) { Push::Denied } else { Push::Allowed }
    }
}

#[cfg(test)]
mod tests;
