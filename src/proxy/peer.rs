//! The upstream of an admitted request, as Pingora's peer.

use std::sync::Arc;
use std::time::Duration;

use pingora::protocols::ALPN;
use pingora::protocols::tls::CaType;
use pingora::upstreams::peer::{HttpPeer, HttpUpstreamRequestPolicy, Peer as _};
use pingora::utils::tls::{CertKey, WrappedX509, parse_x509};
use pingora::{Error, ErrorType};

use crate::door::KEEPALIVE;
use crate::model::Instant;
use crate::telemetry::UpstreamError;
use crate::upstream::{Member, Upstream, UpstreamProtocol};

use super::passage::{Attempt, Attempts, Passage};
use super::place::Place;
use super::tunnel::Tunnel;

/// How long an agent may read nothing of a piece of a body, which is at most 64 KiB. An agent may read slowly while it
/// works; one that reads nothing for five minutes hangs.
const STUCK: Duration = Duration::from_secs(300);
/// The most addresses that one request tries: with the default `connect_timeout` of 5 s, four of them take 20 s, and a
/// client gives up soon after.
const MAX_ATTEMPTS: usize = 4;
/// The most streams of one connection over HTTP/2, where the upstream does not want fewer: as many as servers commonly allow.
const STREAMS: usize = 100;
/// How much of a response over HTTP/2 may wait for its client: enough for an agent nearby, and the memory that a client takes
/// that does not read.
const STREAM_WINDOW: u32 = 1 << 20;
/// The same for all streams of a connection: what waits in some of them must not stop the others.
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * 100;

/// The peer for the next attempt, with its timeouts and its trust.
pub(super) fn choose(passage: &mut Passage, now: Instant) -> pingora::Result<Box<HttpPeer>> {
    let is_websocket = passage.is_websocket();
    let Passage { permit, attempts, place, session_place, failure, .. } = passage;
    let upstream = &permit.agent().upstream;
    let member = place.as_ref().and_then(Place::member);
    let endpoint = member.map_or(&upstream.endpoint, |member| &member.target.endpoint);
    begin(attempts, upstream, member, now);
    let own_address = member.and(session_place.as_ref()).and_then(|place| place.address);
    let address = own_address.or_else(|| endpoint.address(attempts.turn, attempts.failed));
    attempts.last = Attempt { address, tunnel: None };
    let own_name = member.and_then(|member| member.server_name.as_deref());
    let server_name = upstream.tls.as_ref().map(|tls| own_name.unwrap_or(&tls.server_name).to_owned());
    let mut peer = match (&endpoint.socket, address) {
        (Some(path), _) => HttpPeer::new_uds(path, false, String::new()).map_err(Error::into_up)?,
        (None, Some(address)) => {
            HttpPeer::new(address, server_name.is_some(), server_name.unwrap_or_default())
        }
        (None, None) => {
            *failure = Some(UpstreamError::NameNotResolved);
            let what = "the upstream's name has no address";
            return Err(Error::explain(ErrorType::ConnectNoRoute, what).into_up());
        }
    };
    // A connection that was verified against one set of authorities is never reused for another.
    peer.group_key = upstream.tls.as_ref().and_then(|t| t.trust.as_ref()).map_or(0, |t| t.fingerprint);
    if let Some(certificate) = upstream.tls.as_ref().and_then(|tls| tls.certificate.as_ref()) {
        // Pingora tells certificates apart by their serial numbers, which two of them may share.
        peer.group_key ^= certificate.fingerprint();
        peer.client_cert_key = Some(certificate.prepared(certified));
    }
    let options = &mut peer.options;
    options.connection_timeout = Some(upstream.connect_timeout);
    options.total_connection_timeout = Some(upstream.connect_timeout);
    // `patience` limits the wait for the response.
    options.read_timeout = None;
    options.write_timeout = Some(STUCK);
    options.idle_timeout = Some(endpoint.rest().min(upstream.idle_timeout));
    options.tcp_keepalive = Some(KEEPALIVE);
    options.http_upstream_request_policy = if is_websocket {
        HttpUpstreamRequestPolicy::standard()
    } else {
        HttpUpstreamRequestPolicy::deny_upgrades()
    };
    if !is_websocket && upstream.protocol.may_be_h2(upstream.tls.is_some()) {
        options.alpn = if upstream.protocol == UpstreamProtocol::Auto { ALPN::H2H1 } else { ALPN::H2 };
        options.max_h2_streams = STREAMS;
        options.h2_stream_window_size = Some(STREAM_WINDOW);
        options.h2_connection_window_size = Some(CONNECTION_WINDOW);
    }
    if let Some(tls) = &upstream.tls {
        options.verify_cert = true;
        options.verify_hostname = true;
        options.ca = tls.trust.as_ref().map(|trust| trust.prepared(authorities));
    }
    attempts.last.tunnel = is_websocket.then(|| Tunnel::prepare(&mut peer));
    debug_assert!(peer.sni().is_empty() == upstream.tls.is_none(), "an empty name would turn checks off");
    Ok(Box::new(peer))
}

/// Begins an attempt at the target, or at the endpoint of an agent that has none.
fn begin(attempts: &mut Attempts, upstream: &Upstream, member: Option<&Member>, now: Instant) {
    let tried = attempts.last.address;
    attempts.begin(|| match (member, &upstream.targets) {
        (Some(member), Some(targets)) => member.target.turn(now, tried, targets.spread.slow_start),
        (Some(_) | None, _) => upstream.endpoint.turn(now),
    });
}

/// Notes a failed connection; returns whether another address is tried.
pub(super) fn takes_next_address(passage: &mut Passage, now: Instant) -> bool {
    passage.attempts.failed += 1;
    if let Some(address) = passage.attempts.last.address {
        passage.endpoint().failed(address, now);
    }
    let has_own = passage.session_place.as_ref().is_some_and(|place| place.address.is_some());
    !has_own && passage.attempts.failed < passage.endpoint().len().min(MAX_ATTEMPTS)
}

fn certified(chain: &[Vec<u8>], key: &[u8]) -> Arc<CertKey> {
    Arc::new(CertKey::new(chain.to_vec(), key.to_vec()))
}

fn authorities(certificates: &[Vec<u8>]) -> Arc<CaType> {
    certificates.iter().map(|der| WrappedX509::new(der.clone(), parse_x509)).collect::<Vec<_>>().into()
}
