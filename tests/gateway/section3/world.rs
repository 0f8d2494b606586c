//! What all tables share: providers of every sort, agents of every sort, and tokens that are good until a row
//! changes them.

use serde_json::{Value, json};
use testkit::now;
use testkit::token::encode;
use testkit::{Gateway, Issuer, Key, Start, Upstream};

use super::row::{self, Row};

/// In a patch: the member is taken away.
pub(crate) const ABSENT: &str = "<absent>";

/// The issuer whose key is a PEM file, without an id.
pub(crate) const PEM_ISSUER: &str = "https://pem.test";
/// The same key for an issuer that names its clients in a claim of its own.
pub(crate) const NAMED_ISSUER: &str = "https://named.test";
/// The issuer that never gives keys.
pub(crate) const DEAD_ISSUER: &str = "https://dead.test";

pub(crate) struct World {
    pub(crate) corp: Issuer,
    pub(crate) narrow: Issuer,
    pub(crate) foreign: Issuer,
    /// All keys that are published, by id: `rsa`, `rsa2`, `es256`, `es384`, `es512`, `ed` of `corp`; `n-es`, `n-rsa`
    /// of `narrow`; `f-es` of `foreign`; `pem` in a file. `stranger` is nobody's.
    keys: Vec<Key>,
    upstream: Upstream,
}

impl World {
    pub(crate) async fn new() -> Self {
        let kinds = [
            ("RS256", "rsa"),
            ("RS256", "rsa2"),
            ("ES256", "es256"),
            ("ES384", "es384"),
            ("ES512", "es512"),
            ("EdDSA", "ed"),
            ("ES256", "n-es"),
            ("RS256", "n-rsa"),
            ("ES256", "f-es"),
            ("ES256", "pem"),
            ("ES256", "stranger"),
        ];
        let keys: Vec<Key> = kinds.into_iter().map(|(alg, kid)| Key::new(alg, kid)).collect();
        let of = |range: std::ops::Range<usize>| keys[range].iter().collect::<Vec<_>>();
        Self {
            corp: Issuer::start(&of(0..6)).await,
            narrow: Issuer::start(&of(6..8)).await,
            foreign: Issuer::start(&of(8..9)).await,
            upstream: Upstream::start().await,
            keys,
        }
    }

    pub(crate) fn key(&self, kid: &str) -> &Key {
        self.keys.iter().find(|key| key.kid == kid).unwrap_or_else(|| panic!("no key {kid}"))
    }

    /// The claims of a good token, with `patch` on them.
    pub(crate) fn claims(&self, patch: &Value) -> Value {
        patched(self.corp.claims("api://a"), patch)
    }

    /// The header of a good token, with `patch` on it.
    pub(crate) fn header(&self, patch: &Value) -> Value {
        patched(json!({"alg": "ES256", "typ": "JWT", "kid": "es256"}), patch)
    }

    /// A token with changes to header and claims, signed with the key that its `kid` names (else with `es256`).
    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        let header = self.header(header);
        let signer = self.keys.iter().find(|key| header["kid"] == key.kid.as_str());
        self.signed_by(signer.unwrap_or_else(|| self.key("es256")), &header, &self.claims(claims))
    }

    /// A good token with changes to its claims.
    pub(crate) fn claiming(&self, claims: &Value) -> String {
        self.token(&json!({}), claims)
    }

    /// A good token.
    pub(crate) fn good(&self) -> String {
        self.claiming(&json!({}))
    }

    /// Exactly this header and these claims, signed by `key`.
    pub(crate) fn signed_by(&self, key: &Key, header: &Value, claims: &Value) -> String {
        key.token(header, claims)
    }

    /// Header and payload as they are, in base64url, with the signature of `es256`.
    pub(crate) fn signed_parts(&self, header: &str, payload: &str) -> String {
        let message = format!("{header}.{payload}");
        format!("{message}.{}", encode(self.key("es256").sign("ES256", message.as_bytes())))
    }

    /// The gateway with all providers and agents.
    pub(crate) async fn gateway(&self) -> Gateway {
        let body = self.configuration();
        let pem = self.key("pem").pem();
        Start { body: &body, files: &[("pem.pem", &pem)], ..Start::default() }.ready().await
    }

    /// Runs a table against a gateway of its own.
    pub(crate) async fn run(&self, rows: &[Row]) {
        row::run(rows, &self.gateway().await, &self.upstream).await;
    }

    fn configuration(&self) -> String {
        let providers = json!({
            "corp": {"issuer": self.corp.url, "leeway": "5m"},
            "narrow": {"issuer": self.narrow.url, "algorithms": ["ES256"]},
            "foreign": {"issuer": self.foreign.url},
            "named": {"issuer": NAMED_ISSUER, "public_key_file": "pem.pem", "client_claim": "app.id"},
            "pem": {"issuer": PEM_ISSUER, "public_key_file": "pem.pem"},
            "dead": {"issuer": DEAD_ISSUER, "jwks_uri": "http://127.0.0.1:9/jwks"},
        });
        let accepted = ["corp", "narrow", "pem", "named", "dead"];
        let oauth = |more: Value| {
            let mut policy = json!({"identity_providers": accepted, "audiences": ["api://a"]});
            for (name, value) in more.as_object().expect("an object") {
                policy[name] = value.clone();
            }
            json!({"oauth": policy})
        };
        let auth = [
            ("a", oauth(json!({}))),
            ("anyone", json!({"oauth": {"identity_providers": ["corp"]}})),
            ("bare", oauth(json!({"header": "X-Token", "prefix": ""}))),
            ("custom", oauth(json!({"header": "X-Auth", "prefix": "Token"}))),
            ("short", oauth(json!({"max_token_lifetime": "5m"}))),
            ("unbound", oauth(json!({"sender_constraint": {"cnf": "ignore"}}))),
            (
                "scoped",
                oauth(json!({"scopes": {"all_of": ["b:read", "a:read"], "any_of": ["z:write", "c:write"]}})),
            ),
            (
                "ruled",
                oauth(json!({"scopes": {"all_of": ["refunds:read"]}, "claims": {
                    "all_of": [
                        {"claim": "tenant", "values": ["acme", "globex"]},
                        {"claim": "level", "values": [3, true]},
                        {"claim": "org.unit", "values": ["x"]},
                        {"claim": "https://x.y/z", "values": ["yes"]},
                    ],
                    "any_of": [
                        {"claim": "roles", "values": ["admin", "ops"]},
                        {"claim": "root", "values": [true]},
                    ],
                }})),
            ),
            (
                "patterned",
                oauth(json!({"claims": {"any_of": [
                    {"claim": "repo", "values": ["org/*"]},
                    {"claim": "urn:roles", "keys_of": true, "values": ["admin", "ops-*"]},
                ]}})),
            ),
            (
                "by-client",
                oauth(json!({"audience_claim": "client_id", "audiences": ["client-a", "client-b"]})),
            ),
            ("profiled", oauth(json!({"require": {"token_profile": "rfc9068"}}))),
            (
                "clients",
                oauth(json!({"require": {"clients": {
                    "allow": ["web", "https://apps.test/*"],
                    "deny": ["https://apps.test/bad.json"],
                }}})),
            ),
            ("no-clients", oauth(json!({"require": {"clients": {"deny": ["web"]}}}))),
            (
                "acted",
                oauth(json!({"require": {"actor": {
                    "allow": [
                        {"issuer": self.corp.url, "sub": "bot"},
                        {"issuer": "https://agents.test", "sub": "bot"},
                    ],
                    "required": true,
                }}})),
            ),
            ("deep", oauth(json!({"require": {"actor": {"max_depth": 9}}}))),
            (
                "stepped",
                oauth(json!({"scopes": {"all_of": ["pay:write"]}, "require": {
                    "acr_values": ["urn:gold", "urn:silver"],
                    "amr_any": ["otp", "hwk"],
                    "max_auth_age": "60s",
                }})),
            ),
            ("titled", oauth(json!({"claim_headers": {"note": "X-Note"}}))),
            ("keyed", json!({"api_key": {"header": "X-API-Key"}})),
            ("keyed-other", json!({"api_key": {"header": "X-Other-Key"}})),
            ("keyed-bearer", json!({"api_key": {"header": "Authorization", "prefix": "Bearer"}})),
            ("public", json!("public")),
        ];
        let upstream = self.upstream.url();
        let agents: serde_json::Map<String, Value> = auth
            .into_iter()
            .map(|(name, auth)| {
                (name.to_owned(), json!({"route": format!("/{name}"), "upstream": upstream, "auth": auth}))
            })
            .collect();
        // JSON is YAML.
        format!(
            "identity_providers: {providers}\nagents: {}\napi_keys: {}\n",
            Value::Object(agents),
            super::api_keys::stored(now())
        )
    }
}

fn patched(mut value: Value, patch: &Value) -> Value {
    let members = value.as_object_mut().expect("an object");
    for (name, new) in patch.as_object().expect("an object") {
        if new == ABSENT {
            members.remove(name);
        } else {
            members.insert(name.clone(), new.clone());
        }
    }
    value
}
