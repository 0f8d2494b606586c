//! An opaque token that is bound to a key, in a stream: good with proofs alone, whether its provider is asked or remembered, and at its end
//! or at a denial the stream ends.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::api::{Api, If};
use testkit::raw::Wire;
use testkit::scripted::Scripted;
use testkit::{Gateway, Issuer, Key, Prover, Start, client, now};

use super::endpoint::Endpoint;

const SOON: Duration = Duration::from_secs(20);
/// How long a token is good for: long enough to begin its stream.
const LIFE: u64 = 3;
const EVENT: &str = "9\r\ndata: 1\n\n\r\n";
/// The pieces of a beginning may come as one.
const EVENT_ENDS: &str = "data: 1\n\n\r\n";

struct Stage {
    gateway: Gateway,
    endpoint: Endpoint,
    prover: Prover,
    _agent: Scripted,
    _issuer: Issuer,
}

impl Stage {
    async fn start() -> Self {
        let agent = Scripted::start(|mut peer| async move {
            loop {
                peer.head().await?;
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
                peer.say(&format!("{head}{EVENT}")).await?;
                peer.until("never").await?;
            }
        })
        .await;
        let key = Key::new("ES256", "k1");
        let (issuer, endpoint) = (Issuer::start(&[&key]).await, Endpoint::start().await);
        let introspection =
            json!({"endpoint": endpoint.url(), "auth": {"client_id": "g", "secret_file": "client.secret"}});
        let provider = json!({"issuer": issuer.url, "leeway": "0s", "introspection": introspection});
        let oauth = json!({"identity_providers": ["corp"], "audiences": ["x"], "sender_constraint": {"dpop": "optional"}});
        let agents = json!({"live": {
            "route": "/live", "upstream": agent.url(), "auth": {"oauth": oauth}, "streams": {"grace": "0s"},
        }});
        let body = format!("identity_providers: {}\nagents: {agents}\n", json!({ "corp": provider }));
        let files = [("client.secret", "secret\n")];
        let start =
            Start { body: &body, files: &files, store: Some("store"), admin: Some(""), ..Start::default() };
        let gateway = start.ready().await;
        Self { gateway, endpoint, prover: Prover::new(), _agent: agent, _issuer: issuer }
    }

    /// Its provider knows this token, which is good for so many seconds.
    fn knows(&self, token: &str, seconds: u64) {
        let end = now() + seconds;
        self.endpoint.says(
            token,
            json!({"active": true, "sub": "alice", "aud": "x", "exp": end, "token_type": "DPoP", "cnf": self.prover.cnf()}),
        );
    }

    /// The reason with which a request is refused.
    async fn refused(&self, scheme: &str, token: &str, proof: Option<&str>) -> String {
        let mut request =
            client().get(self.gateway.url("/live")).header("authorization", format!("{scheme} {token}"));
        if let Some(proof) = proof {
            request = request.header("dpop", proof);
        }
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 401, "{scheme} {token}");
        let id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
        self.gateway.logged(&id).await["auth"]["reason"].as_str().expect("a reason").to_owned()
    }

    fn proof(&self, token: &str) -> String {
        self.prover.proof("GET", &self.gateway.url("/live"), token)
    }

    /// A stream that has begun with this proof.
    async fn begin(&self, token: &str, proof: &str) -> Wire {
        let mut wire = Wire::connect(self.gateway.port).await;
        let host = format!("127.0.0.1:{}", self.gateway.port);
        let head = format!(
            "GET /live HTTP/1.1\r\nHost: {host}\r\nAuthorization: DPoP {token}\r\nDPoP: {proof}\r\n\r\n"
        );
        assert!(wire.say(head.as_bytes()).await, "it is sent");
        let came = wire.until(EVENT_ENDS, SOON).await;
        let came = String::from_utf8_lossy(&came.bytes).into_owned();
        assert!(came.starts_with("HTTP/1.1 200") && came.ends_with(EVENT_ENDS), "{came}");
        wire
    }
}

/// What a stream says at its end.
async fn last_words(mut wire: Wire) -> String {
    let came = wire.until("\0", SOON).await;
    assert!(came.ended, "the connection is closed");
    String::from_utf8_lossy(&came.bytes).into_owned()
}

#[tokio::test]
async fn a_stream_of_a_bound_opaque_token_wants_a_proof_and_ends_with_the_token() {
    let stage = Stage::start().await;
    stage.knows("opaque", LIFE);
    let proof = stage.proof("opaque");
    assert_eq!(stage.refused("Bearer", "opaque", Some(&proof)).await, "binding_required");
    let wire = stage.begin("opaque", &proof).await;
    // It is remembered by now.
    assert_eq!(stage.refused("Bearer", "opaque", Some(&stage.proof("opaque"))).await, "binding_required");
    assert_eq!(stage.refused("DPoP", "opaque", None).await, "proof_missing");
    assert_eq!(stage.refused("DPoP", "opaque", Some(&proof)).await, "proof_replayed");
    assert_eq!(stage.refused("DPoP", "opaque", Some(&stage.proof("other"))).await, "proof_mismatch");
    assert_eq!(stage.endpoint.count("opaque"), 1);
    assert_eq!(last_words(wire).await, "10\r\n: token expired\n\r\n0\r\n\r\n");
}

#[tokio::test]
async fn a_denial_of_a_bound_opaque_token_ends_its_stream_and_comes_before_its_proofs() {
    let stage = Stage::start().await;
    for token in ["denied.with.dots", "other"] {
        stage.knows(token, 600);
    }
    let streams = [
        stage.begin("denied.with.dots", &stage.proof("denied.with.dots")).await,
        stage.begin("other", &stage.proof("other")).await,
    ];
    let api = Api {
        origin: format!("http://127.0.0.1:{}", stage.gateway.admin),
        token: stage.gateway.admin_token(),
    };
    let denial: Value = json!({"provider": "corp", "by": "token_sha256", "value": "denied.with.dots", "issued_before": "all", "until": "1h"});
    api.post("/denials", If::Unsaid, &denial).await.is(201);
    let [denied, _other] = streams;
    assert_eq!(last_words(denied).await, "A\r\n: revoked\n\r\n0\r\n\r\n");
    for proof in [None, Some(&*stage.proof("denied.with.dots"))] {
        assert_eq!(stage.refused("DPoP", "denied.with.dots", proof).await, "revoked");
    }
    let running = api.get("/agents/live/streams").await.is(200).json();
    assert_eq!(running["items"].as_array().map(Vec::len), Some(1), "{running}");
}
