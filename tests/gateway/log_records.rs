//! The access log at a collector: a log record for each request, in the trace of its spans, and no caller who notices whether
//! anybody takes them.

use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::logs::v1::LogRecord;
use testkit::{Gateway, Issuer, Key, Start, Upstream, client, eventually};
use tokio::io::{AsyncReadExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use super::collector::{Collector, LogAnswer, attribute, hex};

const SOON: Duration = Duration::from_secs(10);
/// No request is kept as a span for what became of it.
const NO_SPANS: &str = "sample: { ratio: 0, refused: 0, errors: 0 }";

async fn ask(gateway: &Gateway, path: &str, token: Option<&str>) -> u16 {
    let request = client().get(gateway.url(path));
    let request = token.into_iter().fold(request, |request, token| request.bearer_auth(token));
    request.send().await.expect("an answer").status().as_u16()
}

fn public(upstream: &Upstream) -> String {
    format!("agents:\n  p: {{ route: /p, upstream: \"{}\", auth: public }}\n", upstream.url())
}

/// The one record of a path.
fn of<'r>(records: &'r [LogRecord], path: &str) -> &'r LogRecord {
    let of_path = |record: &&LogRecord| attribute(&record.attributes, "url.path").as_deref() == Some(path);
    let found: Vec<_> = records.iter().filter(of_path).collect();
    assert_eq!(found.len(), 1, "{path}: {records:?}");
    found[0]
}

async fn counted(gateway: &Gateway, result: &str) -> f64 {
    gateway.metric("portcullis_log_records_total", &[&format!("result=\"{result}\"")]).await
}

#[tokio::test]
async fn a_request_is_a_log_record_in_the_trace_of_its_spans_and_no_secret_goes_along() {
    let key = Key::new("ES256", "k1");
    let (issuer, upstream, collector) =
        (Issuer::start(&[&key]).await, Upstream::start().await, Collector::start(&[]).await);
    let body = format!(
        "identity_providers:\n  idp: {{ issuer: \"{}\" }}\nagents:\n  a:\n    route: /a\n    upstream: {}\n    auth: {{ oauth: {{ identity_providers: [idp] }} }}\n  gone: {{ route: /gone, upstream: \"http://127.0.0.1:1\", auth: public }}\n",
        issuer.url,
        upstream.url()
    );
    let server = collector.server(", sample: { ratio: 1 }, subject_key_file: subject.key, access_log: true");
    let files = [("subject.key", "0123456789abcdef0123")];
    let env = [("OTEL_SERVICE_NAME", "gate")];
    let gateway =
        Start { body: &body, server: &server, files: &files, env: &env, ..Start::default() }.ready().await;
    let mut claims = issuer.claims("x");
    (claims["sub"], claims["client_id"]) = ("alice".into(), "desk".into());
    let token = key.token(&key.header("ES256"), &claims);
    assert_eq!(ask(&gateway, "/a/b?secret=query-7", Some(&token)).await, 200);
    assert_eq!(ask(&gateway, "/a/c", None).await, 401);
    assert_eq!(ask(&gateway, "/gone", None).await, 502);

    let (records, own) = (collector.logged(3).await, collector.own(3).await);
    for (path, severity) in [("/a/b", "INFO"), ("/a/c", "WARN"), ("/gone", "ERROR")] {
        let record = of(&records, path);
        assert_eq!(record.severity_text, severity, "{path}");
        let span = own.iter().find(|span| span.span_id == record.span_id).expect("its span");
        assert_eq!((&span.trace_id, record.flags), (&record.trace_id, 1), "{path}");
        assert!(record.time_unix_nano < record.observed_time_unix_nano, "{path}");
    }
    let told = upstream.last().field("traceparent").expect("a parent").to_owned();
    assert!(told.contains(&hex(&of(&records, "/a/b").trace_id)), "the agent knows the same trace");
    for (name, wanted) in [
        ("http.request.method", "GET"),
        ("http.route", "/a"),
        ("http.response.status_code", "200"),
        ("client.address", "127.0.0.1"),
        ("portcullis.agent", "a"),
        ("portcullis.decision", "allow"),
        ("portcullis.provider", "idp"),
        ("portcullis.client_id", "desk"),
        ("portcullis.upstream_attempts", "1"),
        ("http.request.body.size", "0"),
    ] {
        let seen = attribute(&of(&records, "/a/b").attributes, name);
        assert_eq!(seen.as_deref(), Some(wanted), "{name}");
    }
    let hash = attribute(&of(&records, "/a/b").attributes, "portcullis.subject_hash");
    assert_eq!(hash.map(|hash| hash.len()), Some(32));
    let refused = attribute(&of(&records, "/a/c").attributes, "portcullis.reason");
    assert_eq!(refused.as_deref(), Some("token_missing"));

    let asked = collector.book.logs_asked.lock().expect("what was asked").concat();
    for secret in ["query-7", "alice", token.split('.').next_back().expect("a signature")] {
        assert!(!String::from_utf8_lossy(&asked).contains(secret), "{secret}");
    }
    let resource = collector.book.logs.lock().expect("what was taken")[0].resource_logs[0].resource.clone();
    let resource = resource.expect("a resource").attributes;
    assert_eq!(attribute(&resource, "service.name").as_deref(), Some("gate"));
    eventually("they are counted", SOON, async || (counted(&gateway, "sent").await >= 3.0).then_some(()))
        .await;
    // The lines are there all the same, and those have the subject.
    let id = attribute(&of(&records, "/a/b").attributes, "portcullis.request_id").expect("an id");
    assert_eq!(gateway.logged(&id).await["auth"]["sub"], "alice");
}

#[tokio::test]
async fn the_collector_gets_the_log_where_it_is_asked_for_and_without_spans_and_lines_too() {
    let (upstream, collector) = (Upstream::start().await, Collector::start(&[]).await);
    let body = public(&upstream);
    let server =
        format!("{}  access_log: off\n", collector.server(&format!(", {NO_SPANS}, access_log: true")));
    let gateway = Start { body: &body, server: &server, ..Start::default() }.ready().await;
    assert_eq!(ask(&gateway, "/p/x", None).await, 200);
    let record = of(&collector.logged(1).await, "/p/x").clone();
    let told = upstream.last().field("traceparent").expect("a parent").to_owned();
    assert!(told.contains(&hex(&record.trace_id)) && told.ends_with("-00"), "{told}");
    assert_eq!((record.trace_id.len(), record.span_id.len(), record.flags), (16, 8, 0));
    assert_eq!((collector.spans().len(), gateway.stdout()), (0, Vec::new()));

    // The default is that it gets none.
    let server = collector.server(", sample: { ratio: 1 }");
    let gateway = Start { body: &body, server: &server, ..Start::default() }.ready().await;
    assert_eq!(ask(&gateway, "/p/y", None).await, 200);
    collector.own(1).await;
    assert_eq!(collector.book.logs_asked.lock().expect("what was asked").len(), 1);
    let (_, page) = gateway.ops_get("/metrics").await;
    assert!(!page.contains("portcullis_log_records_total"));
}

#[tokio::test]
async fn a_busy_collector_gets_the_same_message_again_and_what_it_rejects_is_dropped() {
    let (upstream, collector) = (Upstream::start().await, Collector::start(&[]).await);
    let body = public(&upstream);
    collector.book.log_answers.lock().expect("the answers").extend([
        LogAnswer::RetryAfter(429, "0"),
        LogAnswer::RetryAfter(503, "0"),
        LogAnswer::Refused(400),
        LogAnswer::Rejects(1),
    ]);
    let server = collector.server(&format!(", {NO_SPANS}, access_log: true"));
    let gateway = Start { body: &body, server: &server, ..Start::default() }.ready().await;
    assert_eq!(ask(&gateway, "/p/1", None).await, 200);
    eventually("the first is dropped", SOON, async || {
        (counted(&gateway, "dropped").await >= 1.0).then_some(())
    })
    .await;
    let asked = collector.book.logs_asked.lock().expect("what was asked").clone();
    assert!(matches!(&asked[..], [first, second, third] if first == second && second == third), "{asked:?}");
    assert_eq!(ask(&gateway, "/p/2", None).await, 200);
    eventually("the second is dropped", SOON, async || {
        (counted(&gateway, "dropped").await >= 2.0).then_some(())
    })
    .await;
    assert_eq!(ask(&gateway, "/p/3", None).await, 200);
    eventually("the third is taken", SOON, async || (counted(&gateway, "sent").await >= 1.0).then_some(()))
        .await;
    assert_eq!((counted(&gateway, "sent").await, counted(&gateway, "dropped").await), (1.0, 2.0));
    let told = |word: &str| gateway.stderr().iter().filter(|line| line.contains(word)).count();
    let seen = ["does not take log records", "takes log records again", "rejected 1 of 1 log records"];
    assert_eq!(seen.map(told), [1, 1, 1], "{:?}", gateway.stderr());
}

/// What the first connection to a collector of logs meets; those after it reach the collector.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Hangs,
    Resets,
}

/// Stands before a collector.
async fn before(collector: u16, fault: Fault) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("its address").port();
    tokio::spawn(async move {
        let (mut first, _) = listener.accept().await.expect("a connection");
        first.read_exact(&mut [0; 16]).await.expect("the begin of a request");
        let _held = match fault {
            Fault::Hangs => Some(first),
            Fault::Resets => {
                first.set_zero_linger().expect("a socket");
                None
            }
        };
        while let Ok((mut near, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut far = TcpStream::connect(("127.0.0.1", collector)).await.expect("the collector");
                let _closed = copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    port
}

#[tokio::test]
async fn while_the_log_cannot_be_sent_no_caller_and_no_span_waits_for_it() {
    for fault in [Fault::Hangs, Fault::Resets] {
        let (upstream, collector) = (Upstream::start().await, Collector::start(&[]).await);
        let (traces, logs) = (
            format!("http://127.0.0.1:{}", collector.port),
            format!("http://127.0.0.1:{}/v1/logs", before(collector.port, fault).await),
        );
        let env = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*traces), ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", &*logs)];
        let server = "  tracing: { otlp: { interval: 100ms, timeout: 500ms }, sample: { ratio: 1 }, access_log: true }\n";
        let gateway = Start { body: &public(&upstream), server, env: &env, ..Start::default() }.ready().await;
        let began = Instant::now();
        for _ in 0..20 {
            assert_eq!(ask(&gateway, "/p", None).await, 200);
        }
        assert!(began.elapsed() < Duration::from_secs(2), "{fault:?}: {:?}", began.elapsed());
        assert_eq!(collector.own(20).await.len(), 20, "{fault:?}");
        // After the fault and a pause they are all there, once.
        assert_eq!(collector.logged(20).await.len(), 20, "{fault:?}");
        eventually("they are counted", SOON, async || {
            (counted(&gateway, "sent").await >= 20.0).then_some(())
        })
        .await;
        assert_eq!((counted(&gateway, "dropped").await, collector.records().len()), (0.0, 20), "{fault:?}");
    }
}
