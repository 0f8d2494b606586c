//! Ways around a rule that other gateways had: none of them reaches the upstream, and beside each the same request with
//! an honest message does.

use std::io::Write as _;

use flate2::write::GzEncoder;
use reqwest::header::HeaderMap;
use testkit::Certificate;
use testkit::raw::Wire;

use super::recorder::Recorder;
use super::{Framing, JSON, MOST, before, control, good, request};

const NEW: &str = "MCP-Protocol-Version: 2026-07-28\r\n";

/// A way around: a name, the fields, the body, and the status that refuses it.
struct Way {
    name: &'static str,
    fields: String,
    body: Vec<u8>,
    status: u16,
}

fn way(name: &'static str, fields: &str, body: impl Into<Vec<u8>>, status: u16) -> Way {
    Way { name, fields: format!("{JSON}{fields}"), body: body.into(), status }
}

/// A call with these members of `params`.
fn call(params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{{params}}}}}"#)
}

/// A call whose objects and lists go `levels` deep.
fn deep(levels: usize) -> String {
    let (inside, name) = (levels - 2, r#""name":"good","arguments":"#);
    call(&format!("{name}{}{}", "[".repeat(inside), "]".repeat(inside)))
}

fn gzipped(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

fn ways() -> Vec<Way> {
    let evil = call(r#""name":"evil""#);
    let good = call(r#""name":"good""#);
    let utf_16: Vec<u8> = evil.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let no_utf_8: Vec<u8> =
        good.replace("good", "?").bytes().map(|b| if b == b'?' { 0xff } else { b }).collect();
    let mut ways = vec![
        way("the tool itself", "", evil.as_str(), 403),
        way("a batch", "", format!("[{evil}]"), 400),
        way("a batch behind blanks", "", format!(" \r\n[{good},{evil}]"), 400),
        way("a batch in a batch", "", format!("[[{evil}]]"), 400),
        way("an empty batch", "", "[]", 400),
        way("a member twice", "", call(r#""name":"good","name":"evil""#), 400),
        way("a member twice, escaped", "", call(r#""name":"good","n\u0061me":"evil""#), 400),
        way("another case", "", call(r#""name":"good","Name":"evil""#), 400),
        way("another case alone", "", call(r#""NAME":"evil""#), 400),
        way("a long s", "", good.replace("}}", r#"},"paramſ":{"name":"evil"}}"#), 400),
        way("another method in another case", "", good.replace("{\"json", "{\"Method\":\"x\",\"json"), 400),
        way("gzip", "Content-Encoding: gzip\r\n", gzipped(&evil), 415),
        way("gzip that nobody declares", "", gzipped(&evil), 400),
        way("an encoding that says nothing", "Content-Encoding: identity\r\n", good.as_str(), 415),
        way("UTF-16", "", utf_16.as_slice(), 400),
        way("a byte order mark", "", format!("\u{feff}{good}"), 400),
        way("NUL before", "", format!("\0{good}"), 400),
        way("NUL behind", "", format!("{good}\0"), 400),
        way("NUL in the name", "", call(r#""name":"good\u0000evil""#), 400),
        way("bytes behind", "", format!("{good}{evil}"), 400),
        way("half a message", "", &good.as_bytes()[..good.len() - 1], 400),
        way("no JSON", "", "name=evil", 400),
        way("no message", "", "\"evil\"", 400),
        way("no UTF-8", "", no_utf_8, 400),
        way("65 levels", "", deep(65), 400),
        way("a byte too much", "", super::good(MOST + 1), 413),
        way("a list for a name", "", call(r#""name":["evil"]"#), 400),
        way("an object for an id", "", good.replace("\"id\":1", "\"id\":{}"), 400),
    ];
    for (name, fields) in [
        ("another tool in the head", "Mcp-Method: tools/call\r\nMcp-Name: evil\r\n"),
        ("another method in the head", "Mcp-Method: tools/list\r\nMcp-Name: good\r\n"),
        ("nothing in the head", ""),
        ("a name twice in the head", "Mcp-Method: tools/call\r\nMcp-Name: good\r\nMcp-Name: good\r\n"),
    ] {
        ways.push(way(name, &format!("{NEW}{fields}"), good.as_str(), 400));
    }
    let head = "Mcp-Method: tools/call\r\nMcp-Name: good\r\n";
    ways.push(way("an honest head, another body", &format!("{NEW}{head}"), evil.as_str(), 400));
    ways.push(way("an honest head of an old revision", head, evil.as_str(), 403));
    for (name, fields) in [
        ("UTF-16 in the type", "Content-Type: application/json; charset=utf-16\r\n"),
        ("another type", "Content-Type: text/plain\r\n"),
        ("two types", "Content-Type: application/json\r\nContent-Type: application/json\r\n"),
        ("no type", ""),
    ] {
        ways.push(Way { name, fields: fields.to_owned(), body: good.clone().into_bytes(), status: 415 });
    }
    ways
}

#[tokio::test]
async fn no_way_around_a_rule_reaches_the_upstream() {
    let recorder = Recorder::start().await;
    let gateway = before(&recorder, "", None).await;
    for framing in [Framing::Length, Framing::Chunks(7)] {
        for Way { name, fields, body, status } in ways() {
            let what = format!("{name}, {framing:?}");
            let mut wire = Wire::connect(gateway.port).await;
            let calls = recorder.count();
            wire.say(&request("POST", &fields, &body, framing)).await;
            let response = wire.response(false).await.unwrap_or_else(|| panic!("{what}: a response"));
            assert_eq!(response.status, status, "{what}: {}", String::from_utf8_lossy(&response.body));
            assert_eq!(recorder.count(), calls, "{what} has reached the upstream");
            control(&mut Wire::connect(gateway.port).await, &recorder, framing, &what).await;
        }
    }
}

#[tokio::test]
async fn no_way_around_a_rule_reaches_the_upstream_over_http2() {
    let (recorder, certificate) = (Recorder::start().await, Certificate::generate());
    let gateway = before(&recorder, "", Some(&certificate)).await;
    let (client, base) = gateway.http2();
    let url = format!("{base}/m");
    for Way { name, fields, body, status } in ways() {
        let mut headers = HeaderMap::new();
        for (field, value) in fields.lines().filter_map(|line| line.split_once(": ")) {
            let field: reqwest::header::HeaderName = field.parse().expect("a name");
            headers.append(field, value.parse().expect("a value"));
        }
        let calls = recorder.count();
        let sent = client.post(&url).headers(headers).body(body).send().await;
        let response = sent.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(
            (response.version(), response.status().as_u16()),
            (reqwest::Version::HTTP_2, status),
            "{name}"
        );
        assert_eq!(recorder.count(), calls, "{name} has reached the upstream");
        let honest = good(300);
        let sent = client.post(&url).header("content-type", "application/json").body(honest.clone()).send();
        assert_eq!(sent.await.expect("a response").status(), 200, "{name}");
        assert_eq!((recorder.count(), recorder.last().body), (calls + 1, honest), "{name}");
    }
}

#[tokio::test]
async fn what_is_as_deep_or_as_long_as_it_may_be_passes() {
    let recorder = Recorder::start().await;
    let gateway = before(&recorder, "", None).await;
    let mut wire = Wire::connect(gateway.port).await;
    for body in [deep(32).into_bytes(), deep(64).into_bytes(), good(MOST)] {
        assert!(wire.say(&request("POST", JSON, &body, Framing::Length)).await);
        assert_eq!(wire.response(false).await.expect("a response").status, 200);
        assert!(recorder.last().body == body, "{} bytes", body.len());
    }
    for framing in [Framing::Chunks(1), Framing::Chunks(2), Framing::Chunks(13)] {
        let evil = call(r#""name":"evil""#);
        let calls = recorder.count();
        assert!(wire.say(&request("POST", JSON, evil.as_bytes(), framing)).await);
        assert_eq!(wire.response(false).await.expect("a response").status, 403, "{framing:?}");
        assert_eq!(recorder.count(), calls, "{framing:?}");
        control(&mut wire, &recorder, framing, "the same connection").await;
    }
}
