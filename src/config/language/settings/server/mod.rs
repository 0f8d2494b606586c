//! `server`: how the process listens, what it takes of callers, and how it ends.

mod access_log;
mod admin;
mod client_certificates;
mod limits;
mod listener;
mod member;
mod public_url;
mod shards;
mod shared_state;
mod signing;
mod tracing;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;

use super::super::fields::Fields;
use super::super::section::section;
use super::super::shape::Shape;
use super::super::value::{Placed, Value};
use super::super::values::{Count, FilePath, List, Network, RoutePath, SocketAddress};
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::{Place, Spanned};
use crate::config::text::yaml::Node;

pub use access_log::AccessLog;
pub use admin::Admin;
pub use client_certificates::{ClientCertificateHeader, ClientCertificateMode, ClientCertificates};
pub use limits::{Limits, Shutdown, TokenCache};
pub use listener::{CertificateFiles, Listener, ProxyProtocol, Tls};
pub use member::Member;
pub use public_url::PublicUrl;
pub use shards::Shards;
pub use shared_state::{Redis, SharedState};
pub use signing::Signing;
pub use tracing::{Compression, Otlp, ParentSpans, Sample, Tracing};

section! {
    /// `server`
    #[derive(Debug, Clone, PartialEq)]
    pub struct Server = "`server`", default {
        /// how callers reach the gateway, such as https://agents.example.com; shown as the address of agents
        public_url: Option<PublicUrl> as PublicUrl;
        /// a path at which callers' listeners say 200, or 503 while draining, before any route; absent is off
        health_path: Option<Spanned<String>> as Placed<HealthPath>;
        /// where callers connect; default 127.0.0.1:8080
        listeners: Vec<Listener> as listener::Listeners = vec![Listener::at(loopback(8080))];
        /// worker threads; 0 is one per CPU
        workers: usize as Count<0, 1024> = 0;
        /// groups into which the workers are split, each with accept loop, timers and connections to upstreams of its own;
        /// auto is one for each eight CPUs
        shards: Shards as Shards = Shards::Auto;
        /// how the other members of a fleet see this gateway; it says nothing without a store that several share
        member: Member as Member = Member::default();
        /// the listener for /metrics, /livez and /readyz
        ops: Ops as Ops = Ops::default();
        /// the listener of the control API and the console; absent is off
        admin: Option<Admin> as Admin;
        /// the folder in which the last good key sets are kept, the keys with which the gateway signs, and what ran last
        /// of a store that a fleet shares; absent keeps nothing on disk
        state_dir: Option<PathBuf> as FilePath;
        /// the file with the key that seals sessions of MCP, the same at all members of a fleet: 32 bytes, or a line of 64
        /// hexadecimal digits with the key before in a second line; default one of its own in `state_dir`
        sealing_key_file: Option<Spanned<PathBuf>> as Placed<FilePath>;
        /// the keys with which the gateway signs, and which it publishes; written, they are there even if nothing is signed
        signing: Option<Signing> as Signing;
        /// the cache of verified tokens
        token_cache: TokenCache as TokenCache = TokenCache::default();
        /// what a caller may send, and how slowly
        limits: Limits as Limits = Limits::default();
        /// how many callers, addresses and the like `limits` keep apart; beyond them, those who are new are counted together
        limit_keys: usize as Count<1_000, 100_000_000> = 1_000_000;
        /// where limits count over all members of a fleet; absent, each member counts alone or its part
        shared_state: Option<SharedState> as SharedState;
        /// address ranges (CIDR) whose X-Forwarded-* is believed
        trusted_proxies: Vec<IpNet> as List<Network> = Vec::new();
        /// the header in which trusted proxies give the certificate that a client has shown them; absent is none
        client_certificate_header: Option<ClientCertificateHeader> as ClientCertificateHeader;
        /// how the process ends
        shutdown: Shutdown as Shutdown = Shutdown::default();
        /// spans of requests, sent to a collector over OTLP; absent is off
        tracing: Option<Tracing> as Tracing;
        /// where the access log goes
        access_log: AccessLog as AccessLog = AccessLog::Stdout;
    }
    impl {
        fn check(fields: &Fields<'_>, read: Option<&Self>) {
            let Some(server) = read else { return };
            if fields.has("listeners") {
                listener::warn_of_plain(fields.report(), server);
            }
            listener::warn_of_h2c(fields.report(), server);
            listener::refuse_untrusted_relays(fields.report(), server);
            client_certificates::refuse_untrusted_header(fields.report(), server);
            client_certificates::warn_of_health(fields.report(), server);
            refuse_shared_addresses(fields.report(), server);
            shards::warn_of_more_than_workers(fields, server);
        }
    }
}

section! {
    /// `server.ops`
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Ops = "`ops`", default {
        /// an IP address and a port
        address: Spanned<SocketAddr> as Placed<SocketAddress> = unwritten(loopback(9464));
    }
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

fn unwritten<T>(value: T) -> Spanned<T> {
    Spanned::new(value, Place::WHOLE)
}

/// A path at which no agent can be.
enum HealthPath {}

impl Value for HealthPath {
    type Read = String;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<String> {
        let path = RoutePath::read(report, node)?;
        if path == "/" {
            let message = "this would answer in place of every agent at the root";
            report.say(Code::BadPath, node.place, message, "write a path of its own, such as `/healthz`");
            return None;
        }
        Some(path)
    }
}

fn refuse_shared_addresses(report: &Report<'_>, server: &Server) {
    let mut taken: Vec<Spanned<SocketAddr>> = Vec::new();
    let ops = Some(server.ops.address).filter(|address| address.place != Place::WHOLE);
    let admin = server.admin.as_ref().map(|admin| admin.address);
    for address in server.listeners.iter().map(|listener| listener.address).chain(ops).chain(admin) {
        if let Some(other) = taken.iter().find(|other| overlap(other.value, address.value)) {
            let message = "another listener has this address";
            report.clash(Code::DuplicateAddress, address.place, other.place, message, "choose another port");
        }
        taken.push(address);
    }
}

/// Whether two listeners cannot both have their address. Port 0 is a new one each time.
fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    let everywhere = a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() != 0 && a.port() == b.port() && (a.ip() == b.ip() || (everywhere && a.is_ipv4() == b.is_ipv4()))
}
