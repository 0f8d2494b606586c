//! What one message asks an agent to do, in the words of the agent's own protocol: the thing that rules by operation
//! speak of.
//!
//! How it is read out of a message, or out of a request's head, is for `protocol`; who may do it is for `authz`.

use std::borrow::Cow;

use super::decision::closed_words;

/// What a message asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation<'m> {
    /// What metrics count it as.
    pub class: OperationClass,
    /// The method: an MCP method such as `tools/call`, or the name of an A2A operation such as `SendMessage`.
    pub method: Cow<'m, str>,
    /// The things that it is about, each with a rule of its own.
    pub targets: Vec<Target<'m>>,
    /// Whether it needs a rule: where none names it, `unlisted` decides. Without this, no rule is no restriction.
    pub governed: bool,
}

/// One thing that an operation is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target<'m> {
    /// What it is.
    pub kind: TargetKind,
    /// Its name: a tool's or prompt's name, a resource's URI.
    pub name: Cow<'m, str>,
}

/// Kinds of things that an MCP server has (MCP 2026-07-28, server features).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TargetKind {
    /// `tools/call`
    Tool,
    /// `resources/read` and what else names a resource by its URI
    Resource,
    /// `prompts/get`
    Prompt,
}

/// What metrics count an operation as: a closed list, so that no label comes from a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperationClass {
    /// No message was read.
    None,
    /// MCP: `initialize`, `server/discover`, `ping`, `logging/setLevel`.
    Handshake,
    /// MCP: a list of tools, resources, resource templates or prompts.
    List,
    /// MCP: `tools/call`.
    Tool,
    /// MCP: `resources/read`, `resources/subscribe`, `resources/unsubscribe`.
    Resource,
    /// MCP: `prompts/get`.
    Prompt,
    /// MCP: `completion/complete`.
    Completion,
    /// MCP: `subscriptions/listen`; A2A: `SubscribeToTask`.
    Subscription,
    /// MCP: `tasks/*`; A2A: `GetTask`, `ListTasks`, `CancelTask`.
    Task,
    /// A notification of the client.
    Notification,
    /// A response of the client to a request of the server.
    Response,
    /// MCP: `GET` and `DELETE` of the endpoint, which carry no message.
    Session,
    /// A2A: `SendMessage`, `SendStreamingMessage`.
    Message,
    /// A2A: configurations of push notifications.
    Push,
    /// A2A: the extended card.
    Card,
    /// A method that the protocol does not have.
    Unknown,
}

impl OperationClass {
    /// Every class.
    pub const ALL: [Self; 16] = [
        Self::None,
        Self::Handshake,
        Self::List,
        Self::Tool,
        Self::Resource,
        Self::Prompt,
        Self::Completion,
        Self::Subscription,
        Self::Task,
        Self::Notification,
        Self::Response,
        Self::Session,
        Self::Message,
        Self::Push,
        Self::Card,
        Self::Unknown,
    ];

    /// The label value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Handshake => "handshake",
            Self::List => "list",
            Self::Tool => "tool",
            Self::Resource => "resource",
            Self::Prompt => "prompt",
            Self::Completion => "completion",
            Self::Subscription => "subscription",
            Self::Task => "task",
            Self::Notification => "notification",
            Self::Response => "response",
            Self::Session => "session",
            Self::Message => "message",
            Self::Push => "push",
            Self::Card => "card",
            Self::Unknown => "unknown",
        }
    }
}

/// The texts of a message that the access log shows, cut to [`Call::LONGEST`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its protocol.
    pub protocol: CallProtocol,
    /// The method of an MCP message, absent from a response of the client; or the name of an A2A operation in 1.0, or a method
    /// that A2A does not have.
    pub method: Option<Box<str>>,
    /// The first thing that the message is about.
    pub name: Option<Box<str>>,
    /// The revision of the protocol that the head of the request names.
    pub version: Option<Box<str>>,
}

impl Call {
    /// The longest text, in bytes: `docs/ACCESS_LOG.md` promises it, and it bounds what a message can make its record cost.
    pub const LONGEST: usize = 128;

    /// The texts of an operation.
    #[must_use]
    pub fn of(protocol: CallProtocol, operation: &Operation<'_>, version: Option<&str>) -> Self {
        let cut = |text: &str| -> Option<Box<str>> {
            text.get(..text.floor_char_boundary(Self::LONGEST)).map(Box::from)
        };
        Self {
            protocol,
            method: cut(&operation.method).filter(|method| !method.is_empty()),
            name: operation.targets.first().and_then(|target| cut(&target.name)),
            version: version.and_then(cut),
        }
    }

    /// About how many bytes it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let texts = [&self.method, &self.name, &self.version];
        size_of::<Self>() + texts.into_iter().flatten().map(|text| text.len()).sum::<usize>()
    }
}

closed_words! {
    /// The protocol of a message that was read.
    CallProtocol {
        /// MCP.
        Mcp = "mcp",
        /// A2A.
        A2a = "a2a",
    }
}

closed_words! {
    /// What the rules by operation said of a message.
    CallOutcome {
        /// It goes on to the agent.
        Permitted = "permitted",
        /// It is refused for want of a scope, or of another login.
        StepUp = "step_up",
        /// It is refused, whatever scopes the caller has.
        Denied = "denied",
        /// It is refused because it cannot be judged.
        Invalid = "invalid",
        /// It would have been refused, and goes on because the agent is in shadow mode.
        ShadowDenied = "shadow_denied",
    }
}

closed_words! {
    /// What became of an entry of a list.
    ListOutcome {
        /// It is shown.
        Shown = "shown",
        /// It is left out.
        Hidden = "hidden",
        /// It would have been left out, and is shown because the agent is in shadow mode.
        ShadowHidden = "shadow_hidden",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_a_label_of_its_own() {
        let labels: std::collections::BTreeSet<_> = OperationClass::ALL.map(OperationClass::as_str).into();
        assert_eq!(labels.len(), OperationClass::ALL.len());
    }

    #[test]
    fn the_texts_of_a_call_are_cut_between_characters() {
        let long = "ä".repeat(Call::LONGEST);
        let targets = vec![Target { kind: TargetKind::Tool, name: format!("x{long}").into() }];
        let operation =
            Operation { class: OperationClass::Tool, method: "tools/call".into(), targets, governed: true };
        let call = Call::of(CallProtocol::Mcp, &operation, Some("2026-07-28"));
        assert_eq!(
            (call.method.as_deref(), call.version.as_deref()),
            (Some("tools/call"), Some("2026-07-28"))
        );
        assert_eq!(call.name.as_deref().map(str::len), Some(Call::LONGEST - 1));
        let response = Operation { method: "".into(), targets: Vec::new(), ..operation };
        let nothing = Call { protocol: CallProtocol::A2a, method: None, name: None, version: None };
        assert_eq!(Call::of(CallProtocol::A2a, &response, None), nothing);
    }
}
