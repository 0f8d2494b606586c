//! `Mcp-Method` and `Mcp-Name`: the method and the name of a message, once more in the head of its request (MCP
//! 2026-07-28, Streamable HTTP). They are a claim until somebody compares them with the message.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;

use crate::model::{Operation, OperationClass, Target};

use super::named::Named;

pub(super) const METHOD: &str = "mcp-method";
pub(super) const NAME: &str = "mcp-name";

/// What the head of a request says of its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirrored<'h> {
    method: Option<Cow<'h, str>>,
    name: Option<Cow<'h, str>>,
}

/// The head does not say what the message says, or says it twice or not at all where it must.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderMismatch;

impl<'h> Mirrored<'h> {
    /// The two headers.
    pub const HEADERS: [&'static str; 2] = [METHOD, NAME];

    /// Reads both headers.
    ///
    /// # Errors
    /// When one stands twice, or cannot be read.
    pub fn of(headers: &'h HeaderMap) -> Result<Self, HeaderMismatch> {
        Ok(Self { method: one(headers, METHOD)?, name: one(headers, NAME)? })
    }

    /// Method and name, for people.
    #[must_use]
    pub fn shown(&self) -> String {
        let [method, name] = [&self.method, &self.name].map(|text| text.as_deref().unwrap_or("absent"));
        format!("Mcp-Method {method}, Mcp-Name {name}")
    }

    /// Compares them with what the message asks for. A response of the client has no method.
    ///
    /// # Errors
    /// When they differ.
    pub fn compare(&self, operation: &Operation<'_>) -> Result<(), HeaderMismatch> {
        if operation.class == OperationClass::Response {
            return Ok(());
        }
        let named = operation.targets.first().filter(|_| Named::mirrored(&operation.method).is_some());
        let same = self.method.as_deref() == Some(&*operation.method)
            && named.is_none_or(|target| self.name.as_deref() == Some(&*target.name));
        if same { Ok(()) } else { Err(HeaderMismatch) }
    }

    /// What the request asks for, by its head alone: for agents that compare the two themselves.
    ///
    /// # Errors
    /// When a header is not there that must be.
    pub fn trusted(self) -> Result<Operation<'h>, HeaderMismatch> {
        let method = self.method.ok_or(HeaderMismatch)?;
        let (class, targets) = match Named::mirrored(&method) {
            Some(named) => {
                let name = self.name.ok_or(HeaderMismatch)?;
                (named.class, vec![Target { kind: named.kind, name }])
            }
            None => (super::operation::class(&method), Vec::new()),
        };
        Ok(Operation { class, governed: super::operation::is_governed(class), method, targets })
    }
}

fn one<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<Cow<'h, str>>, HeaderMismatch> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().map_err(|_| HeaderMismatch)?;
    if values.next().is_some() {
        return Err(HeaderMismatch);
    }
    decoded(text).map(Some)
}

/// A value, or what stands in `=?base64?…?=`, the form for what a header cannot hold.
fn decoded(text: &str) -> Result<Cow<'_, str>, HeaderMismatch> {
    let encoded = text.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?="));
    let Some(encoded) = encoded else { return Ok(Cow::Borrowed(text)) };
    let bytes = STANDARD.decode(encoded).map_err(|_| HeaderMismatch)?;
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| HeaderMismatch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TargetKind;
    use crate::protocol::json_rpc::{Spelling, read};
    use crate::protocol::mcp::{PARAMS, operation};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn the_head_must_say_what_the_message_says() {
        let tool = r#""method":"tools/call","params":{"name":"écho"}"#;
        let list = r#""method":"tools/list""#;
        for (head, message, wanted) in [
            (&[("mcp-method", "tools/call"), ("mcp-name", "=?base64?w6ljaG8=?=")] as &[_], tool, true),
            (&[("mcp-method", "tools/call"), ("mcp-name", "echo")], tool, false),
            (&[("mcp-method", "tools/call")], tool, false),
            (&[("mcp-name", "=?base64?w6ljaG8=?=")], tool, false),
            (&[("mcp-method", "tools/list"), ("mcp-name", "=?base64?w6ljaG8=?=")], tool, false),
            (&[("mcp-method", "tools/call"), ("mcp-name", "=?base64?w6ljaG8?=")], tool, false),
            (&[("mcp-method", "tools/call"), ("mcp-name", "=?base64?/w==?=")], tool, false),
            (&[("mcp-method", "tools/call"), ("mcp-name", "a"), ("mcp-name", "b")], tool, false),
            (&[("mcp-method", "tools/list"), ("mcp-method", "tools/list")], list, false),
            (&[("mcp-method", "tools/list")], list, true),
            (&[("mcp-method", "Tools/List")], list, false),
            (&[], list, false),
        ] {
            let body = format!(r#"{{"jsonrpc":"2.0","id":1,{message}}}"#);
            let operation = operation(&read(body.as_bytes(), PARAMS, Spelling::Case).unwrap()).unwrap();
            let head = headers(head);
            let result = Mirrored::of(&head).and_then(|mirrored| mirrored.compare(&operation));
            assert_eq!(result.is_ok(), wanted, "{head:?} {message}");
        }
    }

    #[test]
    fn a_trusted_head_says_what_the_request_asks_for() {
        let head = headers(&[("mcp-method", "tools/call"), ("mcp-name", "echo")]);
        let trusted = Mirrored::of(&head).unwrap().trusted().unwrap();
        assert_eq!(
            (trusted.class, &*trusted.method, trusted.governed),
            (OperationClass::Tool, "tools/call", true)
        );
        assert_eq!(trusted.targets, [Target { kind: TargetKind::Tool, name: "echo".into() }]);
        for head in [&[("mcp-method", "tools/call")] as &[_], &[("mcp-name", "echo")], &[]] {
            assert_eq!(Mirrored::of(&headers(head)).unwrap().trusted(), Err(HeaderMismatch), "{head:?}");
        }
    }
}
