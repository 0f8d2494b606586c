//! The cause of an upstream failure, as far as Pingora's error tells. `upstream_fault` has those of TLS handshakes.

use std::io::ErrorKind;

use pingora::{Error, ErrorType};
use rustix::io::Errno;

use crate::door::Over;
use crate::telemetry::UpstreamError;

use super::lists::UNREADABLE;
use super::place::{DRAINING, FULL};
use super::session_answer::BAD_SESSION_ID;
use super::upstream_fault::UpstreamFault;
use super::upstream_refusal::UNAUTHORIZED;

/// The cause when the agent's time is over.
pub(super) const fn of_silence(over: Over) -> UpstreamError {
    match over {
        Over::NoHead => UpstreamError::ReadTimeout,
        Over::Silent => UpstreamError::StreamIdle,
    }
}

/// The cause of a failed exchange with an upstream.
pub(super) fn of(error: &Error) -> UpstreamError {
    match io_kind(error) {
        // Only the path of a unix socket can be absent.
        Some(ErrorKind::NotFound) => return UpstreamError::SocketNotFound,
        Some(ErrorKind::PermissionDenied) => return UpstreamError::ConnectDenied,
        _ => {}
    }
    match error.etype() {
        ErrorType::ConnectRefused => UpstreamError::ConnectRefused,
        ErrorType::ConnectTimedout => UpstreamError::ConnectTimeout,
        ErrorType::ConnectNoRoute => UpstreamError::NoRouteToHost,
        ErrorType::TLSHandshakeFailure => UpstreamFault::of(&error.to_string()).cause(),
        ErrorType::TLSHandshakeTimedout => UpstreamError::TlsHandshakeTimeout,
        ErrorType::InvalidCert => UpstreamError::TlsCertificateInvalid,
        ErrorType::ConnectError | ErrorType::ConnectProxyFailure => UpstreamError::ConnectFailed,
        ErrorType::ReadTimedout => UpstreamError::ReadTimeout,
        ErrorType::WriteTimedout => UpstreamError::WriteTimeout,
        ErrorType::ReadError | ErrorType::WriteError => UpstreamError::ConnectionLost,
        ErrorType::ConnectionClosed => UpstreamError::ConnectionClosed,
        ErrorType::InvalidHTTPHeader | ErrorType::H1Error => UpstreamError::InvalidResponse,
        ErrorType::H2Error | ErrorType::InvalidH2 | ErrorType::H2Downgrade => UpstreamError::Http2Error,
        etype if *etype == FULL => UpstreamError::TooManyInFlight,
        etype if *etype == DRAINING => UpstreamError::Draining,
        etype if *etype == UNREADABLE => UpstreamError::ListUnreadable,
        etype if *etype == UNAUTHORIZED => UpstreamError::UpstreamUnauthorized,
        etype if *etype == BAD_SESSION_ID => UpstreamError::SessionIdInvalid,
        _ => UpstreamError::Failed,
    }
}

fn io_kind(error: &Error) -> Option<ErrorKind> {
    error.root_cause().downcast_ref::<std::io::Error>().map(std::io::Error::kind)
}

/// Whether the process, or the whole machine, had no file descriptor left for the connection.
pub(super) fn lacks_descriptors(error: &Error) -> bool {
    let (process, machine) = (Errno::MFILE.raw_os_error(), Errno::NFILE.raw_os_error());
    let cause = error.root_cause().downcast_ref::<std::io::Error>().and_then(std::io::Error::raw_os_error);
    cause.is_some_and(|number| number == process || number == machine)
}

/// The details of the system or of the TLS library on a connection that failed. Other failures get none: theirs may quote
/// bytes that the upstream sent.
pub(super) fn detail(error: &Error) -> String {
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
