//! One message in, one message out: however a request ends, over HTTP/1.1 and HTTP/2, and however it is answered, what
//! the agent's kept connections carry is whole requests with nothing between them, and those who come next get their
//! own answers.

use testkit::eventually;
use testkit::raw;
use tokio::time::timeout;

use super::exact::{ANSWERS, BEHIND_LATER, Exact};
use super::wire::{
    DATA, END_HEADERS, END_STREAM, Fate, HEADERS, PADDED, PING, RST_STREAM, Wire, block, field, frame, get,
    post, request,
};
use super::world::{SOON, World};

/// How a request goes out.
enum Sent {
    /// Pieces over HTTP/1.1, with a pause between each two.
    Http1(Vec<Vec<u8>>),
    /// Frames on stream 1 of a new connection, in two parts: some agents answer between them.
    Http2(Vec<u8>, Vec<u8>),
}

/// A way to end a request: the name, whether an answer must come, and how it is sent to a target.
type Case = (&'static str, bool, fn(&str) -> Sent);

const CASES: &[Case] = &[
    ("HTTP/1.1: no body", true, |to| http1(&[&line("GET", to, "")])),
    ("HTTP/1.1: HEAD", true, |to| http1(&[&line("HEAD", to, "")])),
    ("HTTP/1.1: a length", true, |to| http1(&[&line("POST", to, "Content-Length: 3\r\n"), "abc"])),
    ("HTTP/1.1: a length of nothing", true, |to| http1(&[&line("POST", to, "Content-Length: 0\r\n")])),
    ("HTTP/1.1: no length", true, |to| http1(&[&line("POST", to, "")])),
    ("HTTP/1.1: chunks", true, |to| http1(&[&chunks(to), "3\r\nabc\r\n", "0\r\n\r\n"])),
    ("HTTP/1.1: chunks at once", true, |to| http1(&[&format!("{}3\r\nabc\r\n0\r\n\r\n", chunks(to))])),
    ("HTTP/1.1: no chunk", true, |to| http1(&[&chunks(to), "0\r\n\r\n"])),
    ("HTTP/1.1: extensions and trailers", true, |to| {
        http1(&[&chunks(to), "3;a=b\r\nabc\r\n", "0;c\r\nX-Sum: 1\r\n\r\n"])
    }),
    ("HTTP/1.1: an invited body", true, |to| {
        http1(&[&line("POST", to, "Expect: 100-continue\r\nContent-Length: 3\r\n"), "abc"])
    }),
    ("HTTP/1.1: invited chunks", true, |to| {
        http1(&[&line("POST", to, "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n"), "0\r\n\r\n"])
    }),
    ("HTTP/1.1: a length that is not kept", false, |to| {
        http1(&[&line("POST", to, "Content-Length: 9\r\n"), "abc"])
    }),
    ("HTTP/1.1: chunks that do not end", false, |to| http1(&[&chunks(to), "3\r\nabc\r\n"])),
    ("HTTP/1.1: chunks that go wrong", false, |to| http1(&[&chunks(to), "3\r\nabc\r\n", "zz\r\n"])),
    ("HTTP/1.1: two at once", true, |to| {
        http1(&[&format!("{}{}", line("GET", to, ""), line("GET", "/exact/behind", ""))])
    }),
    ("HTTP/1.1: a tunnel that is refused", true, |to| {
        let fields = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                      Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        http1(&[&line("GET", to, fields)])
    }),
    ("HTTP/1.1: an upgrade that nobody knows", true, |to| {
        let fields = "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n";
        http1(&[&line("POST", to, fields), "abc"])
    }),
    ("HTTP/1.1: an upgrade with chunks", true, |to| {
        let fields = "Connection: Upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n";
        http1(&[&line("POST", to, fields), "3\r\nabc\r\n", "0\r\n\r\n"])
    }),
    ("HTTP/2: no body", true, |to| http2(&[get(1, to)], &[])),
    ("HTTP/2: HEAD", true, |to| {
        let mut fields = request(to);
        fields[0].1 = "HEAD";
        http2(&[frame(HEADERS, END_HEADERS | END_STREAM, 1, &block(&fields))], &[])
    }),
    ("HTTP/2: data", true, |to| http2(&[post(1, to, &[])], &[data(END_STREAM, b"abc")])),
    ("HTTP/2: data and an empty end", true, |to| {
        http2(&[post(1, to, &[]), data(0, b"abc")], &[data(END_STREAM, b"")])
    }),
    ("HTTP/2: data and an empty end at once", true, |to| {
        http2(&[post(1, to, &[]), data(0, b"abc"), data(END_STREAM, b"")], &[])
    }),
    ("HTTP/2: an empty end alone", true, |to| http2(&[post(1, to, &[])], &[data(END_STREAM, b"")])),
    ("HTTP/2: empty data all along", true, |to| {
        http2(&[post(1, to, &[]), data(0, b""), data(0, b"a"), data(0, b"")], &[data(END_STREAM, b"")])
    }),
    ("HTTP/2: padding", true, |to| {
        http2(&[post(1, to, &[]), data(PADDED, &[1, b'a', 0])], &[data(END_STREAM | PADDED, &[2, 0, 0])])
    }),
    ("HTTP/2: many pieces and an empty end", true, |to| {
        http2(&[post(1, to, &[]), data(0, &[b'x'; 4000]).repeat(12)], &[data(END_STREAM, b"")])
    }),
    ("HTTP/2: trailers", true, |to| http2(&[post(1, to, &[]), data(0, b"abc")], &[trailers()])),
    ("HTTP/2: trailers alone", true, |to| http2(&[post(1, to, &[])], &[trailers()])),
    ("HTTP/2: a length", true, |to| {
        http2(&[post(1, to, &[("content-length", "3")])], &[data(END_STREAM, b"abc")])
    }),
    ("HTTP/2: a length and an empty end", true, |to| {
        http2(&[post(1, to, &[("content-length", "3")]), data(0, b"abc")], &[data(END_STREAM, b"")])
    }),
    ("HTTP/2: a length of nothing", true, |to| {
        http2(&[post(1, to, &[("content-length", "0")])], &[data(END_STREAM, b"")])
    }),
    ("HTTP/2: a length that is not kept", false, |to| {
        http2(&[post(1, to, &[("content-length", "9")])], &[data(END_STREAM, b"abc")])
    }),
    ("HTTP/2: a length and no body", false, |to| {
        let fields = [&request(to)[..], &[("content-length", "3")]].concat();
        http2(&[frame(HEADERS, END_HEADERS | END_STREAM, 1, &block(&fields))], &[])
    }),
    ("HTTP/2: an expectation", true, |to| {
        http2(&[post(1, to, &[("expect", "100-continue")])], &[data(END_STREAM, b"abc")])
    }),
    ("HTTP/2: no body, and reset", false, |to| http2(&[get(1, to), reset()], &[])),
    ("HTTP/2: reset behind the end", false, |to| {
        http2(&[post(1, to, &[]), data(END_STREAM, b"abc"), reset()], &[])
    }),
    ("HTTP/2: reset after the end", false, |to| {
        http2(&[post(1, to, &[]), data(END_STREAM, b"abc")], &[reset()])
    }),
    ("HTTP/2: reset behind an empty end", false, |to| {
        http2(&[post(1, to, &[]), data(0, b"abc")], &[data(END_STREAM, b""), reset()])
    }),
    ("HTTP/2: reset before the end", false, |to| http2(&[post(1, to, &[]), data(0, b"abc")], &[reset()])),
    ("HTTP/2: a body that does not end", false, |to| http2(&[post(1, to, &[]), data(0, b"abc")], &[])),
];

fn http1(pieces: &[&str]) -> Sent {
    Sent::Http1(pieces.iter().map(|piece| piece.as_bytes().to_vec()).collect())
}

fn line(method: &str, to: &str, fields: &str) -> String {
    format!("{method} {to} HTTP/1.1\r\nHost: gateway.test\r\n{fields}\r\n")
}

fn chunks(to: &str) -> String {
    line("POST", to, "Transfer-Encoding: chunked\r\n")
}

fn http2(first: &[Vec<u8>], then: &[Vec<u8>]) -> Sent {
    Sent::Http2(first.concat(), then.concat())
}

fn data(flags: u8, payload: &[u8]) -> Vec<u8> {
    frame(DATA, flags, 1, payload)
}

fn trailers() -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, 1, &field("x-sum", "1"))
}

fn reset() -> Vec<u8> {
    frame(RST_STREAM, 0, 1, &[0, 0, 0, 8])
}

/// Waits until the gateway has taken all that was sent; whether an answer, or a reset, came meanwhile.
async fn taken(wire: &mut Wire) -> bool {
    wire.send(&frame(PING, 0, 0, &[7; 8])).await;
    let mut answered = false;
    let read = async {
        while let Some(frame) = wire.next().await {
            answered |= matches!(frame.kind, HEADERS | RST_STREAM);
            if frame.kind == PING {
                break;
            }
        }
    };
    timeout(SOON, read).await.expect("the gateway goes on");
    answered
}

/// A gateway with one worker, so that the next request meets what the last one left, and a connection of each kind
/// for those who come next.
struct Stage {
    world: World,
    agent: Exact,
    next: Wire,
    stream: u32,
    number: usize,
}

impl Stage {
    async fn set() -> Self {
        let agent = Exact::start().await;
        let more = format!(
            "  exact: {{ route: /exact, upstream: \"http://127.0.0.1:{}\", auth: public }}\n",
            agent.port
        );
        let world = World::with("  workers: 1\n", &more).await;
        let next = world.connect().await;
        Self { world, agent, next, stream: 1, number: 0 }
    }

    /// Sends a case, and says whether an answer came.
    async fn send(&self, sent: Sent, is_answered: bool) -> bool {
        match sent {
            Sent::Http1(pieces) => {
                let mut caller = raw::Wire::connect(self.world.gateway.port).await;
                caller.send(&pieces).await;
                if !is_answered {
                    // Who does not end a request leaves.
                    return true;
                }
                loop {
                    match caller.response(true).await {
                        Some(answer) if answer.status < 200 => {}
                        answer => return answer.is_some(),
                    }
                }
            }
            Sent::Http2(first, then) => {
                let mut wire = self.world.connect().await;
                wire.send(&first).await;
                let early = taken(&mut wire).await;
                wire.send(&then).await;
                early || taken(&mut wire).await || !is_answered || wire.fate(1, SOON).await != Fate::Silence
            }
        }
    }

    /// Those who come next, and what is not as it should be with them.
    async fn is_as_before(&mut self) -> Result<(), String> {
        for method in ["GET", "POST", "GET"] {
            self.number += 1;
            let path = format!("/exact/next-{}", self.number);
            let mut caller = raw::Wire::connect(self.world.gateway.port).await;
            let (fields, body) = if method == "POST" { ("Content-Length: 2\r\n", "xy") } else { ("", "") };
            caller.send(&[format!("{}{body}", line(method, &path, fields))]).await;
            let answer = caller.response(false).await.ok_or(format!("{method} {path}: no answer"))?;
            if answer.status != 200 || answer.body != path.as_bytes() {
                return Err(format!("{method} {path}: {answer:?}"));
            }
        }
        self.number += 1;
        let (path, stream) = (format!("/exact/next-{}", self.number), self.stream);
        self.stream += 2;
        self.next.send(&get(stream, &path)).await;
        let fate = self.next.fate(stream, SOON).await;
        let body = if fate == Fate::Status(200) { self.next.body(stream).await } else { None };
        if body.as_deref() != Some(path.as_bytes()) {
            return Err(format!("HTTP/2 {path}: {fate:?} {body:?}"));
        }
        match self.agent.faults() {
            faults if faults.is_empty() => Ok(()),
            faults => Err(format!("at the agent: {faults:?}")),
        }
    }
}

#[tokio::test]
async fn kept_connections_carry_whole_requests_and_nothing_between_them() {
    let mut stage = Stage::set().await;
    let mut wrong = Vec::new();
    let mut count = 0;
    for (name, is_answered, sent) in CASES {
        // What comes when the connection is in use again can be told from an answer by nobody.
        for how in ANSWERS.into_iter().filter(|how| *is_answered || *how != BEHIND_LATER) {
            count += 1;
            let strays = stage.agent.strays();
            let was = stage.send(sent(&format!("/exact/case?{how}")), *is_answered).await;
            if !was {
                wrong.push(format!("{name}, {how}: no answer"));
            }
            if how == BEHIND_LATER {
                let said = async || (stage.agent.strays() > strays).then_some(());
                eventually("something comes at rest", SOON, said).await;
            }
            if let Err(fault) = stage.is_as_before().await {
                wrong.push(format!("{name}, {how}: {fault}"));
            }
        }
    }
    let (requests, connections) = stage.agent.count();
    eprintln!(
        "pooled: {count} cases, {requests} requests on {connections} connections, {} wrong",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{} of {count} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(connections * 2 < requests, "connections are kept: {requests} requests on {connections}");
}
