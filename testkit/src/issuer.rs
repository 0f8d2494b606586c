//! The one issuer: an identity provider over HTTP, with discovery, a key endpoint that can be told to misbehave, and a
//! token endpoint. Who signs is `signer`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::eventually::scripted_pause;
use crate::signer::Key;

/// Seconds since the epoch.
#[expect(clippy::disallowed_methods, reason = "tokens of real time for a gateway that runs in real time")]
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

#[derive(Default)]
struct Script {
    keys: Vec<Value>,
    status: Option<u16>,
    delay: Option<Duration>,
    /// What the token endpoint answers, and what it was asked.
    grant: Option<(u16, Value)>,
    /// Where the token endpoint is said to be, if not here.
    token_endpoint: Option<String>,
    asked: Vec<(Option<String>, String)>,
}

/// An issuer on a loopback port with discovery and a key endpoint.
pub struct Issuer {
    /// Its identifier, as in `iss`.
    pub url: String,
    shared: Arc<Shared>,
    serving: tokio::task::JoinHandle<()>,
}

struct Shared {
    url: String,
    script: Mutex<Script>,
    fetches: AtomicUsize,
}

impl Issuer {
    /// Starts an issuer that publishes these keys.
    pub async fn start(keys: &[&Key]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        let shared =
            Arc::new(Shared { url: url.clone(), script: Mutex::default(), fetches: AtomicUsize::new(0) });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        let issuer = Self { url, shared, serving };
        issuer.publish(keys);
        issuer
    }

    /// Publishes these keys from now on.
    pub fn publish(&self, keys: &[&Key]) {
        self.publish_raw(keys.iter().map(|key| key.jwk()).collect());
    }

    /// Publishes these JWKs from now on, sound or not.
    pub fn publish_raw(&self, keys: Vec<Value>) {
        self.shared.script.lock().expect("the script").keys = keys;
    }

    /// Answers every request for keys with this status; `None` ends that.
    pub fn fail_with(&self, status: Option<u16>) {
        self.shared.script.lock().expect("the script").status = status;
    }

    /// Takes this long over every request for keys.
    pub fn delay(&self, delay: Option<Duration>) {
        self.shared.script.lock().expect("the script").delay = delay;
    }

    /// How often the keys were asked for.
    pub fn fetches(&self) -> usize {
        self.shared.fetches.load(Ordering::SeqCst)
    }

    /// Answers every request for a token with this status and this JSON.
    pub fn grant(&self, status: u16, answer: Value) {
        self.shared.script.lock().expect("the script").grant = Some((status, answer));
    }

    /// Says from now on that the token endpoint is elsewhere.
    pub fn token_endpoint(&self, url: &str) {
        self.shared.script.lock().expect("the script").token_endpoint = Some(url.to_owned());
    }

    /// What the token endpoint was asked: `Authorization`, and the form as it came.
    pub fn asked(&self) -> Vec<(Option<String>, String)> {
        self.shared.script.lock().expect("the script").asked.clone()
    }

    /// Good claims for an audience, five minutes long.
    pub fn claims(&self, audience: &str) -> Value {
        let now = now();
        json!({
            "iss": self.url, "sub": "alice", "aud": audience, "client_id": "client-1", "jti": "jti-1",
            "iat": now, "exp": now + 300, "scope": "refunds:read refunds:write", "tenant": "acme",
        })
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn discovery(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let of = |path: &str| format!("{}/{path}", shared.url);
    let elsewhere = shared.script.lock().expect("the script").token_endpoint.clone();
    let token_endpoint = elsewhere.unwrap_or_else(|| of("token"));
    Json(json!({"issuer": shared.url, "jwks_uri": of("jwks"), "token_endpoint": token_endpoint}))
}

async fn token(State(shared): State<Arc<Shared>>, headers: HeaderMap, form: String) -> Response {
    let mut script = shared.script.lock().expect("the script");
    let credential = headers.get("authorization").and_then(|value| value.to_str().ok()).map(str::to_owned);
    script.asked.push((credential, form));
    let (status, answer) = script.grant.clone().unwrap_or((500, Value::Null));
    (StatusCode::from_u16(status).expect("a status"), Json(answer)).into_response()
}

async fn jwks(State(shared): State<Arc<Shared>>) -> Response {
    shared.fetches.fetch_add(1, Ordering::SeqCst);
    let (keys, status, delay) = {
        let script = shared.script.lock().expect("the script");
        (script.keys.clone(), script.status, script.delay)
    };
    if let Some(delay) = delay {
        scripted_pause(delay).await;
    }
    match status {
        Some(status) => StatusCode::from_u16(status).expect("a status").into_response(),
        None => Json(json!({"keys": keys})).into_response(),
    }
}
