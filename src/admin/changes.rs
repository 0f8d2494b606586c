//! `PUT` and `DELETE` of one resource, the same for agents, providers and API keys.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use crate::config::Code;
use crate::control::{Expect, To, Wanted};
use crate::model::ResourceId;

use super::caller::Caller;
use super::problem::Problem;
use super::write_query::Write;
use super::{AdminState, write};

/// Writes one resource: 201 when the precondition says that it is new, otherwise 200.
pub(super) async fn replace(
    state: &AdminState,
    caller: &Caller,
    id: ResourceId,
    expect: Expect,
    spec: Value,
    query: Write,
) -> Result<Response, Problem> {
    if !spec.is_object() {
        return Err(Problem::invalid("", Code::WrongType, "the body must be an object").of(&id));
    }
    let new = expect == Expect::Absent;
    let (verb, status) = if new { ("create", StatusCode::CREATED) } else { ("update", StatusCode::OK) };
    let edited = write::one(state, caller, verb, Wanted { id, expect, to: To::Json(spec) }, query).await?;
    Ok(edited.answer(status))
}

/// Deletes one resource.
pub(super) async fn remove(
    state: &AdminState,
    caller: &Caller,
    id: ResourceId,
    expect: Expect,
    query: Write,
) -> Result<Response, Problem> {
    let edited = write::one(state, caller, "delete", Wanted { id, expect, to: To::Nothing }, query).await?;
    Ok(edited.answer(StatusCode::OK))
}

/// The problem for a name outside the grammar of resource names.
pub(super) fn bad_name() -> Problem {
    Problem::invalid("", Code::BadName, "a name has 1 to 63 lower-case letters, digits and dashes")
}
