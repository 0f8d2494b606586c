//! Legal requests that are seldom seen: none is refused, and each arrives in its one form.

use super::body::Body;
use super::case::{Wanted, World, post};

/// What stands between `Host` and the end of the head, and the fields that arrive of it.
const FIELDS: &[(&str, &[(&str, &str)])] = &[
    ("X-A:b", &[("x-a", "b")]),
    ("X-A:   b   ", &[("x-a", "b")]),
    ("X-A:\tb\t", &[("x-a", "b")]),
    ("X-A: b  c\td", &[("x-a", "b  c\td")]),
    ("X-A:", &[("x-a", "")]),
    ("X-A: ", &[("x-a", "")]),
    ("X-A: \t ", &[("x-a", "")]),
    ("X-A: b\r\nX-A: c", &[("x-a", "b"), ("x-a", "c")]),
    ("X-A: b, c", &[("x-a", "b, c")]),
    ("X-A: \"b; c=\\\"d\\\"\"", &[("x-a", "\"b; c=\\\"d\\\"\"")]),
    ("X-A: :", &[("x-a", ":")]),
    ("X-A: b: c", &[("x-a", "b: c")]),
    ("x_a: b", &[("x_a", "b")]),
    ("x.a: b", &[("x.a", "b")]),
    ("X--A: b", &[("x--a", "b")]),
    ("1: b", &[("1", "b")]),
    ("Cookie: a=b; c=d", &[("cookie", "a=b; c=d")]),
    ("Accept: */*\r\nAccept-Encoding: gzip, br", &[("accept", "*/*"), ("accept-encoding", "gzip, br")]),
    ("Range: bytes=0-1", &[("range", "bytes=0-1")]),
    ("If-None-Match: \"x\", W/\"y\"", &[("if-none-match", "\"x\", W/\"y\"")]),
    ("Referer: http://gateway.test/a?b", &[("referer", "http://gateway.test/a?b")]),
    ("Upgrade-Insecure-Requests: 1", &[("upgrade-insecure-requests", "1")]),
    ("DNT: 1\r\nSec-GPC: 1", &[("dnt", "1"), ("sec-gpc", "1")]),
    ("Via: 1.1 proxy", &[("via", "1.1 proxy")]),
    ("Max-Forwards: 0", &[("max-forwards", "0")]),
    (
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        &[("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")],
    ),
    ("X-HTTP-Method-Override: DELETE", &[("x-http-method-override", "DELETE")]),
    (
        "X-Original-URL: /keyed\r\nX-Rewrite-URL: /keyed",
        &[("x-original-url", "/keyed"), ("x-rewrite-url", "/keyed")],
    ),
    // What tells of a caller is no stranger's to say.
    ("X-Forwarded-Uri: /keyed\r\nX_Forwarded_Uri: /keyed", &[]),
    // What concerns this connection alone does not go on.
    ("Connection: keep-alive", &[]),
    ("Connection: Keep-Alive\r\nKeep-Alive: timeout=5", &[]),
    ("Connection: X-A\r\nX-A: b", &[]),
    ("Connection: x-a, , X-B\r\nX-A: b\r\nX-B: c\r\nX-C: d", &[("x-c", "d")]),
    ("Proxy-Connection: keep-alive", &[]),
    ("TE: trailers\r\nConnection: TE", &[]),
    ("Trailer: X-Sum", &[]),
    ("Proxy-Authorization: Basic x", &[]),
    ("Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk", &[]),
    ("Upgrade: TLS/1.3\r\nConnection: Upgrade", &[]),
    ("Upgrade: websocket", &[]),
    // What others could take for the framing.
    ("Content_Length: 9", &[]),
    ("Transfer_Encoding: chunked", &[]),
    ("Transfer.Encoding: chunked\r\nContent--Length: 3", &[]),
    ("CONTENT_LENGTH: 9\r\nContentLength: 9\r\nTransferEncoding: x", &[]),
    ("Host_: evil.test\r\nh_o_s_t: evil.test", &[]),
    // What the gateway says itself.
    ("X-Forwarded-For: 6.6.6.6\r\nX_Forwarded_For: 6.6.6.6", &[]),
    ("X-Forwarded-Host: evil.test\r\nX-Forwarded-Proto: https\r\nX-Request-Id: mine", &[]),
    ("Forwarded: for=6.6.6.6;host=evil.test", &[]),
];

#[tokio::test]
async fn unusual_fields_are_forwarded_or_left_out_and_never_refused() {
    let world = World::new().await;
    let mut cases = 0;
    for (lines, arrive) in FIELDS {
        for body in [Body::None, Body::Length(b"body".to_vec()), Body::Chunked(b"body".to_vec())] {
            let (framing, bytes) = match &body {
                Body::None => ("X-Nothing:", ""),
                Body::Length(_) => ("Content-Length: 4", "body"),
                Body::Chunked(_) => ("Transfer-Encoding: chunked", "4\r\nbody\r\n0\r\n\r\n"),
            };
            let nothing = (body == Body::None).then(|| ("x-nothing", String::new()));
            let mut wanted = Wanted::of("POST /open HTTP/1.1", body);
            wanted.fields = arrive.iter().map(|(n, v)| (*n, (*v).to_owned())).chain(nothing).collect();
            for lines in [format!("{framing}\r\n{lines}"), format!("{lines}\r\n{framing}")] {
                cases += world.forwards(&format!("{lines:?}"), &[post(&lines, bytes)], &wanted).await;
            }
        }
    }
    eprintln!("{cases} requests with unusual fields, 0 refused");
}

#[tokio::test]
async fn unusual_requests_are_forwarded() {
    let world = World::new().await;
    let large = "z".repeat(3_000_000);
    let many: String = (0..90).map(|n| format!("X-{n}: {n}\r\n")).collect();
    let host = "Host: gateway.test\r\n";
    let mut cases = 0;
    for (what, request, line, body, kept) in [
        (
            "an empty line before it",
            format!("\r\nGET /open HTTP/1.1\r\n{host}\r\n"),
            "GET /open",
            Body::None,
            true,
        ),
        (
            "empty lines before it",
            format!("\r\n\r\n\r\nGET /open HTTP/1.1\r\n{host}\r\n"),
            "GET /open",
            Body::None,
            true,
        ),
        (
            "an empty line behind a body",
            format!("POST /open HTTP/1.1\r\n{host}Content-Length: 1\r\n\r\nx\r\n"),
            "POST /open",
            Body::Length(b"x".to_vec()),
            true,
        ),
        (
            "close",
            format!("GET /open HTTP/1.1\r\n{host}Connection: close\r\n\r\n"),
            "GET /open",
            Body::None,
            false,
        ),
        (
            "close among others",
            format!("GET /open HTTP/1.1\r\n{host}Connection: x-y, Close\r\n\r\n"),
            "GET /open",
            Body::None,
            false,
        ),
        ("HTTP/1.0", format!("GET /open HTTP/1.0\r\n{host}\r\n"), "GET /open", Body::None, false),
        (
            "HTTP/1.0 with a body",
            format!("POST /open HTTP/1.0\r\n{host}Content-Length: 2\r\n\r\nhi"),
            "POST /open",
            Body::Length(b"hi".to_vec()),
            false,
        ),
        (
            "HTTP/1.0 that stays",
            format!("GET /open HTTP/1.0\r\n{host}Connection: keep-alive\r\n\r\n"),
            "GET /open",
            Body::None,
            true,
        ),
        (
            "a large body",
            format!("PUT /open HTTP/1.1\r\n{host}Content-Length: {}\r\n\r\n{large}", large.len()),
            "PUT /open",
            Body::Length(large.clone().into_bytes()),
            true,
        ),
        (
            "a long query",
            format!("GET /open?{} HTTP/1.1\r\n{host}\r\n", "a".repeat(20_000)),
            &format!("GET /open?{}", "a".repeat(20_000)),
            Body::None,
            true,
        ),
        (
            "a query with all that it may hold",
            format!("GET /open?a=%zz&b=[{{}}]|^`\\~!$'()*+,;:@/? HTTP/1.1\r\n{host}\r\n"),
            "GET /open?a=%zz&b=[%7B%7D]%7C%5E%60\\~!$'()*+,;:@/?",
            Body::None,
            true,
        ),
        (
            "a query with JSON in a language of its own",
            format!("GET /open?a={{\"b\":\"<\u{e4}>\"}} HTTP/1.1\r\n{host}\r\n"),
            "GET /open?a=%7B%22b%22:%22%3C%C3%A4%3E%22%7D",
            Body::None,
            true,
        ),
        ("an empty query", format!("GET /open? HTTP/1.1\r\n{host}\r\n"), "GET /open?", Body::None, true),
        (
            "a path with all that it may hold",
            format!("GET /open/!$&'()*+,;=:@-._~%20%C3%A4 HTTP/1.1\r\n{host}\r\n"),
            "GET /open/!$&'()*+,;=:@-._~%20%C3%A4",
            Body::None,
            true,
        ),
        (
            "escapes that need not be",
            format!("GET /%6fp%65n/%7e%2d%2E%5f HTTP/1.1\r\n{host}\r\n"),
            "GET /open/~-._",
            Body::None,
            true,
        ),
        (
            "escapes in small letters",
            format!("GET /open/%c3%a4%3b HTTP/1.1\r\n{host}\r\n"),
            "GET /open/%C3%A4%3B",
            Body::None,
            true,
        ),
        ("a slash at the end", format!("GET /open/ HTTP/1.1\r\n{host}\r\n"), "GET /open/", Body::None, true),
        (
            "absolute form",
            format!("GET http://gateway.test/open HTTP/1.1\r\n{host}\r\n"),
            "GET /open",
            Body::None,
            true,
        ),
        (
            "absolute form with a query",
            format!("GET http://gateway.test/open?a HTTP/1.1\r\n{host}\r\n"),
            "GET /open?a",
            Body::None,
            true,
        ),
        (
            "absolute form and a body",
            format!("POST HTTP://gateway.test/open HTTP/1.1\r\n{host}Content-Length: 1\r\n\r\nx"),
            "POST /open",
            Body::Length(b"x".to_vec()),
            true,
        ),
        (
            "absolute form of https",
            format!("GET https://gateway.test/open HTTP/1.1\r\n{host}\r\n"),
            "GET /open",
            Body::None,
            true,
        ),
        (
            "absolute form of HTTP/1.0 without a host",
            "GET http://gateway.test/open HTTP/1.0\r\n\r\n".to_owned(),
            "GET /open",
            Body::None,
            false,
        ),
        (
            "another case of a host than in the target",
            "GET http://gateway.test/open HTTP/1.1\r\nHost: GateWay.Test\r\n\r\n".to_owned(),
            "GET /open",
            Body::None,
            true,
        ),
        (
            "a host with its port, a target without",
            "GET http://gateway.test/open HTTP/1.1\r\nhost:gateway.test:80\r\n\r\n".to_owned(),
            "GET /open",
            Body::None,
            true,
        ),
    ] {
        let wanted = Wanted { kept, ..Wanted::of(&format!("{line} HTTP/1.1"), body) };
        cases += world.forwards(what, &[request], &wanted).await;
    }
    for (host, forwarded) in [
        ("gateway.test:8080", Some("gateway.test:8080")),
        ("GATEWAY.test", Some("GATEWAY.test")),
        ("gateway.test.", Some("gateway.test.")),
        ("127.0.0.1", Some("127.0.0.1")),
        ("[::1]:80", Some("[::1]:80")),
        ("a-b.c_d.test", Some("a-b.c_d.test")),
        ("localhost:", Some("localhost:")),
    ] {
        let wanted = Wanted { host: forwarded, ..Wanted::of("GET /open HTTP/1.1", Body::None) };
        let head = format!("GET /open HTTP/1.1\r\nHost:\t {host} \r\n\r\n");
        cases += world.forwards(host, &[head], &wanted).await;
    }
    let wanted = Wanted { host: None, kept: false, ..Wanted::of("GET /open HTTP/1.1", Body::None) };
    cases += world.forwards("HTTP/1.0 without a host", &["GET /open HTTP/1.0\r\n\r\n"], &wanted).await;
    let mut wanted = Wanted::of("GET /open HTTP/1.1", Body::None);
    wanted.fields = (0..90).map(|n| (&*format!("x-{n}").leak(), n.to_string())).collect();
    let head = format!("GET /open HTTP/1.1\r\n{host}{many}\r\n");
    cases += world.forwards("ninety fields", &[head], &wanted).await;
    eprintln!("{cases} unusual requests, 0 refused");
}
