//! The state of something that a decision may need and that its caller fetches: keys, an introspection, a body.

/// A value that is fetched only when it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fetched<T> {
    /// It was not needed yet.
    #[default]
    NotAsked,
    /// It was fetched.
    Here(T),
    /// Fetching it failed. A decision that needs it refuses the request.
    Unavailable,
}

impl<T> Fetched<T> {
    /// Whether it was asked for, with or without success.
    #[must_use]
    pub const fn was_asked(&self) -> bool {
        match self {
            Self::NotAsked => false,
            Self::Here(_) | Self::Unavailable => true,
        }
    }
}
