//! The upstream of an admitted request, as Pingora's peer.

use std::sync::Arc;
use std::time::Duration;

use pingora::protocols::ALPN;
use pingora::protocols::tls::CaType;
use pingora::upstreams::peer::{HttpPeer, HttpUpstreamRequestPolicy, Peer as _};
use pingora::utils::tls::{WrappedX509, parse_x509};
use pingora::{Error, ErrorType};

use crate::door::KEEPALIVE;
use crate::telemetry::UpstreamError;

use super::passage::{Attempt, Passage};
use super::tunnel::Tunnel;

/// How long an agent may read nothing of a piece of a body, which is at most 64 KiB. An agent may read slowly while it
/// works; one that reads nothing for five minutes hangs.
const STUCK: Duration = Duration::from_secs(300);
/// The most addresses that one request tries: with the default `connect_timeout` of 5 s, four of them take 20 s, and a
/// client gives up soon after.
const MAX_ATTEMPTS: usize = 4;

/// The peer for the next attempt, with its timeouts and its trust.
pub(super) fn choose(passage: &mut Passage) -> pingora::Result<Box<HttpPeer>> {
    let is_websocket = passage.is_websocket();
    let (upstream, attempts) = (&passage.permit.agent().upstream, &mut passage.attempts);
    attempts.begin(|| upstream.endpoint.turn());
    let address = upstream.endpoint.address(attempts.turn, attempts.failed);
    attempts.last = Attempt { address, tunnel: None };
    let server_name = upstream.tls.as_ref().map(|tls| tls.server_name.clone());
    let mut peer = match (&upstream.endpoint.socket, address) {
        (Some(path), _) => HttpPeer::new_uds(path, false, String::new()).map_err(Error::into_up)?,
        (None, Some(address)) => {
            HttpPeer::new(address, server_name.is_some(), server_name.unwrap_or_default())
        }
        (None, None) => {
            passage.failure = Some(UpstreamError::NameNotResolved);
            let what = "the upstream's name has no address";
            return Err(Error::explain(ErrorType::ConnectNoRoute, what).into_up());
        }
    };
    // A connection that was verified against one set of authorities is never reused for another.
    peer.group_key = upstream.tls.as_ref().and_then(|t| t.trust.as_ref()).map_or(0, |t| t.fingerprint);
    let options = &mut peer.options;
    options.connection_timeout = Some(upstream.connect_timeout);
    options.total_connection_timeout = Some(upstream.connect_timeout);
    // `patience` limits the wait for the response.
    options.read_timeout = None;
    options.write_timeout = Some(STUCK);
    options.idle_timeout = Some(upstream.endpoint.rest().min(upstream.idle_timeout));
    options.tcp_keepalive = Some(KEEPALIVE);
    options.http_upstream_request_policy = if is_websocket {
        HttpUpstreamRequestPolicy::standard()
    } else {
        HttpUpstreamRequestPolicy::deny_upgrades()
    };
    if let Some(tls) = &upstream.tls {
        options.alpn = if is_websocket { ALPN::H1 } else { ALPN::H2H1 };
        options.verify_cert = true;
        options.verify_hostname = true;
        options.ca = tls.trust.as_ref().map(|trust| trust.prepared(authorities));
    }
    attempts.last.tunnel = is_websocket.then(|| Tunnel::prepare(&mut peer));
    debug_assert!(peer.sni().is_empty() == upstream.tls.is_none(), "an empty name would turn checks off");
    Ok(Box::new(peer))
}

/// Notes a failed connection; returns whether another address is tried.
pub(super) fn takes_next_address(passage: &mut Passage) -> bool {
    passage.attempts.failed += 1;
    passage.attempts.failed < passage.agent().upstream.endpoint.len().min(MAX_ATTEMPTS)
}

fn authorities(certificates: &[Vec<u8>]) -> Arc<CaType> {
    certificates.iter().map(|der| WrappedX509::new(der.clone(), parse_x509)).collect::<Vec<_>>().into()
}
