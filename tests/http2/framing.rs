//! How frames must be made: each way to get them wrong is an error of the connection or of the stream, and never a
//! request (RFC 9113 sections 4 to 6, RFC 7541).

use super::wire::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, Fate, GOAWAY, HEADERS, PADDED, PING, PRIORITY,
    PUSH_PROMISE, RST_STREAM, SETTINGS, block, field, frame, get, number, post, request, settings, window,
};
use super::world::{SOON, World};

fn head(flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    frame(HEADERS, flags, stream, payload)
}

/// A good request's block with something before or after it.
fn around(before: &[u8], after: &[u8]) -> Vec<u8> {
    head(END_HEADERS | END_STREAM, 1, &[before, &block(&request("/open/never")), after].concat())
}

/// Bytes after the preface and the settings, which must end the connection or reset what they are part of.
fn cases() -> Vec<(&'static str, Vec<u8>)> {
    let never = || block(&request("/open/never"));
    let waiting = || post(1, "/shut/x", &[]);
    vec![
        ("DATA on no stream", frame(DATA, END_STREAM, 0, b"x")),
        ("DATA on an idle stream", frame(DATA, END_STREAM, 1, b"x")),
        ("DATA with padding longer than itself", [waiting(), frame(DATA, PADDED, 1, &[9, 0, 0])].concat()),
        ("DATA with padding but no length", [waiting(), frame(DATA, PADDED, 1, b"")].concat()),
        (
            "DATA after the end",
            [get(1, "/open/never?slow"), frame(DATA, 0, 1, b"x"), frame(DATA, 0, 1, b"x")].concat(),
        ),
        ("HEADERS on no stream", head(END_HEADERS | END_STREAM, 0, &never())),
        ("HEADERS on a stream of the server's", head(END_HEADERS | END_STREAM, 2, &never())),
        (
            "HEADERS on a lower stream",
            [get(5, "/shut/a"), head(END_HEADERS | END_STREAM, 3, &never())].concat(),
        ),
        (
            "HEADERS with padding longer than themselves",
            head(END_HEADERS | END_STREAM | PADDED, 1, &[200, 0x82]),
        ),
        ("HEADERS that depend on themselves", {
            let payload = [&[0, 0, 0, 1, 16][..], &never()].concat();
            head(END_HEADERS | END_STREAM | 0x20, 1, &payload)
        }),
        ("CONTINUATION of nothing", frame(CONTINUATION, END_HEADERS, 1, &never())),
        ("CONTINUATION on another stream", {
            [head(END_STREAM, 1, &never()), frame(CONTINUATION, END_HEADERS, 3, b"")].concat()
        }),
        ("CONTINUATION after the end of the head", {
            [get(1, "/shut/a"), frame(CONTINUATION, END_HEADERS, 1, &never())].concat()
        }),
        ("another request within a head", [head(END_STREAM, 1, &never()), get(3, "/open/never")].concat()),
        ("DATA within a head", [head(0, 1, &never()), frame(DATA, END_STREAM, 1, b"x")].concat()),
        ("PING within a head", [head(END_STREAM, 1, &never()), frame(PING, 0, 0, &[0; 8])].concat()),
        ("an unknown frame within a head", [head(END_STREAM, 1, &never()), frame(0xee, 0, 0, b"")].concat()),
        ("PRIORITY on no stream", frame(PRIORITY, 0, 0, &[0, 0, 0, 0, 16])),
        ("PRIORITY of four bytes", frame(PRIORITY, 0, 1, &[0; 4])),
        ("RST_STREAM on no stream", frame(RST_STREAM, 0, 0, &[0; 4])),
        ("RST_STREAM on an idle stream", frame(RST_STREAM, 0, 9, &[0; 4])),
        ("RST_STREAM of three bytes", [waiting(), frame(RST_STREAM, 0, 1, &[0; 3])].concat()),
        ("SETTINGS on a stream", frame(SETTINGS, 0, 1, b"")),
        ("SETTINGS of five bytes", frame(SETTINGS, 0, 0, &[0; 5])),
        ("SETTINGS acknowledged with a payload", frame(SETTINGS, ACK, 0, &[0; 6])),
        ("SETTINGS acknowledged thrice", frame(SETTINGS, ACK, 0, b"").repeat(3)),
        ("push enabled with 2", settings(&[(2, 2)])),
        ("a first window beyond 2^31-1", settings(&[(4, 0x8000_0000)])),
        ("frames of at most 100 bytes", settings(&[(5, 100)])),
        ("frames beyond 2^24", settings(&[(5, 0x0100_0000)])),
        (
            "PUSH_PROMISE from a client",
            frame(PUSH_PROMISE, END_HEADERS, 1, &[&[0, 0, 0, 2][..], &never()].concat()),
        ),
        ("PING on a stream", frame(PING, 0, 1, &[0; 8])),
        ("PING of seven bytes", frame(PING, 0, 0, &[0; 7])),
        ("GOAWAY on a stream", frame(GOAWAY, 0, 1, &[0; 8])),
        ("a window of nothing for the connection", window(0, 0)),
        ("a window of nothing for a stream", [waiting(), window(1, 0)].concat()),
        ("a window on an idle stream", window(7, 10)),
        ("windows beyond 2^31-1", [window(0, 0x7fff_ffff), window(0, 0x7fff_ffff)].concat()),
        (
            "a stream's windows beyond 2^31-1",
            [waiting(), window(1, 0x7fff_ffff), window(1, 0x7fff_ffff)].concat(),
        ),
        ("a frame beyond 16 KiB", frame(0, 0, 1, &[0; 16_385])),
        ("an unknown frame beyond 16 KiB", frame(0xee, 0, 0, &[0; 16_385])),
        ("HPACK: index 0", around(&[0x80], b"")),
        ("HPACK: an index beyond the tables", around(b"", &[0xff, 0x20])),
        ("HPACK: a name beyond the tables", around(b"", &[0x7f, 0x40, 1, b'x'])),
        (
            "HPACK: an endless number",
            around(b"", &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
        ),
        ("HPACK: a string beyond the block", around(b"", &[0, 5, b'a'])),
        ("HPACK: a name of 2^31 bytes", around(b"", &[&[0][..], &number(0, 7, 1 << 31)].concat())),
        ("HPACK: Huffman with its end sign", around(b"", &[0, 1, b'a', 0x84, 0xff, 0xff, 0xff, 0xff])),
        ("HPACK: Huffman padded with noughts", around(b"", &[0, 1, b'a', 0x81, 0x00])),
        ("HPACK: a table beyond what was offered", around(&number(0x20, 5, 1 << 20), b"")),
        ("HPACK: a size change behind a field", around(b"", &[0x20])),
        ("HPACK: a block that breaks off", around(b"", &field("x", "y")[..3])),
        ("HTTP/1.1 after the preface", b"GET /open/never HTTP/1.1\r\nHost: gateway.test\r\n\r\n".to_vec()),
    ]
}

#[tokio::test]
async fn frames_that_are_made_wrong_are_an_error_and_never_a_request() {
    none_is_a_request(&World::start().await).await;
}

/// Sends all cases.
pub(crate) async fn none_is_a_request(world: &World) {
    let cases = cases();
    let mut wrong = Vec::new();
    for (name, bytes) in &cases {
        let mut wire = world.connect().await;
        wire.send(bytes).await;
        // Whatever the first answer is, what follows the fault must not be served.
        let mut fate = wire.fate(1, SOON).await;
        if matches!(fate, Fate::Status(_)) {
            fate = wire.fate(1, SOON).await;
        }
        if !(fate.is_end() || matches!(fate, Fate::Reset(_))) {
            wrong.push(format!("{name}: {fate:?}"));
        }
    }
    let reached = world.reached("/open/never");
    eprintln!("framing: {} cases, {} wrong, {reached} reached the agent", cases.len(), wrong.len());
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert_eq!(reached, 0, "nothing of them reached the agent");
    world.serves().await;
}

#[tokio::test]
async fn what_is_no_preface_is_closed() {
    const STARTS: [&[u8]; 5] = [
        b"GET /open/never HTTP/1.1\r\nHost: gateway.test\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
        b"PRI * HTTP/1.1\r\n\r\nSM\r\n\r\n",
        b"\0\0\0\x04\0\0\0\0\0",
        b"\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ];
    let world = World::start().await;
    for start in STARTS {
        let mut wire = world.open().await;
        wire.send(start).await;
        let fate = wire.fate(1, SOON).await;
        assert!(
            fate.is_end() || fate == Fate::GoAway(0),
            "{fate:?} for {:?}",
            String::from_utf8_lossy(start)
        );
    }
    let mut wire = world.open().await;
    // A preface, but no settings behind it.
    wire.send(&[&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &get(1, "/shut/a")].concat()).await;
    let first = wire.fate(1, SOON).await;
    eprintln!("prefaces: {} cases; settings left out: {first:?}", STARTS.len());
    assert_eq!(world.reached("/open/never"), 0);
    world.serves().await;
}
