//! The problem document (RFC 9457): the body of every error response that the gateway itself makes.
//!
//! The members that all listeners share are written here. Each listener writes its own members and the head of the response.

use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

/// The media type of the document (RFC 9457 section 3).
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";

/// The document with the members of its listener.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub struct ProblemDocument<'a, M> {
    #[schemars(extend("const" = "about:blank"))]
    r#type: &'a str,
    title: &'a str,
    #[schemars(range(min = 400, max = 599))]
    status: u16,
    detail: &'a str,
    #[serde(flatten)]
    members: &'a M,
}

/// A document of the type `about:blank`, whose title is the reason phrase of its status (RFC 9457 section 4.2.1); `members`
/// are the listener's own.
#[must_use]
pub fn problem_document(status: u16, detail: &str, members: &impl Serialize) -> Vec<u8> {
    let title = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    // Every status in use has a phrase; tests of each writer hold it to that.
    let title = title.unwrap_or("Error");
    // Serialising text, numbers and lists does not fail, so the body is never the empty default.
    serde_json::to_vec(&ProblemDocument { r#type: "about:blank", title, status, detail, members })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_the_shared_members_and_then_those_of_its_listener() {
        #[derive(Serialize)]
        struct Members<'a> {
            code: &'a str,
        }
        let document = problem_document(404, "It is \"not\" here.", &Members { code: "not_found" });
        assert_eq!(
            String::from_utf8(document).unwrap(),
            r#"{"type":"about:blank","title":"Not Found","status":404,"detail":"It is \"not\" here.","code":"not_found"}"#
        );
    }
}
