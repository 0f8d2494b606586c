//! Security events and logouts that an identity provider tells of, sent to the gateway and asked for by it: whoever they name is
//! out at once, and whoever logs in again is in.

mod polled;
mod pushed;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::api::Api;
use testkit::raw::{self, Wire};
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
    language: Option<String>,
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
        let (retry_after, language) = (field("retry-after"), field("content-language"));
        let text = answer.text().await.expect("a body");
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("JSON") };
        Answered { status, body, cache_control, retry_after, language }
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
    let request =
        format!("GET /a/sse?n=1000&ms=50 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {mallory}\r\n\r\n");
    let mut stream = Wire::connect(stage.gateway.port).await;
    assert!(stream.say(request.as_bytes()).await, "it is sent");
    assert!(!stream.until("\n\n\r\n", SOON).await.ended, "it streams");
    let began = Instant::now();
    let answer = stage.send(FORM, None, &*good).await;
    assert_eq!((answer.status, &*answer.cache_control, &answer.body), (200, "no-store", &Value::Null));
    let rest = stream.until("\0", SOON).await;
    assert!(rest.ended && String::from_utf8_lossy(&rest.bytes).contains(": revoked\n"), "{rest:?}");
    assert!(began.elapsed() < Duration::from_millis(1500), "{:?}", began.elapsed());
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
async fn without_a_place_for_denials_a_sender_is_told_to_send_again() {
    let stage = Stage::start_with("{ push: { audience: receiver }, backchannel_logout: receiver }", "").await;
    let set = stage.event("1", "caep/event-type/session-revoked", "alice");
    for _ in 0..2 {
        let answer = stage.send(SET, None, &*set).await;
        assert_eq!((answer.status, answer.retry_after.as_deref()), (503, Some("5")));
    }
    // Back-Channel Logout has one status for all that went wrong.
    let answer = stage.send(FORM, None, stage.logout(json!({}))).await;
    assert_eq!((answer.status, &*answer.cache_control), (400, "no-store"));
    assert_eq!(answer.body["error"], "temporarily_unavailable", "{}", answer.body);
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

/// Whoever sends slowly, or much, holds up nobody but himself.
#[tokio::test]
async fn slow_and_large_bodies_of_strangers_end_and_leave_room_for_the_events_of_the_provider() {
    let stage = Stage::start("{ backchannel_logout: receiver }").await;
    let head = "POST /.portcullis/events/corp HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let mut slow = Vec::new();
    for _ in 0..100 {
        let mut wire = Wire::connect(stage.gateway.port).await;
        assert!(wire.say(format!("{head}Content-Length: 60000\r\n\r\nlogout_token=").as_bytes()).await);
        slow.push(wire);
    }
    let good = stage.logout(json!({"sub": "mallory"}));
    assert_eq!(stage.send(FORM, None, &*good).await.status, 200);
    let large = format!("{head}Content-Length: 65537\r\n\r\n");
    let answer = raw::exchange(stage.gateway.port, large.as_bytes(), SOON).await;
    assert_eq!(raw::status(&answer), 413);
    for wire in &mut slow {
        let rest = wire.until("\0", 2 * SOON).await;
        assert!(rest.bytes.starts_with(b"HTTP/1.1 408 "), "{rest:?}");
    }
}
