//! `If-Match` and `If-None-Match` (RFC 9110 section 13.1). Every write must send one, so that two operators cannot
//! overwrite each other unseen.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};

use crate::control::Expect;

use super::problem::{Problem, ProblemCode};

/// The precondition of a write that may create: `If-None-Match: *`, or [`IfMatch`].
pub(super) struct Precondition(pub(super) Expect);

/// The precondition of a write to an existing resource: `If-Match` with a tag or `*`.
pub(super) struct IfMatch(pub(super) Expect);

impl<S: Send + Sync> FromRequestParts<S> for Precondition {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        expect(&parts.headers, true).map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        expect(&parts.headers, false).map(Self)
    }
}

fn expect(headers: &HeaderMap, may_create: bool) -> Result<Expect, Problem> {
    match (one(headers, &header::IF_MATCH)?, one(headers, &header::IF_NONE_MATCH)?) {
        (Some(_), Some(_)) => Err(bad("`If-Match` and `If-None-Match` exclude each other here")),
        (Some("*"), None) => Ok(Expect::Present),
        (Some(tags), None) => tags_of(tags).map(Expect::Tags),
        (None, Some("*")) if may_create => Ok(Expect::Absent),
        (None, Some(_)) if may_create => Err(bad("`If-None-Match` takes only `*` here")),
        (None, Some(_)) => Err(bad("send `If-Match`; `If-None-Match` says nothing here")),
        (None, None) => {
            let detail = if may_create {
                "send `If-Match` with the ETag that you have seen (or `*`), or `If-None-Match: *` to create"
            } else {
                "send `If-Match` with the ETag that you have seen, or `*`"
            };
            Err(Problem::new(StatusCode::PRECONDITION_REQUIRED, ProblemCode::PreconditionRequired, detail))
        }
    }
}

fn one<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, Problem> {
    let mut fields = headers.get_all(name).iter();
    let Some(field) = fields.next() else { return Ok(None) };
    if fields.next().is_some() {
        return Err(bad("send one tag"));
    }
    field.to_str().map(|text| Some(text.trim())).map_err(|_| bad("a tag is plain text"))
}

/// The strong tags of a list. A weak tag never matches (RFC 9110 section 8.8.3.2), so it is left out.
fn tags_of(list: &str) -> Result<Vec<String>, Problem> {
    let strong = list.split(',').map(str::trim).filter(|tag| !tag.starts_with("W/"));
    strong.map(plain).collect()
}

/// The tag between its quotes. A tag of ours may come without them, because shells eat quotes.
fn plain(text: &str) -> Result<String, Problem> {
    let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let good = match quoted {
        Some(tag) => (1..=128).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_graphic() && b != b'"'),
        None => is_ours(text),
    };
    if !good {
        return Err(bad("`If-Match` takes tags, such as \"0123456789abcdef\", or `*`"));
    }
    Ok(quoted.unwrap_or(text).to_owned())
}

/// Whether a bare tag has the form of ours: 16 hexadecimal digits for a resource, `r` and a number for the history.
fn is_ours(tag: &str) -> bool {
    let version = tag.len() == 16 && tag.bytes().all(|b| b.is_ascii_hexdigit());
    let number =
        tag.strip_prefix('r').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    version || number
}

fn bad(detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, ProblemCode::BadPrecondition, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse as _;

    #[test]
    fn a_write_needs_one_valid_precondition() {
        let tag = |text: &str| Ok(Expect::Tags(vec![text.to_owned()]));
        let both = Ok(Expect::Tags(vec!["a".to_owned(), "b".to_owned()]));
        for (if_match, if_none_match, may_create, wanted) in [
            (&["\"abc123\""][..], None, true, tag("abc123")),
            (&["0123456789abcdef"], None, true, tag("0123456789abcdef")),
            (&["abc123"], None, true, Err(400)),
            (&["null"], None, true, Err(400)),
            (&["r12"], None, true, tag("r12")),
            (&[" \"r7\" "], None, false, tag("r7")),
            (&["*"], None, true, Ok(Expect::Present)),
            (&["*"], None, false, Ok(Expect::Present)),
            (&[], Some("*"), true, Ok(Expect::Absent)),
            (&[], Some("*"), false, Err(400)),
            (&[], Some("\"abc\""), true, Err(400)),
            (&["*"], Some("*"), true, Err(400)),
            (&["W/\"abc\""], None, true, Ok(Expect::Tags(Vec::new()))),
            (&["\"a\", W/\"c\" ,\"b\""], None, true, both),
            (&["\"a\",, \"b\""], None, true, Err(400)),
            (&["\"a\"", "\"b\""], None, true, Err(400)),
            (&["\"\""], None, true, Err(400)),
            (&[""], None, true, Err(400)),
            (&["\"a"], None, true, Err(400)),
            (&[], None, true, Err(428)),
            (&[], None, false, Err(428)),
        ] {
            let mut headers = HeaderMap::new();
            for value in if_match {
                headers.append(header::IF_MATCH, value.parse().unwrap());
            }
            if let Some(value) = if_none_match {
                headers.append(header::IF_NONE_MATCH, value.parse().unwrap());
            }
            let found = expect(&headers, may_create).map_err(|p| p.into_response().status().as_u16());
            assert_eq!(found, wanted, "{if_match:?} {if_none_match:?} {may_create}");
        }
    }
}
