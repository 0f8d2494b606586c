//! The page of metrics in the format of OpenMetrics: for whoever asks for it, with the traces of requests as examples, and a
//! Prometheus that keeps these.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use testkit::{Gateway, Start, Upstream, client, eventually, free_port};
use tokio::process::Command;

use super::collector::{Collector, attribute, hex};

const SOON: Duration = Duration::from_secs(20);
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const CLASSIC: &str = "text/plain; version=0.0.4; charset=utf-8";

async fn ask(gateway: &Gateway, path: &str, status: u16) {
    let response = client().get(gateway.url(path)).send().await.expect("an answer");
    assert_eq!(response.status(), status, "{path}");
}

/// The media type and the page that a reader gets who says so in `Accept`.
async fn page(gateway: &Gateway, accept: Option<&str>) -> (String, String) {
    let request = client().get(format!("http://127.0.0.1:{}/metrics", gateway.ops));
    let request = accept.into_iter().fold(request, |request, accept| request.header("accept", accept));
    let response = request.send().await.expect("an answer");
    let kind = response.headers()["content-type"].to_str().expect("text").to_owned();
    (kind, response.text().await.expect("a page"))
}

/// The same, once this stands on the page: a request is counted after its response.
async fn page_with(gateway: &Gateway, accept: Option<&str>, wanted: &str) -> (String, String) {
    eventually("the page has it", SOON, async || {
        let (kind, page) = page(gateway, accept).await;
        page.contains(wanted).then_some((kind, page))
    })
    .await
}

/// A gateway with these members of `server.tracing`.
async fn traced(upstream: &Upstream, collector: &Collector, further: &str) -> Gateway {
    let url = upstream.url();
    let body = format!("agents:\n  p: {{ route: /p, upstream: \"{url}\", auth: public }}\n");
    let server = collector.server(further);
    Start { body: &body, server: &server, ..Start::default() }.ready().await
}

#[tokio::test]
async fn a_request_whose_spans_are_kept_is_the_example_of_its_buckets() {
    let (upstream, collector) = (Upstream::start().await, Collector::start(&[]).await);
    let gateway = traced(&upstream, &collector, ", sample: { ratio: 0 }").await;
    ask(&gateway, "/p", 200).await;
    ask(&gateway, "/nowhere", 404).await;
    let span = collector.own(1).await.remove(0);
    assert_eq!(attribute(&span.attributes, "http.response.status_code").as_deref(), Some("404"));
    let (kind, open) = page_with(&gateway, Some("application/openmetrics-text"), " # {").await;
    assert_eq!(kind, OPEN_METRICS);
    let examples: Vec<_> = open.lines().filter(|line| line.contains(" # {")).collect();
    let [example] = &examples[..] else { panic!("one request was kept: {examples:?}") };
    let name = "portcullis_http_request_duration_seconds_bucket{agent=\"_none\",le=\"";
    assert!(example.starts_with(name), "{example}");
    assert!(example.contains(&format!("trace_id=\"{}\"", hex(&span.trace_id))), "{example}");

    // Sampled ones have one for what the agent took as well.
    let gateway = traced(&upstream, &collector, ", sample: { ratio: 1 }").await;
    ask(&gateway, "/p", 200).await;
    let told = upstream.last().field("traceparent").expect("a parent").to_owned();
    let trace = told.split('-').nth(1).expect("a trace").to_owned();
    let (_, open) = page_with(&gateway, Some("application/openmetrics-text"), " # {").await;
    for name in ["portcullis_http_request_duration_seconds", "portcullis_upstream_duration_seconds"] {
        let begin = format!("{name}_bucket{{agent=\"p\"");
        let found = open.lines().filter(|line| line.starts_with(&begin) && line.contains(&trace)).count();
        assert_eq!(found, 1, "{name}: {open}");
    }
    assert!(open.ends_with("# EOF\n") && open.contains("le=\"1.0\"") && open.contains("le=\"1e-06\""));
    assert!(open.contains("# TYPE portcullis_http_requests counter\n"), "{open}");
    assert!(open.contains("portcullis_http_requests_total{agent=\"p\",code=\"200\"} 1.0\n"), "{open}");
}

#[tokio::test]
async fn whoever_does_not_name_open_metrics_gets_the_page_as_ever() {
    let (upstream, collector) = (Upstream::start().await, Collector::start(&[]).await);
    let gateway = traced(&upstream, &collector, ", sample: { ratio: 1 }").await;
    ask(&gateway, "/p", 200).await;
    for accept in
        [None, Some("*/*"), Some("text/plain"), Some("application/openmetrics-text;q=0.1,text/plain")]
    {
        let (kind, page) = page_with(&gateway, accept, "code=\"200\"").await;
        assert_eq!(kind, CLASSIC, "{accept:?}");
        assert!(!page.contains(" # {") && !page.contains("# EOF") && page.contains("le=\"1\""), "{page}");
        assert!(page.contains("# TYPE portcullis_http_requests_total counter\n"), "{page}");
    }
}

#[tokio::test]
async fn prometheus_keeps_the_examples() {
    let (upstream, collector) = (Upstream::start().await, Collector::start(&[]).await);
    let gateway = traced(&upstream, &collector, ", sample: { ratio: 1 }").await;
    ask(&gateway, "/p", 200).await;
    let told = upstream.last().field("traceparent").expect("a parent").to_owned();
    let (folder, port) = (tempfile::tempdir().expect("a folder"), free_port());
    let config = format!(
        "global: {{ scrape_interval: 200ms, scrape_timeout: 200ms }}\nscrape_configs: [{{ job_name: p, static_configs: [{{ targets: [\"127.0.0.1:{}\"] }}] }}]\n",
        gateway.ops
    );
    std::fs::write(folder.path().join("prometheus.yml"), config).expect("it is written");
    let _prometheus = Command::new("prometheus")
        .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"])
        .args(["--enable-feature=exemplar-storage", &format!("--web.listen-address=127.0.0.1:{port}")])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("prometheus; `make setup` installs it");
    let query =
        "query_exemplars?query=portcullis_http_request_duration_seconds_bucket&start=0&end=4000000000";
    let kept = eventually("Prometheus has an example", SOON, async || {
        let page = client().get(format!("http://127.0.0.1:{port}/api/v1/{query}")).send().await.ok()?;
        let found: Value = serde_json::from_str(&page.text().await.ok()?).ok()?;
        Some(found.pointer("/data/0/exemplars/0")?.clone())
    })
    .await;
    let trace = kept["labels"]["trace_id"].as_str().expect("a trace");
    assert!(told.contains(trace), "{kept}");
    // It reads the whole page: a line that it does not understand would be the end of all.
    let up = client().get(format!("http://127.0.0.1:{port}/api/v1/query?query=up")).send().await;
    let up: Value = serde_json::from_str(&up.expect("an answer").text().await.expect("text")).expect("JSON");
    assert_eq!(up.pointer("/data/result/0/value/1"), Some(&"1".into()), "{up}");
}
