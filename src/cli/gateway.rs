//! Asking the gateway that runs with a configuration: its operations listener, which wants no credential, and its
//! admin listener, with the token file that the configuration names.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::admin;
use crate::config::{Admin, Outline};
use crate::control::outline;
use crate::model::reached_at;

use super::pinned::Pinned;
use super::place::{self, ConfigArg};

/// How long a gateway may take to connect, and to say the next word.
const LIMIT: Duration = Duration::from_secs(3);
/// The longest answer that is read.
const LONGEST: u64 = 16 << 20;

/// What the configuration says of the process that runs with it. A change that was rejected is no obstacle.
pub(super) fn settings(arg: &ConfigArg) -> Result<Outline, String> {
    let documents = place::documents(arg)?;
    let runtime = place::runtime().map_err(|e| e.to_string())?;
    let outline = runtime.block_on(outline(documents.as_ref())).map_err(|e| e.to_string())?;
    outline.ok_or_else(|| "the configuration is not YAML; `portcullis check` says more".to_owned())
}

/// The folder in which refusals are kept, when there is one.
pub(super) fn kept(outline: &Outline) -> Option<&PathBuf> {
    outline.server.state_dir.as_ref().or_else(|| outline.store.as_ref()?.folder())
}

/// A status and a body.
pub(super) type Reply = (u16, String);

/// A request to the control API.
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    /// The tag of `If-Match`.
    pub(super) if_match: Option<&'a str>,
    /// A JSON document.
    pub(super) body: Option<&'a str>,
}

impl<'a> Request<'a> {
    const fn get(path: &'a str) -> Self {
        Self { method: "GET", path, if_match: None, body: None }
    }
}

/// Asks for a page that wants no credential.
pub(super) fn ask(address: SocketAddr, path: &str) -> std::io::Result<Reply> {
    let address = reached_at(address);
    exchange(connect(address)?, address, &Request::get(path), "")
}

/// Asks the control API.
pub(super) fn ask_admin(listener: &Admin, path: &str) -> Result<Reply, String> {
    send_admin(listener, &Request::get(path))
}

/// Sends a request to the control API.
pub(super) fn send_admin(listener: &Admin, request: &Request<'_>) -> Result<Reply, String> {
    let token = admin::read_token(&listener.token_file).map_err(|e| e.to_string())?;
    let address = reached_at(listener.address.value);
    let field = format!("Authorization: Bearer {}\r\n", token.expose_secret());
    let failed = |e: std::io::Error| format!("the admin listener at {address} cannot be asked: {e}");
    let stream = connect(address).map_err(failed)?;
    match &listener.tls {
        None => exchange(stream, address, request, &field).map_err(failed),
        Some(files) => {
            let file = &files.cert_file.value;
            let unreadable = |e: pem::Error| format!("{}: {e}", file.display());
            let read = CertificateDer::pem_file_iter(file).map_err(unreadable)?;
            let certificates = read.collect::<Result<_, _>>().map_err(unreadable)?;
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
                .with_safe_default_protocol_versions()
                .map_err(|e| e.to_string())?
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Pinned::new(certificates, provider)))
                .with_no_client_auth();
            let name = ServerName::IpAddress(address.ip().into());
            let connection = ClientConnection::new(Arc::new(config), name).map_err(|e| e.to_string())?;
            exchange(StreamOwned::new(connection, stream), address, request, &field).map_err(failed)
        }
    }
}

fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    Ok(stream)
}

fn exchange(
    mut stream: impl Read + Write,
    address: SocketAddr,
    request: &Request<'_>,
    field: &str,
) -> std::io::Result<Reply> {
    let Request { method, path, if_match, body } = request;
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: {address}\r\n{field}Connection: close\r\n")?;
    if let Some(tag) = if_match {
        write!(stream, "If-Match: \"{tag}\"\r\n")?;
    }
    match body {
        Some(body) => {
            let length = body.len();
            write!(stream, "Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")?;
        }
        None => write!(stream, "\r\n")?,
    }
    stream.flush()?;
    let mut answer = Vec::new();
    match stream.take(LONGEST).read_to_end(&mut answer) {
        // A TLS peer may close without a word; how long the body is, its head says.
        Err(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => return Err(error),
        _ => {}
    }
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok());
    status
        .map(|status| (status, body.to_owned()))
        .ok_or_else(|| std::io::Error::other("the answer is not HTTP: another program listens there"))
}
