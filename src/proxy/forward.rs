//! The request as the agent receives it: strip, then set. Needs a permit.

use std::borrow::Cow;

use http::{HeaderName, HeaderValue, header};
use pingora::http::RequestHeader;

use crate::gate::Permit;
use crate::model::reduced_eq;

use super::context::Context;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// What we set ourselves: a client's header that reads the same to any server is removed first.
const OURS: [HeaderName; 4] = [FOR, PROTO, HOST, REQUEST_ID];

/// Rewrites `request`, which is a copy of the client's without hop-by-hop fields.
pub(super) fn rewrite(request: &mut RequestHeader, permit: &Permit, ctx: &Context) -> pingora::Result<()> {
    let agent = permit.agent();
    let forwarded = Forwarded::of(request, ctx);
    let strip: Vec<HeaderName> = request
        .headers
        .keys()
        .filter(|name| {
            agent.withholds(name) || is_ours(name) || *name == header::FORWARDED || is_disguised(name)
        })
        .cloned()
        .collect();
    let kept_forwarded = request.headers.get(header::FORWARDED).filter(|_| ctx.origin.trusted).cloned();
    for name in &strip {
        request.remove_header(name);
    }
    if let Some(value) = kept_forwarded {
        request.insert_header(header::FORWARDED, value)?;
    }
    join_cookies(request)?;
    write_length_plainly(request)?;
    // Answered by us, after the decision.
    request.remove_header(&header::EXPECT);
    forwarded.set(request)?;
    request.insert_header(REQUEST_ID, ctx.request_id.as_str())?;
    for (name, value) in permit.headers() {
        request.insert_header(name.clone(), value.clone())?;
    }
    request.set_raw_path(&target(permit, ctx))?;
    request.insert_header(header::HOST, agent.upstream.authority.clone())
}

/// One line of cookies: HTTP/2 may part them, HTTP/1.1 may not (RFC 9113 section 8.2.3).
fn join_cookies(request: &mut RequestHeader) -> pingora::Result<()> {
    let mut lines = request.headers.get_all(header::COOKIE).iter();
    if let (Some(first), Some(second)) = (lines.next(), lines.next()) {
        let all: Vec<&[u8]> = [first, second].into_iter().chain(lines).map(HeaderValue::as_bytes).collect();
        request.insert_header(header::COOKIE, all.join(&b"; "[..]))?;
    }
    Ok(())
}

/// What says where a message ends, whom it is for, and what becomes of the connection.
const STRUCTURE: [HeaderName; 5] =
    [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::HOST, header::CONNECTION, header::UPGRADE];

/// Whether a name is not one of those, and yet reads as one to a server that takes `_` for `-`.
fn is_disguised(name: &HeaderName) -> bool {
    STRUCTURE.iter().any(|real| real != name && reduced_eq(real.as_str(), name.as_str()))
}

/// Noughts before a length are octal for some.
fn write_length_plainly(request: &mut RequestHeader) -> pingora::Result<()> {
    let length = request.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    match length.and_then(|text| text.trim().parse::<u64>().ok().filter(|n| n.to_string() != text)) {
        Some(length) => request.insert_header(header::CONTENT_LENGTH, length.to_string()),
        None => Ok(()),
    }
}

fn is_ours(name: &HeaderName) -> bool {
    OURS.iter().any(|ours| reduced_eq(ours.as_str(), name.as_str()))
}

fn target(permit: &Permit, ctx: &Context) -> Vec<u8> {
    let agent = permit.agent();
    let path = agent.route.forwarded(&ctx.path);
    let base = agent.upstream.base_path.as_str();
    let mut target =
        Vec::with_capacity(base.len() + path.len() + ctx.query.as_ref().map_or(0, |q| q.len() + 1));
    target.extend_from_slice(base.as_bytes());
    target.extend_from_slice(path.as_bytes());
    if let Some(query) = &ctx.query {
        target.push(b'?');
        target.extend_from_slice(query);
    }
    target
}

/// The values of `X-Forwarded-*`.
struct Forwarded {
    client: Option<HeaderValue>,
    proto: HeaderValue,
    host: Option<HeaderValue>,
}

impl Forwarded {
    fn of(request: &RequestHeader, ctx: &Context) -> Self {
        let trusted = |name: &HeaderName| request.headers.get(name).filter(|_| ctx.origin.trusted);
        let chain: Vec<Cow<'_, str>> = request
            .headers
            .get_all(FOR)
            .iter()
            .filter(|_| ctx.origin.trusted)
            .filter_map(|v| v.to_str().ok().map(Cow::Borrowed))
            .chain(ctx.origin.peer.map(|ip| Cow::Owned(ip.to_string())))
            .collect();
        let ours = HeaderValue::from_static(if ctx.https { "https" } else { "http" });
        Self {
            client: HeaderValue::from_str(&chain.join(", ")).ok().filter(|v| !v.is_empty()),
            proto: trusted(&PROTO).cloned().unwrap_or(ours),
            host: trusted(&HOST).cloned().or_else(|| ctx.sent_host.clone()),
        }
    }

    fn set(self, request: &mut RequestHeader) -> pingora::Result<()> {
        for (name, value) in [(FOR, self.client), (PROTO, Some(self.proto)), (HOST, self.host)] {
            if let Some(value) = value {
                request.insert_header(name, value)?;
            }
        }
        Ok(())
    }
}
