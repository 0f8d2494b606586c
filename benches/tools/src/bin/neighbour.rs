//! A neighbour of the gateway for `make compare`: one that takes the caches away, and one that tells whether somebody does.
//!
//! - `neighbour thrash BYTES REST_US` reads so many bytes of a memory larger than any cache, rests, and goes on where it
//!   stopped, until it is ended;
//! - `neighbour walk BYTES` follows a path through so many bytes, line by line, each step known only after the one before,
//!   and prints what a step takes in nanoseconds: `{"low": …, "middle": …, "high": …}`, the lowest, the median and the ninth
//!   tenth of its rounds. What fits into the core's own cache takes the same each time, unless somebody else is in it.

use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

use serde_json::json;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// A line of the cache, as most processors have it.
const LINE: usize = 64;
/// More than the largest cache of servers of today.
const LARGE: usize = 512 << 20;
/// How long a walk is measured.
const MEASURED: Duration = Duration::from_secs(2);
/// Steps of one round, of which each gives one figure: some hundred microseconds.
const ROUND: usize = 1 << 15;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["thrash", bytes, rest] => thrash(bytes.parse()?, Duration::from_micros(rest.parse()?)),
        ["walk", bytes] => walk(bytes.parse()?),
        _ => Err("usage: neighbour thrash BYTES REST_US | neighbour walk BYTES".into()),
    }
}

fn thrash(bytes: usize, rest: Duration) -> Outcome<()> {
    // Written, so that each page is memory of its own.
    let memory = vec![1_u8; LARGE];
    let mut lines = memory.iter().step_by(LINE).cycle();
    loop {
        let sum = lines.by_ref().take(bytes / LINE).fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        black_box(sum);
        std::thread::park_timeout(rest);
    }
}

fn walk(bytes: usize) -> Outcome<()> {
    let next = path(bytes / LINE);
    let (mut at, mut taken) = (0, Vec::new());
    let end = Instant::now() + MEASURED;
    while Instant::now() < end {
        let began = Instant::now();
        for _ in 0..ROUND {
            at = next.get(at).ok_or("a path that leads out")?.0;
        }
        black_box(at);
        taken.push(began.elapsed().as_nanos() as f64 / ROUND as f64);
    }
    taken.sort_by(f64::total_cmp);
    let of = |share: f64| taken.get((taken.len() as f64 * share) as usize).copied();
    writeln!(std::io::stdout(), "{}", json!({ "low": of(0.0), "middle": of(0.5), "high": of(0.9) }))?;
    Ok(())
}

/// A step of the path, alone on its line.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Step(usize);

/// One way through all lines that comes back to its beginning, in no order that a processor foresees (Sattolo's shuffle).
fn path(lines: usize) -> Vec<Step> {
    let mut path: Vec<Step> = (0..lines).map(Step).collect();
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for last in (1..lines).rev() {
        // Knuth's generator (MMIX) is random enough for that.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        path.swap(last, (state >> 33) as usize % last);
    }
    path
}
