//! The keys with which the gateway signs, where it signs at all.

use std::sync::Arc;

use super::super::snapshot::Snapshot;
use super::input::{Input, Mention};
use crate::config::language::settings::agent::AgentEntry;
use crate::config::language::settings::store::Store;
use crate::config::text::code::Code;
use crate::config::text::source::Place;
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
    if written.is_none() && !document.agents.iter().any(|agent| signs_for(agent).next().is_some()) {
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

/// Reports what is signed for an agent with a key that others can verify nothing with, or not for long.
pub(super) fn check(input: &Input<'_>, agent: &AgentEntry) {
    let server = &input.document.server;
    if server.signing.as_ref().is_some_and(|signing| signing.key_file.is_some()) {
        return;
    }
    let is_shared = matches!(&input.document.store, Some((_, Store::Etcd(_))));
    let report = input.report(&agent.source);
    for (place, what) in signs_for(agent) {
        if server.state_dir.is_none() {
            let message = format!(
                "the key that signs {what} ends with the process, and what it signed verifies no more"
            );
            let help = "set `server.state_dir` or `server.signing.key_file`";
            report.say(Code::SigningKeyLost, place, message, help);
        }
        if is_shared {
            let message = format!(
                "each member of the fleet signs {what} with a key of its own, and publishes no other: whoever asks \
                 another member for keys verifies nothing"
            );
            let help =
                "set `server.signing.key_file`, the same at all members; `portcullis jwks new` prints one";
            report.say(Code::SigningKeyApart, place, message, help);
        }
    }
}

/// Reports a card that cannot be signed so that clients can verify it.
pub(super) fn check_card(input: &Input<'_>, agent: &AgentEntry, has_base: bool) {
    let Some(signatures) = agent.a2a.as_ref().map(|a2a| &a2a.signatures) else { return };
    if signatures.value == Signatures::Resign && !has_base {
        let report = input.report(&agent.source);
        let message = "a signature is over the URLs in the card, and no setting says under which URL the agent is reached";
        let help =
            "set `public_url` for the agent, or for the server where the agent has at most one exact host";
        report.say(Code::SigningUrl, signatures.place, message, help);
    }
}

/// What the gateway signs for this agent, where that is written, and what it is called.
fn signs_for(agent: &AgentEntry) -> impl Iterator<Item = (Place, &'static str)> {
    let card =
        agent.a2a.as_ref().map(|a2a| &a2a.signatures).filter(|written| written.value == Signatures::Resign);
    let card = card.map(|written| (written.place, "this card"));
    card.into_iter().chain(agent.assertion.as_ref().map(|written| (written.place, "these assertions")))
}
