//! Certificates in files: those that listeners show, and those that are trusted.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::super::document::CertificateFiles;
use super::super::snapshot::{Certificates, Snapshot};
use super::super::source::Spanned;
use super::Input;

/// The certificates of every TLS listener of the document, that of the control API among them.
pub(super) fn certificates(input: &Input<'_>) -> Certificates {
    let tls = input.document.server.listeners.iter().filter(|listener| !listener.certificates.is_empty());
    let listeners = tls.map(|listener| (listener.address.value, listener.certificates.as_slice()));
    let admin = input.document.server.admin.as_ref();
    let admin = admin.and_then(|admin| Some((admin.address, std::slice::from_ref(admin.tls.as_ref()?))));
    listeners
        .chain(admin)
        .map(|(address, files)| (address, files.iter().filter_map(|f| certified_key(input, f)).collect()))
        .collect()
}

/// Adds the certificates of listeners that run and are no longer written: they go on until the restart.
pub(super) fn kept(mut certificates: Certificates, previous: Option<&Snapshot>) -> Certificates {
    for (address, keys) in previous.iter().flat_map(|snapshot| &snapshot.certificates) {
        certificates.entry(*address).or_insert_with(|| keys.clone());
    }
    certificates
}

fn certified_key(input: &Input<'_>, files: &CertificateFiles) -> Option<Arc<CertifiedKey>> {
    let chain = input.file(&files.cert_file);
    let key = input.file(&files.key_file);
    let chain = chain.and_then(|pem| certificate_list(input, &files.cert_file, pem));
    let key = key.and_then(|pem| match PrivateKeyDer::from_pem_slice(pem) {
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
    match CertifiedKey::from_der(chain?, key?, &default_provider()) {
        Ok(certified) => Some(Arc::new(certified)),
        Err(rustls::Error::InconsistentKeys(_)) => {
            let message = "the key is not that of the certificate";
            input.bad_file(&files.key_file, message, "name the key that the certificate was made for");
            None
        }
        Err(rustls::Error::InvalidCertificate(_)) => {
            input.bad_file(
                &files.cert_file,
                "the first certificate cannot be read",
                "put the server's own first",
            );
            None
        }
        Err(_) => {
            let help = "use RSA of 2048 bits or more, ECDSA P-256 or P-384, or Ed25519";
            input.bad_file(&files.key_file, "the key is of a kind that cannot be used", help);
            None
        }
    }
}

fn certificate_list(
    input: &Input<'_>,
    path: &Spanned<PathBuf>,
    pem: &[u8],
) -> Option<Vec<CertificateDer<'static>>> {
    let list: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
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
