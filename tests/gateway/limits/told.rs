//! What operators see of limits: metrics, log, kept refusals, `explain`, and shadow mode.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::api::{Api, If};
use testkit::{client, eventually, portcullis};

use super::stage::{Stage, With, limit, stage};

const ONE: &str = "198.51.100.1";
const REQUESTS: &str = "portcullis_limit_requests_total";

impl Stage {
    async fn counted(&self, agent: &str, limit: &str, result: &str) -> f64 {
        let labels =
            [format!("agent=\"{agent}\""), format!("limit=\"{limit}\""), format!("result=\"{result}\"")];
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        self.gateway.metric(REQUESTS, &labels).await
    }

    fn api(&self) -> Api {
        Api { origin: format!("http://127.0.0.1:{}", self.gateway.admin), token: self.gateway.admin_token() }
    }

    async fn explain(&self, question: &Value) -> Value {
        self.api().post("/explain", If::Unsaid, question).await.is(200).json()["limits"].clone()
    }
}

#[tokio::test]
async fn metrics_count_by_agent_and_limit_and_refusals_are_kept_with_their_grounds() {
    let limits = json!([limit("net", "address", &json!({"rate": "2/1h"}))]);
    let stage = stage(&[("p", limits, json!({}))], With::default()).await;
    assert_eq!(stage.statuses("/p", ONE, 5).await, [200, 200, 429, 429, 429]);
    let counts = (stage.counted("p", "net", "allowed").await, stage.counted("p", "net", "limited").await);
    assert!(counts == (2.0, 3.0), "{counts:?}");
    let (_, page) = stage.gateway.ops_get("/metrics").await;
    assert!(!page.contains(ONE), "no series by caller");
    let refused = stage.get("/p", ONE, &[]).await;
    let id = refused.header("x-request-id").expect("an id");
    let kept = stage.api().get(&format!("/decisions/{id}")).await.is(200).json();
    assert_eq!(
        (&kept["reason"], &kept["status"], &kept["check"]),
        (&json!("rate_limited"), &json!(429), &json!("limit"))
    );
    let words = ["seen", "wanted", "fix"].map(|member| kept[member].as_str().expect("text").to_owned());
    assert!(words[0].contains("net") && words[1].contains("at most 2 requests in 3600 s"), "{words:?}");
}

#[tokio::test]
async fn in_shadow_nothing_is_refused_or_told_and_all_is_counted() {
    let one = limit("one", "address", &json!({"rate": "1/1h", "enforcement": "shadow"}));
    let two = limit("two", "address", &json!({"rate": "1/1h"}));
    let shadow = json!({"enforcement": "shadow"});
    let stage =
        stage(&[("p1", json!([one]), json!({})), ("o2", json!([two]), shadow)], With::default()).await;
    let token = format!("Bearer {}", stage.token("alice", &json!({})));
    for (path, agent, name) in [("/p1", "p1", "one"), ("/o2", "o2", "two")] {
        for nth in 0..3 {
            let got = stage.get(path, ONE, &[("Authorization", &token)]).await;
            assert_eq!((got.status, got.header("ratelimit")), (200, None), "{path} {nth}");
            let line = stage.gateway.logged(got.header("x-request-id").expect("an id")).await;
            let limit = if nth == 0 { json!(null) } else { json!(name) };
            assert_eq!((&line["auth"]["decision"], &line["limit"]), (&json!("allow"), &limit), "{line}");
        }
        let counts =
            (stage.counted(agent, name, "allowed").await, stage.counted(agent, name, "shadow_limited").await);
        assert!(counts == (1.0, 2.0), "{path}: {counts:?}");
    }
}

#[tokio::test]
async fn explain_says_what_is_left_over_the_api_and_the_command_says_that_it_has_no_buckets() {
    let limits = json!([
        limit("who", "principal", &json!({"rate": "10/1h"})),
        limit("net", "address", &json!({"rate": "10/1h"})),
        limit("all", "agent", &json!({"concurrent": 7})),
    ]);
    let stage = stage(&[("o", limits, json!({})), ("p", Value::Null, json!({}))], With::default()).await;
    let token = stage.token("alice", &json!({}));
    for _ in 0..3 {
        assert_eq!(stage.with_token("/o", &token).await.status, 200);
    }
    let question = json!({"agent": "o", "credential": token});
    let wanted =
        json!([{"name": "who", "left": 7}, {"name": "net", "left": null}, {"name": "all", "left": 7}]);
    // The place of a request is free again a moment after its response.
    eventually("every place is free", Duration::from_secs(10), async || {
        (stage.explain(&question).await == wanted).then_some(())
    })
    .await;
    assert_eq!(stage.explain(&question).await, wanted, "to ask spends nothing");
    let nobody = stage.explain(&json!({"agent": "o"})).await;
    assert_eq!(nobody[0], json!({"name": "who", "left": null}));
    assert_eq!(stage.explain(&json!({"agent": "p"})).await, json!([]));
    let ran =
        portcullis(stage.gateway.folder.path(), &["explain", "--agent", "o", "-c", "portcullis.yaml"]).await;
    assert!(ran.err.contains("who, net, all") && ran.err.contains("/api/v1/explain"), "{ran:?}");
}

#[tokio::test]
async fn series_of_a_limit_that_is_gone_go_with_it() {
    let limits = |name: &str| json!([limit(name, "address", &json!({"rate": "5/1h"}))]);
    let stage = stage(&[("p", limits("old"), json!({}))], With::default()).await;
    assert_eq!(stage.statuses("/p", ONE, 1).await, [200]);
    stage.change(&[("p", limits("new"), json!({}))], With::default()).await;
    let answer = client().get(stage.gateway.url("/p")).send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 200);
    let counts = (stage.counted("p", "old", "allowed").await, stage.counted("p", "new", "allowed").await);
    assert!(counts == (0.0, 1.0), "{counts:?}");
}
