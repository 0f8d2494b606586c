//! `server`, as it was written.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use super::super::public_url::PublicUrl;
use crate::config::text::source::{Place, Spanned};

/// `server`
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// How callers reach the gateway; absent when nobody has said.
    pub public_url: Option<PublicUrl>,
    /// Where callers' listeners answer to health checks: a canonical path, and not `/`.
    pub health_path: Option<Spanned<String>>,
    /// Where callers connect.
    pub listeners: Vec<Listener>,
    /// Worker threads; 0 is one per CPU.
    pub workers: usize,
    /// The listener for metrics and health.
    pub ops: SocketAddr,
    /// The listener of the control API; absent is off.
    pub admin: Option<Admin>,
    /// Where the last good key sets are kept.
    pub state_dir: Option<PathBuf>,
    /// How many verified tokens are remembered; 0 is off.
    pub token_cache_entries: usize,
    /// What a caller may send.
    pub limits: Limits,
    /// Whose X-Forwarded-* is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How the process ends.
    pub shutdown: Shutdown,
    /// Where the access log goes.
    pub access_log: AccessLog,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            public_url: None,
            health_path: None,
            listeners: vec![Listener {
                address: Spanned::new(loopback(8080), Place::default()),
                certificates: Vec::new(),
                proxy_protocol: ProxyProtocol::Off,
            }],
            workers: 0,
            ops: loopback(9464),
            admin: None,
            state_dir: None,
            token_cache_entries: 100_000,
            limits: Limits::default(),
            trusted_proxies: Vec::new(),
            shutdown: Shutdown::default(),
            access_log: AccessLog::Stdout,
        }
    }
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// One of `server.listeners`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Where it listens.
    pub address: Spanned<SocketAddr>,
    /// The certificates by which it serves TLS; none is plain HTTP.
    pub certificates: Vec<CertificateFiles>,
    /// Whether proxies say for whom they connect.
    pub proxy_protocol: ProxyProtocol,
}

/// `proxy_protocol` of a listener
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyProtocol {
    /// The peer is the client.
    Off,
    /// Version 1 or 2, from trusted proxies alone.
    V1V2,
}

/// One of `tls.certificates`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate chain (PEM).
    pub cert_file: Spanned<PathBuf>,
    /// Its private key (PEM).
    pub key_file: Spanned<PathBuf>,
}

/// `server.admin`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    /// Where it listens.
    pub address: SocketAddr,
    /// The file with its token.
    pub token_file: PathBuf,
    /// Names by which browsers may reach it, besides `localhost` and addresses, in lower case.
    pub hosts: Vec<String>,
    /// The certificate by which it serves TLS; absent is plain HTTP.
    pub tls: Option<CertificateFiles>,
}

/// `server.limits`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest request head, in bytes.
    pub header_bytes: usize,
    /// The most fields of a request head.
    pub header_fields: usize,
    /// The largest token, in bytes.
    pub token_bytes: usize,
    /// How long a request head may take.
    pub header_timeout: Duration,
    /// How long a connection may say nothing.
    pub idle_timeout: Duration,
    /// How long a caller may take nothing of what it is sent.
    pub write_timeout: Duration,
    /// Bytes a second that a request body must come at; 0 is any.
    pub min_body_rate: u64,
    /// Connections of callers, on all listeners together.
    pub connections: usize,
    /// Connections from one address.
    pub connections_per_address: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_bytes: 32 << 10,
            header_fields: 100,
            token_bytes: 16 << 10,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            write_timeout: Duration::from_secs(60),
            min_body_rate: 64,
            connections: 16_384,
            connections_per_address: 4_096,
        }
    }
}

/// `server.shutdown`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shutdown {
    /// Time between not being ready and no longer accepting.
    pub delay: Duration,
    /// Time that running requests have to end.
    pub drain: Duration,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self { delay: Duration::ZERO, drain: Duration::from_secs(25) }
    }
}

/// `server.access_log`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessLog {
    /// Lines on standard output.
    Stdout,
    /// None.
    Off,
}
