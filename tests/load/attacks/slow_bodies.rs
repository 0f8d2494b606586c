//! Bodies that come slower than `min_body_rate`, and some that do not.

use std::time::Duration;

use testkit::raw::{Came, Wire};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::fates::{Fate, Fates};

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length,
    Chunks,
}

/// How a body comes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trickle {
    pub(crate) framing: Framing,
    /// Bytes of each piece.
    pub(crate) piece: usize,
    pub(crate) pause: Duration,
    pub(crate) pieces: usize,
}

impl Trickle {
    /// Sends one such request and reads what comes, also while it is sending.
    pub(crate) async fn send(self, port: u16) -> Fate {
        let Some(wire) = Wire::here(port).await else { return Fate::NoConnection };
        let (mut from, to) = wire.stream.into_split();
        let sending = tokio::spawn(self.pour(to));
        let mut bytes = Vec::new();
        let patience = self.pause * u32::try_from(self.pieces).expect("few") + Duration::from_secs(10);
        let read = async {
            while !bytes.ends_with(b"POST /open") && !bytes.ends_with(b"}") {
                match from.read_buf(&mut bytes).await {
                    Ok(0) | Err(_) => return true,
                    Ok(_) => {}
                }
            }
            false
        };
        let ended = tokio::time::timeout(patience, read).await.unwrap_or(false);
        sending.abort();
        Fate::of(&Came { bytes, ended })
    }

    /// So many of them at the same time.
    pub(crate) async fn flood(self, port: u16, count: usize) -> Fates {
        Fates::of(count, move |_| async move { self.send(port).await }).await
    }

    async fn pour(self, mut to: tokio::net::tcp::OwnedWriteHalf) -> Option<()> {
        let framing = match self.framing {
            Framing::Length => format!("Content-Length: {}", self.piece * self.pieces),
            Framing::Chunks => "Transfer-Encoding: chunked".to_owned(),
        };
        let head = format!("POST /open HTTP/1.1\r\nHost: gateway.test\r\n{framing}\r\n\r\n");
        to.write_all(head.as_bytes()).await.ok()?;
        let piece = match self.framing {
            Framing::Length => "x".repeat(self.piece),
            Framing::Chunks => format!("{:x}\r\n{}\r\n", self.piece, "x".repeat(self.piece)),
        };
        let mut pace = tokio::time::interval(self.pause);
        for _ in 0..self.pieces {
            pace.tick().await;
            to.write_all(piece.as_bytes()).await.ok()?;
        }
        if self.framing == Framing::Chunks {
            to.write_all(b"0\r\n\r\n").await.ok()?;
        }
        // The half that sends stays until the answer is there.
        std::future::pending().await
    }
}
