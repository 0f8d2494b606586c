//! Health checks of load balancers on gateway listeners, before any route: 200, or 503 once the gateway is to stop.

use http::{HeaderValue, Method};
use pingora::http::RequestHeader;

use super::answer::{Health, Own, Problem};
use super::service::Gateway;

/// Whether a request is for the path of health checks, with any query and any host: load balancers send checks to an
/// address.
pub(super) fn asks(request: &RequestHeader, path: &str) -> bool {
    let rest = request.raw_path().strip_prefix(path.as_bytes());
    rest.is_some_and(|rest| rest.first().is_none_or(|b| *b == b'?'))
}

impl Gateway {
    /// The response to a health check.
    pub(super) fn health(&self, method: &Method) -> Own {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return Problem::method(HeaderValue::from_static("GET, HEAD")).into();
        }
        let drain = &self.parts.drain;
        // After a hand-over only kept connections still reach this process, and its successor serves the address.
        let is_draining = drain.is_leaving() && !drain.is_handed_over();
        Own::Health(if is_draining { Health::Draining } else { Health::Ok })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_asks_for_the_path_itself() {
        for (target, wanted) in [
            ("/healthz", true),
            ("/healthz?from=balancer", true),
            ("/healthz/", false),
            ("/healthzz", false),
            ("/health", false),
            ("/a/healthz", false),
        ] {
            let request = RequestHeader::build("GET", target.as_bytes(), None).unwrap();
            assert_eq!(asks(&request, "/healthz"), wanted, "{target}");
        }
    }
}
