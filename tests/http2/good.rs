//! What sound clients do, and must be served for: everything that the standard allows, and much of it.

use std::collections::BTreeMap;

use super::wire::{
    CLIENT_SETTINGS, CONTINUATION, DATA, END_HEADERS, END_STREAM, Fate, GOAWAY, HEADERS, PADDED, PING,
    PRIORITY, RST_STREAM, SETTINGS, block, field, frame, get, number, post, request, settings, window,
};
use super::world::{SOON, World};

const HAS_PRIORITY: u8 = 0x20;

/// A name, a client's settings, and the bytes behind them.
type Case = (&'static str, Vec<(u16, u32)>, Vec<u8>);

/// Each asks for `/open/good`, on stream 1 if nothing else is said.
fn cases() -> Vec<Case> {
    let good = || block(&request("/open/good"));
    let plain = || get(1, "/open/good");
    let usual = || CLIENT_SETTINGS.to_vec();
    let head = |flags: u8, payload: &[u8]| frame(HEADERS, END_HEADERS | END_STREAM | flags, 1, payload);
    let body = |pieces: &[Vec<u8>]| [&[post(1, "/open/good", &[])], pieces].concat().concat();
    vec![
        ("no settings", vec![], plain()),
        ("a large table", vec![(1, 1 << 20)], plain()),
        ("a table of one byte", vec![(1, 1)], plain()),
        ("frames of 16 MiB", [usual(), vec![(5, (1 << 24) - 1)]].concat(), plain()),
        ("a window of 2^31-1", [usual(), vec![(4, 0x7fff_ffff)]].concat(), plain()),
        ("settings that nobody knows", [usual(), vec![(0x0a0a, 1), (0xfafa, 7)]].concat(), plain()),
        ("a browser's settings", vec![(1, 65_536), (2, 0), (4, 131_072), (5, 16_384), (9, 1)], plain()),
        ("settings once more", usual(), [settings(&[(4, 100_000)]), plain(), settings(&[(3, 50)])].concat()),
        ("priorities as old browsers send them", usual(), {
            let groups = [(3, 200), (5, 100), (7, 0), (9, 0), (11, 0), (13, 240)];
            let each = groups.map(|(id, weight)| frame(PRIORITY, 0, id, &[0, 0, 0, 0, weight]));
            let request = [&[0, 0, 0, 13, 41][..], &good()].concat();
            [
                each.concat(),
                frame(HEADERS, END_HEADERS | END_STREAM | HAS_PRIORITY, 15, &request),
                get(17, "/open/good"),
            ]
            .concat()
        }),
        ("a head with priority", usual(), head(HAS_PRIORITY, &[&[0x80, 0, 0, 0, 255][..], &good()].concat())),
        ("a padded head", usual(), head(PADDED, &[&[3][..], &good(), &[0; 3]].concat())),
        ("a head padded with nothing", usual(), head(PADDED, &[&[0][..], &good()].concat())),
        ("a head padded as far as can be", usual(), head(PADDED, &[&[255][..], &good(), &[0; 255]].concat())),
        ("a head in pieces", usual(), {
            let good = good();
            let (a, rest) = good.split_at(10);
            let (b, c) = rest.split_at(1);
            let start = frame(HEADERS, END_STREAM, 1, a);
            [start, frame(CONTINUATION, 0, 1, b), frame(CONTINUATION, END_HEADERS, 1, c)].concat()
        }),
        ("a head that ends with nothing", usual(), {
            [frame(HEADERS, END_STREAM, 1, &good()), frame(CONTINUATION, END_HEADERS, 1, b"")].concat()
        }),
        ("static fields by their index", usual(), {
            let path = [&[0x04][..], &number(0, 7, 10), b"/open/good"].concat();
            let host = [&[0x01][..], &number(0, 7, 12), b"gateway.test"].concat();
            head(0, &[&[0x82, 0x87][..], &path, &host].concat())
        }),
        ("fields that are never to be indexed", usual(), {
            let secret = [&[0x10][..], &number(0, 7, 8), b"x-secret", &number(0, 7, 1), b"1"].concat();
            head(0, &[good(), secret].concat())
        }),
        ("fields that are indexed, and said again", usual(), {
            let entry = [&[0x40][..], &number(0, 7, 3), b"x-a", &number(0, 7, 1), b"1"].concat();
            head(0, &[good(), entry, vec![0xbe, 0xbe]].concat())
        }),
        ("a table that is made smaller and larger", usual(), {
            head(0, &[&[0x20][..], &number(0x20, 5, 4096), &good()].concat())
        }),
        ("Huffman's code", usual(), {
            // `x-a: 302`.
            head(0, &[&good()[..], &[0, 3], b"x-a", &[0x82, 0x64, 0x02]].concat())
        }),
        ("a body in one piece", usual(), body(&[frame(DATA, END_STREAM, 1, b"abc")])),
        (
            "a body that ends with nothing",
            usual(),
            body(&[frame(DATA, 0, 1, b"abc"), frame(DATA, END_STREAM, 1, b"")]),
        ),
        ("an empty body", usual(), body(&[frame(DATA, END_STREAM, 1, b"")])),
        ("a padded body", usual(), body(&[frame(DATA, END_STREAM | PADDED, 1, &[2, b'a', 0, 0])])),
        ("a body with a pause that says nothing", usual(), {
            body(&[
                frame(DATA, 0, 1, b"a"),
                frame(DATA, 0, 1, b"").repeat(50),
                frame(DATA, END_STREAM, 1, b"b"),
            ])
        }),
        ("trailers", usual(), {
            let trailers = frame(HEADERS, END_HEADERS | END_STREAM, 1, &field("x-sum", "1"));
            body(&[frame(DATA, 0, 1, b"abc"), trailers])
        }),
        ("trailers in pieces", usual(), {
            let trailers = frame(HEADERS, END_STREAM, 1, &field("x-sum", "1"));
            body(&[
                frame(DATA, 0, 1, b"abc"),
                trailers,
                frame(CONTINUATION, END_HEADERS, 1, &field("x-b", "2")),
            ])
        }),
        ("frames that nobody knows", usual(), {
            [frame(0xfa, 0xff, 0, &[1; 100]), plain(), frame(0xfb, 0, 1, b""), frame(0x10, 0, 0, b"u=1")]
                .concat()
        }),
        ("flags that nobody knows", usual(), frame(HEADERS, END_HEADERS | END_STREAM | 0xc2, 1, &good())),
        ("the reserved bit", usual(), frame(HEADERS, END_HEADERS | END_STREAM, 0x8000_0001, &good())),
        ("PINGs before and after", usual(), {
            [frame(PING, 0, 0, &[1; 8]), plain(), frame(PING, 0, 0, &[2; 8])].concat()
        }),
        ("wide windows", usual(), [window(0, 15_663_105), plain(), window(1, 1_000_000)].concat()),
        ("streams that are left out", usual(), [get(1001, "/open/x"), get(2001, "/open/x")].concat()),
        ("another stream that is reset", usual(), {
            [get(1, "/open/good"), get(3, "/open/slow"), frame(RST_STREAM, 0, 3, &[0, 0, 0, 8])].concat()
        }),
        ("a farewell behind the request", usual(), { [plain(), frame(GOAWAY, 0, 0, &[0; 8])].concat() }),
    ]
}

#[tokio::test]
async fn whatever_the_standard_allows_is_served() {
    all_are_served(&World::start().await).await;
}

/// Sends all cases.
pub(crate) async fn all_are_served(world: &World) {
    let cases = cases();
    let mut wrong = Vec::new();
    for (name, settings, bytes) in &cases {
        let mut wire = world.open().await;
        wire.begin(settings).await;
        wire.send(bytes).await;
        // The last request of those that have more than one stream.
        let stream = match *name {
            "priorities as old browsers send them" => 17,
            "streams that are left out" => 2001,
            _ => 1,
        };
        let fate = wire.fate(stream, SOON).await;
        let body = if fate == Fate::Status(200) { wire.body(stream).await } else { None };
        if body.is_none() {
            wrong.push(format!("{name}: {fate:?}"));
        }
    }
    eprintln!("good: {} cases, {} refused", cases.len(), wrong.len());
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(!world.gateway.stderr().iter().any(|line| line.contains("was ended")));
}

#[tokio::test]
async fn thousands_of_streams_one_after_the_other_are_served_on_one_connection() {
    const STREAMS: u32 = 2000;
    let world = World::start().await;
    let mut wire = world.connect().await;
    for n in 0..STREAMS {
        let stream = 2 * n + 1;
        // Besides each request, as much as talkative clients say: a priority, two windows, a PING.
        let talk = [
            frame(PRIORITY, 0, stream, &[0, 0, 0, 0, 16]),
            get(stream, "/open/one"),
            window(0, 1000),
            window(stream, 1000),
            frame(PING, 0, 0, &u64::from(n).to_be_bytes()),
        ];
        assert!(wire.send(&talk.concat()).await, "stream {n} is taken");
        assert_eq!(wire.fate(stream, SOON).await, Fate::Status(200), "stream {n}");
        assert!(wire.body(stream).await.is_some(), "stream {n}");
    }
    eprintln!("one after the other: {STREAMS} streams, 0 failed");
    assert_eq!(world.reached("/open/one"), STREAMS as usize);
}

#[tokio::test]
async fn a_hundred_streams_at_once_are_served_again_and_again() {
    const ROUNDS: u32 = 20;
    let world = World::start().await;
    let mut wire = world.connect().await;
    wire.send(&window(0, 1 << 30)).await;
    for round in 0..ROUNDS {
        let ids = (0..100).map(|n| 2 * (round * 100 + n) + 1);
        assert!(wire.send(&ids.clone().flat_map(|id| get(id, "/open/many")).collect::<Vec<u8>>()).await);
        let mut open: BTreeMap<u32, usize> = ids.map(|id| (id, 0)).collect();
        while !open.is_empty() {
            let frame = tokio::time::timeout(SOON, wire.next()).await.expect("in time").expect("it goes on");
            assert!(!matches!(frame.kind, RST_STREAM | GOAWAY), "{frame:?} in round {round}");
            if frame.kind == DATA {
                *open.get_mut(&frame.stream).expect("a stream of this round") += frame.payload.len();
            }
            if matches!(frame.kind, DATA | HEADERS) && frame.flags & END_STREAM != 0 {
                assert!(open.remove(&frame.stream).is_some_and(|length| length > 0));
            }
        }
    }
    eprintln!("at once: {} streams, 0 failed", ROUNDS * 100);
    assert_eq!(world.reached("/open/many"), 100 * ROUNDS as usize);
}

#[tokio::test]
async fn a_stream_of_many_small_pieces_arrives_whole() {
    const PIECES: usize = 20_000;
    let world = World::start().await;
    let mut wire = world.connect().await;
    assert!(wire.send(&post(1, "/open/pieces", &[])).await);
    let mut room = (65_535_i64, 65_535_i64);
    for piece in 0..PIECES {
        // As far as the windows allow, as a client must.
        while room.0 < 8 || room.1 < 8 {
            let frame = wire.next().await.expect("it goes on");
            assert!(!matches!(frame.kind, RST_STREAM | GOAWAY), "{frame:?} after {piece} pieces");
            if frame.kind == super::wire::WINDOW_UPDATE {
                let more = i64::from(u32::from_be_bytes(frame.payload[..4].try_into().expect("four bytes")));
                if frame.stream == 0 { room.0 += more } else { room.1 += more }
            }
        }
        room = (room.0 - 8, room.1 - 8);
        let end = if piece + 1 == PIECES { END_STREAM } else { 0 };
        assert!(wire.send(&frame(DATA, end, 1, b"12345678")).await, "piece {piece} is taken");
    }
    assert_eq!(wire.fate(1, SOON).await, Fate::Status(200));
    let body = String::from_utf8(wire.body(1).await.expect("an answer")).expect("text");
    assert!(body.contains(&format!("\"body_length\":{}", PIECES * 8)), "{body}");
    eprintln!("pieces: {PIECES} of 8 bytes, 0 lost");
}

#[tokio::test]
async fn nothing_is_ever_pushed_and_the_settings_say_what_holds() {
    let world = World::start().await;
    let mut wire = world.open().await;
    // A client that would take pushes.
    wire.begin(&[(2, 1)]).await;
    let first = wire.next().await.expect("settings");
    assert_eq!(first.kind, SETTINGS);
    let pairs: BTreeMap<u16, u32> = first
        .payload
        .chunks(6)
        .map(|p| (u16::from_be_bytes([p[0], p[1]]), u32::from_be_bytes([p[2], p[3], p[4], p[5]])))
        .collect();
    assert_eq!(pairs.get(&3), Some(&100), "streams at once");
    assert!(
        pairs.get(&6).is_some_and(|list| (32 << 10..=64 << 10).contains(list)),
        "the header list: {pairs:?}"
    );
    assert_eq!(pairs.get(&8), None, "extended CONNECT is not offered");
    wire.send(&get(1, "/open/x")).await;
    assert_eq!(wire.fate(1, SOON).await, Fate::Status(200));
}
