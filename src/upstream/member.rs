//! One target as an agent sees it, and sets of those of one agent, a bit for each.

use std::sync::Arc;

use http::HeaderValue;

use super::target::Target;

/// The most targets of one agent: as many as a set has bits.
pub(super) const MOST: usize = 64;

/// One target, as an agent sees it.
#[derive(Debug)]
pub struct Member {
    /// Its state, which other agents may share.
    pub target: Arc<Target>,
    /// Its URL, as it is shown.
    pub url: Box<str>,
    /// Its part of the load beside the others; 0 takes nothing new.
    pub weight: u32,
    /// Where it is, for people.
    pub zone: Option<Box<str>>,
    /// `host[:port]` of its URL.
    pub authority: HeaderValue,
    /// The `Host` that it gets, unless that is the client's.
    pub host: HeaderValue,
    /// The name that its certificate must have, unless that is the agent's.
    pub server_name: Option<Box<str>>,
}

/// The bit of a member.
pub(super) fn bit(index: usize) -> u64 {
    u32::try_from(index).ok().and_then(|index| 1_u64.checked_shl(index)).unwrap_or(0)
}

/// The members of a set.
pub(super) fn bits(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let first = usize::try_from(set.trailing_zeros()).ok().filter(|first| *first < MOST)?;
        set &= set.wrapping_sub(1);
        Some(first)
    })
}
