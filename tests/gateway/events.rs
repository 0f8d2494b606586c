//! Security events and logouts that an identity provider tells of, sent to the gateway and asked for by it: whoever they name is
//! out at once, and whoever logs in again is in.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use testkit::api::Api;
use testkit::token::{forged, with};
use testkit::{Gateway, Issuer, Key, Start, Upstream, client, eventually, now};
use tokio::process::Command;

const SOON: Duration = Duration::from_secs(5);
const SET: &str = "application/secevent+jwt";
const FORM: &str = "application/x-www-form-urlencoded";
const AGREED: &str = "Bearer agreed-on";
const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";

struct Stage {
    gateway: Gateway,
    issuer: Issuer,
    key: Key,
    _upstream: Upstream,
}

/// What a sender was answered.
#[derive(Debug, PartialEq)]
struct Answered {
    status: u16,
    body: Value,
    cache_control: String,
    retry_after: Option<String>,
}

impl Stage {
    /// A gateway with a place for denials, whose provider has these `events`.
    async fn start(events: &str) -> Self {
        Self::start_with(events, "  state_dir: state\n").await
    }

    async fn start_with(events: &str, server: &str) -> Self {
        let key = Key::new("ES256", "k1");
        let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
        let auth = "auth: { oauth: { identity_providers: [corp], audiences: [x] } }";
        let body = format!(
            "identity_providers:\n  corp: {{ issuer: \"{}\", events: {events} }}\n\
             agents:\n  a: {{ route: /, upstream: \"{}\", {auth} }}\n",
            issuer.url,
            upstream.url(),
        );
        let files = &[("push.auth", AGREED), ("poll.token", "a-token\n")];
        let gateway = Start { body: &body, server, files, admin: Some(""), ..Start::default() }.ready().await;
        Self { gateway, issuer, key, _upstream: upstream }
    }

    fn token(&self, claims: Value) -> String {
        let usual = with(self.issuer.claims("x"), json!({"iat": now() - 30}));
        self.key.token(&self.key.header("ES256"), &with(usual, claims))
    }

    async fn status(&self, token: &str) -> u16 {
        let answer = client().get(self.gateway.url("/a")).bearer_auth(token).send().await;
        answer.map_or(0, |answer| answer.status().as_u16())
    }

    /// A token of this type, with these claims beside the usual ones.
    fn told(&self, typ: &str, claims: Value) -> String {
        let usual = json!({"iss": self.issuer.url, "aud": "receiver", "iat": now() - 2, "jti": "j"});
        self.key.token(&json!({"alg": "ES256", "typ": typ, "kid": "k1"}), &with(usual, claims))
    }

    /// An event about a user.
    fn event(&self, jti: &str, event: &str, user: &str) -> String {
        let subject = json!({"format": "iss_sub", "iss": self.issuer.url, "sub": user});
        let uri = format!("https://schemas.openid.net/secevent/{event}");
        self.told("secevent+jwt", json!({"jti": jti, "sub_id": subject, "events": {uri: {}}}))
    }

    fn logout(&self, claims: Value) -> String {
        let usual = json!({"sub": "mallory", "exp": now() + 120, "events": {LOGOUT: {}}});
        format!("logout_token={}", self.told("logout+jwt", with(usual, claims)))
    }

    async fn send(&self, media_type: &str, authorization: Option<&str>, body: impl Into<String>) -> Answered {
        let url = self.gateway.url("/.portcullis/events/corp");
        let mut request = client().post(url).header("content-type", media_type).body(body.into());
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let answer = request.send().await.expect("an answer");
        let field =
            |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (status, cache_control) = (answer.status().as_u16(), field("cache-control").unwrap_or_default());
        let retry_after = field("retry-after");
        let text = answer.text().await.expect("a body");
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("JSON") };
        Answered { status, body, cache_control, retry_after }
    }

    async fn count(&self, kind: &str, result: &str) -> f64 {
        let labels = [format!("type=\"{kind}\""), format!("result=\"{result}\"")];
        let labels = [&*labels[0], &*labels[1]];
        self.gateway.metric("portcullis_security_events_total", &labels).await
    }

    fn api(&self) -> Api {
        Api { origin: format!("http://127.0.0.1:{}", self.gateway.admin), token: self.gateway.admin_token() }
    }

    async fn provider(&self) -> Value {
        self.api().get("/identity-providers/corp").await.is(200).json()["events"].clone()
    }

    fn audit(&self) -> String {
        let path = self.gateway.folder.path().join("state/audit.jsonl");
        std::fs::read_to_string(path).unwrap_or_default()
    }
}

fn is(count: f64, wanted: u32) -> bool {
    (count - f64::from(wanted)).abs() < 0.5
}

#[tokio::test]
async fn a_logout_ends_what_its_user_or_session_has_and_a_new_login_is_in() {
    let stage = Stage::start("{ backchannel_logout: receiver }").await;
    let mallory = stage.token(json!({"sub": "mallory", "sid": "s1"}));
    let other = stage.token(json!({"sub": "alice", "sid": "s2"}));
    for token in [&mallory, &other] {
        assert_eq!(stage.status(token).await, 200);
    }
    // Its own bytes, which a second reader of the form would read in another way, and none.
    for body in ["", "logout_token=", "logout_token=a.b.c", "logout_token=a&logout_token=b", "token=a"] {
        let answer = stage.send(FORM, None, body).await;
        assert_eq!((answer.status, &*answer.cache_control), (400, "no-store"), "{body}");
        assert_eq!(answer.body["error"], "invalid_request", "{body}: {}", answer.body);
    }
    let wrong = stage.send(FORM, None, forged(&stage.logout(json!({})), 1)).await;
    assert_eq!(wrong.status, 400, "{wrong:?}");
    assert_eq!(stage.status(&mallory).await, 200, "nobody was denied");
    let good = stage.logout(json!({"jti": "1"}));
    let answer = stage.send(FORM, None, &*good).await;
    assert_eq!((answer.status, &*answer.cache_control, &answer.body), (200, "no-store", &Value::Null));
    assert_eq!((stage.status(&mallory).await, stage.status(&other).await), (401, 200));
    let again = stage.token(json!({"sub": "mallory", "iat": now() + 1}));
    assert_eq!(stage.status(&again).await, 200, "a login after the logout");
    // The same again is acknowledged, and no more.
    assert_eq!(stage.send(FORM, None, &*good).await.status, 200);
    assert!(is(stage.count("logout", "denied").await, 1) && is(stage.count("logout", "repeated").await, 1));
    let session = stage.logout(json!({"jti": "2", "sub": "alice", "sid": "s2"}));
    assert_eq!(stage.send(FORM, None, &*session).await.status, 200);
    let elsewhere = stage.token(json!({"sub": "alice", "sid": "s3"}));
    assert_eq!((stage.status(&other).await, stage.status(&elsewhere).await), (401, 200));
    let audit = stage.audit();
    assert!(audit.contains("events:corp") && audit.contains("denied sid s2"), "{audit}");
}

#[tokio::test]
async fn nothing_is_served_where_no_provider_asks_for_it_and_only_posts_where_one_does() {
    let stage = Stage::start("{ backchannel_logout: receiver }").await;
    let caller = stage.token(json!({}));
    for (path, wanted) in [
        // The agent at `/` has these.
        ("/.portcullis/events/other", 200),
        ("/.portcullis/events/", 200),
        ("/.portcullis/events/corp/x", 200),
        ("/.portcullis/events/corp", 405),
    ] {
        let answer =
            client().get(stage.gateway.url(path)).bearer_auth(&caller).send().await.expect("an answer");
        assert_eq!(answer.status(), wanted, "{path}");
        if wanted == 405 {
            assert_eq!(answer.headers()["allow"], "POST");
        }
    }
    // No SETs are pushed here.
    let pushed = stage.send(SET, None, stage.event("1", "caep/event-type/session-revoked", "alice")).await;
    assert_eq!((pushed.status, &pushed.body["err"]), (400, &json!("invalid_request")));
    assert_eq!(stage.status(&caller).await, 200);
}

#[tokio::test]
async fn events_that_are_pushed_deny_and_lift_and_each_is_acted_on_once() {
    let stage = Stage::start("{ push: { audience: receiver, authorization_file: push.auth } }").await;
    let caller = |user: &str, iat: u64| stage.token(json!({"sub": user, "iat": iat}));
    let (old, new) = (now() - 30, now() + 1);
    let push = async |body: String| stage.send(SET, Some(AGREED), body).await;
    let accepted = |answer: &Answered| (answer.status, answer.body.clone()) == (202, Value::Null);
    // Tokens up to the event, at any client.
    for (jti, event, user) in [
        ("1", "caep/event-type/session-revoked", "a"),
        ("2", "caep/event-type/credential-change", "b"),
        ("3", "risc/event-type/sessions-revoked", "c"),
    ] {
        assert_eq!(stage.status(&caller(user, old)).await, 200);
        assert!(accepted(&push(stage.event(jti, event, user)).await), "{event}");
        assert_eq!(stage.status(&caller(user, old)).await, 401, "{event}");
        assert_eq!(stage.status(&caller(user, new)).await, 200, "{event}");
    }
    // An account, until it is enabled again.
    let disabled = stage.event("4", "risc/event-type/account-disabled", "d");
    assert!(accepted(&push(disabled.clone()).await));
    assert_eq!(stage.status(&caller("d", new)).await, 401);
    assert!(accepted(&push(stage.event("5", "risc/event-type/account-enabled", "d")).await));
    assert_eq!(stage.status(&caller("d", new)).await, 200);
    assert!(accepted(&push(disabled).await), "it is acknowledged");
    assert_eq!(stage.status(&caller("d", new)).await, 200, "and acted on once");
    // What changes nothing is acknowledged and counted.
    let email = json!({"format": "email", "email": "a@example.com"});
    let revoked = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
    let state = "https://schemas.openid.net/secevent/ssf/event-type/verification";
    let user = json!({"format": "iss_sub", "iss": stage.issuer.url, "sub": "e"});
    for (claims, kind, result) in [
        (json!({"sub_id": email, "events": {revoked: {}}}), "session-revoked", "unmapped"),
        (json!({"sub_id": user, "events": {"urn:new": {}}}), "unknown", "ignored"),
        (
            json!({"sub_id": user, "events": {revoked: {}}, "iat": now() - 8 * 86_400}),
            "session-revoked",
            "late",
        ),
        (json!({"events": {state: {"state": "VGhpcyBpcyB"}}}), "verification", "noted"),
    ] {
        let set = stage.told("secevent+jwt", with(json!({"jti": format!("n-{result}")}), claims));
        assert!(accepted(&push(set).await), "{result}");
        assert!(is(stage.count(kind, result).await, 1), "{kind} {result}");
    }
    assert_eq!(stage.status(&caller("e", old)).await, 200);
    let shown = stage.provider().await;
    assert_eq!(shown["last_verification"]["state"], "VGhpcyBpcyB", "{shown}");
    assert_eq!((&shown["push"], &shown["last_event"]["type"]), (&json!(true), &json!("verification")));
    let repeated = json!({"type": "account-disabled", "result": "repeated", "count": 1});
    assert!(shown["counts"].as_array().is_some_and(|counts| counts.contains(&repeated)), "{shown}");
    eventually("it is written down", SOON, async || {
        let audit = stage.audit();
        (audit.contains("lifted sub d") && audit.contains("no denial can name (email)")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_push_that_is_not_right_is_rejected_in_the_words_of_rfc_8935() {
    let stage = Stage::start("{ push: { audience: [receiver], authorization_file: push.auth } }").await;
    let event = |user: &str| stage.event("1", "caep/event-type/session-revoked", user);
    let other = Key::new("ES256", "k1");
    let claims = json!({"iss": stage.issuer.url, "aud": "receiver", "iat": now(), "jti": "1", "events": {"urn:a": {}}});
    let header = json!({"alg": "ES256", "typ": "secevent+jwt", "kid": "k1"});
    for (media_type, authorization, body, err) in [
        (SET, None, event("alice"), "authentication_failed"),
        (SET, Some("Bearer agreed-o"), event("alice"), "authentication_failed"),
        (SET, Some("bearer agreed-on"), event("alice"), "authentication_failed"),
        ("application/jwt", Some(AGREED), event("alice"), "invalid_request"),
        ("application/json", Some(AGREED), event("alice"), "invalid_request"),
        (SET, Some(AGREED), String::new(), "invalid_request"),
        (SET, Some(AGREED), "{}".to_owned(), "invalid_request"),
        (SET, Some(AGREED), stage.told("secevent+jwt", json!({"aud": "x"})), "invalid_audience"),
        (
            SET,
            Some(AGREED),
            stage.told("secevent+jwt", json!({"iss": "https://evil.test"})),
            "invalid_issuer",
        ),
        (SET, Some(AGREED), stage.token(json!({})), "invalid_request"),
        (SET, Some(AGREED), other.token(&header, &claims), "invalid_key"),
    ] {
        let answer = stage.send(media_type, authorization, body).await;
        assert_eq!((answer.status, &answer.body["err"]), (400, &json!(err)), "{answer:?}");
        assert!(answer.body["description"].is_string(), "{answer:?}");
    }
    let large = stage.send(SET, Some(AGREED), "a".repeat(64 * 1024 + 1)).await;
    assert_eq!(large.status, 413);
    assert_eq!(stage.status(&stage.token(json!({}))).await, 200, "nobody was denied");
    assert!(is(stage.count("none", "unauthorized").await, 3));
}

#[tokio::test]
async fn tokens_with_any_key_id_cost_the_provider_one_fetch_and_a_rotated_key_is_found() {
    let stage = Stage::start("{ push: { audience: receiver } }").await;
    assert_eq!(stage.status(&stage.token(json!({}))).await, 200);
    let next = Key::new("ES256", "k2");
    stage.issuer.publish(&[&stage.key, &next]);
    let before = stage.issuer.fetches();
    let claims = json!({
        "iss": stage.issuer.url, "aud": "receiver", "iat": now(), "jti": "r",
        "sub_id": {"format": "opaque", "id": "alice"},
        "events": {"https://schemas.openid.net/secevent/caep/event-type/session-revoked": {}},
    });
    let of = |kid: &str| next.token(&json!({"alg": "ES256", "typ": "secevent+jwt", "kid": kid}), &claims);
    assert_eq!(stage.send(SET, None, of("k2")).await.status, 202);
    for nth in 0..20 {
        let answer = stage.send(SET, None, of(&format!("random-{nth}"))).await;
        assert_eq!((answer.status, answer.retry_after.as_deref()), (503, Some("5")), "it may be a new key");
    }
    assert_eq!(stage.issuer.fetches() - before, 1);
    assert_eq!(stage.status(&stage.token(json!({}))).await, 401);
}

#[tokio::test]
async fn without_a_place_for_denials_a_sender_is_told_to_send_again() {
    let stage = Stage::start_with("{ push: { audience: receiver } }", "").await;
    let set = stage.event("1", "caep/event-type/session-revoked", "alice");
    for _ in 0..2 {
        let answer = stage.send(SET, None, &*set).await;
        assert_eq!((answer.status, answer.retry_after.as_deref()), (503, Some("5")));
    }
    assert!(is(stage.count("session-revoked", "failed").await, 2));
}

#[tokio::test]
async fn a_denial_by_an_event_outlives_a_kill() {
    let mut stage = Stage::start("{ push: { audience: receiver } }").await;
    let caller = stage.token(json!({"sub": "mallory"}));
    let set = stage.event("1", "caep/event-type/session-revoked", "mallory");
    assert_eq!(stage.send(SET, None, &*set).await.status, 202);
    stage.gateway.kill().await;
    stage.gateway.start_again().await;
    eventually("it is refused", SOON, async || (stage.status(&caller).await == 401).then_some(())).await;
    // Nobody remembers that it came, and it makes the same denial.
    assert_eq!(stage.send(SET, None, &*set).await.status, 202);
    let denied = stage.api().get("/denials").await.is(200).json();
    assert_eq!(denied["total"], 1, "{denied}");
}

/// What joserfc signs is taken, both kinds, with its key beside ours.
#[tokio::test]
async fn events_and_logouts_that_another_library_signed_are_acted_on() {
    let stage = Stage::start("{ push: { audience: receiver }, backchannel_logout: receiver }").await;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join(".tools/venv-verifiers/bin/python");
    assert!(python.exists(), "{} is missing; scripts/setup.sh test makes it", python.display());
    let script = root.join("tests/gateway/joserfc_events.py");
    let ran =
        Command::new(python).arg(script).args([&stage.issuer.url, "alice"]).output().await.expect("it runs");
    let made: Value = serde_json::from_slice(&ran.stdout).expect("JSON of the script");
    stage.issuer.publish_raw(vec![stage.key.jwk(), made["jwk"].clone()]);
    let text = |name: &str| made[name].as_str().expect("a token").to_owned();
    let of = |sid: &str| stage.token(json!({"sub": "alice", "sid": sid}));
    assert_eq!((stage.status(&of("s-1")).await, stage.status(&of("s-2")).await), (200, 200));
    assert_eq!(stage.send(SET, None, text("event")).await.status, 202);
    assert_eq!((stage.status(&of("s-1")).await, stage.status(&of("s-2")).await), (401, 200));
    let form = format!("logout_token={}", text("logout"));
    assert_eq!(stage.send(FORM, None, form).await.status, 200);
    assert_eq!(stage.status(&of("s-2")).await, 401);
}

/// A transmitter that is polled.
#[derive(Default)]
struct Transmitter {
    sets: BTreeMap<String, String>,
    acknowledged: Vec<String>,
    errors: Vec<(String, Value)>,
    authorizations: Vec<String>,
    /// So many questions are answered with 503.
    failing: usize,
}

type Shared = Arc<Mutex<Transmitter>>;

async fn polled(State(shared): State<Shared>, headers: HeaderMap, Json(asked): Json<Value>) -> Response {
    let mut transmitter = shared.lock().expect("the transmitter");
    let shown = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    transmitter.authorizations.push(shown.to_owned());
    if let Some(left) = transmitter.failing.checked_sub(1) {
        transmitter.failing = left;
        return (StatusCode::SERVICE_UNAVAILABLE, "busy").into_response();
    }
    for jti in asked["ack"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        transmitter.sets.remove(jti);
        transmitter.acknowledged.push(jti.to_owned());
    }
    for (jti, error) in asked["setErrs"].as_object().into_iter().flatten() {
        transmitter.sets.remove(jti);
        transmitter.errors.push((jti.clone(), error["err"].clone()));
    }
    let sets: BTreeMap<_, _> =
        transmitter.sets.iter().take(2).map(|(jti, set)| (jti.clone(), set.clone())).collect();
    let more = transmitter.sets.len() > sets.len();
    Json(json!({"sets": sets, "moreAvailable": more})).into_response()
}

#[tokio::test]
async fn events_that_are_asked_for_are_acted_on_then_acknowledged_and_what_is_wrong_is_told() {
    let shared = Shared::default();
    shared.lock().expect("the transmitter").failing = 1;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/poll", listener.local_addr().expect("its address"));
    let router = Router::new().route("/poll", post(polled)).with_state(Arc::clone(&shared));
    let serving = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
    let poll =
        format!("poll: {{ endpoint: \"{url}\", token_file: poll.token, interval: 1s, audience: receiver }}");
    let stage = Stage::start(&format!("{{ {poll} }}")).await;
    let caller = |user: &str| stage.token(json!({"sub": user}));
    for user in ["a", "b", "c"] {
        assert_eq!(stage.status(&caller(user)).await, 200);
    }
    let revoked = "caep/event-type/session-revoked";
    let sets = BTreeMap::from([
        ("1".to_owned(), stage.event("1", revoked, "a")),
        ("2".to_owned(), stage.event("another", revoked, "b")),
        (
            "3".to_owned(),
            stage.told("secevent+jwt", json!({"jti": "3", "aud": "other", "events": {"urn:a": {}}})),
        ),
        ("4".to_owned(), stage.event("4", revoked, "c")),
        ("5".to_owned(), "nonsense".to_owned()),
    ]);
    shared.lock().expect("the transmitter").sets = sets;
    eventually("all was told of", Duration::from_secs(20), async || {
        shared.lock().expect("the transmitter").sets.is_empty().then_some(())
    })
    .await;
    for (user, wanted) in [("a", 401), ("b", 200), ("c", 401)] {
        assert_eq!(stage.status(&caller(user)).await, wanted, "{user}");
    }
    {
        let mut transmitter = shared.lock().expect("the transmitter");
        transmitter.acknowledged.sort();
        transmitter.errors.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(transmitter.acknowledged, ["1", "4"]);
        let errors: Vec<_> =
            transmitter.errors.iter().map(|(jti, err)| (&**jti, err.as_str().unwrap_or_default())).collect();
        assert_eq!(errors, [("2", "invalid_request"), ("3", "invalid_audience"), ("5", "invalid_request")]);
        assert!(transmitter.authorizations.iter().all(|shown| shown == "Bearer a-token"));
    }
    let polls = async |result: &str| {
        stage
            .gateway
            .metric("portcullis_security_event_polls_total", &[&format!("result=\"{result}\"")])
            .await
    };
    assert!(polls("failed").await >= 1.0 && polls("ok").await >= 1.0);
    let shown = stage.provider().await;
    assert!(shown["last_poll"]["error"].is_null() && shown["poll"] == true, "{shown}");
    serving.abort();
}
