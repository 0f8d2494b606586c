//! The rows that are no decision about a credential: an agent that does not answer, and requests that are too large.

use serde_json::{Value, json};
use testkit::free_port;
use testkit::{Start, Upstream, client};

#[tokio::test]
async fn an_agent_that_fails_and_a_request_that_is_too_large_are_problems_too() {
    let upstream = Upstream::start().await;
    let slow = json!({"url": upstream.url(), "response_timeout": "1s"});
    let agents = json!({
        "gone": {"route": "/gone", "upstream": format!("http://127.0.0.1:{}", free_port()), "auth": "public"},
        "slow": {"route": "/slow", "upstream": slow, "auth": "public"},
        "small": {"route": "/small", "upstream": upstream.url(), "max_body": "10KiB", "auth": "public"},
    });
    let body = format!("agents: {agents}\n");
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    for (status, path, length, header) in [
        (502, "/gone", 0, 0),
        (502, "/small/hang-up", 0, 0),
        (504, "/slow", 0, 0),
        (200, "/small", 10 * 1024, 0),
        (413, "/small", 10 * 1024 + 1, 0),
        (200, "/small", 0, 16 * 1024),
        (431, "/small", 0, 33 * 1024),
    ] {
        let request = client().post(gateway.url(path)).body("b".repeat(length));
        let request = if header > 0 { request.header("X-Pad", "h".repeat(header)) } else { request };
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => panic!("{status} {path}: {error}"),
        };
        assert_eq!(answer.status(), status, "{path}");
        assert!(!answer.headers().contains_key("www-authenticate"), "{status} {path}");
        assert!(!answer.headers().contains_key("retry-after"), "{status} {path}");
        if status == 200 {
            continue;
        }
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{status} {path}");
        let id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
        let problem: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
        let members: Vec<&str> = problem.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(members, ["detail", "request_id", "status", "title", "type"], "{status} {path}");
        assert_eq!((&problem["status"], &problem["request_id"]), (&status.into(), &Value::from(id.as_str())));
        assert_eq!(gateway.logged(&id).await["status"], status, "{path}");
    }
}
