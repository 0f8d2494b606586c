//! What the demo configures: the document of its gateway, and what is in the store at first.

use std::path::PathBuf;

use serde_json::Value;

use crate::model::{ResourceId, ResourceKind};
use crate::store::Change;

use super::guide::Guide;
use super::issuer::AUDIENCE;
use super::tools::{BASE_TOOL, CALLER, OPEN_TOOL, SCOPED_TOOL};

pub(super) const TOOLS_ROUTE: &str = "/tools";
pub(super) const PLANNER_ROUTE: &str = "/planner";

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
  public_url: http://{gateway}
  admin: {{ address: {admin}, token_file: {} }}
store: {{ directory: {} }}
",
            Value::from(token.display().to_string()),
            Value::from(store.display().to_string()),
        )
    }

    /// What is in the store at first.
    pub(super) fn resources(&self) -> Vec<Change> {
        let Self { issuer, key_id, .. } = self;
        let made = |kind, name: &str, text: String| {
            Some(Change { id: ResourceId::new(kind, name)?, from: None, to: Some(text) })
        };
        let key = format!("agent: search\nname: demo\nsha256: \"{}\"\n", self.key_digest.to_hex());
        let all = [
            made(ResourceKind::IdentityProvider, "demo", format!("issuer: http://{issuer}\n")),
            made(ResourceKind::Agent, "echo", self.echo_agent()),
            made(ResourceKind::Agent, "search", self.search_agent()),
            made(ResourceKind::Agent, "open", self.open_agent()),
            made(ResourceKind::Agent, "tools", self.tools_agent()),
            made(ResourceKind::Agent, "planner", self.planner_agent()),
            made(ResourceKind::ApiKey, key_id, key),
        ];
        all.into_iter().flatten().collect()
    }

    fn echo_agent(&self) -> String {
        format!(
            r#"display_name: Echo agent
route: {{ path: /agents/echo, strip_path: true }}
upstream: http://{}
auth:
  oauth:
    identity_providers: [demo]
    audiences: [{AUDIENCE}]
    scopes: {{ any_of: ["agents:call"] }}
    claim_headers: {{ sub: {CALLER} }}
"#,
            self.echo
        )
    }

    fn search_agent(&self) -> String {
        format!(
            r"display_name: Search agent
route: {{ path: /agents/search, strip_path: true }}
upstream: http://{}
auth: {{ api_key: {{ header: X-API-Key }} }}
",
            self.echo
        )
    }

    fn open_agent(&self) -> String {
        format!(
            r"display_name: Open agent, for you to secure
route: {{ path: /agents/open, strip_path: true }}
upstream: http://{}
auth: public
",
            self.echo
        )
    }

    /// The MCP server: clients connect and see the list without a token, and need one for two of the tools.
    fn tools_agent(&self) -> String {
        format!(
            r#"display_name: Tools
route: {{ path: {TOOLS_ROUTE}, strip_path: true }}
upstream: http://{}
protocol: mcp
auth:
  oauth:
    identity_providers: [demo]
    scopes: {{ all_of: ["tools:use"] }}
    claim_headers: {{ sub: {CALLER} }}
mcp:
  rules:
    unlisted: deny
    methods:
      initialize: public
      server/discover: public
      ping: public
      "notifications/*": public
      tools/list: public
    tools:
      {OPEN_TOOL}: public
      {BASE_TOOL}: allow
      {SCOPED_TOOL}: {{ scopes: {{ all_of: ["refunds:write"] }} }}
cors: mcp
"#,
            self.tools
        )
    }

    /// The A2A agent: its card is for everybody, and says that a token is needed for the rest.
    fn planner_agent(&self) -> String {
        format!(
            r#"display_name: Planner
route: {{ path: {PLANNER_ROUTE}, strip_path: true }}
upstream: http://{}
protocol: a2a
auth:
  oauth:
    identity_providers: [demo]
    audiences: [{AUDIENCE}]
    scopes: {{ all_of: ["agents:call"] }}
    claim_headers: {{ sub: {CALLER} }}
"#,
            self.planner
        )
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
