//! The place of a session: one of the targets of its agent, and of a name with several addresses the one at which it began.
//!
//! `authn` seals the text of a place into the session's id, and `proxy` sends its requests there.

use std::net::SocketAddr;

use crate::upstream::Affinity;

use super::agent::Agent;

/// Where a session of an agent runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionPlace {
    /// The index of the target among those of the agent.
    pub target: usize,
    /// The address, where the target's host is a name.
    pub address: Option<SocketAddr>,
}

impl Agent {
    /// Whether a session of this agent belongs to the target that began it.
    #[must_use]
    pub fn places_sessions(&self) -> bool {
        let targets = self.upstream.targets.as_ref();
        targets.is_some_and(|targets| targets.spread.affinity == Affinity::McpSession)
    }

    /// A place as a text, which all gateways with this agent read alike; `None` where there is no such target.
    #[must_use]
    pub fn session_text(&self, place: SessionPlace) -> Option<String> {
        let target = &self.upstream.member(place.target)?.target;
        let address = place.address.filter(|_| target.endpoint.needs_resolving());
        Some(match address {
            Some(address) => format!("{} {address}", target.name),
            None => target.name.to_string(),
        })
    }

    /// The place that a text names; `None` when its target is gone.
    #[must_use]
    pub fn session_place(&self, text: &str) -> Option<SessionPlace> {
        let members = &self.upstream.targets.as_ref()?.members;
        let named = |name: &str, is_name: bool| {
            members.iter().position(|member| {
                *member.target.name == *name && member.target.endpoint.needs_resolving() == is_name
            })
        };
        if let Some(target) = named(text, false) {
            return Some(SessionPlace { target, address: None });
        }
        let (name, address) = text.rsplit_once(' ')?;
        let (target, address) = (named(name, true)?, address.parse().ok()?);
        let endpoint = &members.get(target)?.target.endpoint;
        // As long as nothing is known of a name, nothing has gone.
        let is_there = endpoint.is_empty() || endpoint.has(address);
        is_there.then_some(SessionPlace { target, address: Some(address) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Files, Snapshot, Source, compile, parse};
    use crate::telemetry::Metrics;

    fn snapshot(targets: &str) -> Snapshot {
        let text = format!(
            "version: 1\nagents:\n  a: {{ route: /a, auth: public, protocol: mcp, upstream: {{ affinity: mcp_session, \
             targets: {targets} }} }}\n"
        );
        let document = parse(&[Source::new("a.yaml", text.as_str())], &|_| None).unwrap();
        compile(&document, &Files::new(), None, &Metrics::new().unwrap()).unwrap().snapshot
    }

    #[test]
    fn a_place_is_found_again_wherever_its_target_stands_and_not_once_it_is_gone() {
        let all = snapshot("['http://10.0.0.1:9', 'http://10.0.0.2:9']");
        let agent = &all.agents["a"];
        assert!(agent.places_sessions());
        let texts: Vec<String> = (0..2)
            .map(|target| agent.session_text(SessionPlace { target, address: None }).unwrap())
            .collect();
        for (target, text) in texts.iter().enumerate() {
            assert_eq!(agent.session_place(text), Some(SessionPlace { target, address: None }), "{text}");
        }
        let other = snapshot("['http://10.0.0.3:9', { url: 'http://10.0.0.2:9', weight: 0 }]");
        let found: Vec<Option<usize>> =
            texts.iter().map(|text| Some(other.agents["a"].session_place(text)?.target)).collect();
        assert_eq!(found, [None, Some(1)], "one without weight keeps its sessions");
        assert_eq!(agent.session_text(SessionPlace { target: 2, address: None }), None);
    }

    #[test]
    fn at_a_name_a_session_belongs_to_the_address_that_began_it() {
        let snapshot = snapshot("['http://agents.test:9']");
        let agent = &snapshot.agents["a"];
        let [one, two] = ["10.0.0.1:9", "10.0.0.2:9"].map(|address| address.parse().unwrap());
        let at = |address| SessionPlace { target: 0, address: Some(address) };
        let text = agent.session_text(at(two)).unwrap();
        assert_eq!(agent.session_place(&text), Some(at(two)), "the name was not resolved yet");
        let endpoint = &agent.upstream.endpoint;
        endpoint.resolved(vec![(one, 1), (two, 1)]);
        assert_eq!(agent.session_place(&text), Some(at(two)));
        endpoint.resolved(vec![(one, 1)]);
        assert_eq!(agent.session_place(&text), None);
        assert_eq!(agent.session_place("http://agents.test:9"), None, "without an address");
    }
}
