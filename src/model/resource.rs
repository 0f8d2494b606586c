//! The resources that a store holds one by one: identity providers, agents, API keys and limits, each under a name that is
//! safe as a file name.
//!
//! `config` checks names and texts further.

use std::fmt;
use std::sync::Arc;

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
    /// How often the callers of every agent may ask.
    Limit,
}

impl ResourceKind {
    /// The noun for one such resource in messages.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::IdentityProvider => "identity provider",
            Self::Agent => "agent",
            Self::ApiKey => "API key",
            Self::Limit => "limit",
        }
    }

    /// Every kind, in the order in which a document lists them.
    pub const ALL: [Self; 4] = [Self::IdentityProvider, Self::Agent, Self::ApiKey, Self::Limit];

    /// The folder, and the member of a document, that holds resources of this kind.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::IdentityProvider => "identity_providers",
            Self::Agent => "agents",
            Self::ApiKey => "api_keys",
            Self::Limit => "limits",
        }
    }

    /// The kind that this folder holds.
    #[must_use]
    pub fn of_section(section: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.section() == section)
    }
}

/// The identity of one resource: its kind and its name. The name can be part of a file's path. Cheap to clone: there may be
/// very many.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ResourceId {
    kind: ResourceKind,
    /// `agents/NAME`: two of one kind are in the order of their names.
    text: Arc<str>,
}

impl ResourceId {
    /// The longest name, in bytes: that of an agent, which is one label of DNS (RFC 1035 section 2.3.4).
    const MAX_LEN: usize = 63;

    /// The texts that [`parse`](Self::parse) accepts, as a regular expression.
    pub const PATTERN: &str = "^(agents|identity_providers|api_keys|limits)/[A-Za-z0-9-]{1,63}$";

    /// A name of `[A-Za-z0-9-]{1,63}`; `None` for anything else.
    #[must_use]
    pub fn new(kind: ResourceKind, name: impl AsRef<str>) -> Option<Self> {
        let name = name.as_ref();
        is_name(name).then(|| Self { kind, text: format!("{}/{name}", kind.section()).into() })
    }

    /// Parses `agents/NAME` and the like, as [`Display`](fmt::Display) writes it; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self { kind: kind_in(text)?, text: text.into() })
    }

    /// The same, which shares the text.
    #[must_use]
    pub fn of(text: &Arc<str>) -> Option<Self> {
        Some(Self { kind: kind_in(text)?, text: Arc::clone(text) })
    }

    /// `agents/NAME` and the like.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> ResourceKind {
        self.kind
    }

    /// The name, unique among resources of its kind.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text.get(self.kind.section().len() + 1..).unwrap_or_default()
    }
}

/// The kind in `agents/NAME`; `None` when that names no resource.
fn kind_in(text: &str) -> Option<ResourceKind> {
    let (section, name) = text.split_once('/')?;
    ResourceKind::of_section(section).filter(|_| is_name(name))
}

fn is_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    (1..=ResourceId::MAX_LEN).contains(&text.len()) && text.bytes().all(plain)
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
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
