//! The cases, and the providers that they need.

use portcullis::model::Reason;
use serde_json::{Map, Value, json};

use super::key::{Key, token, with};

/// One credential and what must become of it.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) agent: &'static str,
    /// The whole value of the header.
    pub(crate) credential: Vec<u8>,
    /// The right answers; more than one where a random change can do more than one thing.
    pub(crate) wanted: &'static [Reason],
    /// Whether it depends on the very second, so that it is decided in process alone.
    pub(crate) exact: bool,
}

/// The cases so far.
pub(crate) struct Suite {
    /// Now, in whole seconds.
    pub(crate) now: u64,
    /// The keys of provider `corp`.
    pub(crate) corp: Vec<Key>,
    /// Keys of provider `twin`, under the same ids.
    pub(crate) twin: Vec<Key>,
    pub(crate) providers: Map<String, Value>,
    pub(crate) cases: Vec<Case>,
    agent: &'static str,
    exact: bool,
}

pub(crate) const CORP: &str = "https://corp.test/realms/a";
pub(crate) const TWIN: &str = "https://twin.test/realms/a";
pub(crate) const LEEWAY: u64 = 30;

impl Suite {
    pub(crate) fn new(now: u64) -> Self {
        let keys = |rsa: &str| {
            vec![
                Key::rsa("rsa", rsa),
                Key::ec("es256", "ES256"),
                Key::ec("es384", "ES384"),
                Key::ec("es512", "ES512"),
                Key::ed("ed"),
            ]
        };
        let mut suite = Self {
            now,
            corp: keys("corp"),
            twin: keys("twin"),
            providers: Map::new(),
            cases: Vec::new(),
            agent: "desk",
            exact: false,
        };
        // A second RSA key, so that a token without `kid` does not say which one is meant.
        let fixed = with(super::rsa::key("corp-rs256").jwk(), json!({"kid": "rsa-rs256", "alg": "RS256"}));
        let mut corp: Vec<Value> = suite.corp.iter().map(Key::named_jwk).collect();
        corp.push(fixed);
        let twin: Vec<Value> = suite.twin.iter().map(Key::named_jwk).collect();
        suite.provider("corp", CORP, json!({"jwks": {"keys": corp}}));
        suite.provider("twin", TWIN, json!({"jwks": {"keys": twin}}));
        suite
    }

    /// Configures a provider.
    pub(crate) fn provider(&mut self, name: &str, issuer: &str, members: Value) {
        let all = with(json!({"issuer": issuer, "leeway": format!("{LEEWAY}s")}), members);
        assert!(self.providers.insert(name.to_owned(), all).is_none(), "{name} twice");
    }

    /// Configures a provider with this set of keys and an issuer of its own, which is returned.
    pub(crate) fn provider_with(&mut self, name: &str, keys: &[Value]) -> String {
        let issuer = format!("https://{name}.test");
        self.provider(name, &issuer, json!({"jwks": {"keys": keys}}));
        issuer
    }

    pub(crate) fn key(&self, kid: &str) -> &Key {
        self.corp.iter().find(|key| key.kid == kid).expect("a key of that id")
    }

    pub(crate) fn twin(&self, kid: &str) -> &Key {
        self.twin.iter().find(|key| key.kid == kid).expect("a key of that id")
    }

    /// The usual header.
    pub(crate) fn header(&self, alg: &str, kid: &str) -> Value {
        json!({"alg": alg, "typ": "JWT", "kid": kid})
    }

    /// Claims that pass.
    pub(crate) fn claims(&self) -> Value {
        json!({
            "iss": CORP, "sub": "alice", "aud": "api://desk", "jti": "1f5a", "client_id": "c",
            "iat": self.now - 60, "exp": self.now + 3000, "scope": "openid refunds:read",
        })
    }

    /// A token with this header and these claims, rightly signed by a key of `corp`.
    pub(crate) fn signed(&self, alg: &str, kid: &str, header: &Value, claims: &Value) -> String {
        let key = self.key(kid);
        token(header.to_string(), claims.to_string(), |message| key.sign(alg, message))
    }

    /// A token that passes.
    pub(crate) fn good(&self, alg: &str, kid: &str) -> String {
        self.signed(alg, kid, &self.header(alg, kid), &self.claims())
    }

    /// Cases from here on are for this agent.
    pub(crate) fn at(&mut self, agent: &'static str) -> &mut Self {
        self.agent = agent;
        self
    }

    /// Whether cases from here on depend on the very second.
    pub(crate) fn exactly(&mut self, exact: bool) -> &mut Self {
        self.exact = exact;
        self
    }

    pub(crate) fn refuse(
        &mut self,
        name: impl Into<String>,
        token: impl AsRef<[u8]>,
        wanted: &'static [Reason],
    ) {
        assert!(!wanted.contains(&Reason::Ok));
        self.header_value(name, [b"Bearer ", token.as_ref()].concat(), wanted);
    }

    pub(crate) fn pass(&mut self, name: impl Into<String>, token: impl AsRef<[u8]>) {
        self.header_value(name, [b"Bearer ", token.as_ref()].concat(), &[Reason::Ok]);
    }

    /// A case with the whole value of the header.
    pub(crate) fn header_value(
        &mut self,
        name: impl Into<String>,
        credential: Vec<u8>,
        wanted: &'static [Reason],
    ) {
        let (agent, exact) = (self.agent, self.exact);
        self.cases.push(Case { name: name.into(), agent, credential, wanted, exact });
    }
}
