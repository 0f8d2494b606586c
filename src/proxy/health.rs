//! Health checks of balancers on the listeners of callers, before any route: 200, or 503 once the gateway is going away.

use http::{HeaderValue, Method};
use pingora::http::RequestHeader;
use pingora::proxy::Session;

use crate::gate::Verdict;

use super::answer::{self, Problem};
use super::context::Context;
use super::gateway::Gateway;

/// Whether a request is for the path of health checks, whatever its query says. The host is of no interest: checks
/// come by address.
pub(super) fn asks(request: &RequestHeader, path: &str) -> bool {
    let rest = request.raw_path().strip_prefix(path.as_bytes());
    rest.is_some_and(|rest| rest.first().is_none_or(|b| *b == b'?'))
}

impl Gateway {
    /// Answers a health check.
    pub(super) async fn tell_health(
        &self,
        session: &mut Session,
        ctx: &mut Context,
    ) -> pingora::Result<bool> {
        let method = &session.req_header().method;
        if !matches!(*method, Method::GET | Method::HEAD) {
            let allow = HeaderValue::from_static("GET, HEAD");
            return Problem::method(allow).refuse(session, ctx).await;
        }
        ctx.verdict = Verdict::unasked();
        let drain = &self.parts.drain;
        // Of a process that has handed its listeners over, only kept connections ask; the place is well.
        let answer = match drain.is_leaving() && !drain.is_handed_over() {
            true => (503, "draining\n"),
            false => (200, "ok\n"),
        };
        answer::health(session, ctx, answer).await
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
