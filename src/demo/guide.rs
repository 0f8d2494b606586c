//! What the demo says: its configuration, and lines that work when pasted.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::Value;

use crate::model::{Digest, ResourceId, ResourceKind, Secret};
use crate::store::Change;

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
    pub(super) admin: SocketAddr,
    /// Where the demo keeps what the console changes, and the token that opens it.
    pub(super) folder: PathBuf,
}

impl Guide {
    /// A configuration as an operator would write it.
    pub(super) fn configuration(&self) -> String {
        let Self { gateway, ops, admin, .. } = self;
        let (token, store) = (self.token_file(), self.store());
        format!(
            r"version: 1
server:
  listeners:
    - address: {gateway}
  ops: {{ address: {ops} }}
  admin: {{ address: {admin}, token_file: {} }}
store: {{ directory: {} }}
",
            Value::from(token.display().to_string()),
            Value::from(store.display().to_string()),
        )
    }

    /// What is in the store at first.
    pub(super) fn resources(&self) -> Vec<Change> {
        let Self { issuer, agent, key_id, .. } = self;
        let made = |kind, name: &str, text: String| {
            Some(Change { id: ResourceId::new(kind, name)?, from: None, to: Some(text) })
        };
        let echo = format!(
            r#"display_name: Echo agent
route: {{ path: /agents/echo, strip_path: true }}
upstream: http://{agent}
auth:
  oauth:
    identity_providers: [demo]
    audiences: [{AUDIENCE}]
    scopes: {{ any_of: ["agents:call"] }}
    claim_headers: {{ sub: X-Caller-Sub }}
"#
        );
        let search = format!(
            "display_name: Search agent\nroute: {{ path: /agents/search, strip_path: true }}\nupstream: http://{agent}\nauth: {{ api_key: {{ header: X-API-Key }} }}\n"
        );
        let open = format!(
            "display_name: Open agent, for you to secure\nroute: {{ path: /agents/open, strip_path: true }}\nupstream: http://{agent}\nauth: public\n"
        );
        let key = format!("agent: search\nname: demo\nsha256: \"{}\"\n", self.key_digest.to_hex());
        let all = [
            made(ResourceKind::IdentityProvider, "demo", format!("issuer: http://{issuer}\n")),
            made(ResourceKind::Agent, "echo", echo),
            made(ResourceKind::Agent, "search", search),
            made(ResourceKind::Agent, "open", open),
            made(ResourceKind::ApiKey, key_id, key),
        ];
        all.into_iter().flatten().collect()
    }

    /// The folder of the store.
    pub(super) fn store(&self) -> PathBuf {
        self.folder.join("config")
    }

    fn token_file(&self) -> PathBuf {
        self.folder.join("admin.token")
    }

    /// What is printed.
    pub(super) fn text(&self) -> String {
        let Self { gateway, ops, issuer, admin, .. } = self;
        let token_file = self.token_file();
        let token_file = token_file.display();
        let key = self.key.expose_secret();
        let token = |query: &str| {
            format!("\"Authorization: Bearer $(curl -s 'http://{issuer}/fresh-token{query}')\"")
        };
        format!(
            r#"
Portcullis demo: a gateway with its console, an identity provider and agents, all in one process.
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

9. The console, where agents are secured, keys handed out and refusals explained: open
   http://{admin}/ in a browser, and log in with what this prints:
   cat '{token_file}'
   On its Test page, a token of this identity provider is fetched with any client id and secret.

Ctrl-C ends the demo, and all that was changed is gone. Requests show up below.

"#,
            good = token(""),
            expired = token("?expired=true"),
            other = token("?audience=somebody-else"),
        )
    }
}
