//! Reads what a provider says of a token (RFC 7662 section 2.2), as strictly as the payload of a JWT: what two parsers could
//! read in two ways, or what has another type than its specification says, is no answer.
//!
//! `introspected` judges what it says.

use serde_json::{Map, Value};

use crate::idp::{Answered, Provider};
use crate::model::{Claims, Instant, strict_json};

use super::jwt::{MAX_PAYLOAD_OBJECTS, answered_terms};
use super::signed_answer;
use super::terms::Terms;

/// Reads a response.
///
/// # Errors
/// What is wrong with it. It quotes nothing of it but names of members.
pub(super) fn read_answer(provider: &Provider, body: &[u8], now: Instant) -> Result<Answered, String> {
    match &provider.spec().introspection {
        Some(spec) if spec.signed => read_plain(&signed_answer::open(provider, &spec.client.id, body, now)?),
        Some(_) | None => read_plain(body),
    }
}

fn read_plain(body: &[u8]) -> Result<Answered, String> {
    let members = strict_json::object(body, MAX_PAYLOAD_OBJECTS).map_err(|error| error.to_string())?;
    match members.get("active") {
        Some(Value::Bool(true)) => {}
        Some(Value::Bool(false)) => return Ok(Answered::Inactive),
        Some(_) => return Err("`active` is not a boolean".to_owned()),
        None => return Err("`active` is absent".to_owned()),
    }
    check_types(&members)?;
    Ok(Answered::Active(body.into()))
}

/// The claims and the terms of an active token whose response was read before.
pub(super) fn said(claims: &[u8]) -> Option<(Claims, Terms)> {
    let members = strict_json::object(claims, MAX_PAYLOAD_OBJECTS).ok()?;
    let terms = answered_terms(&members).ok()?;
    Some((Claims::new(members), terms))
}

fn check_types(members: &Map<String, Value>) -> Result<(), String> {
    for name in ["iss", "token_type"] {
        if members.get(name).is_some_and(|value| !value.is_string() && !value.is_null()) {
            return Err(format!("`{name}` is not a string"));
        }
    }
    let is_bad_cnf = |cnf: &Map<String, Value>| cnf.get("jkt").is_some_and(|jkt| !jkt.is_string());
    if members.get("cnf").and_then(Value::as_object).is_some_and(is_bad_cnf) {
        return Err("`cnf.jkt` is not a string".to_owned());
    }
    answered_terms(members).map(drop).map_err(|malformed| malformed.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &[u8]) -> Result<Answered, String> {
        read_answer(&provider(), body, Instant::from_unix(0))
    }

    fn provider() -> std::sync::Arc<Provider> {
        super::super::introspected::tests::provider()
    }

    #[test]
    fn only_the_boolean_true_makes_a_token_active_and_only_false_makes_it_inactive() {
        let active = |body: &str| Ok(Answered::Active(body.as_bytes().into()));
        assert_eq!(read(br#"{"active":true}"#), active(r#"{"active":true}"#));
        assert_eq!(read(b" {\"active\" : true} "), active(" {\"active\" : true} "));
        assert_eq!(read(br#"{"active":false,"exp":"x"}"#), Ok(Answered::Inactive));
        for body in [
            &br#"{"active":"true"}"#[..],
            br#"{"active":1}"#,
            br#"{"active":null}"#,
            br#"{"active":[true]}"#,
            br#"{"Active":true}"#,
            b"{}",
            b"",
            b"true",
            b"[{\"active\":true}]",
            br#"{"active":true,"active":true}"#,
            br#"{"active":false,"active":true}"#,
            br#"{"active":true,"sub":"a","sub":"b"}"#,
            br#"{"active":true} {}"#,
            b"{\"active\":true,\"sub\":\"\xff\"}",
            b"<html>",
        ] {
            assert!(read(body).is_err(), "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn a_member_of_another_type_is_no_answer_and_null_is_absence() {
        let answer = |name: &str, value: &Value| {
            let mut answer = json!({"active": true});
            answer[name] = value.clone();
            read(answer.to_string().as_bytes()).is_ok()
        };
        for (name, bad) in [
            ("exp", json!("1")),
            ("exp", json!(0)),
            ("exp", json!(true)),
            ("nbf", json!("1")),
            ("iat", json!({})),
            ("aud", json!(1)),
            ("aud", json!([1])),
            ("scope", json!({})),
            ("sub", json!(7)),
            ("client_id", json!([])),
            ("jti", json!(1)),
            ("iss", json!(["i"])),
            ("token_type", json!(1)),
            ("cnf", json!("x")),
            ("cnf", json!({"jkt": 1})),
        ] {
            assert!(!answer(name, &bad), "{name}: {bad}");
            assert!(answer(name, &Value::Null), "{name}: null");
        }
    }

    #[test]
    fn without_exp_a_token_has_no_end_of_its_own() {
        let exp = |body: &[u8]| said(body).unwrap().1.times.exp;
        assert_eq!(exp(br#"{"active":true,"exp":12.5}"#), Some(12.5));
        assert_eq!(exp(br#"{"active":true}"#), exp(br#"{"active":true,"exp":null}"#));
        assert!(exp(br#"{"active":true}"#).is_some_and(f64::is_infinite));
    }
}
