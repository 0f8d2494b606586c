//! The door in front of Pingora: gives connections slots, does their TLS handshake, reads the whole head of each HTTP/1
//! request within one timeout and one size limit, and counts what is in flight.
//!
//! HTTP/2 connections go to Pingora behind a guard. `framing` and the application behind the door parse heads.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::BytesMut;
use pingora::apps::{HttpPersistentSettings, HttpServerApp, ServerApp};
use pingora::protocols::http::ServerSession;
use pingora::protocols::l4::stream::Stream as Socket;
use pingora::protocols::{ALPN, GetSocketDigest as _, Stream};
use pingora::server::ShutdownWatch;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::model::{Refusal, RequestId};

use super::answer;
use super::drain::{Busy, Drain};
use super::http1::bounded::Bounded;
use super::http1::head::{self, Head, HeadLimits};
use super::http2::guard::{self, Around};
use super::pace::Paced;
use super::patience::Patience;
use super::proxy_protocol;
use super::relays::Relays;
use super::slots::{Crowd, Rest};
use super::tls::TlsDoor;

/// How long a kept connection may still send a request after draining has started: a request that crosses the close on the
/// way would fail, and a round trip around the world takes less than half a second.
const LAST_REQUEST: Duration = Duration::from_millis(500);
/// How long the rest of a refused head is read and dropped: closing with unread bytes would reset the connection before the
/// client has read the response. One second covers a round trip and a retransmission.
const LINGER: Duration = Duration::from_secs(1);
/// The most refused connections that linger at once. They have no slot, so a flood of them must not hold descriptors; the
/// others are closed at once.
const MOST_LINGERING: usize = 64;

/// The parts of a door.
#[derive(Debug)]
pub struct FrontParts {
    /// The limits of a request head.
    pub head: HeadLimits,
    /// How long a client may read nothing of a response.
    pub write_timeout: Duration,
    /// The slots for connections.
    pub crowd: Crowd,
    /// The listeners that serve TLS.
    pub tls: TlsDoor,
    /// The listeners that speak the PROXY protocol.
    pub relays: Relays,
    /// The state of the drain, which counts connections.
    pub drain: Drain,
}

/// The application that Pingora's listeners give connections to. Cheap to clone.
pub struct Front<A>(Arc<Inner<A>>);

struct Inner<A> {
    app: Arc<A>,
    record: Recorder,
    parts: FrontParts,
    lingering: Semaphore,
}

/// Records a refused head: takes its refusal and peer, and returns its request id.
pub type Recorder = Box<dyn Fn(Refusal, Option<IpAddr>) -> RequestId + Send + Sync>;

impl<A: HttpServerApp + Send + Sync + 'static> Front<A> {
    /// A door to `app`, which gets the requests that pass.
    #[must_use]
    pub fn new(app: A, record: Recorder, parts: FrontParts) -> Self {
        let lingering = Semaphore::new(MOST_LINGERING);
        Self(Arc::new(Inner { app: Arc::new(app), record, parts, lingering }))
    }

    /// Serves one accepted connection to its end.
    pub(crate) async fn serve(&self, socket: Box<Socket>, shutdown: &ShutdownWatch) {
        let inner = &*self.0;
        let digest = socket.get_socket_digest();
        let peer = digest.as_ref().and_then(|d| d.peer_addr()?.as_inet().map(SocketAddr::ip));
        let local = digest.as_ref().and_then(|d| d.local_addr()?.as_inet().copied());
        let mut stream = Paced::new(*socket, inner.parts.write_timeout);
        let (tls, relayed) = match (inner.parts.tls.at(local), inner.parts.relays.speak_at(local)) {
            (Ok(tls), Ok(relayed)) => (tls, relayed),
            (Err(error), _) | (_, Err(error)) => {
                return tracing::error!(%error, "a connection was dropped");
            }
        };
        if relayed && !inner.parts.relays.trust(peer) {
            return inner.refuse_relay(peer, &"its peer is none of trusted_proxies");
        }
        let taken = inner.parts.crowd.slot(peer);
        let Ok(mut slot) = taken else {
            // A response over TLS would need a handshake first, and there is no slot for one.
            if tls.is_none() {
                Box::pin(inner.turn_away(&mut stream, peer)).await;
            }
            return;
        };
        let _open = inner.parts.drain.enter();
        let peer = if relayed {
            let Some(client) = Box::pin(inner.introduced(&mut stream, peer)).await else { return };
            if client != peer && client.is_some_and(|client| slot.belongs_to(client).is_err()) {
                if tls.is_none() {
                    Box::pin(inner.turn_away(&mut stream, client)).await;
                }
                return;
            }
            client
        } else {
            peer
        };
        let stream: Stream = match tls {
            None => Box::new(stream),
            Some(tls) => {
                let needed = inner.parts.crowd.needed(Rest::Silent);
                let Some(stream) = tls.shake_hands(stream, inner.parts.head.timeout, needed).await else {
                    return;
                };
                stream
            }
        };
        if matches!(stream.selected_alpn_proto(), Some(ALPN::H2)) {
            let _ended = inner.app.process_new(self.guarded(stream, peer), shutdown).await;
        } else {
            inner.serve_http1(stream, peer, shutdown).await;
        }
    }

    /// Wraps an HTTP/2 connection in a guard.
    fn guarded(&self, stream: Stream, peer: Option<IpAddr>) -> Stream {
        let (front, crowd) = (self.clone(), self.0.parts.crowd.clone());
        let around = Around {
            unseen: Box::new(move |refusal| drop((front.0.record)(refusal, peer))),
            needed: Box::new(move |rest| {
                let crowd = crowd.clone();
                Box::pin(async move { crowd.needed(rest).await })
            }),
        };
        guard::guard(stream, &self.0.parts.head, around)
    }

    /// Keeps the process alive until waiting connections were served; `None` when another process serves them.
    pub(crate) fn last_to_serve(&self) -> Option<Busy> {
        let drain = &self.0.parts.drain;
        (!drain.is_handed_over()).then(|| drain.enter())
    }

    /// Whether connections to the listener at that address begin with the PROXY protocol.
    pub(crate) fn is_relayed_at(&self, address: SocketAddr) -> bool {
        matches!(self.0.parts.relays.speak_at(Some(address)), Ok(true))
    }

    /// Whether the listener at that address serves TLS.
    pub(crate) fn shakes_hands_at(&self, address: SocketAddr) -> bool {
        matches!(self.0.parts.tls.at(Some(address)), Ok(Some(_)))
    }
}

impl<A: HttpServerApp + Send + Sync + 'static> Inner<A> {
    /// Reads the client's address from the PROXY protocol; `None` when the connection ends here. A proxy that connects for
    /// itself, or does not know the client, counts as the client.
    async fn introduced(&self, stream: &mut Paced, proxy: Option<IpAddr>) -> Option<Option<IpAddr>> {
        let read = async {
            let read = proxy_protocol::read(stream);
            timeout(self.parts.head.timeout, read).await.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
        };
        let told = tokio::select! {
            biased;
            told = read => told,
            () = self.parts.crowd.needed(Rest::Silent) => return None,
        };
        match told {
            Ok(Some(client)) => {
                stream.speaks_for(client);
                Some(Some(client.ip()))
            }
            Ok(None) => Some(proxy),
            // A health check that only connects is no fault.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => None,
            Err(error) => {
                self.refuse_relay(proxy, &error);
                None
            }
        }
    }

    fn refuse_relay(&self, peer: Option<IpAddr>, why: &dyn std::fmt::Display) {
        self.parts.crowd.refused_relay();
        self.parts.relays.refused(peer, why);
    }

    async fn serve_http1(&self, mut stream: Stream, peer: Option<IpAddr>, shutdown: &ShutdownWatch) {
        let mut settings: Option<HttpPersistentSettings> = None;
        let mut rest = Rest::Silent;
        let patience = Patience::default();
        loop {
            let message = match self.read_head(&mut stream, rest).await {
                Head::Read(message) => message,
                Head::Gone => return,
                Head::Bad(refusal) => return Box::pin(self.refuse(&mut stream, refusal, peer)).await,
                // Its request may be on the way, so it gets a response.
                Head::SlotNeeded => return self.turn_away_at_once(&mut stream, peer),
            };
            rest = Rest::Kept;
            patience.begin();
            let bounded = Bounded::stream(stream, message.body, message.behind, patience.clone());
            let mut session = ServerSession::new_http1(bounded);
            if let Some(settings) = settings.take() {
                settings.apply_to_session(&mut session);
            }
            session.set_read_timeout(Some(self.parts.head.idle));
            let idle = self.parts.head.idle.as_secs().max(1);
            session.set_keepalive((!self.parts.drain.is_draining()).then_some(idle));
            session.set_pipelined_prefix(message.bytes);
            let Some(reused) = self.app.process_new_http(session, shutdown).await else { return };
            let (bounded, kept) = reused.consume();
            let Some(released) = Bounded::release(bounded).await else { return };
            (stream, settings) = (released, kept);
        }
    }

    async fn read_head(&self, stream: &mut Stream, rest: Rest) -> Head {
        let mut buffer = head::buffer();
        if let Some(none) = self.first_bytes(stream, &mut buffer, rest).await {
            return none;
        }
        head::read(stream, buffer, &self.parts.head).await
    }

    /// Waits for the first bytes of a request; returns the outcome when none will come.
    async fn first_bytes(&self, stream: &mut Stream, buffer: &mut BytesMut, rest: Rest) -> Option<Head> {
        let longest = match rest {
            Rest::Silent => self.parts.head.timeout,
            Rest::Kept => self.parts.head.idle,
        };
        let read = async { matches!(stream.read_buf(buffer).await, Ok(n) if n > 0) };
        tokio::pin!(read);
        tokio::select! {
            biased;
            came = timeout(longest, &mut read) => return (!came.unwrap_or(false)).then_some(Head::Gone),
            () = self.parts.crowd.needed(rest) => {
                return Some(if rest == Rest::Silent { Head::SlotNeeded } else { Head::Gone });
            }
            () = self.parts.drain.started() => {}
        }
        let came = timeout(LAST_REQUEST, read).await.unwrap_or(false);
        (!came).then_some(Head::Gone)
    }

    async fn turn_away(&self, stream: &mut Paced, peer: Option<IpAddr>) {
        if let Ok(_permit) = self.lingering.try_acquire() {
            return self.refuse(stream, Refusal::TooManyConnections, peer).await;
        }
        self.turn_away_at_once(stream, peer);
    }

    /// Refuses a connection without waiting: it writes as much as fits into the socket's buffer, and reads what has arrived,
    /// because closing with unread bytes would reset the connection.
    fn turn_away_at_once(&self, stream: &mut (impl AsyncRead + AsyncWrite + Unpin), peer: Option<IpAddr>) {
        let refusal = Refusal::TooManyConnections;
        let answer = answer::raw(refusal, &(self.record)(refusal, peer));
        let told = async {
            stream.write_all(&answer).await?;
            stream.shutdown().await?;
            stream.read(&mut [0; 4096]).await
        };
        let _told = futures::FutureExt::now_or_never(told);
    }

    async fn refuse(
        &self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
        refusal: Refusal,
        peer: Option<IpAddr>,
    ) {
        let answer = answer::raw(refusal, &(self.record)(refusal, peer));
        let told = async {
            stream.write_all(&answer).await?;
            stream.flush().await?;
            stream.shutdown().await?;
            tokio::io::copy(stream, &mut tokio::io::sink()).await
        };
        // It fails only when the peer has disconnected or does not read.
        let _heard = timeout(LINGER, told).await;
    }
}

#[async_trait]
impl<A: HttpServerApp + Send + Sync + 'static> ServerApp for Front<A> {
    async fn process_new(self: &Arc<Self>, stream: Stream, shutdown: &ShutdownWatch) -> Option<Stream> {
        // Pingora's listeners are made without TLS, so the stream is always a socket.
        let socket = stream.into_any().downcast::<Socket>().ok();
        if let Some(socket) = socket {
            self.serve(socket, shutdown).await;
        }
        None
    }
}

impl<A> Clone for Front<A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<A> std::fmt::Debug for Front<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Front").field("parts", &self.0.parts).finish_non_exhaustive()
    }
}
