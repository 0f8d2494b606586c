//! `/decisions`: the last ones, and each new one as it is made.

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::model::{Decision, Reason};
use crate::telemetry::{DecisionEntry, DecisionFilter};

use super::Desk;
use super::body::Answer;
use super::caller::Caller;
use super::page::{self, LARGEST, Query};
use super::problem::Problem;

/// So many are shown when no number is asked for.
const USUAL: usize = 100;
/// How often an open stream looks whether it may stay open, and says that it is alive.
const TICK: Duration = Duration::from_secs(10);

/// Which decisions.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    agent: Option<String>,
    reason: Option<String>,
    decision: Option<String>,
    limit: Option<usize>,
}

/// Which decisions of those to come.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Followed {
    agent: Option<String>,
    reason: Option<String>,
    decision: Option<String>,
}

/// A decision as it is shown.
#[derive(Serialize)]
struct Shown {
    at: Option<jiff::Timestamp>,
    agent: Option<String>,
    method: &'static str,
    decision: &'static str,
    reason: &'static str,
    provider: Option<String>,
    request_id: String,
}

impl From<&DecisionEntry> for Shown {
    fn from(entry: &DecisionEntry) -> Self {
        let millis = i64::try_from(entry.at.since_epoch().as_millis()).ok();
        Self {
            at: millis.and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok()),
            agent: entry.agent.as_ref().map(ToString::to_string),
            method: entry.method.as_str(),
            decision: entry.decision.as_str(),
            reason: entry.reason.as_str(),
            provider: entry.provider.as_ref().map(ToString::to_string),
            request_id: entry.request_id.to_string(),
        }
    }
}

/// The last decisions.
#[derive(Serialize)]
pub(super) struct Items {
    items: Vec<Shown>,
}

/// Lists the last ones.
pub(super) async fn list(
    State(desk): State<Desk>,
    Query(wanted): Query<Wanted>,
) -> Result<Answer<Items>, Problem> {
    let limit = match wanted.limit.unwrap_or(USUAL) {
        limit @ 1..=LARGEST => limit,
        _ => return Err(Problem::bad_query(format!("`limit` is a number from 1 to {LARGEST}"))),
    };
    let filter = filter(wanted.agent.as_deref(), wanted.reason.as_deref(), wanted.decision.as_deref())?;
    let items = desk.admin.decisions.recent(&filter, limit);
    Ok(Answer(Items { items: items.iter().map(Shown::from).collect() }))
}

fn filter(
    agent: Option<&str>,
    reason: Option<&str>,
    decision: Option<&str>,
) -> Result<DecisionFilter, Problem> {
    let unknown =
        |what: &str| Problem::bad_query(format!("`{what}` is no word that a decision can have there"));
    let agent = agent.map(page::agent);
    let reason = reason
        .map(|word| Reason::ALL.into_iter().find(|r| r.as_str() == word).ok_or_else(|| unknown("reason")));
    let decision = decision.map(|word| {
        Decision::ALL.iter().copied().find(|d| d.as_str() == word).ok_or_else(|| unknown("decision"))
    });
    Ok(DecisionFilter {
        agent: agent.transpose()?,
        reason: reason.transpose()?,
        decision: decision.transpose()?,
    })
}

/// Shows each new one as it is made.
pub(super) async fn follow(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Query(wanted): Query<Followed>,
) -> Result<Response, Problem> {
    let filter = filter(wanted.agent.as_deref(), wanted.reason.as_deref(), wanted.decision.as_deref())?;
    let Ok(place) = std::sync::Arc::clone(&desk.followers).try_acquire_owned() else {
        return Err(Problem::unavailable("too many follow the decisions already"));
    };
    let following = Following { entries: desk.admin.decisions.follow(), filter, caller, desk, _place: place };
    let alive = KeepAlive::new().interval(TICK);
    let mut response = Sse::new(events(following)).keep_alive(alive).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// One open stream.
struct Following {
    entries: Receiver<DecisionEntry>,
    filter: DecisionFilter,
    caller: Caller,
    desk: Desk,
    _place: OwnedSemaphorePermit,
}

fn events(following: Following) -> impl Stream<Item = Result<Event, Infallible>> {
    futures::stream::unfold(following, |mut following| async move {
        let event = following.next().await?;
        Some((Ok(event), following))
    })
}

impl Following {
    /// The next event; `None` ends the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let entry = tokio::time::timeout(TICK, self.entries.recv()).await;
            if !self.may_stay() {
                return None;
            }
            match entry {
                Ok(Ok(entry)) if self.filter.admits(&entry) => {
                    // What cannot be written is left out.
                    if let Ok(event) = Event::default().event("decision").json_data(Shown::from(&entry)) {
                        return Some(event);
                    }
                }
                Ok(Err(RecvError::Lagged(missed))) => {
                    return Some(Event::default().event("missed").data(missed.to_string()));
                }
                Ok(Err(RecvError::Closed)) => return None,
                Ok(Ok(_)) | Err(_) => {}
            }
        }
    }

    /// A stream ends with the session that opened it.
    fn may_stay(&self) -> bool {
        let open = self.caller.session.as_ref().is_none_or(|session| self.desk.sessions.holds(session));
        open && !(self.desk.admin.is_leaving)()
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::Api;
    use axum::http::Method;
    use axum::http::header;

    #[tokio::test(start_paused = true)]
    async fn without_a_credential_no_decision_is_shown() {
        let api = Api::new();
        for path in ["/api/v1/decisions", "/api/v1/decisions/stream"] {
            assert_eq!(api.logged_out(Method::GET, path).await.status, 401, "{path}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_filter_is_made_of_words_that_there_are() {
        let api = Api::new();
        for (query, wanted) in [
            ("", 200),
            ("?agent=refunds&reason=token_expired&decision=deny&limit=500", 200),
            ("?reason=nonsense", 400),
            ("?decision=nonsense", 400),
            ("?limit=0", 400),
            ("?limit=501", 400),
            ("?agents=x", 400),
        ] {
            assert_eq!(api.get(&format!("/api/v1/decisions{query}")).await.status, wanted, "{query}");
        }
        assert_eq!(api.get("/api/v1/decisions/stream?limit=5").await.status, 400);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_begins_at_once_and_only_so_many_are_open() {
        let api = Api::new();
        let mut open = Vec::new();
        for _ in 0..super::super::MOST_FOLLOWERS {
            let response = api.response(Method::GET, "/api/v1/decisions/stream").await;
            assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
            assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
            open.push(response);
        }
        assert_eq!(api.get("/api/v1/decisions/stream").await.status, 503);
        open.pop();
        assert_eq!(api.response(Method::GET, "/api/v1/decisions/stream").await.status(), 200);
    }
}
