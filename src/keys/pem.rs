//! A public key in PEM: `PUBLIC KEY` (RFC 5280 section 4.1.2.7), `RSA PUBLIC KEY` (RFC 8017 appendix A.1.1) or
//! the key of a `CERTIFICATE`. The validity of a certificate is not looked at: the operator pinned its key.

use std::sync::Arc;

use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, SubjectPublicKeyInfo};
use x509_parser::public_key::{PublicKey, RSAPublicKey};

use crate::model::{Algorithm, AlgorithmSet};

use super::material::{Curve, Material};
use super::{KeySet, SkipReason, VerificationKey};

/// Why a text is no public key that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// There is no PEM block in the text.
    #[error(
        "no PEM block: a public key starts with -----BEGIN PUBLIC KEY----- or -----BEGIN CERTIFICATE-----"
    )]
    NoPem,
    /// A private key: it does not belong on this machine.
    #[error("this is a private key; give the public key or certificate that belongs to it")]
    Private,
    /// More than one key, so it is not clear which is meant.
    #[error("more than one public key; use a key set (jwks_file) for several keys")]
    Several,
    /// A block of another kind.
    #[error("a PEM block of the kind {0:?} holds no public key")]
    OtherBlock(String),
    /// The bytes inside the block are damaged.
    #[error("the PEM block is damaged: {0}")]
    Damaged(&'static str),
    /// The key cannot be used.
    #[error("no usable key: {0}")]
    Unusable(SkipReason),
}

/// Reads a public key or certificate for a provider that may use the algorithms `allowed`. The key has no `kid`
/// of its own. Of a chain of certificates the first counts.
///
/// # Errors
/// When the text holds no key, several, a private one, or one that cannot be used.
pub fn parse_public_key(pem: &str, allowed: AlgorithmSet) -> Result<KeySet, PublicKeyError> {
    let blocks: Vec<Pem> = Pem::iter_from_buffer(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| PublicKeyError::Damaged("its lines cannot be read"))?;
    if blocks.iter().any(|b| b.label.ends_with("PRIVATE KEY")) {
        return Err(PublicKeyError::Private);
    }
    if blocks.iter().filter(|b| b.label.ends_with("PUBLIC KEY")).count() > 1 {
        return Err(PublicKeyError::Several);
    }
    let block = blocks.first().ok_or(PublicKeyError::NoPem)?;
    let (material, declared) = match block.label.as_str() {
        "PUBLIC KEY" => from_spki(&whole(SubjectPublicKeyInfo::from_der(&block.contents))?)?,
        "RSA PUBLIC KEY" => (from_rsa(&whole(RSAPublicKey::from_der(&block.contents))?)?, None),
        "CERTIFICATE" => {
            let (_, certificate) = x509_parser::parse_x509_certificate(&block.contents)
                .map_err(|_| PublicKeyError::Damaged("it is no certificate"))?;
            from_spki(certificate.public_key())?
        }
        other => return Err(PublicKeyError::OtherBlock(other.to_owned())),
    };
    let key = VerificationKey::new(None, material, declared, allowed).map_err(PublicKeyError::Unusable)?;
    Ok(KeySet::new(vec![Arc::new(key)]))
}

/// What was read, when nothing stands after it.
fn whole<T, E>(read: Result<(&[u8], T), E>) -> Result<T, PublicKeyError> {
    match read {
        Ok(([], value)) => Ok(value),
        Ok(_) => Err(PublicKeyError::Damaged("bytes follow the key")),
        Err(_) => Err(PublicKeyError::Damaged("it is no public key in DER")),
    }
}

type Declared = Option<AlgorithmSet>;

fn from_spki(info: &SubjectPublicKeyInfo<'_>) -> Result<(Material, Declared), PublicKeyError> {
    let unusable = PublicKeyError::Unusable;
    let bytes: &[u8] = &info.subject_public_key.data;
    match info.algorithm.algorithm.to_id_string().as_str() {
        // rsaEncryption
        "1.2.840.113549.1.1.1" => match info.parsed() {
            Ok(PublicKey::RSA(rsa)) => Ok((from_rsa(&rsa)?, None)),
            _ => Err(unusable(SkipReason::Malformed)),
        },
        // id-RSASSA-PSS (RFC 4055 section 1.2): a key for PSS alone, whatever its parameters ask beyond that.
        "1.2.840.113549.1.1.10" => {
            let pss = [Algorithm::Ps256, Algorithm::Ps384, Algorithm::Ps512].into_iter().collect();
            Ok((from_rsa(&whole(RSAPublicKey::from_der(bytes))?)?, Some(pss)))
        }
        // id-ecPublicKey (RFC 5480 section 2.1.1), always with a named curve.
        "1.2.840.10045.2.1" => {
            let curve = info.algorithm.parameters.as_ref().and_then(|p| p.as_oid().ok());
            let curve = match curve.map(|oid| oid.to_id_string()).as_deref() {
                Some("1.2.840.10045.3.1.7") => Curve::P256,
                Some("1.3.132.0.34") => Curve::P384,
                Some("1.3.132.0.35") => Curve::P521,
                _ => return Err(unusable(SkipReason::UnsupportedCurve)),
            };
            Ok((Material::ec(curve, bytes.into()).map_err(unusable)?, None))
        }
        // id-Ed25519 (RFC 8410 section 3)
        "1.3.101.112" => Ok((Material::ed25519(bytes).map_err(unusable)?, None)),
        _ => Err(unusable(SkipReason::UnknownType)),
    }
}

fn from_rsa(key: &RSAPublicKey<'_>) -> Result<Material, PublicKeyError> {
    Material::rsa(key.modulus, key.exponent).map_err(PublicKeyError::Unusable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::fixtures::Signer;
    use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
    use aws_lc_rs::signature::KeyPair as _;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use rcgen::PublicKeyData as _;

    fn pem(label: &str, der: &[u8]) -> String {
        let lines: Vec<String> = STANDARD
            .encode(der)
            .as_bytes()
            .chunks(64)
            .map(|l| String::from_utf8(l.to_vec()).unwrap())
            .collect();
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
    }

    fn spki(signer: &Signer) -> Vec<u8> {
        let der: PublicKeyX509Der<'_> = match signer {
            Signer::Rsa(pair) => pair.public_key().as_der().unwrap(),
            Signer::Ec(_, pair) => pair.public_key().as_der().unwrap(),
            Signer::Ed(pair) => pair.public_key().as_der().unwrap(),
        };
        der.as_ref().to_vec()
    }

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
            let made = (algorithm >= Algorithm::Es256).then(|| Signer::new(algorithm));
            let signer = made.as_ref().unwrap_or(Signer::rsa());
            let keys = parse(&pem("PUBLIC KEY", &spki(signer))).unwrap();
            let found = keys.find(Some("any kid"), algorithm).unwrap();
            let signature = signer.sign(algorithm, b"m");
            assert!(
                found.iter().all(|k| k.kid().is_none() && k.verify(algorithm, b"m", &signature)),
                "{algorithm}"
            );
        }
    }

    #[test]
    fn an_rsa_key_comes_in_three_forms() {
        let Signer::Rsa(pair) = Signer::rsa() else { panic!("no RSA key") };
        let every = "RS256, RS384, RS512, PS256, PS384, PS512";
        assert_eq!(algorithms(&pem("RSA PUBLIC KEY", pair.public_key().as_ref())).as_deref(), Ok(every));
        let spki = spki(Signer::rsa());
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
    fn of_certificates_the_key_of_the_first_counts() {
        let (ec, key) = certificate(&rcgen::PKCS_ECDSA_P384_SHA384);
        assert_eq!(algorithms(&ec).as_deref(), Ok("ES384"));
        let (ed, _) = certificate(&rcgen::PKCS_ED25519);
        assert_eq!(algorithms(&format!("# signing key\n{ed}{ec}")).as_deref(), Ok("EdDSA"));
        assert_eq!(parse(&ec).unwrap(), parse(&pem("PUBLIC KEY", &key.subject_public_key_info())).unwrap());
    }

    #[test]
    fn what_is_no_single_public_key_is_refused_in_plain_words() {
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
            (
                "no certificate",
                pem("CERTIFICATE", &good_der),
                "the PEM block is damaged: it is no certificate",
            ),
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
        let text = pem("PUBLIC KEY", &spki(Signer::rsa()));
        let outcome = parse_public_key(&text, [Algorithm::Es256].into_iter().collect());
        assert_eq!(outcome, Err(PublicKeyError::Unusable(SkipReason::NotAllowed)));
    }
}
