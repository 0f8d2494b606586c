//! The keys of sessions of MCP agents, those in files among them.

use std::collections::HashMap;
use std::sync::Arc;

use super::input::{Input, Mention};
use super::made::Sessions;
use crate::authn::{SessionKeySource, SessionKeys};
use crate::config::language::settings::agent::{AgentEntry, Spoken};
use crate::routing::Agent;

/// Reads the files of such keys; what is wrong with them is reported.
pub(super) fn read(input: &Input<'_>) -> Sessions {
    let mut files = HashMap::new();
    for agent in &input.document.agents {
        let Some(path) = agent.mcp.as_ref().and_then(|mcp| mcp.session_key_file.as_ref()) else { continue };
        if let Some(keys) = keys(input, Mention::new(&agent.source, path)) {
            files.insert(path.value.clone(), Arc::new(keys));
        }
    }
    Sessions { process: input.previous.map(|now| Arc::clone(&now.sessions)).unwrap_or_default(), files }
}

fn keys<'a>(input: &Input<'a>, file: Mention<'a>) -> Option<SessionKeys> {
    match SessionKeys::parse(input.file(file)?) {
        Ok(keys) => Some(keys),
        Err(bad) => {
            let help =
                "write a key with `openssl rand -hex 32`, and below it the one before, if there was one";
            input.bad_file(file, &bad.to_string(), help);
            None
        }
    }
}

/// The keys of an agent; nothing when its file could not be read, which was reported.
pub(super) fn source(sessions: &Sessions, entry: &AgentEntry) -> Option<SessionKeySource> {
    match entry.mcp.as_ref().and_then(|mcp| mcp.session_key_file.as_ref()) {
        Some(path) => sessions.files.get(&path.value).cloned().map(SessionKeySource::File),
        None => Some(SessionKeySource::Process(Arc::clone(&sessions.process))),
    }
}

/// Whether the agent has the keys that compiling `entry` would give it.
pub(super) fn are_same(sessions: &Sessions, entry: &AgentEntry, agent: &Agent) -> bool {
    match entry.protocol {
        Spoken::Http | Spoken::A2a => true,
        Spoken::Mcp => source(sessions, entry).as_ref() == agent.protocol.sessions(),
    }
}
