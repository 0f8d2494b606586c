//! Compares the document with the router, and responses with the document.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{Method, header};
use serde_json::{Value, json};

use super::super::fixtures::{self, Answer, Api};
use super::super::routes;
use super::*;

fn filled(path: &str) -> String {
    path.replace("{name}", "refunds").replace("{id}", "Yq3Zk81b").replace("{number}", "1")
}

#[tokio::test(start_paused = true)]
async fn the_document_names_every_route_and_every_method_and_no_others() {
    let document = document();
    let documented: BTreeMap<&str, BTreeSet<String>> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(path, methods)| {
            (path.as_str(), methods.as_object().unwrap().keys().map(|m| m.to_uppercase()).collect())
        })
        .collect();
    let routed: BTreeSet<&str> = routes::table().into_iter().map(|(path, _)| path).collect();
    assert_eq!(documented.keys().copied().collect::<BTreeSet<_>>(), routed);
    let api = Api::new();
    for (path, methods) in documented {
        let answer = api.write(Method::PATCH, &filled(path), None, None).await;
        assert_eq!(answer.status, 405, "{path}");
        let allowed = answer.headers[header::ALLOW].to_str().unwrap();
        let allowed: BTreeSet<String> =
            allowed.split(',').map(str::to_owned).filter(|method| method != "HEAD").collect();
        assert_eq!(allowed, methods, "{path}");
    }
}

/// The committed document: a review shows its changes, and the console's types are generated from it.
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");

/// `PORTCULLIS_RECORD=1` rewrites it; review the difference.
#[test]
fn the_document_is_the_committed_one() {
    let text = serde_json::to_string_pretty(&document()).unwrap() + "\n";
    if std::env::var_os("PORTCULLIS_RECORD").is_some() {
        std::fs::write(KEPT, &text).unwrap();
    }
    let kept = std::fs::read_to_string(KEPT).unwrap_or_default();
    let same = text.lines().zip(kept.lines()).take_while(|(now, before)| now == before).count();
    assert!(text == kept, "docs/openapi.json is of another document, from line {}", same + 1);
}

#[test]
fn a_name_stands_for_one_shape_whether_it_is_sent_or_given() {
    let mut shapes = Shapes::new();
    for operation in operations::all() {
        operation.render(&mut shapes);
    }
    for (name, given, sent) in shapes.shared() {
        assert_eq!(given, sent, "{name}");
    }
}

#[test]
fn every_reference_resolves_and_every_schema_is_used() {
    let document = document();
    let text = document.to_string();
    let names: BTreeSet<&str> =
        document["components"]["schemas"].as_object().unwrap().keys().map(String::as_str).collect();
    let used: BTreeSet<&str> =
        text.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(names, used);
    let ids: BTreeSet<&str> = operations::all().map(|operation| operation.id).collect();
    assert_eq!(ids.len(), operations::all().count());
}

/// Whether `value` is of the shape: the part of JSON Schema that the document uses.
fn fits(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        let schema = document.pointer(name.trim_start_matches('#')).ok_or(format!("{at}: {name}"))?;
        return fits(document, schema, value, at);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let failed: Vec<String> = any.iter().filter_map(|one| fits(document, one, value, at).err()).collect();
        return if failed.len() < any.len() { Ok(()) } else { Err(failed.join(" and ")) };
    }
    if schema.get("const").is_some_and(|wanted| wanted != value) {
        return Err(format!("{at}: {value} is not the one value"));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        return Err(format!("{at}: {value} is none of the words"));
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_u64() || number.is_i64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let is = |wanted: &str| wanted == kind || (wanted == "number" && kind == "integer");
    let good = match &schema["type"] {
        Value::String(wanted) => is(wanted),
        Value::Array(wanted) => wanted.iter().any(|wanted| is(wanted.as_str().unwrap())),
        _ => true,
    };
    if !good {
        return Err(format!("{at}: {value} is not {}", schema["type"]));
    }
    if let (Value::Array(items), Some(shape)) = (value, schema.get("items")) {
        for (i, item) in items.iter().enumerate() {
            fits(document, shape, item, &format!("{at}/{i}"))?;
        }
    }
    let Value::Object(members) = value else { return Ok(()) };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        members.get(name).ok_or(format!("{at}: no {name}"))?;
    }
    for (name, member) in members {
        match (schema["properties"].get(name), &schema["additionalProperties"]) {
            (Some(shape), _) => fits(document, shape, member, &format!("{at}/{name}"))?,
            (None, Value::Bool(false)) => return Err(format!("{at}: {name} is not documented")),
            (None, shape @ Value::Object(_)) => fits(document, shape, member, &format!("{at}/{name}"))?,
            (None, _) => {}
        }
    }
    Ok(())
}

/// Asserts that a response fits the document.
fn holds(document: &Value, method: &Method, path: &str, answer: &Answer) {
    let what = format!("{method} {path}: {}", answer.status);
    let operation = &document["paths"][path][method.as_str().to_lowercase()];
    let documented = &operation["responses"][answer.status.to_string()];
    assert!(documented.is_object(), "{what} is not documented: {}", answer.text());
    let Some(content) = documented["content"].as_object() else {
        assert_eq!(answer.text(), "", "{what}");
        return;
    };
    let media = answer.headers[header::CONTENT_TYPE].to_str().unwrap();
    let schema = &content.get(media).unwrap_or_else(|| panic!("{what}: {media}"))["schema"];
    if media.ends_with("json")
        && let Err(why) = fits(document, schema, &answer.json(), "")
    {
        panic!("{what}: {why}\n{}", answer.text());
    }
}

#[tokio::test(start_paused = true)]
async fn answers_have_the_documented_status_media_type_and_shape() {
    let document = document();
    for api in [Api::new(), Api::writable()] {
        for operation in operations::all() {
            // Streams do not end, and a probe or a token request needs another server.
            if ["followDecisions", "testAgent", "probeProvider", "fetchToken"].contains(&operation.id) {
                continue;
            }
            let method: Method = operation.method.to_uppercase().parse().unwrap();
            let examples = operation.body.map(|body| (body.example)());
            let bodies = [None, examples, Some(json!({"token": fixtures::TOKEN})), Some(json!({"x": [1]}))];
            for path in [filled(operation.path), operation.path.replace(['{', '}'], "")] {
                for query in ["", "?dry_run=true", "?limit=1", "?nonsense=1"] {
                    for body in &bodies {
                        for tag in [None, Some("*"), Some("\"0123456789abcdef\"")] {
                            let path = format!("{path}{query}");
                            let answer = api.write(method.clone(), &path, tag, body.clone()).await;
                            holds(&document, &method, operation.path, &answer);
                        }
                    }
                }
            }
            let answer = api.logged_out(method.clone(), &filled(operation.path)).await;
            holds(&document, &method, operation.path, &answer);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn successful_responses_fit_the_document() {
    let (document, api) = (document(), Api::writable());
    let spec = |auth: Value| json!({"route": "/n", "upstream": "http://127.0.0.1:9", "auth": auth});
    let made = api.create("/api/v1/agents/n", spec(json!({"api_key": {}}))).await;
    assert_eq!(made.status, 201);
    holds(&document, &Method::PUT, "/api/v1/agents/{name}", &made);
    let key = api.write(Method::POST, "/api/v1/api-keys", None, Some(json!({"agent": "n"}))).await;
    assert_eq!(key.status, 201);
    holds(&document, &Method::POST, "/api/v1/api-keys", &key);
    let id = key.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/api-keys/{id}/rotate");
    let rotated = api.write(Method::POST, &path, Some("*"), Some(json!({"overlap": "5m"}))).await;
    assert_eq!(rotated.status, 201);
    holds(&document, &Method::POST, "/api/v1/api-keys/{id}/rotate", &rotated);
    for (path, template) in [
        ("/api/v1/revisions", "/api/v1/revisions"),
        ("/api/v1/revisions/1", "/api/v1/revisions/{number}"),
        ("/api/v1/revisions/2", "/api/v1/revisions/{number}"),
        ("/api/v1/agents/n", "/api/v1/agents/{name}"),
        ("/api/v1/status", "/api/v1/status"),
    ] {
        let answer = api.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        holds(&document, &Method::GET, template, &answer);
    }
}

#[test]
fn agents_and_providers_have_the_schema_of_the_configuration() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["AgentSpec"]["required"], json!(["route", "upstream", "auth"]));
    // An issuer, or a trust domain.
    assert_eq!(schemas["ProviderSpec"]["required"], json!([]));
    for operation in operations::all() {
        let Some(body) = operation.body else { continue };
        let schema = (body.shape)(&mut Shapes::new());
        assert_eq!(fits(&document, &schema, &(body.example)(), operation.id), Ok(()));
    }
}
