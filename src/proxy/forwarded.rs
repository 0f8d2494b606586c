//! Forwarding fields, which describe the client and the proxies before the gateway: which ones are accepted, and the values
//! for the agent. Only a trusted proxy may set them, and only in the usual spelling.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use pingora::http::RequestHeader;

use crate::authz::USUAL_HEADER;
use crate::model::{reduced_eq, reduced_starts_with};

use super::context::Context;
use super::view::sent_host;

pub(super) const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub(super) const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
pub(super) const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
pub(super) const PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The fields that the gateway sets: a field that some server reads as the same is removed first.
static OURS: [HeaderName; 6] = [FOR, PROTO, HOST, PREFIX, REQUEST_ID, USUAL_HEADER];

/// The prefixes of further forwarding fields.
const FAMILIES: [&str; 2] = ["x-forwarded-", "x-envoy-"];

/// The fields in which other proxies give the client's address.
static OTHERS: [HeaderName; 7] = [
    header::FORWARDED,
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("true-client-ip"),
    HeaderName::from_static("cf-connecting-ip"),
    HeaderName::from_static("fastly-client-ip"),
    HeaderName::from_static("x-client-ip"),
    HeaderName::from_static("x-cluster-client-ip"),
];

/// Whether a field of that name is removed: the gateway sets it, or only a trusted proxy may. A trusted proxy that
/// overwrites a field lets a client's other spellings of it pass, so those are removed in any case.
pub(super) fn is_withheld(name: &HeaderName, trusted: bool) -> bool {
    let text = name.as_str();
    if OURS.iter().any(|ours| reduced_eq(ours.as_str(), text)) {
        return true;
    }
    if let Some(family) = FAMILIES.iter().find(|family| reduced_starts_with(text, family)) {
        return !(trusted && text.starts_with(family) && is_plain(text));
    }
    let other = OTHERS.iter().find(|other| reduced_eq(other.as_str(), text));
    other.is_some_and(|other| !(trusted && name == other))
}

/// All names, and one of each family.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    OURS.iter().chain(&OTHERS).map(HeaderName::as_str).chain(["x-forwarded-port", "x-envoy-peer-metadata"])
}

/// Whether a name consists of words with one dash between them.
fn is_plain(name: &str) -> bool {
    name.split('-').all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// The values of `X-Forwarded-*` for the agent.
pub(super) struct Forwarded {
    client: Option<HeaderValue>,
    proto: HeaderValue,
    host: Option<HeaderValue>,
    prefix: Option<HeaderValue>,
}

impl Forwarded {
    /// The values for a request with these fields from `peer`; `taken` is the prefix that is removed from its path.
    pub(super) fn of(
        headers: &HeaderMap,
        sent: &RequestHeader,
        peer: Option<HeaderValue>,
        taken: Option<&HeaderValue>,
        ctx: &Context,
    ) -> Self {
        let trusted = |name: &HeaderName| if ctx.origin.trusted { headers.get(name) } else { None };
        let client = if trusted(&FOR).is_some() { chain(headers, peer.as_ref()) } else { peer };
        let ours = HeaderValue::from_static(if ctx.https { "https" } else { "http" });
        Self {
            client,
            proto: trusted(&PROTO).cloned().unwrap_or(ours),
            host: trusted(&HOST).cloned().or_else(|| sent_host(sent)),
            prefix: match (trusted(&PREFIX), taken) {
                (Some(before), Some(taken)) => Some(joined(before, taken)),
                (one, other) => one.or(other).cloned(),
            },
        }
    }

    /// Sets the fields, in place of any that a trusted proxy sent.
    pub(super) fn set(self, headers: &mut HeaderMap) {
        headers.insert(PROTO, self.proto);
        if let Some(client) = self.client {
            headers.insert(FOR, client);
        }
        if let Some(host) = self.host {
            headers.insert(HOST, host);
        }
        if let Some(prefix) = self.prefix {
            headers.insert(PREFIX, prefix);
        }
    }
}

/// The hops that a trusted proxy names, and the proxy itself.
fn chain(headers: &HeaderMap, peer: Option<&HeaderValue>) -> Option<HeaderValue> {
    let hops = headers.get_all(FOR).iter().chain(peer).filter_map(|value| value.to_str().ok());
    HeaderValue::from_str(&hops.collect::<Vec<_>>().join(", ")).ok()
}

/// The prefix that an earlier proxy removed, and then the gateway's.
fn joined(before: &HeaderValue, taken: &HeaderValue) -> HeaderValue {
    let before = before.as_bytes();
    let before = before.strip_suffix(b"/").unwrap_or(before);
    // Two header values joined are always a header value.
    HeaderValue::from_bytes(&[before, taken.as_bytes()].concat()).unwrap_or_else(|_| taken.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forwarding_field_is_kept_from_a_trusted_proxy_in_its_usual_spelling_alone() {
        // Withheld from strangers, withheld from trusted proxies.
        for (name, stranger, trusted) in [
            ("x-forwarded-for", true, true),
            ("x-forwarded-proto", true, true),
            ("x-forwarded-prefix", true, true),
            ("x-request-id", true, true),
            ("x_request_id", true, true),
            ("x-forwarded-port", true, false),
            ("x-forwarded-user", true, false),
            ("x-forwarded-client-cert", true, false),
            ("x-envoy-external-address", true, false),
            ("forwarded", true, false),
            ("x-real-ip", true, false),
            ("true-client-ip", true, false),
            ("cf-connecting-ip", true, false),
            ("fastly-client-ip", true, false),
            ("x-client-ip", true, false),
            ("x-cluster-client-ip", true, false),
            ("x_forwarded_port", true, true),
            ("x-forwarded_port", true, true),
            ("x-forwarded--port", true, true),
            ("x-forwarded-port-", true, true),
            ("x.envoy.peer-metadata", true, true),
            ("xforwardeduser", true, true),
            ("x_real_ip", true, true),
            ("true_client-ip", true, true),
            ("_x-real-ip", true, true),
            ("x-real-ipv4", false, false),
            ("x-portcullis-assertion", true, true),
            ("x_portcullis_assertion", true, true),
            ("X-Portcullis.Assertion_", true, true),
            ("x-portcullis", false, false),
            ("x-caller-sub", false, false),
            ("traceparent", false, false),
            ("forward", false, false),
        ] {
            let name: HeaderName = name.parse().unwrap();
            let withheld = [false, true].map(|trusted| is_withheld(&name, trusted));
            assert_eq!(withheld, [stranger, trusted], "{name}");
        }
    }

    #[test]
    fn the_prefix_of_an_outer_proxy_comes_before_the_gateways() {
        for (before, wanted) in [("/outer", "/outer/a"), ("/outer/", "/outer/a"), ("/", "/a"), ("", "/a")] {
            let (before, taken) = (HeaderValue::from_static(before), HeaderValue::from_static("/a"));
            assert_eq!(joined(&before, &taken), wanted);
        }
    }
}
