//! Agents that speak MCP, with rules by operation: what of a message reaches the upstream.

mod arrival;
mod bypass;
mod limits;
pub(crate) mod recorder;
mod stream_head;

use serde_json::json;
use testkit::raw::Wire;
use testkit::{Certificate, Gateway, Start};

use recorder::Recorder;

/// The largest message that the agent takes.
const MOST: usize = 1 << 20;

/// A gateway before the recorder, which may call the tool `good` and not the tool `evil`.
async fn before(recorder: &Recorder, server: &str, certificate: Option<&Certificate>) -> Gateway {
    before_url(&recorder.url(), server, certificate).await
}

/// The same before an agent at this URL. At `/bare` it has no rules, and at `/plain` it does not speak MCP.
async fn before_url(url: &str, server: &str, certificate: Option<&Certificate>) -> Gateway {
    let body = format!(
        "agents:\n  mcp:\n    route: /m\n    upstream: \"{url}\"\n    auth: public\n    protocol: mcp\n    mcp: {{ endpoint: /, rules: {{ unlisted: deny, tools: {{ good: allow, evil: deny }} }} }}\n  \
         bare: {{ route: /bare, upstream: \"{url}\", auth: public, protocol: mcp, mcp: {{ endpoint: / }} }}\n  \
         plain: {{ route: /plain, upstream: \"{url}\", auth: public }}\n"
    );
    Start { body: &body, server, certificate, ..Start::default() }.ready().await
}

/// A call of the tool `good`, filled up to this many bytes.
fn good(length: usize) -> Vec<u8> {
    let call = |text: &str| {
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": "good", "arguments": {"text": text}}})
        .to_string()
    };
    let rest = length.checked_sub(call("").len()).expect("room for a call");
    call(&"x".repeat(rest)).into_bytes()
}

/// How a body is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    /// HTTP/1.1 with a `Content-Length`.
    Length,
    /// HTTP/1.1 in chunks of so many bytes.
    Chunks(usize),
}

/// A request with this body, and these fields besides.
fn request(method: &str, fields: &str, body: &[u8], framing: Framing) -> Vec<u8> {
    let head = format!("{method} /m HTTP/1.1\r\nHost: gateway.test\r\n{fields}");
    match framing {
        Framing::Length => {
            [format!("{head}Content-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
        }
        Framing::Chunks(size) => {
            let mut all = format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
            for chunk in body.chunks(size) {
                all.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                all.extend_from_slice(chunk);
                all.extend_from_slice(b"\r\n");
            }
            all.extend_from_slice(b"0\r\n\r\n");
            all
        }
    }
}

const JSON: &str = "Content-Type: application/json\r\n";

/// Sends the call of `good` on this connection, and sees it arrive.
async fn control(wire: &mut Wire, recorder: &Recorder, framing: Framing, what: &str) {
    let (body, before) = (good(300), recorder.count());
    assert!(wire.say(&request("POST", JSON, &body, framing)).await, "{what}");
    let response = wire.response(false).await.unwrap_or_else(|| panic!("{what}: a response"));
    assert_eq!(response.status, 200, "{what}: {}", String::from_utf8_lossy(&response.body));
    assert_eq!((recorder.count(), recorder.last().body), (before + 1, body), "{what}");
}

/// The value of a metric of one agent, by its reason.
async fn denied(gateway: &Gateway, reason: &str) -> f64 {
    gateway
        .metric("portcullis_auth_decisions_total", &["agent=\"mcp\"", &format!("reason=\"{reason}\"")])
        .await
}
