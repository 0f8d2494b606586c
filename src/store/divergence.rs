//! The ways in which a shared store can part from what this process runs. A person settles them: a restored backup would
//! also bring back API keys that were revoked since.

use std::fmt;

/// How a shared store parted from what this process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Divergence {
    /// It held something and holds nothing now.
    Vanished,
    /// It is another store: its id is another one.
    Foreign,
    /// Its last revision is older than one that was seen.
    Regressed,
    /// The revision that runs here is another one there.
    Forked,
}

impl Divergence {
    /// The word for it in states, codes and metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Vanished => "vanished",
            Self::Foreign => "foreign",
            Self::Regressed => "regressed",
            Self::Forked => "forked",
        }
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
