//! One HTTP/2 connection whose every byte is the test's: frames are put together and taken apart by hand.
//!
//! The gateway is told to compress nothing (a table of size 0), so that a status can be read without a decoder.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const ACK: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
pub(crate) const PADDED: u8 = 8;

/// The settings of a client: no header table, no server push.
pub(crate) const CLIENT_SETTINGS: [(u16, u32); 2] = [(1, 0), (2, 0)];

/// A frame from the gateway.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

/// What became of a request, or of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Answered.
    Status(u16),
    /// The stream was reset with this code.
    Reset(u32),
    /// The connection was ended with this code.
    GoAway(u32),
    /// The connection was just closed.
    Closed,
    /// Nothing came in time.
    Silence,
}

impl Fate {
    /// Whether the connection is over, and not by agreement.
    pub(crate) fn is_end(self) -> bool {
        matches!(self, Self::GoAway(1..) | Self::Closed)
    }
}

/// What carries a connection: TLS, or nothing but a socket.
trait Carrier: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Carrier for T {}

/// A connection.
pub(crate) struct Wire {
    io: Box<dyn Carrier>,
    bytes: Vec<u8>,
    /// Whether settings are acknowledged: not before the preface.
    has_begun: bool,
}

/// A frame as it is sent.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A SETTINGS frame.
pub(crate) fn settings(pairs: &[(u16, u32)]) -> Vec<u8> {
    let each =
        pairs.iter().flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()[..]].concat());
    frame(SETTINGS, 0, 0, &each.collect::<Vec<u8>>())
}

/// Opens a window.
pub(crate) fn window(stream: u32, more: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, &more.to_be_bytes())
}

/// A number with a prefix of `bits` (RFC 7541 section 5.1).
pub(crate) fn number(first: u8, bits: u32, mut value: usize) -> Vec<u8> {
    let most = (1_usize << bits) - 1;
    let low = |n: usize| u8::try_from(n & 0xff).expect("one byte");
    if value < most {
        return vec![first | low(value)];
    }
    let mut bytes = vec![first | low(most)];
    value -= most;
    while value >= 128 {
        bytes.push(low(value % 128) | 0x80);
        value /= 128;
    }
    bytes.push(low(value));
    bytes
}

/// A field as a literal that goes into no table.
pub(crate) fn field(name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Vec<u8> {
    let (name, value) = (name.as_ref(), value.as_ref());
    [&[0][..], &number(0, 7, name.len()), name, &number(0, 7, value.len()), value].concat()
}

/// A header block of literals.
pub(crate) fn block<N: AsRef<[u8]>, V: AsRef<[u8]>>(fields: &[(N, V)]) -> Vec<u8> {
    fields.iter().flat_map(|(name, value)| field(name, value)).collect()
}

/// The four fields of a plain request.
pub(crate) fn request(path: &str) -> [(&str, &str); 4] {
    [(":method", "GET"), (":scheme", "https"), (":authority", "gateway.test"), (":path", path)]
}

/// A whole GET request.
pub(crate) fn get(stream: u32, path: &str) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, stream, &block(&request(path)))
}

/// The head of a POST request whose body is to come.
pub(crate) fn post(stream: u32, path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let mut fields = request(path).to_vec();
    fields[0].1 = "POST";
    fields.extend(more);
    frame(HEADERS, END_HEADERS, stream, &block(&fields))
}

impl Wire {
    /// A TLS connection on which HTTP/2 was agreed, and nothing sent.
    pub(crate) async fn open(port: u16, pem: &str) -> Self {
        let tcp = TcpStream::connect(("127.0.0.1", port)).await.expect("it connects");
        tcp.set_nodelay(true).expect("no delay");
        Self::over(tcp, pem).await
    }

    /// The same over a socket of the test's own.
    pub(crate) async fn over(tcp: TcpStream, pem: &str) -> Self {
        let tls = testkit::client::over_tls(tcp, pem).await;
        Self { io: Box::new(tls), bytes: Vec::new(), has_begun: false }
    }

    /// A connection in plain text on which nothing was sent.
    pub(crate) async fn in_clear(port: u16) -> Self {
        let tcp = TcpStream::connect(("127.0.0.1", port)).await.expect("it connects");
        tcp.set_nodelay(true).expect("no delay");
        Self { io: Box::new(tcp), bytes: Vec::new(), has_begun: false }
    }

    /// Sends the preface and these settings.
    pub(crate) async fn begin(&mut self, pairs: &[(u16, u32)]) {
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        bytes.extend(settings(pairs));
        assert!(self.send(&bytes).await, "a new connection takes what it is sent");
        self.has_begun = true;
    }

    /// Sends bytes; `false` when the gateway takes no more.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> bool {
        let sent = async {
            self.io.write_all(bytes).await?;
            self.io.flush().await
        };
        timeout(Duration::from_secs(10), sent).await.is_ok_and(|sent| sent.is_ok())
    }

    /// The next frame; `None` when the connection is over. Settings are acknowledged.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.take() {
                if self.has_begun && frame.kind == SETTINGS && frame.flags & ACK == 0 {
                    let _over = self.send(&self::frame(SETTINGS, ACK, 0, b"")).await;
                }
                return Some(frame);
            }
            let mut piece = [0_u8; 16 * 1024];
            let n = self.io.read(&mut piece).await.ok()?;
            if n == 0 {
                return None;
            }
            self.bytes.extend_from_slice(&piece[..n]);
        }
    }

    /// Reads whatever comes for as long as it comes, so that the gateway can go on writing; `None` at the end.
    pub(crate) async fn fate(&mut self, stream: u32, within: Duration) -> Fate {
        let wait = async {
            while let Some(frame) = self.next().await {
                match frame.kind {
                    HEADERS if frame.stream == stream => return Fate::Status(status(&frame.payload)),
                    RST_STREAM if frame.stream == stream => return Fate::Reset(word(&frame.payload, 0)),
                    GOAWAY => return Fate::GoAway(word(&frame.payload, 4)),
                    _ => {}
                }
            }
            Fate::Closed
        };
        timeout(within, wait).await.unwrap_or(Fate::Silence)
    }

    /// Whether the connection ends within the time.
    pub(crate) async fn is_over(&mut self, within: Duration) -> bool {
        timeout(within, async { while self.next().await.is_some() {} }).await.is_ok()
    }

    /// The body on a stream until its end; `None` when it is cut, or does not come.
    pub(crate) async fn body(&mut self, stream: u32) -> Option<Vec<u8>> {
        timeout(Duration::from_secs(10), self.whole_body(stream)).await.ok()?
    }

    async fn whole_body(&mut self, stream: u32) -> Option<Vec<u8>> {
        let (body, end) = self.body_and_end(stream).await;
        end.is_none().then_some(body)
    }

    /// What comes of a body that is cut, and by what.
    pub(crate) async fn cut(&mut self, stream: u32) -> (Vec<u8>, Fate) {
        let came = timeout(Duration::from_secs(10), self.body_and_end(stream)).await;
        let (body, end) = came.expect("an end in time");
        (body, end.expect("the end of a body that is not said to be whole"))
    }

    /// A body, and what has cut it, if anything has.
    async fn body_and_end(&mut self, stream: u32) -> (Vec<u8>, Option<Fate>) {
        let mut body = Vec::new();
        while let Some(frame) = self.next().await {
            match frame.kind {
                DATA if frame.stream == stream => body.extend(frame.payload),
                RST_STREAM if frame.stream == stream => {
                    return (body, Some(Fate::Reset(word(&frame.payload, 0))));
                }
                GOAWAY if word(&frame.payload, 4) != 0 => {
                    return (body, Some(Fate::GoAway(word(&frame.payload, 4))));
                }
                _ => continue,
            }
            if frame.flags & END_STREAM != 0 {
                return (body, None);
            }
        }
        (body, Some(Fate::Closed))
    }

    fn take(&mut self) -> Option<Frame> {
        let head: [u8; 9] = self.bytes.get(..9)?.try_into().ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let payload = self.bytes.get(9..9 + length)?.to_vec();
        self.bytes.drain(..9 + length);
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        Some(Frame { kind: head[3], flags: head[4], stream, payload })
    }
}

/// Four bytes of a payload as a number.
fn word(payload: &[u8], at: usize) -> u32 {
    payload.get(at..at + 4).and_then(|w| w.try_into().ok()).map_or(0, u32::from_be_bytes)
}

/// The status that a header block begins with.
fn status(block: &[u8]) -> u16 {
    let mut rest = block;
    // A change of the table's size.
    while rest.first().is_some_and(|b| b & 0xe0 == 0x20) {
        let more = if rest[0] & 0x1f == 0x1f {
            rest[1..].iter().position(|b| b & 0x80 == 0).unwrap_or(0) + 1
        } else {
            0
        };
        rest = &rest[1 + more..];
    }
    const INDEXED: [u16; 7] = [200, 204, 206, 304, 400, 404, 500];
    match rest {
        [index @ 0x88..=0x8e, ..] => INDEXED[usize::from(index - 0x88)],
        // A literal with the name `:status`, its value in Huffman's code or plain.
        [0x48 | 0x08 | 0x18, length, value @ ..] => {
            let value = &value[..usize::from(length & 0x7f)];
            let digits =
                if length & 0x80 == 0 { String::from_utf8_lossy(value).into_owned() } else { digits(value) };
            digits.parse().expect("a status")
        }
        other => panic!("no status: {other:x?}"),
    }
}

/// Digits in Huffman's code (RFC 7541 appendix B): five bits up to `2`, six from `3` on.
fn digits(code: &[u8]) -> String {
    let bits: String = code.iter().map(|b| format!("{b:08b}")).collect();
    let (mut rest, mut out) = (&bits[..], String::new());
    while out.len() < 3 {
        let five = u8::from_str_radix(&rest[..5], 2).expect("bits");
        let (digit, length) = match five {
            0..=2 => (five, 5),
            _ => (u8::from_str_radix(&rest[..6], 2).expect("bits") - 0b01_1001 + 3, 6),
        };
        out.push(char::from(b'0' + digit));
        rest = &rest[length..];
    }
    out
}
