//! The composition root: from a store to a running gateway, and from a signal to its end.
//!
//! A gateway is built from a snapshot: no listener opens without one. What happens to a request is in `proxy`.

mod console;
mod descriptors;
mod life;
mod notify;
mod successor;

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use pingora::apps::HttpServerOptions;
use pingora::protocols::http::v2::server::H2Options;
use pingora::proxy::http_proxy;
use pingora::server::Server;
use pingora::server::configuration::{Opt, ServerConf};
use tokio::runtime::Runtime;
use tokio::sync::{Notify, mpsc, watch};

use crate::admin::TokenFileError;
use crate::config::{self, Diagnostics, Snapshot};
use crate::control::{self, LoadError, Reconciler, Resolver, Stores, load};
use crate::door::{
    Crowd, CrowdLimits, Drain, Front, FrontParts, HeadLimits, Listening, Relays, TlsDoor, listen,
};
use crate::idp::{StateDir, StateDirError};
use crate::limits::Hall;
use crate::model::{Clock, Live, SystemClock};
use crate::ops::{self, Ops};
use crate::proxy::{Gateway, GatewayParts};
use crate::store::{Documents, StoreError, Writer};
use crate::telemetry::{
    AccessLog, AccessLogGuard, Decisions, Metrics, Refusals, RefusalsGuard, tell_of_lost_lines,
};

use descriptors::Room;
use life::{Life, PreparedServer, Requests, Stop};
use notify::Notifier;

/// How long the start waits for the first addresses of upstream names.
const FIRST_ADDRESSES: Duration = Duration::from_secs(1);
/// How often somebody looks whether the last provider was tried; until the gateway is ready, and never again.
const READY_EVERY: Duration = Duration::from_millis(20);
/// Kept connections to upstreams, per worker: fewer than the busy ones would double the cost of a request.
const POOL_SIZE: usize = 1024;
/// More than the addresses that one request tries; who tries how often is decided in `proxy`.
const MAX_TRIES: usize = 8;
/// Streams that one HTTP/2 connection may have open.
const MAX_STREAMS: u32 = 100;
/// What an HTTP/2 header list may be longer than a head in bytes: 32 for each field (RFC 9113 section 6.5.2), and some
/// more for lists that are refused with a word.
const LIST_OVER: usize = 16 << 10;
/// What is held of each answer for an HTTP/2 caller that reads slowly.
const SEND_BUFFER: usize = 32 << 10;
/// What small DATA frames may cost before they are read, each 256 less its length: as many as a stream's window has room
/// for, when each has eight bytes.
const DATA_FRAME_BUDGET: usize = 2 << 20;
/// What is held of all request bodies of an HTTP/2 connection; a stream's part is 64 KiB.
const CONNECTION_WINDOW: u32 = 1 << 20;

/// What to run.
pub struct Options {
    /// The documents of the configuration; a store that they name is opened here.
    pub documents: Box<dyn Documents>,
    /// Whether the listeners are taken over from a running gateway.
    pub upgrade: bool,
    /// Where access log lines go when the configuration asks for them.
    pub access_log: Box<dyn Write + Send>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("upgrade", &self.upgrade).finish_non_exhaustive()
    }
}

/// Why the gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration is not valid.
    #[error("{0}")]
    Config(Diagnostics),
    /// A listener's address cannot be had.
    #[error("cannot listen on {address} ({what}): {source}")]
    Bind {
        /// Which listener.
        what: &'static str,
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The token of the control API cannot be had.
    #[error("server.admin.token_file: {0}")]
    Token(#[from] TokenFileError),
    /// The folder of the store cannot be used.
    #[error("store.directory: {0}")]
    Store(#[from] StoreError),
    /// The folder for key sets cannot be used.
    #[error("server.state_dir: {0}")]
    State(#[from] StateDirError),
    /// The system gives no threads, signals or metrics.
    #[error("cannot start: {0}")]
    System(String),
}

/// Makes `ring` the process's TLS library. Called first thing, before any TLS client or server is built.
pub fn install_crypto() {
    // A second call (tests in one process) leaves the first in force.
    let _already = rustls::crypto::ring::default_provider().install_default();
}

/// Runs the gateway until it has drained, or is told to stop at once.
///
/// # Errors
/// [`StartError`] when it cannot start; nothing is then left running.
pub fn run(options: Options) -> Result<(), StartError> {
    install_crypto();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // One compiles a large configuration while the other answers.
        .worker_threads(2)
        .thread_name("control")
        .enable_all()
        .build()
        .map_err(|e| StartError::System(e.to_string()))?;
    let requests = in_runtime(&runtime, Requests::new).map_err(|e| StartError::System(e.to_string()))?;
    let metrics = Metrics::new().map_err(|e| StartError::System(e.to_string()))?;
    let writer = if options.upgrade { Writer::Later } else { Writer::Now };
    let stores = runtime.block_on(Stores::open(options.documents, writer))?;
    let (compiled, files) = runtime
        .block_on(load(&stores, &metrics))
        .map_err(|e: LoadError| StartError::Config(e.into_diagnostics()))?;
    control::tell(&compiled.warnings);
    let snapshot = Arc::new(compiled.snapshot);
    let settings = Arc::clone(&snapshot.server);
    let room = descriptors::room(settings.limits.connections).map_err(StartError::System)?;
    // Signals before listeners, and listeners before anybody is told that the gateway is ready.
    let signals =
        in_runtime(&runtime, || requests.and_ends()).map_err(|e| StartError::System(e.to_string()))?;
    let opened = open_listeners(&settings, options.upgrade, &runtime)?;
    let ops_listener = {
        let _in_runtime = runtime.enter();
        ops::bind(settings.ops, options.upgrade).map_err(|source| StartError::Bind {
            what: "server.ops",
            address: settings.ops,
            source,
        })?
    };
    let state = settings.state_dir.as_ref().map(StateDir::open).transpose()?.map(Arc::new);
    let admin = settings
        .admin
        .as_ref()
        .map(|admin| console::Prepared::new(admin, options.upgrade, &runtime))
        .transpose()?;
    runtime.block_on(Resolver::first_answers(snapshot.endpoints.values(), FIRST_ADDRESSES));
    let live = Arc::new(Live::from_arc(Arc::clone(&snapshot)));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (access_log, guard) = access_log(&settings, options.access_log);
    let drain = Drain::default();
    let (decisions, kept) = noted(&snapshot, &clock, admin.is_some(), &runtime);
    let parts = GatewayParts {
        snapshot: Arc::clone(&live),
        access_log,
        trusted_proxies: settings.trusted_proxies.clone(),
        health_path: settings.health_path.as_ref().map(|path| path.value.as_str().into()),
        limits: settings.limits,
        hall: Hall::new(room.requests),
        drain: drain.clone(),
        decisions: decisions.clone(),
    };
    let gateway = Gateway::new(parts.clone(), Arc::clone(&clock), &metrics);
    let crowd = Crowd::new(crowd_limits(&settings, room), metrics.connections());
    let (accepts, accepting) = watch::channel(false);
    let sockets = Sockets { opened, accepts, upgrade: options.upgrade };
    let (server, stop) = build_server(&settings, gateway, parts, &metrics, (crowd, room), sockets);
    let reconciler =
        Reconciler::new(stores, files, Arc::clone(&live), metrics.clone(), Arc::clone(&clock), state);
    let reconciler = runtime.block_on(reconciler);
    let control = reconciler.control();
    let leaving = drain.clone();
    let is_leaving: Arc<dyn Fn() -> bool + Send + Sync> = Arc::new(move || leaving.is_leaving());
    if let Some((admin, decisions)) = admin.zip(decisions) {
        let stands_on = console::StandsOn {
            control: control.clone(),
            clock: Arc::clone(&clock),
            decisions,
            metrics: metrics.clone(),
            is_leaving: Arc::clone(&is_leaving),
        };
        admin.open(stands_on, &runtime);
    }
    runtime.spawn(reconciler.run());
    runtime.spawn(tell_of_lost_lines());
    let (notifier, reload) = (Notifier::from_environment(), Arc::<Notify>::default());
    let ready = ready(accepting.clone(), Arc::clone(&live), drain.clone());
    runtime.spawn(notifier.clone().accompany(ready, Arc::clone(&reload), control.clone()));
    let replaced = drain.clone();
    let closing = async move { replaced.replaced().await };
    let handed_over = drain.clone();
    // Ready is the place, not the process: a probe must not see a gap where there is none.
    let is_leaving = Arc::new(move || !handed_over.is_handed_over() && is_leaving());
    // While a successor waits for the listeners, the process that has them serves there.
    let is_listening = Arc::new(move || options.upgrade || *accepting.borrow());
    let pages = Ops { control, clock, metrics, is_listening, is_leaving };
    runtime.spawn(ops::serve(ops_listener, pages, closing));
    if options.upgrade {
        successor::sign(&successor::socket(&settings));
    }
    announce(&snapshot, &settings);
    let ended = runtime.block_on(Life { server, stop, signals, reload, drain, settings, notifier }.live());
    drop((guard, kept));
    tracing::info!("stopped");
    // What the loops still wait for (a name, a provider) is of no interest any more.
    runtime.shutdown_background();
    ended
}

/// Does what registers itself with the runtime.
fn in_runtime<T>(runtime: &Runtime, make: impl FnOnce() -> T) -> T {
    let _in_runtime = runtime.enter();
    make()
}

/// Waits until the gateway is ready, in the sense of `/readyz`; for ever when it goes away before.
async fn ready(mut accepting: watch::Receiver<bool>, live: Arc<Live<Snapshot>>, drain: Drain) {
    let accepts = accepting.wait_for(|accepts| *accepts).await.is_ok();
    while !live.with(|snapshot| ops::untried(snapshot).is_empty()) {
        tokio::time::sleep(READY_EVERY).await;
    }
    if !accepts || drain.is_leaving() {
        std::future::pending::<()>().await;
    }
}

fn announce(snapshot: &Snapshot, settings: &config::Server) {
    let listeners: Vec<String> = settings.listeners.iter().map(|l| l.address.value.to_string()).collect();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        revision = snapshot.revision.short(),
        agents = snapshot.agents.len(),
        providers = snapshot.providers.len(),
        listeners = listeners.join(", "),
        ops = %settings.ops,
        "portcullis is starting"
    );
}

fn access_log(settings: &config::Server, out: Box<dyn Write + Send>) -> (AccessLog, AccessLogGuard) {
    match settings.access_log {
        config::AccessLog::Stdout => AccessLog::to(out),
        config::AccessLog::Off => AccessLog::off(),
    }
}

/// Where decisions are noted, when somebody can ask for them later: over the control API, or in a folder where refusals
/// are kept.
fn noted(
    snapshot: &Snapshot,
    clock: &Arc<dyn Clock>,
    lists_allowed: bool,
    runtime: &Runtime,
) -> (Option<Decisions>, Option<RefusalsGuard>) {
    let folder = snapshot.server.state_dir.as_ref().or(snapshot.store.as_ref());
    let opened = folder.and_then(|folder| {
        let opened = Refusals::open(folder, Arc::clone(clock));
        let told = opened.inspect_err(|error| {
            tracing::warn!(folder = %folder.display(), %error, "refusals are not kept on disk");
        });
        told.ok()
    });
    let (refusals, guard) = opened.unzip();
    if let Some(refusals) = &refusals {
        runtime.spawn(refusals.clone().tidy_up());
    }
    let wanted = lists_allowed || refusals.is_some();
    (wanted.then(|| Decisions::new(clock.now(), refusals, lists_allowed)), guard)
}

/// Opens every listener that is not taken over from a running gateway.
fn open_listeners(
    settings: &config::Server,
    upgrade: bool,
    runtime: &Runtime,
) -> Result<Vec<(SocketAddr, TcpListener)>, StartError> {
    if upgrade {
        return Ok(Vec::new());
    }
    let _in_runtime = runtime.enter();
    let open = |address| {
        let socket = listen(address);
        socket.map(|socket| (address, socket)).map_err(|source| StartError::Bind {
            what: "server.listeners",
            address,
            source,
        })
    };
    settings.listeners.iter().map(|listener| open(listener.address.value)).collect()
}

fn crowd_limits(settings: &config::Server, room: Room) -> CrowdLimits {
    CrowdLimits {
        connections: room.connections,
        per_address: settings.limits.connections_per_address,
        exempt: settings.trusted_proxies.clone(),
    }
}

/// The listening sockets.
struct Sockets {
    opened: Vec<(SocketAddr, TcpListener)>,
    /// Says when all of them are served.
    accepts: watch::Sender<bool>,
    /// Whether another process hands them over.
    upgrade: bool,
}

fn build_server(
    settings: &config::Server,
    gateway: Gateway,
    parts: GatewayParts,
    metrics: &Metrics,
    (crowd, room): (Crowd, Room),
    sockets: Sockets,
) -> (PreparedServer, Stop) {
    let workers = match settings.workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n,
    };
    let conf = ServerConf {
        threads: workers,
        // Pingora takes it for each worker.
        upstream_keepalive_pool_size: POOL_SIZE.min((room.requests / workers).max(1)),
        max_retries: MAX_TRIES,
        // The end of the drain is ours to see; Pingora's sleep must only not be shorter.
        grace_period_seconds: Some(settings.shutdown.drain.as_secs() + 10),
        graceful_shutdown_timeout_seconds: Some(1),
        upgrade_sock: successor::socket(settings).display().to_string(),
        ..ServerConf::default()
    };
    let opt = Opt { upgrade: sockets.upgrade, ..Opt::default() };
    let mut server = Server::new_with_opt_and_conf(opt, conf);
    let head = HeadLimits {
        bytes: settings.limits.header_bytes,
        fields: settings.limits.header_fields,
        timeout: settings.limits.header_timeout,
        idle: settings.limits.idle_timeout,
    };
    let recorder = gateway.clone();
    let mut proxy = http_proxy(&server.configuration, gateway);
    let mut http = HttpServerOptions::default();
    http.h2_idle_timeout = Some(head.idle);
    proxy.server_options = Some(http);
    proxy.h2_options = Some(http2_options(head.bytes));
    let record = Box::new(move |refusal, peer| recorder.head_refused(refusal, peer));
    let with_tls = settings.listeners.iter().filter(|listener| !listener.certificates.is_empty());
    let tls = TlsDoor::new(with_tls.map(|listener| listener.address.value), &parts.snapshot, metrics);
    let relayed = settings.listeners.iter().filter(|l| l.proxy_protocol == config::ProxyProtocol::V1V2);
    let relays = Relays::new(relayed.map(|l| l.address.value), settings.trusted_proxies.clone());
    let write_timeout = settings.limits.write_timeout;
    let front = FrontParts { head, write_timeout, crowd, tls, relays, drain: parts.drain };
    let front = Front::new(proxy, record, front);
    let addresses = settings.listeners.iter().map(|listener| listener.address.value).collect();
    server.add_service(Listening::new(front, addresses, sockets.opened, sockets.accepts));
    let (stop, stopped) = mpsc::unbounded_channel();
    (PreparedServer { server, stopped: tokio::sync::Mutex::new(stopped) }, stop)
}

fn http2_options(header_bytes: usize) -> H2Options {
    let mut options = pingora::protocols::http::v2::server::default_h2_options();
    // A list that is a little too long is taken in, so that the answer to it is a whole one of ours.
    options.max_header_list_size(u32::try_from(header_bytes + LIST_OVER).unwrap_or(u32::MAX));
    options.max_concurrent_streams(MAX_STREAMS);
    options.max_send_buffer_size(SEND_BUFFER);
    // More than a stream's: a body that its agent does not read must not stop those of others.
    options.initial_connection_window_size(CONNECTION_WINDOW);
    options.data_frame_budget(DATA_FRAME_BUDGET);
    options
}
