//! The sessions of MCP agents: an id opens its session for the caller whom it was given to, at that agent, and for nobody
//! else. `authn` seals the ids; here it is decided whose they are.
//!
//! From revision 2026-07-28 on there are no sessions: the header then says nothing, in either direction.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue};

use crate::authn::{BadSessionId, SessionKeys, SessionOwner};
use crate::authz::{Check, Facts, OperationRules, Trace};
use crate::model::{Enforcement, Identity, Reason};
use crate::protocol::mcp::{Revision, SESSION_ID};
use crate::routing::{Agent, Authenticator, SessionPlace};

use super::Verdict;

/// What the agent receives as `Mcp-Session-Id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SentSession {
    /// What the client sent.
    Unchanged,
    /// Nothing.
    Absent,
    /// Its own id, in the place of the sealed one.
    Opened(HeaderValue),
    /// The same, and the request goes to the target where the session runs.
    Placed(HeaderValue, Box<SessionPlace>),
}

/// The session is not this caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Foreign;

/// Judges the session of a request that has this verdict: refused when it is not the caller's. In shadow mode the agent
/// receives its own id also then, as far as one can be found, since nobody may notice that mode.
pub fn in_session(
    agent: &Arc<Agent>,
    verdict: Verdict,
    headers: &HeaderMap,
    trace: &mut impl Trace,
) -> (Verdict, SentSession) {
    if verdict.permit.is_none() {
        return (verdict, SentSession::Unchanged);
    }
    let opened = open(agent, verdict.identity.as_deref(), headers);
    trace.check(Check::Session, opened.is_ok(), || Facts {
        // A session id is a secret.
        seen: None,
        wanted: "a session that this agent began with this caller, named once, and whose target is there".to_owned(),
        fix: "let the client begin a new session; all sessions end when the gateway starts with another session key, and those \
              of a target when it is removed",
    });
    match (opened, agent.enforcement) {
        (Ok(sent), _) => (verdict, sent),
        (Err(Foreign), Enforcement::Enforce) => {
            (verdict.but_refused(agent, Reason::SessionForeign), SentSession::Unchanged)
        }
        (Err(Foreign), Enforcement::Shadow) => {
            let sent = unverified(agent, headers);
            // The first reason to refuse it is the one that counts.
            let is_first = verdict.reason == Reason::Ok;
            let refused = |verdict: Verdict| verdict.but_refused(agent, Reason::SessionForeign);
            (if is_first { refused(verdict) } else { verdict }, sent)
        }
    }
}

/// The session of a request that passes whatever it names, since its agent is in shadow mode and would have refused it for
/// another reason.
#[must_use]
pub fn shadow_session(agent: &Agent, identity: Option<&Identity>, headers: &HeaderMap) -> SentSession {
    open(agent, identity, headers).unwrap_or_else(|Foreign| unverified(agent, headers))
}

/// The session id that a client receives in the place of the agent's; `None` where the request knows no sessions. `place` is
/// where the session runs, at an agent whose sessions belong to their targets.
///
/// # Errors
/// When the agent's id is none that a client could send back.
pub fn seal_session(
    agent: &Agent,
    identity: Option<&Identity>,
    request: &HeaderMap,
    id: &HeaderValue,
    place: Option<SessionPlace>,
) -> Result<Option<HeaderValue>, BadSessionId> {
    if Revision::of(request) == Ok(Revision::Mirrored) {
        return Ok(None);
    }
    let keys = agent.protocol.sessions().and_then(|sessions| sessions.keys()).ok_or(BadSessionId)?;
    let owner = owner(agent, identity);
    if !agent.places_sessions() {
        return keys.seal(&agent.name, owner, id).map(Some);
    }
    let target = place.and_then(|place| agent.session_text(place)).ok_or(BadSessionId)?;
    keys.seal_placed(&agent.name, owner, id, &target).map(Some)
}

fn open(agent: &Agent, identity: Option<&Identity>, headers: &HeaderMap) -> Result<SentSession, Foreign> {
    let Some(sessions) = agent.protocol.sessions() else { return Ok(SentSession::Unchanged) };
    let mut ids = headers.get_all(SESSION_ID).iter();
    let Some(id) = ids.next() else { return Ok(SentSession::Unchanged) };
    if Revision::of(headers) == Ok(Revision::Mirrored) {
        return Ok(SentSession::Absent);
    }
    if ids.next().is_some() {
        return Err(Foreign);
    }
    let keys = sessions.keys().ok_or(Foreign)?;
    let owner = owner(agent, identity);
    let opened = opened(agent, keys, owner, id).or_else(|| {
        // A client begins a session with a public handshake, and is asked for a token later.
        let begins_without = agent.entry.operations.as_deref().is_some_and(OperationRules::has_public);
        let began =
            (begins_without && owner != SessionOwner::Anonymous).then_some(SessionOwner::Anonymous)?;
        opened(agent, keys, began, id)
    });
    opened.ok_or(Foreign)
}

/// What becomes of an id that was sealed for this owner; `None` for any other, and where the target of the session is gone.
fn opened(
    agent: &Agent,
    keys: &SessionKeys,
    owner: SessionOwner<'_>,
    id: &HeaderValue,
) -> Option<SentSession> {
    if !agent.places_sessions() {
        return keys.open(&agent.name, owner, id).map(SentSession::Opened);
    }
    let session = keys.open_placed(&agent.name, Some(owner), id)?;
    let place = agent.session_place(&session.target)?;
    Some(SentSession::Placed(session.id, Box::new(place)))
}

/// The agent's id, where the client sent one of that form, and where its session runs, as far as that is there.
fn unverified(agent: &Agent, headers: &HeaderMap) -> SentSession {
    let mut ids = headers.get_all(SESSION_ID).iter();
    let (Some(id), None) = (ids.next(), ids.next()) else { return SentSession::Unchanged };
    if !agent.places_sessions() {
        return SessionKeys::unverified(id).map_or(SentSession::Unchanged, SentSession::Opened);
    }
    let keys = agent.protocol.sessions().and_then(|sessions| sessions.keys());
    let Some(session) = keys.and_then(|keys| keys.open_placed(&agent.name, None, id)) else {
        return SentSession::Unchanged;
    };
    match agent.session_place(&session.target) {
        Some(place) => SentSession::Placed(session.id, Box::new(place)),
        None => SentSession::Opened(session.id),
    }
}

/// The owner of the sessions that this caller begins.
fn owner<'a>(agent: &'a Agent, identity: Option<&'a Identity>) -> SessionOwner<'a> {
    match (&agent.authenticator, identity) {
        (Authenticator::Public, _) => SessionOwner::Anybody,
        (Authenticator::ApiKey(_), Some(Identity { key_id: Some(id), .. })) => SessionOwner::ApiKey(id),
        (Authenticator::OAuth(policy), Some(identity)) => {
            let provider = identity.provider.and_then(|index| policy.providers.get(index));
            let Some(issuer) = provider.map(|provider| &provider.spec().issuer) else {
                return SessionOwner::Anonymous;
            };
            match (&identity.sub, &identity.client_id) {
                (Some(sub), _) => SessionOwner::Subject(issuer, sub),
                (None, Some(client)) => SessionOwner::Client(issuer, client),
                (None, None) => SessionOwner::Unnamed(issuer),
            }
        }
        (Authenticator::ApiKey(_) | Authenticator::OAuth(_), _) => SessionOwner::Anonymous,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authz::Silent;
    use crate::config::{Files, Snapshot, Source, compile, parse};
    use crate::model::{Decision, Instant};
    use crate::telemetry::Metrics;

    const CONFIG: &str = "
version: 1
identity_providers: { corp: { issuer: 'https://corp.example' }, other: { issuer: 'https://other.example' } }
agents:
  a:
    route: /a
    upstream: 'http://127.0.0.1:9'
    protocol: mcp
    auth: { oauth: { identity_providers: [corp, other], audiences: [x] } }
  open:
    route: /open
    upstream: 'http://127.0.0.1:9'
    protocol: mcp
    mcp: { rules: { unlisted: deny, methods: { initialize: public } } }
    auth: { oauth: { identity_providers: [corp, other], audiences: [x] } }
  shadow:
    route: /shadow
    upstream: 'http://127.0.0.1:9'
    protocol: mcp
    enforcement: shadow
    auth: { oauth: { identity_providers: [corp, other], audiences: [x] } }
  key: { route: /key, upstream: 'http://127.0.0.1:9', protocol: mcp, auth: { api_key: {} } }
  public: { route: /public, upstream: 'http://127.0.0.1:9', protocol: mcp, auth: public }
  http: { route: /http, upstream: 'http://127.0.0.1:9', auth: public }
";

    fn snapshot(config: &str) -> Snapshot {
        let document = parse(&[Source::new("a.yaml", config)], &|_| None).unwrap();
        compile(&document, &Files::new(), None, &Metrics::new().unwrap()).unwrap().snapshot
    }

    fn settled(config: &str) -> Snapshot {
        let snapshot = snapshot(config);
        snapshot.sessions.settle(SessionKeys::new(&[7; 32], None));
        snapshot
    }

    fn caller(provider: usize, sub: Option<&str>, client_id: Option<&str>) -> Option<Identity> {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Some(Identity {
            provider: Some(provider),
            sub: text(sub),
            client_id: text(client_id),
            ..Identity::default()
        })
    }

    fn headers(fields: &[(&'static str, &HeaderValue)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (http::HeaderName::from_static(name), (*value).clone())).collect()
    }

    /// What becomes of a request of this caller with these session ids.
    fn asked(
        agent: &Arc<Agent>,
        identity: Option<&Identity>,
        ids: &[&HeaderValue],
    ) -> (Decision, Reason, SentSession) {
        let mut sent = HeaderMap::new();
        for id in ids {
            sent.append(SESSION_ID, (*id).clone());
        }
        let verdict = Verdict::allowed(agent, identity.cloned().map(Arc::new), None);
        let (verdict, sent) = in_session(agent, verdict, &sent, &mut Silent);
        (verdict.decision, verdict.reason, sent)
    }

    #[test]
    fn a_session_is_its_owners_at_its_agent_and_no_two_kinds_of_owners_are_equal() {
        let snapshot = settled(CONFIG);
        let id = HeaderValue::from_static("agents-own");
        let everybody = [
            ("a", caller(0, Some("x"), Some("c"))),
            ("a", caller(0, Some("y"), Some("c"))),
            ("a", caller(1, Some("x"), Some("c"))),
            ("a", caller(0, None, Some("x"))),
            ("a", caller(0, None, None)),
            ("a", caller(1, None, None)),
            ("a", None),
            ("shadow", caller(0, Some("x"), None)),
            ("key", Some(Identity::of_api_key("x", None))),
            ("key", Some(Identity::of_api_key("y", None))),
            ("key", None),
            ("public", None),
        ];
        for (i, (name, identity)) in everybody.iter().enumerate() {
            let agent = &snapshot.agents[*name];
            let sealed =
                seal_session(agent, identity.as_ref(), &HeaderMap::new(), &id, None).unwrap().unwrap();
            assert_ne!(sealed, id);
            for (j, (name, identity)) in everybody.iter().enumerate() {
                let (decision, reason, sent) = asked(&snapshot.agents[*name], identity.as_ref(), &[&sealed]);
                let wanted = match (i == j, *name) {
                    (true, _) => (Decision::Allow, Reason::Ok, SentSession::Opened(id.clone())),
                    // Nobody may notice shadow mode, so the agent finds its session also then.
                    (false, "shadow") => {
                        (Decision::ShadowDeny, Reason::SessionForeign, SentSession::Opened(id.clone()))
                    }
                    (false, _) => (Decision::Deny, Reason::SessionForeign, SentSession::Unchanged),
                };
                assert_eq!((decision, reason, sent), wanted, "{i} asks for the session of {j}");
            }
        }
    }

    #[test]
    fn a_refreshed_token_of_the_same_subject_goes_on() {
        let snapshot = settled(CONFIG);
        let agent = &snapshot.agents["a"];
        let first = caller(0, Some("x"), Some("c"));
        let refreshed = first.clone().map(|identity| Identity {
            jti: Some("2".to_owned()),
            client_id: Some("d".to_owned()),
            key_id: Some("k2".to_owned()),
            expires_at: Some(Instant::from_unix(9)),
            ..identity
        });
        let id = HeaderValue::from_static("agents-own");
        let sealed = seal_session(agent, first.as_ref(), &HeaderMap::new(), &id, None).unwrap().unwrap();
        assert_eq!(asked(agent, refreshed.as_ref(), &[&sealed]).2, SentSession::Opened(id));
    }

    #[test]
    fn a_session_of_a_public_handshake_goes_on_with_a_token_and_not_the_other_way_round() {
        let snapshot = settled(CONFIG);
        let (open, alice) = (&snapshot.agents["open"], caller(0, Some("alice"), None));
        let id = HeaderValue::from_static("agents-own");
        let seal = |identity: Option<&Identity>| {
            seal_session(open, identity, &HeaderMap::new(), &id, None).unwrap().unwrap()
        };
        let (public, hers) = (seal(None), seal(alice.as_ref()));
        for (sealed, identity, wanted) in [
            (&public, None, Reason::Ok),
            (&public, alice.clone(), Reason::Ok),
            (&public, caller(1, Some("bob"), None), Reason::Ok),
            (&hers, alice.clone(), Reason::Ok),
            (&hers, None, Reason::SessionForeign),
        ] {
            assert_eq!(asked(open, identity.as_ref(), &[sealed]).1, wanted, "{identity:?}");
        }
        // Without a public rule there is no such session, and one of another life of the agent is none.
        let agent = &snapshot.agents["a"];
        let public = seal_session(agent, None, &HeaderMap::new(), &id, None).unwrap().unwrap();
        assert_eq!(asked(agent, alice.as_ref(), &[&public]).1, Reason::SessionForeign);
    }

    #[test]
    fn ids_that_were_never_given_are_foreign_and_shadow_mode_passes_them_as_they_came() {
        let snapshot = settled(CONFIG);
        let alice = caller(0, Some("alice"), None);
        let id = HeaderValue::from_static("agents-own");
        let sealed = seal_session(&snapshot.agents["a"], alice.as_ref(), &HeaderMap::new(), &id, None)
            .unwrap()
            .unwrap();
        let empty = HeaderValue::from_static("");
        for ids in [&[&id] as &[_], &[&empty], &[&sealed, &sealed], &[&sealed, &id]] {
            let wanted = (Decision::Deny, Reason::SessionForeign, SentSession::Unchanged);
            assert_eq!(asked(&snapshot.agents["a"], alice.as_ref(), ids), wanted, "{ids:?}");
            let wanted = (Decision::ShadowDeny, Reason::SessionForeign, SentSession::Unchanged);
            assert_eq!(asked(&snapshot.agents["shadow"], alice.as_ref(), ids), wanted, "{ids:?}");
        }
        assert_eq!(asked(&snapshot.agents["a"], alice.as_ref(), &[]).0, Decision::Allow);
        let http = asked(&snapshot.agents["http"], None, &[&id]);
        assert_eq!(http, (Decision::Allow, Reason::Ok, SentSession::Unchanged), "an agent without sessions");
    }

    #[test]
    fn a_request_that_is_refused_keeps_its_reason() {
        let snapshot = settled(CONFIG);
        let id = HeaderValue::from_static("x");
        for (name, decision, sent) in [
            ("a", Decision::Deny, SentSession::Unchanged),
            ("shadow", Decision::ShadowDeny, SentSession::Unchanged),
        ] {
            let agent = &snapshot.agents[name];
            let verdict = Verdict::refused(agent, Reason::TokenExpired, None);
            let (verdict, is) = in_session(agent, verdict, &headers(&[(SESSION_ID, &id)]), &mut Silent);
            assert_eq!((verdict.decision, verdict.reason, is), (decision, Reason::TokenExpired, sent));
        }
    }

    #[test]
    fn a_revision_without_sessions_has_no_id_in_either_direction() {
        let snapshot = settled(CONFIG);
        let (agent, id) = (&snapshot.agents["public"], HeaderValue::from_static("x"));
        for (revision, none) in [("2025-11-25", false), ("2026-07-28", true), ("2027-01-01", true)] {
            let revision = HeaderValue::from_static(revision);
            let sent = headers(&[(Revision::HEADER, &revision), (SESSION_ID, &id)]);
            let (verdict, becomes) =
                in_session(agent, Verdict::allowed(agent, None, None), &sent, &mut Silent);
            let sealed = seal_session(agent, None, &sent, &id, None).unwrap();
            assert_eq!((sealed.is_none(), becomes == SentSession::Absent), (none, none), "{revision:?}");
            assert_eq!(verdict.reason == Reason::Ok, none, "{revision:?}");
        }
    }

    #[test]
    fn before_the_process_has_keys_no_session_is_anybodys() {
        let snapshot = snapshot(CONFIG);
        let (agent, id) = (&snapshot.agents["public"], HeaderValue::from_static("x"));
        assert!(seal_session(agent, None, &HeaderMap::new(), &id, None).is_err());
        let sealed = SessionKeys::new(&[7; 32], None).seal(&agent.name, SessionOwner::Anybody, &id).unwrap();
        assert_eq!(asked(agent, None, &[&sealed]).1, Reason::SessionForeign);
    }

    /// A public agent and one that is in shadow mode, whose sessions run at these targets.
    fn placed(targets: &str) -> Snapshot {
        let agent = |name: &str, further: &str| {
            format!(
                "  {name}: {{ route: /{name}, protocol: mcp, auth: public, upstream: {{ targets: {targets}, affinity: \
                 mcp_session }}{further} }}\n"
            )
        };
        let agents = agent("a", "") + &agent("b", "") + &agent("shadow", ", enforcement: shadow");
        settled(&format!("version: 1\nagents:\n{agents}"))
    }

    #[test]
    fn a_session_goes_to_the_target_that_began_it_and_is_nobodys_once_that_is_gone() {
        let both = placed("['http://10.0.0.1:9', 'http://10.0.0.2:9']");
        let id = HeaderValue::from_static("agents-own");
        let at = |target| SessionPlace { target, address: None };
        let seal = |name: &str, target| {
            let agent = &both.agents[name];
            seal_session(agent, None, &HeaderMap::new(), &id, Some(at(target))).unwrap().unwrap()
        };
        for target in 0..2 {
            let sealed = seal("a", target);
            let sent = SentSession::Placed(id.clone(), Box::new(at(target)));
            assert_eq!(asked(&both.agents["a"], None, &[&sealed]), (Decision::Allow, Reason::Ok, sent));
            let other = asked(&both.agents["b"], None, &[&sealed]);
            assert_eq!((other.0, other.1), (Decision::Deny, Reason::SessionForeign), "another agent");
        }
        let second = placed("['http://10.0.0.3:9', 'http://10.0.0.2:9']");
        let (gone, stays) = (seal("a", 0), seal("a", 1));
        assert_eq!(asked(&second.agents["a"], None, &[&gone]).1, Reason::SessionForeign);
        let sent = SentSession::Placed(id.clone(), Box::new(at(1)));
        assert_eq!(asked(&second.agents["a"], None, &[&stays]).2, sent);
        let shadow = asked(&second.agents["shadow"], None, &[&seal("shadow", 0)]);
        assert_eq!((shadow.0, shadow.2), (Decision::ShadowDeny, SentSession::Opened(id.clone())));
        assert!(
            seal_session(&both.agents["a"], None, &HeaderMap::new(), &id, None).is_err(),
            "without a place"
        );
    }

    #[test]
    fn ids_of_before_are_foreign_once_sessions_belong_to_their_targets() {
        let snapshot = placed("['http://10.0.0.1:9']");
        let agent = &snapshot.agents["a"];
        let id = HeaderValue::from_static("agents-own");
        let before = SessionKeys::new(&[7; 32], None).seal(&agent.name, SessionOwner::Anybody, &id).unwrap();
        for foreign in [&before, &id, &HeaderValue::from_static("")] {
            assert_eq!(asked(agent, None, &[foreign]).1, Reason::SessionForeign, "{foreign:?}");
            let shadow = asked(&snapshot.agents["shadow"], None, &[foreign]);
            assert_eq!((shadow.0, shadow.2), (Decision::ShadowDeny, SentSession::Unchanged), "{foreign:?}");
        }
    }
}
