//! Names in the configuration and in tokens: of agents and providers, issuers and key ids.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// A text that is no name of an agent or a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It has another form.
    #[error(
        "a name has 1 to 63 characters, each a lower-case letter, a digit or a dash, and starts with a letter or digit"
    )]
    Form,
    /// An identity provider cannot be called so.
    #[error("`any` stands for every identity provider where one is named; choose another name")]
    Any,
}

fn parse_name(text: &str) -> Result<Arc<str>, NameError> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let ok = (1..=63).contains(&text.len())
        && text.bytes().all(|b| plain(b) || b == b'-')
        && text.bytes().next().is_some_and(plain);
    if ok { Ok(Arc::from(text)) } else { Err(NameError::Form) }
}

macro_rules! shared_text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The same text, with a count of its own of those that hold it.
            #[must_use]
            pub fn copied(&self) -> Self {
                Self(Arc::from(&*self.0))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

shared_text! {
    /// The name of an agent: also a label value in metrics, and the realm of its challenges.
    AgentName
}
shared_text! {
    /// The name of an identity provider in the configuration.
    ProviderName
}
shared_text! {
    /// An issuer identifier, equal to a token's `iss` byte for byte (RFC 7519 section 4.1.1) or not at all.
    Issuer
}
shared_text! {
    /// A key id (`kid`), unique only within one issuer (RFC 7515 section 4.1.4).
    KeyId
}

impl AgentName {
    /// The names that [`parse`](Self::parse) accepts, as a regular expression.
    pub const PATTERN: &str = "^[a-z0-9][a-z0-9-]{0,62}$";

    /// Parses a name of `[a-z0-9-]{1,63}`.
    ///
    /// # Errors
    /// When the text is not such a name.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        parse_name(text).map(Self)
    }
}

impl ProviderName {
    /// What a name is, as a regular expression.
    pub const PATTERN: &str = AgentName::PATTERN;
    /// The word for all of them, which none can be called.
    pub const ANY: &str = "any";

    /// Parses a name of `[a-z0-9-]{1,63}` other than [`ANY`](Self::ANY).
    ///
    /// # Errors
    /// When the text is not such a name.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text == Self::ANY { Err(NameError::Any) } else { parse_name(text).map(Self) }
    }
}

impl Issuer {
    /// An identifier as it is written: normalising it would make two issuers equal that RFC 7519 section 2 tells apart.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }
}

impl KeyId {
    /// The longest `kid`, in bytes: thumbprints and UUIDs in use have at most 64, and a client cannot make a look-up or a
    /// log line longer than this.
    pub const MAX_LEN: usize = 256;

    /// A key id of 0 to [`MAX_LEN`](Self::MAX_LEN) printable ASCII bytes; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::is_valid(text).then(|| Self(Arc::from(text)))
    }

    /// Whether [`parse`](Self::parse) accepts `text`; allocates nothing.
    #[must_use]
    pub fn is_valid(text: &str) -> bool {
        text.len() <= Self::MAX_LEN && text.bytes().all(|b| (0x20..0x7f).contains(&b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_plain_and_lower_case() {
        for good in ["a", "refund-agent", "9", "a-", &"x".repeat(63)] {
            assert!(AgentName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "A", "a_b", "-a", "a/b", "a b", "ä", "a\n", &"x".repeat(64)] {
            assert!(AgentName::parse(bad).is_err(), "{bad}");
            assert!(ProviderName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn key_ids_are_bounded_and_printable() {
        assert!(KeyId::parse(&"k".repeat(256)).is_some());
        assert!(KeyId::parse(&"k".repeat(257)).is_none());
        assert!(KeyId::parse("a\u{0}b").is_none());
        assert!(KeyId::parse("schlüssel").is_none());
    }
}
