//! The other end of an upgrade: RFC 6455 section 4.2.2 to the letter, and every byte back as it came.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};

use super::seen::Seen;
use crate::eventually::scripted_pause;

/// Switches protocols after as long as an agent needs to think, or `ms` of the query; one that answers at once is a test
/// of its own.
pub(super) async fn open(
    stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>,
    seen: &Seen,
) -> Option<()> {
    scripted_pause(Duration::from_millis(seen.number("ms").unwrap_or(20))).await;
    let asked = format!("{}258EAFA5-E914-47DA-95CA-C5AB0DC85B11", seen.all("sec-websocket-key").concat());
    let accept = STANDARD.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, asked.as_bytes()));
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    let mut piece = [0; 4096];
    loop {
        let n = stream.read(&mut piece).await.ok().filter(|n| *n > 0)?;
        stream.write_all(&piece[..n]).await.ok()?;
        stream.flush().await.ok()?;
    }
}
