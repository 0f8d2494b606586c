//! Agents that speak MCP, callers for them, and what these send: one agent without rules, two with rules, of which one decides
//! by the message and one by what the head repeats of it.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use portcullis::authz::Silent;
use portcullis::gate::{Evidence, Step, Verdict, decide_operation};
use portcullis::model::{Fetched, Instant, Request};
use portcullis::routing::Agent;
use serde_json::json;

use super::agents::{Agents, NOW};
use super::phases;

/// What the head says of a message, line by line.
const MIRRORED: &str =
    "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: refunds_list\r\n";

/// The agents `none` (at `/n`), `body` (`/b`) and `head` (`/h`).
pub(crate) fn agents(upstream: &str) -> Agents {
    let auth = "{ oauth: { identity_providers: [corp], audiences: [\"api://bench\"], scopes: { any_of: [\"refunds:write\"] } } }";
    let rules = "{ unlisted: deny, methods: { \"tasks/*\": deny }, tools: { \"refunds_*\": { scopes: { all_of: [\"refunds:read\"] } }, \
                 refunds_pay: { scopes: { all_of: [\"refunds:pay\"] } }, \"admin_*\": deny, search: allow }, \
                 resources: { \"file:///public/*\": allow } }";
    let agent = |name: &str, mcp: &str| {
        let route = &name[..1];
        format!(
            "  {name}: {{ route: /{route}, upstream: {upstream}, auth: {auth}, protocol: mcp, mcp: {{ endpoint: / {mcp} }} }}\n"
        )
    };
    let all = [
        agent("none", ""),
        agent("body", &format!(", rules: {rules}")),
        agent("head", &format!(", rules: {rules}, trust_mirrored_headers: true")),
    ];
    Agents::described(&format!("agents:\n{}", all.concat()), 100_000)
}

/// A call of a tool, of so many bytes.
pub(crate) fn call(length: usize) -> String {
    let of = |text: &str| {
        let params = json!({"name": "refunds_list", "arguments": {"text": text, "page": 2, "open": true}});
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string()
    };
    of(&"x".repeat(length - of("").len()))
}

/// A request with that call, as it is sent.
pub(crate) fn post(path: &str, token: &str, length: usize) -> String {
    let fields = format!(
        "Content-Type: application/json\r\nContent-Length: {length}\r\nAuthorization: Bearer {token}\r\n{MIRRORED}"
    );
    format!("{}{}", phases::head(path, &fields).replacen("GET", "POST", 1), call(length))
}

/// The fields of a call, as the decision sees them.
pub(crate) fn headers(token: &str) -> HeaderMap {
    let mut map = super::agents::headers("authorization", &format!("Bearer {token}"));
    for (name, value) in MIRRORED.lines().filter_map(|line| line.split_once(": ")) {
        let name: http::HeaderName = name.parse().expect("a name");
        map.insert(name, HeaderValue::from_str(value).expect("a value"));
    }
    map
}

/// One decision about a call.
pub(crate) fn decided(agent: &Arc<Agent>, headers: &HeaderMap, body: &Bytes) -> Verdict {
    let request =
        Request { method: &Method::POST, ..Request::with_headers(headers, Instant::from_unix(NOW)) };
    let evidence = Evidence { body: Fetched::Here(body.clone()), ..Evidence::unavailable() };
    match decide_operation(agent, &request, &evidence, &mut None, &mut Silent) {
        Step::Decided(verdict) => verdict,
        Step::Needs(need) => panic!("{need:?} is needed"),
    }
}
