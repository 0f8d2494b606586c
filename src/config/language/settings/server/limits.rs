//! `server.limits`, `server.token_cache` and `server.shutdown`: how much, and for how long.

use std::time::Duration;

use super::super::super::section::section;
use super::super::super::values::{Bytes, Count, Size, Time};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Pingora reads no more fields of a head.
const MOST_FIELDS: u64 = 256;
/// Above any limit of open files.
const MOST_CONNECTIONS: u64 = 1 << 20;

section! {
    /// `server.limits`
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Limits = "`limits`", default {
        /// the largest request head
        header_bytes: usize as Bytes<{ 1 << 10 }, { 1 << 20 }> = 32 << 10;
        /// the most fields of a request head
        header_fields: usize as Count<16, MOST_FIELDS> = 100;
        /// the largest token
        token_bytes: usize as Bytes<256, { 1 << 20 }> = 16 << 10;
        /// how long a request head may take
        header_timeout: Duration as Time<100, { 10 * MINUTE }> = Duration::from_secs(10);
        /// how long a connection may say nothing
        idle_timeout: Duration as Time<100, DAY> = Duration::from_secs(75);
        /// how long a caller may take nothing of what it is sent
        write_timeout: Duration as Time<100, HOUR> = Duration::from_secs(60);
        /// bytes a second that a request body must come at, on average, after its first 30 seconds and until the agent
        /// answers; 0 is off
        min_body_rate: u64 as Size<0, { 1 << 30 }> = 64;
        /// how long a message that is read before the decision may take
        body_timeout: Duration as Time<100, HOUR> = Duration::from_secs(30);
        /// memory for messages that are read before the decision, over all requests, until they are sent
        message_memory: usize as Bytes<{ 1 << 20 }, { 1 << 40 }> = 256 << 20;
        /// connections of callers on all listeners together, or what the limit of open files allows
        connections: usize as Count<1, MOST_CONNECTIONS> = 16_384;
        /// connections from one IPv4 address or one IPv6 /64 that is no trusted proxy
        connections_per_address: usize as Count<1, MOST_CONNECTIONS> = 4_096;
    }
}

section! {
    /// `server.token_cache`
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct TokenCache = "`token_cache`", default {
        /// how many verified tokens are remembered; 0 is off
        entries: usize as Count<0, 100_000_000> = 100_000;
    }
}

section! {
    /// `server.shutdown`
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Shutdown = "`shutdown`", default {
        /// time between not being ready and no longer accepting
        delay: Duration as Time<0, HOUR> = Duration::ZERO;
        /// time that running requests have to end
        drain: Duration as Time<0, HOUR> = Duration::from_secs(25);
    }
}
