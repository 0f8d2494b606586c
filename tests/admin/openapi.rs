//! `/openapi.json`: what is written about the API is what there is.

use std::collections::BTreeSet;

use serde_json::Value;
use testkit::api::Reply;
use testkit::client;

use super::world::World;

/// Every operation that the contract names.
const OPERATIONS: [(&str, &str); 51] = [
    ("get", "/limits"),
    ("get", "/limits/{name}"),
    ("put", "/limits/{name}"),
    ("delete", "/limits/{name}"),
    ("get", "/denials"),
    ("post", "/denials"),
    ("get", "/denials/{id}"),
    ("delete", "/denials/{id}"),
    ("post", "/session"),
    ("get", "/session"),
    ("delete", "/session"),
    ("get", "/agents"),
    ("get", "/agents/{name}"),
    ("put", "/agents/{name}"),
    ("delete", "/agents/{name}"),
    ("post", "/agents/{name}/test"),
    ("get", "/agents/{name}/discovery"),
    ("post", "/agents/{name}/client-check"),
    ("get", "/agents/{name}/card"),
    ("get", "/agents/{name}/targets"),
    ("post", "/agents/{name}/targets/drain"),
    ("get", "/agents/{name}/limits"),
    ("get", "/agents/{name}/refused-callers"),
    ("get", "/agents/{name}/streams"),
    ("delete", "/agents/{name}/streams"),
    ("get", "/identity-providers"),
    ("get", "/identity-providers/{name}"),
    ("put", "/identity-providers/{name}"),
    ("delete", "/identity-providers/{name}"),
    ("post", "/identity-providers:probe"),
    ("post", "/identity-providers/{name}/token"),
    ("get", "/api-keys"),
    ("post", "/api-keys"),
    ("get", "/api-keys/{id}"),
    ("delete", "/api-keys/{id}"),
    ("post", "/api-keys/{id}/revoke"),
    ("post", "/api-keys/{id}/rotate"),
    ("get", "/revisions"),
    ("get", "/revisions/{number}"),
    ("post", "/revisions/{number}/rollback"),
    ("post", "/documents/restore"),
    ("post", "/identity-providers/{name}/fetch"),
    ("get", "/status"),
    ("get", "/fleet"),
    ("get", "/traffic"),
    ("post", "/explain"),
    ("post", "/reload"),
    ("get", "/decisions"),
    ("get", "/decisions/stream"),
    ("get", "/decisions/{request_id}"),
    ("get", "/openapi.json"),
];

/// A path with every parameter as `{}`, without the common beginning.
fn shape(path: &str) -> String {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    let mut parts = path.split('{');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |so_far, part| so_far + "{}" + part.split_once('}').map_or("", |(_, rest)| rest))
}

#[tokio::test]
async fn every_operation_of_the_contract_is_described_with_its_refusals() {
    let world = World::empty().await;
    let page = Reply::to(client().get(format!("{}/openapi.json", world.api.origin))).await.is(200);
    assert!(page.header("content-type").starts_with("application/json"));
    let page = page.json();
    assert!(
        page["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")),
        "{}",
        page["openapi"]
    );
    let base = page["servers"][0]["url"].as_str().unwrap_or_default().to_owned();
    let mut described = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for (path, item) in page["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let Some(responses) = operation["responses"].as_object() else { continue };
            let full = if base.ends_with("/api/v1") { format!("{base}{path}") } else { path.clone() };
            described.insert((method.clone(), shape(&full)));
            assert!(
                ids.insert(operation["operationId"].as_str().expect("an id").to_owned()),
                "{method} {path}"
            );
            assert!(operation["summary"].as_str().is_some_and(|text| text.len() > 5), "{method} {path}");
            if shape(&full) == "/openapi.json" {
                continue;
            }
            assert!(responses.contains_key("401"), "{method} {path}");
            // A session and a running stream are no resources, and have no tag.
            let is_resource = !path.ends_with("/session") && !path.ends_with("/streams");
            let changes = ["put", "delete"].contains(&&**method) && is_resource;
            for status in ["409", "412", "428"].iter().filter(|_| changes) {
                assert!(responses.contains_key(*status), "{status} of {method} {path}");
            }
        }
    }
    let wanted: BTreeSet<(String, String)> =
        OPERATIONS.iter().map(|(method, path)| ((*method).to_owned(), shape(path))).collect();
    let missing: Vec<_> = wanted.difference(&described).filter(|(_, path)| path != "/openapi.json").collect();
    assert!(missing.is_empty(), "not described: {missing:?}");
    let more: Vec<_> = described.difference(&wanted).collect();
    assert!(more.is_empty(), "not in the contract: {more:?}");
    assert!(
        references(&page).iter().all(|pointer| page.pointer(pointer).is_some()),
        "a reference leads nowhere"
    );
}

/// Where each `$ref` of the document points to.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str);
            let own = own.map(|text| text.trim_start_matches('#').to_owned());
            members.values().flat_map(references).chain(own).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}
