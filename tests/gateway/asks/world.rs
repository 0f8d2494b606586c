//! A gateway between a client, a provider and the agent.

use serde_json::{Value, json};
use testkit::{Gateway, Issuer, Key, Start};

use super::server::Server;

/// The name of the gateway for its clients, as DNS would have it.
pub(super) const ORIGIN: &str = "https://mcp.example";
/// The URL that people give their clients.
pub(super) const URL: &str = "https://mcp.example/files/mcp";
/// That of another agent with the same upstream.
pub(super) const OTHER_URL: &str = "https://mcp.example/other/mcp";

/// Everybody.
pub(super) struct World {
    pub(super) gateway: Gateway,
    pub(super) server: Server,
    pub(super) issuer: Issuer,
    key: Key,
}

impl World {
    /// The agent at [`URL`], with the base scope `files` and what `mcp` says, and the one at [`OTHER_URL`].
    pub(super) async fn new(mcp: &Value) -> Self {
        let key = Key::new("ES256", "k1");
        let (issuer, server) = (Issuer::start(&[&key]).await, Server::start().await);
        let oauth = json!({"identity_providers": ["corp"], "scopes": {"all_of": ["files"]}});
        let agents = json!({"files": {"route": "/files", "upstream": server.url(), "protocol": "mcp", "mcp": mcp,
            "auth": {"oauth": oauth}},
            "other": {"route": "/other", "upstream": server.url(), "protocol": "mcp", "auth": {"oauth": oauth}}});
        let providers = json!({"corp": {"issuer": issuer.url}});
        let body = format!("identity_providers: {providers}\nagents: {agents}\n");
        let public_url = format!("  public_url: {ORIGIN}\n");
        let gateway = Start { body: &body, server: &public_url, ..Start::default() }.ready().await;
        Self { gateway, server, issuer, key }
    }

    /// The same with rules by tool: `search` for everybody, `read_*` for callers, `write_*` with more scopes, `admin` for nobody.
    pub(super) async fn with_rules() -> Self {
        let rules = json!({"unlisted": "deny", "methods": {"initialize": "public"}, "tools": {"search": "public",
            "read_*": "allow", "write_*": {"scopes": {"all_of": ["files:write", "audit"]}}, "admin": "deny"}});
        Self::new(&json!({ "rules": rules })).await
    }

    /// Where a URL of [`ORIGIN`] leads.
    pub(super) fn reach(&self, url: &str) -> String {
        let path = url.strip_prefix(ORIGIN).expect("a URL of the gateway");
        self.gateway.url(path)
    }

    /// A token of the provider for this resource.
    pub(super) fn token(&self, resource: &str, scope: &str) -> String {
        let mut claims = self.issuer.claims(resource);
        claims["scope"] = scope.into();
        self.signed(&claims)
    }

    /// A token for one of its people.
    pub(super) fn token_of(&self, name: &str, resource: &str, scope: &str) -> String {
        let mut claims = self.issuer.claims(resource);
        (claims["sub"], claims["scope"]) = (name.into(), scope.into());
        self.signed(&claims)
    }

    /// One that expired a while ago.
    pub(super) fn expired(&self, resource: &str, scope: &str) -> String {
        let mut claims = self.issuer.claims(resource);
        let now = claims["iat"].as_u64().expect("a time");
        (claims["scope"], claims["iat"], claims["exp"]) =
            (scope.into(), (now - 7200).into(), (now - 3600).into());
        self.signed(&claims)
    }

    fn signed(&self, claims: &Value) -> String {
        self.key.token(&self.key.header("ES256"), claims)
    }
}
