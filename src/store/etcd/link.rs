//! The connection to etcd, for all that talk to it: one member at a time, with TLS and a user, a deadline on every call, and
//! another member after a failure.

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use etcd_client::{Certificate, Client, ConnectOptions, Error, Identity, KvClient, TlsOptions};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use super::fault::Fault;
use super::options::EtcdOptions;
use crate::model::Digest;
use crate::store::leisure::blocking;

/// How long a member of etcd may take to accept a connection: it is near, or there is another one.
const CONNECT: Duration = Duration::from_secs(1);
/// How often a silent connection is probed, and how long the answer may take. Streams have no deadline of their own.
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(3));
/// How long one call may take. etcd itself gives up on a proposal after about seven seconds, which is too long for somebody
/// who waits for an answer.
pub(super) const CALL: Duration = Duration::from_secs(2);
/// How long after all members of etcd refused one is asked again: they come back one by one.
const ONCE_MORE: Duration = Duration::from_millis(100);
/// The largest response, in bytes: far above a page of resources, of which each is bounded by what etcd takes.
const LARGEST: usize = 256 << 20;

/// The connection of one process to a store in etcd.
#[derive(Debug)]
pub(in crate::store) struct Link {
    options: EtcdOptions,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    connection: Option<Connection>,
    /// How many connections there were; says which endpoint is next.
    made: usize,
}

/// A connection to one member of etcd.
#[derive(Clone)]
pub(in crate::store) struct Connection {
    client: Client,
    endpoint: String,
    number: usize,
    files: Digest,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// The content of the files that prove who this member is.
struct Files {
    ca: Option<Vec<u8>>,
    certificate: Option<(Vec<u8>, Vec<u8>)>,
    user: Option<(String, String)>,
}

impl Link {
    pub(super) fn new(options: EtcdOptions) -> Self {
        Self { options, state: Mutex::default() }
    }

    pub(super) const fn options(&self) -> &EtcdOptions {
        &self.options
    }

    /// The connection, made anew when there is none.
    pub(super) async fn connection(&self) -> Result<Connection, Fault> {
        let mut state = self.state.lock().await;
        if let Some(connection) = &state.connection {
            return Ok(connection.clone());
        }
        let at = state.made.checked_rem(self.options.endpoints.len()).unwrap_or_default();
        state.made = state.made.wrapping_add(1);
        let Some(endpoint) = self.options.endpoints.get(at) else {
            return Err(Fault::OwnFile("there is no endpoint of etcd".to_owned()));
        };
        let connection = self.connect(endpoint, state.made).await?;
        state.connection = Some(connection.clone());
        Ok(connection)
    }

    async fn connect(&self, endpoint: &str, number: usize) -> Result<Connection, Fault> {
        let options = self.options.clone();
        let files = blocking(move || Files::read(&options)).await?;
        let with_user = self.open(endpoint, &files, files.user.clone()).await;
        let client = match with_user {
            // The password is there for the day on which auth is switched on.
            Err(Fault::Other(why)) if why.contains("authentication is not enabled") => {
                self.open(endpoint, &files, None).await?
            }
            opened => opened?,
        };
        Ok(Connection { client, endpoint: endpoint.to_owned(), number, files: files.digest() })
    }

    async fn open(
        &self,
        endpoint: &str,
        files: &Files,
        user: Option<(String, String)>,
    ) -> Result<Client, Fault> {
        let mut options = ConnectOptions::new()
            .with_connect_timeout(CONNECT)
            .with_keep_alive(KEEP_ALIVE.0, KEEP_ALIVE.1)
            .with_keep_alive_while_idle(true)
            .with_require_leader(true)
            .with_auto_token_refresh(true);
        if endpoint.starts_with("https:") {
            options = options.with_tls(files.tls());
        }
        if let Some((name, password)) = user {
            options = options.with_user(name, password);
        }
        let opening = Client::connect([endpoint], Some(options));
        match timeout_at(Instant::now() + CALL, opening).await {
            Err(_) => Err(Fault::TimedOut(CALL)),
            Ok(Err(error)) => Err(Fault::of(&error, endpoint)),
            Ok(Ok(client)) => Ok(client),
        }
    }

    /// Drops a connection, so that the next call makes one to the next member.
    pub(super) async fn give_up(&self, failed: &Connection) {
        let mut state = self.state.lock().await;
        if state.connection.as_ref().is_some_and(|now| now.number == failed.number) {
            state.connection = None;
        }
    }

    /// Drops the connection when the files that it was made with have changed.
    pub(super) async fn follow_files(&self) {
        let Some(connection) = self.state.lock().await.connection.clone() else { return };
        let options = self.options.clone();
        let files = blocking(move || Files::read(&options)).await;
        // Files that cannot be read now may be in the middle of being replaced.
        if files.is_ok_and(|files| files.digest() != connection.files) {
            tracing::info!("the files for etcd have changed; connecting anew");
            self.give_up(&connection).await;
        }
    }

    /// One call about keys, sent once.
    pub(super) async fn call<T, F>(&self, call: impl FnOnce(KvClient) -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Error>>,
    {
        self.call_within(CALL, call).await
    }

    /// The same, whose response may take this long.
    pub(super) async fn call_within<T, F>(
        &self,
        limit: Duration,
        call: impl FnOnce(KvClient) -> F,
    ) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Error>>,
    {
        self.call_with(limit, |connection| call(connection.kv())).await
    }

    /// One call of any kind, sent once, whose response may take this long.
    pub(super) async fn call_with<T, F>(
        &self,
        limit: Duration,
        call: impl FnOnce(Connection) -> F,
    ) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let connection = self.connection().await?;
        let answer = timeout_at(Instant::now() + limit, call(connection.clone())).await;
        let fault = match answer {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => Fault::of(&error, &connection.endpoint),
            Err(_) => Fault::TimedOut(limit),
        };
        if fault.is_of_the_connection() {
            self.give_up(&connection).await;
        }
        Err(fault)
    }

    /// A call that changes nothing, so that it may be sent again: each member of etcd is asked once, and one of them
    /// twice, since a connection may have been lost long ago.
    pub(super) async fn ask<T, F>(&self, call: impl Fn(KvClient) -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut tries = self.options.endpoints.len().saturating_add(1);
        loop {
            match self.call(&call).await {
                Err(fault) if fault.is_of_the_connection() && tries > 0 => tries -= 1,
                answer => return answer,
            }
            if tries == 0 {
                // All were asked; the last time is for one that comes back just now.
                tokio::time::sleep(ONCE_MORE).await;
            }
        }
    }
}

impl Connection {
    /// The client for keys.
    pub(super) fn kv(&self) -> KvClient {
        self.client.kv_client().max_decoding_message_size(LARGEST)
    }

    /// The client for all else: watches, leases.
    pub(super) fn client(&self) -> Client {
        self.client.clone()
    }

    /// Whether this is the very same connection as another.
    pub(super) const fn is(&self, other: &Self) -> bool {
        self.number == other.number
    }

    /// The member of etcd that this is a connection to.
    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

impl Files {
    fn read(options: &EtcdOptions) -> Result<Self, Fault> {
        let ca = options.ca_file.as_deref().map(read).transpose()?;
        let certificate = match &options.certificate {
            Some((certificate, key)) => Some((read(certificate)?, read(key)?)),
            None => None,
        };
        let user = match &options.user {
            Some((name, file)) => Some((name.clone(), password(file)?)),
            None => None,
        };
        Ok(Self { ca, certificate, user })
    }

    fn tls(&self) -> TlsOptions {
        let tls = TlsOptions::new();
        let tls = match &self.ca {
            Some(pem) => tls.ca_certificate(Certificate::from_pem(pem)),
            None => tls.with_native_roots(),
        };
        match &self.certificate {
            Some((certificate, key)) => tls.identity(Identity::from_pem(certificate, key)),
            None => tls,
        }
    }

    /// Tells two contents apart.
    fn digest(&self) -> Digest {
        let certificate = self.certificate.iter().flat_map(|(certificate, key)| [certificate, key]);
        let user = self.user.iter().flat_map(|(name, password)| [name.as_bytes(), password.as_bytes()]);
        let mut all = Digest::running();
        // The digest of each, so that where one ends and the next begins counts.
        for part in self.ca.iter().chain(certificate).map(Vec::as_slice).chain(user) {
            all.add(Digest::of(part).as_bytes());
        }
        all.finish()
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    std::fs::read(path).map_err(|error| Fault::OwnFile(format!("{}: {error}", path.display())))
}

/// The first line of a file.
fn password(path: &Path) -> Result<String, Fault> {
    let bytes = read(path)?;
    let text =
        String::from_utf8(bytes).map_err(|_| Fault::OwnFile(format!("{}: not UTF-8", path.display())))?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(Fault::OwnFile(format!("{}: the password is empty", path.display())));
    }
    Ok(line.to_owned())
}
