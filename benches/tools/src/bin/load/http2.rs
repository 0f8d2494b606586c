//! Callers over HTTP/2 and TLS: a few connections, several streams on each.
//!
//! They run on a Tokio of one thread that never parks, because one of its tasks, which turns the agent, is always ready.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::FutureExt as _;
use h2::client::SendRequest;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::{JoinHandle, LocalSet};
use tokio_rustls::TlsConnector;

use crate::Outcome;
use crate::agent::Agent;
use crate::answer::Wanted;
use crate::command::Order;
use crate::requests::{PATIENCE, Requests};
use crate::tally::Tally;

const CONNECTIONS: usize = 8;

/// The connections to every gateway. They outlive the slices.
#[derive(Default)]
pub(crate) struct Sessions {
    stage: Option<(Runtime, LocalSet)>,
    open: HashMap<SocketAddr, Vec<SendRequest<Bytes>>>,
}

impl Sessions {
    /// Ends the connections to this gateway.
    pub(crate) fn close(&mut self, address: SocketAddr) {
        self.open.remove(&address);
    }

    pub(crate) fn run(
        &mut self,
        order: &Order,
        requests: &mut Requests,
        length: Duration,
        agent: &mut Agent,
    ) -> Outcome<Tally> {
        if self.stage.is_none() {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
            self.stage = Some((runtime, LocalSet::new()));
        }
        let (runtime, local) = self.stage.as_ref().ok_or("no runtime")?;
        let open = &mut self.open;
        local.block_on(runtime, async {
            let known = open.entry(order.address).or_default();
            known.retain_mut(is_open);
            let reconnects = if known.is_empty() { 0 } else { CONNECTIONS - known.len() };
            while known.len() < CONNECTIONS {
                known.push(connect(order.address, &order.certificate).await?);
            }
            let shared = Rc::new(RefCell::new((take(requests), Tally::default())));
            let callers: Vec<_> = (0..order.concurrency)
                .filter_map(|at| known.get(at % CONNECTIONS))
                .map(|session| tokio::task::spawn_local(call(session.clone(), Rc::clone(&shared))))
                .collect();
            let start = Instant::now();
            while !callers.iter().all(JoinHandle::is_finished) {
                agent.turn(Duration::ZERO)?;
                let elapsed = start.elapsed();
                shared.borrow_mut().0.over = elapsed >= length;
                if elapsed > length + PATIENCE {
                    callers.iter().for_each(JoinHandle::abort);
                    return Err("requests got no answer".into());
                }
                tokio::task::yield_now().await;
            }
            for caller in callers {
                caller.await?;
            }
            let (done, mut tally) = Rc::into_inner(shared).ok_or("a caller is left")?.into_inner();
            *requests = done;
            tally.reconnects += reconnects as u64;
            Ok(tally)
        })
    }
}

/// Whether it could take a stream, now or later.
fn is_open(session: &mut SendRequest<Bytes>) -> bool {
    poll_fn(|context| session.poll_ready(context)).now_or_never().is_none_or(|ready| ready.is_ok())
}

fn take(requests: &Requests) -> Requests {
    Requests { path: requests.path.clone(), credentials: Rc::clone(&requests.credentials), ..*requests }
}

async fn connect(address: SocketAddr, certificate: &Path) -> Outcome<SendRequest<Bytes>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate)?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let stream =
        TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("compare.test")?, stream).await?;
    if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
        return Err("the gateway does not speak HTTP/2".into());
    }
    let (session, connection) = h2::client::Builder::new()
        .initial_window_size(4 << 20)
        .initial_connection_window_size(64 << 20)
        .handshake(stream)
        .await?;
    // It ends with the gateway; what was lost by that is seen by who waited for it.
    tokio::task::spawn_local(async move { connection.await.ok() });
    Ok(session)
}

/// One request after the other.
async fn call(mut session: SendRequest<Bytes>, shared: Rc<RefCell<(Requests, Tally)>>) {
    loop {
        let request = {
            let (requests, _) = &mut *shared.borrow_mut();
            requests.advance().and_then(|wanted| Some((wanted, request(requests, wanted).ok()?)))
        };
        let Some((wanted, request)) = request else { return };
        let since = Instant::now();
        let outcome = ask(&mut session, request, wanted).await;
        let (_, tally) = &mut *shared.borrow_mut();
        match outcome {
            Ok(()) => tally.right(wanted.good, since.elapsed()),
            Err(error) => {
                tally.wrong.add(|| error.to_string());
                return;
            }
        }
    }
}

fn request(requests: &Requests, wanted: Wanted) -> Result<http::Request<()>, http::Error> {
    let mut token = b"Bearer ".to_vec();
    requests.credentials.write(requests.plan, wanted.number, &mut token);
    http::Request::builder()
        .version(http::Version::HTTP_2)
        .uri(format!("https://compare.test{}?n={:016x}", requests.path, wanted.number))
        .header("user-agent", "compare/1")
        .header("accept", "*/*")
        .header("authorization", token)
        .body(())
}

async fn ask(session: &mut SendRequest<Bytes>, request: http::Request<()>, wanted: Wanted) -> Outcome<()> {
    poll_fn(|context| session.poll_ready(context)).await?;
    let response = session.send_request(request, true)?.0.await?;
    let length = response.headers().get("content-length");
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    wanted.head(response.status().as_u16(), length)?;
    let mut body = response.into_body();
    let mut at = 0;
    while let Some(bytes) = body.data().await {
        let bytes = bytes?;
        body.flow_control().release_capacity(bytes.len())?;
        if !wanted.body(at, &bytes) {
            return Err(format!("a body that belongs to another request, at byte {at}").into());
        }
        at += bytes.len();
    }
    if length == Some(at) { Ok(()) } else { Err(format!("a body of {at} bytes").into()) }
}
