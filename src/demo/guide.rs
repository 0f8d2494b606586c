//! What the demo says: its configuration, and lines that work when pasted.

use std::net::SocketAddr;

use crate::model::{Digest, Secret};

use super::issuer::AUDIENCE;

/// Everything that the text needs.
pub(super) struct Guide {
    pub(super) gateway: SocketAddr,
    pub(super) ops: SocketAddr,
    pub(super) issuer: SocketAddr,
    pub(super) agent: SocketAddr,
    pub(super) key_id: String,
    pub(super) key_digest: Digest,
    pub(super) key: Secret,
}

impl Guide {
    /// A configuration as an operator would write it.
    pub(super) fn configuration(&self) -> String {
        let Self { gateway, ops, issuer, agent, key_id, .. } = self;
        format!(
            r#"version: 1
server:
  listeners:
    - address: {gateway}
  ops: {{ address: {ops} }}
identity_providers:
  demo:
    issuer: http://{issuer}
agents:
  echo:
    display_name: Echo agent
    route: {{ path: /agents/echo, strip_path: true }}
    upstream: http://{agent}
    auth:
      oauth:
        identity_providers: [demo]
        audiences: [{AUDIENCE}]
        scopes: {{ any_of: ["agents:call"] }}
        claim_headers: {{ sub: X-Caller-Sub }}
  search:
    display_name: Search agent
    route: {{ path: /agents/search, strip_path: true }}
    upstream: http://{agent}
    auth: {{ api_key: {{ header: X-API-Key }} }}
api_keys:
  {key_id}:
    agent: search
    name: demo
    sha256: "{}"
"#,
            self.key_digest.to_hex()
        )
    }

    /// What is printed.
    pub(super) fn text(&self) -> String {
        let Self { gateway, ops, issuer, .. } = self;
        let key = self.key.expose_secret();
        let token = |query: &str| {
            format!("\"Authorization: Bearer $(curl -s 'http://{issuer}/fresh-token{query}')\"")
        };
        format!(
            r#"
Portcullis demo: a gateway, an identity provider and two agents in one process.
Not for production: this identity provider gives a token to everybody who asks.

Paste these into another terminal; each line is complete in itself.

1. Without a token, the gate stays shut (401):
   curl -i http://{gateway}/agents/echo

2. With a token, the request passes. The agent sees who called, and never the token:
   curl -s http://{gateway}/agents/echo -H {good}

3. An answer that streams, word by word:
   curl -sN http://{gateway}/agents/echo/stream -H {good}

4. An expired token is refused, and the answer says why:
   curl -i http://{gateway}/agents/echo -H {expired}

5. A token for somebody else is refused. Why is the operator's to know: see the line below, here:
   curl -i http://{gateway}/agents/echo -H {other}

6. An agent behind an API key:
   curl -s http://{gateway}/agents/search -H 'X-API-Key: {key}'

7. Every decision is counted:
   curl -s http://{ops}/metrics | grep portcullis_auth_decisions_total

8. The identity provider's keys, as the gateway knows them:
   curl -s 'http://{ops}/readyz?verbose'

Ctrl-C ends the demo. Requests show up below.

"#,
            good = token(""),
            expired = token("?expired=true"),
            other = token("?audience=somebody-else"),
        )
    }
}
