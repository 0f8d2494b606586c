//! What somebody should know who reads what `portcullis explain` prints: what only the running gateway could tell, and what is not
//! as the question takes it.

use http::HeaderMap;

use crate::config::Snapshot;
use crate::protocol::mcp::SESSION_ID;
use crate::routing::Agent;

/// Headers in which proxies give certificates, by the names that they usually have.
const CERTIFICATE_HEADERS: [&str; 3] = ["client-cert", "x-forwarded-client-cert", "x-ssl-client-cert"];

/// Says that nothing is known here of what is left of the agent's limits.
pub(super) fn limits_note(agent: &Agent) -> Option<String> {
    let limits = agent.limits.as_deref()?;
    let names: Vec<&str> = limits.list.iter().map(|limit| &*limit.name).collect();
    let names = names.join(", ");
    Some(format!(
        "what is left of {names} is known to the running gateway alone: ask `POST /api/v1/explain` there"
    ))
}

/// Says when nobody would ask for the certificate of the question, and when a header of it is not believed.
pub(super) fn certificate_note(snapshot: &Snapshot, headers: &HeaderMap, shows_one: bool) -> Option<String> {
    let header = snapshot.server.client_certificate_header.as_ref().map(|header| header.name.value.as_str());
    if let Some(name) = header.filter(|name| headers.contains_key(*name)) {
        return Some(format!(
            "`{name}` counts here as that of a trusted proxy; from others it is removed, and says nothing"
        ));
    }
    let unknown = CERTIFICATE_HEADERS.into_iter().find(|name| headers.contains_key(*name));
    match unknown {
        Some(name) => Some(format!("`{name}` says nothing: it is not `server.client_certificate_header`")),
        None if shows_one && header.is_none() && snapshot.client_trust.is_empty() => Some(
            "no listener asks clients for certificates, and no proxy says which they have shown: requests have none".to_owned(),
        ),
        None => None,
    }
}

/// Takes the id of a session out of the question, and says so: whose it is, the running gateway alone can tell.
pub(super) fn without_session(agent: &Agent, headers: &mut HeaderMap) -> Option<String> {
    agent.protocol.sessions()?;
    headers.remove(SESSION_ID)?;
    Some(
        "whose session `Mcp-Session-Id` is, is known to the running gateway alone: ask `POST /api/v1/explain` there".to_owned(),
    )
}
