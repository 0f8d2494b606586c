//! A configuration as it was written, in types: every value is valid by itself and defaults are filled in.
//!
//! Names that refer to others have been checked; files have not been read.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, Method};
use ipnet::IpNet;
use serde_json::Value;
use url::Url;

use super::diagnostic::Diagnostics;
use super::source::{Place, Source, Spanned};
use crate::model::{AgentName, AlgorithmSet, Digest, Enforcement, Issuer, ProviderName};

/// One configuration, of one file or several.
#[derive(Debug, Clone)]
pub struct Document {
    /// The texts that it was read from.
    pub sources: Arc<[Source]>,
    /// Settings of the process.
    pub server: Server,
    /// Where `server` stands, when it was written.
    pub server_place: Option<Place>,
    /// Who signs tokens, in the order in which they were written.
    pub identity_providers: Vec<IdentityProvider>,
    /// What is behind the gateway, in the order in which they were written.
    pub agents: Vec<AgentEntry>,
    /// The API keys, in the order in which they were written.
    pub api_keys: Vec<ApiKeyEntry>,
    /// What somebody should look at.
    pub warnings: Diagnostics,
}

impl Document {
    /// Every file that must be read before the document can be compiled, each once. The token file of the
    /// control API is not among them: it may be made on the first start.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = self.named_files().map(|file| file.value.clone()).collect();
        files.sort();
        files.dedup();
        files
    }

    /// Every mention of such a file.
    pub(super) fn named_files(&self) -> impl Iterator<Item = &Spanned<PathBuf>> {
        let tls = self.server.listeners.iter().flat_map(|l| l.certificates.iter());
        let tls = tls.flat_map(|c| [&c.cert_file, &c.key_file]);
        let providers = self.identity_providers.iter().flat_map(|p| {
            let key_file = match &p.source.value {
                KeySource::JwksFile(path) | KeySource::PublicKeyFile(path) => Some(path),
                _ => None,
            };
            key_file.into_iter().chain(&p.ca_file)
        });
        let upstreams = self.agents.iter().filter_map(|a| a.upstream.ca_file.as_ref());
        tls.chain(providers).chain(upstreams)
    }
}

/// `server`
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
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
            listeners: vec![Listener {
                address: Spanned::new(loopback(8080), Place::default()),
                certificates: Vec::new(),
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
}

/// `server.limits`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest request head, in bytes.
    pub header_bytes: usize,
    /// The largest token, in bytes.
    pub token_bytes: usize,
    /// How long a request head may take.
    pub header_timeout: Duration,
    /// How long a connection may say nothing.
    pub idle_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_bytes: 32 << 10,
            token_bytes: 16 << 10,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
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

/// One of `identity_providers`
#[derive(Debug, Clone)]
pub struct IdentityProvider {
    /// Its name.
    pub name: Spanned<ProviderName>,
    /// Its issuer identifier.
    pub issuer: Spanned<Issuer>,
    /// Where its keys are.
    pub source: Spanned<KeySource>,
    /// Extra trust for fetching keys.
    pub ca_file: Option<Spanned<PathBuf>>,
    /// What its tokens may be signed with.
    pub algorithms: AlgorithmSet,
    /// How far clocks may differ.
    pub leeway: Duration,
    /// How often keys are fetched.
    pub refresh: Duration,
    /// Keys older than this are not used.
    pub max_stale: Duration,
    /// Plain HTTP also from other hosts than loopback.
    pub insecure_http: bool,
}

/// Where the keys of a provider are.
#[derive(Debug, Clone, PartialEq)]
pub enum KeySource {
    /// Found by OpenID Connect discovery or RFC 8414.
    Discovery,
    /// Fetched from a URL.
    JwksUri(Url),
    /// A key set in a file.
    JwksFile(Spanned<PathBuf>),
    /// The key set itself.
    Inline(Value),
    /// A PEM key or certificate in a file.
    PublicKeyFile(Spanned<PathBuf>),
    /// A PEM key or certificate.
    PublicKey(String),
}

/// One of `agents`
#[derive(Debug, Clone)]
pub struct AgentEntry {
    /// Its name.
    pub name: Spanned<AgentName>,
    /// The name that people see.
    pub display_name: Option<String>,
    /// Where it answers.
    pub route: Spanned<Route>,
    /// Where it is.
    pub upstream: Upstream,
    /// Who may call.
    pub auth: Spanned<Auth>,
    /// Answers to browsers of other origins.
    pub cors: Option<Cors>,
    /// The largest request body, in bytes.
    pub max_body: Option<u64>,
    /// Whether WebSocket upgrades pass.
    pub websocket: bool,
    /// What a refusal does.
    pub enforcement: Enforcement,
}

/// `route`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Route {
    /// The canonical path prefix: begins with a slash and, but for `/` itself, does not end with one.
    pub path: String,
    /// Only for this host, in lower case.
    pub host: Option<String>,
    /// Whether the prefix is taken off.
    pub strip_path: bool,
}

/// `upstream`
#[derive(Debug, Clone)]
pub struct Upstream {
    /// Scheme, host, port, and a canonical path without a slash at its end (but for `/` alone).
    pub url: Spanned<Url>,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long the head of the answer may take.
    pub response_timeout: Duration,
    /// Extra trust for its certificate.
    pub ca_file: Option<Spanned<PathBuf>>,
}

/// `auth`
#[derive(Debug, Clone)]
pub enum Auth {
    /// Callers bring a token.
    OAuth(Box<OAuth>),
    /// Callers bring an API key in this header.
    ApiKey(HeaderName),
    /// Everybody may call, on purpose.
    Public,
}

/// `auth.oauth`
#[derive(Debug, Clone)]
pub struct OAuth {
    /// Whose tokens are accepted; at least one.
    pub identity_providers: Vec<Spanned<ProviderName>>,
    /// Any of these; empty does not check the audience.
    pub audiences: Vec<String>,
    /// The header with the token.
    pub header: HeaderName,
    /// The word before the token; empty is the bare token.
    pub prefix: String,
    /// Whether the header goes on as it came.
    pub forward_token: bool,
    /// Scopes that the token must have.
    pub scopes: Scopes,
    /// Claims that the token must have.
    pub claims: ClaimRules,
    /// Claims that the agent gets as headers.
    pub claim_headers: Vec<(String, HeaderName)>,
    /// The longest `exp` - `iat`.
    pub max_token_lifetime: Option<Duration>,
}

/// `auth.oauth.scopes`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes {
    /// Every one of these.
    pub all_of: Vec<String>,
    /// At least one of these, when there are any.
    pub any_of: Vec<String>,
}

/// `auth.oauth.claims`
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClaimRules {
    /// Every one of these.
    pub all_of: Vec<ClaimRule>,
    /// At least one of these, when there are any.
    pub any_of: Vec<ClaimRule>,
}

/// One rule of `auth.oauth.claims`
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimRule {
    /// The name of the claim.
    pub claim: String,
    /// What it may be: strings, numbers and truth values; at least one.
    pub values: Vec<Value>,
}

/// `cors`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    /// Which origins; at least one.
    pub allowed_origins: Origins,
    /// Request methods; empty is GET, HEAD, POST.
    pub allowed_methods: Vec<Method>,
    /// Request headers; empty is the credential header and Content-Type.
    pub allowed_headers: Vec<HeaderName>,
    /// Response headers that a page may read.
    pub exposed_headers: Vec<HeaderName>,
    /// Whether browsers may send cookies along.
    pub allow_credentials: bool,
    /// How long a browser may remember the answer.
    pub max_age: Duration,
}

/// `cors.allowed_origins`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// `*`
    Any,
    /// These, as browsers write them.
    These(Vec<String>),
}

/// One of `api_keys`
#[derive(Debug, Clone)]
pub struct ApiKeyEntry {
    /// The id inside the key: 8 base62 characters.
    pub id: Spanned<String>,
    /// The agent that it opens.
    pub agent: Spanned<AgentName>,
    /// Who has it.
    pub name: Option<String>,
    /// Of the whole key as sent.
    pub sha256: Spanned<Digest>,
    /// Refused as expired from then on.
    pub expires_at: Option<jiff::Timestamp>,
    /// Refused as revoked from then on.
    pub revoked_at: Option<jiff::Timestamp>,
}
