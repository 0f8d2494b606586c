//! Keys that are withdrawn stop verifying with the next refresh, cached verdicts included; keys that are rotated as
//! they should be lose nobody.

use std::time::Duration;

use testkit::{Key, Start, Upstream, eventually};
use tokio::time::Instant;

use super::crowd::{self, ALG, Member, ask, call, ready};
use super::traffic::Traffic;

/// The refresh of these providers is a second, lengthened by a tenth at most.
const REFRESH: Duration = Duration::from_millis(1100);
/// What the machine may add.
const SLACK: Duration = Duration::from_millis(900);

#[tokio::test]
async fn a_withdrawn_key_is_refused_within_one_refresh() {
    const ROUNDS: usize = 5;
    let upstream = Upstream::start().await;
    let mut member = Member::new("corp").await;
    let gateway = crowd::gateway(&[&member], &upstream, Start::default()).await;
    ready(&gateway).await;
    let mut longest = Duration::ZERO;
    for round in 0..ROUNDS {
        let old = member.token();
        // Its verdict is as warm as it gets.
        for _ in 0..20 {
            assert_eq!(call(&gateway, "corp", &old).await, 200);
        }
        let next = Key::new(ALG, &format!("k{round}"));
        member.provider.publish(&[&next]);
        let withdrawn = Instant::now();
        eventually("the withdrawn key is refused", Duration::from_secs(10), async || {
            (call(&gateway, "corp", &old).await == 401).then_some(())
        })
        .await;
        longest = longest.max(withdrawn.elapsed());
        for _ in 0..20 {
            assert_eq!(ask(&gateway, "corp", &old).await.reason, "key_unknown", "and stays refused");
        }
        member.key = next;
        assert_eq!(call(&gateway, "corp", &member.token()).await, 200);
    }
    eprintln!(
        "{ROUNDS} keys withdrawn: the longest that one was believed: {longest:?}; 0 of {} later",
        ROUNDS * 20
    );
    assert!(longest < REFRESH + SLACK, "{longest:?}");
}

#[tokio::test]
async fn a_key_of_the_same_id_does_not_keep_the_verdicts_of_the_one_before() {
    let upstream = Upstream::start().await;
    let mut member = Member::new("corp").await;
    let gateway = crowd::gateway(&[&member], &upstream, Start::default()).await;
    ready(&gateway).await;
    let old = member.token();
    assert_eq!(call(&gateway, "corp", &old).await, 200);
    let other = Key::new(ALG, &member.key.kid);
    member.provider.publish(&[&other]);
    member.key = other;
    crowd::until(&gateway, "corp", &member.token(), 200, Duration::from_secs(5)).await;
    assert_eq!(ask(&gateway, "corp", &old).await.reason, "signature_invalid");
}

#[tokio::test]
async fn a_rotation_that_publishes_first_loses_nobody() {
    const ROUNDS: usize = 4;
    let upstream = Upstream::start().await;
    let mut member = Member::new("corp").await;
    let gateway = crowd::gateway(&[&member], &upstream, Start::default()).await;
    ready(&gateway).await;
    let (mut sent, mut failed, mut late) = (0, Vec::new(), 0);
    for round in 0..ROUNDS {
        let next = Key::new(ALG, &format!("k{round}"));
        member.provider.publish(&[&member.key, &next]);
        let asked = member.provider.asked_for_keys();
        // The first new token comes at once and is waited for; the others as soon as the set is known.
        if round == 0 {
            assert_eq!(call(&gateway, "corp", &member.token_of(&next)).await, 200, "it joins a fetch");
        }
        let traffic = Traffic::start(&gateway, &[&member], Duration::from_millis(5));
        eventually("the new set was fetched", Duration::from_secs(5), async || {
            (member.provider.asked_for_keys() >= asked + 2).then_some(())
        })
        .await;
        let outcome = traffic.ends().await;
        (sent, failed) = (sent + outcome.sent, [failed, outcome.failed].concat());
        let old = std::mem::replace(&mut member.key, next);
        let traffic = Traffic::start(&gateway, &[&member], Duration::from_millis(5));
        member.provider.publish(&[&member.key]);
        crowd::until(&gateway, "corp", &member.token_of(&old), 401, Duration::from_secs(5)).await;
        let outcome = traffic.ends().await;
        (sent, failed) = (sent + outcome.sent, [failed, outcome.failed].concat());
        for _ in 0..25 {
            late += usize::from(call(&gateway, "corp", &member.token_of(&old)).await != 401);
        }
    }
    eprintln!(
        "{ROUNDS} rotations: {} of {sent} good ones refused, {late} of {} withdrawn ones let in",
        failed.len(),
        ROUNDS * 25
    );
    assert!(sent > 200 && failed.is_empty(), "{failed:?} of {sent}");
    assert_eq!(late, 0);
}
