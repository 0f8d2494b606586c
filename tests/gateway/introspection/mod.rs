//! Opaque tokens: their provider says whether they are active, once for all who ask, and nobody passes without its word.

mod bound;
mod endpoint;
mod faults;
mod streams;
mod told;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::api::{Api, If};
use testkit::{Gateway, Issuer, Key, Start, Upstream, client, eventually, now};

use endpoint::Endpoint;

/// The reasons that this suite gives.
pub(crate) const REASONS: [&str; 2] = ["token_inactive", "introspection_unavailable"];

/// What a request got.
#[derive(Debug, PartialEq)]
struct Got {
    status: u16,
    reason: String,
    retry_after: Option<String>,
    challenge: String,
}

async fn ask(gateway: &Gateway, path: &str, token: &str) -> Got {
    let answer = client().get(gateway.url(path)).bearer_auth(token).send().await.expect("an answer");
    let text = |name: &str| answer.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
    let (retry_after, challenge) = (text("retry-after"), text("www-authenticate").unwrap_or_default());
    let line = gateway.logged(&text("x-request-id").expect("an id")).await;
    let reason = line["auth"]["reason"].as_str().expect("a reason").to_owned();
    Got { status: answer.status().as_u16(), reason, retry_after, challenge }
}

/// The status and the reason alone.
async fn said(gateway: &Gateway, path: &str, token: &str) -> (u16, String) {
    let got = ask(gateway, path, token).await;
    (got.status, got.reason)
}

fn is(status: u16, reason: &str) -> (u16, String) {
    (status, reason.to_owned())
}

struct Stage {
    gateway: Gateway,
    endpoint: Endpoint,
    issuer: Issuer,
    key: Key,
    _upstream: Upstream,
}

impl Stage {
    /// A gateway whose agent `a` takes tokens of a provider that is asked about them; `more` are further members of its
    /// `introspection`.
    async fn start(auth: &str, more: &str) -> Self {
        let key = Key::new("ES256", "k1");
        let (issuer, upstream, endpoint) =
            (Issuer::start(&[&key]).await, Upstream::start().await, Endpoint::start().await);
        let oauth = "oauth: { identity_providers: [corp], audiences: [x], scopes: { all_of: [r] }, claim_headers: { sub: X-Sub } }";
        let body = format!(
            "identity_providers:\n  corp:\n    issuer: \"{issuer}\"\n    introspection:\n      endpoint: \"{endpoint}\"\n      \
             auth: {{ client_id: \"gate way\", {auth} }}\n{more}\
             agents:\n  a: {{ route: {{ path: /a, strip_path: true }}, upstream: \"{url}\", auth: {{ {oauth} }} }}\n  \
             open: {{ route: /open, upstream: \"{url}\", auth: public }}\n",
            issuer = issuer.url,
            endpoint = endpoint.url(),
            url = upstream.url(),
        );
        let files = [("client.secret", "s&cret+1\n")];
        let start =
            Start { body: &body, files: &files, store: Some("store"), admin: Some(""), ..Start::default() };
        Self { gateway: start.ready().await, endpoint, issuer, key, _upstream: upstream }
    }

    async fn said(&self, token: &str) -> (u16, String) {
        said(&self.gateway, "/a", token).await
    }

    fn api(&self) -> Api {
        Api { origin: format!("http://127.0.0.1:{}", self.gateway.admin), token: self.gateway.admin_token() }
    }

    async fn results(&self, result: &str) -> f64 {
        let labels = [r#"provider="corp""#, &format!("result=\"{result}\"")];
        self.gateway.metric("portcullis_introspection_total", &labels).await
    }
}

const BASIC: &str = "secret_file: client.secret";

fn active() -> Value {
    json!({"active": true, "sub": "alice", "aud": "x", "scope": "r", "client_id": "c", "exp": now() + 300})
}

#[tokio::test]
async fn a_provider_is_asked_once_about_a_token_and_its_word_counts_for_a_while() {
    let stage = Stage::start(BASIC, "").await;
    let five = "a.b.c.d.e";
    for token in ["good", five] {
        stage.endpoint.says(token, active());
        for _ in 0..3 {
            assert_eq!(stage.said(token).await, is(200, "ok"), "{token}");
        }
        assert_eq!(stage.endpoint.count(token), 1, "{token}");
    }
    let asked = &stage.endpoint.asked()[0];
    // `gate+way:s%26cret%2B1`
    assert_eq!(asked.authorization.as_deref(), Some("Basic Z2F0ZSt3YXk6cyUyNmNyZXQlMkIx"));
    assert_eq!(asked.form["token_type_hint"], "access_token");
    // Inactive ones are remembered as well.
    for _ in 0..3 {
        let got = ask(&stage.gateway, "/a", "guess").await;
        assert_eq!((got.status, &*got.reason, got.retry_after), (401, "token_inactive", None));
        assert!(got.challenge.contains("error=\"invalid_token\""), "{}", got.challenge);
    }
    assert_eq!(stage.endpoint.count("guess"), 1);
    // The same rules as for a JWT.
    for (token, name, value, wanted) in [
        ("other-audience", "aud", json!("y"), is(401, "audience_mismatch")),
        ("no-scope", "scope", json!("w"), is(403, "scope_missing")),
        ("expired", "exp", json!(now() - 60), is(401, "token_expired")),
        ("foreign", "iss", json!("https://other.example"), is(401, "issuer_not_allowed")),
        ("refresh", "token_type", json!("refresh_token"), is(401, "typ_mismatch")),
    ] {
        let mut answer = active();
        answer[name] = value;
        stage.endpoint.says(token, answer);
        assert_eq!(stage.said(token).await, wanted, "{token}");
        assert_eq!((stage.said(token).await, stage.endpoint.count(token)), (wanted, 1), "{token}");
    }
    // Nobody is asked about a JWT, nor about what is no token.
    let before = stage.endpoint.asked().len();
    let mut claims = stage.issuer.claims("x");
    claims["scope"] = json!("r");
    let jwt = stage.key.token(&stage.key.header("ES256"), &claims);
    assert_eq!(stage.said(&jwt).await, is(200, "ok"));
    assert_eq!(stage.said("no;token").await, is(401, "token_malformed"));
    assert_eq!(stage.endpoint.asked().len(), before);
    let counts = [stage.results("active").await, stage.results("hit").await, stage.results("inactive").await];
    assert_eq!((counts, stage.results("negative_hit").await), ([7.0, 9.0, 1.0], 2.0));
}

#[tokio::test]
async fn who_is_denied_is_refused_although_its_token_is_remembered_as_active() {
    let stage = Stage::start("secret_file: client.secret, method: post", "").await;
    for (token, sub) in [("t1", "alice"), ("t2.with.five.parts.x", "bob"), ("t3", "carol")] {
        let mut answer = active();
        answer["sub"] = json!(sub);
        stage.endpoint.says(token, answer);
        assert_eq!(stage.said(token).await, is(200, "ok"));
    }
    let form = &stage.endpoint.asked()[0].form;
    assert_eq!((&*form["client_id"], &*form["client_secret"]), ("gate way", "s&cret+1"));
    for (by, value) in [("sub", "alice"), ("token_sha256", "t2.with.five.parts.x")] {
        let denial =
            json!({"provider": "corp", "by": by, "value": value, "issued_before": "all", "until": "1h"});
        stage.api().post("/denials", If::Unsaid, &denial).await.is(201);
    }
    for token in ["t1", "t2.with.five.parts.x"] {
        assert_eq!(
            (stage.said(token).await, stage.endpoint.count(token)),
            (is(401, "revoked"), 1),
            "{token}"
        );
    }
    assert_eq!(stage.said("t3").await, is(200, "ok"));
}

#[tokio::test]
async fn a_crowd_with_one_token_is_one_question_and_others_do_not_wait_for_it() {
    let stage = Stage::start(BASIC, "").await;
    stage.endpoint.says("good", active());
    stage.endpoint.hold(true);
    let crowd = if std::env::var_os("PORTCULLIS_LONG").is_some() { 10_000 } else { 200 };
    let url = stage.gateway.url("/a");
    let asks: Vec<_> = (0..crowd)
        .map(|_| {
            let request = client().get(&url).bearer_auth("good");
            tokio::spawn(async move { request.send().await.map_or(0, |answer| answer.status().as_u16()) })
        })
        .collect();
    eventually("they wait", Duration::from_secs(10), async || {
        (stage.results("joined").await >= f64::from(crowd.min(256) - 1)).then_some(())
    })
    .await;
    // Whoever needs no provider is not slowed down.
    let began = Instant::now();
    assert_eq!(said(&stage.gateway, "/open", "anything").await.0, 200);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    stage.endpoint.hold(false);
    let mut passed = 0;
    for ask in asks {
        match ask.await.expect("an end") {
            200 => passed += 1,
            // Whoever finds 256 that wait is told to come again.
            status => assert!(status == 503 && crowd > 256, "{status}"),
        }
    }
    assert!(passed >= crowd.min(256), "{passed}");
    assert_eq!(stage.endpoint.count("good"), 1);
}

#[tokio::test]
async fn who_guesses_tokens_is_refused_unasked() {
    let stage = Stage::start(BASIC, "      max_in_flight: 8\n").await;
    let guesses = (0..21).map(|nth| {
        let guess = client().get(stage.gateway.url("/a")).bearer_auth(format!("guess-{nth}"));
        tokio::spawn(async move { guess.send().await.map_or(0, |answer| answer.status().as_u16()) })
    });
    for guess in guesses.collect::<Vec<_>>() {
        assert_eq!(guess.await.expect("an end"), 401);
    }
    stage.endpoint.hold(true);
    // One of eight places is left for all guessers.
    let first = client().get(stage.gateway.url("/a")).bearer_auth("guess-a");
    let first = tokio::spawn(async move { first.send().await.map_or(0, |answer| answer.status().as_u16()) });
    eventually("it is asked", Duration::from_secs(5), async || {
        (stage.endpoint.count("guess-a") == 1).then_some(())
    })
    .await;
    assert_eq!(stage.said("guess-b").await, is(401, "token_inactive"));
    assert_eq!(stage.endpoint.count("guess-b"), 0);
    stage.endpoint.hold(false);
    assert_eq!(first.await.expect("an end"), 401);
}

#[tokio::test]
async fn a_verified_jwt_is_asked_about_as_well_where_that_is_said_and_the_answer_can_only_refuse() {
    let stage = Stage::start(BASIC, "      tokens: all\n").await;
    let jwt = |jti: &str, scope: &str| {
        let mut claims = stage.issuer.claims("x");
        claims["jti"] = json!(jti);
        claims["scope"] = json!(scope);
        stage.key.token(&stage.key.header("ES256"), &claims)
    };
    let (good, revoked, narrow) = (jwt("1", "r"), jwt("2", "r"), jwt("3", "w"));
    // What the answer grants beyond the token counts for nothing, and what it does not repeat is not missed.
    for token in [&good, &narrow] {
        stage.endpoint.says(token, json!({"active": true, "scope": "r w", "aud": "elsewhere"}));
    }
    for _ in 0..3 {
        assert_eq!(stage.said(&good).await, is(200, "ok"));
        assert_eq!(stage.said(&narrow).await, is(403, "scope_missing"));
        assert_eq!(stage.said(&revoked).await, is(401, "token_inactive"));
    }
    for token in [&good, &narrow, &revoked] {
        assert_eq!(stage.endpoint.count(token), 1);
    }
    // What the provider says that a token is bound to is not lost, where the token itself does not say it.
    let bound = jwt("4", "r");
    stage.endpoint.says(
        &bound,
        json!({"active": true, "cnf": {"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}}),
    );
    assert_eq!(stage.said(&bound).await, is(401, "binding_required"));
    // What is not verified is not handed on.
    let (signed, _) = good.rsplit_once('.').expect("a signature");
    let (_, other) = narrow.rsplit_once('.').expect("a signature");
    let before = stage.endpoint.asked().len();
    assert_eq!(stage.said(&format!("{signed}.{other}")).await, is(401, "signature_invalid"));
    assert_eq!(stage.endpoint.asked().len(), before);
    stage.endpoint.says("opaque", active());
    assert_eq!(stage.said("opaque").await, is(200, "ok"));
}

#[tokio::test]
async fn a_signed_answer_counts_only_from_this_provider_and_for_this_client() {
    let stage = Stage::start(BASIC, "      signed: true\n").await;
    let header = |typ: &str| {
        let mut header = stage.key.header("ES256");
        header["typ"] = json!(typ);
        header
    };
    let envelope =
        || json!({"iss": stage.issuer.url, "aud": "gate way", "iat": now(), "token_introspection": active()});
    let with = |name: &str, value: Value| {
        let mut envelope = envelope();
        envelope[name] = value;
        envelope
    };
    let typ = "token-introspection+jwt";
    let stranger = Key::new("ES256", "k1");
    let unavailable = || is(503, "introspection_unavailable");
    for (token, answer, wanted) in [
        ("good", stage.key.token(&header(typ), &envelope()), is(200, "ok")),
        (
            "inactive",
            stage.key.token(&header(typ), &with("token_introspection", json!({"active": false}))),
            is(401, "token_inactive"),
        ),
        ("type", stage.key.token(&header("JWT"), &envelope()), unavailable()),
        (
            "issuer",
            stage.key.token(&header(typ), &with("iss", json!("https://other.example"))),
            unavailable(),
        ),
        ("good-2", stage.key.token(&header(typ), &envelope()), is(200, "ok")),
        ("audience", stage.key.token(&header(typ), &with("aud", json!("other"))), unavailable()),
        ("future", stage.key.token(&header(typ), &with("iat", json!(now() + 3600))), unavailable()),
        ("good-3", stage.key.token(&header(typ), &envelope()), is(200, "ok")),
        ("flat", stage.key.token(&header(typ), &with("token_introspection", json!(true))), unavailable()),
        ("stranger", stranger.token(&header(typ), &envelope()), unavailable()),
    ] {
        stage.endpoint.says(token, json!(answer));
        assert_eq!(stage.said(token).await, wanted, "{token}");
    }
    stage.endpoint.says("plain", active());
    assert_eq!(stage.said("plain").await, unavailable(), "an answer that is not signed");
    let accepts = stage.endpoint.asked().into_iter().map(|asked| asked.accept).collect::<Vec<_>>();
    assert!(
        accepts.iter().all(|accept| accept.as_deref() == Some("application/token-introspection+jwt")),
        "{accepts:?}"
    );
}

#[tokio::test]
async fn a_client_with_a_key_signs_who_it_is() {
    let pem = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key").serialize_pem();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("client.pem");
    std::fs::write(&path, pem).expect("the key");
    let auth = format!("private_key_jwt: {{ key_file: '{}', alg: ES256 }}", path.display());
    let stage = Stage::start(&auth, "").await;
    stage.endpoint.says("good", active());
    assert_eq!(stage.said("good").await, is(200, "ok"));
    let asked = &stage.endpoint.asked()[0];
    assert_eq!((asked.authorization.as_deref(), asked.form.get("client_secret")), (None, None));
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    assert_eq!((&*asked.form["client_assertion_type"], &*asked.form["client_id"]), (kind, "gate way"));
    let claims = asked.form["client_assertion"].split('.').nth(1).expect("claims").to_owned();
    let claims = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, claims).expect("base64url");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("gate way"), &json!(stage.issuer.url)));
}

#[tokio::test]
async fn explain_asks_the_provider_only_when_it_is_told_to() {
    let stage = Stage::start(BASIC, "").await;
    stage.endpoint.says("good", active());
    let question = |live: bool| json!({"agent": "a", "credential": "good", "live": live});
    let explained =
        async |live| stage.api().post("/explain", If::Unsaid, &question(live)).await.is(200).json();
    let (without, with) = (explained(false).await, explained(true).await);
    assert_eq!((&without["reason"], stage.endpoint.count("good")), (&json!("introspection_unavailable"), 1));
    assert_eq!(with["reason"], json!("ok"));
    let checks = with["checks"].as_array().expect("checks");
    assert!(
        checks.iter().any(|check| check["check"] == "introspection" && check["ok"] == true),
        "{checks:?}"
    );
    // What is known counts without a question.
    assert_eq!((explained(false).await["reason"].clone(), stage.endpoint.count("good")), (json!("ok"), 1));
    let folder = stage.gateway.folder.path();
    let token = folder.join("token");
    std::fs::write(&token, "good").expect("the token");
    let config = stage.gateway.config();
    let args = [
        "explain",
        "-c",
        config.to_str().expect("a path"),
        "--agent",
        "a",
        "--token-file",
        token.to_str().expect("a path"),
    ];
    let quiet = testkit::portcullis(folder, &args).await;
    assert!(
        quiet.out.contains("introspection_unavailable") && stage.endpoint.count("good") == 1,
        "{}",
        quiet.out
    );
    let asking = testkit::portcullis(folder, &[&args[..], &["--live"]].concat()).await;
    assert!(asking.code == Some(0) && stage.endpoint.count("good") == 2, "{} {}", asking.out, asking.err);
    let shown = stage.api().get("/identity-providers/corp").await.is(200).json();
    assert_eq!(shown["status"]["introspection"], json!({"breaker_open": false, "last_error": null}));
}
