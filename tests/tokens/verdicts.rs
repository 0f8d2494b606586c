//! Every case decided: in process all of them, and over HTTP all that do not depend on the very second.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::model::Reason;
use reqwest::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use testkit::now;
use testkit::{Start, Upstream, client};

use super::suite::{Case, Suite};
use super::world::{World, body};
use super::{algorithms, bits, claims, form, good, header, json_text, key_sets, providers, signatures};

/// The fewest cases that the suite may shrink to.
const REFUSED: usize = 2500;
const PASSED: usize = 300;

fn suite() -> Suite {
    let mut suite = Suite::new(now());
    for add in [
        form::add,
        json_text::add,
        algorithms::add,
        header::add,
        claims::add,
        providers::add,
        key_sets::add,
        signatures::add,
        bits::add,
        good::add,
    ] {
        add(&mut suite);
    }
    suite
}

fn must_pass(case: &Case) -> bool {
    case.wanted == [Reason::Ok]
}

#[test]
fn every_wrong_token_is_refused_for_its_reason_and_every_good_one_passes() {
    let suite = suite();
    let world = World::new(&suite.providers);
    let mut wrong = Vec::new();
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for case in &suite.cases {
        let reason = world.decide(case.agent, &case.credential, suite.now);
        *reasons.entry(reason.as_str()).or_default() += 1;
        if !case.wanted.contains(&reason) {
            let said = String::from_utf8_lossy(&case.credential);
            let said: String = said.chars().take(200).collect();
            wrong
                .push(format!("{} at {}: {reason}, wanted {:?}: {said}", case.name, case.agent, case.wanted));
        }
    }
    let names: BTreeSet<&str> = suite.cases.iter().map(|case| case.name.as_str()).collect();
    let different: BTreeSet<(&str, &[u8])> =
        suite.cases.iter().map(|case| (case.agent, &case.credential[..])).collect();
    let passed = suite.cases.iter().filter(|case| must_pass(case)).count();
    let refused = suite.cases.len() - passed;
    eprintln!(
        "{refused} to refuse, {passed} to pass, {} names, {} different credentials, {} providers; {} wrong; {reasons:?}",
        names.len(),
        different.len(),
        suite.providers.len(),
        wrong.len(),
    );
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(refused >= REFUSED && passed >= PASSED);
    assert!(different.len() >= REFUSED + PASSED, "cases that are the same case");
}

#[tokio::test]
async fn over_http_no_refused_token_reaches_the_agent() {
    let suite = suite();
    let upstream = Upstream::start().await;
    let body = body(&suite.providers, &upstream.url());
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    let (mut passed, mut refused) = (BTreeSet::new(), 0);
    let mut wrong = Vec::new();
    for (i, case) in suite.cases.iter().enumerate().filter(|(_, case)| !case.exact) {
        let path = format!("/{}/case-{i}", case.agent);
        let value = HeaderValue::from_bytes(&case.credential).expect("what HTTP can carry");
        let answer =
            client().get(gateway.url(&path)).header(AUTHORIZATION, value).send().await.expect("an answer");
        let status = answer.status().as_u16();
        if must_pass(case) {
            passed.insert(format!("/{}/case-{i}", case.agent));
            if status != 200 {
                wrong.push(format!("{}: {status}", case.name));
            }
        } else {
            refused += 1;
            let statuses: Vec<u16> = case.wanted.iter().map(|reason| reason.status()).collect();
            let challenged = answer.headers().get(WWW_AUTHENTICATE).is_some();
            if !statuses.contains(&status) || !challenged {
                wrong.push(format!("{}: {status}, challenge {challenged}", case.name));
            }
        }
    }
    let seen: BTreeSet<String> = upstream.seen().into_iter().map(|seen| seen.target).collect();
    let leaked: Vec<&String> = seen.difference(&passed).collect();
    eprintln!(
        "over HTTP: {refused} refused, {} at the agent; {} passed, {} of them at the agent",
        leaked.len(),
        passed.len(),
        seen.len()
    );
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(leaked, Vec::<&String>::new(), "refused and yet at the agent");
    assert_eq!(seen, passed);
    assert!(refused >= REFUSED && passed.len() >= PASSED);
}
