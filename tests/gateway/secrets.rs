//! Canaries: a credential that came in must not come out, not even at the finest log level.

use std::time::Duration;

use testkit::raw;
use testkit::{Gateway, Issuer, Key, Start, Upstream, client, eventually, portcullis};

/// Parts of values that must never be seen again.
const CANARY: &str = "c4n4ry";

struct Stage {
    issuer: Issuer,
    key: Key,
    upstream: Upstream,
    api_key: String,
    body: String,
}

async fn stage() -> Stage {
    let key = Key::new("ES256", "k1");
    let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
    let made = portcullis(std::env::temp_dir().as_path(), &["api-key", "create", "--agent", "k"]).await;
    let (api_key, stored) = made.out.split_once('\n').expect("a key and what to store");
    let body = format!(
        "identity_providers:\n  corp: {{ issuer: \"{}\" }}\n\
         agents:\n\
         \x20 a: {{ route: /a, upstream: \"{url}\", auth: {{ oauth: {{ identity_providers: [corp], audiences: [x], claim_headers: {{ note: X-Note }} }} }} }}\n\
         \x20 t: {{ route: /t, upstream: {{ url: \"{url}\", response_timeout: 1s }}, auth: {{ oauth: {{ identity_providers: [corp], forward_token: true }} }} }}\n\
         \x20 k: {{ route: /k, upstream: \"{url}\", auth: {{ api_key: {{ header: X-API-Key }} }} }}\n\
         \x20 gone: {{ route: /gone, upstream: \"http://127.0.0.1:1\", auth: public }}\n\
         \x20 p: {{ route: /p, upstream: \"{url}\", auth: public }}\n{stored}",
        issuer.url,
        url = upstream.url(),
    );
    Stage { issuer, key, upstream, api_key: api_key.to_owned(), body }
}

impl Stage {
    /// Good, forged, expired, unknown and half tokens; each secret is in the list that comes back.
    fn tokens(&self) -> Vec<String> {
        let mut claims = self.issuer.claims("x");
        claims["note"] = format!("{CANARY}-claim").into();
        claims["secret"] = format!("{CANARY}-hidden").into();
        let good = self.key.token(&self.key.header("ES256"), &claims);
        let forger = Key::new("ES256", "k1");
        let forged = forger.token(&forger.header("ES256"), &claims);
        claims["exp"] = 1000.into();
        let expired = self.key.token(&self.key.header("ES256"), &claims);
        let mut stranger = self.issuer.claims("x");
        stranger["iss"] = format!("https://{CANARY}.example").into();
        let stranger = self.key.token(&self.key.header("ES256"), &stranger);
        let mut header = self.key.header("ES256");
        header["kid"] = format!("{CANARY}-kid").into();
        let unknown = self.key.token(&header, &self.issuer.claims("x"));
        vec![good, forged, expired, stranger, unknown, format!("{CANARY}.{CANARY}.{CANARY}"), CANARY.into()]
    }

    async fn send_everything(&self, gateway: &Gateway) -> Vec<String> {
        let tokens = self.tokens();
        for token in &tokens {
            for path in ["/a", "/t", "/t/slow", "/t/hang-up", "/k", "/gone", "/p", "/nowhere"] {
                if path == "/t/slow" && token != &tokens[0] {
                    continue;
                }
                let request = client()
                    .post(gateway.url(&format!("{path}?access_token={token}&q={CANARY}")))
                    .bearer_auth(token)
                    .header("x-api-key", &self.api_key)
                    .header("cookie", format!("session={CANARY}-cookie"))
                    .header("x-other", format!("{CANARY}-header"))
                    .body(format!("{CANARY}-body {token}"));
                request.send().await.expect("an answer");
            }
            let wrong = format!("{}x", &self.api_key[..self.api_key.len() - 1]);
            client().get(gateway.url("/k")).header("x-api-key", wrong).send().await.expect("an answer");
        }
        let good = &tokens[0];
        for request in [
            format!(
                "GET /a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {good}\r\nAuthorization: Bearer {good}\r\n\r\n"
            ),
            format!("GET /a HTTP/1.1\r\nHost: x\r\nAuthorization : Bearer {good}\r\n\r\n"),
            format!("GET /a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {good}\u{1}\r\n\r\n"),
            format!("GET /a HTTP/1.1\nHost: x\nAuthorization: Bearer {good}\n\n"),
            format!("GET /a?t={good} HTTP/9.9\r\nHost: x\r\nAuthorization: Bearer {good}\r\n\r\n"),
            format!("Authorization: Bearer {good}\r\n\r\n"),
            format!("GET /a/%zz?t={good} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {good}\r\n\r\n"),
            format!(
                "GET /a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {good}\r\nContent-Length: {CANARY}\r\n\r\n"
            ),
            format!(
                "GET /a HTTP/1.1\r\nHost: x\r\nX-Filler: {}\r\nAuthorization: {good}\r\n\r\n",
                CANARY.repeat(9000)
            ),
            format!("POST /p HTTP/1.1\r\nHost: x\r\nCookie: {CANARY}\r\nContent-Length: 900\r\n\r\n{CANARY}"),
            format!("GET http://user:{CANARY}@x/p HTTP/1.1\r\nHost: x\r\n\r\n"),
        ] {
            raw::exchange(gateway.port, request.as_bytes(), Duration::from_millis(300)).await;
        }
        tokens
    }
}

/// Everything that must not be found: the canary, the key, and each part of each token.
fn secrets(tokens: &[String], api_key: &str) -> Vec<String> {
    let mut secrets = vec![CANARY.to_owned(), api_key.to_owned(), api_key[13..43].to_owned()];
    for token in tokens {
        secrets.extend(token.split('.').skip(1).filter(|part| part.len() > 8).map(ToOwned::to_owned));
    }
    secrets
}

async fn nothing_leaks_at(level: &str) {
    let stage = stage().await;
    let args = ["--log-level", level];
    let mut gateway = Start { body: &stage.body, args: &args, ..Start::default() }.ready().await;
    let tokens = stage.send_everything(&gateway).await;
    assert!(!stage.upstream.seen().is_empty(), "some requests went through");
    let metrics = gateway.ops_get("/metrics").await.1;
    let ready = gateway.ops_get("/readyz?verbose").await.1;
    gateway.signal("HUP").await;
    eventually("all is logged", Duration::from_secs(5), async || {
        (gateway.stdout().len() >= tokens.len() * 8).then_some(())
    })
    .await;
    gateway.signal("TERM").await;
    gateway.ended(Duration::from_secs(30)).await;
    for secret in secrets(&tokens, &stage.api_key) {
        for (place, text) in [
            ("stdout", gateway.stdout().join("\n")),
            ("stderr", gateway.stderr().join("\n")),
            ("metrics", metrics.clone()),
            ("readyz", ready.clone()),
        ] {
            let line = text.lines().find(|line| line.contains(&secret));
            assert!(line.is_none(), "{secret} is in {place} at {level}: {line:?}");
        }
    }
    assert!(!gateway.stderr().iter().any(|line| line.contains("panicked")), "{:?}", gateway.stderr());
}

#[tokio::test]
async fn nothing_leaks_at_trace_level() {
    nothing_leaks_at("trace").await;
}

#[tokio::test]
async fn nothing_leaks_at_info_level() {
    nothing_leaks_at("info").await;
}

#[tokio::test]
async fn no_refusal_repeats_a_credential_to_the_caller() {
    let stage = stage().await;
    let gateway = Start { body: &stage.body, ..Start::default() }.ready().await;
    for token in stage.tokens().iter().skip(1) {
        let answer = client().get(gateway.url("/a")).bearer_auth(token).send().await.expect("an answer");
        let head = format!("{:?}", answer.headers());
        let said = head + &answer.text().await.expect("a body");
        assert!(!said.contains(CANARY) && !said.contains(token.as_str()), "{said}");
        assert!(!said.contains("corp") && !said.contains("alice"), "{said}");
    }
}
