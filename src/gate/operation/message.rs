//! What was read of a request before its operation is judged, or why there is nothing to judge.

use std::borrow::Cow;

use crate::gate::Asked;
use crate::model::{Call, CallProtocol, Operation, OperationClass, Reason};
use crate::protocol::json_rpc::{Id, Unreadable};

/// Why there is no operation to judge.
pub(super) enum Unjudged<'m> {
    /// The request carries no message, and counts as this: the agent's own rules decide.
    NoMessage(OperationClass),
    /// Its message was not read yet: it may have so many bytes.
    NotRead {
        /// The most.
        limit: usize,
    },
    /// Its message cannot be judged.
    Faulty(Box<Fault<'m>>),
}

/// A fault of a message, and what could be read of it nevertheless.
pub(super) struct Fault<'m> {
    pub(super) reason: Reason,
    pub(super) found: Option<String>,
    pub(super) wanted: String,
    pub(super) message: Option<Message<'m>>,
}

impl<'m> Fault<'m> {
    pub(super) fn unread(reason: Reason, wanted: &str) -> Unjudged<'m> {
        let wanted = wanted.to_owned();
        Unjudged::Faulty(Box::new(Self { reason, found: None, wanted, message: None }))
    }
}

impl From<Unreadable> for Unjudged<'_> {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Batch => Fault::unread(Reason::McpBatch, "one message"),
            Unreadable::Malformed => {
                Fault::unread(Reason::McpBody, "one message that can be read in one way only")
            }
        }
    }
}

/// An operation, and what its message says besides.
pub(super) struct Message<'m> {
    pub(super) protocol: CallProtocol,
    pub(super) operation: Operation<'m>,
    pub(super) id: Option<Id<'m>>,
    /// The version of the protocol that the request names.
    pub(super) version: Option<Cow<'m, str>>,
    pub(super) push: Push,
}

/// What a message says of push notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Push {
    /// Nothing, or the agent may call the URL.
    Allowed,
    /// It names a URL that the agent may not call, or none where one has to be.
    Denied,
}

impl Message<'_> {
    /// What logs, metrics and the response to a refusal need of it.
    pub(super) fn asked(&self) -> Asked {
        let call = Call::of(self.protocol, &self.operation, self.version.as_deref());
        Asked::of(&self.operation, self.id.as_ref(), call)
    }

    /// Method and first name, for people.
    pub(super) fn shown(&self) -> String {
        let Operation { method, targets, .. } = &self.operation;
        match targets.first() {
            Some(target) => format!("{method} {}", target.name),
            None if method.is_empty() => "no operation of A2A".to_owned(),
            None => method.to_string(),
        }
    }
}
