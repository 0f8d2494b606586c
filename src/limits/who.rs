//! Whom a request counts for at a limit, and the keys of the buckets and places of those.

use std::fmt;
use std::net::IpAddr;

use crate::model::KeyedHash;

/// What a limit counts by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Per {
    /// The subject of a token with its issuer, or the API key.
    Principal,
    /// The client of a token with its issuer.
    ClientId,
    /// The API key.
    ApiKey,
    /// The client's address.
    Address,
    /// The agent.
    Agent,
    /// The claim of this name.
    Claim(Box<str>),
}

impl Per {
    /// All but claims.
    pub const PLAIN: [Self; 5] = [Self::Principal, Self::ClientId, Self::ApiKey, Self::Address, Self::Agent];
    /// What stands before the name of a claim.
    pub const CLAIM: &'static str = "claim:";

    /// What this text says; `None` where it says none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(name) = text.strip_prefix(Self::CLAIM) {
            return (!name.is_empty() && name.trim() == name).then(|| Self::Claim(name.into()));
        }
        Self::PLAIN.into_iter().find(|per| per.word() == text)
    }

    /// The word for it; for a claim, what stands before the name.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Principal => "principal",
            Self::ClientId => "client_id",
            Self::ApiKey => "api_key",
            Self::Address => "address",
            Self::Agent => "agent",
            Self::Claim(_) => Self::CLAIM,
        }
    }
}

/// As it is written.
impl fmt::Display for Per {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            Self::Claim(name) => f.write_str(name),
            Self::Principal | Self::ClientId | Self::ApiKey | Self::Address | Self::Agent => Ok(()),
        }
    }
}

/// Whom a request counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everybody together.
    Everybody,
    /// All those together of whom the request does not say what the limit counts by.
    Anonymous,
    /// A client by its address: one of IPv4, or a /64 of IPv6.
    Address(IpAddr),
    /// A caller.
    Caller(KeyedHash),
}

/// What the buckets of a limit, at an agent or at all of them, have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope(KeyedHash);

impl Scope {
    /// That of the limit of this number, at one agent or at all.
    #[must_use]
    pub fn new(limit: u32, agent: Option<&str>) -> Self {
        Self(KeyedHash::of((limit, agent)))
    }

    /// That of a limit which all members of a fleet know by `id`.
    pub(super) fn common(id: KeyedHash, agent: Option<&str>) -> Self {
        Self(agent.map_or(id, |agent| id.with(KeyedHash::common(&["agent", agent]))))
    }

    /// The same in one day or month of a quota.
    pub(super) const fn in_term(self, term: KeyedHash) -> Self {
        Self(self.0.with(term))
    }

    /// The key that all members have of somebody's bucket there. Who that is was hashed so that all have the same.
    pub(super) fn everywhere(self, who: Who) -> KeyedHash {
        match who {
            Who::Everybody | Who::Anonymous => self.0,
            Who::Address(IpAddr::V4(address)) => self.0.with(KeyedHash::common(&["4", &address.to_string()])),
            Who::Address(IpAddr::V6(address)) => {
                let network = u128::from(address) >> 64;
                self.0.with(KeyedHash::common(&["6", &format!("{network:x}")]))
            }
            Who::Caller(caller) => self.0.with(caller),
        }
    }

    /// The key that all members have of the bucket of all for whom there is no other.
    pub(super) const fn together_everywhere(self) -> KeyedHash {
        self.0
    }

    /// The key of somebody's own bucket.
    pub(super) fn own(self, who: Who) -> KeyedHash {
        match who {
            Who::Everybody | Who::Anonymous => self.together(),
            Who::Address(IpAddr::V4(address)) => KeyedHash::of((self.0, 4_u8, u32::from(address))),
            Who::Address(IpAddr::V6(address)) => KeyedHash::of((self.0, 6_u8, u128::from(address) >> 64)),
            Who::Caller(caller) => KeyedHash::of((self.0, 1_u8, caller)),
        }
    }

    /// The key of the bucket that neighbours share when there is no room for one each: a /24 of IPv4, a /48 of IPv6.
    pub(super) fn neighbours(self, who: Who) -> Option<KeyedHash> {
        match who {
            Who::Address(IpAddr::V4(address)) => {
                Some(KeyedHash::of((self.0, 24_u8, u32::from(address) >> 8)))
            }
            Who::Address(IpAddr::V6(address)) => {
                Some(KeyedHash::of((self.0, 48_u8, u128::from(address) >> 80)))
            }
            Who::Everybody | Who::Anonymous | Who::Caller(_) => None,
        }
    }

    /// The key of the bucket of all for whom there is no other.
    pub(super) fn together(self) -> KeyedHash {
        KeyedHash::of((self.0, 0_u8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_limit_counts_by_is_read_as_it_is_written() {
        let claim = Per::Claim("org.tenant".into());
        for per in Per::PLAIN.into_iter().chain([claim]) {
            assert_eq!(Per::parse(&per.to_string()), Some(per));
        }
        for text in ["", "claim", "claim:", "claim: tenant", "Principal", "subject"] {
            assert_eq!(Per::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_address_counts_as_one_of_its_network() {
        let scope = Scope::new(1, None);
        let own = |text: &str| scope.own(Who::Address(text.parse().unwrap()));
        let near = |text: &str| scope.neighbours(Who::Address(text.parse().unwrap()));
        for (one, other, is_same, is_near) in [
            ("203.0.113.7", "203.0.113.7", true, true),
            ("203.0.113.7", "203.0.113.8", false, true),
            ("203.0.113.7", "203.0.114.7", false, false),
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true, true),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", false, true),
            ("2001:db8:1:2::1", "2001:db8:2:2::1", false, false),
            ("0.0.0.1", "::1", false, false),
        ] {
            assert_eq!(own(one) == own(other), is_same, "{one} {other}");
            assert_eq!(near(one) == near(other), is_near, "{one} {other}");
        }
    }

    #[test]
    fn limits_agents_and_callers_are_told_apart() {
        let callers = [Who::Everybody, Who::Caller(KeyedHash::of(1)), Who::Caller(KeyedHash::of(2))];
        let scopes =
            [Scope::new(1, None), Scope::new(2, None), Scope::new(1, Some("a")), Scope::new(1, Some("b"))];
        let keys: std::collections::HashSet<_> =
            scopes.iter().flat_map(|scope| callers.iter().map(|who| scope.own(*who))).collect();
        assert_eq!(keys.len(), callers.len() * scopes.len());
    }
}
