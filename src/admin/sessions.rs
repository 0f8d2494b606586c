//! Sessions of the console, in memory. They are keyed by the digest of their id; a restart ends them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::model::{Clock, Digest, Instant, Secret};

use super::random::{self, NoRandomness};

/// How long a session lasts: a working day, so that an operator logs in once a day.
pub(super) const LIFETIME: Duration = Duration::from_secs(12 * 3600);
/// Open sessions at most; one more ends the oldest. Far more than a team of operators needs, at 48 bytes each.
const MOST: usize = 1000;

/// All open sessions, oldest first.
pub(super) struct Sessions {
    clock: Arc<dyn Clock>,
    open: Mutex<Vec<Session>>,
}

/// One session. Only the browser holds its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Session {
    digest: Digest,
    pub(super) expires: Instant,
}

impl Session {
    /// Tells sessions apart in the audit log: six digits of the digest, from which the id cannot be derived.
    pub(super) fn label(&self) -> String {
        self.digest.to_hex().chars().take(6).collect()
    }
}

impl Sessions {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, open: Mutex::default() }
    }

    /// Opens a session and returns its id, which is not kept.
    pub(super) fn open(&self) -> Result<Secret, NoRandomness> {
        let id = Secret::new(random::text()?);
        let digest = Digest::of(id.expose_secret().as_bytes());
        let session = Session { digest, expires: self.clock.now().plus(LIFETIME) };
        self.with(|open| {
            if open.len() >= MOST {
                open.remove(0);
            }
            open.push(session);
        });
        Ok(id)
    }

    /// The open session with that id.
    pub(super) fn find(&self, id: &str) -> Option<Session> {
        let digest = Digest::of(id.as_bytes());
        self.with(|open| open.iter().find(|session| session.digest == digest).copied())
    }

    /// Whether a session is still open.
    pub(super) fn holds(&self, session: &Session) -> bool {
        self.with(|open| open.iter().any(|other| other.digest == session.digest))
    }

    /// Ends a session.
    pub(super) fn close(&self, session: &Session) {
        self.with(|open| open.retain(|other| other.digest != session.digest));
    }

    fn with<R>(&self, work: impl FnOnce(&mut Vec<Session>) -> R) -> R {
        let now = self.clock.now();
        // A poisoned lock is safe to use: none of the closures above can leave the list half changed.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|session| now < session.expires);
        work(&mut open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FixedClock;

    fn sessions() -> (Sessions, Arc<FixedClock>) {
        let clock = Arc::new(FixedClock::at(Instant::from_unix(1_000)));
        (Sessions::new(Arc::clone(&clock) as Arc<dyn Clock>), clock)
    }

    #[test]
    fn a_session_lasts_twelve_hours_and_no_second_longer() {
        let (sessions, clock) = sessions();
        let id = sessions.open().unwrap();
        clock.advance(LIFETIME - Duration::from_secs(1));
        let found = sessions.find(id.expose_secret()).unwrap();
        assert_eq!(found.expires, Instant::from_unix(1_000 + 12 * 3600));
        clock.advance(Duration::from_secs(1));
        assert_eq!(sessions.find(id.expose_secret()), None);
        assert!(!sessions.holds(&found));
    }

    #[test]
    fn closing_a_session_leaves_the_others_open() {
        let (sessions, _) = sessions();
        let (a, b) = (sessions.open().unwrap(), sessions.open().unwrap());
        let found = sessions.find(a.expose_secret()).unwrap();
        sessions.close(&found);
        assert!(!sessions.holds(&found));
        assert_eq!(sessions.find(a.expose_secret()), None);
        assert!(sessions.find(b.expose_secret()).is_some());
        assert_eq!(sessions.find(""), None);
    }

    #[test]
    fn the_thousand_and_first_session_ends_the_oldest() {
        let (sessions, _) = sessions();
        let ids: Vec<Secret> = (0..=MOST).map(|_| sessions.open().unwrap()).collect();
        assert_eq!(sessions.find(ids[0].expose_secret()), None);
        assert!(sessions.find(ids[1].expose_secret()).is_some());
        assert!(sessions.find(ids[MOST].expose_secret()).is_some());
        let labels: std::collections::HashSet<String> =
            ids[1..9].iter().map(|id| sessions.find(id.expose_secret()).unwrap().label()).collect();
        assert_eq!(labels.len(), 8);
    }
}
