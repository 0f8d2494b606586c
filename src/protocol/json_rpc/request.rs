//! A request as a client would write it.

use serde_json::{Value, json};

/// The body of a request for this method, with the id 1.
#[must_use]
pub fn request(method: &str, params: &Value) -> Vec<u8> {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string().into_bytes()
}
