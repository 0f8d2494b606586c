//! What a test reads off a process, and how long something took.

use std::time::Duration;

use serde_json::Value;
use testkit::api::{If, Reply};
use testkit::fleet::FleetMember;
use testkit::{Fleet, Gateway, eventually};
use tokio::time::Instant;

/// How long a write may take to be answered, whatever is broken (settled 5), with what a busy machine adds.
pub(crate) const ANSWERED: Duration = Duration::from_millis(5500);

/// The processor time that a gateway has used so far.
pub(crate) fn processor_time(gateway: &Gateway) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", gateway.pid())).expect("it runs");
    // The name, in parentheses, may hold spaces; user and system time are the 14th and 15th field.
    let (_, fields) = stat.rsplit_once(") ").expect("a name");
    let fields: Vec<u64> = fields.split(' ').skip(11).take(2).map(|f| f.parse().expect("ticks")).collect();
    Duration::from_millis(fields.iter().sum::<u64>() * 10)
}

/// Creates an agent at a member, and holds the answer to the time within which there is one.
pub(crate) async fn write(fleet: &Fleet, at: usize, agent: &str) -> Reply {
    put(&fleet.members[at], agent, &fleet.open(agent)).await
}

/// The same at a gateway.
pub(crate) async fn put(member: &FleetMember, agent: &str, document: &Value) -> Reply {
    let began = Instant::now();
    let reply = member.api().put(&format!("/agents/{agent}"), If::Absent, document).await;
    let took = began.elapsed();
    assert!(took < ANSWERED, "{} after {took:?}: {}", reply.status, reply.text);
    reply
}

/// Writes until a write ends with one of these: a status, or the code of a refusal. Says how each one before ended.
pub(crate) async fn writes_until(fleet: &Fleet, at: usize, agent: &str, ends: &[&str], within: Duration) {
    let what = format!("a write at gateway-{at} ends with one of {ends:?}");
    eventually(&what, within, async || {
        let reply = write(fleet, at, agent).await;
        let code = reply.json()["code"].as_str().map_or_else(|| reply.status.to_string(), str::to_owned);
        let is_end = ends.contains(&&*code);
        if !is_end {
            eprintln!("gateway-{at}: {} {}", reply.status, reply.text);
        }
        is_end.then_some(())
    })
    .await;
}

/// A write that a person must make possible again, refused with this code.
#[track_caller]
pub(crate) fn needs_a_person(reply: &Reply, code: &str) {
    reply.problem(409, code);
    assert_eq!(reply.header("retry-after"), "", "waiting does not help: {}", reply.text);
}

/// A write that may be tried again later.
#[track_caller]
pub(crate) fn is_unavailable(reply: &Reply) {
    reply.problem(503, "store_unavailable");
    assert!(reply.header("retry-after").parse::<u32>().is_ok(), "Retry-After: {:?}", reply.headers);
}
