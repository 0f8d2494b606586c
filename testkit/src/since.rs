//! How soon a running stream ends after what ends it, by a clock that never goes back.

use std::time::Duration;

use tokio::time::Instant;

use crate::client::client;
use crate::eventually::scripted_pause;
use crate::gateway::Gateway;

/// What the gateway promises: a right that was taken away is gone within a second.
const PROMISED: Duration = Duration::from_secs(1);
/// How late a busy machine may be on top. From the order to the end that a test sees, four tasks get their turn one after
/// the other: the stream's, which writes, the connection's, the test's own reader, and the probe that begins the count
/// too early rather than too late. On two cores with ten busy processes a turn is late by 30 ms; this bears four times
/// that, and is well under what a second wait for a boundary (0.9 s) would add.
const LATE: Duration = Duration::from_millis(500);
/// The longest that a change may take to be live: the file is watched, read and compiled first.
const LIVE: Duration = Duration::from_secs(10);
/// How often the gateway is asked whether a change is live.
const ASKED: Duration = Duration::from_millis(10);

/// The point in time from which a stream has a second to end.
#[derive(Debug, Clone, Copy)]
pub struct Since(Instant);

impl Since {
    /// Something that ends streams has just been answered.
    pub fn now() -> Self {
        Self(Instant::now())
    }

    /// Writes this body into the configuration, and waits until it is live. The count begins with the last look at which
    /// it was not.
    pub async fn reload(gateway: &Gateway, body: &str) -> Self {
        let applied =
            async || gateway.metric("portcullis_config_reloads_total", &[r#"result="applied""#]).await;
        let before = applied().await;
        gateway.replace_body(body);
        let began = Instant::now();
        let mut last = began;
        loop {
            let asked = Instant::now();
            if applied().await > before {
                return Self(last);
            }
            assert!(began.elapsed() < LIVE, "the change is not live after {LIVE:?}: {:?}", gateway.stderr());
            last = asked;
            scripted_pause(ASKED).await;
        }
    }

    /// An operator ends all streams of an agent; says how many there were. The gateway has an admin listener.
    pub async fn an_operator_ends(gateway: &Gateway, agent: &str) -> (Self, u64) {
        let url = format!("http://127.0.0.1:{}/api/v1/agents/{agent}/streams", gateway.admin);
        let answer = client().delete(url).bearer_auth(gateway.admin_token()).send().await.expect("an answer");
        let since = Self::now();
        let (status, text) = (answer.status(), answer.text().await.expect("text"));
        assert_eq!(status, 200, "{text}");
        let told: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        (since, told["ended"].as_u64().expect("a number"))
    }

    /// The end is here: panics when it came later than was promised.
    pub fn has_ended(self, what: &str) {
        let took = self.0.elapsed();
        eprintln!("{what}: it ended after {took:?}");
        assert!(
            took <= PROMISED + LATE,
            "{what}: it ended after {took:?}, which is over {PROMISED:?} and {LATE:?}"
        );
    }
}
