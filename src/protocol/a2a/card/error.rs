//! Why a card cannot be served.

/// The largest card, in bytes: those in use have a few KiB, and one with a thousand skills fits.
pub const CARD_BYTES: usize = 256 * 1024;

/// Why a card cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// It is larger than [`CARD_BYTES`].
    #[error("the card is larger than {CARD_BYTES} bytes")]
    TooLarge,
    /// It is no JSON object, or one that parsers read differently.
    #[error("the card is no JSON object: {0}")]
    NotJson(String),
    /// A member has the wrong type.
    #[error("the card's `{0}` is not of the type that the specification says")]
    WrongType(&'static str),
    /// A known member is spelled in another way.
    #[error("the card's member {0:?} is a known one in another spelling")]
    Spelling(String),
    /// The gateway carries none of its interfaces.
    #[error("the card has no interface that the gateway carries")]
    NoInterface,
    /// It is signed, and the configuration refuses that.
    #[error("the card is signed, and `signatures: refuse` is set")]
    Signed,
    /// It is to be signed, and there is no key.
    #[error("the card is to be signed, and the gateway has no key to sign with")]
    NoKey,
}

impl CardError {
    /// Whether the card came whole, and is refused for what it says.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::NoInterface | Self::Signed)
    }
}
