//! The demo's A2A agent: a card, and an answer that is given whole or in pieces (A2A 1.0, JSON-RPC binding).
//!
//! Its card says where it runs itself and asks for no credential: the card that callers get is made by the gateway.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Bytes;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::Stream;
use serde_json::{Value, json};

use super::json_rpc::{Call, error, result};

/// The time between two pieces: long enough to be seen.
const PACE: Duration = Duration::from_millis(300);
/// A plan is the same for each place, with a piece for each leg.
const LEGS: [&str; 3] = ["by tram to the station", "by train over night", "the rest on foot"];

/// Its pages, for an agent at `address`.
pub(super) fn router(address: SocketAddr) -> Router {
    let card = card(address);
    let shown = move || std::future::ready(Json(card.clone()));
    Router::new().route("/.well-known/agent-card.json", get(shown)).route("/rpc", post(answer))
}

fn card(address: SocketAddr) -> Value {
    json!({
        "name": "Planner",
        "description": "Plans a way to wherever you want to be.",
        "version": env!("CARGO_PKG_VERSION"),
        "supportedInterfaces": [
            {"url": format!("http://{address}/rpc"), "protocolBinding": "JSONRPC", "protocolVersion": "1.0"},
        ],
        "capabilities": {"streaming": true},
        "defaultInputModes": ["text/plain"],
        "defaultOutputModes": ["text/plain"],
        "skills": [{"id": "plan", "name": "Plan", "description": "Plans a way to a place.", "tags": ["travel"]}],
    })
}

async fn answer(body: Bytes) -> Response {
    let Some(call) = Call::read(&body) else {
        return Json(error(&Value::Null, &json!({"code": -32700, "message": "Parse error"}))).into_response();
    };
    let id = call.id.clone().unwrap_or_default();
    let place = match call.text("/message/parts/0/text") {
        "" => "nowhere",
        place => place,
    };
    let name = || format!("{:016x}", rand::random::<u64>());
    match &*call.method {
        "SendMessage" => {
            let parts = json!([{"text": format!("To {place}: {}.", LEGS.join(", "))}]);
            let message =
                json!({"messageId": name(), "contextId": name(), "role": "ROLE_AGENT", "parts": parts});
            Json(result(&id, &json!({"message": message}))).into_response()
        }
        "SendStreamingMessage" => {
            let events =
                events(place, &name(), &name()).into_iter().map(|event| result(&id, &event).to_string());
            Sse::new(paced(events.collect())).into_response()
        }
        _ => Json(error(&id, &json!({"code": -32601, "message": "Method not found"}))).into_response(),
    }
}

/// A task from its beginning to its end, with one artifact that grows.
fn events(place: &str, task: &str, context: &str) -> Vec<Value> {
    let status = |state: &str| json!({"state": state, "timestamp": jiff::Timestamp::now().to_string()});
    let begun = json!({"task": {"id": task, "contextId": context, "status": status("TASK_STATE_WORKING")}});
    let grown = LEGS.iter().enumerate().map(|(index, leg)| {
        let text = if index == 0 { format!("To {place}: {leg}") } else { format!(", {leg}") };
        let artifact = json!({"artifactId": "plan", "name": "Plan", "parts": [{"text": text}]});
        json!({"artifactUpdate": {
            "taskId": task, "contextId": context, "artifact": artifact,
            "append": index > 0, "lastChunk": index + 1 == LEGS.len(),
        }})
    });
    let ended = json!({"statusUpdate": {
        "taskId": task, "contextId": context, "status": status("TASK_STATE_COMPLETED"),
    }});
    std::iter::once(begun).chain(grown).chain([ended]).collect()
}

fn paced(events: Vec<String>) -> impl Stream<Item = Result<Event, Infallible>> {
    futures::stream::unfold((events.into_iter(), false), |(mut events, has_begun)| async move {
        let event = events.next()?;
        if has_begun {
            tokio::time::sleep(PACE).await;
        }
        Some((Ok(Event::default().data(event)), (events, true)))
    })
}
