//! First lines: methods, versions, blanks, and heads that are too large.

use super::body::Body;
use super::case::{Wanted, World};

const HOST: &str = "\r\nHost: gateway.test\r\n\r\n";

const BAD_LINES: &[&str] = &[
    "GET /open",
    "GET /open ",
    "GET",
    "/open HTTP/1.1",
    "GET HTTP/1.1",
    "GET  /open HTTP/1.1",
    "GET /open  HTTP/1.1",
    " GET /open HTTP/1.1",
    "GET /open HTTP/1.1 ",
    "GET\t/open HTTP/1.1",
    "GET /open\tHTTP/1.1",
    "GET /open HTTP/1.1\t",
    "GET /open HTTP/1.1 x",
    "GET /open x HTTP/1.1",
    "GET /open\u{a0}HTTP/1.1",
    "GET /open HTTP/0.9",
    "GET /open HTTP/1.2",
    "GET /open HTTP/1.9",
    "GET /open HTTP/1.10",
    "GET /open HTTP/1.01",
    "GET /open HTTP/01.1",
    "GET /open HTTP/2",
    "GET /open HTTP/2.0",
    "GET /open HTTP/3",
    "GET /open HTTP/1",
    "GET /open HTTP/1.",
    "GET /open HTTP/.1",
    "GET /open HTTP/11",
    "GET /open HTTP/+1.1",
    "GET /open HTTP/1.1.1",
    "GET /open http/1.1",
    "GET /open Http/1.1",
    "GET /open HTP/1.1",
    "GET /open HTTPS/1.1",
    "GET /open HTTP /1.1",
    "GET /open HTTP/ 1.1",
    "GET /open ICAP/1.0",
    "GET /open SHTTP/1.1",
    "GET /open \"HTTP/1.1\"",
    "PRI * HTTP/2.0",
    "PRI * HTTP/1.1",
    "G(T /open HTTP/1.1",
    "GET,POST /open HTTP/1.1",
    "\"GET\" /open HTTP/1.1",
    "GET:/open HTTP/1.1",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG /open HTTP/1.1",
    "GET open HTTP/1.1",
    "GET * HTTP/1.1",
    "OPTIONS * HTTP/1.1",
    "GET ?a HTTP/1.1",
    "GET . HTTP/1.1",
    "GET gateway.test:80 HTTP/1.1",
    "GET gateway.test/open HTTP/1.1",
    "GET /op\u{0}en HTTP/1.1",
    "HTTP/1.1 200 OK",
    "",
    "\u{16}\u{3}\u{1}\u{0}\u{5}",
];

#[tokio::test]
async fn a_first_line_that_is_none_is_refused() {
    let world = World::new().await;
    let mut cases = 0;
    // An empty line before a head is let pass; a second head line that has no colon is none.
    for line in BAD_LINES.iter().filter(|line| !line.is_empty()) {
        cases += world.refuses(&format!("{line:?}"), &[format!("{line}{HOST}")], &[400]).await;
    }
    for (what, head) in [
        ("a bare line feed behind the first line", "GET /open HTTP/1.1\nHost: gateway.test\r\n\r\n"),
        ("a bare return behind the first line", "GET /open HTTP/1.1\rHost: gateway.test\r\n\r\n"),
        ("a bare line feed behind a field", "GET /open HTTP/1.1\r\nHost: gateway.test\n\r\n"),
        ("a bare line feed for the empty line", "GET /open HTTP/1.1\r\nHost: gateway.test\r\n\n\r\n\r\n"),
        ("two line feeds", "GET /open HTTP/1.1\r\nHost: gateway.test\n\n"),
        ("nothing but line feeds", "GET /open HTTP/1.1\nHost: gateway.test\n\n"),
        ("a line feed before it", "\nGET /open HTTP/1.1\r\nHost: gateway.test\r\n\r\n"),
        ("a return before it", "\rGET /open HTTP/1.1\r\nHost: gateway.test\r\n\r\n"),
        ("a blank line before a field", "GET /open HTTP/1.1\r\n Host: gateway.test\r\n\r\n"),
        ("a mark before it", "\u{feff}GET /open HTTP/1.1\r\nHost: gateway.test\r\n\r\n"),
        ("a preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("a field without a name", "GET /open HTTP/1.1\r\nHost: gateway.test\r\n: x\r\n\r\n"),
        ("a field without a colon", "GET /open HTTP/1.1\r\nHost: gateway.test\r\nx\r\n\r\n"),
    ] {
        cases += world.refuses(what, &[head], &[400]).await;
    }
    eprintln!("{cases} bad first lines, 0 bytes at the agent");
}

#[tokio::test]
async fn connect_and_trace_are_not_allowed_in_any_case_and_form() {
    let world = World::new().await;
    let mut cases = 0;
    for method in ["CONNECT", "connect", "Connect", "TRACE", "trace", "TrAcE"] {
        for target in ["/open", "gateway.test:80", "http://gateway.test/open", "127.0.0.1:1"] {
            let head = format!("{method} {target} HTTP/1.1{HOST}");
            cases += world.refuses(&head, &[&head], &[405]).await;
        }
    }
    eprintln!("{cases} requests for a tunnel or an echo, 0 bytes at the agent");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let world = World::new().await;
    let mut cases = 0;
    let start = "GET /open HTTP/1.1\r\nHost: gateway.test\r\n";
    for (what, head) in [
        ("a long value", format!("{start}X: {}\r\n\r\n", "a".repeat(40_000))),
        ("a long name", format!("{start}{}: a\r\n\r\n", "X".repeat(40_000))),
        ("a long target", format!("GET /open?{} HTTP/1.1{HOST}", "a".repeat(40_000))),
        ("many fields", format!("{start}{}\r\n", "X: y\r\n".repeat(300))),
        ("very many fields", format!("{start}{}\r\n", "X: y\r\n".repeat(20_000))),
        ("no end", format!("{start}X: {}", "a".repeat(60_000))),
    ] {
        cases += world.refuses(what, &[head], &[431]).await;
    }
    let method = format!("{} /open HTTP/1.1{HOST}", "A".repeat(20_000));
    cases += world.refuses("a long method", &[method], &[400]).await;
    eprintln!("{cases} heads that are too large, 0 bytes at the agent");
}

#[tokio::test]
async fn any_other_method_is_forwarded_as_it_is() {
    let world = World::new().await;
    let mut cases = 0;
    for method in [
        "GET",
        "HEAD",
        "POST",
        "PUT",
        "PATCH",
        "DELETE",
        "OPTIONS",
        "PROPFIND",
        "MKCOL",
        "REPORT",
        "PURGE",
        "QUERY",
        "UPDATEREDIRECTREF",
        "VERSION-CONTROL",
        "get",
        "Get",
        "FOO_BAR",
        "!#$%&'*+-.^_`|~",
        "A",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF",
    ] {
        let wanted = Wanted::of(&format!("{method} /open HTTP/1.1"), Body::None);
        cases += world.forwards(method, &[format!("{method} /open HTTP/1.1{HOST}")], &wanted).await;
        let wanted = Wanted::of(&format!("{method} /open HTTP/1.1"), Body::Length(b"body".to_vec()));
        let head = format!("{method} /open HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 4\r\n\r\nbody");
        cases += world.forwards(&format!("{method} with a body"), &[head], &wanted).await;
    }
    eprintln!("{cases} methods, each forwarded as it should");
}
