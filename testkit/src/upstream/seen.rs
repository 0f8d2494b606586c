//! A request as it arrived, read off a connection by the byte.

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The method.
    pub method: String,
    /// Path and query, as they stood in the request line.
    pub target: String,
    /// Names and values, in their order.
    pub headers: Vec<(String, String)>,
    /// Whether it came over HTTP/2.
    pub is_http2: bool,
}

impl Seen {
    /// Reads the next head; `None` when the peer has closed, or says what is no head.
    pub async fn read(stream: &mut BufReader<impl AsyncRead + Unpin>) -> Option<Self> {
        let (mut lines, mut line) = (Vec::<String>::new(), String::new());
        loop {
            line.clear();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let text = line.trim_end_matches(['\r', '\n']);
            if text.is_empty() {
                break;
            }
            lines.push(text.to_owned());
        }
        let mut words = lines.first()?.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let split = |line: &String| line.split_once(':').map(|(n, v)| (n.to_owned(), v.trim().to_owned()));
        let headers = lines[1..].iter().filter_map(split).collect();
        Some(Self { method, target, headers, is_http2: false })
    }

    /// Reads the body that belongs to this head, and says how long it is; `None` when it breaks off.
    pub async fn body(&self, stream: &mut BufReader<impl AsyncRead + Unpin>) -> Option<u64> {
        if self.field("transfer-encoding").is_none() {
            let length = self.field("content-length").map_or(Some(0), |l| l.parse().ok())?;
            let taken = tokio::io::copy(&mut stream.take(length), &mut tokio::io::sink()).await.ok()?;
            return (taken == length).then_some(length);
        }
        let mut total = 0;
        loop {
            let size = chunk_size(stream).await?;
            let taken = tokio::io::copy(&mut stream.take(size + 2), &mut tokio::io::sink()).await.ok()?;
            if taken != size + 2 {
                return None;
            }
            total += size;
            if size == 0 {
                return Some(total);
            }
        }
    }

    /// All values of a header.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// The first value of a header.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    /// The request line, without the version.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    /// The target without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A number of the query.
    pub fn number(&self, name: &str) -> Option<u64> {
        let query = self.target.split_once('?')?.1;
        query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
    }
}

/// The size in the line before a chunk; its extensions are not looked at.
pub(super) async fn chunk_size(stream: &mut BufReader<impl AsyncRead + Unpin>) -> Option<u64> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    u64::from_str_radix(line.trim().split(';').next()?, 16).ok()
}
