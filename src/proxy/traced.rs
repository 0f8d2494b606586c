//! What a request's spans say that only the request knows.

use std::time::Duration;

use http::HeaderMap;
use pingora::http::RequestHeader;

use crate::model::Call;
use crate::spans::{EndedSpan, McpCall, Tracer};
use crate::telemetry::{EndedRequest, Exemplar};

use super::context::Context;
use super::service::Gateway;

impl Gateway {
    /// Keeps the spans of a request, if they are to be kept, and its line of the access log, if the collector gets that. `request`
    /// is absent where its head could not be read.
    pub(super) fn trace_ended(
        &self,
        tracer: &Tracer,
        ctx: &Context,
        request: Option<&RequestHeader>,
        (status, took): (u16, Duration),
        ended: impl Fn() -> EndedRequest,
    ) {
        let attempts = ctx.admitted().map(|passage| &passage.attempts);
        let asked_after =
            attempts.and_then(|attempts| attempts.asked()).map(|at| at.duration_since(ctx.began));
        let answered = attempts.and_then(|attempts| attempts.took());
        let to_head = asked_after.zip(answered).map(|(asked, took)| asked + took);
        // What the gateway itself answered is answered when it ends.
        let to_head = to_head.unwrap_or(took);
        let span = || EndedSpan {
            request: ended(),
            route: ctx.agent().map(|agent| route(&agent.route.path)),
            https: ctx.https,
            revision: self.parts.snapshot.with(|snapshot| snapshot.revision.short().to_owned()),
            asked_after,
            resent: attempts.map_or(0, |attempts| u64::from(attempts.begun.saturating_sub(1))),
            mcp: request.filter(|_| tracer.names_mcp()).and_then(|request| mcp_call(&request.headers)),
        };
        tracer.log(ctx.trace.as_ref(), span);
        let Some(trace) = &ctx.trace else { return };
        if tracer.end(trace, (ctx.verdict.decision, status), to_head, ctx.now, span) {
            let metrics = ctx.agent().map_or(&self.no_agent, |agent| &agent.metrics);
            metrics.exemplify(&Exemplar { trace: trace.id(), took, at: ctx.now.plus(took) }, answered);
        }
    }
}

/// The path of a route, as it is written.
fn route(path: &str) -> String {
    if path.is_empty() { "/".to_owned() } else { path.to_owned() }
}

/// The operation that the fields of a request name (MCP 2026-07-28, "Standard Request Headers"), cut to the length of the
/// access log's.
fn mcp_call(headers: &HeaderMap) -> Option<McpCall> {
    let text = |name: &str| {
        let text = headers.get(name)?.to_str().ok()?;
        text.get(..text.floor_char_boundary(Call::LONGEST)).map(str::to_owned)
    };
    Some(McpCall { method: text("mcp-method")?, name: text("mcp-name") })
}
