//! Tokens with key ids that nobody has: the provider is spared, good callers do not notice, and whoever waits for the
//! one fetch is one of few.

use std::time::Duration;

use testkit::now;
use testkit::{Start, Upstream, eventually};

use super::crowd::{self, ALG, Member, call, ready};
use super::many::long;
use super::pool::{Answered, Pool};
use super::traffic::Traffic;
use super::turncoat::{Act, Document};

const PER_SECOND: usize = 1_000;
/// So many requests of one provider wait at most: the product's own number.
const WAITING_SLOTS: usize = 512;
/// The provider takes so long over its keys: who waits for it can be told from who does not.
const SLOW: Duration = Duration::from_millis(900);
/// Longer than what does not wait for the provider, and shorter than what does.
const NO_WAIT: Duration = Duration::from_millis(600);
/// What the machine itself may add to a 99th percentile. When a fetch ends, those who waited for it are answered at once,
/// which takes a moment: in eight seconds that is about one in a hundred, in a minute it is not.
const FLOOR: Duration = Duration::from_millis(10);
/// In eight seconds the moment in which all that waited for the fetch are answered is more than a hundredth of the good requests,
/// and lasts as long as a gateway without the optimiser takes for some four hundred of them.
const FLOOR_OF_THE_SHORT_FORM: Duration = Duration::from_millis(250);

/// Good tokens but for a key id of their own, signed by the provider's key.
fn strays(member: &Member) -> impl FnMut() -> String + '_ {
    let (mut n, claims) = (0_u64, member.claims(now()));
    move || {
        n += 1;
        let mut header = member.key.header(ALG);
        header["kid"] = format!("stray-{n}").into();
        member.key.token(&header, &claims)
    }
}

fn counted(answers: &[Answered], status: u16) -> usize {
    answers.iter().filter(|(s, _)| *s == status).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_key_ids_reach_neither_the_provider_nor_the_good_callers() {
    let time = Duration::from_secs(if long() { 60 } else { 8 });
    let mut member = Member::new("corp").await;
    // As an operator would leave it: the flood alone asks.
    member.settings = String::new();
    let upstream = Upstream::start().await;
    let gateway = crowd::gateway(&[&member], &upstream, Start::default()).await;
    ready(&gateway).await;
    let pace = Duration::from_millis(10);
    let calm = Traffic::start(&gateway, &[&member], pace);
    eventually("calm traffic has flowed", Duration::from_secs(30), async || {
        (upstream.seen().len() >= 400).then_some(())
    })
    .await;
    let calm = calm.ends().await;
    // The same number of requests that are refused before any key is looked for: what the machine itself adds.
    let (pool, control) = (Pool::new(gateway.port), Traffic::start(&gateway, &[&member], pace));
    let expired = member.key.token(&member.key.header(ALG), &member.claims(now() - 7200));
    let plain = pool.flood("/corp", PER_SECOND, time / 2, || expired.clone()).await;
    let control = control.ends().await;
    assert_eq!(counted(&plain, 401), plain.len(), "each is refused as expired");

    member.provider.play(Document::Keys, Act::Late(SLOW));
    let (asked, traffic) = (member.provider.asked_for_keys(), Traffic::start(&gateway, &[&member], pace));
    let answers = pool.flood("/corp", PER_SECOND, time, strays(&member)).await;
    let good = traffic.ends().await;
    let fetches = member.provider.asked_for_keys() - asked;

    let waited = answers.iter().filter(|(_, took)| *took > NO_WAIT).count();
    let longest = answers.iter().map(|(_, took)| *took).max().unwrap_or_default();
    eprintln!(
        "{} requests with random key ids in {time:?}: {fetches} fetches, {waited} waited, longest {longest:?}; \
         beside them {} good ones, {} failed, p99 {:?}, longest {:?} \
         (alone: {} with {:?}; beside {} expired tokens: {} with {:?})",
        answers.len(),
        good.sent,
        good.failed.len(),
        good.p99(),
        good.longest(),
        calm.sent,
        calm.p99(),
        plain.len(),
        control.sent,
        control.p99()
    );
    assert_eq!(counted(&answers, 401), answers.len(), "each is refused as unknown");
    assert!((1..=3).contains(&fetches), "{fetches} fetches");
    assert!(waited <= WAITING_SLOTS * fetches, "{waited} waited for {fetches} fetches");
    assert!(longest < Duration::from_secs(2), "{longest:?}");
    assert!(good.failed.is_empty() && control.failed.is_empty(), "{:?} {:?}", control.failed, good.failed);
    assert!(calm.failed.is_empty(), "{:?}", calm.failed);
    assert!(good.longest() < NO_WAIT, "a good request waited: {:?}", good.longest());
    let most = (calm.p99().max(control.p99()) * 2).max(if long() { FLOOR } else { FLOOR_OF_THE_SHORT_FORM });
    assert!(good.p99() <= most, "{:?} beside the flood, where {most:?} is the most", good.p99());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_hangs_holds_only_so_many_requests() {
    const BURST: usize = 1_500;
    let mut member = Member::new("corp").await;
    member.settings = String::new();
    let upstream = Upstream::start().await;
    let gateway = crowd::gateway(&[&member], &upstream, Start::default()).await;
    ready(&gateway).await;
    assert_eq!(call(&gateway, "corp", &member.token()).await, 200, "its keys are there");
    member.provider.play(Document::Keys, Act::Silent);
    let mut stray = strays(&member);
    let tokens: Vec<String> = (0..BURST).map(|_| stray()).collect();
    let traffic = Traffic::start(&gateway, &[&member], Duration::from_millis(20));
    let pool = Pool::new(gateway.port);
    let burst = tokio::spawn(async move { pool.burst("/corp", tokens).await });
    let mut most = 0.0_f64;
    eventually("the burst is over", Duration::from_secs(30), async || {
        most = most.max(gateway.metric("portcullis_requests_in_flight", &[]).await);
        burst.is_finished().then_some(())
    })
    .await;
    let answers = burst.await.expect("it runs to its end");
    let good = traffic.ends().await;
    let waited = answers.iter().filter(|(_, took)| *took >= Duration::from_millis(1000)).count();
    let longest = answers.iter().map(|(_, took)| *took).max().unwrap_or_default();
    eprintln!(
        "{BURST} random key ids at once while the provider hangs: {waited} waited a second, longest {longest:?}, \
         at most {most} seen in flight; {} good ones, {} failed, p99 {:?}",
        good.sent,
        good.failed.len(),
        good.p99()
    );
    let told = counted(&answers, 401) + counted(&answers, 503);
    assert_eq!(told, BURST, "each got an answer");
    assert!(longest < Duration::from_secs(4), "nobody waits for the provider's time limit: {longest:?}");
    // The first fetch ends after five seconds, so all of them fell into its time; a machine that is busy may count
    // some that did not wait.
    assert!((1..=WAITING_SLOTS + BURST / 5).contains(&waited), "{waited} waited");
    assert!(good.failed.is_empty(), "{:?}", good.failed);
    assert_eq!(call(&gateway, "corp", &member.token()).await, 200);
}
