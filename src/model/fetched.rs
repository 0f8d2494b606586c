//! Whether something that a decision may need was asked for, and what came of it.

/// Something that is fetched only when it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fetched<T> {
    /// Nobody has asked for it.
    #[default]
    NotAsked,
    /// It is here.
    Here(T),
    /// It was asked for, and cannot be had. Whoever depends on it refuses.
    Unavailable,
}

impl<T> Fetched<T> {
    /// Whether it was asked for, well or not.
    #[must_use]
    pub const fn was_asked(&self) -> bool {
        match self {
            Self::NotAsked => false,
            Self::Here(_) | Self::Unavailable => true,
        }
    }
}
