//! What a process must have in common with the other members of its fleet, and what it needs of its own: the key that seals
//! sessions, and a folder for what ran last.

use super::input::{Input, Mention};
use crate::authn::{ProcessSessionKeys, SessionKeys};
use crate::config::language::settings::store::Store;
use crate::config::text::code::Code;

/// Settles the keys of the process, where a file holds them, and reports what is wrong or lacks.
pub(super) fn check(input: &Input<'_>, process: &ProcessSessionKeys) {
    settle(input, process);
    warn(input);
}

fn settle(input: &Input<'_>, process: &ProcessSessionKeys) {
    let document = input.document;
    let (Some(path), Some(at)) = (&document.server.sealing_key_file, &document.server_at) else { return };
    let file = Mention::new(&at.source, path);
    let Some(bytes) = input.file(file) else { return };
    let keys = match SessionKeys::parse_shared(bytes) {
        Ok(keys) => keys,
        Err(bad) => {
            let help =
                "make one with `openssl rand -out FILE 32`, and give all members of the fleet the same";
            return input.bad_file(file, &bad.to_string(), help);
        }
    };
    let is_same_file = input
        .previous
        .is_none_or(|now| now.server.sealing_key_file.as_ref().map(|f| &f.value) == Some(&path.value));
    if !process.settle(keys) && is_same_file {
        let message =
            format!("{} holds another key than at the start: takes effect on restart", file.shown());
        let help = "restart the members one by one; docs/FLEET.md says in which order a key is replaced";
        input.report(&at.source).say(Code::RestartNeeded, path.place, message, help);
    }
}

/// Warns of what a member of a fleet lacks.
fn warn(input: &Input<'_>) {
    let Some((at, Store::Etcd(_))) = &input.document.store else { return };
    let (server, report) = (&input.document.server, input.report(&at.source));
    if server.sealing_key_file.is_none() {
        let message = "members of a fleet share this store, and each seals sessions with a key of its own: a session of MCP \
            ends when another member is reached";
        report.say(
            Code::SealingKeyMissing,
            at.place,
            message,
            "set `server.sealing_key_file`, the same at all members",
        );
    }
    if server.state_dir.is_none() {
        let message = "nothing is kept of this store: a start while it is away has nothing to run";
        report.say(Code::SnapshotMissing, at.place, message, "set `server.state_dir`");
    }
}
