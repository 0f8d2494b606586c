//! The OpenAPI 3.1 document: tables of operations, and the schemas of request and response bodies. Schemas are derived
//! from the types that serde reads and writes; those of an agent and a provider come from the declarations that the
//! configuration is read by.

mod lines;
mod operation;
mod operations;
mod parameters;
mod shapes;
mod specs;

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::cookie;
use super::page::{Nothing, Query};
use super::problem::Problem;
use shapes::Shapes;

static TEXT: LazyLock<Bytes> = LazyLock::new(|| serde_json::to_vec(&document()).unwrap_or_default().into());

/// Serves the document without a credential: it holds no secret.
pub(super) async fn show(query: Result<Query<Nothing>, Problem>) -> Result<Response, Problem> {
    let Query(Nothing {}) = query?;
    Ok(([(header::CONTENT_TYPE, "application/json")], Bytes::clone(&TEXT)).into_response())
}

fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    let mut shapes = Shapes::new();
    for operation in operations::all() {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Value::Object(methods) = path {
            methods.insert(operation.method.to_owned(), operation.render(&mut shapes));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Portcullis control API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Agents, identity providers, API keys, limits and their history. See docs/API.md.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"cookie": []}],
        "paths": paths,
        "components": {
            "schemas": shapes.named(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "The token of `server.admin.token_file`."},
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": cookie::NAME,
                    "description": "A session, from `POST /api/v1/session`. Writes also need `Origin` or `Sec-Fetch-Site`.",
                },
            },
        },
    })
}

#[cfg(test)]
mod tests;
