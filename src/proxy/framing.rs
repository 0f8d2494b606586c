//! Heads of HTTP/1 requests that two servers could read differently, or that no server should read, are refused
//! before Pingora repairs them or answers them in its own way (RFC 9112 sections 3, 6.1 and 6.3, RFC 9110 section 5).
//! What a sound head asks for is not looked at here.

/// Why a head is refused: the status of the answer. It may have as many fields as `most_fields`.
pub(super) fn fault(head: &[u8], most_fields: usize) -> Option<u16> {
    let mut lines = head.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let request_line = lines.next().unwrap_or_default();
    if request_line.starts_with(b"CONNECT ") {
        return Some(405);
    }
    if !is_sound_request_line(request_line) {
        return Some(400);
    }
    let chunks_known = request_line.ends_with(b"HTTP/1.1");
    let (mut lengths, mut codings) = (0, 0);
    for (count, line) in lines.take_while(|line| !line.is_empty()).enumerate() {
        if count == most_fields {
            return Some(431);
        }
        let Some(colon) = line.iter().position(|b| *b == b':') else { return Some(400) };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if !is_token(name) || !value.iter().all(is_field_byte) {
            return Some(400);
        }
        if name.eq_ignore_ascii_case(b"content-length") {
            lengths += 1;
            if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
                return Some(400);
            }
        }
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            codings += 1;
            if !chunks_known || !value.eq_ignore_ascii_case(b"chunked") {
                return Some(400);
            }
        }
    }
    (lengths > 1 || codings > 1 || lengths + codings > 1).then_some(400)
}

/// RFC 9110 section 5.6.2.
fn is_token(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b))
}

/// RFC 9110 section 5.5: no control character but a tab.
const fn is_field_byte(byte: &u8) -> bool {
    *byte == b'\t' || (*byte >= 0x20 && *byte != 0x7f)
}

/// Method, target and version with one blank between each, and a target of visible ASCII without a fragment and
/// without what no URI has and libraries disagree on (RFC 3986 appendix A).
fn is_sound_request_line(line: &[u8]) -> bool {
    let mut words = line.split(|b| *b == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return false;
    };
    let visible = |b: &u8| (0x21..0x7f).contains(b) && !b"#\"<>".contains(b);
    // Browsers send it in a query as it is, and never in a path.
    let backtick = target.split(|b| *b == b'?').next().is_some_and(|path| path.contains(&b'`'));
    is_token(method)
        && !target.is_empty()
        && target.iter().all(visible)
        && !backtick
        && matches!(version, b"HTTP/1.1" | b"HTTP/1.0")
}

#[cfg(test)]
mod tests {
    fn fault(head: &[u8]) -> Option<u16> {
        super::fault(head, 3)
    }

    #[test]
    fn sound_heads_pass() {
        for head in [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST /a?b=c HTTP/1.0\r\nContent-Length: 0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n",
            "GET http://a/b HTTP/1.1\r\nHost:a\r\nX:\r\n\r\n",
        ] {
            assert_eq!(fault(head.as_bytes()), None, "{head:?}");
        }
    }

    #[test]
    fn heads_that_can_be_read_in_two_ways_are_refused() {
        for head in [
            "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length:\r\n\r\n",
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
            "GET /?a=<b> HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nX(Y): a\r\n\r\n",
            "GET / HTTP/1.1\r\nX: \u{7}\r\n\r\n",
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
            "GET /\r\n\r\n",
        ] {
            assert_eq!(fault(head.as_bytes()), Some(400), "{head:?}");
        }
        assert_eq!(fault(b"GET / HTTP/1.1\r\nA: 1\r\nA: 2\r\nA: 3\r\n\r\n"), None);
        assert_eq!(fault(b"GET / HTTP/1.1\r\nA: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\n\r\n"), Some(431));
        assert_eq!(fault(b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"), Some(405));
    }
}
