//! The demo's identity provider: discovery, one ES256 key, and a token for everybody who asks, or who comes to log in.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::model::{Clock as _, SystemClock};

use super::login::{Login, Logins, UnknownClient};

const KEY_ID: &str = "demo-1";
/// How long a token is good, in seconds.
const LIFETIME: u64 = 300;
/// The audience of tokens when none is asked for.
pub(super) const AUDIENCE: &str = "demo-agent";
/// The scope of tokens when none is asked for.
const SCOPE: &str = "agents:call";

/// An issuer with one signing key.
pub(super) struct Issuer {
    url: String,
    key: EcdsaKeyPair,
    random: SystemRandom,
    logins: Mutex<Logins>,
}

#[derive(Debug, Default, Deserialize)]
struct Wish {
    audience: Option<String>,
    resource: Option<String>,
    scope: Option<String>,
    grant_type: Option<String>,
    client_id: Option<String>,
    code: Option<String>,
    redirect_uri: Option<String>,
    code_verifier: Option<String>,
    #[serde(default)]
    expired: bool,
}

impl Issuer {
    /// A new issuer with a new key; `None` when no key can be made.
    pub(super) fn new(address: SocketAddr) -> Option<Self> {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok()?;
        Some(Self {
            url: format!("http://{address}"),
            key,
            random: SystemRandom::new(),
            logins: Mutex::default(),
        })
    }

    /// Its pages.
    pub(super) fn router(self) -> Router {
        Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/.well-known/oauth-authorization-server", get(discovery))
            .route("/register", post(register))
            .route("/authorize", get(authorize))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .route("/fresh-token", get(fresh_token))
            .with_state(Arc::new(self))
    }

    fn with_logins<T>(&self, work: impl FnOnce(&mut Logins) -> T) -> T {
        work(&mut self.logins.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn jwks(&self) -> Option<Value> {
        // An uncompressed point: 4, then x and y of 32 bytes each (SEC 1 section 2.3.3).
        let point = self.key.public_key().as_ref();
        let (x, y) = point.get(1..)?.split_at_checked(32)?;
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        Some(json!({"keys": [
            {"kty": "EC", "crv": "P-256", "kid": KEY_ID, "use": "sig", "alg": "ES256", "x": x, "y": y}
        ]}))
    }

    /// What was asked for at the login whose code this is.
    fn redeemed(&self, wish: &Wish) -> Option<Wish> {
        let (code, verifier) = (wish.code.as_deref()?, wish.code_verifier.as_deref()?);
        let redirect = wish.redirect_uri.as_deref()?;
        let login = self.with_logins(|logins| logins.redeem(code, redirect, verifier))?;
        let Login { client_id, scope, resource, .. } = login;
        Some(Wish { client_id: Some(client_id), scope, resource, ..Wish::default() })
    }

    fn mint(&self, wish: &Wish) -> Option<String> {
        let now = SystemClock.now().unix();
        let issued = if wish.expired { now.saturating_sub(2 * LIFETIME) } else { now };
        let audience = wish.audience.as_deref().or(wish.resource.as_deref()).unwrap_or(AUDIENCE);
        let client = wish.client_id.as_deref().unwrap_or("demo-client");
        let claims = json!({
            "iss": self.url,
            "sub": "alice@example.com",
            "client_id": client,
            "aud": audience,
            "scope": wish.scope.as_deref().unwrap_or(SCOPE),
            "iat": issued,
            "exp": issued + LIFETIME,
            "jti": format!("{:016x}", rand::random::<u64>()),
        });
        let header = json!({"alg": "ES256", "typ": "at+jwt", "kid": KEY_ID});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = self.key.sign(&self.random, signed.as_bytes()).ok()?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())))
    }
}

async fn discovery(State(issuer): State<Arc<Issuer>>) -> Json<Value> {
    let url = &issuer.url;
    Json(json!({
        "issuer": url,
        "jwks_uri": format!("{url}/jwks"),
        "token_endpoint": format!("{url}/token"),
        "authorization_endpoint": format!("{url}/authorize"),
        "registration_endpoint": format!("{url}/register"),
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
        "authorization_response_iss_parameter_supported": true,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }))
}

async fn jwks(State(issuer): State<Arc<Issuer>>) -> Response {
    issuer
        .jwks()
        .map_or_else(|| StatusCode::INTERNAL_SERVER_ERROR.into_response(), |keys| Json(keys).into_response())
}

/// RFC 7591.
async fn register(State(issuer): State<Arc<Issuer>>, Json(metadata): Json<Map<String, Value>>) -> Response {
    match issuer.with_logins(|logins| logins.register(metadata)) {
        Some(told) => (StatusCode::CREATED, Json(told)).into_response(),
        None => (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_redirect_uri"}))).into_response(),
    }
}

/// RFC 6749 section 4.1, for whoever comes.
async fn authorize(State(issuer): State<Arc<Issuer>>, Query(login): Query<Login>) -> Response {
    match issuer.with_logins(|logins| logins.log_in(login, &issuer.url)) {
        Ok(back) => Redirect::to(back.as_str()).into_response(),
        Err(UnknownClient) => (StatusCode::BAD_REQUEST, "no such client, or it is elsewhere").into_response(),
    }
}

/// RFC 6749 sections 4.1.3 and 4.4, without asking who the client is.
async fn token(State(issuer): State<Arc<Issuer>>, Form(wish): Form<Wish>) -> Response {
    let refused = |why: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": why}))).into_response();
    let wish = match wish.grant_type.as_deref() {
        Some("client_credentials") => wish,
        Some("authorization_code") => match issuer.redeemed(&wish) {
            Some(wish) => wish,
            None => return refused("invalid_grant"),
        },
        Some(_) | None => return refused("unsupported_grant_type"),
    };
    let scope = wish.scope.as_deref().unwrap_or(SCOPE);
    match issuer.mint(&wish) {
        Some(token) => Json(
            json!({"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME, "scope": scope}),
        )
        .into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The bare token, so that a shell can paste it into a header.
async fn fresh_token(State(issuer): State<Arc<Issuer>>, Query(wish): Query<Wish>) -> Response {
    issuer
        .mint(&wish)
        .map_or_else(|| StatusCode::INTERNAL_SERVER_ERROR.into_response(), IntoResponse::into_response)
}
