//! What a stream is for: one that goes on until one of both sides ends it, or the answer to one request.
//!
//! What follows from it when a credential ends is in `routing`.

use http::{HeaderMap, Method, Version, header};

use crate::model::{Extent, OperationClass, StreamKind};
use crate::protocol::a2a::{A2aOperation, RestPath};
use crate::protocol::mcp::Mirrored;
use crate::protocol::{is_grpc_call, is_websocket_handshake};
use crate::routing::{Agent, Protocol};

use super::asked::Asked;

/// The method of MCP whose answer is a stream without an end.
const LISTEN: &str = "subscriptions/listen";

/// The head of a request, as far as it says what its response is for.
#[derive(Debug, Clone, Copy)]
pub struct Head<'r> {
    /// The method.
    pub method: &'r Method,
    /// The version of HTTP that the client speaks.
    pub version: Version,
    /// The fields.
    pub headers: &'r HeaderMap,
    /// The path in canonical form.
    pub path: &'r str,
}

/// What a stream of this kind is for, which answers a request with this head.
#[must_use]
pub fn extent(kind: StreamKind, head: Head<'_>, agent: &Agent, asked: Option<&Asked>) -> Extent {
    let is_open = match kind {
        // A gRPC call with one answer is over as soon as it has begun to answer.
        StreamKind::WebSocket | StreamKind::Grpc => true,
        StreamKind::Sse => *head.method == Method::GET || subscribes(head, agent, asked),
        StreamKind::Body => false,
    };
    if is_open { Extent::Open } else { Extent::Answer }
}

/// The kind of stream that a request asks for which goes on until one of both sides ends it, as far as its head says so.
#[must_use]
pub fn asks_for_stream(head: Head<'_>, agent: &Agent, asked: Option<&Asked>) -> Option<StreamKind> {
    let Head { method, version, headers, path: _ } = head;
    let takes_events_alone = || {
        let mut accepted = headers.get_all(header::ACCEPT).iter();
        let only = accepted.next().and_then(StreamKind::of_media_type) == Some(StreamKind::Sse);
        only && accepted.next().is_none()
    };
    if agent.websocket && is_websocket_handshake(method, version, headers) {
        return Some(StreamKind::WebSocket);
    }
    if is_grpc_call(method, version, headers) {
        return Some(StreamKind::Grpc);
    }
    let is_asked = (*method == Method::GET && takes_events_alone()) || subscribes(head, agent, asked);
    is_asked.then_some(StreamKind::Sse)
}

/// Whether it is a subscription of MCP or A2A. Where messages are not read, the head says so, as clients of MCP 2026-07-28
/// must: one that does not gets `finish_within` more.
fn subscribes(head: Head<'_>, agent: &Agent, asked: Option<&Asked>) -> bool {
    if asked.is_some_and(|asked| asked.class == OperationClass::Subscription) {
        return true;
    }
    match agent.protocol {
        Protocol::Mcp(_) => {
            let [method, _] = Mirrored::HEADERS;
            head.headers.get(method).is_some_and(|method| method == LISTEN)
        }
        Protocol::A2a(_) => {
            let rest = agent.rest_path(head.method, head.path);
            rest == RestPath::Operation(A2aOperation::SubscribeToTask)
        }
        Protocol::Http => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authz::Viewer;
    use crate::config::{Files, Source, compile, parse};
    use crate::model::AgentName;
    use crate::telemetry::Metrics;

    const CONFIG: &str = "
version: 1
identity_providers: { corp: { issuer: 'https://corp.example' } }
agents:
  h: { route: /h, upstream: 'http://127.0.0.1:9', auth: public }
  m: { route: /m, upstream: 'http://127.0.0.1:9', protocol: mcp, public_url: 'https://a.example', auth: { oauth: { identity_providers: [corp] } } }
  a: { route: /a, upstream: 'http://127.0.0.1:9', protocol: a2a, public_url: 'https://a.example', auth: public }
";

    fn with_agent(name: &str, judge: impl FnOnce(&Agent)) {
        let document = parse(&[Source::new("a.yaml", CONFIG)], &|_| None).unwrap();
        let compiled = compile(&document, &Files::new(), None, &Metrics::new().unwrap()).unwrap();
        judge(&compiled.snapshot.agents[&AgentName::parse(name).unwrap()]);
    }

    /// The method and the fields of a request.
    type Sent = (Method, HeaderMap);

    fn request(method: &str, fields: &[(&'static str, &'static str)]) -> Sent {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        (method.parse().unwrap(), headers)
    }

    fn head<'r>((method, headers): &'r Sent, version: Version, path: &'r str) -> Head<'r> {
        Head { method, version, headers, path }
    }

    #[test]
    fn an_event_stream_is_the_answer_to_a_post_unless_that_subscribes() {
        const LISTENS: &[(&str, &str)] = &[("mcp-method", LISTEN)];
        for (agent, method, path, fields, wanted) in [
            ("h", "GET", "/h", &[][..], Extent::Open),
            ("h", "POST", "/h", &[][..], Extent::Answer),
            ("h", "POST", "/h", LISTENS, Extent::Answer),
            ("m", "POST", "/m", LISTENS, Extent::Open),
            ("m", "POST", "/m", &[("mcp-method", "tools/call")][..], Extent::Answer),
            ("a", "POST", "/a/v1/tasks/1:subscribe", &[][..], Extent::Open),
            ("a", "POST", "/a/v1/message:stream", &[][..], Extent::Answer),
        ] {
            with_agent(agent, |agent| {
                let sent = request(method, fields);
                let head = head(&sent, Version::HTTP_11, path);
                let found = extent(StreamKind::Sse, head, agent, None);
                assert_eq!(found, wanted, "{method} {path} {fields:?}");
                let asked = Asked { viewer: Viewer::Admitted, ..subscription() };
                assert_eq!(extent(StreamKind::Sse, head, agent, Some(&asked)), Extent::Open);
                assert_eq!(extent(StreamKind::WebSocket, head, agent, None), Extent::Open);
                assert_eq!(extent(StreamKind::Body, head, agent, Some(&asked)), Extent::Answer);
            });
        }
    }

    fn subscription() -> Asked {
        Asked {
            class: OperationClass::Subscription,
            call: None,
            id: None,
            step_up: None,
            viewer: Viewer::Admitted,
        }
    }

    #[test]
    fn a_head_may_ask_for_a_stream() {
        const HANDSHAKE: &[(&str, &str)] = &[
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        const EVENTS: &[(&str, &str)] = &[("accept", "text/event-stream")];
        for (method, version, fields, wanted) in [
            ("GET", Version::HTTP_11, HANDSHAKE, Some(StreamKind::WebSocket)),
            ("GET", Version::HTTP_11, EVENTS, Some(StreamKind::Sse)),
            ("POST", Version::HTTP_11, EVENTS, None),
            ("GET", Version::HTTP_11, &[("accept", "application/json, text/event-stream")][..], None),
            ("GET", Version::HTTP_11, &[("accept", "text/event-stream"), ("accept", "*/*")][..], None),
            ("GET", Version::HTTP_11, &[][..], None),
            ("POST", Version::HTTP_2, &[("content-type", "application/grpc")][..], Some(StreamKind::Grpc)),
            ("POST", Version::HTTP_11, &[("content-type", "application/grpc")][..], None),
        ] {
            with_agent("h", |agent| {
                let sent = request(method, fields);
                let found = asks_for_stream(head(&sent, version, "/h"), agent, None);
                assert_eq!(found, wanted, "{method} {fields:?}");
            });
        }
    }
}
