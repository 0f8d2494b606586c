//! The keys with which the gateway signs, where it signs at all, and what it signs by.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::snapshot::Snapshot;
use super::input::{Input, Mention};
use crate::config::language::settings::agent::AgentEntry;
use crate::config::language::settings::store::Store;
use crate::config::text::code::Code;
use crate::config::text::source::Place;
use crate::model::{Live, SigningAlgorithm};
use crate::protocol::a2a::card::Signatures;
use crate::signing::{KeyPlan, KeyRing, Schedule, SigningFrom};

/// The cell of the keys that sign now: the one that the process has, or its first.
pub(super) fn cell(previous: Option<&Snapshot>) -> Arc<Live<KeyRing>> {
    previous.map_or_else(|| Arc::new(Live::new(KeyRing::default())), |previous| Arc::clone(&previous.signing))
}

/// Where the keys are from; nothing when the gateway signs nothing, or when their file cannot be used, which was reported.
pub(super) fn from(input: &Input<'_>) -> Option<SigningFrom> {
    let document = input.document;
    let written = document.server.signing.as_ref();
    let all = document.agents.iter().flat_map(|agent| signed_for(agent));
    let mut algorithms: BTreeSet<SigningAlgorithm> = all.map(|one| one.algorithm).collect();
    match (written, algorithms.is_empty()) {
        (None, true) => return None,
        // The keys are there before anything is signed with them.
        (Some(_), true) => algorithms = BTreeSet::from([SigningAlgorithm::Es256]),
        (_, false) => {}
    }
    let signing = written.cloned().unwrap_or_default();
    if let (Some(path), Some(at)) = (&signing.key_file, &document.server_at) {
        let file = Mention::new(&at.source, path);
        return match KeyRing::of_file(input.file(file)?) {
            Ok(ring) => {
                document.agents.iter().for_each(|agent| check_keys(input, agent, &ring, file));
                Some(SigningFrom::File(Arc::new(ring)))
            }
            Err(error) => {
                input.bad_file(file, &error.to_string(), "`portcullis jwks new` prints a set with a new key");
                None
            }
        };
    }
    let schedule = Schedule { rotate: signing.rotate, publish_before: signing.publish_before };
    Some(SigningFrom::Own(KeyPlan { schedule, algorithms }))
}

/// Reports what is to be signed for an agent and no key of the file can.
fn check_keys(input: &Input<'_>, agent: &AgentEntry, ring: &KeyRing, file: Mention<'_>) {
    let absent = signed_for(agent).filter(|one| ring.signer(one.algorithm).is_none());
    for Signed { what, algorithm, algorithm_place, .. } in absent {
        let message = format!("{} has no key for {algorithm}, so {what} cannot be signed", file.shown());
        let help = format!(
            "add a key of `portcullis jwks new --alg {algorithm}` to its list; the first of an algorithm signs"
        );
        input.report(&agent.source).say(Code::SigningKeyAbsent, algorithm_place, message, help);
    }
}

/// Reports what is signed for an agent with a key that others can verify nothing with, or not for long.
pub(super) fn check(input: &Input<'_>, agent: &AgentEntry) {
    let server = &input.document.server;
    if server.signing.as_ref().is_some_and(|signing| signing.key_file.is_some()) {
        return;
    }
    let is_shared = matches!(&input.document.store, Some((_, Store::Etcd(_))));
    let report = input.report(&agent.source);
    for Signed { place, what, .. } in signed_for(agent) {
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

/// Something that the gateway signs for an agent.
struct Signed {
    /// Where that is written.
    place: Place,
    /// What it is called.
    what: &'static str,
    algorithm: SigningAlgorithm,
    /// Where that is written, or what it is for.
    algorithm_place: Place,
}

/// What the gateway signs for this agent.
fn signed_for(agent: &AgentEntry) -> impl Iterator<Item = Signed> {
    let card =
        agent.a2a.as_ref().map(|a2a| &a2a.signatures).filter(|written| written.value == Signatures::Resign);
    let card = card.map(|written| Signed {
        place: written.place,
        what: "this card",
        algorithm: SigningAlgorithm::Es256,
        algorithm_place: written.place,
    });
    let assertion = agent.assertion.as_ref().map(|written| {
        let alg = &written.value.alg;
        let algorithm_place = if alg.place == Place::WHOLE { written.place } else { alg.place };
        Signed { place: written.place, what: "these assertions", algorithm: alg.value, algorithm_place }
    });
    card.into_iter().chain(assertion)
}
