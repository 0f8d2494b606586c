//! Tests of rewritten cards: the sample of the specification, one of 0.3, and one of both.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::protocol::a2a::card::policy::{CardBinding, CardBindings, CardProvider, MetadataKind};
use crate::protocol::a2a::card::{CardSeal, Difference, compare};

const BASE: &str = "https://gate.example/agents/geo";

fn policy(access: Access) -> CardPolicy {
    CardPolicy {
        base: Some(BASE.to_owned()),
        route: "/agents/geo".to_owned(),
        upstream_paths: vec![String::new()],
        upstream_authority: "georoute.internal:9000".to_owned(),
        access,
        signatures: Signatures::Strip,
        keys_url: None,
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
        bindings: CardBindings::default(),
    }
}

/// The same, at an agent whose tokens are bound so; one of its providers is called like a scheme.
fn bound(dpop: CardBinding, mtls: CardBinding) -> Access {
    let Access::OAuth { mut providers, scopes, .. } = oauth() else { unreachable!() };
    providers[1].name = "mtls".to_owned();
    Access::OAuth { providers, scopes, bindings: CardBindings { dpop, mtls, any: false } }
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
    let made = rewrite(card.to_string().as_bytes(), policy, &|_| None).unwrap();
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
fn a_card_says_what_tokens_may_be_bound_to_and_what_they_must_be() {
    use CardBinding::{Off, Optional, Required};
    let names = |card: &Value| {
        let all = card["securityRequirements"].as_array().unwrap();
        let one = |one: &Value| {
            let mut names: Vec<_> = one["schemes"].as_object().unwrap().keys().cloned().collect();
            names.sort();
            names.join(" ")
        };
        all.iter().map(one).collect::<Vec<_>>()
    };
    for (dpop, mtls, wanted) in [
        (Optional, Off, &["corp", "mtls", "corp dpop", "dpop mtls"][..]),
        (Required, Off, &["corp dpop", "dpop mtls"]),
        (Off, Required, &["corp mtls_", "mtls mtls_"]),
        (Required, Required, &["corp dpop mtls_", "dpop mtls mtls_"]),
    ] {
        let (card, _) = rewritten(&new_card(), &policy(bound(dpop, mtls)));
        assert_eq!(names(&card), wanted, "{dpop:?} {mtls:?}");
        let has = |name: &str| card["securitySchemes"].get(name).is_some();
        assert_eq!((has("dpop"), has("mtls_")), (dpop != Off, mtls != Off));
    }
    let (card, _) = rewritten(&new_card(), &policy(bound(Required, Required)));
    assert_eq!(card["securitySchemes"]["dpop"]["httpAuthSecurityScheme"]["scheme"], "DPoP");
    assert!(card["securitySchemes"]["mtls_"]["mtlsSecurityScheme"]["description"].is_string());
    let last = &card["securityRequirements"][1]["schemes"];
    assert_eq!(
        last,
        &json!({"mtls": {"list": ["geo.read", "geo.map"]}, "dpop": {"list": []}, "mtls_": {"list": []}})
    );
    let (card, _) = rewritten(&old_card(), &policy(bound(Required, Required)));
    assert_eq!(card["securitySchemes"]["dpop"]["type"], "http");
    assert_eq!(card["securitySchemes"]["mtls_"]["type"], "mutualTLS");
    assert_eq!(card["security"][0], json!({"corp": ["geo.read", "geo.map"], "dpop": [], "mtls_": []}));
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
        assert_eq!(rewrite(card.to_string().as_bytes(), policy, &|_| None), Err(wanted), "{card}");
    }
    assert!(
        rewrite(old_card().to_string().as_bytes(), &signed, &|_| None).is_ok(),
        "a card without signatures"
    );
}

#[test]
fn unknown_members_stay_in_their_place() {
    let text = r#"{"x":{"b":1,"a":[2.5,null]},"url":"http://u/","m":true,"securitySchemes":{},"z":"\u2028"}"#;
    let made = rewrite(text.as_bytes(), &policy(api_key()), &|_| None).unwrap().text.under(BASE);
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
    for access in [oauth(), bound(CardBinding::Required, CardBinding::Optional), api_key(), Access::Public] {
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

/// The card that is signed instead, and what the signatures are over.
fn resigned(card: &Value, access: Access) -> (Value, Vec<String>, Rewritten) {
    let policy = CardPolicy { signatures: Signatures::Resign, ..policy(access) };
    let payloads = RefCell::new(Vec::new());
    let sign = |payload: &[u8]| {
        payloads.borrow_mut().push(String::from_utf8(payload.to_vec()).unwrap());
        Some(CardSeal { protected: "p".to_owned(), signature: format!("s{}", payloads.borrow().len()) })
    };
    let made = rewrite(card.to_string().as_bytes(), &policy, &sign).unwrap();
    assert_eq!((made.signature, made.text.is_verbatim()), (CardSignature::Resigned, true));
    (serde_json::from_str(&made.text.under("nowhere")).unwrap(), payloads.into_inner(), made)
}

/// A payload, and that it is canonical: members in their order, and nothing between them.
fn payload(text: &str) -> Value {
    let value: Value = serde_json::from_str(text).unwrap();
    let sorted: BTreeMap<String, Value> = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&sorted).unwrap(), text);
    value
}

#[test]
fn a_signature_is_over_the_card_as_it_is_served() {
    let (mut card, payloads, made) = resigned(&new_card(), oauth());
    assert!(made.warnings.contains(&CardWarning::Resigned));
    assert_eq!(card["signatures"], json!([{"protected": "p", "signature": "s1"}]));
    card.as_object_mut().unwrap().remove("signatures");
    assert_eq!(payloads.iter().map(|text| payload(text)).collect::<Vec<_>>(), std::slice::from_ref(&card));
    let (mut stripped, _) = rewritten(&new_card(), &policy(oauth()));
    // The flows that are none say nothing.
    stripped["securitySchemes"]["partner"]["oauth2SecurityScheme"].as_object_mut().unwrap().remove("flows");
    assert_eq!(card, stripped);
    let mut unsigned = new_card();
    unsigned.as_object_mut().unwrap().remove("signatures");
    let (again, _, made) = resigned(&unsigned, oauth());
    assert_eq!(again["signatures"].as_array().unwrap().len(), 1, "a card without signatures is signed too");
    assert!(!made.warnings.contains(&CardWarning::Resigned));
}

#[test]
fn what_says_nothing_is_in_no_signed_card() {
    let mut card = new_card();
    card["description"] = json!("");
    card["documentationUrl"] = json!(null);
    card["supportedInterfaces"][0]["tenant"] = json!("");
    card["capabilities"]["pushNotifications"] = json!(false);
    card["capabilities"]["extensions"] = json!([
        {"uri": "urn:x", "required": false, "description": "", "params": {"a": {"b": []}, "n": 1.0, "f": false}},
        {"uri": "urn:y", "required": true},
        {}
    ]);
    card["skills"][0]["examples"] = json!([]);
    card["skills"][0]["tags"] = json!(["", "maps"]);
    let (card, payloads, _) = resigned(&card, oauth());
    assert_eq!(payloads.len(), 1, "{payloads:#?}");
    for name in ["description", "documentationUrl"] {
        assert_eq!(card.get(name), None, "{name}");
    }
    assert_eq!(card["supportedInterfaces"][0].get("tenant"), None);
    // One that has presence is said although it is false.
    let capabilities = json!({
        "streaming": true, "pushNotifications": false, "extendedAgentCard": true,
        "extensions": [{"uri": "urn:x", "params": {"n": 1.0, "f": false}}, {"uri": "urn:y", "required": true}]
    });
    assert_eq!(card["capabilities"], capabilities);
    assert_eq!(
        card["skills"],
        json!([{"id": "route-optimizer-traffic", "name": "Traffic-Aware Route Optimizer", "tags": ["maps"]}])
    );
}

#[test]
fn what_a_reader_drops_is_signed_with_and_without_it() {
    let mut card = new_card();
    card["x"] = json!({"b": 1, "a": [2]});
    card["skills"][0]["y"] = json!("z");
    let (served, payloads, _) = resigned(&card, oauth());
    let [whole, read] = payloads.as_slice() else { panic!("two payloads: {payloads:#?}") };
    assert_eq!(served["signatures"].as_array().unwrap().len(), 2);
    assert_eq!((&payload(whole)["x"], &payload(whole)["skills"][0]["y"]), (&card["x"], &json!("z")));
    let mut known = payload(whole);
    known.as_object_mut().unwrap().remove("x");
    known["skills"][0].as_object_mut().unwrap().remove("y");
    assert_eq!(payload(read), known);
}

#[test]
fn a_requirement_without_scopes_stays_in_a_signed_card() {
    let (card, payloads, _) = resigned(&new_card(), api_key());
    assert_eq!(card["securityRequirements"], json!([{"schemes": {"api_key": {}}}]));
    assert_eq!(payload(&payloads[0])["securityRequirements"], card["securityRequirements"]);
    assert_eq!(payload(&payloads[1]).get("securityRequirements"), None, "as the SDKs read it");
    assert_eq!(resigned(&old_card(), api_key()).0["security"], json!([{"api_key": []}]));
    let (card, payloads, _) = resigned(&new_card(), bound(CardBinding::Required, CardBinding::Off));
    let schemes = json!({"corp": {"list": ["geo.read", "geo.map"]}, "dpop": {}});
    assert_eq!(card["securityRequirements"][0]["schemes"], schemes);
    assert_eq!(payload(&payloads[0])["securityRequirements"], card["securityRequirements"]);
    assert!(
        payload(&payloads[0])["securitySchemes"]["dpop"]["httpAuthSecurityScheme"]["description"].is_string()
    );
}

#[test]
fn a_card_of_before_is_signed_as_it_is_served_and_as_clients_of_today_read_it() {
    let (card, payloads, _) = resigned(&old_card(), oauth());
    let [whole, read] = payloads.as_slice() else { panic!("two payloads: {payloads:#?}") };
    let mut unsigned = card.clone();
    unsigned.as_object_mut().unwrap().remove("signatures");
    assert_eq!(payload(whole), unsigned);
    assert_eq!(card["url"], json!(format!("{BASE}/")));
    let interface = |path: &str, binding: &str| json!({"url": format!("{BASE}{path}"), "protocolBinding": binding, "protocolVersion": "0.3.0"});
    assert_eq!(
        payload(read),
        json!({
            "name": "Hello World Agent",
            "supportedInterfaces": [interface("/", "JSONRPC"), interface("/", "JSONRPC"), interface("/v1", "HTTP+JSON")],
            "capabilities": {"streaming": true, "extendedAgentCard": true},
            "securitySchemes": {
                "corp": {"openIdConnectSecurityScheme": {"openIdConnectUrl": "https://idp.example/.well-known/openid-configuration"}},
                "partner": {"oauth2SecurityScheme": {"oauth2MetadataUrl": "https://as.example/.well-known/oauth-authorization-server/t/1"}}
            },
            "securityRequirements": [
                {"schemes": {"corp": {"list": ["geo.read", "geo.map"]}}},
                {"schemes": {"partner": {"list": ["geo.read", "geo.map"]}}}
            ],
            "skills": [{"id": "hello"}]
        })
    );
    // What 0.3 requires is there although it is empty.
    let mut bare = old_card();
    bare["capabilities"] = json!({});
    bare["skills"] = json!([]);
    let (card, ..) = resigned(&bare, Access::Public);
    assert_eq!((&card["capabilities"], &card["skills"]), (&json!({}), &json!([])));
    assert_eq!(card.get("supportsAuthenticatedExtendedCard"), None, "false is what it is when absent");
}

#[test]
fn a_card_that_cannot_be_signed_is_not_served() {
    let mut policy = CardPolicy { signatures: Signatures::Resign, ..policy(oauth()) };
    let card = new_card().to_string();
    assert_eq!(rewrite(card.as_bytes(), &policy, &|_| None), Err(CardError::NoKey));
    policy.base = None;
    let seal = CardSeal { protected: String::new(), signature: String::new() };
    assert_eq!(rewrite(card.as_bytes(), &policy, &|_| Some(seal.clone())), Err(CardError::NoKey));
}
