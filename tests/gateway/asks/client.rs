//! A client as the SDKs are: it reads challenges with a regular expression, and finds everything else from there.

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use testkit::client;

use super::world::World;

/// A response, as clients look at it.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Answer {
    pub(super) async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("a response");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, body: response.text().await.expect("its body") }
    }

    /// A field, if it is there once.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.get_all(name).iter();
        let first = all.next()?;
        assert!(all.next().is_none(), "{name} twice: {self:?}");
        first.to_str().ok()
    }

    pub(super) fn challenge(&self) -> Option<&str> {
        self.field("www-authenticate")
    }

    /// A parameter of the challenge: the first that is written so, quoted or not, as the SDKs search for it.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let challenge = self.challenge()?;
        assert!(challenge.starts_with("Bearer "), "the first word counts: {challenge}");
        let (_, rest) = challenge.split_once(&format!("{name}="))?;
        match rest.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next(),
            None => rest.split([',', ' ']).next(),
        }
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Code, id and reason of an error of JSON-RPC.
    pub(super) fn error(&self) -> (i64, Value, String) {
        assert_eq!(self.field("content-type"), Some("application/json"), "{self:?}");
        let body = self.json();
        let reason = body["error"]["data"]["reason_class"].as_str().unwrap_or_default().to_owned();
        (body["error"]["code"].as_i64().expect("a code"), body["id"].clone(), reason)
    }
}

/// What a client has found out about a server.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) resource: String,
    pub(super) scopes: String,
}

/// Which era's fields a message carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Era {
    /// Before 2026-07-28.
    Handshake,
    /// 2026-07-28.
    Mirrored,
}

/// The call of a tool.
pub(super) fn call(tool: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": tool, "arguments": {}}})
}

/// Another request.
pub(super) fn ask(method: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": {}})
}

impl World {
    /// A request to this URL, with a credential or without.
    pub(super) fn request(&self, method: Method, url: &str, token: Option<&str>) -> RequestBuilder {
        let request = client().request(method, self.reach(url));
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// The request with a message.
    pub(super) fn message(
        &self,
        url: &str,
        token: Option<&str>,
        era: Era,
        message: &Value,
    ) -> RequestBuilder {
        let request = self.request(Method::POST, url, token).body(message.to_string());
        let request = request.header("content-type", "application/json");
        match era {
            Era::Handshake => request,
            Era::Mirrored => {
                let request = request.header("mcp-protocol-version", "2026-07-28");
                let request = request.header("mcp-method", message["method"].as_str().unwrap_or_default());
                match message["params"]["name"].as_str() {
                    Some(name) => request.header("mcp-name", name),
                    None => request,
                }
            }
        }
    }

    /// Sends a message.
    pub(super) async fn send(&self, url: &str, token: Option<&str>, era: Era, message: &Value) -> Answer {
        Answer::to(self.message(url, token, era, message)).await
    }

    /// What the metadata at that URL says of the server, once the client has believed it: the provider names itself, letter by
    /// letter, as the metadata does.
    pub(super) async fn believe(&self, metadata: &Value) -> Found {
        let resource = metadata["resource"].as_str().expect("a resource").to_owned();
        let provider = metadata["authorization_servers"][0].as_str().expect("a provider");
        let well_known = format!("{provider}/.well-known/openid-configuration");
        let of_provider: Value = Answer::to(client().get(well_known)).await.json();
        assert_eq!(of_provider["issuer"], provider);
        let scopes = metadata["scopes_supported"].as_array().expect("scopes").iter();
        let scopes: Vec<_> = scopes.map(|scope| scope.as_str().expect("a scope")).collect();
        Found { resource, scopes: scopes.join(" ") }
    }
}
