//! A cluster: where an agent runs, and how it is spoken to.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Map, Value};

use super::super::item::Item;
use super::super::ledger::Verdict;
use super::super::place::{authority, duration_within};
use super::listener::certificate;

/// The clusters of a bootstrap, each read when something goes there.
pub(super) struct Clusters<'a> {
    items: BTreeMap<&'a str, Item<'a>>,
    used: RefCell<BTreeSet<&'a str>>,
}

impl<'a> Clusters<'a> {
    pub(super) fn of(items: &[Item<'a>]) -> Self {
        let named = items.iter().filter_map(|item| Some((item.get("name")?.text()?, *item)));
        Self { items: named.collect(), used: RefCell::default() }
    }

    /// The cluster of that name.
    pub(super) fn find(&self, name: &str) -> Option<Cluster> {
        let (name, item) = self.items.get_key_value(name)?;
        self.used.borrow_mut().insert(name);
        let cluster = Cluster::read(*item);
        if cluster.urls.is_empty() {
            item.cannot("no endpoint of this cluster can be imported, nor what goes there");
            return None;
        }
        Some(cluster)
    }

    /// Says of the others that nothing goes there.
    pub(super) fn finish(&self) {
        let used = self.used.borrow();
        for (_, item) in self.items.iter().filter(|(name, _)| !used.contains(*name)) {
            item.cannot("no agent goes there");
        }
    }
}

/// Where an agent runs.
pub(super) struct Cluster {
    /// Its targets.
    pub(super) urls: Vec<String>,
    /// The settings of `upstream` beside them.
    pub(super) rest: Map<String, Value>,
}

impl Cluster {
    fn read(item: Item<'_>) -> Self {
        item.keep("name");
        let mut rest = Map::new();
        let is_tls = tls(item, &mut rest);
        if let Some(matches) = item.get("transport_socket_matches") {
            matches.weak(
                Verdict::Cannot,
                "how these endpoints are spoken to is not looked at, so that TLS may be lost",
            );
        }
        let urls = targets(item, is_tls);
        protocol(item, is_tls, &mut rest);
        if let Some(kind) = item.get("type") {
            match kind.text() {
                Some("EDS" | "ORIGINAL_DST") => kind.cannot("its endpoints are not in the file"),
                _ => {
                    kind.kept();
                }
            }
        }
        balance(item, urls.len(), &mut rest);
        if let Some(timeout) = item.get("connect_timeout") {
            let text = timeout.text().unwrap_or_default();
            match duration_within(text, Duration::from_millis(1), Duration::from_secs(600)) {
                Some(text) => {
                    rest.insert("connect_timeout".to_owned(), text.into());
                    timeout.kept();
                }
                None => timeout.changed("`connect_timeout` is 1ms to 10m; it has its default, 5s"),
            }
        }
        Self { urls, rest }
    }
}

fn targets(cluster: Item<'_>, is_tls: bool) -> Vec<String> {
    let scheme = if is_tls { "https" } else { "http" };
    let Some(assignment) = cluster.get("load_assignment") else { return Vec::new() };
    assignment.keep("cluster_name");
    let mut urls = Vec::new();
    for endpoint in assignment.list("endpoints").into_iter().flat_map(|group| group.list("lb_endpoints")) {
        let address = endpoint.at(&["endpoint", "address"]);
        if let Some(socket) = address.and_then(|address| address.get("socket_address")) {
            if let (Some(host), Some(port)) = (socket.keep("address"), socket.keep("port_value")) {
                urls.push(format!("{scheme}://{}", authority(host, Some(port))));
            }
        } else if let Some(pipe) = address.and_then(|address| address.get("pipe"))
            && let Some(path) = pipe.keep("path")
        {
            urls.push(format!("unix:{path}"));
        }
    }
    urls
}

/// Whether TLS is spoken to the cluster; how goes into `rest`.
fn tls(cluster: Item<'_>, rest: &mut Map<String, Value>) -> bool {
    let Some(socket) = cluster.get("transport_socket") else { return false };
    let name = socket.keep("name").unwrap_or_default();
    let config = socket.get("typed_config");
    let kind = config.and_then(|config| config.get("@type")).and_then(Item::text).unwrap_or(name);
    if kind.ends_with("RawBuffer") || kind.ends_with(".raw_buffer") {
        socket.kept();
        return false;
    }
    let Some(config) = config else { return true };
    if !kind.ends_with("UpstreamTlsContext") && !kind.ends_with(".tls") {
        config.changed("a transport that is neither plain nor TLS: here it is TLS");
        return true;
    }
    config.keep("@type");
    if let Some(sni) = config.keep("sni") {
        rest.insert("server_name".to_owned(), sni.into());
    }
    let context = config.get("common_tls_context");
    let validation = context.and_then(|context| {
        let combined = context.at(&["combined_validation_context", "default_validation_context"]);
        context.get("validation_context").or(combined)
    });
    let is_remote = context.is_some_and(|context| {
        ["validation_context_sds_secret_config", "combined_validation_context"]
            .iter()
            .any(|key| context.get(key).is_some())
    });
    let trusted = validation.and_then(|validation| validation.get("trusted_ca"));
    match trusted.and_then(|trusted| trusted.get("filename")) {
        Some(file) => {
            rest.insert("ca_file".to_owned(), file.text().unwrap_or_default().into());
            file.kept();
        }
        None if trusted.is_some() => {
            let why = "certificates that stand in the file: put them into one of their own, and name it in `ca_file`";
            trusted.into_iter().for_each(|item| item.changed(why));
        }
        None if is_remote => {
            config.changed("what is trusted comes over SDS: put it into a file, and name it in `ca_file`");
        }
        None => {
            let why = "Envoy verifies no certificate of this upstream; here it is verified, with the system's trust";
            config.weak(Verdict::Changed, why);
        }
    }
    if let Some(validation) = validation {
        verification(validation);
    }
    for shown in context.map(|context| context.list("tls_certificates")).unwrap_or_default() {
        if let Some(Value::Object(files)) = certificate(shown) {
            rest.extend(files);
        }
    }
    true
}

fn verification(validation: Item<'_>) {
    if let Some(trust) = validation.get("trust_chain_verification") {
        match trust.text() {
            Some("ACCEPT_UNTRUSTED") => {
                trust.weak(
                    Verdict::Changed,
                    "Envoy accepts certificates that nobody trusts; here they are refused",
                );
            }
            _ => {
                trust.kept();
            }
        }
    }
    for name in ["match_typed_subject_alt_names", "match_subject_alt_names"] {
        if let Some(names) = validation.get(name) {
            names.changed("the certificate must be for `server_name`, or for the host of the URL");
        }
    }
    validation.rest_is_weak(|name| matches!(name, "max_verify_depth" | "only_verify_leaf_cert_crl"));
}

fn protocol(cluster: Item<'_>, is_tls: bool, rest: &mut Map<String, Value>) {
    let options = cluster.get("typed_extension_protocol_options").map(Item::entries).unwrap_or_default();
    for (_, options) in options {
        options.keep("@type");
        if let Some(http2) = options.at(&["explicit_http_config", "http2_protocol_options"]) {
            http2.kept();
            rest.insert("protocol".to_owned(), if is_tls { "h2" } else { "h2c" }.into());
        } else if let Some(http1) = options.at(&["explicit_http_config", "http_protocol_options"]) {
            http1.kept();
            rest.insert("protocol".to_owned(), "h1".into());
        }
    }
}

fn balance(cluster: Item<'_>, targets: usize, rest: &mut Map<String, Value>) {
    let policy = cluster.get("lb_policy");
    let word = match policy.and_then(Item::text) {
        None | Some("ROUND_ROBIN") => "round_robin",
        Some(_) => "least_in_flight",
    };
    if let Some(policy) = policy {
        match policy.text() {
            Some("ROUND_ROBIN" | "LEAST_REQUEST") => {
                policy.kept();
            }
            _ => policy.changed("`balance: least_in_flight`; there is `hash` too"),
        }
    }
    if targets > 1 {
        rest.insert("balance".to_owned(), word.into());
    }
}
