//! Errors on the wire: `application/problem+json` (RFC 9457) with a stable `code` for programs and a sentence for
//! people.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use crate::control::{EditError, Finding};
use crate::model::{PROBLEM_MEDIA_TYPE, ResourceId, problem_document};

/// The stable words, each with the status that it comes with. The documentation lists them from here.
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

/// The stable words, each once.
fn words() -> Vec<&'static str> {
    let mut words: Vec<&str> = CODES.iter().map(|(word, _)| *word).collect();
    words.dedup();
    words
}

/// An answer that is an error.
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
    #[schemars(extend("enum" = words()))]
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

    /// The query cannot be used.
    pub(super) fn bad_query(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_query", detail)
    }

    /// No credential, or a wrong one: the answer does not say which.
    pub(super) fn unauthorized() -> Self {
        let detail = "send the token of the control API as Authorization: Bearer TOKEN, or log in";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    /// Somebody logs in with another token.
    pub(super) fn wrong_token() -> Self {
        let detail = "that is not the token of this gateway; it is the text of the file that server.admin.token_file names";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    /// There is no such thing.
    pub(super) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("there is no {what}"))
    }

    /// The body has the right form and cannot be used; `pointer` is the part of it that is wrong.
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

    /// Adds whose part it is.
    pub(super) fn of(mut self, id: &ResourceId) -> Self {
        for finding in &mut self.diagnostics {
            finding.resource = Some(id.clone());
        }
        self
    }

    /// Adds the agents that it is about.
    pub(super) fn touch(&mut self, agents: Vec<String>) {
        self.agents = agents;
    }

    /// The path exists and has no such method.
    pub(super) fn method_not_allowed() -> Self {
        let detail = "this resource does not have that method; `Allow` names those that it has";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
    }

    /// Nothing can be done now.
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

/// The first few of many names.
fn named(names: &[String]) -> String {
    let shown = names.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > 10 { format!("{shown}, …") } else { shown }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let members = Members { code: self.code, diagnostics: &self.diagnostics, agents: &self.agents };
        let text = problem_document(self.status.as_u16(), &self.detail, &members);
        let mut response = (self.status, [(header::CONTENT_TYPE, PROBLEM_MEDIA_TYPE)], text).into_response();
        // What is left of a body that was not read would be taken for the next request.
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

/// For the router, which adds `Allow`.
pub(super) async fn method_not_allowed() -> Problem {
    Problem::method_not_allowed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ResourceKind;

    #[test]
    fn every_way_to_fail_has_its_status_and_its_word() {
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
