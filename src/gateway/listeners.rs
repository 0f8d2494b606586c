//! The server that Pingora runs: its shards, the doors in front of them, and their limits.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use pingora::apps::HttpServerOptions;
use pingora::protocols::http::v2::server::H2Options;
use pingora::proxy::http_proxy;
use pingora::server::Server;
use pingora::server::configuration::{Opt, ServerConf};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};

use crate::config;
use crate::door::{
    Crowd, CrowdLimits, Front, FrontParts, HeadLimits, Listening, Muster, PriorKnowledge, Relays, TlsDoor,
    find_the_gone, listen,
};
use crate::model::Clock;
use crate::proxy::{Gateway, GatewayParts};
use crate::telemetry::Metrics;

use super::descriptors::Room;
use super::life::{PreparedServer, Stop};
use super::shards::Shards;
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

/// Where the listening sockets come from.
pub(super) enum Sockets {
    /// They are open.
    Opened(Vec<(SocketAddr, TcpListener)>),
    /// Another process hands them over.
    HandedOver,
}

/// How long the start waits for an address that another process is about to leave, and how often it looks.
const ADDRESS_WAIT: Duration = Duration::from_secs(30);
const ADDRESS_LOOK: Duration = Duration::from_secs(1);

/// Opens every listener that is not taken over from a running gateway.
pub(super) fn open(
    settings: &config::Server,
    upgrade: bool,
    runtime: &Runtime,
) -> Result<Sockets, StartError> {
    if upgrade {
        return Ok(Sockets::HandedOver);
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
    let opened = settings.listeners.iter().map(|listener| open(listener.address.value));
    Ok(Sockets::Opened(opened.collect::<Result<_, _>>()?))
}

/// Takes the listeners over from a running gateway, and opens those that it does not have. Blocks until they are there.
fn take_over(settings: &config::Server) -> std::io::Result<Vec<(SocketAddr, TcpListener)>> {
    let mut handed = successor::receive(&successor::socket(settings))?;
    let one = |listener: &config::Listener| {
        let address = listener.address.value;
        let name = address.to_string();
        let socket = match handed.iter().position(|(of, _)| *of == name) {
            Some(nth) => {
                let (_, socket) = handed.swap_remove(nth);
                if let Err(error) = find_the_gone(&socket) {
                    tracing::debug!(%error, %address, "no TCP keep-alive at a listener");
                }
                socket
            }
            None => listen_patiently(address)?,
        };
        Ok((address, socket))
    };
    let taken = settings.listeners.iter().map(one).collect::<std::io::Result<_>>()?;
    for (address, _) in handed {
        tracing::warn!(address, "a listener that was handed over is not configured any more");
    }
    Ok(taken)
}

/// Opens a listener, at an address that the process before may still have in other words.
#[expect(
    clippy::disallowed_methods,
    reason = "on the thread that starts the server, which has no runtime and nothing else to do"
)]
fn listen_patiently(address: SocketAddr) -> std::io::Result<TcpListener> {
    let begin = std::time::Instant::now();
    loop {
        match listen(address) {
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && begin.elapsed() < ADDRESS_WAIT => {
                std::thread::sleep(ADDRESS_LOOK);
            }
            done => return done,
        }
    }
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
    settings: &Arc<config::Server>,
    parts: GatewayParts,
    clock: &Arc<dyn Clock>,
    metrics: &Metrics,
    (shards, room): (&Shards, Room),
    (sockets, accepts): (Sockets, watch::Sender<bool>),
) -> (PreparedServer, Stop) {
    let conf = |threads: usize| ServerConf {
        threads,
        // Pingora takes it for each worker.
        upstream_keepalive_pool_size: POOL_SIZE.min((room.requests / shards.threads()).max(1)),
        max_retries: MAX_TRIES,
        // The end of the drain is ours to see; Pingora's sleep must only not be shorter.
        grace_period_seconds: Some(settings.shutdown.drain.as_secs() + 10),
        graceful_shutdown_timeout_seconds: Some(1),
        upgrade_sock: successor::socket(settings).display().to_string(),
        ..ServerConf::default()
    };
    // Sockets that are handed over are received by `take_over`.
    let server = Server::new_with_opt_and_conf(Opt::default(), conf(shards.threads()));
    let door = door(settings, &parts, metrics, room);
    let gateway = Gateway::new(parts, Arc::clone(clock), metrics);
    let front = |threads: usize| {
        let (gateway, recorder) = (gateway.clone(), gateway.clone());
        // With it each shard has connections to upstreams of its own.
        let mut proxy = http_proxy(&Arc::new(conf(threads)), gateway);
        let mut http = HttpServerOptions::default();
        http.h2_idle_timeout = Some(door.head.idle);
        proxy.server_options = Some(http);
        proxy.h2_options = Some(http2_options(door.head.bytes));
        Front::new(proxy, Box::new(move |refusal, peer| recorder.head_refused(refusal, peer)), door.clone())
    };
    let fronts: Vec<_> = shards.iter().map(|(shard, threads)| (shard, front(threads), threads)).collect();
    let (muster, deaths) = Muster::of(shards.count(), accepts);
    let settings = Arc::clone(settings);
    let listen = move |server: &mut Server| {
        let sockets = match sockets {
            Sockets::Opened(opened) => opened,
            Sockets::HandedOver => take_over(&settings)?,
        };
        for shard in Listening::shards(fronts, &sockets.into(), &muster) {
            server.add_service(shard);
        }
        Ok(())
    };
    let (stop, stopped) = mpsc::unbounded_channel();
    let stopped = tokio::sync::Mutex::new(stopped);
    (PreparedServer { server, listen: Box::new(listen), stopped, deaths }, stop)
}

fn door(settings: &config::Server, parts: &GatewayParts, metrics: &Metrics, room: Room) -> FrontParts {
    let with_tls = settings.listeners.iter().filter(|listener| listener.tls.is_some());
    let relayed = settings.listeners.iter().filter(|l| l.proxy_protocol == config::ProxyProtocol::V1V2);
    let in_clear = settings.listeners.iter().filter(|listener| listener.h2c);
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
        prior_knowledge: PriorKnowledge::new(in_clear.map(|listener| listener.address.value)),
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
