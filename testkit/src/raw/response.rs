//! Responses read by the letter of RFC 9112, and the pieces that they are made of.

/// Where `what` begins in `bytes`.
pub fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// First line and fields, the names in small letters.
pub fn head_of(head: &[u8]) -> (String, Vec<(String, String)>) {
    // Each byte a character: values may hold any.
    let text: String = head.iter().map(|byte| char::from(*byte)).collect();
    let mut lines = text.split("\r\n");
    let line = lines.next().unwrap_or_default().to_owned();
    let fields = lines.filter_map(|line| line.split_once(": "));
    (line, fields.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect())
}

/// The data of a chunked body and where it ends; none when it does not end. Extensions and trailers are not expected.
pub fn chunked(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut data, mut at) = (Vec::new(), 0);
    loop {
        let line = find(&bytes[at..], b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[at..at + line]).ok()?, 16).ok()?;
        at += line + 2;
        data.extend_from_slice(bytes.get(at..at + size)?);
        at += size;
        (bytes.get(at..at + 2)? == b"\r\n").then_some(())?;
        at += 2;
        if size == 0 {
            return Some((data, at));
        }
    }
}

/// A response of the gateway.
#[derive(Debug)]
pub struct Response {
    /// Its status.
    pub status: u16,
    /// Names in small letters, and values.
    pub fields: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Response {
    /// The value of a field; empty when it is not there.
    pub fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    /// Whether it says that the connection ends with it.
    pub fn is_last(&self) -> bool {
        self.field("connection").eq_ignore_ascii_case("close")
    }
}
