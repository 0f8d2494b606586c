//! A gateway with its admin listener and a store, an agent behind it, and the documents that tests deploy.

use serde_json::{Value, json};
use testkit::api::{Api, If, Reply, WithJson as _};
use testkit::{Gateway, Key, Start, Upstream, client};

/// The header that API-key agents of this suite read.
pub(crate) const HEADER: &str = "x-api-key";

/// Everything that runs in one test; it ends when this is dropped.
pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) upstream: Upstream,
    pub(crate) api: Api,
}

/// An answer of the gateway itself, and what its access log says of it.
#[derive(Debug)]
pub(crate) struct Passed {
    pub(crate) status: u16,
    pub(crate) request_id: String,
}

impl World {
    /// With a store that is empty.
    pub(crate) async fn empty() -> Self {
        Self::of(Start { store: Some("store"), ..Start::default() }, |_| String::new()).await
    }

    /// With an inline file alone: this body, which may name the upstream.
    pub(crate) async fn of_file(body: impl Fn(&Upstream) -> String) -> Self {
        Self::of(Start::default(), body).await
    }

    /// With both: a store, and an inline file beside it.
    pub(crate) async fn of_both(body: impl Fn(&Upstream) -> String) -> Self {
        Self::of(Start { store: Some("store"), ..Start::default() }, body).await
    }

    /// Any other start; the admin listener is on in every case.
    pub(crate) async fn of(start: Start<'_>, body: impl Fn(&Upstream) -> String) -> Self {
        let upstream = Upstream::start().await;
        let body = body(&upstream);
        let gateway = Start { body: &body, admin: start.admin.or(Some("")), ..start }.alive().await;
        let api = Api { origin: format!("http://127.0.0.1:{}", gateway.admin), token: token(&gateway) };
        Self { gateway, upstream, api }
    }

    /// A public agent at a route.
    pub(crate) fn open(&self, route: &str) -> Value {
        json!({"route": route, "upstream": self.upstream.url(), "auth": "public"})
    }

    /// An agent at a route that wants an API key.
    pub(crate) fn keyed(&self, route: &str) -> Value {
        json!({"route": route, "upstream": self.upstream.url(), "auth": {"api_key": {"header": HEADER}}})
    }

    /// An agent at a route that wants a token of this provider for the audience `x`.
    pub(crate) fn guarded(&self, route: &str, provider: &str) -> Value {
        let oauth = json!({"identity_providers": [provider], "audiences": ["x"]});
        json!({"route": route, "upstream": self.upstream.url(), "auth": {"oauth": oauth}})
    }

    /// Creates a resource.
    pub(crate) async fn create(&self, path: &str, spec: &Value) -> Value {
        self.api.put(path, If::Absent, spec).await.is(201).json()
    }

    /// Creates an agent that wants an API key, and a key for it: `(id, key)`.
    pub(crate) async fn with_key(&self, agent: &str) -> (String, String) {
        self.create(&format!("/agents/{agent}"), &self.keyed(&format!("/{agent}"))).await;
        self.new_key(&json!({"agent": agent})).await
    }

    /// A new key: `(id, key)`.
    pub(crate) async fn new_key(&self, wanted: &Value) -> (String, String) {
        let made = self.api.post("/api-keys", If::Unsaid, wanted).await.is(201).json();
        let text = |member: &str| made[member].as_str().expect("text").to_owned();
        (text("id"), text("key"))
    }

    /// Calls through the gateway.
    pub(crate) async fn call(&self, path: &str, headers: &[(&str, &str)]) -> Passed {
        let request = headers.iter().fold(client().get(self.gateway.url(path)), |r, (n, v)| r.header(*n, *v));
        let answer = request.send().await.expect("the gateway answers");
        let status = answer.status().as_u16();
        let request_id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
        let _whole = answer.bytes().await.expect("a body");
        Passed { status, request_id }
    }

    /// The status of a call without a credential.
    pub(crate) async fn status(&self, path: &str) -> u16 {
        self.call(path, &[]).await.status
    }

    /// The status of a call with an API key.
    pub(crate) async fn with(&self, path: &str, key: &str) -> u16 {
        self.call(path, &[(HEADER, key)]).await.status
    }

    /// Why a call with an API key was let through or refused, by the access log.
    pub(crate) async fn reason(&self, path: &str, key: &str) -> String {
        let passed = self.call(path, &[(HEADER, key)]).await;
        let line = self.gateway.logged(&passed.request_id).await;
        line["auth"]["reason"].as_str().unwrap_or_default().to_owned()
    }

    /// The text of a file of the store.
    pub(crate) fn stored(&self, path: &str) -> String {
        std::fs::read_to_string(self.gateway.folder.path().join("store").join(path)).unwrap_or_default()
    }

    /// Each refusal of a caller without a credential, for a file's first test: nothing is told, and how to log in is.
    pub(crate) async fn refuses_strangers(&self, requests: &[(&str, &str)]) {
        for (method, path) in requests {
            let request = If::Any.on(self.api.stranger(method, path));
            let request = if *method == "GET" { request } else { request.json(&json!({})) };
            let reply = Reply::to(request).await;
            reply.problem(401, "unauthorized");
            assert_eq!(reply.header("www-authenticate"), "Bearer realm=\"portcullis\"", "{method} {path}");
        }
    }
}

/// The token that the gateway made on its first start.
pub(crate) fn token(gateway: &Gateway) -> String {
    let text = std::fs::read_to_string(gateway.folder.path().join("admin.token")).expect("the token file");
    text.trim_end().to_owned()
}

/// A provider whose keys stand in its document, and that nobody fetches from.
pub(crate) fn provider(issuer: &str, keys: &[&Key]) -> Value {
    json!({"issuer": issuer, "jwks": {"keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>()}})
}

/// A token of such a provider for the audience `x`, five minutes long.
pub(crate) fn token_of(issuer: &str, key: &Key) -> String {
    let now = testkit::now();
    let claims = json!({"iss": issuer, "sub": "alice", "aud": "x", "iat": now, "exp": now + 300});
    key.token(&key.header("ES256"), &claims)
}
