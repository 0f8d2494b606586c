//! What a shared store tells of itself while it works. Counting is for those who listen: this room has no metrics.

use std::time::Duration;

use super::StoreState;

/// Listens to a shared store. Called from its tasks, never from the request path; implementations do not block.
pub trait Observer: Send + Sync {
    /// Whether the last call to the store was answered.
    fn connected(&self, _is_connected: bool) {}

    /// The head was read just now, with the agreement of the majority.
    fn confirmed(&self) {}

    /// This is the last revision of the store; the same may be told again.
    fn head(&self, _revision: u64) {}

    /// This is the state of the store now; the same may be told again.
    fn state(&self, _state: StoreState) {}

    /// The watch ended, and another was opened.
    fn watch_restarted(&self, _why: WatchRestart) {}

    /// All resources were read, instead of what a record says.
    fn full_read(&self, _why: FullRead) {}

    /// A commit was answered after `took`, with success.
    fn committed(&self, _took: Duration) {}

    /// A commit met a head that had moved.
    fn conflicted(&self) {}
}

/// An observer that does not care.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observer for Unobserved {}

macro_rules! whys {
    ($(#[$about:meta])* $name:ident { $($(#[$meaning:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$meaning])* $variant,)+
        }

        impl $name {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its word in metrics.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    };
}

whys! {
    /// Why a watch had to be opened anew.
    WatchRestart {
        /// The server, or something between, closed it.
        Closed = "closed",
        /// What it asked for is no longer in the history of the server.
        Compacted = "compacted",
        /// The server that it ran through lost its majority.
        NoLeader = "no_leader",
        /// The credential that opened it counts no more.
        Auth = "auth",
        /// It said nothing of a change that a read has found, or answered no sign of life.
        Silent = "silent",
    }
}

whys! {
    /// Why all resources were read.
    FullRead {
        /// Nothing was held yet.
        Start = "start",
        /// More than one revision was missed, or the record of one is gone.
        Gap = "gap",
        /// A new generation holds the resources.
        Generation = "generation",
        /// What a record starts from is not what is held, or the result has another hash than the head.
        Mismatch = "mismatch",
        /// The regular comparison of keys found a difference.
        Comparison = "comparison",
        /// A person decided which content counts.
        Resumed = "resumed",
    }
}
