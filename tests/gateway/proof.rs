//! Tokens that are bound to a key: what a caller gets with a proof, with a bad one, and without.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::scripted::Scripted;
use testkit::{Gateway, Issuer, Key, Prover, Start, Upstream, client, eventually, portcullis_with, raw};

/// The reasons that this suite gives.
pub(crate) const REASONS: [&str; 9] = [
    "proof_missing",
    "proof_malformed",
    "proof_mismatch",
    "proof_stale",
    "proof_replayed",
    "nonce_required",
    "proof_memory_full",
    "certificate_missing",
    // By `client_certificates/bound.rs`.
    "certificate_mismatch",
];

const SOON: Duration = Duration::from_secs(10);

struct Stage {
    gateway: Gateway,
    issuer: Issuer,
    key: Key,
    upstream: Upstream,
    prover: Prover,
}

/// An answer, as far as this suite looks at it.
#[derive(Debug)]
struct Answer {
    status: u16,
    reason: String,
    challenges: Vec<String>,
    nonce: Option<String>,
    binding: Value,
}

impl Stage {
    async fn start() -> Self {
        Self::with("", |_| {}).await
    }

    async fn with(server: &str, change: impl FnOnce(&mut Value)) -> Self {
        let key = Key::new("ES256", "k1");
        let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
        let body = body(&issuer, &upstream.url(), change);
        let gateway = Start { body: &body, server, ..Start::default() }.ready().await;
        Self { gateway, issuer, key, upstream, prover: Prover::new() }
    }

    /// A token with this `cnf`.
    fn token(&self, cnf: &Value) -> String {
        let mut claims = self.issuer.claims("x");
        if !cnf.is_null() {
            claims["cnf"] = cnf.clone();
        }
        self.key.token(&self.key.header("ES256"), &claims)
    }

    fn bound(&self) -> String {
        self.token(&self.prover.cnf())
    }

    fn proof(&self, path: &str, token: &str) -> String {
        self.prover.proof("GET", &self.gateway.url(path), token)
    }

    async fn ask(&self, path: &str, authorization: &str, proofs: &[&str]) -> Answer {
        let mut request = client().get(self.gateway.url(path));
        if !authorization.is_empty() {
            request = request.header("authorization", authorization);
        }
        for proof in proofs {
            request = request.header("dpop", *proof);
        }
        self.answer(request).await
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Answer {
        let answer = request.send().await.expect("an answer");
        let text = |name: &str| -> Vec<String> {
            let all = answer.headers().get_all(name).iter();
            all.map(|value| value.to_str().expect("text").to_owned()).collect()
        };
        let id = text("x-request-id").remove(0);
        let (status, challenges, nonces) =
            (answer.status().as_u16(), text("www-authenticate"), text("dpop-nonce"));
        assert!(nonces.len() <= 1, "{nonces:?}");
        let line = self.gateway.logged(&id).await;
        let reason = line["auth"]["reason"].as_str().expect("a reason").to_owned();
        let binding = line["auth"]["binding"].clone();
        Answer { status, reason, challenges, nonce: nonces.into_iter().next(), binding }
    }

    async fn with_proof(&self, path: &str, token: &str) -> Answer {
        self.ask(path, &format!("DPoP {token}"), &[&self.proof(path, token)]).await
    }
}

fn body(issuer: &Issuer, upstream: &str, change: impl FnOnce(&mut Value)) -> String {
    let agent = |path: &str, constraint: Value, more: Value| {
        let mut oauth = json!({"identity_providers": ["corp"], "audiences": ["x"]});
        if !constraint.is_null() {
            oauth["sender_constraint"] = constraint;
        }
        let mut agent = json!({"route": path, "upstream": upstream, "auth": {"oauth": oauth}});
        agent.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        agent
    };
    let optional = || json!({"dpop": "optional"});
    let mut all = json!({
        "identity_providers": {"corp": {"issuer": issuer.url}},
        "agents": {
            "off": agent("/off", json!(null), json!({})),
            "opt": agent("/opt", optional(), json!({})),
            "req": agent("/req", json!({"dpop": "required"}), json!({})),
            "either": agent("/either", json!({"any_of": ["dpop", "mtls"]}), json!({})),
            "cert": agent("/cert", json!({"mtls": "optional"}), json!({})),
            "nonce": agent("/nonce", json!({"dpop": "required", "nonce": {"mode": "required", "age": "1h"}}), json!({})),
            "turn": agent("/turn", json!({"dpop": "optional", "nonce": {"mode": "required", "age": "6s"}}), json!({})),
            "guarded": agent("/guarded", json!({"dpop": "required", "nonce": {"mode": "required", "age": "1h"}}),
                json!({"limits": [{"name": "guesses", "per": "address", "scope": "agent", "rate": "1/1h", "count": "failed"}]})),
            "small": agent("/small", json!({"dpop": "optional", "replay_entries": 16}), json!({})),
            "strip": agent("/strip", optional(), json!({"route": {"path": "/strip", "strip_path": true}})),
            "shadow": agent("/shadow", optional(), json!({"enforcement": "shadow"})),
            "pages": agent("/pages", optional(), json!({"cors": {"allowed_origins": ["https://app.example"]}})),
            "given": agent("/given", optional(), json!({})),
            "ruled": agent("/ruled", optional(), json!({})),
            "open": {"route": "/open", "upstream": upstream, "auth": "public"},
        },
    });
    all["agents"]["given"]["auth"]["oauth"]["forward_token"] = true.into();
    all["agents"]["ruled"]["auth"]["oauth"]["scopes"] = json!({"all_of": ["none:such"]});
    change(&mut all);
    let members = all.as_object().expect("an object");
    members.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
}

#[tokio::test]
async fn a_token_opens_an_agent_with_what_it_is_bound_to_and_not_without() {
    let s = Stage::start().await;
    let (bare, bound) = (s.token(&Value::Null), s.bound());
    let certificate = s.token(&json!({"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}));
    let thief = Prover::new();
    let stale = json!({"iat": testkit::now() - 310});
    for (agent, scheme, token, proof, status, reason) in [
        ("off", "Bearer", &bare, "", 200, "ok"),
        ("off", "Bearer", &bound, "good", 401, "binding_required"),
        ("off", "DPoP", &bound, "good", 401, "token_missing"),
        ("opt", "Bearer", &bare, "", 200, "ok"),
        ("opt", "Bearer", &bare, "good", 200, "ok"),
        ("opt", "Bearer", &bare, "x", 200, "ok"),
        ("opt", "Bearer", &bare, "two", 400, "multiple_tokens"),
        ("opt", "Bearer", &bare, "joined", 400, "multiple_tokens"),
        ("opt", "DPoP", &bare, "good", 401, "binding_required"),
        ("opt", "Bearer", &bound, "good", 401, "binding_required"),
        ("opt", "Bearer", &bound, "", 401, "binding_required"),
        ("opt", "DPoP", &bound, "good", 200, "ok"),
        ("opt", "dpop", &bound, "good", 200, "ok"),
        ("opt", "DPoP", &bound, "", 401, "proof_missing"),
        ("opt", "DPoP", &bound, "two", 400, "multiple_tokens"),
        ("opt", "DPoP", &bound, "x", 401, "proof_malformed"),
        ("opt", "DPoP", &bound, "thief", 401, "proof_mismatch"),
        ("opt", "DPoP", &bound, "elsewhere", 401, "proof_mismatch"),
        ("opt", "DPoP", &bound, "post", 401, "proof_mismatch"),
        ("opt", "DPoP", &bound, "other token", 401, "proof_mismatch"),
        ("opt", "DPoP", &bound, "stale", 401, "proof_stale"),
        ("opt", "Bearer", &certificate, "", 401, "binding_required"),
        ("req", "Bearer", &bare, "", 401, "binding_required"),
        ("req", "DPoP", &bound, "good", 200, "ok"),
        ("either", "Bearer", &bare, "", 401, "binding_required"),
        ("either", "DPoP", &bound, "good", 200, "ok"),
        ("either", "Bearer", &certificate, "", 401, "certificate_missing"),
        ("cert", "Bearer", &bare, "", 200, "ok"),
        ("cert", "Bearer", &bound, "good", 401, "binding_required"),
        ("cert", "Bearer", &certificate, "", 401, "certificate_missing"),
        ("nonce", "DPoP", &bound, "good", 401, "nonce_required"),
        ("shadow", "Bearer", &bound, "", 200, "binding_required"),
        ("ruled", "DPoP", &bound, "good", 403, "scope_missing"),
        ("ruled", "DPoP", &bound, "", 401, "proof_missing"),
    ] {
        let (path, url) = (format!("/{agent}"), s.gateway.url(&format!("/{agent}")));
        let good = s.proof(&path, token);
        let proofs = match proof {
            "" => Vec::new(),
            "good" => vec![good],
            "two" => vec![good, s.proof(&path, token)],
            "joined" => vec![format!("{good}, {}", s.proof(&path, token))],
            "thief" => vec![thief.proof("GET", &url, token)],
            "elsewhere" => vec![s.prover.proof("GET", &format!("{url}/x"), token)],
            "post" => vec![s.prover.proof("POST", &url, token)],
            "other token" => vec![s.proof(&path, &bare)],
            "stale" => vec![s.prover.proof_with("GET", &url, token, stale.clone())],
            text => vec![text.to_owned()],
        };
        let proofs: Vec<&str> = proofs.iter().map(String::as_str).collect();
        let answer = s.ask(&path, &format!("{scheme} {token}"), &proofs).await;
        assert_eq!(
            (answer.status, &*answer.reason),
            (status, reason),
            "{agent} {scheme} {proof}: {answer:?}"
        );
        assert_eq!(answer.nonce.is_some(), reason == "nonce_required", "{agent} {proof}");
    }
    let both = format!("DPoP {bound}, Bearer {bound}");
    assert_eq!(s.ask("/opt", &both, &[&s.proof("/opt", &bound)]).await.reason, "multiple_tokens");
}

#[tokio::test]
async fn challenges_name_each_scheme_on_a_line_of_its_own() {
    let s = Stage::start().await;
    let bound = s.bound();
    let algs = "algs=\"RS256 PS256 ES256 ES384 EdDSA\"";
    for (agent, authorization, bearer, dpop) in [
        ("off", String::new(), Some(""), None),
        ("cert", String::new(), Some(""), None),
        ("opt", String::new(), Some(""), Some("")),
        ("req", String::new(), None, Some("")),
        ("either", String::new(), Some(""), Some("")),
        (
            "opt",
            format!("Bearer {bound}"),
            Some(", error=\"invalid_token\""),
            Some(", error=\"invalid_token\""),
        ),
        ("req", format!("Bearer {bound}"), None, Some(", error=\"invalid_token\"")),
        ("opt", format!("DPoP {bound}"), Some(""), Some(", error=\"invalid_dpop_proof\"")),
        ("req", format!("DPoP {bound}"), None, Some(", error=\"invalid_dpop_proof\"")),
    ] {
        let answer = s.ask(&format!("/{agent}"), &authorization, &[]).await;
        let metadata = s.gateway.url(&format!("/.well-known/oauth-protected-resource/{agent}"));
        let bearer =
            bearer.map(|error| format!("Bearer realm=\"{agent}\"{error}, resource_metadata=\"{metadata}\""));
        let dpop = dpop
            .map(|error| format!("DPoP realm=\"{agent}\"{error}, {algs}, resource_metadata=\"{metadata}\""));
        let wanted: Vec<String> = bearer.into_iter().chain(dpop).collect();
        assert_eq!(answer.challenges, wanted, "{agent}");
    }
    let answer = s.with_proof("/nonce", &bound).await;
    let error =
        "error=\"use_dpop_nonce\", error_description=\"Resource server requires nonce in DPoP proof\", algs=";
    assert!(
        answer.challenges[0].starts_with("DPoP realm=\"nonce\", ") && answer.challenges[0].contains(error)
    );
}

#[tokio::test]
async fn of_32_equal_proofs_at_the_same_time_one_passes_and_a_refused_request_uses_its_own_up() {
    let s = Stage::start().await;
    let bound = s.bound();
    assert_eq!(s.with_proof("/opt", &bound).await.status, 200);
    let proof = s.proof("/opt", &bound);
    let sent = (0..32).map(|_| {
        let request = client().get(s.gateway.url("/opt"));
        request.header("authorization", format!("DPoP {bound}")).header("dpop", &proof).send()
    });
    let answers = futures::future::join_all(sent).await;
    let passed = answers.into_iter().filter(|answer| answer.as_ref().is_ok_and(|a| a.status() == 200));
    assert_eq!(passed.count(), 1);
    for (path, status, first) in [("/ruled", 403, "scope_missing"), ("/shadow", 200, "ok")] {
        let proof = s.proof(path, &bound);
        for (reason, status) in [(first, status), ("proof_replayed", if status == 200 { 200 } else { 401 })] {
            let answer = s.ask(path, &format!("DPoP {bound}"), &[&proof]).await;
            assert_eq!((answer.status, &*answer.reason), (status, reason), "{path}");
        }
    }
    let entries = s.gateway.metric("portcullis_dpop_replay_entries", &["agent=\"opt\""]).await;
    assert!((entries - 2.0).abs() < 0.5, "{entries}");
}

#[tokio::test]
async fn a_nonce_is_asked_for_once_and_the_next_one_comes_in_time() {
    let s = Stage::start().await;
    let bound = s.bound();
    let with = async |path: &str, nonce: &str| {
        let members = json!({"nonce": nonce, "iat": 1});
        let proof = s.prover.proof_with("GET", &s.gateway.url(path), &bound, members);
        s.ask(path, &format!("DPoP {bound}"), &[&proof]).await
    };
    let nonce = s.with_proof("/nonce", &bound).await.nonce.expect("a nonce");
    for _ in 0..3 {
        let answer = with("/nonce", &nonce).await;
        assert_eq!((answer.status, answer.nonce), (200, None));
    }
    assert_eq!(with("/nonce", &format!("{nonce}A")).await.reason, "nonce_required");
    // A period of three seconds: the next nonce is in an answer before the first one is over.
    let nonce = s.with_proof("/turn", &bound).await.nonce.expect("a nonce");
    let next = eventually("the next nonce comes", SOON, async || {
        let answer = with("/turn", &nonce).await;
        assert_eq!(answer.status, 200);
        answer.nonce
    })
    .await;
    assert_ne!(next, nonce);
    assert_eq!(with("/turn", &next).await.status, 200);
}

#[tokio::test]
async fn who_is_asked_for_a_nonce_has_not_failed() {
    let s = Stage::start().await;
    let bound = s.bound();
    let mut nonce = None;
    for _ in 0..3 {
        let asked = s.with_proof("/guarded", &bound).await;
        assert_eq!((asked.status, &*asked.reason), (401, "nonce_required"));
        nonce = asked.nonce;
    }
    let members = json!({"nonce": nonce});
    let proof = s.prover.proof_with("GET", &s.gateway.url("/guarded"), &bound, members);
    assert_eq!(s.ask("/guarded", &format!("DPoP {bound}"), &[&proof]).await.status, 200);
    for status in [401, 429] {
        let guess = client().get(s.gateway.url("/guarded")).bearer_auth("guess").send().await;
        assert_eq!(guess.expect("an answer").status(), status, "a guess is counted");
    }
}

#[tokio::test]
async fn without_room_a_nonce_of_now_is_asked_for_and_then_nothing_more_is_taken() {
    let s = Stage::start().await;
    let bound = s.bound();
    assert_eq!(s.with_proof("/small", &bound).await.status, 200);
    let again = s.with_proof("/small", &bound).await;
    assert_eq!((again.status, &*again.reason), (401, "nonce_required"));
    // Within one half minute, however the clock stands when this begins.
    eventually("its place in the reserve is used", SOON, async || {
        let nonce = s.with_proof("/small", &bound).await.nonce.expect("a nonce");
        let mut reasons = Vec::new();
        for _ in 0..2 {
            let members = json!({"nonce": nonce});
            let proof = s.prover.proof_with("GET", &s.gateway.url("/small"), &bound, members);
            let answer = s.ask("/small", &format!("DPoP {bound}"), &[&proof]).await;
            reasons.push((answer.status, answer.reason));
        }
        (reasons[1] == (503, "proof_memory_full".to_owned())).then_some(())
    })
    .await;
    let other = Prover::new();
    let token = s.token(&other.cnf());
    let proof = other.proof("GET", &s.gateway.url("/small"), &token);
    assert_eq!(s.ask("/small", &format!("DPoP {token}"), &[&proof]).await.status, 200, "others have room");
}

#[tokio::test]
async fn the_url_is_the_one_that_the_client_knows() {
    let trusting = Stage::with("  trusted_proxies: [127.0.0.0/8]\n", |_| {}).await;
    let public = Stage::with("  public_url: https://gate.example/gw\n", |all| {
        all["agents"]["opt"]["public_url"] = "https://own.example".into();
    })
    .await;
    let port = trusting.gateway.port;
    let forwarded: &[_] = &[("x-forwarded-proto", "https"), ("x-forwarded-host", "Pay.Example:443")];
    for (stage, path, fields, htu, status) in [
        (&trusting, "/opt/a%7Eb?c=d", &[] as &[_], format!("http://127.0.0.1:{port}/opt/a~b?e"), 200),
        (&trusting, "/opt/x", forwarded, "https://pay.example/opt/x".to_owned(), 200),
        (&trusting, "/opt/x", forwarded, format!("http://127.0.0.1:{port}/opt/x"), 401),
        (&trusting, "/strip/x", &[], format!("http://127.0.0.1:{port}/strip/x"), 200),
        (&trusting, "/strip/x", &[], format!("http://127.0.0.1:{port}/x"), 401),
        (&trusting, "/opt/x", &[], format!("ws://127.0.0.1:{port}/opt/x"), 200),
        (&trusting, "/opt/x", &[], format!("http://127.0.0.1:{port}/opt/x/"), 401),
        (&public, "/req/x", &[], "https://gate.example/gw/req/x".to_owned(), 200),
        (&public, "/req/x", &[], "https://gate.example/req/x".to_owned(), 401),
        (&public, "/req/x", forwarded, "https://pay.example/req/x".to_owned(), 401),
        (&public, "/opt/x", &[], "https://own.example/opt/x".to_owned(), 200),
    ] {
        let token = stage.bound();
        let proof = stage.prover.proof("GET", &htu, &token);
        let mut request = client().get(stage.gateway.url(path));
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let request = request.header("authorization", format!("DPoP {token}")).header("dpop", proof);
        let answer = stage.answer(request).await;
        assert_eq!(answer.status, status, "{path} {htu}: {answer:?}");
    }
}

#[tokio::test]
async fn a_proof_goes_where_its_token_goes() {
    let s = Stage::start().await;
    let bound = s.bound();
    for (path, authorization, goes) in [
        ("/opt", format!("DPoP {bound}"), false),
        ("/given", format!("DPoP {bound}"), true),
        ("/off", format!("Bearer {}", s.token(&Value::Null)), false),
        ("/open", "DPoP x".to_owned(), true),
    ] {
        let proof = s.proof(path, &bound);
        assert_eq!(s.ask(path, &authorization, &[&proof]).await.status, 200, "{path}");
        let seen = s.upstream.last();
        assert_eq!(seen.all("dpop"), if goes { vec![&*proof] } else { Vec::new() }, "{path}");
        assert_eq!(seen.field("authorization").is_some(), goes, "{path}");
    }
}

#[tokio::test]
async fn what_an_agent_says_of_nonces_stays_with_it() {
    let agent = Scripted::start(|mut peer| async move {
        loop {
            peer.head().await?;
            peer.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nDPoP-Nonce: theirs\r\n\r\n").await?;
        }
    })
    .await;
    let s = Stage::with("", |all| {
        for name in ["opt", "off"] {
            all["agents"][name]["upstream"] = agent.url().into();
        }
    })
    .await;
    let bare = format!("Bearer {}", s.token(&Value::Null));
    assert_eq!(s.ask("/opt", &bare, &[]).await.nonce, None);
    assert_eq!(s.ask("/off", &bare, &[]).await.nonce.as_deref(), Some("theirs"));
}

#[tokio::test]
async fn clients_are_told_in_the_metadata_and_pages_may_send_proofs() {
    let s = Stage::start().await;
    let algorithms = json!(["RS256", "PS256", "ES256", "ES384", "EdDSA"]);
    for (agent, algorithms, required, certificates) in [
        ("off", json!(null), json!(null), json!(null)),
        ("opt", algorithms.clone(), json!(null), json!(null)),
        ("req", algorithms.clone(), json!(true), json!(null)),
        ("cert", json!(null), json!(null), json!(true)),
        ("either", algorithms.clone(), json!(null), json!(true)),
    ] {
        let url = s.gateway.url(&format!("/.well-known/oauth-protected-resource/{agent}"));
        let text = client().get(url).send().await.expect("an answer").text().await.expect("text");
        let document: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(document["dpop_signing_alg_values_supported"], algorithms, "{agent}");
        assert_eq!(document["dpop_bound_access_tokens_required"], required, "{agent}");
        assert_eq!(document["tls_client_certificate_bound_access_tokens"], certificates, "{agent}");
    }
    let lines = ["Origin: https://app.example", "Access-Control-Request-Method: GET"];
    let head =
        format!("OPTIONS /pages HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{}\r\n\r\n", lines.join("\r\n"));
    let preflight = raw::exchange(s.gateway.port, head.as_bytes(), SOON).await.to_ascii_lowercase();
    assert!(
        preflight.contains("access-control-allow-headers: authorization, content-type, dpop\r\n"),
        "{preflight}"
    );
    let answer = raw::get(s.gateway.port, "/pages", &lines[..1]).await.to_ascii_lowercase();
    assert!(answer.contains("access-control-expose-headers: dpop-nonce, www-authenticate\r\n"), "{answer}");
}

#[tokio::test]
async fn what_tokens_are_bound_to_is_counted_and_logged_and_a_reload_forgets_no_proof() {
    let s = Stage::start().await;
    let (bare, bound) = (s.token(&Value::Null), s.bound());
    for (authorization, binding) in [(format!("Bearer {bare}"), "none"), (format!("DPoP {bound}"), "dpop")] {
        let answer = s.ask("/opt", &authorization, &[&s.proof("/opt", &bound)]).await;
        assert_eq!((answer.status, answer.binding), (200, json!(binding)));
        let labels = ["agent=\"opt\"", &format!("binding=\"{binding}\"")];
        let counted = s.gateway.metric("portcullis_token_binding_total", &labels).await;
        assert!((counted - 1.0).abs() < 0.5, "{binding}: {counted}");
    }
    assert_eq!(s.ask("/off", &format!("Bearer {bare}"), &[]).await.binding, Value::Null);
    let proof = s.proof("/opt", &bound);
    assert_eq!(s.ask("/opt", &format!("DPoP {bound}"), &[&proof]).await.status, 200);
    s.gateway.write_body(&body(&s.issuer, &s.upstream.url(), |all| {
        all["agents"]["opt"]["auth"]["oauth"]["sender_constraint"] =
            json!({"dpop": "required", "max_age": "4m", "replay_entries": 5000});
    }));
    eventually("the change is live", SOON, async || {
        (s.ask("/opt", &format!("Bearer {bare}"), &[]).await.status == 401).then_some(())
    })
    .await;
    let answer = s.ask("/opt", &format!("DPoP {bound}"), &[&proof]).await;
    assert_eq!((answer.status, &*answer.reason), (401, "proof_replayed"));
}

#[tokio::test]
async fn explain_shows_both_urls_and_uses_no_proof_up() {
    let s = Stage::start().await;
    let bound = s.bound();
    let proof = s.proof("/opt", &bound);
    let config = s.gateway.config();
    let explained = async |url: &str| {
        let field = format!("DPoP: {proof}");
        let args = [
            "explain",
            "-c",
            config.to_str().expect("a path"),
            "--agent",
            "opt",
            "--token-file",
            "-",
            "-H",
            &field,
            "--json",
            "GET",
            url,
        ];
        let ran = portcullis_with(s.gateway.folder.path(), &args, &bound, &[]).await;
        serde_json::from_str::<Value>(&ran.out).unwrap_or_else(|e| panic!("{e}: {ran:?}"))
    };
    let good = explained(&s.gateway.url("/opt")).await;
    assert_eq!(good["reason"], "ok", "{good}");
    let other = explained(&s.gateway.url("/opt/other")).await;
    let checks = other["checks"].as_array().expect("checks");
    let url = checks.iter().find(|check| check["check"] == "proof_url").expect("the check of the URL");
    assert_eq!((&other["reason"], &url["ok"]), (&json!("proof_mismatch"), &json!(false)));
    assert_eq!(url["seen"], format!("htu: {}", s.gateway.url("/opt")));
    assert_eq!(url["wanted"], s.gateway.url("/opt/other"));
    let nowhere = explained("/opt").await;
    let fix = nowhere["checks"].as_array().and_then(|checks| checks.last()?["fix"].as_str()).expect("a fix");
    assert!(fix.contains("-H 'Host: HOST'"), "{nowhere}");
    assert_eq!(s.ask("/opt", &format!("DPoP {bound}"), &[&proof]).await.status, 200);
}
