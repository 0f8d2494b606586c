//! Everything that can be sent to a gateway with a secret in it, and the names under which the secrets are searched for.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::api::{Api, If, Reply, WithJson as _};
use testkit::now;
use testkit::token::encode;
use testkit::{Key, Prover, client, raw};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::secret::{self, Places};
use super::stage::Stage;

/// What was sent, and what came back of ours.
#[derive(Default)]
pub(crate) struct Traffic {
    pub(crate) secrets: Vec<(String, String)>,
    pub(crate) places: Places,
    pub(crate) requests: usize,
}

/// A token, and what is secret in it.
struct Sent {
    name: &'static str,
    token: String,
}

impl Traffic {
    /// A new secret under a name.
    pub(crate) fn secret(&mut self, name: &str) -> String {
        let made = secret::new();
        self.secrets.push((name.to_owned(), made.clone()));
        made
    }

    /// A token is as secret as its payload and its signature are.
    fn token(&mut self, name: &'static str, token: String) -> Sent {
        for (what, part) in ["header", "payload", "signature"].iter().zip(token.split('.')).skip(1) {
            if part.len() >= 24 {
                self.secrets.push((format!("{what} of {name}"), part[part.len() - 24..].to_owned()));
            }
        }
        Sent { name, token }
    }

    /// One token for each way to be refused, and good ones.
    fn tokens(&mut self, stage: &Stage) -> Vec<Sent> {
        let forger = Key::new("ES256", "k1");
        let header = stage.key.header("ES256");
        let mut all = Vec::new();
        let mut add = |traffic: &mut Self, name, key: &Key, header: &Value, change: Value| {
            let mut claims = stage.claims();
            claims["note"] = traffic.secret(&format!("a claim of {name}")).into();
            claims["hidden"] = json!({"deep": [traffic.secret(&format!("another claim of {name}"))]});
            for (name, value) in change.as_object().expect("an object") {
                if value.is_null() {
                    claims.as_object_mut().expect("an object").remove(name);
                } else {
                    claims[name] = value.clone();
                }
            }
            let token = key.token(header, &claims);
            let sent = traffic.token(name, token);
            all.push(sent);
        };
        let key = &stage.key;
        add(self, "a good token", key, &header, json!({}));
        for (name, change) in [
            ("an expired token", json!({"exp": 1000, "sub": self.secret("an unproven subject")})),
            ("a token of tomorrow", json!({"nbf": now() + 9000})),
            ("a token without an end", json!({"exp": null})),
            ("a token for too long", json!({"exp": now() + 90_000})),
            ("a token for somebody else", json!({"aud": self.secret("another audience")})),
            ("a token that is denied", json!({"sub": super::stage::DENIED})),
            ("a token that is bound to a key", json!({"cnf": {"jkt": self.secret("a thumbprint")}})),
            (
                "a token of a stranger",
                json!({"iss": format!("https://{}.test", self.secret("an unknown issuer"))}),
            ),
            ("a token of another provider", json!({"iss": stage.other.url})),
            ("a token of a dead provider", json!({"iss": "https://dead.test"})),
            ("a token without the scope", json!({"scope": self.secret("another scope")})),
            ("a token of another tenant", json!({"tenant": self.secret("another tenant")})),
            (
                "a token with a claim of a wrong type",
                json!({"sub": {"x": self.secret("a subject of a wrong type")}}),
            ),
        ] {
            add(self, name, key, &header, change);
        }
        let forged = json!({"sub": self.secret("a forged subject"), "jti": self.secret("a forged id")});
        add(self, "a forged token", &forger, &header, forged);
        for (name, change) in [
            ("a token of an unknown key", json!({"kid": self.secret("an unknown kid")})),
            ("a token that is not signed", json!({"alg": "none"})),
            ("a token with a shared secret", json!({"alg": "HS256"})),
            ("a token of another type", json!({"typ": self.secret("another type")})),
            ("a token with an extension", json!({"crit": [self.secret("an extension")]})),
            (
                "a token with a key in it",
                json!({"jwk": {"kty": "oct", "k": self.secret("a key in a header")}}),
            ),
            (
                "a token with an address in it",
                json!({"jku": format!("http://127.0.0.1:1/{}", self.secret("a jku"))}),
            ),
        ] {
            let mut header = header.clone();
            header.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
            let signer = if header["alg"] == "ES256" { key } else { &forger };
            add(self, name, signer, &header, json!({}));
        }
        let mut typed = header.clone();
        typed["typ"] = "at+jwt".into();
        // What the log shows of a verified token is no secret.
        for (name, change) in [
            ("a token of another client", json!({"client_id": "client-2"})),
            ("a token of another actor", json!({"act": {"sub": "other"}})),
            ("a token of a weak login", json!({"acr": "bronze", "act": {"sub": "bot"}})),
            ("a token of an old login", json!({"acr": "gold", "auth_time": 1000})),
            ("a token of a good login", json!({"acr": "gold", "auth_time": now()})),
        ] {
            add(self, name, key, &typed, change);
        }
        let large = json!({"filler": "x".repeat(17_000)});
        add(self, "a token that is too large", key, &header, large);
        let odd = self.secret("no token at all");
        all.push(Sent { name: "no token at all", token: odd.clone() });
        all.push(Sent { name: "two dots", token: format!("{odd}.{odd}.{odd}") });
        let double = format!("{{\"alg\":\"ES256\",\"alg\":\"{}\"}}", self.secret("a doubled member"));
        all.push(Sent {
            name: "a doubled member",
            token: format!("{}.{}.AAAA", encode(double), encode("{}")),
        });
        all
    }

    /// Sends a request; keeps the answer when it is one of ours.
    pub(crate) async fn send(&mut self, what: &str, request: reqwest::RequestBuilder) -> u16 {
        self.requests += 1;
        let Ok(answer) = request.send().await else { return 0 };
        let status = answer.status().as_u16();
        let head = format!("{:?}", answer.headers());
        let text = answer.text().await.unwrap_or_default();
        if status >= 300 {
            self.places.add(format!("the answer to {what}"), format!("{head}\n{text}"));
        }
        status
    }

    /// Requests through the gateway, of every kind.
    pub(crate) async fn through(&mut self, stage: &Stage) {
        let (cookie, query, other, body) =
            (self.secret("a cookie"), self.secret("a query"), self.secret("a header"), self.secret("a body"));
        for key in stage.keys.all() {
            self.secrets.push(("an API key".to_owned(), key.to_owned()));
            self.secrets.push(("the secret of an API key".to_owned(), key[13..43].to_owned()));
        }
        for sent in self.tokens(stage) {
            let large = sent.token.len() > 16_384;
            for agent in ["a", "t", "d", "s", "o", "i", "k", "p", "e", "f", "gone", "nowhere"] {
                let request = client()
                    .post(stage.gateway.url(&format!(
                        "/{agent}?access_token={}&q={query}",
                        if large { "" } else { &sent.token }
                    )))
                    .bearer_auth(&sent.token)
                    .header("cookie", format!("session={cookie}"))
                    .header("x-other", &other)
                    .body(body.clone());
                self.send(&format!("{} at {agent}", sent.name), request).await;
            }
        }
        let good = stage.key.token(&stage.key.header("ES256"), &stage.claims());
        for path in [
            "/t/slow",
            "/t/hang-up",
            "/garbling/status",
            "/garbling/field",
            "/garbling/length",
            "/garbling/chunk",
            "/garbling/short",
            "/garbling/early",
        ] {
            let request = client().get(stage.gateway.url(&format!("{path}?q={query}"))).bearer_auth(&good);
            let request = request.header("cookie", &cookie).timeout(Duration::from_secs(5));
            self.send(path, request).await;
        }
        for (name, key) in [("api_key", ""), ("api_key", "a,b")]
            .into_iter()
            .chain(stage.keys.all().map(|key| ("api_key", key)))
        {
            let wrong = format!("{}x", key.get(..key.len().saturating_sub(1)).unwrap_or_default());
            for key in [key, &wrong] {
                let request =
                    client().get(stage.gateway.url(&format!("/k?{name}={key}"))).header("x-api-key", key);
                self.send("an API key", request).await;
            }
        }
        let without =
            client().get(stage.gateway.url(&format!("/a?access_token={query}"))).header("cookie", &cookie);
        self.send("no credential", without).await;
        self.secrets.push(("what an upstream said".to_owned(), stage.said.clone()));
        self.secrets.push(("the password of a Redis".to_owned(), stage.password.clone()));
        self.secrets.push(("the secret of a client".to_owned(), stage.client_secret.clone()));
        self.too_many(stage).await;
        self.messages(stage, &good).await;
        self.proofs(stage).await;
        self.told(stage).await;
        self.raw(stage, &good).await;
        self.encrypted(stage, &good).await;
    }

    /// Requests beyond what callers may ask.
    async fn too_many(&mut self, stage: &Stage) {
        let query = self.secret("a query of too many");
        let ask = |path: &str| client().get(stage.gateway.url(&format!("{path}?q={query}")));
        for what in ["the last one of a rate", "one beyond it"] {
            self.send(what, ask("/q")).await;
        }
        self.send("one that nobody can count", ask("/n")).await;
        for what in ["all of a quota", "one beyond a quota"] {
            self.send(what, ask("/y")).await;
        }
        // Whichever comes first is under way for a second.
        let (one, other) = tokio::join!(ask("/w/slow").send(), ask("/w/slow").send());
        let refused = [one, other].into_iter().flatten().filter(|answer| answer.status() == 429);
        assert_eq!(refused.count(), 1, "one of two is let in");
    }

    /// Messages to an agent with rules for its tools, each refused in another way but the first.
    async fn messages(&mut self, stage: &Stage, good: &str) {
        let (argument, session) = (self.secret("an argument of a tool"), self.secret("a session id"));
        let call = |tool: &str| {
            let params = json!({"name": tool, "arguments": {"x": argument}, "_meta": {"y": argument}});
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string()
        };
        let now = ("mcp-protocol-version", "2026-07-28");
        for (what, body, (name, value)) in [
            ("a permitted tool", call("echo"), ("x-plain", "1")),
            ("another tool", call("other"), ("x-plain", "1")),
            ("a list of messages", format!("[{}]", call("echo")), ("x-plain", "1")),
            ("half a message", format!("{{\"x\":\"{argument}"), ("x-plain", "1")),
            ("a message whose head is silent", call("echo"), now),
            ("a page of another origin", call("echo"), ("origin", "https://page.test")),
            ("a foreign session", call("echo"), ("mcp-session-id", &*session)),
        ] {
            let request = client().post(stage.gateway.url("/m/mcp")).bearer_auth(good).header(name, value);
            let request = request.header("content-type", "application/json");
            self.send(what, request.body(body)).await;
        }
        let url = format!("https://hooks.test/{}", self.secret("the path of a URL for push notifications"));
        let params =
            json!({"message": {"text": argument}, "configuration": {"pushNotificationConfig": {"url": url}}});
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": params});
        let request = client().post(stage.gateway.url("/c")).bearer_auth(good);
        let request = request.header("content-type", "application/json").body(message.to_string());
        self.send("a URL that the agent may not call", request).await;
    }

    /// Requests with tokens that are bound to a key, each refused for its proof in another way but those that pass.
    async fn proofs(&mut self, stage: &Stage) {
        let (prover, url) = (Prover::new(), stage.gateway.url("/b"));
        let bound = |cnf: Value| {
            let mut claims = stage.claims();
            claims["cnf"] = cnf;
            stage.key.token(&stage.key.header("ES256"), &claims)
        };
        let certificate = bound(json!({"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}));
        let request = client().get(&url).bearer_auth(&certificate);
        self.send("a token that is bound to a certificate", request).await;
        let token = bound(prover.cnf());
        for (name, token) in
            [("a token that is bound to a key", &token), ("one bound to a certificate", &certificate)]
        {
            self.secrets.push((format!("the signature of {name}"), token[token.len() - 24..].to_owned()));
        }
        let (query, id) = (self.secret("a query in a proof"), self.secret("the id of a proof"));
        let htu = format!("{url}?q={query}");
        let good = prover.proof_with("GET", &htu, &token, json!({"jti": id}));
        let stale = prover.proof_with("GET", &htu, &token, json!({"iat": 1000}));
        for (what, proof) in [
            ("a token without its proof", None),
            ("no proof at all", Some(self.secret("no proof at all"))),
            ("a proof of another method", Some(prover.proof("POST", &htu, &token))),
            ("an old proof", Some(stale)),
            ("a good proof", Some(good.clone())),
            ("a good proof once more", Some(good)),
        ] {
            let mut request = client().get(&url).header("authorization", format!("DPoP {token}"));
            if let Some(proof) = proof {
                self.secrets.push((what.to_owned(), proof[proof.len() - 24..].to_owned()));
                request = request.header("dpop", proof);
            }
            self.send(what, request).await;
        }
        // The room of this key is full, and then that of its half minute.
        for _ in 0..3 {
            let mut nonce = Value::Null;
            for _ in 0..3 {
                self.requests += 1;
                let proof = prover.proof_with("GET", &htu, &token, json!({"nonce": nonce}));
                let request = client().get(&url).header("authorization", format!("DPoP {token}"));
                let answer = request.header("dpop", proof).send().await.expect("an answer");
                if answer.status() == 503 {
                    return;
                }
                if let Some(new) = answer.headers().get("dpop-nonce") {
                    nonce = new.to_str().expect("text").into();
                }
            }
        }
        panic!("the room for proofs has no end");
    }

    /// Heads that no client would send, and connections that break off.
    async fn raw(&mut self, stage: &Stage, good: &str) {
        self.secrets.push(("a good token".to_owned(), good.to_owned()));
        let (word, user) = (self.secret("a word in a bad head"), self.secret("a password in a target"));
        let auth = format!("Authorization: Bearer {good}\r\nX-Word: {word}");
        for request in [
            format!("GET /a HTTP/1.1\r\nHost: x\r\n{auth}\r\n{auth}\r\n\r\n"),
            format!("GET /a HTTP/1.1\r\nHost: x\r\nAuthorization : Bearer {good}\r\n\r\n"),
            format!("GET /a HTTP/1.1\r\nHost: x\r\n{auth}\u{1}\r\n\r\n"),
            format!("GET /a HTTP/1.1\nHost: x\n{auth}\n\n"),
            format!("GET /a?t={good} HTTP/9.9\r\nHost: x\r\n{auth}\r\n\r\n"),
            format!("{auth}\r\n\r\n"),
            format!("{word}\r\n\r\n"),
            format!("GET /a/%zz?t={word} HTTP/1.1\r\nHost: x\r\n{auth}\r\n\r\n"),
            format!("GET /a HTTP/1.1\r\nHost: {word}@x\r\n{auth}\r\n\r\n"),
            format!("GET /a HTTP/1.1\r\nHost: x\r\n{auth}\r\nContent-Length: {word}\r\n\r\n"),
            format!("GET /a HTTP/1.1\r\nHost: x\r\n{auth}\r\nTransfer-Encoding: {word}\r\n\r\n"),
            format!("GET /a HTTP/1.1\r\nHost: x\r\nX: {}\r\n{auth}\r\n\r\n", word.repeat(2000)),
            format!("POST /p HTTP/1.1\r\nHost: x\r\nCookie: {word}\r\nContent-Length: 900\r\n\r\n{word}"),
            format!(
                "POST /p HTTP/1.1\r\nHost: x\r\n{auth}\r\nTransfer-Encoding: chunked\r\n\r\n{word}\r\n{word}"
            ),
            format!("POST /p HTTP/1.1\r\nHost: x\r\n{auth}\r\nContent-Length: 99999\r\n\r\n{word}"),
            format!("GET http://user:{user}@x/p HTTP/1.1\r\nHost: x\r\n\r\n"),
            format!("CONNECT user:{user}@x:1 HTTP/1.1\r\nHost: x:1\r\nProxy-Authorization: {word}\r\n\r\n"),
            format!("TRACE /p HTTP/1.1\r\nHost: x\r\n{auth}\r\n\r\n"),
            format!("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{word}"),
            format!("GET /p HTTP/1.1\r\nHost: x\r\n{auth}\r\nExpect: {word}\r\n\r\n"),
            format!(
                "GET /p HTTP/1.1\r\nHost: x\r\n{auth}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n{word}"
            ),
        ] {
            self.requests += 1;
            let answer =
                raw::exchange(stage.gateway.port, request.as_bytes(), Duration::from_millis(300)).await;
            let ours = raw::status(&answer) >= 400;
            if ours {
                self.places.add(format!("the answer to {:?}", request.split("\r\n").next()), answer);
            }
        }
    }

    /// HTTP/2, and bytes that are no TLS.
    async fn encrypted(&mut self, stage: &Stage, good: &str) {
        let word = self.secret("a word over TLS");
        let root = reqwest::Certificate::from_pem(stage.tls.1.as_bytes()).expect("a certificate");
        let port = stage.gateway.tls_port;
        let builder = reqwest::Client::builder().no_proxy().tls_certs_only([root]);
        let h2 =
            builder.resolve("a.test", SocketAddr::from(([127, 0, 0, 1], port))).build().expect("a client");
        for path in ["/a", "/k", "/p", "/nowhere", "/p/%2e%2e/x", "/garbling/field", "/t/hang-up"] {
            let request = h2
                .post(format!("https://a.test:{port}{path}?q={word}"))
                .bearer_auth(if path == "/a" { word.as_str() } else { good })
                .header("cookie", &word)
                .header("x-api-key", &word)
                .timeout(Duration::from_secs(5))
                .body(word.clone());
            self.send(&format!("HTTP/2 {path}"), request).await;
        }
        self.requests += 1;
        let mut plain = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.expect("it connects");
        let _ = plain
            .write_all(format!("GET /{word} HTTP/1.1\r\nAuthorization: {word}\r\n\r\n").as_bytes())
            .await;
        let mut rest = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(1), plain.read_to_end(&mut rest)).await;
        let lines = stage.tls.0.lines().filter(|line| !line.starts_with('-') && line.len() > 24);
        self.secrets.extend(lines.map(|line| ("the key of a certificate".to_owned(), line.to_owned())));
    }

    /// The admin API: good calls, refused ones, and documents that are.
    pub(crate) async fn administer(&mut self, stage: &Stage) {
        let api = &stage.api;
        self.secrets.push(("the admin token".to_owned(), api.token.clone()));
        let good = stage.key.token(&stage.key.header("ES256"), &stage.claims());
        let (login, client_secret, password) = (
            self.secret("a wrong admin token"),
            self.secret("a client secret"),
            self.secret("a password in a URL"),
        );
        let private = self.secret("a private key");
        stage.issuer.grant(401, json!({"error": "invalid_client"}));
        let asked = json!({"client_id": "me", "client_secret": client_secret});
        self.keep(
            "a token that is refused",
            api.post("/identity-providers/corp/token", If::Unsaid, &asked).await,
        );
        let stranger = Api { token: login.clone(), ..api.clone() };
        self.keep("a wrong admin token", stranger.get("/session").await);
        let attempt = api.stranger("POST", "/session").json(&json!({"token": login}));
        self.keep("a wrong log-in", Reply::to(attempt).await);
        let session = Reply::to(api.stranger("POST", "/session").json(&json!({"token": api.token}))).await;
        let cookie = session.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
        if let Some((_, value)) = cookie.split_once('=').filter(|(_, value)| value.len() >= 8) {
            self.secrets.push(("the cookie of a session".to_owned(), value.to_owned()));
        }
        self.keep("a session", Reply::to(api.stranger("GET", "/session").header("cookie", &cookie)).await);
        let agent = |upstream: String| json!({"route": "/x", "upstream": upstream, "auth": "public"});
        for (path, document) in [
            ("/agents/x", agent(format!("http://user:{password}@127.0.0.1:9"))),
            ("/agents/x", agent(format!("http:/user:{password}@127.0.0.1:9//x"))),
            ("/agents/x", agent(format!("user:{password}@127.0.0.1:9"))),
            ("/agents/x", agent(format!("redis://:{password}@127.0.0.1:9"))),
            (
                "/identity-providers/x",
                json!({"issuer": "x", "jwks_uri": format!("https://u:{password}@idp.test/keys")}),
            ),
            ("/identity-providers/x", json!({"issuer": format!("https://u:{password}@idp.test")})),
            (
                "/identity-providers/x",
                json!({"issuer": "x", "jwks": {"keys": [{"kty": "OKP", "crv": "Ed25519", "d": private, "x": "AA"}]}}),
            ),
            (
                "/identity-providers/x",
                json!({"issuer": "x", "public_key": format!("-----BEGIN PRIVATE KEY-----\n{private}\n-----END PRIVATE KEY-----\n")}),
            ),
            ("/api-keys/Wrong001", json!({"agent": "k", "sha256": private})),
        ] {
            self.keep(path, api.put(path, If::Absent, &document).await);
        }
        for text in [good.as_str(), &stage.keys.good, &login, &format!("{good}x")] {
            for agent in ["a", "k", "p"] {
                let asked = json!({"agent": agent, "credential": text});
                self.keep("explain", api.post("/explain", If::Unsaid, &asked).await);
                let request = json!({"method": "GET", "path": "/", "headers": [["x-step", "1"]], "body": null, "credential": text});
                let tried = api.post(&format!("/agents/{agent}/test"), If::Unsaid, &request).await;
                self.keep("a test request", tried);
            }
        }
        let made = api.post("/api-keys", If::Unsaid, &json!({"agent": "k"})).await.is(201).json();
        let made = made["key"].as_str().expect("a key").to_owned();
        self.secrets.push(("a key that was made".to_owned(), made));
        for path in [
            "/session",
            "/agents",
            "/agents/a",
            "/identity-providers",
            "/identity-providers/corp",
            "/api-keys",
            "/revisions",
            "/status",
            "/traffic",
            "/decisions",
            "/openapi.json",
            "/nowhere",
        ] {
            self.keep(path, api.get(path).await);
        }
        let bad = format!(
            "GET /api/v1/session?token={login} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {login}\r\n\
             Cookie: {cookie}\r\nConnection: close\r\n\r\n"
        );
        let answer = raw::exchange(stage.gateway.admin, bad.as_bytes(), Duration::from_secs(5)).await;
        self.places.add("an admin token in the query", answer);
    }

    fn keep(&mut self, what: &str, reply: Reply) {
        self.requests += 1;
        self.places.add(format!("the admin API on {what}"), format!("{:?}\n{}", reply.headers, reply.text));
    }
}
