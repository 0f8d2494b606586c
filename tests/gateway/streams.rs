//! Bodies stream in both directions: nothing waits for the end of anything.

use std::time::Duration;

use testkit::{Gateway, Start, Upstream, client, raw};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn gateway(upstream: &Upstream, more: &str) -> Gateway {
    let body = format!(
        "agents:\n  p: {{ route: /p, auth: public, upstream: {{ url: \"{}\", response_timeout: 1s }}{more} }}\n",
        upstream.url()
    );
    Start { body: &body, ..Start::default() }.ready().await
}

/// Reads until `wanted` has come; panics with what came when it does not.
async fn read_until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut got = Vec::new();
    let read = async {
        while !String::from_utf8_lossy(&got).contains(wanted) {
            let mut piece = [0; 1024];
            match stream.read(&mut piece).await {
                Ok(n) if n > 0 => got.extend_from_slice(&piece[..n]),
                _ => break,
            }
        }
    };
    let timely = tokio::time::timeout(Duration::from_secs(5), read).await.is_ok();
    let got = String::from_utf8_lossy(&got).into_owned();
    assert!(timely && got.contains(wanted), "no {wanted:?} in {got:?}");
    got
}

#[tokio::test]
async fn an_answer_begins_while_the_request_still_goes_on() {
    let upstream = Upstream::start().await;
    let gateway = gateway(&upstream, "").await;
    let mut stream = TcpStream::connect(("127.0.0.1", gateway.port)).await.expect("it connects");
    let head = "POST /p/mirror HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("it takes a head");
    for piece in ["first", "second", "third"] {
        // Each piece is back before the next one is sent: neither direction waits for its end.
        let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
        stream.write_all(chunk.as_bytes()).await.expect("it takes a piece");
        read_until(&mut stream, piece).await;
    }
    stream.write_all(b"0\r\n\r\n").await.expect("it takes the end");
    read_until(&mut stream, "0\r\n\r\n").await;
}

#[tokio::test]
async fn large_bodies_pass_whole_whatever_their_framing() {
    let upstream = Upstream::start().await;
    let gateway = gateway(&upstream, "").await;
    for length in [0, 1, 65_535, 65_536, 5 << 20] {
        let answer =
            client().post(gateway.url("/p")).body(vec![b'x'; length]).send().await.expect("an answer");
        let told: serde_json::Value =
            serde_json::from_str(&answer.text().await.expect("text")).expect("JSON");
        assert_eq!(told["body_length"], length);
    }
    let chunks: String = (1..=200).map(|n| format!("{n:x}\r\n{}\r\n", "y".repeat(n))).collect();
    let request = format!(
        "POST /p HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"
    );
    let answer = raw::exchange(gateway.port, request.as_bytes(), Duration::from_secs(10)).await;
    assert!(answer.contains(&format!("\"body_length\":{}", 200 * 201 / 2)), "{answer}");
}

#[tokio::test]
async fn max_body_is_the_largest_body_that_passes() {
    let upstream = Upstream::start().await;
    let gateway = gateway(&upstream, ", max_body: 1KiB").await;
    for (name, framing, body, wanted) in [
        ("as long as it may be", "Content-Length: 1024", "x".repeat(1024), 200),
        ("a byte too long", "Content-Length: 1025", "x".repeat(1025), 413),
        ("too long by its word", "Content-Length: 99999999999\r\nExpect: 100-continue", String::new(), 413),
        (
            "chunks that fit",
            "Transfer-Encoding: chunked",
            "200\r\n".to_owned() + &chunk(512) + "200\r\n" + &chunk(512) + "0\r\n\r\n",
            200,
        ),
        (
            "chunks that do not",
            "Transfer-Encoding: chunked",
            "200\r\n".to_owned() + &chunk(512) + "201\r\n" + &chunk(513) + "0\r\n\r\n",
            413,
        ),
    ] {
        let request = format!("POST /p HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{framing}\r\n\r\n{body}");
        let answer = raw::exchange(gateway.port, request.as_bytes(), Duration::from_secs(5)).await;
        assert_eq!(raw::status(&answer), wanted, "{name}: {answer}");
        assert_eq!(answer.contains("application/problem+json"), wanted == 413, "{name}: {answer}");
    }
}

fn chunk(length: usize) -> String {
    "z".repeat(length) + "\r\n"
}

#[tokio::test]
async fn a_request_with_a_body_is_sent_once_and_none_follows_a_broken_answer() {
    let upstream = Upstream::start().await;
    let gateway = gateway(&upstream, "").await;
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        for target in ["/p/hang-up", "/p/slow"] {
            let before = upstream.seen().len();
            let request = format!(
                "{method} {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nonce"
            );
            let answer = raw::exchange(gateway.port, request.as_bytes(), Duration::from_secs(10)).await;
            assert!([502, 504].contains(&raw::status(&answer)), "{method} {target}: {answer}");
            assert_eq!(upstream.seen().len() - before, 1, "{method} {target}");
        }
    }
}
