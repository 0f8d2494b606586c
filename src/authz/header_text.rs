//! The header text of a claim: single values as JSON writes them, and RFC 8187 for text that is not ASCII.
//!
//! `claim_headers` says which claims go into which headers.

use serde_json::Value;

use crate::model::is_tchar;

use super::number::Exact;

/// What happens to a claim with text that is not ASCII: servers disagree on the encoding of such bytes in a header (RFC 9110
/// section 5.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NonAscii {
    /// The request is refused.
    #[default]
    Refuse,
    /// The header is omitted.
    Omit,
    /// The text goes encoded into another header, whose name ends in an asterisk (RFC 8187 section 3.2).
    Encode,
}

/// A claim as text. It holds no control character, and neither begins nor ends with a blank: parsers strip blanks there
/// (RFC 9110 section 5.5), and `" admin"` must not arrive as `"admin"`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HeaderText {
    /// Nothing but ASCII.
    Plain(String),
    /// At least one character that is not ASCII.
    NonAscii(String),
}

impl HeaderText {
    /// The text of a string, number or boolean, or of a list of these joined by commas; `None` when no text says the same.
    /// A list with a comma inside an item is refused, because its reader would find one item more.
    pub(super) fn of(value: &Value) -> Option<Self> {
        let text = match value {
            Value::Array(items) => {
                let words: Option<Vec<String>> =
                    items.iter().map(|item| scalar(item).filter(|text| !text.contains(','))).collect();
                words?.join(", ")
            }
            other => scalar(other)?,
        };
        Some(if text.is_ascii() { Self::Plain(text) } else { Self::NonAscii(text) })
    }
}

fn scalar(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => Exact::of(number)?.text(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    let plain = !text.contains(char::is_control) && text.trim() == text;
    plain.then_some(text)
}

/// The value of an extended parameter in UTF-8 without a language (RFC 8187 section 3.2.1). Its `attr-char` is `tchar`
/// without `*`, `'` and `%`, which the notation itself uses.
pub(super) fn rfc8187(text: &str) -> String {
    let mut out = "UTF-8''".to_owned();
    for byte in text.bytes() {
        if is_tchar(byte) && !b"*'%".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for digit in [byte >> 4, byte & 0xf] {
                out.extend(char::from_digit(digit.into(), 16).map(|digit| digit.to_ascii_uppercase()));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_examples_of_rfc_8187_are_encoded_as_the_rfc_encodes_them() {
        for (text, wanted) in [
            ("£ rates", "UTF-8''%C2%A3%20rates"),
            ("£ and € rates", "UTF-8''%C2%A3%20and%20%E2%82%AC%20rates"),
            ("zoë's \"50%\"", "UTF-8''zo%C3%AB%27s%20%2250%25%22"),
            ("a*b(c)=é", "UTF-8''a%2Ab%28c%29%3D%C3%A9"),
        ] {
            assert_eq!(rfc8187(text), wanted);
        }
    }

    #[test]
    fn text_with_control_characters_or_outer_blanks_has_no_header_text() {
        for bad in ["a\nb", "é\r\nX-Admin: 1", "\u{0}é", "\u{7f}", "\u{85}", " é", "é\u{a0}", "é\u{2003}"]
        {
            assert_eq!(HeaderText::of(&json!(bad)), None, "{bad:?}");
        }
        assert_eq!(HeaderText::of(&json!(["é", "b"])), Some(HeaderText::NonAscii("é, b".into())));
        assert_eq!(HeaderText::of(&json!(["é", "b,c"])), None);
    }
}
