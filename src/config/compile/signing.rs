//! The keys with which the gateway signs, where it signs at all.

use std::sync::Arc;

use super::super::snapshot::Snapshot;
use super::input::{Input, Mention};
use crate::config::language::settings::agent::AgentEntry;
use crate::config::text::code::Code;
use crate::model::Live;
use crate::protocol::a2a::card::Signatures;
use crate::signing::{KeyRing, Schedule, SigningFrom};

/// The cell of the keys that sign now: the one that the process has, or its first.
pub(super) fn cell(previous: Option<&Snapshot>) -> Arc<Live<KeyRing>> {
    previous.map_or_else(|| Arc::new(Live::new(KeyRing::default())), |previous| Arc::clone(&previous.signing))
}

/// Where the keys are from; nothing when the gateway signs nothing, or when their file cannot be used, which was reported.
pub(super) fn from(input: &Input<'_>) -> Option<SigningFrom> {
    let document = input.document;
    let written = document.server.signing.as_ref();
    if written.is_none() && !document.agents.iter().any(|agent| signs(agent)) {
        return None;
    }
    let signing = written.cloned().unwrap_or_default();
    if let (Some(path), Some(at)) = (&signing.key_file, &document.server_at) {
        let file = Mention::new(&at.source, path);
        return match KeyRing::of_file(input.file(file)?) {
            Ok(ring) => Some(SigningFrom::File(Arc::new(ring))),
            Err(error) => {
                input.bad_file(file, &error.to_string(), "`portcullis jwks new` prints a set with a new key");
                None
            }
        };
    }
    Some(SigningFrom::Own(Schedule { rotate: signing.rotate, publish_before: signing.publish_before }))
}

/// Reports an agent whose card cannot be signed so that clients can verify it.
pub(super) fn check(input: &Input<'_>, agent: &AgentEntry, has_base: bool) {
    let Some(signatures) = agent.a2a.as_ref().map(|a2a| &a2a.signatures) else { return };
    if !signs(agent) {
        return;
    }
    let report = input.report(&agent.source);
    if !has_base {
        let message = "a signature is over the URLs in the card, and no setting says under which URL the agent is reached";
        let help =
            "set `public_url` for the agent, or for the server where the agent has at most one exact host";
        report.say(Code::SigningUrl, signatures.place, message, help);
    }
    let server = &input.document.server;
    let is_kept = server.state_dir.is_some() || server.signing.as_ref().is_some_and(|s| s.key_file.is_some());
    if !is_kept {
        let message =
            "the key that signs this card ends with the process, and what it signed verifies no more";
        report.say(
            Code::SigningKeyLost,
            signatures.place,
            message,
            "set `server.state_dir` or `server.signing.key_file`",
        );
    }
}

/// Whether the gateway signs the card of this agent.
pub(super) fn signs(agent: &AgentEntry) -> bool {
    agent.a2a.as_ref().is_some_and(|a2a| a2a.signatures.value == Signatures::Resign)
}
