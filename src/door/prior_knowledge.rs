//! The listeners at which clients may speak HTTP/2 in plain text, with prior knowledge (RFC 9113 section 3.3).

use std::net::SocketAddr;
use std::sync::Arc;

use super::tls::{UnknownListener, is_of};

/// Those listeners. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct PriorKnowledge(Arc<[SocketAddr]>);

impl PriorKnowledge {
    /// These listeners.
    #[must_use]
    pub fn new(listeners: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self(listeners.into_iter().collect())
    }

    /// Whether a connection to the address `local` may be one of HTTP/2 in plain text.
    pub(crate) fn may_be_at(&self, local: Option<SocketAddr>) -> Result<bool, UnknownListener> {
        if self.0.is_empty() {
            return Ok(false);
        }
        let local = local.ok_or(UnknownListener)?;
        Ok(self.0.iter().any(|listener| is_of(*listener, local)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_listeners_speak_it() {
        let listeners = PriorKnowledge::new(["0.0.0.0:8080".parse().unwrap()]);
        for (local, wanted) in [("10.0.0.1:8080", true), ("10.0.0.1:8081", false)] {
            assert_eq!(listeners.may_be_at(Some(local.parse().unwrap())).unwrap(), wanted, "{local}");
        }
        assert!(listeners.may_be_at(None).is_err(), "it is never guessed");
        assert!(!PriorKnowledge::default().may_be_at(None).unwrap());
    }
}
