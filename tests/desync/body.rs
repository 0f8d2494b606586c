//! A body and how its end is told.

/// What a message carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    None,
    Length(Vec<u8>),
    Chunked(Vec<u8>),
}
