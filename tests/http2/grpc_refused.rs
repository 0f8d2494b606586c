//! How a gRPC call over HTTP/2 is refused: in its own words, with status 200 and trailers alone.

use testkit::h2c::{Does, H2c};
use testkit::{Certificate, Start, Upstream, free_port};
use tokio::time::timeout;

use super::wire::{DATA, END_STREAM, HEADERS, RST_STREAM, Wire, frame, post};
use super::world::{SOON, World};

/// Calls and what they get: path, media type, status of HTTP, status of gRPC.
const CALLS: [(&str, &str, u16, Option<&str>); 8] = [
    ("/nowhere/a.B/C", "application/grpc", 200, Some("12")),
    ("/keyed/a.B/C", "application/grpc+proto", 200, Some("16")),
    ("/dead/a.B/C", "application/grpc", 200, Some("14")),
    ("/plain/a.B/C", "application/grpc", 200, Some("14")),
    ("/short/a.B/C", "application/grpc", 200, Some("8")),
    ("/open/a%2Fb", "application/grpc", 200, Some("3")),
    ("/nowhere/a.B/C", "application/grpc-web", 404, None),
    ("/keyed/a.B/C", "application/json", 401, None),
];

/// A gateway whose agents refuse calls in each way, but for the one at `/h2c`.
async fn stage(h2c: &H2c) -> World {
    let more = format!(
        "  keyed: {{ route: /keyed, auth: {{ api_key: {{}} }}, upstream: \"http://127.0.0.1:9\" }}\n\
         \x20 dead: {{ route: /dead, auth: public, upstream: {{ url: \"http://127.0.0.1:{}\", protocol: h2c }} }}\n\
         \x20 plain: {{ route: /plain, auth: public, upstream: \"http://127.0.0.1:9\" }}\n\
         \x20 short: {{ route: /short, auth: public, max_body: 1, upstream: {{ url: \"{url}\", protocol: h2c }} }}\n\
         \x20 h2c: {{ route: /h2c, auth: public, upstream: {{ url: \"{url}\", protocol: h2c }} }}\n",
        free_port(),
        url = h2c.url(),
    );
    World::with("", &more).await
}

#[tokio::test]
async fn a_refused_call_gets_a_status_of_grpc_and_nobody_else_does() {
    let h2c = H2c::start(Does::Answers).await;
    let world = stage(&h2c).await;
    let (client, origin) =
        Certificate { pem: world.pem.clone(), key: String::new() }.http2(world.gateway.tls_port);
    for (path, media_type, status, grpc) in CALLS {
        let request = client.post(format!("{origin}{path}")).header("content-type", media_type).body("five!");
        let answer = request.send().await.expect("an answer");
        let field =
            |name: &str| answer.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
        let what = format!("{path} {media_type}");
        assert_eq!((answer.status().as_u16(), field("grpc-status").as_deref()), (status, grpc), "{what}");
        if grpc.is_some() {
            assert_eq!(field("content-type").as_deref(), Some("application/grpc"), "{what}");
            assert!(field("grpc-message").is_some() && field("content-length").is_none(), "{what}");
        }
        if path.starts_with("/keyed") {
            assert!(field("www-authenticate").is_some(), "{what}");
        }
        let line = world.gateway.logged(&field("x-request-id").expect("an id")).await;
        assert_eq!(line["status"], status, "{what}");
        assert_eq!(line["grpc_status"].as_u64().map(|status| status.to_string()).as_deref(), grpc, "{what}");
        let body = answer.bytes().await.expect("it ends");
        assert_eq!(body.is_empty(), grpc.is_some(), "{what}: {body:?}");
    }
    let answer =
        client.post(format!("{origin}/h2c/a.B/C")).header("content-type", "application/grpc").body("five!");
    let answer = answer.send().await.expect("an answer");
    assert_eq!(
        (answer.status().as_u16(), answer.headers().get("grpc-status")),
        (200, None),
        "it has trailers"
    );
    assert_eq!(h2c.seen(), ["POST /h2c/a.B/C"]);
}

/// What comes on a stream until it ends: the kinds of its frames, and whether each ends it.
async fn frames(wire: &mut Wire, stream: u32) -> Vec<(u8, bool)> {
    let mut frames: Vec<(u8, bool)> = Vec::new();
    while !frames.last().is_some_and(|(_, ends)| *ends) {
        let next = timeout(SOON, wire.next()).await.expect("a frame in time").expect("a frame");
        match next.kind {
            HEADERS | DATA if next.stream == stream => {
                frames.push((next.kind, next.flags & END_STREAM != 0));
            }
            RST_STREAM if next.stream == stream => frames.push((RST_STREAM, true)),
            _ => {}
        }
    }
    frames
}

#[tokio::test]
async fn a_refusal_is_trailers_alone_on_the_wire() {
    let h2c = H2c::start(Does::Answers).await;
    let world = stage(&h2c).await;
    let mut wire = world.connect().await;
    for (i, (path, media_type, _, grpc)) in (0_u32..).zip(CALLS) {
        let stream = i * 2 + 1;
        wire.send(&post(stream, path, &[("content-type", media_type)])).await;
        wire.send(&frame(DATA, END_STREAM, stream, b"five!")).await;
        let came = frames(&mut wire, stream).await;
        let wanted =
            if grpc.is_some() { vec![(HEADERS, true)] } else { vec![(HEADERS, false), (DATA, true)] };
        assert_eq!(came, wanted, "{path} {media_type}");
    }
}

#[tokio::test]
async fn a_call_over_http_1_is_refused_as_any_other_request() {
    let upstream = Upstream::start().await;
    let body = format!("agents:\n  a: {{ route: /a, auth: public, upstream: \"{}\" }}\n", upstream.url());
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    let request = testkit::client().post(gateway.url("/nowhere")).header("content-type", "application/grpc");
    let answer = request.send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), answer.headers().get("grpc-status")), (404, None));
}
