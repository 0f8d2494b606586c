//! What a denial says: whom it names, which of their tokens it is about, and when it ends. Where entries are kept is for
//! `store`; what a request pays for them is in `denial_set`.

use super::Instant;
use super::decision::closed_words;

closed_words! {
    /// What a denial names.
    DenialKind {
        /// A token's `sub` (RFC 7519 section 4.1.2).
        Sub = "sub",
        /// The client that a token was issued to.
        ClientId = "client_id",
        /// A token's `jti` (RFC 7519 section 4.1.7).
        Jti = "jti",
        /// The session at the identity provider that a token belongs to (OpenID Connect Front-Channel Logout section 3).
        Sid = "sid",
        /// The `sub` of an actor, at any depth of `act` (RFC 8693 section 4.1).
        Act = "act",
        /// The key that verified a token.
        Kid = "kid",
        /// The id of an API key.
        ApiKey = "api_key",
        /// One token: the SHA-256, in hexadecimal, of what was signed.
        TokenSha256 = "token_sha256",
    }
}

/// When a denial ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Never.
    Never,
    /// From then on it denies nothing.
    At(Instant),
}

/// Which tokens a denial is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssuedBefore {
    /// All of them, those to come as well.
    All,
    /// Those that were issued in this second or before, and those that do not say when.
    At(Instant),
}

/// A denial, as far as requests meet it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// What it names.
    pub kind: DenialKind,
    /// The issuer whose tokens it is about; for an actor, the issuer of that. `None` is any.
    pub issuer: Option<Box<str>>,
    /// The name.
    pub value: Box<str>,
    /// Which tokens it is about.
    pub issued_before: IssuedBefore,
    /// When it ends.
    pub until: Until,
}

impl DenialKind {
    /// The kind with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }
}

impl Until {
    /// Whether the end is there.
    #[must_use]
    pub fn has_passed(self, now: Instant) -> bool {
        match self {
            Self::Never => false,
            Self::At(end) => end <= now,
        }
    }

    /// Whether this end comes before another.
    #[must_use]
    pub fn is_before(self, other: Self) -> bool {
        match (self, other) {
            (Self::Never, _) => false,
            (Self::At(_), Self::Never) => true,
            (Self::At(end), Self::At(other)) => end < other,
        }
    }

    /// The end, where there is one.
    #[must_use]
    pub const fn at(self) -> Option<Instant> {
        match self {
            Self::Never => None,
            Self::At(end) => Some(end),
        }
    }
}

impl Denied {
    /// The denial of an API key.
    #[must_use]
    pub fn api_key(id: &str, until: Until) -> Self {
        let issued_before = IssuedBefore::All;
        Self { kind: DenialKind::ApiKey, issuer: None, value: id.into(), issued_before, until }
    }
}
