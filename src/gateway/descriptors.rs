//! How many connections the system's limit of open files allows.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Limits;

/// Descriptors that are for everything but callers' connections and the upstream's side of each: listeners, files,
/// key fetches, the control API, connections that are being turned away.
const SPARE: u64 = 128;

/// How many of the `wanted` connections there may be. Raises the soft limit of open files to the hard one; when that
/// is not enough, there are fewer, and the log says so.
pub(super) fn connections(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let allowed = allowed(limit.maximum.or(limit.current));
    if limit.current != limit.maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })
    {
        tracing::warn!(%error, "the limit of open files cannot be raised");
        return told(wanted, self::allowed(limit.current));
    }
    told(wanted, allowed)
}

fn told(wanted: usize, allowed: usize) -> usize {
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
    wanted.min(allowed)
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
}
