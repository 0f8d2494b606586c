//! The right of a running stream to its agent: what it rests on, and whether it still holds after a change.
//!
//! The streams themselves are in `upstream`.

use std::sync::Arc;

use crate::model::{
    DenialKind, DenialSet, Digest, EndedBy, Enforcement, Identity, Instant, OnPolicyChange, StreamKind,
};
use crate::upstream::{Right, StreamFacts};

use super::agent::Agent;
use super::compiled::Authenticator;

/// The right of an authenticated client, or of one without identity, at an agent. `signed` gives the digest of what was signed
/// of its token, which a denial may name as long as the stream runs.
#[must_use]
pub fn right(agent: &Agent, identity: Option<&Identity>, signed: impl FnOnce() -> Option<Digest>) -> Right {
    match (&agent.authenticator, identity) {
        (Authenticator::OAuth(policy), Some(identity)) => {
            let provider = identity.provider.and_then(|index| policy.providers.get(index));
            let principal = identity.principal.as_ref().map(Arc::clone);
            if let Some(principal) = &principal {
                principal.know_token(signed);
            }
            provider.map_or(Right::Open, |provider| Right::Token {
                issuer: provider.spec().issuer.clone(),
                principal,
            })
        }
        (Authenticator::ApiKey(policy), Some(identity)) => {
            let id = identity.key_id.as_deref().unwrap_or_default();
            policy.keys.get(id).map_or(Right::Open, |key| Right::ApiKey {
                id: id.into(),
                digest: key.digest,
                expires_at: key.expires_at,
            })
        }
        (Authenticator::Public, _) | (Authenticator::OAuth(_) | Authenticator::ApiKey(_), None) => {
            Right::Open
        }
    }
}

/// The cause that ends a stream when its agent is now `agent`, or removed; `None` where its right still holds.
#[must_use]
pub fn lost(facts: &StreamFacts, agent: Option<&Agent>, now: Instant) -> Option<EndedBy> {
    if let Some(by) = agent.and_then(|agent| denied(facts, agent, now)) {
        return Some(by);
    }
    if facts.kind == StreamKind::Body {
        // A request with one response may finish.
        return None;
    }
    let Some(agent) = agent else {
        return (facts.on_policy_change != OnPolicyChange::Keep).then_some(EndedBy::Policy);
    };
    match agent.on_policy_change {
        OnPolicyChange::Keep => return None,
        OnPolicyChange::End if agent.policy != facts.policy => return Some(EndedBy::Policy),
        OnPolicyChange::End | OnPolicyChange::Revocation => {}
    }
    if agent.enforcement == Enforcement::Shadow {
        // An agent in shadow mode admits every client.
        return None;
    }
    match (&facts.right, &agent.authenticator) {
        (_, Authenticator::Public) => None,
        // An operation that is open to everybody needs no right.
        (Right::Open, _) if agent.entry.operations.as_ref().is_some_and(|rules| rules.has_public()) => None,
        (Right::Token { issuer, .. }, Authenticator::OAuth(policy)) => {
            let is_accepted = policy.providers.iter().any(|provider| provider.spec().issuer == *issuer);
            (!is_accepted).then_some(EndedBy::Policy)
        }
        (Right::ApiKey { id, digest, expires_at }, Authenticator::ApiKey(policy)) => {
            let holds = policy.keys.get(&**id).is_some_and(|key| {
                let is_over = |at: Option<Instant>| at.is_some_and(|at| at <= now);
                // Only a changed expiry is the change's doing: a key that expires as it was to ends nothing here.
                let was_cut_short = key.expires_at != *expires_at && is_over(key.expires_at);
                key.digest == *digest && !is_over(key.revoked_at) && !was_cut_short
            });
            (!holds).then_some(EndedBy::Revoked)
        }
        (
            Right::Open | Right::Token { .. } | Right::ApiKey { .. },
            Authenticator::OAuth(_) | Authenticator::ApiKey(_),
        ) => Some(EndedBy::Policy),
    }
}

/// The cause that ends a stream when a denial names whoever began it, or its provider has called its token inactive. It counts
/// whatever the agent says of changes of its policy, and a denial for a request with one response as well: somebody wants this
/// caller out now.
#[must_use]
pub fn denied(facts: &StreamFacts, agent: &Agent, now: Instant) -> Option<EndedBy> {
    if agent.enforcement == Enforcement::Shadow {
        return None;
    }
    if facts.held.as_ref().is_some_and(|token| token.is_over()) {
        return Some(EndedBy::Revoked);
    }
    let denials = match (&facts.right, &agent.authenticator) {
        (Right::Token { .. }, Authenticator::OAuth(policy)) => &policy.denials,
        (Right::ApiKey { .. }, Authenticator::ApiKey(policy)) => &policy.denials,
        (
            Right::Open | Right::Token { .. } | Right::ApiKey { .. },
            Authenticator::Public | Authenticator::OAuth(_) | Authenticator::ApiKey(_),
        ) => return None,
    };
    denials.any(|set| named_by(set, &facts.right, now)).map(|_| EndedBy::Revoked)
}

/// By what these denials name whoever has this right, if they do.
#[must_use]
pub fn named_by(set: &DenialSet, right: &Right, now: Instant) -> Option<DenialKind> {
    match right {
        Right::Open => None,
        Right::Token { principal, .. } => set.of_token(principal.as_deref()?, now, || None),
        Right::ApiKey { id, .. } => set.of_api_key(id, now),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::authn::{ApiKeyPolicy, ApiKeyRecord, Scheme};
    use crate::model::{Denied, Until};
    use crate::routing::compiled::Compiled;
    use crate::routing::compiled::tests::{agent, public_agent};
    use crate::upstream::running::tests::facts;

    const NOW: u64 = 1_000;

    fn key(expires_at: Option<u64>, revoked_at: Option<u64>) -> ApiKeyRecord {
        ApiKeyRecord {
            digest: Digest::of(b"key"),
            expires_at: expires_at.map(Instant::from_unix),
            revoked_at: revoked_at.map(Instant::from_unix),
            last_used: crate::model::SharedTimestamp::default(),
            identity: Identity::of_api_key("k", None).into(),
        }
    }

    fn keyed(record: Option<ApiKeyRecord>) -> Agent {
        compiled(record).into()
    }

    fn compiled(record: Option<ApiKeyRecord>) -> Compiled {
        let keys: HashMap<_, _> = record.map(|record| ("k".to_owned(), record)).into_iter().collect();
        let policy = ApiKeyPolicy {
            header: "x-key".parse().unwrap(),
            scheme: Scheme::bare(),
            keys: Arc::new(keys),
            denials: Arc::default(),
        };
        agent("a", None, "/a", Authenticator::ApiKey(policy))
    }

    fn stream_of(agent: &Agent, identity: Option<&Identity>) -> StreamFacts {
        StreamFacts {
            right: right(agent, identity, || None),
            policy: agent.policy,
            on_policy_change: agent.on_policy_change,
            kind: StreamKind::Sse,
            ..facts("a")
        }
    }

    fn judged(facts: &StreamFacts, after: Option<&Agent>) -> Option<EndedBy> {
        lost(facts, after, Instant::from_unix(NOW))
    }

    #[test]
    fn a_key_gives_a_right_until_a_change_revokes_it() {
        let stream = stream_of(&keyed(Some(key(Some(900), None))), Some(&Identity::of_api_key("k", None)));
        let other = ApiKeyRecord { digest: Digest::of(b"other"), ..key(Some(900), None) };
        for (what, after, wanted) in [
            ("as it was, run out or not", keyed(Some(key(Some(900), None))), None),
            ("prolonged", keyed(Some(key(Some(2_000), None))), None),
            ("cut short", keyed(Some(key(Some(950), None))), Some(EndedBy::Revoked)),
            ("revoked", keyed(Some(key(Some(900), Some(NOW)))), Some(EndedBy::Revoked)),
            ("to be revoked later", keyed(Some(key(Some(900), Some(NOW + 1)))), None),
            ("removed", keyed(None), Some(EndedBy::Revoked)),
            ("another under its id", keyed(Some(other)), Some(EndedBy::Revoked)),
            ("not needed any more", public_agent("a", None, "/a").into(), None),
        ] {
            assert_eq!(judged(&stream, Some(&after)), wanted, "{what}");
        }
    }

    #[test]
    fn a_denial_ends_the_streams_of_its_key_and_no_others() {
        let agent = keyed(Some(key(None, None)));
        let stream = stream_of(&agent, Some(&Identity::of_api_key("k", None)));
        let now = Instant::from_unix(NOW);
        let deny = |id: &str| {
            let Authenticator::ApiKey(policy) = &agent.authenticator else { unreachable!() };
            let set: DenialSet = [Denied::api_key(id, Until::Never)].into_iter().collect();
            policy.denials.publish(Arc::new(set));
        };
        for (id, wanted) in [("other", None), ("k", Some(EndedBy::Revoked))] {
            deny(id);
            assert_eq!(
                (denied(&stream, &agent, now), judged(&stream, Some(&agent))),
                (wanted, wanted),
                "{id}"
            );
        }
        let open = StreamFacts { right: Right::Open, ..stream };
        assert_eq!(denied(&open, &agent, now), None, "an agent as it was takes no other right away");
    }

    #[test]
    fn an_agent_that_stops_being_public_ends_streams_without_identity() {
        let stream = stream_of(&public_agent("a", None, "/a").into(), None);
        let shadow = Compiled { enforcement: Enforcement::Shadow, ..compiled(None) }.into();
        assert_eq!(judged(&stream, Some(&keyed(None))), Some(EndedBy::Policy));
        assert_eq!(judged(&stream, Some(&shadow)), None, "shadow mode admits everybody");
        assert_eq!(judged(&stream, Some(&public_agent("a", None, "/b").into())), None);
    }

    #[test]
    fn on_policy_change_says_which_streams_a_change_ends() {
        use OnPolicyChange::{End, Keep, Revocation};
        let before = keyed(Some(key(None, None)));
        let identity = Identity::of_api_key("k", None);
        for (setting, kept_policy, changed_policy, revoked, removed) in [
            (Revocation, None, None, Some(EndedBy::Revoked), Some(EndedBy::Policy)),
            (End, None, Some(EndedBy::Policy), Some(EndedBy::Revoked), Some(EndedBy::Policy)),
            (Keep, None, None, None, None),
        ] {
            let stream = StreamFacts { on_policy_change: setting, ..stream_of(&before, Some(&identity)) };
            let after = |record, policy| {
                Agent::new(Compiled { on_policy_change: setting, policy, ..compiled(record) })
            };
            let same = after(Some(key(None, None)), before.policy);
            assert_eq!(judged(&stream, Some(&same)), kept_policy, "{setting}: the same policy");
            let changed = after(Some(key(None, None)), before.policy + 1_000_000);
            assert_eq!(judged(&stream, Some(&changed)), changed_policy, "{setting}: another policy");
            let gone = after(Some(key(None, Some(NOW))), before.policy);
            assert_eq!(judged(&stream, Some(&gone)), revoked, "{setting}: a revoked key");
            assert_eq!(judged(&stream, None), removed, "{setting}: a removed agent");
            let answer = StreamFacts { kind: StreamKind::Body, ..stream };
            assert_eq!(judged(&answer, None), None, "{setting}: one answer finishes");
        }
    }
}
