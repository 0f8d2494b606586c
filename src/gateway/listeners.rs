//! The server that Pingora runs: its listeners, the door in front of it, and its limits.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use pingora::apps::HttpServerOptions;
use pingora::protocols::http::v2::server::H2Options;
use pingora::proxy::http_proxy;
use pingora::server::Server;
use pingora::server::configuration::{Opt, ServerConf};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};

use crate::config;
use crate::door::{Crowd, CrowdLimits, Front, FrontParts, HeadLimits, Listening, Relays, TlsDoor, listen};
use crate::model::Clock;
use crate::proxy::{Gateway, GatewayParts};
use crate::telemetry::Metrics;

use super::descriptors::Room;
use super::life::{PreparedServer, Stop};
use super::start_error::StartError;
use super::successor;

/// Idle connections to upstreams that are kept, per worker: with fewer than a busy worker uses at once, every further
/// request would pay for a connection of its own.
const POOL_SIZE: usize = 1024;
/// More than the addresses that one request tries: `proxy` decides how often, and Pingora must not give up before.
const MAX_TRIES: usize = 8;
/// Streams that one HTTP/2 connection may have open: the least that RFC 9113 section 6.5.2 recommends.
const MAX_STREAMS: u32 = 100;
/// What an HTTP/2 header list may be longer than a head in bytes: 32 for each field (RFC 9113 section 6.5.2), and some
/// more for lists that are refused with a word.
const LIST_OVER: usize = 16 << 10;
/// Bytes of each response that are held for an HTTP/2 client that reads slowly: two frames of the usual size.
const SEND_BUFFER: usize = 32 << 10;
/// What small DATA frames may cost before they are read, each 256 less its length: as many as a stream's window has room
/// for, when each has eight bytes.
const DATA_FRAME_BUDGET: usize = 2 << 20;
/// Bytes of request bodies that are held for one HTTP/2 connection: 16 streams of 64 KiB each.
const CONNECTION_WINDOW: u32 = 1 << 20;

/// The listening sockets.
pub(super) struct Sockets {
    pub(super) opened: Vec<(SocketAddr, TcpListener)>,
    /// Says when all of them are served.
    pub(super) accepts: watch::Sender<bool>,
    /// Whether another process hands them over.
    pub(super) upgrade: bool,
}

/// Opens every listener that is not taken over from a running gateway.
pub(super) fn open(
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

/// The server, ready to run, and what stops it.
pub(super) fn server(
    settings: &config::Server,
    parts: GatewayParts,
    clock: &Arc<dyn Clock>,
    metrics: &Metrics,
    room: Room,
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
    let door = door(settings, &parts, metrics, room);
    let gateway = Gateway::new(parts, Arc::clone(clock), metrics);
    let recorder = gateway.clone();
    let mut proxy = http_proxy(&server.configuration, gateway);
    let mut http = HttpServerOptions::default();
    http.h2_idle_timeout = Some(door.head.idle);
    proxy.server_options = Some(http);
    proxy.h2_options = Some(http2_options(door.head.bytes));
    let front = Front::new(proxy, Box::new(move |refusal, peer| recorder.head_refused(refusal, peer)), door);
    let addresses = settings.listeners.iter().map(|listener| listener.address.value).collect();
    server.add_service(Listening::new(front, addresses, sockets.opened, sockets.accepts));
    let (stop, stopped) = mpsc::unbounded_channel();
    (PreparedServer { server, stopped: tokio::sync::Mutex::new(stopped) }, stop)
}

fn door(settings: &config::Server, parts: &GatewayParts, metrics: &Metrics, room: Room) -> FrontParts {
    let with_tls = settings.listeners.iter().filter(|listener| listener.tls.is_some());
    let relayed = settings.listeners.iter().filter(|l| l.proxy_protocol == config::ProxyProtocol::V1V2);
    FrontParts {
        head: HeadLimits {
            bytes: settings.limits.header_bytes,
            fields: settings.limits.header_fields,
            timeout: settings.limits.header_timeout,
            idle: settings.limits.idle_timeout,
        },
        write_timeout: settings.limits.write_timeout,
        crowd: Crowd::new(crowd_limits(settings, room), metrics.connections()),
        tls: TlsDoor::new(with_tls.map(|listener| listener.address.value), &parts.snapshot, metrics),
        relays: Relays::new(relayed.map(|l| l.address.value), settings.trusted_proxies.clone()),
        drain: parts.drain.clone(),
    }
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
