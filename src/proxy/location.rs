//! URLs in an agent's response that name its own authority, where clients cannot reach it: they are rewritten to the public
//! address of the gateway. All others stay as they are.

use std::ops::Range;

use http::{HeaderName, HeaderValue, header};
use pingora::http::{RequestHeader, ResponseHeader};

use crate::config::Snapshot;
use crate::model::{Authority, Live};
use crate::routing::Agent;
use crate::upstream::UpstreamHost;

use super::context::Context;
use super::public::Public;

/// The fields that hold such a URL, with their names as HTTP/1 writes them.
static FIELDS: [(HeaderName, &str); 3] = [
    (header::LOCATION, "Location"),
    (header::CONTENT_LOCATION, "Content-Location"),
    (header::REFRESH, "Refresh"),
];

/// Whether a field of that name holds such a URL.
pub(super) fn is_url(name: &HeaderName) -> bool {
    FIELDS.iter().any(|(field, _)| field == name)
}

/// Rewrites the response of `agent` to the request `sent`.
pub(super) fn rewrite(
    response: &mut ResponseHeader,
    sent: &RequestHeader,
    agent: &Agent,
    ctx: &Context,
    snapshot: &Live<Snapshot>,
) -> pingora::Result<()> {
    for (name, written) in &FIELDS {
        if !response.headers.contains_key(name) {
            continue;
        }
        let public = snapshot.with(|now| Public::of(now.public_url.as_ref(), sent, agent, ctx));
        let own = Own { agent, public };
        let rewritten = |value: &HeaderValue| own.rewritten(name, value).unwrap_or_else(|| value.clone());
        let values: Vec<HeaderValue> = response.headers.get_all(name).iter().map(rewritten).collect();
        response.remove_header(name);
        for value in values {
            response.append_header(*written, value)?;
        }
    }
    Ok(())
}

/// An agent's own names, and its public address.
struct Own<'a> {
    agent: &'a Agent,
    public: Public,
}

impl Own<'_> {
    /// The value with its URL rewritten; `None` when that is not the agent's own.
    fn rewritten(&self, name: &HeaderName, value: &HeaderValue) -> Option<HeaderValue> {
        let text = str::from_utf8(value.as_bytes()).ok()?;
        let place = if *name == header::REFRESH { refresh_url(text)? } else { 0..text.len() };
        let url = self.public_url(text.get(place.clone())?)?;
        let (before, after) = (text.get(..place.start)?, text.get(place.end..)?);
        HeaderValue::from_str(&format!("{before}{url}{after}")).ok()
    }

    fn public_url(&self, url: &str) -> Option<String> {
        let (scheme, authority, rest) = absolute(url)?;
        if !self.is_own(scheme, authority) {
            return None;
        }
        let (path, tail) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
        let base = self.agent.upstream.base_path.as_str();
        let below = |rest: &&str| rest.is_empty() || rest.starts_with('/');
        let path = path.strip_prefix(base).filter(below).unwrap_or(path);
        let prefix = self.agent.taken_prefix.as_ref().and_then(|prefix| prefix.to_str().ok()).unwrap_or("");
        let path = if prefix.is_empty() && path.is_empty() { "/" } else { path };
        Some(format!("{}{tail}", self.public.url(&format!("{prefix}{path}"))))
    }

    /// Whether the authority is the agent's own. An agent that knows of TLS in front of it may say `https` for a port without.
    fn is_own(&self, scheme: Option<&str>, authority: &str) -> bool {
        let upstream = &self.agent.upstream;
        let own_scheme = if upstream.tls.is_some() { "https" } else { "http" };
        let is = |own: &HeaderValue| {
            own.to_str().is_ok_and(|own| {
                own.eq_ignore_ascii_case(authority)
                    || Authority::of(scheme.unwrap_or(own_scheme), authority)
                        .names_same_as(&Authority::of(own_scheme, own))
            })
        };
        // A fixed `Host` that is also the public name may already give the public address, with its prefix.
        let is_known = |name: &HeaderValue| {
            let (Public { scheme, authority, .. }, name) = (&self.public, name.to_str().unwrap_or_default());
            Authority::of(scheme, authority).names_same_as(&Authority::of(scheme, name))
        };
        is(&upstream.authority)
            || match &upstream.host {
                UpstreamHost::Fixed(name) => is(name) && !is_known(name),
                UpstreamHost::Preserve => false,
            }
    }
}

/// Scheme, authority and rest of an absolute URL, or of one without its scheme (RFC 3986 section 4.2).
fn absolute(url: &str) -> Option<(Option<&str>, &str, &str)> {
    let (scheme, rest) = match url.strip_prefix("//") {
        Some(rest) => (None, rest),
        None => {
            let (scheme, rest) = url.split_once("://")?;
            (Some(scheme), rest)
        }
    };
    let is_http = |scheme: &str| scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    if !scheme.is_none_or(is_http) {
        return None;
    }
    let (authority, rest) = rest.split_at(rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()));
    Some((scheme, authority, rest))
}

/// The position of the URL in a `Refresh`: `5; url=URL`, perhaps in quotes (HTML Standard, section 4.2.5.3).
fn refresh_url(text: &str) -> Option<Range<usize>> {
    let is_blank = |c: char| c.is_ascii_whitespace();
    let rest = text.get(text.find([';', ','])? + 1..)?.trim_start_matches(is_blank);
    let is_named = rest.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("url"));
    let named = rest.get(3..).filter(|_| is_named).map(|rest| rest.trim_start_matches(is_blank));
    let rest = match named.and_then(|rest| rest.strip_prefix('=')) {
        Some(rest) => rest.trim_start_matches(is_blank),
        None => rest,
    };
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    let url = match quote {
        Some(quote) => rest.get(1..)?.split(quote).next()?,
        None => rest.trim_end_matches(is_blank),
    };
    let start = text.len() - rest.len() + usize::from(quote.is_some());
    Some(start..start + url.len())
}
