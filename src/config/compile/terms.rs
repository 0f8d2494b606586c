//! The ends of the certificates that a document names, for those who look at them later: nothing here knows what time
//! it is.

use rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::X509Certificate;

use super::super::snapshot::{Certificates, Snapshot};
use super::chain;
use super::input::Mention;
use crate::config::named::Named;
use crate::config::text::code::Code;
use crate::config::text::diagnostic::Diagnostic;
use crate::config::text::diagnostics::Diagnostics;
use crate::config::text::source::At;
use crate::model::{CertificateTerm, CertificateUse, Instant};

/// The longest subject that is shown.
const LONGEST_SUBJECT: usize = 200;

/// Adds those of listeners that run and are no longer written: they go on until the restart.
pub(super) fn kept(
    mut terms: Vec<Named>,
    written: &Certificates,
    previous: Option<&Snapshot>,
) -> Box<[Named]> {
    let before = previous.iter().flat_map(|snapshot| snapshot.certificates.keys());
    let gone: Vec<_> =
        before.filter(|address| !written.contains_key(*address)).map(ToString::to_string).collect();
    let of_gone = |named: &&Named| gone.iter().any(|address| named.is_of_listener(address));
    terms.extend(
        previous.iter().flat_map(|snapshot| snapshot.certificate_files.iter().filter(of_gone)).cloned(),
    );
    terms.into()
}

/// The certificates that a listener shows, each of them: one that has expired breaks the chain, wherever it stands.
pub(super) fn of_listener(address: &str, file: Mention<'_>, chain: &[CertificateDer<'static>]) -> Vec<Named> {
    let used_by = CertificateUse::Listener(address.to_owned());
    chain.iter().filter_map(|der| named(used_by.clone(), file, &chain::parse(der)?)).collect()
}

/// The certificates that are shown to an upstream or a provider, each of them.
pub(super) fn of_client(used_by: CertificateUse, file: Mention<'_>, chain: &[Vec<u8>]) -> Vec<Named> {
    chain.iter().filter_map(|der| named(used_by.clone(), file, &chain::parse(der)?)).collect()
}

/// The certificate of a file of trusted ones that ends last: until then the file serves. When an authority changes its
/// certificate, the old one and the new one stand side by side.
pub(super) fn of_authorities(
    used_by: CertificateUse,
    file: Mention<'_>,
    list: &[impl AsRef<[u8]>],
) -> Option<Named> {
    let certificates = list.iter().filter_map(|der| chain::parse(der.as_ref()));
    named(used_by, file, &certificates.max_by_key(|c| c.validity().not_after.timestamp())?)
}

fn named(used_by: CertificateUse, file: Mention<'_>, certificate: &X509Certificate<'_>) -> Option<Named> {
    let end = u64::try_from(certificate.validity().not_after.timestamp()).unwrap_or(0);
    let term = CertificateTerm { used_by, subject: subject(certificate), not_after: Instant::from_unix(end) };
    let at = At { source: file.source.clone(), place: file.path.place };
    Some(Named { term, at, file: file.shown() })
}

/// Whose certificate it is.
pub(super) fn subject(certificate: &X509Certificate<'_>) -> String {
    let mut name = certificate.subject().to_string();
    if name.is_empty() {
        let names = certificate.subject_alternative_name().ok().flatten();
        name =
            names.and_then(|names| names.value.general_names.first().map(general_name)).unwrap_or_default();
    }
    if name.is_empty() {
        name = format!("serial number {}", certificate.raw_serial_as_string());
    }
    name.chars().take(LONGEST_SUBJECT).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn general_name(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(name) => (*name).to_owned(),
        other => other.to_string(),
    }
}

/// A warning for each certificate of `snapshot` that has expired at `now`, or will within 30 days; one for each file.
#[must_use]
pub fn ending_certificates(snapshot: &Snapshot, now: Instant) -> Diagnostics {
    let mut told: Vec<(&str, &str)> = Vec::new();
    let mut findings = Diagnostics::new();
    for Named { term, at, file } in &snapshot.certificate_files {
        let Some(words) = term.warning(now) else { continue };
        let about = (file.as_str(), term.subject.as_str());
        if told.contains(&about) {
            continue;
        }
        told.push(about);
        let help = match term.used_by {
            CertificateUse::Listener(_) => "renew it: the file is read again when it changes",
            CertificateUse::Clients(_) | CertificateUse::Upstream(_) | CertificateUse::Provider(_) => {
                "put the authority's new certificate beside the old one: the file is read again when it changes"
            }
        };
        let message = format!("{file}: {words}");
        let finding = Diagnostic::at(Code::CertificateEnds, &at.source, at.place, message);
        findings.push(finding.help(help));
    }
    findings
}
