//! How many connections, and how many requests, the system's limit of open files allows.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Limits;

/// Descriptors that are for everything but callers' connections and the upstream's side of each: listeners, files,
/// key fetches, the control API, connections that are being turned away.
const SPARE: u64 = 128;

/// Below this not even an idle gateway has what it needs.
const LEAST: u64 = 64;

/// What the descriptors are enough for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    /// Callers' connections.
    pub(super) connections: usize,
    /// Requests under way: each takes a connection to its agent, and HTTP/2 brings many on one of a caller's.
    pub(super) requests: usize,
}

/// The room for the `wanted` connections. Raises the soft limit of open files to the hard one; when that is not
/// enough, there are fewer, and the log says so.
///
/// # Errors
/// When there is next to no room.
pub(super) fn room(wanted: usize) -> Result<Room, String> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })
    {
        tracing::warn!(%error, "the limit of open files cannot be raised");
        return told(wanted, limit.current);
    }
    told(wanted, limit.maximum.or(limit.current))
}

fn told(wanted: usize, descriptors: Option<u64>) -> Result<Room, String> {
    if let Some(few) = descriptors.filter(|limit| *limit < LEAST) {
        return Err(format!(
            "the limit of open files is {few} (ulimit -n, LimitNOFILE); {LEAST} is the least"
        ));
    }
    let allowed = allowed(descriptors);
    // Nobody asked for the default.
    if allowed < wanted && wanted == Limits::default().connections {
        tracing::info!(allowed, "the limit of open files allows fewer connections than `limits.connections`");
    } else if allowed < wanted {
        tracing::warn!(
            wanted,
            allowed,
            "fewer connections than `limits.connections` are served: the limit of open files (ulimit -n, LimitNOFILE) \
             has three descriptors for each and {SPARE} more"
        );
    }
    Ok(Room { connections: wanted.min(allowed), requests: allowed })
}

/// A connection takes three descriptors: the caller's, the upstream's, and one that rests in the pool of upstreams.
fn allowed(descriptors: Option<u64>) -> usize {
    let Some(descriptors) = descriptors else { return usize::MAX };
    usize::try_from(descriptors.saturating_sub(SPARE) / 3).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_takes_three_descriptors_and_some_are_spare() {
        for (descriptors, wanted) in [(Some(1024), 298), (Some(512), 128), (Some(64), 1), (None, usize::MAX)]
        {
            assert_eq!(allowed(descriptors), wanted, "{descriptors:?}");
        }
    }

    #[test]
    fn requests_are_limited_by_descriptors_alone_and_next_to_none_is_an_error() {
        assert_eq!(told(100, Some(1024)), Ok(Room { connections: 100, requests: 298 }));
        assert_eq!(told(1000, Some(1024)), Ok(Room { connections: 298, requests: 298 }));
        assert!(told(1, Some(63)).is_err_and(|why| why.contains("63")));
    }
}
