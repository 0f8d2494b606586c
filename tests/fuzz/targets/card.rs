//! An agent's card. One that is rewritten is read again, says nothing of where the agent is that the gateway would not
//! say, agrees with the policy, and does not change when it is rewritten again. One that is signed is what was signed.

use std::cell::RefCell;

use portcullis::protocol::a2a::card::{
    Access, CARD_BYTES, CardBinding, CardBindings, CardPolicy, CardProvider, CardSeal, CardWarning,
    MetadataKind, Signatures, compare, has_signature, rewrite,
};
use serde_json::Value;

pub(crate) const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"supportedInterfaces\":[",
    "\"supported_interfaces\":[",
    "\"additionalInterfaces\":[",
    "{\"url\":\"http://up.internal:9000/a\",\"protocolBinding\":\"JSONRPC\"}",
    "{\"url\":\"http://up.internal:9000/v1\",\"transport\":\"HTTP+JSON\"}",
    "\"protocolBinding\":\"GRPC\"",
    "\"url\":\"http://up.internal:9000/\"",
    "\"url\":\"https://gate.example/a/rpc?x\"",
    "\"url\":\"up:1\"",
    "\"preferredTransport\":\"GRPC\"",
    "\"preferredTransport\":null",
    "\"securitySchemes\":{}",
    "\"securityRequirements\":[{}]",
    "\"security\":[]",
    "\"skills\":[{\"security\":[]}]",
    "\"capabilities\":{\"extendedAgentCard\":true}",
    "\"capabilities\":[]",
    "\"supportsAuthenticatedExtendedCard\":true",
    "\"signatures\":[{}]",
    "\"signatures\":[]",
    "\\u0000",
    "\\\"",
    "\\ud83d\\ude00",
    "/../",
    "%2f",
    "1e3",
    "null",
    "true",
];

const BASE: &str = "https://gate.example/a";

fn policies() -> [CardPolicy; 3] {
    let provider = |name: &str, metadata| CardProvider {
        name: name.to_owned(),
        issuer: "https://idp.example/t/".to_owned(),
        metadata,
    };
    let providers =
        vec![provider("one", MetadataKind::OpenId), provider("two", MetadataKind::AuthorizationServer)];
    let bindings = CardBindings { dpop: CardBinding::Required, mtls: CardBinding::Optional, any: false };
    [
        Access::Public,
        Access::ApiKey { header: "x-api-key".to_owned() },
        Access::OAuth { providers, scopes: vec!["a".to_owned()], bindings },
    ]
    .map(|access| CardPolicy {
        base: Some(BASE.to_owned()),
        route: "/a".to_owned(),
        upstream_paths: vec!["/base".to_owned(), String::new()],
        upstream_authority: "up.internal:9000".to_owned(),
        access,
        signatures: Signatures::Strip,
        keys_url: None,
    })
}

pub(crate) fn run(input: &[u8]) -> String {
    let mut word = String::new();
    for policy in policies() {
        let made = match rewrite(input, &policy, &|_| None) {
            Ok(made) => made,
            Err(error) => {
                return format!("{word}{}", error.to_string().split(['"', ':']).next().unwrap_or_default());
            }
        };
        let text = made.text.under(BASE);
        let card: Value = serde_json::from_str(&text).expect("a card is JSON");
        assert!(card.get("signatures").is_none(), "{text}");
        let leftovers =
            made.warnings.iter().filter(|warning| matches!(warning, CardWarning::Leftover(_))).count();
        if leftovers == 0 {
            // What is in the names of members is not looked at.
            let named = card["url"].as_str().is_some_and(|url| url.contains("//up.internal:9000"));
            assert!(!named, "{text}");
        }
        word.push_str(&format!("ok{} ", made.warnings.len().min(3)));
        if text.len() > CARD_BYTES {
            continue;
        }
        assert_eq!(has_signature(text.as_bytes()), Ok(false), "{text}");
        assert_eq!(compare(text.as_bytes(), &policy), Ok(Vec::new()), "{text}");
        let again = rewrite(text.as_bytes(), &policy, &|_| None).expect("a rewritten card is one");
        assert_eq!(again.text.under(BASE), text);
        let (card, payloads) = signed(input, &policy);
        assert_eq!(signed(card.as_bytes(), &policy), (card, payloads));
    }
    word
}

/// The card that is signed, and what the signatures are over. The first one is over the card as it is served.
fn signed(input: &[u8], policy: &CardPolicy) -> (String, Vec<String>) {
    let policy = CardPolicy { signatures: Signatures::Resign, ..policy.clone() };
    let payloads = RefCell::new(Vec::new());
    let sign = |payload: &[u8]| {
        payloads.borrow_mut().push(String::from_utf8(payload.to_vec()).expect("a payload is text"));
        Some(CardSeal { protected: "p".to_owned(), signature: "s".to_owned() })
    };
    let text = rewrite(input, &policy, &sign).expect("what is rewritten is signed").text.under("nowhere");
    let mut card: Value = serde_json::from_str(&text).expect("a card is JSON");
    let signatures = card.as_object_mut().and_then(|card| card.remove("signatures")).expect("signatures");
    let payloads = payloads.into_inner();
    assert_eq!(signatures.as_array().map(Vec::len), Some(payloads.len()), "{text}");
    let first = payloads.first().and_then(|payload| serde_json::from_str::<Value>(payload).ok());
    assert_eq!(first, Some(card), "{text}");
    (text, payloads)
}
