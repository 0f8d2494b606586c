//! The operations listener: `/metrics`, `/livez`, `/readyz`. No credentials; it belongs on an inner network.
//!
//! It is there before anything is live, so that an operator sees what a start waits for.

mod accept;
mod listener;

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::map_response_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use serde_json::json;

use crate::config::Snapshot;
use crate::control::{Control, Status};
use crate::model::{Clock, Live, PROBLEM_MEDIA_TYPE, problem_document};
use crate::telemetry::Metrics;

use self::accept::takes_open_metrics;
use self::listener::Closing;
pub use self::listener::bind;

/// What the pages are made of.
#[derive(Clone)]
pub struct Ops {
    /// How far the gateway is.
    pub stage: Arc<Live<Stage>>,
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
    /// All metrics.
    pub metrics: Metrics,
}

/// How far a gateway is.
pub enum Stage {
    /// Nothing is live yet, for this reason.
    Waiting(String),
    /// A configuration is live.
    Live(Gateway),
}

/// A gateway with a configuration.
pub struct Gateway {
    /// The live configuration, and what became of the last change.
    pub control: Control,
    /// Whether the listeners of callers are served.
    pub is_listening: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Whether the gateway is on its way out.
    pub is_leaving: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl std::fmt::Debug for Ops {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ops")
    }
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Waiting(why) => f.debug_tuple("Waiting").field(why).finish(),
            Self::Live(_) => f.write_str("Live"),
        }
    }
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gateway")
    }
}

/// Serves the pages until the runtime ends, or takes no more requests after `closing`: another process does. Whoever had
/// connected by then is answered.
///
/// # Errors
/// When the listener cannot be used.
pub async fn serve(
    listener: TcpListener,
    ops: Ops,
    closing: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let listener = Closing::new(listener, closing)?;
    let pages = router(ops).layer(map_response_with_state(listener.closed(), last_of_its_connection));
    axum::serve(listener, pages).await
}

/// Once the listener is closed, who asks again is to ask the other process.
async fn last_of_its_connection(State(closed): State<Arc<AtomicBool>>, mut answer: Response) -> Response {
    if closed.load(Ordering::Relaxed) {
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

fn router(ops: Ops) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .method_not_allowed_fallback(|| async {
            problem(StatusCode::METHOD_NOT_ALLOWED, "this page is only read: send GET or HEAD")
        })
        .fallback(|| async { problem(StatusCode::NOT_FOUND, "there are /metrics, /livez and /readyz here") })
        .with_state(ops)
}

/// An error as a problem document.
fn problem(status: StatusCode, detail: &str) -> Response {
    /// This listener adds no members.
    #[derive(Serialize)]
    struct Members {}
    let document = problem_document(status.as_u16(), detail, &Members {});
    (status, [(header::CONTENT_TYPE, PROBLEM_MEDIA_TYPE)], document).into_response()
}

async fn metrics(State(ops): State<Ops>, headers: HeaderMap) -> Response {
    let (kind, page) = if takes_open_metrics(&headers) {
        ("application/openmetrics-text; version=1.0.0; charset=utf-8", ops.metrics.render_open_metrics())
    } else {
        ("text/plain; version=0.0.4; charset=utf-8", ops.metrics.render())
    };
    ([(header::CONTENT_TYPE, kind)], page).into_response()
}

/// The providers whose keys have not been fetched yet, well or not.
#[must_use]
pub fn untried(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.providers.iter().filter(|(_, p)| !p.tried()).map(|(name, _)| name.as_str()).collect()
}

/// Ready once callers are served and each provider has been tried, and until the gateway is told to stop. A provider
/// that failed does not make the gateway unready: its agents answer 503, all others work. Neither does a store that is
/// away, once something is live.
async fn readyz(State(ops): State<Ops>, RawQuery(query): RawQuery) -> Response {
    let verbose =
        query.is_some_and(|q| q.split('&').any(|part| part == "verbose" || part.starts_with("verbose=")));
    let stage = ops.stage.get();
    match stage.as_ref() {
        Stage::Waiting(why) if verbose => {
            verbosely(false, &json!({ "ready": false, "draining": false, "waiting_for": why }))
        }
        Stage::Waiting(why) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("nothing is live yet: {why}\n")).into_response()
        }
        Stage::Live(gateway) => gateway.readyz(verbose, ops.clock.as_ref()),
    }
}

fn verbosely(ready: bool, body: &serde_json::Value) -> Response {
    (status(ready), [(header::CONTENT_TYPE, "application/json")], format!("{body:#}\n")).into_response()
}

const fn status(ready: bool) -> StatusCode {
    if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

impl Gateway {
    /// How the store is that several gateways share, and how long ago it was heard of; nothing where there is none.
    fn store(&self) -> Option<serde_json::Value> {
        let health = self.control.fleet().health()?;
        let age = health.confirmed.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
        Some(json!({
            "state": health.state.as_str(),
            "why": health.why,
            "revision": health.held,
            "confirmed_age_ms": age,
        }))
    }

    fn readyz(&self, verbose: bool, clock: &dyn Clock) -> Response {
        let snapshot = self.control.live();
        let leaving = (self.is_leaving)();
        let listening = (self.is_listening)();
        let waiting = untried(&snapshot);
        let ready = listening && !leaving && waiting.is_empty();
        if verbose {
            let now = clock.now();
            let providers: Vec<_> = snapshot.providers.values().map(|p| p.status(now)).collect();
            let mut body = json!({
                "ready": ready,
                "draining": leaving,
                "revision": snapshot.revision.as_str(),
                "agents": snapshot.agents.len(),
                "config": config(&self.control.status()),
                "providers": providers,
            });
            if let (Some(store), Some(members)) = (self.store(), body.as_object_mut()) {
                members.insert("store".to_owned(), store);
            }
            return verbosely(ready, &body);
        }
        let text = match (leaving, listening, waiting.as_slice()) {
            (true, _, _) => "draining\n".to_owned(),
            (false, false, _) => "waiting for the listeners\n".to_owned(),
            (false, true, []) => "ok\n".to_owned(),
            (false, true, names) => {
                format!("waiting for the first fetch of keys of: {}\n", names.join(", "))
            }
        };
        (status(ready), text).into_response()
    }
}

/// Whether what is on disk is live, or what is wrong with it.
fn config(status: &Status) -> serde_json::Value {
    let refused = status.refused.iter().map(|refused| (refused.at, &refused.findings));
    let wrong: Vec<_> = refused.chain(status.broken.iter().map(|b| (b.since, &b.findings))).collect();
    let errors = wrong.iter().flat_map(|(_, findings)| *findings).filter(|f| f.is_error());
    // A document that is set aside may be named on both sides.
    let errors: BTreeSet<String> = errors
        .map(|f| format!("{}:{}:{}: {}", f.file.display(), f.line.max(1), f.column.max(1), f.message))
        .collect();
    json!({
        "applied_at": status.applied_at.to_string(),
        "refused_at": wrong.iter().map(|(at, _)| *at).min().map(|at| at.to_string()),
        "errors": errors,
    })
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpStream};

    use super::*;
    use crate::model::SystemClock;

    #[tokio::test]
    async fn whoever_has_connected_is_answered_after_the_listener_closes() {
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0)), false).unwrap();
        let address = listener.local_addr().unwrap();
        let asks = |_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
            stream
        };
        let waiting: Vec<_> = (0..32).map(asks).collect();
        let stage = Arc::new(Live::new(Stage::Waiting("the test".to_owned())));
        let ops = Ops { stage, clock: Arc::new(SystemClock), metrics: Metrics::new().unwrap() };
        tokio::spawn(serve(listener, ops, std::future::ready(())));
        let read = |mut stream: TcpStream| {
            let mut answer = String::new();
            stream.read_to_string(&mut answer).map(|_| answer)
        };
        let answers = tokio::task::spawn_blocking(move || waiting.into_iter().map(read).collect::<Vec<_>>());
        for answer in answers.await.unwrap() {
            let answer = answer.unwrap();
            assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close"), "{answer:?}");
        }
        assert!(TcpStream::connect(address).is_err(), "it has closed");
    }
}
