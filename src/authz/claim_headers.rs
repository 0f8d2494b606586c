//! Verified claims that an agent receives as request headers, and the guard that keeps a client from sending
//! such headers itself.
//!
//! A header is either set from a verified claim or not there at all; no spelling of its name gets past
//! [`ClaimHeaders::guards`].

use http::{HeaderName, HeaderValue};
use serde_json::Value;

use crate::model::{Claims, Reason, reduced_eq};

use super::explain::{Check, Facts, Trace};
use super::number::Exact;

/// One claim and the header that carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimHeader {
    /// The claim's name; dots walk into objects.
    pub claim: String,
    /// The header that the agent receives.
    pub header: HeaderName,
}

/// All claim headers of one agent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimHeaders(Vec<ClaimHeader>);

/// Two headers that no upstream could tell apart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{first}` and `{second}` are the same header to an agent that ignores case and punctuation")]
pub struct ClaimHeadersError {
    /// The header that stands first.
    pub first: HeaderName,
    /// The one that collides with it.
    pub second: HeaderName,
}

impl ClaimHeaders {
    /// Takes the list, in the order in which it was written.
    ///
    /// # Errors
    /// When two headers are equal on letters and digits.
    pub fn new(headers: Vec<ClaimHeader>) -> Result<Self, ClaimHeadersError> {
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
        Ok(Self(headers))
    }

    /// Whether a client's header of that name must be removed: it equals one of ours on letters and digits.
    #[must_use]
    pub fn guards(&self, name: &str) -> bool {
        self.0.iter().any(|h| reduced_eq(h.header.as_str(), name))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Renders the headers from verified claims. An absent or null claim gives no header.
    ///
    /// # Errors
    /// [`Reason::ClaimMismatch`] when a value cannot be written without changing its meaning.
    pub fn render(
        &self,
        claims: &Claims,
        trace: &mut impl Trace,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, Reason> {
        let mut out = Vec::with_capacity(self.0.len());
        for ClaimHeader { claim, header } in &self.0 {
            let Some(value) = claims.get(claim).filter(|v| !v.is_null()) else { continue };
            let written = header_text(value).and_then(|text| HeaderValue::from_str(&text).ok());
            trace.check(Check::ClaimHeaders, written.is_some(), || Facts {
                seen: Some(format!("{claim}: {value}")),
                wanted: format!(
                    "{claim}: text, a number, a boolean or a list of these, in printable ASCII, for {header}"
                ),
                fix: "map another claim to this header, or have the identity provider issue a plain value",
            });
            out.push((header.clone(), written.ok_or(Reason::ClaimMismatch)?));
        }
        Ok(out)
    }
}

fn header_text(value: &Value) -> Option<String> {
    match value {
        Value::Array(items) => {
            let words: Option<Vec<String>> =
                items.iter().map(|item| scalar_text(item).filter(|text| !text.contains(','))).collect();
            Some(words?.join(", "))
        }
        other => scalar_text(other),
    }
}

fn scalar_text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => Exact::of(number)?.text(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    // Blanks at the ends would be lost on the wire: " admin" must not arrive as "admin".
    let plain = text.bytes().all(|b| (0x20..0x7f).contains(&b)) && text.trim_matches(' ') == text;
    plain.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authz::Silent;
    use serde_json::json;

    fn headers(pairs: &[(&str, &str)]) -> Result<ClaimHeaders, ClaimHeadersError> {
        ClaimHeaders::new(
            pairs
                .iter()
                .map(|(claim, header)| ClaimHeader {
                    claim: (*claim).into(),
                    header: header.parse().unwrap(),
                })
                .collect(),
        )
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
        for name in
            ["x-caller-sub", "X_CALLER_SUB", "x.caller.sub", "X--Caller--Sub", "xcallersub", "x-callersub-"]
        {
            assert!(map.guards(name), "{name}");
        }
        for name in ["x-caller", "x-caller-sub2", "", "-"] {
            assert!(!map.guards(name), "{name}");
        }
    }

    #[test]
    fn two_headers_that_an_agent_could_confuse_are_refused() {
        assert!(headers(&[("a", "X-User-Id"), ("b", "x_user_id")]).is_err());
    }
}
