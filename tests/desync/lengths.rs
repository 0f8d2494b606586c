//! `Content-Length` in every form that two servers could read differently.

use super::body::Body;
use super::case::{SMUGGLED, Wanted, World, post};

const BAD_VALUES: &[&str] = &[
    "+1",
    "-1",
    "-0",
    "+0",
    "0x1",
    "0x",
    "0X1f",
    "1 1",
    "1\t1",
    "1,1",
    "1, 1",
    "1,2",
    "1,",
    ",1",
    "1;",
    "1;q=1",
    "1.0",
    "1.",
    ".1",
    "1e1",
    "\"1\"",
    "'1'",
    "",
    " ",
    "abc",
    "1a",
    "a1",
    "1_0",
    "\u{0661}",
    "\u{ff11}",
    "1\u{a0}",
    "1\u{200b}",
    "1\u{b}",
    "1\u{c}",
    "1\u{0}",
    "\u{0}1",
    "1\u{8}",
    "1\u{7f}",
    "00x1",
    "1+",
    "1-",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "18446744073709551617",
    "99999999999999999999999999999999999999",
    "NaN",
    "inf",
    "0b1",
    "0o7",
    "1L",
    "(1)",
    "1#",
    "chunked",
    "identity",
];

const BAD_LINES: &[&str] = &[
    "Content-Length: 1\r\nContent-Length: 1",
    "Content-Length: 1\r\nContent-Length: 2",
    "Content-Length: 2\r\nContent-Length: 1",
    "Content-Length: 1\r\ncontent-length: 1",
    "Content-Length: 1\r\nCONTENT-LENGTH: 0",
    "Content-Length: 0\r\nX: y\r\nContent-Length: 1",
    "Content-Length: 1\r\nContent-Length:",
    "Content-Length:\r\nContent-Length: 1",
    "Content-Length: 1\r\nContent-Length: +1",
    "Content-Length : 1",
    "Content-Length\t: 1",
    " Content-Length: 1",
    "\tContent-Length: 1",
    "Content-Length\u{0}: 1",
    "Content-Length\u{b}: 1",
    "\u{b}Content-Length: 1",
    "Content-Length\u{a0}: 1",
    "Content-Length",
    ":Content-Length: 1",
    "Content Length: 1",
    "\"Content-Length\": 1",
    "(Content-Length): 1",
    "Content-Length:\r\n 1",
    "Content-Length: 1\r\n 2",
    "Content-Length: 1\r\n\t",
    "X: y\r\n Content-Length: 1",
    "X: y\rContent-Length: 1",
    "X: y\nContent-Length: 1",
    "X: y\n\nContent-Length: 1",
    "X: y\r\rContent-Length: 1",
    "Content-Length: 1\n",
    "Content-Length: 1\r",
    "Content-\rLength: 1",
    "Content-\nLength: 1",
    "Content-Length\r: 1",
];

#[tokio::test]
async fn a_doubtful_length_is_refused_and_goes_nowhere() {
    let world = World::new().await;
    let mut cases = 0;
    for value in BAD_VALUES {
        let request = post(format!("Content-Length: {value}"), SMUGGLED);
        cases += world.refuses(&format!("length {value:?}"), &[request], &[400]).await;
    }
    for lines in BAD_LINES {
        let request = post(lines, SMUGGLED);
        cases += world.refuses(&format!("{lines:?}"), &[request], &[400]).await;
    }
    assert!(cases >= 160, "{cases}");
    eprintln!("{cases} doubtful lengths, 0 bytes at the agent");
}

#[tokio::test]
async fn a_plain_length_is_forwarded_in_its_plain_form() {
    let world = World::new().await;
    let mut cases = 0;
    for (line, body, wanted) in [
        ("Content-Length: 5", "hello", Body::Length(b"hello".to_vec())),
        ("content-length:5", "hello", Body::Length(b"hello".to_vec())),
        ("CONTENT-LENGTH: \t 5 \t", "hello", Body::Length(b"hello".to_vec())),
        ("Content-Length: 0005", "hello", Body::Length(b"hello".to_vec())),
        ("Content-Length: 0", "", Body::Length(Vec::new())),
        ("Content-Length: 000", "", Body::Length(Vec::new())),
        ("X-A: b", "", Body::None),
    ] {
        let mut forwarded = Wanted::of("POST /open HTTP/1.1", wanted);
        forwarded.fields = line.strip_prefix("X-A: ").map(|v| ("x-a", v.to_owned())).into_iter().collect();
        cases += world.forwards(line, &[post(line, body)], &forwarded).await;
    }
    eprintln!("{cases} plain lengths, each forwarded as it should");
}
