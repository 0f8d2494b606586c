//! The certificate that the gateway shows to an upstream, and its key. A changed file makes another one, which new connections
//! use; those with the old one are never mixed with them.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::model::{Digest, PerShard};

/// A certificate with its chain, and the private key.
#[derive(Clone)]
pub struct ClientCertificate(Arc<Held>);

struct Held {
    chain: Vec<Vec<u8>>,
    key: Vec<u8>,
    pem: Vec<u8>,
    fingerprint: u64,
    /// The same in the form of another library, by shard: connections of one shard share it.
    prepared: OnceLock<PerShard<OnceLock<Box<dyn Any + Send + Sync>>>>,
}

impl ClientCertificate {
    /// A chain and a key in DER, which belong together, and the same as PEM.
    #[must_use]
    pub fn new(chain: Vec<Vec<u8>>, key: Vec<u8>, pem: Vec<u8>) -> Self {
        let mut all = chain.concat();
        all.extend_from_slice(&key);
        let hex = Digest::of(&all).to_hex();
        // 16 of the digest's 64 hexadecimal digits are always a `u64`, so nothing falls back to 1.
        let fingerprint = hex.get(..16).and_then(|h| u64::from_str_radix(h, 16).ok()).unwrap_or(1);
        Self(Arc::new(Held { chain, key, pem, fingerprint, prepared: OnceLock::new() }))
    }

    /// A number that differs between different ones.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.0.fingerprint
    }

    /// The certificate and its chain, in DER.
    #[must_use]
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.0.chain
    }

    /// Certificate, chain and key as PEM.
    #[must_use]
    pub fn pem(&self) -> &[u8] {
        &self.0.pem
    }

    /// Chain and key in the form of the proxy's TLS library, made once.
    pub fn prepared<T: Any + Send + Sync + Clone>(&self, make: impl Fn(&[Vec<u8>], &[u8]) -> T) -> T {
        let here = self.0.prepared.get_or_init(|| PerShard::new(OnceLock::new)).here();
        let value = here.get_or_init(|| Box::new(make(&self.0.chain, &self.0.key)));
        value.downcast_ref::<T>().cloned().unwrap_or_else(|| make(&self.0.chain, &self.0.key))
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientCertificate({} certificates)", self.0.chain.len())
    }
}
