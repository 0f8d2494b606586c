//! `server.admin`: the listener of the control API and the console.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::super::super::section::section;
use super::super::super::value::Placed;
use super::super::super::values::{ExactHost, FilePath, List, SocketAddress};
use super::CertificateFiles;
use crate::config::text::source::Spanned;

section! {
    /// `server.admin`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Admin = "`admin`" {
        /// an IP address and a port, such as 127.0.0.1:9465
        address: Spanned<SocketAddr> as Placed<SocketAddress>, required;
        /// the file with the token that opens the control API; made on the first start when it is absent
        token_file: PathBuf as FilePath, required;
        /// names by which browsers may reach it, besides localhost and IP addresses
        hosts: Vec<String> as List<ExactHost> = Vec::new();
        /// serve TLS with this certificate; absent is plain HTTP
        tls: Option<CertificateFiles> as CertificateFiles;
    }
    // A listener that was to have TLS must not come up without.
    impl { const STRICT: bool = true; }
}
