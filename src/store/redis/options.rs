//! The settings of a Redis, for those who know no configuration.

use std::path::PathBuf;
use std::time::Duration;

/// Where it is, and how it is talked to.
#[derive(Debug, Clone)]
pub struct RedisOptions {
    /// Its host: a name or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether TLS is spoken to it.
    pub has_tls: bool,
    /// The number of the database.
    pub database: u32,
    /// The user; none is the default one.
    pub username: Option<String>,
    /// The file with the password.
    pub password_file: Option<PathBuf>,
    /// What all keys begin with.
    pub prefix: String,
    /// Certificates that sign its own; none takes those of the system.
    pub ca_file: Option<PathBuf>,
    /// The certificate that is shown to it, and its key.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// The most connections.
    pub pool: usize,
    /// How long a request waits for it.
    pub timeout: Duration,
}
