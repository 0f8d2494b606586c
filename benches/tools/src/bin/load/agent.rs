//! The agent behind every gateway. It answers each request at once, and keeps an eye on what arrives.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use serde::Serialize;

use crate::Outcome;
use crate::answer::write_body;
use crate::tally::Complaints;

const LISTENER: Token = Token(usize::MAX);

/// A listener, its connections, and what it has seen.
pub(crate) struct Agent {
    poll: Poll,
    events: Events,
    listener: TcpListener,
    connections: Vec<Option<Connection>>,
    scratch: Vec<u8>,
    body: usize,
    /// What the requests must look like, if that is looked at.
    pub(crate) expected: Option<Expected>,
    witness: Witness,
}

/// What a request must look like when it arrives.
pub(crate) struct Expected {
    pub(crate) path: String,
    /// The subject in `X-Caller-Sub` and no credential, else the credential as it was sent.
    pub(crate) checked: bool,
    /// The number of the request, less this many times itself, is the subject.
    pub(crate) subjects: u64,
}

/// What has reached the agent.
#[derive(Default, Serialize)]
pub(crate) struct Witness {
    pub(crate) requests: u64,
    pub(crate) bytes: u64,
    pub(crate) wrong: Complaints,
    /// The head of the last request, for who wants to look at it.
    pub(crate) last: String,
}

struct Connection {
    stream: TcpStream,
    head: Vec<u8>,
    out: Vec<u8>,
    sent: usize,
}

impl Agent {
    pub(crate) fn new(address: SocketAddr) -> Outcome<Self> {
        let poll = Poll::new()?;
        let mut listener = TcpListener::bind(address)?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self {
            poll,
            events: Events::with_capacity(1024),
            listener,
            connections: Vec::new(),
            scratch: vec![0; 16 * 1024],
            body: 100,
            expected: None,
            witness: Witness::default(),
        })
    }

    /// The size of an answer's body.
    pub(crate) fn body(&mut self, length: usize) {
        self.body = length;
    }

    pub(crate) fn take_witness(&mut self) -> Witness {
        std::mem::take(&mut self.witness)
    }

    /// Does what there is to do; waits for it no longer than that.
    pub(crate) fn turn(&mut self, wait: Duration) -> Outcome<()> {
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        let mut accept = false;
        for event in &self.events {
            if event.token() == LISTENER {
                accept = true;
                continue;
            }
            let Some(place) = self.connections.get_mut(event.token().0) else { continue };
            let Some(connection) = place else { continue };
            let body = self.body;
            let alive = connection.serve(&mut self.scratch, |head, read, out| {
                self.witness.bytes += read as u64;
                if let Some(head) = head {
                    self.witness.see(head, self.expected.as_ref());
                    respond(head, body, out);
                }
            });
            if !alive {
                *place = None;
            }
        }
        if accept { self.accept() } else { Ok(()) }
    }

    fn accept(&mut self) -> Outcome<()> {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            stream.set_nodelay(true)?;
            let free = self.connections.iter().position(Option::is_none);
            let at = free.unwrap_or(self.connections.len());
            self.poll.registry().register(&mut stream, Token(at), Interest::READABLE | Interest::WRITABLE)?;
            let connection = Connection { stream, head: Vec::new(), out: Vec::new(), sent: 0 };
            match self.connections.get_mut(at) {
                Some(place) => *place = Some(connection),
                None => self.connections.push(Some(connection)),
            }
        }
    }
}

impl Connection {
    /// False when the connection is over. Calls `heard` for what was read, with the head when it is whole.
    fn serve(
        &mut self,
        scratch: &mut [u8],
        mut heard: impl FnMut(Option<&[u8]>, usize, &mut Vec<u8>),
    ) -> bool {
        if !self.flush() {
            return false;
        }
        loop {
            let read = match self.stream.read(scratch) {
                Ok(0) => return false,
                Ok(read) => read,
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            };
            self.head.extend_from_slice(scratch.get(..read).unwrap_or_default());
            // Requests have no body, and no gateway sends the next before it has the answer.
            if self.head.ends_with(b"\r\n\r\n") {
                heard(Some(&self.head), read, &mut self.out);
                self.head.clear();
                if !self.flush() {
                    return false;
                }
            } else {
                heard(None, read, &mut self.out);
            }
            // Less than there was room for: there is no more, and the next will come with an event.
            if read < scratch.len() {
                return true;
            }
        }
    }

    fn flush(&mut self) -> bool {
        while let Some(rest) = self.out.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(written) => self.sent += written,
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
        self.out.clear();
        self.sent = 0;
        true
    }
}

impl Witness {
    fn see(&mut self, head: &[u8], expected: Option<&Expected>) {
        self.requests += 1;
        let Some(expected) = expected else {
            self.last = String::from_utf8_lossy(head).into_owned();
            return;
        };
        if let Err(what) = expected.check(head) {
            self.wrong.add(|| format!("the agent got {what}: {}", String::from_utf8_lossy(head)));
        }
    }
}

impl Expected {
    fn check(&self, head: &[u8]) -> Result<(), &'static str> {
        let mut headers = [httparse::EMPTY_HEADER; 48];
        let mut request = httparse::Request::new(&mut headers);
        if request.parse(head).is_err() {
            return Err("no request");
        }
        let (path, number) = request.path.and_then(|path| path.split_once("?n=")).unwrap_or_default();
        if path != self.path || request.method != Some("GET") {
            return Err("another path or method");
        }
        let number = u64::from_str_radix(number, 16).map_err(|_| "no number")?;
        let (mut subject, mut credentials) = (None::<u64>, 0);
        for header in request.headers.iter() {
            if header.name.eq_ignore_ascii_case("authorization") {
                credentials += 1;
            } else if header.name.eq_ignore_ascii_case("x-caller-sub") {
                let text = str::from_utf8(header.value).unwrap_or_default();
                subject = text.strip_prefix("caller-").and_then(|digits| digits.parse().ok());
            }
        }
        match (self.checked, credentials, subject) {
            (false, 1, _) => Ok(()),
            (true, 0, Some(subject)) if subject == number % self.subjects => Ok(()),
            (true, 0, _) => Err("a wrong subject"),
            (true, ..) => Err("the credential"),
            (false, ..) => Err("no credential"),
        }
    }
}

fn respond(head: &[u8], length: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ");
    out.extend_from_slice(length.to_string().as_bytes());
    out.extend_from_slice(b"\r\n\r\n");
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let at = line.windows(3).position(|three| three == b"?n=").map_or(line.len(), |at| at + 3);
    let number = line.get(at..at + crate::answer::NUMBER).unwrap_or(b"0000000000000000");
    write_body(number, length, out);
}
