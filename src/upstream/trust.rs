//! The trust in the certificates of an upstream.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::model::{Digest, PerShard};

/// The certificates of the authorities that may issue an upstream's certificate.
#[derive(Clone)]
pub struct Trust {
    /// The certificates in DER; each is a valid X.509 certificate.
    pub certificates: Arc<[Vec<u8>]>,
    /// A number that differs between different sets, so that a connection verified against one is never
    /// used for another.
    pub fingerprint: u64,
    /// By shard: connections of one shard share it.
    prepared: Arc<OnceLock<PerShard<Prepared>>>,
}

/// The same in the form of another library, once it was asked for.
type Prepared = OnceLock<Box<dyn Any + Send + Sync>>;

impl Trust {
    /// Trust in these certificates, which must be valid X.509.
    #[must_use]
    pub fn new(certificates: Vec<Vec<u8>>) -> Self {
        let hex = Digest::of(&certificates.concat()).to_hex();
        // 16 of the digest's 64 hexadecimal digits are always a `u64`, so nothing falls back to 1.
        let fingerprint = hex.get(..16).and_then(|h| u64::from_str_radix(h, 16).ok()).unwrap_or(1);
        Self { certificates: certificates.into(), fingerprint, prepared: Arc::default() }
    }

    /// The certificates in the form of the proxy's TLS library, parsed once: each connection would parse them again.
    pub fn prepared<T: Any + Send + Sync + Clone>(&self, make: impl Fn(&[Vec<u8>]) -> T) -> T {
        let here = self.prepared.get_or_init(|| PerShard::new(Prepared::new)).here();
        let value = here.get_or_init(|| Box::new(make(&self.certificates)));
        value.downcast_ref::<T>().cloned().unwrap_or_else(|| make(&self.certificates))
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trust({} certificates)", self.certificates.len())
    }
}
