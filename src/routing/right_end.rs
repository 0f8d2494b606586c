//! The end of the right of a client, which is that of its credential or of its login: when it is, and whether a change has
//! moved it by the time when a stream is due.
//!
//! What becomes of streams then is in `at_expiry`, and what a change takes away in `right`.

use std::time::Duration;

use crate::model::{Enforcement, Identity, Instant};
use crate::upstream::{Right, StreamFacts, Term};

use super::agent::Agent;
use super::compiled::Authenticator;

/// When the right of an authenticated client ends, leeway included; `None` = it has no end. `login` is when its login will be
/// too long ago.
#[must_use]
pub fn right_ends(agent: &Agent, client: &Identity, login: Option<Instant>) -> Option<Instant> {
    if agent.enforcement == Enforcement::Shadow {
        // It would be admitted anew.
        return None;
    }
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
/// given another one.
#[must_use]
pub fn term(facts: &StreamFacts, agent: Option<&Agent>) -> Term {
    let (Some(ends), Right::ApiKey { id, expires_at, .. }) = (facts.ends, &facts.right) else {
        return Term::Over;
    };
    let Some(Authenticator::ApiKey(policy)) = agent.map(|agent| &agent.authenticator) else {
        return Term::Over;
    };
    match policy.keys.get(&**id).map(|key| key.expires_at) {
        Some(now) if now == *expires_at => Term::Over,
        Some(Some(now)) => Term::Until(now.plus(ends.after)),
        Some(None) => Term::Unlimited,
        None => Term::Over,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use super::*;
    use crate::authn::{ApiKeyPolicy, ApiKeyRecord, Scheme};
    use crate::model::Digest;
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
    fn a_right_ends_with_the_key_or_with_the_login_and_never_in_shadow_mode() {
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
        let shadow = Agent::new(Compiled { enforcement: Enforcement::Shadow, ..keyed(Some(50)) });
        assert_eq!(right_ends(&shadow, &client(Some(50)), Some(Instant::from_unix(40))), None);
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
        for (end, wanted) in
            [(Some(50), Term::Over), (Some(90), Term::Until(Instant::from_unix(95))), (None, Term::Unlimited)]
        {
            assert_eq!(term(&stream, Some(&Agent::new(keyed(end)))), wanted, "{end:?}");
        }
        assert_eq!(term(&stream, None), Term::Over, "its agent is gone");
        let token = StreamFacts { right: Right::Open, ..stream };
        assert_eq!(term(&token, Some(&Agent::new(keyed(Some(90))))), Term::Over);
    }
}
