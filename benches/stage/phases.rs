//! The gateway's phases, one by one, as Pingora calls them for a request that came over a socket.

use std::sync::Arc;

use pingora::http::ResponseHeader;
use pingora::proxy::Session;
use portcullis::door::{Drain, Socket};
use portcullis::limits::{MessageMemory, Slots};
use portcullis::model::{Clock, FixedClock, Instant, Live};
use portcullis::proxy::{Gateway, GatewayParts};
use portcullis::telemetry::AccessLog;
use portcullis::upstream::Running;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use super::agents::{Agents, NOW};

/// A gateway with its access log on, which nobody reads.
pub(crate) fn gateway(agents: &Agents) -> (Gateway, GatewayParts) {
    let (access_log, guard) = AccessLog::to(std::io::sink());
    // The log's thread ends with the process.
    std::mem::forget(guard);
    let parts = GatewayParts {
        snapshot: Arc::new(Live::from_arc(Arc::clone(&agents.snapshot))),
        access_log,
        trusted_proxies: Vec::new(),
        certificate_header: None,
        open_ports: Vec::new(),
        health_path: None,
        limits: agents.snapshot.server.limits,
        slots: Slots::new(1024),
        messages: MessageMemory::new(1 << 20),
        running: Running::default(),
        drain: Drain::default(),
        decisions: None,
        tracer: None,
        events: None,
    };
    let clock: Arc<dyn Clock> = Arc::new(FixedClock::at(Instant::from_unix(NOW)));
    (Gateway::new(parts.clone(), clock, &agents.metrics), parts)
}

/// A usual request head; `fields` are further lines.
pub(crate) fn head(path: &str, fields: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: agents.example.com\r\nUser-Agent: bench/1.0\r\nAccept: application/json\r\n\
         Accept-Encoding: gzip, br\r\nX-Trace: 4bf92f3577b34da6a3ce929d0e0e4736\r\n{fields}\r\n"
    )
}

/// A connected pair of sockets: the caller's end, and the gateway's as its listeners hand it on.
pub(crate) async fn pair() -> (TcpStream, Socket) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let caller = TcpStream::connect(listener.local_addr().expect("its address")).await.expect("a connection");
    let (ours, address) = listener.accept().await.expect("the other end");
    ours.set_nodelay(true).expect("a socket option");
    caller.set_nodelay(true).expect("a socket option");
    (caller, Socket::accepted(ours, address, 0))
}

/// A request whose head has been read. The caller's end is kept open beside it.
pub(crate) async fn session(head: &str) -> (TcpStream, Session) {
    let (mut caller, socket) = pair().await;
    caller.write_all(head.as_bytes()).await.expect("it is sent");
    let mut session = Session::new_h1(Box::new(socket));
    assert!(session.read_request().await.expect("it is a request"));
    (caller, session)
}

/// What an agent answers.
pub(crate) fn answer() -> ResponseHeader {
    let mut head = ResponseHeader::build(200, None).expect("a head");
    for (name, value) in [("Content-Length", "5"), ("Content-Type", "text/plain"), ("Server", "agent")] {
        head.insert_header(name, value).expect("a field");
    }
    head
}
