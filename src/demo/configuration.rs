//! What the demo configures: the document of its gateway, and what is in the store at first.

use std::path::PathBuf;

use serde_json::Value;

use crate::model::{ResourceId, ResourceKind};
use crate::store::Change;

use super::guide::Guide;
use super::issuer::AUDIENCE;

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

    /// The token that opens the console.
    pub(super) fn token_file(&self) -> PathBuf {
        self.folder.join("admin.token")
    }
}
