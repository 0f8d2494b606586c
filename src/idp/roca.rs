//! The fingerprint of ROCA (CVE-2017-15361): moduli of a key generator whose private half can be computed.
//!
//! Its primes are all k·M + (65537^a mod M), where M is the product of the first primes (Nemec and others, "The Return of
//! Coppersmith's Attack", CCS 2017, section 2.1). So the modulus is a power of 65537 modulo M, which by chance one
//! modulus in 2^154 is.

/// The odd primes of the smallest M that the generator uses; its larger ones are multiples of it.
const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
    107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

const GENERATOR: u32 = 65537;

/// An exponent modulo the order of the generator: `rest` modulo `order`.
#[derive(Debug, Clone, Copy)]
struct Exponent {
    rest: u32,
    order: u32,
}

/// Whether a modulus, big-endian, has the fingerprint.
pub(super) fn has_fingerprint(modulus: &[u8]) -> bool {
    let exponents: Option<Vec<Exponent>> = PRIMES.iter().map(|prime| logarithm(modulus, *prime)).collect();
    // One exponent fits all primes when it fits every pair of them (Chinese remainder theorem).
    exponents
        .is_some_and(|all| all.iter().enumerate().all(|(i, a)| all.iter().take(i).all(|b| agree(*a, *b))))
}

/// The discrete logarithm of the modulus to the base of the generator, modulo `prime`; `None` when there is none.
fn logarithm(modulus: &[u8], prime: u32) -> Option<Exponent> {
    let wanted = modulus.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % prime);
    let (mut power, mut rest) = (1, None);
    for exponent in 0..prime {
        if exponent > 0 && power == 1 {
            return rest.map(|rest| Exponent { rest, order: exponent });
        }
        if power == wanted {
            rest = Some(exponent);
        }
        power = power * (GENERATOR % prime) % prime;
    }
    None
}

fn agree(a: Exponent, b: Exponent) -> bool {
    let common = divisor(a.order, b.order);
    a.rest % common == b.rest % common
}

fn divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigUint;
    use rand::rngs::StdRng;
    use rand::{Rng as _, SeedableRng as _};

    /// Vulnerable moduli from the tests of the authors' own detector (crocs-muni/roca: mod03.txt, pubkey03.pem).
    const PUBLISHED: [&str; 2] = [
        "9dcd7420e420c270a68060eb8b5aa7457a9f6648f86fafed2775cc1f79ae962f1e63f1b9e51c55f9ea6fdc7332e9b0058c9ff2eb1fc89855\
         029cf6aafe21e689feb38ac9ffb12f1ce371bb5d0e9aae64161abce74b4244bf68f1edb4411f756a097c8929c14740245ea355f8332d1aa3\
         6bb50c7dcb4505da8de02e4e53d38f8df06097da7524df0df93db48eac8cc4af2d3a16257eb2b2adca6ba464e5974fa92550d31b1babf161\
         e7692d00b86e3dd886ecab4abfbe1a8f8cc263ff4af55cdb45f4249a5193925f5e983d762f0b6800943eb0267b08f42ed311ce1f5c86eacb\
         c8ce4d3cb7a2fee1ef5641423a1cf4114e5ecf50034a60a412523af9e6f4aa11",
        "1a9c5a687db8fb2a30f82dff8dda154c291ef27b04b25e185b8ab20c4c6a5f604859fe59ede54a0af7c0e7288800ad7193bb731a5bf1e117\
         0d7a1c66930d41ea3eb21dedf7b8af5d42a91c34f72045b96efd57cb182301ddcc26967e5508e9ab889986d57e837dfe70f99fc37c498f43\
         c17c3b9b064cf704443d7a033e03a821697aabf30fb29ee7d33b3767965a89058e3b39754bd3a1c007d28a23b0cfa79f9d711ac6e4c4b4f7\
         7b0634b1ecd68591af03c7d53b62a5f2d91163d4ef4f8f26831ae461ed85ec5f788c5123ffc12c87420fdcfea1d1b4a52c3521824fb39983\
         48739b62a986d8e76b2289bc2eb8bc06d138147851b83a07183d210559f906321",
    ];
    /// A sound modulus from the same tests (mod05.txt).
    const SOUND: &str = "ba68fc5fbb606c4d428ab98b355d66214db4f7e475b5f7ffddc349c73f7d659965121ab16a4014e6c465c111d8502058\
         53d113f712127e4a230aa97f481eed6410f6c345f48e25fb81c42ec6815dc35cdd839e0de91fb2bec848d0910fa77e2c31f99ec9bcc7ed16\
         7812bd724318b0adf492d6b47c5ce050184e877ea64045f9501bf70569cffd102db7299f49e9c00222af9115d0aada967dfe759b7e4576e8\
         5c3a4ff594039231b90b448b90c3236083bcf819bc318d53a2018ec9b401f102ba9ee13dde592a42b032df136689d9c5619db55d519853a4\
         22d3100624d2d9e478218375f460c26930eda8cd0d947e58ffe9b7be2445356deaed988223e3ed1d";

    fn number(hex: &str) -> Vec<u8> {
        BigUint::parse_bytes(hex.as_bytes(), 16).unwrap().to_bytes_be()
    }

    #[test]
    fn published_vulnerable_and_sound_moduli_are_distinguished() {
        for (hex, wanted) in PUBLISHED.into_iter().map(|hex| (hex, true)).chain([(SOUND, false)]) {
            assert_eq!(has_fingerprint(&number(hex)), wanted, "{hex}");
        }
    }

    #[test]
    fn every_product_of_two_such_numbers_is_found_and_no_random_modulus_is() {
        let mut random = StdRng::seed_from_u64(20_171_016);
        let number = |random: &mut StdRng, bytes: usize| {
            let bytes: Vec<u8> = (0..bytes).map(|_| random.random()).collect();
            BigUint::from_bytes_be(&bytes)
        };
        let m: BigUint = PRIMES.iter().map(|prime| BigUint::from(*prime)).product::<BigUint>() * 2_u32;
        let base = BigUint::from(GENERATOR);
        for size in [64, 128, 192, 256] {
            for _ in 0..50 {
                // Whether the numbers are primes makes no difference to the fingerprint.
                let mut half =
                    || number(&mut random, size - 28) * &m + base.modpow(&number(&mut random, 16), &m);
                let (p, q) = (half(), half());
                assert!(has_fingerprint(&(&p * &q).to_bytes_be()), "{p} {q}");
                assert!(!has_fingerprint(&(&p * &q + 2_u32).to_bytes_be()), "{p} {q}");
                assert!(!has_fingerprint(
                    &(p * (number(&mut random, size) | BigUint::from(1_u32))).to_bytes_be()
                ));
            }
        }
        for _ in 0..5000 {
            let modulus = number(&mut random, 256) | BigUint::from(1_u32);
            assert!(!has_fingerprint(&modulus.to_bytes_be()), "{modulus}");
        }
    }
}
