//! The text of a card, cut where the public base of the agent stands: a gateway without a `public_url` learns the base with
//! each request.

use super::json::Json;

/// The text of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardText {
    /// The public base stands between each two.
    pieces: Box<[Box<str>]>,
}

impl CardText {
    /// A text in which no public base stands.
    #[must_use]
    pub fn verbatim(text: &str) -> Self {
        Self { pieces: [text.into()].into() }
    }

    pub(super) fn of(card: &Json) -> Self {
        let mut writer = Writer { cut: Vec::new(), last: String::new() };
        writer.value(card);
        writer.cut.push(writer.last.into());
        Self { pieces: writer.cut.into() }
    }

    /// The text under this base, which has no slash at its end.
    #[must_use]
    pub fn under(&self, base: &str) -> String {
        let quoted = quoted(base);
        self.pieces.join(quoted.trim_matches('"'))
    }

    /// Whether the text is the same under every base.
    #[must_use]
    pub const fn is_verbatim(&self) -> bool {
        self.pieces.len() == 1
    }
}

struct Writer {
    cut: Vec<Box<str>>,
    last: String,
}

impl Writer {
    fn value(&mut self, value: &Json) {
        match value {
            Json::Null => self.last.push_str("null"),
            Json::Bool(value) => self.last.push_str(if *value { "true" } else { "false" }),
            Json::Number(number) => self.last.push_str(&number.to_string()),
            Json::Text(text) => self.last.push_str(&quoted(text)),
            Json::Anchored(rest) => {
                self.last.push('"');
                self.cut.push(std::mem::take(&mut self.last).into());
                let quoted = quoted(rest);
                self.last.push_str(quoted.strip_prefix('"').unwrap_or(&quoted));
            }
            Json::List(items) => self.all('[', items, ']', Self::value),
            Json::Object(members) => self.all('{', members, '}', |writer, (name, value)| {
                writer.last.push_str(&quoted(name));
                writer.last.push(':');
                writer.value(value);
            }),
        }
    }

    fn all<T>(&mut self, open: char, items: &[T], close: char, write: impl Fn(&mut Self, &T)) {
        self.last.push(open);
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.last.push(',');
            }
            write(self, item);
        }
        self.last.push(close);
    }
}

/// A text in quotes. Its escapes are those of RFC 8785 section 3.2.2.2, so that it stands in a canonical form, too.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_where_the_base_stands_and_nowhere_else() {
        let text = r#"{"z":[null,true,-1,1.5,"q\"\u0000"],"a":{}}"#;
        let card: Json = serde_json::from_str(text).unwrap();
        assert_eq!(CardText::of(&card).under("https://x"), text);
        let url = Json::object([
            ("url", Json::Anchored("/rpc\"".to_owned())),
            ("b", Json::Anchored(String::new())),
        ]);
        let text = CardText::of(&url);
        assert!(!text.is_verbatim());
        assert_eq!(
            text.under("https://a.example/x"),
            r#"{"url":"https://a.example/x/rpc\"","b":"https://a.example/x"}"#
        );
        assert_eq!(CardText::verbatim("{ }").under("https://a.example"), "{ }");
    }
}
