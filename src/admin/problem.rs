//! The error responses of the control API: `application/problem+json` (RFC 9457) with a stable `code` for programs and
//! a sentence for people.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use crate::config::{Code, Severity};
use crate::control::{EditError, Finding};
use crate::model::{PROBLEM_MEDIA_TYPE, ResourceId, problem_document};
use crate::store::{CommitSize, Divergence, LastCommit};

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
    StoreUnavailable,
    StoreVanished,
    StoreForeign,
    StoreRegressed,
    StoreForked,
    TornRead,
    CommitTooLarge,
    OutcomeUnknown,
    NotUnderstoodBy,
}

impl ProblemCode {
    /// The code as it is sent.
    pub(super) fn word(self) -> String {
        let word = serde_json::to_value(self).unwrap_or_default();
        word.as_str().unwrap_or_default().to_owned()
    }

    /// When a client may try again without asking first, in seconds. A member asks for the head of its store every five
    /// seconds, and what it finds then decides.
    const fn retry_after(self) -> Option<HeaderValue> {
        match self {
            Self::StoreUnavailable | Self::TornRead => Some(HeaderValue::from_static("5")),
            _ => None,
        }
    }

    const fn of(divergence: Divergence) -> Self {
        match divergence {
            Divergence::Vanished => Self::StoreVanished,
            Divergence::Foreign => Self::StoreForeign,
            Divergence::Regressed => Self::StoreRegressed,
            Divergence::Forked => Self::StoreForked,
        }
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
    (ProblemCode::StoreVanished, 409),
    (ProblemCode::StoreForeign, 409),
    (ProblemCode::StoreRegressed, 409),
    (ProblemCode::StoreForked, 409),
    (ProblemCode::NotUnderstoodBy, 409),
    (ProblemCode::PreconditionFailed, 412),
    (ProblemCode::TooLarge, 413),
    (ProblemCode::CommitTooLarge, 413),
    (ProblemCode::UnsupportedMediaType, 415),
    (ProblemCode::Misdirected, 421),
    (ProblemCode::Invalid, 422),
    (ProblemCode::NotAccepted, 422),
    (ProblemCode::PreconditionRequired, 428),
    (ProblemCode::StoreFailed, 500),
    (ProblemCode::Unavailable, 503),
    (ProblemCode::StoreUnavailable, 503),
    (ProblemCode::TornRead, 503),
    (ProblemCode::OutcomeUnknown, 503),
    (ProblemCode::StoreFailed, 507),
];

/// An error response.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    members: Box<Members>,
}

/// The members that this listener adds to the document.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Members {
    code: ProblemCode,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diagnostics: Vec<Finding>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    agents: Vec<String>,
    /// With `precondition_failed`: the last commit of a store that a fleet shares.
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<LastCommit>,
    /// With `commit_too_large`: what was asked for, and the most that is possible.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<CommitSize>,
    /// With `outcome_unknown`: the id of the commit, for `GET /revisions?commit=ID`.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    /// With `not_understood_by`: the names of these members of the fleet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    members: Vec<String>,
}

impl Members {
    const fn new(code: ProblemCode) -> Self {
        Self {
            code,
            diagnostics: Vec::new(),
            agents: Vec::new(),
            head: None,
            size: None,
            commit: None,
            members: Vec::new(),
        }
    }
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: ProblemCode, detail: impl Into<String>) -> Self {
        debug_assert!(CODES.contains(&(code, status.as_u16())), "{status} {code:?} is not in the list");
        Self { status, detail: detail.into(), members: Box::new(Members::new(code)) }
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
        problem.members.diagnostics.push(Finding {
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
        for finding in &mut self.members.diagnostics {
            finding.resource = Some(id.clone());
        }
        self
    }

    fn with(mut self, add: impl FnOnce(&mut Members)) -> Self {
        add(&mut self.members);
        self
    }

    /// Adds the affected agents.
    pub(super) fn set_agents(&mut self, agents: Vec<String>) {
        self.members.agents = agents;
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
        let said = error.to_string();
        let new = |status, code| Self::new(status, code, said.as_str());
        match error {
            EditError::ReadOnly(_) => new(StatusCode::CONFLICT, ProblemCode::ReadOnly),
            EditError::ManagedByFile { .. } => new(StatusCode::CONFLICT, ProblemCode::ManagedByFile),
            EditError::NotFound(_) | EditError::NoRevision(_) | EditError::NotBroken(_) => {
                new(StatusCode::NOT_FOUND, ProblemCode::NotFound)
            }
            EditError::NotOfOneMember(_) => new(StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::NotAccepted),
            EditError::Precondition { head, .. } => {
                let problem = new(StatusCode::PRECONDITION_FAILED, ProblemCode::PreconditionFailed);
                problem.with(|members| members.head = head)
            }
            EditError::InUse { id, agents } => in_use(&id, agents),
            EditError::Invalid(diagnostics) => invalid(diagnostics),
            EditError::Store { full: true, .. } => {
                new(StatusCode::INSUFFICIENT_STORAGE, ProblemCode::StoreFailed)
            }
            EditError::Store { full: false, .. } => {
                new(StatusCode::INTERNAL_SERVER_ERROR, ProblemCode::StoreFailed)
            }
            EditError::Unavailable(why) => Self::unavailable(why),
            EditError::StoreUnavailable(_) => {
                new(StatusCode::SERVICE_UNAVAILABLE, ProblemCode::StoreUnavailable)
            }
            EditError::StoreDiverged { state, .. } => new(StatusCode::CONFLICT, ProblemCode::of(state)),
            EditError::TornRead(_) => new(StatusCode::SERVICE_UNAVAILABLE, ProblemCode::TornRead),
            EditError::CommitTooLarge(size) => {
                let problem = new(StatusCode::PAYLOAD_TOO_LARGE, ProblemCode::CommitTooLarge);
                problem.with(|members| members.size = Some(size))
            }
            EditError::OutcomeUnknown { commit, .. } => {
                let problem = new(StatusCode::SERVICE_UNAVAILABLE, ProblemCode::OutcomeUnknown);
                problem.with(|members| members.commit = Some(commit))
            }
            EditError::NotUnderstood { members: names } => not_understood(names),
        }
    }
}

fn in_use(id: &ResourceId, agents: Vec<String>) -> Problem {
    let detail = format!("{id} is in use by {} agents: {}", agents.len(), named(&agents));
    Problem::new(StatusCode::CONFLICT, ProblemCode::InUse, detail).with(|members| members.agents = agents)
}

fn invalid(diagnostics: Vec<Finding>) -> Problem {
    let errors = diagnostics.iter().filter(|f| f.is_error()).count();
    let detail = match (errors, diagnostics.iter().find(|f| f.is_error())) {
        (1, Some(only)) => only.message.clone(),
        _ => format!("{errors} errors; nothing was changed"),
    };
    let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::Invalid, detail);
    problem.with(|members| members.diagnostics = diagnostics)
}

fn not_understood(names: Vec<String>) -> Problem {
    let detail = format!(
        "{} gateways do not understand this and would refuse it: {}; upgrade them first, or write it with `?force=true`",
        names.len(),
        named(&names)
    );
    let problem = Problem::new(StatusCode::CONFLICT, ProblemCode::NotUnderstoodBy, detail);
    problem.with(|members| members.members = names)
}

/// The first ten of many names, which a person can read; `agents` in the document has all.
fn named(names: &[String]) -> String {
    let shown = names.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > 10 { format!("{shown}, …") } else { shown }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let text = problem_document(self.status.as_u16(), &self.detail, &self.members);
        let mut response = (self.status, [(header::CONTENT_TYPE, PROBLEM_MEDIA_TYPE)], text).into_response();
        // The unread rest of the body would be parsed as the next request.
        if matches!(self.status, StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT) {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static(r#"Bearer realm="portcullis""#);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.members.code.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
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
    use crate::store::WriteError;
    use serde_json::json;

    fn diverged(state: Divergence) -> EditError {
        WriteError::NeedsPerson { state, why: "w".into() }.into()
    }

    fn too_large() -> EditError {
        let size = CommitSize { resources: 121, bytes: 9, max_resources: 120, max_bytes: 1_468_006 };
        WriteError::TooLarge(size).into()
    }

    fn unknown() -> EditError {
        WriteError::OutcomeUnknown { commit: "c0ffee".into() }.into()
    }

    /// The document of an error, and the header that says when to try again.
    async fn document(error: EditError) -> (serde_json::Value, Option<String>) {
        let response = Problem::from(error).into_response();
        let wait = response.headers().get(header::RETRY_AFTER).map(|v| v.to_str().unwrap().to_owned());
        let body = axum::body::to_bytes(response.into_body(), 1 << 16).await.unwrap();
        (serde_json::from_slice(&body).unwrap(), wait)
    }

    #[tokio::test]
    async fn an_error_of_a_shared_store_says_what_a_program_needs() {
        let head = LastCommit { revision: 7, at: jiff::Timestamp::UNIX_EPOCH, who: "b".into() };
        let stale = EditError::Precondition { why: "p".into(), head: Some(head) };
        let (stale, _) = document(stale).await;
        assert_eq!(stale["head"], json!({"revision": 7, "at": "1970-01-01T00:00:00Z", "who": "b"}));
        let (large, _) = document(too_large()).await;
        let size = json!({"resources": 121, "bytes": 9, "max_resources": 120, "max_bytes": 1_468_006});
        assert_eq!(large["size"], size);
        let said = large["detail"].as_str().unwrap();
        assert!(said.contains("121") && said.contains("120"), "{said}");
        let (lost, wait) = document(unknown()).await;
        assert_eq!((&lost["commit"], wait), (&json!("c0ffee"), None), "ask before trying again");
        assert!(lost["detail"].as_str().unwrap().contains("revisions?commit=c0ffee"), "{lost}");
        let (old, _) = document(EditError::NotUnderstood { members: vec!["gateway-2".into()] }).await;
        assert_eq!(old["members"], json!(["gateway-2"]));
        for error in [EditError::StoreUnavailable("u".into()), WriteError::Torn.into()] {
            assert_eq!(document(error).await.1.as_deref(), Some("5"));
        }
    }

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
            (EditError::Precondition { why: "p".into(), head: None }, 412, ProblemCode::PreconditionFailed),
            (EditError::InUse { id, agents: vec!["b".into()] }, 409, ProblemCode::InUse),
            (EditError::Invalid(Vec::new()), 422, ProblemCode::Invalid),
            (EditError::Store { why: "w".into(), full: true }, 507, ProblemCode::StoreFailed),
            (EditError::Store { why: "w".into(), full: false }, 500, ProblemCode::StoreFailed),
            (EditError::Unavailable("u".into()), 503, ProblemCode::Unavailable),
            (EditError::StoreUnavailable("u".into()), 503, ProblemCode::StoreUnavailable),
            (diverged(Divergence::Vanished), 409, ProblemCode::StoreVanished),
            (diverged(Divergence::Foreign), 409, ProblemCode::StoreForeign),
            (diverged(Divergence::Regressed), 409, ProblemCode::StoreRegressed),
            (diverged(Divergence::Forked), 409, ProblemCode::StoreForked),
            (WriteError::Torn.into(), 503, ProblemCode::TornRead),
            (WriteError::Moved { head: 7 }.into(), 503, ProblemCode::StoreUnavailable),
            (too_large(), 413, ProblemCode::CommitTooLarge),
            (unknown(), 503, ProblemCode::OutcomeUnknown),
            (EditError::NotUnderstood { members: vec!["b".into()] }, 409, ProblemCode::NotUnderstoodBy),
        ];
        for (error, status, code) in cases {
            let problem = Problem::from(error);
            assert_eq!((problem.status.as_u16(), problem.members.code), (status, code));
            let response = problem.into_response();
            assert_eq!(response.headers()[header::CONTENT_TYPE], PROBLEM_MEDIA_TYPE);
        }
    }
}
