//! The demo's identity provider: discovery, one ES256 key, and a token for everybody who asks.

use std::net::SocketAddr;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::model::{Clock as _, SystemClock};

const KEY_ID: &str = "demo-1";
/// How long a token is good, in seconds.
const LIFETIME: u64 = 300;
/// The audience of tokens when none is asked for.
pub(super) const AUDIENCE: &str = "demo-agent";

/// An issuer with one signing key.
pub(super) struct Issuer {
    url: String,
    key: EcdsaKeyPair,
    random: SystemRandom,
}

#[derive(Debug, Default, Deserialize)]
struct Wish {
    audience: Option<String>,
    resource: Option<String>,
    scope: Option<String>,
    grant_type: Option<String>,
    client_id: Option<String>,
    #[serde(default)]
    expired: bool,
}

impl Issuer {
    /// A new issuer with a new key; `None` when no key can be made.
    pub(super) fn new(address: SocketAddr) -> Option<Self> {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok()?;
        Some(Self { url: format!("http://{address}"), key, random: SystemRandom::new() })
    }

    /// Its pages.
    pub(super) fn router(self) -> Router {
        Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .route("/fresh-token", get(fresh_token))
            .with_state(Arc::new(self))
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
            "scope": wish.scope.as_deref().unwrap_or("agents:call"),
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
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }))
}

async fn jwks(State(issuer): State<Arc<Issuer>>) -> Response {
    issuer
        .jwks()
        .map_or_else(|| StatusCode::INTERNAL_SERVER_ERROR.into_response(), |keys| Json(keys).into_response())
}

/// RFC 6749 section 4.4, without asking who the client is.
async fn token(State(issuer): State<Arc<Issuer>>, Form(wish): Form<Wish>) -> Response {
    if wish.grant_type.as_deref() != Some("client_credentials") {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "unsupported_grant_type"}))).into_response();
    }
    match issuer.mint(&wish) {
        Some(token) => Json(json!({"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME}))
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
