//! Few descriptors: the gateway serves on or refuses, never hangs, never dies, and is back when callers leave.

use std::process::Stdio;
use std::time::Duration;

use testkit::eventually;
use testkit::raw::Wire;
use tokio::task::JoinSet;

use crate::length::short_or_long;
use crate::report::Report;

use super::fates::{Fate, Fates};
use super::origin::{Mood, Origin};
use super::world::{Setup, World};

/// The longest that anybody waits for any answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// So many callers at the same time, each with a request; they hold their connections.
async fn crowd(port: u16, count: usize, target: &'static str) -> (Fates, Vec<Wire>) {
    let one = |_| async move {
        let Some(mut wire) = Wire::here(port).await else { return (Fate::NoConnection, None) };
        wire.say(format!("GET {target} HTTP/1.1\r\nHost: gateway.test\r\n\r\n").as_bytes()).await;
        (Fate::of(&wire.answer(PATIENCE).await), Some(wire))
    };
    let callers: JoinSet<_> = (0..count).map(one).collect();
    let mut fates = Fates::default();
    let mut held = Vec::new();
    for (fate, wire) in callers.join_all().await {
        fates.add(fate);
        held.extend(wire);
    }
    (fates, held)
}

async fn serves_again(world: &World, report: &mut Report) {
    eventually("the callers have gone", Duration::from_secs(10), async || {
        (world.gateway.metric("portcullis_connections", &[]).await < 1.0).then_some(())
    })
    .await;
    let good = world.good();
    good.sends(200).await;
    let good = good.stop().await;
    report.line("good traffic after", &good);
    good.must_be_clean(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_512_descriptors_a_thousand_callers_are_served_or_refused() {
    let mut report = Report::new("512 descriptors, 1,000 callers");
    let world = Setup { through: &["prlimit", "--nofile=512:512"], ..Setup::default() }.start().await;
    report.line("at rest", world.vitals());
    for _ in 0..short_or_long(2, 20) {
        let (fates, held) = crowd(world.gateway.port, 1000, "/open").await;
        report.line("the callers", &fates);
        report.line("under attack", world.vitals());
        assert_eq!(fates.answered(200) + fates.answered(503), 1000, "{fates}");
        assert!(fates.answered(200) >= 80, "{fates}");
        drop(held);
    }
    serves_again(&world, &mut report).await;
    eventually("it says that the limit is lower", PATIENCE, async || {
        world.gateway.stderr().iter().any(|line| line.contains("descriptor")).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kept_connections_to_one_agent_leave_descriptors_for_another() {
    let mut report = Report::new("512 descriptors, two agents one after the other");
    let second = Origin::start(Mood::Silent);
    let agents = format!("  second: {{ route: /second, upstream: \"{}\", auth: public }}\n", second.url());
    let through = &["prlimit", "--nofile=512:512"];
    let world = Setup { agents: &agents, through, ..Setup::default() }.start().await;
    for (origin, target) in [(&world.origin, "/open"), (&second, "/second")] {
        origin.turn(Mood::Silent);
        let port = world.gateway.port;
        let callers = tokio::spawn(crowd(port, 300, target));
        // All of them are under way at the same time, so that each has a connection to the agent.
        world.in_flight_is("as many as fit are under way", PATIENCE, |n| n >= 80).await;
        report.line(target, world.vitals());
        origin.turn(Mood::Well);
        let (fates, held) = callers.await.expect("the callers");
        report.line(target, &fates);
        assert_eq!(fates.answered(200) + fates.answered(503), 300, "{fates}");
        assert!(fates.answered(200) >= 80, "{fates}");
        drop(held);
    }
    serves_again(&world, &mut report).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_next_to_no_descriptors_it_serves_or_says_why_it_cannot_start() {
    let mut report = Report::new("next to no descriptors");
    for limit in [256, 128, 64, 48, 32, 24, 16, 8] {
        let folder = tempfile::tempdir().expect("a folder");
        let (port, ops) = (testkit::free_port(), testkit::free_port());
        let text = format!(
            "version: 1\nserver:\n  ops: {{ address: \"127.0.0.1:{ops}\" }}\n  listeners: [{{ address: \"127.0.0.1:{port}\" }}]\n\
             agents: {{}}\n"
        );
        let config = folder.path().join("portcullis.yaml");
        std::fs::write(&config, text).expect("the configuration is written");
        let mut child = tokio::process::Command::new("prlimit")
            .arg(format!("--nofile={limit}:{limit}"))
            .arg(testkit::binary())
            .args(["run", "-c"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("it starts");
        let outcome = eventually("it ends or serves", Duration::from_secs(20), async || {
            if let Some(status) = child.try_wait().expect("its state") {
                return Some(Err(status));
            }
            let mut wire = Wire::here(port).await?;
            wire.say(b"GET /nothing HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n\r\n").await;
            let status = wire.answer(Duration::from_secs(2)).await.status();
            (status == 404 || status == 503).then_some(Ok(status))
        })
        .await;
        if outcome.is_ok() {
            child.kill().await.expect("it is ended");
        }
        let output = child.wait_with_output().await.expect("its output");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let last = said.lines().last().unwrap_or_default().to_owned();
        report.line(&format!("{limit} descriptors"), format!("{outcome:?} {last}"));
        if let Err(status) = outcome {
            assert_eq!(status.code(), Some(1), "{limit}: {said}");
            assert!(!last.is_empty() && !said.contains("panicked"), "{limit}: {said}");
        }
    }
}
