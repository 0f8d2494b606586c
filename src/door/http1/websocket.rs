//! Both directions of a WebSocket over a client's connection, and its end when one is ordered: a close frame to the
//! client at a frame boundary, one to the agent at another, and then nothing more.
//!
//! The agent's comes out of what the client seems to say, so that it takes the same way as all else that the client
//! says, through TLS if need be.

use std::io::Result;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use pingora::protocols::Stream;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};

use crate::model::{EndOrder, EndedBy};

use super::super::ending::{EndedAt, Ending};
use super::frames::{Frames, close, masked_close};

/// RFC 6455 section 7.4.1: a policy was violated. What an operator ends has nothing to do with the client's credential, so no
/// other code is said then.
const POLICY: u16 = 1008;
/// RFC 6455 section 7.4.1: an endpoint goes away.
const GOING_AWAY: u16 = 1001;

/// A WebSocket from the answer that opened it.
#[derive(Debug, Default)]
pub(super) struct WebSocket {
    /// How many bytes of that answer are still to be written.
    head: usize,
    from_client: Frames,
    to_client: Frames,
    /// There once its end has begun.
    parting: Option<Parting>,
}

/// What is left to be said.
#[derive(Debug)]
struct Parting {
    to_client: Vec<u8>,
    sent: usize,
    to_agent: BytesMut,
}

impl Parting {
    fn of(by: EndedBy, order: &EndOrder) -> Self {
        let code = match by {
            EndedBy::Expiry | EndedBy::Revoked | EndedBy::Policy => order.close_code().number(),
            EndedBy::Drain => GOING_AWAY,
            EndedBy::Operator => POLICY,
        };
        let to_agent = masked_close(GOING_AWAY, rand::random()).as_slice().into();
        Self { to_client: close(code, by.reason()), sent: 0, to_agent }
    }
}

impl WebSocket {
    /// A WebSocket, but for so many bytes of the answer that opens it.
    pub(super) fn after(head: usize) -> Self {
        Self { head, ..Self::default() }
    }

    /// Whether its end has been told.
    pub(super) const fn has_parted(&self) -> bool {
        self.parting.is_some()
    }

    /// What the client says, `behind` before all else. Nothing is the end.
    pub(super) fn poll_read(
        &mut self,
        mut client: Pin<&mut Stream>,
        behind: &mut BytesMut,
        ending: &Ending,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let Some((by, order)) = ending.heard(cx) else {
            let before = buf.filled().len();
            ready!(poll_client(client, behind, cx, buf))?;
            self.from_client.pass(buf.filled().get(before..).unwrap_or_default());
            return Poll::Ready(Ok(()));
        };
        if order.is_urgent() {
            ending.end(EndedAt::Within);
        }
        if ending.ended().is_some() {
            return Poll::Ready(Ok(()));
        }
        let client_is_told = self.to_client.is_boundary() && self.head == 0;
        if client_is_told && ready!(self.poll_close(client.as_mut(), (by, order), cx)).is_err() {
            ending.end(EndedAt::Writing);
            return Poll::Ready(Ok(()));
        }
        if !self.from_client.is_boundary() {
            let before = buf.filled().len();
            ready!(poll_client(client, behind, cx, buf))?;
            let came = buf.filled().get(before..).unwrap_or_default();
            let here = self.from_client.to_boundary(came);
            self.from_client.pass(came.get(..here).unwrap_or_default());
            buf.set_filled(before + here);
            return Poll::Ready(Ok(()));
        }
        match &mut self.parting {
            // The agent's frame is still to come whole.
            None => Poll::Pending,
            Some(parting) if parting.to_agent.is_empty() => {
                ending.end(EndedAt::Boundary);
                Poll::Ready(Ok(()))
            }
            Some(parting) => {
                let here = parting.to_agent.len().min(buf.remaining());
                buf.put_slice(&parting.to_agent.split_to(here));
                Poll::Ready(Ok(()))
            }
        }
    }

    /// Passes on what the agent says; behind the frame at which the WebSocket ends, nothing.
    pub(super) fn poll_write(
        &mut self,
        client: Pin<&mut Stream>,
        ending: &Ending,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        let mut here = bytes;
        if ending.ordered().is_some() {
            let (head, frames) = bytes.split_at(self.head.min(bytes.len()));
            let last = head.len() + self.to_client.to_boundary(frames);
            if last == 0 {
                return Poll::Ready(Ok(bytes.len()));
            }
            here = bytes.get(..last).unwrap_or_default();
        }
        let written = ready!(client.poll_write(cx, here))?;
        self.wrote(here.get(..written).unwrap_or_default());
        Poll::Ready(Ok(written))
    }

    /// Takes note of what was written to the client.
    pub(super) fn wrote(&mut self, bytes: &[u8]) {
        let (head, frames) = bytes.split_at(self.head.min(bytes.len()));
        self.head -= head.len();
        self.to_client.pass(frames);
    }

    /// Tells the client that this is the end.
    fn poll_close(
        &mut self,
        mut client: Pin<&mut Stream>,
        (by, order): (EndedBy, &EndOrder),
        cx: &mut Context<'_>,
    ) -> Poll<Result<()>> {
        let parting = self.parting.get_or_insert_with(|| Parting::of(by, order));
        while let Some(rest) = parting.to_client.get(parting.sent..).filter(|rest| !rest.is_empty()) {
            parting.sent += ready!(client.as_mut().poll_write(cx, rest))?;
        }
        client.poll_flush(cx)
    }
}

/// What the client says, `behind` before all else.
fn poll_client(
    client: Pin<&mut Stream>,
    behind: &mut BytesMut,
    cx: &mut Context<'_>,
    buf: &mut ReadBuf<'_>,
) -> Poll<Result<()>> {
    if behind.is_empty() {
        return client.poll_read(cx, buf);
    }
    let here = behind.len().min(buf.remaining());
    buf.put_slice(&behind.split_to(here));
    Poll::Ready(Ok(()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::task::noop_waker_ref;
    use pingora::protocols::l4::stream::Stream as Socket;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::model::CloseCode;

    const TEXT: &[u8] = &[0x81, 0x82, 1, 1, 1, 1, b'h' ^ 1, b'i' ^ 1];

    /// A WebSocket whose client is at the other end of a socket.
    struct World {
        websocket: WebSocket,
        stream: Stream,
        ending: Ending,
        order: Arc<EndOrder>,
        client: TcpStream,
    }

    impl World {
        async fn new() -> Self {
            Self::with(EndOrder::default()).await
        }

        async fn with(order: EndOrder) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (socket, _) = listener.accept().await.unwrap();
            let (ending, order) = (Ending::default(), Arc::new(order));
            ending.obey(Arc::clone(&order));
            let stream: Stream = Box::new(Socket::from(socket));
            Self { websocket: WebSocket::after(0), stream, ending, order, client }
        }

        /// What the agent is told now; nothing while it has to wait.
        fn read(&mut self) -> Option<Vec<u8>> {
            let mut bytes = [0; 64];
            let mut buf = ReadBuf::new(&mut bytes);
            let mut cx = Context::from_waker(noop_waker_ref());
            let (stream, mut behind) = (Pin::new(&mut self.stream), BytesMut::new());
            match self.websocket.poll_read(stream, &mut behind, &self.ending, &mut cx, &mut buf) {
                Poll::Ready(read) => read.map(|()| buf.filled().to_vec()).ok(),
                Poll::Pending => None,
            }
        }

        /// The agent says this; how much of it was taken.
        fn write(&mut self, bytes: &[u8]) -> usize {
            let mut cx = Context::from_waker(noop_waker_ref());
            let stream = Pin::new(&mut self.stream);
            match self.websocket.poll_write(stream, &self.ending, &mut cx, bytes) {
                Poll::Ready(written) => written.unwrap(),
                Poll::Pending => 0,
            }
        }

        async fn client_gets(&mut self, wanted: &[u8]) {
            let mut got = vec![0; wanted.len()];
            self.client.read_exact(&mut got).await.unwrap();
            assert_eq!(got, wanted);
        }
    }

    fn is_close(frame: &[u8]) -> bool {
        frame.len() == 8 && frame[..2] == [0x88, 0x82]
    }

    #[tokio::test]
    async fn both_sides_are_told_and_nothing_follows() {
        let mut world = World::new().await;
        assert_eq!(world.write(&[0x81, 1, b'a']), 3);
        world.order.give(EndedBy::Revoked);
        assert!(is_close(&world.read().unwrap()));
        assert_eq!(world.read().unwrap(), b"", "and then it is the end");
        assert_eq!(world.write(&[0x81, 1, b'b']), 3, "taken, and not passed on");
        assert_eq!(world.ending.ended(), Some((EndedBy::Revoked, EndedAt::Boundary)));
        world.client_gets(&[&[0x81, 1, b'a', 0x88, 9, 0x03, 0xf0][..], b"revoked"].concat()).await;
    }

    #[tokio::test]
    async fn frames_under_way_come_whole_first() {
        let mut world = World::new().await;
        assert_eq!(world.write(&[0x81, 3, b'a']), 3);
        world.client.write_all(&TEXT[..3]).await.unwrap();
        world.stream_is_readable().await;
        assert_eq!(world.read().unwrap(), &TEXT[..3]);
        world.order.give(EndedBy::Policy);
        assert!(world.read().is_none(), "both sides are within a frame");
        world.client.write_all(&[&TEXT[3..], b"never read"].concat()).await.unwrap();
        world.stream_is_readable().await;
        assert_eq!(world.read().unwrap(), &TEXT[3..]);
        assert!(world.read().is_none(), "the agent's frame is not whole yet");
        let rest = [b'b', b'c', 0x81, 0];
        assert_eq!(world.write(&rest), 2, "up to the end of the frame");
        assert_eq!(world.write(&rest[2..]), 2, "taken, and not passed on");
        assert!(is_close(&world.read().unwrap()));
        world.client_gets(&[0x81, 3, b'a', b'b', b'c', 0x88, 9, 0x03, 0xf0]).await;
    }

    #[tokio::test]
    async fn a_client_is_told_a_code_by_what_ended_it() {
        for (by, wanted) in [
            (EndedBy::Expiry, 4401_u16),
            (EndedBy::Revoked, 4401),
            (EndedBy::Policy, 4401),
            (EndedBy::Operator, POLICY),
            (EndedBy::Drain, GOING_AWAY),
        ] {
            let mut world = World::with(EndOrder::new(CloseCode::Unauthenticated)).await;
            world.order.give(by);
            assert!(is_close(&world.read().unwrap()));
            let [high, low] = wanted.to_be_bytes();
            let length = u8::try_from(2 + by.reason().len()).unwrap();
            world.client_gets(&[&[0x88, length, high, low][..], by.reason().as_bytes()].concat()).await;
        }
    }

    #[tokio::test]
    async fn a_stuck_frame_gets_no_close_frame() {
        let mut world = World::new().await;
        assert_eq!(world.write(&[0x81, 3, b'a']), 3);
        world.order.give(EndedBy::Policy);
        assert!(world.read().is_none());
        world.order.insist();
        assert_eq!(world.read().unwrap(), b"");
        assert_eq!(world.ending.ended(), Some((EndedBy::Policy, EndedAt::Within)));
        drop(world.stream);
        let mut all = Vec::new();
        world.client.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, [0x81, 3, b'a']);
    }

    impl World {
        async fn stream_is_readable(&self) {
            // The client wrote to a loopback socket: it is there when the kernel says so.
            let fd = self.stream.id();
            assert!(fd >= 0);
            tokio::task::yield_now().await;
        }
    }
}
