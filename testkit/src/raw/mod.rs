//! The one raw client: HTTP/1.1 by the byte, which no well-behaved client would send, with a limit on every wait.

mod response;
mod wire;

use std::time::Duration;

pub use response::{Response, chunked, find, head_of};
pub use wire::{Came, HERE, SOON, Wire};

/// Sends `bytes`, reads until the peer closes or `within` has passed, and gives back what came.
pub async fn exchange(port: u16, bytes: &[u8], within: Duration) -> String {
    let mut wire = Wire::connect(port).await;
    // A peer that has refused already may not take the rest.
    let _ = wire.say(bytes).await;
    String::from_utf8_lossy(&wire.rest(within).await.bytes).into_owned()
}

/// A request for `target` with these header lines, which asks for the connection to be closed.
pub async fn get(port: u16, target: &str, headers: &[&str]) -> String {
    let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let request = format!("GET {target} HTTP/1.1\r\nHost: gateway.test\r\n{lines}Connection: close\r\n\r\n");
    exchange(port, request.as_bytes(), SOON).await
}

/// The status of a raw answer; 0 when there is none.
pub fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}
