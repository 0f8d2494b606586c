//! `/decisions`: the last decisions, the one about a request, and a live stream. Their form is in `shown`.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::model::{AgentName, Decision, Instant, Reason};
use crate::telemetry::{DecisionFilter, Outcome, RequestRecord};

use super::SharedState;
use super::body::Answer;
use super::caller::Caller;
use super::page::{self, LARGEST, Name, Nothing, Query};
use super::problem::Problem;
use super::shown::{Shown, Whole};

/// The number of decisions without `limit`: twice a page of resources, because a line is short.
const USUAL: usize = 100;
/// How often an open stream checks its session and sends a keep-alive. Proxies close connections that are idle for 30
/// to 60 seconds.
const TICK: Duration = Duration::from_secs(10);

/// Which decisions.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Only of this agent.
    #[schemars(regex(pattern = AgentName::PATTERN))]
    agent: Option<String>,
    /// Only for this reason.
    #[schemars(with = "Option<Reason>")]
    reason: Option<String>,
    /// Only with this outcome.
    #[schemars(with = "Option<Decision>")]
    decision: Option<String>,
    /// Only what was refused (`deny` and `error`), allowed, or would be refused (`shadow_deny`).
    #[schemars(extend("enum" = Outcome::ALL.map(Outcome::as_str)))]
    outcome: Option<String>,
    /// The size of the page.
    #[schemars(range(min = 1, max = LARGEST))]
    limit: Option<usize>,
}

/// Which decisions the stream carries.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Followed {
    /// Only of this agent.
    #[schemars(regex(pattern = AgentName::PATTERN))]
    agent: Option<String>,
    /// Only for this reason.
    #[schemars(with = "Option<Reason>")]
    reason: Option<String>,
    /// Only with this outcome.
    #[schemars(with = "Option<Decision>")]
    decision: Option<String>,
    /// Only what was refused (`deny` and `error`), allowed, or would be refused (`shadow_deny`).
    #[schemars(extend("enum" = Outcome::ALL.map(Outcome::as_str)))]
    outcome: Option<String>,
}

/// The filter of a query, not yet parsed.
struct Words<'a> {
    agent: Option<&'a str>,
    reason: Option<&'a str>,
    decision: Option<&'a str>,
    outcome: Option<&'a str>,
}

/// The last decisions.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Decisions")]
pub(super) struct Items {
    items: Vec<Shown>,
    refusals_since: Option<jiff::Timestamp>,
}

/// Returns the last decisions that fit the filter, newest first.
pub(super) async fn list(
    State(state): State<SharedState>,
    Query(wanted): Query<Wanted>,
) -> Result<Answer<Items>, Problem> {
    let limit = match wanted.limit.unwrap_or(USUAL) {
        limit @ 1..=LARGEST => limit,
        _ => return Err(Problem::bad_query(format!("`limit` is a number from 1 to {LARGEST}"))),
    };
    let filter = Words {
        agent: wanted.agent.as_deref(),
        reason: wanted.reason.as_deref(),
        decision: wanted.decision.as_deref(),
        outcome: wanted.outcome.as_deref(),
    };
    let items = state.admin.decisions.recent(&filter.filter()?, limit);
    let live = state.control().live();
    Ok(Answer(Items {
        items: items.iter().map(|entry| Shown::of(entry, Some(&live))).collect(),
        refusals_since: Some(since(&state).await.timestamp()),
    }))
}

/// The timestamp from which all refusals are known, on disk or in memory.
async fn since(state: &SharedState) -> Instant {
    let in_memory = state.admin.decisions.refusals_since();
    let Some(refusals) = state.admin.decisions.refusals() else { return in_memory };
    let (kept, now) = (refusals.kept().clone(), state.admin.clock.now());
    let on_disk = tokio::task::spawn_blocking(move || kept.since(now)).await.ok().flatten();
    on_disk.map_or(in_memory, |on_disk| on_disk.min(in_memory))
}

impl Words<'_> {
    fn filter(&self) -> Result<DecisionFilter, Problem> {
        let unknown =
            |what: &str| Problem::bad_query(format!("`{what}` is no word that a decision can have there"));
        let reason = self.reason.map(|word| {
            Reason::ALL.into_iter().find(|r| r.as_str() == word).ok_or_else(|| unknown("reason"))
        });
        let decision = self.decision.map(|word| {
            Decision::ALL.iter().copied().find(|d| d.as_str() == word).ok_or_else(|| unknown("decision"))
        });
        let outcome = self.outcome.map(|word| {
            Outcome::ALL.into_iter().find(|o| o.as_str() == word).ok_or_else(|| unknown("outcome"))
        });
        Ok(DecisionFilter {
            agent: self.agent.map(page::agent).transpose()?,
            reason: reason.transpose()?,
            decision: decision.transpose()?,
            outcome: outcome.transpose()?,
        })
    }
}

/// Returns the decision about one request, from memory or from the refusals on disk.
pub(super) async fn show(
    State(state): State<SharedState>,
    Name(request_id): Name,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Answer<Whole>, Problem> {
    let decisions = &state.admin.decisions;
    let mut found = decisions.find(&request_id);
    if let (None, Some(refusals)) = (&found, decisions.refusals()) {
        let (kept, now) = (refusals.kept().clone(), state.admin.clock.now());
        let id = request_id.clone();
        let on_disk = tokio::task::spawn_blocking(move || kept.find(&id, now)).await;
        found = on_disk.ok().flatten().map(Arc::new);
    }
    match found {
        Some(entry) => Ok(Answer(Whole::of(&entry, Some(&state.control().live())))),
        None => {
            let since = since(&state).await;
            let what = "decision about a request of that id; refusals and failures are kept since";
            Err(Problem::not_found(&format!("{what} {since}, allowed requests for the last 2048")))
        }
    }
}

/// Opens a stream of server-sent events, one for each new decision that fits the filter.
pub(super) async fn follow(
    State(state): State<SharedState>,
    Extension(caller): Extension<Caller>,
    Query(wanted): Query<Followed>,
) -> Result<Response, Problem> {
    let words = Words {
        agent: wanted.agent.as_deref(),
        reason: wanted.reason.as_deref(),
        decision: wanted.decision.as_deref(),
        outcome: wanted.outcome.as_deref(),
    };
    let filter = words.filter()?;
    let Ok(slot) = Arc::clone(&state.followers).try_acquire_owned() else {
        return Err(Problem::unavailable("too many follow the decisions already"));
    };
    let following = Following { entries: state.admin.decisions.follow(), filter, caller, state, _slot: slot };
    let alive = KeepAlive::new().interval(TICK);
    let mut response = Sse::new(events(following)).keep_alive(alive).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// One open stream.
struct Following {
    entries: Receiver<Arc<RequestRecord>>,
    filter: DecisionFilter,
    caller: Caller,
    state: SharedState,
    _slot: OwnedSemaphorePermit,
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
                    let shown = Shown::of(&entry, Some(&self.state.control().live()));
                    if let Ok(event) = Event::default().event("decision").json_data(shown) {
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

    /// Whether the stream's session is still open and the gateway is not draining.
    fn may_stay(&self) -> bool {
        let open = self.caller.session.as_ref().is_none_or(|session| self.state.sessions.holds(session));
        open && !(self.state.admin.is_leaving)()
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
        for path in ["/api/v1/decisions", "/api/v1/decisions/stream", "/api/v1/decisions/x"] {
            assert_eq!(api.logged_out(Method::GET, path).await.status, 401, "{path}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_filter_with_an_unknown_word_is_a_bad_query() {
        let api = Api::new();
        for (query, wanted) in [
            ("", 200),
            ("?agent=refunds&reason=token_expired&decision=deny&outcome=refused&limit=500", 200),
            ("?outcome=nonsense", 400),
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
    async fn a_stream_begins_at_once_and_open_streams_are_limited() {
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
