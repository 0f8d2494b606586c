//! APIs of the WSO2 API Platform gateway (`kind: RestApi`, and `Mcp`) with their policies, and the key managers of its
//! configuration where that is YAML.

mod api;
mod cors;
mod key_manager;
mod limit;
mod policy;
mod token;
mod tool_rules;

use super::draft::Draft;
use super::item::Item;
use key_manager::KeyManagers;

/// Reads APIs into `draft`.
pub(super) fn read(documents: &[Item<'_>], draft: &mut Draft) {
    let mut managers = KeyManagers::read(documents, draft);
    for document in documents {
        let kind = document.get("kind").and_then(Item::text).unwrap_or_default().to_ascii_lowercase();
        let Some(spec) = document.get("spec").or_else(|| document.get("data")) else { continue };
        let is_mcp = kind == "mcp";
        if !is_mcp && !matches!(kind.as_str(), "restapi" | "http/rest") {
            spec.cannot("only `RestApi` and `Mcp` are imported");
            continue;
        }
        document.keep_all(&["apiVersion", "version", "kind"]);
        if let Some(metadata) = document.get("metadata") {
            metadata.keep_all(&["name", "labels", "annotations"]);
        }
        let name = document.at(&["metadata", "name"]).and_then(Item::text);
        api::read(spec, (name, is_mcp), &mut managers, draft);
    }
}
