//! The response to a write, the same for every resource, and the form of timestamps and tags in all responses.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use crate::control::{Edit, Edited, Finding, Reached, Wanted};
use crate::idp::Probe;
use crate::model::{Instant, ResourceId};

use super::AdminState;
use super::body::Answer;
use super::caller::Caller;
use super::impact::Impact;
use super::problem::Problem;
use super::write_query::{Wait, Write};

/// What a write did, or would do.
#[derive(Serialize, JsonSchema)]
pub(super) struct Written {
    resource: Option<String>,
    etag: Option<String>,
    revision: Option<u64>,
    live: String,
    diff: String,
    warnings: Vec<Finding>,
    dry_run: bool,
    /// Other resources that the write removed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    removed: Vec<String>,
    /// For an identity provider: the affected agents.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    impact: Option<Impact>,
    /// For an identity provider with a new issuer or source of keys: the result of a probe.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    probe: Option<Probe>,
    /// How far it got, when that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    fleet: Option<Reached>,
}

impl Written {
    /// The response about `subject`; other resources that the write removed are listed in `removed`.
    pub(super) fn new(edited: Edited, subject: Option<&ResourceId>, dry_run: bool) -> Self {
        let tag = subject.and_then(|subject| edited.tags.iter().find(|(id, _)| id == subject));
        let removed = edited.tags.iter().filter(|(id, tag)| tag.is_none() && Some(id) != subject);
        Self {
            resource: subject.map(ToString::to_string),
            etag: tag.and_then(|(_, tag)| tag.clone()),
            revision: edited.number,
            live: edited.revision.as_str().to_owned(),
            removed: removed.map(|(id, _)| id.to_string()).collect(),
            diff: edited.diff,
            warnings: edited.warnings,
            dry_run,
            impact: None,
            probe: None,
            fleet: None,
        }
    }

    /// Adds the findings of a dry run.
    pub(super) fn with(self, impact: Impact, probe: Option<Probe>) -> Self {
        Self { impact: Some(impact), probe, ..self }
    }

    /// Adds how far it got.
    pub(super) fn reached(self, fleet: Option<Reached>) -> Self {
        Self { fleet, ..self }
    }

    /// The response, with the new tag as `ETag`.
    pub(super) fn answer(self, status: StatusCode) -> Response {
        let tag = self.etag.as_deref().and_then(etag);
        with_tag((status, Answer(self)).into_response(), tag)
    }
}

/// Writes one resource; `verb` is the word for the change in the history.
pub(super) async fn one(
    state: &AdminState,
    caller: &Caller,
    verb: &str,
    wanted: Wanted,
    query: Write,
) -> Result<Written, Problem> {
    let id = wanted.id.clone();
    let Write { dry_run, force, wait: _ } = query;
    let edit = Edit { who: caller.who(), what: format!("{verb} {id}"), wanted: vec![wanted], dry_run, force };
    let edited = state.control().edit(edit).await?;
    let fleet = reached(state, &edited, query).await;
    Ok(Written::new(edited, Some(&id), dry_run).reached(fleet))
}

/// Waits until a change has got as far as was asked for. It stays, whatever comes of the wait.
pub(super) async fn reached(state: &AdminState, edited: &Edited, query: Write) -> Option<Reached> {
    match query.wait {
        Wait::Fleet(limit) if !query.dry_run => {
            let end = tokio::time::Instant::now() + limit;
            // Without a change, what was asked for is in the last revision.
            let revision = edited.number.unwrap_or_else(|| state.control().status().head.number);
            Some(state.control().fleet().wait(revision, end).await)
        }
        Wait::Fleet(_) | Wait::Own => None,
    }
}

/// A tag as a header value.
pub(super) fn etag(tag: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("\"{tag}\"")).ok()
}

pub(super) fn with_tag(mut response: Response, tag: Option<HeaderValue>) -> Response {
    if let Some(tag) = tag {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// A timestamp with the precision of a second; `None` beyond the year 9999.
pub(super) fn timestamp(at: Instant) -> Option<jiff::Timestamp> {
    i64::try_from(at.unix()).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
}
