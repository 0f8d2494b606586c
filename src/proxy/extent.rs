//! What a stream is for: one that goes on until one of both sides ends it, or the answer to one request.
//!
//! `listing` asks when a stream begins, and `late` before one does. What follows from it is in `routing`.

use http::request::Parts;
use http::{Method, header};
use pingora::http::RequestHeader;

use crate::gate::Asked;
use crate::model::{Extent, OperationClass, StreamKind};
use crate::protocol::a2a::{A2aOperation, RestPath};
use crate::protocol::mcp::Mirrored;
use crate::routing::{Agent, Protocol};

use super::grpc;
use super::stream::kind_of_media_type;
use super::upgrade::is_websocket_handshake;

/// The method of MCP whose answer is a stream without an end.
const LISTEN: &str = "subscriptions/listen";

/// What a stream of this kind is for, which answers this request. `path` is that of the request in canonical form.
pub(super) fn of(
    kind: StreamKind,
    request: &RequestHeader,
    path: &str,
    agent: &Agent,
    asked: Option<&Asked>,
) -> Extent {
    let is_open = match kind {
        // A gRPC call with one answer is over as soon as it has begun to answer.
        StreamKind::WebSocket | StreamKind::Grpc => true,
        StreamKind::Sse => request.method == Method::GET || subscribes(request, path, agent, asked),
        StreamKind::Body => false,
    };
    if is_open { Extent::Open } else { Extent::Answer }
}

/// Whether a request asks for a stream that goes on until one of both sides ends it, as far as its head says so.
pub(super) fn asks_for_open(
    request: &RequestHeader,
    path: &str,
    agent: &Agent,
    asked: Option<&Asked>,
) -> bool {
    let Parts { method, version, headers, .. } = &**request;
    let takes_events_alone = || {
        let mut accepted = headers.get_all(header::ACCEPT).iter();
        let only = accepted.next().and_then(kind_of_media_type) == Some(StreamKind::Sse);
        only && accepted.next().is_none()
    };
    (agent.websocket && is_websocket_handshake(method, *version, headers))
        || grpc::is_call(request)
        || (*method == Method::GET && takes_events_alone())
        || subscribes(request, path, agent, asked)
}

/// Whether it is a subscription of MCP or A2A. Where messages are not read, the head says so, as clients of MCP 2026-07-28
/// must: one that does not gets `finish_within` more.
fn subscribes(request: &RequestHeader, path: &str, agent: &Agent, asked: Option<&Asked>) -> bool {
    if asked.is_some_and(|asked| asked.class == OperationClass::Subscription) {
        return true;
    }
    match agent.protocol {
        Protocol::Mcp(_) => {
            let [method, _] = Mirrored::HEADERS;
            request.headers.get(method).is_some_and(|method| method == LISTEN)
        }
        Protocol::A2a(_) => {
            let rest = agent.rest_path(&request.method, path);
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

    fn request(
        method: &str,
        version: http::Version,
        fields: &[(&'static str, &'static str)],
    ) -> RequestHeader {
        let mut head = RequestHeader::build(method, b"/", None).unwrap();
        head.set_version(version);
        for (name, value) in fields {
            head.append_header(*name, *value).unwrap();
        }
        head
    }

    #[test]
    fn an_event_stream_is_the_answer_to_a_post_unless_that_subscribes() {
        use http::Version;
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
                let head = request(method, Version::HTTP_11, fields);
                let found = of(StreamKind::Sse, &head, path, agent, None);
                assert_eq!(found, wanted, "{method} {path} {fields:?}");
                let asked = Asked { viewer: Viewer::Admitted, ..subscription() };
                assert_eq!(of(StreamKind::Sse, &head, path, agent, Some(&asked)), Extent::Open);
                assert_eq!(of(StreamKind::WebSocket, &head, path, agent, None), Extent::Open);
                assert_eq!(of(StreamKind::Body, &head, path, agent, Some(&asked)), Extent::Answer);
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
        use http::Version;
        const HANDSHAKE: &[(&str, &str)] = &[
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        const EVENTS: &[(&str, &str)] = &[("accept", "text/event-stream")];
        for (method, version, fields, wanted) in [
            ("GET", Version::HTTP_11, HANDSHAKE, true),
            ("GET", Version::HTTP_11, EVENTS, true),
            ("POST", Version::HTTP_11, EVENTS, false),
            ("GET", Version::HTTP_11, &[("accept", "application/json, text/event-stream")][..], false),
            ("GET", Version::HTTP_11, &[("accept", "text/event-stream"), ("accept", "*/*")][..], false),
            ("GET", Version::HTTP_11, &[][..], false),
            ("POST", Version::HTTP_2, &[("content-type", "application/grpc")][..], true),
            ("POST", Version::HTTP_11, &[("content-type", "application/grpc")][..], false),
        ] {
            with_agent("h", |agent| {
                let head = request(method, version, fields);
                assert_eq!(asks_for_open(&head, "/h", agent, None), wanted, "{method} {fields:?}");
            });
        }
    }
}
