//! A gateway with an agent and a provider of every sort, and the secrets that are sent to it.

use serde_json::{Value, json};
use testkit::api::{Api, If};
use testkit::now;
use testkit::scripted::{OK, Scripted};
use testkit::{Gateway, Issuer, Key, Start, Upstream};

use super::secret;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// An API key with this id, by the contract's grammar.
pub(crate) fn api_key(id: &str) -> String {
    let body = format!("pck_{id}_{}{}", secret::new(), &secret::new()[..6]);
    let mut rest = crc32fast::hash(body.as_bytes()) as usize;
    let mut check = Vec::new();
    for _ in 0..6 {
        check.insert(0, char::from(ALPHABET[rest % 62]));
        rest /= 62;
    }
    body + &check.into_iter().collect::<String>()
}

pub(crate) fn sha256(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whoever has this `sub` is denied.
pub(crate) const DENIED: &str = "a-denied-subject";

/// API keys, each with what becomes of it at the agent `k`.
pub(crate) struct ApiKeys {
    pub(crate) good: String,
    pub(crate) other: String,
    pub(crate) expired: String,
    pub(crate) revoked: String,
    /// The id of `good` with another secret, and check digits that fit.
    pub(crate) forged: String,
    /// An id that is nobody's.
    pub(crate) unknown: String,
}

impl ApiKeys {
    fn new() -> Self {
        let [good, other, expired, revoked, forged, unknown] =
            ["Good0001", "Other001", "Expired1", "Revoked1", "Good0001", "Nobody01"].map(api_key);
        Self { good, other, expired, revoked, forged, unknown }
    }

    pub(crate) fn all(&self) -> [&str; 6] {
        [&self.good, &self.other, &self.expired, &self.revoked, &self.forged, &self.unknown]
    }

    fn stored(&self) -> Value {
        json!({
            "Good0001": {"agent": "k", "sha256": sha256(&self.good)},
            "Other001": {"agent": "l", "sha256": sha256(&self.other)},
            "Expired1": {"agent": "k", "sha256": sha256(&self.expired), "expires_at": "2020-01-01T00:00:00Z"},
            "Revoked1": {"agent": "k", "sha256": sha256(&self.revoked), "revoked_at": "2020-01-01T00:00:00Z"},
        })
    }
}

/// Everything that runs in one test; it ends when this is dropped.
pub(crate) struct Stage {
    pub(crate) gateway: Gateway,
    pub(crate) issuer: Issuer,
    pub(crate) other: Issuer,
    pub(crate) key: Key,
    pub(crate) upstream: Upstream,
    pub(crate) keys: ApiKeys,
    pub(crate) api: Api,
    /// The private key of the TLS listener, and its certificate.
    pub(crate) tls: (String, String),
    /// Said by an upstream that cannot be understood.
    pub(crate) said: String,
    /// The password of a Redis.
    pub(crate) password: String,
    /// The secret of the gateway at a provider.
    pub(crate) client_secret: String,
    /// What a transmitter of security events shows, and what the gateway shows to one.
    pub(crate) agreed: String,
    body: Value,
    _garbling: Scripted,
    _asked: [Scripted; 2],
}

impl Stage {
    pub(crate) async fn at(level: &str) -> Self {
        let key = Key::new("ES256", "k1");
        let (issuer, other) = (Issuer::start(&[&key]).await, Issuer::start(&[&key]).await);
        let upstream = Upstream::start().await;
        let said = secret::new();
        let garbling = garbling(&said).await;
        let keys = ApiKeys::new();
        let made = rcgen::generate_simple_self_signed(["a.test".to_owned()]).expect("a certificate");
        let tls = (made.signing_key.serialize_pem(), made.cert.pem());
        let mut body = body(&issuer, &other, &upstream, &garbling, &keys);
        // One says that no token is active, the other nothing that can be read.
        let asked =
            [asked(&json!({"active": false, "sub": said})).await, asked(&json!({"active": said})).await];
        for (name, endpoint) in ["e", "f"].into_iter().zip(&asked) {
            introspect(&mut body, name, &endpoint.url(), &upstream.url());
        }
        let args = ["--log-level", level];
        // Nobody listens there.
        let redis = "url: \"redis://127.0.0.1:9/0\", username: gateway, password_file: redis.password";
        let server = format!("  state_dir: state\n  shared_state: {{ redis: {{ {redis} }} }}\n");
        let (password, client_secret, agreed) = (secret::new(), secret::new(), secret::new());
        let start = Start {
            body: &written(&body),
            server: &server,
            admin: Some(""),
            store: Some("store"),
            args: &args,
            files: &[
                ("a.pem", &tls.1),
                ("a.key", &tls.0),
                ("redis.password", &password),
                ("client.secret", &client_secret),
                ("events.auth", &agreed),
            ],
            tls: &[("a.pem", "a.key")],
            ..Start::default()
        };
        let gateway = start.ready().await;
        let token =
            std::fs::read_to_string(gateway.folder.path().join("admin.token")).expect("the token file");
        let api =
            Api { origin: format!("http://127.0.0.1:{}", gateway.admin), token: token.trim().to_owned() };
        let denial = json!({"by": "sub", "value": DENIED, "issued_before": "all", "until": "never"});
        api.post("/denials", If::Unsaid, &denial).await.is(201);
        let _garbling = garbling;
        Self {
            gateway,
            issuer,
            other,
            key,
            upstream,
            keys,
            api,
            tls,
            said,
            password,
            client_secret,
            agreed,
            body,
            _garbling,
            _asked: asked,
        }
    }

    /// Writes the configuration anew, with this change to it.
    pub(crate) fn configure(&self, change: impl FnOnce(&mut Value)) {
        let mut body = self.body.clone();
        change(&mut body);
        self.gateway.write_body(&written(&body));
    }

    /// Good claims at the agent `a`.
    pub(crate) fn claims(&self) -> Value {
        let mut claims = self.issuer.claims("x");
        claims["exp"] = (now() + 300).into();
        claims
    }
}

/// A document without its braces: JSON is YAML.
fn written(body: &Value) -> String {
    let members = body.as_object().expect("an object");
    members.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
}

/// A provider that says this of every token.
async fn asked(answer: &Value) -> Scripted {
    let body = answer.to_string();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    Scripted::start(move |mut peer| {
        let answer = answer.clone();
        async move {
            loop {
                peer.head().await?;
                peer.until("access_token").await?;
                peer.say(&answer).await?;
            }
        }
    })
    .await
}

/// Adds an agent whose provider is asked about its tokens.
fn introspect(body: &mut Value, name: &str, endpoint: &str, upstream: &str) {
    body["identity_providers"][name] = json!({
        "issuer": format!("https://{name}.test"), "jwks_uri": "http://127.0.0.1:9/jwks",
        "introspection": {"endpoint": endpoint, "auth": {"client_id": "gateway", "secret_file": "client.secret"}},
    });
    let oauth = json!({"identity_providers": [name], "audiences": ["x"]});
    body["agents"][name] =
        json!({"route": format!("/{name}"), "upstream": upstream, "auth": {"oauth": oauth}});
}

/// An upstream whose answers cannot be understood, or break off, and that says a secret in them.
async fn garbling(said: &str) -> Scripted {
    let said = said.to_owned();
    Scripted::start(move |mut peer| {
        let said = said.clone();
        async move {
            loop {
                let head = peer.head().await?;
                let answer = match head.split(' ').nth(1)?.rsplit('/').next()?.split('?').next()? {
                    "status" => format!("HTTP/1.1 {said} OK\r\nSet-Cookie: {said}\r\n\r\n"),
                    "field" => format!("HTTP/1.1 200 OK\r\nSet-Cookie {said}\r\n\r\n"),
                    "length" => format!("HTTP/1.1 200 OK\r\nContent-Length: {said}\r\n\r\n{said}"),
                    "chunk" => {
                        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{said}\r\n{said}")
                    }
                    "short" => {
                        format!("HTTP/1.1 200 OK\r\nSet-Cookie: {said}\r\nContent-Length: 900\r\n\r\n{said}")
                    }
                    "early" => format!("HTTP/1.1 103 Early Hints\r\nLink: <{said}>\r\n\r\n{OK}"),
                    _ => OK.to_owned(),
                };
                peer.say(&answer).await?;
                if !answer.ends_with("ok") {
                    return None;
                }
            }
        }
    })
    .await
}

fn body(issuer: &Issuer, other: &Issuer, upstream: &Upstream, garbling: &Scripted, keys: &ApiKeys) -> Value {
    let url = upstream.url();
    let oauth = |more: Value| {
        let mut oauth = json!({"identity_providers": ["corp"], "audiences": ["x"]});
        oauth.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        json!({"oauth": oauth})
    };
    let rules = json!({
        "scopes": {"all_of": ["refunds:read"]}, "claims": {"all_of": [{"claim": "tenant", "values": ["acme"]}]},
        "claim_headers": {"note": "X-Note"}, "max_token_lifetime": "1h",
    });
    json!({
        "identity_providers": {
            "corp": {"issuer": issuer.url, "refresh": "1s", "events": {
                "push": {"audience": "receiver", "authorization_file": "events.auth"},
                // What is answered there cannot be understood.
                "poll": {"endpoint": format!("{}/garbling/length", garbling.url()), "token_file": "events.auth"},
                "backchannel_logout": "web",
            }},
            "other": {"issuer": other.url},
            "dead": {"issuer": "https://dead.test", "jwks_uri": "http://127.0.0.1:9/jwks"},
        },
        "agents": {
            "a": {"route": "/a", "upstream": url, "auth": oauth(rules)},
            "t": {"route": "/t", "upstream": {"url": url, "response_timeout": "1s"},
                  "auth": oauth(json!({"forward_token": true}))},
            "d": {"route": "/d", "upstream": url, "auth": oauth(json!({"identity_providers": ["dead"]}))},
            "s": {"route": "/s", "upstream": url, "enforcement": "shadow", "auth": oauth(json!({}))},
            "o": {"route": "/o", "upstream": url, "auth": oauth(json!({"identity_providers": ["other"]}))},
            "k": {"route": "/k", "upstream": url, "auth": {"api_key": {"header": "X-API-Key"}}},
            "l": {"route": "/l", "upstream": url, "auth": {"api_key": {"header": "X-API-Key"}}},
            "p": {"route": "/p", "upstream": url, "auth": "public", "max_body": "64KiB"},
            "m": {"route": "/m", "upstream": url, "auth": oauth(json!({})), "protocol": "mcp",
                  "public_url": "https://m.test", "mcp": {"rules": {"unlisted": "deny", "tools": {"echo": "allow"}}}},
            "c": {"route": "/c", "upstream": url, "auth": oauth(json!({})), "protocol": "a2a"},
            "i": {"route": "/i", "upstream": url, "auth": oauth(json!({"require": {
                "token_profile": "rfc9068", "clients": {"allow": ["client-1"]}, "acr_values": ["gold"], "max_auth_age": "1h",
                "actor": {"allow": [{"issuer": issuer.url, "sub": "bot"}]},
            }}))},
            "b": {"route": "/b", "upstream": url, "auth": oauth(json!({"sender_constraint": {
                "dpop": "optional", "mtls": "optional", "replay_entries": 16,
            }}))},
            "q": {"route": "/q", "upstream": url, "auth": "public",
                  "limits": [{"name": "rate", "per": "address", "scope": "agent", "rate": "1/1h"}]},
            "w": {"route": "/w", "upstream": {"url": url, "response_timeout": "1s"}, "auth": "public",
                  "limits": [{"name": "under-way", "per": "agent", "scope": "agent", "concurrent": 1}]},
            "n": {"route": "/n", "upstream": url, "auth": "public",
                  "limits": [{"name": "together", "per": "address", "scope": "agent", "rate": "1/1h", "counting": "shared",
                              "on_loss": "deny"}]},
            "y": {"route": "/y", "upstream": url, "auth": "public",
                  "limits": [{"name": "daily", "per": "agent", "scope": "agent", "quota": "1/month"}]},
            "gone": {"route": "/gone", "upstream": "http://127.0.0.1:1", "auth": "public"},
            "garbling": {"route": "/garbling", "upstream": garbling.url(), "auth": "public"},
        },
        "api_keys": keys.stored(),
    })
}
