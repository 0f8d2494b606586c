//! The resources that a store holds one by one: identity providers, agents and API keys, each under a name that is safe as
//! a file name.
//!
//! `config` checks names and texts further.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kinds of resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ResourceKind {
    /// A provider that signs tokens.
    IdentityProvider,
    /// An endpoint that the gateway guards.
    Agent,
    /// A key that authenticates callers of one agent.
    ApiKey,
}

impl ResourceKind {
    /// The noun for one such resource in messages.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::IdentityProvider => "identity provider",
            Self::Agent => "agent",
            Self::ApiKey => "API key",
        }
    }

    /// Every kind, in the order in which a document lists them.
    pub const ALL: [Self; 3] = [Self::IdentityProvider, Self::Agent, Self::ApiKey];

    /// The folder, and the member of a document, that holds resources of this kind.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::IdentityProvider => "identity_providers",
            Self::Agent => "agents",
            Self::ApiKey => "api_keys",
        }
    }

    /// The kind that this folder holds.
    #[must_use]
    pub fn of_section(section: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.section() == section)
    }
}

/// The identity of one resource: its kind and its name. The name can be part of a file's path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ResourceId {
    kind: ResourceKind,
    name: String,
}

impl ResourceId {
    /// The longest name, in bytes: that of an agent, which is one label of DNS (RFC 1035 section 2.3.4).
    const MAX_LEN: usize = 63;

    /// The texts that [`parse`](Self::parse) accepts, as a regular expression.
    pub const PATTERN: &str = "^(agents|identity_providers|api_keys)/[A-Za-z0-9-]{1,63}$";

    /// A name of `[A-Za-z0-9-]{1,63}`; `None` for anything else.
    #[must_use]
    pub fn new(kind: ResourceKind, name: impl Into<String>) -> Option<Self> {
        let name = name.into();
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        let ok = (1..=Self::MAX_LEN).contains(&name.len()) && name.bytes().all(plain);
        ok.then_some(Self { kind, name })
    }

    /// Parses `agents/NAME` and the like, as [`Display`](fmt::Display) writes it; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (section, name) = text.split_once('/')?;
        Self::new(ResourceKind::of_section(section)?, name)
    }

    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> ResourceKind {
        self.kind
    }

    /// The name, unique among resources of its kind.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.section(), self.name)
    }
}

impl From<ResourceId> for String {
    fn from(id: ResourceId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for ResourceId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or_else(|| format!("{text:?} names no resource"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_words_are_names_of_resources() {
        for good in ["a", "refund-agent", "Yq3Zk81b", "-", &"x".repeat(63)] {
            assert!(ResourceId::new(ResourceKind::ApiKey, good).is_some(), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "a.yaml", ".a", "a_b", "a b", "ä", "a\n", "a\0", &"x".repeat(64)] {
            assert!(ResourceId::new(ResourceKind::Agent, bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn a_resource_id_parses_from_its_own_text() {
        for kind in ResourceKind::ALL {
            let id = ResourceId::new(kind, "some-name").unwrap();
            assert_eq!(ResourceId::parse(&id.to_string()), Some(id));
        }
        for bad in ["", "agents", "agents/", "tools/x", "agents/x/y", "agents/../x", "/x"] {
            assert_eq!(ResourceId::parse(bad), None, "{bad}");
        }
    }
}
