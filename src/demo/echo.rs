//! The demo's echo agent: it says what it received, and answers word by word.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::Request;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use axum::{Json, Router};
use futures::Stream;
use serde_json::{Map, Value, json};

/// The time between two words.
const PACE: Duration = Duration::from_millis(400);
const WORDS: [&str; 6] = ["Every", "word", "arrives", "as", "it", "is said."];

/// Its pages.
pub(super) fn router() -> Router {
    Router::new().route("/stream", get(stream)).fallback(echo)
}

async fn echo(request: Request) -> Json<Value> {
    let headers: Map<String, Value> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), Value::from(String::from_utf8_lossy(value.as_bytes()))))
        .collect();
    Json(json!({
        "agent": "echo",
        "you_asked": format!("{} {}", request.method(), request.uri()),
        "what_reached_me": headers,
    }))
}

async fn stream() -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let words = futures::stream::unfold(0, |said| async move {
        let word = WORDS.get(said)?;
        if said > 0 {
            tokio::time::sleep(PACE).await;
        }
        Some((Ok(Event::default().data(word)), said + 1))
    });
    Sse::new(words).keep_alive(KeepAlive::default())
}
