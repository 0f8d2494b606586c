//! What the demo says: lines that work when pasted.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::model::{Digest, Secret};

/// Everything that the text needs.
pub(super) struct Guide {
    pub(super) gateway: SocketAddr,
    pub(super) ops: SocketAddr,
    pub(super) issuer: SocketAddr,
    pub(super) echo: SocketAddr,
    pub(super) tools: SocketAddr,
    pub(super) planner: SocketAddr,
    pub(super) key_id: String,
    pub(super) key_digest: Digest,
    pub(super) key: Secret,
    pub(super) admin: SocketAddr,
    /// Where the demo keeps what the console changes, and the token that opens it.
    pub(super) folder: PathBuf,
}

impl Guide {
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
Portcullis demo: a gateway with its console, an identity provider and agents (HTTP, MCP and A2A), all in one process.
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
{mcp}{a2a}
Ctrl-C ends the demo, and all that was changed is gone. Requests show up below.

"#,
            mcp = self.mcp(),
            a2a = self.a2a(),
            good = token(""),
            expired = token("?expired=true"),
            other = token("?audience=somebody-else"),
        )
    }
}
