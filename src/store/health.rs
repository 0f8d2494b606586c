//! How a shared store is, as this member sees it.

use std::time::Duration;

use super::StoreState;

/// The state of a shared store, as this member sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The state.
    pub state: StoreState,
    /// Why it is not [`StoreState::Ok`], as a sentence.
    pub why: Option<String>,
    /// The id of the store whose content is held; `None` before there is one.
    pub store_id: Option<String>,
    /// The revision of the store when it was last asked.
    pub head: u64,
    /// The revision that is held.
    pub held: u64,
    /// The hash over the resources that are held.
    pub hash: String,
    /// How long ago the store last said that what is held is right; `None` when it never did.
    pub confirmed: Option<Duration>,
}
