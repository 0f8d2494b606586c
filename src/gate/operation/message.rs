//! What was read of a request before its operation is judged, or why there is nothing to judge.

use std::borrow::Cow;

use crate::gate::Asked;
use crate::model::{Operation, OperationClass, Reason};
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
                Fault::unread(Reason::McpBody, "one JSON-RPC message that can be read in one way only")
            }
        }
    }
}

/// An operation, and what its message says besides.
pub(super) struct Message<'m> {
    pub(super) operation: Operation<'m>,
    pub(super) id: Option<Id<'m>>,
    /// The revision of the protocol that the request names.
    pub(super) version: Option<Cow<'m, str>>,
}

impl Message<'_> {
    /// What logs, metrics and the response to a refusal need of it.
    pub(super) fn asked(&self) -> Asked {
        Asked::of(&self.operation, self.id.as_ref(), self.version.as_deref())
    }

    /// Method and first name, for people.
    pub(super) fn shown(&self) -> String {
        let Operation { method, targets, .. } = &self.operation;
        targets.first().map_or_else(|| method.to_string(), |target| format!("{method} {}", target.name))
    }
}
