//! JSON-RPC 2.0 as the demo's own agents speak it. It is as lenient as many agents are: the gateway in front of them reads
//! strictly (`protocol::json_rpc`), where it has rules to keep.

use serde_json::{Value, json};

/// One message of a client.
pub(super) struct Call {
    /// `None` for a notification.
    pub(super) id: Option<Value>,
    pub(super) method: String,
    pub(super) params: Value,
}

impl Call {
    /// The message in `body`; `None` when it is none.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let mut message: Value = serde_json::from_slice(body).ok()?;
        let method = message.get("method")?.as_str()?.to_owned();
        let params = message.get_mut("params").map_or(Value::Null, Value::take);
        Some(Self { id: message.get_mut("id").map(Value::take), method, params })
    }

    /// The text at a JSON pointer (RFC 6901) of the parameters; empty when there is none.
    pub(super) fn text(&self, pointer: &str) -> &str {
        self.params.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }
}

pub(super) fn result(id: &Value, result: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

pub(super) fn error(id: &Value, error: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": error})
}
