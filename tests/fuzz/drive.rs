//! Runs a target on its seeds and on what becomes of them, for a time. An input that gets a new word out of the
//! target is kept and changed further: a poor man's coverage, which finds the way through a grammar step by step.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use super::mutate::mutate;
use super::targets::{ALL, Target};

/// Each target has this long; `PORTCULLIS_LONG=1` gives it more, `PORTCULLIS_SEED=N` another beginning.
const SHORT: Duration = Duration::from_secs(3);
const LONG: Duration = Duration::from_secs(90);
/// One input may take this long at most, on a busy machine and without optimisation.
const SLOW: Duration = Duration::from_secs(5);
/// So many inputs are kept.
const KEPT: usize = 4096;
/// So often a failing input is made smaller.
const TRIES: usize = 2000;

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(name);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).expect("a seed")).collect()
}

fn fails(target: &Target, input: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| (target.run)(input))).is_err()
}

/// Takes out what the failure does not need.
fn smaller(target: &Target, mut input: Vec<u8>) -> Vec<u8> {
    std::panic::set_hook(Box::new(|_| {}));
    let mut piece = input.len() / 2;
    let mut tries = 0;
    while piece > 0 {
        let mut at = 0;
        while at + piece <= input.len() && tries < TRIES {
            tries += 1;
            let shorter = [&input[..at], &input[at + piece..]].concat();
            if fails(target, &shorter) { input = shorter } else { at += piece }
        }
        piece /= 2;
    }
    let _ours = std::panic::take_hook();
    input
}

/// The input as it can be pasted into a test.
fn literal(input: &[u8]) -> String {
    let mut out = String::from("b\"");
    for byte in input {
        write!(out, "{}", std::ascii::escape_default(*byte)).expect("a string");
    }
    out + "\""
}

/// Runs one target; panics with the smallest failing input that it finds.
pub(crate) fn fuzz(name: &str) {
    let target = ALL.iter().find(|target| target.name == name).expect("a target");
    let long = std::env::var_os("PORTCULLIS_LONG").is_some();
    let seed = std::env::var("PORTCULLIS_SEED").ok().map_or(1, |seed| seed.parse().expect("a number"));
    let mut random = StdRng::seed_from_u64(seed);
    let mut pool = seeds(name);
    assert!(!pool.is_empty(), "{name} has no seeds");
    let planted = pool.len();
    let mut words = HashSet::new();
    let mut slowest = Duration::ZERO;
    let deadline = Instant::now() + if long { LONG } else { SHORT };
    let mut runs = 0_usize;
    while Instant::now() < deadline {
        let mut input = match pool.get(runs) {
            Some(planted_as_it_is) if runs < planted => planted_as_it_is.clone(),
            _ => pool[random.random_range(0..pool.len())].clone(),
        };
        if runs >= planted {
            let other = random.random_range(0..pool.len());
            mutate(&mut random, &mut input, &pool[other], target.words);
        }
        let began = Instant::now();
        let Ok(word) = catch_unwind(AssertUnwindSafe(|| (target.run)(&input))) else {
            let least = smaller(target, input.clone());
            panic!(
                "{name}, seed {seed}, run {runs}, fails on\n{}\nwhich came from\n{}",
                literal(&least),
                literal(&input)
            );
        };
        let took = began.elapsed();
        assert!(took < SLOW, "{name} takes {took:?} over {}", literal(&input));
        slowest = slowest.max(took);
        if words.insert(word) && runs >= planted && pool.len() < KEPT {
            pool.push(input);
        }
        runs += 1;
    }
    eprintln!(
        "{name}: 0 failures in {runs} inputs ({} outcomes, slowest {slowest:?}, seed {seed})",
        words.len()
    );
    assert!(runs > planted, "{name}: only {runs} inputs in the time");
    assert!(words.len() > 2, "{name}: every input comes to the same: {words:?}");
}
