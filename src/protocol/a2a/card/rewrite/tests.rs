//! Tests of rewritten cards: the sample of the specification, one of 0.3, and one of both.

use serde_json::{Value, json};

use super::*;
use crate::protocol::a2a::card::policy::{CardProvider, MetadataKind};
use crate::protocol::a2a::card::{Difference, compare};

const BASE: &str = "https://gate.example/agents/geo";

fn policy(access: Access) -> CardPolicy {
    CardPolicy {
        base: Some(BASE.to_owned()),
        route: "/agents/geo".to_owned(),
        upstream_paths: vec![String::new()],
        upstream_authority: "georoute.internal:9000".to_owned(),
        access,
        signatures: Signatures::Strip,
    }
}

fn oauth() -> Access {
    let provider = |name: &str, issuer: &str, metadata| CardProvider {
        name: name.to_owned(),
        issuer: issuer.to_owned(),
        metadata,
    };
    Access::OAuth {
        providers: vec![
            provider("corp", "https://idp.example/", MetadataKind::OpenId),
            provider("partner", "https://as.example/t/1", MetadataKind::AuthorizationServer),
        ],
        scopes: vec!["geo.read".to_owned(), "geo.map".to_owned()],
    }
}

fn api_key() -> Access {
    Access::ApiKey { header: "x-api-key".to_owned() }
}

/// The sample card of the specification of 1.0, section 8.5, with the upstream's address in a text.
fn new_card() -> Value {
    json!({
        "name": "GeoSpatial Route Planner Agent",
        "description": "Advanced route planning. Status: http://georoute.internal:9000/status",
        "supportedInterfaces": [
            {"url": "http://georoute.internal:9000/a2a/v1", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"},
            {"url": "georoute.internal:50051", "protocolBinding": "GRPC", "protocolVersion": "1.0"},
            {"url": "https://other.example/a2a/json", "protocolBinding": "HTTP+JSON", "protocolVersion": "1.0", "tenant": "t"}
        ],
        "provider": {"organization": "Example Geo Services Inc.", "url": "https://www.examplegeoservices.com"},
        "iconUrl": "https://georoute-agent.example.com/icon.png",
        "version": "1.2.0",
        "capabilities": {"streaming": true, "pushNotifications": true, "extendedAgentCard": true},
        "securitySchemes": {
            "google": {"openIdConnectSecurityScheme": {"openIdConnectUrl": "https://accounts.google.com/.well-known/openid-configuration"}}
        },
        "securityRequirements": [{"schemes": {"google": {"list": ["openid", "profile", "email"]}}}],
        "defaultInputModes": ["application/json", "text/plain"],
        "defaultOutputModes": ["application/json", "image/png"],
        "skills": [
            {
                "id": "route-optimizer-traffic",
                "name": "Traffic-Aware Route Optimizer",
                "tags": ["maps"],
                "securityRequirements": [{"schemes": {"google": {"list": ["admin"]}}}]
            }
        ],
        "signatures": [{"protected": "eyJhbGciOiJFUzI1NiJ9", "signature": "QFdkNLNszlGj3z3u0YQGt_T9LixY3qtdQpZmsTdDHDe3fXV9y9-B3m2-XgCpzuhiLt8E0tV6HXoZKHv4GtHgKQ"}]
    })
}

fn old_card() -> Value {
    json!({
        "protocolVersion": "0.3.0",
        "name": "Hello World Agent",
        "url": "http://georoute.internal:9000/",
        "preferredTransport": "JSONRPC",
        "additionalInterfaces": [
            {"url": "http://georoute.internal:9000/", "transport": "JSONRPC"},
            {"url": "http://georoute.internal:50051", "transport": "GRPC"},
            {"url": "http://georoute.internal:9000/v1", "transport": "HTTP+JSON"}
        ],
        "capabilities": {"streaming": true},
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        "security": [{"bearer": []}],
        "skills": [{"id": "hello", "security": [{"bearer": ["x"]}]}],
        "supportsAuthenticatedExtendedCard": true
    })
}

fn rewritten(card: &Value, policy: &CardPolicy) -> (Value, Rewritten) {
    let made = rewrite(card.to_string().as_bytes(), policy).unwrap();
    (serde_json::from_str(&made.text.under(BASE)).unwrap(), made)
}

#[test]
fn the_sample_card_of_the_specification_says_the_truth_about_the_gateway() {
    let (card, made) = rewritten(&new_card(), &policy(oauth()));
    let mut wanted = new_card();
    wanted["supportedInterfaces"] = json!([
        {"url": "https://gate.example/agents/geo/a2a/v1", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"},
        {"url": "https://gate.example/agents/geo/a2a/json", "protocolBinding": "HTTP+JSON", "protocolVersion": "1.0", "tenant": "t"}
    ]);
    wanted["securitySchemes"] = json!({
        "corp": {"openIdConnectSecurityScheme": {"openIdConnectUrl": "https://idp.example/.well-known/openid-configuration"}},
        "partner": {"oauth2SecurityScheme": {"flows": {}, "oauth2MetadataUrl": "https://as.example/.well-known/oauth-authorization-server/t/1"}}
    });
    wanted["securityRequirements"] = json!([
        {"schemes": {"corp": {"list": ["geo.read", "geo.map"]}}},
        {"schemes": {"partner": {"list": ["geo.read", "geo.map"]}}}
    ]);
    wanted["skills"][0].as_object_mut().unwrap().remove("securityRequirements");
    wanted.as_object_mut().unwrap().remove("signatures");
    assert_eq!(card, wanted);
    assert_eq!(made.signature, CardSignature::Stripped);
    let paths = ["$.supportedInterfaces[1]", "$.description"];
    assert_eq!(
        made.warnings,
        [
            CardWarning::Signature,
            CardWarning::Interface(paths[0].to_owned()),
            CardWarning::Leftover(paths[1].to_owned())
        ]
    );
}

#[test]
fn a_card_of_0_3_keeps_its_shape() {
    let (card, made) = rewritten(&old_card(), &policy(api_key()));
    let mut wanted = old_card();
    wanted["url"] = json!("https://gate.example/agents/geo/");
    wanted["additionalInterfaces"] = json!([
        {"url": "https://gate.example/agents/geo/", "transport": "JSONRPC"},
        {"url": "https://gate.example/agents/geo/v1", "transport": "HTTP+JSON"}
    ]);
    wanted["securitySchemes"] = json!({"api_key": {"type": "apiKey", "in": "header", "name": "x-api-key"}});
    wanted["security"] = json!([{"api_key": []}]);
    wanted["skills"][0].as_object_mut().unwrap().remove("security");
    assert_eq!(card, wanted);
    assert_eq!(made.signature, CardSignature::None);
    let (card, _) = rewritten(&old_card(), &policy(oauth()));
    assert_eq!(card["securitySchemes"]["corp"]["type"], "openIdConnect");
    assert_eq!(card["securitySchemes"]["partner"]["flows"], json!({}));
    assert_eq!(card["security"][1], json!({"partner": ["geo.read", "geo.map"]}));
    for absent in ["supportedInterfaces", "securityRequirements"] {
        assert_eq!(card.get(absent), None, "{absent}");
    }
}

#[test]
fn a_card_of_both_generations_is_rewritten_in_both() {
    let mut both = new_card();
    for (name, value) in old_card().as_object().unwrap() {
        both.as_object_mut().unwrap().entry(name.clone()).or_insert(value.clone());
    }
    let (card, _) = rewritten(&both, &policy(api_key()));
    assert_eq!(
        card["securitySchemes"],
        json!({"api_key": {
            "apiKeySecurityScheme": {"location": "header", "name": "x-api-key"},
            "type": "apiKey", "in": "header", "name": "x-api-key"
        }})
    );
    assert_eq!(card["securityRequirements"], json!([{"schemes": {"api_key": {"list": []}}}]));
    assert_eq!(card["security"], json!([{"api_key": []}]));
    assert_eq!(card["url"], "https://gate.example/agents/geo/");
    assert_eq!(card["supportedInterfaces"][0]["url"], "https://gate.example/agents/geo/a2a/v1");
}

#[test]
fn a_public_agent_has_neither_schemes_nor_an_extended_card() {
    let (card, _) = rewritten(&new_card(), &policy(Access::Public));
    assert_eq!(card["capabilities"]["extendedAgentCard"], false);
    let (old, _) = rewritten(&old_card(), &policy(Access::Public));
    assert_eq!(old["supportsAuthenticatedExtendedCard"], false);
    assert_eq!(old["capabilities"], json!({"streaming": true}), "a member of the other generation");
    for card in [card, old] {
        for absent in ["securitySchemes", "securityRequirements", "security"] {
            assert_eq!(card.get(absent), None, "{absent}");
        }
    }
    let bare = json!({"supportedInterfaces": [{"url": "http://u/", "protocolBinding": "JSONRPC"}]});
    let (card, _) = rewritten(&bare, &policy(Access::Public));
    assert_eq!(card["capabilities"], json!({"extendedAgentCard": false}));
}

#[test]
fn the_first_interface_that_the_gateway_carries_takes_the_place_of_grpc() {
    let mut card = old_card();
    card["preferredTransport"] = json!("grpc");
    card["additionalInterfaces"] = json!([
        {"url": "http://georoute.internal:50051", "transport": "GRPC"},
        {"url": "http://georoute.internal:9000/v1", "transport": "HTTP+JSON"},
        {"url": "http://georoute.internal:9000/", "transport": "JSONRPC"}
    ]);
    let (made, _) = rewritten(&card, &policy(api_key()));
    assert_eq!(made["url"], "https://gate.example/agents/geo/v1");
    assert_eq!(made["preferredTransport"], "HTTP+JSON");
    assert_eq!(made["additionalInterfaces"].as_array().unwrap().len(), 2);
}

#[test]
fn a_card_that_cannot_be_told_truly_is_refused() {
    let grpc = json!([{"url": "http://u:1/", "protocolBinding": "GRPC", "transport": "GRPC"}]);
    let mut signed = policy(api_key());
    signed.signatures = Signatures::Refuse;
    let plain = policy(api_key());
    for (card, policy, wanted) in [
        (new_card(), &signed, CardError::Signed),
        (json!({"name": "x"}), &plain, CardError::NoInterface),
        (json!({"supportedInterfaces": []}), &plain, CardError::NoInterface),
        (json!({"supportedInterfaces": grpc}), &plain, CardError::NoInterface),
        (json!({"supportedInterfaces": {}}), &plain, CardError::WrongType("supportedInterfaces")),
        (json!({"url": "http://u/", "preferredTransport": "GRPC"}), &plain, CardError::NoInterface),
        (
            json!({"url": "u:1", "preferredTransport": "GRPC", "additionalInterfaces": grpc}),
            &plain,
            CardError::NoInterface,
        ),
        (json!({"additionalInterfaces": []}), &plain, CardError::NoInterface),
        (json!({"url": 7}), &plain, CardError::NoInterface),
    ] {
        assert_eq!(rewrite(card.to_string().as_bytes(), policy), Err(wanted), "{card}");
    }
    assert!(rewrite(old_card().to_string().as_bytes(), &signed).is_ok(), "a card without signatures");
}

#[test]
fn unknown_members_stay_in_their_place() {
    let text = r#"{"x":{"b":1,"a":[2.5,null]},"url":"http://u/","m":true,"securitySchemes":{},"z":"\u2028"}"#;
    let made = rewrite(text.as_bytes(), &policy(api_key())).unwrap().text.under(BASE);
    assert_eq!(
        made,
        concat!(
            r#"{"x":{"b":1,"a":[2.5,null]},"url":"https://gate.example/agents/geo/","m":true,"#,
            r#""securitySchemes":{"api_key":{"type":"apiKey","in":"header","name":"x-api-key"}},"z":""#,
            "\u{2028}",
            r#"","security":[{"api_key":[]}]}"#
        )
    );
}

#[test]
fn a_rewritten_card_agrees_with_the_policy_and_the_one_before_does_not() {
    for access in [oauth(), api_key(), Access::Public] {
        let policy = policy(access);
        for card in [new_card(), old_card()] {
            let (made, _) = rewritten(&card, &policy);
            assert_eq!(compare(made.to_string().as_bytes(), &policy), Ok(Vec::new()), "{made}");
            assert!(!compare(card.to_string().as_bytes(), &policy).unwrap().is_empty());
        }
    }
    let found = compare(new_card().to_string().as_bytes(), &policy(oauth())).unwrap();
    assert_eq!(
        found,
        [
            Difference::Url("$.supportedInterfaces[0].url".to_owned()),
            Difference::Interface("$.supportedInterfaces[1].url".to_owned()),
            Difference::Url("$.supportedInterfaces[2].url".to_owned()),
            Difference::SchemeMissing("corp".to_owned()),
            Difference::SchemeMissing("partner".to_owned()),
        ]
    );
}
