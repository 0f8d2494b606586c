//! The cache of verified tokens, seen by those who would misuse it: whatever is cached, a decision must be the one that
//! a gate without a cache makes at the same moment.
//!
//! Both gates are compiled from one configuration and read their keys from the same files. Memory is counted by an
//! allocator of its own.

#[cfg(test)]
#[path = "cache/bounds.rs"]
mod bounds;

#[cfg(test)]
#[path = "cache/keys.rs"]
mod keys;

#[cfg(test)]
#[path = "cache/policies.rs"]
mod policies;

#[cfg(test)]
#[path = "cache/random.rs"]
mod random;

#[cfg(test)]
#[path = "cache/terms.rs"]
mod terms;

#[cfg(test)]
#[path = "cache/threads.rs"]
mod threads;

#[cfg(test)]
#[path = "cache/tokens.rs"]
mod tokens;

#[cfg(test)]
#[path = "cache/world.rs"]
mod world;

#[cfg(test)]
#[global_allocator]
static MEMORY: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;
