//! What the doors of all shards share: limits, listeners of each kind, slots, and what is in flight.

use std::net::SocketAddr;
use std::time::Duration;

use super::drain::Drain;
use super::http1::head::HeadLimits;
use super::prior_knowledge::PriorKnowledge;
use super::relays::Relays;
use super::slots::Crowd;
use super::tls::{TlsDoor, TlsListener, UnknownListener};

/// What a door is made of. The doors of all shards share it.
#[derive(Debug, Clone)]
pub struct FrontParts {
    /// The limits of a request head.
    pub head: HeadLimits,
    /// How long a caller may take nothing of what it is sent.
    pub write_timeout: Duration,
    /// The connections.
    pub crowd: Crowd,
    /// The listeners that serve TLS.
    pub tls: TlsDoor,
    /// The listeners at which proxies say for whom they connect.
    pub relays: Relays,
    /// The listeners at which clients may speak HTTP/2 in plain text.
    pub prior_knowledge: PriorKnowledge,
    /// What is in flight.
    pub drain: Drain,
}

impl FrontParts {
    /// What connections to the address `local` are: how they shake hands, whether they begin with the PROXY protocol, and whether
    /// they may be ones of HTTP/2 in plain text.
    pub(super) fn kind_at(
        &self,
        local: Option<SocketAddr>,
    ) -> Result<(Option<&TlsListener>, bool, bool), UnknownListener> {
        Ok((self.tls.at(local)?, self.relays.speak_at(local)?, self.prior_knowledge.may_be_at(local)?))
    }
}
