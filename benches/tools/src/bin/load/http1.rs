//! Callers over HTTP/1.1: kept connections, one request at a time on each.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::Outcome;
use crate::answer::Wanted;
use crate::tally::Tally;

/// The connections to one gateway. They outlive the slices.
pub(crate) struct Callers {
    address: SocketAddr,
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    scratch: Vec<u8>,
}

/// Where requests come from: puts one into the buffer and says which answer it wants, or has no more.
pub(crate) trait Source {
    fn next(&mut self, out: &mut Vec<u8>) -> Option<Wanted>;
}

struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    sent: usize,
    head: Vec<u8>,
    /// Of the body: where we are, and how long it is.
    body: Option<(usize, usize)>,
    closes: bool,
    wanted: Option<Wanted>,
    since: Instant,
}

impl Callers {
    pub(crate) fn connect(address: SocketAddr, count: usize) -> Outcome<Self> {
        let poll = Poll::new()?;
        let connections =
            (0..count).map(|at| Connection::open(address, &poll, at)).collect::<Result<_, _>>()?;
        Ok(Self {
            address,
            poll,
            events: Events::with_capacity(1024),
            connections,
            scratch: vec![0; 128 * 1024],
        })
    }

    /// Gives every connection that rests its next request.
    pub(crate) fn start(&mut self, source: &mut impl Source, tally: &mut Tally) -> Outcome<()> {
        for at in 0..self.connections.len() {
            if let Some(connection) = self.connections.get_mut(at)
                && connection.wanted.is_none()
                && !connection.ask(source)
            {
                self.reopen(at, source, tally)?;
            }
        }
        Ok(())
    }

    /// How many requests are under way.
    pub(crate) fn busy(&self) -> usize {
        self.connections.iter().filter(|connection| connection.wanted.is_some()).count()
    }

    /// Takes what has come and sends what may go, without waiting.
    pub(crate) fn turn(&mut self, source: &mut impl Source, tally: &mut Tally) -> Outcome<()> {
        match self.poll.poll(&mut self.events, Some(Duration::ZERO)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        let mut closed = Vec::new();
        for event in &self.events {
            let at = event.token().0;
            let Some(connection) = self.connections.get_mut(at) else { continue };
            if !connection.serve(&mut self.scratch, source, tally) {
                closed.push(at);
            }
        }
        for at in closed {
            self.reopen(at, source, tally)?;
        }
        Ok(())
    }

    fn reopen(&mut self, at: usize, source: &mut impl Source, tally: &mut Tally) -> Outcome<()> {
        let fresh = Connection::open(self.address, &self.poll, at)?;
        let Some(connection) = self.connections.get_mut(at) else { return Ok(()) };
        // With no byte of an answer the request had met a connection that the gateway had given up meanwhile.
        let lost = connection.wanted.is_some() && (connection.body.is_some() || !connection.head.is_empty());
        let again = connection.wanted.is_some();
        *connection = fresh;
        tally.reconnects += 1;
        if lost {
            tally.wrong.add(|| "the connection ended in the middle of an answer".to_owned());
        }
        if again {
            connection.ask(source);
        }
        Ok(())
    }
}

impl Connection {
    fn open(address: SocketAddr, poll: &Poll, at: usize) -> Outcome<Self> {
        // Blocking, so that it is there when it is used.
        let stream = std::net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        poll.registry().register(&mut stream, Token(at), Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self {
            stream,
            request: Vec::new(),
            sent: 0,
            head: Vec::new(),
            body: None,
            closes: false,
            wanted: None,
            since: Instant::now(),
        })
    }

    /// Sends the next request, if there is one; false when the connection is over.
    fn ask(&mut self, source: &mut impl Source) -> bool {
        self.request.clear();
        self.sent = 0;
        self.wanted = source.next(&mut self.request);
        self.since = Instant::now();
        self.flush()
    }

    fn flush(&mut self) -> bool {
        while let Some(rest) = self.request.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(written) => self.sent += written,
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
        true
    }

    fn serve(&mut self, scratch: &mut [u8], source: &mut impl Source, tally: &mut Tally) -> bool {
        if !self.flush() {
            return false;
        }
        loop {
            let read = match self.stream.read(scratch) {
                Ok(0) => return false,
                Ok(read) => read,
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            };
            if self.hear(scratch.get(..read).unwrap_or_default(), tally) {
                // An answer that ends the connection is an answer; the next request takes a new one.
                if self.closes || !self.ask(source) {
                    return false;
                }
            }
            if read < scratch.len() {
                return true;
            }
        }
    }

    /// True when the answer is complete.
    fn hear(&mut self, mut bytes: &[u8], tally: &mut Tally) -> bool {
        let Some(wanted) = self.wanted else {
            tally.wrong.add(|| "an answer that nobody asked for".to_owned());
            return false;
        };
        if self.body.is_none() {
            let before = self.head.len();
            self.head.extend_from_slice(bytes);
            let Some((status, length, closes, end)) = parse(&self.head) else { return false };
            if let Err(what) = wanted.head(status, length) {
                tally.wrong.add(|| format!("{what}: {}", String::from_utf8_lossy(&self.head)));
                self.wanted = Some(Wanted { good: false, ..wanted });
            }
            self.closes = closes;
            self.body = Some((0, length.unwrap_or_default()));
            bytes = bytes.get(end.saturating_sub(before)..).unwrap_or_default();
        }
        let Some((at, length)) = self.body else { return false };
        if !wanted.body(at, bytes) && wanted.good {
            tally.wrong.add(|| format!("a body that belongs to another request, at byte {at}"));
        }
        let now_at = at + bytes.len();
        self.body = Some((now_at, length));
        if now_at < length {
            return false;
        }
        if now_at > length {
            tally.wrong.add(|| format!("{now_at} bytes where {length} were announced"));
        }
        tally.right(wanted.good, self.since.elapsed());
        self.head.clear();
        self.body = None;
        self.wanted = None;
        true
    }
}

/// Status, length, whether the connection ends, and where the body begins; nothing while the head is not complete.
fn parse(head: &[u8]) -> Option<(u16, Option<usize>, bool, usize)> {
    let mut headers = [httparse::EMPTY_HEADER; 48];
    let mut response = httparse::Response::new(&mut headers);
    let end = match response.parse(head) {
        Ok(httparse::Status::Complete(end)) => end,
        Ok(httparse::Status::Partial) => return None,
        // No status that anybody wants.
        Err(_) => return Some((0, None, true, head.len())),
    };
    let (mut length, mut closes) = (None, false);
    for header in response.headers.iter() {
        let value = str::from_utf8(header.value).unwrap_or_default().trim();
        if header.name.eq_ignore_ascii_case("content-length") {
            length = value.parse().ok();
        } else if header.name.eq_ignore_ascii_case("connection") {
            closes = value.eq_ignore_ascii_case("close");
        }
    }
    Some((response.code.unwrap_or_default(), length, closes, end))
}
