//! Spans and the access log at a collector that others wrote (oteltap): it reads what is sent as we mean it, and what it was too
//! busy for reaches it later. It takes no compressed messages.

use std::collections::VecDeque;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse as _;
use axum::routing::post;
use serde_json::Value;
use testkit::{Start, Upstream, client, eventually, free_port};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

const SOON: Duration = Duration::from_secs(20);
/// Kinds of spans (OTLP, `SpanKind`).
const SERVER: u64 = 2;
const CLIENT: u64 = 3;

/// The collector, which prints a span or a log record a line in OTLP's JSON.
struct Oteltap {
    port: u16,
    lines: Arc<Mutex<Vec<String>>>,
    _process: Child,
}

impl Oteltap {
    async fn start() -> Self {
        let python = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/venv-collector/bin/python");
        assert!(python.exists(), "{} is missing; scripts/setup.sh test makes it", python.display());
        let port = free_port();
        let mut process = Command::new(python)
            .args(["-u", "-m", "oteltap", "--port", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("Python starts");
        let mut output = BufReader::new(process.stdout.take().expect("its output")).lines();
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let said = Arc::clone(&lines);
        tokio::spawn(async move {
            while let Ok(Some(line)) = output.next_line().await {
                said.lock().expect("its lines").push(line);
            }
        });
        let it = Self { port, lines, _process: process };
        eventually("it listens", SOON, async || {
            it.lines.lock().expect("its lines").iter().any(|line| line.starts_with("Listening")).then_some(())
        })
        .await;
        it
    }

    fn spans(&self) -> Vec<Value> {
        self.with("kind")
    }

    fn records(&self) -> Vec<Value> {
        self.with("severityNumber")
    }

    /// What it printed that has a member of this name.
    fn with(&self, member: &str) -> Vec<Value> {
        let lines = self.lines.lock().expect("its lines");
        let objects = lines.iter().filter(|line| line.starts_with('{'));
        let objects = objects.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        objects.filter(|object| object.get(member).is_some()).collect()
    }

    /// The one span of that name and kind.
    fn span(&self, name: &str, kind: u64) -> Value {
        let mut spans = self.spans();
        spans.retain(|span| span["name"] == name && span["kind"] == kind);
        assert_eq!(spans.len(), 1, "{name}: {spans:?}");
        spans.remove(0)
    }
}

/// What stands before a collector: it is busy for the first messages of spans, and passes all others on.
struct Relay {
    to: u16,
    busy: Mutex<VecDeque<u16>>,
    asked: Mutex<Vec<Bytes>>,
}

impl Relay {
    async fn start(to: u16, busy: &[u16]) -> (Arc<Self>, u16) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let relay =
            Arc::new(Self { to, busy: Mutex::new(busy.iter().copied().collect()), asked: Mutex::default() });
        let pages = Router::new().fallback(post(pass)).with_state(Arc::clone(&relay));
        tokio::spawn(async move { axum::serve(listener, pages).await });
        (relay, port)
    }
}

async fn pass(
    State(relay): State<Arc<Relay>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> axum::response::Response {
    if uri.path() == "/v1/traces" {
        relay.asked.lock().expect("what was asked").push(body.clone());
        let busy = relay.busy.lock().expect("the answers").pop_front();
        if let Some(status) = busy {
            return (StatusCode::from_u16(status).expect("a status"), [("retry-after", "0")]).into_response();
        }
    }
    let request = client().post(format!("http://127.0.0.1:{}{}", relay.to, uri.path())).body(body);
    let answer = request.header("content-type", &headers["content-type"]).send().await.expect("it answers");
    answer.status().into_response()
}

/// An attribute of a span, without the kind of its value.
fn attribute(span: &Value, key: &str) -> Option<String> {
    let all = span["attributes"].as_array().expect("attributes");
    let value =
        all.iter().find(|attribute| attribute["key"] == key)?["value"].as_object()?.values().next()?.clone();
    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

#[tokio::test]
async fn another_collector_reads_our_spans_and_log_records_and_gets_those_that_it_was_too_busy_for() {
    let (upstream, oteltap) = (Upstream::start().await, Oteltap::start().await);
    let (relay, port) = Relay::start(oteltap.port, &[503, 429]).await;
    let body = format!(
        "agents:\n  p: {{ route: /p, upstream: \"{}\", auth: public }}\n  gone: {{ route: /gone, upstream: \"http://127.0.0.1:1\", auth: public }}\n",
        upstream.url()
    );
    let server = format!(
        "  tracing: {{ otlp: {{ endpoint: \"http://127.0.0.1:{port}\", compression: none, interval: 100ms }}, sample: {{ ratio: 1 }}, access_log: true }}\n"
    );
    let gateway = Start { body: &body, server: &server, ..Start::default() }.ready().await;
    for (path, status) in [("/p/x", 200), ("/nowhere", 404), ("/gone", 502)] {
        assert_eq!(client().get(gateway.url(path)).send().await.expect("an answer").status(), status);
    }
    // Two of a request that went on, one of one that did not.
    eventually("the spans arrive", SOON, async || (oteltap.spans().len() >= 5).then_some(())).await;
    eventually("they are counted", SOON, async || {
        let sent = gateway.metric("portcullis_spans_total", &["result=\"sent\""]).await;
        assert!(sent <= 5.0, "nothing arrives twice: {sent}");
        (sent >= 5.0).then_some(())
    })
    .await;
    let asked = relay.asked.lock().expect("what was asked").clone();
    assert!(
        matches!(&asked[..], [first, second, third, ..] if first == second && second == third),
        "sent again"
    );

    let (own, call) = (oteltap.span("GET /p", SERVER), oteltap.span("GET /p", CLIENT));
    assert_eq!((&call["traceId"], &call["parentSpanId"]), (&own["traceId"], &own["spanId"]));
    let told = upstream.last().field("traceparent").expect("a parent").to_owned();
    let id = |span: &Value, name: &str| span[name].as_str().expect("text").to_owned();
    assert_eq!(told, format!("00-{}-{}-01", id(&own, "traceId"), id(&call, "spanId")));
    let refused = oteltap.span("GET", SERVER);
    let failed = oteltap.span("GET /gone", SERVER);
    for (span, name, wanted) in [
        (&own, "http.request.method", "GET"),
        (&own, "http.route", "/p"),
        (&own, "http.response.status_code", "200"),
        (&own, "url.path", "/p/x"),
        (&own, "portcullis.agent", "p"),
        (&own, "portcullis.decision", "allow"),
        (&call, "http.response.status_code", "200"),
        (&refused, "http.response.status_code", "404"),
        (&refused, "portcullis.reason", "no_route"),
        (&failed, "http.response.status_code", "502"),
        (&failed, "portcullis.upstream_error", "connect_refused"),
        (&failed, "error.type", "502"),
    ] {
        assert_eq!(attribute(span, name).as_deref(), Some(wanted), "{name} of {span}");
    }
    let status = |span: &Value| span.pointer("/status/code").and_then(Value::as_u64).unwrap_or_default();
    assert_eq!([&own, &call, &refused, &failed].map(status), [0, 0, 0, 2], "only a 5xx is an error");
    let times = |span: &Value| {
        ["startTimeUnixNano", "endTimeUnixNano"]
            .map(|name| id(span, name).parse::<u64>().expect("nanoseconds"))
    };
    let ([began, ended], [asked_at, answered]) = (times(&own), times(&call));
    assert!(began <= asked_at && asked_at < answered && answered <= ended, "{own} {call}");

    eventually("the log records arrive", SOON, async || (oteltap.records().len() >= 3).then_some(())).await;
    for (body, severity, span) in [
        ("GET /p/x 200", "INFO", &own),
        ("GET /nowhere 404 deny no_route", "WARN", &refused),
        ("GET /gone 502", "ERROR", &failed),
    ] {
        let record = oteltap.records().into_iter().find(|record| record["body"]["stringValue"] == body);
        let record = record.unwrap_or_else(|| panic!("{body}: {:?}", oteltap.records()));
        assert_eq!(
            (&record["severityText"], &record["eventName"]),
            (&severity.into(), &"portcullis.access".into())
        );
        assert_eq!((&record["traceId"], &record["spanId"]), (&span["traceId"], &span["spanId"]), "{body}");
        assert_eq!(record["timeUnixNano"], span["startTimeUnixNano"], "{body}");
        assert_eq!(record["observedTimeUnixNano"], span["endTimeUnixNano"], "{body}");
        for key in ["http.response.status_code", "portcullis.request_id", "url.path"] {
            assert_eq!(attribute(&record, key), attribute(span, key), "{key} of {body}");
        }
    }
}
