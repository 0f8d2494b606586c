//! The whole gateway in one thread with a client and an agent, all on loopback: what one request costs contains its
//! client and its agent, which do next to nothing and always the same.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use pingora::apps::ServerApp;
use pingora::proxy::{HttpProxy, http_proxy};
use pingora::server::configuration::ServerConf;
use portcullis::door::{Crowd, CrowdLimits, Front, FrontParts, HeadLimits, PriorKnowledge, Relays, TlsDoor};
use portcullis::proxy::Gateway;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use super::agents::Agents;
use super::phases;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello";

/// A proxy with one kept connection to it, and the agents behind it.
pub(crate) struct House<A> {
    pub(crate) agents: A,
    runtime: Runtime,
    caller: TcpStream,
}

impl House<Agents> {
    /// A gateway before the agents that run at a URL.
    pub(crate) fn before(agents: impl FnOnce(&str) -> Agents) -> Self {
        Self::of(|address| {
            let agents = agents(&format!("http://{address}"));
            let front = front(&agents);
            (agents, front)
        })
    }
}

impl<A> House<A> {
    /// Any proxy before an agent, made of its address.
    pub(super) fn of<P: ServerApp + Send + Sync + 'static>(proxy: impl FnOnce(SocketAddr) -> (A, P)) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (agents, caller) = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("its address");
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream));
                }
            });
            let (agents, proxy) = proxy(address);
            let (caller, socket) = phases::pair().await;
            tokio::spawn(async move {
                let (_stop, shutdown) = tokio::sync::watch::channel(false);
                Arc::new(proxy).process_new(Box::new(socket), &shutdown).await;
            });
            (agents, caller)
        });
        Self { agents, runtime, caller }
    }

    /// Sends these heads one after the other; each is answered with that status.
    pub(crate) fn ask(&mut self, heads: &[String], status: u16) {
        let wanted = format!("HTTP/1.1 {status} ");
        let caller = &mut self.caller;
        self.runtime.block_on(async {
            for head in heads {
                caller.write_all(head.as_bytes()).await.expect("it is sent");
                let answer = answer(caller).await;
                assert!(answer.starts_with(wanted.as_bytes()), "{}", String::from_utf8_lossy(&answer));
            }
        });
    }
}

/// The gateway and the door before it.
fn front(agents: &Agents) -> Front<HttpProxy<Gateway>> {
    let (gateway, parts) = phases::gateway(agents);
    let (limits, recorder) = (parts.limits, gateway.clone());
    let head = HeadLimits {
        bytes: limits.header_bytes,
        fields: limits.header_fields,
        timeout: limits.header_timeout,
        idle: limits.idle_timeout,
    };
    let crowd = CrowdLimits { connections: 100, per_address: 100, exempt: Vec::new() };
    let front = FrontParts {
        head,
        write_timeout: limits.write_timeout,
        crowd: Crowd::new(crowd, agents.metrics.connections()),
        tls: TlsDoor::new([], &parts.snapshot, &agents.metrics),
        relays: Relays::default(),
        prior_knowledge: PriorKnowledge::default(),
        drain: parts.drain,
    };
    let proxy = http_proxy(&Arc::new(ServerConf::default()), gateway);
    let record = Box::new(move |refusal, peer| recorder.head_refused(refusal, peer));
    Front::new(proxy, record, front)
}

/// The agent: it looks for nothing but the end of a head, and of the body of a POST.
async fn serve(mut stream: TcpStream) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let (mut buffer, mut filled) = ([0; 8192], 0);
    loop {
        filled += stream.read(&mut buffer[filled..]).await.ok().filter(|n| *n > 0)?;
        let came = &buffer[..filled];
        let is_whole = if came.starts_with(b"POST") { has_body(came) } else { came.ends_with(b"\r\n\r\n") };
        if is_whole {
            stream.write_all(ANSWER).await.ok()?;
            filled = 0;
        }
    }
}

/// Whether the body is there that the head announces.
fn has_body(came: &[u8]) -> bool {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Request::new(&mut fields);
    let Ok(httparse::Status::Complete(end)) = head.parse(came) else { return false };
    let length = head.headers.iter().find(|field| field.name.eq_ignore_ascii_case("content-length"));
    let length = length.expect("a length").value;
    came.len() >= end + String::from_utf8_lossy(length).parse::<usize>().expect("a number")
}

/// The caller's part: everything up to the end of a body as long as the head says.
async fn answer(stream: &mut TcpStream) -> Vec<u8> {
    let mut answer = Vec::with_capacity(4096);
    loop {
        let read = tokio::time::timeout(Duration::from_secs(60), stream.read_buf(&mut answer)).await;
        assert!(read.expect("in time").expect("an answer") > 0, "{}", String::from_utf8_lossy(&answer));
        let mut fields = [httparse::EMPTY_HEADER; 32];
        let mut head = httparse::Response::new(&mut fields);
        let Ok(httparse::Status::Complete(end)) = head.parse(&answer) else { continue };
        let length = head.headers.iter().find(|field| field.name.eq_ignore_ascii_case("content-length"));
        let length: usize =
            length.map_or(0, |field| String::from_utf8_lossy(field.value).parse().expect("a number"));
        if answer.len() >= end + length {
            return answer;
        }
    }
}
