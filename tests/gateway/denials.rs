//! Denials: whoever one names is refused from then on, whatever the token cache remembers, and loses what runs; and nobody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::api::{Api, If, Reply};
use testkit::raw::Wire;
use testkit::{Gateway, Issuer, Key, Start, Upstream, client, eventually, now, portcullis, portcullis_with};

/// The reason that this suite gives.
pub(crate) const REASON: &str = "revoked";
/// The longest that anything may take on a machine that is busy.
const SOON: Duration = Duration::from_secs(5);
/// A denial is in force within this.
const ONE_SECOND: Duration = Duration::from_secs(1);

struct Stage {
    gateway: Gateway,
    issuer: Issuer,
    key: Key,
    _upstream: Upstream,
}

impl Stage {
    async fn start(server: &str, store: Option<&str>, admin: bool) -> Self {
        let key = Key::new("ES256", "k1");
        let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
        let auth = "auth: { oauth: { identity_providers: [corp], audiences: [x] } }";
        let body = format!(
            "identity_providers:\n  corp: {{ issuer: \"{}\" }}\n\
             agents:\n\
             \x20 a: {{ route: {{ path: /a, strip_path: true }}, upstream: \"{url}\", {auth} }}\n\
             \x20 s: {{ route: {{ path: /s, strip_path: true }}, upstream: \"{url}\", enforcement: shadow, {auth} }}\n",
            issuer.url,
            url = upstream.url(),
        );
        let admin = admin.then_some("");
        let gateway = Start { body: &body, server, store, admin, ..Start::default() }.ready().await;
        Self { gateway, issuer, key, _upstream: upstream }
    }

    fn api(&self) -> Api {
        Api { origin: format!("http://127.0.0.1:{}", self.gateway.admin), token: self.gateway.admin_token() }
    }

    /// A token with these claims beside the usual ones.
    fn token(&self, claims: Value) -> String {
        let mut all = self.issuer.claims("x");
        all["iat"] = (now() - 10).into();
        all.as_object_mut().expect("an object").extend(claims.as_object().expect("an object").clone());
        self.key.token(&self.key.header("ES256"), &all)
    }

    async fn status(&self, path: &str, token: &str) -> u16 {
        let answer = client().get(self.gateway.url(path)).bearer_auth(token).send().await;
        answer.map_or(0, |answer| answer.status().as_u16())
    }

    async fn deny(&self, denial: Value) -> Value {
        self.api().post("/denials", If::Unsaid, &denial).await.is(201).json()
    }

    async fn command(&self, args: &[&str], stdin: &str) -> (Option<i32>, String, String) {
        let config = self.gateway.config();
        let (command, rest) = args.split_first().expect("a command");
        let all = [&[*command, "-c", config.to_str().expect("a path")], rest].concat();
        let ran = portcullis_with(self.gateway.folder.path(), &all, stdin, &[]).await;
        (ran.code, ran.out, ran.err)
    }
}

#[tokio::test]
async fn whoever_is_denied_is_refused_at_once_also_with_a_token_that_is_remembered() {
    let stage = Stage::start("", Some("store"), true).await;
    let who = |name: &str| {
        json!({"sub": format!("sub-{name}"), "client_id": format!("client-{name}"), "jti": format!("jti-{name}"),
            "sid": format!("sid-{name}"), "act": {"sub": format!("act-{name}"), "act": {"sub": format!("inner-{name}")}}})
    };
    let bystander = stage.token(who("b"));
    for (number, (by, value)) in [
        ("sub", "sub"),
        ("client_id", "client"),
        ("jti", "jti"),
        ("sid", "sid"),
        ("act", "act"),
        ("act", "inner"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = number.to_string();
        let token = stage.token(who(&name));
        // The second time it is remembered.
        for _ in 0..2 {
            assert_eq!(stage.status("/a", &token).await, 200, "{by}");
        }
        let body = json!({"provider": "corp", "by": by, "value": format!("{value}-{name}"), "issued_before": "all", "until": "1h"});
        let made = stage.deny(body).await;
        assert_eq!(
            (&made["by"], &made["provider"], &made["reason"]),
            (&json!(by), &json!("corp"), &json!(""))
        );
        let answer =
            client().get(stage.gateway.url("/a")).bearer_auth(&token).send().await.expect("an answer");
        let (status, id) =
            (answer.status(), answer.headers()["x-request-id"].to_str().expect("text").to_owned());
        let challenge = answer.headers()["www-authenticate"].to_str().expect("text").to_owned();
        let text = answer.text().await.expect("text");
        assert!(status == 401 && challenge.contains("error=\"invalid_token\""), "{status} {challenge}");
        assert!(!text.contains(value) && !challenge.contains(value), "{text} {challenge}");
        let line = stage.gateway.logged(&id).await;
        assert_eq!(
            (&line["auth"]["reason"], &line["auth"]["sub"]),
            (&json!("revoked"), &json!(format!("sub-{name}")))
        );
        assert_eq!(stage.status("/a", &stage.token(who(&name))).await, 401, "a new one as well: {by}");
        assert_eq!(stage.status("/s", &token).await, 200, "shadow mode only counts");
        assert_eq!(stage.status("/a", &bystander).await, 200, "{by}");
        let hits = stage
            .gateway
            .metric("portcullis_denial_hits_total", &["agent=\"a\"", &format!("kind=\"{by}\"")])
            .await;
        assert!(hits >= 2.0, "{hits}");
    }
    let shadow = ["agent=\"s\"", "reason=\"revoked\"", "decision=\"shadow_deny\""];
    assert!(stage.gateway.metric("portcullis_auth_decisions_total", &shadow).await >= 6.0);
    assert!((stage.gateway.metric("portcullis_denials", &["kind=\"act\""]).await - 2.0).abs() < 0.5);
}

#[tokio::test]
async fn a_denial_up_to_now_lets_those_in_who_log_in_again_and_one_token_can_be_denied_alone() {
    let stage = Stage::start("  state_dir: state\n", None, true).await;
    let old = stage.token(json!({"sub": "mallory"}));
    assert_eq!(stage.status("/a", &old).await, 200);
    let made = stage.deny(json!({"by": "sub", "value": "mallory"})).await;
    assert!(made["issued_before"].as_str().is_some_and(|at| at.ends_with('Z')), "{made}");
    assert_eq!(stage.status("/a", &old).await, 401);
    let later = stage.token(json!({"sub": "mallory", "iat": now() + 5}));
    assert_eq!(stage.status("/a", &later).await, 200, "a token that was issued afterwards");
    let undated = stage.token(json!({"sub": "mallory", "iat": null}));
    assert_eq!(stage.status("/a", &undated).await, 401, "a token that does not say when");
    let (one, other) = (stage.token(json!({"jti": "1"})), stage.token(json!({"jti": "2"})));
    assert_eq!((stage.status("/a", &one).await, stage.status("/a", &other).await), (200, 200));
    let (code, out, err) = stage
        .command(&["deny", "--by", "token_sha256", "--value", "-", "--until", "never"], &format!("{one}\n"))
        .await;
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(
        !out.contains(&one)
            && serde_json::from_str::<Value>(&out).is_ok_and(|made| made["by"] == "token_sha256"),
        "{out}"
    );
    assert_eq!((stage.status("/a", &one).await, stage.status("/a", &other).await), (401, 200));
}

#[tokio::test]
async fn what_was_acknowledged_outlives_a_kill_and_ends_when_it_is_lifted() {
    for (server, store) in [("", Some("store")), ("  state_dir: state\n", None)] {
        let mut stage = Stage::start(server, store, true).await;
        let token = stage.token(json!({"sub": "mallory"}));
        assert_eq!(stage.status("/a", &token).await, 200);
        let made = stage.deny(json!({"by": "sub", "value": "mallory", "reason": "INC-42"})).await;
        stage.gateway.kill().await;
        stage.gateway.start_again().await;
        // The keys of the provider come a moment later.
        eventually("it is refused", SOON, async || {
            let status = stage.status("/a", &token).await;
            assert!([401, 503].contains(&status), "{status}");
            (status == 401).then_some(())
        })
        .await;
        let id = made["id"].as_str().expect("an id");
        let path = format!("/denials/{id}");
        let shown = stage.api().get(&path).await.is(200);
        assert_eq!(
            (shown.tag(), shown.json()["reason"].clone()),
            (format!("\"{}\"", made["etag"].as_str().expect("a tag")), json!("INC-42"))
        );
        let listed = stage.api().get("/denials?by=sub").await.is(200).json();
        assert_eq!(
            (&listed["total"], &listed["items"][0]["id"], &listed["next"]),
            (&json!(1), &json!(id), &Value::Null)
        );
        stage.api().delete(&path, If::Unsaid).await.problem(428, "precondition_required");
        stage.api().delete(&path, If::Tag("\"0000\"")).await.problem(412, "precondition_failed");
        stage.api().delete(&path, If::Tag(&shown.tag())).await.is(200);
        assert_eq!(stage.status("/a", &token).await, 200);
        stage.api().delete(&path, If::Any).await.problem(404, "not_found");
        let log = if store.is_some() { "store/audit.jsonl" } else { "state/audit.jsonl" };
        let log = std::fs::read_to_string(stage.gateway.folder.path().join(log)).expect("an audit log");
        let told = |words: &str| log.lines().any(|line| line.contains(words) && line.contains("mallory"));
        assert!(told("denied sub") && told("INC-42") && told("lifted sub"), "{log}");
    }
}

#[tokio::test]
async fn under_load_nothing_of_a_killed_caller_passes_a_second_later_and_no_bystander_is_hit() {
    let stage = Arc::new(Stage::start("", Some("store"), true).await);
    let stop = Arc::new(AtomicBool::new(false));
    let (killed, bystander) = (stage.token(json!({"sub": "mallory"})), stage.token(json!({"sub": "alice"})));
    let (hit, missed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let denied_at = Arc::new(std::sync::OnceLock::<Instant>::new());
    let mut callers = Vec::new();
    for number in 0..8 {
        let (stage, stop, at) = (Arc::clone(&stage), Arc::clone(&stop), Arc::clone(&denied_at));
        let (hit, missed) = (Arc::clone(&hit), Arc::clone(&missed));
        let is_killed = number % 2 == 0;
        let token = if is_killed { killed.clone() } else { bystander.clone() };
        callers.push(tokio::spawn(async move {
            let client = client();
            while !stop.load(Ordering::SeqCst) {
                let is_over = at.get().is_some_and(|at| at.elapsed() > ONE_SECOND);
                let answer = client.get(stage.gateway.url("/a")).bearer_auth(&token).send().await;
                let status = answer.expect("an answer").status();
                match (is_killed, is_over, status.as_u16()) {
                    (true, true, 401) => drop(hit.fetch_add(1, Ordering::SeqCst)),
                    (true, true, _) | (false, _, 401) => drop(missed.fetch_add(1, Ordering::SeqCst)),
                    _ => {}
                }
            }
        }));
    }
    stage.deny(json!({"by": "sub", "value": "mallory"})).await;
    denied_at.set(Instant::now()).expect("once");
    eventually("many were refused", Duration::from_secs(20), async || {
        (hit.load(Ordering::SeqCst) > 200).then_some(())
    })
    .await;
    stop.store(true, Ordering::SeqCst);
    for caller in callers {
        caller.await.expect("it ends");
    }
    assert_eq!(missed.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn running_streams_of_whoever_is_denied_end_within_a_second_and_others_go_on() {
    let stage = Stage::start("", Some("store"), true).await;
    let stream = async |path: &str, claims: Value| {
        let mut wire = Wire::connect(stage.gateway.port).await;
        let token = stage.token(claims);
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n");
        assert!(wire.say(request.as_bytes()).await, "it is sent");
        assert!(!wire.until("\n\n\r\n", SOON).await.ended, "it streams");
        (wire, token)
    };
    let (mut killed, token) = stream("/a/sse?n=1000&ms=50", json!({"sub": "mallory", "sid": "s1"})).await;
    let (mut other, _) = stream("/a/sse?n=1000&ms=50", json!({"sub": "alice", "sid": "s2"})).await;
    let (mut alone, single) = stream("/a/sse?n=1000&ms=50", json!({"sub": "bob", "jti": "7"})).await;
    let tried = stage
        .api()
        .post("/denials?dry_run=true", If::Unsaid, &json!({"by": "sid", "value": "s1"}))
        .await
        .is(200)
        .json();
    assert_eq!((&tried["streams"], &tried["dry_run"]), (&json!(1), &json!(true)));
    assert!(tried["requests"].as_u64().is_some_and(|count| count >= 1), "{tried}");
    assert_eq!(stage.status("/a", &token).await, 200, "it was only tried");
    for (denial, wire) in [
        (json!({"by": "sid", "value": "s1"}), &mut killed),
        (json!({"by": "token_sha256", "value": single, "until": "1h"}), &mut alone),
    ] {
        let began = Instant::now();
        stage.deny(denial).await;
        let rest = wire.until("\0", SOON).await;
        let took = began.elapsed();
        assert!(rest.ended && String::from_utf8_lossy(&rest.bytes).contains(": revoked\n"), "{rest:?}");
        assert!(took < ONE_SECOND + Duration::from_millis(500), "{took:?}");
    }
    assert!(!other.until("\n\n\r\n", SOON).await.ended, "another's stream goes on");
}

#[tokio::test]
async fn the_command_line_denies_lifts_and_lists_with_a_gateway_and_without_an_admin_listener() {
    for admin in [true, false] {
        let stage = Stage::start("", Some("store"), admin).await;
        let token = stage.token(json!({"sub": "mallory"}));
        assert_eq!(stage.status("/a", &token).await, 200);
        let args = [
            "deny",
            "--provider",
            "corp",
            "--by",
            "sub",
            "--value",
            "mallory",
            "--skew",
            "--reason",
            "INC-42",
        ];
        let (code, out, err) = stage.command(&args, "").await;
        assert_eq!(code, Some(0), "{out}{err}");
        let made: Value = serde_json::from_str(&out).expect("JSON");
        eventually("it is refused", SOON, async || (stage.status("/a", &token).await == 401).then_some(()))
            .await;
        let explained =
            stage.command(&["explain", "--agent", "a", "--token-file", "-", "--json"], &token).await;
        let explained: Value = serde_json::from_str(&explained.1).expect("JSON");
        let checks = explained["checks"].as_array().expect("checks");
        let denial = checks.iter().find(|check| check["check"] == "denial").expect("the check");
        assert_eq!((&explained["reason"], &denial["ok"]), (&json!("revoked"), &json!(false)));
        assert!(!denial.to_string().contains("mallory"), "{denial}");
        let (_, listed, _) = stage.command(&["denied"], "").await;
        let listed: Value = serde_json::from_str(&listed).expect("JSON");
        assert_eq!((&listed["total"], &listed["items"][0]["id"]), (&json!(1), &made["id"]));
        let (code, _, _) = stage.command(&["undeny", made["id"].as_str().expect("an id")], "").await;
        assert_eq!(code, Some(0));
        eventually("it passes", SOON, async || (stage.status("/a", &token).await == 200).then_some(())).await;
        for (args, wanted) in [
            (&["undeny", "sub-none"][..], 1),
            (&["deny", "--by", "sub", "--value", ""], 2),
            (&["deny", "--by", "tool", "--value", "x"], 2),
            (&["deny", "--by", "client_id", "--value", "x"], 2),
            (&["deny", "--provider", "nobody", "--by", "sub", "--value", "x"], 2),
        ] {
            let (code, out, err) = stage.command(args, "").await;
            assert_eq!(code, Some(wanted), "{args:?}: {out}{err}");
        }
    }
}

#[tokio::test]
async fn an_api_key_that_is_denied_without_a_gateway_is_out_for_good() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = "version: 1\nserver: { state_dir: state }\n\
                  agents:\n  a: { route: /a, upstream: \"http://127.0.0.1:9\", auth: { api_key: {} } }\n\
                  api_keys:\n  Yq3Zk81b: { agent: a, sha256: \"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\" }\n";
    std::fs::write(folder.path().join("c.yaml"), config).expect("a file");
    let deny = ["deny", "-c", "c.yaml", "--by", "api_key", "--value", "Yq3Zk81b", "--until", "1d"];
    let ran = portcullis(folder.path(), &deny).await;
    let made: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!((ran.code, &made["until"]), (Some(0), &json!("never")), "{}", ran.err);
    let undeny = ["undeny", "-c", "c.yaml", "api_key-Yq3Zk81b"];
    let refused = portcullis(folder.path(), &undeny).await;
    assert!(refused.code == Some(1) && refused.err.contains("revoked for good"), "{}", refused.err);
    let without = config.split_once("api_keys:").expect("keys").0;
    std::fs::write(folder.path().join("c.yaml"), without).expect("a file");
    assert_eq!(portcullis(folder.path(), &undeny).await.code, Some(0), "the key is gone");
}

#[tokio::test]
async fn without_a_place_for_denials_nothing_is_denied_by_half_and_check_says_so() {
    let stage = Stage::start("", None, true).await;
    for query in ["", "?dry_run=true"] {
        let refused = stage
            .api()
            .post(&format!("/denials{query}"), If::Unsaid, &json!({"by": "sub", "value": "m"}))
            .await;
        refused.problem(409, "read_only");
    }
    assert_eq!(stage.api().get("/denials").await.is(200).json()["total"], json!(0));
    let (code, _, err) = stage.command(&["check"], "").await;
    assert!(code == Some(0) && err.contains("warning: denials need a place"), "{err}");
    let config = stage.gateway.config();
    let ran = portcullis(
        stage.gateway.folder.path(),
        &["deny", "-c", config.to_str().expect("a path"), "--by", "sub", "--value", "m"],
    )
    .await;
    assert!(ran.code == Some(1) && ran.err.contains("state_dir"), "{}{}", ran.out, ran.err);
}

#[tokio::test]
async fn what_cannot_be_a_denial_is_refused_with_the_member_that_is_wrong() {
    let stage = Stage::start("", Some("store"), true).await;
    let post =
        async |body: &Value| -> Reply { stage.api().post("/denials?dry_run=true", If::Unsaid, body).await };
    for (body, member) in [
        (json!({"by": "tool", "value": "x"}), "/by"),
        (json!({"by": "sub", "value": ""}), "/value"),
        (json!({"by": "sub", "value": "a\nb"}), "/value"),
        (json!({"by": "sub", "value": "x".repeat(1025)}), "/value"),
        (json!({"by": "api_key", "value": "short", "until": "never"}), "/value"),
        (json!({"by": "api_key", "value": "Yq3Zk81b", "until": "never", "provider": "corp"}), "/provider"),
        (json!({"by": "sub", "value": "x", "provider": "nobody"}), "/provider"),
        (json!({"by": "sub", "value": "x", "provider": "https://idp.example\nlifted all"}), "/provider"),
        (json!({"by": "jti", "value": "x"}), "/until"),
        (json!({"by": "jti", "value": "x", "until": "367d"}), "/until"),
        (json!({"by": "jti", "value": "x", "until": "2020-01-01T00:00:00Z"}), "/until"),
        (json!({"by": "jti", "value": "x", "until": "soon"}), "/until"),
        (json!({"by": "sub", "value": "x", "issued_before": "yesterday"}), "/issued_before"),
        (json!({"by": "sub", "value": "x", "issued_before": "all", "until": "1d", "skew": "5s"}), "/skew"),
        (json!({"by": "sub", "value": "x", "skew": "soon"}), "/skew"),
    ] {
        let refused = post(&body).await.is(422).json();
        assert_eq!(refused["diagnostics"][0]["path"], json!(member), "{body}: {refused}");
    }
    let good =
        post(&json!({"provider": "any", "by": "jti", "value": "x", "until": "6d"})).await.is(200).json();
    assert_eq!(
        (&good["issued_before"], &good["warnings"].as_array().map(Vec::len)),
        (&json!("all"), &Some(1))
    );
}
