//! Whose a session is, and the bytes that say so. Which caller is which owner is for `gate`.

use crate::model::{AgentName, Issuer};

/// The owner of a session. No two kinds are ever equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionOwner<'a> {
    /// The subject of an issuer's tokens.
    Subject(&'a Issuer, &'a str),
    /// A client of an issuer whose tokens name no subject.
    Client(&'a Issuer, &'a str),
    /// The holders of an issuer's tokens that name neither.
    Unnamed(&'a Issuer),
    /// The holder of the API key of that id.
    ApiKey(&'a str),
    /// A caller without a credential, at an agent that asks for one: a rule opens the operation to the public.
    Anonymous,
    /// Anybody: the agent is public.
    Anybody,
}

/// What a code for this purpose is over: each text with its length, so that no two owners give the same bytes.
pub(super) fn signed(purpose: &[u8], agent: &AgentName, owner: SessionOwner<'_>, id: &str) -> Vec<u8> {
    let (kind, issuer, name) = match owner {
        SessionOwner::Subject(issuer, sub) => (1, issuer.as_str(), sub),
        SessionOwner::Client(issuer, client) => (2, issuer.as_str(), client),
        SessionOwner::Unnamed(issuer) => (3, issuer.as_str(), ""),
        SessionOwner::ApiKey(key) => (4, "", key),
        SessionOwner::Anybody => (5, "", ""),
        SessionOwner::Anonymous => (6, "", ""),
    };
    let mut signed = purpose.to_vec();
    signed.push(kind);
    for text in [agent.as_str(), issuer, name, id] {
        signed.extend((text.len() as u64).to_be_bytes());
        signed.extend(text.as_bytes());
    }
    signed
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// One owner of each kind, and some that differ in one thing alone, with these two issuers.
    pub(in crate::authn) const fn different<'a>(one: &'a Issuer, two: &'a Issuer) -> [SessionOwner<'a>; 8] {
        [
            SessionOwner::Subject(one, "alice"),
            SessionOwner::Subject(one, "bob"),
            SessionOwner::Subject(two, "alice"),
            SessionOwner::Client(one, "alice"),
            SessionOwner::Unnamed(one),
            SessionOwner::ApiKey("alice"),
            SessionOwner::Anonymous,
            SessionOwner::Anybody,
        ]
    }
}
