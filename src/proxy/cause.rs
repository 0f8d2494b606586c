//! Why an agent gave no answer, in the words of operators: the word of the access log, what can be done, and what the system
//! said.

use std::io::ErrorKind;

use pingora::{Error, ErrorType};
use rustix::io::Errno;

use super::upstream_fault::UpstreamFault;

/// The word for an upstream failure, in the access log.
pub(super) fn word(error: &Error) -> &'static str {
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
