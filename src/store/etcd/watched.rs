//! What a message of a watch means: events to be taken, or the end of the watch and its cause.

use etcd_client::{Error, WatchResponse};

use super::fault::Fault;
use crate::store::WatchRestart;

/// Why a session with etcd ended.
pub(super) enum Ended {
    /// A call failed.
    Fault(Fault),
    /// The watch is of no use any more.
    Watch(WatchRestart),
}

impl From<Fault> for Ended {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// The events that a watch tells of, over a connection with this endpoint.
pub(super) fn events(
    message: Result<Option<WatchResponse>, Error>,
    endpoint: &str,
) -> Result<WatchResponse, Ended> {
    let message = match message {
        Ok(Some(message)) => message,
        Ok(None) => return Err(Ended::Watch(WatchRestart::Closed)),
        Err(error) => return Err(Ended::Watch(cause(&Fault::of(&error, endpoint)))),
    };
    if message.compact_revision() > 0 {
        return Err(Ended::Watch(WatchRestart::Compacted));
    }
    if message.canceled() {
        let why = message.cancel_reason();
        let is_about_rights = why.contains("permission") || why.contains("auth");
        return Err(Ended::Watch(if is_about_rights { WatchRestart::Auth } else { WatchRestart::Closed }));
    }
    Ok(message)
}

/// etcd's revision of the newest of these events; 0 without any.
pub(super) fn newest(message: &WatchResponse) -> i64 {
    let changed = message.events().iter().filter_map(|event| event.kv()).map(|kv| kv.mod_revision());
    changed.max().unwrap_or_default()
}

fn cause(fault: &Fault) -> WatchRestart {
    match fault {
        Fault::NoLeader(_) => WatchRestart::NoLeader,
        Fault::Unauthenticated(_) | Fault::Denied(_) => WatchRestart::Auth,
        Fault::Compacted(_) => WatchRestart::Compacted,
        Fault::Unreachable { .. }
        | Fault::TimedOut(_)
        | Fault::OwnFile(_)
        | Fault::NoSpace
        | Fault::TooLarge(_)
        | Fault::Other(_) => WatchRestart::Closed,
    }
}
