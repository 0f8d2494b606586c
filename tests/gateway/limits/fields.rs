//! What responses say: the two fields on every response to a request that a limit counted, and the refusal.

use serde_json::{Value, json};
use testkit::scripted::Scripted;
use testkit::{Start, client};

use super::stage::{With, limit, stage};

#[tokio::test]
async fn a_burst_is_let_in_and_each_response_says_what_is_left() {
    let limits = json!([limit("slow", "agent", &json!({"rate": "10/1h", "burst": 3}))]);
    let cors = json!({"cors": {"allowed_origins": ["https://app.example.com"]}});
    let stage = stage(&[("p", limits, cors)], With::default()).await;
    for left in [2, 1, 0] {
        let got = stage.get("/p", "198.51.100.1", &[]).await;
        assert_eq!(got.status, 200);
        let [(name, policy)] = &*got.items("ratelimit-policy") else { panic!("{got:?}") };
        assert_eq!((name.as_str(), policy.len(), policy["q"], policy["w"]), ("slow", 2, 10, 3600), "{got:?}");
        let (is_left, seconds) = got.left("slow").expect("an item");
        // Some seconds may have passed.
        let spent = 3 - left;
        let wanted = if left == 0 { 360 } else { 360 * spent };
        assert!(is_left == left && (wanted - 60..=wanted).contains(&seconds), "{left}: {got:?}");
        assert_eq!(got.retry_after(), None);
    }
    let refused = stage.get("/p", "198.51.100.2", &[("Origin", "https://app.example.com")]).await;
    let (left, seconds) = refused.left("slow").expect("an item");
    assert_eq!((refused.status, left, refused.retry_after()), (429, 0, Some(seconds)), "{refused:?}");
    assert!((300..=360).contains(&seconds), "{refused:?}");
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    assert_eq!(refused.header("www-authenticate"), None);
    assert_eq!(refused.header("access-control-allow-origin"), Some("https://app.example.com"));
    let problem: Value = serde_json::from_str(&refused.text).expect("JSON");
    assert_eq!((&problem["status"], &problem["title"]), (&json!(429), &json!("Too Many Requests")));
    assert!(!refused.text.contains("slow"), "the name of a limit stands in its fields alone: {problem}");
    assert_eq!(stage.upstream.seen().len(), 3);
}

#[tokio::test]
async fn a_rate_lets_the_next_one_in_when_it_says() {
    let limits = json!([limit("quick", "agent", &json!({"rate": "1/2s"}))]);
    let stage = stage(&[("p", limits, json!({}))], With::default()).await;
    assert_eq!(stage.get("/p", "198.51.100.1", &[]).await.status, 200);
    let mut refused = 0;
    testkit::eventually("the next one is let in", std::time::Duration::from_secs(10), async || {
        let got = stage.get("/p", "198.51.100.1", &[]).await;
        if got.status == 429 {
            refused += 1;
            let seconds = got.retry_after().expect("a time");
            assert!((1..=2).contains(&seconds) && got.left("quick") == Some((0, seconds)), "{got:?}");
        }
        (got.status == 200).then_some(())
    })
    .await;
    assert!(refused > 0);
}

#[tokio::test]
async fn the_agents_own_fields_of_other_policies_stay() {
    let agent = Scripted::start(|mut peer| async move {
        loop {
            peer.head().await?;
            let head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nRateLimit: \"theirs\";r=7;t=9, \"ours\";r=99\r\n\
                        RateLimit-Policy: \"theirs\";q=8;w=60\r\n\r\nok";
            peer.say(head).await?;
        }
    })
    .await;
    let limits = json!([limit("ours", "agent", &json!({"rate": "5/1h"}))]);
    let agents = json!({"p": {"route": "/p", "upstream": agent.url(), "auth": "public", "limits": limits}});
    let gateway = Start { body: &format!("agents: {agents}\n"), ..Start::default() }.ready().await;
    let answer = client().get(gateway.url("/p")).send().await.expect("an answer");
    let all = |name: &str| {
        let values = answer.headers().get_all(name).iter().map(|value| value.to_str().expect("text"));
        values.collect::<Vec<_>>().join(", ")
    };
    let list = all("ratelimit");
    assert!(list.starts_with("\"theirs\";r=7;t=9, \"ours\";r=4;t="), "{list}");
    assert_eq!(all("ratelimit-policy"), "\"theirs\";q=8;w=60, \"ours\";q=5;w=3600");
}

#[tokio::test]
async fn a_failure_of_the_agent_is_counted_and_says_so() {
    let limits = json!([limit("few", "agent", &json!({"rate": "3/1h"}))]);
    let stage = stage(&[("p", limits, json!({}))], With::default()).await;
    let got = stage.get("/p/hang-up", "198.51.100.1", &[]).await;
    assert_eq!((got.status, got.left("few").map(|(left, _)| left)), (502, Some(2)), "{got:?}");
}

#[tokio::test]
async fn requests_under_way_are_limited_until_they_end() {
    let limits = json!([limit("both", "address", &json!({"concurrent": 2}))]);
    let stage = stage(&[("p", limits, json!({}))], With::default()).await;
    let stream = async || {
        let url = stage.gateway.url("/p/sse?n=1000&ms=50");
        client().get(url).header("X-Forwarded-For", "198.51.100.1").send().await.expect("a stream")
    };
    let (one, two) = (stream().await, stream().await);
    assert_eq!((one.status().as_u16(), two.status().as_u16()), (200, 200));
    let refused = stage.get("/p", "198.51.100.1", &[]).await;
    assert_eq!((refused.status, refused.retry_after(), refused.left("both")), (429, Some(1), Some((0, 1))));
    assert_eq!(refused.items("ratelimit-policy")[0].1["q"], 2);
    assert_eq!(stage.get("/p", "198.51.100.2", &[]).await.status, 200, "another address");
    let id = refused.header("x-request-id").expect("an id");
    let line = stage.gateway.logged(id).await;
    assert_eq!((&line["auth"]["reason"], &line["limit"]), (&json!("concurrency_limited"), &json!("both")));
    drop(one);
    testkit::eventually("a place is free", std::time::Duration::from_secs(10), async || {
        (stage.get("/p", "198.51.100.1", &[]).await.status == 200).then_some(())
    })
    .await;
    drop(two);
}

#[tokio::test]
async fn a_websocket_holds_a_place_until_it_ends_and_is_one_request() {
    let limits = json!([
        limit("open", "address", &json!({"concurrent": 1})),
        limit("often", "address", &json!({"rate": "5/1h"})),
    ]);
    let stage = stage(&[("p", limits, json!({}))], With::default()).await;
    let stream =
        tokio::net::TcpStream::connect(("127.0.0.1", stage.gateway.port)).await.expect("it connects");
    let mut socket = tokio_socket(&stage.gateway.port, stream).await;
    let refused = stage.get("/p", "127.0.0.1", &[]).await;
    assert_eq!(refused.status, 429, "{refused:?}");
    futures::SinkExt::close(&mut socket).await.expect("it closes");
    drop(socket);
    testkit::eventually("its place is free", std::time::Duration::from_secs(10), async || {
        let got = stage.get("/p", "127.0.0.1", &[]).await;
        let left = got.left("often").map(|(left, _)| left);
        (got.status == 200 && left == Some(3)).then_some(())
    })
    .await;
}

async fn tokio_socket(
    port: &u16,
    stream: tokio::net::TcpStream,
) -> tokio_tungstenite::WebSocketStream<tokio::net::TcpStream> {
    let url = format!("ws://127.0.0.1:{port}/p/chat");
    tokio_tungstenite::client_async(url, stream).await.expect("the handshake").0
}
