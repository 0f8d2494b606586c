//! Who asks: by the token or by a session, and from which address. Put into a request by the guard.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::http::Extensions;

use super::sessions::Session;

/// The address at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

/// Somebody whose credential was checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller {
    /// The session; absent for the token itself.
    pub(super) session: Option<Session>,
    address: IpAddr,
}

impl Caller {
    pub(super) fn new(session: Option<Session>, extensions: &Extensions) -> Self {
        let address = extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        Self { session, address: address.to_canonical() }
    }

    /// The caller as the audit log and the history name it. Holds nothing that the caller could choose.
    pub(super) fn who(&self) -> String {
        match &self.session {
            Some(session) => format!("session {} from {}", session.label(), self.address),
            None => format!("token from {}", self.address),
        }
    }
}
