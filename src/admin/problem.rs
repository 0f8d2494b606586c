//! The error responses of the control API: `application/problem+json` (RFC 9457) with a stable `code` for programs and
//! a sentence for people.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use crate::config::{Code, Severity};
use crate::control::{EditError, Finding};
use crate::model::{PROBLEM_MEDIA_TYPE, ResourceId, problem_document};

/// The stable code of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ProblemCode {
    BadJson,
    BadQuery,
    BadPrecondition,
    Unauthorized,
    ForbiddenOrigin,
    NotFound,
    MethodNotAllowed,
    Timeout,
    ReadOnly,
    ManagedByFile,
    InUse,
    PreconditionFailed,
    TooLarge,
    UnsupportedMediaType,
    Misdirected,
    Invalid,
    NotAccepted,
    PreconditionRequired,
    StoreFailed,
    Unavailable,
}

impl ProblemCode {
    /// The code as it is sent.
    pub(super) fn word(self) -> String {
        let word = serde_json::to_value(self).unwrap_or_default();
        word.as_str().unwrap_or_default().to_owned()
    }
}

/// The stable codes, each with the statuses that it comes with. The OpenAPI document lists them from here.
pub(super) const CODES: &[(ProblemCode, u16)] = &[
    (ProblemCode::BadJson, 400),
    (ProblemCode::BadQuery, 400),
    (ProblemCode::BadPrecondition, 400),
    (ProblemCode::Unauthorized, 401),
    (ProblemCode::ForbiddenOrigin, 403),
    (ProblemCode::NotFound, 404),
    (ProblemCode::MethodNotAllowed, 405),
    (ProblemCode::Timeout, 408),
    (ProblemCode::ReadOnly, 409),
    (ProblemCode::ManagedByFile, 409),
    (ProblemCode::InUse, 409),
    (ProblemCode::PreconditionFailed, 412),
    (ProblemCode::TooLarge, 413),
    (ProblemCode::UnsupportedMediaType, 415),
    (ProblemCode::Misdirected, 421),
    (ProblemCode::Invalid, 422),
    (ProblemCode::NotAccepted, 422),
    (ProblemCode::PreconditionRequired, 428),
    (ProblemCode::StoreFailed, 500),
    (ProblemCode::Unavailable, 503),
    (ProblemCode::StoreFailed, 507),
];

/// An error response.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: ProblemCode,
    detail: String,
    diagnostics: Vec<Finding>,
    agents: Vec<String>,
}

/// The members that this listener adds to the document.
#[derive(Serialize, JsonSchema)]
pub(super) struct Members<'a> {
    code: ProblemCode,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    diagnostics: &'a [Finding],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    agents: &'a [String],
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: ProblemCode, detail: impl Into<String>) -> Self {
        debug_assert!(CODES.contains(&(code, status.as_u16())), "{status} {code:?} is not in the list");
        Self { status, code, detail: detail.into(), diagnostics: Vec::new(), agents: Vec::new() }
    }

    /// A query parameter is unknown or invalid.
    pub(super) fn bad_query(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ProblemCode::BadQuery, detail)
    }

    /// The credential is missing or wrong; the response does not say which.
    pub(super) fn unauthorized() -> Self {
        let detail = "send the token of the control API as Authorization: Bearer TOKEN, or log in";
        Self::new(StatusCode::UNAUTHORIZED, ProblemCode::Unauthorized, detail)
    }

    /// A login with the wrong token. Its client knows that it sent one, so the response may say what is wrong.
    pub(super) fn wrong_token() -> Self {
        let detail = "that is not the token of this gateway; it is the text of the file that server.admin.token_file names";
        Self::new(StatusCode::UNAUTHORIZED, ProblemCode::Unauthorized, detail)
    }

    /// The resource does not exist; `what` completes "there is no".
    pub(super) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, ProblemCode::NotFound, format!("there is no {what}"))
    }

    /// The body is well-formed and invalid; `pointer` (RFC 6901) is the member at fault.
    pub(super) fn invalid(pointer: &str, code: Code, message: impl Into<String>) -> Self {
        let message = message.into();
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::Invalid, message.clone());
        problem.diagnostics.push(Finding {
            severity: Severity::Error,
            code: code.into(),
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
        Self::new(StatusCode::METHOD_NOT_ALLOWED, ProblemCode::MethodNotAllowed, detail)
    }

    /// The request may succeed later.
    pub(super) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, ProblemCode::Unavailable, detail)
    }
}

impl From<EditError> for Problem {
    fn from(error: EditError) -> Self {
        match error {
            EditError::ReadOnly(why) => Self::new(StatusCode::CONFLICT, ProblemCode::ReadOnly, why),
            EditError::ManagedByFile { .. } => {
                Self::new(StatusCode::CONFLICT, ProblemCode::ManagedByFile, error.to_string())
            }
            EditError::NotFound(_) | EditError::NoRevision(_) | EditError::NotBroken(_) => {
                Self::new(StatusCode::NOT_FOUND, ProblemCode::NotFound, error.to_string())
            }
            EditError::Precondition(why) => {
                Self::new(StatusCode::PRECONDITION_FAILED, ProblemCode::PreconditionFailed, why)
            }
            EditError::InUse { id, agents } => {
                let detail = format!("{id} is in use by {} agents: {}", agents.len(), named(&agents));
                Self { agents, ..Self::new(StatusCode::CONFLICT, ProblemCode::InUse, detail) }
            }
            EditError::Invalid(diagnostics) => {
                let errors = diagnostics.iter().filter(|f| f.is_error()).count();
                let detail = match (errors, diagnostics.iter().find(|f| f.is_error())) {
                    (1, Some(only)) => only.message.clone(),
                    _ => format!("{errors} errors; nothing was changed"),
                };
                Self {
                    diagnostics,
                    ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::Invalid, detail)
                }
            }
            EditError::Store { why, full: true } => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, ProblemCode::StoreFailed, why)
            }
            EditError::Store { why, full: false } => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, ProblemCode::StoreFailed, why)
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
    fn a_code_is_sent_as_its_name() {
        assert_eq!(ProblemCode::StoreFailed.word(), "store_failed");
        assert!(CODES.iter().all(|(code, _)| !code.word().is_empty()));
    }

    #[test]
    fn every_error_of_an_edit_has_its_status_and_its_code() {
        let id = ResourceId::new(ResourceKind::Agent, "a").unwrap();
        let cases = [
            (EditError::ReadOnly("r".into()), 409, ProblemCode::ReadOnly),
            (
                EditError::ManagedByFile { id: id.clone(), path: "x.yaml".into() },
                409,
                ProblemCode::ManagedByFile,
            ),
            (EditError::NotFound(id.clone()), 404, ProblemCode::NotFound),
            (EditError::NoRevision(7), 404, ProblemCode::NotFound),
            (EditError::Precondition("p".into()), 412, ProblemCode::PreconditionFailed),
            (EditError::InUse { id, agents: vec!["b".into()] }, 409, ProblemCode::InUse),
            (EditError::Invalid(Vec::new()), 422, ProblemCode::Invalid),
            (EditError::Store { why: "w".into(), full: true }, 507, ProblemCode::StoreFailed),
            (EditError::Store { why: "w".into(), full: false }, 500, ProblemCode::StoreFailed),
            (EditError::Unavailable("u".into()), 503, ProblemCode::Unavailable),
        ];
        for (error, status, code) in cases {
            let problem = Problem::from(error);
            assert_eq!((problem.status.as_u16(), problem.code), (status, code));
            let response = problem.into_response();
            assert_eq!(response.headers()[header::CONTENT_TYPE], PROBLEM_MEDIA_TYPE);
        }
    }
}
