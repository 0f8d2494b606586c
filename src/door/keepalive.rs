//! How TCP finds peers that have gone without a word, callers and agents alike.

use std::time::Duration;

use pingora::protocols::l4::ext::TcpKeepalive;

/// Finds peers that have gone without a word, in two minutes, however quiet a living one may be.
pub(crate) const KEEPALIVE: TcpKeepalive = TcpKeepalive {
    idle: Duration::from_secs(60),
    interval: Duration::from_secs(10),
    count: 6,
    #[cfg(target_os = "linux")]
    user_timeout: Duration::ZERO,
};
