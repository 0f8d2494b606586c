//! The order of a listener's certificates: its own first, then each one's issuer (RFC 8446 section 4.4.2, RFC 5246
//! section 7.4.2). Files are often put together the other way round, and some clients do not look for the order.

use rustls::pki_types::CertificateDer;
use x509_parser::prelude::X509Certificate;

/// The certificates of a file, in order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chain {
    pub(super) certificates: Vec<CertificateDer<'static>>,
    /// How many of them, at the end, are issuers of none before them.
    pub(super) unrelated: usize,
}

/// Puts `list` in order; `key` is the public key (`SubjectPublicKeyInfo` in DER) that the first one must have. `None`
/// when none has it.
pub(super) fn in_order(list: Vec<CertificateDer<'static>>, key: &[u8]) -> Option<Chain> {
    let order = order(&list, key)?;
    let related = order.len();
    let rest = (0..list.len()).filter(|index| !order.contains(index));
    let all: Vec<usize> = order.iter().copied().chain(rest).collect();
    let certificates: Vec<_> = all.iter().filter_map(|index| list.get(*index).cloned()).collect();
    Some(Chain { unrelated: certificates.len() - related, certificates })
}

fn order(list: &[CertificateDer<'static>], key: &[u8]) -> Option<Vec<usize>> {
    let parsed: Vec<Option<X509Certificate<'_>>> = list.iter().map(|der| parse(der)).collect();
    let own = |c: &Option<X509Certificate<'_>>| c.as_ref().is_some_and(|c| c.public_key().raw == key);
    let mut order = vec![parsed.iter().position(own)?];
    while let Some(last) = order.last().and_then(|index| parsed.get(*index)?.as_ref()) {
        if last.subject().as_raw() == last.issuer().as_raw() {
            break;
        }
        let is_issuer = |c: &X509Certificate<'_>| c.subject().as_raw() == last.issuer().as_raw();
        let mut others = parsed.iter().enumerate().filter(|(index, _)| !order.contains(index));
        let Some((next, _)) = others.find(|(_, c)| c.as_ref().is_some_and(is_issuer)) else { break };
        order.push(next);
    }
    Some(order)
}

/// A certificate; `None` when it is none.
pub(super) fn parse(der: &[u8]) -> Option<X509Certificate<'_>> {
    x509_parser::parse_x509_certificate(der).ok().map(|(_, certificate)| certificate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

    fn named(name: &str, is_ca: bool) -> (CertificateParams, KeyPair) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = if is_ca { IsCa::Ca(BasicConstraints::Unconstrained) } else { IsCa::NoCa };
        (params, KeyPair::generate().unwrap())
    }

    #[test]
    fn a_chain_is_put_in_order_and_what_is_no_part_of_it_stands_last() {
        let (root, root_key) = named("root", true);
        let root_der = root.self_signed(&root_key).unwrap().der().clone();
        let root = Issuer::new(root, root_key);
        let (middle, middle_key) = named("middle", true);
        let middle_der = middle.signed_by(&middle_key, &root).unwrap().der().clone();
        let middle = Issuer::new(middle, middle_key);
        let (leaf, leaf_key) = named("leaf", false);
        let leaf_der = leaf.signed_by(&leaf_key, &middle).unwrap().der().clone();
        let (stray, stray_key) = named("stray", false);
        let stray_der = stray.self_signed(&stray_key).unwrap().der().clone();
        let key = parse(&leaf_der).unwrap().public_key().raw.to_vec();
        let damaged = CertificateDer::from(vec![0x30, 0]);

        let [leaf, middle, root, stray] = [&leaf_der, &middle_der, &root_der, &stray_der];
        for (name, list, wanted, unrelated) in [
            ("in order", vec![leaf, middle, root], vec![leaf, middle, root], 0),
            ("reversed", vec![root, middle, leaf], vec![leaf, middle, root], 0),
            ("the intermediate first", vec![middle, leaf], vec![leaf, middle], 0),
            ("alone", vec![leaf], vec![leaf], 0),
            ("a stray one", vec![stray, middle, leaf], vec![leaf, middle, stray], 1),
            ("a gap", vec![root, leaf], vec![leaf, root], 1),
            ("a damaged one", vec![&damaged, leaf], vec![leaf, &damaged], 1),
        ] {
            let list = list.into_iter().cloned().collect();
            let certificates = wanted.into_iter().cloned().collect();
            assert_eq!(in_order(list, &key), Some(Chain { certificates, unrelated }), "{name}");
        }
        assert_eq!(in_order(vec![middle.clone(), root.clone()], &key), None, "none has the key");
        assert_eq!(in_order(vec![], &key), None);
    }
}
