//! Many threads and one token, whose key is withdrawn and brought back meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use portcullis::gate::Evidence;
use portcullis::model::Reason;

use testkit::Key;

use super::world::{World, answer, bearer};

const THREADS: usize = 4;
const TURNS: u64 = 40;

#[test]
fn no_thread_accepts_a_token_after_its_key_was_withdrawn() {
    let (key, next) = (Key::new("EdDSA", "k"), Key::new("EdDSA", "next"));
    let mut world = World::new(100, &[&key], &[]);
    let mut claims = world.claims("a");
    claims["exp"] = (world.now + 10_000).into();
    let headers = bearer(&key.signed(&claims));
    let (agent, now) = (world.cached.agent("desk"), world.now + 500);
    // Even: the key is published, or about to be. Odd: it is withdrawn, and everybody was told.
    let (turn, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (agent, headers) = (Arc::clone(&agent), headers.clone());
            let (turn, over) = (Arc::clone(&turn), Arc::clone(&over));
            std::thread::spawn(move || {
                let (mut accepted, mut refused, mut late) = (0_u64, 0_u64, 0_u64);
                while !over.load(Ordering::Acquire) {
                    let before = turn.load(Ordering::Acquire);
                    let (seen, _) =
                        answer(&agent, &headers, now, &Evidence::unavailable()).expect("a decision");
                    let after = turn.load(Ordering::Acquire);
                    let withdrawn = before % 2 == 1 && before == after;
                    match seen.reason {
                        Reason::Ok if withdrawn => late += 1,
                        Reason::Ok => accepted += 1,
                        _ if withdrawn => refused += 1,
                        _ => {}
                    }
                }
                (accepted, refused, late)
            })
        })
        .collect();
    for _ in 0..TURNS {
        world.publish("corp", &[&next]);
        turn.fetch_add(1, Ordering::Release);
        for _ in 0..200 {
            std::thread::yield_now();
        }
        turn.fetch_add(1, Ordering::Release);
        world.publish("corp", &[&key, &next]);
    }
    over.store(true, Ordering::Release);
    let counts = threads.into_iter().map(|thread| thread.join().expect("it ends"));
    let (accepted, refused, late) =
        counts.fold((0, 0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1, sum.2 + one.2));
    eprintln!(
        "{TURNS} withdrawals, {accepted} accepted, {refused} refused, {late} accepted after the withdrawal"
    );
    assert_eq!(late, 0);
    assert!(accepted > 100 && refused > 20, "{accepted} accepted, {refused} refused");
}
