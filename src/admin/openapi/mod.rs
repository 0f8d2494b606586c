//! The OpenAPI 3.1 document: a table of operations and the shapes of what they take and give. What an agent and a
//! provider may be comes from the table that the configuration is read by.

mod decisions;
mod operation;
mod operations;
mod parameters;
mod repairs;
mod requests;
mod schemas;
mod shape;

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::cookie;
use super::page::{Nothing, Query};
use super::problem::{self, Problem};

static TEXT: LazyLock<Bytes> = LazyLock::new(|| serde_json::to_vec(&document()).unwrap_or_default().into());

/// Shows it. The same for everybody, and no secret.
pub(super) async fn show(query: Result<Query<Nothing>, Problem>) -> Result<Response, Problem> {
    let Query(Nothing {}) = query?;
    Ok(([(header::CONTENT_TYPE, "application/json")], Bytes::clone(&TEXT)).into_response())
}

/// Every operation, in the order of the documentation.
fn operations() -> impl Iterator<Item = &'static operation::Operation> {
    operations::ALL.iter().chain(repairs::ALL)
}

/// The document.
fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations() {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Value::Object(methods) = path {
            methods.insert(operation.method.to_owned(), operation.render());
        }
    }
    let words: Vec<&str> = problem::CODES.iter().map(|(word, _)| *word).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Portcullis control API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Agents, identity providers, API keys and their history. See docs/API.md.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"cookie": []}],
        "paths": paths,
        "components": {
            "schemas": schemas::all(&words),
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
