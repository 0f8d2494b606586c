//! Every head gets an answer of ours, whatever its bytes: forwarded as it is, or refused with a problem and a line in
//! the access log. None gets the bare answer of the library underneath.

use std::time::Duration;

use testkit::{Gateway, Start, Upstream, raw};

const WITHIN: Duration = Duration::from_secs(10);

async fn world() -> (Upstream, Gateway) {
    let upstream = Upstream::start().await;
    let body =
        format!("agents:\n  open: {{ route: /open, upstream: \"{}\", auth: public }}\n", upstream.url());
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    (upstream, gateway)
}

/// Sends a head and says its status, once it is sure that the answer is ours and in the access log.
async fn status(gateway: &Gateway, head: &str) -> u16 {
    let answer = raw::exchange(gateway.port, head.as_bytes(), WITHIN).await;
    let status = raw::status(&answer);
    let fields = answer.lines().filter_map(|line| line.split_once(": "));
    let id = fields.filter(|(name, _)| name.eq_ignore_ascii_case("x-request-id")).map(|(_, id)| id).next();
    let id = id.unwrap_or_else(|| panic!("an answer of ours to {head:?}: {answer:?}"));
    assert_eq!(gateway.logged(id).await["status"], status, "{head:?}");
    if status >= 400 {
        assert!(answer.contains("application/problem+json"), "{head:?}: {answer:?}");
    }
    status
}

#[tokio::test]
async fn every_visible_byte_of_a_target_is_forwarded_or_refused_by_us() {
    let (_upstream, gateway) = world().await;
    let mut refused = String::new();
    for byte in 0x21_u8..0x7f {
        let byte = char::from(byte);
        for target in [format!("/open/x{byte}y"), format!("/open?x{byte}y")] {
            let head = format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            match status(&gateway, &head).await {
                200 => {}
                400 => refused.push(byte),
                other => panic!("{target}: {other}"),
            }
        }
    }
    // A fragment; and in a path a bare percent sign, and what RFC 3986 has no place for and libraries disagree on.
    assert_eq!(refused, "\"##%<>\\`");
}

#[tokio::test]
async fn a_head_that_no_library_would_send_is_refused_and_logged() {
    let (upstream, gateway) = world().await;
    let many = "X: y\r\n".repeat(300);
    let cases = [
        ("a blank in a name", "GET /open HTTP/1.1\r\nHost: a\r\nX Y: z\r\n\r\n", 400),
        ("a bracket in a name", "GET /open HTTP/1.1\r\nHost: a\r\nX(Y): z\r\n\r\n", 400),
        ("an umlaut in a name", "GET /open HTTP/1.1\r\nHost: a\r\nX\u{e4}: z\r\n\r\n", 400),
        ("a bell in a value", "GET /open HTTP/1.1\r\nHost: a\r\nX: \u{7}\r\n\r\n", 400),
        ("a nought in a value", "GET /open HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 400),
        ("a bracket in the method", "G(T /open HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (
            "chunks in HTTP/1.0",
            "POST /open HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
        ("too many fields", &format!("GET /open HTTP/1.1\r\nHost: a\r\n{many}\r\n"), 431),
    ];
    for (what, head, wanted) in cases {
        assert_eq!(status(&gateway, head).await, wanted, "{what}");
    }
    assert_eq!(upstream.seen().len(), 0, "nothing of it reached the agent");
}
