//! Limits of callers on the real gateway: what is counted and in which order, what a response says of it, what a change keeps,
//! and what operators see.

mod changes;
mod fields;
mod lone;
mod order;
mod quotas;
mod redis_faults;
mod redis_tls;
mod scopes;
mod shared;
mod stage;
mod strict;
mod told;
mod trio;

/// The reasons that this suite gives, and no other.
pub(crate) const REASONS: [&str; 4] =
    ["rate_limited", "concurrency_limited", "quota_spent", "limits_unavailable"];
