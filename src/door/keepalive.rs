//! TCP keep-alive, which finds dead peers, clients and agents alike.

use std::time::Duration;

use pingora::protocols::l4::ext::TcpKeepalive;

/// Finds a dead peer within two minutes (60 s and six probes, 10 s apart), however long a living one is silent. A shorter
/// time would keep idle mobile devices awake; a longer one would hold slots for peers that are gone.
pub(crate) const KEEPALIVE: TcpKeepalive = TcpKeepalive {
    idle: Duration::from_secs(60),
    interval: Duration::from_secs(10),
    count: 6,
    #[cfg(target_os = "linux")]
    user_timeout: Duration::ZERO,
};
