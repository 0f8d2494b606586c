//! Session ids of MCP at agents whose sessions belong to the target that began them: such an id holds the target beside the
//! agent's own id, encrypted for nobody but the gateways that have the key.
//!
//! Nothing is stored, so any member of a fleet finds the target. What a target is called, and whether it is still there, is for
//! `routing`. Ids that only name their owner are for `session`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use ring::hmac;

use crate::model::AgentName;

use super::session::SessionKeys;
use super::session_id::{BadSessionId, id_text};
use super::session_key::{SessionKey, first};
use super::session_owner::{SessionOwner, signed};

/// The bytes of the code that says whose a session is: 128 bits, as nobody can search for one that fits.
const OWNER: usize = 16;
/// The longest id that is opened, in bytes: 512 of the agent's and the longest target there can be come to half of it.
const LONGEST: usize = 4096;
/// Tells codes over owners from any others that are made with the same key.
const FOR_OWNER: &[u8] = b"portcullis mcp session at target 1: owner";

/// What such an id holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedSession {
    /// The agent's own id.
    pub id: HeaderValue,
    /// The target, as it was named when the id was sealed.
    pub target: String,
}

impl SessionKeys {
    /// The id that the client gets in the place of the agent's, for a session at `target`.
    ///
    /// # Errors
    /// When the agent's id is none.
    pub fn seal_placed(
        &self,
        agent: &AgentName,
        owner: SessionOwner<'_>,
        id: &HeaderValue,
        target: &str,
    ) -> Result<HeaderValue, BadSessionId> {
        let id = id_text(id)?;
        let key = self.present();
        // An id is visible ASCII, so it ends where the zero is.
        let code = owner_code(key, agent, owner);
        let text = [code.as_slice(), id.as_bytes(), b"\0", target.as_bytes()].concat();
        let sealed = key.seal(agent.as_str(), &text).ok_or(BadSessionId)?;
        HeaderValue::from_str(&URL_SAFE_NO_PAD.encode(sealed)).map_err(|_| BadSessionId)
    }

    /// What an id holds that a client sent; `None` unless it was sealed for this owner at this agent. Without an owner it is
    /// opened whoever it was sealed for.
    #[must_use]
    pub fn open_placed(
        &self,
        agent: &AgentName,
        owner: Option<SessionOwner<'_>>,
        sealed: &HeaderValue,
    ) -> Option<PlacedSession> {
        let sealed = Some(sealed.as_bytes()).filter(|sealed| sealed.len() <= LONGEST)?;
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        self.all().find_map(|key| opened(key, agent, owner, &sealed))
    }
}

/// The code over the owner of a session.
fn owner_code(key: &SessionKey, agent: &AgentName, owner: SessionOwner<'_>) -> [u8; OWNER] {
    first(hmac::sign(&key.mac, &signed(FOR_OWNER, agent, owner, "")).as_ref())
}

fn opened(
    key: &SessionKey,
    agent: &AgentName,
    owner: Option<SessionOwner<'_>>,
    sealed: &[u8],
) -> Option<PlacedSession> {
    let text = key.open(agent.as_str(), sealed)?;
    let (code, text) = text.split_first_chunk::<OWNER>()?;
    // The cipher has vouched for the code, so nobody can find one by how long this takes.
    if owner.is_some_and(|owner| owner_code(key, agent, owner) != *code) {
        return None;
    }
    let (id, target) = str::from_utf8(text).ok()?.split_once('\0')?;
    Some(PlacedSession { id: HeaderValue::from_str(id).ok()?, target: target.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::super::session_owner::tests::different;
    use super::*;
    use crate::model::Issuer;

    const TARGET: &str = "http://10.0.0.1:9000";

    fn agent(name: &str) -> AgentName {
        AgentName::parse(name).unwrap()
    }

    fn id() -> HeaderValue {
        HeaderValue::from_static("1868a90c-a.b")
    }

    fn keys() -> SessionKeys {
        SessionKeys::new(&[7; 32], None)
    }

    #[test]
    fn only_its_owner_at_its_agent_finds_the_target_of_a_session() {
        let (one, two) = (Issuer::new("https://one.example"), Issuer::new("https://two.example"));
        let owners = different(&one, &two);
        let all = || ["a", "b"].into_iter().flat_map(|name| owners.map(|owner| (name, owner)));
        for (name, owner) in all() {
            let sealed = keys().seal_placed(&agent(name), owner, &id(), TARGET).unwrap();
            assert!(sealed.as_bytes().iter().all(u8::is_ascii_graphic), "{sealed:?}");
            for (other, asks) in all() {
                let opened = keys().open_placed(&agent(other), Some(asks), &sealed);
                let wanted = PlacedSession { id: id(), target: TARGET.to_owned() };
                let own = (name, owner) == (other, asks);
                assert_eq!(opened, own.then_some(wanted), "{name} {owner:?}, {other} {asks:?}");
            }
            assert_eq!(keys().open_placed(&agent(name), None, &sealed).unwrap().target, TARGET);
        }
    }

    #[test]
    fn neither_the_agents_id_nor_the_target_can_be_read_and_the_same_session_has_the_same_id() {
        let seal =
            |target: &str| keys().seal_placed(&agent("a"), SessionOwner::Anybody, &id(), target).unwrap();
        let sealed = seal(TARGET);
        assert_eq!(sealed, seal(TARGET));
        assert_ne!(sealed, seal("http://10.0.0.2:9000"));
        let bytes = URL_SAFE_NO_PAD.decode(sealed.as_bytes()).unwrap();
        for hidden in ["1868a90c", "10.0.0.1"] {
            assert!(!bytes.windows(hidden.len()).any(|part| part == hidden.as_bytes()), "{hidden}");
        }
    }

    #[test]
    fn an_id_that_was_altered_or_made_up_is_nobodys() {
        let (name, owner) = (agent("a"), SessionOwner::Anybody);
        let sealed = keys().seal_placed(&name, owner, &id(), TARGET).unwrap();
        let text = sealed.to_str().unwrap();
        for at in 0..text.len() {
            let mut altered = text.to_owned().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = HeaderValue::from_bytes(&altered).unwrap();
            assert_eq!(keys().open_placed(&name, Some(owner), &altered), None, "{at}");
        }
        let plain = keys().seal(&name, owner, &id()).unwrap();
        for made_up in [
            "",
            "x",
            "1868a90c-a.b",
            &text[1..],
            &text[..text.len() - 1],
            &format!("{text}="),
            &"A".repeat(LONGEST + 4),
        ] {
            let made_up = HeaderValue::from_str(made_up).unwrap();
            assert_eq!(keys().open_placed(&name, Some(owner), &made_up), None, "{made_up:?}");
        }
        assert_eq!(keys().open_placed(&name, Some(owner), &plain), None, "an id without a target");
        assert_eq!(keys().open(&name, owner, &sealed), None, "an id with a target, where none is looked for");
    }

    #[test]
    fn a_new_key_ends_no_session_and_the_one_after_it_does() {
        let (name, owner) = (agent("a"), SessionOwner::Anybody);
        let sealed = SessionKeys::new(&[1; 32], None).seal_placed(&name, owner, &id(), TARGET).unwrap();
        for (keys, wanted) in [
            (SessionKeys::new(&[1; 32], None), true),
            (SessionKeys::new(&[2; 32], Some(&[1; 32])), true),
            (SessionKeys::new(&[3; 32], Some(&[2; 32])), false),
        ] {
            assert_eq!(keys.open_placed(&name, Some(owner), &sealed).is_some(), wanted);
        }
    }

    #[test]
    fn the_longest_id_at_the_longest_target_is_opened_again() {
        let (name, owner) = (agent("a"), SessionOwner::Anybody);
        let target =
            format!("http://{}:65535 [2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]:65535", "a".repeat(253));
        let longest = HeaderValue::from_str(&"x".repeat(512)).unwrap();
        let sealed = keys().seal_placed(&name, owner, &longest, &target).unwrap();
        assert_eq!(keys().open_placed(&name, Some(owner), &sealed).unwrap().id, longest);
        let longer = HeaderValue::from_str(&"x".repeat(513)).unwrap();
        assert!(keys().seal_placed(&name, owner, &longer, &target).is_err());
    }
}
