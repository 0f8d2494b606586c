//! Configuration of agentgateway: binds with listeners and routes, and the short form with one `mcp` section.

mod backend;
mod cel;
mod policy;
mod route;

use serde_json::{Map, Value, json};

use super::draft::Draft;
use super::item::Item;
use super::ledger::Verdict;
use super::neighbour;

/// Reads configuration into `draft`.
pub(super) fn read(documents: &[Item<'_>], draft: &mut Draft) {
    let mut made = Vec::new();
    for document in documents {
        if let Some(config) = document.get("config") {
            config.cannot("settings of the process: see `server`");
        }
        for bind in document.list("binds") {
            let listeners = bind.list("listeners");
            address(bind, &listeners, draft);
            for listener in listeners {
                listener.keep_all(&["name", "protocol"]);
                let hosts = route::hosts(listener, "hostname");
                for item in listener.list("routes") {
                    route::read(item, &hosts, draft, &mut made);
                }
            }
        }
        if let Some(short) = document.get("mcp") {
            address(short, &[], draft);
            route::read_short(short, draft, &mut made);
        }
    }
    neighbour::tell(&made);
}

fn address(bind: Item<'_>, listeners: &[Item<'_>], draft: &mut Draft) {
    let Some(port) = bind.get("port") else { return };
    port.kept();
    let mut spec = Map::new();
    spec.insert("address".to_owned(), format!("0.0.0.0:{}", port.text().unwrap_or_default()).into());
    let mut certificates: Vec<Value> = Vec::new();
    for listener in listeners {
        let Some(tls) = listener.get("tls") else { continue };
        if let (Some(cert), Some(key)) = (tls.keep("cert"), tls.keep("key")) {
            certificates.push(json!({ "cert_file": cert, "key_file": key }));
        }
        if let Some(root) = tls.get("root") {
            root.weak(Verdict::Cannot, "callers need no client certificate here");
        }
    }
    if !certificates.is_empty() {
        spec.insert("tls".to_owned(), json!({ "certificates": certificates }));
    }
    draft.listeners.push(Value::Object(spec));
}
