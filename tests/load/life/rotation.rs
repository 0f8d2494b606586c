//! Keys that change under load: three providers rotate theirs every five seconds, as providers do: the new key is
//! published before it signs, and the old one is withdrawn when it has not signed for a while.
//!
//! A key counts as known, and as withdrawn, one refresh after the provider said so.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use testkit::Upstream;
use testkit::{Issuer, Key};
use tokio::time::{Instant, sleep_until};

use crate::ask::Ask;
use crate::length::short_or_long;
use crate::process;
use crate::report::Report;
use crate::steady::{Carrier, Steady};
use crate::tally::Tally;
use crate::vitals::Vitals;

const PROVIDERS: usize = 3;
/// A refresh of one second, its tenth of jitter, and the fetch itself.
const REFRESH: Duration = Duration::from_millis(1_500);
const ROTATION: Duration = Duration::from_secs(5);
/// Tokens of each key: enough that some are new to the cache, few enough that most are in it.
const TOKENS: usize = 50;

/// What the load may send at the moment, for each provider.
#[derive(Clone, Default)]
struct Hand {
    good: Vec<String>,
    withdrawn: Vec<String>,
}

fn tokens(key: &Key, alg: &str, issuer: &Issuer) -> Vec<String> {
    let token = |n: usize| {
        let mut claims = issuer.claims("x");
        (claims["jti"], claims["exp"]) =
            (n.to_string().into(), (claims["exp"].as_u64().expect("a time") + 7_200).into());
        key.token(&key.header(alg), &claims)
    };
    (0..TOKENS).map(token).collect()
}

/// The provider's schedule.
async fn eventually_at(began: Instant, after: Duration) {
    sleep_until(began + after).await;
}

/// Rotates so often; the load is shown what it may send.
async fn rotate(issuer: &Issuer, alg: &str, hand: &RwLock<Vec<Hand>>, mine: usize, rotations: u32, old: Key) {
    let (mut old, mut began) = (old, Instant::now());
    for rotation in 1..=rotations {
        let new = Key::new(alg, &format!("k{rotation}"));
        // A key that has been waited for signs at once.
        let (good, gone) = (tokens(&new, alg, issuer), tokens(&old, alg, issuer));
        issuer.publish(&[&old, &new]);
        eventually_at(began, REFRESH).await;
        hand.write().expect("the hand")[mine].good = good;
        // Requests on their way still bear the old one's.
        eventually_at(began, REFRESH + Duration::from_millis(500)).await;
        issuer.publish(&[&new]);
        eventually_at(began, 2 * REFRESH + Duration::from_millis(500)).await;
        hand.write().expect("the hand")[mine].withdrawn = gone;
        eventually_at(began, ROTATION).await;
        (old, began) = (new, began + ROTATION);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_providers_that_rotate_every_five_seconds_cost_no_good_caller_and_pass_no_withdrawn_key() {
    let mut report = Report::new("key rotation of three providers under load");
    let agent = Upstream::terse().await;
    let algs = ["ES256", "EdDSA", "RS256"];
    let keys: Vec<Key> = algs.iter().map(|alg| Key::new(alg, "k0")).collect();
    let mut issuers = Vec::new();
    for key in &keys {
        issuers.push(Issuer::start(&[key]).await);
    }
    let mut body = "identity_providers:\n".to_owned();
    for (n, issuer) in issuers.iter().enumerate() {
        body += &format!("  p{n}: {{ issuer: \"{}\", refresh: 1s }}\n", issuer.url);
    }
    body += "agents:\n";
    for n in 0..PROVIDERS {
        body += &format!(
            "  a{n}:\n    route: /a{n}\n    upstream: \"{}\"\n    auth: {{ oauth: {{ \
             identity_providers: [p{n}], audiences: [x] }} }}\n",
            agent.url()
        );
    }
    let place = process::place("  access_log: off\n", &body);
    let process = place.start().await;
    let hands: Vec<Hand> = issuers
        .iter()
        .zip(algs.iter().zip(&keys))
        .map(|(issuer, (alg, key))| Hand { good: tokens(key, alg, issuer), withdrawn: Vec::new() })
        .collect();
    let hand = Arc::new(RwLock::new(hands));
    let withdrawn_sent = Arc::new(AtomicU64::new(0));
    let (held, count) = (Arc::clone(&hand), Arc::clone(&withdrawn_sent));
    let load = Steady::start(place.port, 600, 48, Carrier::Kept, move |n| {
        let hands = held.read().expect("the hand");
        let (at, which) = (n as usize % PROVIDERS, (n / 4) as usize % TOKENS);
        let hand = &hands[at];
        if n % 4 == 0 && !hand.withdrawn.is_empty() {
            count.fetch_add(1, Ordering::Relaxed);
            return Ask::get(format!("/a{at}/withdrawn/{n}")).bearer(&hand.withdrawn[which]).wants(&[401]);
        }
        Ask::get(format!("/a{at}/{n}")).bearer(&hand.good[which])
    });
    let rotations = short_or_long(2, 240);
    let mut keys = keys.into_iter();
    let rotating: Vec<_> = issuers
        .into_iter()
        .enumerate()
        .map(|(n, issuer)| {
            let (hand, key) = (Arc::clone(&hand), keys.next().expect("a key each"));
            tokio::spawn(async move {
                rotate(&issuer, algs[n], &hand, n, rotations, key).await;
                issuer
            })
        })
        .collect();
    let mut issuers = Vec::new();
    for task in rotating {
        issuers.push(task.await.expect("a rotation"));
    }
    let vitals = Vitals::of_gateway(process.pid(), place.ops).await;
    let tally: Tally = load.stop().await;
    let (falsely_accepted, withdrawn) =
        (tally.of_kind("status 200, not [401]"), withdrawn_sent.load(Ordering::Relaxed));
    report.line("rotations", format!("{rotations} of each of {PROVIDERS} providers"));
    report.line("load", &tally);
    report.line("withdrawn keys", format!("{withdrawn} sent, {falsely_accepted} accepted"));
    report.line("fetches", format!("{:?}", issuers.iter().map(Issuer::fetches).collect::<Vec<_>>()));
    report.line("the gateway", vitals);
    tally.must_be_clean(2_000);
    assert!(withdrawn > 500, "{withdrawn} are too few for a verdict");
}
