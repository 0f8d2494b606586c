//! Certificates in files: those that listeners show, and those that are trusted.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, RootCertStore};

use super::super::snapshot::{Certificates, Snapshot};
use super::chain::{self, Chain};
use super::{Input, Named, shown, terms};
use crate::config::language::document::CertificateFiles;
use crate::config::text::code::Code;
use crate::config::text::source::Spanned;
use crate::model::pem_without_marks;

/// So many subjects of certificates are listed.
const LISTED: usize = 8;

/// The certificates of every TLS listener of the document, that of the control API among them.
pub(super) fn certificates(input: &Input<'_>) -> (Certificates, Vec<Named>) {
    let tls = input.document.server.listeners.iter().filter(|listener| !listener.certificates.is_empty());
    let listeners = tls.map(|listener| (listener.address.value, listener.certificates.as_slice()));
    let admin = input.document.server.admin.as_ref();
    let admin = admin.and_then(|admin| Some((admin.address, std::slice::from_ref(admin.tls.as_ref()?))));
    let mut terms = Vec::new();
    let mut certified = |address: SocketAddr, files: &CertificateFiles| {
        let key = certified_key(input, files)?;
        terms.extend(terms::of_listener(&address.to_string(), &files.cert_file, &key.cert));
        Some(key)
    };
    let all = listeners.chain(admin);
    let all = all.map(|(at, files)| (at, files.iter().filter_map(|files| certified(at, files)).collect()));
    (all.collect(), terms)
}

/// Adds the certificates of listeners that run and are no longer written: they go on until the restart.
pub(super) fn kept(mut certificates: Certificates, previous: Option<&Snapshot>) -> Certificates {
    for (address, keys) in previous.iter().flat_map(|snapshot| &snapshot.certificates) {
        certificates.entry(*address).or_insert_with(|| keys.clone());
    }
    certificates
}

fn certified_key(input: &Input<'_>, files: &CertificateFiles) -> Option<Arc<CertifiedKey>> {
    let list = input.file(&files.cert_file);
    let key = input.file(&files.key_file);
    let list = list.and_then(|pem| certificate_list(input, &files.cert_file, pem));
    let key = key.and_then(|pem| match PrivateKeyDer::from_pem_slice(&pem_without_marks(pem)) {
        Ok(key) => Some(key),
        Err(_) => {
            input.bad_file(
                &files.key_file,
                "holds no private key",
                "name a PEM file with the key, unencrypted",
            );
            None
        }
    });
    let (list, key) = (list?, key?);
    let Ok(key) = default_provider().key_provider.load_private_key(key) else {
        let help = "use RSA of 2048 bits or more, ECDSA P-256 or P-384, or Ed25519";
        input.bad_file(&files.key_file, "the key is of a kind that cannot be used", help);
        return None;
    };
    let list = match key.public_key() {
        Some(public_key) => chain(input, files, list, &public_key)?,
        None => list,
    };
    let certified = CertifiedKey::new(list, key);
    match certified.keys_match() {
        // A key of a kind that cannot be compared is used as it is.
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Some(Arc::new(certified)),
        Err(rustls::Error::InvalidCertificate(_)) => {
            input.bad_file(
                &files.cert_file,
                "the first certificate cannot be read",
                "put the server's own first",
            );
            None
        }
        Err(_) => {
            not_the_key(input, files, "it");
            None
        }
    }
}

/// The certificates in the order in which they are shown.
fn chain(
    input: &Input<'_>,
    files: &CertificateFiles,
    list: Vec<CertificateDer<'static>>,
    key: &[u8],
) -> Option<Vec<CertificateDer<'static>>> {
    let subject = |der: &CertificateDer<'_>| {
        chain::parse(der).map_or_else(|| "one that cannot be read".to_owned(), |c| terms::subject(&c))
    };
    let subjects: Vec<String> = list.iter().take(LISTED).map(subject).collect();
    let Some(Chain { certificates, unrelated }) = chain::in_order(list, key) else {
        not_the_key(input, files, &subjects.join("; "));
        return None;
    };
    if unrelated > 0 {
        let strays = certificates.iter().rev().take(unrelated).rev().take(LISTED).map(subject);
        let message = format!(
            "{}: no part of the chain: {}",
            shown(&files.cert_file),
            strays.collect::<Vec<_>>().join("; ")
        );
        let help = "put the server's own certificate first, then each one's issuer, and nothing else";
        input.report.say(Code::CertificateUnrelated, files.cert_file.place, message, help);
    }
    Some(certificates)
}

fn not_the_key(input: &Input<'_>, files: &CertificateFiles, subjects: &str) {
    let message = format!("the key is that of no certificate in {} ({subjects})", shown(&files.cert_file));
    input.bad_file(&files.key_file, &message, "name the key that the server's certificate was made for");
}

fn certificate_list(
    input: &Input<'_>,
    path: &Spanned<PathBuf>,
    pem: &[u8],
) -> Option<Vec<CertificateDer<'static>>> {
    let pem = pem_without_marks(pem);
    let list: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match list {
        Ok(list) if !list.is_empty() => Some(list),
        Ok(_) => {
            input.bad_file(path, "holds no certificate", "name a PEM file with `BEGIN CERTIFICATE` in it");
            None
        }
        Err(_) => {
            input.bad_file(path, "holds damaged PEM", "write the file anew");
            None
        }
    }
}

/// The certificates of a file that are trusted; each of them must be one that can be.
pub(super) fn authorities(
    input: &Input<'_>,
    path: &Spanned<PathBuf>,
) -> Option<Vec<CertificateDer<'static>>> {
    let list = certificate_list(input, path, input.file(path)?)?;
    let mut store = RootCertStore::empty();
    for (i, certificate) in list.iter().enumerate() {
        if store.add(certificate.clone()).is_err() {
            let message = format!("certificate {} cannot be trusted", i + 1);
            input.bad_file(path, &message, "name certificates of authorities (X.509 version 3)");
            return None;
        }
    }
    Some(list)
}
