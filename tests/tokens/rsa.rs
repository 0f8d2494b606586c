//! RSA from its numbers: any size, any exponent, any padding, right or wrong.

use std::collections::HashMap;
use std::sync::OnceLock;

use num_bigint::BigUint;
use ring::digest::{self, digest};
use serde_json::Value;

use super::der;

/// A hash by the number in an algorithm's name: 256, 384 or 512; 1 for SHA-1.
pub(crate) fn hash(size: u16, message: &[u8]) -> Vec<u8> {
    let algorithm = match size {
        1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        256 => &digest::SHA256,
        384 => &digest::SHA384,
        _ => &digest::SHA512,
    };
    digest(algorithm, message).as_ref().to_vec()
}

/// An RSA key pair.
pub(crate) struct Rsa {
    pub(crate) n: BigUint,
    pub(crate) e: BigUint,
    pub(crate) p: BigUint,
    pub(crate) q: BigUint,
    pub(crate) d: BigUint,
}

/// Key pairs that were made for these tests alone, by name; making them anew takes a minute.
pub(crate) fn key(name: &str) -> &'static Rsa {
    static KEYS: OnceLock<HashMap<String, Rsa>> = OnceLock::new();
    let read = || {
        let text: HashMap<String, HashMap<String, String>> =
            serde_json::from_str(include_str!("rsa_keys.json")).expect("the key file");
        let number = |text: &str| BigUint::parse_bytes(text.as_bytes(), 16).expect("a number");
        let made = text
            .into_iter()
            .map(|(name, m)| (name, Rsa::new(number(&m["p"]), number(&m["q"]), number(&m["e"]))));
        made.collect()
    };
    KEYS.get_or_init(read).get(name).unwrap_or_else(|| panic!("no RSA key {name}"))
}

impl Rsa {
    fn new(p: BigUint, q: BigUint, e: BigUint) -> Self {
        let phi = (&p - 1u8) * (&q - 1u8);
        let d = e.modinv(&phi).expect("an exponent that fits the primes");
        Self { n: &p * &q, e, p, q, d }
    }

    /// The length of a signature in bytes.
    pub(crate) fn len(&self) -> usize {
        usize::try_from(self.n.bits()).expect("a length").div_ceil(8)
    }

    /// The private operation on any block.
    pub(crate) fn raw(&self, block: &[u8]) -> Vec<u8> {
        let m = BigUint::from_bytes_be(block) % &self.n;
        let (dp, dq) = (&self.d % (&self.p - 1u8), &self.d % (&self.q - 1u8));
        let (a, b) = (m.modpow(&dp, &self.p), m.modpow(&dq, &self.q));
        let inverse = self.q.modinv(&self.p).expect("two primes");
        let h = (inverse * ((&a + &self.p) - (&b % &self.p))) % &self.p;
        left_padded(&(b + h * &self.q), self.len())
    }

    pub(crate) fn pkcs1(&self, size: u16, message: &[u8]) -> Vec<u8> {
        self.raw(&pkcs1_block(self.len(), &digest_info(size, &hash(size, message), true)))
    }

    pub(crate) fn pss(&self, size: u16, message: &[u8]) -> Vec<u8> {
        let salt = vec![0x5a; usize::from(size / 8)];
        self.raw(&self.pss_block(size, size, message, &salt))
    }

    /// EMSA-PSS (RFC 8017 section 9.1.1), with its two hashes and its salt free to choose.
    pub(crate) fn pss_block(&self, size: u16, mask_size: u16, message: &[u8], salt: &[u8]) -> Vec<u8> {
        let bits = usize::try_from(self.n.bits()).expect("a length") - 1;
        let len = bits.div_ceil(8);
        let hashed = hash(size, message);
        let h = hash(size, &[&[0; 8], hashed.as_slice(), salt].concat());
        let db_len = len - h.len() - 1;
        let mut db = vec![0; db_len - salt.len() - 1];
        db.push(1);
        db.extend(salt);
        for (byte, mask) in db.iter_mut().zip(mgf1(mask_size, &h, db_len)) {
            *byte ^= mask;
        }
        db[0] &= 0xff >> (8 * len - bits);
        [db, h, vec![0xbc]].concat()
    }

    /// RSAPrivateKey (RFC 8017 appendix A.1.2), for a library that signs fast.
    pub(crate) fn private_der(&self) -> Vec<u8> {
        let (one, two) = (&self.p - 1u8, &self.q - 1u8);
        let numbers = [
            &BigUint::ZERO,
            &self.n,
            &self.e,
            &self.d,
            &self.p,
            &self.q,
            &(&self.d % one),
            &(&self.d % two),
            &self.q.modinv(&self.p).expect("two primes"),
        ];
        let body: Vec<u8> = numbers.iter().flat_map(|n| der::integer(n)).collect();
        der::wrap(0x30, &body)
    }

    pub(crate) fn jwk(&self) -> Value {
        let encode = |n: &BigUint| testkit::token::encode(n.to_bytes_be());
        serde_json::json!({"kty": "RSA", "n": encode(&self.n), "e": encode(&self.e)})
    }

    /// RSAPublicKey (RFC 8017 appendix A.1.1).
    pub(crate) fn public_der(&self) -> Vec<u8> {
        der::wrap(0x30, &[der::integer(&self.n), der::integer(&self.e)].concat())
    }
}

fn mgf1(size: u16, seed: &[u8], len: usize) -> Vec<u8> {
    let block = |i: u32| hash(size, &[seed, &i.to_be_bytes()].concat());
    (0..).flat_map(block).take(len).collect()
}

/// DigestInfo (RFC 8017 section 9.2), with NULL parameters or, wrongly, none.
pub(crate) fn digest_info(size: u16, hash: &[u8], null: bool) -> Vec<u8> {
    let id: &[u8] = match size {
        1 => &[0x2b, 0x0e, 3, 2, 0x1a],
        256 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1],
        384 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2],
        _ => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3],
    };
    let null: &[u8] = if null { &[5, 0] } else { &[] };
    let algorithm = der::wrap(0x30, &[&der::oid(id), null].concat());
    der::wrap(0x30, &[algorithm, der::wrap(4, hash)].concat())
}

/// EMSA-PKCS1-v1_5 (RFC 8017 section 9.2).
pub(crate) fn pkcs1_block(len: usize, info: &[u8]) -> Vec<u8> {
    let filling = vec![0xff; len - 3 - info.len()];
    [&[0, 1], filling.as_slice(), &[0], info].concat()
}

/// A number in exactly so many bytes.
pub(crate) fn left_padded(number: &BigUint, len: usize) -> Vec<u8> {
    let bytes = number.to_bytes_be();
    [vec![0; len - bytes.len()], bytes].concat()
}
