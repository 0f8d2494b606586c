//! One request head without a connection, for the fuzz targets, which see public items alone: the checks of the door and of
//! the first phase, in the same order. The gateway itself does not use this.

use http::{HeaderMap, HeaderName, HeaderValue, Version};
use pingora::http::RequestHeader;

use crate::door::http1::framing;
use crate::door::http1::head::has_bare_line_feed;
use crate::model::{Refusal, query};

use super::view::{BadTarget, View};

/// The largest `header_fields` that a configuration may set, so that fuzzing covers every head that could pass.
const MOST_FIELDS: usize = 256;

/// A head that passed all checks before the decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// The method, as it was sent.
    pub method: String,
    /// The host in canonical form.
    pub host: Option<String>,
    /// The path in canonical form.
    pub path: String,
    /// The query, without the question mark.
    pub query: Option<Vec<u8>>,
    /// The fields, in the order in which each name has them.
    pub fields: HeaderMap,
}

/// Checks a complete head, including its empty line.
///
/// # Errors
/// The refusal.
pub fn inspect(head: &[u8]) -> Result<Inspected, Refusal> {
    if has_bare_line_feed(head) {
        return Err(Refusal::MalformedHead);
    }
    let _framing = framing::read(head, MOST_FIELDS)?;
    let request = read(head).ok_or(Refusal::MalformedHead)?;
    let view = View::of(&request).map_err(BadTarget::refusal)?;
    Ok(Inspected {
        method: request.method.as_str().to_owned(),
        host: view.host.as_ref().map(|host| host.as_str().to_owned()),
        path: view.path.as_str().to_owned(),
        query: view.query.map(<[u8]>::to_vec),
        fields: request.headers.clone(),
    })
}

/// The head as Pingora holds it.
fn read(head: &[u8]) -> Option<RequestHeader> {
    let mut lines = head.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut words = lines.next()?.split(|b| *b == b' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let (path, query) = target.split_at(target.iter().position(|b| *b == b'?').unwrap_or(target.len()));
    let target = [path, &query::encoded(query)].concat();
    let mut request = RequestHeader::build(method, &target, None).ok()?;
    request.set_version(if version == b"HTTP/1.0" { Version::HTTP_10 } else { Version::HTTP_11 });
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_at_checked(line.iter().position(|b| *b == b':')?)?;
        let name = HeaderName::from_bytes(name).ok()?;
        let value = HeaderValue::from_bytes(framing::trim_blanks(value.get(1..)?)).ok()?;
        request.append_header(name, value).ok()?;
    }
    Some(request)
}

#[cfg(test)]
mod tests {
    use super::{Refusal, inspect};

    #[test]
    fn a_head_is_checked_as_the_door_and_the_first_phase_check_it() {
        let seen = inspect(b"GET /a/%62?c HTTP/1.1\r\nHost: A.test:80\r\nX: 1\r\nx:  2 \r\n\r\n").unwrap();
        assert_eq!((seen.method.as_str(), seen.path.as_str()), ("GET", "/a/b"));
        assert_eq!((seen.host.as_deref(), seen.query.as_deref()), (Some("a.test"), Some(&b"c"[..])));
        assert_eq!(seen.fields.get_all("x").iter().collect::<Vec<_>>(), ["1", "2"]);
        for (head, status) in [
            ("GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET /.. HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 405),
        ] {
            assert_eq!(inspect(head.as_bytes()).map_err(Refusal::status), Err(status), "{head:?}");
        }
    }
}
