//! How a command ends.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// As asked.
    Success,
    /// It could not be done, or the answer is no.
    Failure,
    /// The arguments make no sense together.
    Usage,
    /// Nobody answers who could be asked.
    Unreachable,
    /// Some members of the fleet do not run it yet.
    NotYet,
    /// Some members of the fleet have refused it.
    RefusedSomewhere,
}

impl Exit {
    /// The exit status of the process.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Unreachable | Self::NotYet => 3,
            Self::RefusedSomewhere => 4,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
