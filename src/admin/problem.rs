//! The error responses of the control API: `application/problem+json` (RFC 9457) with a stable `code` for programs and
//! a sentence for people.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use crate::control::{EditError, Finding};
use crate::model::{PROBLEM_MEDIA_TYPE, ResourceId, problem_document};

/// The stable codes, each with the statuses that it comes with. The OpenAPI document lists them from here.
pub(super) const CODES: &[(&str, u16)] = &[
    ("bad_json", 400),
    ("bad_query", 400),
    ("bad_precondition", 400),
    ("unauthorized", 401),
    ("forbidden_origin", 403),
    ("not_found", 404),
    ("method_not_allowed", 405),
    ("timeout", 408),
    ("read_only", 409),
    ("managed_by_file", 409),
    ("in_use", 409),
    ("precondition_failed", 412),
    ("too_large", 413),
    ("unsupported_media_type", 415),
    ("misdirected", 421),
    ("invalid", 422),
    ("not_accepted", 422),
    ("precondition_required", 428),
    ("store_failed", 500),
    ("unavailable", 503),
    ("store_failed", 507),
];

/// The stable codes, each once: `store_failed` comes with two statuses.
fn codes() -> Vec<&'static str> {
    let mut codes: Vec<&str> = Vec::new();
    for (code, _) in CODES {
        if !codes.contains(code) {
            codes.push(code);
        }
    }
    codes
}

/// An error response.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    diagnostics: Vec<Finding>,
    agents: Vec<String>,
}

/// The members that this listener adds to the document.
#[derive(Serialize, JsonSchema)]
pub(super) struct Members<'a> {
    #[schemars(extend("enum" = codes()))]
    code: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    diagnostics: &'a [Finding],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    agents: &'a [String],
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        debug_assert!(CODES.contains(&(code, status.as_u16())), "{status} {code} is not in the list");
        Self { status, code, detail: detail.into(), diagnostics: Vec::new(), agents: Vec::new() }
    }

    /// A query parameter is unknown or invalid.
    pub(super) fn bad_query(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_query", detail)
    }

    /// The credential is missing or wrong; the response does not say which.
    pub(super) fn unauthorized() -> Self {
        let detail = "send the token of the control API as Authorization: Bearer TOKEN, or log in";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    /// A login with the wrong token. Its client knows that it sent one, so the response may say what is wrong.
    pub(super) fn wrong_token() -> Self {
        let detail = "that is not the token of this gateway; it is the text of the file that server.admin.token_file names";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    /// The resource does not exist; `what` completes "there is no".
    pub(super) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("there is no {what}"))
    }

    /// The body is well-formed and invalid; `pointer` (RFC 6901) is the member at fault.
    pub(super) fn invalid(pointer: &str, code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message.clone());
        problem.diagnostics.push(Finding {
            severity: "error",
            code,
            message,
            help: None,
            resource: None,
            pointer: Some(pointer.to_owned()),
            file: std::path::PathBuf::new(),
            line: 0,
            column: 0,
        });
        problem
    }

    /// Names the resource that the findings belong to.
    pub(super) fn of(mut self, id: &ResourceId) -> Self {
        for finding in &mut self.diagnostics {
            finding.resource = Some(id.clone());
        }
        self
    }

    /// Adds the affected agents.
    pub(super) fn set_agents(&mut self, agents: Vec<String>) {
        self.agents = agents;
    }

    /// The resource does not have the method. The router adds `Allow`.
    pub(super) fn method_not_allowed() -> Self {
        let detail = "this resource does not have that method; `Allow` names those that it has";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
    }

    /// The request may succeed later.
    pub(super) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
    }
}

impl From<EditError> for Problem {
    fn from(error: EditError) -> Self {
        match error {
            EditError::ReadOnly(why) => Self::new(StatusCode::CONFLICT, "read_only", why),
            EditError::ManagedByFile { .. } => {
                Self::new(StatusCode::CONFLICT, "managed_by_file", error.to_string())
            }
            EditError::NotFound(_) | EditError::NoRevision(_) | EditError::NotBroken(_) => {
                Self::new(StatusCode::NOT_FOUND, "not_found", error.to_string())
            }
            EditError::Precondition(why) => {
                Self::new(StatusCode::PRECONDITION_FAILED, "precondition_failed", why)
            }
            EditError::InUse { id, agents } => {
                let detail = format!("{id} is in use by {} agents: {}", agents.len(), named(&agents));
                Self { agents, ..Self::new(StatusCode::CONFLICT, "in_use", detail) }
            }
            EditError::Invalid(diagnostics) => {
                let errors = diagnostics.iter().filter(|f| f.severity == "error").count();
                let detail = match (errors, diagnostics.iter().find(|f| f.severity == "error")) {
                    (1, Some(only)) => only.message.clone(),
                    _ => format!("{errors} errors; nothing was changed"),
                };
                Self { diagnostics, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail) }
            }
            EditError::Store { why, full: true } => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "store_failed", why)
            }
            EditError::Store { why, full: false } => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "store_failed", why)
            }
            EditError::Unavailable(why) => Self::unavailable(why),
        }
    }
}

/// The first ten of many names, which a person can read; `agents` in the document has all.
fn named(names: &[String]) -> String {
    let shown = names.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > 10 { format!("{shown}, …") } else { shown }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let members = Members { code: self.code, diagnostics: &self.diagnostics, agents: &self.agents };
        let text = problem_document(self.status.as_u16(), &self.detail, &members);
        let mut response = (self.status, [(header::CONTENT_TYPE, PROBLEM_MEDIA_TYPE)], text).into_response();
        // The unread rest of the body would be parsed as the next request.
        if matches!(self.status, StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT) {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static(r#"Bearer realm="portcullis""#);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// The fallback handler of the router for 405.
pub(super) async fn method_not_allowed() -> Problem {
    Problem::method_not_allowed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ResourceKind;

    #[test]
    fn the_document_lists_each_code_once() {
        let unique: std::collections::BTreeSet<&str> = CODES.iter().map(|(code, _)| *code).collect();
        let mut listed = codes();
        listed.sort_unstable();
        assert_eq!(listed, Vec::from_iter(unique));
    }

    #[test]
    fn every_error_of_an_edit_has_its_status_and_its_code() {
        let id = ResourceId::new(ResourceKind::Agent, "a").unwrap();
        let cases = [
            (EditError::ReadOnly("r".into()), 409, "read_only"),
            (EditError::ManagedByFile { id: id.clone(), path: "x.yaml".into() }, 409, "managed_by_file"),
            (EditError::NotFound(id.clone()), 404, "not_found"),
            (EditError::NoRevision(7), 404, "not_found"),
            (EditError::Precondition("p".into()), 412, "precondition_failed"),
            (EditError::InUse { id, agents: vec!["b".into()] }, 409, "in_use"),
            (EditError::Invalid(Vec::new()), 422, "invalid"),
            (EditError::Store { why: "w".into(), full: true }, 507, "store_failed"),
            (EditError::Store { why: "w".into(), full: false }, 500, "store_failed"),
            (EditError::Unavailable("u".into()), 503, "unavailable"),
        ];
        for (error, status, code) in cases {
            let problem = Problem::from(error);
            assert_eq!((problem.status.as_u16(), problem.code), (status, code));
            let response = problem.into_response();
            assert_eq!(response.headers()[header::CONTENT_TYPE], PROBLEM_MEDIA_TYPE);
        }
    }
}
