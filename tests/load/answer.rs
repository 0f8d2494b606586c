//! Reads one HTTP/1.1 answer from a connection, and says how it broke off when it did.

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// Whether the peer said that it closes.
    pub(crate) close: bool,
}

/// Reads it; the error names the kind of the fault.
pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Answer, String> {
    let mut came = Vec::with_capacity(1024);
    let end = loop {
        if let Some(at) = came.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        more(stream, &mut came).await?;
    };
    let head = String::from_utf8_lossy(&came[..end]).into_owned();
    let field = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_ascii_lowercase())
    };
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or("no HTTP/1.1 answer")?;
    let close = field("connection").is_some_and(|value| value == "close");
    let mut rest = came.split_off(end);
    let body = if let Some(length) = field("content-length") {
        let length: usize = length.parse().map_err(|_| "a length that is no number")?;
        while rest.len() < length {
            more(stream, &mut rest).await.map_err(inside)?;
        }
        let over = rest.split_off(length);
        if over.is_empty() { rest } else { return Err("bytes after the answer".to_owned()) }
    } else if field("transfer-encoding").is_some() {
        chunks(stream, rest).await?
    } else if matches!(status, 204 | 304) {
        rest
    } else {
        return Err("an answer without a length".to_owned());
    };
    Ok(Answer { status, body, close })
}

async fn chunks(stream: &mut (impl AsyncRead + Unpin), mut rest: Vec<u8>) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    loop {
        let line = loop {
            if let Some(at) = rest.windows(2).position(|window| window == b"\r\n") {
                break at;
            }
            more(stream, &mut rest).await.map_err(inside)?;
        };
        let size = std::str::from_utf8(&rest[..line]).ok().and_then(|s| usize::from_str_radix(s, 16).ok());
        let size = size.ok_or("a chunk without a size")?;
        while rest.len() < line + 2 + size + 2 {
            more(stream, &mut rest).await.map_err(inside)?;
        }
        body.extend_from_slice(&rest[line + 2..line + 2 + size]);
        rest.drain(..line + 2 + size + 2);
        if size == 0 {
            return Ok(body);
        }
    }
}

async fn more(stream: &mut (impl AsyncRead + Unpin), came: &mut Vec<u8>) -> Result<(), String> {
    let place = if came.is_empty() { "before the answer" } else { "inside the answer" };
    match stream.read_buf(came).await {
        Ok(0) => Err(format!("closed {place}")),
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{:?} {place}", error.kind())),
    }
}

/// Behind the head nothing is before the answer any more.
fn inside(fault: String) -> String {
    fault.replace("before", "inside")
}
