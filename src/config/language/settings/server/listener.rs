//! `server.listeners`: where callers connect, with which certificates, and whether a proxy speaks for them.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::super::super::fields::Fields;
use super::super::super::section::section;
use super::super::super::shape::Shape;
use super::super::super::value::{Placed, Value};
use super::super::super::values::{FilePath, Flag, SocketAddress, SomeList, words};
use super::{ClientCertificateMode, ClientCertificates, Server, unwritten};
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::Spanned;
use crate::config::text::yaml::Node;
use crate::model::is_loopback;

/// More listeners than this are a mistake, and each is compared with each.
const MOST_LISTENERS: usize = 64;

section! {
    /// One of `server.listeners`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Listener = "a listener" {
        /// an IP address and a port, such as 0.0.0.0:8080
        address: Spanned<SocketAddr> as Placed<SocketAddress>, required;
        /// serve TLS here; absent is plain HTTP
        tls: Option<Tls> as Tls;
        /// v1_v2: connections come from trusted_proxies and begin with the PROXY protocol
        proxy_protocol: ProxyProtocol as ProxyProtocol = ProxyProtocol::Off;
        /// whether callers may speak HTTP/2 without TLS here, with prior knowledge; HTTP/1.1 is served as well
        h2c: bool as Flag = false;
    }
    impl {
        // Without a certificate that could be read it would be a listener without TLS.
        const STRICT: bool = true;

        fn check(fields: &Fields<'_>, read: Option<&Self>) {
            let both = read.is_some_and(|listener| listener.h2c && listener.tls.is_some());
            if let Some(node) = fields.node("h2c").filter(|_| both) {
                let message = "`h2c` at a listener with TLS, where callers choose HTTP/2 themselves";
                let help = "remove it, or give HTTP/2 without TLS a listener of its own";
                fields.report().say(Code::BadWord, node.place, message, help);
            }
        }
    }
}

section! {
    /// `tls` of a listener
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Tls = "`tls`" {
        /// at least one; chosen by server name, the first is the default
        certificates: Vec<CertificateFiles> as SomeList<CertificateFiles>, required;
        /// ask clients for a certificate of their own; absent is off
        client_certificates: Option<ClientCertificates> as ClientCertificates;
    }
}

section! {
    /// One of `tls.certificates`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct CertificateFiles = "a certificate" {
        /// the file with the certificate chain (PEM)
        cert_file: Spanned<PathBuf> as Placed<FilePath>, required;
        /// the file with its private key (PEM)
        key_file: Spanned<PathBuf> as Placed<FilePath>, required;
    }
}

/// `proxy_protocol` of a listener
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyProtocol {
    /// The peer is the client.
    Off,
    /// Version 1 or 2, from trusted proxies alone.
    V1V2,
}

words!(ProxyProtocol { Off = "off", V1V2 = "v1_v2" });

impl Listener {
    /// Plain HTTP at an address that nobody wrote.
    pub(super) fn at(address: SocketAddr) -> Self {
        Self { address: unwritten(address), tls: None, proxy_protocol: ProxyProtocol::Off, h2c: false }
    }

    /// The certificates by which it serves TLS; none is plain HTTP.
    #[must_use]
    pub fn certificates(&self) -> &[CertificateFiles] {
        self.tls.as_ref().map_or(&[], |tls| &tls.certificates)
    }

    /// How it asks clients for certificates; `None` when it does not.
    #[must_use]
    pub fn client_certificates(&self) -> Option<&ClientCertificates> {
        let asked = self.tls.as_ref()?.client_certificates.as_ref();
        asked.filter(|asked| asked.mode != ClientCertificateMode::Off)
    }
}

/// The listeners of a process.
pub(super) enum Listeners {}

impl Value for Listeners {
    type Read = Vec<Listener>;
    const SHAPE: Shape = Shape::SomeList(&Listener::SHAPE);

    fn read(report: &Report<'_>, node: &Node) -> Option<Vec<Listener>> {
        let mut listeners = SomeList::<Listener>::read(report, node)?;
        if listeners.len() > MOST_LISTENERS {
            let help = format!("write at most {MOST_LISTENERS}");
            report.say(Code::OutOfRange, node.place, "more listeners than make sense", help);
            listeners.truncate(MOST_LISTENERS);
        }
        Some(listeners)
    }
}

/// Nobody could connect to them.
pub(super) fn refuse_untrusted_relays(report: &Report<'_>, server: &Server) {
    let relayed = |listener: &&Listener| listener.proxy_protocol == ProxyProtocol::V1V2;
    for listener in server.listeners.iter().filter(relayed).filter(|_| server.trusted_proxies.is_empty()) {
        let message = format!(
            "{} takes the PROXY protocol from trusted proxies, and there are none",
            listener.address.shown()
        );
        let help = "name the proxies in `server.trusted_proxies`, or leave `proxy_protocol` off";
        report.say(Code::ProxyWithoutTrust, listener.address.place, message, help);
    }
}

/// Who speaks HTTP/2 without TLS is a proxy or a program nearby, hardly somebody far away.
pub(super) fn warn_of_h2c(report: &Report<'_>, server: &Server) {
    let far = |listener: &&Listener| listener.h2c && !is_loopback(listener.address.ip());
    for listener in server.listeners.iter().filter(far) {
        let message = format!("callers reach {} by HTTP/2 without TLS", listener.address.shown());
        let help = "remove `h2c`, or make sure that only proxies and programs of your own network reach it";
        report.find(Code::PlainHttp2, listener.address.place, message, |finding| {
            let finding = finding.help(help);
            if server.trusted_proxies.is_empty() { finding } else { finding.noted() }
        });
    }
}

/// Behind trusted proxies, plain HTTP is what was meant.
pub(super) fn warn_of_plain(report: &Report<'_>, server: &Server) {
    for listener in server.listeners.iter().filter(|listener| listener.tls.is_none()) {
        if !is_loopback(listener.address.ip()) {
            let message = format!("callers reach {} without TLS", listener.address.shown());
            let help = "add `tls`, or make sure that something in front of it ends TLS";
            report.find(Code::PlainListener, listener.address.place, message, |finding| {
                let finding = finding.help(help);
                if server.trusted_proxies.is_empty() { finding } else { finding.noted() }
            });
        }
    }
}
