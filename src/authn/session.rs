//! Session ids of MCP, sealed for their owner (MCP revisions before 2026-07-28, Streamable HTTP, "Session Management").
//!
//! An agent's session id says nothing about whose it is, and a server that takes it for a credential lets in whoever has
//! it. So the client gets the id with an authentication code over the agent and the client's identity, and the agent gets
//! its own id back. Nothing is stored: a sealed id is as good after a restart as its key. Ids that also say at which target a
//! session runs are for `placed_session`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use ring::hmac;

use crate::model::{AgentName, Digest};

use super::session_id::{BadSessionId, id_text, is_id};
use super::session_key::SessionKey;
use super::session_owner::{SessionOwner, signed};

/// What stands between the agent's id and the code. Neither the code nor its length depends on the id, so the last one
/// counts.
const SEPARATOR: char = '.';
/// Tells these codes apart from any others that are ever made with the same key.
const PURPOSE: &[u8] = b"portcullis mcp session 1";

/// The keys that seal session ids.
#[derive(Debug, Clone)]
pub struct SessionKeys {
    present: SessionKey,
    /// The key before the present one, so that a new key ends no session.
    before: Option<SessionKey>,
    /// What the keys are compared by.
    fingerprint: Digest,
}

impl PartialEq for SessionKeys {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl Eq for SessionKeys {}

impl SessionKeys {
    /// The present key, and the one before it.
    #[must_use]
    pub fn new(present: &[u8; 32], before: Option<&[u8; 32]>) -> Self {
        let mut all = present.to_vec();
        all.extend(before.into_iter().flatten());
        let (present, before) = (SessionKey::new(present), before.map(SessionKey::new));
        Self { present, before, fingerprint: Digest::of(&all) }
    }

    /// The id that the client gets in the place of the agent's.
    ///
    /// # Errors
    /// When the agent's id is none.
    pub fn seal(
        &self,
        agent: &AgentName,
        owner: SessionOwner<'_>,
        id: &HeaderValue,
    ) -> Result<HeaderValue, BadSessionId> {
        let id = id_text(id)?;
        let code = hmac::sign(&self.present.mac, &signed(PURPOSE, agent, owner, id));
        let sealed = format!("{id}{SEPARATOR}{}", URL_SAFE_NO_PAD.encode(code));
        HeaderValue::from_str(&sealed).map_err(|_| BadSessionId)
    }

    /// The agent's id in one that a client sent; `None` unless it was sealed for this owner at this agent.
    #[must_use]
    pub fn open(
        &self,
        agent: &AgentName,
        owner: SessionOwner<'_>,
        sealed: &HeaderValue,
    ) -> Option<HeaderValue> {
        let (id, code) = parts(sealed)?;
        let signed = signed(PURPOSE, agent, owner, id);
        let known = self.all().any(|key| hmac::verify(&key.mac, &signed, &code).is_ok());
        known.then(|| HeaderValue::from_str(id).ok()).flatten()
    }

    /// The agent's id in one of the form that [`Self::seal`] gives, whoever it was sealed for, if for anybody.
    #[must_use]
    pub fn unverified(sealed: &HeaderValue) -> Option<HeaderValue> {
        parts(sealed).and_then(|(id, _)| HeaderValue::from_str(id).ok())
    }

    /// The key that seals.
    pub(super) const fn present(&self) -> &SessionKey {
        &self.present
    }

    /// The keys that open, the present one first.
    pub(super) fn all(&self) -> impl Iterator<Item = &SessionKey> {
        std::iter::once(&self.present).chain(&self.before)
    }
}

/// The agent's id and the code of a sealed id.
fn parts(sealed: &HeaderValue) -> Option<(&str, Vec<u8>)> {
    let (id, code) = sealed.to_str().ok()?.rsplit_once(SEPARATOR)?;
    let code = URL_SAFE_NO_PAD.decode(code).ok()?;
    (is_id(id) && code.len() == hmac::HMAC_SHA256.digest_algorithm().output_len()).then_some((id, code))
}

#[cfg(test)]
mod tests {
    use super::super::session_owner::tests::different;
    use super::*;
    use crate::model::Issuer;

    fn agent(name: &str) -> AgentName {
        AgentName::parse(name).unwrap()
    }

    fn issuer(text: &str) -> Issuer {
        Issuer::new(text)
    }

    #[test]
    fn only_its_owner_at_its_agent_can_use_a_session() {
        let (one, two) = (issuer("https://one.example"), issuer("https://two.example"));
        let owners = different(&one, &two);
        let keys = SessionKeys::new(&[7; 32], None);
        let id = HeaderValue::from_static("1868a90c-a.b");
        for (name, owner) in ["a", "b"].into_iter().flat_map(|name| owners.map(|owner| (name, owner))) {
            let sealed = keys.seal(&agent(name), owner, &id).unwrap();
            for (other, asks) in ["a", "b"].into_iter().flat_map(|name| owners.map(|owner| (name, owner))) {
                let opened = keys.open(&agent(other), asks, &sealed);
                let own = (name, owner) == (other, asks);
                assert_eq!(opened, own.then(|| id.clone()), "{name} {owner:?}, {other} {asks:?}");
            }
        }
    }

    #[test]
    fn texts_that_move_between_issuer_and_name_are_other_owners() {
        let keys = SessionKeys::new(&[7; 32], None);
        let (short, long) = (issuer("https://a.example"), issuer("https://a.examplex"));
        let id = HeaderValue::from_static("s");
        let sealed = keys.seal(&agent("a"), SessionOwner::Subject(&short, "xy"), &id).unwrap();
        assert_eq!(keys.open(&agent("a"), SessionOwner::Subject(&long, "y"), &sealed), None);
    }

    #[test]
    fn an_id_that_was_altered_is_nobodys() {
        let keys = SessionKeys::new(&[7; 32], None);
        let (name, owner) = (agent("a"), SessionOwner::Anybody);
        let sealed = keys.seal(&name, owner, &HeaderValue::from_static("abc")).unwrap();
        let text = sealed.to_str().unwrap();
        let (id, code) = text.rsplit_once('.').unwrap();
        let other = if code.starts_with('A') { "B" } else { "A" };
        for altered in [
            "abc".to_owned(),
            "abc.".to_owned(),
            format!("abd.{code}"),
            format!(".{code}"),
            format!("{id}.{other}{}", code.get(1..).unwrap()),
            format!("{id}.{}", code.get(..42).unwrap()),
            format!("{text}="),
            format!("{text}.{code}"),
        ] {
            let altered = HeaderValue::from_str(&altered).unwrap();
            assert_eq!(keys.open(&name, owner, &altered), None, "{altered:?}");
        }
        assert_eq!(keys.open(&name, owner, &sealed).unwrap(), "abc");
    }

    #[test]
    fn a_new_key_ends_no_session_and_the_one_after_it_does() {
        let (name, owner, id) = (agent("a"), SessionOwner::Anybody, HeaderValue::from_static("abc"));
        let sealed = SessionKeys::new(&[1; 32], None).seal(&name, owner, &id).unwrap();
        for (keys, wanted) in [
            (SessionKeys::new(&[1; 32], None), true),
            (SessionKeys::new(&[2; 32], Some(&[1; 32])), true),
            (SessionKeys::new(&[3; 32], Some(&[2; 32])), false),
            (SessionKeys::generate().unwrap(), false),
        ] {
            assert_eq!(keys.open(&name, owner, &sealed).is_some(), wanted);
        }
    }

    #[test]
    fn an_id_that_no_header_of_mcp_could_have_is_not_sealed() {
        let keys = SessionKeys::new(&[7; 32], None);
        for (id, wanted) in [
            (vec![b'x'; 512], true),
            (vec![b'x'; 513], false),
            (Vec::new(), false),
            (b"a b".to_vec(), false),
            (vec![0xe9], false),
        ] {
            let id = HeaderValue::from_bytes(&id).unwrap();
            assert_eq!(keys.seal(&agent("a"), SessionOwner::Anybody, &id).is_ok(), wanted, "{id:?}");
        }
    }
}
