//! An agent that speaks MCP in both eras, checks nothing, and keeps what reached it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// The tools, in the order in which they are listed.
pub(super) const TOOLS: [&str; 4] = ["search", "read_file", "write_file", "admin"];

/// The agent; it ends with the test.
pub(super) struct Server {
    port: u16,
    state: Arc<Mutex<Known>>,
}

/// What the agent knows.
#[derive(Default)]
struct Known {
    calls: Vec<Call>,
    sessions: BTreeSet<String>,
    opened: usize,
}

/// A request that has arrived.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Call {
    /// A field of its head.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Server {
    pub(super) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let state: Arc<Mutex<Known>> = Arc::default();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { port, state }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many requests have arrived.
    pub(super) fn count(&self) -> usize {
        self.state.lock().expect("no panic").calls.len()
    }

    /// The last one.
    pub(super) fn last(&self) -> Call {
        self.state.lock().expect("no panic").calls.last().expect("a call").clone()
    }

    /// Forgets all sessions, as after a restart.
    pub(super) fn forget_sessions(&self) {
        self.state.lock().expect("no panic").sessions.clear();
    }
}

async fn answer(
    State(state): State<Arc<Mutex<Known>>>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut known = state.lock().expect("no panic");
    known.calls.push(Call { headers: headers.clone(), body: body.clone() });
    let session = headers.get("mcp-session-id").and_then(|id| id.to_str().ok());
    if session.is_some_and(|id| !known.sessions.contains(id)) {
        return StatusCode::NOT_FOUND.into_response();
    }
    match method {
        Method::GET => events(&json!({"jsonrpc": "2.0", "method": "notifications/message", "params": {}})),
        Method::DELETE => {
            known.sessions.retain(|id| Some(id.as_str()) != session);
            StatusCode::OK.into_response()
        }
        _ => known.message(&headers, &body),
    }
}

impl Known {
    fn message(&mut self, headers: &HeaderMap, body: &[u8]) -> Response {
        let Ok(message) = serde_json::from_slice::<Value>(body) else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        let id = &message["id"];
        let method = message["method"].as_str().unwrap_or_default();
        match method {
            "initialize" => {
                self.opened += 1;
                let session = format!("session-{}", self.opened);
                self.sessions.insert(session.clone());
                let result = json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                    "serverInfo": {"name": "files", "version": "1"}});
                ([("mcp-session-id", session)], axum::Json(response(id, &result))).into_response()
            }
            "server/discover" => {
                let result = json!({"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}});
                axum::Json(response(id, &result)).into_response()
            }
            "tools/list" => {
                let tools = TOOLS.map(|name| json!({"name": name, "inputSchema": {"type": "object"}}));
                let result = json!({"tools": tools, "cacheScope": "public", "ttlMs": 60_000});
                let accepts_json =
                    headers.get(header::ACCEPT).is_none_or(|accepted| accepted != "text/event-stream");
                if accepts_json {
                    axum::Json(response(id, &result)).into_response()
                } else {
                    events(&response(id, &result))
                }
            }
            "tools/call" => {
                let text = message["params"]["name"].as_str().unwrap_or_default();
                let result = json!({"content": [{"type": "text", "text": text}]});
                axum::Json(response(id, &result)).into_response()
            }
            "notifications/initialized" => StatusCode::ACCEPTED.into_response(),
            _ => {
                let error = json!({"code": -32601, "message": "Method not found"});
                let body = json!({"jsonrpc": "2.0", "id": id, "error": error});
                (StatusCode::BAD_REQUEST, axum::Json(body)).into_response()
            }
        }
    }
}

fn response(id: &Value, result: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

fn events(message: &Value) -> Response {
    let event = format!("event: message\ndata: {message}\n\n");
    ([(header::CONTENT_TYPE, "text/event-stream")], event).into_response()
}
