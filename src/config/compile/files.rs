//! Certificates in files: those that listeners show, and those that are trusted.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, RootCertStore};

use super::super::snapshot::{Certificates, Snapshot};
use super::chain::{self, Chain};
use super::input::{Input, Mention};
use super::terms;
use crate::config::language::settings::server::CertificateFiles;
use crate::config::named::Named;
use crate::config::text::code::Code;
use crate::config::text::source::Source;
use crate::model::pem_without_marks;
use crate::upstream::ClientCertificate;

/// So many subjects of certificates are listed.
const LISTED: usize = 8;

/// The certificates of every TLS listener of the document, that of the control API among them.
pub(super) fn certificates(input: &Input<'_>) -> (Certificates, Vec<Named>) {
    let server = &input.document.server;
    let listeners = server.listeners.iter().map(|listener| (&listener.address, listener.certificates()));
    let admin = server.admin.iter().map(|admin| (&admin.address, admin.tls.as_slice()));
    let (mut all, mut terms) = (Certificates::new(), Vec::new());
    // What nobody wrote names no file.
    let Some(at) = &input.document.server_at else { return (all, terms) };
    for (address, files) in listeners.chain(admin).filter(|(_, files)| !files.is_empty()) {
        let certified = files.iter().filter_map(|files| {
            let files = Files::new(&at.source, files);
            let key = certified_key(input, files)?;
            terms.extend(terms::of_listener(&address.to_string(), files.list, &key.cert));
            Some(key)
        });
        all.insert(address.value, certified.collect());
    }
    (all, terms)
}

/// The mentions of a certificate and of its key.
#[derive(Clone, Copy)]
struct Files<'a> {
    list: Mention<'a>,
    key: Mention<'a>,
}

impl<'a> Files<'a> {
    const fn new(source: &'a Source, files: &'a CertificateFiles) -> Self {
        Self { list: Mention::new(source, &files.cert_file), key: Mention::new(source, &files.key_file) }
    }
}

/// Adds the certificates of listeners that run and are no longer written: they go on until the restart.
pub(super) fn kept(mut certificates: Certificates, previous: Option<&Snapshot>) -> Certificates {
    for (address, keys) in previous.iter().flat_map(|snapshot| &snapshot.certificates) {
        certificates.entry(*address).or_insert_with(|| keys.clone());
    }
    certificates
}

/// The certificate that is shown to an upstream, with its key.
pub(super) fn client_certificate<'a>(
    input: &Input<'a>,
    list: Mention<'a>,
    key: Mention<'a>,
) -> Option<ClientCertificate> {
    let certified = certified_key(input, Files { list, key })?;
    // It was read a moment ago.
    let key = pem_without_marks(input.file(key)?);
    let mut pem: Vec<u8> = certified.cert.iter().flat_map(|der| in_pem(der).into_bytes()).collect();
    pem.extend_from_slice(&key);
    let der = PrivateKeyDer::from_pem_slice(&key).ok()?;
    let chain = certified.cert.iter().map(|certificate| certificate.to_vec()).collect();
    Some(ClientCertificate::new(chain, der.secret_der().to_vec(), pem))
}

/// A certificate as PEM: what is shown is in order, whatever the order of its file is.
fn in_pem(der: &CertificateDer<'_>) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", BASE64_STANDARD.encode(der))
}

fn certified_key<'a>(input: &Input<'a>, files: Files<'a>) -> Option<Arc<CertifiedKey>> {
    let list = input.file(files.list);
    let key = input.file(files.key);
    let list = list.and_then(|pem| certificate_list(input, files.list, pem));
    let key = key.and_then(|pem| match PrivateKeyDer::from_pem_slice(&pem_without_marks(pem)) {
        Ok(key) => Some(key),
        Err(_) => {
            input.bad_file(files.key, "holds no private key", "name a PEM file with the key, unencrypted");
            None
        }
    });
    let (list, key) = (list?, key?);
    let Ok(key) = default_provider().key_provider.load_private_key(key) else {
        let help = "use RSA of 2048 bits or more, ECDSA P-256 or P-384, or Ed25519";
        input.bad_file(files.key, "the key is of a kind that cannot be used", help);
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
            input.bad_file(files.list, "the first certificate cannot be read", "put the server's own first");
            None
        }
        Err(_) => {
            not_the_key(input, files, "it");
            None
        }
    }
}

/// The certificates in the order in which they are shown.
fn chain<'a>(
    input: &Input<'a>,
    files: Files<'a>,
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
            files.list.shown(),
            strays.collect::<Vec<_>>().join("; ")
        );
        let help = "put the server's own certificate first, then each one's issuer, and nothing else";
        input.report(files.list.source).say(Code::CertificateUnrelated, files.list.path.place, message, help);
    }
    Some(certificates)
}

fn not_the_key<'a>(input: &Input<'a>, files: Files<'a>, subjects: &str) {
    let message = format!("the key is that of no certificate in {} ({subjects})", files.list.shown());
    input.bad_file(files.key, &message, "name the key that the server's certificate was made for");
}

/// The certificates in a file: at least one.
pub(super) fn certificate_list<'a>(
    input: &Input<'a>,
    file: Mention<'a>,
    pem: &[u8],
) -> Option<Vec<CertificateDer<'static>>> {
    let pem = pem_without_marks(pem);
    let list: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match list {
        Ok(list) if !list.is_empty() => Some(list),
        Ok(_) => {
            input.bad_file(file, "holds no certificate", "name a PEM file with `BEGIN CERTIFICATE` in it");
            None
        }
        Err(_) => {
            input.bad_file(file, "holds damaged PEM", "write the file anew");
            None
        }
    }
}

/// The certificates of a file that are trusted; each of them must be one that can be.
pub(super) fn authorities<'a>(input: &Input<'a>, file: Mention<'a>) -> Option<Vec<CertificateDer<'static>>> {
    let list = certificate_list(input, file, input.file(file)?)?;
    let mut store = RootCertStore::empty();
    for (i, certificate) in list.iter().enumerate() {
        if store.add(certificate.clone()).is_err() {
            let message = format!("certificate {} cannot be trusted", i + 1);
            input.bad_file(file, &message, "name certificates of authorities (X.509 version 3)");
            return None;
        }
    }
    Some(list)
}
