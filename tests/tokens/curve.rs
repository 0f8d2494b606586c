//! The NIST curves by school arithmetic: slow, and free to do what no library offers.

use num_bigint::BigUint;
use serde_json::{Value, json};

use super::rsa::{hash, left_padded};
use testkit::token::encode;

/// A curve y² = x³ − 3x + b over the integers modulo p, with a base point of order n.
pub(crate) struct Curve {
    pub(crate) alg: &'static str,
    pub(crate) name: &'static str,
    pub(crate) size: u16,
    /// The length of a coordinate in bytes.
    pub(crate) len: usize,
    pub(crate) p: BigUint,
    b: BigUint,
    pub(crate) n: BigUint,
    base: Point,
}

/// A point that is not the one at infinity.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: BigUint,
    pub(crate) y: BigUint,
}

fn number(hex: &str) -> BigUint {
    BigUint::parse_bytes(hex.as_bytes(), 16).expect("a number")
}

/// P-256, P-384 and P-521 (SEC 2 sections 2.4.2, 2.5.1 and 2.6.1).
pub(crate) fn curves() -> [Curve; 3] {
    let one = || BigUint::from(1u8);
    let p256 = (one() << 256) - (one() << 224) + (one() << 192) + (one() << 96) - 1u8;
    let p384 = (one() << 384) - (one() << 128) - (one() << 96) + (one() << 32) - 1u8;
    let p521 = (one() << 521) - 1u8;
    [
        Curve {
            alg: "ES256",
            name: "P-256",
            size: 256,
            len: 32,
            p: p256,
            b: number("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b"),
            n: number("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
            base: Point {
                x: number("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"),
                y: number("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"),
            },
        },
        Curve {
            alg: "ES384",
            name: "P-384",
            size: 384,
            len: 48,
            p: p384,
            b: number(
                "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
            ),
            n: number(
                "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
            ),
            base: Point {
                x: number(
                    "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
                ),
                y: number(
                    "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
                ),
            },
        },
        Curve {
            alg: "ES512",
            name: "P-521",
            size: 512,
            len: 66,
            p: p521,
            b: number(
                "0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
            ),
            n: number(
                "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
            ),
            base: Point {
                x: number(
                    "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
                ),
                y: number(
                    "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
                ),
            },
        },
    ]
}

impl Curve {
    fn minus(&self, a: &BigUint, b: &BigUint) -> BigUint {
        (a + &self.p - (b % &self.p)) % &self.p
    }

    fn add(&self, a: Option<Point>, b: Option<Point>) -> Option<Point> {
        let (Some(a), Some(b)) = (a.clone(), b.clone()) else { return a.or(b) };
        let (over, under) = if a.x != b.x {
            (self.minus(&b.y, &a.y), self.minus(&b.x, &a.x))
        } else if a.y == b.y {
            (self.minus(&(&a.x * &a.x * 3u8), &BigUint::from(3u8)), &a.y * 2u8 % &self.p)
        } else {
            return None;
        };
        let slope = over * under.modinv(&self.p).expect("not zero") % &self.p;
        let x = self.minus(&self.minus(&(&slope * &slope), &a.x), &b.x);
        let y = self.minus(&(slope * self.minus(&a.x, &x)), &a.y);
        Some(Point { x, y })
    }

    fn times(&self, factor: &BigUint, point: &Point) -> Option<Point> {
        (0..factor.bits()).rev().fold(None, |sum, bit| {
            let twice = self.add(sum.clone(), sum);
            if factor.bit(bit) { self.add(twice, Some(point.clone())) } else { twice }
        })
    }

    /// Whether the numbers of this curve belong together.
    pub(crate) fn is_sound(&self) -> bool {
        let lifted = self.lift(&self.base.x);
        lifted.is_some() && self.times(&self.n, &self.base).is_none() && self.n.bits() <= 8 * self.len as u64
    }

    /// The public key of a private one.
    pub(crate) fn public(&self, d: &BigUint) -> Point {
        self.times(d, &self.base).expect("not a multiple of the order")
    }

    /// The point with this x and an even y, if there is one. The primes are all 3 modulo 4.
    pub(crate) fn lift(&self, x: &BigUint) -> Option<Point> {
        let right = self.minus(&(x * x * x + &self.b), &(x * 3u8));
        let root = right.modpow(&((&self.p + 1u8) >> 2), &self.p);
        let y = if root.bit(0) { &self.p - &root } else { root.clone() };
        (&root * &root % &self.p == right).then(|| Point { x: x.clone(), y })
    }

    /// The first point whose x is `from` or above.
    pub(crate) fn next_point(&self, from: &BigUint) -> Point {
        (0u32..).find_map(|i| self.lift(&(from + i))).expect("every second x has a point")
    }

    /// What is signed: the leftmost bits of the hash (FIPS 186-5 section 6.4.1); no hash here is longer than n.
    fn digest(&self, size: u16, message: &[u8]) -> BigUint {
        let number = BigUint::from_bytes_be(&hash(size, message));
        let (have, want) = (u64::from(if size == 1 { 160 } else { size }), self.n.bits());
        if have > want { number >> (have - want) } else { number }
    }

    /// The two numbers of a signature with a hash and a nonce of choice.
    pub(crate) fn sign(&self, d: &BigUint, size: u16, message: &[u8], nonce: &BigUint) -> (BigUint, BigUint) {
        let r = self.public(nonce).x % &self.n;
        let e = self.digest(size, message);
        let s = nonce.modinv(&self.n).expect("a nonce") * (e + &r * d) % &self.n;
        (r, s)
    }

    /// The public key under which (x of `at` mod n, `s`) is a good signature of `message`:
    /// Q = r⁻¹(sR − eG) (SEC 1 section 4.1.6).
    pub(crate) fn recover(&self, message: &[u8], at: &Point, s: &BigUint) -> Point {
        let r = &at.x % &self.n;
        let inverse = r.modinv(&self.n).expect("not zero");
        let e = &self.n - self.digest(self.size, message) % &self.n;
        let left = self.times(&(s * &inverse % &self.n), at);
        self.add(left, self.times(&(e * inverse % &self.n), &self.base)).expect("not at infinity")
    }

    /// r and s in fixed length.
    pub(crate) fn fixed(&self, r: &BigUint, s: &BigUint) -> Vec<u8> {
        [left_padded(r, self.len), left_padded(s, self.len)].concat()
    }

    /// r and s of a signature in fixed length.
    pub(crate) fn parts(&self, signature: &[u8]) -> (BigUint, BigUint) {
        let (r, s) = signature.split_at(self.len);
        (BigUint::from_bytes_be(r), BigUint::from_bytes_be(s))
    }

    pub(crate) fn jwk(&self, point: &Point) -> Value {
        let coordinate = |c: &BigUint| encode(left_padded(c, self.len));
        json!({"kty": "EC", "crv": self.name, "x": coordinate(&point.x), "y": coordinate(&point.y)})
    }
}
