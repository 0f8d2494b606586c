//! The door in front of Pingora: gives connections slots, does their TLS handshake, reads the whole head of each HTTP/1
//! request within one time limit and one size limit, and knows what is in flight.
//!
//! HTTP/2 connections go to Pingora behind a guard. What a head says is for `framing` and for the application behind the door.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use bytes::BytesMut;
use futures::FutureExt as _;
use pingora::apps::{HttpPersistentSettings, HttpServerApp, ServerApp};
use pingora::protocols::http::ServerSession;
use pingora::protocols::{ALPN, GetSocketDigest as _, Stream};
use pingora::server::ShutdownWatch;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, timeout};

use crate::model::{Refusal, RequestId};

use super::answer;
use super::begun::{Begun, Unspoken};
use super::deadline::Deadline;
use super::drain::{Busy, LAST_REQUEST};
use super::front_parts::FrontParts;
use super::http1::bounded::Bounded;
use super::http1::head::{self, Head};
use super::http2::guard::{self, Around};
use super::pace::Paced;
use super::proxy_protocol;
use super::slots::{Crowd, Rest};
use super::socket::Socket;
use super::spread::Counted;

/// How long the rest of a refused head is taken in, so that the answer is not lost with the connection.
const LINGER: Duration = Duration::from_secs(1);

/// How long the runtime may take to notice a new socket. It can be written to at once, and yet nothing is before that.
const NOTICED: Duration = Duration::from_millis(100);

/// The application that Pingora's listeners hand connections to. Cheap to clone.
pub struct Front<A>(Arc<Inner<A>>);

struct Inner<A> {
    app: Arc<A>,
    record: Recorder,
    parts: FrontParts,
}

/// Records and numbers a head that was refused: refusal and peer in, request id out.
pub type Recorder = Box<dyn Fn(Refusal, Option<IpAddr>) -> RequestId + Send + Sync>;

impl<A: HttpServerApp + Send + Sync + 'static> Front<A> {
    /// A door to `app`, which answers what passes it.
    #[must_use]
    pub fn new(app: A, record: Recorder, parts: FrontParts) -> Self {
        Self(Arc::new(Inner { app: Arc::new(app), record, parts }))
    }

    /// Serves a connection beside what else this runtime does.
    pub(crate) fn take(&self, socket: Socket, counted: Counted, stopping: &ShutdownWatch) {
        let (front, stopping, busy) = (self.clone(), stopping.clone(), self.busy());
        tokio::spawn(async move {
            front.serve(socket, &stopping).await;
            drop((counted, busy));
        });
    }

    /// Those who have slots.
    pub(crate) fn crowd(&self) -> &Crowd {
        &self.0.parts.crowd
    }

    /// Something is in flight until the guard is dropped.
    pub(crate) fn busy(&self) -> Busy {
        self.0.parts.drain.enter()
    }

    /// Serves one connection from the moment it was accepted to its end.
    async fn serve(&self, socket: Socket, shutdown: &ShutdownWatch) {
        let inner = &*self.0;
        let digest = socket.get_socket_digest();
        let peer = digest.as_ref().and_then(|d| d.peer_addr()?.as_inet().map(SocketAddr::ip));
        let local = digest.as_ref().and_then(|d| d.local_addr()?.as_inet().copied());
        let mut stream = Paced::new(socket, inner.parts.write_timeout);
        let (tls, relayed, http2) = match inner.parts.kind_at(local) {
            Ok(kind) => kind,
            Err(error) => return tracing::error!(%error, "a connection was dropped"),
        };
        if relayed && !inner.parts.relays.trust(peer) {
            return inner.refuse_relay(peer, &"its peer is none of trusted_proxies");
        }
        let taken = inner.parts.crowd.slot(peer);
        let Ok(mut slot) = taken else {
            // Who speaks TLS would have to shake hands first, which is what there is no room for.
            if tls.is_none() {
                Box::pin(inner.turn_away(&mut stream, peer)).await;
            }
            return;
        };
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
            None if http2 => match Box::pin(Begun::open(stream, &inner.parts)).await {
                Ok(begun) => Box::new(begun),
                Err(unspoken) => return Box::pin(inner.end_unspoken(unspoken, peer)).await,
            },
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

    /// An HTTP/2 connection with a guard in front of the library.
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

    /// Keeps the process until what waits has been served; `None` when another process serves in its place.
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
    /// Reads for whom a proxy has connected; nothing when the connection goes no further. A proxy that speaks for
    /// itself, or cannot say for whom, is the client.
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
            // A check that only connects is nothing to speak of.
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

    async fn serve_http1(&self, stream: Stream, peer: Option<IpAddr>, shutdown: &ShutdownWatch) {
        let mut settings: Option<HttpPersistentSettings> = None;
        let mut rest = Rest::Silent;
        let mut bounded = Bounded::around(stream);
        loop {
            let Some((stream, deadline)) = bounded.at_rest() else { return };
            let message = match self.read_head(stream, deadline, rest).await {
                Head::Read(message) => message,
                Head::Gone => return,
                Head::Bad(refusal) => return Box::pin(self.refuse(stream, refusal, peer)).await,
                // Its request may be on its way.
                Head::SlotNeeded => return Box::pin(self.turn_away_now(stream, peer)).await,
            };
            rest = Rest::Kept;
            bounded.begin(message.body, message.behind);
            let mut session = ServerSession::new_http1(bounded);
            if let Some(settings) = settings.take() {
                settings.apply_to_session(&mut session);
            }
            session.set_read_timeout(Some(self.parts.head.idle));
            let idle = self.parts.head.idle.as_secs().max(1);
            session.set_keepalive((!self.parts.drain.is_draining()).then_some(idle));
            session.set_pipelined_prefix(message.bytes);
            let Some(reused) = self.app.process_new_http(session, shutdown).await else { return };
            let (stream, kept) = reused.consume();
            let Some(released) = Bounded::release(stream).await else { return };
            (bounded, settings) = (released, kept);
        }
    }

    async fn read_head(&self, stream: &mut Stream, deadline: &mut Deadline, rest: Rest) -> Head {
        let mut buffer = head::buffer();
        if let Some(none) = self.first_bytes(stream, &mut buffer, deadline, rest).await {
            return none;
        }
        head::read(stream, buffer, &self.parts.head).await
    }

    /// Waits for the first bytes of a request; says so when none will come.
    async fn first_bytes(
        &self,
        stream: &mut Stream,
        buffer: &mut BytesMut,
        deadline: &mut Deadline,
        rest: Rest,
    ) -> Option<Head> {
        let longest = match rest {
            Rest::Silent => self.parts.head.timeout,
            Rest::Kept => self.parts.head.idle,
        };
        let end = Instant::now() + longest;
        let mut read = pin!(stream.read_buf(buffer));
        let in_time = poll_fn(|cx| match read.as_mut().poll(cx) {
            Poll::Ready(came) => Poll::Ready(matches!(came, Ok(1..))),
            Poll::Pending if deadline.has_passed(end, cx) => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        });
        tokio::select! {
            biased;
            came = in_time => return (!came).then_some(Head::Gone),
            () = self.parts.crowd.needed(rest) => {
                return Some(if rest == Rest::Silent { Head::SlotNeeded } else { Head::Gone });
            }
            () = self.parts.drain.started() => {}
        }
        let came = timeout(LAST_REQUEST, read).await;
        (!matches!(came, Ok(Ok(1..)))).then_some(Head::Gone)
    }

    /// Ends a connection of which nobody knows what it speaks, in the words of HTTP/1.
    async fn end_unspoken(&self, unspoken: Unspoken, peer: Option<IpAddr>) {
        match unspoken {
            Unspoken::Late(mut stream) => self.refuse(&mut stream, Refusal::HeadTimeout, peer).await,
            // Its request may be on its way.
            Unspoken::SlotNeeded(mut stream) => self.turn_away_now(&mut stream, peer).await,
            Unspoken::Gone => {}
        }
    }

    async fn turn_away(&self, stream: &mut Paced, peer: Option<IpAddr>) {
        if let Some(_lingers) = self.parts.crowd.may_linger() {
            return self.refuse(stream, Refusal::TooManyConnections, peer).await;
        }
        self.turn_away_now(stream, peer).await;
    }

    /// Waits for no client: what fits into the socket's buffer is sent, and what has come is taken, since closing with
    /// unread bytes would reset the connection.
    async fn turn_away_now(&self, stream: &mut (impl AsyncRead + AsyncWrite + Unpin), peer: Option<IpAddr>) {
        let refusal = Refusal::TooManyConnections;
        let answer = answer::raw(refusal, &(self.record)(refusal, peer));
        let told = async {
            stream.write_all(&answer).await?;
            stream.shutdown().await
        };
        if matches!(timeout(NOTICED, told).await, Ok(Ok(()))) {
            let _taken = stream.read(&mut [0; 4096]).now_or_never();
        }
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
        // A peer that does not listen is not waited for.
        let _heard = timeout(LINGER, told).await;
    }
}

#[async_trait]
impl<A: HttpServerApp + Send + Sync + 'static> ServerApp for Front<A> {
    async fn process_new(self: &Arc<Self>, stream: Stream, shutdown: &ShutdownWatch) -> Option<Stream> {
        // The door does the TLS handshake itself, so what it is given is a socket.
        let socket = stream.into_any().downcast::<Socket>().ok();
        if let Some(socket) = socket {
            self.serve(*socket, shutdown).await;
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
