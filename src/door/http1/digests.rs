//! What Pingora asks about the connection of a caller: the one behind it says so.

use std::sync::Arc;
use std::time::Duration;

use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::tls::{SslDigest, TlsRef};
use pingora::protocols::{
    ALPN, GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, SocketDigest, Ssl, TimingDigest, UniqueID,
    UniqueIDType,
};

use super::bounded::Bounded;

impl UniqueID for Bounded {
    fn id(&self) -> UniqueIDType {
        self.inner.as_ref().map_or(-1, |stream| stream.id())
    }
}

impl Ssl for Bounded {
    fn get_ssl(&self) -> Option<&TlsRef> {
        self.inner.as_ref()?.get_ssl()
    }

    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        self.inner.as_ref()?.get_ssl_digest()
    }

    fn selected_alpn_proto(&self) -> Option<ALPN> {
        self.inner.as_ref()?.selected_alpn_proto()
    }
}

impl GetTimingDigest for Bounded {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.inner.as_ref().map_or_else(Vec::new, |stream| stream.get_timing_digest())
    }

    fn get_read_pending_time(&self) -> Duration {
        self.inner.as_ref().map_or(Duration::ZERO, |stream| stream.get_read_pending_time())
    }

    fn get_write_pending_time(&self) -> Duration {
        self.inner.as_ref().map_or(Duration::ZERO, |stream| stream.get_write_pending_time())
    }
}

impl GetProxyDigest for Bounded {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.inner.as_ref()?.get_proxy_digest()
    }
}

impl GetSocketDigest for Bounded {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.inner.as_ref()?.get_socket_digest()
    }
}

impl Peek for Bounded {}
