//! The cheapest agent that there can be, for load: each request gets 100 bytes, without being looked at.
//!
//! `echo_agent LISTEN`, as address and port. HTTP/1.1 with keep-alive, requests without a body.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let listen = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9000".to_owned());
    let listener = TcpListener::bind(listen).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        // A connection that ends in mid-request is the caller's affair.
        tokio::spawn(async move { serve(stream).await.ok() });
    }
}

async fn serve(mut stream: TcpStream) -> io::Result<()> {
    let body = "x".repeat(100);
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut head = Vec::with_capacity(4096);
    loop {
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut head).await? == 0 {
                return Ok(());
            }
        }
        head.clear();
        stream.write_all(answer.as_bytes()).await?;
    }
}
