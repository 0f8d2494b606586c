//! Heads of HTTP/1 requests that two servers could read differently, or that no server should read, are refused
//! before Pingora repairs them or answers them in its own way (RFC 9112 sections 3, 6.1 and 6.3, RFC 9110 section 5).
//! What a sound head asks for is not looked at here.

use memchr::memchr;

use crate::model::byte_class::{self, AS_SENT, QUERY, TARGET, TOKEN};
use crate::model::{Authority, Host, Refusal, is_token};

use super::chunks::is_field_byte;

/// The longest method. The longest that is registered has 17 letters.
const LONGEST_METHOD: usize = 32;

/// What a sound head says of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Framing<'a> {
    pub(crate) body: BodyLength,
    pub(crate) fields: usize,
    /// How the target goes on; absent when it goes on as it was sent.
    pub(crate) target: Option<Target<'a>>,
}

/// The parts of a target that does not go on as it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    /// Of a target in absolute form.
    pub(crate) authority: Option<&'a str>,
    pub(crate) path: &'a str,
    /// With its question mark, as it was sent; empty when there is none.
    pub(crate) query: &'a [u8],
}

/// Where the body ends (RFC 9112 section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyLength {
    /// After this many bytes; none without a length.
    Bytes(u64),
    /// Where its chunks say.
    Chunked,
}

/// Reads a head up to and with its empty line, with at most as many fields as may be, or says how it is refused.
pub(crate) fn read(head: &[u8], most_fields: usize) -> Result<Framing<'_>, Refusal> {
    let mut lines = lines(head);
    let line = RequestLine::parse(lines.next().unwrap_or_default())?;
    let target = line.target()?;
    let (mut length, mut chunked, mut host, mut fields) = (None, false, None, 0);
    for field in lines.take_while(|line| !line.is_empty()) {
        if fields == most_fields {
            return Err(Refusal::HeadTooLarge);
        }
        fields += 1;
        let (name, value) = name_and_value(field).ok_or(Refusal::MalformedHead)?;
        if !is_field_value(value) {
            return Err(Refusal::MalformedHead);
        }
        let value = trim_blanks(value);
        if name.eq_ignore_ascii_case(b"content-length") {
            is_new(length.replace(parse_length(value)?))?;
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if chunked || !line.chunks_known || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Refusal::MalformedHead);
            }
            chunked = true;
        } else if name.eq_ignore_ascii_case(b"host") {
            is_new(host.replace(value))?;
        }
    }
    if let (Some(authority), Some(host)) = (target.and_then(|target| target.authority), host) {
        let host = std::str::from_utf8(host).map_err(|_| Refusal::MalformedHead)?;
        let named = |text| Authority::of(line.scheme(), text);
        if !named(authority).names_same_as(&named(host)) {
            return Err(Refusal::MalformedHead);
        }
    }
    // Pingora answers it in its own way.
    if host.is_some_and(|host| memchr(b'@', host).is_some()) {
        return Err(Refusal::MalformedHead);
    }
    let body = match (length, chunked) {
        (Some(_), true) => return Err(Refusal::MalformedHead),
        (None, true) => BodyLength::Chunked,
        (length, false) => BodyLength::Bytes(length.unwrap_or(0)),
    };
    Ok(Framing { body, fields, target })
}

/// The parts of a field line: a token before a colon, and what is behind it.
fn name_and_value(field: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = field.iter().position(|byte| byte_class::of(*byte) & TOKEN == 0)?;
    let (name, rest) = field.split_at_checked(end)?;
    Some((name, rest.strip_prefix(b":")?)).filter(|_| end > 0)
}

/// The lines of a head, without their ends.
fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(head);
    std::iter::from_fn(move || {
        let text = rest?;
        let (line, after) = match memchr(b'\n', text) {
            Some(end) => (text.get(..end)?, text.get(end + 1..)),
            None => (text, None),
        };
        rest = after;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    })
}

/// Method, target and version with one blank between each. The path is visible ASCII, without what no URI has and
/// libraries disagree on (RFC 3986 appendix A); the query may have that.
struct RequestLine<'a> {
    /// The target without its query.
    target: &'a str,
    query: &'a [u8],
    /// Whether the query is forwarded as it came.
    is_as_sent: bool,
    chunks_known: bool,
}

impl<'a> RequestLine<'a> {
    fn parse(line: &'a [u8]) -> Result<Self, Refusal> {
        let mut words = line.split(|b| *b == b' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(Refusal::MalformedHead);
        };
        let (target, query) = target.split_at(memchr(b'?', target).unwrap_or(target.len()));
        let of_query = byte_class::all_of(query);
        let sound = is_token(method)
            && method.len() <= LONGEST_METHOD
            && !target.is_empty()
            && byte_class::all_of(target) & TARGET != 0
            && of_query & QUERY != 0
            && matches!(version, b"HTTP/1.1" | b"HTTP/1.0");
        if !sound {
            return Err(Refusal::MalformedHead);
        }
        // In small letters as well: some servers do not tell them apart.
        if method.eq_ignore_ascii_case(b"connect") || method.eq_ignore_ascii_case(b"trace") {
            return Err(Refusal::MethodNotAllowed);
        }
        let target = std::str::from_utf8(target).map_err(|_| Refusal::MalformedHead)?;
        let is_as_sent = of_query & AS_SENT != 0;
        Ok(Self { target, query, is_as_sent, chunks_known: version == b"HTTP/1.1" })
    }

    /// The scheme of a target in absolute form.
    fn scheme(&self) -> &'a str {
        self.target.split_once("://").map_or("", |(scheme, _)| scheme)
    }

    /// The parts of a target in absolute form (RFC 9112 section 3.2.2), or of one whose query is encoded. A target that
    /// is neither in absolute form nor a path is refused.
    fn target(&self) -> Result<Option<Target<'a>>, Refusal> {
        let query = self.query;
        if self.target.starts_with('/') {
            return Ok((!self.is_as_sent).then_some(Target { authority: None, path: self.target, query }));
        }
        let (scheme, rest) = self.target.split_once("://").ok_or(Refusal::MalformedHead)?;
        if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
            return Err(Refusal::MalformedHead);
        }
        let end = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).ok_or(Refusal::MalformedHead)?;
        if (path.is_empty() && !query.is_empty()) || Host::parse(authority).is_err() {
            return Err(Refusal::MalformedHead);
        }
        Ok(Some(Target { authority: Some(authority), path: if path.is_empty() { "/" } else { path }, query }))
    }
}

/// A field that may stand but once.
const fn is_new<T: Copy>(before: Option<T>) -> Result<(), Refusal> {
    if before.is_some() { Err(Refusal::MalformedHead) } else { Ok(()) }
}

/// Without the blanks around it: spaces and tabs, and nothing else that some take for one (RFC 9110 section 5.6.3).
pub(crate) fn trim_blanks(value: &[u8]) -> &[u8] {
    let is_blank = |b: &u8| matches!(b, b' ' | b'\t');
    let begin = value.iter().position(|b| !is_blank(b)).unwrap_or(value.len());
    let end = value.iter().rposition(|b| !is_blank(b)).map_or(begin, |last| last + 1);
    value.get(begin..end).unwrap_or_default()
}

/// Digits alone, of a number that every machine holds.
fn parse_length(value: &[u8]) -> Result<u64, Refusal> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(Refusal::MalformedHead);
    }
    let number = std::str::from_utf8(value).ok().and_then(|text| text.parse::<i64>().ok());
    number.and_then(|number| u64::try_from(number).ok()).ok_or(Refusal::MalformedHead)
}

/// The longest value that is looked at by the word. The compiler makes more of a loop over a longer one.
const SHORT_VALUE: usize = 64;

/// RFC 9110 section 5.5. All bytes are looked at, many in one instruction, since nearly every value is sound.
fn is_field_value(value: &[u8]) -> bool {
    if value.len() > SHORT_VALUE {
        return value.iter().fold(true, |sound, b| sound & is_field_byte(*b));
    }
    let (words, rest) = value.as_chunks::<8>();
    let is_sound =
        |word: &[u8; 8]| is_plain(u64::from_ne_bytes(*word)) || word.iter().all(|b| is_field_byte(*b));
    words.iter().all(is_sound) && rest.iter().all(|b| is_field_byte(*b))
}

/// Whether none of eight bytes is a control character. A tab is one, and sound all the same.
const fn is_plain(word: u64) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    let below_blank = word.wrapping_sub(ONES * 0x20) & !word;
    let delete = word ^ (ONES * 0x7f);
    let is_delete = delete.wrapping_sub(ONES) & !delete;
    (below_blank | is_delete) & HIGH == 0
}

#[cfg(test)]
mod tests {
    use super::{BodyLength, Framing, Target};
    use crate::model::Refusal;

    fn read(head: &[u8]) -> Result<Framing<'_>, Refusal> {
        super::read(head, 3)
    }

    #[test]
    fn sound_heads_pass() {
        fn absolute(
            authority: &'static str,
            path: &'static str,
            query: &'static str,
        ) -> Option<Target<'static>> {
            Some(Target { authority: Some(authority), path, query: query.as_bytes() })
        }
        let encoded =
            |query: &'static str| Some(Target { authority: None, path: "/a", query: query.as_bytes() });
        let none = BodyLength::Bytes(0);
        for (head, body, target) in [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", none, None),
            ("POST /a?b=c HTTP/1.0\r\nContent-Length: 0\r\n\r\n", none, None),
            ("POST / HTTP/1.1\r\nHost: a\r\ncontent-length: \t007 \r\n\r\n", BodyLength::Bytes(7), None),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n", BodyLength::Chunked, None),
            ("GET http://a/b HTTP/1.1\r\nHost:a\r\nX:\r\n\r\n", none, absolute("a", "/b", "")),
            (
                "GET HTTP://A.Example HTTP/1.1\r\nHost: a.example:80\r\n\r\n",
                none,
                absolute("A.Example", "/", ""),
            ),
            ("GET https://a./?b HTTP/1.1\r\nHost: A:443\r\n\r\n", none, absolute("a.", "/", "?b")),
            ("GET http://[::1]:8/ HTTP/1.1\r\nHost: [::1]:8\r\n\r\n", none, absolute("[::1]:8", "/", "")),
            ("GET http://a/ HTTP/1.0\r\n\r\n", none, absolute("a", "/", "")),
            ("GET /a?b=\"{\u{e4}<>^`|}\" HTTP/1.1\r\nHost: a\r\n\r\n", none, encoded("?b=\"{\u{e4}<>^`|}\"")),
            ("GET http://a/a?[b] HTTP/1.1\r\nHost: a\r\n\r\n", none, absolute("a", "/a", "?[b]")),
        ] {
            let framing = read(head.as_bytes()).unwrap_or_else(|refusal| panic!("{head:?}: {refusal:?}"));
            assert_eq!((framing.body, framing.target), (body, target), "{head:?}");
        }
    }

    #[test]
    fn heads_that_can_be_read_in_two_ways_are_refused() {
        for head in [
            "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length:\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 9223372036854775808\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n",
            "GET / HTTP/1.1\r\nX: a\r\n folded\r\n\r\n",
            "GET / HTTP/1.1\r\nno colon\r\n\r\n",
            "GET /a b HTTP/1.1\r\n\r\n",
            "GET  / HTTP/1.1\r\n\r\n",
            "GET /a#b HTTP/1.1\r\n\r\n",
            "GET /\u{e4} HTTP/1.1\r\n\r\n",
            "GET / HTTP/2.0\r\n\r\n",
            "G(T / HTTP/1.1\r\n\r\n",
            "GET /<a> HTTP/1.1\r\n\r\n",
            "GET /`a HTTP/1.1\r\n\r\n",
            "GET /\"a HTTP/1.1\r\n\r\n",
            "GET /?a=b#c HTTP/1.1\r\n\r\n",
            "GET /?a=\u{7f} HTTP/1.1\r\n\r\n",
            "GET /?a=\u{1} HTTP/1.1\r\n\r\n",
            "GET /?a=\t HTTP/1.1\r\n\r\n",
            "GET ?a HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nX(Y): a\r\n\r\n",
            "GET / HTTP/1.1\r\nX: \u{7}\r\n\r\n",
            "GET / HTTP/1.1\r\nX: a\r\r\n\r\n",
            "GET / HTTP/1.1\r\nX:\r\r\n\r\n",
            "GET / HTTP/1.1\r\nX: \u{c}a\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: \u{c}5\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\u{c}\r\n\r\n",
            "GET / HTTP/1.1\r\nX: a\u{c}\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: \u{c}chunked\r\n\r\n",
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
            "GET /\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
            "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n",
            "GET http://a/ HTTP/1.1\r\nHost: a:81\r\n\r\n",
            "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET http://a?b HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        ] {
            assert_eq!(read(head.as_bytes()), Err(Refusal::MalformedHead), "{head:?}");
        }
        for head in ["CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", "trace / HTTP/1.1\r\nHost: a\r\n\r\n"] {
            assert_eq!(read(head.as_bytes()), Err(Refusal::MethodNotAllowed), "{head:?}");
        }
        assert!(read(b"GET / HTTP/1.1\r\nA: 1\r\nA: 2\r\nA: 3\r\n\r\n").is_ok());
        assert_eq!(
            read(b"GET / HTTP/1.1\r\nA: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\n\r\n"),
            Err(Refusal::HeadTooLarge)
        );
    }

    #[test]
    fn each_byte_of_a_value_is_looked_at_wherever_it_stands() {
        for byte in 0..=u8::MAX {
            let wanted = byte == b'\t' || (byte >= 0x20 && byte != 0x7f);
            for (length, at) in
                (1..=20).chain([64, 65, 70]).flat_map(|length| (0..length).map(move |at| (length, at)))
            {
                let mut value = vec![b'a'; length];
                value[at] = byte;
                assert_eq!(super::is_field_value(&value), wanted, "{byte:#x} at {at} of {length}");
            }
        }
    }
}
