//! The end of the right of a client, which is that of its credential or of its login: when it is, and where a change has
//! moved it to.
//!
//! What becomes of streams then is in `at_expiry`, and what a change takes away in `right`.

use std::time::Duration;

use crate::model::{Enforcement, Identity, Instant};
use crate::upstream::{Right, StreamFacts, Term};

use super::agent::Agent;
use super::at_expiry::AtExpiry;
use super::compiled::Authenticator;

/// When the right of an authenticated client ends, leeway included; `None` = it has no end. `login` is when its login will be
/// too long ago. An agent in shadow mode makes no difference: it may enforce again before the stream ends.
#[must_use]
pub fn right_ends(agent: &Agent, client: &Identity, login: Option<Instant>) -> Option<Instant> {
    let leeway = match &agent.authenticator {
        Authenticator::OAuth(policy) => {
            let provider = client.provider.and_then(|index| policy.providers.get(index));
            provider.map_or(Duration::ZERO, |provider| provider.spec().leeway)
        }
        Authenticator::ApiKey(_) | Authenticator::Public => Duration::ZERO,
    };
    let own = client.expires_at.map(|at| at.plus(leeway));
    [own, login].into_iter().flatten().min()
}

/// What is known of the end of a stream's credential when the stream is due. A token keeps its end; an API key may have been
/// given another one; and in shadow mode nothing ends with either.
#[must_use]
pub fn term(facts: &StreamFacts, agent: Option<&Agent>) -> Term {
    if agent.is_some_and(is_shadow) {
        // Its client would be admitted anew. Once the agent enforces, `moved` says when it ends.
        return Term::Unlimited;
    }
    key_term(facts, agent).unwrap_or(Term::Over)
}

/// What a change says of the end of a stream; `None` where it says nothing.
#[must_use]
pub fn moved(facts: &StreamFacts, agent: Option<&Agent>) -> Option<Term> {
    let agent = agent.filter(|agent| !is_shadow(agent))?;
    let own = || {
        // Its agent may have been in shadow mode when it was due, under another policy than now.
        let ends = facts.ends.filter(|_| agent.policy != facts.policy)?;
        Some(Term::Until(ends.at))
    };
    key_term(facts, Some(agent)).or_else(|| unknown_term(facts, agent)).or_else(own)
}

/// When a stream ends whose token has no end of its own, and of which nobody has known for too long whether it is active: there is
/// nothing for which a grace would be good.
fn unknown_term(facts: &StreamFacts, agent: &Agent) -> Option<Term> {
    let since = facts.held.as_ref()?.unknown_since()?;
    let at_expiry = AtExpiry { grace: Duration::ZERO, ..agent.at_expiry };
    Some(Term::Until(at_expiry.ends((facts.kind, facts.extent), since, 0)?.at))
}

/// What is known now of the end of a stream that an API key began; `None` where that says nothing about its end.
fn key_term(facts: &StreamFacts, agent: Option<&Agent>) -> Option<Term> {
    let Right::ApiKey { id, expires_at: before, .. } = &facts.right else { return None };
    let agent = agent?;
    let Authenticator::ApiKey(policy) = &agent.authenticator else { return None };
    let Some(end) = policy.keys.get(&**id)?.expires_at else { return Some(Term::Unlimited) };
    let after = match (facts.ends, before) {
        (Some(ends), _) => ends.after,
        // It began when the key had no end, so nobody has said yet what becomes of it. All of them are of one client, which need
        // not be kept from coming again at once.
        (None, None) if agent.enforcement == Enforcement::Enforce => {
            agent.at_expiry.ends((facts.kind, facts.extent), end, 0)?.after
        }
        (None, _) => return None,
    };
    Some(Term::Until(end.plus(after)))
}

/// When a stream ends with the credential of its client, by what is known now.
#[must_use]
pub fn ends_now(facts: &StreamFacts, agent: &Agent) -> Option<Instant> {
    if is_shadow(agent) {
        return None;
    }
    match key_term(facts, Some(agent)).or_else(|| unknown_term(facts, agent)) {
        Some(Term::Until(at)) => Some(at),
        Some(Term::Unlimited) => None,
        Some(Term::Over) | None => facts.ends.map(|ends| ends.at),
    }
}

fn is_shadow(agent: &Agent) -> bool {
    agent.enforcement == Enforcement::Shadow
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use super::*;
    use crate::authn::{ApiKeyPolicy, ApiKeyRecord, Scheme};
    use crate::model::{Digest, StreamKind};
    use crate::routing::AtExpiry;
    use crate::routing::compiled::Compiled;
    use crate::routing::compiled::tests::agent;
    use crate::upstream::Ends;
    use crate::upstream::running::tests::facts;

    fn keyed(expires_at: Option<u64>) -> Compiled {
        let record = ApiKeyRecord {
            digest: Digest::of(b"key"),
            expires_at: expires_at.map(Instant::from_unix),
            revoked_at: None,
            last_used: crate::model::SharedTimestamp::default(),
            identity: Identity::of_api_key("k", None).into(),
        };
        let policy = ApiKeyPolicy {
            header: "x-key".parse().unwrap(),
            scheme: Scheme::bare(),
            keys: Arc::new(HashMap::from([("k".to_owned(), record)])),
            denials: Arc::default(),
        };
        agent("a", None, "/a", Authenticator::ApiKey(policy))
    }

    #[test]
    fn a_right_ends_with_the_key_or_with_the_login_in_shadow_mode_as_well() {
        let client = |end: Option<u64>| Identity::of_api_key("k", end.map(Instant::from_unix));
        let enforced = Agent::new(keyed(Some(50)));
        for (end, login, wanted) in [
            (Some(50), None, Some(50)),
            (Some(50), Some(40), Some(40)),
            (None, Some(40), Some(40)),
            (None, None, None),
        ] {
            let login = login.map(Instant::from_unix);
            assert_eq!(right_ends(&enforced, &client(end), login), wanted.map(Instant::from_unix));
        }
        let login = Some(Instant::from_unix(40));
        assert_eq!(right_ends(&shadow(Some(50)), &client(Some(50)), login), login);
    }

    fn shadow(expires_at: Option<u64>) -> Agent {
        Agent::new(Compiled { enforcement: Enforcement::Shadow, ..keyed(expires_at) })
    }

    #[test]
    fn in_shadow_mode_no_stream_ends_and_once_its_agent_enforces_each_ends_as_it_was_to() {
        let ends = Some(Ends { at: Instant::from_unix(55), after: Duration::from_secs(5) });
        let (shadow, enforced) = (shadow(None), Agent::new(keyed(None)));
        let of_token = StreamFacts { ends, policy: shadow.policy, ..facts("a") };
        assert_eq!(
            (term(&of_token, Some(&shadow)), moved(&of_token, Some(&shadow)), ends_now(&of_token, &shadow)),
            (Term::Unlimited, None, None)
        );
        let at = Instant::from_unix(55);
        assert_eq!(
            (moved(&of_token, Some(&enforced)), ends_now(&of_token, &enforced)),
            (Some(Term::Until(at)), Some(at))
        );
        assert_eq!(term(&of_token, Some(&enforced)), Term::Over);
        let unchanged = StreamFacts { policy: enforced.policy, ..of_token.clone() };
        assert_eq!(moved(&unchanged, Some(&enforced)), None, "it is due as it was");
        let endless = StreamFacts { ends: None, ..of_token };
        assert_eq!((moved(&endless, Some(&enforced)), moved(&endless, None)), (None, None));
    }

    #[test]
    fn a_stream_of_a_key_ends_with_the_end_that_the_key_has_now() {
        let stream = StreamFacts {
            right: Right::ApiKey {
                id: "k".into(),
                digest: Digest::of(b"key"),
                expires_at: Some(Instant::from_unix(50)),
            },
            ends: Some(Ends { at: Instant::from_unix(55), after: Duration::from_secs(5) }),
            ..facts("a")
        };
        let until = |seconds| Term::Until(Instant::from_unix(seconds));
        for (end, wanted) in
            [(Some(50), until(55)), (Some(90), until(95)), (Some(20), until(25)), (None, Term::Unlimited)]
        {
            assert_eq!(term(&stream, Some(&Agent::new(keyed(end)))), wanted, "{end:?}");
        }
        assert_eq!(term(&stream, None), Term::Over, "its agent is gone");
        let token = StreamFacts { right: Right::Open, ..stream };
        let later = Agent::new(keyed(Some(90)));
        assert_eq!((term(&token, Some(&later)), key_term(&token, Some(&later))), (Term::Over, None));
        assert_eq!(ends_now(&token, &later), Some(Instant::from_unix(55)));
    }

    #[test]
    fn a_key_that_is_given_an_end_gives_its_streams_one_unless_they_were_to_have_none() {
        let stream = |expires_at: Option<u64>, kind| StreamFacts {
            right: Right::ApiKey {
                id: "k".into(),
                digest: Digest::of(b"key"),
                expires_at: expires_at.map(Instant::from_unix),
            },
            kind,
            ..facts("a")
        };
        let enforced = Agent::new(keyed(Some(50)));
        let shadow = shadow(Some(50));
        let usual = AtExpiry::default().grace.as_secs();
        for (before, kind, agent, wanted) in [
            (None, StreamKind::Sse, &enforced, Some(Term::Until(Instant::from_unix(50 + usual)))),
            (None, StreamKind::Body, &enforced, None),
            (None, StreamKind::Sse, &shadow, None),
            // `on_expiry: off`, when it began.
            (Some(40), StreamKind::Sse, &enforced, None),
        ] {
            assert_eq!(key_term(&stream(before, kind), Some(agent)), wanted, "{before:?} {kind}");
        }
    }
}
