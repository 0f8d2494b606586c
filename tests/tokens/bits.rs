//! One bit turned, anywhere: no token but the one that was issued.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::model::Reason::{
    self, AlgNotAllowed, AudienceMismatch, ExpMissing, IssuerUnknown, KeyUnknown, NotYetValid,
    SignatureInvalid, TokenExpired, TokenMalformed, TypMismatch,
};

use super::key::ALGORITHMS;
use super::suite::Suite;
use testkit::token::encode;

/// What a turned bit can do to a header or to claims.
const ANY: &[Reason] = &[
    SignatureInvalid,
    TokenMalformed,
    AlgNotAllowed,
    TypMismatch,
    KeyUnknown,
    IssuerUnknown,
    ExpMissing,
    TokenExpired,
    NotYetValid,
    AudienceMismatch,
];
/// So many bits of each part, spread over it.
const SPREAD: usize = 26;

pub(crate) fn add(suite: &mut Suite) {
    for (alg, kid) in ALGORITHMS {
        let good = suite.good(alg, kid);
        let parts: Vec<Vec<u8>> =
            good.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).expect("base64url")).collect();
        for (at, name) in ["header", "claims", "signature"].into_iter().enumerate() {
            let wanted = if at == 2 { &[SignatureInvalid][..] } else { ANY };
            let bits = parts[at].len() * 8;
            for i in 0..SPREAD {
                // The last one is the very last bit.
                let bit = i * (bits - 1) / (SPREAD - 1);
                let mut turned = parts.clone();
                turned[at][bit / 8] ^= 1 << (7 - bit % 8);
                let text = turned.iter().map(encode).collect::<Vec<_>>().join(".");
                suite.refuse(format!("{alg}: bit {bit} of the {name}"), text, wanted);
            }
        }
    }
}
