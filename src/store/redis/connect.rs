//! A connection to Redis: its name is resolved, its files are read, TLS is spoken where it is to be, and the user is named, anew for
//! each.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::RedisConnectionInfo;
use redis::aio::MultiplexedConnection;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::fault::RedisFault;
use super::options::RedisOptions;
use crate::store::leisure::blocking;

/// How long a connection may take, from its name to the first answer: it is near, or it is away.
const CONNECT: Duration = Duration::from_secs(1);

/// A connection. Its requests are answered in turn, and several may be under way.
#[derive(Debug)]
pub(super) struct Connection {
    requests: MultiplexedConnection,
    driver: Driver,
    is_doubted: AtomicBool,
}

/// What moves the bytes of a connection.
#[derive(Debug)]
struct Driver(JoinHandle<()>);

impl Connection {
    /// Connects, and proves who this member is.
    pub(super) async fn open(options: &RedisOptions) -> Result<Self, RedisFault> {
        match timeout(CONNECT, Self::opened(options)).await {
            Ok(connection) => connection,
            Err(_) => Err(RedisFault::TimedOut(CONNECT)),
        }
    }

    async fn opened(options: &RedisOptions) -> Result<Self, RedisFault> {
        let files = options.clone();
        let Files { password, tls } = blocking(move || Files::read(&files)).await?;
        let stream =
            TcpStream::connect((options.host.as_str(), options.port)).await.map_err(RedisFault::Connect)?;
        stream.set_nodelay(true).map_err(RedisFault::Connect)?;
        let info = info(options, password.as_deref());
        match tls {
            Some(tls) => {
                let name = ServerName::try_from(options.host.clone())
                    .map_err(|_| RedisFault::OwnFile(format!("{} is no name for TLS", options.host)))?;
                let stream = TlsConnector::from(tls).connect(name, stream).await;
                Self::over(info, stream.map_err(RedisFault::Connect)?).await
            }
            None => Self::over(info, stream).await,
        }
    }

    /// A connection over this stream. Its driver ends with whoever waits for it.
    async fn over(
        info: RedisConnectionInfo,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> Result<Self, RedisFault> {
        let (opened, when_opened) = oneshot::channel();
        let driver = Driver(tokio::spawn(async move {
            match MultiplexedConnection::new(&info, stream).await {
                Ok((requests, driver)) => {
                    let _waits = opened.send(Ok(requests));
                    driver.await;
                }
                Err(error) => drop(opened.send(Err(error))),
            }
        }));
        let requests = when_opened.await.map_err(|_| RedisFault::Unexpected)??;
        Ok(Self { requests, driver, is_doubted: AtomicBool::default() })
    }

    /// What requests are sent with.
    pub(super) fn requests(&self) -> MultiplexedConnection {
        self.requests.clone()
    }

    /// Whether Redis, or the network, has ended it.
    pub(super) fn has_ended(&self) -> bool {
        self.driver.0.is_finished()
    }

    /// A question on it had no answer in time.
    pub(super) fn doubt(&self) {
        self.is_doubted.store(true, Ordering::Relaxed);
    }

    /// It has answered after all.
    pub(super) fn trust(&self) {
        self.is_doubted.store(false, Ordering::Relaxed);
    }

    /// Whether a question on it had no answer in time, and nothing was heard of it since.
    pub(super) fn is_doubted(&self) -> bool {
        self.is_doubted.load(Ordering::Relaxed)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Of a Redis that has stopped it would wait for answers for ever, and keep the socket.
        self.0.abort();
    }
}

/// What is said first on a connection: who this member is, and which database it wants.
fn info(options: &RedisOptions, password: Option<&str>) -> RedisConnectionInfo {
    // What a library is called needs a command that a user may not have.
    let info = RedisConnectionInfo::default().set_db(options.database.into()).set_skip_set_lib_name();
    let info = password.map_or(info.clone(), |password| info.set_password(password));
    match (&options.username, password) {
        (Some(name), Some(_)) => info.set_username(name),
        (Some(_) | None, _) => info,
    }
}

/// What is in the files of the settings.
struct Files {
    password: Option<String>,
    tls: Option<Arc<ClientConfig>>,
}

impl Files {
    fn read(options: &RedisOptions) -> Result<Self, RedisFault> {
        let password = match &options.password_file {
            Some(file) => {
                let text = fs::read_to_string(file).map_err(|error| unreadable(file, &error))?;
                Some(text.trim_end_matches(['\r', '\n']).to_owned())
            }
            None => None,
        };
        let tls = options.has_tls.then(|| tls(options)).transpose()?.map(Arc::new);
        Ok(Self { password, tls })
    }
}

fn tls(options: &RedisOptions) -> Result<ClientConfig, RedisFault> {
    let mut roots = RootCertStore::empty();
    match &options.ca_file {
        Some(file) => {
            for certificate in certificates(file)? {
                roots.add(certificate).map_err(|error| unreadable(file, &error))?;
            }
        }
        None => {
            // Some of a system's may be of a kind that is not trusted; without any, no certificate is.
            let _counts = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let config = ClientConfig::builder().with_root_certificates(roots);
    let Some((list, key)) = &options.certificate else { return Ok(config.with_no_client_auth()) };
    let pem = fs::read(key).map_err(|error| unreadable(key, &error))?;
    let private = PrivateKeyDer::from_pem_slice(&pem).map_err(|error| unreadable(key, &error))?;
    config.with_client_auth_cert(certificates(list)?, private).map_err(|error| unreadable(key, &error))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, RedisFault> {
    let pem = fs::read(file).map_err(|error| unreadable(file, &error))?;
    let list: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    list.map_err(|error| unreadable(file, &error))
}

fn unreadable(file: &Path, error: &dyn std::fmt::Display) -> RedisFault {
    RedisFault::OwnFile(format!("{}: {error}", file.display()))
}
