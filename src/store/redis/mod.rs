//! A Redis in which the members of a fleet count together: the only place where Redis is talked to.
//!
//! It knows buckets by hashes, and nothing of limits or callers. When it is asked, and what becomes of requests while it is away,
//! is for others.

mod connect;
mod counters;
mod fault;
mod options;
mod pool;
mod scripts;

pub use counters::{Bucket, Filling, News, RedisCounters, Stand, Word};
pub use fault::RedisFault;
pub use options::RedisOptions;
