//! The messages of a poll (RFC 8936 section 2).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::model::strict_json;

use super::rejection::Rejection;

/// Tokens that are asked for at once.
const AT_ONCE: usize = 100;

/// The error that is told of a token (RFC 8936 section 2.5).
pub type SetError = Rejection;

/// What a transmitter answers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Polled {
    /// Tokens by their `jti`.
    #[serde(default)]
    pub sets: BTreeMap<String, String>,
    /// Whether there are more.
    #[serde(default, rename = "moreAvailable")]
    pub more: bool,
}

/// A request for tokens, with what is told of those of before.
#[must_use]
pub fn poll_request(acknowledged: &[String], errors: &BTreeMap<String, SetError>) -> String {
    let mut request = Map::from_iter([
        ("maxEvents".to_owned(), json!(AT_ONCE)),
        ("returnImmediately".to_owned(), json!(true)),
    ]);
    if !acknowledged.is_empty() {
        request.insert("ack".to_owned(), json!(acknowledged));
    }
    if !errors.is_empty() {
        let told = |(jti, error): (&String, &SetError)| {
            (jti.clone(), json!({"err": error.code, "description": error.why}))
        };
        request.insert("setErrs".to_owned(), errors.iter().map(told).collect::<Map<_, _>>().into());
    }
    Value::Object(request).to_string()
}

impl Polled {
    /// Reads an answer.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(body: &[u8]) -> Result<Self, &'static str> {
        // Without the same name twice, which two readers would take for two things.
        let members = strict_json::object(body, 16).map_err(|_| "the answer is not one JSON object")?;
        // There may be more than were asked for (section 2.2): the size of the answer bounds them.
        serde_json::from_value(members.into()).map_err(|_| "`sets` is not an object of texts")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn a_request_tells_what_became_of_the_tokens_before() {
        let request = |acknowledged: &[String], errors: &BTreeMap<_, _>| -> Value {
            serde_json::from_str(&poll_request(acknowledged, errors)).unwrap()
        };
        let first = json!({"maxEvents": 100, "returnImmediately": true});
        assert_eq!(request(&[], &BTreeMap::new()), first);
        let errors = BTreeMap::from([("b".to_owned(), Rejection::form("it has no `iat`"))]);
        assert_eq!(
            request(&["a".to_owned()], &errors),
            json!({
                "maxEvents": 100, "returnImmediately": true, "ack": ["a"],
                "setErrs": {"b": {"err": "invalid_request", "description": "it has no `iat`"}},
            })
        );
    }

    #[test]
    fn an_answer_is_one_object_of_tokens_by_their_names() {
        let sets = |count: usize| {
            let sets: serde_json::Map<_, _> = (0..count).map(|nth| (nth.to_string(), json!("t"))).collect();
            json!({"sets": sets}).to_string()
        };
        for (body, wanted) in [
            (r#"{"sets":{}}"#.to_owned(), Some((0, false))),
            ("{}".to_owned(), Some((0, false))),
            (r#"{"sets":{"a":"t"},"moreAvailable":true,"later":1}"#.to_owned(), Some((1, true))),
            (sets(AT_ONCE), Some((AT_ONCE, false))),
            (sets(AT_ONCE + 1), Some((AT_ONCE + 1, false))),
            (r#"{"sets":{"a":1}}"#.to_owned(), None),
            (r#"{"sets":["t"]}"#.to_owned(), None),
            (r#"{"sets":{"a":"t","a":"u"}}"#.to_owned(), None),
            (r#"{"sets":{}} {}"#.to_owned(), None),
            ("[]".to_owned(), None),
            (String::new(), None),
        ] {
            let read = Polled::read(body.as_bytes()).ok().map(|polled| (polled.sets.len(), polled.more));
            assert_eq!(read, wanted, "{body}");
        }
    }
}
