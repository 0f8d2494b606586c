//! Providers that are away: for longer than keys are believed, and from before the gateway was started.

use std::time::Duration;

use futures::future::join_all;
use testkit::{Start, Upstream, client};
use tokio::time::Instant;

use super::crowd::{self, Member, Told, ask, call, ready, status, until};
use super::traffic::Traffic;
use super::turncoat::{Act, Document, Turncoat, answer};

#[tokio::test]
async fn keys_are_believed_for_max_stale_and_the_provider_is_found_again() {
    const STALE: Duration = Duration::from_secs(4);
    let upstream = Upstream::start().await;
    let member = Member::new("corp").await.settings(", max_stale: 4s");
    let others = join_all((0..3).map(|i| async move { Member::new(&format!("other-{i}")).await })).await;
    let all: Vec<&Member> = others.iter().chain([&member]).collect();
    let gateway = crowd::gateway(&all, &upstream, Start::default()).await;
    ready(&gateway).await;
    let token = member.token();
    let traffic = Traffic::start(&gateway, &others.iter().collect::<Vec<_>>(), Duration::from_millis(10));
    member.provider.play(Document::Any, answer("500 Oops", "", ""));
    let began = Instant::now();
    until(&gateway, "corp", &token, 503, Duration::from_secs(20)).await;
    let lasted = began.elapsed();
    // The last confirmation was up to a refresh before the outage.
    assert!(lasted > STALE - Duration::from_millis(1500), "they were believed for {lasted:?}");
    assert!(lasted < STALE + Duration::from_secs(1), "they were believed for {lasted:?}");
    let unavailable = Told { status: 503, reason: "keys_unavailable".to_owned(), retry_after: true };
    for _ in 0..50 {
        assert_eq!(ask(&gateway, "corp", &token).await, unavailable);
    }
    let said = status(&gateway, "corp").await;
    assert!(said["usable"] == false && said["last_error"].is_string(), "{said}");
    member.provider.play(Document::Any, Act::Well);
    until(&gateway, "corp", &token, 200, Duration::from_secs(40)).await;
    let outcome = traffic.ends().await;
    assert!(outcome.sent > 100 && outcome.failed.is_empty(), "{:?} of {}", outcome.failed, outcome.sent);
    eprintln!(
        "an outage: keys believed for {lasted:?}, 0 of 50 let in after, 0 of {} others failed",
        outcome.sent
    );
}

#[tokio::test]
async fn a_refresh_as_long_as_max_stale_leaves_no_gap() {
    let upstream = Upstream::start().await;
    let mut member = Member::new("corp").await;
    member.settings = ", refresh: 3s, max_stale: 3s".to_owned();
    let gateway = crowd::gateway(&[&member], &upstream, Start::default()).await;
    ready(&gateway).await;
    let traffic = Traffic::start(&gateway, &[&member], Duration::from_millis(5));
    let asked = member.provider.asked_for_keys();
    testkit::eventually("three refreshes", Duration::from_secs(20), async || {
        (member.provider.asked_for_keys() >= asked + 3).then_some(())
    })
    .await;
    let outcome = traffic.ends().await;
    eprintln!("{} requests over three refreshes: {} failed", outcome.sent, outcome.failed.len());
    assert!(outcome.failed.is_empty(), "{:?}", outcome.failed);
}

#[tokio::test]
async fn a_gateway_starts_without_any_provider_and_serves_each_as_it_comes() {
    let upstream = Upstream::start().await;
    let mut members = join_all((0..20).map(|i| async move { Member::new(&format!("p{i}")).await })).await;
    let mut ports = Vec::new();
    for member in &mut members {
        ports.push(member.provider.port);
        // What stands here meanwhile is asked by nobody.
        member.provider.play(Document::Any, Act::Silent);
    }
    let tokens: Vec<String> = members.iter().map(Member::token).collect();
    let body = crowd::body(&members.iter().collect::<Vec<_>>(), &upstream);
    let (names, keys): (Vec<_>, Vec<_>) = members.into_iter().map(|m| (m.name, m.key)).unzip();
    // Now nobody listens at any of the ports.
    let began = Instant::now();
    let gateway = Start { body: &body, ..Start::default() }.alive().await;
    ready(&gateway).await;
    let ready_after = began.elapsed();
    let open = client().get(gateway.url("/open")).send().await.expect("an answer");
    assert_eq!(open.status().as_u16(), 200, "what needs no provider is served");
    for (name, token) in names.iter().zip(&tokens) {
        assert_eq!(call(&gateway, name, token).await, 503, "{name}");
    }
    assert_eq!(upstream.seen().len(), 1, "nothing but the open one got through");
    let mut back = Vec::new();
    for (port, key) in ports.into_iter().zip(&keys) {
        back.push(Turncoat::at(port, None, &[key]).await);
    }
    for (name, token) in names.iter().zip(&tokens) {
        until(&gateway, name, token, 200, Duration::from_secs(40)).await;
    }
    eprintln!(
        "20 providers away at the start: ready after {ready_after:?}, 0 of 20 let in, 20 of 20 came back"
    );
}
