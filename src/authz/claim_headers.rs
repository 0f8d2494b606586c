//! Verified claims that an agent receives as request headers, and the guard that keeps a client from sending
//! such headers itself.
//!
//! A header is either set from a verified claim or absent: [`ClaimHeaders::guards`] recognises every spelling of its
//! name, and of those of other headers that no client may send to an agent. Turning a value into header text is in `header_text`.

use crate::model::{Claims, Reason, Shard, reduced_eq};
use http::{HeaderName, HeaderValue};

use super::explain::{Check, Facts, Trace};
use super::header_text::{HeaderText, NonAscii, rfc8187};

/// One claim and the header that carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimHeader {
    /// The claim's name; dots walk into objects, as [`Claims::get`] says.
    pub claim: String,
    /// The header that carries it.
    pub header: HeaderName,
}

/// The claim headers of one agent. No two of them are equal on letters and digits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimHeaders {
    headers: Vec<ClaimHeader>,
    /// The names of these, and others that clients may not send.
    guarded: Vec<HeaderName>,
    non_ascii: NonAscii,
}

/// Two headers that no upstream could tell apart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{first}` and `{second}` are the same header to an agent that ignores case and punctuation")]
pub struct ClaimHeadersError {
    /// The header that was configured first.
    pub first: HeaderName,
    /// The header that collides with it.
    pub second: HeaderName,
}

impl ClaimHeaders {
    /// The headers are set in the order of `headers`.
    ///
    /// # Errors
    /// When two headers are equal on letters and digits.
    pub fn new(headers: Vec<ClaimHeader>, non_ascii: NonAscii) -> Result<Self, ClaimHeadersError> {
        for (i, second) in headers.iter().enumerate() {
            for first in headers.iter().take(i) {
                if reduced_eq(first.header.as_str(), second.header.as_str()) {
                    return Err(ClaimHeadersError {
                        first: first.header.clone(),
                        second: second.header.clone(),
                    });
                }
            }
        }
        let guarded = headers.iter().map(|header| header.header.clone()).collect();
        Ok(Self { headers, guarded, non_ascii })
    }

    /// The same, which guards these names as well.
    #[must_use]
    pub fn guarding(mut self, names: &[&HeaderName]) -> Self {
        for name in names {
            if !self.guards(name.as_str()) {
                self.guarded.push((*name).clone());
            }
        }
        self
    }

    /// Whether a client's header of that name must be removed: it equals one of ours on letters and digits. Frameworks
    /// that turn header names into variables could take it for ours, and so could readers of RFC 8187, whose names end in
    /// an asterisk.
    #[must_use]
    pub fn guards(&self, name: &str) -> bool {
        self.guarded.iter().any(|guarded| reduced_eq(guarded.as_str(), name))
    }

    /// Whether the agent receives no claim.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.headers.is_empty()
    }

    /// Renders the headers from verified claims. An absent or null claim gives no header.
    ///
    /// # Errors
    /// [`Reason::ClaimMismatch`] when header text cannot express a value without changing its meaning.
    pub fn render(
        &self,
        claims: &Claims,
        trace: &mut impl Trace,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, Reason> {
        let mut out = Vec::with_capacity(self.headers.len());
        for ClaimHeader { claim, header } in &self.headers {
            let Some(value) = claims.get(claim).filter(|v| !v.is_null()) else { continue };
            let text = HeaderText::of(value);
            if matches!((&text, self.non_ascii), (Some(HeaderText::NonAscii(_)), NonAscii::Omit)) {
                continue;
            }
            let written = text.and_then(|text| self.write(header, text));
            trace.check(Check::ClaimHeaders, written.is_some(), || Facts {
                seen: Some(format!("{claim}: {value}")),
                wanted: format!("{claim}: text, a number, a boolean or a list of these, {}, for {header}", match self.non_ascii {
                    NonAscii::Refuse => "in printable ASCII",
                    NonAscii::Omit | NonAscii::Encode => "without control characters",
                }),
                fix: "map another claim to this header, have the identity provider issue a plain value, or, for text that is not ASCII, set `claim_header_text`",
            });
            out.push(written.ok_or(Reason::ClaimMismatch)?);
        }
        Ok(out)
    }

    /// The header that carries the text; for encoded text that is the name with an asterisk (RFC 8187 section 3.2).
    fn write(&self, header: &HeaderName, text: HeaderText) -> Option<(HeaderName, HeaderValue)> {
        let (name, text) = match (text, self.non_ascii) {
            (HeaderText::Plain(text), _) => (copied(header)?, text),
            (HeaderText::NonAscii(text), NonAscii::Encode) => {
                (HeaderName::from_bytes(format!("{header}*").as_bytes()).ok()?, rfc8187(&text))
            }
            (HeaderText::NonAscii(_), NonAscii::Refuse | NonAscii::Omit) => return None,
        };
        Some((name, HeaderValue::from_str(&text).ok()?))
    }
}

/// The name for an admission, which requests of one shard use.
fn copied(name: &HeaderName) -> Option<HeaderName> {
    match Shard::count() {
        1 => Some(name.clone()),
        _ => HeaderName::from_bytes(name.as_ref()).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authz::Silent;
    use serde_json::json;

    fn headers(pairs: &[(&str, &str)]) -> Result<ClaimHeaders, ClaimHeadersError> {
        headers_with(pairs, NonAscii::Refuse)
    }

    fn headers_with(pairs: &[(&str, &str)], non_ascii: NonAscii) -> Result<ClaimHeaders, ClaimHeadersError> {
        let header = |(claim, header): &(&str, &str)| ClaimHeader {
            claim: (*claim).into(),
            header: header.parse().unwrap(),
        };
        ClaimHeaders::new(pairs.iter().map(header).collect(), non_ascii)
    }

    #[test]
    fn values_are_written_as_json_writes_them_or_not_at_all() {
        let map = headers(&[("c", "x-c")]).unwrap();
        let cases = [
            (json!("alice"), Some("alice")),
            (json!("a, b"), Some("a, b")),
            (json!(1.5), Some("1.5")),
            (json!(42), Some("42")),
            (json!(1e2), Some("100")),
            (json!(1.8446744073709552e19), None),
            (json!(true), Some("true")),
            (json!(["a", 1, false]), Some("a, 1, false")),
            (json!(["a,b"]), None),
            (json!([["a"]]), None),
            (json!([null]), None),
            (json!({"a": 1}), None),
            (json!("a\r\nX-Admin: 1"), None),
            (json!("tab\t"), None),
            (json!("zoë"), None),
            (json!(" admin"), None),
        ];
        for (value, wanted) in cases {
            let claims = Claims::new(json!({"c": value}).as_object().cloned().unwrap());
            let got = map.render(&claims, &mut Silent);
            match wanted {
                Some(text) => assert_eq!(got.unwrap()[0].1, text),
                None => assert_eq!(got, Err(Reason::ClaimMismatch), "{value}"),
            }
        }
    }

    #[test]
    fn text_that_is_not_ascii_is_refused_left_out_or_encoded_as_the_agent_says() {
        use NonAscii::{Encode, Omit, Refuse};
        let refused = || Err(Reason::ClaimMismatch);
        let one = |name: &'static str, value: &str| {
            Ok(vec![(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())])
        };
        for (value, non_ascii, wanted) in [
            (json!("zoë"), Refuse, refused()),
            (json!("zoë"), Omit, Ok(vec![])),
            (json!("zoë"), Encode, one("x-c*", "UTF-8''zo%C3%AB")),
            (json!(["zoë", "b"]), Omit, Ok(vec![])),
            (json!(["zoë", "b"]), Encode, one("x-c*", "UTF-8''zo%C3%AB%2C%20b")),
            (json!("zoe"), Omit, one("x-c", "zoe")),
            (json!("zoe"), Encode, one("x-c", "zoe")),
            (json!("zoë\r\nx-admin: 1"), Omit, refused()),
            (json!("zoë\r\nx-admin: 1"), Encode, refused()),
            (json!({"zoë": 1}), Encode, refused()),
        ] {
            let map = headers_with(&[("c", "x-c")], non_ascii).unwrap();
            let claims = Claims::new(json!({"c": value}).as_object().cloned().unwrap());
            assert_eq!(map.render(&claims, &mut Silent), wanted, "{value}, {non_ascii:?}");
        }
    }

    #[test]
    fn absent_and_null_claims_give_no_header() {
        let map = headers(&[("c", "x-c")]).unwrap();
        for claims in [json!({}), json!({"c": null})] {
            let claims = Claims::new(claims.as_object().cloned().unwrap());
            assert_eq!(map.render(&claims, &mut Silent), Ok(vec![]));
        }
    }

    #[test]
    fn every_spelling_of_a_guarded_name_is_guarded() {
        let map = headers(&[("sub", "X-Caller-Sub")]).unwrap();
        for name in [
            "x-caller-sub",
            "X_CALLER_SUB",
            "x.caller.sub",
            "X--Caller--Sub",
            "xcallersub",
            "x-callersub-",
            "X-Caller-Sub*",
            "x*caller_sub**",
        ] {
            assert!(map.guards(name), "{name}");
        }
        for name in ["x-caller", "x-caller-sub2", "", "-"] {
            assert!(!map.guards(name), "{name}");
        }
        let names: [HeaderName; 2] = ["client-cert", "x_caller_sub"].map(|name| name.parse().unwrap());
        let more = map.guarding(&[&names[0], &names[1]]);
        for name in ["client-cert", "Client_Cert", "clientcert", "client.cert*", "x-caller-sub"] {
            assert!(more.guards(name), "{name}");
        }
        assert!(!more.guards("client-cert-chain"));
        assert!(ClaimHeaders::default().guarding(&[&names[0]]).is_empty(), "it carries no claim");
    }

    #[test]
    fn two_headers_that_an_agent_could_confuse_are_refused() {
        assert!(headers(&[("a", "X-User-Id"), ("b", "x_user_id")]).is_err());
    }
}
