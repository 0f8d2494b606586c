//! The state of a shared store, as a member sees it. How it comes about is for the store, what follows for `control`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Divergence;

/// The state of a shared store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StoreState {
    /// What it holds is known.
    Ok,
    /// It was not heard of for a while; what was known last runs.
    Stale,
    /// It had a head, and has none.
    Vanished,
    /// It is not the store that this member belongs to.
    Foreign,
    /// Its head, or its denials, went back.
    Regressed,
    /// Another change has the number of one that runs here.
    Forked,
    /// What it holds has another hash than its head says.
    Torn,
}

impl StoreState {
    /// Every state.
    pub const ALL: &'static [Self] =
        &[Self::Ok, Self::Stale, Self::Vanished, Self::Foreign, Self::Regressed, Self::Forked, Self::Torn];

    /// Its word in the API and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Stale => "stale",
            Self::Vanished => "vanished",
            Self::Foreign => "foreign",
            Self::Regressed => "regressed",
            Self::Forked => "forked",
            Self::Torn => "torn",
        }
    }

    /// How the store parted from what runs here, where a person must decide.
    #[must_use]
    pub const fn divergence(self) -> Option<Divergence> {
        match self {
            Self::Vanished => Some(Divergence::Vanished),
            Self::Foreign => Some(Divergence::Foreign),
            Self::Regressed => Some(Divergence::Regressed),
            Self::Forked => Some(Divergence::Forked),
            Self::Ok | Self::Stale | Self::Torn => None,
        }
    }

    /// Whether a person must decide before anything is written or applied.
    #[must_use]
    pub const fn needs_a_person(self) -> bool {
        self.divergence().is_some()
    }
}
