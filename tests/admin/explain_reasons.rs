//! Each reason that a credential, a proof, a certificate or a message can be refused for has its place in `/api/v1/explain`: the check
//! that failed, what it expected, and the nearest fix. And when a stream would end is said there, too.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};
use testkit::api::If;
use testkit::scripted::Scripted;
use testkit::token::{encode, with};
use testkit::{Key, Prover, Start, now};

use super::world::{World, provider};

const ISSUER: &str = "https://corp.example";
const PUBLIC: &str = "https://gate.test";

/// Reasons that no credential, proof or message of a question has: where their place is instead.
const ELSEWHERE: [(&str, &str); 11] = [
    ("ok", "every check passed"),
    ("no_route", "the question names the agent; a note of the command line, and refused requests"),
    ("origin_denied", "the question comes from no page; refused requests"),
    ("rate_limited", "`limits`, with what is left of each"),
    ("concurrency_limited", "`limits`"),
    ("quota_spent", "`limits`"),
    ("limits_unavailable", "refused requests"),
    ("proof_memory_full", "a memory that is full when the request comes; refused requests"),
    ("keys_unavailable", "tests/gateway/explain.rs, since it needs a provider that answers nothing"),
    ("api_key_expired", "the check `api_key_expiry`; it needs a key that has been there for long"),
    ("api_key_revoked", "the check `api_key_revoked`; tests/e2e/console.mjs, which revokes one"),
];

struct Stage {
    world: World,
    key: Key,
    prover: Prover,
    certificate: rcgen::Certificate,
    _asked: [Scripted; 2],
}

/// A question, and the reason and the failed check of its answer.
type Row = (Value, &'static str, &'static str);

impl Stage {
    async fn start() -> Self {
        let (key, prover) = (Key::new("ES256", "k1"), Prover::new());
        let asked = [answering(r#"{"active":false}"#).await, answering("no JSON").await];
        let made = rcgen::generate_simple_self_signed(vec!["client.test".to_owned()]).expect("a certificate");
        let [inactive, broken] = [asked[0].url(), asked[1].url()];
        let files = [("client.secret", "s3cr3t-of-the-gateway")];
        let start = Start { files: &files, server: "  state_dir: state\n", ..Start::default() };
        let world = World::of(start, |upstream| {
            let (agents, providers) = (agents(&upstream.url()), providers(&key, &inactive, &broken));
            format!("identity_providers: {providers}\nagents: {agents}\n")
        })
        .await;
        Self { world, key, prover, certificate: made.cert, _asked: asked }
    }

    /// A token with other members in its claims; null takes one away.
    fn token(&self, members: Value) -> String {
        self.key.token(&self.key.header("ES256"), &with(claims(), members))
    }

    /// One that is bound to the key of the prover, and a question with this proof of it.
    fn proven(&self, agent: &str, members: Value) -> Value {
        let token = self.token(json!({"cnf": self.prover.cnf()}));
        let proof = self.prover.proof_with("GET", &format!("{PUBLIC}/{agent}"), &token, members);
        json!({"agent": agent, "credential": token, "path": format!("/{agent}"), "headers": [["DPoP", proof]]})
    }

    /// One that is bound to the certificate, with this one in its place.
    fn certified(&self, pem: Option<String>) -> Value {
        let thumbprint = encode(digest(&SHA256, self.certificate.der()));
        let token = self.token(json!({"cnf": {"x5t#S256": thumbprint}}));
        json!({"agent": "mtls", "credential": token, "client_certificate": pem})
    }

    async fn explain(&self, asked: &Value) -> Value {
        self.world.api.post("/explain", If::Unsaid, asked).await.is(200).json()
    }

    fn of_tokens(&self) -> Vec<Row> {
        let header = |members: Value| self.key.token(&with(self.key.header("ES256"), members), &claims());
        let forger = Key::new("ES256", "k1");
        let of = |agent: &str, token: String| json!({"agent": agent, "credential": token});
        let changed = |agent: &str, members: Value| of(agent, self.token(members));
        vec![
            (json!({"agent": "plain"}), "token_missing", "credential"),
            (
                json!({"agent": "plain", "headers": [["Authorization", "Bearer a"], ["Authorization", "Bearer b"]]}),
                "multiple_tokens",
                "credential",
            ),
            (of("plain", "a.b".to_owned()), "token_malformed", "format"),
            (of("plain", "a".repeat(20_000)), "token_too_large", "size"),
            (of("plain", header(json!({"alg": "none"}))), "alg_not_allowed", "algorithm"),
            (of("plain", header(json!({"typ": "dpop+jwt"}))), "typ_mismatch", "type"),
            (changed("plain", json!({"iss": "https://i.test"})), "issuer_unknown", "issuer"),
            (changed("plain", json!({"iss": "https://e.test"})), "issuer_not_allowed", "issuer"),
            (changed("plain", json!({"exp": null})), "exp_missing", "expiry"),
            (changed("plain", json!({"exp": 1000})), "token_expired", "expiry"),
            (changed("plain", json!({"nbf": now() + 9000})), "not_yet_valid", "not_before"),
            (changed("short", json!({})), "lifetime_too_long", "lifetime"),
            (changed("plain", json!({"aud": "y"})), "audience_mismatch", "audience"),
            (changed("plain", json!({"cnf": {"jkt": "x"}})), "binding_required", "binding"),
            (of("plain", header(json!({"kid": "other"}))), "key_unknown", "key"),
            (of("plain", forger.signed(&claims())), "signature_invalid", "signature"),
            (changed("plain", json!({"sub": "denied"})), "revoked", "denial"),
            (changed("scoped", json!({})), "scope_missing", "scopes"),
            (changed("claiming", json!({})), "claim_mismatch", "claim"),
            (changed("profiled", json!({})), "profile_mismatch", "profile"),
            (changed("clients", json!({"client_id": "other"})), "client_not_allowed", "client"),
            (changed("actors", json!({"act": {"sub": "other"}})), "actor_not_allowed", "actor"),
            (changed("stepped", json!({"acr": "low", "auth_time": now()})), "acr_insufficient", "acr"),
            (changed("stepped", json!({"acr": "gold", "auth_time": 1000})), "auth_too_old", "auth_age"),
            (
                json!({"agent": "asked", "credential": "opaque", "live": true}),
                "token_inactive",
                "introspection",
            ),
            (
                json!({"agent": "unheard", "credential": "opaque", "live": true}),
                "introspection_unavailable",
                "introspection",
            ),
        ]
    }

    fn of_bindings(&self) -> Vec<Row> {
        let with_proof = |members: Value| self.proven("bound", members);
        let without = |mut asked: Value| {
            let token = asked["credential"].take();
            let scheme = format!("DPoP {}", token.as_str().expect("a token"));
            json!({"agent": "bound", "headers": [["Authorization", scheme]]})
        };
        let stranger = rcgen::generate_simple_self_signed(vec!["b.test".to_owned()]).expect("a certificate");
        vec![
            (without(with_proof(json!({}))), "proof_missing", "proof"),
            (with_proof(json!({"jti": null})), "proof_malformed", "proof"),
            (with_proof(json!({"htm": "PUT"})), "proof_mismatch", "proof_method"),
            (with_proof(json!({"htu": "https://other.test/bound"})), "proof_mismatch", "proof_url"),
            (with_proof(json!({"ath": encode([0_u8; 32])})), "proof_mismatch", "proof_token"),
            (with_proof(json!({"iat": 1000})), "proof_stale", "proof_fresh"),
            (self.proven("nonces", json!({})), "nonce_required", "proof_fresh"),
            (self.certified(None), "certificate_missing", "certificate"),
            (self.certified(Some(stranger.cert.pem())), "certificate_mismatch", "certificate"),
        ]
    }

    fn of_messages(&self) -> Vec<Row> {
        let message = |agent: &str, message: Value| json!({"agent": agent, "message": message.to_string()});
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "x"}});
        let push = json!({"jsonrpc": "2.0", "id": 1, "method": "CreateTaskPushNotificationConfig",
            "params": {"taskId": "1", "url": "https://elsewhere.test/"}});
        vec![
            (message("m", call.clone()), "operation_denied", "operation"),
            (message("m", json!([call])), "mcp_batch", "message"),
            (message("m", json!({"method": 1})), "mcp_body", "message"),
            (
                with(
                    message("m", call),
                    json!({"headers": [["MCP-Protocol-Version", "2026-07-28"], ["Mcp-Method", "ping"]]}),
                ),
                "mcp_header_mismatch",
                "message",
            ),
            (message("t", push), "push_denied", "message"),
            (
                json!({"agent": "m", "headers": [["Mcp-Session-Id", "somebody-elses"]]}),
                "session_foreign",
                "session",
            ),
        ]
    }
}

async fn answering(body: &'static str) -> Scripted {
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

fn claims() -> Value {
    json!({"iss": ISSUER, "sub": "ann", "aud": "x", "iat": now(), "exp": now() + 300, "client_id": "app"})
}

fn providers(key: &Key, inactive: &str, broken: &str) -> Value {
    let asked = |name: &str, endpoint: &str| {
        json!({"issuer": format!("https://{name}.test"), "jwks_uri": "http://127.0.0.1:9/jwks",
            "introspection": {"endpoint": endpoint, "auth": {"client_id": "gateway", "secret_file": "client.secret"}}})
    };
    json!({"corp": provider(ISSUER, &[key]), "e": asked("e", inactive), "f": asked("f", broken)})
}

fn agents(upstream: &str) -> Value {
    let of = |name: &str, provider: &str, more: Value, rest: Value| {
        let oauth = with(json!({"identity_providers": [provider], "audiences": ["x"]}), more);
        let agent = json!({"route": format!("/{name}"), "upstream": upstream, "public_url": PUBLIC, "auth": {"oauth": oauth}});
        (name.to_owned(), with(agent, rest))
    };
    let corp = |name: &str, more: Value| of(name, "corp", more, json!({}));
    let open = |name: &str, rest: Value| of(name, "corp", json!({}), with(rest, json!({"auth": "public"})));
    let rules = json!({"unlisted": "deny", "methods": {"ping": "allow"}});
    let all = [
        corp("plain", json!({})),
        of("asked", "e", json!({}), json!({})),
        of("unheard", "f", json!({}), json!({})),
        corp("short", json!({"max_token_lifetime": "1m"})),
        corp("scoped", json!({"scopes": {"any_of": ["w"]}})),
        corp("claiming", json!({"claims": {"all_of": [{"claim": "tenant", "values": ["a"]}]}})),
        corp("profiled", json!({"require": {"token_profile": "rfc9068"}})),
        corp("clients", json!({"require": {"clients": {"allow": ["good"]}}})),
        corp("actors", json!({"require": {"actor": {"allow": [{"issuer": ISSUER, "sub": "bot"}]}}})),
        corp("stepped", json!({"require": {"acr_values": ["gold"], "max_auth_age": "1m"}})),
        corp("bound", json!({"sender_constraint": {"dpop": "required"}})),
        corp("nonces", json!({"sender_constraint": {"dpop": "required", "nonce": "required"}})),
        corp("mtls", json!({"sender_constraint": {"mtls": "optional"}})),
        open("m", json!({"protocol": "mcp", "mcp": {"rules": rules}})),
        open("t", json!({"protocol": "a2a", "a2a": {"card": "passthrough"}})),
        of("k", "corp", json!({}), json!({"auth": {"api_key": {}}})),
        of("w", "corp", json!({}), json!({"streams": {"grace": "30s"}})),
        of("off", "corp", json!({}), json!({"streams": {"on_expiry": "off"}})),
    ];
    all.into_iter().collect::<serde_json::Map<_, _>>().into()
}

#[tokio::test]
async fn each_reason_has_a_failed_check_with_what_it_expected_and_a_fix() {
    let stage = Stage::start().await;
    let denial = json!({"by": "sub", "value": "denied", "issued_before": "all", "until": "never"});
    stage.world.api.post("/denials", If::Unsaid, &denial).await.is(201);
    let mut rows = stage.of_tokens();
    rows.extend(stage.of_bindings());
    rows.extend(stage.of_messages());
    // A proof that a request has used up.
    let used = stage.proven("bound", json!({}));
    let (token, proof) =
        (used["credential"].as_str().expect("text"), used["headers"][0][1].as_str().expect("text"));
    let headers = [("authorization", format!("DPoP {token}")), ("dpop", proof.to_owned())];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(stage.world.call("/bound", &headers).await.status, 200);
    rows.push((used, "proof_replayed", "proof_replay"));
    let api_key = |key: Value| json!({"agent": "k", "credential": key});
    rows.push((api_key(Value::Null), "api_key_missing", "credential"));
    rows.push((api_key("pck_x".into()), "api_key_invalid", "api_key_format"));
    let mut seen: BTreeSet<&str> = ELSEWHERE.iter().map(|(reason, _)| *reason).collect();
    for (asked, reason, check) in rows {
        let said = stage.explain(&asked).await;
        assert_eq!(said["reason"], reason, "{asked}: {said}");
        let failed: Vec<&Value> =
            said["checks"].as_array().expect("checks").iter().filter(|check| check["ok"] == false).collect();
        let [failed] = failed.as_slice() else { panic!("{reason}: one failed check: {said}") };
        assert_eq!(failed["check"], check, "{said}");
        for member in ["wanted", "fix"] {
            assert!(
                failed[member].as_str().is_some_and(|text| !text.is_empty()),
                "{reason}: {member}: {failed}"
            );
        }
        seen.insert(reason);
    }
    let document = include_str!("../../docs/openapi.json");
    let document: Value = serde_json::from_str(document).expect("JSON");
    let all = document["components"]["schemas"]["Reason"]["enum"].as_array().expect("the reasons");
    let all: BTreeSet<&str> = all.iter().filter_map(Value::as_str).collect();
    assert_eq!(seen, all, "a reason without a place in `explain`");
}

#[tokio::test]
async fn a_certificate_is_shown_by_both_of_its_names_and_its_key_is_refused() {
    let stage = Stage::start().await;
    let said = stage.explain(&stage.certified(Some(stage.certificate.pem()))).await;
    assert_eq!(said["reason"], "ok", "{said}");
    let thumbprint = encode(digest(&SHA256, stage.certificate.der()));
    assert_eq!(said["certificate"]["thumbprint"], thumbprint, "{said}");
    let other = rcgen::generate_simple_self_signed(vec!["b.test".to_owned()]).expect("a certificate");
    let said = stage.explain(&stage.certified(Some(other.cert.pem()))).await;
    let failed = said["checks"].as_array().and_then(|checks| checks.last()).expect("a check");
    let theirs = encode(digest(&SHA256, other.cert.der()));
    let has = |member: &str, text: &str| failed[member].as_str().is_some_and(|said| said.contains(text));
    assert!(has("wanted", &thumbprint) && has("seen", &theirs), "{failed}");
    let key = other.signing_key.serialize_pem();
    let asked = json!({"agent": "mtls", "client_certificate": format!("{}{key}", other.cert.pem())});
    let refused = stage.world.api.post("/explain", If::Unsaid, &asked).await;
    assert_eq!(
        (refused.status, refused.pointers()[0].as_str()),
        (422, "/client_certificate"),
        "{}",
        refused.text
    );
    assert!(!refused.text.contains(key.lines().nth(1).expect("a line")), "{}", refused.text);
}

#[tokio::test]
async fn it_is_said_when_a_stream_would_end_and_by_what() {
    let stage = Stage::start().await;
    let exp = now() + 300;
    let token = || stage.token(json!({"exp": exp}));
    let events = json!([["Accept", "text/event-stream"]]);
    let handshake = json!([
        ["Connection", "Upgrade"],
        ["Upgrade", "websocket"],
        ["Sec-WebSocket-Version", "13"],
        ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
    ]);
    let call = json!([["Content-Type", "application/grpc"]]);
    let asked = |agent: &str, method: &str, headers: &Value| json!({"agent": agent, "credential": token(), "method": method, "headers": headers});
    // The kind, whether the head asks for it, how long after `exp` it ends (the leeway is 30 s), and its close code.
    for (question, kind, is_asked, after, code, words) in [
        (asked("plain", "GET", &events), "sse", true, Some(35), Value::Null, "`: token expired`"),
        (asked("plain", "POST", &events), "sse", false, Some(335), Value::Null, "`finish_within` of 300s"),
        (asked("plain", "POST", &call), "grpc", true, Some(35), Value::Null, "status 16"),
        (asked("w", "GET", &handshake), "websocket", true, Some(60), json!(1008), "close code 1008"),
        (asked("off", "GET", &events), "sse", true, None, Value::Null, "`streams.on_expiry` is off"),
        (
            json!({"agent": "m", "headers": events}),
            "sse",
            true,
            None,
            Value::Null,
            "no credential that could end",
        ),
    ] {
        let said = stage.explain(&question).await;
        let stream = &said["stream"];
        assert_eq!((&stream["kind"], &stream["asked_for"]), (&json!(kind), &json!(is_asked)), "{said}");
        assert_eq!(stream["close_code"], code, "{said}");
        assert!(stream["says"].as_str().is_some_and(|says| says.contains(words)), "{words}: {said}");
        let ends_at =
            stream["ends_at"].as_str().map(|at| at.parse::<jiff::Timestamp>().expect("a time").as_second());
        let wanted = after.map(|after: u64| i64::try_from(exp + after).expect("a time"));
        assert_eq!(ends_at, wanted, "{said}");
    }
    assert_eq!(stage.explain(&asked("plain", "GET", &json!([]))).await.get("stream"), None);
    // Only its leeway is left of it: enough for a request, and for no stream.
    let late = stage.token(json!({"exp": now() - 5}));
    for (headers, reason) in [(&json!([]), "ok"), (&events, "token_expired")] {
        let said = stage.explain(&json!({"agent": "plain", "credential": late, "headers": headers})).await;
        assert_eq!(said["reason"], reason, "{said}");
    }
}
