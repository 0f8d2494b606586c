//! An issuer of our own: keys of every algorithm, tokens of any shape, and a key endpoint that can be told to
//! misbehave.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::eventually::scripted_pause;

/// Unpadded base64url.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Seconds since the epoch.
#[expect(clippy::disallowed_methods, reason = "tokens of real time for a gateway that runs in real time")]
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair, &'static str),
    Ed(Ed25519KeyPair),
}

/// A signing key with its `kid`.
pub struct Key {
    /// The id under which it is published.
    pub kid: String,
    pair: Pair,
}

impl Key {
    /// A new key for `alg` (`RS256` and `PS512` make the same kind of key).
    pub fn new(alg: &str, kid: &str) -> Self {
        let ec = |algorithm, curve| Pair::Ec(EcdsaKeyPair::generate(algorithm).expect("a key"), curve);
        let pair = match alg {
            "ES256" => ec(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, "P-256"),
            "ES384" => ec(&signature::ECDSA_P384_SHA384_FIXED_SIGNING, "P-384"),
            "ES512" => ec(&signature::ECDSA_P521_SHA512_FIXED_SIGNING, "P-521"),
            "EdDSA" => Pair::Ed(Ed25519KeyPair::generate().expect("a key")),
            _ => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).expect("a key")),
        };
        Self { kid: kid.to_owned(), pair }
    }

    /// The public key as a JWK, with `kid` and nothing optional but that.
    pub fn jwk(&self) -> Value {
        let mut jwk = match &self.pair {
            Pair::Rsa(pair) => {
                let public = pair.public_key();
                json!({
                    "kty": "RSA",
                    "n": encode(public.modulus().big_endian_without_leading_zero()),
                    "e": encode(public.exponent().big_endian_without_leading_zero()),
                })
            }
            Pair::Ec(pair, curve) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                json!({"kty": "EC", "crv": curve, "x": encode(x), "y": encode(y)})
            }
            Pair::Ed(pair) => json!({"kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key())}),
        };
        jwk["kid"] = self.kid.clone().into();
        jwk
    }

    /// The public key in PEM.
    pub fn pem(&self) -> String {
        let der = match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_der().expect("DER").as_ref().to_vec(),
            Pair::Ec(pair, _) => pair.public_key().as_der().expect("DER").as_ref().to_vec(),
            Pair::Ed(pair) => pair.public_key().as_der().expect("DER").as_ref().to_vec(),
        };
        let text = STANDARD.encode(der);
        let lines: Vec<&str> =
            text.as_bytes().chunks(64).map(|c| std::str::from_utf8(c).expect("ASCII")).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    }

    /// The signature that `alg` wants over `message`.
    pub fn sign(&self, alg: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ec(pair, _) => pair.sign(&random, message).expect("a signature").as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let padding: &'static dyn signature::RsaEncoding = match alg {
                    "RS384" => &signature::RSA_PKCS1_SHA384,
                    "RS512" => &signature::RSA_PKCS1_SHA512,
                    "PS256" => &signature::RSA_PSS_SHA256,
                    "PS384" => &signature::RSA_PSS_SHA384,
                    "PS512" => &signature::RSA_PSS_SHA512,
                    _ => &signature::RSA_PKCS1_SHA256,
                };
                let mut out = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut out).expect("a signature");
                out
            }
        }
    }

    /// A token with exactly this header and these claims, signed as the header's `alg` says.
    pub fn token(&self, header: &Value, claims: &Value) -> String {
        self.token_of_text(
            header["alg"].as_str().unwrap_or("RS256"),
            &header.to_string(),
            &claims.to_string(),
        )
    }

    /// The same from text, for JSON that no library would write.
    pub fn token_of_text(&self, alg: &str, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = self.sign(alg, signed.as_bytes());
        format!("{signed}.{}", encode(signature))
    }
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

impl Key {
    /// The usual header: algorithm, type and key id.
    pub fn header(&self, alg: &str) -> Value {
        json!({"alg": alg, "typ": "JWT", "kid": self.kid})
    }
}
