//! A provider that is away for longer than its keys may be used, and comes back: good callers until then, 503 with
//! `Retry-After` from then on, and good callers again; all the while nobody else notices.

use std::time::Duration;

use testkit::Upstream;
use testkit::eventually::scripted_pause;
use testkit::{Issuer, Key, client, eventually};
use tokio::time::Instant;

use crate::ask::Ask;
use crate::length::short_or_long;
use crate::process;
use crate::report::Report;
use crate::steady::{Carrier, Steady};

const MAX_STALE: Duration = Duration::from_secs(5);
/// A refresh of one second with its jitter, and the fetch itself.
const REFRESH: Duration = Duration::from_millis(1_500);

fn agent_of(name: &str, provider: &str, upstream: &str) -> String {
    format!(
        "  {name}:\n    route: /{name}\n    upstream: \"{upstream}\"\n    \
         auth: {{ oauth: {{ identity_providers: [{provider}], audiences: [x] }} }}\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_beyond_max_stale_ends_in_503_for_its_own_callers_and_in_nothing_for_others() {
    let mut report = Report::new("provider outage beyond max_stale");
    let (agent, key) = (Upstream::terse().await, Key::new("ES256", "k"));
    let (sick, sound) = (Issuer::start(&[&key]).await, Issuer::start(&[&key]).await);
    let body = format!(
        "identity_providers:\n  sick: {{ issuer: \"{}\", refresh: 1s, max_stale: 5s }}\n  \
         sound: {{ issuer: \"{}\", refresh: 1s, max_stale: 5s }}\nagents:\n{}{}",
        sick.url,
        sound.url,
        agent_of("sick", "sick", &agent.url()),
        agent_of("sound", "sound", &agent.url()),
    );
    let place = process::place("  access_log: off\n", &body);
    let _process = place.start().await;
    let token = |issuer: &Issuer| {
        let mut claims = issuer.claims("x");
        claims["exp"] = (claims["exp"].as_u64().expect("a time") + 7_200).into();
        key.token(&key.header("ES256"), &claims)
    };
    let (sick_token, sound_token) = (token(&sick), token(&sound));
    let bearer = sick_token.clone();
    let sick_load = Steady::start(place.port, 200, 16, Carrier::Kept, move |n| {
        Ask::get(format!("/sick/{n}")).bearer(&bearer).wants(&[200, 503])
    });
    let sound_load = Steady::start(place.port, 200, 16, Carrier::Kept, move |n| {
        Ask::get(format!("/sound/{n}")).bearer(&sound_token)
    });
    for round in 0..short_or_long(1, 20) {
        let refreshed = sick.fetches() + 2;
        eventually("keys are fresh", 2 * REFRESH, async || (sick.fetches() >= refreshed).then_some(())).await;
        sick_load.take();
        sick.fail_with(Some(500));
        let broke = Instant::now();
        // The last good fetch was at most one refresh ago.
        scripted_pause(MAX_STALE - REFRESH).await;
        let grace = sick_load.take();
        // And it ended before the provider broke.
        scripted_pause((MAX_STALE + Duration::from_millis(300)).saturating_sub(broke.elapsed())).await;
        sick_load.take();
        sick_load.sends(200).await;
        let refused = sick_load.take();
        let answer = client().get(format!("http://127.0.0.1:{}/sick", place.port));
        let answer = answer.bearer_auth(&sick_token).send().await.expect("an answer");
        assert_eq!(answer.status(), 503);
        assert!(answer.headers().contains_key("retry-after"), "{:?}", answer.headers());

        sick.fail_with(None);
        let back = Instant::now();
        // The pauses between tries double: the next one is no further away than the outage was long.
        let bound = 2 * broke.elapsed();
        eventually("its callers are served again", bound, async || {
            let answer = client().get(format!("http://127.0.0.1:{}/sick", place.port));
            let answer = answer.bearer_auth(&sick_token).send().await.expect("an answer");
            (answer.status() == 200).then_some(())
        })
        .await;
        let healed = back.elapsed();
        sick_load.take();
        sick_load.sends(200).await;
        let after = sick_load.take();
        report.line("round", round);
        report.line("younger than max_stale", format!("{:?}", grace.statuses));
        report.line("older", format!("{:?}", refused.statuses));
        report.line("back, and good again after", format!("{healed:.1?}, {:?}", after.statuses));
        for (tally, status) in [(&grace, 200), (&refused, 503), (&after, 200)] {
            tally.must_be_clean(200);
            assert_eq!(tally.statuses.keys().collect::<Vec<_>>(), [&status], "{tally}");
        }
    }
    let sound_tally = sound_load.stop().await;
    report.line("the other provider's callers", &sound_tally);
    sound_tally.must_be_clean(1_000);
    sick_load.stop().await.must_be_clean(0);
}
