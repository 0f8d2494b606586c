//! What comes behind a request without waiting for its answer: it is no part of that request, and nothing of it goes
//! on. The answer is whole and says that it is the last one, where that is known in time.

use super::body::Body;
use super::case::{SMUGGLED, Wanted, World, post};

const SECOND: &str = "GET /open/second HTTP/1.1\r\nHost: gateway.test\r\n\r\n";

/// Requests, and how each arrives.
fn firsts() -> Vec<(&'static str, Vec<u8>, Wanted)> {
    let get = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: gateway.test\r\n\r\n").into_bytes();
    let line = "POST /open HTTP/1.1";
    let chunks = "5\r\nhello\r\n0\r\n\r\n";
    vec![
        ("no body", get("/open"), Wanted::of("GET /open HTTP/1.1", Body::None)),
        ("no length", post("X-A: b", ""), {
            let mut wanted = Wanted::of(line, Body::None);
            wanted.fields = vec![("x-a", "b".to_owned())];
            wanted
        }),
        ("length of nought", post("Content-Length: 0", ""), Wanted::of(line, Body::Length(Vec::new()))),
        ("a length", post("Content-Length: 5", "hello"), Wanted::of(line, Body::Length(b"hello".to_vec()))),
        (
            "chunks",
            post("Transfer-Encoding: chunked", chunks),
            Wanted::of(line, Body::Chunked(b"hello".to_vec())),
        ),
        (
            "trailers",
            post("Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\nX: y\r\n\r\n"),
            Wanted::of(line, Body::Chunked(b"hello".to_vec())),
        ),
    ]
}

#[tokio::test]
async fn a_second_request_in_the_same_breath_gets_no_answer_and_goes_nowhere() {
    let world = World::new().await;
    let mut cases = 0;
    for (what, first, mut wanted) in firsts() {
        wanted.kept = false;
        for (which, behind) in [
            ("a request", SECOND.to_owned()),
            ("two requests", SECOND.repeat(2)),
            ("many requests", SECOND.repeat(500)),
            ("a smuggled one", SMUGGLED.to_owned()),
            ("a bad one", "GET /open HTTP/9\r\n\r\n".to_owned()),
            ("half a one", "GET /op".to_owned()),
            ("one byte", "x".to_owned()),
            ("a nought", "\0".to_owned()),
            ("a line feed", "\n".to_owned()),
            ("one for another agent", "GET /keyed HTTP/1.1\r\nHost: gateway.test\r\n\r\n".to_owned()),
            ("a request behind empty lines", format!("\r\n\r\n{SECOND}")),
        ] {
            let what = format!("{which} behind {what}");
            let both = [first.clone(), behind.into_bytes()].concat();
            cases += world.forwards(&what, &[both], &wanted).await;
        }
    }
    eprintln!("{cases} requests with something behind them, 0 bytes of that at the agent");
}

#[tokio::test]
async fn a_second_request_while_the_first_is_answered_does_not_harm_the_first() {
    let world = World::new().await;
    let mut cases = 0;
    for (what, first, mut wanted) in firsts() {
        let slow = String::from_utf8(first).expect("text").replacen("/open", "/open/slow", 1);
        wanted.line = wanted.line.replacen("/open", "/open/slow", 1);
        for behind in [SECOND, SMUGGLED, "x"] {
            let mut caller = world.caller().await;
            caller.send(&[slow.as_str(), behind]).await;
            let answer = caller.response(false).await;
            let answer = answer.unwrap_or_else(|| panic!("{what}: the first is answered"));
            assert_eq!((answer.status, answer.body.as_slice()), (200, &b"ok"[..]), "{what}: {answer:?}");
            world.arrived(what, &wanted);
            let more = caller.remainder().await;
            assert!(more.is_empty(), "{what}: {}", String::from_utf8_lossy(&more));
            assert_eq!(world.went_on(), Vec::<String>::new(), "{what}");
            cases += 1;
        }
    }
    eprintln!("{cases} requests overtaken by another, 0 harmed");
}

#[tokio::test]
async fn a_request_behind_one_that_is_refused_goes_nowhere() {
    let world = World::new().await;
    let mut cases = 0;
    for (target, status) in [("/keyed", 401), ("/nowhere", 404), ("/open/../keyed", 400)] {
        for (body, framing) in [
            ("", "X-A: b"),
            ("hello", "Content-Length: 5"),
            ("5\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
        ] {
            for behind in [SECOND, SMUGGLED, "x"] {
                let what = format!("{behind:?} behind {target} with {framing}");
                let head = format!("POST {target} HTTP/1.1\r\nHost: gateway.test\r\n{framing}\r\n\r\n");
                cases += world.refuses(&what, &[format!("{head}{body}{behind}")], &[status]).await;
            }
        }
    }
    // More of a body than was announced, and less.
    for (length, body) in [("4", "hello"), ("0", "hello"), ("1", SMUGGLED)] {
        let what = format!("{body:?} for a length of {length}");
        let head =
            format!("POST /keyed HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: {length}\r\n\r\n{body}");
        cases += world.refuses(&what, &[head], &[401]).await;
    }
    eprintln!("{cases} refusals with something behind them, 0 bytes at the agent");
}

#[tokio::test]
async fn a_refused_upload_still_hears_why() {
    let world = World::new().await;
    let body = "z".repeat(2_000_000);
    let head =
        format!("POST /keyed HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: {}\r\n\r\n", body.len());
    for round in 0..20 {
        let mut caller = world.caller().await;
        caller.send(&[head.as_str(), &body]).await;
        let answer = caller.response(false).await.unwrap_or_else(|| panic!("an answer in round {round}"));
        assert_eq!(answer.status, 401, "{answer:?}");
    }
    assert_eq!(world.went_on(), Vec::<String>::new());
    eprintln!("20 refused uploads, 20 heard why");
}
