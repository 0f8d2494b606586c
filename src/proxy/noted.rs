//! Notes decisions and failures for operators who ask later: a decision with the grounds of a refusal, and a request that
//! ended without a response of its agent. An allowed request allocates nothing.

use std::borrow::Cow;
use std::sync::Arc;

use pingora::Error;
use pingora::http::RequestHeader;

use crate::authz::Check;
use crate::config::ClientCertificateHeader;
use crate::model::{Decision, FailedCheck, Grounds, Refusal};
use crate::protocol::BadCertificate;
use crate::telemetry::{Decisions, PathText, RequestRecord, UpstreamError};

use super::cause;
use super::context::Context;
use super::view::{path_of, sent_host};

/// Notes the decision about a request to an agent.
pub(super) fn decision(decisions: &Decisions, request: &RequestHeader, ctx: &mut Context) {
    let grounds = ctx.grounds.take();
    let status = match ctx.verdict.decision {
        Decision::Allow => {
            if decisions.lists_allowed() {
                decisions.note(record(request, ctx, PathText::brief));
            }
            return;
        }
        Decision::ShadowDeny => None,
        Decision::Deny | Decision::Error => Some(ctx.verdict.reason.status()),
    };
    decisions.note_refused(RequestRecord { status, grounds, ..record(request, ctx, PathText::whole) });
}

/// Notes a request that reaches no agent, in the form of a failed check.
pub(super) fn no_route(decisions: &Decisions, request: &RequestHeader, ctx: &Context, refusal: Refusal) {
    let record = record(request, ctx, PathText::whole);
    let host = sent_host(request);
    let host =
        host.as_ref().map_or(Cow::Borrowed("no host"), |host| String::from_utf8_lossy(host.as_bytes()));
    let seen = format!("{host} {}", record.path.text());
    let failed = if refusal == Refusal::NotFound {
        let fix = "check host and path of the call, or add a route for them to an agent";
        FailedCheck::new("route", Some(&seen), "a host and a path that the route of an agent covers", fix)
    } else {
        let fix =
            "send one valid host, and a path without dot segments, `//`, encoded slashes or bad escapes";
        FailedCheck::new("target", Some(&seen), "a host and a path that can be read in one way only", fix)
    };
    let grounds = Some(Arc::new(Grounds { failed: Some(failed), said: None }));
    decisions.note_refused(RequestRecord { status: Some(refusal.status()), grounds, ..record });
}

/// Notes a request whose proxy names no client certificate that can be read.
pub(super) fn bad_certificate(
    decisions: &Decisions,
    request: &RequestHeader,
    ctx: &Context,
    (header, bad): (&ClientCertificateHeader, BadCertificate),
) {
    let refusal = Refusal::CertificateUnreadable;
    let wanted = BadCertificate::wanted(&header.name.value, header.format);
    let check = Check::ClientCertificate.as_str();
    let failed = FailedCheck::new(check, Some(&bad.to_string()), &wanted, BadCertificate::FIX);
    let grounds = Some(Arc::new(Grounds { failed: Some(failed), said: None }));
    let record = record(request, ctx, PathText::whole);
    decisions.note_refused(RequestRecord { status: Some(refusal.status()), grounds, ..record });
}

/// The failure of a request that its agent did not answer completely.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failure<'a> {
    /// The status that the client got.
    pub(super) status: u16,
    /// The cause.
    pub(super) cause: UpstreamError,
    /// Pingora's error, for its details.
    pub(super) error: Option<&'a Error>,
}

/// Notes that an admitted request has failed.
pub(super) fn failure(decisions: &Decisions, request: &RequestHeader, ctx: &Context, failure: Failure<'_>) {
    let detail = failure.error.map(cause::detail);
    let word = failure.cause.as_str();
    let seen = detail.map_or_else(|| word.to_owned(), |detail| format!("{word}: {detail}"));
    let wanted = match ctx.agent() {
        Some(agent) => {
            let member = ctx.admitted().and_then(|passage| passage.place.as_ref()?.member());
            let url = member.map_or_else(|| agent.upstream.url(), |member| member.url.to_string());
            format!("an answer from {url}")
        }
        None => "an answer".to_owned(),
    };
    let failed = FailedCheck::new("upstream", Some(&seen), &wanted, failure.cause.fix());
    decisions.note_refused(RequestRecord {
        status: Some(failure.status),
        upstream_error: Some(failure.cause),
        grounds: Some(Arc::new(Grounds { failed: Some(failed), said: None })),
        ..record(request, ctx, PathText::whole)
    });
}

fn record(request: &RequestHeader, ctx: &Context, path: fn(&str) -> PathText) -> RequestRecord {
    ctx.record(Some(request.method.clone()), path(&path_of(request, ctx)))
}
