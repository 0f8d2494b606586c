//! kill -9 in the middle of a storm of writes: what was acknowledged is there, and nothing is half there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use testkit::api::{Api, If, WithJson as _};
use testkit::eventually;

use super::world::World;

const ROUNDS: usize = 6;

/// The last acknowledged and the last attempted document of each agent; `None` for removed.
#[derive(Default)]
struct Ledger {
    kept: BTreeMap<String, Option<Value>>,
    tried: BTreeMap<String, Vec<Option<Value>>>,
    acknowledged: usize,
}

impl Ledger {
    /// Holds what is there against what was said, and goes on from what is there.
    fn compare(&mut self, live: &BTreeMap<String, Value>, round: usize) {
        let names: BTreeSet<String> = self.kept.keys().chain(self.tried.keys()).cloned().collect();
        for name in names {
            let is = live.get(&name).cloned();
            let kept = self.kept.get(&name).cloned().flatten();
            let tried = self.tried.remove(&name).unwrap_or_default();
            // What was under way when the end came may be there or not, but only whole.
            assert!(
                is == kept || tried.contains(&is),
                "round {round}, {name}: {is:?}, acknowledged {kept:?}"
            );
            self.kept.insert(name, is);
        }
    }
}

/// Writes one agent after the other until the gateway is gone.
async fn storm(api: Api, upstream: String, writer: usize, round: usize, ledger: Arc<Mutex<Ledger>>) {
    for i in 0.. {
        let name = format!("w{writer}-{}", i % 7);
        let removes = i % 5 == 4;
        let spec = json!({"route": format!("/{name}/{round}/{i}"), "upstream": upstream, "auth": "public"});
        let wanted = (!removes).then(|| spec.clone());
        {
            let mut ledger = ledger.lock().expect("the ledger");
            ledger.tried.entry(name.clone()).or_default().push(wanted.clone());
        }
        let known = ledger.lock().expect("the ledger").kept.get(&name).is_some_and(Option::is_some);
        let path = format!("/agents/{name}");
        let request = match (removes, known) {
            (true, false) => continue,
            (true, true) => If::Any.on(api.request("DELETE", &path)),
            (false, true) => If::Any.on(api.request("PUT", &path)).json(&spec),
            (false, false) => If::Absent.on(api.request("PUT", &path)).json(&spec),
        };
        let Ok(answer) = request.send().await else { return };
        let status = answer.status().as_u16();
        // Only an answer that came whole is an acknowledgement.
        let Ok(text) = answer.text().await else { return };
        assert!([200, 201].contains(&status), "{path}: {status} {text}");
        let mut ledger = ledger.lock().expect("the ledger");
        ledger.kept.insert(name.clone(), wanted);
        ledger.tried.insert(name, Vec::new());
        ledger.acknowledged += 1;
    }
}

#[tokio::test]
async fn every_acknowledged_write_is_there_after_kill_9() {
    let mut world = World::empty().await;
    let ledger: Arc<Mutex<Ledger>> = Arc::default();
    for round in 0..ROUNDS {
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..4 {
            let (api, upstream) = (world.api.clone(), world.upstream.url());
            writers.spawn(storm(api, upstream, writer, round, Arc::clone(&ledger)));
        }
        let enough = (round + 1) * 40 + round * 7;
        eventually("the storm is at full rate", Duration::from_secs(30), async || {
            (ledger.lock().expect("the ledger").acknowledged >= enough).then_some(())
        })
        .await;
        world.gateway.kill().await;
        writers.join_all().await;
        world.gateway.start_again().await;

        let listed = world.api.get("/agents?limit=500").await.is(200).json();
        let mut live = BTreeMap::new();
        for item in listed["items"].as_array().expect("items") {
            let name = item["name"].as_str().expect("a name").to_owned();
            let spec = world.api.get(&format!("/agents/{name}")).await.is(200).json()["spec"].clone();
            live.insert(name, spec);
        }
        ledger.lock().expect("the ledger").compare(&live, round);
        assert_eq!(world.api.get("/status").await.json()["refused"], Value::Null);
    }
}

#[tokio::test]
async fn a_revocation_that_was_acknowledged_outlives_kill_9() {
    let mut world = World::empty().await;
    world.create("/agents/a", &world.keyed("/a")).await;
    for round in 0..5 {
        let (id, key) = world.new_key(&json!({"agent": "a"})).await;
        world.api.post(&format!("/api-keys/{id}/revoke"), If::Any, &json!({})).await.is(200);
        world.gateway.kill().await;
        world.gateway.start_again().await;
        assert_eq!(world.reason("/a", &key).await, "api_key_revoked", "round {round}");
    }
}
