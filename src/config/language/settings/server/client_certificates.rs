//! Where the certificates of clients come from: from TLS handshakes at a listener (`tls.client_certificates`), or from a
//! header that trusted proxies set (`server.client_certificate_header`).

use std::path::PathBuf;

use http::HeaderName;

use super::super::super::fields::Fields;
use super::super::super::section::section;
use super::super::super::shape::Shape;
use super::super::super::value::{Placed, Value};
use super::super::super::values::{FilePath, Flag, SettableHeader, TOKEN, words};
use super::Server;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::Spanned;
use crate::config::text::yaml::Node;
use crate::model::reduced;
use crate::protocol::CertificateFormat;

section! {
    /// `client_certificates` of a listener
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ClientCertificates = "`client_certificates`" {
        /// whether clients are asked for a certificate, and let in without one
        mode: ClientCertificateMode as ClientCertificateMode, required;
        /// the file with the certificates (PEM) of the authorities that issue them; chain and dates are verified
        ca_file: Option<Spanned<PathBuf>> as Placed<FilePath>;
        /// accept any certificate whose key the client has, also one that it signed itself or that has expired; in place of `ca_file`
        any: bool as Flag = false;
    }
    impl {
        // With another mode, or with anybody's certificates, it would be a listener that lets others in.
        const STRICT: bool = true;

        fn check(fields: &Fields<'_>, read: Option<&Self>) {
            let Some(asked) = read else { return };
            let (place, message, help) = match (fields.entry("any"), &asked.ca_file, asked.any) {
                (Some((place, _)), Some(_), true) => {
                    (place, "`any` accepts what `ca_file` would refuse", "remove one of them")
                }
                (_, None, false) if asked.mode != ClientCertificateMode::Off && !fields.has_failed() => (
                    fields.owner(),
                    "nothing says which certificates of clients are accepted",
                    "write `ca_file` with their authorities, or `any: true` where only possession of the key counts",
                ),
                _ => return,
            };
            fields.report().say(Code::ClientCertificates, place, message, help);
        }
    }
}

/// `mode` of `client_certificates`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientCertificateMode {
    /// Clients are not asked.
    Off,
    /// Clients are asked, and let in without one.
    Optional,
    /// A client without one is not let in.
    Required,
}

words!(ClientCertificateMode { Off = "off", Optional = "optional", Required = "required" });

section! {
    /// `server.client_certificate_header`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ClientCertificateHeader = "`client_certificate_header`" {
        /// the header, such as Client-Cert; it is removed from every request, whoever sent it and however it is spelled
        name: Spanned<HeaderName> as Placed<CertificateHeader>, required;
        /// what the proxy writes into it: rfc9440 (`:BASE64:`), pem_escaped (nginx), der_base64 (HAProxy) or xfcc (Envoy)
        format: CertificateFormat as CertificateFormat, required;
    }
    impl { const STRICT: bool = true; }
}

words!(CertificateFormat {
    Rfc9440 = "rfc9440",
    PemEscaped = "pem_escaped",
    DerBase64 = "der_base64",
    Xfcc = "xfcc",
});

/// A header that can hold a certificate and nothing else.
enum CertificateHeader {}

/// Headers that say something else of a request, and would be removed from each.
const OTHERS: [&str; 9] = [
    "authorization",
    "forwarded",
    "xforwardedfor",
    "xforwardedproto",
    "xforwardedhost",
    "xforwardedprefix",
    "xrequestid",
    "traceparent",
    "tracestate",
];

impl Value for CertificateHeader {
    type Read = HeaderName;
    const SHAPE: Shape = Shape::Pattern(TOKEN);

    fn read(report: &Report<'_>, node: &Node) -> Option<HeaderName> {
        let name = SettableHeader::read(report, node)?;
        if OTHERS.contains(&reduced(name.as_str()).as_str()) {
            let message = format!("{} says something else of a request", node.shown());
            let help = "name the header that your proxy sets for this, such as `Client-Cert`";
            report.say(Code::HeaderConflict, node.place, message, help);
            return None;
        }
        Some(name)
    }
}

/// Nobody could set it.
pub(super) fn refuse_untrusted_header(report: &Report<'_>, server: &Server) {
    let Some(header) = &server.client_certificate_header else { return };
    if server.trusted_proxies.is_empty() {
        let message =
            format!("`{}` is believed from trusted proxies alone, and there are none", header.name.value);
        let help = "name the proxies in `server.trusted_proxies`, or remove `client_certificate_header`";
        report.say(Code::ProxyWithoutTrust, header.name.place, message, help);
    }
}

/// Who checks whether a gateway lives has no certificate, as a rule.
pub(super) fn warn_of_health(report: &Report<'_>, server: &Server) {
    let requires = |asked: &ClientCertificates| asked.mode == ClientCertificateMode::Required;
    let closed = server.listeners.iter().all(|listener| listener.client_certificates().is_some_and(requires));
    let Some(path) = server.health_path.as_ref().filter(|_| closed) else { return };
    let message = "a health check needs a client certificate here: every listener requires one";
    let help = "let it ask `/readyz` at `server.ops`, or give it a listener where they are optional";
    report.say(Code::HealthNeedsCertificate, path.place, message, help);
}
