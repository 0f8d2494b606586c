//! Any sequence of commits, cuts, compactions and restarts of three etcd and five gateways: at the end all run the same, and
//! it is what the writers were told.
//!
//! Each writer has agents of its own, so that it knows what each must be: what was acknowledged last, or what it tried since
//! without being told how it ended. `PORTCULLIS_SEED` gives another sequence; the long form plays many, one after the other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use testkit::api::{Api, If};
use testkit::eventually::scripted_pause;
use testkit::{Cut, Etcd, Fleet, FleetStart, client, eventually};

const GATEWAYS: usize = 5;
/// Faults of one sequence: the short form takes 40 seconds.
const FAULTS: usize = 40;
/// Sequences of the long form.
const SEQUENCES: u64 = 40;
/// Writers, and agents of each.
const WRITERS: usize = 3;
const AGENTS: usize = 4;
/// How long a fleet may take to agree after the last fault: back-offs, an election, a look; and a busy machine.
const AGREED: Duration = Duration::from_secs(40);

/// What a write asked for: the route that the agent gets, which no other write has; `None` deletes it.
type Wish = Option<String>;

/// What one writer knows of one agent.
#[derive(Debug, Default, Clone)]
struct Known {
    /// What was acknowledged last.
    sure: Wish,
    /// What was tried since, and may have happened.
    possible: Vec<Wish>,
}

/// What a writer was told.
#[derive(Debug, Default)]
struct Told {
    agents: BTreeMap<String, Known>,
    acknowledged: Vec<String>,
    refused: Vec<String>,
    unknown: usize,
}

/// How a write ended.
enum Ended {
    Acknowledged,
    Refused(String),
    Unknown,
}

#[tokio::test]
async fn whatever_happens_all_end_on_the_same_and_no_acknowledged_commit_is_missing() {
    let long = std::env::var_os("PORTCULLIS_LONG").is_some();
    let seed = std::env::var("PORTCULLIS_SEED").map_or(7, |text| text.parse().expect("a number"));
    for seed in seed..seed + if long { SEQUENCES } else { 1 } {
        play(seed).await;
    }
}

async fn play(seed: u64) {
    eprintln!("PORTCULLIS_SEED={seed}");
    let start = FleetStart { gateways: GATEWAYS, ..FleetStart::default() };
    let mut fleet = Fleet::on(Etcd::of_three().await, start).await;
    let apis: Vec<Api> = fleet.members.iter().map(|member| member.api()).collect();
    let enough = Arc::new(AtomicBool::new(false));
    let upstream = fleet.upstream.url();
    let writers = (0..WRITERS).map(|number| {
        let rng = StdRng::seed_from_u64(seed.wrapping_mul(100).wrapping_add(number as u64));
        tokio::spawn(writes(number, rng, apis.clone(), upstream.clone(), Arc::clone(&enough)))
    });
    let writers: Vec<_> = writers.collect();
    let mut rng = StdRng::seed_from_u64(seed);
    let mut faults = Vec::new();
    for _ in 0..FAULTS {
        let fault = fault(&mut fleet, &mut rng).await;
        eprintln!("  {fault}");
        faults.push(fault);
        scripted_pause(Duration::from_millis(rng.random_range(100..900))).await;
    }
    enough.store(true, Ordering::Relaxed);
    let told: Vec<Told> = join_all(writers).await.into_iter().map(|told| told.expect("a writer")).collect();
    heal(&mut fleet).await;
    agree(&fleet).await;
    for told in &told {
        holds(&fleet, told).await;
    }
    let count = |of: fn(&Told) -> usize| told.iter().map(of).sum::<usize>();
    let (sure, refused, unknown) =
        (count(|told| told.acknowledged.len()), count(|told| told.refused.len()), count(|told| told.unknown));
    eprintln!("  {sure} commits acknowledged, {refused} refused, {unknown} of unknown outcome");
    assert!(sure > FAULTS / 2, "{sure} commits say nothing: {faults:?}");
}

/// One thing that happens; at most one member of etcd is away at a time, so that most commits can take place.
async fn fault(fleet: &mut Fleet, rng: &mut StdRng) -> String {
    let gateway = rng.random_range(0..GATEWAYS);
    let etcd = rng.random_range(0..fleet.etcd.members.len());
    match rng.random_range(0..12) {
        0 => {
            fleet.members[gateway].cut_off();
            format!("gateway-{gateway} is cut off")
        }
        1 => {
            fleet.members[gateway].swallowed();
            format!("gateway-{gateway} hears nothing")
        }
        2 => {
            fleet.members[gateway].cuts.iter().for_each(Cut::let_die);
            format!("the connections of gateway-{gateway} die")
        }
        3 => {
            fleet.members[gateway].cuts.iter().for_each(Cut::end_connections);
            format!("the connections of gateway-{gateway} end")
        }
        4 | 5 => {
            fleet.members.iter().for_each(|member| member.reaches_again());
            "all gateways reach etcd".to_owned()
        }
        6 => {
            all_of_etcd(fleet).await;
            fleet.etcd.members[etcd].kill().await;
            format!("etcd-{etcd} is killed")
        }
        7 => {
            all_of_etcd(fleet).await;
            fleet.etcd.isolate(etcd).await;
            format!("etcd-{etcd} is cut off from the others")
        }
        8 => {
            all_of_etcd(fleet).await;
            "all of etcd runs".to_owned()
        }
        9 | 10 => {
            all_of_etcd(fleet).await;
            let now = fleet.etcd.revision().await;
            if now > 3 {
                fleet.etcd.compact(now - rng.random_range(0..3)).await;
            }
            format!("etcd forgets what was before {now}")
        }
        _ => {
            let gateway = &mut fleet.members[gateway].gateway;
            gateway.kill().await;
            gateway.start_at_all().await;
            "a gateway is killed and started".to_owned()
        }
    }
}

/// Every member of etcd runs and reaches the others.
async fn all_of_etcd(fleet: &Fleet) {
    fleet.etcd.join_again();
    fleet.etcd.start_again().await;
}

async fn heal(fleet: &mut Fleet) {
    all_of_etcd(fleet).await;
    for member in &mut fleet.members {
        member.reaches_again();
        member.gateway.is_ready().await;
    }
}

/// All run the revision of the head.
async fn agree(fleet: &Fleet) {
    let head: Value =
        serde_json::from_str(&fleet.etcd.get("/portcullis/head").await.expect("a head")).expect("JSON");
    let number = head["revision"].as_u64().expect("a number");
    let sha256 = head["sha256"].as_str().expect("a hash");
    for (nth, member) in fleet.members.iter().enumerate() {
        eventually(&format!("gateway-{nth} runs revision {number}"), AGREED, async || {
            (member.runs().await == number).then_some(())
        })
        .await;
    }
    for (nth, member) in fleet.members.iter().enumerate() {
        eprintln!("{}", member.api().get("/fleet").await.text);
        eventually(&format!("gateway-{nth} runs what hashes to {sha256}"), AGREED, async || {
            (member.hash().await == sha256).then_some(())
        })
        .await;
    }
    let records = fleet.etcd.all("/portcullis/rev/").await;
    assert_eq!(records.len() as u64, number, "a record for each revision: {:?}", records.keys());
}

/// What etcd holds is what a writer was told, agent by agent and commit by commit, and every gateway serves it.
async fn holds(fleet: &Fleet, told: &Told) {
    let history: Vec<String> =
        fleet.etcd.all("/portcullis/rev/").await.into_values().map(|stored| stored.value).collect();
    let is_in = |record: &str, route: &str| {
        let mut after = record.match_indices(route).map(|(at, _)| &record[at + route.len()..]);
        after.any(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()))
    };
    let is_there = |route: &String| history.iter().any(|record| is_in(record, route));
    for route in &told.acknowledged {
        assert!(is_there(route), "{route} was acknowledged, and no revision has it");
    }
    for route in &told.refused {
        assert!(!is_there(route), "{route} was refused, and a revision has it");
    }
    for (agent, known) in &told.agents {
        let spec = fleet.members[0].api().get(&format!("/agents/{agent}")).await;
        let now = match spec.status {
            404 => None,
            _ => Some(spec.is(200).json()["spec"]["route"].as_str().expect("a route").to_owned()),
        };
        assert!(now == known.sure || known.possible.contains(&now), "{agent} is {now:?}, expected {known:?}");
        if let Some(route) = now {
            for member in &fleet.members {
                let answer = client().get(member.url(&route)).send().await.expect("an answer");
                assert_eq!(answer.status(), 200, "{route}");
            }
        }
    }
}

/// Writes at any gateway until it is enough.
async fn writes(
    number: usize,
    mut rng: StdRng,
    apis: Vec<Api>,
    upstream: String,
    enough: Arc<AtomicBool>,
) -> Told {
    let mut told = Told::default();
    let mut nth = 0;
    while !enough.load(Ordering::Relaxed) {
        nth += 1;
        let agent = format!("w{number}-{}", rng.random_range(0..AGENTS));
        let api = &apis[rng.random_range(0..apis.len())];
        let wish: Wish = rng.random_bool(0.8).then(|| format!("/w{number}/{nth}"));
        let ended = write(api, &agent, wish.as_deref(), &upstream).await;
        let known = told.agents.entry(agent).or_default();
        match ended {
            Ended::Acknowledged => {
                told.acknowledged.extend(wish.clone());
                *known = Known { sure: wish, possible: Vec::new() };
            }
            Ended::Refused(why) => {
                if !why.is_empty() {
                    eprintln!("    refused: {why}");
                }
                told.refused.extend(wish);
            }
            Ended::Unknown => {
                told.unknown += 1;
                known.possible.push(wish);
            }
        }
        scripted_pause(Duration::from_millis(rng.random_range(10..100))).await;
    }
    told
}

async fn write(api: &Api, agent: &str, route: Option<&str>, upstream: &str) -> Ended {
    let path = format!("/agents/{agent}");
    let Ok(there) = api.request("GET", &path).send().await else { return Ended::Refused(String::new()) };
    let condition = if there.status() == 200 { If::Any } else { If::Absent };
    let request = match route {
        Some(route) => {
            let document = json!({"route": route, "upstream": upstream, "auth": "public"}).to_string();
            api.request("PUT", &path).header("content-type", "application/json").body(document)
        }
        None if there.status() == 404 => return Ended::Refused(String::new()),
        None => api.request("DELETE", &path),
    };
    // A gateway that is killed in the middle of it says nothing.
    let Ok(answer) = condition.on(request).send().await else { return Ended::Unknown };
    let status = answer.status().as_u16();
    let Ok(text) = answer.text().await else { return Ended::Unknown };
    let said: Value = serde_json::from_str(&text).unwrap_or_default();
    match (status, said["code"].as_str()) {
        (200 | 201 | 204, _) => Ended::Acknowledged,
        // Another one deleted or made it meanwhile, or the gateway asked is behind.
        (404 | 412 | 428, _) => Ended::Refused(String::new()),
        (503, Some("outcome_unknown")) => Ended::Unknown,
        (503, Some("store_unavailable" | "unavailable")) => Ended::Refused(String::new()),
        _ => Ended::Refused(format!("{status} {text}")),
    }
}
