//! `Transfer-Encoding` in every form but the one that is understood, alone and with a length beside it.

use super::body::Body;
use super::case::{SMUGGLED, Wanted, World, post};

const BAD_VALUES: &[&str] = &[
    "",
    " ",
    "chunked, chunked",
    "chunked,chunked",
    "CHUNKED, chunked",
    "gzip, chunked",
    "chunked, gzip",
    "gzip",
    "deflate",
    "compress",
    "br",
    "identity",
    "identity, chunked",
    "chunked, identity",
    "xchunked",
    "chunkedx",
    "x-chunked",
    "x chunked",
    "chunked x",
    "chunked;a=b",
    "chunked ;a",
    "chunked;",
    "\"chunked\"",
    "'chunked'",
    "chunked,",
    ",chunked",
    ", chunked",
    "chunked, ",
    ",",
    "chunk",
    "c hunked",
    "chun\tked",
    "chunked\u{b}",
    "\u{b}chunked",
    "chunked\u{c}",
    "chunked\u{0}",
    "\u{0}chunked",
    "chunked\u{7f}",
    "chunked\u{1}",
    "chunked\u{a0}",
    "\u{a0}chunked",
    "\u{feff}chunked",
    "chun\u{212a}ed",
    "chunke\u{434}",
    "trailers",
    "null",
    "0",
    "true",
    "chunked/1.0",
    "(chunked)",
    "chunked(x)",
    "chunked=1",
    "chunked\\",
    "%63hunked",
    "chunked: x",
    "Transfer-Encoding: chunked",
];

/// Of the name, with `NAME: chunked` in them.
const BAD_LINES: &[&str] = &[
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\ntransfer-encoding: identity",
    "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nX: y\r\nTRANSFER-ENCODING:",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding\t: chunked",
    " Transfer-Encoding: chunked",
    "\tTransfer-Encoding: chunked",
    "Transfer-Encoding\u{0}: chunked",
    "Transfer-Encoding\u{b}: chunked",
    "\u{b}Transfer-Encoding: chunked",
    "Transfer-Encoding\u{a0}: chunked",
    "\u{feff}Transfer-Encoding: chunked",
    "Transfer\u{ad}-Encoding: chunked",
    "Transfer-Encoding",
    ":Transfer-Encoding: chunked",
    "Transfer Encoding: chunked",
    "Transfer-Encoding;: chunked",
    "\"Transfer-Encoding\": chunked",
    "[Transfer-Encoding]: chunked",
    "Transfer-Encoding:\r\n chunked",
    "Transfer-Encoding: chunked\r\n ",
    "Transfer-Encoding: chunked\r\n\tidentity",
    "X: y\r\n Transfer-Encoding: chunked",
    "X: y\rTransfer-Encoding: chunked",
    "X: y\nTransfer-Encoding: chunked",
    "X: y\r\rTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\n",
    "Transfer-Encoding: chunked\r",
    "Transfer-Encoding: \rchunked",
    "Transfer-Encoding: \nchunked",
    "Transfer-\rEncoding: chunked",
];

/// Understood each by itself, and never with a length.
const GOOD_VALUES: &[&str] = &["chunked", "Chunked", "CHUNKED", "\tchunked", " \t chunked \t "];

#[tokio::test]
async fn a_doubtful_coding_is_refused_with_and_without_a_length() {
    let world = World::new().await;
    let mut cases = 0;
    let lines = BAD_VALUES.iter().map(|value| format!("Transfer-Encoding: {value}"));
    for lines in lines.chain(BAD_LINES.iter().map(|lines| (*lines).to_owned())) {
        for around in [
            lines.clone(),
            format!("Content-Length: 6\r\n{lines}"),
            format!("{lines}\r\nContent-Length: {}", SMUGGLED.len()),
        ] {
            cases += world.refuses(&format!("{around:?}"), &[post(&around, SMUGGLED)], &[400]).await;
        }
    }
    assert!(cases >= 500, "{cases}");
    eprintln!("{cases} doubtful codings, 0 bytes at the agent");
}

#[tokio::test]
async fn a_length_beside_chunks_is_refused_in_either_order() {
    let world = World::new().await;
    let mut cases = 0;
    for value in GOOD_VALUES {
        for length in ["0", "6", "004", "61"] {
            for lines in [
                format!("Content-Length: {length}\r\nTransfer-Encoding: {value}"),
                format!("Transfer-Encoding: {value}\r\nContent-Length: {length}"),
                format!("transfer-encoding:{value}\r\nX: y\r\nCONTENT-LENGTH:{length}"),
            ] {
                cases += world.refuses(&format!("{lines:?}"), &[post(&lines, SMUGGLED)], &[400]).await;
            }
        }
    }
    eprintln!("{cases} heads with two framings, 0 bytes at the agent");
}

#[tokio::test]
async fn chunks_of_http_1_0_are_refused() {
    let world = World::new().await;
    let mut cases = 0;
    for lines in ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nConnection: keep-alive"] {
        let request = format!("POST /open HTTP/1.0\r\nHost: gateway.test\r\n{lines}\r\n\r\n{SMUGGLED}");
        cases += world.refuses(lines, &[request], &[400]).await;
    }
    eprintln!("{cases} heads, 0 bytes at the agent");
}

#[tokio::test]
async fn chunked_alone_is_understood_however_it_is_written() {
    let world = World::new().await;
    let mut cases = 0;
    for name in ["Transfer-Encoding", "transfer-encoding", "TRANSFER-ENCODING"] {
        for value in GOOD_VALUES {
            let wanted = Wanted::of("POST /open HTTP/1.1", Body::Chunked(b"hello".to_vec()));
            let request = post(format!("{name}:{value}"), "5\r\nhello\r\n0\r\n\r\n");
            cases += world.forwards(&format!("{name}: {value:?}"), &[request], &wanted).await;
        }
    }
    eprintln!("{cases} chunked bodies, each forwarded as it should");
}
