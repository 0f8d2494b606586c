//! Limits of callers on the real gateway: what is counted and in which order, what a response says of it, what a change keeps,
//! and what operators see.

mod changes;
mod fields;
mod order;
mod scopes;
mod stage;
mod told;

/// The reasons that this suite gives, and no other.
pub(crate) const REASONS: [&str; 2] = ["rate_limited", "concurrency_limited"];
