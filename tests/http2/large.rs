//! Heads that are too large: whole answers as far as can be, and each of them logged and counted.

use testkit::eventually;

use super::wire::{CONTINUATION, END_HEADERS, END_STREAM, Fate, HEADERS, block, field, frame, request};
use super::world::{SOON, World};

/// A head with `fields` further fields of `length` bytes each, in as many frames as it takes.
fn head(fields: usize, length: usize) -> Vec<u8> {
    let mut block = block(&request("/open/large"));
    for n in 0..fields {
        block.extend(field(format!("x-{n:04}"), vec![b'v'; length]));
    }
    let mut pieces = block.chunks(16_000).peekable();
    let mut bytes = Vec::new();
    let (mut kind, mut flags) = (HEADERS, END_STREAM);
    while let Some(piece) = pieces.next() {
        flags |= if pieces.peek().is_none() { END_HEADERS } else { 0 };
        bytes.extend(frame(kind, flags, 1, piece));
        (kind, flags) = (CONTINUATION, 0);
    }
    bytes
}

struct Case {
    name: &'static str,
    fields: usize,
    length: usize,
    fate: Fate,
    /// Whether the answer says what was wrong.
    is_whole: bool,
}

const fn case(name: &'static str, fields: usize, length: usize, fate: Fate, is_whole: bool) -> Case {
    Case { name, fields, length, fate, is_whole }
}

const CASES: [Case; 9] = [
    case("a large head", 30, 1000, Fate::Status(200), true),
    case("one field of 30 KiB", 1, 30_000, Fate::Status(200), true),
    case("a hundred fields", 100, 1, Fate::Status(200), true),
    case("a hundred and one fields", 101, 1, Fate::Status(431), true),
    case("a head of 33 KiB", 33, 1020, Fate::Status(431), true),
    case("a head of 45 KiB", 45, 1000, Fate::Status(431), true),
    // Beyond what the library takes in, which answers by itself.
    case("a head of 60 KiB", 60, 1000, Fate::Status(431), false),
    case("a thousand and more short fields", 1300, 1, Fate::Status(431), false),
    // Beyond what can be an oversight.
    case("a head of 300 KiB", 300, 1000, Fate::GoAway(11), false),
];

#[tokio::test]
async fn a_head_that_is_too_large_is_answered_with_431_logged_and_counted() {
    let world = World::start().await;
    let counted = async || {
        world.gateway.metric("portcullis_http_requests_total", &[r#"agent="_none""#, r#"code="431""#]).await
    };
    for Case { name, fields, length, fate, is_whole } in CASES {
        let (lines, before) = (world.gateway.stdout().len(), counted().await);
        let mut wire = world.connect().await;
        wire.send(&head(fields, length)).await;
        let came = wire.fate(1, SOON).await;
        assert_eq!(came, fate, "{name}");
        if is_whole {
            let body = String::from_utf8(wire.body(1).await.expect("a body")).expect("text");
            let wanted =
                if fate == Fate::Status(431) { "The request head is too large." } else { "/open/large" };
            assert!(body.contains(wanted), "{name}: {body}");
        }
        if fate == Fate::Status(431) {
            eventually("it is logged", SOON, async || {
                let all = world.gateway.stdout();
                all[lines..].iter().any(|line| line.contains(r#""status":431"#)).then_some(())
            })
            .await;
            eventually("it is counted", SOON, async || (counted().await > before).then_some(())).await;
            assert!((counted().await - before - 1.0).abs() < 0.5, "{name}: it is counted once");
        }
    }
    let reached = world.reached("/open/large");
    eprintln!("large: {} heads, {reached} reached the agent", CASES.len());
    assert_eq!(reached, 3);
}

/// The answer of the library is a single byte from the second time on, like the trailers of some answers.
#[tokio::test]
async fn each_of_many_heads_that_are_too_large_is_counted_once() {
    let world = World::start().await;
    let mut wire = world.open().await;
    // A client with a table, in which the library notes the status.
    wire.begin(&[(1, 4096)]).await;
    let fields: Vec<u8> = (0..1300).flat_map(|n| field(format!("x-{n:04}"), "v")).collect();
    for n in 0..10 {
        let block = [block(&request("/open/large")), fields.clone()].concat();
        assert!(wire.send(&frame(HEADERS, END_STREAM | END_HEADERS, 2 * n + 1, &block)).await);
    }
    eventually("each is counted", SOON, async || {
        let count = world.gateway.metric("portcullis_http_requests_total", &[r#"code="431""#]).await;
        ((count - 10.0).abs() < 0.5).then_some(())
    })
    .await;
    assert_eq!(world.reached("/open/large"), 0);
}
