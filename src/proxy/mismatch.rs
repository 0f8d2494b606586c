//! The debug line about a head that does not say what its message says, with both values: an operator who looks for the
//! client or the proxy at fault needs the two side by side. Names of tools stand in no line at a higher level.

use std::borrow::Cow;

use http::HeaderMap;
use pingora::http::RequestHeader;

use crate::gate::Verdict;
use crate::model::{Call, Reason, RequestId, inert};
use crate::protocol::mcp::{Mirrored, Revision};
use crate::routing::Agent;

/// Writes the line, where the verdict is that head and message differ.
pub(super) fn tell(verdict: &Verdict, agent: &Agent, head: &RequestHeader, request_id: &RequestId) {
    if verdict.reason != Reason::McpHeaderMismatch || !tracing::enabled!(tracing::Level::DEBUG) {
        return;
    }
    let sent = |name| value(&head.headers, name);
    let [head_method, head_name] = Mirrored::HEADERS.map(sent);
    let call = verdict.asked.as_ref().and_then(|asked| asked.call.as_deref());
    let said = |text: fn(&Call) -> &Option<Box<str>>| call.and_then(|call| text(call).as_deref()).map(short);
    tracing::debug!(
        agent = %agent.name,
        %request_id,
        version = sent(Revision::HEADER).as_deref(),
        head_method = head_method.as_deref(),
        head_name = head_name.as_deref(),
        message_method = said(|call| &call.method).as_deref(),
        message_name = said(|call| &call.name).as_deref(),
        "the head of a request does not say what its message says",
    );
}

/// The values of a header, joined as one field, cut and escaped; `None` when there is none.
fn value(headers: &HeaderMap, name: &str) -> Option<Box<str>> {
    let mut values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let first = values.next()?;
    Some(short(&values.fold(first, |joined, value| Cow::Owned(format!("{joined}, {value}")))))
}

/// The beginning of a foreign text, escaped.
fn short(text: &str) -> Box<str> {
    let end = text.floor_char_boundary(Call::LONGEST);
    inert(text.get(..end).unwrap_or_default(), Call::LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_text_is_cut_and_cannot_end_its_line() {
        let mut headers = HeaderMap::new();
        assert_eq!(value(&headers, "mcp-name"), None);
        headers.append("mcp-name", http::HeaderValue::from_bytes(b"a\xc2\x9bb").unwrap());
        headers.append("mcp-name", http::HeaderValue::from_static("c"));
        assert_eq!(value(&headers, "mcp-name").as_deref(), Some("a\\u{9b}b, c"));
        let long = "ä".repeat(Call::LONGEST);
        assert_eq!(short(&format!("x{long}")).len(), Call::LONGEST - 1);
    }
}
