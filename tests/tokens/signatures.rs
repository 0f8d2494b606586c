//! Signatures that are nearly right (RFC 8017 sections 8 and 9, RFC 7518 section 3.4, RFC 8032 section 5.1.7).

use num_bigint::BigUint;
use portcullis::model::Reason::SignatureInvalid;

use super::curve::{Curve, curves};
use super::der;
use super::key::{ALGORITHMS, seal};
use super::rsa::{self, Rsa, digest_info, hash, left_padded, pkcs1_block};
use super::suite::Suite;
use testkit::token::encode;

/// What a forger hands in for the message.
type Forged = Vec<(String, Vec<u8>)>;

pub(crate) fn add(suite: &mut Suite) {
    for (alg, kid) in ALGORITHMS {
        let header = encode(suite.header(alg, kid).to_string());
        let claims = encode(suite.claims().to_string());
        let message = format!("{header}.{claims}");
        let message = message.as_bytes();
        let mut forged = of_any_kind(suite, alg, kid, &header, &claims);
        let size = alg[2..].parse().unwrap_or(512);
        match alg {
            "RS256" | "RS384" | "RS512" => forged.extend(pkcs1(suite.key(kid).numbers(), size, message)),
            "PS256" | "PS384" | "PS512" => forged.extend(pss(suite.key(kid).numbers(), size, message)),
            "EdDSA" => forged.extend(edwards(&suite.key(kid).sign(alg, message), &suite.key(kid).heart())),
            _ => {
                let curve = curves().into_iter().find(|c| c.alg == alg).expect("its curve");
                let key = suite.key(kid);
                forged.extend(ecdsa(&curve, &key.private(), &key.sign(alg, message), message));
            }
        }
        for (name, signature) in forged {
            let text = seal(&header, &claims, |_| signature);
            suite.refuse(format!("{alg}: {name}"), text, &[SignatureInvalid]);
        }
    }
}

fn of_any_kind(suite: &Suite, alg: &str, kid: &str, header: &str, claims: &str) -> Forged {
    let key = suite.key(kid);
    let signed = format!("{header}.{claims}");
    let good = key.sign(alg, signed.as_bytes());
    let len = good.len();
    let of = |message: &[u8]| key.sign(alg, message);
    let mut all: Forged = [
        ("one byte", vec![0]),
        ("cut at the end", good[..len - 1].to_vec()),
        ("cut at the beginning", good[1..].to_vec()),
        ("half", good[..len / 2].to_vec()),
        ("the other half", good[len / 2..].to_vec()),
        ("a zero after it", [good.as_slice(), &[0]].concat()),
        ("a zero before it", [&[0], good.as_slice()].concat()),
        ("ff after it", [good.as_slice(), &[0xff]].concat()),
        ("a line feed after it", [good.as_slice(), b"\n"].concat()),
        ("twice", [good.as_slice(), &good].concat()),
        ("zeros", vec![0; len]),
        ("a one", [vec![0; len - 1], vec![1]].concat()),
        ("ff alone", vec![0xff; len]),
        ("one bit at the top", [vec![0x80], vec![0; len - 1]].concat()),
        ("from behind", good.iter().rev().copied().collect()),
        ("upside down", good.iter().map(|b| !b).collect()),
        ("in hex", good.iter().flat_map(|b| format!("{b:02x}").into_bytes()).collect()),
        ("encoded twice", encode(&good).into_bytes()),
        ("in an OCTET STRING", der::wrap(4, &good)),
        ("in a BIT STRING", der::wrap(3, &[&[0], good.as_slice()].concat())),
        ("many zeros", vec![0; 600]),
        ("of nothing", of(b"")),
        ("of the header", of(header.as_bytes())),
        ("of the claims", of(claims.as_bytes())),
        ("of the parts the other way round", of(format!("{claims}.{header}").as_bytes())),
        ("of the parts without a dot", of(format!("{header}{claims}").as_bytes())),
        ("of the parts and a dot", of(format!("{signed}.").as_bytes())),
        ("of the parts and a line feed", of(format!("{signed}\n").as_bytes())),
        ("of the decoded claims", of(suite.claims().to_string().as_bytes())),
        ("of the header and the decoded claims", of(format!("{header}.{}", suite.claims()).as_bytes())),
        ("of the hash", of(&hash(256, signed.as_bytes()))),
        ("of the long hash", of(&hash(512, signed.as_bytes()))),
        ("of small letters", of(signed.to_lowercase().as_bytes())),
        ("of padded parts", of(format!("{header}=.{claims}=").as_bytes())),
        ("of the other provider's key", suite.twin(kid).sign(alg, signed.as_bytes())),
    ]
    .into_iter()
    .map(|(name, bytes)| (name.to_owned(), bytes))
    .collect();
    for other in
        ["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"].into_iter().filter(|other| *other != alg)
    {
        let kid = ALGORITHMS.iter().find(|(a, _)| *a == other).expect("its key").1;
        all.push((format!("that is one of {other}"), suite.key(kid).sign(other, signed.as_bytes())));
    }
    all
}

fn pkcs1(key: &Rsa, size: u16, message: &[u8]) -> Forged {
    let k = key.len();
    let hashed = hash(size, message);
    let info = digest_info(size, &hashed, true);
    let good = pkcs1_block(k, &info);
    let signature = BigUint::from_bytes_be(&key.raw(&good));
    let id: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2];
    let own = match size {
        256 => 1,
        384 => 2,
        _ => 3,
    };
    // AlgorithmIdentifier of the right hash with these parameters.
    let algorithm =
        |parameters: &[u8]| der::wrap(0x30, &[&der::oid(&[id, &[own]].concat()), parameters].concat());
    let with_parameters =
        |parameters: &[u8]| der::wrap(0x30, &[algorithm(parameters), der::wrap(4, &hashed)].concat());
    // Little filling, then the right bytes, then whatever is needed.
    let garbage_after = |info: &[u8], filling: usize| {
        let start = [&[0, 1], vec![0xff; filling].as_slice(), &[0], info].concat();
        [start.clone(), vec![0; k - start.len()]].concat()
    };
    let changed = |at: usize, byte: u8| {
        let mut block = good.clone();
        block[at] = byte;
        block
    };
    let zero = k - info.len() - 1;
    let mut long_form = info.clone();
    // SEQUENCE with its length in two bytes.
    long_form.splice(1..2, [0x81, info[1]]);
    let mut indefinite = info.clone();
    indefinite[1] = 0x80;
    indefinite.extend([0, 0]);
    let mut all: Vec<(String, Vec<u8>)> = vec![
        ("bytes after the hash, filling of 8".into(), garbage_after(&info, 8)),
        ("bytes after the hash, filling of 1".into(), garbage_after(&info, 1)),
        ("bytes after the hash, no filling".into(), garbage_after(&info, 0)),
        ("without NULL".into(), pkcs1_block(k, &digest_info(size, &hashed, false))),
        (
            "without NULL, shifted".into(),
            garbage_after(&digest_info(size, &hashed, false), k - 4 - info.len()),
        ),
        ("NULL with content".into(), pkcs1_block(k, &with_parameters(&[5, 1, 0]))),
        ("NULL in long form".into(), pkcs1_block(k, &with_parameters(&[5, 0x81, 0]))),
        ("an octet string for NULL".into(), pkcs1_block(k, &with_parameters(&[4, 0]))),
        ("two NULLs".into(), pkcs1_block(k, &with_parameters(&[5, 0, 5, 0]))),
        ("bytes in the parameters".into(), pkcs1_block(k, &with_parameters(&der::wrap(4, &[0; 100])))),
        ("a sequence in long form".into(), pkcs1_block(k, &long_form)),
        ("an indefinite length".into(), pkcs1_block(k, &indefinite)),
        (
            "bytes after the hash in its sequence".into(),
            pkcs1_block(
                k,
                &der::wrap(0x30, &[algorithm(&[5, 0]), der::wrap(4, &hashed), vec![0; 8]].concat()),
            ),
        ),
        ("the hash alone".into(), pkcs1_block(k, &hashed)),
        ("the hash in an octet string".into(), pkcs1_block(k, &der::wrap(4, &hashed))),
        (
            "a bit string for the hash".into(),
            pkcs1_block(k, &der::wrap(0x30, &[algorithm(&[5, 0]), der::wrap(3, &hashed)].concat())),
        ),
        (
            "a set for the sequence".into(),
            pkcs1_block(k, &der::wrap(0x31, &[algorithm(&[5, 0]), der::wrap(4, &hashed)].concat())),
        ),
        ("SHA-1".into(), pkcs1_block(k, &digest_info(1, &hash(1, message), true))),
        (
            "no filling byte that is right".into(),
            pkcs1_block(k, &info)
                .iter()
                .enumerate()
                .map(|(i, b)| if i > 1 && i < zero { 0xfe } else { *b })
                .collect(),
        ),
        ("block type 2".into(), changed(1, 2)),
        ("block type 0".into(), changed(1, 0)),
        ("a first byte of 1".into(), changed(0, 1)),
        ("a wrong separator".into(), changed(zero, 1)),
        ("a filling with a zero in it".into(), changed(20, 0)),
        ("a filling with another byte in it".into(), changed(zero - 1, 0xfe)),
        ("a filling with another byte at its beginning".into(), changed(2, 0x7f)),
        ("the empty hash".into(), pkcs1_block(k, &digest_info(size, &[], true))),
        ("a cut hash".into(), pkcs1_block(k, &digest_info(size, &hashed[..16], true))),
        ("the hash of the hash".into(), pkcs1_block(k, &digest_info(size, &hash(size, &hashed), true))),
        ("a block of PSS".into(), key.pss_block(size, size, message, &vec![7; hashed.len()])),
    ];
    for other in [256, 384, 512].into_iter().filter(|other| *other != size) {
        all.push((
            format!("the hash of {other} bits under its name"),
            pkcs1_block(k, &digest_info(other, &hash(other, message), true)),
        ));
        all.push((
            format!("the hash of {other} bits under the other's name"),
            pkcs1_block(k, &digest_info(size, &hash(other, message), true)),
        ));
        all.push((
            format!("the hash under the name of {other} bits"),
            pkcs1_block(k, &digest_info(other, &hashed, true)),
        ));
    }
    let mut all: Forged = all.into_iter().map(|(name, block)| (name, key.raw(&block))).collect();
    all.push(("the block unsigned".into(), good));
    all.extend(beyond(key, &signature));
    all
}

/// The same number modulo n, written otherwise, and numbers that are no signature of anything.
fn beyond(key: &Rsa, signature: &BigUint) -> Forged {
    let k = key.len();
    let one = BigUint::from(1u8);
    let mut all: Forged = vec![
        ("plus n".into(), (signature + &key.n).to_bytes_be()),
        ("plus n, a byte longer".into(), left_padded(&(signature + &key.n), k + 1)),
        ("taken from n".into(), left_padded(&(&key.n - signature), k)),
        ("n".into(), left_padded(&key.n, k)),
        ("n - 1".into(), left_padded(&(&key.n - &one), k)),
        ("n + 1".into(), left_padded(&(&key.n + &one), k)),
        ("the first prime".into(), left_padded(&key.p, k)),
        ("raised once more".into(), left_padded(&signature.modpow(&key.e, &key.n), k)),
    ];
    if signature + &key.n < (&one << (8 * k)) {
        all.push(("plus n in as many bytes".into(), left_padded(&(signature + &key.n), k)));
    }
    all
}

fn pss(key: &Rsa, size: u16, message: &[u8]) -> Forged {
    let h = usize::from(size / 8);
    let longest = key.len() - h - 2;
    let mut all: Forged = Vec::new();
    for salt in [0, 1, 8, 20, h - 1, h + 1, 32, 48, 64, longest - 1, longest] {
        if salt != h {
            all.push((
                format!("a salt of {salt} bytes"),
                key.raw(&key.pss_block(size, size, message, &vec![9; salt])),
            ));
        }
    }
    let salt = vec![3; h];
    for other in [1, 256, 384, 512].into_iter().filter(|other| *other != size) {
        all.push((format!("a mask of SHA-{other}"), key.raw(&key.pss_block(size, other, message, &salt))));
        if other != 1 {
            all.push((format!("everything with SHA-{other}"), key.pss(other, message)));
        }
        all.push((
            format!("SHA-{other} and the right mask and salt"),
            key.raw(&key.pss_block(other, size, message, &salt)),
        ));
    }
    let good = key.pss_block(size, size, message, &salt);
    let last = good.len() - 1;
    let changed = |at: usize, byte: u8| {
        let mut block = good.clone();
        block[at] = byte;
        key.raw(&block)
    };
    for trailer in [0, 0xbb, 0xbd, 0xcc] {
        all.push((format!("a trailer of {trailer:x}"), changed(last, trailer)));
    }
    all.push(("the top bit set".into(), changed(0, good[0] | 0x80)));
    all.push(("another first byte".into(), changed(0, good[0] ^ 1)));
    all.push(("another byte in the filling".into(), changed(5, good[5] ^ 1)));
    // Where the filling ends with its 1, under the mask.
    let one = good.len() - h - 1 - h - 1;
    all.push(("no 1 before the salt".into(), changed(one, good[one] ^ 1)));
    all.push(("a 3 before the salt".into(), changed(one, good[one] ^ 2)));
    all.push(("another salt than was hashed".into(), changed(one + 1, good[one + 1] ^ 1)));
    all.push(("another hash".into(), changed(last - 1, good[last - 1] ^ 1)));
    all.push(("PKCS#1".into(), key.pkcs1(size, message)));
    all.push(("of the hash as the message".into(), key.pss(size, &hash(size, message))));
    all.push(("the block unsigned".into(), good.clone()));
    all.extend(beyond(key, &BigUint::from_bytes_be(&key.raw(&good))));
    all
}

fn ecdsa(curve: &Curve, d: &BigUint, good: &[u8], message: &[u8]) -> Forged {
    let (r, s) = curve.parts(good);
    let (n, p, len) = (&curve.n, &curve.p, curve.len);
    let zero = || BigUint::ZERO;
    let one = || BigUint::from(1u8);
    let encoded = |r: &BigUint, s: &BigUint| der::wrap(0x30, &[der::integer(r), der::integer(s)].concat());
    let mut all: Forged = vec![
        ("in DER".into(), encoded(&r, &s)),
        ("in DER, the smaller s".into(), encoded(&r, &(n - &s))),
        ("in DER of zeros".into(), encoded(&zero(), &zero())),
        (
            "in DER, cut to the right length".into(),
            [encoded(&r, &s), vec![0; 200]].concat()[..2 * len].to_vec(),
        ),
        ("with a recovery byte".into(), [good, &[27]].concat()),
        ("with a recovery byte before it".into(), [&[0], good].concat()),
        ("each number a byte longer".into(), [left_padded(&r, len + 1), left_padded(&s, len + 1)].concat()),
        ("from the small end".into(), [r.to_bytes_le(), s.to_bytes_le()].concat()),
        (
            "with OpenSSH's lengths".into(),
            [&[0, 0, 0, len as u8][..], &good[..len], &[0, 0, 0, len as u8], &good[len..]].concat(),
        ),
    ];
    let mut add = |name: &str, r: &BigUint, s: &BigUint| {
        if r.bits() <= 8 * len as u64 && s.bits() <= 8 * len as u64 {
            all.push((name.to_owned(), curve.fixed(r, s)));
        }
    };
    add("s and r", &s, &r);
    add("r = 0", &zero(), &s);
    add("s = 0", &r, &zero());
    add("r = s = 0", &zero(), &zero());
    add("r = n", n, &s);
    add("s = n", &r, n);
    add("r = s = n", n, n);
    add("r = 0, s = n", &zero(), n);
    add("r = n, s = 0", n, &zero());
    add("r + n", &(&r + n), &s);
    add("s + n", &r, &(&s + n));
    add("r + n, s + n", &(&r + n), &(&s + n));
    add("r + p", &(&r + p), &s);
    add("r from n", &(n - &r), &s);
    add("both from n", &(n - &r), &(n - &s));
    add("r from p", &(p - &r), &s);
    add("2n - s", &r, &(n * 2u8 - &s));
    add("r = s = 1", &one(), &one());
    add("r = 1", &one(), &s);
    add("s = 1", &r, &one());
    add("r = s = n - 1", &(n - 1u8), &(n - 1u8));
    add("r = n + 1", &(n + 1u8), &s);
    add("s = n + 1", &r, &(n + 1u8));
    add("r = p, s = 0", p, &zero());
    add("r = p", p, &s);
    add("r = p - 1", &(p - 1u8), &s);
    add("r + 1", &(&r + 1u8), &s);
    add("s + 1", &r, &(&s + 1u8));
    add("s - 1", &r, &(&s - 1u8));
    add("s doubled", &r, &(&s * 2u8 % n));
    add("the inverse of s", &r, &s.modinv(n).expect("not zero"));
    add("r = s", &r, &r);
    add("s twice", &s, &s);
    let nonce = BigUint::from(0x1234_5678_9abc_def1_u64);
    for size in [1, 256, 384, 512].into_iter().filter(|size| *size != curve.size) {
        let (r, s) = curve.sign(d, size, message, &nonce);
        all.push((format!("of another hash, {size}"), curve.fixed(&r, &s)));
    }
    // The hash itself as the number that is signed, for the curve that cuts none of it.
    let (r, s) = curve.sign(d, curve.size, &hash(curve.size, message), &nonce);
    all.push(("of the hash of the hash".into(), curve.fixed(&r, &s)));
    all
}

fn edwards(good: &[u8], key: &[u8]) -> Forged {
    let order = (BigUint::from(1u8) << 252)
        + BigUint::parse_bytes(b"27742317777372353535851937790883648493", 10).expect("a number");
    let (r, s) = good.split_at(32);
    let number = BigUint::from_bytes_le(s);
    let little = |n: &BigUint| {
        let mut bytes = n.to_bytes_le();
        bytes.resize(32, 0);
        bytes
    };
    let join = |r: &[u8], s: &[u8]| [r, s].concat();
    let mut all: Forged = Vec::new();
    for times in 1..16u8 {
        let more: BigUint = &number + &order * times;
        if more.bits() <= 256 {
            all.push((format!("s + {times}L"), join(r, &little(&more))));
        }
    }
    for bit in [253, 254, 255] {
        let mut more = number.clone();
        more.set_bit(bit, true);
        all.push((format!("bit {bit} of s"), join(r, &little(&more))));
    }
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let mut turned = r.to_vec();
    turned[31] ^= 0x80;
    let mut beyond = [0xff; 32];
    beyond[0] = 0xee;
    beyond[31] = 0x7f;
    for (name, r, s) in [
        ("L from s", r, little(&(&order - &number))),
        ("s = 0", r, vec![0; 32]),
        ("s = L", r, little(&order)),
        ("s = 1", r, little(&BigUint::from(1u8))),
        ("s + 1", r, little(&(&number + 1u8))),
        ("the sign of R turned", &turned, s.to_vec()),
        ("R = 0", &[0; 32], s.to_vec()),
        ("R the neutral element", &neutral, s.to_vec()),
        ("R the neutral element, s = 0", &neutral, vec![0; 32]),
        ("R beyond the prime", &beyond, s.to_vec()),
        ("R beyond the prime, s = 0", &beyond, vec![0; 32]),
        ("R the key", key, s.to_vec()),
        ("R the key, s = 0", key, vec![0; 32]),
        ("R the key, s = 1", key, little(&BigUint::from(1u8))),
        ("s first", s, r.to_vec()),
    ] {
        all.push((name.to_owned(), join(r, &s)));
    }
    all.push(("with the key after it".into(), [good, key].concat()));
    all.push(("with the key in it".into(), [r, key, s].concat()));
    all
}

#[test]
fn our_own_arithmetic_makes_good_signatures() {
    use super::key::Key;
    let key = rsa::key("corp");
    let library = Key::rsa("k", "corp");
    for (alg, size) in [("RS256", 256), ("RS384", 384), ("RS512", 512)] {
        assert_eq!(key.pkcs1(size, b"m"), library.sign(alg, b"m"), "{alg}");
    }
    for curve in curves() {
        assert!(curve.is_sound(), "{}", curve.name);
        let key = Key::ec("k", curve.alg);
        let (d, point) = (key.private(), curve.public(&key.private()));
        assert_eq!(curve.jwk(&point), key.jwk(), "{}", curve.name);
        // Whoever can recover the key from a signature has made a good one.
        let (r, s) = curve.sign(&d, curve.size, b"m", &BigUint::from(7u8));
        let at = curve.public(&BigUint::from(7u8));
        assert_eq!(&at.x % &curve.n, r, "{}", curve.name);
        assert_eq!(curve.recover(b"m", &at, &s), point, "{}", curve.name);
    }
}
