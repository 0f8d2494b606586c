//! The upstream of a permitted request, as Pingora wants it.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use pingora::protocols::ALPN;
use pingora::protocols::tls::CaType;
use pingora::upstreams::peer::{HttpPeer, HttpUpstreamRequestPolicy, Peer as _};
use pingora::utils::tls::{WrappedX509, parse_x509};
use pingora::{Error, ErrorType};
use rustix::io::Errno;

use crate::door::KEEPALIVE;
use crate::gate::Permit;
use crate::model::Refusal;

use super::context::Context;
use super::tunnel::Tunnel;
use super::upstream_fault::UpstreamFault;

/// How long an agent may take none of a piece of a body, of at most 64 KiB: it may be slow, but not hang for ever.
const STUCK: Duration = Duration::from_secs(300);
/// The most addresses that one request tries.
const MAX_ATTEMPTS: usize = 4;

/// The address for this try, with its limits and its trust.
pub(super) fn choose(permit: &Permit, ctx: &mut Context) -> pingora::Result<Box<HttpPeer>> {
    let upstream = &permit.agent().upstream;
    if ctx.upstream_began.is_none() {
        ctx.turn = upstream.endpoint.turn();
        ctx.upstream_began = Some(std::time::Instant::now());
    }
    let server_name = upstream.tls.as_ref().map(|tls| tls.server_name.clone());
    ctx.upstream_address = upstream.endpoint.address(ctx.turn, ctx.attempt);
    let mut peer = match (&upstream.endpoint.socket, ctx.upstream_address) {
        (Some(path), _) => HttpPeer::new_uds(path, false, String::new()).map_err(Error::into_up)?,
        (None, Some(address)) => {
            HttpPeer::new(address, server_name.is_some(), server_name.unwrap_or_default())
        }
        (None, None) => {
            ctx.upstream_error = Some("name_not_resolved");
            let what = "the upstream's name has no address";
            return Err(Error::explain(ErrorType::ConnectNoRoute, what).into_up());
        }
    };
    // A connection that was checked against one set of authorities is never used for another.
    peer.group_key = upstream.tls.as_ref().and_then(|t| t.trust.as_ref()).map_or(0, |t| t.fingerprint);
    let options = &mut peer.options;
    options.connection_timeout = Some(upstream.connect_timeout);
    options.total_connection_timeout = Some(upstream.connect_timeout);
    // Who waits for the answer, and how long, is in `patience`.
    options.read_timeout = None;
    options.write_timeout = Some(STUCK);
    options.idle_timeout = Some(upstream.endpoint.rest().min(upstream.idle_timeout));
    options.tcp_keepalive = Some(KEEPALIVE);
    options.http_upstream_request_policy = if ctx.websocket {
        HttpUpstreamRequestPolicy::standard()
    } else {
        HttpUpstreamRequestPolicy::deny_upgrades()
    };
    if let Some(tls) = &upstream.tls {
        options.alpn = if ctx.websocket { ALPN::H1 } else { ALPN::H2H1 };
        options.verify_cert = true;
        options.verify_hostname = true;
        options.ca = tls.trust.as_ref().map(|trust| trust.prepared(authorities));
    }
    ctx.tunnel = ctx.websocket.then(|| Tunnel::prepare(&mut peer));
    debug_assert!(peer.sni().is_empty() == upstream.tls.is_none(), "an empty name would turn checks off");
    Ok(Box::new(peer))
}

/// Whether another address is left to try after a connection that did not come about.
pub(super) fn has_another_address(permit: &Permit, ctx: &Context) -> bool {
    ctx.attempt + 1 < permit.agent().upstream.endpoint.len().min(MAX_ATTEMPTS)
}

fn authorities(certificates: &[Vec<u8>]) -> Arc<CaType> {
    certificates.iter().map(|der| WrappedX509::new(der.clone(), parse_x509)).collect::<Vec<_>>().into()
}

/// Whether the upstream had sent a part of its answer when the connection failed. Pingora says so in words only.
pub(super) fn answer_has_begun(error: &Error) -> bool {
    let text = error.to_string();
    let mut counts = text.split("bytes already read: ").skip(1);
    counts.any(|count| !count.starts_with('0'))
}

/// The word for an upstream failure, in the access log.
pub(super) fn error_word(error: &Error) -> &'static str {
    match io_kind(error) {
        // Only a path can be absent.
        Some(ErrorKind::NotFound) => return "socket_not_found",
        Some(ErrorKind::PermissionDenied) => return "connect_denied",
        _ => {}
    }
    match error.etype() {
        ErrorType::ConnectRefused => "connect_refused",
        ErrorType::ConnectTimedout => "connect_timeout",
        ErrorType::ConnectNoRoute => "no_route_to_host",
        ErrorType::TLSHandshakeFailure => UpstreamFault::of(&error.to_string()).word(),
        ErrorType::TLSHandshakeTimedout => "tls_handshake_timeout",
        ErrorType::InvalidCert => "tls_certificate_invalid",
        ErrorType::ConnectError | ErrorType::ConnectProxyFailure => "connect_failed",
        ErrorType::ReadTimedout => "read_timeout",
        ErrorType::WriteTimedout => "write_timeout",
        ErrorType::ReadError | ErrorType::WriteError => "connection_lost",
        ErrorType::ConnectionClosed => "connection_closed",
        ErrorType::InvalidHTTPHeader | ErrorType::H1Error => "invalid_response",
        ErrorType::H2Error | ErrorType::InvalidH2 | ErrorType::H2Downgrade => "http2_error",
        _ => "failed",
    }
}

/// What an operator can do about a failure of that word.
pub(super) fn fix(word: &str) -> &'static str {
    match word {
        "socket_not_found" => "start the agent, or correct the path of the socket in `upstream`",
        "connect_denied" => "give this process the right to connect to the agent's socket",
        "connect_refused" => "nothing listens there: start the agent, or correct `upstream`",
        "connect_timeout" | "no_route_to_host" | "connect_failed" => {
            "the agent's host cannot be reached: check the network between, and `upstream`"
        }
        "name_not_resolved" => "check the host name in `upstream`, and the name servers of this machine",
        "tls_certificate_expired" => "renew the agent's certificate",
        "tls_certificate_not_yet_valid" => "compare the clocks of agent and gateway",
        "tls_name_mismatch" => "write a name into `upstream` that stands in the agent's certificate",
        "tls_unknown_issuer" => {
            "name the agent's authority in `ca_file` of `upstream`, or send the whole chain"
        }
        "not_tls" => "write `http://` into `upstream`, or the port that speaks TLS",
        "tls_certificate_invalid" | "tls_handshake_failed" | "tls_handshake_timeout" => {
            "check the agent's certificate, and what listens at that port"
        }
        "read_timeout" => "find out why the agent is slow, or raise `response_timeout` of `upstream`",
        "write_timeout" => "the agent does not take the request's body: find out why",
        "connection_lost" | "connection_closed" => {
            "the agent closed the connection before its answer was whole: look into its log"
        }
        "invalid_response" | "http2_error" => "the agent does not speak HTTP as it should: look into its log",
        "too_many_in_flight" => "the agent is slow, or `max_in_flight` of the agent is too low",
        "no_descriptors" => "raise the limit of open files of this process",
        _ => "look into the log of the agent and of this gateway at that moment",
    }
}

fn io_kind(error: &Error) -> Option<ErrorKind> {
    error.root_cause().downcast_ref::<std::io::Error>().map(std::io::Error::kind)
}

/// Whether it was this process, or the whole machine, that had no descriptor left for the connection.
pub(super) fn lacks_descriptors(error: &Error) -> bool {
    let (process, machine) = (Errno::MFILE.raw_os_error(), Errno::NFILE.raw_os_error());
    let cause = error.root_cause().downcast_ref::<std::io::Error>().and_then(std::io::Error::raw_os_error);
    cause.is_some_and(|number| number == process || number == machine)
}

/// What the system or the TLS library says of a connection that did not come about. Other failures keep their
/// details to themselves: those may quote what the upstream sent.
pub(super) fn error_detail(error: &Error) -> String {
    let mut text = error.etype().as_str().to_owned();
    match error.etype() {
        ErrorType::TLSHandshakeFailure => text = UpstreamFault::of(&error.to_string()).detail(),
        ErrorType::ConnectError
        | ErrorType::ConnectRefused
        | ErrorType::ConnectNoRoute
        | ErrorType::ConnectTimedout
        | ErrorType::TLSHandshakeTimedout
        | ErrorType::InvalidCert => {
            let context = error.context.as_ref().map(|context| context.as_str());
            let cause = error.cause.as_ref().map(ToString::to_string);
            for words in context.into_iter().chain(cause.as_deref()) {
                text = format!("{text}: {words}");
            }
        }
        _ => {}
    }
    text
}

/// How an upstream is told of that was too slow, and one that could not be reached or made no sense.
pub(super) const fn refusal(error: &ErrorType) -> Refusal {
    match error {
        ErrorType::ReadTimedout
        | ErrorType::WriteTimedout
        | ErrorType::ConnectTimedout
        | ErrorType::TLSHandshakeTimedout => Refusal::GatewayTimeout,
        _ => Refusal::BadGateway,
    }
}
