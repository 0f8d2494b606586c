//! One agent hangs; another must not notice, and the one that hangs is back when it answers again.

use std::time::Duration;

use testkit::raw::Wire;

use crate::ask::Ask;
use crate::length::short_or_long;
use crate::report::Report;
use crate::steady::{Carrier, Steady};

use super::fates::Fate;
use super::origin::{Mood, Origin};
use super::world::Setup;

/// Requests that may be under way at the agent that hangs.
const PLACES: usize = 10;
/// Requests a second for it, and how many of them at the same time.
const RATE: u32 = 60;
const AT_ONCE: usize = 80;
/// What comes back at once comes back within this time, also on a busy machine.
const AT_ONCE_WITHIN: Duration = Duration::from_millis(500);

async fn hangs(name: &'static str, mood: Mood, ask: fn(u64) -> Ask) {
    let mut report = Report::new(name);
    let hung = Origin::start(mood);
    let queue = if mood == Mood::Deaf { hung.fill_queue().await } else { Vec::new() };
    let agents = format!(
        "  hang:\n    route: /hang\n    upstream: {{ url: \"{}\", connect_timeout: 2s, response_timeout: 3s }}\n    \
         auth: public\n    max_in_flight: {PLACES}\n",
        hung.url()
    );
    let world = Setup { agents: &agents, ..Setup::default() }.start().await;
    let good = world.good();
    let (bad, beside) = world
        .beside(&mut report, good, async || {
            let port = world.gateway.port;
            let bad = Steady::start(port, RATE, AT_ONCE, Carrier::Kept, ask);
            bad.sends(u64::from(RATE) * short_or_long(6, 60)).await;
            let mut one_more = Wire::here(port).await.expect("it connects");
            one_more.say(b"GET /hang HTTP/1.1\r\nHost: gateway.test\r\n\r\n").await;
            let came = one_more.answer(Duration::from_secs(5)).await;
            assert!(came.status() != 503 || came.has("retry-after"), "{came:?}");
            assert!(came.status() != 503 || came.has("x-request-id"), "{came:?}");
            bad.stop().await
        })
        .await;
    report.line("the agent that hangs", &bad);
    report.line("its answers", format!("{:?}", bad.statuses));
    let refused = bad.statuses.get(&503).copied().unwrap_or(0);
    assert_eq!(bad.failed, 0, "503 at once, or 504 in time: {bad}");
    assert!(refused >= bad.sent * 8 / 10, "{:?}", bad.statuses);
    assert!(bad.latency.quantile(0.8) <= AT_ONCE_WITHIN, "{bad}");
    beside.must_be_as_fast();

    hung.turn(Mood::Well);
    drop(queue);
    let back = async || {
        let mut wire = Wire::here(world.gateway.port).await?;
        wire.say(b"GET /hang HTTP/1.1\r\nHost: gateway.test\r\n\r\n").await;
        (Fate::of(&wire.answer(Duration::from_secs(5)).await) == Fate::Answered(200)).then_some(())
    };
    testkit::eventually("the agent is back", Duration::from_secs(6), back).await;
    let again =
        Steady::start(world.gateway.port, RATE, PLACES, Carrier::Kept, |n| Ask::get(format!("/hang/{n}")));
    again.sends(100).await;
    let again = again.stop().await;
    report.line("the same agent, back", &again);
    again.must_be_clean(100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_never_answers_is_left_alone_and_another_does_not_notice() {
    let ask = |n| Ask::get(format!("/hang/{n}")).wants(&[503, 504]);
    hangs("hanging agent: accepts, never answers", Mood::Silent, ask).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_reads_a_byte_in_a_while_is_left_alone_and_another_does_not_notice() {
    let ask = |n| Ask::post(format!("/hang/{n}"), vec![b'x'; 64 * 1024]).wants(&[503, 504]);
    hangs("hanging agent: accepts, reads slowly", Mood::Sluggish, ask).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_does_not_accept_is_left_alone_and_another_does_not_notice() {
    let ask = |n| Ask::get(format!("/hang/{n}")).wants(&[503, 504]);
    hangs("hanging agent: full backlog, never accepts", Mood::Deaf, ask).await;
}
