//! A card as it comes: one JSON object that all parsers read alike.

use super::error::{CARD_BYTES, CardError};
use super::json::{Json, Members, member};
use super::shape::check_spelling;
use crate::model::strict_json;

/// The most objects in a card: a skill is one, and each takes a hundred times its text.
const OBJECTS: usize = 8192;

/// The members of a card.
pub(super) fn read(bytes: &[u8]) -> Result<Members, CardError> {
    if bytes.len() > CARD_BYTES {
        return Err(CardError::TooLarge);
    }
    let not_json = |error: serde_json::Error| CardError::NotJson(error.to_string());
    strict_json::object(bytes, OBJECTS).map_err(not_json)?;
    // What is strict is read once more, for the order.
    match serde_json::from_slice(bytes).map_err(not_json)? {
        Json::Object(members) => {
            check_spelling(&members)?;
            Ok(members)
        }
        _ => Err(CardError::NotJson("not an object".to_owned())),
    }
}

/// Whether a card is signed.
///
/// # Errors
/// When it cannot be read.
pub fn has_signature(bytes: &[u8]) -> Result<bool, CardError> {
    Ok(is_signed(&read(bytes)?))
}

pub(super) fn is_signed(card: &Members) -> bool {
    match member(card, "signatures") {
        None | Some(Json::Null) => false,
        Some(Json::List(signatures)) => !signatures.is_empty(),
        Some(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_one_object_that_all_parsers_read_alike() {
        let large = format!(r#"{{"description":"{}"}}"#, "x".repeat(CARD_BYTES));
        let many = format!(r#"{{"skills":[{}{{}}]}}"#, "{},".repeat(OBJECTS));
        for text in [
            "",
            "<html>",
            "[]",
            "null",
            r#"{"url":"http://a.example/"} {}"#,
            r#"{"url":"http://a.example/","url":"http://b.example/"}"#,
            r#"{"skills":[{"id":"a","id":"b"}]}"#,
            "\u{feff}{}",
            &large,
            &many,
        ] {
            assert!(read(text.as_bytes()).is_err(), "{}", text.get(..40).unwrap_or(text));
        }
        assert_eq!(read(large.as_bytes()), Err(CardError::TooLarge));
        assert_eq!(read(br#"{"z":1,"a":2}"#).map(|card| card.len()), Ok(2));
    }

    #[test]
    fn a_member_in_another_spelling_is_no_way_around() {
        for text in [
            r#"{"supported_interfaces":[]}"#,
            r#"{"URL":"http://a.example/"}"#,
            r#"{"security_schemes":{}}"#,
            r#"{"capabilities":{"extended_agent_card":true}}"#,
            r#"{"skills":[{"security_requirements":[]}]}"#,
            r#"{"supportedInterfaces":[{"Url":"http://a.example/"}]}"#,
        ] {
            assert!(matches!(read(text.as_bytes()), Err(CardError::Spelling(_))), "{text}");
        }
        assert!(read(br#"{"x_url":"a","provider":{"URL":"b"},"metadata":{"security_schemes":1}}"#).is_ok());
    }

    #[test]
    fn a_card_with_an_empty_list_of_signatures_is_not_signed() {
        for (text, wanted) in [
            ("{}", false),
            (r#"{"signatures":[]}"#, false),
            (r#"{"signatures":null}"#, false),
            (r#"{"signatures":[{"protected":"e30"}]}"#, true),
            (r#"{"signatures":{}}"#, true),
        ] {
            assert_eq!(has_signature(text.as_bytes()), Ok(wanted), "{text}");
        }
    }
}
