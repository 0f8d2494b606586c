//! Where a service of Kong runs: its URL, or an upstream with targets.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::config::show_duration;

use super::super::item::Item;
use super::super::ledger::Verdict;
use super::super::place::authority;

/// Where a service runs.
pub(super) struct Backend {
    pub(super) urls: Vec<String>,
    /// The path before that of a request.
    pub(super) path: String,
    /// The settings of `upstream` beside them.
    pub(super) rest: Map<String, Value>,
}

/// Reads where a service runs; `None` for what cannot be reached from here.
pub(super) fn read(service: Item<'_>, upstreams: &[Item<'_>]) -> Option<Backend> {
    let (protocol, name, port, path) = match service.get("url") {
        Some(item) => {
            let url = url::Url::parse(item.text()?).ok()?;
            if url.username().is_empty() && url.password().is_none() {
                item.kept();
            } else {
                item.changed("without its password, which was not read: see `set_headers`");
            }
            let port = url.port().map(|port| port.to_string());
            (url.scheme().to_owned(), url.host_str()?.to_owned(), port, url.path().to_owned())
        }
        None => {
            let protocol = service.keep("protocol").unwrap_or("http").to_owned();
            // Kong's default is 80, whatever the protocol.
            let port = service.keep("port").unwrap_or("80").to_owned();
            let path = service.keep("path").unwrap_or_default().to_owned();
            (protocol, service.keep("host")?.to_owned(), Some(port), path)
        }
    };
    let scheme = match protocol.as_str() {
        "http" | "grpc" => "http",
        "https" | "grpcs" => "https",
        _ => return None,
    };
    let mut rest = Map::new();
    match protocol.as_str() {
        "grpc" => rest.insert("protocol".to_owned(), "h2c".into()),
        "grpcs" => rest.insert("protocol".to_owned(), "h2".into()),
        _ => None,
    };
    let named = upstreams.iter().find(|upstream| upstream.get("name").and_then(Item::text) == Some(&name));
    let urls = match named {
        Some(upstream) => targets(*upstream, scheme),
        None => vec![format!("{scheme}://{}", authority(&name, port.as_deref()))],
    };
    if urls.is_empty() {
        return None;
    }
    if scheme == "https" {
        verification(service);
    }
    times(service, &mut rest);
    Some(Backend { urls, path, rest })
}

fn targets(upstream: Item<'_>, scheme: &str) -> Vec<String> {
    upstream.keep("name");
    let mut urls = Vec::new();
    for target in upstream.list("targets") {
        let weight = target.get("weight");
        if weight.and_then(Item::text) == Some("0") {
            target.changed("it gets nothing in Kong, and is left out here");
            continue;
        }
        if let Some(text) = target.keep("target") {
            let has_port =
                text.rsplit_once(':').is_some_and(|(host, _)| !host.contains(':') || host.ends_with(']'));
            // Kong's default is 8000.
            let place = if has_port { text.to_owned() } else { authority(text, Some("8000")) };
            urls.push(format!("{scheme}://{place}"));
        }
        if let Some(weight) = weight {
            weight.changed("all targets have the same weight; `targets[].weight` is 0 to 100");
        }
    }
    if let Some(algorithm) = upstream.get("algorithm") {
        algorithm.changed("`balance: least_in_flight`; there are `round_robin` and `hash` too");
    }
    urls
}

fn verification(service: Item<'_>) {
    match service.get("tls_verify") {
        Some(verify) if verify.is_true() => {
            verify.kept();
        }
        Some(verify) => {
            verify
                .weak(Verdict::Changed, "Kong verifies no certificate of this upstream; here it is verified");
        }
        None => {
            let why = "without `tls_verify: true` Kong verifies no certificate of this upstream; here it is verified";
            service.weak(Verdict::Changed, why);
        }
    }
    if let Some(certificates) = service.get("ca_certificates") {
        certificates.changed("certificates of Kong's store: put them into a file, and name it in `ca_file`");
    }
    if let Some(shown) = service.get("client_certificate") {
        shown.cannot(
            "a certificate of Kong's store: put it into files, and name them in `cert_file` and `key_file`",
        );
    }
}

/// Kong's times are milliseconds.
fn times(service: Item<'_>, rest: &mut Map<String, Value>) {
    for (name, ours, most) in
        [("connect_timeout", "connect_timeout", 600_000), ("read_timeout", "response_timeout", 86_400_000)]
    {
        let Some(item) = service.get(name) else { continue };
        let millis = item.text().and_then(|text| text.parse::<u64>().ok()).unwrap_or(60_000).clamp(1, most);
        rest.insert(ours.to_owned(), show_duration(Duration::from_millis(millis)).into());
        if ours == name {
            item.kept();
        } else {
            item.changed("`response_timeout` ends with the head of the answer; `stream_idle_timeout` is off");
        }
    }
    if let Some(write) = service.get("write_timeout") {
        write.cannot("there is no such limit");
    }
    if let Some(retries) = service.get("retries") {
        retries.changed("requests are sent again to another target only, as `upstream.retry` says");
    }
}
