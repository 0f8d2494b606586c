//! What is handed to Pingora of the bytes that a caller sent: one head, its target in origin form, and of the body as
//! much as has come and is sound. What came behind the message is kept from it.

use bytes::{BufMut as _, BytesMut};

use crate::model::{Refusal, query};

use super::body::{Body, is_blank};
use super::framing::{self, Framing, Target};

/// The most fields that Pingora reads.
const MOST_FIELDS: usize = 256;
const CLOSE: &[u8] = b"Connection: close\r\n";

/// A sound request, as far as it has come.
#[derive(Debug)]
pub(crate) struct Handover {
    /// What Pingora reads first.
    pub(crate) bytes: BytesMut,
    /// The rest of the body, which is still to come.
    pub(crate) body: Body,
    /// What came behind the message: a next request that nobody waits for, or the first bytes of a tunnel.
    pub(crate) behind: BytesMut,
}

impl Handover {
    /// Takes apart what was read; the head with its empty line is the first `end` bytes. Or says how it is refused.
    pub(crate) fn of(mut read: BytesMut, end: usize, most_fields: usize) -> Result<Self, Refusal> {
        // Most heads come alone; to split a buffer costs an allocation.
        let mut after = if end < read.len() { read.split_off(end) } else { BytesMut::new() };
        let framing = framing::read(&read, most_fields)?;
        let mut body = Body::new(framing.body);
        let came = body.take(&after).map_err(|_| Refusal::MalformedHead)?;
        let behind = if came < after.len() { after.split_off(came) } else { BytesMut::new() };
        // A second request does not wait in line: the answer to the first says that it was in vain.
        let close = !is_blank(&behind) && framing.fields < MOST_FIELDS;
        let mut bytes = match framing.target {
            None if !close => read,
            _ => rewritten(&read, &framing, close),
        };
        bytes.unsplit(after);
        Ok(Self { bytes, body, behind })
    }
}

/// The head with its target in origin form and its query encoded, and told to be the last one when `close` is set.
fn rewritten(head: &[u8], framing: &Framing<'_>, close: bool) -> BytesMut {
    let mut bytes = BytesMut::with_capacity(head.len() + CLOSE.len());
    let authority = framing.target.and_then(|target| target.authority);
    for (number, line) in head.split_inclusive(|b| *b == b'\n').enumerate() {
        match (&framing.target, authority) {
            (Some(target), _) if number == 0 => put_request_line(&mut bytes, line, target),
            // Equal to the authority, which stands for it (RFC 9112 section 3.2.2).
            (_, Some(_)) if line.get(..5).is_some_and(|name| name.eq_ignore_ascii_case(b"host:")) => {}
            _ if line == b"\r\n" && close => {
                bytes.put_slice(CLOSE);
                bytes.put_slice(line);
            }
            _ => bytes.put_slice(line),
        }
    }
    bytes
}

fn put_request_line(bytes: &mut BytesMut, line: &[u8], target: &Target<'_>) {
    let mut words = line.split(|b| *b == b' ');
    bytes.put_slice(words.next().unwrap_or_default());
    bytes.put_slice(b" ");
    bytes.put_slice(target.path.as_bytes());
    bytes.put_slice(&query::encoded(target.query));
    bytes.put_slice(b" ");
    bytes.put_slice(words.next_back().unwrap_or_default());
    if let Some(authority) = target.authority {
        bytes.put_slice(b"Host: ");
        bytes.put_slice(authority.as_bytes());
        bytes.put_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handed(text: &str) -> (String, String) {
        let end = text.find("\r\n\r\n").unwrap() + 4;
        let handover = Handover::of(BytesMut::from(text.as_bytes()), end, 100).unwrap();
        let text = |bytes: &BytesMut| String::from_utf8(bytes.to_vec()).unwrap();
        (text(&handover.bytes), text(&handover.behind))
    }

    #[test]
    fn one_message_is_handed_over_and_what_is_behind_it_is_not() {
        for (sent, wanted, behind) in [
            ("GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a HTTP/1.1\r\nHost: a\r\n\r\n", ""),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxyGET",
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\nxy",
                "GET",
            ),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n\r\n",
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
                "\r\n",
            ),
            ("GET http://A:80 HTTP/1.1\r\nhost:a\r\n\r\n", "GET / HTTP/1.1\r\nHost: A:80\r\n\r\n", ""),
            ("GET http://a/b?c HTTP/1.0\r\n\r\n", "GET /b?c HTTP/1.0\r\nHost: a\r\n\r\n", ""),
            (
                "GET /b?c={\"d\":<\u{e4}>} HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET /b?c=%7B%22d%22:%3C%C3%A4%3E%7D HTTP/1.1\r\nHost: a\r\n\r\n",
                "",
            ),
            (
                "GET http://a/b?c=|| HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET /b?c=%7C%7C HTTP/1.1\r\nHost: a\r\n\r\n",
                "",
            ),
        ] {
            assert_eq!(handed(sent), (wanted.to_owned(), behind.to_owned()), "{sent:?}");
        }
    }

    #[test]
    fn a_body_that_is_unsound_from_its_start_is_refused_with_its_head() {
        let text = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\n";
        assert_eq!(Handover::of(BytesMut::from(&text[..]), 47, 100).err(), Some(Refusal::MalformedHead));
    }
}
