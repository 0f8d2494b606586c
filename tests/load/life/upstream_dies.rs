//! An upstream that is killed while it reads and writes: nothing that may have done something is seen twice, and half an
//! answer is never passed off as a whole one.

use std::time::Duration;

use super::mortal::{Moment, Mortal};
use crate::ask::Ask;
use crate::length::short_or_long;
use crate::process;
use crate::report::Report;
use crate::steady::{Carrier, Steady};
use crate::vitals::Vitals;

fn ask(n: u64) -> Ask {
    let body = if n.is_multiple_of(50) { vec![b'x'; 200_000] } else { vec![b'x'; 2_000] };
    let ask = match n % 6 {
        0 | 1 => Ask::post(format!("/p/{n}"), body),
        2 => Ask::of("DELETE", format!("/p/{n}"), Vec::new()),
        3 => Ask::of("PUT", format!("/p/{n}"), body),
        _ => Ask::get(format!("/p/{n}")),
    };
    // The body is compared where it is 200.
    Ask { status: &[200, 502], ..ask }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_is_killed_sees_nothing_twice_that_may_have_done_something() {
    let mut report = Report::new("upstream killed while it reads and writes");
    let mortal = Mortal::start(Duration::from_millis(700)).await;
    let body = format!(
        "agents:\n  p: {{ route: /p, upstream: \"http://127.0.0.1:{}\", auth: public }}\n",
        mortal.port
    );
    let place = process::place("  access_log: off\n", &body);
    let process = place.start().await;
    let load = Steady::start(place.port, 500, 48, Carrier::Kept, ask);
    let count = short_or_long(4_000, 300_000);
    load.sends(count).await;
    let tally = load.stop().await;
    let (seen, (deaths, restarts)) = (mortal.seen(), mortal.deaths());
    let repeatable = |name: &str| name.starts_with("GET ");
    let twice: Vec<_> = seen.iter().filter(|(name, times)| !repeatable(name) && times.len() > 1).collect();
    let gets: Vec<_> = seen.iter().filter(|(name, _)| repeatable(name)).collect();
    let (thrice, again): (Vec<_>, Vec<_>) =
        gets.iter().filter(|(_, times)| times.len() > 1).partition(|(_, times)| times.len() > 2);
    let after_a_byte: Vec<_> = again.iter().filter(|(_, times)| times[0]).collect();
    report.line("load", &tally);
    report.line("answers", format!("{:?}", tally.statuses));
    report.line("deaths of connections", format!("{deaths:?}, and {restarts} times of all"));
    report.line("POST, PUT and DELETE", format!("{} seen, {} twice", seen.len() - gets.len(), twice.len()));
    report.line(
        "GET",
        format!(
            "{} seen, {} tried again, {} more than once, {} after a byte of the answer",
            gets.len(),
            again.len(),
            thrice.len(),
            after_a_byte.len()
        ),
    );
    report.line("the gateway", Vitals::of(process.pid()));
    assert!(twice.is_empty(), "{twice:?}");
    assert!(thrice.is_empty() && after_a_byte.is_empty(), "{thrice:?} {after_a_byte:?}");
    let cut = tally.of_kind("closed inside the answer") + tally.of_kind("ConnectionReset inside the answer");
    assert_eq!(tally.failed - cut, 0, "{tally}");
    let half = deaths.get(&Moment::InTheAnswersBody).copied().unwrap_or(0);
    assert!(cut >= half && cut > 0, "{half} answers were cut, and {cut} shown so");
    assert!(!again.is_empty() && deaths.len() == 8 && restarts > 3, "every way to die was met: {deaths:?}");
    assert!(tally.statuses[&200] > count / 2, "{:?}", tally.statuses);
}
