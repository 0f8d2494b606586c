//! Spans of what no request asked for: fetches of keys and commits to the store, each in a trace of its own, whatever the rest of
//! the settings keep.

use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::json;
use testkit::api::{Api, If};
use testkit::{Issuer, Key, Start, client, eventually};

use super::collector::{Collector, attribute};

const SOON: Duration = Duration::from_secs(10);
/// Nothing of what requests do is kept.
const NO_REQUESTS: &str = ", sample: { ratio: 0, refused: 0, errors: 0, keep_per_second: 0 }";

/// The first span of that name for which this holds.
async fn span(collector: &Collector, name: &str, holds: impl Fn(&Span) -> bool) -> Span {
    eventually("the span arrives", SOON, async || {
        collector.spans().into_iter().find(|span| span.name == name && holds(span))
    })
    .await
}

fn has(span: &Span, key: &str, wanted: &str) -> bool {
    attribute(&span.attributes, key).as_deref() == Some(wanted)
}

/// A trace of its own, of one span that took time.
fn is_alone(span: &Span) {
    assert!(span.parent_span_id.is_empty() && span.links.is_empty(), "{span:?}");
    assert_eq!((span.trace_id.len(), span.span_id.len()), (16, 8));
    assert_eq!(span.kind, SpanKind::Internal as i32);
    assert!(span.start_time_unix_nano < span.end_time_unix_nano, "{span:?}");
}

#[tokio::test]
async fn every_fetch_of_keys_is_a_trace_and_a_failed_one_is_an_error() {
    let (issuer, collector) = (Issuer::start(&[&Key::new("ES256", "k1")]).await, Collector::start(&[]).await);
    let body = format!(
        "identity_providers:\n  good: {{ issuer: \"{}\" }}\n  gone: {{ issuer: \"http://127.0.0.1:1\" }}\n",
        issuer.url
    );
    let server = collector.server(NO_REQUESTS);
    let gateway = Start { body: &body, server: &server, ..Start::default() }.alive().await;
    let good = span(&collector, "fetch keys", |span| has(span, "portcullis.provider", "good")).await;
    is_alone(&good);
    assert!(has(&good, "portcullis.trigger", "start") && has(&good, "portcullis.result", "ok"), "{good:?}");
    assert_eq!(good.status, None);
    let failed = span(&collector, "fetch keys", |span| has(span, "portcullis.provider", "gone")).await;
    is_alone(&failed);
    let status = failed.status.clone().expect("a status");
    assert!(status.code == 2 && status.message.contains("127.0.0.1:1"), "{status:?}");
    assert!(has(&failed, "portcullis.result", "failed") && failed.trace_id != good.trace_id, "{failed:?}");
    assert_eq!(client().get(gateway.url("/nowhere")).send().await.expect("an answer").status(), 404);
    assert!(collector.spans().iter().all(|span| span.name == "fetch keys"), "{:?}", collector.spans());
}

#[tokio::test]
async fn every_commit_to_the_store_is_a_trace_with_its_revision() {
    let collector = Collector::start(&[]).await;
    let server = collector.server(NO_REQUESTS);
    let start =
        Start { body: "", server: &server, admin: Some(""), store: Some("store"), ..Start::default() };
    let gateway = start.ready().await;
    let api = Api { origin: format!("http://127.0.0.1:{}", gateway.admin), token: gateway.admin_token() };
    let agent = json!({"route": "/a", "upstream": "http://127.0.0.1:1", "auth": "public"});
    api.put("/agents/a", If::Absent, &agent).await.is(201);
    let first = span(&collector, "commit to the store", |_| true).await;
    is_alone(&first);
    assert!(
        has(&first, "portcullis.store_revision", "1") && has(&first, "portcullis.resources", "1"),
        "{first:?}"
    );
    assert_eq!(first.status, None);
    api.delete("/agents/a", If::Any).await;
    let second =
        span(&collector, "commit to the store", |span| has(span, "portcullis.store_revision", "2")).await;
    assert_ne!(first.trace_id, second.trace_id);
}
