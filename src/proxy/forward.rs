//! The request as the agent receives it: fields are removed, then others set. This needs a permit.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use pingora::http::RequestHeader;

use crate::config::Snapshot;
use crate::gate::Permit;
use crate::model::{DPOP, Live, query, reduced_eq};
use crate::routing::Agent;

use super::assert;
use super::context::Context;
use super::forwarded::{self, Forwarded, REQUEST_ID};
use super::passage::Passage;
use super::peer_and_id;
use super::place::Place;
use super::view::{sent_host, sent_query};

/// The most fields that are set on every request: four of `forwarded`, the id and the host.
const SET: usize = 6;

/// Rewrites `request`, which is a copy of `sent`, the client's, without hop-by-hop fields. Returns the request's id, as the
/// agent receives it.
///
/// The agent receives names in lower case, as in HTTP/2: keeping the client's spelling would cost two allocations for each
/// field that is set.
pub(super) fn rewrite(
    request: &mut RequestHeader,
    sent: &RequestHeader,
    passage: &Passage,
    (ctx, live): (&Context, &Live<Snapshot>),
) -> pingora::Result<HeaderValue> {
    let permit = &passage.permit;
    let agent = permit.agent();
    let mut parts: http::request::Parts = std::mem::replace(request, placeholder()).into();
    let (peer, request_id) = peer_and_id::values(ctx.origin.peer, &ctx.request_id)?;
    let forwarded = Forwarded::of(&parts.headers, sent, peer, agent.taken_prefix.as_ref(), ctx);
    let mut headers = std::mem::take(&mut parts.headers);
    withhold(&mut headers, agent, ctx);
    headers.reserve(SET + permit.headers().len() + agent.upstream.set_headers.len());
    join_cookies(&mut headers);
    agent.strip_credentials(&mut headers);
    write_length_plainly(&mut headers);
    forwarded.set(&mut headers);
    headers.insert(REQUEST_ID, request_id.clone());
    for (name, value) in permit.headers() {
        headers.insert(name, value.clone());
    }
    headers.insert(header::HOST, host(passage, sent));
    let query = sent.uri.query().map(str::as_bytes);
    if let Some((name, value)) = agent.moved_token(&sent.headers, query) {
        headers.insert(name, value);
    }
    agent.set_headers.set(&mut headers);
    if let Some((name, value)) = assert::field(passage, ctx, live)? {
        headers.insert(name, value);
    }
    if let Some(trace) = &ctx.trace {
        trace.tell(&mut headers);
    }
    parts.headers = headers;
    *request = parts.into();
    if let Some(target) = target(sent, permit, ctx) {
        request.set_raw_path(&target)?;
    }
    Ok(request_id)
}

/// Removes the client's fields that the agent does not receive.
fn withhold(headers: &mut HeaderMap, agent: &Agent, ctx: &Context) {
    let goes =
        |name: &HeaderName| !agent.withholds(name) && (!is_withheld(name, ctx) || agent.hands_on(name));
    let withheld: Vec<HeaderName> = headers.keys().filter(|name| !goes(name)).cloned().collect();
    for name in withheld {
        headers.remove(name);
    }
}

/// The `Host` for the agent. An HTTP/1.0 request may have none to preserve; then it is the upstream's own.
fn host(passage: &Passage, sent: &RequestHeader) -> HeaderValue {
    let agent = passage.agent();
    match agent.host(passage.place.as_ref().map(Place::index)) {
        Some(host) => host.clone(),
        None => sent_host(sent).unwrap_or_else(|| agent.upstream.authority.clone()),
    }
}

/// A placeholder for a head that is taken apart.
fn placeholder() -> RequestHeader {
    Request::new(()).into_parts().0.into()
}

/// Whether a client's field of that name is removed, unless the agent hands it on: forwarding fields that are not trusted, disguised spellings of framing
/// fields, a proof, which goes with the token alone, and `Expect`, which the gateway has answered itself.
fn is_withheld(name: &HeaderName, ctx: &Context) -> bool {
    // Few names begin with these letters, so most are decided by two bytes. Names are in lower case here.
    let mut letters = name.as_str().bytes().filter(u8::is_ascii_alphanumeric);
    match (letters.next(), letters.next()) {
        (Some(b'x'), Some(b'f' | b'r' | b'e' | b'c' | b'p')) | (Some(b'f'), Some(b'o' | b'a')) => {
            forwarded::is_withheld(name, ctx.origin.trusted)
        }
        (Some(b'c'), Some(b'f' | b'o')) | (Some(b't'), Some(b'r')) => {
            forwarded::is_withheld(name, ctx.origin.trusted) || is_disguised(name)
        }
        (Some(b'h' | b'u'), _) => is_disguised(name),
        (Some(b'e'), _) => *name == header::EXPECT,
        (Some(b'd'), Some(b'p')) => *name == DPOP,
        _ => false,
    }
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

/// Whether a name is none of [`STRUCTURE`], and yet reads as one to a server that takes `_` for `-`.
fn is_disguised(name: &HeaderName) -> bool {
    STRUCTURE.iter().any(|real| real != name && reduced_eq(real.as_str(), name.as_str()))
}

/// Writes `Content-Length` without leading zeros: some servers read such a number as octal.
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

/// The target for the agent; `None` when it is the client's, unchanged.
fn target(sent: &RequestHeader, permit: &Permit, ctx: &Context) -> Option<Vec<u8>> {
    let agent = permit.agent();
    let base = agent.upstream.base_path.as_str();
    let raw = sent.raw_path();
    let rest =
        if agent.reads_query() { sent_query(sent).and_then(|q| agent.query_to_forward(q)) } else { None };
    let is_same = base.is_empty()
        && rest.is_none()
        && !agent.route.strip_path
        && ctx.path.is_none()
        && !ctx.encode_query
        && raw.starts_with(b"/");
    if is_same {
        return None;
    }
    let (path, query) = raw.split_at(raw.iter().position(|b| *b == b'?').unwrap_or(raw.len()));
    let path = match &ctx.path {
        Some(path) => Cow::Borrowed(&**path),
        // A canonical path is ASCII, so nothing is lost.
        None => String::from_utf8_lossy(path),
    };
    // Without the parameters that hold a credential.
    let rest = rest.map(|rest| if rest.is_empty() { rest } else { [b"?", rest.as_slice()].concat() });
    let query = rest.as_deref().unwrap_or(query);
    let query = if ctx.encode_query { Cow::Owned(query::encoded(query)) } else { Cow::Borrowed(query) };
    Some([base.as_bytes(), agent.route.forwarded(&path).as_bytes(), &query].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Instant;
    use crate::telemetry::Metrics;

    #[test]
    fn two_letters_let_no_name_pass_that_is_withheld() {
        let serving = Metrics::new().unwrap().in_flight().enter();
        let ctx = Context::new(Instant::from_unix(0), serving);
        let disguised = STRUCTURE.iter().map(|name| name.as_str().replace('-', "_") + "_");
        for name in forwarded::names().map(str::to_owned).chain(disguised) {
            for name in [name.clone(), name.replace('-', "_"), format!("-{name}")] {
                let name: HeaderName = name.parse().unwrap();
                assert!(is_withheld(&name, &ctx), "{name}");
            }
        }
    }
}
