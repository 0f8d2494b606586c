//! One message, as far as anybody decides by it.

use std::borrow::Cow;

use serde::Serialize;

/// A message that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Message<'m> {
    /// What it is.
    pub kind: Kind<'m>,
    /// The texts of its known members.
    pub texts: Texts<'m>,
}

/// The texts of known members, in the order in which they stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts<'m>(pub(super) Vec<(Text, Cow<'m, str>)>);

/// What a message is (JSON-RPC 2.0 sections 4 and 5).
#[derive(Debug, Clone, PartialEq)]
pub enum Kind<'m> {
    /// A request, which has an id.
    Request {
        /// What is asked for.
        method: Cow<'m, str>,
        /// The id that the response will have.
        id: Id<'m>,
    },
    /// A notification, which has none.
    Notification {
        /// What is made known.
        method: Cow<'m, str>,
    },
    /// The answer to a request of the other side.
    Response,
}

/// The id of a request (JSON-RPC 2.0 section 4). MCP has no null and no fractions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Id<'m> {
    /// A number from 0 on.
    Natural(u64),
    /// A number below 0.
    Negative(i64),
    /// A text.
    Text(Cow<'m, str>),
}

/// The members whose texts somebody decides by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    /// `params.name`
    Name,
    /// `params.uri`
    Uri,
    /// `params.ref.type`
    ReferenceType,
    /// `params.ref.name`
    ReferenceName,
    /// `params.ref.uri`
    ReferenceUri,
    /// Each of `params.notifications.resourceSubscriptions`
    Subscription,
    /// A URL for push notifications, wherever A2A has one
    PushUrl,
    /// A member of JSON-RPC's own, in a body that is no message of it
    Envelope,
}

impl Id<'_> {
    /// The same, on its own.
    #[must_use]
    pub fn to_owned(&self) -> Id<'static> {
        match self {
            Self::Natural(number) => Id::Natural(*number),
            Self::Negative(number) => Id::Negative(*number),
            Self::Text(text) => Id::Text(Cow::Owned(text.clone().into_owned())),
        }
    }
}

impl<'m> Message<'m> {
    /// The method, unless it is a response.
    #[must_use]
    pub const fn method(&self) -> Option<&Cow<'m, str>> {
        match &self.kind {
            Kind::Request { method, .. } | Kind::Notification { method } => Some(method),
            Kind::Response => None,
        }
    }

    /// The id of a request.
    #[must_use]
    pub const fn id(&self) -> Option<&Id<'m>> {
        match &self.kind {
            Kind::Request { id, .. } => Some(id),
            Kind::Notification { .. } | Kind::Response => None,
        }
    }

    /// The text of a member that stands once at most.
    #[must_use]
    pub fn text(&self, which: Text) -> Option<&Cow<'m, str>> {
        self.texts(which).next()
    }

    /// The texts of a member that may stand more than once.
    pub fn texts(&self, which: Text) -> impl Iterator<Item = &Cow<'m, str>> {
        self.texts.of(which)
    }
}

impl<'m> Texts<'m> {
    /// The texts of one member.
    pub fn of(&self, which: Text) -> impl Iterator<Item = &Cow<'m, str>> {
        self.0.iter().filter(move |(name, _)| *name == which).map(|(_, text)| text)
    }
}
