//! A message that passes arrives as it was sent, byte for byte, and what goes with it.

use std::time::Duration;

use serde_json::json;
use testkit::Certificate;
use testkit::raw::Wire;

use super::recorder::Recorder;
use super::{Framing, JSON, MOST, before, good, request};

/// What Pingora keeps of a body that was read before the request is forwarded.
const BUFFER: usize = 64 << 10;

#[tokio::test]
async fn a_message_arrives_byte_for_byte_however_it_is_framed() {
    let (recorder, certificate) = (Recorder::start().await, Certificate::generate());
    let gateway = before(&recorder, "", Some(&certificate)).await;
    let (client, base) = gateway.http2();
    let mut wire = Wire::connect(gateway.port).await;
    for length in [200, 1024, BUFFER - 1, BUFFER, BUFFER + 1, 2 * BUFFER, 200_000, MOST - 1, MOST] {
        let body = good(length);
        for framing in [Framing::Length, Framing::Chunks(1000), Framing::Chunks(MOST)] {
            assert!(wire.say(&request("POST", JSON, &body, framing)).await, "{length} {framing:?}");
            let response = wire.response(false).await.expect("a response");
            assert_eq!(response.status, 200, "{length} {framing:?}");
            assert!(recorder.last().body == body, "{length} {framing:?}: {}", recorder.last().body.len());
            let chunked = recorder.last().head.field("transfer-encoding").is_some();
            assert_eq!(chunked, framing != Framing::Length, "{length} {framing:?}");
        }
        let sent = client.post(format!("{base}/m")).header("content-type", "application/json");
        assert_eq!(sent.body(body.clone()).send().await.expect("a response").status(), 200, "{length}");
        assert!(recorder.last().body == body, "{length} over HTTP/2: {}", recorder.last().body.len());
    }
}

#[tokio::test]
async fn a_message_that_comes_in_pieces_arrives_whole() {
    let recorder = Recorder::start().await;
    let gateway = before(&recorder, "", None).await;
    let mut wire = Wire::connect(gateway.port).await;
    for (length, framing) in [
        (3000, Framing::Length),
        (3000, Framing::Chunks(700)),
        (150_000, Framing::Length),
        (150_000, Framing::Chunks(9000)),
    ] {
        let (body, calls) = (good(length), recorder.count());
        let all = request("POST", JSON, &body, framing);
        let (first, last) = all.split_at(all.len() - 1);
        assert!(wire.drip(first, all.len() / 9, Duration::from_millis(5)).await);
        assert_eq!(recorder.count(), calls, "nothing arrives before the decision");
        assert!(wire.say(last).await);
        assert_eq!(wire.response(false).await.expect("a response").status, 200);
        assert!(recorder.last().body == body, "{length} {framing:?}");
    }
}

#[tokio::test]
async fn the_end_of_a_long_message_in_chunks_is_found_wherever_it_is_cut() {
    let recorder = Recorder::start().await;
    let gateway = before(&recorder, "", None).await;
    let mut wire = Wire::connect(gateway.port).await;
    let body = good(3 * BUFFER);
    let all = request("POST", JSON, &body, Framing::Chunks(40_000));
    let rest = all.strip_suffix(b"0\r\n\r\n").expect("the last chunk");
    for (end, status) in [
        (&["0\r\n\r\n"] as &[_], 200),
        (&["0\r\n\r", "\n"], 200),
        (&["0\r\n", "\r", "\n"], 200),
        (&["0", "\r", "\n", "\r", "\n"], 200),
        (&["0\r\nX-Sum: 1\r\n\r\n"], 200),
        (&["0\r\nX-Sum: 1\r", "\n\r", "\n"], 200),
        (&["0\r\n\rX"], 400),
        (&["0\r\n\r", "X"], 400),
    ] {
        let calls = recorder.count();
        assert!(wire.say(rest).await);
        wire.send(end).await;
        let response = wire.response(false).await.unwrap_or_else(|| panic!("{end:?}: a response"));
        assert_eq!(
            (response.status, recorder.count() - calls),
            (status, usize::from(status == 200)),
            "{end:?}"
        );
        if status == 200 {
            assert!(recorder.last().body == body, "{end:?}: {}", recorder.last().body.len());
        } else {
            wire = Wire::connect(gateway.port).await;
        }
    }
}

#[tokio::test]
async fn a_client_that_waits_is_asked_for_its_message_unless_the_head_is_refused() {
    let recorder = Recorder::start().await;
    let gateway = before(&recorder, "", None).await;
    let body = good(500);
    for (content_type, invited, status) in [("application/json", 1, 200), ("text/plain", 0, 415)] {
        let mut wire = Wire::connect(gateway.port).await;
        let head = format!(
            "POST /m HTTP/1.1\r\nHost: gateway.test\r\nContent-Type: {content_type}\r\nExpect: 100-continue\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        assert!(wire.say(head.as_bytes()).await);
        if invited == 1 {
            let came = wire.until("\r\n\r\n", Duration::from_secs(5)).await;
            assert_eq!(came.status(), 100);
            assert!(wire.say(&body).await);
        }
        assert_eq!(wire.response(false).await.expect("a response").status, status);
        assert_eq!(wire.invited, 0, "once is enough");
    }
    assert_eq!((recorder.count(), recorder.last().body), (1, body));
}

#[tokio::test]
async fn no_other_request_than_a_post_has_a_body() {
    let recorder = Recorder::start().await;
    let gateway = before(&recorder, "", None).await;
    for method in ["GET", "DELETE"] {
        for framing in [Framing::Length, Framing::Chunks(9)] {
            let calls = recorder.count();
            let mut wire = Wire::connect(gateway.port).await;
            wire.say(&request(method, JSON, &good(200), framing)).await;
            assert_eq!(wire.response(false).await.expect("a response").status, 400, "{method} {framing:?}");
            assert_eq!(recorder.count(), calls, "{method} {framing:?}");
        }
        let mut wire = Wire::connect(gateway.port).await;
        wire.say(format!("{method} /m HTTP/1.1\r\nHost: gateway.test\r\n\r\n").as_bytes()).await;
        assert_eq!(wire.response(false).await.expect("a response").status, 200, "{method} without a body");
    }
}

#[tokio::test]
async fn claims_of_the_head_are_removed_where_nobody_compares_them() {
    let recorder = Recorder::start().await;
    let gateway = before(&recorder, "", None).await;
    let claims = "Mcp-Method: tools/call\r\nMcp-Name: good\r\nMcp-Param-Region: eu\r\n";
    for (version, wanted) in [
        ("", None),
        ("MCP-Protocol-Version: 2025-11-25\r\n", None),
        ("MCP-Protocol-Version: 2026-07-28\r\n", Some("good")),
    ] {
        let mut wire = Wire::connect(gateway.port).await;
        let fields = format!("{JSON}{version}{claims}");
        assert!(wire.say(&request("POST", &fields, &good(200), Framing::Length)).await);
        assert_eq!(wire.response(false).await.expect("a response").status, 200, "{version}");
        let head = recorder.last().head;
        assert_eq!(head.field("mcp-name"), wanted, "{version}");
        assert_eq!(head.field("mcp-method"), wanted.map(|_| "tools/call"), "{version}");
        assert_eq!(head.field("mcp-param-region"), Some("eu"), "{version}");
    }
    let mut wire = Wire::connect(gateway.port).await;
    let batch = json!([{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "evil"}}]);
    let plain = request("POST", &format!("{JSON}{claims}"), batch.to_string().as_bytes(), Framing::Length);
    assert!(
        wire.say(
            &plain.strip_prefix(b"POST /m").map_or_else(Vec::new, |rest| [b"POST /plain", rest].concat())
        )
        .await
    );
    assert_eq!(wire.response(false).await.expect("a response").status, 200);
    let last = recorder.last();
    assert_eq!((last.head.field("mcp-name"), last.body), (Some("good"), batch.to_string().into_bytes()));
}
