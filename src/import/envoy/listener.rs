//! A listener: its address, and the certificates that it shows.

use serde_json::{Map, Value, json};

use super::super::draft::Draft;
use super::super::item::Item;
use super::super::ledger::Verdict;
use super::super::place::authority;
use super::super::spec::missing_certificate;

/// Reads the address and the TLS of a listener.
pub(super) fn read(listener: Item<'_>, draft: &mut Draft) {
    let Some(socket) = listener.at(&["address", "socket_address"]) else { return };
    let (Some(host), Some(port)) = (socket.get("address"), socket.get("port_value")) else { return };
    let (Some(host_text), Some(port_text)) = (host.text(), port.text()) else { return };
    if host_text.parse::<std::net::IpAddr>().is_err() {
        host.cannot("a listener stands at an IP address");
        return;
    }
    host.kept();
    port.kept();
    let mut spec = Map::new();
    spec.insert("address".to_owned(), authority(host_text, Some(port_text)).into());
    let chains = listener.list("filter_chains");
    let certificates: Vec<Value> = chains.into_iter().flat_map(certificates).collect();
    if !certificates.is_empty() {
        spec.insert("tls".to_owned(), json!({ "certificates": certificates }));
    }
    draft.listener(Value::Object(spec), host);
}

/// The certificates of a chain: none only where it speaks no TLS.
fn certificates(chain: Item<'_>) -> Vec<Value> {
    let Some(socket) = chain.get("transport_socket") else { return Vec::new() };
    let name = socket.keep("name").unwrap_or_default();
    let config = socket.get("typed_config");
    let kind = config.and_then(|config| config.keep("@type")).unwrap_or(name);
    if kind.ends_with("RawBuffer") || kind.ends_with(".raw_buffer") {
        return Vec::new();
    }
    let found = config.map(shown).unwrap_or_default();
    if found.is_empty() {
        let (files, why) = missing_certificate();
        socket.changed(why);
        return vec![files];
    }
    found
}

fn shown(config: Item<'_>) -> Vec<Value> {
    let Some(context) = config.get("common_tls_context") else { return Vec::new() };
    if let Some(wanted) = config.get("require_client_certificate").filter(|item| item.is_true()) {
        wanted.weak(Verdict::Cannot, "callers need no client certificate here");
    }
    context.list("tls_certificates").into_iter().filter_map(certificate).collect()
}

/// The files of a certificate and its key; what stands in the source itself stays there, since it is a secret.
pub(super) fn certificate(item: Item<'_>) -> Option<Value> {
    let file = |name: &str| item.at(&[name, "filename"]);
    let (Some(chain), Some(key)) = (file("certificate_chain"), file("private_key")) else {
        item.cannot("a certificate whose key stands in the file: put both into files of their own");
        return None;
    };
    let value = json!({ "cert_file": chain.text()?, "key_file": key.text()? });
    chain.kept();
    key.kept();
    Some(value)
}
