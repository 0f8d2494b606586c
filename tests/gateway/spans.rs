//! Spans: which requests are kept, what they say, and that no collector, or the want of one, is felt by a caller.

use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use testkit::{Certificate, Gateway, Issuer, Key, Start, Upstream, client, eventually};

use super::collector::{Collector, attribute, hex};

const SOON: Duration = Duration::from_secs(10);
const CALLER: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

async fn ask(gateway: &Gateway, path: &str, fields: &[(&str, &str)]) -> u16 {
    let request = fields
        .iter()
        .fold(client().get(gateway.url(path)), |request, (name, value)| request.header(*name, *value));
    request.send().await.expect("an answer").status().as_u16()
}

fn public(upstream: &Upstream) -> String {
    format!("agents:\n  p: {{ route: /p, upstream: \"{}\", auth: public }}\n", upstream.url())
}

#[tokio::test]
async fn a_request_is_two_spans_and_the_agent_is_the_child_of_the_second() {
    let key = Key::new("RS256", "k1");
    let (issuer, upstream, collector) =
        (Issuer::start(&[&key]).await, Upstream::start().await, Collector::start(&[]).await);
    let body = format!(
        "identity_providers:\n  idp: {{ issuer: \"{}\" }}\nagents:\n  a:\n    route: /a\n    upstream: {}\n    auth: {{ oauth: {{ identity_providers: [idp] }} }}\n",
        issuer.url,
        upstream.url()
    );
    let server = collector.server(", sample: { ratio: 1 }, subject_key_file: subject.key, mcp: true");
    let server = server.replace("interval", "headers_file: otlp.headers, interval");
    let files = [
        ("subject.key", "0123456789abcdef0123"),
        ("otlp.headers", "# for the collector\nx-collector-key: k-123\n"),
    ];
    let env = [
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test%20bed,service.name=other"),
        ("OTEL_SERVICE_NAME", "gate"),
    ];
    let gateway =
        Start { body: &body, server: &server, files: &files, env: &env, ..Start::default() }.ready().await;
    let mut claims = issuer.claims("x");
    claims["sub"] = "alice".into();
    let token = key.token(&key.header("RS256"), &claims);
    let authorization = format!("Bearer {token}");
    let fields = [("authorization", &*authorization), ("mcp-method", "tools/call"), ("mcp-name", "search")];
    assert_eq!(ask(&gateway, "/a/b?secret=query-7", &fields).await, 200);

    let own = collector.own(1).await.remove(0);
    let call =
        collector.spans().into_iter().find(|span| span.kind == SpanKind::Client as i32).expect("a call");
    assert_eq!((own.name.as_str(), call.name.as_str()), ("GET /a", "GET /a"));
    assert_eq!((&call.trace_id, &call.parent_span_id), (&own.trace_id, &own.span_id));
    assert!(own.parent_span_id.is_empty() && own.links.is_empty());
    let told = upstream.last().field("traceparent").expect("a parent").to_owned();
    assert_eq!(told, format!("00-{}-{}-01", hex(&own.trace_id), hex(&call.span_id)));
    for (name, wanted) in [
        ("http.request.method", "GET"),
        ("url.path", "/a/b"),
        ("url.scheme", "http"),
        ("http.route", "/a"),
        ("http.response.status_code", "200"),
        ("client.address", "127.0.0.1"),
        ("portcullis.agent", "a"),
        ("portcullis.decision", "allow"),
        ("portcullis.reason", "ok"),
        ("portcullis.provider", "idp"),
        ("portcullis.cache", "miss"),
        ("mcp.method.name", "tools/call"),
        ("gen_ai.tool.name", "search"),
    ] {
        assert_eq!(attribute(&own.attributes, name).as_deref(), Some(wanted), "{name}");
    }
    assert_eq!(attribute(&own.attributes, "portcullis.subject_hash").map(|hash| hash.len()), Some(32));
    let within = |span: &Span| {
        own.start_time_unix_nano <= span.start_time_unix_nano
            && span.end_time_unix_nano <= own.end_time_unix_nano
    };
    assert!(within(&call) && call.start_time_unix_nano < call.end_time_unix_nano, "{own:?} {call:?}");

    let (headers, message) = collector.book.asked.lock().expect("what was asked")[0].clone();
    assert_eq!(headers["content-type"], "application/x-protobuf");
    assert_eq!(
        (&headers["content-encoding"], &headers["x-collector-key"]),
        (&"gzip".parse().unwrap(), &"k-123".parse().unwrap())
    );
    for secret in ["query-7", "alice", token.split('.').next_back().expect("a signature")] {
        assert!(!String::from_utf8_lossy(&message).contains(secret), "{secret}");
    }
    let resource = collector.book.taken.lock().expect("what was taken")[0].resource_spans[0]
        .resource
        .clone()
        .expect("a resource");
    for (name, wanted) in [("service.name", "gate"), ("deployment.environment.name", "test bed")] {
        assert_eq!(attribute(&resource.attributes, name).as_deref(), Some(wanted));
    }
    eventually("they are counted", SOON, async || {
        (gateway.metric("portcullis_spans_total", &["result=\"sent\""]).await >= 2.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn refusals_and_errors_are_kept_and_the_rest_as_the_ratio_says() {
    let (upstream, collector) = (Upstream::start().await, Collector::start(&[]).await);
    let body = format!(
        "{}  gone: {{ route: /gone, upstream: \"http://127.0.0.1:1\", auth: public }}\n",
        public(&upstream)
    );
    let server = collector.server(", sample: { ratio: 0, keep_per_second: 3 }");
    let gateway = Start { body: &body, server: &server, ..Start::default() }.ready().await;
    assert_eq!(ask(&gateway, "/p", &[]).await, 200);
    assert_eq!(ask(&gateway, "/nowhere", &[]).await, 404);
    assert_eq!(ask(&gateway, "/gone", &[]).await, 502);
    let own = collector.own(2).await;
    let told: Vec<_> = own
        .iter()
        .map(|span| {
            let is_error = span.status.as_ref().is_some_and(|status| status.code == 2);
            (attribute(&span.attributes, "http.response.status_code").expect("a status"), is_error)
        })
        .collect();
    assert_eq!(told, [("404".to_owned(), false), ("502".to_owned(), true)]);
    assert_eq!(own[0].name, "GET", "without a route, it is in no name");
    assert_eq!(
        attribute(&own[1].attributes, "portcullis.upstream_error").as_deref(),
        Some("connect_refused")
    );
    // In one second or two there is room for three or six.
    for _ in 0..20 {
        assert_eq!(ask(&gateway, "/nowhere", &[]).await, 404);
    }
    assert!(gateway.metric("portcullis_spans_total", &["result=\"capped\""]).await >= 10.0);
    let unsampled = upstream.last().field("traceparent").expect("a parent").to_owned();
    assert!(unsampled.ends_with("-00"), "{unsampled}");
}

#[tokio::test]
async fn a_stranger_decides_nothing_about_a_trace_and_a_trusted_proxy_does() {
    let (upstream, collector) = (Upstream::start().await, Collector::start(&[]).await);
    let said = format!("00-{CALLER}-{PARENT}-01");
    let fields = [("traceparent", &*said), ("tracestate", "vendor=1")];
    let cases = [
        ("", "", false, true),
        ("  trusted_proxies: [127.0.0.0/8]\n", "", true, false),
        ("", ", parent: follow", true, false),
        ("  trusted_proxies: [127.0.0.0/8]\n", ", parent: ignore", false, false),
    ];
    for (nth, (trusted, parent, follows, links)) in cases.into_iter().enumerate() {
        let server = format!("{trusted}{}", collector.server(&format!(", sample: {{ ratio: 0 }}{parent}")));
        let gateway = Start { body: &public(&upstream), server: &server, ..Start::default() }.ready().await;
        assert_eq!(ask(&gateway, "/p", &fields).await, 200);
        let told = upstream.last();
        let sampled = told
            .field("traceparent")
            .is_some_and(|told| told.starts_with(&format!("00-{CALLER}-")) && told.ends_with("-01"));
        assert_eq!(
            (sampled, told.field("tracestate")),
            (follows, follows.then_some("vendor=1")),
            "case {nth}"
        );
        assert!(
            !told.field("traceparent").expect("a parent").contains(PARENT),
            "the agent's parent is the gateway"
        );
        // A refusal is kept in the trace of a caller who is believed, and else linked to it.
        let before = collector.spans().len();
        assert_eq!(ask(&gateway, "/nowhere", &fields).await, 404);
        let refused = eventually("the refusal is kept", SOON, async || {
            let found = |span: &Span| span.kind == SpanKind::Server as i32 && span.name == "GET";
            collector.spans().into_iter().skip(before.saturating_sub(2)).rfind(found)
        })
        .await;
        let linked: Vec<_> = refused.links.iter().map(|link| hex(&link.span_id)).collect();
        assert_eq!(hex(&refused.trace_id) == CALLER, follows, "case {nth}");
        assert_eq!(hex(&refused.parent_span_id), if follows { PARENT } else { "" }, "case {nth}");
        assert_eq!(linked, if links { vec![PARENT] } else { vec![] }, "case {nth}");
        collector.book.taken.lock().expect("what was taken").clear();
    }
}

#[tokio::test]
async fn a_busy_collector_is_asked_again_and_one_that_refuses_is_not() {
    let (upstream, collector) = (Upstream::start().await, Collector::start(&[503, 400]).await);
    let server = collector.server(", sample: { ratio: 1 }");
    let gateway = Start { body: &public(&upstream), server: &server, ..Start::default() }.ready().await;
    assert_eq!(ask(&gateway, "/p/1", &[]).await, 200);
    // The same two spans are sent again, and then refused.
    eventually("they are dropped", SOON, async || {
        (gateway.metric("portcullis_spans_total", &["result=\"dropped\""]).await >= 2.0).then_some(())
    })
    .await;
    assert_eq!((collector.asked(), collector.spans().len()), (2, 0));
    assert_eq!(ask(&gateway, "/p/2", &[]).await, 200);
    let own = collector.own(1).await;
    assert_eq!(attribute(&own[0].attributes, "url.path").as_deref(), Some("/p/2"));
    let told = |word: &str| gateway.stderr().iter().filter(|line| line.contains(word)).count();
    assert_eq!((told("does not take spans"), told("takes spans again")), (1, 1), "{:?}", gateway.stderr());
}

#[tokio::test]
async fn without_a_collector_nobody_waits_and_what_it_can_take_at_the_end_it_gets() {
    let (upstream, collector) = (Upstream::start().await, Collector::start(&[]).await);
    let server = "  tracing: { otlp: { endpoint: \"http://127.0.0.1:1\", interval: 100ms }, sample: { ratio: 1 }, access_log: true }\n";
    let gateway = Start { body: &public(&upstream), server, ..Start::default() }.ready().await;
    // More than wait, and are in a message.
    for _ in 0..2_700 {
        assert_eq!(ask(&gateway, "/p", &[]).await, 200);
    }
    eventually("what finds no room is dropped", SOON, async || {
        (gateway.metric("portcullis_spans_total", &["result=\"dropped\""]).await >= 1.0).then_some(())
    })
    .await;
    assert!(gateway.metric("portcullis_log_records_total", &["result=\"dropped\""]).await >= 1.0);
    for kind in ["spans", "log records"] {
        let told = |line: &&String| line.contains(&format!("does not take {kind}"));
        let told = gateway.stderr().iter().filter(told).count();
        assert_eq!(told, 1, "one warning an outage: {:?}", gateway.stderr());
    }

    let server = collector.server(", sample: { ratio: 1 }, access_log: true").replace("100ms", "60s");
    let mut gateway = Start { body: &public(&upstream), server: &server, ..Start::default() }.ready().await;
    assert_eq!(ask(&gateway, "/p/last", &[]).await, 200);
    gateway.signal("TERM").await;
    assert!(gateway.ended(Duration::from_secs(20)).await.success());
    assert_eq!(collector.own(1).await.len(), 1, "the drain sends what waits");
    assert_eq!(collector.logged(1).await.len(), 1);
}

#[tokio::test]
async fn the_environment_names_the_collector_and_switches_nothing_on() {
    let (upstream, collector) = (Upstream::start().await, Collector::start(&[]).await);
    let endpoint = format!("http://127.0.0.1:{}", collector.port);
    let env = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint), ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%20b")];
    let caller = format!("00-{CALLER}-{PARENT}-01");
    let fields = [("traceparent", &*caller)];
    let gateway = Start { body: &public(&upstream), env: &env, ..Start::default() }.ready().await;
    assert_eq!(ask(&gateway, "/p", &fields).await, 200);
    assert_eq!(upstream.last().field("traceparent"), Some(&*caller), "it goes along unchanged");
    assert_eq!((ask(&gateway, "/nowhere", &[]).await, collector.asked()), (404, 0));

    let server = "  tracing: { sample: { ratio: 1 } }\n";
    let gateway = Start { body: &public(&upstream), server, env: &env, ..Start::default() }.ready().await;
    assert_eq!(ask(&gateway, "/p", &[]).await, 200);
    collector.own(1).await;
    assert_eq!(collector.book.asked.lock().expect("what was asked")[0].0["x-key"], "a b");
}

#[tokio::test]
async fn over_tls_the_collector_is_known_by_its_authority_and_the_gateway_by_its_certificate() {
    let upstream = Upstream::start().await;
    let (own, known) = (Certificate::for_name("localhost"), Certificate::for_name("gateway"));
    let stranger = Certificate::for_name("gateway");
    let collector = Collector::start_tls(&own, &known).await;
    let files = [
        ("own.pem", &*own.pem),
        ("known.pem", &*known.pem),
        ("known.key", &*known.key),
        ("stranger.pem", &*stranger.pem),
        ("stranger.key", &*stranger.key),
    ];
    for (settings, arrives) in [
        ("ca_file: own.pem", false),
        ("ca_file: own.pem, cert_file: stranger.pem, key_file: stranger.key", false),
        ("ca_file: stranger.pem, cert_file: known.pem, key_file: known.key", false),
        ("ca_file: own.pem, cert_file: known.pem, key_file: known.key", true),
    ] {
        let endpoint =
            format!("endpoint: \"https://localhost:{}\", interval: 100ms, {settings}", collector.port);
        let server = format!("  tracing: {{ otlp: {{ {endpoint} }}, sample: {{ ratio: 1 }} }}\n");
        let gateway = Start { body: &public(&upstream), server: &server, files: &files, ..Start::default() }
            .ready()
            .await;
        assert_eq!(ask(&gateway, "/p", &[]).await, 200);
        if arrives {
            assert_eq!(collector.own(1).await[0].name, "GET /p");
        } else {
            eventually("it is told", SOON, async || {
                gateway.stderr().iter().any(|line| line.contains("does not take spans")).then_some(())
            })
            .await;
            assert_eq!(collector.asked(), 0, "{settings}");
        }
    }
}
