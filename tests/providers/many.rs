//! One provider that misbehaves among twenty, and then one for each way to misbehave, all at once: the last good keys
//! stay in force, nobody else notices, the gateway says who it is and why, and it comes back by itself.

use std::time::Duration;

use futures::future::join_all;
use testkit::{Gateway, Key, Start, Upstream, eventually};

use super::crowd::{self, ALG, Member, call, error, fails, fetches, memory, ready, status, until};
use super::traffic::{Outcome, Traffic};
use super::trials::{Certificates, TRIALS};
use super::turncoat::{Act, Document};

/// Whether the long form was asked for.
pub(crate) fn long() -> bool {
    std::env::var_os("PORTCULLIS_LONG").is_some()
}

/// So much more memory than at rest, in kB, may all of them together take.
const MORE_MEMORY: u64 = 160 * 1024;

/// Nineteen that are well.
async fn well() -> Vec<Member> {
    join_all((0..19).map(|i| async move { Member::new(&format!("well-{i}")).await })).await
}

/// Turns a provider bad and good again. Until then it has its keys, and afterwards others.
async fn ordeal(gateway: &Gateway, member: &mut Member, document: Document, act: Act, says: &str) {
    let (name, old) = (member.name.clone(), member.token());
    assert_eq!(call(gateway, &name, &old).await, 200, "{name}: before");
    let failed = fetches(gateway, &name, "failed").await;
    member.provider.play(document, act);
    fails(gateway, &name, says).await;
    assert!(fetches(gateway, &name, "failed").await > failed, "{name}: it is counted");
    let said = error(gateway, &name).await.unwrap_or_default();
    assert!(said.chars().count() <= 501, "{name}: its words are cut: {}", said.len());
    let labels = [format!("provider=\"{name}\"")];
    let stale = async || gateway.metric("portcullis_jwks_stale", &[&labels[0]]).await;
    eventually("its keys are stale", Duration::from_secs(5), async || (stale().await == 1.0).then_some(()))
        .await;
    assert_eq!(call(gateway, &name, &old).await, 200, "{name}: the last good keys stay in force");
    let fresh = Key::new(ALG, &format!("{name}-after-{}", member.provider.asked_for_keys()));
    let new = member.token_of(&fresh);
    member.provider.publish(&[&fresh]);
    member.provider.play(Document::Any, Act::Well);
    // The back-off grows to a minute, and this did not take so long.
    until(gateway, &name, &new, 200, Duration::from_secs(40)).await;
    until(gateway, &name, &old, 401, Duration::from_secs(5)).await;
    assert_eq!(status(gateway, &name).await["last_error"], serde_json::Value::Null, "{name}");
    assert!(member.provider.most_open() <= 2, "{name}: one fetch at a time: {}", member.provider.most_open());
    member.key = fresh;
}

fn nobody_else_noticed(outcome: &Outcome) {
    assert!(outcome.sent > 100, "there was traffic: {}", outcome.sent);
    assert!(outcome.failed.is_empty(), "{:?} of {}", outcome.failed, outcome.sent);
}

#[tokio::test]
async fn one_bad_provider_among_twenty_harms_nobody() {
    let (well, upstream) = (well().await, Upstream::start().await);
    let mut bad = Member::new("turncoat").await;
    let all: Vec<&Member> = well.iter().chain([&bad]).collect();
    let gateway = crowd::gateway(&all, &upstream, Start::default()).await;
    ready(&gateway).await;
    let traffic = Traffic::start(&gateway, &well.iter().collect::<Vec<_>>(), Duration::from_millis(10));
    // One of each kind; the others have their turn in the long form, and all together below.
    let short = [
        "never answers",
        "has no end",
        "is compressed",
        "redirects, 301, to itself",
        "leads to metadata",
        "resets",
    ];
    let trials: Vec<_> = TRIALS.iter().filter(|trial| long() || short.contains(&trial.name)).collect();
    assert!(trials.len() >= short.len());
    for trial in &trials {
        let act = (trial.act)(&bad.provider.url);
        ordeal(&gateway, &mut bad, trial.document, act, trial.says).await;
    }
    let outcome = traffic.ends().await;
    nobody_else_noticed(&outcome);
    eprintln!(
        "{} ways to be bad in turn, beside 19 that are well: {} requests, 0 failed, p99 {:?}, longest {:?}",
        trials.len(),
        outcome.sent,
        outcome.p99(),
        outcome.longest()
    );
}

#[tokio::test]
async fn every_way_to_be_bad_at_once_harms_nobody() {
    let (well, upstream) = (well().await, Upstream::start().await);
    let certificates = Certificates::new();
    let mut bad = Vec::new();
    for (i, trial) in TRIALS.iter().enumerate() {
        let member = Member::new(&format!("bad-{i}")).await;
        let act = (trial.act)(&member.provider.url);
        bad.push((member, trial.name, trial.document, act, trial.says));
    }
    for (i, (name, act, says)) in certificates.trials().into_iter().enumerate() {
        let member = Member::over_tls(&format!("tls-{i}"), &certificates).await;
        bad.push((member, name, Document::Any, act, says));
    }
    let all: Vec<&Member> = well.iter().chain(bad.iter().map(|(member, ..)| member)).collect();
    let files = [("ca.pem", &*certificates.authority)];
    let gateway = crowd::gateway(&all, &upstream, Start { files: &files, ..Start::default() }).await;
    ready(&gateway).await;
    let before = memory(&gateway, "VmRSS");
    let traffic = Traffic::start(&gateway, &well.iter().collect::<Vec<_>>(), Duration::from_millis(10));
    let count = bad.len();
    join_all(bad.iter_mut().map(|(member, name, document, act, says)| {
        let gateway = &gateway;
        async move {
            eprintln!("{}: {name}", member.name);
            ordeal(gateway, member, *document, act.clone(), says).await;
        }
    }))
    .await;
    let outcome = traffic.ends().await;
    nobody_else_noticed(&outcome);
    let most = memory(&gateway, "VmHWM");
    assert!(most < before + MORE_MEMORY, "from {before} kB to {most} kB");
    let long_lines = gateway.stderr().iter().filter(|line| line.len() > 16_000).count();
    assert_eq!(long_lines, 0, "nobody writes the log for us");
    eprintln!(
        "{count} providers bad at once, beside 19 that are well: {} requests, 0 failed, p99 {:?}, longest {:?}, \
         memory {before} kB, at most {most} kB",
        outcome.sent,
        outcome.p99(),
        outcome.longest()
    );
}

#[tokio::test]
async fn a_provider_that_goes_and_comes_back_at_its_port_is_found_again() {
    let upstream = Upstream::start().await;
    let mut member = Member::new("corp").await;
    let gateway = crowd::gateway(&[&member], &upstream, Start::default()).await;
    ready(&gateway).await;
    for round in 0..3 {
        let (port, old) = (member.provider.port, member.token());
        let fresh = Key::new(ALG, &format!("corp-{round}"));
        // The port must be free before the next one takes it.
        let gone = std::mem::replace(&mut member.provider, super::turncoat::Turncoat::start(&[]).await);
        drop(gone);
        fails(&gateway, "corp", "connect refused").await;
        assert_eq!(call(&gateway, "corp", &old).await, 200, "the last good keys stay in force");
        member.provider = super::turncoat::Turncoat::at(port, None, &[&fresh]).await;
        member.key = fresh;
        until(&gateway, "corp", &member.token(), 200, Duration::from_secs(20)).await;
        eventually("the old key is gone", Duration::from_secs(5), async || {
            (call(&gateway, "corp", &old).await == 401).then_some(())
        })
        .await;
    }
}
