//! Running streams, about whose tokens the provider is asked again: a revocation ends them within `max_ttl`, and an outage only those
//! whose token has no end.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::raw::Wire;
use testkit::scripted::Scripted;
use testkit::{Gateway, Issuer, Key, Start, eventually, now};
use tokio::sync::watch;

use super::endpoint::Endpoint;
use super::{is, said};

const SOON: Duration = Duration::from_secs(20);
/// How long the provider's word counts, and the second that a stream has for a boundary; a busy machine has as much again.
const ENDED: Duration = Duration::from_secs(4);
const EVENT: &str = "9\r\ndata: 1\n\n\r\n";
/// The pieces of a beginning may come as one.
const EVENT_ENDS: &str = "data: 1\n\n\r\n";
const SECOND: &str = "9\r\ndata: 2\n\n\r\n";

struct Stage {
    gateway: Gateway,
    endpoint: Endpoint,
    issuer: Issuer,
    key: Key,
    go: watch::Sender<bool>,
    _agent: Scripted,
}

impl Stage {
    async fn start() -> Self {
        let (go, told) = watch::channel(false);
        let agent = Scripted::start(move |mut peer| {
            let mut told = told.clone();
            async move {
                peer.head().await?;
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
                peer.say(&format!("{head}{EVENT}")).await?;
                told.wait_for(|go| *go).await.ok()?;
                peer.say(SECOND).await?;
                peer.until("never").await.map(drop)
            }
        })
        .await;
        let key = Key::new("ES256", "k1");
        let (issuer, endpoint) = (Issuer::start(&[&key]).await, Endpoint::start().await);
        let introspection = json!({
            "endpoint": endpoint.url(), "auth": {"client_id": "g", "secret_file": "client.secret"}, "tokens": "all",
            "max_ttl": "1s", "negative_ttl": "60s",
        });
        let provider = json!({"issuer": issuer.url, "introspection": introspection});
        let oauth = json!({"identity_providers": ["corp"], "audiences": ["x"]});
        let agents = json!({"live": {"route": "/live", "upstream": agent.url(), "auth": {"oauth": oauth}}});
        let body = format!("identity_providers: {}\nagents: {agents}\n", json!({ "corp": provider }));
        let start = Start { body: &body, files: &[("client.secret", "secret\n")], ..Start::default() };
        Self { gateway: start.ready().await, endpoint, issuer, key, go, _agent: agent }
    }

    /// Its provider calls this token active.
    fn knows(&self, token: &str, end: Option<u64>) {
        let answer = json!({"active": true, "sub": "alice", "aud": "x", "exp": end});
        self.endpoint.says(token, answer);
    }

    /// A stream that has begun with this token.
    async fn begin(&self, token: &str) -> Wire {
        let mut wire = Wire::connect(self.gateway.port).await;
        let head = format!("GET /live HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n");
        assert!(wire.say(head.as_bytes()).await, "it is sent");
        let came = wire.until(EVENT_ENDS, SOON).await;
        let came = String::from_utf8_lossy(&came.bytes).into_owned();
        assert!(came.starts_with("HTTP/1.1 200") && came.ends_with(EVENT_ENDS), "{came}");
        wire
    }

    async fn goes_on(&self, mut wire: Wire) {
        self.go.send(true).expect("the agent listens");
        let came = wire.until(SECOND, SOON).await;
        assert_eq!(String::from_utf8_lossy(&came.bytes), SECOND);
    }

    async fn results(&self, result: &str) -> f64 {
        let labels = [r#"provider="corp""#, &format!("result=\"{result}\"")];
        self.gateway.metric("portcullis_introspection_total", &labels).await
    }
}

/// What a stream says at its end.
async fn last_words(mut wire: Wire) -> String {
    let came = wire.until("\0", SOON).await;
    assert!(came.ended, "the connection is closed");
    String::from_utf8_lossy(&came.bytes).into_owned()
}

#[tokio::test]
async fn a_token_that_is_revoked_at_its_provider_ends_its_streams_and_no_others() {
    let stage = Stage::start().await;
    let end = Some(now() + 600);
    let mut claims = stage.issuer.claims("x");
    claims["sub"] = json!("alice");
    let jwt = stage.key.token(&stage.key.header("ES256"), &claims);
    for token in ["shared", "other", &jwt] {
        stage.knows(token, end);
    }
    let streams = [stage.begin("shared").await, stage.begin("shared").await, stage.begin(&jwt).await];
    let other = stage.begin("other").await;
    let held = async |wanted: f64| {
        eventually("the tokens that are held", SOON, async || {
            let held = stage.gateway.metric("portcullis_introspection_held_tokens", &[]).await;
            ((held - wanted).abs() < f64::EPSILON).then_some(())
        })
        .await;
    };
    held(3.0).await;
    eventually("it was asked again", SOON, async || {
        (stage.results("recheck_active").await >= 3.0).then_some(())
    })
    .await;
    for token in ["shared", &jwt] {
        stage.endpoint.says(token, json!({"active": false}));
    }
    let since = Instant::now();
    for wire in streams {
        assert_eq!(last_words(wire).await, "A\r\n: revoked\n\r\n0\r\n\r\n");
    }
    assert!(since.elapsed() < ENDED, "{:?}", since.elapsed());
    held(1.0).await;
    assert!(
        (stage.results("recheck_inactive").await - 2.0).abs() < f64::EPSILON,
        "one question for each token"
    );
    let labels = [r#"cause="revoked""#, r#"kind="sse""#];
    let ended = stage.gateway.metric("portcullis_streams_ended_total", &labels).await;
    assert!((ended - 3.0).abs() < f64::EPSILON, "{ended}");
    // Whoever comes again is known to be inactive, whatever was remembered of its token.
    for token in ["shared", &jwt] {
        let asked = stage.endpoint.count(token);
        assert_eq!(said(&stage.gateway, "/live", token).await, is(401, "token_inactive"));
        assert_eq!(stage.endpoint.count(token), asked);
    }
    stage.goes_on(other).await;
}

#[tokio::test]
async fn an_outage_ends_only_streams_whose_token_has_no_end_and_those_at_its_second_failure() {
    let stage = Stage::start().await;
    stage.knows("ends", Some(now() + 600));
    stage.knows("endless", None);
    let (ends, endless) = (stage.begin("ends").await, stage.begin("endless").await);
    let nonsense = Value::String("no JSON".to_owned());
    stage.endpoint.says("endless", nonsense.clone());
    eventually("it failed once", SOON, async || (stage.results("recheck_error").await >= 1.0).then_some(()))
        .await;
    stage.knows("endless", None);
    let before = stage.results("recheck_active").await;
    eventually("it was answered", SOON, async || {
        (stage.results("recheck_active").await >= before + 3.0).then_some(())
    })
    .await;
    let ended = async || stage.gateway.metric("portcullis_streams_ended_total", &[]).await;
    assert!(ended().await.abs() < f64::EPSILON, "one failure ends nothing");
    for token in ["ends", "endless"] {
        stage.endpoint.says(token, nonsense.clone());
    }
    assert_eq!(last_words(endless).await, "10\r\n: token expired\n\r\n0\r\n\r\n");
    assert!((ended().await - 1.0).abs() < f64::EPSILON);
    let labels = [r#"cause="expiry""#, r#"kind="sse""#];
    let ended = stage.gateway.metric("portcullis_streams_ended_total", &labels).await;
    assert!((ended - 1.0).abs() < f64::EPSILON, "{ended}");
    stage.goes_on(ends).await;
}
