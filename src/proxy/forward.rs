//! The request as the agent receives it: strip, then set. Needs a permit.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use pingora::http::RequestHeader;

use crate::gate::Permit;
use crate::model::reduced_eq;

use super::context::Context;
use super::stamp;
use super::view::sent_host;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// What we set ourselves: a client's header that reads the same to any server is removed first.
const OURS: [HeaderName; 4] = [FOR, PROTO, HOST, REQUEST_ID];

/// What is set at most beside the claim headers: those of ours, the length and the host.
const SET: usize = 6;

/// Rewrites `request`, which is a copy of `sent`, the client's, without hop-by-hop fields.
///
/// Names arrive in lower case, as HTTP/2 has them: to keep how a client spelled them would cost two allocations for
/// each that is set.
pub(super) fn rewrite(
    request: &mut RequestHeader,
    sent: &RequestHeader,
    permit: &Permit,
    ctx: &Context,
) -> pingora::Result<()> {
    let agent = permit.agent();
    let mut parts: http::request::Parts = std::mem::replace(request, nothing()).into();
    let (peer, request_id) = stamp::values(ctx.origin.peer, &ctx.request_id)?;
    let forwarded = Forwarded::of(&parts.headers, sent, peer, ctx);
    let mut headers = HeaderMap::with_capacity(parts.headers.len() + SET + permit.headers().len());
    let mut name_of_last = None;
    for (name, value) in std::mem::take(&mut parts.headers) {
        // The second and later values of a name come without it.
        if let Some(name) = name {
            let goes = !agent.withholds(&name) && !is_withheld(&name, ctx);
            name_of_last = goes.then_some(name);
        }
        if let Some(name) = &name_of_last {
            headers.append(name, value);
        }
    }
    join_cookies(&mut headers);
    write_length_plainly(&mut headers);
    forwarded.set(&mut headers);
    headers.insert(REQUEST_ID, request_id);
    for (name, value) in permit.headers() {
        headers.insert(name, value.clone());
    }
    headers.insert(header::HOST, agent.upstream.authority.clone());
    parts.headers = headers;
    *request = parts.into();
    if let Some(target) = target(sent, permit, ctx) {
        request.set_raw_path(&target)?;
    }
    Ok(())
}

/// A head that stands in for another.
fn nothing() -> RequestHeader {
    Request::new(()).into_parts().0.into()
}

/// Whether a client's field of that name never goes on: what we set ourselves, what only a trusted proxy may say, what
/// reads as a field that it is not, and what was answered by us, after the decision.
fn is_withheld(name: &HeaderName, ctx: &Context) -> bool {
    // Names are in small letters. What begins with another letter reads as none of ours, and as no structure.
    let first = name.as_str().as_bytes().first().copied().unwrap_or_default();
    if first.is_ascii_alphanumeric() && !b"xcthuef".contains(&first) {
        return false;
    }
    is_ours(name)
        || (*name == header::FORWARDED && !ctx.origin.trusted)
        || *name == header::EXPECT
        || is_disguised(name)
}

/// One line of cookies: HTTP/2 may part them, HTTP/1.1 may not (RFC 9113 section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let mut lines = headers.get_all(header::COOKIE).iter();
    if let (Some(first), Some(second)) = (lines.next(), lines.next()) {
        let all: Vec<&[u8]> = [first, second].into_iter().chain(lines).map(HeaderValue::as_bytes).collect();
        // Of values that were header values none can be joined to anything else.
        if let Ok(joined) = HeaderValue::from_bytes(&all.join(&b"; "[..])) {
            headers.insert(header::COOKIE, joined);
        }
    }
}

/// What says where a message ends, whom it is for, and what becomes of the connection.
const STRUCTURE: [HeaderName; 5] =
    [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::HOST, header::CONNECTION, header::UPGRADE];

/// Whether a name is not one of those, and yet reads as one to a server that takes `_` for `-`.
fn is_disguised(name: &HeaderName) -> bool {
    STRUCTURE.iter().any(|real| real != name && reduced_eq(real.as_str(), name.as_str()))
}

/// Noughts before a length are octal for some.
fn write_length_plainly(headers: &mut HeaderMap) {
    let Some(written) = headers.get(header::CONTENT_LENGTH).map(HeaderValue::as_bytes) else { return };
    if written == b"0" || (written.iter().all(u8::is_ascii_digit) && !written.starts_with(b"0")) {
        return;
    }
    let length = str::from_utf8(written).ok().and_then(|text| text.trim().parse::<u64>().ok());
    if let Some(length) = length {
        headers.insert(header::CONTENT_LENGTH, length.into());
    }
}

fn is_ours(name: &HeaderName) -> bool {
    OURS.iter().any(|ours| reduced_eq(ours.as_str(), name.as_str()))
}

/// The target for the agent; `None` when it is the one that was sent.
fn target(sent: &RequestHeader, permit: &Permit, ctx: &Context) -> Option<Vec<u8>> {
    let agent = permit.agent();
    let base = agent.upstream.base_path.as_str();
    let raw = sent.raw_path();
    let is_same = base.is_empty() && !agent.route.strip_path && ctx.path.is_none() && raw.starts_with(b"/");
    if is_same {
        return None;
    }
    let (path, query) = raw.split_at(raw.iter().position(|b| *b == b'?').unwrap_or(raw.len()));
    let path = match &ctx.path {
        Some(path) => Cow::Borrowed(&**path),
        // ASCII: it was read as a path before anything was decided.
        None => String::from_utf8_lossy(path),
    };
    Some([base.as_bytes(), agent.route.forwarded(&path).as_bytes(), query].concat())
}

/// The values of `X-Forwarded-*`.
struct Forwarded {
    client: Option<HeaderValue>,
    proto: HeaderValue,
    host: Option<HeaderValue>,
}

impl Forwarded {
    fn of(headers: &HeaderMap, sent: &RequestHeader, peer: Option<HeaderValue>, ctx: &Context) -> Self {
        let trusted = |name: &HeaderName| headers.get(name).filter(|_| ctx.origin.trusted);
        let client = if trusted(&FOR).is_some() { chain(headers, peer.as_ref()) } else { peer };
        let ours = HeaderValue::from_static(if ctx.https { "https" } else { "http" });
        Self {
            client,
            proto: trusted(&PROTO).cloned().unwrap_or(ours),
            host: trusted(&HOST).cloned().or_else(|| sent_host(sent)),
        }
    }

    fn set(self, headers: &mut HeaderMap) {
        for (name, value) in [(FOR, self.client), (PROTO, Some(self.proto)), (HOST, self.host)] {
            if let Some(value) = value {
                headers.insert(name, value);
            }
        }
    }
}

/// The hops that a trusted proxy tells of, and the proxy itself.
fn chain(headers: &HeaderMap, peer: Option<&HeaderValue>) -> Option<HeaderValue> {
    let hops = headers.get_all(FOR).iter().chain(peer).filter_map(|value| value.to_str().ok());
    HeaderValue::from_str(&hops.collect::<Vec<_>>().join(", ")).ok()
}
