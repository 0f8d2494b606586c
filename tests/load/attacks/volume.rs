//! Much of everything: heads, targets, fields, chunks, bodies, pipelined requests.

use std::fmt::Write as _;
use std::time::Duration;

use testkit::raw::{Came, Wire};

use super::fates::{Fate, Fates};

const PATIENCE: Duration = Duration::from_secs(20);

/// A request that is too much of something, and the only right answers to it.
pub(crate) struct Excess {
    pub(crate) what: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) right: &'static [u16],
}

/// One of each.
pub(crate) fn excesses() -> Vec<Excess> {
    let get = |target: &str, fields: &str| {
        format!("GET {target} HTTP/1.1\r\nHost: gateway.test\r\n{fields}\r\n").into_bytes()
    };
    let mut endless = b"GET /open HTTP/1.1\r\nHost: gateway.test\r\nX: ".to_vec();
    endless.resize(1024 * 1024, b'x');
    let mut body =
        b"POST /capped HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let piece = format!("1000\r\n{}\r\n", "x".repeat(4096));
    body.extend(piece.repeat(1024).into_bytes());
    body.extend(b"0\r\n\r\n");
    let length = 4 * 1024 * 1024;
    let mut whole =
        format!("POST /capped HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: {length}\r\n\r\n")
            .into_bytes();
    whole.resize(whole.len() + length, b'x');
    vec![
        Excess {
            what: "a field of 64 KiB",
            bytes: get("/open", &format!("X: {}\r\n", "x".repeat(65536))),
            right: &[431],
        },
        Excess {
            what: "a target of 64 KiB",
            bytes: get(&format!("/open/{}", "x".repeat(65536)), ""),
            right: &[431],
        },
        Excess {
            what: "a query of 64 KiB",
            bytes: get(&format!("/open?{}", "x".repeat(65536)), ""),
            right: &[431],
        },
        Excess { what: "a head of 1 MiB without an end", bytes: endless, right: &[431] },
        Excess { what: "5,000 fields", bytes: get("/open", &"a: b\r\n".repeat(5000)), right: &[431] },
        Excess { what: "101 fields", bytes: get("/open", &"a: b\r\n".repeat(100)), right: &[431] },
        Excess {
            what: "100 fields with one name",
            bytes: get("/open", &"a: b\r\n".repeat(99)),
            right: &[200],
        },
        Excess { what: "4 MiB in chunks, over max_body", bytes: body, right: &[413] },
        Excess { what: "4 MiB by length, over max_body", bytes: whole, right: &[413] },
        Excess {
            what: "blank lines without an end",
            bytes: b"\r\n".repeat(512 * 1024),
            right: &[400, 408, 431],
        },
    ]
}

impl Excess {
    /// Sends it so many times, each on a connection of its own.
    pub(crate) async fn flood(&self, port: u16, count: usize) -> Fates {
        Fates::of(count, |_| {
            let bytes = self.bytes.clone();
            async move {
                let Some(wire) = Wire::here(port).await else { return Fate::NoConnection };
                let (mut from, mut to) = wire.stream.into_split();
                // A peer that has refused may stop reading; the answer is there all the same.
                let sending = tokio::spawn(async move {
                    use tokio::io::AsyncWriteExt as _;
                    let _ = to.write_all(&bytes).await;
                    to
                });
                let mut came = [0; 1024];
                let n = {
                    use tokio::io::AsyncReadExt as _;
                    tokio::time::timeout(PATIENCE, from.read(&mut came)).await
                };
                sending.abort();
                let (bytes, ended) = match n {
                    Ok(Ok(n)) => (came[..n].to_vec(), n == 0),
                    Ok(Err(_)) => (Vec::new(), true),
                    Err(_) => (Vec::new(), false),
                };
                Fate::of(&Came { bytes, ended })
            }
        })
        .await
    }
}

/// A body in chunks of one byte, so many bytes long, on so many connections.
pub(crate) async fn tiny_chunks(port: u16, count: usize, bytes: usize) -> Fates {
    Fates::of(count, move |_| async move {
        let Some(mut wire) = Wire::here(port).await else { return Fate::NoConnection };
        let mut body =
            String::from("POST /open HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n");
        body.push_str(&"1\r\nx\r\n".repeat(bytes));
        body.push_str("0\r\n\r\n");
        wire.say(body.as_bytes()).await;
        Fate::of(&wire.answer(PATIENCE).await)
    })
    .await
}

/// So many requests in one piece, on so many connections: how many answers with which status came.
pub(crate) async fn pipelined(port: u16, connections: usize, requests: usize) -> Fates {
    let mut bytes = String::new();
    for n in 0..requests {
        let _ = write!(bytes, "GET /open/{n} HTTP/1.1\r\nHost: gateway.test\r\n\r\n");
    }
    let mut fates = Fates::default();
    for _ in 0..connections {
        let Some(mut wire) = Wire::here(port).await else {
            fates.add(Fate::NoConnection);
            continue;
        };
        wire.say(bytes.as_bytes()).await;
        let came = wire.rest(Duration::from_millis(500)).await;
        let text = String::from_utf8_lossy(&came.bytes).into_owned();
        let answers: Vec<Fate> = text
            .match_indices("HTTP/1.1 ")
            .map(|(at, _)| Fate::Answered(text[at + 9..at + 12].parse().unwrap_or(0)))
            .collect();
        if answers.is_empty() {
            fates.add(Fate::of(&came));
        }
        fates.extend(answers);
    }
    fates
}
