//! Chunked bodies: what does not keep to the grammar is refused where it goes wrong, and what does arrives whole.

use testkit::raw::{chunked, find};

use super::body::Body;
use super::case::{Wanted, World, is_ours, post};

const CHUNKED: &str = "Transfer-Encoding: chunked";
const TAIL: &str = "\r\n0\r\n\r\nGET /open/smuggled HTTP/1.1\r\nHost: gateway.test\r\n\r\n";

/// Each with a fault before its end.
fn bad() -> Vec<(String, Vec<u8>)> {
    let long = "a".repeat(5000);
    let starts: Vec<String> = [
        "0x5\r\nhello",
        "0X5\r\nhello",
        "+5\r\nhello",
        "-5\r\nhello",
        " 5\r\nhello",
        "\t5\r\nhello",
        "5 \r\nhello",
        "5\t\r\nhello",
        "5 5\r\nhello",
        "5_\r\nhello",
        "5h\r\nhello",
        "5,\r\nhello",
        "5.0\r\nhello",
        "\"5\"\r\nhello",
        "\u{ff15}\r\nhello",
        "5\u{0}\r\nhello",
        "\u{0}5\r\nhello",
        "5\u{b}\r\nhello",
        "5\u{a0}\r\nhello",
        "\r\nhello",
        ";a\r\nhello",
        "5\nhello",
        "5\rhello",
        "5\r\r\nhello",
        "5\n\r\nhello",
        "\n5\r\nhello",
        "5;\r\nhello",
        "5;a\nb\r\nhello",
        "5;a\rb\r\nhello",
        "5;a\r\n\nhello",
        "5;a=\r\nhello",
        "5;=b\r\nhello",
        "5;a b\r\nhello",
        "5;a=\"\r\nhello",
        "5;a=\"b\nc\"\r\nhello",
        "5;a=\"b\r\nc\"\r\nhello",
        "5;a=\"b\\\r\n\"\r\nhello",
        "5;a=\"b\"c\r\nhello",
        "5;a\u{0}\r\nhello",
        "5;a\u{7f}\r\nhello",
        "5;\u{e4}\r\nhello",
        "5;a;\r\nhello",
        "5;a==b\r\nhello",
        "5 a\r\nhello",
        "5(x)\r\nhello",
        "5\r\nhelloX",
        "5\r\nhell",
        "5\r\nhello\n",
        "5\r\nhello\r",
        "4\r\nhello",
        "6\r\nhello",
        "00000000000000005\r\nhello",
        "10000000000000005\r\nhello",
        "FFFFFFFFFFFFFFFF\r\nhello",
        "8000000000000000\r\nhello",
        "fffffffffffffffff\r\nhello",
        "g\r\nhello",
        "5\r\nhello\r\n5",
        "5\r\nhello\r\n\r\n5",
        "5\r\nhello\r\n0x0",
        "5\r\nhello\r\n-0",
    ]
    .map(str::to_owned)
    .to_vec();
    let trailers = [
        "X Y: z",
        " X: y",
        "\tX: y",
        "X",
        ": y",
        "X : y",
        "X: a\nb",
        "X: a\rb",
        "X: a\u{0}",
        "X: a\r\n folded",
        "X: a\n",
        "X\u{e4}: y",
        "\u{0}",
        "\n",
        "\r",
    ];
    let mut all: Vec<String> = starts.iter().map(|start| format!("{start}{TAIL}")).collect();
    all.extend(trailers.iter().map(|line| format!("5\r\nhello\r\n0\r\n{line}{TAIL}")));
    all.push(format!("5;{long}\r\nhello{TAIL}"));
    all.push(format!("5\r\nhello\r\n0\r\nX: {}{TAIL}", "a".repeat(20_000)));
    all.push(format!("{}{TAIL}", "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n".repeat(900)));
    let name = |body: &String| format!("{:?}", body.chars().take(40).collect::<String>());
    all.into_iter().map(|body| (name(&body), body.into_bytes())).collect()
}

#[tokio::test]
async fn a_fault_that_comes_with_the_head_is_refused_with_it() {
    let world = World::new().await;
    let mut cases = 0;
    for (what, body) in bad() {
        // What fits into the first read; the rest of a long one comes behind the head, as in the next test.
        if body.len() < 4000 {
            cases += world.refuses(&what, &[post(CHUNKED, body)], &[400]).await;
        }
    }
    assert!(cases >= 140, "{cases}");
    eprintln!("{cases} faults in chunks, 0 bytes at the agent");
}

#[tokio::test]
async fn a_fault_that_comes_later_never_ends_the_body_for_the_agent() {
    let world = World::new().await;
    let mut cases = 0;
    for (what, body) in bad() {
        for pieces in
            [vec![post(CHUNKED, ""), body.clone()], vec![post(CHUNKED, "3\r\nabc\r\n"), body.clone()]]
        {
            let mut caller = world.caller().await;
            caller.send(&pieces).await;
            let answer = caller.response(false).await.unwrap_or_else(|| panic!("{what}: no answer"));
            assert_eq!(answer.status, 400, "{what}: {answer:?}");
            is_ours(&what, &answer);
            assert!(answer.is_last(), "{what}: {answer:?}");
            assert!(caller.remainder().await.is_empty(), "{what}: one answer");
            for bytes in world.recorder.take_when_ended().await {
                let shown = bytes.escape_ascii().to_string();
                let head =
                    find(&bytes, b"\r\n\r\n").unwrap_or_else(|| panic!("{what}: a whole head: {shown}"));
                assert!(chunked(&bytes[head + 4..]).is_none(), "{what}: the body has an end: {shown}");
                assert!(find(&bytes, b"GET ").is_none(), "{what}: another request: {shown}");
            }
            cases += 1;
        }
    }
    assert!(cases >= 140, "{cases}");
    eprintln!("{cases} faults in later chunks, 0 ends and 0 further requests at the agent");
}

#[tokio::test]
async fn a_body_of_sound_chunks_arrives_whole_without_its_trailers() {
    let world = World::new().await;
    let ten = "A\r\n0123456789\r\n";
    let mut cases = 0;
    for (chunks, data) in [
        ("0\r\n\r\n".to_owned(), String::new()),
        ("5\r\nhello\r\n0\r\n\r\n".to_owned(), "hello".to_owned()),
        ("5\r\nhello\r\n000\r\n\r\n".to_owned(), "hello".to_owned()),
        ("0000000000000005\r\nhello\r\n0\r\n\r\n".to_owned(), "hello".to_owned()),
        (format!("{ten}0\r\n\r\n"), "0123456789".to_owned()),
        (format!("{}0\r\n\r\n", ten.to_lowercase()), "0123456789".to_owned()),
        ("1;a\r\nx\r\n0;b\r\n\r\n".to_owned(), "x".to_owned()),
        ("1;a=b;c=\"d e;\\\"\"\r\nx\r\n0\r\n\r\n".to_owned(), "x".to_owned()),
        ("1 ; a = b\r\nx\r\n0\r\n\r\n".to_owned(), "x".to_owned()),
        ("1\r\n\r\r\n0\r\n\r\n".to_owned(), "\r".to_owned()),
        ("4\r\n0\r\n\r\r\n1\r\n\n\r\n0\r\n\r\n".to_owned(), "0\r\n\r\n".to_owned()),
        (format!("{}0\r\n\r\n", ten.repeat(5000)), "0123456789".repeat(5000)),
        (format!("{}0\r\n\r\n", "1\r\nx\r\n".repeat(3000)), "x".repeat(3000)),
        (format!("10000\r\n{}\r\n0\r\n\r\n", "z".repeat(65536)), "z".repeat(65536)),
        ("1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n".to_owned(), "x".to_owned()),
        ("1\r\nx\r\n0\r\nX-Empty:\r\nX-Sum: \u{e4}\r\n\r\n".to_owned(), "x".to_owned()),
        ("1\r\nx\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(), "x".to_owned()),
        ("1\r\nx\r\n0\r\nContent-Length: 99\r\n\r\n".to_owned(), "x".to_owned()),
        ("1\r\nx\r\n0\r\nHost: evil.test\r\n\r\n".to_owned(), "x".to_owned()),
        ("1\r\nx\r\n0\r\nAuthorization: Bearer x\r\nX-API-Key: y\r\n\r\n".to_owned(), "x".to_owned()),
        ("1\r\nx\r\n0\r\nX-Forwarded-For: 6.6.6.6\r\nX-Request-Id: z\r\n\r\n".to_owned(), "x".to_owned()),
        ("1\r\nx\r\n0\r\nConnection: close\r\n\r\n".to_owned(), "x".to_owned()),
    ] {
        let what = chunks.chars().take(60).collect::<String>();
        let wanted = Wanted::of("POST /open HTTP/1.1", Body::Chunked(data.into_bytes()));
        cases += world.forwards(&what, &[post(CHUNKED, &chunks)], &wanted).await;
        cases += world.forwards(&what, &[post(CHUNKED, ""), chunks.clone().into_bytes()], &wanted).await;
        if chunks.len() < 80 {
            let mut pieces = vec![post(format!("{CHUNKED}\r\nTrailer: X-Sum"), "")];
            pieces.extend(chunks.bytes().map(|byte| vec![byte]));
            cases += world.forwards(&format!("{what}, byte by byte"), &pieces, &wanted).await;
        }
    }
    eprintln!("{cases} chunked bodies, each whole and without its trailers");
}
