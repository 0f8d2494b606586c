//! Configuration of agentgateway: binds with listeners and routes, and the short form with one `mcp` section.

mod agents;
mod backend;
mod cel;
mod cors;
mod limit;
mod policy;
mod route;
mod token;

use serde_json::{Map, Value, json};

use super::draft::Draft;
use super::item::Item;
use super::ledger::Verdict;
use super::neighbour;
use super::spec::{Unread, missing_certificate};

/// Reads configuration into `draft`.
pub(super) fn read(documents: &[Item<'_>], draft: &mut Draft) {
    let mut made = Vec::new();
    for document in documents {
        if let Some(config) = document.get("config") {
            config.cannot("settings of the process: see `server`");
        }
        let mut beside = Unread::Nothing;
        for key in ["policies", "frontendPolicies"] {
            if let Some(policies) = document.get(key) {
                beside = Unread::Something;
                let why = "policies that stand beside the routes: what they refuse is let through here";
                policies.weak(Verdict::Cannot, why);
            }
        }
        let binds = document.list("binds");
        let several = binds.len() > 1;
        for bind in binds {
            if several {
                bind.weak(Verdict::Changed, "what one port serves, all of them serve here");
            }
            let listeners = bind.list("listeners");
            address(bind, &listeners, draft);
            for listener in listeners {
                listener.keep_all(&["name", "protocol"]);
                let Some(hosts) = route::hosts(listener, "hostname") else { continue };
                for item in listener.list("routes") {
                    route::read(item, (&hosts, listener.get("policies"), beside), draft, &mut made);
                }
            }
        }
        if let Some(short) = document.get("mcp") {
            address(short, &[], draft);
            route::read_short(short, beside, draft, &mut made);
        }
    }
    neighbour::tell(&made);
}

fn address(bind: Item<'_>, listeners: &[Item<'_>], draft: &mut Draft) {
    let Some(port) = bind.get("port") else { return };
    port.kept();
    let mut spec = Map::new();
    spec.insert("address".to_owned(), format!("0.0.0.0:{}", port.text().unwrap_or_default()).into());
    let certificates: Vec<Value> = listeners.iter().filter_map(|listener| certificate(*listener)).collect();
    if !certificates.is_empty() {
        spec.insert("tls".to_owned(), json!({ "certificates": certificates }));
    }
    draft.listener(Value::Object(spec), port);
}

/// The certificate of a listener: none only where it speaks no TLS.
fn certificate(listener: Item<'_>) -> Option<Value> {
    let protocol = listener.get("protocol");
    let is_tls = protocol.is_some_and(|protocol| matches!(protocol.text(), Some("HTTPS" | "TLS")));
    let tls = listener.get("tls");
    if let Some(root) = tls.and_then(|tls| tls.get("root")) {
        root.weak(Verdict::Cannot, "callers need no client certificate here");
    }
    let file = |name: &str| tls?.keep(name).filter(|text| !text.contains("-----BEGIN "));
    match (file("cert"), file("key")) {
        (Some(cert), Some(key)) => Some(json!({ "cert_file": cert, "key_file": key })),
        _ if is_tls || tls.is_some() => {
            let (files, why) = missing_certificate();
            tls.or(protocol).unwrap_or(listener).changed(why);
            Some(files)
        }
        _ => None,
    }
}
