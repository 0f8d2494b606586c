//! The places besides the agent's header in which callers may send their token, when the agent says so: browsers cannot set
//! headers on WebSockets and event streams. Values in such a place never go on to the agent, credential or not.
//!
//! The header itself is read in `extract`.

use std::borrow::Cow;

use http::header::{COOKIE, SEC_WEBSOCKET_PROTOCOL};
use http::{HeaderMap, HeaderName, HeaderValue};
use url::form_urlencoded;

use crate::model::Reason;

/// The subprotocol that comes before the token. Browsers let a page choose subprotocols of a WebSocket and no other header.
const BEARER: &[u8] = b"bearer";

/// A place in a request, other than the header, that may hold the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenLocation {
    /// The pair `bearer, TOKEN` in `Sec-WebSocket-Protocol`.
    WebSocketProtocol,
    /// The parameter of that name in the query (RFC 6750 section 2.3).
    Query(Box<str>),
    /// The cookie of that name.
    Cookie(Box<str>),
}

impl TokenLocation {
    /// The place in words, for the checks of `explain`.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::WebSocketProtocol => "`bearer, TOKEN` in sec-websocket-protocol".to_owned(),
            Self::Query(name) => format!("the query parameter `{name}`"),
            Self::Cookie(name) => format!("the cookie `{name}`"),
        }
    }

    /// The credential in this place, if there is one.
    fn find<'a>(
        &self,
        headers: &'a HeaderMap,
        query: Option<&'a [u8]>,
    ) -> Result<Option<Cow<'a, str>>, Reason> {
        let found = match self {
            Self::WebSocketProtocol => one(tokens(headers).map(text))?,
            Self::Query(name) => one(pairs(query.unwrap_or_default())
                .filter_map(read)
                .filter(|(read, _)| *read == **name)
                .map(|(_, value)| Ok(value)))?,
            Self::Cookie(name) => {
                let values = cookies(headers).filter_map(|cookie| value_of(cookie, name));
                one(values.map(text))?
            }
        };
        Ok(found.filter(|found| !found.is_empty()))
    }
}

/// The only credential of a request whose header gave `in_header`.
pub(super) fn only<'a>(
    in_header: Result<&'a str, Reason>,
    also: &[TokenLocation],
    headers: &'a HeaderMap,
    query: Option<&'a [u8]>,
) -> Result<Cow<'a, str>, Reason> {
    let mut only = match in_header {
        Err(Reason::TokenMissing) => None,
        found => Some(found.map(Cow::Borrowed)),
    };
    for place in also {
        let Some(found) = place.find(headers, query).transpose() else { continue };
        if only.is_some() {
            return Err(Reason::MultipleTokens);
        }
        only = Some(found);
    }
    only.unwrap_or(Err(Reason::TokenMissing))
}

/// Removes from a request head the values in those places.
pub fn strip(also: &[TokenLocation], headers: &mut HeaderMap) {
    if also.contains(&TokenLocation::WebSocketProtocol) && offers_bearer(headers) {
        let rest: Vec<&[u8]> = rest(headers).collect();
        put(headers, SEC_WEBSOCKET_PROTOCOL, &rest.join(&b", "[..]));
    }
    let is_read = |cookie: &[u8]| {
        also.iter()
            .any(|place| matches!(place, TokenLocation::Cookie(name) if value_of(cookie, name).is_some()))
    };
    if cookies(headers).any(is_read) {
        let rest: Vec<&[u8]> = cookies(headers).filter(|cookie| !is_read(cookie)).collect();
        put(headers, COOKIE, &rest.join(&b"; "[..]));
    }
}

/// The query without the parameters that may hold a token; `None` when it has none of them.
#[must_use]
pub fn query_without(also: &[TokenLocation], query: &[u8]) -> Option<Vec<u8>> {
    let is_read = |pair: &[u8]| {
        let Some((name, _)) = read(pair) else { return false };
        also.iter().any(|place| matches!(place, TokenLocation::Query(wanted) if name == **wanted))
    };
    let rest: Vec<&[u8]> = pairs(query).filter(|pair| !is_read(pair)).collect();
    (rest.len() < pairs(query).count()).then(|| rest.join(&b"&"[..]))
}

/// The subprotocol for the response to a WebSocket that offered nothing but `bearer` and a token. The agent saw no offer,
/// so it selects none, and a browser fails a connection that selects none of its own (RFC 6455 section 4.1).
#[must_use]
pub fn answered_protocol(headers: &HeaderMap) -> Option<HeaderValue> {
    let is_alone = tokens(headers).next().is_some() && rest(headers).next().is_none();
    is_alone.then(|| HeaderValue::from_static("bearer"))
}

/// The only item, or none. Two credentials are refused even when they are equal.
fn one<'a>(
    mut found: impl Iterator<Item = Result<Cow<'a, str>, Reason>>,
) -> Result<Option<Cow<'a, str>>, Reason> {
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(Reason::MultipleTokens),
        (found, None) => found.transpose(),
    }
}

fn text(bytes: &[u8]) -> Result<Cow<'_, str>, Reason> {
    str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| Reason::TokenMalformed)
}

/// The subprotocols that a WebSocket handshake offers (RFC 6455 section 11.3.4).
fn protocols(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    lines
        .flat_map(|line| line.as_bytes().split(|b| *b == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|p| !p.is_empty())
}

/// Each subprotocol with the one before it.
fn with_previous(headers: &HeaderMap) -> impl Iterator<Item = (Option<&[u8]>, &[u8])> {
    let before = std::iter::once(None).chain(protocols(headers).map(Some));
    before.zip(protocols(headers))
}

/// The subprotocols behind a `bearer`.
fn tokens(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    with_previous(headers).filter(|(before, _)| *before == Some(BEARER)).map(|(_, token)| token)
}

/// Whether `bearer` is offered, with a token or without.
fn offers_bearer(headers: &HeaderMap) -> bool {
    protocols(headers).any(|protocol| protocol == BEARER)
}

/// The subprotocols that neither are `bearer` nor come behind it.
fn rest(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    with_previous(headers)
        .filter(|(before, protocol)| *before != Some(BEARER) && *protocol != BEARER)
        .map(|(_, protocol)| protocol)
}

/// The `name=value` pairs of all `Cookie` fields; HTTP/2 may split them (RFC 9113 section 8.2.3).
fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all(COOKIE).iter();
    lines
        .flat_map(|line| line.as_bytes().split(|b| *b == b';'))
        .map(<[u8]>::trim_ascii)
        .filter(|c| !c.is_empty())
}

/// The value of a cookie pair, when the cookie has that name.
fn value_of<'a>(cookie: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let (written, value) = cookie.split_at_checked(cookie.iter().position(|b| *b == b'=')?)?;
    let value = value.get(1..)?.trim_ascii();
    (written.trim_ascii_end() == name.as_bytes()).then_some(value)
}

/// The parameters of a query, still encoded.
fn pairs(query: &[u8]) -> impl Iterator<Item = &[u8]> {
    query.split(|b| *b == b'&').filter(|pair| !pair.is_empty())
}

/// Name and value of a parameter, decoded as the agent would decode them.
fn read(pair: &[u8]) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
    form_urlencoded::parse(pair).next()
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &[u8]) {
    headers.remove(&name);
    // Parts of a valid header value are valid, so nothing is lost here.
    if let (false, Ok(value)) = (value.is_empty(), HeaderValue::from_bytes(value)) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> [TokenLocation; 3] {
        [
            TokenLocation::WebSocketProtocol,
            TokenLocation::Query("access_token".into()),
            TokenLocation::Cookie("session".into()),
        ]
    }

    fn head(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    const PROTOCOL: &str = "sec-websocket-protocol";

    #[test]
    fn one_credential_is_found_in_any_place_and_two_are_refused() {
        use Reason::{MultipleTokens, TokenMissing};
        for (in_header, lines, query, wanted) in [
            (Some("h"), vec![], "", Ok("h")),
            (None, vec![], "access_token=q", Ok("q")),
            (None, vec![], "a=b&access_token=q&c", Ok("q")),
            (None, vec![], "access%5Ftoken=a%2Eb", Ok("a.b")),
            (None, vec![("cookie", "session=c")], "", Ok("c")),
            (None, vec![("cookie", "a=b;session = c ; d=e")], "", Ok("c")),
            (None, vec![("cookie", "a=b"), ("cookie", "session=c")], "", Ok("c")),
            (None, vec![(PROTOCOL, "bearer, w")], "", Ok("w")),
            (None, vec![(PROTOCOL, "chat,bearer ,w, other")], "", Ok("w")),
            (None, vec![(PROTOCOL, "bearer"), (PROTOCOL, "w")], "", Ok("w")),
            (None, vec![], "", Err(TokenMissing)),
            (None, vec![], "access_token=&x=access_token", Err(TokenMissing)),
            (None, vec![], "Access_Token=q&access_tokens=q&[access_token]=q", Err(TokenMissing)),
            (None, vec![("cookie", "session=; xsession=c; session2=c; Session=c")], "", Err(TokenMissing)),
            (None, vec![(PROTOCOL, "chat, bearer")], "", Err(TokenMissing)),
            (None, vec![(PROTOCOL, "Bearer, w")], "", Err(TokenMissing)),
            (Some("h"), vec![], "access_token=q", Err(MultipleTokens)),
            (Some("h"), vec![("cookie", "session=c")], "", Err(MultipleTokens)),
            (Some("h"), vec![(PROTOCOL, "bearer, w")], "", Err(MultipleTokens)),
            (None, vec![("cookie", "session=c")], "access_token=q", Err(MultipleTokens)),
            (None, vec![("cookie", "session=c"), (PROTOCOL, "bearer, c")], "", Err(MultipleTokens)),
            (None, vec![], "access_token=q&access_token=q", Err(MultipleTokens)),
            (None, vec![("cookie", "session=c; session=c")], "", Err(MultipleTokens)),
            (None, vec![(PROTOCOL, "bearer, w, bearer, w")], "", Err(MultipleTokens)),
            (None, vec![(PROTOCOL, "bearer, bearer, w")], "", Err(MultipleTokens)),
        ] {
            let headers = head(&lines);
            let query = Some(query.as_bytes());
            let found = only(in_header.ok_or(TokenMissing), &places(), &headers, query);
            assert_eq!(found.as_deref(), wanted.as_ref().copied(), "{in_header:?} {lines:?} {query:?}");
            if in_header.is_none() {
                let nowhere = only(Err(TokenMissing), &[], &headers, query);
                assert_eq!(nowhere, Err(TokenMissing), "a place that is not configured is not read");
            }
        }
    }

    #[test]
    fn values_in_the_place_of_a_token_are_removed_and_all_others_stay() {
        for (query, wanted) in [
            ("access_token=q", Some("")),
            ("a=%41&access_token=q&&b", Some("a=%41&b")),
            ("access%5ftoken=q&access_token=&access_token", Some("")),
            ("a=access_token&access_tokens=1&Access_Token=2", None),
            ("", None),
        ] {
            let rest = query_without(&places(), query.as_bytes());
            assert_eq!(rest.as_deref(), wanted.map(str::as_bytes), "{query}");
        }
        for (name, sent, wanted) in [
            ("cookie", "session=c", None),
            ("cookie", "a=\"b c\";session=c; d=e=f ;session=", Some("a=\"b c\"; d=e=f")),
            ("cookie", "a=session=c; sessions=1", Some("a=session=c; sessions=1")),
            (PROTOCOL, "bearer, w", None),
            (PROTOCOL, "chat,bearer,w,v2.x", Some("chat, v2.x")),
            (PROTOCOL, "bearer, bearer, w, chat", Some("chat")),
            (PROTOCOL, "chat, bearer", Some("chat")),
            (PROTOCOL, "chat,v2", Some("chat,v2")),
        ] {
            let mut headers = head(&[(name, sent), ("x-other", "1")]);
            strip(&places(), &mut headers);
            assert_eq!(headers.get(name).map(|v| v.to_str().unwrap()), wanted, "{sent}");
            assert_eq!(headers["x-other"], "1");
            let mut headers = head(&[(name, sent)]);
            strip(&[], &mut headers);
            assert_eq!(headers[name], sent, "a place that is not configured is not touched");
        }
    }

    #[test]
    fn bearer_is_selected_when_it_was_offered_with_a_token_and_nothing_else() {
        for (sent, wanted) in [
            ("bearer, w", true),
            ("bearer, w, chat", false),
            ("chat, bearer, w", false),
            ("bearer", false),
            ("chat", false),
        ] {
            assert_eq!(answered_protocol(&head(&[(PROTOCOL, sent)])).is_some(), wanted, "{sent}");
        }
    }
}
