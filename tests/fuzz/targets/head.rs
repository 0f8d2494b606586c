//! A request head, from its bytes to what is decided on. What passes is read alike by another parser, and has one
//! meaning: one length, one host, one path.

use portcullis::model::{CanonicalPath, Host};
use portcullis::proxy::inspect;

pub(crate) const WORDS: &[&str] = &[
    "\r\n",
    "\n",
    "\r",
    "\r\n\r\n",
    ": ",
    ":",
    " ",
    "\t",
    "GET",
    "POST",
    "CONNECT",
    "TRACE",
    "HTTP/1.1",
    "HTTP/1.0",
    "Host: a",
    "Content-Length: 0",
    "Content-Length: 5",
    "Transfer-Encoding: chunked",
    "chunked",
    "identity",
    "Upgrade: h2c",
    "Connection: close",
    "Expect: 100-continue",
    "Authorization: Bearer x",
    "http://a/",
    "https://a:80/",
    "//",
    "/../",
    "%2e",
    "%2f",
    "%00",
    "?",
    "#",
    "@",
    "*",
    ",",
    ";",
    "\0",
    "\u{b}",
    "\u{7f}",
    "\u{e4}",
    "18446744073709551616",
    "0x1",
    "+1",
    "-0",
];

/// So many fields as no head has that passes.
const ROOM: usize = 1024;

pub(crate) fn run(input: &[u8]) -> String {
    // What stands behind the first empty line is no part of the head.
    let mut head = [input, b"\r\n\r\n"].concat();
    let end = head.windows(4).position(|four| four == b"\r\n\r\n");
    head.truncate(end.map_or(head.len(), |at| at + 4));
    let seen = match inspect(&head) {
        Ok(seen) => seen,
        Err(refusal) => {
            let status = refusal.status();
            assert!(matches!(status, 400 | 405 | 431), "{status}");
            return format!("{status}");
        }
    };
    // What goes on: the other parser takes no target with what no URI has.
    let (head, query) = with_its_query_encoded(&head);
    assert_eq!(seen.query, query, "the query goes on as another one");
    let mut fields = [httparse::EMPTY_HEADER; ROOM];
    let mut other = httparse::Request::new(&mut fields);
    let read = other.parse(&head).expect("another parser reads it");
    assert_eq!(read, httparse::Status::Complete(head.len()), "another parser ends elsewhere");
    assert_eq!(other.method, Some(seen.method.as_str()));
    assert_eq!(other.headers.len(), seen.fields.len(), "another parser counts other fields");
    for name in seen.fields.keys() {
        let theirs = other.headers.iter().filter(|field| field.name.eq_ignore_ascii_case(name.as_str()));
        let theirs: Vec<_> = theirs.map(|field| field.value.trim_ascii()).collect();
        let ours: Vec<_> = seen.fields.get_all(name).iter().map(http::HeaderValue::as_bytes).collect();
        assert_eq!(theirs, ours, "another parser reads other values of {name}");
    }
    let count = |name| seen.fields.get_all(name).iter().count();
    let (lengths, codings) = (count("content-length"), count("transfer-encoding"));
    assert!(lengths + codings <= 1, "{lengths} lengths and {codings} codings");
    assert!(count("host") <= 1, "several hosts");
    assert_eq!(
        CanonicalPath::parse(seen.path.as_bytes()).map(|path| path.is_as_sent()),
        Ok(true),
        "{}",
        seen.path
    );
    let host = seen.host.as_deref();
    assert_eq!(host.map(|host| Host::parse(host).expect("a host").as_str() == host), host.map(|_| true));
    assert!(seen.query.iter().flatten().all(|b| (0x21..0x7f).contains(b)), "{:?}", seen.query);
    format!("ok {} {lengths} {codings} {} {}", seen.fields.len().min(8), host.is_some(), seen.query.is_some())
}

/// The head with each byte of its query escaped that RFC 3986 section 3.4 does not have, and that query.
fn with_its_query_encoded(head: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    let target_ends =
        head.iter().enumerate().filter(|(_, b)| **b == b' ').nth(1).map_or(head.len(), |(at, _)| at);
    let (before, rest) = head.split_at(target_ends);
    let Some(mark) = before.iter().position(|b| *b == b'?') else { return (head.to_vec(), None) };
    let (before, query) = before.split_at(mark + 1);
    let escaped = |b: &u8| match *b {
        b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}' | 0x80.. => format!("%{b:02X}").into_bytes(),
        plain => vec![plain],
    };
    let query: Vec<u8> = query.iter().flat_map(escaped).collect();
    ([before, &query, rest].concat(), Some(query))
}
