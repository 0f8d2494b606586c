//! Extracts the credential from the agent's header, by a strict grammar.
//!
//! `token_location` reads the other places that an agent may configure; `api_key` and `oauth` parse the credential itself.

use http::{HeaderMap, HeaderName};
use memchr::memchr;

use crate::model::{DPOP, Reason, is_tchar};

/// The authentication scheme before the credential (RFC 9110 section 11.1), such as `Bearer`; empty when the header holds
/// the bare credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheme(Box<str>);

impl Scheme {
    /// A token of RFC 9110 section 5.6.2, or the empty text; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.bytes().all(is_tchar).then(|| Self(Box::from(text)))
    }

    /// The empty scheme: the header holds the bare credential.
    #[must_use]
    pub fn bare() -> Self {
        Self(Box::from(""))
    }

    /// The scheme; empty for a bare credential.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Scheme {
    fn default() -> Self {
        Self(Box::from("Bearer"))
    }
}

/// The scheme of tokens that come with a proof (RFC 9449 section 7.1).
const DPOP_SCHEME: &str = "DPoP";

/// The only credential in the header `name`, behind `scheme` or behind `DPoP`.
///
/// # Errors
/// As [`credential`]; and [`Reason::MultipleTokens`] when there is more than one proof.
pub(super) fn credential_or_dpop<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    scheme: &str,
) -> Result<&'a str, Reason> {
    let mut proofs = headers.get_all(&DPOP).iter();
    // Nothing in a proof is a comma.
    if proofs.next().is_some_and(|proof| memchr(b',', proof.as_bytes()).is_some()) || proofs.next().is_some()
    {
        return Err(Reason::MultipleTokens);
    }
    match credential(headers, name, scheme) {
        Err(Reason::TokenMissing) => credential(headers, name, DPOP_SCHEME),
        found => found,
    }
}

/// Whether the credential in the header `name` comes with the scheme `DPoP`.
pub(super) fn has_dpop_scheme(headers: &HeaderMap, name: &HeaderName) -> bool {
    credential(headers, name, DPOP_SCHEME).is_ok()
}

/// The only credential in the header `name`.
///
/// # Errors
/// [`Reason::TokenMissing`] when there is none or one of another scheme, [`Reason::MultipleTokens`] when there is more
/// than one, [`Reason::TokenMalformed`] when it is not printable ASCII.
pub(super) fn credential<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    scheme: &str,
) -> Result<&'a str, Reason> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or(Reason::TokenMissing)?;
    if values.next().is_some() {
        return Err(Reason::MultipleTokens);
    }
    let bytes = value.as_bytes().trim_ascii();
    if bytes.is_empty() {
        return Err(Reason::TokenMissing);
    }
    let Some(text) = printable(bytes) else { return Err(Reason::TokenMalformed) };
    let credential = after_scheme(text, scheme).ok_or_else(|| match joined(text, scheme) {
        true => Reason::MultipleTokens,
        false => Reason::TokenMissing,
    })?;
    if credential.is_empty() {
        return Err(Reason::TokenMissing);
    }
    if memchr(b',', credential.as_bytes()).is_some() {
        return Err(Reason::MultipleTokens);
    }
    Ok(credential)
}

fn printable(bytes: &[u8]) -> Option<&str> {
    // No early exit: nearly every credential is printable, and the compiler checks many bytes in one instruction.
    let sound = bytes.iter().fold(true, |sound, b| sound & (*b >= 0x20) & (*b < 0x7f));
    if sound { std::str::from_utf8(bytes).ok() } else { None }
}

/// The text after the scheme and one or more spaces; the scheme is case-insensitive (RFC 9110 section 11.1).
fn after_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    if scheme.is_empty() {
        return Some(text);
    }
    let (word, rest) = text.split_at_checked(scheme.len())?;
    if !word.eq_ignore_ascii_case(scheme) || !(rest.is_empty() || rest.starts_with(' ')) {
        return None;
    }
    Some(rest.trim_start_matches(' '))
}

/// Whether a credential of this scheme follows a comma: `Basic x, Bearer y`.
fn joined(text: &str, scheme: &str) -> bool {
    text.split(',').skip(1).any(|part| after_scheme(part.trim_matches(' '), scheme).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn extract(values: &[&[u8]], scheme: &str) -> Result<String, Reason> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("authorization", HeaderValue::from_bytes(value).unwrap());
        }
        credential(&headers, &http::header::AUTHORIZATION, scheme).map(str::to_owned)
    }

    #[test]
    fn the_scheme_is_case_insensitive_and_ends_in_one_or_more_spaces() {
        for value in ["Bearer t", "bearer t", "BEARER    t", "bEaReR t "] {
            assert_eq!(extract(&[value.as_bytes()], "Bearer").as_deref(), Ok("t"), "{value}");
        }
        assert_eq!(extract(&[b"t"], "").as_deref(), Ok("t"));
        assert_eq!(extract(&[b"token t"], "Token").as_deref(), Ok("t"));
    }

    #[test]
    fn a_credential_of_another_scheme_or_none_is_missing() {
        for value in ["", "Bearer", "Bearer   ", "Basic dXNlcg==", "Bearert", "Digest a=b, c=d", "Token t"] {
            assert_eq!(extract(&[value.as_bytes()], "Bearer"), Err(Reason::TokenMissing), "{value:?}");
        }
        assert_eq!(extract(&[], "Bearer"), Err(Reason::TokenMissing));
    }

    #[test]
    fn more_than_one_credential_is_refused_however_it_is_written() {
        for values in [
            &[b"Bearer a".as_slice(), b"Bearer a"] as &[&[u8]],
            &[b"Bearer a", b"Basic b"],
            &[b"Basic b", b"Bearer a"],
            &[b"Bearer a, Bearer b"],
            &[b"Bearer a,b"],
            &[b"Basic a, bearer b"],
            &[b"", b"Bearer a"],
        ] {
            assert_eq!(extract(values, "Bearer"), Err(Reason::MultipleTokens), "{values:?}");
        }
        assert_eq!(extract(&[b"a,b"], ""), Err(Reason::MultipleTokens));
    }

    #[test]
    fn control_and_non_ascii_bytes_are_refused() {
        for value in [b"Bearer a\tb".as_slice(), b"Bearer \xc3\xa4", b"Bearer\ta"] {
            assert_eq!(extract(&[value], "Bearer"), Err(Reason::TokenMalformed), "{value:?}");
        }
    }

    #[test]
    fn a_token_comes_behind_one_of_two_schemes_and_with_at_most_one_proof() {
        use Reason::{MultipleTokens, TokenMissing};
        for (values, proofs, wanted, by_dpop) in [
            (&["Bearer t"] as &[&str], &[] as &[&str], Ok("t"), false),
            (&["Bearer t"], &["p"], Ok("t"), false),
            (&["DPoP t"], &[], Ok("t"), true),
            (&["dpop  t"], &["p"], Ok("t"), true),
            (&["DPOP t"], &["p", "q"], Err(MultipleTokens), true),
            (&["DPoP t"], &["p, q"], Err(MultipleTokens), true),
            (&["Bearer t"], &["p", "p"], Err(MultipleTokens), false),
            (&[], &["p", "p"], Err(MultipleTokens), false),
            (&["DPoP t", "Bearer t"], &["p"], Err(MultipleTokens), false),
            (&["DPoP t, Bearer t"], &["p"], Err(MultipleTokens), false),
            (&["Bearer t, DPoP t"], &["p"], Err(MultipleTokens), false),
            (&["Basic t, DPoP t"], &["p"], Err(MultipleTokens), false),
            (&["DPoP"], &["p"], Err(TokenMissing), false),
            (&["DPoPt"], &["p"], Err(TokenMissing), false),
            (&["Basic t"], &["p"], Err(TokenMissing), false),
            (&[], &["p"], Err(TokenMissing), false),
        ] {
            let mut headers = HeaderMap::new();
            let all = values.iter().map(|v| ("authorization", v)).chain(proofs.iter().map(|p| ("dpop", p)));
            for (name, value) in all {
                headers.append(name, HeaderValue::from_str(value).unwrap());
            }
            let name = http::header::AUTHORIZATION;
            assert_eq!(credential_or_dpop(&headers, &name, "Bearer"), wanted, "{values:?} {proofs:?}");
            assert_eq!(has_dpop_scheme(&headers, &name), by_dpop, "{values:?} {proofs:?}");
        }
    }

    #[test]
    fn a_scheme_is_a_token() {
        for bad in ["Bea rer", "Bearer:", "Bär", "a,b", "a\t"] {
            assert!(Scheme::parse(bad).is_none(), "{bad}");
        }
    }
}
