//! How long a refused API key takes to be refused does not tell why: unknown id, another agent's, wrong secret, expired
//! and revoked keys of the right form cost the same, measured in the process, in turn, and compared by their medians.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue};
use portcullis::authz::Silent;
use portcullis::config::{Source, compile, parse};
use portcullis::gate::{Evidence, Step, decide};
use portcullis::telemetry::Metrics;

use super::stage::{api_key, sha256};

/// So often each key is measured, by so many decisions at a time.
const ROUNDS: usize = 400;
const AT_A_TIME: u32 = 50;
/// The medians may differ by this much: less than the tenth part of a microsecond is far below what a network shows,
/// and the look into the table of keys may cost this.
const MARGIN: Duration = Duration::from_nanos(100);
/// Or by this share of the whole, in a build without optimisation, where everything takes longer.
const SHARE: u32 = 8;
/// So often the whole is measured: one quiet measurement is enough to show that there is no difference, and a true
/// difference shows in every one.
const ATTEMPTS: usize = 5;

#[test]
fn why_an_api_key_is_refused_does_not_show_in_the_time_it_takes() {
    let [good, other, expired, revoked, forged, unknown] =
        ["Good0001", "Other001", "Expired1", "Revoked1", "Good0001", "Nobody01"].map(api_key);
    let text = format!(
        "version: 1\nagents:\n\
         \x20 k: {{ route: /k, upstream: http://127.0.0.1:9, auth: {{ api_key: {{ header: X-API-Key }} }} }}\n\
         \x20 l: {{ route: /l, upstream: http://127.0.0.1:9, auth: {{ api_key: {{ header: X-API-Key }} }} }}\n\
         api_keys:\n\
         \x20 Good0001: {{ agent: k, sha256: \"{}\" }}\n\
         \x20 Other001: {{ agent: l, sha256: \"{}\" }}\n\
         \x20 Expired1: {{ agent: k, sha256: \"{}\", expires_at: 2020-01-01T00:00:00Z }}\n\
         \x20 Revoked1: {{ agent: k, sha256: \"{}\", revoked_at: 2020-01-01T00:00:00Z }}\n",
        sha256(&good),
        sha256(&other),
        sha256(&expired),
        sha256(&revoked)
    );
    let document = parse(&[Source::new("a.yaml", text)], &|_| None).expect("a configuration");
    let metrics = Metrics::new().expect("metrics");
    let snapshot = compile(&document, &BTreeMap::new(), None, &metrics).expect("a snapshot").snapshot;
    let agent = snapshot.agents.iter().find(|(name, _)| name.as_str() == "k").expect("the agent").1;
    let now = portcullis::model::Instant::from_unix(2_000_000_000);
    let refused = [
        ("unknown id", &unknown, "api_key_invalid"),
        ("another agent's", &other, "api_key_invalid"),
        ("wrong secret", &forged, "api_key_invalid"),
        ("expired", &expired, "api_key_expired"),
        ("revoked", &revoked, "api_key_revoked"),
    ];
    let headers = refused.map(|(_, key, _)| {
        HeaderMap::from_iter([(
            HeaderName::from_static("x-api-key"),
            HeaderValue::from_str(key).expect("a value"),
        )])
    });
    let ask = |headers: &HeaderMap| match decide(
        agent,
        &portcullis::model::Request::with_headers(black_box(headers), now),
        &Evidence::unavailable(),
        &mut Silent,
    ) {
        Step::Decided(verdict) => verdict.reason.as_str(),
        Step::Needs(_) => "something is needed",
    };
    for (headers, (name, _, reason)) in headers.iter().zip(refused) {
        assert_eq!(ask(headers), reason, "{name}");
    }
    let mut last = Vec::new();
    for attempt in 1..=ATTEMPTS {
        let mut took: Vec<Vec<Duration>> = vec![Vec::with_capacity(ROUNDS); refused.len()];
        for round in 0..ROUNDS {
            // In turn, and each time from another beginning, so that what disturbs one disturbs all.
            for i in 0..refused.len() {
                let i = (i + round) % refused.len();
                let began = Instant::now();
                for _ in 0..AT_A_TIME {
                    black_box(ask(&headers[i]));
                }
                took[i].push(began.elapsed() / AT_A_TIME);
            }
        }
        let medians: Vec<Duration> = took
            .iter_mut()
            .map(|all| {
                all.sort_unstable();
                all[ROUNDS / 2]
            })
            .collect();
        let (least, most) = (medians.iter().min().expect("one"), medians.iter().max().expect("one"));
        let margin = MARGIN.max(*least / SHARE);
        last =
            refused.iter().zip(&medians).map(|((name, _, _), median)| format!("{name} {median:?}")).collect();
        if *most - *least <= margin {
            let each = ROUNDS * AT_A_TIME as usize;
            eprintln!("measurement {attempt}: {}; margin {margin:?}, {each} decisions each", last.join(", "));
            return;
        }
    }
    panic!("the time tells why, in each of {ATTEMPTS} measurements: {}", last.join(", "));
}
