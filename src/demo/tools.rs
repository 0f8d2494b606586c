//! The demo's MCP server: three tools over Streamable HTTP, for clients with a handshake and for those of 2026-07-28.
//!
//! It keeps no sessions, opens no streams and asks for no credential: the gateway says who may use which tool.

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::json_rpc::{Call, error, result};

/// The revisions that begin with `initialize`, the newest first.
const HANDSHAKE: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];
/// The revision without a handshake: each request says which one it is of.
const SINGLE: &str = "2026-07-28";
/// The header with the caller, which the gateway sets.
pub(super) const CALLER: &str = "X-Caller-Sub";
pub(super) const OPEN_TOOL: &str = "tell_time";
pub(super) const BASE_TOOL: &str = "who_am_i";
pub(super) const SCOPED_TOOL: &str = "send_refund";

/// Its endpoint, which takes POST alone.
pub(super) fn router() -> Router {
    Router::new().route("/mcp", post(answer))
}

/// How a client speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Era {
    Handshake,
    Single,
}

async fn answer(headers: HeaderMap, body: Bytes) -> Response {
    let Some(call) = Call::read(&body) else {
        let fault = error(&Value::Null, &json!({"code": -32700, "message": "Parse error"}));
        return (StatusCode::BAD_REQUEST, Json(fault)).into_response();
    };
    let Some(id) = &call.id else { return StatusCode::ACCEPTED.into_response() };
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let era = match text("mcp-protocol-version") {
        Some(SINGLE) => Era::Single,
        Some(revision) if !HANDSHAKE.contains(&revision) => return unknown_revision(id, revision),
        Some(_) | None => Era::Handshake,
    };
    match (era, &*call.method) {
        (Era::Handshake, "initialize") => done(era, id, handshake(call.text("/protocolVersion"))),
        (Era::Handshake, "ping") => done(era, id, json!({})),
        (Era::Single, "server/discover") => done(
            era,
            id,
            json!({"supportedVersions": [SINGLE], "capabilities": {"tools": {}}, "ttlMs": 60_000, "cacheScope": "public"}),
        ),
        (_, "tools/list") => done(era, id, tools(era)),
        (_, "tools/call") => match call_tool(&call, text(CALLER)) {
            Some(said) => done(era, id, json!({"content": [{"type": "text", "text": said}]})),
            None => Json(error(id, &json!({"code": -32602, "message": "Unknown tool"}))).into_response(),
        },
        _ => unknown_method(era, id),
    }
}

fn handshake(wanted: &str) -> Value {
    let [newest, ..] = HANDSHAKE;
    let revision = if HANDSHAKE.contains(&wanted) { wanted } else { newest };
    json!({"protocolVersion": revision, "capabilities": {"tools": {}}, "serverInfo": information()})
}

fn information() -> Value {
    json!({"name": "portcullis-demo", "version": env!("CARGO_PKG_VERSION")})
}

fn tools(era: Era) -> Value {
    let tool = |name: &str, description: &str, properties: Value| {
        let schema = json!({"type": "object", "properties": properties});
        json!({"name": name, "description": description, "inputSchema": schema})
    };
    let amount = json!({"amount": {"type": "integer", "description": "In euros"}});
    let list = json!({"tools": [
        tool(OPEN_TOOL, "Says what time it is. For everybody.", json!({})),
        tool(BASE_TOOL, "Says who called. Wants a token.", json!({})),
        tool(SCOPED_TOOL, "Pays money back. Wants a token with the scope refunds:write.", amount),
    ]});
    match era {
        Era::Handshake => list,
        Era::Single => with(list, json!({"ttlMs": 60_000, "cacheScope": "public"})),
    }
}

/// What a tool says; `None` when there is no such tool.
fn call_tool(call: &Call, caller: Option<&str>) -> Option<String> {
    let caller = caller.unwrap_or("somebody");
    match call.text("/name") {
        OPEN_TOOL => Some(format!("It is {}.", jiff::Timestamp::now())),
        BASE_TOOL => Some(format!("You are {caller}.")),
        SCOPED_TOOL => {
            let amount = call.params.pointer("/arguments/amount").and_then(Value::as_u64).unwrap_or(1);
            Some(format!("{amount} EUR are on their way, by order of {caller}."))
        }
        _ => None,
    }
}

fn done(era: Era, id: &Value, value: Value) -> Response {
    let information = json!({"io.modelcontextprotocol/serverInfo": information()});
    let value = match era {
        Era::Handshake => value,
        Era::Single => with(value, json!({"resultType": "complete", "_meta": information})),
    };
    Json(result(id, &value)).into_response()
}

/// An object with the members of another one.
fn with(mut object: Value, more: Value) -> Value {
    if let (Value::Object(members), Value::Object(more)) = (&mut object, more) {
        members.extend(more);
    }
    object
}

fn unknown_method(era: Era, id: &Value) -> Response {
    let status = match era {
        Era::Handshake => StatusCode::OK,
        Era::Single => StatusCode::NOT_FOUND,
    };
    (status, Json(error(id, &json!({"code": -32601, "message": "Method not found"})))).into_response()
}

/// What a client takes for a word about the revision, and tries again (MCP 2026-07-28, "Protocol Version Header").
fn unknown_revision(id: &Value, requested: &str) -> Response {
    let data = json!({"supported": [SINGLE], "requested": requested});
    let fault = json!({"code": -32022, "message": "Unsupported protocol version", "data": data});
    (StatusCode::BAD_REQUEST, Json(error(id, &fault))).into_response()
}
