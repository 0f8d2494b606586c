//! What is sent again to another target, and what never is.

use testkit::h2c::{Does, H2c};
use testkit::scripted::{Peer, Scripted};
use testkit::{free_port, now};
use tokio::net::TcpListener;

use super::{agent, gateway, good, send};

/// What the first target does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Nobody listens.
    Refuses,
    /// It closes the connection at once.
    Closes,
    /// It reads the head and closes.
    ReadsTheHead,
    /// It reads all and closes.
    ReadsAll,
    /// It begins a status line and closes.
    Begins,
    /// It sends what is no HTTP.
    Nonsense,
    /// It answers 502, 503 or 504.
    Answers(u16),
    /// It says nothing.
    Silent,
}

const FAULTS: [Fault; 10] = [
    Fault::Refuses,
    Fault::Closes,
    Fault::ReadsTheHead,
    Fault::ReadsAll,
    Fault::Begins,
    Fault::Nonsense,
    Fault::Answers(502),
    Fault::Answers(503),
    Fault::Answers(504),
    Fault::Silent,
];

impl Fault {
    async fn at(self) -> Scripted {
        Scripted::start(move |mut peer: Peer| async move {
            match self {
                Self::Refuses | Self::Closes => Some(()),
                Self::ReadsTheHead => peer.head().await.map(drop),
                Self::ReadsAll => {
                    let head = peer.head().await?;
                    if !head.starts_with("GET") {
                        peer.until("x").await?;
                    }
                    Some(())
                }
                Self::Begins => {
                    peer.head().await?;
                    peer.say("HTTP/1.1 2").await
                }
                Self::Nonsense => {
                    peer.head().await?;
                    peer.say("SSH-2.0-OpenSSH_9.9\r\n\r\n").await
                }
                Self::Answers(status) => loop {
                    peer.head().await?;
                    peer.say(&format!("HTTP/1.1 {status} Bad\r\nContent-Length: 0\r\n\r\n")).await?;
                },
                Self::Silent => {
                    peer.head().await?;
                    peer.until("never").await.map(drop)
                }
            }
        })
        .await
    }

    /// The status that a GET and a POST get when this comes first.
    const fn statuses(self) -> (u16, u16) {
        match self {
            Self::Refuses => (200, 200),
            Self::Closes | Self::ReadsTheHead | Self::ReadsAll => (200, 502),
            // A byte of the answer has come.
            Self::Begins | Self::Nonsense => (502, 502),
            Self::Answers(status) => (status, status),
            Self::Silent => (504, 504),
        }
    }
}

#[tokio::test]
async fn a_post_is_never_seen_twice_and_a_get_goes_to_another_target_once() {
    let mut agents = String::new();
    let mut stand = Vec::new();
    for (i, fault) in FAULTS.into_iter().enumerate() {
        for method in ["GET", "POST"] {
            let (bad, good) = (fault.at().await, good().await);
            let url =
                if fault == Fault::Refuses { format!("http://127.0.0.1:{}", free_port()) } else { bad.url() };
            let name = format!("{}-{i}", method.to_lowercase());
            agents += &agent(&name, &[&url, &good.url()], "balance: round_robin, response_timeout: 300ms");
            stand.push((fault, method, name, bad, good));
        }
    }
    let gateway = gateway(&agents).await;
    for (fault, method, name, bad, good) in &stand {
        let body = (*method == "POST").then_some("x");
        let answer = send(&gateway, method, &format!("/{name}/once"), body).await;
        let (get, post) = fault.statuses();
        let wanted = if *method == "GET" { get } else { post };
        assert_eq!(answer.status().as_u16(), wanted, "{method} {fault:?}");
        let line = format!("{method} /{name}/once");
        let seen = (bad.count(&line), good.count(&line));
        assert!(seen.0 <= 1 && seen.1 <= 1, "{method} {fault:?}: {seen:?}");
        let both = seen.0 + seen.1;
        assert!(*method == "GET" || both <= 1, "{method} {fault:?}: {seen:?}");
        let id = answer.headers()["x-request-id"].to_str().expect("an id").to_owned();
        let attempts = gateway.logged(&id).await["upstream_attempts"].clone();
        assert_eq!(attempts, if wanted == 200 { 2 } else { 1 }, "{method} {fault:?}");
    }
    let sent = gateway.metric("portcullis_retries_total", &["result=\"sent\""]).await;
    let wanted = stand.iter().filter(|(fault, method, ..)| {
        let (get, post) = fault.statuses();
        (if *method == "GET" { get } else { post }) == 200
    });
    assert!((sent - wanted.count() as f64).abs() < f64::EPSILON, "{sent}");
}

#[tokio::test]
async fn a_refused_stream_of_a_post_goes_to_another_target() {
    let (refuses, answers) = (H2c::start(Does::Refuses).await, H2c::start(Does::Answers).await);
    let further = "balance: round_robin, protocol: h2c";
    let gateway = gateway(&agent("a", &[&refuses.url(), &answers.url()], further)).await;
    let answer = send(&gateway, "POST", "/a/once", Some("x")).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(
        (refuses.seen(), answers.seen()),
        (vec!["POST /a/once".to_owned()], vec!["POST /a/once".to_owned()])
    );
}

#[tokio::test]
async fn no_more_is_sent_again_than_the_budget_allows() {
    let (bad, good) = (Fault::Closes.at().await, good().await);
    let further =
        "balance: round_robin, eject: { max_share: 0% }, retry: { budget: 0%, per_second: 1, window: 2s }";
    let gateway = gateway(&agent("a", &[&bad.url(), &good.url()], further)).await;
    let began = now();
    let mut failed = 0;
    for _ in 0..40 {
        failed += usize::from(send(&gateway, "GET", "/a", None).await.status() == 502);
    }
    // Half of them met the bad one; two of these were sent again in each window.
    let windows = usize::try_from((now() - began) / 2 + 2).expect("a short time");
    assert!(failed < 20 && failed >= 20_usize.saturating_sub(2 * windows), "{failed} in {windows}");
    let spent = gateway.metric("portcullis_retries_total", &["result=\"budget\""]).await;
    assert!((spent - failed as f64).abs() < f64::EPSILON, "{spent} {failed}");
}

#[tokio::test]
async fn a_request_is_sent_again_to_another_address_of_the_name_where_there_is_no_other_target() {
    let good = good().await;
    // A machine without IPv6 has nothing at the second address of the name.
    let Ok(listener) = TcpListener::bind(("::1", good.port)).await else { return };
    let bad = Scripted::on(listener, |mut peer: Peer| async move {
        peer.head().await?;
        Some(())
    });
    let url = format!("http://two.localhost:{}", good.port);
    let gateway = gateway(&agent("a", &[&url], "balance: round_robin, eject: { failures: 1000 }")).await;
    for _ in 0..10 {
        assert_eq!(send(&gateway, "GET", "/a", None).await.status(), 200);
    }
    assert_eq!((bad.count("GET"), good.count("GET")), (5, 10), "a retry takes no turn");
    let mut posts = Vec::new();
    for _ in 0..2 {
        posts.push(send(&gateway, "POST", "/a", Some("x")).await.status().as_u16());
    }
    posts.sort_unstable();
    assert_eq!((posts, bad.count("POST")), (vec![200, 502], 1), "a POST that went out is not");
    let sent = gateway.metric("portcullis_retries_total", &["result=\"sent\""]).await;
    assert!((sent - 5.0).abs() < f64::EPSILON, "{sent}");
}
