//! Targets that fail: spared after the fifth failure in a row, at every agent that has them, and used again afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use testkit::scripted::{OK, Peer, Scripted};
use testkit::{eventually, free_port};
use tokio::net::TcpListener;

use super::{SOON, agent, gateway, good, send, targets};

/// No retry, so that each failure is seen; and an ejection that ends soon.
const PLAIN: &str = "balance: round_robin, response_timeout: 200ms, slow_start: 0s, retry: { budget: 0%, per_second: 0 }, \
                     eject: { base: 2s }";

/// An upstream that answers so until it is well, and the number of requests that it has seen.
async fn ill(answer: &'static str) -> (Scripted, Arc<AtomicBool>) {
    ill_on(TcpListener::bind("127.0.0.1:0").await.expect("a free port"), answer)
}

fn ill_on(listener: TcpListener, answer: &'static str) -> (Scripted, Arc<AtomicBool>) {
    let well = Arc::new(AtomicBool::new(false));
    let is_well = Arc::clone(&well);
    let upstream = Scripted::on(listener, move |mut peer: Peer| {
        let is_well = Arc::clone(&is_well);
        async move {
            loop {
                peer.head().await?;
                match (is_well.load(Ordering::SeqCst), answer) {
                    (true, _) => peer.say(OK).await?,
                    (false, "closes") => return None,
                    (false, "silent") => peer.until("never").await.map(drop)?,
                    (false, answer) => peer.say(answer).await?,
                }
            }
        }
    });
    (upstream, well)
}

#[tokio::test]
async fn a_target_gets_nothing_after_its_fifth_failure_in_a_row_until_its_time_is_over() {
    let cases = [
        ("reset", "closes", 502),
        ("502", "HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n", 502),
        ("503", "HTTP/1.1 503 Bad\r\nContent-Length: 0\r\n\r\n", 503),
        ("504", "silent", 504),
    ];
    let mut stand = Vec::new();
    let mut agents = String::new();
    for (i, (why, answer, status)) in cases.into_iter().enumerate() {
        let (bad, well) = ill(answer).await;
        let good = good().await;
        // Two agents have the same targets.
        for name in [format!("a{i}"), format!("b{i}")] {
            agents += &agent(&name, &[&bad.url(), &good.url()], PLAIN);
        }
        stand.push((i, why, status, bad, good, well));
    }
    let gateway = gateway(&agents).await;
    for (i, why, status, bad, _good, well) in &stand {
        let mut failed = 0;
        for _ in 0..20 {
            let answer = send(&gateway, "GET", &format!("/a{i}/x"), None).await.status().as_u16();
            assert!(answer == 200 || answer == *status, "{why}: {answer}");
            failed += usize::from(answer != 200);
        }
        assert_eq!((failed, bad.count("GET")), (5, 5), "{why}");
        let states: Vec<_> =
            targets(&gateway, &format!("b{i}")).await.iter().map(|t| t["state"].clone()).collect();
        assert_eq!(states, ["ejected", "healthy"], "{why}: the other agent knows");
        assert_eq!(send(&gateway, "GET", &format!("/b{i}/x"), None).await.status(), 200, "{why}");
        assert_eq!(bad.count("GET"), 5, "{why}: no request of the other agent");
        well.store(true, Ordering::SeqCst);
        let url = format!("target=\"{}\"", bad.url());
        let ejections =
            gateway.metric("portcullis_target_ejections_total", &[&url, &format!("why=\"{why}\"")]).await;
        assert!((ejections - 1.0).abs() < f64::EPSILON, "{why} {ejections}");
    }
    for (i, why, _, bad, _, _) in &stand {
        eventually(&format!("{why} is used again"), SOON, async || {
            assert_eq!(send(&gateway, "GET", &format!("/a{i}/x"), None).await.status(), 200, "{why}");
            (bad.count("GET") > 5).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn an_agents_own_500_and_a_good_answer_between_eject_nothing() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let bad = Scripted::start(move |mut peer: Peer| {
        let count = Arc::clone(&counted);
        async move {
            loop {
                peer.head().await?;
                // Four bad ones and a good one, and then the agent's own failure for ever.
                let status = match count.fetch_add(1, Ordering::SeqCst) {
                    n if n < 20 && n % 5 < 4 => 503,
                    n if n < 20 => 200,
                    _ => 500,
                };
                peer.say(&format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n")).await?;
            }
        }
    })
    .await;
    let good = good().await;
    let gateway = gateway(&agent("a", &[&bad.url(), &good.url()], PLAIN)).await;
    for _ in 0..60 {
        send(&gateway, "GET", "/a", None).await;
    }
    assert_eq!(bad.count("GET"), 30, "every other one");
    assert_eq!(targets(&gateway, "a").await[0]["state"], "healthy");
}

#[tokio::test]
async fn the_last_target_is_never_out() {
    let (dead, other) = (free_port(), free_port());
    let urls = [dead, other].map(|port| format!("http://127.0.0.1:{port}"));
    let agents = agent("a", &[&urls[0], &urls[1]], PLAIN) + &agent("one", &[&urls[0]], PLAIN);
    let gateway = gateway(&agents).await;
    for path in ["/a", "/one"] {
        for _ in 0..20 {
            assert_eq!(send(&gateway, "GET", path, None).await.status(), 502);
        }
    }
    let states: Vec<_> = targets(&gateway, "a").await.iter().map(|t| t["state"].clone()).collect();
    assert_eq!(states, ["ejected", "ejected"]);
    let said = || gateway.stderr().iter().filter(|line| line.contains("all of them are used")).count();
    eventually("it is said", SOON, async || (said() > 0).then_some(())).await;
    assert_eq!(targets(&gateway, "a").await[0]["last_error"], "connect_refused");
}

#[tokio::test]
async fn a_target_that_fails_its_checks_is_out_until_they_pass() {
    let well = Arc::new(AtomicBool::new(true));
    let is_well = Arc::clone(&well);
    let checked = Scripted::start(move |mut peer: Peer| {
        let is_well = Arc::clone(&is_well);
        async move {
            loop {
                let head = peer.head().await?;
                let bad = head.starts_with("GET /healthz") && !is_well.load(Ordering::SeqCst);
                peer.say(if bad { "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n" } else { OK }).await?;
            }
        }
    })
    .await;
    let other = good().await;
    let health =
        "slow_start: 0s, health: { path: /healthz, host: checks.test, interval: 100ms, unhealthy: 2 }";
    let agents = agent("a", &[&checked.url(), &other.url()], health) + &agent("b", &[&checked.url()], health);
    let gateway = gateway(&agents).await;
    let state = async |wanted: &str| {
        let state = targets(&gateway, "a").await[0]["state"].clone();
        (state == wanted).then_some(())
    };
    eventually("it is asked", SOON, async || (checked.count("GET /healthz") > 2).then_some(())).await;
    let head = checked.heads().into_iter().find(|head| head.starts_with("GET /healthz")).expect("a check");
    assert!(head.to_lowercase().contains("\r\nhost: checks.test\r\n"), "{head}");
    well.store(false, Ordering::SeqCst);
    eventually("it is out", SOON, async || state("unhealthy").await).await;
    let before = checked.count("GET /a");
    for _ in 0..20 {
        assert_eq!(send(&gateway, "GET", "/a", None).await.status(), 200);
    }
    assert_eq!(checked.count("GET /a"), before);
    assert_eq!(targets(&gateway, "a").await[0]["last_error"], "health check: it answered 500");
    well.store(true, Ordering::SeqCst);
    eventually("it is back", SOON, async || state("healthy").await).await;
    eventually("it is used", SOON, async || {
        send(&gateway, "GET", "/a", None).await;
        (checked.count("GET /a") > before).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_address_of_a_name_is_left_out_alone_after_its_fifth_failure_in_a_row() {
    let good = good().await;
    // The name has two addresses, as every name below `localhost`. A machine without IPv6 has nothing at the second one, and that
    // costs no request anything.
    let second = TcpListener::bind(("::1", good.port)).await.ok();
    let wanted = if second.is_some() { 5 } else { 0 };
    let bad = second.map(|listener| ill_on(listener, "HTTP/1.1 503 Bad\r\nContent-Length: 0\r\n\r\n"));
    let gateway = gateway(&agent("a", &[&format!("http://two.localhost:{}", good.port)], PLAIN)).await;
    let mut failed = 0;
    for _ in 0..30 {
        failed += usize::from(send(&gateway, "GET", "/a", None).await.status() == 503);
    }
    assert_eq!((failed, good.count("GET")), (wanted, 30 - wanted));
    assert_eq!(targets(&gateway, "a").await[0]["state"], "healthy", "the target is not out");
    let Some((bad, well)) = bad else { return };
    let ejections = gateway.metric("portcullis_target_ejections_total", &["why=\"503\""]).await;
    assert!((ejections - 1.0).abs() < f64::EPSILON, "{ejections}");
    let said =
        || gateway.stderr().into_iter().find(|line| line.contains("an address of a target has failed"));
    let line = eventually("it is said", SOON, async || said()).await;
    assert!(line.contains(&format!("[::1]:{}", good.port)), "{line}");
    well.store(true, Ordering::SeqCst);
    eventually("it is used again", SOON, async || {
        assert_eq!(send(&gateway, "GET", "/a", None).await.status(), 200);
        (bad.count("GET") > 5).then_some(())
    })
    .await;
}

/// An upstream at a name with two addresses, as every name below `localhost` has; `None` on a machine without IPv6. The first
/// answers, and the second does what it is told.
async fn at_two(
    answer: impl Fn(&str) -> &'static str + Clone + Send + Sync + 'static,
) -> Option<(Scripted, Scripted)> {
    let first = good().await;
    let second = TcpListener::bind(("::1", first.port)).await.ok()?;
    let second = Scripted::on(second, move |mut peer: Peer| {
        let answer = answer.clone();
        async move {
            loop {
                let head = peer.head().await?;
                match answer(&head) {
                    "closes" => return None,
                    said => peer.say(said).await?,
                }
            }
        }
    });
    Some((first, second))
}

const NO: &str = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n";

#[tokio::test]
async fn an_address_of_a_name_that_fails_its_checks_is_left_out_alone_until_they_pass() {
    let well = Arc::new(AtomicBool::new(false));
    let is_well = Arc::clone(&well);
    let answer = move |head: &str| match head.starts_with("GET /healthz") && !is_well.load(Ordering::SeqCst) {
        true => NO,
        false => OK,
    };
    let Some((first, second)) = at_two(answer).await else { return };
    let checks = "slow_start: 0s, health: { path: /healthz, interval: 100ms, unhealthy: 2 }";
    let gateway = gateway(&agent("a", &[&format!("http://two.localhost:{}", first.port)], checks)).await;
    let said = |what: &str| gateway.stderr().into_iter().find(|line| line.contains(what));
    let out = "an address of a target fails its health checks";
    let line = eventually("it is said", SOON, async || said(out)).await;
    assert!(line.contains(&format!("[::1]:{}", first.port)), "{line}");
    let before = second.count("GET /a");
    for _ in 0..20 {
        assert_eq!(send(&gateway, "GET", "/a", None).await.status(), 200);
    }
    assert_eq!(second.count("GET /a"), before, "it gets nothing");
    let target = targets(&gateway, "a").await[0].clone();
    let error = format!("health check of [::1]:{}: it answered 500", first.port);
    assert_eq!((target["state"].as_str(), target["last_error"].as_str()), (Some("healthy"), Some(&*error)));
    well.store(true, Ordering::SeqCst);
    eventually("it is used again", SOON, async || {
        assert_eq!(send(&gateway, "GET", "/a", None).await.status(), 200);
        (second.count("GET /a") > before).then_some(())
    })
    .await;
    assert!(said("an address of a target passes its health checks again").is_some());
    assert!(said("is taken out").is_none(), "one of two is no reason for the target");
}
