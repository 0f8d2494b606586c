//! Many requests on few HTTP/2 connections, to an agent that hangs: each of them takes a connection to the agent.

use std::time::Duration;

use testkit::eventually;
use tokio::task::JoinSet;

use crate::report::Report;

use super::fates::{Fate, Fates};
use super::origin::{Mood, Origin};
use super::world::Setup;

const CONNECTIONS: usize = 6;
const STREAMS: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_of_few_connections_do_not_use_up_the_descriptors() {
    let mut report = Report::new("512 descriptors, 600 HTTP/2 streams to an agent that hangs");
    let hung = Origin::start(Mood::Silent);
    let agents = format!("  hang: {{ route: /hang, upstream: \"{}\", auth: public }}\n", hung.url());
    let through = &["prlimit", "--nofile=512:512"];
    let world = Setup { agents: &agents, tls: true, through, ..Setup::default() }.start().await;
    let good = world.good();
    let (fates, _) = world
        .beside(&mut report, good, async || {
            let mut asking = JoinSet::new();
            for _ in 0..CONNECTIONS {
                let (client, base) = world.http2();
                for _ in 0..STREAMS {
                    let request = client.get(format!("{base}/hang/x")).send();
                    asking.spawn(async move {
                        match request.await {
                            Ok(answer) => Fate::Answered(answer.status().as_u16()),
                            Err(_) => Fate::Closed,
                        }
                    });
                }
            }
            let most = CONNECTIONS * STREAMS;
            let mut last = 0;
            eventually("it takes no more", Duration::from_secs(10), async || {
                let now = world.in_flight().await;
                let is_steady = now > 0 && (now >= most || now.abs_diff(last) < 5);
                last = now;
                is_steady.then_some(())
            })
            .await;
            eprintln!("{last} requests are under way");
            // Good traffic goes on beside it for a while, and new connections of it as well.
            let fresh = world.good_over(crate::steady::Carrier::PerRequest);
            fresh.sends(200).await;
            let fresh = fresh.stop().await;
            eprintln!("new connections: {fresh}, {}", world.vitals());
            fresh.must_be_clean(200);
            hung.turn(Mood::Well);
            let mut fates = Fates::default();
            fates.extend(asking.join_all().await);
            fates
        })
        .await;
    report.line("the streams", &fates);
    assert_eq!(fates.answered(200) + fates.answered(503), CONNECTIONS * STREAMS, "{fates}");
}
