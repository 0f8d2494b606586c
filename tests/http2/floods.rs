//! Floods: each ends its connection soon, while others are served, memory stays, and no agent is troubled.

use std::time::Duration;

use testkit::eventually;
use tokio::time::Instant;

use super::wire::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, Fate, HEADERS, PADDED, PING, PRIORITY, RST_STREAM,
    SETTINGS, Wire, block, field, frame, get, number, post, request, settings, window,
};
use super::world::{Over, SOON, World};

/// The longest that a flood may go on.
const BOUND: Duration = Duration::from_secs(10);
/// What a flood may cost in memory, in KiB.
const MEMORY: u64 = 24 * 1024;
/// As much as a flood may send before it must have been ended.
const MOST: usize = 64 << 20;

struct Flood {
    name: &'static str,
    before: Vec<u8>,
    /// The nth piece.
    piece: Box<dyn Fn(u32) -> Vec<u8> + Send>,
    /// The word in the log, when it is our guard that ends it.
    reason: Option<&'static str>,
    /// The most requests that may reach the agent.
    reached: usize,
}

/// The same bytes again and again.
fn again(name: &'static str, before: Vec<u8>, bytes: Vec<u8>, reason: Option<&'static str>) -> Flood {
    Flood { name, before, piece: Box::new(move |_| bytes.clone()), reason, reached: 0 }
}

fn floods() -> Vec<Flood> {
    const CONTROL: Option<&str> = Some("control_flood");
    const RESETS: Option<&str> = Some("reset_flood");
    let waiting = || post(1, "/shut/slow", &[]);
    let stream = |n: u32| 2 * n + 1;
    vec![
        again("PING", vec![], frame(PING, 0, 0, &[0; 8]), CONTROL),
        again("PING answered unasked", vec![], frame(PING, ACK, 0, &[0; 8]), CONTROL),
        again("SETTINGS", vec![], settings(&[(4, 65_535)]), CONTROL),
        again("empty SETTINGS", vec![], frame(SETTINGS, 0, 0, b""), CONTROL),
        again(
            "changing windows by SETTINGS",
            vec![],
            [settings(&[(4, 0)]), settings(&[(4, 65_535)])].concat(),
            CONTROL,
        ),
        again("PRIORITY", vec![], frame(PRIORITY, 0, 1, &[0, 0, 0, 3, 16]), CONTROL),
        Flood {
            name: "PRIORITY on ever new streams",
            before: vec![],
            piece: Box::new(move |n| frame(PRIORITY, 0, stream(n), &[0, 0, 0, 0, 16])),
            reason: CONTROL,
            reached: 0,
        },
        again("WINDOW_UPDATE for the connection", vec![], window(0, 1), CONTROL),
        again("unknown frames", vec![], frame(0xee, 0, 0, b""), CONTROL),
        again("long unknown frames", vec![], frame(0xee, 0, 0, &[0; 16_000]), CONTROL),
        again("empty DATA", waiting(), frame(DATA, 0, 1, b""), None),
        again("DATA of padding", waiting(), frame(DATA, PADDED, 1, &[9; 10]), None),
        Flood {
            name: "rapid reset",
            before: vec![],
            piece: Box::new(move |n| {
                [get(stream(n), "/open/slow"), frame(RST_STREAM, 0, stream(n), &[0, 0, 0, 8])].concat()
            }),
            reason: None,
            reached: 400,
        },
        Flood {
            name: "rapid reset, a little later",
            before: vec![],
            // A batch opens streams, the next one resets them.
            piece: Box::new(move |n| {
                let id = stream(n / 128 * 64 + n % 64);
                if n / 64 % 2 == 0 { get(id, "/open/slow") } else { frame(RST_STREAM, 0, id, &[0, 0, 0, 8]) }
            }),
            // Ours, if the library has had time to see the streams in between.
            reason: None,
            reached: 400,
        },
        Flood {
            name: "resets that the server is made to send, by windows that are too wide",
            before: vec![],
            piece: Box::new(move |n| [get(stream(n), "/open/slow"), window(stream(n), 0x7fff_ffff)].concat()),
            // Ours, if the library, which counts them as well, is not quicker.
            reason: None,
            reached: 400,
        },
        Flood {
            name: "resets that the server is made to send, by DATA after the end",
            before: vec![],
            piece: Box::new(move |n| {
                [get(stream(n), "/open/slow"), frame(DATA, 0, stream(n), b"x")].concat()
            }),
            reason: None,
            reached: 400,
        },
        Flood {
            name: "resets that the server is made to send, by malformed heads",
            before: vec![],
            piece: Box::new(move |n| {
                let mut fields = request("/open/never").to_vec();
                fields.push(("connection", "close"));
                frame(HEADERS, END_HEADERS | END_STREAM, stream(n), &block(&fields))
            }),
            reason: RESETS,
            reached: 0,
        },
        Flood {
            name: "streams beyond the limit",
            before: vec![],
            piece: Box::new(move |n| post(stream(n), "/open/never", &[("content-length", "5")])),
            reason: RESETS,
            // The first hundred are good ones, whose body does not come.
            reached: 100,
        },
        Flood {
            name: "requests that Pingora refuses",
            before: vec![],
            piece: Box::new(move |n| {
                let mut fields = request("/open/never").to_vec();
                fields.push(("host", "other.test"));
                frame(HEADERS, END_HEADERS | END_STREAM, stream(n), &block(&fields))
            }),
            reason: None,
            reached: 0,
        },
        again(
            "empty CONTINUATION",
            frame(HEADERS, END_STREAM, 1, &block(&request("/open/never"))),
            frame(CONTINUATION, 0, 1, b""),
            None,
        ),
        again(
            "CONTINUATION of fields",
            frame(HEADERS, END_STREAM, 1, &block(&request("/open/never"))),
            frame(CONTINUATION, 0, 1, &field("x-a", "1").repeat(1000)),
            None,
        ),
        again(
            "CONTINUATION of one name",
            frame(HEADERS, END_STREAM, 1, &[&[0][..], &number(0, 7, 1 << 24)].concat()),
            frame(CONTINUATION, 0, 1, &[b'a'; 16_000]),
            None,
        ),
        Flood {
            name: "bombs of indexed fields",
            before: vec![],
            piece: Box::new(move |n| {
                // A field of 3.9 KiB goes into the table, and is then said a thousand times by one byte each.
                let value = [b'v'; 3900];
                let entry =
                    [&[0x40][..], &number(0, 7, 1), b"x", &number(0, 7, value.len()), &value].concat();
                let bomb = [block(&request("/open/never")), entry, vec![0xbe; 1000]].concat();
                frame(HEADERS, END_HEADERS | END_STREAM, stream(n), &bomb)
            }),
            reason: None,
            reached: 0,
        },
    ]
}

/// Sends the flood, while it reads what comes, until the connection is over: how long that took and how much was sent.
async fn pour(world: &World, flood: &Flood) -> (Duration, usize, Fate, u64) {
    let mut wire = world.connect().await;
    let (began, mut sent, mut highest) = (Instant::now(), 0, world.memory());
    assert!(wire.send(&flood.before).await);
    let mut fate = Fate::Silence;
    for n in 0.. {
        let batch: Vec<u8> = (n * 64..(n + 1) * 64).flat_map(|n| (flood.piece)(n)).collect();
        let taken = wire.send(&batch).await;
        sent += batch.len();
        fate = read_up(&mut wire).await;
        if n % 16 == 0 {
            highest = highest.max(world.memory());
        }
        if !taken || fate != Fate::Silence || sent > MOST || began.elapsed() > BOUND {
            break;
        }
    }
    if fate == Fate::Silence {
        fate = wire.fate(u32::MAX, SOON).await;
    }
    let took = began.elapsed();
    // A word of farewell is not yet the end.
    assert!(wire.is_over(SOON).await, "{}: {fate:?}, but it goes on", flood.name);
    (took, sent, fate, highest.max(world.memory()))
}

/// Whether a line of the log is about an HTTP/2 connection. Who says it counts, not what stands in it: the name of a
/// folder may hold any letters.
fn is_of_a_connection(line: &str) -> bool {
    let line: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    let target = line["target"].as_str().expect("a target");
    target.starts_with("pingora_core::apps") || target.split("::").any(|room| room.starts_with("h2"))
}

/// Reads what has come already.
async fn read_up(wire: &mut Wire) -> Fate {
    wire.fate(u32::MAX, Duration::from_millis(1)).await
}

#[tokio::test]
async fn every_flood_ends_its_connection_and_troubles_nobody_else() {
    all_end(Over::Tls, |_| true).await;
}

/// Pours those floods whose names are among these.
pub(crate) async fn all_end(over: Over, are_among: impl Fn(&str) -> bool) {
    let floods: Vec<Flood> = floods().into_iter().filter(|flood| are_among(flood.name)).collect();
    let (count, mut wrong) = (floods.len(), Vec::new());
    for flood in floods {
        let world = World::over(over, "").await;
        world.serves().await;
        let base = world.memory();
        let mut good = world.connect().await;
        let beside = async {
            let mut served = 0_u32;
            loop {
                let stream = 2 * served + 1;
                assert!(good.send(&get(stream, "/open/good")).await, "{}: a good one is cut", flood.name);
                assert_eq!(good.fate(stream, SOON).await, Fate::Status(200), "{}: beside it", flood.name);
                served += 1;
                tokio::task::yield_now().await;
                if served >= 1000 {
                    std::future::pending::<()>().await;
                }
            }
        };
        let (took, sent, fate, highest) = tokio::select! {
            () = beside => unreachable!("it goes on"),
            poured = pour(&world, &flood) => poured,
        };
        let said = match flood.reason {
            Some(reason) => {
                let said = eventually("it is said", SOON, async || world.has_said(reason).then_some(()));
                tokio::time::timeout(Duration::from_secs(2), said).await.is_ok()
            }
            None => true,
        };
        let grown = highest.saturating_sub(base);
        let others = ["/open/good", "/open/still"];
        let reached = world.upstream.seen().iter().filter(|seen| !others.contains(&&*seen.target)).count();
        let lines = world.gateway.stderr();
        let lines: Vec<_> = lines.iter().filter(|line| is_of_a_connection(line)).collect();
        let told = format!(
            "{}: {fate:?} after {} KiB in {took:.0?}; memory +{grown} KiB; {reached} reached the agent; {} in the log",
            flood.name,
            sent / 1024,
            lines.len()
        );
        eprintln!("{told}");
        let ends = matches!(fate, Fate::GoAway(_) | Fate::Closed) && took < BOUND;
        if !ends || !said || grown > MEMORY || reached > flood.reached || lines.len() > 1 {
            wrong.push(format!("{told} {lines:?}"));
        }
        world.serves().await;
    }
    eprintln!("floods: {count} kinds, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}
