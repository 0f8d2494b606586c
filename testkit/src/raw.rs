//! HTTP/1.1 by the byte: what no well-behaved client would send.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Sends `bytes`, reads until the peer closes or `within` has passed, and gives back what came.
pub async fn exchange(port: u16, bytes: &[u8], within: Duration) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("it connects");
    // A peer that has refused already may not take the rest.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let read = async {
        let mut piece = [0_u8; 8192];
        while let Ok(n) = stream.read(&mut piece).await {
            if n == 0 {
                break;
            }
            answer.extend_from_slice(&piece[..n]);
        }
    };
    let _ = tokio::time::timeout(within, read).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// A request for `target` with these header lines, which asks for the connection to be closed.
pub async fn get(port: u16, target: &str, headers: &[&str]) -> String {
    let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let request = format!("GET {target} HTTP/1.1\r\nHost: gateway.test\r\n{lines}Connection: close\r\n\r\n");
    exchange(port, request.as_bytes(), Duration::from_secs(10)).await
}

/// The status of a raw answer; 0 when there is none.
pub fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}
