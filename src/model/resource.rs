//! What can be managed one by one: an identity provider, an agent, an API key, each under its name.
//!
//! Whether a name suits its kind is for `config`; here it only has to be safe as the name of a file and in a URL.

use std::fmt;

/// The kinds of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceKind {
    /// One of `identity_providers`
    IdentityProvider,
    /// One of `agents`
    Agent,
    /// One of `api_keys`
    ApiKey,
}

impl ResourceKind {
    /// Every kind, in the order in which one needs the other.
    pub const ALL: [Self; 3] = [Self::IdentityProvider, Self::Agent, Self::ApiKey];

    /// The name of the section of the configuration, and of the folder of a store.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::IdentityProvider => "identity_providers",
            Self::Agent => "agents",
            Self::ApiKey => "api_keys",
        }
    }

    /// What people call it.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::IdentityProvider => "identity provider",
            Self::Agent => "agent",
            Self::ApiKey => "API key",
        }
    }

    /// The kind of a section.
    #[must_use]
    pub fn of_section(section: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.section() == section)
    }
}

/// One resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId {
    kind: ResourceKind,
    name: String,
}

impl ResourceId {
    /// A resource by its name: 1 to 63 letters, digits and dashes.
    #[must_use]
    pub fn new(kind: ResourceKind, name: &str) -> Option<Self> {
        let good = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        ((1..=63).contains(&name.len()) && name.bytes().all(good)).then(|| Self { kind, name: name.to_owned() })
    }

    /// Reads what [`fmt::Display`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (section, name) = text.split_once('/')?;
        Self::new(ResourceKind::of_section(section)?, name)
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> ResourceKind {
        self.kind
    }

    /// Its name.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_safe_in_a_path() {
        for (text, good) in [
            ("agents/refund-agent", true),
            ("api_keys/Yq3Zk81b", true),
            ("identity_providers/corp", true),
            ("agents/", false),
            ("agents/..", false),
            ("agents/a/b", false),
            ("agents/a.yaml", false),
            ("agents/a\0", false),
            ("agents/\u{e4}", false),
            ("keys/a", false),
            ("agents", false),
        ] {
            let id = ResourceId::parse(text);
            assert_eq!(id.is_some(), good, "{text}");
            if let Some(id) = id {
                assert_eq!(id.to_string(), text);
            }
        }
        assert!(ResourceId::new(ResourceKind::Agent, &"a".repeat(64)).is_none());
    }
}
