//! The tokens that requests carry.

use std::path::Path;

use crate::Outcome;
use crate::command::Plan;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Good tokens, and bad ones made of them.
pub(crate) struct Credentials {
    tokens: Vec<String>,
    first: String,
}

impl Credentials {
    pub(crate) fn read(path: &Path) -> Outcome<Self> {
        let tokens: Vec<_> = std::fs::read_to_string(path)?.lines().map(str::to_owned).collect();
        let first = tokens.first().ok_or("there is no token in the file")?.clone();
        Ok(Self { tokens, first })
    }

    /// Whether request `number` carries a good token.
    pub(crate) fn is_good(plan: Plan, number: u64) -> bool {
        match plan {
            Plan::One | Plan::Turn => true,
            Plan::BadNew | Plan::BadOne => false,
            Plan::Mixed => number.is_multiple_of(2),
        }
    }

    /// How many tokens go round.
    pub(crate) fn subjects(&self, plan: Plan) -> u64 {
        if plan == Plan::Turn { self.tokens.len() as u64 } else { 1 }
    }

    /// Whose token request `number` carries.
    pub(crate) fn subject(&self, plan: Plan, number: u64) -> u64 {
        number % self.subjects(plan)
    }

    /// Puts the token of request `number` behind what is in `out`.
    pub(crate) fn write(&self, plan: Plan, number: u64, out: &mut Vec<u8>) {
        let at = usize::try_from(self.subject(plan, number)).unwrap_or_default();
        let token = self.tokens.get(at).unwrap_or(&self.first);
        let start = out.len();
        out.extend_from_slice(token.as_bytes());
        if !Self::is_good(plan, number) {
            let seed = if plan == Plan::BadOne { 0 } else { number };
            let signature = start + token.rfind('.').unwrap_or_default() + 1;
            spoil(out.get_mut(signature..).unwrap_or_default(), seed);
        }
    }
}

/// Another signature of the same form: an RSA number that is still under the modulus, another `r`, another `R`. So it
/// takes the whole of the arithmetic to see that it is wrong.
fn spoil(signature: &mut [u8], seed: u64) {
    let mut bits = mix(seed);
    for place in signature.iter_mut().skip(8).take(10) {
        let digit = usize::try_from(bits & 63).unwrap_or_default();
        *place = ALPHABET.get(digit).copied().unwrap_or(b'A');
        bits >>= 6;
    }
}

/// Splitmix64: one to one.
fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
