//! Keys and certificates in PEM, valid and invalid.

use super::*;
use crate::idp::fixtures::signer;
use aws_lc_rs::signature::KeyPair as _;
use rcgen::PublicKeyData as _;
use testkit::Key;
use testkit::signer::{Pair, pem};

fn parse(text: &str) -> Result<KeySet, PublicKeyError> {
    parse_public_key(text, AlgorithmSet::all())
}

/// The algorithms of the one key of the text.
fn algorithms(text: &str) -> Result<String, PublicKeyError> {
    parse(text).map(|keys| keys.iter().next().unwrap().algorithms().to_string())
}

#[test]
fn a_public_key_verifies_what_its_owner_signs() {
    for algorithm in Algorithm::ALL {
        let made = (algorithm >= Algorithm::Es256).then(|| signer(algorithm));
        let signer = made.as_ref().unwrap_or(Key::rsa());
        let keys = parse(&pem("PUBLIC KEY", &signer.spki())).unwrap();
        let found = keys.find(Some("any kid").into(), algorithm).unwrap();
        let signature = signer.sign(algorithm.as_str(), b"m");
        assert!(
            found.iter().all(|k| k.kid().is_none() && k.verify(algorithm, b"m", &signature)),
            "{algorithm}"
        );
    }
}

#[test]
fn an_rsa_key_comes_in_three_forms() {
    let Pair::Rsa(pair) = Key::rsa().pair() else { panic!("no RSA key") };
    let every = "RS256, RS384, RS512, PS256, PS384, PS512";
    assert_eq!(algorithms(&pem("RSA PUBLIC KEY", pair.public_key().as_ref())).as_deref(), Ok(every));
    let spki = Key::rsa().spki();
    assert_eq!(algorithms(&pem("PUBLIC KEY", &spki)).as_deref(), Ok(every));
    // The last byte of the algorithm's identifier makes the difference.
    let at = spki.windows(9).position(|w| w == [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]).unwrap();
    let mut pss = spki;
    pss[at + 8] = 10;
    assert_eq!(algorithms(&pem("PUBLIC KEY", &pss)).as_deref(), Ok("PS256, PS384, PS512"));
}

fn certificate(algorithm: &'static rcgen::SignatureAlgorithm) -> (String, rcgen::KeyPair) {
    let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
    let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
    (certificate.pem(), key)
}

#[test]
fn the_first_certificate_of_a_chain_is_used() {
    let (ec, key) = certificate(&rcgen::PKCS_ECDSA_P384_SHA384);
    assert_eq!(algorithms(&ec).as_deref(), Ok("ES384"));
    let (ed, _) = certificate(&rcgen::PKCS_ED25519);
    assert_eq!(algorithms(&format!("# signing key\n{ed}{ec}")).as_deref(), Ok("EdDSA"));
    assert_eq!(parse(&ec).unwrap(), parse(&pem("PUBLIC KEY", &key.subject_public_key_info())).unwrap());
}

#[test]
fn a_text_without_exactly_one_public_key_is_an_error_that_names_the_cause() {
    let (certificate, key) = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
    let good_der = key.subject_public_key_info();
    let good = pem("PUBLIC KEY", &good_der);
    let mut off_curve = good_der.clone();
    *off_curve.last_mut().unwrap() ^= 1;
    let mut other_curve = good_der.clone();
    let at = other_curve.windows(3).position(|w| w == [3, 1, 7]).unwrap();
    other_curve[at + 2] = 8;
    for (name, text, want) in [
        ("nothing", String::new(), "no PEM block"),
        ("text", "hello".to_owned(), "no PEM block"),
        ("private", key.serialize_pem(), "this is a private key"),
        ("private beside public", format!("{good}{}", key.serialize_pem()), "this is a private key"),
        (
            "private beside certificate",
            format!("{certificate}{}", key.serialize_pem()),
            "this is a private key",
        ),
        ("old private form", pem("EC PRIVATE KEY", &[1]), "this is a private key"),
        ("encrypted private", pem("ENCRYPTED PRIVATE KEY", &[1]), "this is a private key"),
        ("two keys", format!("{good}{good}"), "more than one public key"),
        ("request", pem("CERTIFICATE REQUEST", &[1]), "a PEM block of the kind \"CERTIFICATE REQUEST\""),
        ("no key", pem("PUBLIC KEY", &[1, 2, 3]), "the PEM block is damaged: it is no public key in DER"),
        ("no certificate", pem("CERTIFICATE", &good_der), "the PEM block is damaged: it is no certificate"),
        ("cut", pem("PUBLIC KEY", &good_der[..20]), "the PEM block is damaged"),
        (
            "bytes after",
            pem("PUBLIC KEY", &[&good_der[..], &[0]].concat()),
            "the PEM block is damaged: bytes follow",
        ),
        ("no end", good.replace("-----END", "END"), "the PEM block is damaged"),
        (
            "not on the curve",
            pem("PUBLIC KEY", &off_curve),
            "no usable key: its coordinates are no usable point",
        ),
        ("other curve", pem("PUBLIC KEY", &other_curve), "no usable key: its crv is not"),
    ] {
        let said = parse(&text).unwrap_err().to_string();
        assert!(said.starts_with(want), "{name}: {said}");
    }
}

#[test]
fn a_key_that_the_provider_may_not_use_is_refused() {
    let text = pem("PUBLIC KEY", &Key::rsa().spki());
    let outcome = parse_public_key(&text, [Algorithm::Es256].into_iter().collect());
    assert_eq!(outcome, Err(PublicKeyError::Unusable(SkipReason::NotAllowed)));
}
